"""Random stories: whatever the owners do, energy is conserved, and whoever looks changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plant.battery import BatteryParameters
from harness.plant.grid import GridParameters
from harness.plant.plant import Plant, PlantParameters
from harness.plant.site import SiteParameters

Story = list[tuple[str, dict[str, Any], float]]

COMMANDS = st.one_of(
    st.tuples(st.just("pilot"), st.fixed_dictionaries({"plugged": st.sampled_from([True, True, True, False])})),
    st.tuples(
        st.just("vehicle"),
        st.fixed_dictionaries(
            {
                "contactor": st.sampled_from([True, True, False]),
                "pilot_state": st.sampled_from(["B", "C"]),
                "ac_current_a": st.floats(-20, 20),
                "ac_follows_pilot": st.booleans(),
                "ac_phases": st.sampled_from([None, 1, 2, 3]),
            }
        ),
    ),
    st.tuples(
        st.just("station"),
        st.fixed_dictionaries(
            {
                "mode": st.sampled_from(["off", "precharge", "power", "power"]),
                "contactor": st.sampled_from([True, True, False]),
                "target_power_w": st.floats(-25e3, 25e3) | st.none(),
                "target_current_a": st.floats(-60, 60) | st.none(),
                "target_voltage_v": st.sampled_from([380.0, 450.0, None]),
                "pilot_duty_percent": st.floats(0, 100) | st.none(),
                "reactive_var": st.floats(-20e3, 20e3),
            }
        ),
    ),
    st.tuples(st.just("grid"), st.fixed_dictionaries({"voltage_v": st.sampled_from([0.0, 180.0, 230.0, 253.0])})),
    st.tuples(
        st.just("site"),
        st.fixed_dictionaries(
            {
                "household_w": st.floats(0, 9e3),
                "pv_w": st.floats(0, 9e3),
                "battery_target_w": st.floats(-6e3, 6e3) | st.none(),
            }
        ),
    ),
    st.tuples(
        st.just("battery_emulator"),
        st.fixed_dictionaries(
            {
                "output": st.sampled_from([False, False, True]),
                "voltage_v": st.just(400.0),
                "sink_limit_a": st.floats(0, 60),
            }
        ),
    ),
)
STORIES = st.lists(
    st.tuples(COMMANDS, st.floats(0.01, 900)).map(lambda found: (*found[0], found[1])), min_size=1, max_size=25
)


def imbalance_j(plant: Plant, stored_j: float) -> float:
    books = plant.books
    return books.grid_j + books.house_battery_j - books.lost_j - books.emulator_j - (plant.stored_j - stored_j)


def moved_j(plant: Plant) -> float:
    books = plant.books
    return books.imported_j + books.exported_j + abs(books.house_battery_j) + books.lost_j


def told(plant: Plant, story: Story, looks: int = 0) -> Plant:
    for owner, values, for_s in story:
        plant.command(owner, values)
        until_s = plant.at_s + for_s
        for look in range(looks):
            plant.advance(plant.at_s + (until_s - plant.at_s) * (look + 1) / (looks + 1))
            assert plant.state.at_s == plant.at_s
        plant.advance(until_s)
    return plant


@settings(max_examples=60, deadline=None)
@given(STORIES)
def test_energy_is_conserved_through_any_story(story: Story):
    plant = Plant()
    stored_j = plant.stored_j
    told(plant, story)
    assert abs(imbalance_j(plant, stored_j)) <= 1e-6 * moved_j(plant) + 1e-3
    books = plant.books
    assert books.site_in_j - books.site_out_j == pytest.approx(
        books.grid_j + books.household_j - books.pv_j + books.house_battery_j, abs=1e-6 * moved_j(plant) + 1e-3
    )
    assert books.lost_j >= -1e-6


@settings(max_examples=25, deadline=None)
@given(STORIES)
def test_a_look_changes_nothing_that_happens(story: Story):
    assert told(Plant(), story).state == told(Plant(), story, looks=3).state


PROFILE = """
name: a dip and a ramp of frequency
source: our default
courses:
  voltage_v: [[0, 230], [10, 230], [10, 20], [11, 20], [11, 230]]
  frequency_hz: [[0, 50], [20, 50.5], [30, 50.5]]
"""
SITE = """
name: a day in ten minutes
source: our default
courses:
  household_w: [[0, 400], [300, 2000], [600, 400]]
  pv_w: [[0, 0], [300, 6000], [600, 0]]
"""


def discharging(parameters: PlantParameters) -> Plant:
    plant = Plant(parameters)
    plant.command("pilot", {"plugged": True})
    plant.command("vehicle", {"contactor": True, "pilot_state": "C"})
    plant.command("station", {"mode": "power", "contactor": True, "target_power_w": -10_000.0})
    return plant


def test_a_grid_profile_is_played_from_the_start_and_a_dead_grid_stops_the_converter(tmp_path: Path):
    path = tmp_path / "dip.yaml"
    path.write_text(PROFILE)
    plant = discharging(PlantParameters(grid=GridParameters(profile=str(path))))
    plant.advance(9.9)
    assert plant.state.station_current_a < -20.0
    assert plant.state.grid_frequency_hz == pytest.approx(50.2475)
    plant.advance(10.5)
    assert plant.state.station_current_a == 0.0
    assert plant.state.grid_voltage_v < 21.0
    plant.advance(11.5)
    ramping_w = plant.state.station_voltage_v * plant.state.station_current_a
    assert ramping_w == pytest.approx(-5_000.0, rel=0.01)  # half a second of its ramp, from zero again
    plant.advance(60.0)
    assert plant.state.grid_frequency_hz == 50.5


def test_a_profile_begins_when_it_is_commanded(tmp_path: Path):
    path = tmp_path / "dip.yaml"
    path.write_text(PROFILE)
    plant = Plant()
    plant.advance(100.0)
    plant.command("grid", {"profile": str(path)})
    plant.advance(110.5)
    assert plant.state.grid_voltage_v < 21.0
    plant.release("grid")
    assert plant.state.grid_voltage_v > 229.0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name: x\nsource: y\ncourses: {voltag_v: [[0, 1]]}", "nearest is 'voltage_v'"),
        ("name: x\nsource: y\ncourses: {voltage_v: [[1, 1], [0, 1]]}", "times must not go back"),
        ("name: x\nsource: y\ncourses: {voltage_v: 230}", "list of \\[seconds, value\\]"),
        ("name: x\ncourses: {}", "name, source and courses"),
    ],
)
def test_a_bad_profile_is_refused_with_file_and_key(tmp_path: Path, text: str, named: str):
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=named):
        Plant().command("grid", {"profile": str(path)})


def test_a_stationary_battery_balances_household_pv_and_charger(tmp_path: Path):
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    plant = Plant(PlantParameters(site=SiteParameters(profile=str(path))))
    stored_j = plant.stored_j
    plant.command("site", {"battery_target_w": None})
    plant.advance(150.0)
    state = plant.state
    assert state.household_w == pytest.approx(1200.0)
    assert state.pv_w == pytest.approx(3000.0)
    assert state.site_power_w == pytest.approx(0.0, abs=1e-6)
    assert state.house_battery_w == pytest.approx(3000.0 - 1200.0 - 35.0)
    plant.advance(600.0)
    assert plant.state.site_exported_wh + plant.state.site_imported_wh < 10.0
    assert imbalance_j(plant, stored_j) == pytest.approx(0.0, abs=1e-3)


def test_a_stationary_battery_stops_when_it_is_full_and_when_it_is_empty():
    plant = Plant()
    plant.command("site", {"battery_target_w": 5_000.0})
    plant.advance(4 * 3600.0)
    assert plant.state.house_battery_soc == pytest.approx(1.0)
    assert plant.state.site_power_w == 35.0
    plant.command("site", {"battery_target_w": -5_000.0})
    plant.advance(12 * 3600.0)
    assert plant.state.house_battery_soc == pytest.approx(0.1)


def test_a_hot_battery_gives_less_and_at_last_opens_its_contactor():
    badly_cooled = BatteryParameters(cooling_k_per_w=0.2, heat_capacity_j_per_k=3_000.0, ambient_c=40.0)
    plant = discharging(PlantParameters(battery=badly_cooled))
    plant.command("station", {"target_power_w": -20_000.0})
    plant.advance(150.0)
    assert plant.state.battery_maximum_discharge_a < 200.0
    plant.advance(3600.0)
    assert plant.state.battery_trip == "overtemperature"
    assert plant.state.station_current_a == 0.0
