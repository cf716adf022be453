"""Uncertainty by the data sheet's formula: a percentage of the reading plus a percentage of the range."""

from __future__ import annotations

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
