"""All charts of one report: which are drawn, and from which numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reports import figures
from reports.document import Document
from reports.group import Figure, group_figures
from reports.setup import setup
from reports.timeline import Timeline

_CASES = 32
"""Cases in one drawing: what a page is high."""
_TRACES = 12
"""Typical traces shown in the chapter by case; the drill-down holds all (our default)."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A typical trace of a case: what was asked and what was measured."""

    case: str
    verdict: str
    attempt: str
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class Drawings:
    by_case: tuple[str, ...]
    """Bars and shares come in drawings of a page's height."""
    shares: tuple[str, ...]
    matrix: tuple[str, ...]
    setup: str
    group: tuple[Figure, ...]
    traces: tuple[Trace, ...]


def draw(document: Document, read: Callable[[str], Timeline]) -> Drawings:
    """Every chart, as SVG."""
    shares = [*((case.id, case.tally.share) for case in document.cases), ("all cases", document.total.share)]
    pages = range(0, len(document.cases), _CASES)
    return Drawings(
        by_case=tuple(
            figures.verdicts_by_case(document.cases[start : start + _CASES], f"by-case-{start}") for start in pages
        ),
        shares=tuple(figures.shares(shares[start : start + _CASES]) for start in range(0, len(shares), _CASES)),
        matrix=figures.matrix(document),
        setup=setup(document),
        group=tuple(group_figures(document, read)),
        traces=_traces(document, read),
    )


def _traces(document: Document, read: Callable[[str], Timeline]) -> tuple[Trace, ...]:
    """A bad and a good trace of each case, those with failures first."""
    chosen = [(case, case.bad_attempt, "fail") for case in document.cases if case.bad_attempt]
    chosen += [(case, case.good_attempt, "pass") for case in document.cases if case.good_attempt]
    traces: list[Trace] = []
    for case, attempt, verdict in chosen:
        if len(traces) == _TRACES:
            break
        svg = figures.trace(read(attempt), f"{case.id}, attempt {attempt}: power over time")
        if svg:
            traces.append(Trace(case.id, verdict, attempt, case.title, svg))
    return tuple(traces)
