"""What the meaning of charging profiles depends on, apart from themselves: time, link, meter, energy manager."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadBalancing:
    """V2XChargingCtrlr.LocalLoadBalancing[...], in W."""

    upper_threshold_w: float
    lower_threshold_w: float
    upper_offset_w: float
    lower_offset_w: float

    def delta_w(self, load_w: float) -> float:
        """By how much the setpoint has to move (Q09.FR.03, Q09.FR.04)."""
        if load_w > self.upper_threshold_w:
            return self.upper_threshold_w + self.upper_offset_w - load_w
        if load_w < self.lower_threshold_w:
            return self.lower_threshold_w + self.lower_offset_w - load_w
        return 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a profile's meaning depends on, apart from itself."""

    now_s: float
    evse_id: int
    transaction_id: str | None = None
    transfer_started_s: float | None = None
    """When energy transfer began: second zero of a Relative profile."""
    offline_since_s: float | None = None
    priority_charging: bool = False
    soc_percent: float | None = None
    """Of the vehicle, where it is told."""
    frequency_hz: float = 50.0
    power_w: float = 0.0
    """Present power of the EVSE."""
    building_load_w: float | None = None
    """Import of the site at its meter, EVSE included."""
    afrr_signal: int | None = None
    ems_setpoint_w: float | None = None
    ems_limit_w: float | None = None
    ems_discharge_limit_w: float | None = None
    setpoint_priority: str = "ExternalControl"
    """SmartChargingCtrlr.SetpointPriority: ExternalControl or CSMS (Q06.FR.20 to 22)."""
    load_balancing: LoadBalancing | None = None
