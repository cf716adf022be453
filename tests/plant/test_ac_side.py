"""AC charging: what the pilot offers, what the on-board charger draws from each phase, and when it stops."""

from __future__ import annotations

import pytest

from harness.plant.battery import BatteryParameters
from harness.plant.onboard import OnboardParameters
from harness.plant.pilot import duty_for_current, offered_a
from harness.plant.plant import Plant, PlantParameters


def waiting_car(duty_percent: float | None = 16 / 0.6, **parameters: float) -> Plant:
    """Plugged in, offered a current, and closed by the station; the car is still in state B."""
    plant = Plant(PlantParameters(onboard=OnboardParameters(**parameters)))
    plant.command("pilot", {"plugged": True})
    plant.command("station", {"contactor": True, "pilot_duty_percent": duty_percent})
    plant.command("vehicle", {"ac_follows_pilot": True})
    return plant


def charging_car(duty_percent: float | None = 16 / 0.6, **parameters: float) -> Plant:
    plant = waiting_car(duty_percent, **parameters)
    plant.command("vehicle", {"pilot_state": "C"})
    plant.advance(10.0)
    return plant


@pytest.mark.parametrize("current_a", [6.0, 10.0, 16.0, 32.0, 51.0, 63.0, 80.0])
def test_a_duty_cycle_offers_the_current_that_it_was_made_for(current_a: float):
    assert offered_a(duty_for_current(current_a)) == pytest.approx(current_a)


@pytest.mark.parametrize("duty_percent", [None, 0.0, 5.0, 7.5, 98.0])
def test_some_duty_cycles_offer_nothing(duty_percent: float | None):
    assert offered_a(duty_percent) == 0.0


@pytest.mark.parametrize("current_a", [0.0, 5.9, 51.5, 81.0])
def test_a_current_that_cannot_be_offered_is_refused(current_a: float):
    with pytest.raises(ValueError, match="can be offered"):
        duty_for_current(current_a)


def test_a_car_draws_what_the_pilot_offers_from_all_its_phases():
    state = charging_car(10 / 0.6).state
    assert state.pilot_offer_a == pytest.approx(10.0)
    assert state.onboard_phase_current_a == pytest.approx((10.0, 10.0, 10.0))
    assert state.grid_power_w == pytest.approx(3 * state.grid_voltage_v * 10.0 + 35.0)
    assert state.battery_current_a == pytest.approx(0.93 * 3 * state.grid_voltage_v * 10.0 / 398.0, rel=0.01)


def test_a_car_waits_for_state_c_and_for_its_own_reaction_time():
    plant = waiting_car()
    plant.advance(10.0)
    assert plant.state.onboard_phase_current_a == (0.0, 0.0, 0.0)
    plant.command("vehicle", {"pilot_state": "C"})
    plant.advance(10.9)
    assert plant.state.onboard_phase_current_a[0] == 0.0
    plant.advance(12.0)
    assert plant.state.onboard_phase_current_a[0] == pytest.approx(16.0)


def test_a_new_offer_is_followed_and_too_small_a_one_stops_the_car():
    plant = charging_car()
    plant.command("station", {"pilot_duty_percent": 8 / 0.6})
    plant.advance(15.0)
    assert plant.state.onboard_phase_current_a[0] == pytest.approx(8.0)
    plant.command("station", {"pilot_duty_percent": 5.0})
    plant.advance(20.0)
    assert plant.state.onboard_phase_current_a[0] == 0.0


def test_one_phase_loads_one_phase():
    state = charging_car(32 / 0.6, phases=1, maximum_a=32.0).state
    assert state.onboard_phase_current_a == pytest.approx((32.0, 0.0, 0.0))
    one_v, two_v, three_v = state.grid_phase_voltage_v
    assert one_v < two_v == three_v
    one_w, two_w, _ = state.grid_phase_power_w
    assert one_w - two_w == pytest.approx(one_v * 32.0)
    assert sum(state.grid_phase_power_w) == pytest.approx(state.grid_power_w)


def test_a_station_may_switch_down_to_one_phase():
    plant = charging_car()
    plant.command("station", {"ac_phases": 1})
    assert plant.state.onboard_phase_current_a == pytest.approx((16.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("owner", "values"),
    [
        ("pilot", {"plugged": False}),
        ("vehicle", {"pilot_state": "B"}),
        ("station", {"contactor": False}),
        ("station", {"pilot_on": False}),
    ],
)
def test_a_car_draws_nothing_any_more_when_its_circuit_opens(owner: str, values: dict[str, bool | str]):
    plant = charging_car()
    plant.command(owner, values)
    assert plant.state.onboard_phase_current_a == (0.0, 0.0, 0.0)
    assert plant.state.grid_power_w == pytest.approx(35.0)


def test_welded_contacts_go_on_feeding_the_car():
    plant = charging_car()
    plant.command("station", {"welded": True, "contactor": False})
    assert plant.state.station_contactor_closed
    assert plant.state.onboard_phase_current_a[0] == pytest.approx(16.0)


def test_a_commanded_current_is_followed_in_both_directions_and_counted_at_the_outlet():
    plant = waiting_car(5.0)
    plant.command("vehicle", {"ac_follows_pilot": False, "ac_current_a": -10.0, "pilot_state": "C"})
    plant.advance(3600.0)
    state = plant.state
    assert state.onboard_phase_current_a == pytest.approx((-10.0, -10.0, -10.0))
    assert state.grid_power_w < -6_500.0
    assert state.grid_voltage_v > 230.0
    assert state.station_exported_wh == pytest.approx(-state.onboard_power_w, rel=0.01)
    assert state.soc < 0.5


def test_a_full_battery_ends_the_charging_by_itself():
    plant = Plant(PlantParameters(battery=BatteryParameters(initial_soc=0.99)))
    plant.command("pilot", {"plugged": True})
    plant.command("station", {"contactor": True, "pilot_duty_percent": 16 / 0.6})
    plant.command("vehicle", {"ac_follows_pilot": True, "pilot_state": "C"})
    plant.advance(3600.0)
    assert plant.state.soc == pytest.approx(1.0, abs=1e-3)
    assert plant.state.onboard_phase_current_a[0] == 0.0
