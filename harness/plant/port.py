"""What every emulator sees of the plant: the state it can sense, and the inputs that it owns.

The plant itself (one step function) may live in the same process (`LocalPlant`, virtual time) or in a process of its
own (`PlantClient` over a local socket, wire time). An emulator cannot tell.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec


class PlantState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What can be sensed, true values without instrument noise. Positive power flows from grid to vehicle."""

    at_s: float = 0.0
    grid_voltage_v: float = 230.0
    """Phase 1 at the station, phase to neutral."""
    grid_phase_voltage_v: tuple[float, float, float] = (230.0, 230.0, 230.0)
    grid_frequency_hz: float = 50.0
    grid_power_w: float = 0.0
    """AC side of the station, sum of phases, standby included."""
    grid_phase_power_w: tuple[float, float, float] = (0.0, 0.0, 0.0)
    grid_reactive_var: float = 0.0
    grid_phase_current_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """RMS of the fundamental, without sign."""
    grid_current_thd_percent: float = 0.0
    grid_voltage_thd_percent: float = 0.0
    grid_imported_wh: float = 0.0
    grid_exported_wh: float = 0.0
    station_voltage_v: float = 0.0
    """DC terminals of the station."""
    station_current_a: float = 0.0
    station_imported_wh: float = 0.0
    """Energy into the vehicle through the station's outlet, DC or AC."""
    station_exported_wh: float = 0.0
    inlet_voltage_v: float = 0.0
    """DC."""
    onboard_phase_current_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """What the on-board charger draws from i1, i2, i3; negative gives back."""
    onboard_power_w: float = 0.0
    battery_voltage_v: float = 0.0
    battery_current_a: float = 0.0
    battery_temperature_c: float = 25.0
    soc: float = 0.5
    """State of charge, 0 to 1."""
    station_contactor_closed: bool = False
    station_phases: int = 3
    """How many phases an AC station has switched through, live where its contactor is closed."""
    vehicle_contactor_closed: bool = False
    plugged: bool = False
    pilot_state: str = "A"
    """A to F as on the control pilot."""
    pilot_duty_percent: float | None = None
    """None: steady pilot."""
    pilot_offer_a: float = 0.0
    """Current per phase that the duty cycle offers; 0 for none, and for digital communication."""
    isolation_ohm: float = 2_000_000.0
    """Between the DC lines and earth, as an isolation monitor of the station would measure it."""
    battery_maximum_charge_a: float = 0.0
    """What the battery management allows at this moment, taper included; the vehicle should ask for no more."""
    battery_maximum_discharge_a: float = 0.0
    battery_trip: str = ""
    """Why the battery management has opened its contactor: "overvoltage", "undervoltage", "overcurrent",
    "overtemperature"."""
    closing_difference_v: float = 0.0
    """Voltage across the vehicle's contactor when it closed last: what pre-charge is for."""
    household_w: float = 0.0
    pv_w: float = 0.0
    """Fed in, counted positive."""
    house_battery_w: float = 0.0
    """Stationary battery, positive charges."""
    house_battery_soc: float = 0.5
    site_power_w: float = 0.0
    """At the connection point: station, household, photovoltaics and stationary battery."""
    site_imported_wh: float = 0.0
    site_exported_wh: float = 0.0
    ems_limit_w: float | None = None
    """What the site's energy manager tells the charging station at the moment, as are the next six."""
    ems_discharge_limit_w: float | None = None
    ems_setpoint_w: float | None = None
    ems_duration_s: float | None = None
    ems_until_s: float | None = None
    ems_then_w: float | None = None
    ems_whole_station: bool = False
    driver_departure_s: float | None = None
    """What the driver has changed since plugging in; None: nothing. After plugging in, as the target counts then."""
    driver_target_soc: float | None = None
    driver_ends: bool = False
    driver_priority: bool = False
    relays_closed: str = ""
    """Contacts of the bench's relay box, contact 1 first, 1 is closed."""
    card: str = ""
    """UID of the card before the station's reader."""


class PlantPort(Protocol):
    """One owner's connection to the plant. Inputs of an owner whose process dies fall back to their safe defaults."""

    @property
    def state(self) -> PlantState:
        """The latest state; in virtual time stepped up to now, on a wire at most 20 ms old."""
        ...

    def command(self, **inputs: float | bool | str | None) -> None:
        """Set inputs that this owner has; an unknown name raises ValueError naming the nearest.

        Owner `station`: mode ("off", "isolation", "precharge", "power"), target_voltage_v, target_current_a,
        target_power_w (the converter follows power within voltage and current targets as limits, with its ramp and
        dead time), contactor, pilot_duty_percent, pilot_on, reactive_var, distortion_percent, more_loss_w, ac_phases,
        welded.
        Owner `vehicle`: contactor, pilot_state ("A".."F": what the car's resistors ask for), maximum_charge_a,
        maximum_discharge_a; on-board charger for AC: ac_follows_pilot, ac_current_a, ac_reactive_var, ac_phases,
        ac_maximum_a; arrives_soc, isolation_ohm, welded.
        Owner `pilot`: plugged, pilot_state.
        Owner `grid`: voltage_v, frequency_hz, profile.
        Owner `site`: household_w, pv_w, battery_target_w, profile, ems_limit_w, ems_discharge_limit_w,
        ems_setpoint_w, ems_duration_s, ems_until_s, ems_then_w,
        ems_whole_station.
        Owner `driver`: departure_s, target_soc, ends, priority.
        Owner `battery_emulator`: output, voltage_v, source_limit_a, sink_limit_a (stands in for the battery).
        Owner `relay`: closed.
        Owner `reader`: card.
        Owner `observer`: nothing; there may be many.
        Defaults and units of all of them: harness/plant/inputs.py.
        """
        ...

    def changed(self) -> asyncio.Future[None]:
        """Done when an owner may have changed its inputs since this call. Take it before looking at the state."""
        ...

    def close(self) -> None:
        """Let go: this owner's inputs fall back to their safe defaults."""
        ...
