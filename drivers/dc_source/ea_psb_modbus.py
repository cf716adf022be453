"""EA Elektro-Automatik PSB 9000 / 10000 over Modbus (TCP port 502 or RTU, unit 0 by default).

Registers as in open drivers of the family. Set values are shares of the nominal value: 0xCCCC is 100 %; actual values
have 0xFFFF = 125 %. The trap: actual current and power are unsigned, their sign is bit 12 (sink) of the state.
"""

from __future__ import annotations

from drivers.discharge import DischargeOptions, wait_discharged
from drivers.errors import InstrumentError, SafetyError
from drivers.modbus import ModbusInstrument, ModbusOptions, from_words
from drivers.roles import Identity, SourceReading
from drivers.stepping import step_along
from drivers.wire import Connection

_FULL_SET, _MOST_SET = 0xCCCC, 0xD0E5
_FULL_ACTUAL = 0xFFFF / 1.25
_REMOTE_COIL, _OUTPUT_COIL = 402, 405
_SINK_W, _SINK_A, _SET_V, _SET_A, _SET_W = 498, 499, 500, 501, 502
_STATE, _NOMINAL = 505, 121
_DC_ON, _REMOTE, _SINKING = 1 << 7, 1 << 11, 1 << 12


class PSBModbusOptions(ModbusOptions, DischargeOptions):
    unit: int = 0
    safe_current_a: float = 0.5
    """Below this the output counts as dead when a safe state is proved (our default)."""
    safe_within_s: float = 1.5


class EaPsbModbus(ModbusInstrument):
    """Same device as `ea_psb`, by its other interface."""

    options: PSBModbusOptions

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, PSBModbusOptions)
        self._nominal = (0.0, 0.0, 0.0)

    async def open(self) -> None:
        await super().open()
        words = await self.read("holding", _NOMINAL, 6)
        volts, amperes, watts = (from_words(words[start : start + 2], "f32") for start in (0, 2, 4))
        self._nominal = (volts, amperes, watts)
        await self._take_control()

    async def _take_control(self) -> None:
        await self.write_coil(_REMOTE_COIL, True)
        if not await self._state() & _REMOTE:
            raise SafetyError(f"{self.role}: does not go into remote; end local mode at its front panel and try again")

    async def identity(self) -> Identity:
        """What its registers tell: the ratings."""
        volts, amperes, watts = self._nominal
        return Identity("EA Elektro-Automatik", f"PSB {volts:.0f} V {amperes:.0f} A {watts:.0f} W", "", "")

    async def set_voltage(self, voltage_v: float) -> None:
        """Terminal voltage in V, both directions."""
        await self._set(_SET_V, voltage_v, self._nominal[0])

    async def ramp(self, over_s: float, *, volts: tuple[float, float]) -> None:
        """Terminal voltage from a start to an end, ten steps a second."""
        await step_along(self.clock, over_s, volts, self.set_voltage)

    async def set_limits(self, *, source_a: float, sink_a: float, source_w: float, sink_w: float) -> None:
        """Current and power limits of both directions, positive numbers."""
        _, amperes, watts = self._nominal
        for register, value, nominal in (
            (_SET_A, source_a, amperes),
            (_SET_W, source_w, watts),
            (_SINK_A, sink_a, amperes),
            (_SINK_W, sink_w, watts),
        ):
            await self._set(register, value, nominal)

    async def _set(self, register: int, value: float, nominal: float) -> None:
        count = round(value / nominal * _FULL_SET)
        if not 0 <= count <= _MOST_SET:
            raise InstrumentError(self.role, f"{value:g} is beyond 102 % of the nominal {nominal:g}")
        await self.write(register, [count])

    async def output(self, on: bool) -> None:
        """Switch the output and prove it by reading back; raises SafetyError if it did not follow."""
        await self.write_coil(_OUTPUT_COIL, on)
        if bool(await self._state() & _DC_ON) != on:
            raise SafetyError(f"{self.role}: output did not switch {'on' if on else 'off'}; look for an alarm on it")

    async def measure(self) -> SourceReading:
        """State and actual values in one request; positive current flows out of the source."""
        words = await self.read("holding", _STATE, 5)
        state = int(from_words(words[:2], "u32"))
        volts, amperes, watts = (
            word / _FULL_ACTUAL * nominal for word, nominal in zip(words[2:], self._nominal, strict=True)
        )
        sign = -1.0 if state & _SINKING else 1.0
        return SourceReading(self.clock.now_s(), volts, sign * amperes, sign * watts, bool(state & _DC_ON))

    async def make_safe(self) -> None:
        """Currents to zero, output off, both proved by reading back."""
        await self._take_control()
        await self.write(_SET_A, [0])
        await self.write(_SINK_A, [0])
        await self.write_coil(_OUTPUT_COIL, False)
        until_s = self.clock.now_s() + self.options.safe_within_s
        while True:
            reading = await self.measure()
            if not reading.output_on and abs(reading.current_a) <= self.options.safe_current_a:
                return
            if self.clock.now_s() >= until_s:
                raise SafetyError(f"{self.role}: not safe after {self.options.safe_within_s} s; open its mains switch")
            await self.clock.sleep(0.05)

    async def prove_discharged(self) -> None:
        """Nothing is left at its terminals; raises SafetyError."""
        await wait_discharged(self, self.role, self.clock, self.options)

    async def _state(self) -> int:
        return int(from_words(await self.read("holding", _STATE, 2), "u32"))


Driver = EaPsbModbus
