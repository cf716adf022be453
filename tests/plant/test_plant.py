"""The plant's physics: energy, ramps, dead time, limits, contactors, pre-charge, trips."""

from __future__ import annotations

import time
from random import Random

import pytest

from harness.plant.battery import Battery, BatteryParameters, Cells
from harness.plant.converter import ConverterParameters
from harness.plant.plant import Plant, PlantParameters


def charging_plant(power_w: float = 10_000.0, **station: float) -> Plant:
    plant = Plant()
    plant.command("pilot", {"plugged": True})
    plant.command("station", {"mode": "precharge", "target_voltage_v": 398.0, "contactor": True})
    plant.advance(2.0)
    plant.command("vehicle", {"contactor": True, "pilot_state": "C"})
    plant.command("station", {"mode": "power", "target_voltage_v": 460.0, "target_power_w": power_w, **station})
    return plant


def imbalance(plant: Plant, stored_before_j: float) -> float:
    books = plant.books
    kept_j = plant.stored_j - stored_before_j + books.emulator_j
    moved_j = books.imported_j + books.exported_j
    return abs(books.grid_j - books.lost_j - kept_j) / max(moved_j, 1.0)


def test_energy_is_conserved_through_a_random_day_of_commands():
    random, plant = Random(7), Plant()
    stored_j = plant.stored_j
    for _ in range(2000):
        owner, values = random.choice(
            [
                ("pilot", {"plugged": random.random() < 0.9}),
                ("vehicle", {"contactor": random.random() < 0.9, "pilot_state": "C"}),
                ("vehicle", {"ac_current_a": random.uniform(-16, 16)}),
                ("station", {"mode": random.choice(["off", "precharge", "power", "power", "power"])}),
                ("station", {"target_power_w": random.uniform(-22e3, 22e3), "target_voltage_v": 450.0}),
                ("station", {"contactor": random.random() < 0.9}),
                ("battery_emulator", {"output": random.random() < 0.2, "voltage_v": 400.0, "sink_limit_a": 20.0}),
            ]
        )
        plant.command(owner, values)
        plant.advance(plant.at_s + random.expovariate(1 / 20))
    assert plant.books.imported_j > 1e6
    assert plant.books.exported_j > 1e6
    assert imbalance(plant, stored_j) < 1e-6


def test_the_battery_closes_its_own_books_for_any_step():
    for step_s in (0.01, 1.0, 300.0):
        battery = Battery(BatteryParameters())
        cells, terminal_j, heat_j = battery.fresh, 0.0, 0.0
        before_j = battery.stored_j(cells)
        for _ in range(20):
            for current_a in (80.0, -120.0, 0.0):
                cells, into_j, lost_j = battery.carry(cells, current_a, step_s)
                terminal_j += into_j
                heat_j += lost_j
        kept_j = battery.stored_j(cells) - before_j
        assert terminal_j - heat_j == pytest.approx(kept_j, abs=1e-6 * abs(terminal_j) + 1e-6)
        assert heat_j > 0


def test_long_and_short_steps_agree_on_an_hour():
    short, long = charging_plant(-8000.0), charging_plant(-8000.0)
    long.advance(3600.0)
    for second in range(3, 3601):
        short.advance(float(second))
    assert long.moment.cells.soc == pytest.approx(short.moment.cells.soc, abs=2e-6)
    assert long.books.grid_j == pytest.approx(short.books.grid_j, rel=1e-5)


def test_same_commands_give_the_same_state_to_the_last_bit():
    first, second = charging_plant(), charging_plant()
    for plant in (first, second):
        plant.advance(17.3)
    assert first.state == second.state


def test_power_waits_for_the_dead_time_then_follows_the_ramp():
    plant = charging_plant(10_000.0)
    plant.advance(2.15)
    assert plant.state.station_current_a == 0.0
    plant.advance(2.7)  # 0.2 s dead, then 0.5 s of 10 kW/s
    assert plant.state.station_voltage_v * plant.state.station_current_a == pytest.approx(5000.0, rel=1e-6)
    plant.advance(4.0)
    assert plant.state.station_voltage_v * plant.state.station_current_a == pytest.approx(10_000.0, rel=1e-9)


def test_grid_power_is_dc_power_plus_the_losses_of_its_direction():
    charge, discharge = charging_plant(11_000.0), charging_plant(-11_000.0)
    for plant in (charge, discharge):
        plant.advance(20.0)
    assert charge.state.grid_power_w == pytest.approx(11_000.0 / 0.962, rel=1e-6)
    assert discharge.state.grid_power_w == pytest.approx(-11_000.0 * 0.960, rel=1e-6)
    assert charge.state.grid_voltage_v < 230.0 < discharge.state.grid_voltage_v


def test_standby_is_all_that_is_taken_while_the_converter_is_off():
    plant = Plant()
    plant.advance(3600.0)
    assert plant.state.grid_power_w == ConverterParameters().standby_w
    assert plant.state.grid_imported_wh == pytest.approx(35.0)


def test_current_and_voltage_targets_are_limits_of_the_power():
    limited = charging_plant(10_000.0, target_current_a=12.0)
    limited.advance(20.0)
    assert limited.state.station_current_a == pytest.approx(12.0)
    full = charging_plant(20_000.0, target_voltage_v=399.0)
    full.advance(20.0)
    assert full.state.station_voltage_v <= 399.05
    assert 0.0 < full.state.station_current_a < 25.0


def test_a_signed_current_target_is_followed_where_no_power_is_given():
    plant = charging_plant(0.0)
    plant.command("station", {"target_power_w": None, "target_current_a": -15.0})
    plant.advance(20.0)
    assert plant.state.station_current_a == pytest.approx(-15.0, rel=0.01)


def test_nothing_reaches_the_inlet_before_the_contactor_closes():
    plant = Plant()
    plant.command("pilot", {"plugged": True})
    plant.command("station", {"mode": "precharge", "target_voltage_v": 400.0})
    plant.advance(3.0)
    assert plant.state.station_voltage_v == pytest.approx(400.0)
    assert plant.state.inlet_voltage_v == 0.0
    plant.command("station", {"contactor": True})
    assert plant.state.inlet_voltage_v == pytest.approx(400.0)


def test_closing_without_precharge_is_seen_as_a_voltage_across_the_contactor():
    bare = Plant()
    bare.command("pilot", {"plugged": True})
    bare.command("station", {"contactor": True})
    bare.command("vehicle", {"contactor": True})
    assert bare.state.closing_difference_v == pytest.approx(398.0)
    assert charging_plant().state.closing_difference_v < 1.0


@pytest.mark.parametrize(
    ("owner", "values"),
    [
        ("pilot", {"plugged": False}),
        ("vehicle", {"contactor": False}),
        ("station", {"contactor": False}),
        ("station", {"mode": "off"}),
    ],
)
def test_power_ends_at_once_when_the_circuit_opens(owner: str, values: dict[str, bool | str]):
    plant = charging_plant()
    plant.advance(20.0)
    plant.command(owner, values)
    assert plant.state.station_current_a == 0.0
    assert plant.state.grid_power_w < 100.0


def test_the_output_decays_below_60_v_within_a_few_seconds_of_switching_off():
    plant = charging_plant()
    plant.advance(10.0)
    plant.command("vehicle", {"contactor": False})
    plant.command("station", {"mode": "off", "contactor": False})
    plant.advance(12.0)
    assert plant.state.station_voltage_v < 60.0


def test_a_vehicle_trips_on_more_current_than_it_allows():
    plant = charging_plant(10_000.0)
    plant.command("vehicle", {"maximum_charge_a": 10.0})
    plant.advance(10.0)
    assert plant.state.battery_trip == "overcurrent"
    assert plant.state.station_current_a == 0.0
    plant.command("station", {"contactor": False})
    plant.command("station", {"contactor": True})
    assert plant.state.battery_trip == "overcurrent"
    plant.command("vehicle", {"contactor": False})
    assert plant.state.battery_trip == ""


def test_a_vehicle_that_is_charged_as_it_asks_does_not_trip():
    plant = charging_plant(10_000.0)
    plant.command("vehicle", {"maximum_charge_a": 30.0, "maximum_discharge_a": 30.0})
    plant.advance(600.0)
    assert plant.state.battery_trip == ""
    assert plant.state.station_current_a > 20.0


def test_charging_limits_taper_towards_the_highest_voltage_and_end_at_full():
    battery = Battery(BatteryParameters())
    assert 0.0 < battery.maximum_charge_a(Cells(0.98, 0.0, 25.0)) < 200.0
    assert battery.maximum_charge_a(Cells(1.0, 0.0, 25.0)) == 0.0
    assert battery.maximum_discharge_a(Cells(0.04, 0.0, 25.0)) == 0.0
    assert battery.maximum_charge_a(Cells(0.5, 0.0, 0.0)) == pytest.approx(100.0)
    assert battery.maximum_charge_a(Cells(0.5, 0.0, 60.0)) == 0.0


def test_a_battery_emulator_takes_the_place_of_the_battery_within_its_limits():
    plant = Plant()
    plant.command("pilot", {"plugged": True})
    plant.command(
        "battery_emulator", {"output": True, "voltage_v": 380.0, "sink_limit_a": 10.0, "source_limit_a": 25.0}
    )
    plant.command("station", {"mode": "power", "contactor": True, "target_power_w": 9000.0})
    plant.advance(10.0)
    assert plant.state.battery_current_a == pytest.approx(10.0)
    assert plant.state.battery_voltage_v == pytest.approx(380.05)
    assert plant.state.soc == 0.5
    plant.command("station", {"target_power_w": -9000.0})
    plant.advance(20.0)
    assert -25.0 < plant.state.battery_current_a < -23.0


def test_pilot_shows_a_when_unplugged_and_e_when_the_station_is_dead():
    plant = Plant()
    assert plant.state.pilot_state == "A"
    plant.command("pilot", {"plugged": True})
    assert plant.state.pilot_state == "B"
    plant.command("pilot", {"pilot_state": "C"})
    assert plant.state.pilot_state == "C"
    plant.command("station", {"pilot_on": False})
    assert plant.state.pilot_state == "E"


def test_an_owner_that_is_gone_leaves_its_safe_defaults():
    plant = charging_plant()
    plant.advance(10.0)
    plant.release("station")
    assert plant.state.station_current_a == 0.0
    assert not plant.state.station_contactor_closed


@pytest.mark.parametrize(
    ("owner", "values", "named"),
    [
        ("station", {"target_powr_w": 1.0}, "target_power_w"),
        ("station", {"mode": "on"}, "precharge"),
        ("pilot", {"pilot_state": "G"}, "A, B"),
        ("station", {"target_power_w": float("nan")}, "not a number"),
        ("stattion", {}, "station"),
        ("observer", {"voltage_v": 1.0}, "observer"),
    ],
)
def test_a_wrong_input_is_refused_and_the_right_one_named(owner: str, values: dict[str, float], named: str):
    with pytest.raises(ValueError, match=named):
        Plant().command(owner, values)


def test_a_quiet_day_costs_next_to_nothing_and_a_second_under_load_in_steps_of_50_ms_less_than_50_us():
    plant = Plant(PlantParameters(battery=BatteryParameters(initial_soc=0.9)))
    started_s = time.process_time()
    plant.advance(24 * 3600.0)
    assert time.process_time() - started_s < 0.05
    plant = charging_plant(-5000.0)
    plant.advance(5.0)
    started_s = time.process_time()
    for tick in range(1, 40_001):
        plant.advance(5.0 + tick * 0.05)
    assert (time.process_time() - started_s) / 2000 < 50e-6
