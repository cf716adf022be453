"""An energy meter far end at the grid side of the station. Option `model`: sdm630, sdm72, em340 or abb_b."""

from __future__ import annotations

from collections.abc import Callable
from math import hypot

from drivers import meter_registers
from drivers.emulators.defects import Defect
from drivers.emulators.modbus_device import ModbusDevice, modbus_defects, serve_registers
from drivers.emulators.noise import Sensor
from drivers.emulators.process import Request
from drivers.modbus import Space, to_words

_ROLE = "energy_meter"
_CONTRACT = "tests/drivers/test_contract_energy_meter.py"
_TEXTS = {
    "word-swap": ("writes the two words of a value the other way round", _CONTRACT),
    "frozen": ("energy registers stand still", "PF_BP_05"),
    "swapped-directions": ("import and export are exchanged", "PF_BP_05"),
    "unsigned": ("power is shown without its sign", "PF_BP_01"),
    "not-monotone": ("an energy register sometimes falls", "PF_BP_05"),
}
DEFECTS = (
    *modbus_defects(_ROLE, "counter", _CONTRACT),
    *(Defect(f"counter-{name}", _ROLE, "modbus", "our default", *rest) for name, rest in _TEXTS.items()),
)
MAPS = {
    "sdm630": meter_registers.SDM630,
    "sdm72": meter_registers.SDM72,
    "em340": meter_registers.EM340,
    "abb_b": meter_registers.ABB_B,
}


class Meter(ModbusDevice):
    """A class-1 meter (our default), with registers that start at a used meter's count."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(int(request.option("unit", 1)), request.defects)
        self.plant = request.plant
        self.map = MAPS[str(request.option("model", "sdm630"))]
        self.start_wh = float(request.option("start_wh", 0.0))
        self._power = Sensor((request.seed, "meter"), 0.4, 0.0, 0.001)
        self._frozen: tuple[float, float] | None = None
        self._reads = 0

    def words(self, space: Space, now_s: float) -> dict[int, int]:
        if space != self.map.space:
            return {}
        swap = self.map.low_word_first != self.has("word-swap")
        found: dict[int, int] = {}
        for name, value in self._values().items():
            if register := self.map.registers.get(name):
                for offset, word in enumerate(to_words(value / register.scale, register.kind, swap)):
                    found[register.address + offset] = word
        return found

    def _values(self) -> dict[str, float]:
        state = self.plant.state
        self._reads += 1
        power_w = self._power.read(state.grid_power_w, 22_000.0)
        imported_wh, exported_wh = self._energies(state.grid_imported_wh, state.grid_exported_wh)
        apparent_va = hypot(power_w, state.grid_reactive_var)
        values = {
            "power_w": abs(power_w) if self.has("unsigned") else power_w,
            "reactive_var": state.grid_reactive_var,
            "apparent_va": apparent_va,
            "power_factor": power_w / apparent_va if apparent_va else 1.0,
            "frequency_hz": state.grid_frequency_hz,
            "imported_wh": imported_wh,
            "exported_wh": exported_wh,
        }
        for phase in (1, 2, 3):
            values[f"voltage_v_{phase}"] = state.grid_phase_voltage_v[phase - 1]
            values[f"voltage_thd_percent_{phase}"] = state.grid_voltage_thd_percent
            values[f"current_a_{phase}"] = state.grid_phase_current_a[phase - 1]
            part = state.grid_phase_power_w[phase - 1] / state.grid_power_w if state.grid_power_w else 1 / 3
            values[f"power_w_{phase}"] = values["power_w"] * part
        return values

    def _energies(self, imported_wh: float, exported_wh: float) -> tuple[float, float]:
        energies = (self.start_wh + imported_wh, self.start_wh + exported_wh)
        if self.has("frozen"):
            self._frozen = self._frozen or energies
            energies = self._frozen
        if self.has("not-monotone") and self._reads % 5 == 0:
            energies = (energies[0] * 0.9, energies[1] * 0.9)
        return (energies[1], energies[0]) if self.has("swapped-directions") else energies


build: Callable[[Request], Meter] = Meter
OWNER = "observer"
LISTEN = "pty"

if __name__ == "__main__":
    serve_registers("modbus_meter", OWNER, build, LISTEN)
