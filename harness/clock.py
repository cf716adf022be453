"""Time as an argument: one clock for real wires and for virtual hours.

Both kinds of time run on an asyncio event loop. On a wire the loop's time is the machine's monotonic clock; in virtual
time the loop itself jumps to the next deadline when nothing is left to do (`virtual_loop`), so the same agent code
charges for hours in seconds. Nothing else in Plugfest reads a clock or sleeps.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class TimeMode(StrEnum):
    WIRE = "wire"
    VIRTUAL = "virtual"


def _loop_time_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds since the run's start and the UTC that belongs to them.

    `epoch_utc_us` is the UTC of second zero in microseconds since 1970; `origin_s` the loop time of second zero.
    """

    epoch_utc_us: int = field(default_factory=lambda: time.time_ns() // 1000)
    origin_s: float = field(default_factory=_loop_time_s)

    def now_s(self) -> float:
        """Seconds since the clock's start; only valid inside a running event loop."""
        return _loop_time_s() - self.origin_s

    def utc_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return self.epoch_utc_us + round(self.now_s() * 1e6)

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.utc_us() / 1e6, UTC)

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)

    async def wait(self, awaitable: Awaitable[T], within_s: float) -> T:
        """Await something, at most `within_s` seconds; raises TimeoutError after.

        Not `asyncio.wait_for`: in Python 3.11 that can swallow a cancellation that comes with the result.
        """
        async with asyncio.timeout(within_s):
            return await awaitable


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a background task until it has really ended; what it raised is its own business."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that never waits: where the loop would sleep, its virtual time is moved forward instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:  # nothing scheduled: only real input (a signal, a thread's answer) can wake us
            return super().select(0.05)
        self.now_s += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next deadline as soon as nothing is ready to run."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        # How near a deadline is due. The usual nanosecond is lost in a double after half a year of pauses, and the loop then
        # waits for a moment that is now, for ever; a microsecond lasts for centuries.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._jumping.now_s


def new_loop(mode: TimeMode) -> asyncio.AbstractEventLoop:
    """An event loop of the wanted kind of time."""
    return VirtualLoop() if mode is TimeMode.VIRTUAL else asyncio.new_event_loop()
