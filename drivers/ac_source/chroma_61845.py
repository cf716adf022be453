"""Chroma 61845 regenerative grid simulator (commands as in an open driver of the family).

Dips, swells and frequency courses are played by the instrument's own list mode, so their timing does not depend on us.
The unit of `list:dwel` is not in that source: `dwell_unit_s` says it (milliseconds by default; check the manual).
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.errors import SafetyError
from drivers.scpi import ScpiInstrument
from drivers.wire import Connection, Options

Row = tuple[float, tuple[float, float], tuple[float, float]]
"""Duration in s; voltage in V and frequency in Hz, each at the row's start and at its end."""


class GridOptions(Options):
    current_limit_a: float = 60.0
    highest_v: float = 300.0
    """Voltage limit that the instrument is given (phase to neutral)."""
    dwell_unit_s: float = 0.001


class Chroma61845(ScpiInstrument):
    """All three phases are driven alike."""

    error_query = "SYSTem:ERRor?"

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.options = connection.options_as(GridOptions)

    async def prepare(self) -> None:
        options = self.options
        await self.command(
            "inst:coup all",
            "inst:edit all",
            f"source:volt:limit:ac {options.highest_v:g}",
            f"source:curr:lim {options.current_limit_a:g}",
        )

    async def set_grid(self, *, voltage_v: float, frequency_hz: float) -> None:
        """Phase voltage in V (RMS to neutral) and frequency in Hz, at once."""
        await self.command(
            "output:mode fixed", f"source:volt:lev:imm:ampl:ac {voltage_v:.1f}", f"source:freq {frequency_hz:.3f}"
        )

    async def play(self, steps: Sequence[tuple[float, float, float]]) -> None:
        """Play (duration_s, voltage_v, frequency_hz) steps; returns when the last one has ended."""
        await self._play([(duration_s, (volts, volts), (hertz, hertz)) for duration_s, volts, hertz in steps])

    async def ramp(self, over_s: float, *, volts: tuple[float, float], hertz: tuple[float, float]) -> None:
        """Voltage and frequency from a start to an end in a straight line, and stay there; returns at the end."""
        await self._play([(over_s, volts, hertz)], then=(volts[1], hertz[1]))

    async def _play(self, rows: Sequence[Row], then: tuple[float, float] | None = None) -> None:
        """Play rows by the list mode; `then` is what holds behind the last one, else what held before the first."""
        dwell = ",".join(f"{duration_s / self.options.dwell_unit_s:.0f}" for duration_s, _, _ in rows)
        volts = [",".join(f"{row[1][end]:.1f}" for row in rows) for end in (0, 1)]
        hertz = [",".join(f"{row[2][end]:.3f}" for row in rows) for end in (0, 1)]
        async with self.exclusive():
            if then:
                await self.command(f"source:volt:lev:imm:ampl:ac {then[0]:.1f}", f"source:freq {then[1]:.3f}")
            await self.command(
                "output:mode list",
                "list:coup ALL",
                "list:count 1",
                "list:base TIME",
                "list:trig auto",
                f"list:dwel {dwell}",
                f"list:volt:ac:star {volts[0]}",
                f"list:volt:ac:end {volts[1]}",
                f"list:freq:star {hertz[0]}",
                f"list:freq:end {hertz[1]}",
                "trig on",
            )
            await self.clock.sleep(sum(duration_s for duration_s, _, _ in rows))
            await self.command("trig off", "output:mode fixed")

    async def output(self, on: bool) -> None:
        """Switch the output and prove it by reading back; raises SafetyError if it did not follow."""
        async with self.exclusive():
            await self.command(f"output:relay {'on' if on else 'off'}", f"output:state {'on' if on else 'off'}")
            if (await self.query("output:state?")).strip().upper() not in (("ON", "1") if on else ("OFF", "0")):
                raise SafetyError(f"{self.role}: output did not switch {'on' if on else 'off'}; look for a protection")

    async def make_safe(self) -> None:
        await self.output(False)


Driver = Chroma61845
