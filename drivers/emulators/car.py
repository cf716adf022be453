"""The power part of the emulated vehicle: battery, contactor, pilot and needs, read from and done to the plant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from drivers.emulators.car_der import GridOrders
from harness.clock import Clock
from harness.exi.declare import Record
from harness.iso15118.order import content_of, name_of
from harness.iso15118.quantities import Limits
from harness.iso15118.services import Energy, energy_of
from harness.iso15118.vehicle import Inlet, Needs
from harness.plant.port import PlantPort

CAR_LIMITS = Limits(
    maximum_charge_power_w=80_000.0,
    maximum_charge_current_a=200.0,
    maximum_voltage_v=460.0,
    minimum_voltage_v=320.0,
    maximum_discharge_power_w=20_000.0,
    maximum_discharge_current_a=60.0,
)
"""A car of the 400 V class that gives back up to 20 kW (our default)."""
AC_LIMITS = Limits(maximum_charge_power_w=11_000.0, maximum_discharge_power_w=11_000.0)
"""Its three-phase on-board charger (our default)."""

CAPACITY_WH = 60_000.0
PHASES = 3
READY_STATES = {"DC_CableCheckReq": "C", "CableCheckReq": "C"}
"""Pilot state before a request leaves: DC needs state C from the cable check on."""


@dataclass(frozen=True, slots=True)
class MobilityNeed:
    """What the driver entered: state of charge at departure, the least that must stay in, and when to leave."""

    target_soc: float = 0.8
    minimum_soc: float = 0.2
    departure_s: float = 36_000.0
    """After plugging in."""


class PlantCar:
    """A `Vehicle` whose battery is the plant's."""

    def __init__(
        self, plant: PlantPort, clock: Clock, limits: Limits = CAR_LIMITS, capacity_wh: float = CAPACITY_WH
    ) -> None:
        self.plant = plant
        self.clock = clock
        self.most = limits
        self.in_ac = False
        """Whether the session's energy goes through the on-board charger."""
        self.grid_orders = GridOrders()
        self.capacity_wh = capacity_wh
        self.need = MobilityNeed()
        self.plugged_at_s = clock.now_s()

    @property
    def limits(self) -> Limits:
        """The car's limits, tapered by what the battery management allows now."""
        if not self.most.maximum_voltage_v:
            return self.most
        if self.in_ac:
            back_w = min(AC_LIMITS.maximum_discharge_power_w, self.most.maximum_discharge_power_w)
            return replace(AC_LIMITS, maximum_discharge_power_w=back_w)
        state = self.plant.state
        charge_a = min(self.most.maximum_charge_current_a, state.battery_maximum_charge_a)
        back_a = min(self.most.maximum_discharge_current_a, state.battery_maximum_discharge_a)
        voltage_v = state.battery_voltage_v
        return replace(
            self.most,
            maximum_charge_current_a=round(charge_a, 1),
            maximum_charge_power_w=round(min(self.most.maximum_charge_power_w, charge_a * voltage_v)),
            maximum_discharge_current_a=round(back_a, 1),
            maximum_discharge_power_w=round(min(self.most.maximum_discharge_power_w, back_a * voltage_v)),
        )

    @property
    def battery_voltage_v(self) -> float:
        return self.plant.state.battery_voltage_v

    @property
    def soc(self) -> float:
        return self.plant.state.soc

    @property
    def wish(self) -> MobilityNeed:
        """The driver's need, with what the driver has changed since plugging in."""
        state, need = self.plant.state, self.need
        departure_s, target_soc = state.driver_departure_s, state.driver_target_soc
        return MobilityNeed(
            need.target_soc if target_soc is None else target_soc,
            need.minimum_soc,
            need.departure_s if departure_s is None else departure_s,
        )

    @property
    def leaves_in_s(self) -> float:
        """Until the driver wants to leave; 0 when that time has come."""
        return max(0.0, self.plugged_at_s + self.wish.departure_s - self.clock.now_s())

    def needs(self) -> Needs:
        soc, need = self.soc, self.wish
        return Needs(
            departure_s=round(self.leaves_in_s),
            target_energy_wh=round((need.target_soc - soc) * self.capacity_wh),
            maximum_energy_wh=round((1.0 - soc) * self.capacity_wh),
            minimum_energy_wh=round((need.minimum_soc - soc) * self.capacity_wh),
            target_soc_percent=round(need.target_soc * 100),
            minimum_soc_percent=round(need.minimum_soc * 100),
        )

    def inlet(self) -> Inlet:
        state = self.plant.state
        power_w = state.inlet_voltage_v * state.battery_current_a
        reactive_var = state.grid_reactive_var if self.in_ac else 0.0
        return Inlet(state.inlet_voltage_v, state.battery_current_a, power_w, reactive_var, state.soc)

    def target(self) -> tuple[float, float]:
        limits = self.limits
        return limits.maximum_charge_current_a, limits.maximum_voltage_v

    def sending(self, request: Record) -> None:
        name, content = name_of(request), content_of(request)
        if name == "ServiceSelectionReq":
            chosen = energy_of(content.selected_energy_transfer_service.service_id)
            self.in_ac = chosen is Energy.AC
        elif name == "ChargeParameterDiscoveryReq":
            self.in_ac = str(content.requested_energy_transfer_mode).startswith("AC")
        elif name in READY_STATES:
            self.plant.command(pilot_state=READY_STATES[name])
        elif name == "PowerDeliveryReq" and content.charge_progress == "Start":
            self.plant.command(contactor=True)

    def received(self, request: Record, response: Record) -> None:
        name, code = name_of(request), str(content_of(response).response_code)
        self.grid_orders.take(request, response)
        if code.startswith("FAILED"):
            self.release()
        elif name == "ServiceDiscoveryReq":
            self._offered(content_of(response))
        elif name == "PowerDeliveryReq":
            self._powered(str(content_of(request).charge_progress))
        elif name == "AC_ChargeLoopReq":
            self._follow(getattr(response.__dict__["control_mode"], "evse_target_active_power", None))
        elif name == "ChargingStatusReq":
            allowed = content_of(response).evse_max_current
            self._follow(None if allowed is None else float(allowed) * PHASES * self.plant.state.grid_voltage_v)

    def release(self) -> None:
        """No current, contactor open, pilot back to B."""
        self.plant.command(ac_current_a=0.0, ac_reactive_var=0.0, contactor=False, pilot_state="B")

    def _offered(self, answer: Any) -> None:
        """Where ISO 15118-2 offers alternating current alone that is what the car prepares for."""
        service = getattr(answer, "charge_service", None)
        modes = service.supported_energy_transfer_mode.energy_transfer_mode if service else ()
        if modes and all(str(mode).startswith("AC") for mode in modes):
            self.in_ac = True

    def _powered(self, progress: str) -> None:
        if progress == "Start":
            self.plant.command(pilot_state="C")
        elif progress == "Stop":
            self.release()
        elif progress == "Renegotiate" and not self.in_ac:
            self.plant.command(contactor=False)  # ISO 15118-2: the cable is checked again

    def _follow(self, target: Any) -> None:
        """Let the on-board charger follow the station's target (W), or its own maximum where none is stated."""
        limits = self.limits
        wanted_w = limits.maximum_charge_power_w if target is None else float(target)
        power_w = min(max(wanted_w, -limits.maximum_discharge_power_w), limits.maximum_charge_power_w)
        voltage_v = self.plant.state.grid_voltage_v
        power_w = self.grid_orders.shaped_w(power_w, limits.maximum_discharge_power_w, voltage_v)
        self.plant.command(
            ac_current_a=power_w / (PHASES * voltage_v),
            ac_reactive_var=self.grid_orders.reactive_var(power_w, voltage_v),
        )
