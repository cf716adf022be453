"""From records to the document: counts, shares and sentences. No number is made anywhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.campaign.records import Attempt, CaseInfo, EvidenceFile, Instrument, Result, Unit
from harness.campaign.statistics import MERGED_BELOW, SMALL_GROUP, Tally, passed_everything
from harness.verdict import DecisionRule, Measurement, Verdict
from reports.anonymise import Level, Names
from reports.document import (
    VERSION,
    AttemptRow,
    CaseRow,
    CellRow,
    Comparison,
    DeviationRow,
    Document,
    EvidenceRow,
    GroupRow,
    Identification,
    InstrumentRow,
    LimitRow,
    MeasurementRow,
    Method,
    ParameterRow,
    StepRow,
    TallyRow,
    UnitRow,
)
from reports.exceptions import exceptions
from reports.findings import Findings, advice, gather, pair_effects, share_row
from reports.load import Loaded
from reports.text import moment, number

_ANONYMISATION = {
    Level.INTERNAL: "none: this copy shows identities and stays in the laboratory",
    Level.CLIENT: "products are named, identities of specimens are masked",
    Level.GROUP: "units carry random pseudonyms whose key is kept apart; messages are shown without their content",
    Level.PUBLIC: "units carry random pseudonyms whose key is kept apart; no messages, no times of attempts",
}
_RULES = {
    "first": "the first attempt counts",
    "last": "the last attempt counts; all attempts are kept and listed",
    "best": "the best attempt counts; all attempts are kept and listed",
    "worst": "the worst attempt counts; all attempts are kept and listed",
}
_HIGHLIGHTS = 5
_UNSTATED = dict.fromkeys(("power_analyser", "energy_meter"), "from its data sheet, with each value")
"""What stands for a measuring instrument whose uncertainty is evaluated reading by reading."""
_NOT_COVERED = (
    "what no case of the method chapter asks",
    "certification: it rests on the standards' own test suites at an accredited body",
    "functional safety, electrical safety and electromagnetic compatibility",
    "wear, climate and production spread: each result holds for the specimen and the software that were tested",
)
"""What a campaign does not cover if it says nothing of its own."""


def tell(loaded: Loaded, names: Names, comparison: Comparison | None = None) -> Document:
    """The whole report as data."""
    rule = loaded.campaign.attempt_rule
    by_unit, by_case = _by_unit(loaded), _by_case(loaded)
    loaded = replace(loaded, cases=tuple(case for case in loaded.cases if case.id in by_case))  # what was planned
    findings = gather(loaded.results, names, rule)
    cells = tuple(_cell(result, names, findings, rule) for result in loaded.results)
    total = _tally(result.verdict(rule) for result in loaded.results)
    units = tuple(_unit(unit, by_unit[unit.key], loaded, names) for unit in loaded.units)
    return Document(
        version=VERSION,
        identification=_identification(loaded, names),
        statement=_statement(loaded, total),
        highlights=_highlights(findings, total, comparison),
        advice=advice(findings.rows),
        method=_method(loaded, names),
        units=tuple(sorted(units, key=lambda unit: (unit.kind, -unit.tally.counts.get("fail", 0), unit.name))),
        instruments=tuple(_instrument(one, loaded, names) for one in loaded.instruments),
        cases=tuple(_case(case, by_case[case.id], rule, names) for case in loaded.cases),
        total=total,
        sides=_sides(cells),
        passed_everything={
            kind: share_row(
                passed_everything(
                    [one.verdict(rule) for one in by_unit[unit.key]] for unit in loaded.units if unit.kind == kind
                )
            )
            for kind in sorted({unit.kind for unit in loaded.units})
        },
        groups=_groups(loaded, by_unit, names),
        findings=findings.rows,
        pair_effects=pair_effects(loaded.results, names, rule),
        deviations=tuple(DeviationRow(one.number, names.text(one.text), one.attempts) for one in loaded.deviations),
        cells=tuple(sorted(cells, key=_in_order(loaded.cases, names))),
        comparison=comparison,
    )


def _in_order(cases: Sequence[CaseInfo], names: Names) -> Any:
    # By displayed names, not by the secret keys: the order would give them away.
    places = {names.text(case.id): place for place, case in enumerate(cases)}
    return lambda cell: (places[cell.case], cell.vehicle, cell.charger)


def _tally(verdicts: Iterable[Verdict]) -> TallyRow:
    tally = Tally.of(verdicts)
    counts = {str(verdict): count for verdict, count in tally.counts.items()}
    return TallyRow(tally.planned, counts, share_row(tally.share))


# Title page and method


def _identification(loaded: Loaded, names: Names) -> Identification:
    campaign = loaded.campaign
    attempts = [attempt for result in loaded.results for attempt in result.attempts]
    started = min((one.started_utc_us for one in attempts), default=campaign.started_utc_us)
    ended = max((one.ended_utc_us or one.started_utc_us for one in attempts), default=campaign.started_utc_us)
    return Identification(
        title=names.text(campaign.title),
        number=names.text(campaign.id),
        level=names.level,
        laboratory=names.text(campaign.laboratory),
        address=names.text(campaign.address),
        place=names.text(campaign.place),
        bench=names.text(campaign.bench),
        client=names.text(campaign.client),
        authorised_by=names.text(campaign.authorised_by),
        issued=moment(ended, seconds=False),
        period_from=moment(started, seconds=False),
        period_to=moment(ended, seconds=False),
        protocol_version=names.text(campaign.protocol_version),
        plan_hash=campaign.plan_hash,
        software=names.text(campaign.software),
        lab_config_hash=campaign.lab_config_hash,
        data_hash=loaded.data_hash,
        complete=loaded.complete and all(one.not_applicable or one.counted("last") for one in loaded.results),
    )


def _method(loaded: Loaded, names: Names) -> Method:
    campaign = loaded.campaign
    modes = {attempt.time_mode for result in loaded.results for attempt in result.attempts}
    return Method(
        purpose=names.text(campaign.purpose),
        not_covered=tuple(names.text(one) for one in campaign.not_covered or _NOT_COVERED),
        selection=names.text(campaign.selection),
        clock_source=names.text(campaign.clock_source),
        attempt_rule=_RULES[campaign.attempt_rule],
        decision_rule=DecisionRule.recorded(campaign.decision_rule).words,
        retest_rule=names.text(campaign.retest_rule),
        time_modes=tuple(sorted(modes)),
        anonymisation=_ANONYMISATION[names.level],
    )


def _statement(loaded: Loaded, total: TallyRow) -> str:
    words = {"vehicle": "vehicle", "charger": "charger", "csms": "CSMS", "gateway": "gateway"}
    counts = [(word, sum(unit.kind == kind for unit in loaded.units)) for kind, word in words.items()]
    population = ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts if count)
    pairs = len({result.planned.pair for result in loaded.results if all(result.planned.pair)})
    emulated = sum(unit.emulated for unit in loaded.units)
    nature = "all of them emulated" if emulated == len(loaded.units) else f"{emulated} of them emulated"
    run = total.planned - total.counts.get("not_run", 0) - total.counts.get("not_applicable", 0)
    met = f"met in {pairs} pairing{'s' if pairs != 1 else ''} and were tested" if pairs else "were tested one by one"
    text = (
        f"{population or 'No unit'} ({nature}) {met} with {len(loaded.cases)} cases. "
        f"Of {total.planned} planned results {run} were obtained; "
        f"of those decided, {total.share.text} passed."
    )
    if total.counts.get("not_run"):
        text += f" {total.counts['not_run']} were not run: this campaign was stopped early or is not finished."
    return text


def _highlights(findings: Findings, total: TallyRow, comparison: Comparison | None) -> tuple[str, ...]:
    lines = []
    if comparison:
        overall = comparison.overall
        lines.append(
            f"Against {comparison.baseline}, on the common cases: {overall.worsened} worse, {overall.improved} better, "
            f"{overall.unchanged} unchanged (McNemar p = {overall.probability:.3f})."
        )
    for row in findings.rows:
        if row.severity != "warn" and len(lines) < _HIGHLIGHTS:
            where = f"{row.cells} of {total.planned} results, {row.units.text} of the units asked"
            lines.append(f"Finding {row.number}, charged to {row.side}: {row.text} ({where}).")
    if not lines:
        lines.append("No finding: every applicable result is a pass.")
    return tuple(lines)


# Population


def _by_unit(loaded: Loaded) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = defaultdict(list)
    for result in loaded.results:
        for key in set(result.planned.pair):
            found[key].append(result)
    return found


def _by_case(loaded: Loaded) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = defaultdict(list)
    for result in loaded.results:
        found[result.planned.case].append(result)
    return found


def _unit(unit: Unit, own: list[Result], loaded: Loaded, names: Names) -> UnitRow:
    rule = loaded.campaign.attempt_rule
    side = {"vehicle": "vehicle", "charger": "station"}.get(unit.kind, unit.kind)
    counted = [result.counted(rule) for result in own]
    details = dict(unit.traits) if names.level.pseudonymous else {**unit.identity, **unit.traits}
    if names.level.pseudonymous:
        details = {trait: value for trait, value in details.items() if not _rare(trait, value, unit, loaded.units)}
    return UnitRow(
        name=names.unit(unit.key),
        kind=unit.kind,
        emulated=unit.emulated,
        details={names.text(entry): names.text(value) for entry, value in sorted(details.items())},
        declares=() if names.level.pseudonymous else _declared(unit, names),
        tally=_tally(result.verdict(rule) for result in own),
        charged=sum(1 for one in counted if one and one.side == side and not (one.verdict or Verdict.PASS).good),
    )


def _declared(unit: Unit, names: Names) -> tuple[str, ...]:
    found = unit.pics.get("capabilities", ())
    return tuple(sorted(names.text(one) for one in found)) if isinstance(found, list | tuple) else ()


def _sides(cells: Iterable[CellRow]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for cell in cells:
        if cell.side and not Verdict(cell.verdict).good:
            mine = counts.setdefault(cell.side, {})
            mine[cell.verdict] = mine.get(cell.verdict, 0) + 1
    return dict(sorted(counts.items()))


def _rare(trait: str, value: str, unit: Unit, units: Iterable[Unit]) -> bool:
    return sum(one.kind == unit.kind and one.traits.get(trait) == value for one in units) < MERGED_BELOW


def _groups(loaded: Loaded, by_unit: dict[str, list[Result]], names: Names) -> tuple[GroupRow, ...]:
    """Results by attribute of the units, only for groups of twenty or more."""
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for unit in loaded.units:
        for trait, value in unit.traits.items():
            members[trait, value].append(unit.key)
    rows = []
    for (trait, value), keys in sorted(members.items()):
        if len(keys) >= SMALL_GROUP:
            tally = Tally.of(one.verdict(loaded.campaign.attempt_rule) for key in keys for one in by_unit[key])
            rows.append(GroupRow(names.text(trait), names.text(value), len(keys), share_row(tally.share)))
    return tuple(rows)


def _instrument(one: Instrument, loaded: Loaded, names: Names) -> InstrumentRow:
    starts = [attempt.started_utc_us for result in loaded.results for attempt in result.attempts]
    return InstrumentRow(
        role=names.text(one.role),
        product=names.text(f"{one.maker} {one.model}".strip()),
        serial=names.text(one.serial),
        firmware=names.text(one.firmware),
        certificate=names.text(one.certificate),
        calibrated=names.text(one.calibrated),
        due=names.text(one.calibration_due),
        uncertainty=names.text(one.uncertainty or _UNSTATED.get(one.role, "")),
        emulated=one.emulated,
        overdue_attempts=sum(one.out_of_calibration(start) for start in starts),
    )


# Results


def _case(case: CaseInfo, results: list[Result], rule: str, names: Names) -> CaseRow:
    counted = [attempt for result in results if (attempt := result.counted(rule))]
    good = next((one.id for one in counted if one.verdict is Verdict.PASS), "")
    bad = next((one.id for one in counted if one.verdict is Verdict.FAIL), "")
    return CaseRow(
        id=names.text(case.id),
        title=names.text(case.title),
        sut=names.text(case.sut),
        protocol=names.text(case.protocol),
        stimulus=names.text(case.stimulus),
        criterion=names.text(case.criterion),
        requirements=tuple(names.text(one) for one in case.requirements),
        under_observation=case.under_observation,
        parameters=_parameters(counted, names),
        limits=_limits(counted, names),
        tally=_tally(result.verdict(rule) for result in results),
        exceptions=exceptions(results, names, rule),
        good_attempt=good,
        bad_attempt=bad,
    )


def _parameters(attempts: Iterable[Attempt], names: Names) -> tuple[ParameterRow, ...]:
    values: dict[str, dict[str, None]] = defaultdict(dict)
    for attempt in attempts:
        for name, value in attempt.parameters.items():
            values[name][names.text(_plain_value(value))] = None
    return tuple(ParameterRow(names.text(name), tuple(seen)) for name, seen in sorted(values.items()))


def _plain_value(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _limits(attempts: Iterable[Attempt], names: Names) -> tuple[LimitRow, ...]:
    held: dict[tuple[str, str, float | None, float | None, str, str], list[float]] = defaultdict(list)
    for attempt in attempts:
        for one in attempt.measurements:
            limit = one.limit
            values = held[one.name, one.unit, limit.low, limit.high, limit.source, limit.reference]
            if one.value is not None:
                values.append(one.value)
    return tuple(
        LimitRow(
            name=names.text(name),
            unit=names.text(unit),
            low=low,
            high=high,
            source=source,
            reference=names.text(reference),
            values=len(values),
            smallest=min(values, default=None),
            largest=max(values, default=None),
        )
        for (name, unit, low, high, source, reference), values in held.items()
    )


def _cell(result: Result, names: Names, findings: Findings, rule: str) -> CellRow:
    counted = result.counted(rule)
    return CellRow(
        case=names.text(result.planned.case),
        vehicle=names.unit(result.planned.pair.vehicle),
        charger=names.unit(result.planned.pair.charger),
        verdict=result.verdict(rule),
        side=(counted.side or "") if counted else "",
        kind=(counted.kind or "") if counted else "",
        reason=names.text(counted.reason if counted else result.not_applicable),
        counted=counted.id if counted else "",
        attempts=tuple(_attempt(one, names, findings) for one in result.attempts),
    )


def _attempt(one: Attempt, names: Names, findings: Findings) -> AttemptRow:
    return AttemptRow(
        id=one.id,
        number=one.number,
        started="" if names.level.pseudonymous else moment(one.started_utc_us),
        duration_s=(one.ended_utc_us - one.started_utc_us) / 1e6 if one.ended_utc_us else None,
        time_mode=one.time_mode,
        verdict=one.verdict or "not_run",
        side=one.side or "",
        kind=one.kind or "",
        reason=names.text(one.reason),
        exit_reason=names.text(one.exit_reason or "still running"),
        parameters={names.text(name): names.text(_plain_value(value)) for name, value in one.parameters.items()},
        findings=findings.of_attempt.get(one.id, ()),
        proof=tuple(sorted({event for finding in one.findings for event in finding.events})),
        measurements=tuple(_measurement(each, names) for each in one.measurements),
        steps=tuple(StepRow(step.at_s, names.text(step.text), names.text(step.answer)) for step in one.steps),
        evidence=tuple(_evidence(file, names) for file in one.evidence),
    )


def _evidence(file: EvidenceFile, names: Names) -> EvidenceRow:
    return EvidenceRow("" if names.level.pseudonymous else names.text(file.path), file.sha256, file.bytes)


def _measurement(one: Measurement, names: Names) -> MeasurementRow:
    limit = one.limit
    return MeasurementRow(
        name=names.text(one.name),
        value=one.value,
        unit=names.text(one.unit),
        low=limit.low,
        high=limit.high,
        source=limit.source,
        reference=names.text(limit.reference),
        uncertainty=one.uncertainty,
        verdict=one.verdict,
        side=one.side,
        text=measured_text(one),
    )


def measured_text(one: Measurement) -> str:
    """Value, uncertainty and limits in one line, the limit's source beside it."""
    if one.value is None:
        value = number(None)
    elif one.uncertainty:
        value = f"{number(one.value)} ± {number(one.uncertainty, 2)} {one.unit}"
    else:
        value = f"{number(one.value)} {one.unit}"
    limit = one.limit
    if limit.low is None and limit.high is None:
        return value
    if limit.low is not None and limit.high is not None:
        bounds = f"{number(limit.low)} to {number(limit.high)} {one.unit}"
    elif limit.high is not None:
        bounds = f"at most {number(limit.high)} {one.unit}"
    else:
        bounds = f"at least {number(limit.low)} {one.unit}"
    return f"{value}; limit {bounds}"
