"""A battery pack: open-circuit voltage over state of charge, an ohmic resistance, one RC pair, one lump of heat.

Within a step the current is constant and everything else is solved exactly, so that a step may be long and energy is
conserved to rounding. Positive current charges.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import exp

import msgspec

Curve = tuple[tuple[float, float], ...]
_TRIP_MARGIN = 1.10
_TRIP_MARGIN_A = 5.0


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
    charge_by_temperature: Curve = ((-10.0, 0.0), (10.0, 1.0), (45.0, 1.0), (58.0, 0.0))
    """Share of the highest charging current that the battery management allows, by temperature in degree Celsius."""
    discharge_by_temperature: Curve = ((-25.0, 0.0), (0.0, 1.0), (48.0, 1.0), (60.0, 0.0))
    trip_c: float = 62.0
    """The management opens its contactor above this temperature."""
    initial_soc: float = 0.5


class Cells(msgspec.Struct, frozen=True):
    """What moves in the pack."""

    soc: float
    polarisation_v: float
    temperature_c: float


class Battery:
    """The pack's physics and its management's limits; the moving part is `Cells`, which no call changes."""

    def __init__(self, parameters: BatteryParameters) -> None:
        self.parameters = parameters
        self._charge_as = parameters.capacity_ah * 3600.0
        self._socs = [soc for soc, _ in parameters.open_circuit_v]
        self._volts = [volt for _, volt in parameters.open_circuit_v]
        self._areas = [0.0]  # integral of the curve up to each knot, in V
        self._slopes = []
        for left in range(len(self._socs) - 1):
            width = self._socs[left + 1] - self._socs[left]
            self._slopes.append((self._volts[left + 1] - self._volts[left]) / width)
            self._areas.append(self._areas[-1] + width * (self._volts[left] + self._volts[left + 1]) / 2)
        self._inner = self._socs[1:-1]
        self._capacitance_f = parameters.polarisation_s / parameters.polarisation_ohm
        self._cooling_s = parameters.heat_capacity_j_per_k * parameters.cooling_k_per_w

    @property
    def fresh(self) -> Cells:
        return Cells(self.parameters.initial_soc, 0.0, self.parameters.ambient_c)

    def open_circuit_v(self, soc: float) -> float:
        """Voltage without current; outside of 0 to 1 the outermost segments go on."""
        left = bisect_right(self._inner, soc)
        return self._volts[left] + self._slopes[left] * (soc - self._socs[left])

    def chemical_j(self, soc: float) -> float:
        """Energy that the cells hold at `soc`, counted from empty."""
        left = bisect_right(self._inner, soc)
        beyond = soc - self._socs[left]
        return self._charge_as * (self._areas[left] + beyond * (self._volts[left] + self._slopes[left] * beyond / 2))

    def stored_j(self, cells: Cells) -> float:
        """Chemical energy and that of the RC pair's capacitor."""
        return self.chemical_j(cells.soc) + self._capacitance_f * cells.polarisation_v**2 / 2

    def emf_v(self, cells: Cells, current_a: float, ahead_s: float) -> float:
        """Voltage behind the ohmic resistance in the middle of a step with about this current."""
        if not ahead_s:
            return self.rest_v(cells)
        parameters = self.parameters
        final_v = current_a * parameters.polarisation_ohm
        fading = exp(-ahead_s / 2 / parameters.polarisation_s)
        polarisation_v = final_v + (cells.polarisation_v - final_v) * fading
        return self.open_circuit_v(cells.soc + current_a * ahead_s / 2 / self._charge_as) + polarisation_v

    def rest_v(self, cells: Cells) -> float:
        """Terminal voltage now if no current flows."""
        return self.open_circuit_v(cells.soc) + cells.polarisation_v

    def carry(self, cells: Cells, current_a: float, for_s: float) -> tuple[Cells, float, float]:
        """The cells after a time with a current; the energy in at the terminals and the heat made, in J."""
        parameters = self.parameters
        final_v = current_a * parameters.polarisation_ohm
        fading = exp(-for_s / parameters.polarisation_s)
        swing_v = cells.polarisation_v - final_v
        polarisation_vs = final_v * for_s + swing_v * parameters.polarisation_s * (1.0 - fading)
        polarisation_v = final_v + swing_v * fading
        soc = cells.soc + current_a * for_s / self._charge_as
        chemical_j = self.chemical_j(soc) - self.chemical_j(cells.soc)
        terminal_j = chemical_j + current_a * (current_a * parameters.ohmic_ohm * for_s + polarisation_vs)
        capacitor_j = self._capacitance_f * (polarisation_v**2 - cells.polarisation_v**2) / 2
        heat_j = terminal_j - chemical_j - capacitor_j
        final_c = parameters.ambient_c + heat_j / for_s * parameters.cooling_k_per_w
        temperature_c = final_c + (cells.temperature_c - final_c) * exp(-for_s / self._cooling_s)
        return Cells(soc, polarisation_v, temperature_c), terminal_j, heat_j

    def smooth_s(self, cells: Cells, current_a: float) -> float:
        """How long a step with this current may be: the voltage moves by about a thousandth at most."""
        parameters = self.parameters
        until_s = 600.0
        if abs(cells.polarisation_v - current_a * parameters.polarisation_ohm) > 0.3:
            until_s = parameters.polarisation_s / 3
        if current_a:
            until_s = min(until_s, 0.004 * self._charge_as / abs(current_a))
            edge = parameters.soc_maximum if current_a > 0 else parameters.soc_minimum
            to_edge_s = (edge - cells.soc) * self._charge_as / current_a
            if to_edge_s > 0:
                until_s = min(until_s, to_edge_s)
        return until_s

    def maximum_charge_a(self, cells: Cells) -> float:
        """What the battery management allows now: the limit by temperature, tapered so that the highest voltage is
        not passed."""
        parameters = self.parameters
        if cells.soc >= parameters.soc_maximum - 1e-9:
            return 0.0
        limit_a = parameters.maximum_charge_a * _along(parameters.charge_by_temperature, cells.temperature_c)
        return max(0.0, min(limit_a, (parameters.maximum_v - self.rest_v(cells)) / parameters.ohmic_ohm))

    def maximum_discharge_a(self, cells: Cells) -> float:
        parameters = self.parameters
        if cells.soc <= parameters.soc_minimum + 1e-9:
            return 0.0
        limit_a = parameters.maximum_discharge_a * _along(parameters.discharge_by_temperature, cells.temperature_c)
        return max(0.0, min(limit_a, (self.rest_v(cells) - parameters.minimum_v) / parameters.ohmic_ohm))

    def fault(self, cells: Cells, current_a: float, charge_a: float, discharge_a: float) -> str:
        """What the management does not bear for long, at a current and with the limits that it has told; else empty."""
        parameters = self.parameters
        told_a = charge_a if current_a >= 0 else discharge_a
        if abs(current_a) > told_a * _TRIP_MARGIN + _TRIP_MARGIN_A:
            return "overcurrent"
        if cells.temperature_c > parameters.trip_c:
            return "overtemperature"
        terminal_v = self.rest_v(cells) + current_a * parameters.ohmic_ohm
        if terminal_v > parameters.maximum_v * 1.01:
            return "overvoltage"
        return "undervoltage" if terminal_v < parameters.minimum_v * 0.99 else ""


def _along(curve: Curve, at: float) -> float:
    """Value of a curve, held beyond its ends."""
    for (left, low), (right, high) in zip(curve, curve[1:], strict=False):
        if at < right:
            return low if at <= left else low + (high - low) * (at - left) / (right - left)
    return curve[-1][1]
