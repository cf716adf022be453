"""A car and a charger without physics, for cases that are about words and not about watts.

Both do at once what is asked of them. Benches with a plant behind use the emulators' instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.exi.declare import Record
from harness.iso15118.order import name_of
from harness.iso15118.quantities import Limits
from harness.iso15118.station import Demand, Grant, Outlet, Reading
from harness.iso15118.vehicle import Inlet, Needs

DC_CAR = Limits(
    maximum_charge_power_w=80_000.0,
    maximum_charge_current_a=200.0,
    maximum_voltage_v=450.0,
    minimum_voltage_v=250.0,
    maximum_discharge_power_w=20_000.0,
    maximum_discharge_current_a=50.0,
)
DC_CHARGER = Limits(
    maximum_charge_power_w=60_000.0,
    maximum_charge_current_a=150.0,
    maximum_voltage_v=500.0,
    minimum_voltage_v=150.0,
    maximum_discharge_power_w=30_000.0,
    maximum_discharge_current_a=75.0,
)


@dataclass
class IdealVehicle:
    """Follows whatever it is granted; its battery never changes unless a test changes it."""

    limits: Limits = DC_CAR
    battery_voltage_v: float = 380.0
    stated: Needs = field(default_factory=lambda: Needs(36_000, 20_000.0, 40_000.0, -10_000.0))
    measured: Inlet = field(default_factory=Inlet)
    asked: tuple[float, float] = (100.0, 420.0)
    pilot: str = "B"

    def needs(self) -> Needs:
        return self.stated

    def inlet(self) -> Inlet:
        return self.measured

    def target(self) -> tuple[float, float]:
        return self.asked

    def sending(self, request: Record) -> None:
        if name_of(request) in ("DC_CableCheckReq", "AC_ChargeLoopReq"):
            self.pilot = "C"

    def received(self, request: Record, response: Record) -> None: ...


@dataclass
class IdealStation:
    """Grants `target_power_w` within both sides' limits; every wait is over at once."""

    limits: Limits = DC_CHARGER
    target_power_w: float = 10_000.0
    granted: bool | None = True
    vehicle_ready: bool = True
    isolation: bool | None = True
    energised: bool = False
    voltage_v: float = 0.0
    power_w: float = 0.0
    reading: Reading | None = field(default_factory=lambda: Reading("PFT-METER-1", 0.0))
    contactor_stuck: bool = False

    def authorized(self) -> bool | None:
        return self.granted

    def cable_check(self) -> bool | None:
        return self.isolation

    def pre_charge(self, voltage_v: float) -> None:
        self.voltage_v = min(voltage_v, self.limits.maximum_voltage_v)

    def energise(self, on: bool) -> bool:
        if self.contactor_stuck and on != self.energised:
            return False
        self.energised = on
        if not on:
            self.power_w = self.voltage_v = 0.0
        return True

    def emergency_off(self) -> None:
        self.energised = False
        self.power_w = self.voltage_v = 0.0

    def deliver(self, demand: Demand) -> Grant:
        mine, theirs = self.limits, demand.limits
        most_w = min(mine.maximum_charge_power_w, theirs.maximum_charge_power_w)
        back_w = min(mine.maximum_discharge_power_w, theirs.maximum_discharge_power_w)
        if demand.target_current_a is not None and demand.target_voltage_v is not None:
            wanted_w = demand.target_current_a * (self.voltage_v or demand.target_voltage_v)
        else:
            wanted_w = self.target_power_w
        self.power_w = max(-back_w, min(most_w, wanted_w))
        return Grant(self.power_w, power_limited=self.power_w != wanted_w)

    def outlet(self) -> Outlet:
        return Outlet(self.voltage_v, self.power_w / self.voltage_v if self.voltage_v else 0.0, self.power_w)

    def meter(self) -> Reading | None:
        return self.reading
