"""The emulated AC car as a machine: what it does at which time."""

from __future__ import annotations

import pytest

from drivers.emulators.ac_car import AcCar, Habits, Seen, with_behaviours


def seen(offer_a=16.0, **more):
    return Seen(True, offer_a, **{"live_phases": 3, **more})


def current_at(car, now_s, **more):
    return car.step(now_s, seen(**more)).current_a


def charging(*behaviours, **habits):
    car = AcCar(with_behaviours(Habits(**habits), behaviours))
    car.step(0.0, seen())
    assert current_at(car, 3.0) > 0.0
    return car


def test_it_asks_for_current_three_seconds_after_the_offer_and_takes_what_is_offered():
    car = AcCar(Habits())
    assert car.step(0.0, seen(10.0, live_phases=0)).state == "B"
    assert car.due_s(0.0) == 3.0
    assert car.step(3.0, seen(10.0, live_phases=0)).state == "C"
    deed = car.step(3.5, seen(10.0))
    assert (deed.state, deed.current_a, deed.phases) == ("C", 10.0, 3)


def test_it_never_takes_more_than_it_can():
    assert current_at(charging(maximum_a=16.0), 10.0, offer_a=32.0) == 16.0


def test_it_uses_the_phases_that_there_are():
    assert charging().step(10.0, seen(live_phases=1)).phases == 1


def test_it_lets_go_without_an_offer():
    car = charging()
    car.step(10.0, seen(0.0))
    deed = car.step(11.0, seen(0.0))
    assert (deed.state, deed.current_a) == ("B", 0.0)


def test_a_sleeper_is_woken_by_an_interrupted_pilot_and_one_that_never_wakes_is_not():
    for behaviour, woken in (("sleeps_until_woken", True), ("never_wakes", False)):
        car = charging(behaviour)
        car.step(10.0, seen(0.0))
        car.step(2_000.0, seen(0.0))
        car.step(2_001.0, seen())
        assert current_at(car, 2_010.0) == 0.0
        car.step(2_020.0, Seen(True, 0.0, pilot_lost=True))
        car.step(2_024.0, seen())
        assert (current_at(car, 2_030.0) > 0.0) is woken


def test_a_plug_that_is_pulled_forgets_everything():
    car = charging("never_wakes")
    car.step(10.0, seen(0.0))
    car.step(2_000.0, seen(0.0))
    car.step(2_100.0, Seen(False))
    car.step(2_200.0, seen())
    assert current_at(car, 2_203.0) == 16.0


def test_an_unknown_behaviour_is_refused():
    with pytest.raises(ValueError, match="no behaviour 'sings'"):
        with_behaviours(Habits(), ["sings"])
