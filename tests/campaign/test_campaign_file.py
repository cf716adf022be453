"""A campaign file through the command line: order, repeats, re-tests, parts that are merged, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from harness.campaign.catalogue import load_cases
from harness.campaign.evidence import STORE, verify
from harness.campaign.fleet import Fleet
from harness.campaign.plan import load_plan
from harness.campaign.programme import Programme
from harness.campaign.records import Pair, Planned
from harness.campaign.store import Store
from harness.cli import app
from harness.lab import load_lab
from harness.verdict import DecisionRule, Verdict
from tests.smart_charging.rig import car, plan_of, station

ROOT = Path(__file__).parents[2]
FLEET = Fleet((car("fine"), car("drops", "drops_phase")), (station("cs", reference=True),))
CASES = [{"id": "AC-20", "repeats": 2}, {"id": "AC-06", "parameters": {"hold_s": 60}}]
NO_PASS_WANTED = {"retest": {"verdicts": ["fail"], "times": 1}}


def written(folder: Path, **changed) -> Path:
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump(plan_of(FLEET, cases=CASES, **NO_PASS_WANTED, **changed)))
    return path


def plugfest(*arguments: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def told(run: Path) -> dict[Planned, list[Verdict | None]]:
    with Store.open(run / STORE, readonly=True) as store:
        return {result.planned: [one.verdict for one in result.attempts] for result in store.results()}


def started(run: Path) -> list[str]:
    """The cases in the order of their attempts."""
    with Store.open(run / STORE, readonly=True) as store:
        attempts = [one for result in store.results() for one in result.attempts]
    return [one.case for one in sorted(attempts, key=lambda one: one.started_utc_us)]


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> list[Path]:
    """Two benches that each run a part and share nothing."""
    folder = tmp_path_factory.mktemp("campaign")
    file = written(folder, order="by_case", decision_rule="simple_acceptance", anonymisation="group")
    runs = []
    for number in (1, 2):
        out = folder / f"bench-{number}"
        code, output = plugfest(
            "run", "--campaign", str(file), "--time", "virtual", "--part", f"{number}/2", "--out", str(out)
        )
        assert code == number - 1, output  # the first part has the car that is fine
        runs += out.glob("2*")
    return runs


def test_a_part_plans_the_whole_and_runs_its_pairs_with_repeats_and_retests(parts):
    first, second = (told(run) for run in parts)
    assert set(first) == set(second)
    assert len(first) == 4
    fine, drops = Pair("fine", "cs"), Pair("drops", "cs")
    assert first[Planned("AC-20", fine)] == [Verdict.PASS, Verdict.PASS]
    assert first[Planned("AC-06", fine)] == [Verdict.PASS]
    assert first[Planned("AC-20", drops)] == []
    assert second[Planned("AC-06", drops)] == [Verdict.FAIL, Verdict.FAIL]
    assert started(parts[1]) == ["AC-20", "AC-20", "AC-06", "AC-06"]


def test_two_parts_are_merged_without_conflict(parts, tmp_path):
    ended = CliRunner().invoke(app, ["merge", *map(str, parts), "--out", str(tmp_path / "whole")])
    assert ended.exit_code == 0, ended.output
    whole = told(tmp_path / "whole")
    assert all(whole.values())
    assert sum(map(len, whole.values())) == 7
    assert verify(tmp_path / "whole") == []
    assert (tmp_path / "whole/report/report.html").is_file()
    with Store.open(tmp_path / "whole" / STORE, readonly=True) as store:
        ids = {one.id.rpartition("-")[0] for result in store.results() for one in result.attempts}
        rules = {each.rule for result in store.results() for one in result.attempts for each in one.measurements}
    assert rules == {DecisionRule.SIMPLE_ACCEPTANCE}
    assert ids == {"emulated-fleet-p1", "emulated-fleet-p2"}


def test_the_reports_level_and_decision_rule_are_the_campaign_files(parts, tmp_path):
    ended = CliRunner().invoke(app, ["report", str(parts[0]), "--out", str(tmp_path)])
    assert ended.exit_code == 0, ended.output
    for folder in (parts[0] / "report", tmp_path):
        report = json.loads((folder / "report.json").read_text())
        assert report["identification"]["level"] == "group"
        assert report["method"]["decision_rule"].startswith("simple acceptance")
        assert "fine" not in {unit["name"] for unit in report["units"]}
    ended = CliRunner().invoke(app, ["report", str(parts[0]), "--anonymise", "internal", "--out", str(tmp_path)])
    assert ended.exit_code == 0, ended.output
    assert json.loads((tmp_path / "report.json").read_text())["identification"]["level"] == "internal"


def test_one_part_twice_is_refused_and_leaves_no_run(parts, tmp_path):
    ended = CliRunner().invoke(app, ["merge", str(parts[0]), str(parts[0]), "--out", str(tmp_path / "whole")])
    assert ended.exit_code == 4
    assert "call themselves" in ended.output
    assert not (tmp_path / "whole").exists()


def test_a_campaigns_cases_are_run_under_each_kind_of_links_that_it_names(tmp_path):
    one_car = Fleet((car("fine"),), (station("cs", reference=True),))
    path = tmp_path / "campaign.yaml"
    links = ["none", "lte-good"]
    path.write_text(yaml.safe_dump(plan_of(one_car, cases=[{"id": "AC-20"}, {"id": "AC-16"}], impairments=links)))
    code, output = plugfest("run", "--campaign", str(path), "--time", "virtual", "--out", str(tmp_path))
    assert code == 0, output
    (run,) = tmp_path.glob("2*")
    with Store.open(run / STORE, readonly=True) as store:
        found = {result.planned.case: result for result in store.results()}
    assert {name: len(result.attempts) for name, result in found.items()} == {
        "AC-20": 1, "AC-20@lte-good": 1, "AC-16": 1, "AC-16@lte-good": 1
    }  # fmt: skip
    assert found["AC-20@lte-good"].attempts[0].parameters["impairment"] == "lte-good"
    ended = CliRunner().invoke(app, ["run", "--campaign", str(path), "--impairment", "none"])
    assert ended.exit_code == 4


def test_a_finished_part_has_nothing_to_resume(parts):
    before = told(parts[0])
    file = parts[0].parents[1] / "campaign.yaml"
    code, output = plugfest(
        "run", "--campaign", str(file), "--time", "virtual", "--part", "1/2", "--resume", str(parts[0])
    )
    assert code != 4, output
    assert told(parts[0]) == before


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"cases": [{"id": "AC-66"}]}, "unknown test case 'AC-66'; did you mean 'AC-16'"),
        ({"cases": [{"id": "AC-12", "parameters": {"pause": 5}}]}, "unknown pause; known are pause_s, charge_s"),
        ({"order": "at_random"}, r"campaign.yaml:\d+:\d+: order: "),
        ({"decision_rule": "kindly"}, r"campaign.yaml:\d+:\d+: decision_rule: .*'guarded_acceptance'"),
    ],
)
def test_a_wrong_campaign_is_bad_usage(tmp_path, changed, why):
    path = tmp_path / "campaign.yaml"
    path.write_text(yaml.safe_dump({**plan_of(FLEET, cases=CASES), **changed}))
    ended = CliRunner().invoke(app, ["run", "--campaign", str(path)])
    assert ended.exit_code == 4
    assert re.search(why, ended.output), ended.output
    assert CliRunner().invoke(app, ["run"]).exit_code == 4


@pytest.mark.parametrize("file", sorted((ROOT / "lab-configs/campaigns").glob("*.yaml")), ids=lambda file: file.name)
def test_every_shipped_campaign_is_planned_with_known_cases_and_parameters(file):
    plan = load_plan(file)
    lab = plan.on(load_lab(plan.lab), {case.id: case for case in load_cases()})
    programme = Programme(plan, lab, load_cases(lab.suites), "")
    assert {cell.case for cell in programme.cells} == {one.id for one in plan.cases}
