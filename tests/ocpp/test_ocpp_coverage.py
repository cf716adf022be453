"""Every requirement is covered by a case or a rule, or says why not; and none is named that there is not."""

from __future__ import annotations

import json
import re

from typer.testing import CliRunner

from harness.cli import app
from harness.coverage_cli import by_case, by_rule, coverage_rows
from harness.ocpp.requirements import all_requirements

_ID = re.compile(r"(V2X\.\d|[A-Z]\d\d)")


def test_every_requirement_has_a_case_or_a_rule_or_a_reason_why_not():
    assert [row["id"] for row in coverage_rows() if bool(row["cases"] or row["rules"]) == bool(row["untested"])] == []


def test_cases_and_rules_name_only_requirements_that_there_are():
    named = {one for one in (*by_case(), *by_rule()) if _ID.match(one)}
    assert named - all_requirements().keys() == set()


def test_the_command_tells_it_by_block():
    ended = CliRunner().invoke(app, ["coverage", "K28.FR.12", "--json"])
    (row,) = json.loads(ended.output)
    assert row["cases"] == ["PF_K28_12_CSMS"] and row["duty"] == "csms"
    assert row["rules"] == ["ocpp2.1/pulls-of-unknown-profiles-are-rejected"]
