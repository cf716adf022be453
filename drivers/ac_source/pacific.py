"""Pacific Power AC sources (commands as in an open driver of the family).

Courses are stepped by the driver: programs stored in the instrument are not used, so short steps are as exact as the
link (about a millisecond on a LAN, our estimate). Use an instrument with list mode for ride-through limits.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.errors import SafetyError
from drivers.scpi import ScpiInstrument
from drivers.wire import Connection, Options

RAMP_STEP_S = 0.1


class PacificOptions(Options):
    phases: int = 3


class Pacific(ScpiInstrument):
    """Three phases, each with its own voltage command."""

    error_query = "SYST:ERR?"

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.options = connection.options_as(PacificOptions)

    async def prepare(self) -> None:
        await self.command(f":SOURce:FORM {self.options.phases}")

    async def set_grid(self, *, voltage_v: float, frequency_hz: float) -> None:
        """Phase voltage in V (RMS to neutral) and frequency in Hz, at once."""
        volts = ";".join(f"VOLTage{phase} {voltage_v:.1f}" for phase in range(1, self.options.phases + 1))
        await self.command(f":FREQ {frequency_hz:.3f}", f":SOURce:{volts}")

    async def play(self, steps: Sequence[tuple[float, float, float]]) -> None:
        """Play (duration_s, voltage_v, frequency_hz) steps; returns when the last one has ended."""
        async with self.exclusive():
            next_s = self.clock.now_s()
            for duration_s, voltage_v, frequency_hz in steps:
                await self.set_grid(voltage_v=voltage_v, frequency_hz=frequency_hz)
                next_s += duration_s
                await self.clock.sleep(max(next_s - self.clock.now_s(), 0.0))

    async def ramp(self, over_s: float, *, volts: tuple[float, float], hertz: tuple[float, float]) -> None:
        """Voltage and frequency from a start to an end, ten steps a second, and stay there; returns at the end."""
        count = max(round(over_s / RAMP_STEP_S), 1)
        shares = [number / count for number in range(1, count + 1)]
        await self.play(
            [
                (
                    over_s / count,
                    volts[0] + (volts[1] - volts[0]) * share,
                    hertz[0] + (hertz[1] - hertz[0]) * share,
                )
                for share in shares
            ]
        )

    async def output(self, on: bool) -> None:
        """Switch the output and prove it by reading back; raises SafetyError if it did not follow."""
        async with self.exclusive():
            await self.command(f":OUTPut {'ON' if on else 'OFF'}")
            if (await self.query(":OUTPut?")).strip().upper() not in (("ON", "1") if on else ("OFF", "0")):
                raise SafetyError(f"{self.role}: output did not switch {'on' if on else 'off'}; look for a protection")

    async def make_safe(self) -> None:
        await self.output(False)


Driver = Pacific
