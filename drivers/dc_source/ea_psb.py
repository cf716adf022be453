"""EA Elektro-Automatik PSB 9000 / 10000 bidirectional DC sources, SCPI over TCP port 5025 or serial.

The set voltage is shared by both directions; `CURR`/`POW` limit the source side, `SINK:CURR`/`SINK:POW` the sink side,
and measured current is negative while sinking (commands as in three open drivers of the family).
"""

from __future__ import annotations

from typing import ClassVar

from drivers.discharge import DischargeOptions, wait_discharged
from drivers.errors import InstrumentGarbage, SafetyError
from drivers.roles import SourceReading
from drivers.scpi import ScpiInstrument
from drivers.stepping import step_along
from drivers.wire import Connection

_ALARMS = ("OVOLTAGE", "OCURRENT", "OPOWER", "OTEMPERATURE", "PFAIL")
_SINK_ALARMS = ("OCURRENT", "OPOWER")


class PSBOptions(DischargeOptions):
    safe_current_a: float = 0.5
    """Below this the output counts as dead when a safe state is proved (our default)."""
    safe_within_s: float = 1.5
    ovp_v: float | None = None
    """Over-voltage protection to set at opening; None leaves the front panel's."""
    ocp_a: float | None = None
    opp_w: float | None = None


class EaPsb(ScpiInstrument):
    """Set values are refused until the device is locked to remote, which `prepare` does."""

    error_query = "SYST:ERR?"
    no_value: ClassVar = {}

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.options = connection.options_as(PSBOptions)

    async def prepare(self) -> None:
        await self.command("SYST:LOCK ON")
        owner = await self.query("SYST:LOCK:OWN?")
        if owner.strip().upper() != "REMOTE":
            raise SafetyError(
                f"{self.role}: stays under {owner.strip()!r} control; end local mode at its front panel and try again"
            )
        await self.command("SYST:CONF:MODE UIP")  # power is our third set value, never a resistance
        options = self.options
        for name, level in (("VOLT", options.ovp_v), ("CURR", options.ocp_a), ("POW", options.opp_w)):
            if level is not None:
                await self.command(f"{name}:PROT {level:g}")

    async def set_voltage(self, voltage_v: float) -> None:
        """Terminal voltage in V, both directions."""
        await self.command(f"VOLT {voltage_v:.3f}")

    async def ramp(self, over_s: float, *, volts: tuple[float, float]) -> None:
        """Terminal voltage from a start to an end, ten steps a second."""
        await step_along(self.clock, over_s, volts, self.set_voltage)

    async def set_limits(self, *, source_a: float, sink_a: float, source_w: float, sink_w: float) -> None:
        """Current and power limits of both directions, positive numbers."""
        await self.command(
            f"CURR {source_a:.3f}", f"POW {source_w:.1f}", f"SINK:CURR {sink_a:.3f}", f"SINK:POW {sink_w:.1f}"
        )

    async def output(self, on: bool) -> None:
        """Switch the output and prove it by reading back; raises SafetyError if it did not follow."""
        async with self.exclusive():
            await self.command(f"OUTP {'ON' if on else 'OFF'}")
            if await self._is_on() != on:
                told = ", ".join(f"{name} {count}" for name, count in (await self.alarms()).items() if count)
                raise SafetyError(
                    f"{self.role}: output did not switch {'on' if on else 'off'}; its alarms: {told or 'none counted'}"
                )

    async def measure(self) -> SourceReading:
        """One reading of U, I, P; positive current flows out of the source."""
        async with self.exclusive():
            values = await self.query_floats("MEAS:ARR?", 3)
            on = await self._is_on()
        if None in values:
            raise InstrumentGarbage(self.role, f"MEAS:ARR? has no value: {values}")
        voltage_v, current_a, power_w = (value for value in values if value is not None)
        return SourceReading(self.clock.now_s(), voltage_v, current_a, power_w, on)

    async def alarms(self) -> dict[str, int]:
        """How often each alarm has come since they were last acknowledged, source side and sink side."""
        async with self.exclusive():
            counts = {name: await self.query_float(f"SYST:ALARM:COUNT:{name}?") for name in _ALARMS}
            counts |= {
                f"SINK:{name}": await self.query_float(f"SYST:SINK:ALARM:COUNT:{name}?") for name in _SINK_ALARMS
            }
        return {name: int(count or 0) for name, count in counts.items()}

    async def ratings(self) -> tuple[float, float, float]:
        """Nominal voltage, current and power in V, A, W."""
        values = [await self.query_float(f"SYST:NOM:{name}?") for name in ("VOLT", "CURR", "POW")]
        return values[0] or 0.0, values[1] or 0.0, values[2] or 0.0

    async def make_safe(self) -> None:
        """Currents to zero, output off, then both proved: the relay word and the current that still flows."""
        async with self.exclusive():
            await self.command("SYST:LOCK ON", "CURR 0", "SINK:CURR 0", "OUTP OFF")
            until_s = self.clock.now_s() + self.options.safe_within_s
            while True:
                reading = await self.measure()
                if not reading.output_on and abs(reading.current_a) <= self.options.safe_current_a:
                    return
                if self.clock.now_s() >= until_s:
                    raise SafetyError(
                        f"{self.role}: not safe {self.options.safe_within_s} s after OUTP OFF: output "
                        f"{'on' if reading.output_on else 'off'}, {reading.current_a:.1f} A; open its mains switch"
                    )
                await self.clock.sleep(0.05)

    async def prove_discharged(self) -> None:
        """Nothing is left at its terminals; raises SafetyError."""
        await wait_discharged(self, self.role, self.clock, self.options)

    async def _is_on(self) -> bool:
        answer = (await self.query("OUTP?")).strip().upper()
        if answer not in ("ON", "OFF", "1", "0"):
            raise InstrumentGarbage(self.role, f"OUTP? should answer ON or OFF, it says {answer[:40]!r}")
        return answer in ("ON", "1")


Driver = EaPsb
