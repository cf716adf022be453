"""What is common to emulated power analysers: four inputs on the plant, renewed once an update period.

Inputs 1 to 3 are on the station's AC phases, 4 on its DC side. Accuracy of the emulated instrument is our default.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import inf, nan

from drivers.emulators.defects import Defect
from drivers.emulators.line import wire_defects
from drivers.emulators.noise import Sensor
from drivers.emulators.process import Request
from harness.plant.port import PlantState

ROLE = "power_analyser"
CONTRACT = "tests/drivers/test_contract_power_analyser.py"
DC_INPUT = 4


def analyser_defects(short: str) -> tuple[Defect, ...]:
    """Defects that every analyser can have."""
    texts = {
        "no-value": ("answers 'no value' for every quantity", CONTRACT),
        "overrange": ("answers overrange, as in a range too small", CONTRACT),
        "stale": ("repeats its first numbers for ever", "PF_BP_01"),
        "sign": ("current clamps the wrong way round", "PF_BP_01"),
        "gain": ("power reads 12 % high beside its own volts and amperes: wrong scaling", "PF_BP_01, PF_PRG_05"),
        "other-serial": ("another serial number than the lab file's", "plugfest check"),
    }
    own = tuple(Defect(f"{short}-{name}", ROLE, "scpi", "our default", *rest) for name, rest in texts.items())
    return wire_defects(ROLE, short, "scpi", CONTRACT) + own


@dataclass(frozen=True, slots=True)
class Shown:
    """What one input displays."""

    voltage_v: float
    current_a: float
    active_w: float
    reactive_var: float
    apparent_va: float
    frequency_hz: float
    voltage_thd_percent: float = inf
    current_thd_percent: float = inf

    @property
    def power_factor(self) -> float | None:
        return self.active_w / self.apparent_va if self.apparent_va > 1.0 else None


class AnalyserCore:
    """Numbers are those of the update period in which they are asked for; `hold` freezes them."""

    def __init__(self, request: Request, active: Collection[str]) -> None:
        self.plant = request.plant
        self.active = {name.partition("-")[2] for name in active}
        self.update_s = 0.5
        self.range_v, self.range_a = 600.0, 50.0
        self.held = False
        self._slot: int | None = None
        self._state = PlantState()
        self._shown: dict[int, Shown] = {}
        self._sensors = {
            (number, item): Sensor((request.seed, number, item), 0.03, 0.02, 0.002)
            for number in range(1, DC_INPUT + 1)
            for item in "UIPQ"
        }

    def state(self, now_s: float) -> PlantState:
        """True values at the latest update."""
        slot = int(now_s / self.update_s + 1e-9)
        fresh = self._slot is None or not (self.held or slot == self._slot or "stale" in self.active)
        if fresh:
            self._slot, self._state = slot, self.plant.state
            self._shown.clear()
        return self._state

    def shown(self, number: int, now_s: float) -> Shown:
        """Input 1 to 4 as displayed; infinite where a range is too small."""
        state = self.state(now_s)
        if number not in self._shown:
            self._shown[number] = self._measure(number, state)
        return self._shown[number]

    def forget(self) -> None:
        """A setting has changed: measure again."""
        self._slot = None

    def _measure(self, number: int, state: PlantState) -> Shown:
        if number == DC_INPUT:
            voltage_v, current_a, frequency_hz = state.station_voltage_v, state.station_current_a, 0.0
            active_w, reactive_var, thd = voltage_v * current_a, 0.0, (nan, nan)
        else:
            phase = number - 1
            voltage_v, current_a = state.grid_phase_voltage_v[phase], state.grid_phase_current_a[phase]
            active_w, reactive_var = state.grid_phase_power_w[phase], state.grid_reactive_var / 3.0
            frequency_hz = state.grid_frequency_hz
            thd = (state.grid_voltage_thd_percent, state.grid_current_thd_percent)
        if "overrange" in self.active or voltage_v > self.range_v * 1.5 or abs(current_a) > self.range_a * 1.5:
            return Shown(inf, inf, inf, inf, inf, inf)
        full_w = self.range_v * self.range_a
        turned = (-1.0 if "sign" in self.active else 1.0) * (1.12 if "gain" in self.active else 1.0)
        shown_v = self._sensors[number, "U"].read(voltage_v, self.range_v)
        shown_a = self._sensors[number, "I"].read(current_a, self.range_a)
        shown_w = self._sensors[number, "P"].read(active_w, full_w) * turned
        shown_var = self._sensors[number, "Q"].read(reactive_var, full_w) * turned
        apparent_va = max(abs(shown_v * shown_a), abs(shown_w))
        return Shown(shown_v, shown_a, shown_w, shown_var, apparent_va, frequency_hz, *thd)

    def energies_wh(self, state: PlantState, since: PlantState) -> tuple[float, float]:
        """Imported and exported Wh between two states, as this instrument counts them."""
        imported_wh = state.grid_imported_wh - since.grid_imported_wh
        exported_wh = state.grid_exported_wh - since.grid_exported_wh
        if "sign" in self.active:
            imported_wh, exported_wh = exported_wh, imported_wh
        gain = 1.12 if "gain" in self.active else 1.0
        return imported_wh * gain, exported_wh * gain
