"""The grid in front of the station: a source that may play a profile, and a line with R and X."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from harness.plant.course import Course
from harness.plant.inputs import GridInputs, profile_of


@dataclass(frozen=True, slots=True)
class GridParameters:
    """A low-voltage grid. Numbers are our default."""

    resistance_ohm: float = 0.08
    reactance_ohm: float = 0.05
    """Per phase, between the grid source and the station."""
    dead_v: float = 50.0
    """Below this no converter works (when it has to trip above is the station's matter)."""
    voltage_thd_percent: float = 1.2
    """Distortion of the source's own voltage."""
    profile: str = ""
    """File of courses that are played from the start."""


class Grid:
    """Source voltage and frequency at a time, and what is left of the voltage at the station."""

    def __init__(self, parameters: GridParameters) -> None:
        self.parameters = parameters
        self._inputs = GridInputs()
        self._from_s = 0.0
        self._voltage: Course | None = None
        self._frequency: Course | None = None

    def take(self, inputs: GridInputs, now_s: float, anew: bool) -> None:
        """Follow these inputs; `anew`: their profile begins now."""
        self._inputs = inputs
        profile = profile_of("grid", inputs.profile)
        courses = profile.courses if profile else {}
        self._voltage, self._frequency = courses.get("voltage_v"), courses.get("frequency_hz")
        if anew:
            self._from_s = now_s

    def voltage_v(self, at_s: float) -> float:
        """Phase to neutral, RMS."""
        return self._voltage.at(at_s - self._from_s) if self._voltage else self._inputs.voltage_v

    def mean_voltage_v(self, at_s: float, for_s: float) -> float:
        return self._voltage.mean(at_s - self._from_s, for_s) if self._voltage else self._inputs.voltage_v

    def frequency_hz(self, at_s: float) -> float:
        return self._frequency.at(at_s - self._from_s) if self._frequency else self._inputs.frequency_hz

    def steady_s(self, at_s: float) -> float:
        """Until the profile's next point. A voltage that moves while dead is looked at often: converters come back."""
        if not self._voltage:
            return inf
        until_s = self._voltage.steady_s(at_s - self._from_s)
        moving = until_s < inf and self._voltage.at(at_s - self._from_s + until_s / 2) != self.voltage_v(at_s)
        return min(until_s, _LOOK_S) if moving and self.voltage_v(at_s) < 2 * self.parameters.dead_v else until_s

    def station_v(self, source_v: float, active_w: float, reactive_var: float) -> float:
        """Voltage of one phase at the station: the source less the drop along R + jX (first order)."""
        if source_v < 1.0:
            return source_v
        parameters = self.parameters
        return source_v - (parameters.resistance_ohm * active_w + parameters.reactance_ohm * reactive_var) / source_v


_LOOK_S = 0.02
