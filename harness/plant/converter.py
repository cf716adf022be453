"""The station's AC/DC converter: losses by a map, ramp and dead time, reactive capability, distortion, output voltage."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import exp, hypot, sqrt

from harness.plant.battery import Curve


@dataclass(frozen=True, slots=True)
class ConverterParameters:
    """A bidirectional 22 kW DC station. All numbers are our default."""

    rated_w: float = 22_000.0
    rated_va: float = 24_000.0
    maximum_a: float = 60.0
    maximum_v: float = 920.0
    standby_w: float = 35.0
    """Taken from the grid while the converter is off."""
    charge_efficiency: Curve = ((0.05, 0.88), (0.1, 0.925), (0.25, 0.952), (0.5, 0.962), (0.75, 0.961), (1.0, 0.957))
    """DC over AC power by loading (part of rated DC power), grid to vehicle."""
    discharge_efficiency: Curve = ((0.05, 0.87), (0.1, 0.92), (0.25, 0.949), (0.5, 0.96), (0.75, 0.959), (1.0, 0.955))
    """AC over DC power by loading, vehicle to grid."""
    no_load_w: float = 90.0
    """Loss while the converter runs without power."""
    dead_time_s: float = 0.2
    """From a new target to the first change of power."""
    ramp_w_per_s: float = 10_000.0
    voltage_ramp_v_per_s: float = 400.0
    decay_s: float = 0.4
    """Time constant of the output voltage after switching off."""
    ripple_a: float = 0.25
    """Harmonic current that is there at any load, RMS per phase."""
    distortion: float = 0.015
    """Harmonic current that grows with the fundamental, as part of it."""


class LossMap:
    """Loss in W over the DC power in W of one direction, linear between the map's points."""

    def __init__(self, efficiency: Curve, rated_w: float, no_load_w: float, charging: bool) -> None:
        self._powers = [0.0]
        self._losses = [no_load_w]
        for loading, ratio in efficiency:
            power_w = loading * rated_w
            self._powers.append(power_w)
            self._losses.append(power_w * (1 / ratio - 1) if charging else power_w * (1 - ratio))
        self._inner = self._powers[1:-1]

    def loss_w(self, power_w: float) -> float:
        powers, losses = self._powers, self._losses
        left = bisect_right(self._inner, power_w)
        slope = (losses[left + 1] - losses[left]) / (powers[left + 1] - powers[left])
        return losses[left] + slope * (power_w - powers[left])


class Converter:
    """The converter's arithmetic; its power reference is a `Follower` in W."""

    def __init__(self, parameters: ConverterParameters) -> None:
        self.parameters = parameters
        self._charging = LossMap(parameters.charge_efficiency, parameters.rated_w, parameters.no_load_w, True)
        self._discharging = LossMap(parameters.discharge_efficiency, parameters.rated_w, parameters.no_load_w, False)

    def loss_w(self, dc_w: float, running: bool) -> float:
        if not running:
            return self.parameters.standby_w
        return self._charging.loss_w(dc_w) if dc_w >= 0 else self._discharging.loss_w(-dc_w)

    def within_rating(self, power_w: float) -> float:
        return min(max(power_w, -self.parameters.rated_w), self.parameters.rated_w)

    def risen_v(self, from_v: float, to_v: float, for_s: float) -> float:
        """Output voltage without current on its way to a target."""
        reach_v = self.parameters.voltage_ramp_v_per_s * for_s
        return from_v + min(max(to_v - from_v, -reach_v), reach_v)

    def decayed_v(self, from_v: float, for_s: float) -> float:
        """Output voltage of a converter that was switched off."""
        return from_v * exp(-for_s / self.parameters.decay_s)

    def reactive_limit_var(self, grid_w: float) -> float:
        """What the apparent-power rating leaves for reactive power."""
        return sqrt(max(self.parameters.rated_va**2 - grid_w**2, 0.0))

    def current_thd_percent(self, phase_a: float, more_percent: float) -> float:
        """Total harmonic distortion of a phase current, in percent of its fundamental; 0 without current."""
        parameters = self.parameters
        harmonic_a = hypot(parameters.ripple_a, parameters.distortion * phase_a, more_percent / 100 * phase_a)
        return 100.0 * harmonic_a / phase_a if phase_a > 0.1 else 0.0
