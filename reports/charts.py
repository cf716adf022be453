"""Charts of quantities: times until something happened, pauses, offered against drawn, steps, efficiency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.campaign.statistics import Times
from reports.document import ChangeRow, ShareRow
from reports.svg import Drawing, ticks
from reports.text import number

_INK, _SOFT, _GRID, _BLUE, _RED, _BAND = "#1d2730", "#5b6670", "#d5dade", "#0b5394", "#b3261e", "#e3ebf3"
_WIDTH, _HEIGHT = 720.0, 280.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 62.0, 26.0, 20.0, 44.0

Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Point:
    """A measured value against what was asked for, with the tolerance that was applied."""

    wanted: float
    measured: float
    low: float
    high: float
    passed: bool


def _frame(
    title: str, x: tuple[float, float, str], y: tuple[float, float, str], described: str = ""
) -> tuple[Drawing, Scale, Scale]:
    """Axes with round marks; each axis is (low, high, label with unit)."""
    drawing = Drawing(_WIDTH, _HEIGHT, title, described)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def across(value: float) -> float:
        return _LEFT + width * (value - x[0]) / ((x[1] - x[0]) or 1.0)

    def up(value: float) -> float:
        return _TOP + height * (1 - (value - y[0]) / ((y[1] - y[0]) or 1.0))

    for mark in ticks(y[0], y[1]):
        drawing.line(_LEFT, up(mark), _WIDTH - _RIGHT, up(mark), _GRID)
        drawing.text(_LEFT - 6, up(mark) + 4, number(mark), 9.5, text_anchor="end", fill=_SOFT)
    for mark in ticks(x[0], x[1], 7):
        drawing.line(across(mark), _HEIGHT - _BOTTOM, across(mark), _HEIGHT - _BOTTOM + 4, _SOFT)
        drawing.text(across(mark), _HEIGHT - _BOTTOM + 17, number(mark), 9.5, text_anchor="middle", fill=_SOFT)
    drawing.line(_LEFT, _HEIGHT - _BOTTOM, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM, _INK)
    drawing.text(_WIDTH - _RIGHT, _HEIGHT - 8, x[2], 9.5, text_anchor="end", fill=_SOFT)
    drawing.text(4, 14, y[2], 9.5, fill=_SOFT)
    return drawing, across, up


def distribution(times: Times, name: str, limit_s: float | None) -> str:
    """The share that has reacted by each time; those that never did hold the curve down and are marked at the end."""
    end = max([*times.observed_s, *times.censored_s, limit_s or 0.0]) * 1.05 or 1.0
    told = f"{len(times.observed_s)} reacted, {len(times.censored_s)} had not when observation ended."
    drawing, across, up = _frame(f"Distribution of {name}", (0, end, "time in s"), (0, 1, "share"), told)
    steps, level = [(across(0.0), up(0.0))], 0.0
    for at, reached in _seen(times.steps()):
        steps += [(across(at), up(level)), (across(at), up(reached))]
        level = reached
    drawing.path([*steps, (across(end), up(level))], _BLUE, stroke_width=2)
    for at in sorted(set(times.censored_s)):
        drawing.path([(across(at) - 4, up(level) - 4), (across(at) + 4, up(level) + 4)], _RED)
        drawing.path([(across(at) - 4, up(level) + 4), (across(at) + 4, up(level) - 4)], _RED)
    if limit_s is not None:
        drawing.line(across(limit_s), _TOP, across(limit_s), _HEIGHT - _BOTTOM, _INK, stroke_dasharray="5 4")
        drawing.text(across(limit_s) - 4, _HEIGHT - _BOTTOM - 6, f"limit {number(limit_s)} s", 9.5, text_anchor="end")
    drawing.text(_WIDTH - _RIGHT, 14, f"n = {len(times)}; × never within the time observed", 9.5, text_anchor="end")
    return drawing.render()


def _seen(steps: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Steps that differ by more than a pixel's height, and the last one."""
    drawn = 0.0
    for at, reached in steps:
        if reached - drawn > 0.004 or reached == steps[-1][1]:
            drawn = reached
            yield at, reached


def ladder(rows: Sequence[tuple[float, ShareRow]], name: str) -> str:
    """The pass share by the length of the pause, with its interval; one rung for each length that was run."""
    drawing = Drawing(_WIDTH, 46 + 30 * len(rows), f"Pass share by {name}")
    left, full = 130.0, 330.0
    for mark in range(0, 101, 25):
        x = left + full * mark / 100
        drawing.line(x, 24, x, 30 + 30 * len(rows), _GRID)
        drawing.text(x, 16, f"{mark} %", 9.5, text_anchor="middle", fill=_SOFT)
    for place, (seconds, share) in enumerate(rows):
        y = 44.0 + 30 * place
        drawing.text(left - 10, y + 4, _length(seconds), 10.5, text_anchor="end")
        drawing.rect(left + full * share.low, y - 8, full * (share.high - share.low), 16, _BAND)
        x = left + full * share.passed / share.tested
        drawing.line(x, y - 9, x, y + 9, _BLUE, stroke_width=3)
        drawing.text(left + full + 14, y + 4, share.text, 10)
    return drawing.render()


def _length(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size and seconds % size == 0:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds)} s"


def tracking(points: Sequence[Point], unit: str, words: tuple[str, str] = ("wanted", "measured")) -> str:
    """Measured against wanted, or whatever `words` call them; the band is the tolerance as it was applied."""
    values = [value for one in points for value in (one.wanted, one.measured, one.low, one.high)]
    scale, printed = (1000.0, f"k{unit}") if max(map(abs, values)) >= 2000 else (1.0, unit)
    low, high = min(values) / scale, max(values) / scale
    margin = (high - low) * 0.06 or 1.0
    low, high = low - margin, high + margin
    drawing, across, up = _frame(
        f"{words[0].capitalize()} and {words[1]}",
        (low, high, f"{words[0]} in {printed}"),
        (low, high, f"{words[1]} in {printed}"),
    )
    allowed: dict[float, tuple[float, float]] = {}
    for one in points:  # where one limit bounds from below and another from above, both together are the band
        least, most = allowed.get(one.wanted, (one.low, one.high))
        allowed[one.wanted] = (min(least, one.low), max(most, one.high))
    for wanted, (least, most) in sorted(allowed.items()):
        x = across(wanted / scale)
        drawing.rect(x - 9, up(most / scale), 18, max(1.0, up(least / scale) - up(most / scale)), _BAND)
    drawing.path([(across(low), up(low)), (across(high), up(high))], _SOFT, stroke_dasharray="4 4", stroke_width=1)
    for place, one in enumerate(points):
        # Spread sideways in the order of the records, so that equal values are seen as many.
        x, y = across(one.wanted / scale) + (place % 7 - 3) * 1.6, up(one.measured / scale)
        if one.passed:
            drawing.add("circle", cx=x, cy=y, r=2.6, fill="none", stroke=_BLUE)
        else:
            drawing.path([(x - 3, y - 3), (x + 3, y + 3)], _RED)
            drawing.path([(x - 3, y + 3), (x + 3, y - 3)], _RED)
    drawing.text(_WIDTH - _RIGHT, 14, f"n = {len(points)}; ○ within, × outside or undecided", 9.5, text_anchor="end")
    return drawing.render()


def step_responses(
    curves: Sequence[tuple[bool, Sequence[tuple[float, float]]]],
    after_s: float,
    unit: str = "W",
    word: str = "setpoint",
) -> str:
    """Power (W) or current (A) over time, each trace moved so that its setpoint changes at zero; failed ones dashed."""
    scale, label = (1000.0, "active power in kW") if unit == "W" else (1.0, "current in A")
    values = [y / scale for _, points in curves for _, y in points]
    low, high = min(0.0, *values), max(0.0, *values)
    margin = (high - low) * 0.08 or 1.0
    drawing, across, up = _frame(
        "Step responses",
        (-2, after_s, f"time after the {word} in s"),
        (low - margin, high + margin, label),
        f"{len(curves)} traces",
    )
    drawing.line(across(0), _TOP, across(0), _HEIGHT - _BOTTOM, _INK, stroke_dasharray="5 4")
    for passed, points in sorted(curves, key=lambda one: not one[0]):
        style: dict[str, float | str] = {"stroke_width": 1.1, "stroke_opacity": 0.55}
        if not passed:
            style = {"stroke_width": 1.4, "stroke_dasharray": "6 3"}
        drawing.path([(across(x), up(y / scale)) for x, y in points], _BLUE if passed else _RED, **style)
    drawing.text(_WIDTH - _RIGHT, 14, f"n = {len(curves)}; dashed: not passed", 9.5, text_anchor="end")
    return drawing.render()


def funnel(stages: Sequence[tuple[str, int]], sessions: int) -> str:
    """How many sessions got as far as each stage."""
    drawing = Drawing(_WIDTH, 12 + 28 * len(stages), "How far sessions came", f"{sessions} sessions")
    full = 400.0
    for place, (name, count) in enumerate(stages):
        y, width = 6.0 + 28 * place, full * count / (sessions or 1)
        drawing.text(120, y + 15, name, 10.5, text_anchor="end")
        drawing.rect(130, y, full, 21, "#f0f3f5")
        drawing.rect(130, y, width, 21, _BLUE, f"{name}: {count} of {sessions}")
        drawing.text(130 + full + 12, y + 15, f"{count} of {sessions}", 10.5)
    return drawing.render()


def efficiency(points: Sequence[tuple[float, float]]) -> str:
    """Efficiency of the conversion against AC power; charging to the right, discharging to the left."""
    powers = [power / 1000 for power, _ in points]
    low, high = min(0.0, *powers), max(0.0, *powers)
    margin = (high - low) * 0.05 or 1.0
    least = min(0.8, *(value for _, value in points))
    drawing, across, up = _frame(
        "Efficiency",
        (low - margin, high + margin, "AC power in kW; positive: grid to vehicle"),
        (max(0.0, least - 0.02), 1.0, "efficiency"),
    )
    drawing.line(across(0), _TOP, across(0), _HEIGHT - _BOTTOM, _SOFT)
    for power, value in points:
        drawing.add("circle", cx=across(power / 1000), cy=up(value), r=2.2, fill=_BLUE, fill_opacity=0.45)
    drawing.text(_WIDTH - _RIGHT, 14, f"n = {len(points)} readings", 9.5, text_anchor="end")
    return drawing.render()


def before_after(rows: Iterable[ChangeRow]) -> str:
    """Pass shares of both campaigns with their intervals, case by case."""
    rows = [row for row in rows if row.before.tested and row.after.tested]
    drawing = Drawing(_WIDTH, 44 + 34 * len(rows), "Before and after, on the common cases")
    left, full = 250.0, 300.0
    for mark in range(0, 101, 25):
        x = left + full * mark / 100
        drawing.line(x, 22, x, 32 + 34 * len(rows), _GRID)
        drawing.text(x, 14, f"{mark} %", 9.5, text_anchor="middle", fill=_SOFT)
    for place, row in enumerate(rows):
        y = 42.0 + 34 * place
        drawing.text(left - 10, y + 4, row.case if len(row.case) < 38 else row.case[:37] + "…", 10, text_anchor="end")
        for share, offset, colour, filled in ((row.before, -6, _SOFT, "#ffffff"), (row.after, 6, _BLUE, _BLUE)):
            drawing.line(left + full * share.low, y + offset, left + full * share.high, y + offset, colour)
            x = left + full * share.passed / share.tested
            drawing.add("circle", cx=x, cy=y + offset, r=3.8, fill=filled, stroke=colour)
        told = f"{row.worsened} worse, {row.improved} better, p = {row.probability:.3f}"
        drawing.text(left + full + 12, y + 4, told, 9.5)
    return drawing.render()
