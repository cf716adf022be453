"""Every requirement is covered by a case or a rule, or says why not; and none is named that there is not."""

from __future__ import annotations

import json
import re

from typer.testing import CliRunner

from harness.campaign.catalogue import load_cases
from harness.cli import app
from harness.coverage_cli import by_case, by_rule, coverage_rows
from harness.ocpp.requirements import all_requirements
from harness.rules.judge import load_rules

_ID = re.compile(r"(V2X\.\d|[A-Z]\d\d)")


def test_every_requirement_has_a_case_or_a_rule_or_a_reason_why_not():
    assert [row["id"] for row in coverage_rows() if bool(row["cases"] or row["rules"]) == bool(row["untested"])] == []


def test_cases_and_rules_name_only_requirements_that_there_are():
    named = {one for one in (*by_case(), *by_rule()) if _ID.match(one)}
    assert named - all_requirements().keys() == set()


def test_what_is_a_duty_of_both_sides_is_asked_of_both():
    suts = {case.id: case.sut for case in load_cases()}
    sides = {name: str(rule.side) for name, rule in load_rules().items()}
    wrong = {}
    for row in coverage_rows():
        asked = {"csms" if suts[one] == "csms" else "station" for one in row["cases"]}
        asked |= {"csms" if sides[one] == "csms" else "station" for one in row["rules"]}
        owed = {"station", "csms"} if row["duty"] == "both" else {row["duty"]}
        if (missing := owed - asked) and not row["untested"]:
            wrong[row["id"]] = missing
    assert wrong == {}


def test_the_command_tells_it_by_block():
    ended = CliRunner().invoke(app, ["coverage", "K28.FR.12", "--json"])
    (row,) = json.loads(ended.output)
    assert row["cases"] == ["PF_K28_12_CSMS"] and row["duty"] == "csms"
    assert row["rules"] == ["ocpp2.1/pulls-of-unknown-profiles-are-rejected"]
