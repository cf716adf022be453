"""Every behaviour that is seeded into an emulated car or station meets its right verdicts, and a clean pair passes all.

A slice: the cases that a trait is about. Everybody with everybody through all cases is tests/soak/fleet_soak.py.
"""

from __future__ import annotations

import pytest

from drivers.emulators import ac_station, ac_vehicle
from drivers.emulators.ac_car import BEHAVIOURS
from harness.campaign.fleet import CASES, HARMLESS, TRAITS
from harness.campaign.records import Pair
from harness.verdict import Side, Verdict
from tests.smart_charging.rig import everybody, run_pair

FLEET = everybody()
WAKE_UPS = ("AC-12", "AC-16", "AC-17")


def compare(told, pair):
    """Each case's verdict and side with the truth of the fleet."""
    for name, found in told.items():
        right = FLEET.truth(name, pair)
        verdict = Verdict.NOT_APPLICABLE if isinstance(found, str) else found.verdict
        why = found if isinstance(found, str) else found.reason
        assert verdict is right.verdict, f"{name} on {pair}: {why}"
        if verdict in (Verdict.FAIL, Verdict.CONDITIONAL_PASS):
            assert found.side is right.side, f"{name} on {pair}: {why}"


def test_a_clean_pair_passes_the_whole_protocol(tmp_path):
    pair = Pair("clean-3", "reference")
    told = run_pair(FLEET, pair, CASES, tmp_path / "run")
    compare(told, pair)
    assert [name for name, found in told.items() if isinstance(found, str)] == ["AC-16", "AC-17"]


@pytest.mark.parametrize("trait", TRAITS, ids=lambda trait: trait.name)
def test_a_seeded_trait_meets_its_right_verdicts(trait, tmp_path):
    pair = Pair(trait.name, "reference") if trait.side is Side.VEHICLE else Pair("clean-3", trait.name)
    about = set(trait.verdicts) - {"AC-13", "AC-15"} or {"AC-02"}
    if about & {"AC-12", "AC-14"}:
        about |= set(WAKE_UPS)
    compare(run_pair(FLEET, pair, sorted(about), tmp_path / "run"), pair)


def test_a_car_that_sleeps_long_is_woken_by_the_station(tmp_path):
    pair = Pair("long_sleep", "reference")
    told = run_pair(FLEET, pair, ["AC-12", "AC-13", "AC-16"], tmp_path / "run")
    compare(told, pair)
    assert told["AC-16"].parameters["missed"] == "AC-13"


def test_the_emulators_can_do_what_the_fleet_seeds():
    cars = {trait.name for trait in TRAITS if trait.side is Side.VEHICLE}
    assert cars == set(BEHAVIOURS)
    assert {ac_vehicle.behaviour_of(one.id) for one in ac_vehicle.DEFECTS} == cars - HARMLESS
    stations = {trait.name for trait in TRAITS if trait.side is Side.STATION}
    assert {one.id.removeprefix("ac-").replace("-", "_") for one in ac_station.DEFECTS} == stations


@pytest.mark.parametrize("defect", [*ac_vehicle.DEFECTS, *ac_station.DEFECTS], ids=lambda defect: defect.id)
def test_each_defect_names_a_case_that_fails_by_it(defect):
    trait = next(one for one in TRAITS if one.name == ac_vehicle.behaviour_of(defect.id))
    assert trait.verdicts[defect.found_by] is Verdict.FAIL
