"""All charts of one report: which are drawn, and from which numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reports import figures
from reports.document import CaseRow, Document
from reports.group import Figure, group_figures
from reports.setup import setup
from reports.timeline import Timeline

_CASES = 32
"""Cases in one drawing: what a page is high."""
_SECTIONS = 80
"""Cases up to which each has a section of its own; of more, those that did not simply pass (our default)."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A typical trace of a case: what was asked and what was measured."""

    verdict: str
    attempt: str
    svg: str


@dataclass(frozen=True, slots=True)
class Section:
    """What is drawn for one case."""

    case: CaseRow
    bar: str
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Drawings:
    by_case: tuple[str, ...]
    """Bars and shares come in drawings of a page's height."""
    shares: tuple[str, ...]
    matrix: tuple[str, ...]
    setup: str
    group: tuple[Figure, ...]
    sections: tuple[Section, ...]


def draw(document: Document, read: Callable[[str], Timeline]) -> Drawings:
    """Every chart, as SVG."""
    shares = [*((case.id, case.tally.share) for case in document.cases), ("all cases", document.total.share)]
    bars = [(case.id, case.tally) for case in document.cases]
    pages = range(0, len(document.cases), _CASES)
    told = [case for case in document.cases if len(document.cases) <= _SECTIONS or case.exceptions]
    return Drawings(
        by_case=tuple(figures.verdicts_by_case(bars[start : start + _CASES], f"by-case-{start}") for start in pages),
        shares=tuple(figures.shares(shares[start : start + _CASES]) for start in range(0, len(shares), _CASES)),
        matrix=figures.matrix(document),
        setup=setup(document),
        group=tuple(group_figures(document, read)),
        sections=tuple(_section(case, place, read) for place, case in enumerate(told[:_SECTIONS])),
    )


def _section(case: CaseRow, place: int, read: Callable[[str], Timeline]) -> Section:
    """A bad and a good trace where there are such attempts, and energy flowed in them."""
    traces = []
    for attempt, verdict in ((case.bad_attempt, "fail"), (case.good_attempt, "pass")):
        svg = figures.trace(read(attempt), f"{case.id}, attempt {attempt} over time") if attempt else ""
        if svg:
            traces.append(Trace(verdict, attempt, svg))
    return Section(case, figures.verdicts_of(case, f"case-{place}"), tuple(traces))
