"""A ramp in steps by the harness, for instruments whose own generator is not publicly documented for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from harness.clock import Clock

STEP_S = 0.1
"""Distance of two steps (our default)."""


async def step_along(
    clock: Clock, over_s: float, volts: tuple[float, float], set_voltage: Callable[[float], Awaitable[None]]
) -> None:
    """Voltages in a straight line; the first at once, the last after `over_s`. A late step is skipped, not made up for."""
    began_s, passed_s = clock.now_s(), 0.0
    while passed_s < over_s:
        await set_voltage(volts[0] + (volts[1] - volts[0]) * passed_s / over_s)
        await clock.sleep(min(STEP_S, over_s - passed_s))
        passed_s = clock.now_s() - began_s
    await set_voltage(volts[1])
