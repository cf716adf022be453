"""What else hangs on the connection point: household or depot, photovoltaics, a stationary battery.

They join the grid at its source, before the station's own line; so they do not move the station's voltage.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from harness.plant.course import Course
from harness.plant.inputs import SiteInputs, profile_of

_BALANCE_S = 10.0
"""How often a battery that balances moving courses is looked at (our default)."""


@dataclass(frozen=True, slots=True)
class SiteParameters:
    """The stationary battery, and a profile that is played from the start. All numbers are our default."""

    battery_capacity_wh: float = 10_000.0
    battery_maximum_w: float = 5_000.0
    battery_efficiency: float = 0.95
    """Each way."""
    battery_soc_minimum: float = 0.1
    battery_soc_maximum: float = 1.0
    battery_initial_soc: float = 0.5
    profile: str = ""


class Site:
    """Powers in W drawn from the connection point; the battery's state of charge belongs to the plant's moment."""

    def __init__(self, parameters: SiteParameters) -> None:
        self.parameters = parameters
        self.inputs = SiteInputs()
        self._from_s = 0.0
        self._household: Course | None = None
        self._pv: Course | None = None
        self.idle = True
        """Nothing is there but the station."""

    def take(self, inputs: SiteInputs, now_s: float, anew: bool) -> None:
        """Follow these inputs; `anew`: their profile begins now."""
        self.inputs = inputs
        profile = profile_of("site", inputs.profile)
        courses = profile.courses if profile else {}
        self._household, self._pv = courses.get("household_w"), courses.get("pv_w")
        if anew:
            self._from_s = now_s
        self.idle = not (courses or inputs.household_w or inputs.pv_w or inputs.battery_target_w != 0.0)

    def household_w(self, at_s: float) -> float:
        return self._household.at(at_s - self._from_s) if self._household else self.inputs.household_w

    def pv_w(self, at_s: float) -> float:
        return self._pv.at(at_s - self._from_s) if self._pv else self.inputs.pv_w

    def battery_w(self, others_w: float, soc: float) -> float:
        """What the stationary battery draws while all others draw `others_w`."""
        parameters, target_w = self.parameters, self.inputs.battery_target_w
        wanted_w = -others_w if target_w is None else target_w
        most_w = parameters.battery_maximum_w
        if soc >= parameters.battery_soc_maximum - 1e-9:
            wanted_w = min(wanted_w, 0.0)
        if soc <= parameters.battery_soc_minimum + 1e-9:
            wanted_w = max(wanted_w, 0.0)
        return min(max(wanted_w, -most_w), most_w)

    def into_cells_w(self, battery_w: float) -> float:
        ratio = self.parameters.battery_efficiency
        return battery_w * ratio if battery_w >= 0 else battery_w / ratio

    def capacity_j(self) -> float:
        return self.parameters.battery_capacity_wh * 3600.0

    def steady_s(self, at_s: float, others_w: float, soc: float) -> float:
        """To the next point of a course, or until the battery is full or empty; a course that moves ends a balance early."""
        if self.idle:
            return inf
        courses = [course for course in (self._household, self._pv) if course]
        until_s = min((course.steady_s(at_s - self._from_s) for course in courses), default=inf)
        cells_w = self.into_cells_w(self.battery_w(others_w, soc))
        if cells_w:
            edge = self.parameters.battery_soc_maximum if cells_w > 0 else self.parameters.battery_soc_minimum
            until_s = min(until_s, (edge - soc) * self.capacity_j() / cells_w)
            if courses and self.inputs.battery_target_w is None:
                until_s = min(until_s, _BALANCE_S)
        return until_s
