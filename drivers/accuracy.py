"""Uncertainty by the data sheet's formula: a percentage of the reading plus a percentage of the range."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from drivers.wire import Options


class Accuracy(Options):
    """Bounds of the deviation as a data sheet states them; `source` is printed beside the result.

    The default numbers are ours and deliberately wide: put the data sheet's, or the calibration certificate's, into the
    lab file.
    """

    percent_of_reading: float = 0.1
    percent_of_range: float = 0.05
    source: str = "our default"

    def expanded(self, reading: float | None, full_scale: float) -> float:
        """Expanded uncertainty (k = 2): the bounds taken as uniform, so 2 / sqrt(3) of their sum."""
        if reading is None:
            return 0.0
        bound = abs(reading) * self.percent_of_reading / 100 + abs(full_scale) * self.percent_of_range / 100
        return bound * 2 / sqrt(3)


class AnalyserAccuracy(Options):
    """Accuracies of an analyser, and the ranges from which they are reckoned while it ranges by itself."""

    voltage_range_v: float = 600.0
    current_range_a: float = 50.0
    power: Accuracy = Accuracy()
    voltage: Accuracy = Accuracy()
    current: Accuracy = Accuracy()

    def ranges(self, voltage_range_v: float | None, current_range_a: float | None) -> tuple[float, float]:
        """Ranges in force: those that were set, or the assumed ones."""
        return voltage_range_v or self.voltage_range_v, current_range_a or self.current_range_a

    def of(self, reading: Mapping[str, float | None], ranges: tuple[float, float], phases: int) -> dict[str, float]:
        """Expanded uncertainty of each quantity that has a value."""
        voltage_v, current_a = ranges
        full_w = voltage_v * current_a
        bounds = {
            "active_w": (self.power, full_w * phases),
            "reactive_var": (self.power, full_w * phases),
            "voltage_v": (self.voltage, voltage_v),
            "current_a": (self.current, current_a),
            "dc_voltage_v": (self.voltage, voltage_v),
            "dc_current_a": (self.current, current_a),
            "dc_power_w": (self.power, full_w),
        }
        return {
            name: accuracy.expanded(reading[name], full_scale)
            for name, (accuracy, full_scale) in bounds.items()
            if reading.get(name) is not None
        }
