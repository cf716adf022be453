"""Each of the eleven reviewer's checks passes on a good report, and each can be made to fail."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic

from harness.campaign.evidence import write_manifest
from harness.campaign.records import Campaign, Instrument, Pair, Planned, Unit
from harness.campaign.store import Store
from harness.verdict import Verdict
from reports import check_report, make_report
from reports.check import readable


@pytest.fixture
def copied(run, made, tmp_path) -> tuple[Path, Path]:
    """A run and its report that may be spoilt."""
    shutil.copytree(run, tmp_path / "run")
    shutil.copytree(made, tmp_path / "out")
    return tmp_path / "run", tmp_path / "out"


def spoil(out: Path, change) -> None:
    path = out / "report.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def complaints(run: Path, out: Path) -> set[int]:
    return {complaint.check for complaint in check_report([run], out)}


def test_a_good_report_passes_all_checks(run, made):
    assert check_report([run], made) == []


def test_check_1_finds_a_tally_that_does_not_add_up(copied):
    spoil(copied[1], lambda d: d["total"]["counts"].update({"pass": 45}))
    assert 1 in complaints(*copied)


def test_check_2_finds_a_share_that_the_annex_does_not_bear_out(copied):
    spoil(copied[1], lambda d: d["cases"][4]["tally"]["share"].update(passed=6))
    assert 2 in complaints(*copied)


def test_check_3_finds_changed_evidence(copied):
    (copied[0] / "evidence" / "b3-00003" / "transcript.jsonl").write_text("")
    assert 3 in complaints(*copied)


def test_check_3_finds_a_verdict_without_evidence(tmp_path):
    run = synthetic.build(tmp_path / "run", finish=False)
    with Store.open(run / "store.sqlite") as store:
        attempt = store.begin("PF_V2G_01", Pair("car-17", "cs-42"), {}, at_utc_us=synthetic.START_UTC_US)
        store.finish(attempt, Verdict.PASS, at_utc_us=synthetic.START_UTC_US + 1)
        store.seal()
    write_manifest(run)
    make_report([run], tmp_path / "out")
    (complaint,) = check_report([run], tmp_path / "out")
    assert (complaint.check, complaint.text) == (3, f"attempt {attempt} (pass) has no evidence")


def test_check_4_finds_an_instrument_out_of_calibration(copied, tmp_path):
    run, _ = copied
    with Store.open(run / "store.sqlite") as store:
        real = replace(synthetic.INSTRUMENTS[0], emulated=False, calibration_due="2026-11-22")
        store.describe(instruments=[real])
        store.seal()
    write_manifest(run)
    make_report([run], tmp_path / "again")
    assert complaints(run, tmp_path / "again") == {4}


def test_check_5_finds_a_deviation_that_is_not_told(copied):
    with Store.open(copied[0] / "store.sqlite") as store:
        store.deviation("the hall was at 31 degrees")
        store.seal()
    assert 5 in complaints(*copied)


def test_check_6_finds_our_own_limit_sold_as_a_standards(copied):
    spoil(copied[1], lambda d: d["cases"][0]["limits"][0].update(source="standard", reference="IEC 61851-1"))
    assert 6 in complaints(*copied)


def test_check_6_finds_a_page_without_the_marks(copied):
    page = copied[1] / "report.html"
    page.write_text(page.read_text().replace("s-our-default", "s-standard"))
    assert 6 in complaints(*copied)


def test_check_7_finds_an_attempt_that_was_left_out(copied):
    spoil(copied[1], lambda d: d["cells"][0].update(attempts=[]))
    assert 7 in complaints(*copied)


def test_check_8_finds_an_identity_in_a_pseudonymous_report(run, tmp_path):
    make_report([run], tmp_path / "out", anonymise="public", key=tmp_path / "key.json")
    assert check_report([run], tmp_path / "out", key=tmp_path / "key.json") == []
    (tmp_path / "out" / "appendix.txt").write_text("photo of wvwzzze1zmp012345 at the plug")
    found = check_report([run], tmp_path / "out", key=tmp_path / "key.json")
    assert [complaint.check for complaint in found] == [8]


def test_check_8_reads_what_a_pdf_shows(made):
    assert "wvwzzze1zmp012345" in readable(made / "report.pdf").lower()
    assert "weltwagen" in readable(made / "report.pdf").lower()


def test_check_9_finds_a_report_that_was_touched_up(copied):
    page = copied[1] / "report.html"
    page.write_text(page.read_text().replace("44/51", "50/51"))
    assert 9 in complaints(*copied)


def test_check_10_finds_an_early_stop_that_is_not_told(copied):
    (copied[0] / "manifest.json").unlink()
    assert 10 in complaints(*copied)


def test_check_11_finds_a_campaign_in_which_nothing_was_run(tmp_path):
    with Store.create(tmp_path / "run" / "store.sqlite", Campaign("c", "Nothing", started_utc_us=1)) as store:
        store.describe(units=[Unit("v", "vehicle"), Unit("s", "charger")], instruments=[Instrument("x", emulated=True)])
        store.plan([Planned("A", Pair("v", "s"))])
        store.seal()
    write_manifest(tmp_path / "run")
    make_report([tmp_path / "run"], tmp_path / "out")
    assert complaints(tmp_path / "run", tmp_path / "out") == {11}
