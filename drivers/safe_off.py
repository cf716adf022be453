"""The one short way to a safe bench: idempotent, in a fixed order, over connections made for it alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from drivers.registry import make_driver
from drivers.wire import Connection
from harness.clock import Clock

DEVICE_S = 1.0
"""Time for one device to reach its safe state before the next is taken (our default)."""

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


async def make_all_safe(devices: Iterable[SafeOff]) -> list[Outcome]:
    """Bring every device to its safe state over a connection made for that; one that fails does not stop the others.

    Devices of one order go together, so a hung source takes no time from the one beside it.
    """
    outcomes: list[Outcome] = []
    clock = Clock()
    for _, group in groupby(sorted(devices, key=lambda one: one.order), key=lambda one: one.order):
        outcomes += await asyncio.gather(*(_make_safe(device, clock) for device in group))
    return outcomes


async def _make_safe(device: SafeOff, clock: Clock) -> Outcome:
    try:
        async with asyncio.timeout(DEVICE_S):
            driver = make_driver(device.driver, Connection(device.role, clock, device.resource, device.options))
            await driver.open()
            try:
                await driver.make_safe()
            finally:
                await driver.close()
    except Exception as problem:  # whatever it is, the other sources must still be switched off
        return Outcome(device.role, False, f"{type(problem).__name__}: {problem}")
    return Outcome(device.role, True, "safe")
