"""The report as PDF/A, typeset by typst from the same document.

Device strings reach typst as data (`json()`), never as markup. What no font can show is spelled out, because PDF/A
forbids missing glyphs. No date of today: typst gets the day of the last result.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import typst

from reports.document import CellRow, Document
from reports.drawings import Drawings
from reports.figures import axes
from reports.limit_table import limit_lines
from reports.style import LOOKS

_TEMPLATE = Path(__file__).with_name("templates") / "report.typ"
_LISTED = 1500
"""Verdicts up to which the annex lists each with reason and hashes; above, one glyph each, hashes in report.json."""


def render(document: Document, drawings: Drawings) -> bytes:
    """The PDF's octets; the same document gives the same octets."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "report.typ").write_bytes(_TEMPLATE.read_bytes())
        figures = {f"matrix-{place}": one for place, one in enumerate(drawings.matrix)}
        figures |= {f"by-case-{place}": one for place, one in enumerate(drawings.by_case)}
        figures |= {f"shares-{place}": one for place, one in enumerate(drawings.shares)}
        figures |= {"setup": drawings.setup} | {one.name: one.svg for one in drawings.group}
        for place, section in enumerate(drawings.sections):
            figures |= {f"case-{place}": section.bar}
            figures |= {f"trace-{place}-{number}": one.svg for number, one in enumerate(section.traces)}
        for name, svg in figures.items():
            (root / f"{name}.svg").write_text(svg, encoding="utf-8")
        (root / "data.json").write_text(json.dumps(_printable(_data(document, drawings))), encoding="utf-8")
        issued = datetime.fromisoformat(document.identification.issued).replace(tzinfo=UTC)
        compiler = typst.Compiler(root / "report.typ", root=root, font_paths=[_fonts()], ignore_system_fonts=True)
        pdf = compiler.compile(format="pdf", pdf_standards=["a-2b"], timestamp=int(issued.timestamp()))
    assert isinstance(pdf, bytes)
    return pdf


def _data(document: Document, drawings: Drawings) -> dict[str, Any]:
    """What the template prints; numbers are formatted here, so that both formats print the same ones."""
    data: dict[str, Any] = msgspec.to_builtins(replace(document, cells=()))
    counted = [name for name in LOOKS if document.total.counts.get(name)]
    data["looks"] = {
        name: {"label": look.label, "glyph": look.glyph, "colour": look.colour} for name, look in LOOKS.items()
    }
    data["counted"] = counted
    data["charged"] = [name for name in LOOKS if any(name in counts for counts in document.sides.values())]
    data["limits"] = [
        [one.case, one.name, one.low, one.high, one.unit, f"{one.source} {one.reference}".strip()]
        + [one.values, one.smallest, one.largest]
        for one in limit_lines(document.cases)
    ]
    places = {case.id: place for place, case in enumerate(document.cases)}
    data["sections"] = [
        {
            "case": places[one.case.id],
            "traces": [{"verdict": trace.verdict, "attempt": trace.attempt} for trace in one.traces],
        }
        for one in drawings.sections
    ]
    data["pages"] = {"by_case": len(drawings.by_case), "shares": len(drawings.shares), "matrix": len(drawings.matrix)}
    data["group_figures"] = [{"name": one.name, "caption": one.caption} for one in drawings.group]
    data["listed"] = [_line(cell) for cell in document.cells] if len(document.cells) <= _LISTED else []
    data["grids"] = [] if data["listed"] else _grids(document)
    return data


def _line(cell: CellRow) -> list[str]:
    evidence = "; ".join(
        f"{one.id} {_GLYPHS[one.verdict]} " + " ".join(file.sha256[:16] for file in one.evidence)
        for one in cell.attempts
    )
    return [cell.case, cell.vehicle, cell.charger, cell.verdict, cell.side, cell.reason, evidence]


_GLYPHS = {str(name): look.glyph for name, look in LOOKS.items()}


def _grids(document: Document) -> list[dict[str, Any]]:
    """One grid a case: a row a vehicle, a column a charger, a glyph a verdict."""
    rows, columns = axes(document.cells)
    by_place = {(cell.case, cell.vehicle, cell.charger): _GLYPHS[cell.verdict] for cell in document.cells}
    return [
        {
            "case": case.id,
            "title": case.title,
            "columns": columns,
            "rows": [[row, "".join(by_place.get((case.id, row, column), " ") for column in columns)] for row in rows],
        }
        for case in document.cases
    ]


def _fonts() -> Path:
    """DejaVu, as matplotlib brings it along: the same fonts on every machine. Found without importing it: that is slow."""
    found = find_spec("matplotlib")
    assert found and found.origin
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    """Characters that every face of DejaVu that is used can show."""
    from matplotlib.ft2font import FT2Font

    faces = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSansMono.ttf")
    return frozenset.intersection(*(frozenset(FT2Font(str(_fonts() / face)).get_charmap()) for face in faces))


def _printable(value: Any) -> Any:
    """Every string with what no font can show spelled out as <U+XXXX>."""
    if isinstance(value, str):
        if value.isascii():
            return value
        covered = _drawable()
        return "".join(one if ord(one) in covered else f"<U+{ord(one):04X}>" for one in value)
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
