"""`plugfest cases`, `rules` and `defects`: what there is, as a table for people or as JSON for scripts."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from drivers.emulators.catalogue import all_defects
from harness.campaign.catalogue import load_cases
from harness.rules.judge import load_rules
from harness.verdict import Side

JsonOption = Annotated[bool, typer.Option("--json", help="a list of JSON objects instead of a table")]


def cases(as_json: JsonOption = False) -> None:
    """Every test case: id, title, SUT, capabilities, requirements."""
    rows = [
        {
            "id": case.id,
            "title": case.title,
            "sut": case.sut,
            "protocol": case.protocol,
            "requires": sorted(case.requires),
            "requirements": list(case.requirements),
            "uses_rules": list(case.uses_rules),
        }
        for case in load_cases()
    ]
    listed(rows, as_json, "test cases", ["id", "sut", "title"])


def rules(as_json: JsonOption = False) -> None:
    """Every rule: id, requirement, confidence, severity, side, reason."""
    rows = [
        {
            "id": rule.id,
            "protocol": rule.protocol,
            "requirement": rule.requirement,
            "confidence": str(rule.confidence),
            "severity": str(rule.severity),
            "side": "charger" if rule.side is Side.STATION else str(rule.side),
            "reason": rule.reason,
        }
        for rule in load_rules().values()
    ]
    listed(rows, as_json, "rules", ["id", "requirement", "confidence", "severity", "side", "reason"])


def defects(as_json: JsonOption = False) -> None:
    """Every seeded defect of the emulators, and what must find it."""
    rows = [
        {
            "id": defect.id,
            "role": defect.role,
            "protocol": defect.protocol,
            "seen_in": defect.seen_in,
            "description": defect.description,
            "found_by": defect.found_by,
        }
        for defect in all_defects().values()
    ]
    if as_json:  # the table's words are for people
        rows = [{key: value for key, value in row.items() if key != "description"} for row in rows]
    listed(rows, as_json, "seeded defects", ["id", "role", "found_by", "description"])


def listed(rows: list[dict[str, Any]], as_json: bool, title: str, columns: list[str]) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table(title=f"{len(rows)} {title}", title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_text(row[column]) for column in columns))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
