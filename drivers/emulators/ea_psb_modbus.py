"""The Modbus face of an emulated EA PSB (registers as in open drivers of the family)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.emulators.defects import Defect
from drivers.emulators.modbus_device import ModbusDevice, modbus_defects, serve_registers
from drivers.emulators.process import Request
from drivers.emulators.psb import PsbCore
from drivers.modbus import IllegalAddress, Space, to_words

_ROLE = "dc_source"
_CONTRACT = "tests/drivers/test_contract_dc_source.py"
DEFECTS = (
    *modbus_defects(_ROLE, "psbm", _CONTRACT),
    Defect("psbm-stays-on", _ROLE, "modbus", "our default", "takes DC off but stays on", _CONTRACT),
    Defect("psbm-local", _ROLE, "modbus", "our default", "held in local mode at the front panel", _CONTRACT),
    Defect("psbm-no-sink-bit", _ROLE, "modbus", "our default", "never sets the sink bit of its state", _CONTRACT),
)
_FULL_SET, _FULL_ACTUAL = 0xCCCC, 0xFFFF / 1.25
_SETTINGS = {498: ("sink_w", 2), 499: ("sink_a", 1), 500: ("set_v", 0), 501: ("source_a", 1), 502: ("source_w", 2)}


class EaPsbModbus(ModbusDevice):
    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(int(request.option("unit", 0)), request.defects)
        self.core = PsbCore(request)

    @property
    def _nominal(self) -> tuple[float, float, float]:
        return self.core.nominal_v, self.core.nominal_a, self.core.nominal_w

    def words(self, space: Space, _now_s: float) -> dict[int, int]:
        if space != "holding":
            return {}
        found: dict[int, int] = {}
        for index, nominal in enumerate(self._nominal):
            for offset, word in enumerate(to_words(nominal, "f32")):
                found[121 + 2 * index + offset] = word
        for register, (name, index) in _SETTINGS.items():
            found[register] = round(getattr(self.core, name) / self._nominal[index] * _FULL_SET)
        volts, amperes = self.core.measured()
        sinking = amperes < 0 and not self.has("no-sink-bit")
        state = (self.core.on << 7) | (self.core.locked << 11) | (sinking << 12)
        found[505], found[506] = to_words(state, "u32")
        actual = (volts, abs(amperes), abs(volts * amperes))
        for index, value in enumerate(actual):
            found[507 + index] = min(max(round(value / self._nominal[index] * _FULL_ACTUAL), 0), 0xFFFF)
        return found

    def take(self, address: int, words: Sequence[int], _now_s: float) -> None:
        if address not in _SETTINGS or len(words) != 1 or not self.core.locked:
            raise IllegalAddress(f"register {address}")
        name, index = _SETTINGS[address]
        setattr(self.core, name, words[0] / _FULL_SET * self._nominal[index])
        self.core.apply()

    def take_coil(self, address: int, on: bool, _now_s: float) -> None:
        if address == 402:
            self.core.locked = on and not self.has("local")
        elif address == 405 and self.core.locked:
            if on or not self.has("stays-on"):
                self.core.switch(on)
        else:
            raise IllegalAddress(f"coil {address}")


build: Callable[[Request], EaPsbModbus] = EaPsbModbus
OWNER = "battery_emulator"
LISTEN = "127.0.0.1:0"

if __name__ == "__main__":
    serve_registers("ea_psb_modbus", OWNER, build, LISTEN)
