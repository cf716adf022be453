"""Limits as a reader wants them: those of a case that differ only in their figures are one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reports.document import CaseRow, LimitRow
from reports.exceptions import shape
from reports.text import number


@dataclass(frozen=True, slots=True)
class LimitLine:
    """All as printed."""

    case: str
    name: str
    low: str
    high: str
    unit: str
    source: str
    reference: str
    values: str
    smallest: str
    largest: str


def limit_lines(cases: Iterable[CaseRow]) -> Iterator[LimitLine]:
    """A line for each kind of limit that was applied in each case, its source beside it."""
    for case in cases:
        alike: dict[tuple[object, ...], list[LimitRow]] = {}
        for one in case.limits:
            key = (shape(one.name), one.unit, one.source, one.reference, one.low is None, one.high is None)
            alike.setdefault(key, []).append(one)
        yield from (_line(case.id, rows) for rows in alike.values())


def _line(case: str, rows: list[LimitRow]) -> LimitLine:
    first = rows[0]
    return LimitLine(
        case=case,
        name=first.name if len({one.name for one in rows}) == 1 else shape(first.name).replace("#", "…"),
        low=_span(one.low for one in rows),
        high=_span(one.high for one in rows),
        unit=first.unit,
        source=first.source,
        reference=first.reference,
        values=str(sum(one.values for one in rows)),
        smallest=_span([min((one.smallest for one in rows if one.smallest is not None), default=None)]),
        largest=_span([max((one.largest for one in rows if one.largest is not None), default=None)]),
    )


def _span(values: Iterable[float | None]) -> str:
    known = sorted({one for one in values if one is not None})
    return " to ".join(number(one) for one in dict.fromkeys(known[:1] + known[-1:]))
