"""A campaign file becomes a plan, or says what is wrong with it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import yaml

from harness.campaign.fleet import Fleet
from harness.campaign.plan import Member, Plan, PlanError, covering, load_plan
from harness.campaign.records import Pair, Planned
from harness.campaign.store import Store
from harness.verdict import Verdict

FILE = {
    "campaign": {"id": "winter", "title": "Winter", "protocol_version": "3"},
    "lab": "lab.yaml",
    "population": [
        {"key": "car-1", "kind": "vehicle", "revision": "2.1", "traits": {"phases": "1"}},
        {"key": "car-2", "kind": "vehicle", "reference": True, "traits": {"phases": "3"}},
        {"key": "cs-1", "kind": "charger", "reference": True},
        {"key": "cs-2", "kind": "charger"},
    ],
    "cases": [{"id": "AC-12", "parameters": {"pause_s": 1200}, "repeats": 2}, {"id": "AC-13"}],
}


def plan(**changed) -> Plan:
    return Plan.model_validate({**FILE, **changed})


def written(tmp_path: Path, **changed) -> Path:
    path = tmp_path / "campaign.yaml"
    path.write_text(yaml.safe_dump({**FILE, **changed}))
    return path


def test_a_file_is_read_and_its_lab_found_beside_it(tmp_path):
    read = load_plan(written(tmp_path))
    assert read.lab == (tmp_path / "lab.yaml").resolve()
    assert read.population[0].unit().identity == {"revision": "2.1"}
    assert read.record("b3", "plugfest 0").plan_hash == plan(lab="elsewhere.yaml").hash()


@pytest.mark.parametrize(
    ("pairing", "count"), [("all", 4), ("reference", 3), ([["car-1", "cs-2"]], 1), ("covering", 2)]
)
def test_each_kind_of_pairing_gives_its_pairs(pairing, count):
    assert len(plan(pairing=pairing).pairs()) == count


def test_each_case_is_planned_once_under_each_kind_of_links_with_its_own_repeats():
    both = plan(impairments=["none", "lte-poor"], pairing=[["car-1", "cs-1"]])
    assert [cell.case for cell in both.cells()] == ["AC-12", "AC-12@lte-poor", "AC-13", "AC-13@lte-poor"]
    assert both.again("AC-12@lte-poor", [Verdict.PASS])
    assert not both.again("AC-13@lte-poor", [Verdict.PASS])
    assert both.hash() != plan(pairing=[["car-1", "cs-1"]]).hash()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pairing": [["car-9", "cs-1"]]}, "car-9 is no vehicle"),
        ({"pairing": "some"}, "pairing"),
        ({"impairments": []}, r"yaml:\d+:\d+: impairments: "),
        ({"impairments": ["lte-poor", "lte-poor"]}, "impairments: lte-poor is named twice"),
        ({"colour": "blue"}, r"yaml:\d+:\d+: colour: unknown key; known are campaign"),
        ({"ordre": "by_case"}, "ordre: unknown key; did you mean 'order'"),
        ({"population": {"fleet": {"seeds": 3}}}, "fleet.seeds: unknown key; did you mean 'seed'"),
        ({"population": {"flet": {}}}, "the one key fleet"),
        ({"limits": {"resume": 60}}, r"limits: limits.resume: unknown limit; did you mean 'resume_s'"),
        ({"cases": [{"id": "A", "pairing": [["car-9", "cs-1"]]}]}, "cases.A.pairing: car-9 is no vehicle"),
        ({"cases": [{"id": "A"}, {"id": "A"}]}, "A is named twice; give it repeats"),
        ({"cases": [{"id": "A", "repeats": 0}]}, "cases.0.repeats"),
        ({"retest": {"verdicts": ["pass"]}}, "a pass is not tried again"),
        ({"population": FILE["population"][:2]}, "at least one vehicle and one charger"),
        ({"population": FILE["population"] * 2}, "car-1 is named twice"),
        ({"population": FILE["population"][::3], "pairing": "reference"}, "reference: true"),
    ],
)
def test_a_wrong_file_is_refused_with_the_way_out(tmp_path, changed, told):
    with pytest.raises(PlanError, match=told):
        load_plan(written(tmp_path, **changed))


def test_a_missing_or_broken_file_is_refused(tmp_path):
    with pytest.raises(PlanError, match=r"cannot be read: No such file.*--campaign"):
        load_plan(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(PlanError, match=r"broken\.yaml"):
        load_plan(tmp_path / "broken.yaml")


def test_the_order_of_the_plan_is_the_one_that_was_asked_for():
    by_pair, by_case, shuffled = (plan(order=order).cells() for order in ("by_pair", "by_case", "shuffled"))
    assert [cell.case for cell in by_pair[:2]] == ["AC-12", "AC-13"]
    assert [cell.case for cell in by_case[:4]] == ["AC-12"] * 4
    assert set(shuffled) == set(by_pair)
    assert shuffled != by_pair
    assert shuffled == plan(order="shuffled").cells()
    assert shuffled != plan(order="shuffled", seed=5).cells()


def test_the_plans_hash_changes_with_what_decides_on_results_and_with_nothing_else():
    assert plan().hash() == plan(campaign={**FILE["campaign"], "client": "Ministry"}).hash()
    assert plan().hash() != plan(cases=[{"id": "AC-12", "parameters": {"pause_s": 60}}]).hash()


def test_a_covering_plan_meets_every_combination_of_traits_and_everybody_with_few_pairs():
    fleet = Fleet.seeded(4711)
    keep = ("propulsion", "phases", "place")
    vehicles, chargers = (
        [
            Member(key=one.key, kind=one.kind, traits={k: v for k, v in one.attributes.items() if k in keep})
            for one in side
        ]
        for side in (fleet.vehicles, fleet.chargers)
    )
    pairs = covering(vehicles, chargers)
    assert len(pairs) < 160
    assert pairs == covering(vehicles, chargers)
    marks = {one.key: one.traits.items() for one in (*vehicles, *chargers)}
    met = {combination for pair in pairs for combination in product(marks[pair.vehicle], marks[pair.charger])}
    everything = {
        combination
        for vehicle, charger in product(vehicles, chargers)
        for combination in product(vehicle.traits.items(), charger.traits.items())
    }
    assert met == everything
    assert {key for pair in pairs for key in pair} == {one.key for one in (*vehicles, *chargers)}


def test_repeats_and_retests_are_due_until_they_are_made(tmp_path):
    campaign = plan(pairing=[["car-1", "cs-1"]], retest={"verdicts": ["fail"], "times": 1})
    pair = Pair("car-1", "cs-1")

    def run(cell: Planned, verdict: Verdict) -> None:
        attempt = store.begin(cell.case, cell.pair, {}, at_utc_us=1)
        store.finish(attempt, verdict, at_utc_us=2)

    with Store.create(tmp_path / "store.sqlite", campaign.record("b3", "plugfest 0")) as store:
        store.plan(campaign.cells())
        long, short = Planned("AC-12", pair), Planned("AC-13", pair)
        assert list(campaign.due(store.results())) == [long, short]
        run(short, Verdict.FAIL)
        assert list(campaign.due(store.results())) == [long, short]
        run(short, Verdict.FAIL)
        run(long, Verdict.PASS)
        assert list(campaign.due(store.results())) == [long]
        run(long, Verdict.PASS)
        assert list(campaign.due(store.results())) == []


def test_what_is_ruled_out_is_never_due(tmp_path):
    campaign = plan(pairing=[["car-1", "cs-1"]])
    with Store.create(tmp_path / "store.sqlite", campaign.record("b3", "plugfest 0")) as store:
        store.plan(campaign.cells())
        for cell in campaign.cells():
            store.rule_out(cell, "declares no pause")
        assert list(campaign.due(store.results())) == []
