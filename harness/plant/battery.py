"""A battery pack: open-circuit voltage over state of charge, an ohmic resistance, one RC pair, one lump of heat.

Within a step the current is constant and everything else is solved exactly, so that a step may be long and energy is
conserved to rounding. Positive current charges.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import exp

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class BatteryParameters:
    """A 60 kWh pack of the 400 V class. All numbers are our default, in the usual range of such packs."""

    capacity_ah: float = 150.0
    open_circuit_v: Curve = (
        (0.0, 330.0),
        (0.1, 367.0),
        (0.2, 378.0),
        (0.3, 386.0),
        (0.4, 392.0),
        (0.5, 398.0),
        (0.6, 408.0),
        (0.7, 419.0),
        (0.8, 431.0),
        (0.9, 442.0),
        (1.0, 453.0),
    )
    """Voltage without current by state of charge (0 to 1), rising; linear in between."""
    ohmic_ohm: float = 0.06
    polarisation_ohm: float = 0.03
    polarisation_s: float = 30.0
    """Time constant of the RC pair."""
    maximum_charge_a: float = 200.0
    maximum_discharge_a: float = 200.0
    maximum_v: float = 460.0
    minimum_v: float = 320.0
    soc_minimum: float = 0.05
    soc_maximum: float = 1.0
    heat_capacity_j_per_k: float = 300_000.0
    cooling_k_per_w: float = 0.02
    ambient_c: float = 25.0
    initial_soc: float = 0.5


class Battery:
    """The pack's moving state."""

    def __init__(self, parameters: BatteryParameters) -> None:
        self.parameters = parameters
        self.soc = parameters.initial_soc
        self.polarisation_v = 0.0
        self.temperature_c = parameters.ambient_c
        self._charge_as = parameters.capacity_ah * 3600.0
        self._socs = [soc for soc, _ in parameters.open_circuit_v]
        self._volts = [volt for _, volt in parameters.open_circuit_v]
        self._areas = [0.0]  # integral of the curve up to each knot, in V
        for left in range(len(self._socs) - 1):
            width = self._socs[left + 1] - self._socs[left]
            self._areas.append(self._areas[-1] + width * (self._volts[left] + self._volts[left + 1]) / 2)

    def open_circuit_v(self, soc: float) -> float:
        """Voltage without current; outside of 0 to 1 the outermost segments go on."""
        left = self._segment(soc)
        low, high = self._socs[left], self._socs[left + 1]
        return self._volts[left] + (self._volts[left + 1] - self._volts[left]) * (soc - low) / (high - low)

    def chemical_j(self, soc: float) -> float:
        """Energy that the cells hold at `soc`, counted from empty."""
        left = self._segment(soc)
        mean_v = (self._volts[left] + self.open_circuit_v(soc)) / 2
        return self._charge_as * (self._areas[left] + mean_v * (soc - self._socs[left]))

    @property
    def stored_j(self) -> float:
        """Chemical energy and that of the RC pair's capacitor."""
        return self.chemical_j(self.soc) + self._capacitor_j

    @property
    def _capacitor_j(self) -> float:
        parameters = self.parameters
        return parameters.polarisation_s / parameters.polarisation_ohm * self.polarisation_v**2 / 2

    def emf_v(self, current_a: float, ahead_s: float) -> float:
        """Voltage behind the ohmic resistance in the middle of a step with about this current."""
        soc = self.soc + current_a * ahead_s / 2 / self._charge_as
        parameters = self.parameters
        final_v = current_a * parameters.polarisation_ohm
        polarisation_v = final_v + (self.polarisation_v - final_v) * exp(-ahead_s / 2 / parameters.polarisation_s)
        return self.open_circuit_v(soc) + polarisation_v

    @property
    def rest_v(self) -> float:
        """Terminal voltage now if no current flows."""
        return self.open_circuit_v(self.soc) + self.polarisation_v

    def carry(self, current_a: float, for_s: float) -> tuple[float, float]:
        """Let a current flow; the energy in at the terminals and the heat made, in J."""
        parameters = self.parameters
        stored_j = self.stored_j
        final_v = current_a * parameters.polarisation_ohm
        fading = exp(-for_s / parameters.polarisation_s)
        swing_v = self.polarisation_v - final_v
        polarisation_vs = final_v * for_s + swing_v * parameters.polarisation_s * (1.0 - fading)
        chemical_j = self.chemical_j(self.soc)
        self.soc += current_a * for_s / self._charge_as
        self.polarisation_v = final_v + swing_v * fading
        into_cells_j = self.chemical_j(self.soc) - chemical_j
        terminal_j = into_cells_j + current_a * (current_a * parameters.ohmic_ohm * for_s + polarisation_vs)
        heat_j = terminal_j - (self.stored_j - stored_j)
        self._warm(heat_j, for_s)
        return terminal_j, heat_j

    def maximum_charge_a(self) -> float:
        """What the battery management allows now: the limit, tapered so that the highest voltage is not passed."""
        parameters = self.parameters
        if self.soc >= parameters.soc_maximum:
            return 0.0
        return max(0.0, min(parameters.maximum_charge_a, (parameters.maximum_v - self.rest_v) / parameters.ohmic_ohm))

    def maximum_discharge_a(self) -> float:
        parameters = self.parameters
        if self.soc <= parameters.soc_minimum:
            return 0.0
        headroom_a = (self.rest_v - parameters.minimum_v) / parameters.ohmic_ohm
        return max(0.0, min(parameters.maximum_discharge_a, headroom_a))

    def _segment(self, soc: float) -> int:
        return min(max(bisect_right(self._socs, soc) - 1, 0), len(self._socs) - 2)

    def _warm(self, heat_j: float, for_s: float) -> None:
        parameters = self.parameters
        final_c = parameters.ambient_c + heat_j / for_s * parameters.cooling_k_per_w
        fading = exp(-for_s / (parameters.heat_capacity_j_per_k * parameters.cooling_k_per_w))
        self.temperature_c = final_c + (self.temperature_c - final_c) * fading
