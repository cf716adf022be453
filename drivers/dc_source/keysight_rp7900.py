"""Keysight RP7900 regenerative DC sources, voltage priority (commands as in an open driver and manual pages).

Both current limits are set through one symmetric `CURR:LIM`: the separate positive and negative limits of the manual
are not confirmed by a source that we could read, so the smaller of both is used. Power limits are kept by the driver,
as current at the set voltage.
"""

from __future__ import annotations

from drivers.discharge import DischargeOptions, wait_discharged
from drivers.errors import InstrumentGarbage, SafetyError
from drivers.roles import SourceReading
from drivers.scpi import ScpiInstrument
from drivers.stepping import step_along
from drivers.wire import Connection


class RP7900Options(DischargeOptions):
    safe_current_a: float = 0.5
    """Below this the output counts as dead when a safe state is proved (our default)."""
    safe_within_s: float = 1.5
    current_protection: bool | None = None
    """Its over-current protection; None leaves what is set. It is read back and must agree."""


class KeysightRP7900(ScpiInstrument):
    error_query = "SYST:ERR?"

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.options = connection.options_as(RP7900Options)
        self._voltage_v = 0.0
        self._limits = (0.0, 0.0)

    async def prepare(self) -> None:
        await self.command("SOUR:FUNC VOLT")
        wanted = self.options.current_protection
        if wanted is not None:
            await self.command(f"SOUR:CURR:PROT:STATE {int(wanted)}")
            if (await self.query("SOUR:CURR:PROT:STATE?")).strip() != str(int(wanted)):
                raise SafetyError(f"{self.role}: its over-current protection does not switch; look at its front panel")

    async def set_voltage(self, voltage_v: float) -> None:
        """Terminal voltage in V."""
        await self.command(f"SOUR:VOLT:LEV {voltage_v:.3f}")
        self._voltage_v = voltage_v
        await self._apply_limit()

    async def ramp(self, over_s: float, *, volts: tuple[float, float]) -> None:
        """Terminal voltage from a start to an end, ten steps a second."""
        await step_along(self.clock, over_s, volts, self.set_voltage)

    async def set_limits(self, *, source_a: float, sink_a: float, source_w: float, sink_w: float) -> None:
        """The smaller current and the smaller power hold in both directions (see the module's text)."""
        self._limits = (min(source_a, sink_a), min(source_w, sink_w))
        await self._apply_limit()

    async def _apply_limit(self) -> None:
        current_a, power_w = self._limits
        if self._voltage_v > 1.0:
            current_a = min(current_a, power_w / self._voltage_v)
        await self.command(f"SOUR:CURR:LIM {current_a:.3f}")

    async def output(self, on: bool) -> None:
        """Switch the output and prove it by reading back; raises SafetyError if it did not follow."""
        async with self.exclusive():
            await self.command(f"OUTP:STAT {int(on)}")
            if await self._is_on() != on:
                raise SafetyError(f"{self.role}: output did not switch {'on' if on else 'off'}; look for a protection")

    async def measure(self) -> SourceReading:
        """Positive current flows out of the source, as the instrument counts it."""
        async with self.exclusive():
            voltage_v, current_a = await self.query_float("MEAS:VOLT?"), await self.query_float("MEAS:CURR?")
            on = await self._is_on()
        if voltage_v is None or current_a is None:
            raise InstrumentGarbage(self.role, "MEAS has no value")
        return SourceReading(self.clock.now_s(), voltage_v, current_a, voltage_v * current_a, on)

    async def make_safe(self) -> None:
        """Current limit to zero, output off, both proved by reading back."""
        async with self.exclusive():
            await self.command("SOUR:CURR:LIM 0", "OUTP:STAT 0")
            until_s = self.clock.now_s() + self.options.safe_within_s
            while True:
                reading = await self.measure()
                if not reading.output_on and abs(reading.current_a) <= self.options.safe_current_a:
                    return
                if self.clock.now_s() >= until_s:
                    raise SafetyError(
                        f"{self.role}: not safe after {self.options.safe_within_s} s; open its mains switch"
                    )
                await self.clock.sleep(0.05)

    async def prove_discharged(self) -> None:
        """Nothing is left at its terminals; raises SafetyError."""
        await wait_discharged(self, self.role, self.clock, self.options)

    async def _is_on(self) -> bool:
        answer = (await self.query("OUTP:STAT?")).strip()
        if answer not in ("0", "1"):
            raise InstrumentGarbage(self.role, f"OUTP:STAT? should answer 0 or 1, it says {answer[:40]!r}")
        return answer == "1"


Driver = KeysightRP7900
