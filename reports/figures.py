"""The charts of a report, drawn once and shown in HTML and PDF alike; readable without colour."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from harness.verdict import Verdict
from reports.document import CaseRow, CellRow, Document, ShareRow, TallyRow
from reports.style import LOOKS
from reports.svg import Drawing, ticks
from reports.text import number
from reports.timeline import Curve, Timeline, thinned

_INK, _SOFT, _GRID = "#1d2730", "#5b6670", "#d5dade"
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_LINES = ("#0b5394", "#b3261e", "#1f7a43", "#6a3fa0")
_WIDTH = 720
_BLOCK = 36
"""Vehicles in one block of the matrix: what a page is high."""
_TRACE_WIDTH, _TRACE_HEIGHT, _TRACE_POINTS = 440.0, 210.0, 240
_TRACED = {"w": ("w", 300.0, 2000.0), "a": ("a", 1.0, 2000.0)}
"""Unit of a trace, from what value on it is worth its place (our default: above a converter's standby), and on kilo."""
_NARROW = 12
"""Chargers up to which two blocks stand side by side."""


def _patterns(drawing: Drawing, prefix: str, verdicts: Collection[str]) -> None:
    """Pattern names carry the chart's own prefix: several drawings share one HTML page."""
    for verdict, look in LOOKS.items():
        if look.marks and verdict in verdicts:
            drawing.pattern(f"{prefix}-{verdict}", look.marks)


def _legend(drawing: Drawing, verdicts: Iterable[str], y: float, prefix: str) -> None:
    x = 4.0
    for verdict, look in LOOKS.items():
        if verdict in verdicts:
            drawing.rect(x, y - 9, 12, 12, look.colour)
            if look.marks:
                drawing.rect(x, y - 9, 12, 12, f"url(#{prefix}-{verdict})")
            drawing.text(x + 16, y + 1, f"{look.glyph} {look.label}", 10)
            x += 30 + 5.6 * (len(look.label) + 2)


def verdicts_by_case(cases: Sequence[tuple[str, TallyRow]], prefix: str = "by-case") -> str:
    """Stacked bars, one a case, every part with its number on it."""
    height = 44 + 22 * len(cases)
    drawing = Drawing(
        _WIDTH, height, "Verdicts by case", "One bar a case, its parts as long as their share of the plan."
    )
    found = {verdict for _, tally in cases for verdict in tally.counts}
    _patterns(drawing, prefix, found)
    _legend(drawing, found, 14, prefix)
    left, full = 250.0, _WIDTH - 250.0 - 44
    for place, (name, tally) in enumerate(cases):
        y = 32.0 + 22 * place
        drawing.text(left - 8, y + 12, _short(name, 38), 10, text_anchor="end")
        _bar(drawing, name, tally, left, y, full, prefix)
        drawing.text(_WIDTH - 38, y + 12, f"n = {tally.planned}", 9, fill=_SOFT)
    return drawing.render()


def verdicts_of(case: CaseRow, prefix: str) -> str:
    """The bar of one case alone."""
    drawing = Drawing(_WIDTH, 18, f"Verdicts of {case.id}")
    _patterns(drawing, prefix, case.tally.counts)
    _bar(drawing, case.id, case.tally, 0, 0.5, _WIDTH, prefix)
    return drawing.render()


def _bar(drawing: Drawing, name: str, tally: TallyRow, left: float, y: float, full: float, prefix: str) -> None:
    x = left
    for verdict, look in LOOKS.items():
        count = tally.counts.get(verdict, 0)
        if not count:
            continue
        width = full * count / tally.planned
        drawing.rect(x, y, width, 17, look.colour, f"{name}: {count} {look.label}")
        if look.marks:
            drawing.rect(x, y, width, 17, f"url(#{prefix}-{verdict})")
        drawing.line(x + width, y, x + width, y + 17, "#ffffff")
        label = f"{look.glyph} {count}"
        if width > 9 * len(label):
            # A plate under the number keeps it readable on hatching.
            half = 4.4 * len(label)
            drawing.rect(x + width / 2 - half, y, 2 * half, 17, look.colour)
            drawing.text(x + width / 2, y + 12, label, 10, text_anchor="middle", fill="#ffffff")
        x += width


def shares(rows: Sequence[tuple[str, ShareRow]], title: str = "Pass shares with 95 % Wilson intervals") -> str:
    """A dot for each share, a whisker for its interval, the numbers beside it."""
    height = 40 + 24 * len(rows)
    drawing = Drawing(_WIDTH, height, title)
    left, full = 250.0, 260.0
    for mark in range(0, 101, 25):
        x = left + full * mark / 100
        drawing.line(x, 22, x, height - 8, _GRID)
        drawing.text(x, 14, f"{mark} %", 9, text_anchor="middle", fill=_SOFT)
    for place, (label, share) in enumerate(rows):
        y = 36.0 + 24 * place
        drawing.text(left - 10, y + 4, _short(label, 38), 10, text_anchor="end")
        if share.tested:
            low, high = left + full * share.low, left + full * share.high
            x = left + full * share.passed / share.tested
            drawing.line(low, y, high, y, _INK, stroke_width=1.4)
            for end in (low, high):
                drawing.line(end, y - 4, end, y + 4, _INK, stroke_width=1.4)
            drawing.add("circle", cx=x, cy=y, r=4.2, fill="#0b5394")
        drawing.text(left + full + 14, y + 4, share.text, 9.5)
    return drawing.render()


def matrix(document: Document) -> tuple[str, ...]:
    """Vehicles by chargers, a drawing a page: the pair's worst verdict and in how many of its cases it came out."""
    cells: dict[tuple[str, str], list[CellRow]] = {}
    for cell in document.cells:
        cells.setdefault((cell.vehicle, cell.charger), []).append(cell)
    rows, columns = axes(document.cells)
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    across = 2 if len(columns) <= _NARROW else 1
    pages = [blocks[start : start + across] for start in range(0, len(blocks), across)]
    return tuple(_matrix_page(page, columns, cells) for page in pages)


def _matrix_page(
    blocks: Sequence[Sequence[str]], columns: Sequence[str], cells: dict[tuple[str, str], list[CellRow]]
) -> str:
    side, left, top = 26.0, 112.0, 74.0
    width = left + side * len(columns) + 30
    drawing = Drawing(width * len(blocks), top + side * len(blocks[0]) + 12, "Vehicles and chargers")
    for place, block in enumerate(blocks):
        x0 = width * place + left
        for column, name in enumerate(columns):
            x = x0 + side * column + 17
            drawing.text(x, top - 8, _short(name, 12), 10, transform=f"rotate(-50 {x:.1f} {top - 8:.1f})")
        for row, name in enumerate(block):
            y = top + side * row
            drawing.text(x0 - 8, y + 17, _short(name, 15), 10, text_anchor="end")
            for column, other in enumerate(columns):
                who = f"{name} with {other}"
                _pair_cell(drawing, x0 + side * column, y, side, cells.get((name, other), []), who)
    return drawing.render()


def _pair_cell(drawing: Drawing, x: float, y: float, side: float, cells: Sequence[CellRow], who: str) -> None:
    if not cells:
        drawing.rect(x + 1, y + 1, side - 2, side - 2, "#f4f6f7", f"{who}: not planned")
        return
    verdict = worst_of(cells)
    look = LOOKS[verdict]
    bad = sum(cell.verdict == verdict for cell in cells)
    told = f"{who}: {look.label} ({bad} of {len(cells)} cases)"
    drawing.rect(x + 1, y + 1, side - 2, side - 2, look.colour, told, rx=2)
    label = look.glyph if verdict is Verdict.PASS else f"{look.glyph}{bad}"
    drawing.text(x + side / 2, y + side / 2 + 4, label, 10, text_anchor="middle", fill="#ffffff")


def worst_of(cells: Iterable[CellRow]) -> Verdict:
    """The worst verdict of a pair; a missing result outweighs a pass, and nothing else."""
    verdicts = [Verdict(cell.verdict) for cell in cells]
    found = max(verdicts, key=lambda one: one.rank)
    return Verdict.NOT_RUN if found.good and Verdict.NOT_RUN in verdicts else found


def axes(cells: Iterable[CellRow]) -> tuple[list[str], list[str]]:
    """Vehicles and chargers, those with most failures first."""
    bad: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for cell in cells:
        for axis, name in zip(bad, (cell.vehicle, cell.charger), strict=True):
            axis[name] = axis.get(name, 0) + (cell.verdict == Verdict.FAIL)
    rows, columns = (sorted(axis, key=lambda name: (-axis[name], name)) for axis in bad)
    return rows, columns


def trace(timeline: Timeline, title: str) -> str:
    """What was asked and what was measured over time; empty text if no energy flowed."""
    offered = any(
        curve.name == "offered_a" and any(value > 0 for _, value in curve.points) for curve in timeline.curves
    )
    unit, flowing, big = _TRACED["a" if offered else "w"]
    chosen = _chosen(timeline.curves, unit, flowing)
    points = [point for curve in chosen for point in curve.points]
    if len(points) < 2 or max(abs(y) for _, y in points) < flowing:
        return ""
    scale, printed = (1000.0, f"k{unit.upper()}") if max(abs(y) for _, y in points) >= big else (1.0, unit.upper())
    start, end = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(0.0, *(y / scale for _, y in points)), max(0.0, *(y / scale for _, y in points))
    margin = (high - low) * 0.08 or 1.0
    low, high = low - margin, high + margin
    top, left, bottom = 14.0 + 15 * len(chosen), 46.0, _TRACE_HEIGHT - 34.0
    described = f"Curves: {', '.join(curve.name for curve in chosen)} in {printed} over s."
    drawing = Drawing(_TRACE_WIDTH, _TRACE_HEIGHT, title, described)

    def x_of(x: float) -> float:
        return left + (_TRACE_WIDTH - left - 12) * (x - start) / ((end - start) or 1.0)

    def y_of(y: float) -> float:
        return bottom - (bottom - top) * (y - low) / (high - low)

    for mark in ticks(low, high):
        drawing.line(left, y_of(mark), _TRACE_WIDTH - 12, y_of(mark), _SOFT if mark == 0 else _GRID)
        drawing.text(left - 6, y_of(mark) + 4, number(mark), 10, text_anchor="end", fill=_SOFT)
    for mark in ticks(start, end, 5):
        drawing.text(x_of(mark), bottom + 15, number(mark), 10, text_anchor="middle", fill=_SOFT)
    drawing.text(_TRACE_WIDTH - 12, bottom + 29, "time in s", 10, text_anchor="end", fill=_SOFT)
    for place, curve in enumerate(chosen):
        style: dict[str, float | str] = {"stroke_dasharray": _DASHES[place]} if _DASHES[place] else {}
        held = curve.name.startswith(("setpoint", "offered"))
        drawn = _held(curve.points, end) if held else thinned(list(curve.points), _TRACE_POINTS)
        drawing.path([(x_of(at), y_of(value / scale)) for at, value in drawn], _LINES[place], **style)
        y = 12.0 + 15 * place
        drawing.line(left, y - 4, left + 24, y - 4, _LINES[place], stroke_width=2, **style)
        label = f"{curve.name.removesuffix(f'_{unit}').replace('_', ' ')} ({curve.role}), {printed}"
        drawing.text(left + 30, y, label, 10)
    return drawing.render()


def _chosen(curves: Iterable[Curve], unit: str, flowing: float) -> list[Curve]:
    """What was asked first, then what was measured; never more than four, or nobody can read them."""
    fitting = [curve for curve in curves if curve.name.endswith(f"_{unit}")]
    stems = {id(curve): curve.name.removesuffix(f"_{unit}") for curve in fitting}
    side_show = {stem for stem in stems.values() if stem.startswith("dc_")}
    fitting = [
        curve
        for curve in fitting
        if stems[id(curve)] not in side_show or any(abs(value) >= flowing for _, value in curve.points)
    ]
    rank = {name: place for place, name in enumerate(("setpoint", "offered", "active", "current", "dc_power", "power"))}
    return sorted(fitting, key=lambda one: (rank.get(stems[id(one)], 9), one.role, one.name))[:4]


def _held(points: Sequence[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """A setpoint holds until the next one."""
    held = [points[0]]
    for at, value in points[1:]:
        held += [(at, held[-1][1]), (at, value)]
    return [*held, (end, held[-1][1])]


def _short(text: str, longest: int) -> str:
    """Clipped in the middle: what tells two identifiers apart stands at their ends."""
    if len(text) <= longest:
        return text
    tail = longest // 2
    return text[: longest - tail - 1] + "…" + text[-tail:]
