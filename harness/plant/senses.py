"""What can be sensed of a moment: the values of one instant, as all instruments and devices of the bench would find them."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from harness.plant.moment import Moment
from harness.plant.port import PlantState

if TYPE_CHECKING:
    from harness.plant.plant import Plant

Phases = tuple[float, float, float]


def sense(plant: Plant, moment: Moment) -> PlantState:
    """The state of the plant at its `at_s`."""
    station, books, battery, converter, site = plant.station, moment.books, plant.battery, plant.converter, plant.site
    cells, grid, at_s = moment.cells, plant.grid, plant.at_s
    source_v = grid.voltage_v(at_s)
    dc_a = plant.dc_current_a(moment, source_v)
    station_v = plant.outlet_v(moment, dc_a)
    dc_w = station_v * dc_a
    converter_w = dc_w + plant.station_loss_w(dc_w)
    onboard_a = plant.onboard_phase_a(moment.onboard_a, cells, source_v)
    limit_var = converter.reactive_limit_var(converter_w)
    reactive_var = min(max(station.reactive_var, -limit_var), limit_var) if station.mode == "power" else 0.0
    if onboard_a:
        reactive_var += plant.vehicle.ac_reactive_var
    phase_v, phase_w, phase_a, active_w = _line(plant, source_v, converter_w, reactive_var, onboard_a)
    battery_a = 0.0 if plant.emulator.output else dc_a
    onboard_w = active_w - converter_w
    if onboard_a:
        battery_a += plant.onboard.dc_w(onboard_w) / battery.rest_v(cells)
    others_w = active_w + site.household_w(at_s) - site.pv_w(at_s)
    house_w = 0.0 if site.idle else site.battery_w(others_w, moment.house_soc)
    drawn: Phases = (
        onboard_a,
        onboard_a if plant.onboard_phases > 1 else 0.0,
        onboard_a if plant.onboard_phases > 2 else 0.0,
    )
    sensed_duty = plant.pilot.plugged and station.pilot_on
    current_thd = converter.current_thd_percent(phase_a[0], station.distortion_percent)
    return PlantState(
        at_s=at_s,
        grid_voltage_v=phase_v[0],
        grid_phase_voltage_v=phase_v,
        grid_frequency_hz=grid.frequency_hz(at_s),
        grid_power_w=active_w,
        grid_phase_power_w=phase_w,
        grid_reactive_var=reactive_var,
        grid_phase_current_a=phase_a,
        grid_current_thd_percent=current_thd,
        grid_voltage_thd_percent=grid.parameters.voltage_thd_percent,
        grid_imported_wh=books.imported_j / 3600.0,
        grid_exported_wh=books.exported_j / 3600.0,
        station_voltage_v=station_v,
        station_current_a=dc_a,
        station_imported_wh=books.station_in_j / 3600.0,
        station_exported_wh=books.station_out_j / 3600.0,
        inlet_voltage_v=plant.inlet_v(moment, dc_a),
        onboard_phase_current_a=drawn,
        onboard_power_w=onboard_w if onboard_a else 0.0,
        battery_voltage_v=plant.far_v(moment, dc_a),
        battery_current_a=dc_a if plant.emulator.output else battery_a,
        battery_temperature_c=cells.temperature_c,
        soc=cells.soc,
        station_contactor_closed=station.contactor or station.welded,
        station_phases=station.ac_phases,
        vehicle_contactor_closed=plant.joined,
        plugged=plant.pilot.plugged,
        pilot_state=plant.pilot_state,
        pilot_duty_percent=station.pilot_duty_percent if sensed_duty else None,
        pilot_offer_a=plant.offered_a,
        isolation_ohm=_isolation_ohm(plant),
        battery_maximum_charge_a=battery.maximum_charge_a(cells),
        battery_maximum_discharge_a=battery.maximum_discharge_a(cells),
        battery_trip=plant.trip,
        closing_difference_v=plant.closing_difference_v,
        household_w=site.household_w(at_s),
        pv_w=site.pv_w(at_s),
        house_battery_w=house_w,
        house_battery_soc=moment.house_soc,
        site_power_w=others_w + house_w,
        site_imported_wh=books.site_in_j / 3600.0,
        site_exported_wh=books.site_out_j / 3600.0,
        ems_limit_w=site.inputs.ems_limit_w,
        ems_discharge_limit_w=site.inputs.ems_discharge_limit_w,
        ems_setpoint_w=site.inputs.ems_setpoint_w,
        ems_duration_s=site.inputs.ems_duration_s,
        ems_until_s=site.inputs.ems_until_s,
        ems_then_w=site.inputs.ems_then_w,
        ems_whole_station=site.inputs.ems_whole_station,
        driver_departure_s=plant.driver.departure_s,
        driver_target_soc=plant.driver.target_soc,
        driver_ends=plant.driver.ends,
        driver_priority=plant.driver.priority,
        relays_closed=plant.relay.closed,
        card=plant.reader.card,
    )


def _line(
    plant: Plant, source_v: float, converter_w: float, reactive_var: float, onboard_a: float
) -> tuple[Phases, Phases, Phases, float]:
    """Voltage, active power and RMS current of each phase at the station's grid side, and the power of all."""
    share_w, share_var = converter_w / 3.0, reactive_var / 3.0
    volts, watts, amperes = [], [], []
    for phase in range(3):
        drawn_a = onboard_a if phase < plant.onboard_phases else 0.0
        voltage_v = plant.grid.station_v(source_v, share_w + source_v * drawn_a, share_var)
        active_w = share_w + voltage_v * drawn_a
        volts.append(voltage_v)
        watts.append(active_w)
        amperes.append(sqrt(active_w**2 + share_var**2) / voltage_v if voltage_v > 1.0 else 0.0)
        if not onboard_a:
            return (voltage_v,) * 3, (active_w,) * 3, (amperes[0],) * 3, converter_w
    return (
        (volts[0], volts[1], volts[2]),
        (watts[0], watts[1], watts[2]),
        (amperes[0], amperes[1], amperes[2]),
        sum(watts),
    )


def _isolation_ohm(plant: Plant) -> float:
    station_ohm, vehicle_ohm = plant.parameters.isolation_ohm, plant.vehicle.isolation_ohm
    if vehicle_ohm is None or not plant.pilot.plugged:
        return station_ohm
    return station_ohm * vehicle_ohm / (station_ohm + vehicle_ohm) if vehicle_ohm > 0 else 0.0
