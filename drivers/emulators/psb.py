"""The inside of an emulated EA PSB, shared by its SCPI and its Modbus face: set values, output, what it measures."""

from __future__ import annotations

from drivers.emulators.noise import Sensor
from drivers.emulators.process import Request


class PsbCore:
    """A 1000 V, 80 A, 30 kW class device that stands in for the battery in the plant. Ratings are options."""

    def __init__(self, request: Request) -> None:
        self.plant = request.plant
        self.nominal_v = float(request.option("nominal_v", 1000.0))
        self.nominal_a = float(request.option("nominal_a", 80.0))
        self.nominal_w = float(request.option("nominal_w", 30_000.0))
        self.watchdog_s: float | None = request.option("watchdog_s", None)
        """Without a command for this long the output goes off, as set at the front panel; None: not armed."""
        self.locked = False
        self.on = False
        self.set_v = 0.0
        self.source_a, self.source_w = self.nominal_a, self.nominal_w
        self.sink_a, self.sink_w = self.nominal_a, self.nominal_w
        self.protection_v = self.nominal_v * 1.1
        self.voltage_alarms = 0
        self.stuck = False
        """Seeded defect: the relay does not open."""
        self._heard_s = 0.0
        self._volts = Sensor((request.seed, "U"), 0.05, 0.02, 0.003)
        self._amperes = Sensor((request.seed, "I"), 0.08, 0.02, 0.003)

    def heard(self, now_s: float) -> None:
        self._heard_s = now_s

    def watchdog_due_s(self) -> float | None:
        return self._heard_s + self.watchdog_s if self.watchdog_s and self.on else None

    def expire(self, now_s: float) -> None:
        due_s = self.watchdog_due_s()
        if due_s is not None and now_s >= due_s - 1e-9:
            self.switch(False)

    def switch(self, on: bool) -> None:
        self.on = on
        self.apply()

    def _protect(self) -> None:
        """Over-voltage protection: an output above it goes off, and the alarm is counted."""
        if self.on and self.set_v > self.protection_v:
            self.on = False
            self.voltage_alarms += 1

    def apply(self) -> None:
        """Tell the plant; power limits become current limits at the set voltage."""
        self._protect()
        volts = max(self.set_v, 1.0)
        self.plant.command(
            output=self.on or self.stuck,
            voltage_v=self.set_v,
            source_limit_a=min(self.source_a, self.source_w / volts),
            sink_limit_a=min(self.sink_a, self.sink_w / volts),
        )

    def measured(self) -> tuple[float, float]:
        """Voltage at the terminals and current out of the device, as its display shows them."""
        state = self.plant.state
        live = self.on or self.stuck
        volts = state.battery_voltage_v if live else state.inlet_voltage_v
        amperes = -state.battery_current_a if live else 0.0
        return (
            self._volts.read(volts, self.nominal_v, self.nominal_v / 50_000),
            self._amperes.read(amperes, self.nominal_a, self.nominal_a / 8_000),
        )
