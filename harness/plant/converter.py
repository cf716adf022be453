"""The station's AC/DC converter: losses by a map, a ramp after a dead time, an output voltage that rises and decays."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from math import exp, inf, sqrt

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


class LossMap:
    """Loss in W over the DC power in W of one direction, linear between the map's points."""

    def __init__(self, efficiency: Curve, rated_w: float, no_load_w: float, charging: bool) -> None:
        self._powers = [0.0]
        self._losses = [no_load_w]
        for loading, ratio in efficiency:
            power_w = loading * rated_w
            self._powers.append(power_w)
            self._losses.append(power_w * (1 / ratio - 1) if charging else power_w * (1 - ratio))

    def loss_w(self, power_w: float) -> float:
        powers, losses = self._powers, self._losses
        left = min(bisect_right(powers, power_w) - 1, len(powers) - 2)
        slope = (losses[left + 1] - losses[left]) / (powers[left + 1] - powers[left])
        return losses[left] + slope * (power_w - powers[left])


class Converter:
    """What the converter is doing; `reference_w` is the power that it regulates to at this moment."""

    def __init__(self, parameters: ConverterParameters) -> None:
        self.parameters = parameters
        self.reference_w = 0.0
        self.aim_w = 0.0
        self.open_v = 0.0
        """Output voltage while no current can flow."""
        self._coming: deque[tuple[float, float]] = deque()
        self._charging = LossMap(parameters.charge_efficiency, parameters.rated_w, parameters.no_load_w, True)
        self._discharging = LossMap(parameters.discharge_efficiency, parameters.rated_w, parameters.no_load_w, False)

    def loss_w(self, dc_w: float, running: bool) -> float:
        if not running:
            return self.parameters.standby_w
        return self._charging.loss_w(dc_w) if dc_w >= 0 else self._discharging.loss_w(-dc_w)

    def aim(self, power_w: float, now_s: float) -> None:
        """Take a new target; it counts after the dead time."""
        rated_w = self.parameters.rated_w
        power_w = min(max(power_w, -rated_w), rated_w)
        latest_w = self._coming[-1][1] if self._coming else self.aim_w
        if power_w != latest_w:
            self._coming.append((now_s + self.parameters.dead_time_s, power_w))

    def halt(self) -> None:
        """No power at once, and no memory of earlier targets."""
        self._coming.clear()
        self.reference_w = self.aim_w = 0.0

    def steady_s(self, now_s: float) -> float:
        """How long the present course holds: to the next target or to the end of the ramp."""
        self._take_due(now_s)
        until_s = self._coming[0][0] - now_s if self._coming else inf
        if self.reference_w != self.aim_w:
            until_s = min(until_s, abs(self.aim_w - self.reference_w) / self.parameters.ramp_w_per_s)
        return until_s

    @property
    def ramping(self) -> bool:
        return self.reference_w != self.aim_w

    def ramp(self, for_s: float) -> float:
        """Move the reference for a time; its mean over that time."""
        before_w = self.reference_w
        reach_w = self.parameters.ramp_w_per_s * for_s
        distance_w = self.aim_w - before_w
        if abs(distance_w) <= reach_w * (1 + 1e-9):
            self.reference_w = self.aim_w
        else:
            self.reference_w += reach_w if distance_w > 0 else -reach_w
        return (before_w + self.reference_w) / 2

    def settle_voltage(self, target_v: float, for_s: float, held: bool) -> None:
        """Output voltage without current: rises by its ramp; `held` False lets it decay to `target_v`."""
        if not held:
            self.open_v = target_v + (self.open_v - target_v) * exp(-for_s / self.parameters.decay_s)
            return
        reach_v = self.parameters.voltage_ramp_v_per_s * for_s
        self.open_v += min(max(target_v - self.open_v, -reach_v), reach_v)

    def reactive_limit_var(self, grid_w: float) -> float:
        """What the apparent-power rating leaves for reactive power."""
        return sqrt(max(self.parameters.rated_va**2 - grid_w**2, 0.0))

    def _take_due(self, now_s: float) -> None:
        while self._coming and self._coming[0][0] <= now_s + 1e-9:
            self.aim_w = self._coming.popleft()[1]
