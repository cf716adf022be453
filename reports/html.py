"""The report as one HTML file that needs nothing else: no network, no server, and little of a phone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.verdict import Verdict
from reports import figures
from reports.document import CellRow, Document
from reports.drawings import Drawings
from reports.drilldown import Drilldown
from reports.limit_table import limit_lines
from reports.style import LOOKS

_TEMPLATES = Path(__file__).with_name("templates")
_LISTED = 1500
"""Verdicts up to which the annex stands in the page itself, for print and for readers without scripts."""

_CHAPTERS = (
    ("summary", "Summary"),
    ("identification", "Identification"),
    ("scope", "Scope"),
    ("population", "Population"),
    ("method", "Method"),
    ("setup", "Set-up"),
    ("results", "Results"),
    ("cases", "By case"),
    ("findings", "Findings"),
    ("pairs", "Pair effects"),
    ("conclusions", "Conclusions"),
    ("verdicts", "Every verdict"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the matrix: the pair's worst verdict and in how many of its cases it came out."""

    v: int
    s: int
    verdict: str
    count: int
    of: int


def render(document: Document, drawings: Drawings, drilldown: Drilldown) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    rows, columns = figures.axes(document.cells)
    return environment.get_template("report.html").render(
        d=document,
        looks=LOOKS,
        chapters=_CHAPTERS,
        counted=[name for name in LOOKS if document.total.counts.get(name)],
        charged=[name for name in LOOKS if any(name in counts for counts in document.sides.values())],
        limits=list(limit_lines(document.cases)),
        columns=columns,
        matrix=_matrix(document, rows, columns),
        figures=_marked(drawings),
        listed=len(document.cells) <= _LISTED,
        css=Markup(environment.get_template("report.css").render(looks=LOOKS)),
        js=Markup((_TEMPLATES / "report.js").read_text(encoding="utf-8")),
        index=Markup(drilldown.index),
        chunks=[Markup(chunk) for chunk in drilldown.chunks],
    )


def _matrix(document: Document, rows: list[str], columns: list[str]) -> list[tuple[str, list[Field | None]]]:
    vehicles: dict[str, int] = {}
    chargers: dict[str, int] = {}
    pairs: dict[tuple[str, str], list[CellRow]] = {}
    for cell in document.cells:  # numbered as in the drill-down's index
        vehicles.setdefault(cell.vehicle, len(vehicles))
        chargers.setdefault(cell.charger, len(chargers))
        pairs.setdefault((cell.vehicle, cell.charger), []).append(cell)

    def field(row: str, column: str) -> Field | None:
        cells = pairs.get((row, column))
        if not cells:
            return None
        verdict: Verdict = figures.worst_of(cells)
        count = sum(cell.verdict == verdict for cell in cells)
        return Field(vehicles[row], chargers[column], verdict, count, len(cells))

    return [(row, [field(row, column) for column in columns]) for row in rows]


def _marked(drawings: Drawings) -> dict[str, Any]:
    """Our own SVG is markup; everything from outside in it was escaped when it was drawn."""
    return {
        "by_case": [Markup(one) for one in drawings.by_case],
        "shares": [Markup(one) for one in drawings.shares],
        "setup": Markup(drawings.setup),
        "group": [{"svg": Markup(one.svg), "caption": one.caption} for one in drawings.group],
        "sections": [
            {
                "case": one.case,
                "bar": Markup(one.bar),
                "traces": [{"svg": Markup(t.svg), "verdict": t.verdict, "attempt": t.attempt} for t in one.traces],
            }
            for one in drawings.sections
        ],
    }
