"""A grid code as a data file: functions that a device claims, each number with the mark of its source.

A plain number is our default. One from elsewhere is written `{value: 50.2, source: published, reference: "..."}`. Signs
as everywhere: positive power is drawn from the grid, positive reactive power too (under-excited).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import yaml

from harness.limits import Setting, Tolerance
from harness.verdict import Limit, Source


def _setting(given: Any) -> Setting:
    """A number with its mark; raises ValueError for one from elsewhere that does not say from where."""
    if isinstance(given, Setting):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Setting(given)
    if not isinstance(given, dict) or not {"value", "source"} <= set(given) <= {"value", "source", "reference"}:
        raise ValueError("expected a number, or {value, source, reference}")
    source, reference = Source(given["source"]), str(given.get("reference", ""))
    if source is not Source.OURS and not reference:
        raise ValueError(f"a number marked {source.value!r} must name its reference")
    return Setting(float(given["value"]), source, reference)


Number = Annotated[Setting, pydantic.BeforeValidator(_setting)]
Points = tuple[tuple[float, float], ...]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Droop(_Part):
    """Active power by frequency: from `start_hz` on, the rated power is taken back or given within the droop."""

    start_hz: Number
    droop_percent: Number
    """Part of the nominal frequency over which the power moves by the rated power."""


class ReactiveByVoltage(_Part):
    """Q(U): points of (voltage in percent of nominal, reactive power in percent of rated power)."""

    points: Points
    source: Source = Source.OURS
    reference: str = ""


class PowerFactorByPower(_Part):
    """cos phi (P) while feeding in: points of (active power in percent of rated, cos phi), under-excited."""

    points: Points
    source: Source = Source.OURS
    reference: str = ""


class ActiveByVoltage(_Part):
    """P(U): points of (voltage in percent of nominal, most active power in percent of rated power)."""

    feeding_in: Points | None = None
    drawing: Points | None = None
    source: Source = Source.OURS
    reference: str = ""


class RideThrough(_Part):
    """A dip or a swell that the device has to bear: voltage in percent of nominal, and for how long."""

    voltage_percent: Number
    for_s: Number


class Window(_Part):
    """A device stays on for `ride_s` outside, and is off after `trip_s`. Bounds in percent of nominal, or in Hz."""

    quantity: Literal["voltage_percent", "frequency_hz"]
    below: float | None = None
    above: float | None = None
    ride_s: Number
    trip_s: Number

    def holds(self, value: float) -> bool:
        """True outside of normal operation."""
        return (self.below is not None and value < self.below) or (self.above is not None and value > self.above)


class Reconnection(_Part):
    """After a disconnection: how long the grid must be good, and how fast power comes back."""

    voltage_percent: tuple[float, float]
    frequency_hz: tuple[float, float]
    wait_s: Number
    ramp_percent_per_min: Number
    """Of rated power."""


class GridCode(_Part):
    """What the device is set to. A function that is left out is not claimed by it."""

    name: str
    source: str
    nominal_v: float = 230.0
    nominal_hz: float = 50.0
    over_frequency: Droop | None = None
    under_frequency: Droop | None = None
    reactive_by_voltage: ReactiveByVoltage | None = None
    power_factor_by_power: PowerFactorByPower | None = None
    active_by_voltage: ActiveByVoltage | None = None
    windows: tuple[Window, ...] = ()
    ride_through: tuple[RideThrough, ...] = ()
    reconnection: Reconnection | None = None
    rocof_hz_per_s: Number | None = None
    """Rate of change of frequency that the device has to ride through."""
    response_s: Number = Setting(10.0)
    """Until a function has settled after a step of its input."""
    power_tolerance_percent: Number = Setting(3.0)
    """Of rated power."""
    reactive_tolerance_percent: Number = Setting(4.0)

    @pydantic.model_validator(mode="after")
    def _rides_within_its_windows(self) -> GridCode:
        for point in self.ride_through:
            for window in self.outside(self.nominal_v * point.voltage_percent / 100, self.nominal_hz):
                if point.for_s > window.ride_s:
                    raise ValueError(
                        f"ride_through: {point.voltage_percent:g} % for {point.for_s:g} s contradicts windows, "
                        f"which let it leave after {window.ride_s:g} s"
                    )
        return self

    @property
    def dips(self) -> tuple[RideThrough, ...]:
        return tuple(point for point in self.ride_through if point.voltage_percent < 100)

    @property
    def swells(self) -> tuple[RideThrough, ...]:
        return tuple(point for point in self.ride_through if point.voltage_percent > 100)

    def limited_w(self, power_w: float, voltage_v: float, rated_w: float) -> float:
        """Active power as P(U) allows it at a voltage."""
        curve = self.active_by_voltage
        points = (curve.feeding_in if power_w < 0 else curve.drawing) if curve else None
        if not points:
            return power_w
        most_w = along(points, 100 * voltage_v / self.nominal_v) / 100 * rated_w
        return min(max(power_w, -most_w), most_w)

    def active_w(self, setpoint_w: float, frequency_hz: float, rated_w: float) -> float:
        """Active power at a frequency, for a device that both draws and gives power."""
        shift_w = 0.0
        for droop, sign in ((self.over_frequency, 1.0), (self.under_frequency, -1.0)):
            beyond_hz = sign * (frequency_hz - droop.start_hz) if droop else 0.0
            if droop and beyond_hz > 0:
                shift_w += sign * rated_w * beyond_hz / (self.nominal_hz * droop.droop_percent / 100)
        return min(max(setpoint_w + shift_w, -rated_w), rated_w) if shift_w else setpoint_w

    def reactive_var(self, active_w: float, voltage_v: float, rated_w: float) -> float:
        """Q(U); where that asks for nothing, cos phi (P)."""
        if self.reactive_by_voltage:
            percent = along(self.reactive_by_voltage.points, 100 * voltage_v / self.nominal_v)
            if percent:
                return percent / 100 * rated_w
        if self.power_factor_by_power and active_w < 0:
            factor = along(self.power_factor_by_power.points, -100 * active_w / rated_w)
            return -active_w * sqrt(1 / factor**2 - 1)
        return 0.0

    def outside(self, voltage_v: float, frequency_hz: float) -> list[Window]:
        values = {"voltage_percent": 100 * voltage_v / self.nominal_v, "frequency_hz": frequency_hz}
        return [window for window in self.windows if window.holds(values[window.quantity])]

    def may_reconnect(self, voltage_v: float, frequency_hz: float) -> bool:
        if not self.reconnection:
            return not self.outside(voltage_v, frequency_hz)
        low, high = self.reconnection.voltage_percent
        lowest_hz, highest_hz = self.reconnection.frequency_hz
        return low <= 100 * voltage_v / self.nominal_v <= high and lowest_hz <= frequency_hz <= highest_hz

    def power_band(self, rated_w: float) -> Tolerance:
        return _band(self.power_tolerance_percent, rated_w)

    def reactive_band(self, rated_w: float) -> Tolerance:
        return _band(self.reactive_tolerance_percent, rated_w)


def along(points: Sequence[tuple[float, float]], at: float) -> float:
    """Value of a characteristic, held beyond its ends."""
    for (left, low), (right, high) in zip(points, points[1:], strict=False):
        if at <= right:
            return low if at <= left else low + (high - low) * (at - left) / (right - left)
    return points[-1][1]


def mark_of(number: Setting) -> Limit:
    """Source and reference of a number, for an expectation's limit."""
    return Limit(source=number.source, reference=number.reference)


def load_grid_code(path: str | Path) -> GridCode:
    """Raises ValueError that names the file, the key and what is wrong."""
    try:
        return GridCode.model_validate(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    except pydantic.ValidationError as refused:
        lines = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.errors()]
        raise ValueError(f"grid code {path}: {'; '.join(lines)}") from None
    except (OSError, yaml.YAMLError) as problem:
        raise ValueError(f"grid code {path}: {problem}") from None


def _band(percent: Setting, rated: float) -> Tolerance:
    return Tolerance(0.0, percent / 100 * rated, percent.source, percent.reference)
