"""The one short way to a safe bench: idempotent, in a fixed order, over connections made for it alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from drivers.discharge import Discharges
from drivers.registry import driver_class, make_driver
from drivers.roles import Device
from drivers.wire import Connection
from harness.clock import Clock

DEVICE_S = 1.0
"""Time for one device to reach its safe state before the next is taken (our default). A driver class that says `safe_s`
gets that: what acts by way of others is last in the order, and nothing waits for it."""

ORDER = {"dc_source": 0, "ac_source": 0, "pool": 3, "relay": 1, "control_pilot": 2}
"""Roles with something to make safe; current goes to zero before a contactor opens. A pool has chargers elsewhere, and a
controller that takes its time: nothing of the bench waits for it."""


@dataclass(frozen=True, slots=True)
class SafeOff:
    """How one device is made safe; lower `order` first: sources before contactors before everything else."""

    order: int
    driver: str
    role: str
    resource: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    role: str
    safe: bool
    text: str


async def make_all_safe(devices: Collection[SafeOff]) -> list[Outcome]:
    """Bring every device to its safe state over a connection made for that; one that fails does not stop the others.

    Devices of one order go together, so a hung source takes no time from the one beside it. At the end sources prove that
    nothing is left at their terminals.
    """
    outcomes: list[Outcome] = []
    clock = Clock()
    for _, group in groupby(sorted(devices, key=lambda one: one.order), key=lambda one: one.order):
        outcomes += await asyncio.gather(*(_make_safe(device, clock) for device in group))
    off = {outcome.role for outcome in outcomes if outcome.safe}
    left = [one for one in devices if one.role in off and issubclass(driver_class(one.driver), Discharges)]
    return outcomes + await asyncio.gather(*(_discharged(device, clock) for device in left))


async def _make_safe(device: SafeOff, clock: Clock) -> Outcome:
    return await _done(device, clock, lambda driver: driver.make_safe(), "safe")


async def _discharged(device: SafeOff, clock: Clock) -> Outcome:
    """After everything is off and open."""

    async def prove(driver: Device) -> None:
        assert isinstance(driver, Discharges)
        await driver.prove_discharged()

    return await _done(device, clock, prove, "nothing left at its terminals")


async def _done(device: SafeOff, clock: Clock, do: Callable[[Device], Awaitable[None]], text: str) -> Outcome:
    try:
        async with asyncio.timeout(getattr(driver_class(device.driver), "safe_s", DEVICE_S)):
            driver = make_driver(device.driver, Connection(device.role, clock, device.resource, device.options))
            await driver.open()
            try:
                await do(driver)
            finally:
                await driver.close()
    except Exception as problem:  # whatever it is, the other sources must still be switched off
        return Outcome(device.role, False, f"{type(problem).__name__}: {problem}")
    return Outcome(device.role, True, text)
