"""`plugfest coverage`: each requirement of OCPP 2.1 with the test cases and rules that hold a device to it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from harness.campaign.catalogue import load_cases
from harness.lists_cli import JsonOption, listed
from harness.ocpp.requirements import all_requirements
from harness.rules.judge import load_rules

PROTOCOL = "ocpp2.1"


def coverage(
    beginning: Annotated[str, typer.Argument(metavar="[ID]", help="only ids that begin so: K, Q06, K28.FR.1")] = "",
    as_json: JsonOption = False,
) -> None:
    """Every requirement of OCPP 2.1: what it asks of whom, and which cases and rules cover it, or why none does."""
    rows = [row for row in coverage_rows() if row["id"].startswith(beginning)]
    listed(rows, as_json, "requirements of OCPP 2.1", ["id", "duty", "says", "cases", "rules", "untested"])


def coverage_rows() -> list[dict[str, Any]]:
    """One row a requirement, in the order of the blocks."""
    cases, rules = by_case(), by_rule()
    return [
        {
            "id": one.id,
            "duty": one.duty,
            "says": one.says,
            "cases": cases.get(one.id, []),
            "rules": rules.get(one.id, []),
            "untested": one.untested,
        }
        for one in all_requirements().values()
    ]


def by_case() -> dict[str, list[str]]:
    """Requirement ids, as cases name them, with the cases."""
    found: dict[str, list[str]] = {}
    for case in load_cases():
        for requirement in case.requirements if case.protocol == PROTOCOL else ():
            found.setdefault(requirement, []).append(case.id)
    return found


def by_rule() -> dict[str, list[str]]:
    """Requirement ids, as rules name them, with the rules."""
    found: dict[str, list[str]] = {}
    for rule in load_rules().values():
        for requirement in rule.requirement.split(", ") if rule.protocol == PROTOCOL else ():
            found.setdefault(requirement, []).append(rule.id)
    return found
