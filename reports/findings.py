"""Findings of a whole campaign: what went wrong, counted over attempts, charged to a side, told once each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.campaign.records import Attempt, Planned, Result
from harness.campaign.statistics import Share
from harness.verdict import Confidence, Finding, Kind, Severity, Side, Verdict
from reports.anonymise import Names
from reports.document import FindingRow, PairEffect, ShareRow
from reports.exceptions import shape

_EXAMPLES = 8
_DECIDED = (Verdict.PASS, Verdict.CONDITIONAL_PASS, Verdict.FAIL)
_VERDICTS = frozenset(Verdict)

Key = tuple[str, str, str, str, str]
"""What makes two observations the same finding: rule and requirement, or what an expectation says; side, kind, severity."""


@dataclass(slots=True)
class _Group:
    first: Finding
    attempts: list[Attempt] = field(default_factory=list)
    cells: dict[Planned, Result] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)
    requirements: dict[str, None] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Findings:
    """The campaign's findings in the order in which they are told, and each attempt's share in them."""

    rows: tuple[FindingRow, ...]
    of_attempt: Mapping[str, tuple[int, ...]]


def share_row(share: Share) -> ShareRow:
    low, high = share.interval
    return ShareRow(share.passed, share.tested, round(low, 6), round(high, 6), str(share))


def observed(attempt: Attempt) -> list[Finding]:
    """An attempt's findings; where a verdict has none that explains it, its reason stands as one, and not twice."""
    findings = list(attempt.findings)
    verdict = attempt.verdict
    if verdict in (None, Verdict.PASS, Verdict.CONDITIONAL_PASS):
        return findings
    explained = any(one.severity is Severity.FAIL for one in findings)
    if verdict is Verdict.FAIL and explained:
        return findings
    findings = [one for one in findings if one.severity is not Severity.FAIL or one.reason != attempt.reason]
    reason = attempt.reason or f"ended with {verdict} and gave no reason"
    kind, side = attempt.kind or Kind.CONFORMANCE, attempt.side or Side.UNKNOWN
    return [*findings, Finding(attempt.case, str(verdict), Severity.FAIL, side, reason, kind, Confidence.A)]


def gather(results: Iterable[Result], names: Names, rule: str) -> Findings:
    """Group what all attempts showed; the worst and most frequent first."""
    results = list(results)
    groups: dict[Key, _Group] = {}
    keys_of: dict[str, list[Key]] = defaultdict(list)
    for result in results:
        for attempt in result.answers:
            for finding in observed(attempt):
                key = _key(attempt, finding)
                group = groups.setdefault(key, _Group(finding))
                group.rules[finding.rule] = group.requirements[finding.requirement] = None
                group.reasons.add(finding.reason)
                if key not in keys_of[attempt.id]:
                    group.attempts.append(attempt)
                    keys_of[attempt.id].append(key)
                group.cells[result.planned] = result
    order = sorted(groups, key=lambda key: (key[4] != Severity.FAIL, -len(groups[key].cells), key))
    numbers = {key: number for number, key in enumerate(order, start=1)}
    rows = tuple(_row(numbers[key], groups[key], results, names, rule) for key in order)
    return Findings(rows, {attempt: tuple(sorted(numbers[key] for key in keys)) for attempt, keys in keys_of.items()})


def _key(attempt: Attempt, finding: Finding) -> Key:
    """An expectation that several cases have is missed in all of them for one cause: what it says decides, not the case."""
    rule, requirement = finding.rule, finding.requirement
    if rule == attempt.case:
        rule, requirement = (requirement if requirement in _VERDICTS else ""), shape(finding.reason)
    return rule, requirement, finding.side, finding.kind, finding.severity


def _row(number: int, group: _Group, results: list[Result], names: Names, rule: str) -> FindingRow:
    finding = group.first
    cases = sorted({cell.case for cell in group.cells})
    tried_again = [one for one in group.cells.values() if len(one.answers) > 1]
    passed_later = sum(one.verdict(rule) is Verdict.PASS for one in tried_again)
    retest = f"Re-tested in {len(tried_again)} of these, {passed_later} passed then" if tried_again else ""
    undecided = finding.requirement in _VERDICTS
    alike = " (and alike)" if finding.rule in cases and len(group.reasons) > 1 else ""
    return FindingRow(
        number=number,
        rule=names.text(", ".join(group.rules)),
        requirement="" if undecided else names.text(", ".join(group.requirements)),
        side=finding.side,
        kind=finding.kind,
        severity=finding.requirement if undecided else finding.severity,
        confidence=finding.confidence,
        text=names.text(finding.reason) + alike,
        cases=tuple(names.text(case) for case in cases),
        cells=len(group.cells),
        units=share_row(_affected(finding.side, group, results, set(cases))),
        examples=tuple(attempt.id for attempt in group.attempts[:_EXAMPLES]),
        retest=retest,
    )


def _affected(side: Side, group: _Group, results: list[Result], cases: set[str]) -> Share:
    """Units of the side at fault that showed it, over those that were tried with the same cases."""

    def unit(cell: Planned) -> object:
        return {Side.VEHICLE: cell.pair.vehicle, Side.STATION: cell.pair.charger}.get(side, cell.pair)

    tried = {unit(result.planned) for result in results if result.planned.case in cases and result.attempts}
    showed = {unit(cell) for cell in group.cells}
    return Share(len(showed), len(tried | showed))


def pair_effects(results: Iterable[Result], names: Names, rule: str) -> tuple[PairEffect, ...]:
    """Cells that fail although vehicle and charger each pass the same case with somebody else."""
    verdicts = {result.planned: result.verdict(rule) for result in results}
    passes_of_vehicle: dict[tuple[str, str], set[str]] = defaultdict(set)
    passes_of_charger: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (case, pair), verdict in verdicts.items():
        if verdict is Verdict.PASS:
            passes_of_vehicle[case, pair.vehicle].add(pair.charger)
            passes_of_charger[case, pair.charger].add(pair.vehicle)
    found = []
    for (case, pair), verdict in verdicts.items():
        with_others = len(passes_of_vehicle[case, pair.vehicle]), len(passes_of_charger[case, pair.charger])
        if verdict is Verdict.FAIL and pair.vehicle and pair.charger and all(with_others):
            text = (
                f"the vehicle passes with {with_others[0]} other counterpart(s), "
                f"the charger with {with_others[1]}; together they fail"
            )
            found.append(PairEffect(names.text(case), names.unit(pair.vehicle), names.unit(pair.charger), text))
    return tuple(found)


_ADDRESSEES = {
    Side.VEHICLE: "Vehicle makers",
    Side.GATEWAY: "Vehicle makers (gateway)",
    Side.STATION: "Charging station makers",
    Side.CSMS: "Operators and CSMS makers",
    Side.PAIR: "Vehicle and station makers together",
    Side.BENCH: "The laboratory",
    Side.UNKNOWN: "The laboratory",
}
_TOLD = 4


def advice(rows: Iterable[FindingRow]) -> dict[str, tuple[str, ...]]:
    """What to do, by addressee: an opinion drawn from the findings, the most frequent first."""
    told: dict[str, list[str]] = {}
    for row in rows:
        if row.severity == Severity.WARN:
            continue
        lines = told.setdefault(_ADDRESSEES[Side(row.side)], [])
        verb = "Clear up and run again" if Side(row.side) in (Side.BENCH, Side.UNKNOWN) else "Repair"
        if len(lines) < _TOLD:
            lines.append(f"{verb} finding {row.number} ({', '.join(row.cases[:3])}): {row.text}")
    return {addressee: tuple(lines) for addressee, lines in sorted(told.items())}
