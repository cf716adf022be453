"""A seeded fleet is the same every time, has every trait, and knows its own truth."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.campaign.fleet import CASES, TRAITS, Expected, Fleet, Member
from harness.campaign.records import Pair
from harness.verdict import Side, Verdict


def pair_of(*traits: str, station: tuple[str, ...] = (), phases: str = "3") -> tuple[Fleet, Pair]:
    car = Member("car", "vehicle", {}, {"phases": phases}, traits)
    return Fleet((car,), (Member("cs", "charger", {}, {"phases": "3"}, station),)), Pair("car", "cs")


def test_the_same_seed_gives_the_same_fleet_and_another_one_another():
    assert Fleet.seeded(1) == Fleet.seeded(1)
    assert Fleet.seeded(1) != Fleet.seeded(2)


def test_a_full_fleet_shows_every_trait_of_vehicles_and_a_realistic_spread():
    fleet = Fleet.seeded(4711)
    assert (len(fleet.vehicles), len(fleet.chargers), len(fleet.pairs())) == (142, 10, 1420)
    drawn = {name for one in (*fleet.vehicles, *fleet.chargers) for name in one.traits}
    assert drawn >= {trait.name for trait in TRAITS if trait.side is Side.VEHICLE}
    kinds = Counter(one.attributes["propulsion"] for one in fleet.vehicles)
    assert 95 < kinds["BEV"] < 130
    assert len({one.identity["vin"] for one in fleet.vehicles}) == 142


@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: trait.name)
def test_each_trait_fails_exactly_its_own_cases_and_is_charged_to_its_side(trait):
    mine, theirs = ((trait.name,), ()) if trait.side is Side.VEHICLE else ((), (trait.name,))
    fleet, pair = pair_of(*mine, station=theirs)
    told = {case: fleet.truth(case, pair) for case in CASES}
    wrong = {case: one for case, one in told.items() if one.verdict in (Verdict.FAIL, Verdict.CONDITIONAL_PASS)}
    expected = {case: Expected(verdict, trait.side, trait.name) for case, verdict in trait.verdicts.items()}
    if trait.side is Side.VEHICLE and set(expected) & {"AC-12", "AC-13", "AC-14", "AC-15"}:
        helped_by = "AC-17" if "AC-16" in expected else "AC-16"  # the station wakes it, or else only the user
        expected[helped_by] = Expected(Verdict.CONDITIONAL_PASS, Side.VEHICLE, trait.name)
    assert wrong == expected


def test_a_clean_pair_passes_everything_that_applies():
    fleet, pair = pair_of()
    verdicts = Counter(fleet.truth(case, pair).verdict for case in CASES)
    assert verdicts == {Verdict.PASS: 22, Verdict.NOT_APPLICABLE: 2}


def test_a_single_phase_car_is_not_asked_to_switch_phases_and_has_none_to_drop():
    fleet, pair = pair_of("drops_phase", "drops_out_after_switch", phases="1")
    assert fleet.truth("AC-19", pair).verdict is Verdict.NOT_APPLICABLE
    assert fleet.truth("AC-06", pair).verdict is Verdict.PASS


def test_a_case_that_is_not_of_the_protocol_is_refused():
    fleet, pair = pair_of()
    with pytest.raises(ValueError, match="AC-01 to AC-24"):
        fleet.truth("AC-99", pair)


def test_units_for_the_store_do_not_give_the_seeded_traits_away():
    for unit in Fleet.seeded(3, vehicles=20, chargers=3).units():
        assert unit.emulated
        assert not {trait.name for trait in TRAITS} & {*unit.traits, *unit.traits.values(), *unit.identity.values()}
