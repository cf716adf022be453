"""What an instrument makes of a true value: gain and offset of its own, noise, steps. Seeded, so repeatable."""

from __future__ import annotations

from random import Random


class Sensor:
    """One measuring channel. `error_percent` and `range_percent` bound its deviation (uniform, fixed for its life)."""

    def __init__(self, seed: object, error_percent: float, range_percent: float, noise_percent: float = 0.0) -> None:
        self._random = Random(str(seed))
        self._gain = 1.0 + self._random.uniform(-error_percent, error_percent) / 100.0
        self._offset = self._random.uniform(-range_percent, range_percent) / 100.0
        self._noise = noise_percent / 100.0

    def read(self, true: float, full_scale: float, step: float = 0.0) -> float:
        """The value shown for `true` in a measuring range; `step` is the display's resolution."""
        shown = true * self._gain + full_scale * (self._offset + self._random.gauss(0.0, self._noise))
        return round(shown / step) * step if step else shown
