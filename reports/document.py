"""The report as data: every number and sentence once, for HTML, PDF, JSON and JUnit alike.

Texts are harmless already (reports/text.py) and free of what the level must not show (reports/anonymise.py). Times are
ISO 8601 UTC or empty; shares lie between 0 and 1. `report.schema.json` is made from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1


@dataclass(frozen=True, slots=True)
class ShareRow:
    passed: int
    tested: int
    low: float
    high: float
    text: str
    """As printed: 37/52 = 71.2 % (57.7 - 81.7)."""


@dataclass(frozen=True, slots=True)
class TallyRow:
    planned: int
    counts: dict[str, int]
    """Verdict to number; verdicts that did not occur are absent. The sum is `planned`."""
    share: ShareRow


@dataclass(frozen=True, slots=True)
class Identification:
    title: str
    number: str
    level: str
    laboratory: str
    address: str
    place: str
    bench: str
    client: str
    authorised_by: str
    issued: str
    """Day of the last result: the report is a function of the data, not of the day on which it is printed."""
    period_from: str
    period_to: str
    protocol_version: str
    plan_hash: str
    software: str
    lab_config_hash: str
    data_hash: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Method:
    purpose: str
    not_covered: tuple[str, ...]
    selection: str
    clock_source: str
    attempt_rule: str
    decision_rule: str
    retest_rule: str
    time_modes: tuple[str, ...]
    anonymisation: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    name: str
    kind: str
    emulated: bool
    details: dict[str, str]
    declares: tuple[str, ...]
    """Capabilities that its supplier declares; empty where the level does not show them."""
    tally: TallyRow
    charged: int
    """Non-passes charged to this unit's side."""


@dataclass(frozen=True, slots=True)
class InstrumentRow:
    role: str
    product: str
    serial: str
    firmware: str
    certificate: str
    calibrated: str
    due: str
    uncertainty: str
    emulated: bool
    overdue_attempts: int


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit as it was applied in a case. `values` counts the measurements that were held against it."""

    name: str
    unit: str
    low: float | None
    high: float | None
    source: str
    reference: str
    values: int
    smallest: float | None
    largest: float | None


@dataclass(frozen=True, slots=True)
class ParameterRow:
    name: str
    values: tuple[str, ...]
    """Every value with which the case was run."""


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """Results of a case that are no passes and say the same; without a verdict, how many more there are."""

    verdict: str
    side: str
    reason: str
    results: int
    pairs: tuple[str, ...]
    """The first few of them; `…` stands for the others."""
    attempt: str
    """One of them; empty where none was made."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    id: str
    title: str
    sut: str
    protocol: str
    stimulus: str
    criterion: str
    requirements: tuple[str, ...]
    under_observation: bool
    parameters: tuple[ParameterRow, ...]
    limits: tuple[LimitRow, ...]
    tally: TallyRow
    exceptions: tuple[ExceptionRow, ...]
    good_attempt: str
    """Attempt whose trace shows a typical pass; empty where there is none."""
    bad_attempt: str


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    name: str
    value: float | None
    unit: str
    low: float | None
    high: float | None
    source: str
    reference: str
    uncertainty: float
    verdict: str
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    path: str
    """Empty where the level does not show file names."""
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class StepRow:
    at_s: float
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class AttemptRow:
    id: str
    number: int
    started: str
    duration_s: float | None
    time_mode: str
    verdict: str
    side: str
    kind: str
    reason: str
    exit_reason: str
    parameters: dict[str, str]
    findings: tuple[int, ...]
    """Numbers of the findings that it shows."""
    proof: tuple[int, ...]
    """Numbers of the transcript events that its findings rest on."""
    measurements: tuple[MeasurementRow, ...]
    steps: tuple[StepRow, ...]
    evidence: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True)
class CellRow:
    case: str
    vehicle: str
    charger: str
    verdict: str
    side: str
    kind: str
    reason: str
    counted: str
    """The attempt whose verdict counts under the campaign's rule; empty where there is none."""
    attempts: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True)
class FindingRow:
    number: int
    rule: str
    requirement: str
    side: str
    kind: str
    severity: str
    confidence: str
    text: str
    cases: tuple[str, ...]
    cells: int
    units: ShareRow
    """Units of the side at fault that showed it, of those that ran these cases."""
    examples: tuple[str, ...]
    """Some attempts that show it."""
    retest: str


@dataclass(frozen=True, slots=True)
class PairEffect:
    """A combination that fails although both pass the same case elsewhere."""

    case: str
    vehicle: str
    charger: str
    text: str


@dataclass(frozen=True, slots=True)
class DeviationRow:
    number: int
    text: str
    attempts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A subgroup of one attribute's value, large enough to be told apart."""

    attribute: str
    value: str
    units: int
    share: ShareRow


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A case that both campaigns ran, before and after."""

    case: str
    title: str
    before: ShareRow
    after: ShareRow
    improved: int
    worsened: int
    unchanged: int
    probability: float


@dataclass(frozen=True, slots=True)
class Comparison:
    baseline: str
    data_hash: str
    rows: tuple[ChangeRow, ...]
    overall: ChangeRow
    regressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    version: int
    identification: Identification
    statement: str
    """One sentence: who, what, when, how many."""
    highlights: tuple[str, ...]
    advice: dict[str, tuple[str, ...]]
    """Addressee to what to do."""
    method: Method
    units: tuple[UnitRow, ...]
    instruments: tuple[InstrumentRow, ...]
    cases: tuple[CaseRow, ...]
    total: TallyRow
    sides: dict[str, dict[str, int]]
    """Side to the number of each verdict that is charged to it; passes are charged to nobody."""
    passed_everything: dict[str, ShareRow]
    """Kind of unit to the share that passed all its cases, of those that ran all."""
    groups: tuple[GroupRow, ...]
    findings: tuple[FindingRow, ...]
    pair_effects: tuple[PairEffect, ...]
    deviations: tuple[DeviationRow, ...]
    cells: tuple[CellRow, ...]
    comparison: Comparison | None = None
