"""What did not simply pass in a case, told once for all results that say the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from harness.campaign.records import Result
from harness.verdict import Verdict
from reports.anonymise import Names
from reports.document import ExceptionRow

_TOLD = 5
"""Kinds of exceptions that one case lists, the worst and most frequent first (our default); the annex has all."""
_PAIRS = 3
_FIGURES = re.compile(r"\d+(?:[.,]\d+)*")


def shape(reason: str) -> str:
    """A reason without its figures: `7.05 A, allowed at most 6.5 A` and `7.12 A, ...` are one thing said twice."""
    return _FIGURES.sub("#", reason)


def exceptions(results: Iterable[Result], names: Names, rule: str) -> tuple[ExceptionRow, ...]:
    """The results of one case that are neither passes nor missing, alike ones together."""
    alike: dict[tuple[Verdict, str, str], list[tuple[Result, str]]] = defaultdict(list)
    for result in results:
        verdict, counted = result.verdict(rule), result.counted(rule)
        if verdict in (Verdict.PASS, Verdict.NOT_RUN):
            continue
        reason = counted.reason if counted else result.not_applicable
        side = (counted.side or "") if counted else ""
        alike[verdict, side, shape(reason)].append((result, reason))
    order = sorted(alike, key=lambda key: (-key[0].rank, -len(alike[key]), key))
    rows = [_row(key[0], key[1], alike[key], names, rule) for key in order[:_TOLD]]
    rest = sum(len(alike[key]) for key in order[_TOLD:])
    if rest:
        rows.append(ExceptionRow("", "", "other reasons, listed in the annex", rest, (), ""))
    return tuple(rows)


def _row(verdict: Verdict, side: str, found: list[tuple[Result, str]], names: Names, rule: str) -> ExceptionRow:
    pairs = sorted({" with ".join(map(names.unit, result.planned.pair)) for result, _ in found})
    first, reason = found[0]
    counted = first.counted(rule)
    others = len({text for _, text in found}) > 1
    return ExceptionRow(
        verdict=verdict,
        side=side,
        reason=names.text(reason) + (" (and alike)" if others else ""),
        results=len(found),
        pairs=tuple(pairs[:_PAIRS]) + (("…",) if len(pairs) > _PAIRS else ()),
        attempt=counted.id if counted else "",
    )
