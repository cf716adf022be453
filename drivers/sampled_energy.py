"""Energy counted by the driver where an instrument does not count both directions itself, or nobody has documented how.

Power is read once an update period and integrated by the trapezoidal rule over the run clock, each direction apart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from drivers.errors import InstrumentError
from drivers.roles import EnergyReading
from harness.clock import Clock


class SampledEnergy:
    """A task that samples between `start` and `stop`. A failing read ends it; `stop` then raises that error."""

    def __init__(self, clock: Clock, read_w: Callable[[], Awaitable[float | None]], period_s: float) -> None:
        self.clock, self.read_w, self.period_s = clock, read_w, period_s
        self.imported_wh = self.exported_wh = 0.0
        self._task: asyncio.Task[None] | None = None
        self._last: tuple[float, float] | None = None

    async def start(self) -> None:
        """Begin at zero, whatever ran before."""
        await self.cancel()
        self.imported_wh = self.exported_wh = 0.0
        self._last = None
        await self._sample()
        self._task = asyncio.create_task(self._run(), name="energy samples")

    async def stop(self) -> EnergyReading:
        if self._task is None:
            raise InstrumentError("energy", "stopped without being started; call start_integration first")
        if self._task.done():
            self._task.result()
        await self.cancel()
        await self._sample()
        return EnergyReading(self.clock.now_s(), self.imported_wh, self.exported_wh)

    async def cancel(self) -> None:
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, InstrumentError):
                await task

    async def _run(self) -> None:
        while True:
            await self.clock.sleep(self.period_s)
            await self._sample()

    async def _sample(self) -> None:
        power_w, now_s = await self.read_w(), self.clock.now_s()
        if power_w is None:
            return  # no value this time: the next one spans the gap
        if self._last:
            last_w, last_s = self._last
            energy_wh = (last_w + power_w) / 2 * (now_s - last_s) / 3600
            self.imported_wh += max(energy_wh, 0.0)
            self.exported_wh += max(-energy_wh, 0.0)
        self._last = (power_w, now_s)
