"""A population of seeded traits with known truth: the report says of every cell exactly what is true."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from harness.campaign.evidence import adopt, attempt_folder, collect, write_manifest
from harness.campaign.fleet import CASES, Fleet
from harness.campaign.records import Campaign, CaseInfo, Planned
from harness.campaign.store import Store
from harness.verdict import Finding, Kind, Severity, Side, Verdict
from reports import check_report, make_report

FLEET = Fleet.seeded(2026, vehicles=14, chargers=2)
START = 1_795_420_800_000_000


def build(run, origin: str, pairs) -> None:
    """A bench's part of the campaign, its verdicts the true ones."""
    with Store.create(run / "store.sqlite", Campaign("fleet", "Fleet", origin=origin, time_mode="virtual")) as store:
        store.describe(units=FLEET.units(), cases=[CaseInfo(case, f"Smart charging {case}") for case in CASES])
        store.plan(Planned(case, pair) for case in CASES for pair in pairs)
        for case in CASES:
            for pair in pairs:
                truth = FLEET.truth(case, pair)
                if truth.verdict is Verdict.NOT_APPLICABLE:
                    store.rule_out(Planned(case, pair), "not asked")
                    continue
                attempt = store.begin(case, pair, {}, at_utc_us=START, time_mode="virtual")
                (attempt_folder(run, attempt) / "note.txt").write_text(f"{case} {pair}\n")
                failed = truth.verdict is Verdict.FAIL
                store.finish(
                    attempt,
                    truth.verdict,
                    at_utc_us=START + 1_000_000,
                    side=truth.side,
                    kind=Kind.CONFORMANCE if failed else None,
                    reason=truth.trait,
                    findings=[Finding(truth.trait, "field", Severity.FAIL, truth.side, truth.trait)] if failed else [],
                    evidence=collect(run, attempt),
                )
        store.seal()
    write_manifest(run)


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    """Two benches, each with a half of the pairs."""
    folder = tmp_path_factory.mktemp("fleet")
    pairs = FLEET.pairs()
    build(folder / "bench-a", "a", pairs[::2])
    build(folder / "bench-b", "b", pairs[1::2])
    return folder / "bench-a", folder / "bench-b"


@pytest.fixture(scope="module")
def told(benches, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    make_report(list(benches), out)
    return json.loads((out / "report.json").read_text())


def test_every_cell_of_two_benches_has_its_true_verdict_side_and_trait(told):
    pairs = {(pair.vehicle, pair.charger): pair for pair in FLEET.pairs()}
    assert len(told["cells"]) == len(pairs) * len(CASES)
    for cell in told["cells"]:
        truth = FLEET.truth(cell["case"], pairs[cell["vehicle"], cell["charger"]])
        assert (cell["verdict"], cell["side"]) == (truth.verdict, truth.side or "")
        assert truth.verdict is Verdict.NOT_APPLICABLE or cell["reason"] == truth.trait


def test_each_trait_is_one_finding_charged_to_its_side_with_the_true_number_of_units(told):
    findings = {finding["rule"]: finding for finding in told["findings"]}
    for side, members in ((Side.VEHICLE, FLEET.vehicles), (Side.STATION, FLEET.chargers)):
        truths = [FLEET.truth(case, pair) for case in CASES for pair in FLEET.pairs()]
        names = {truth.trait for truth in truths if truth.verdict is Verdict.FAIL and truth.side is side}
        carriers = Counter(name for one in members for name in one.traits)
        for name in names:
            assert findings[name]["side"] == side
            assert findings[name]["units"]["passed"] <= carriers[name]
    assert len(findings) == len({finding["text"] for finding in told["findings"]})


def test_a_fault_of_one_side_is_no_pair_effect_unless_the_other_masks_it(told):
    for effect in told["pair_effects"]:
        cell = next(
            cell
            for cell in told["cells"]
            if (cell["case"], cell["vehicle"], cell["charger"])
            == (effect["case"], effect["vehicle"], effect["charger"])
        )
        assert cell["reason"] == "drops_phase"  # a single-phase station has no phase to drop: the pair decides


def test_parts_merged_into_one_store_give_the_same_results_as_parts_told_together(benches, told, tmp_path):
    first, second = benches
    with Store.create(tmp_path / "merged" / "store.sqlite", Campaign("fleet", "Fleet", origin="merged")) as merged:
        for part in (first, second):
            with Store.open(part / "store.sqlite", readonly=True) as store:
                merged.merge(store)
            adopt(tmp_path / "merged", part)
        merged.seal()
    write_manifest(tmp_path / "merged")
    make_report([tmp_path / "merged"], tmp_path / "out")
    again = json.loads((tmp_path / "out" / "report.json").read_text())
    assert again["total"] == told["total"]
    assert [case["tally"] for case in again["cases"]] == [case["tally"] for case in told["cases"]]
    assert check_report([tmp_path / "merged"], tmp_path / "out") == []
