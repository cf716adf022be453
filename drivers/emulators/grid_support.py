"""The grid functions of the emulated charger: what it does by itself when voltage or frequency are not nominal.

Its settings are a grid-code file (harness/grid_code.py). Without one it has no grid functions.
"""

from __future__ import annotations

from math import inf

from harness.grid_code import GridCode
from harness.plant.port import PlantPort

RATED_W = 22_000.0
"""As the plant's converter (our default)."""


class GridSupport:
    """Called once a control period; what defects change are its public attributes."""

    def __init__(self, plant: PlantPort, code: GridCode | None) -> None:
        self.plant = plant
        self.code = code
        self.off = False
        """Disconnected by the interface protection."""
        self.droop_share = 1.0
        self.reactive_share = 1.0
        self.patience_share = 0.6
        """Where between riding through and tripping the protection acts."""
        self.trips = True
        self.wait_share = 1.0
        self.ramps_back = True
        self.most_hz_per_s = inf
        """A faster change of frequency trips it."""
        self.voltage_share = 1.0
        """How much of P(U) is done."""
        self.borne_percent = (0.0, inf)
        """A voltage beyond these trips it at once."""
        self._last: tuple[float, float] | None = None
        self._outside_s: float | None = None
        self._good_s: float | None = None
        self._back_s: float | None = None

    def shaped_w(self, wanted_w: float, now_s: float) -> float:
        """The power to aim at, at the grid side."""
        if self.code is None:
            return wanted_w
        state = self.plant.state
        voltage_v, frequency_hz = state.grid_voltage_v, state.grid_frequency_hz
        self._protect(self.code, voltage_v, frequency_hz, now_s)
        if self.off:
            return 0.0
        shifted_w = self.code.active_w(wanted_w, frequency_hz, RATED_W)
        power_w = wanted_w + self.droop_share * (shifted_w - wanted_w) if wanted_w else 0.0
        power_w += self.voltage_share * (self.code.limited_w(power_w, voltage_v, RATED_W) - power_w)
        self.plant.command(
            reactive_var=self.reactive_share * self.code.reactive_var(state.grid_power_w, voltage_v, RATED_W)
        )
        return self._within_ramp(self.code, power_w, now_s)

    def _protect(self, code: GridCode, voltage_v: float, frequency_hz: float, now_s: float) -> None:
        if self._last and now_s > self._last[0]:
            rate = abs(frequency_hz - self._last[1]) / (now_s - self._last[0])
            if rate > self.most_hz_per_s:
                self.off, self._good_s = True, None
        self._last = (now_s, frequency_hz)
        lowest, highest = self.borne_percent
        if not lowest <= 100 * voltage_v / code.nominal_v <= highest:
            self.off, self._good_s = True, None
        outside = code.outside(voltage_v, frequency_hz)
        if not outside:
            self._outside_s = None
        elif self._outside_s is None:
            self._outside_s = now_s
        elif self.trips and not self.off:
            window = min(outside, key=lambda one: one.trip_s)
            patience_s = window.ride_s + self.patience_share * (window.trip_s - window.ride_s)
            if now_s - self._outside_s >= patience_s:
                self.off, self._good_s = True, None
        if self.off:
            self._come_back(code, voltage_v, frequency_hz, now_s)

    def _come_back(self, code: GridCode, voltage_v: float, frequency_hz: float, now_s: float) -> None:
        if not code.may_reconnect(voltage_v, frequency_hz):
            self._good_s = None
        elif self._good_s is None:
            self._good_s = now_s
        wait_s = self.wait_share * code.reconnection.wait_s if code.reconnection else 0.0
        if self._good_s is not None and now_s - self._good_s >= wait_s:
            self.off, self._back_s = False, now_s

    def _within_ramp(self, code: GridCode, power_w: float, now_s: float) -> float:
        if self._back_s is None or not code.reconnection or not self.ramps_back:
            return power_w
        most_w = RATED_W * code.reconnection.ramp_percent_per_min / 100 * (now_s - self._back_s) / 60
        if most_w >= abs(power_w):
            self._back_s = None
        return min(max(power_w, -most_w), most_w)
