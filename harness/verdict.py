"""Verdicts, sides, findings and measurements: the vocabulary in which everything is judged.

A verdict only gets worse, as in TTCN-3 (none < pass < inconc < fail < error); `worst` is the one place that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What came out, from mildest to worst; members compare by that order, not as text."""

    NOT_RUN = "not_run"
    """Planned, no result."""
    NOT_APPLICABLE = "not_applicable"
    """The device does not claim the capability."""
    PASS = "pass"
    """All criteria met, evidence complete."""
    CONDITIONAL_PASS = "conditional_pass"
    """Met with an allowed help (a wake-up by the station, say)."""
    INCONCLUSIVE = "inconclusive"
    """The preamble did not get there, or the evidence does not decide."""
    ABORTED = "aborted"
    """Stopped by a person or an interlock."""
    FAIL = "fail"
    """A criterion was missed by the side that is named."""
    ERROR = "error"
    """Our fault: bench, instrument, software or operator."""

    @property
    def rank(self) -> int:
        return _RANK[self]

    @property
    def good(self) -> bool:
        """True for the verdicts that need no further look."""
        return self in (Verdict.PASS, Verdict.NOT_APPLICABLE)


_RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict], default: Verdict = Verdict.NOT_RUN) -> Verdict:
    """The worst of `verdicts`, or `default` if there are none."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=default)


class Side(StrEnum):
    """Who a non-pass is charged to."""

    VEHICLE = "vehicle"
    STATION = "station"
    PAIR = "pair"
    CSMS = "csms"
    GATEWAY = "gateway"
    BENCH = "bench"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> Side | None:
        return cls.STATION if value == "charger" else None  # the role is called charger, its side station


class Kind(StrEnum):
    """Conformance: a rule is broken. Compatibility: legal, but the two do not work together."""

    CONFORMANCE = "conformance"
    COMPATIBILITY = "compatibility"


class Severity(StrEnum):
    FAIL = "fail"
    WARN = "warn"


class Confidence(StrEnum):
    """How sure we are of a rule: A two independent public sources, S one, I inferred, X sources disagree.

    Only A and S rules may fail a device by default; I and X rules warn.
    """

    A = "A"
    S = "S"
    I = "I"
    X = "X"


class Source(StrEnum):
    """Where a limit comes from; printed beside it in every report."""

    STANDARD = "standard"
    PUBLISHED = "published"
    FIELD = "field"
    OURS = "our default"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found wrong (or doubtful) by a rule or an expectation."""

    rule: str
    """Rule or test-case id."""
    requirement: str
    """Requirement id, or 'field' / 'our default' where no public requirement is known."""
    severity: Severity
    side: Side
    reason: str
    """Plain words, the messages quoted by number."""
    kind: Kind = Kind.CONFORMANCE
    confidence: Confidence = Confidence.A
    message: int | None = None
    """Ordinal of the V2G message (1 = supportedAppProtocolReq), or of the OCPP frame, that it rests on."""
    events: tuple[int, ...] = ()
    """Numbers of the transcript events that prove it."""

    @property
    def verdict(self) -> Verdict:
        return Verdict.FAIL if self.severity is Severity.FAIL else Verdict.PASS


@dataclass(frozen=True, slots=True)
class Limit:
    """Inclusive bounds of a measured value, in the measurement's unit, with their source."""

    low: float | None = None
    high: float | None = None
    source: Source = Source.OURS
    reference: str = ""
    """Standard clause, publication or field report; empty for our own defaults."""

    def __post_init__(self) -> None:
        if self.source is Source.STANDARD and not self.reference:
            raise ValueError("a limit from a standard must name the standard and clause it comes from")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"limit is empty: low {self.low} is above high {self.high}")


class DecisionRule(StrEnum):
    """What a value is that lies nearer to a limit than its expanded uncertainty (k = 2).

    ISO/IEC 17025 7.8.6 asks for a stated rule and leaves the choice to the laboratory; the guard band is our default. The
    other three are named as in JCGM 106.
    """

    GUARD_BAND = "guard_band"
    SIMPLE_ACCEPTANCE = "simple_acceptance"
    GUARDED_ACCEPTANCE = "guarded_acceptance"
    GUARDED_REJECTION = "guarded_rejection"

    @classmethod
    def recorded(cls, text: str) -> DecisionRule:
        """The rule of a campaign's record; before there was a choice, records told the guard band in words."""
        return cls(text) if text in set(cls) else cls.GUARD_BAND

    def near(self, inside: bool) -> Verdict:
        """The verdict on a value near its limit, on this side of it or beyond."""
        return _NEAR[self][not inside]

    @property
    def words(self) -> str:
        return _WORDS[self]


_NEAR = {
    DecisionRule.GUARD_BAND: (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE),
    DecisionRule.SIMPLE_ACCEPTANCE: (Verdict.PASS, Verdict.FAIL),
    DecisionRule.GUARDED_ACCEPTANCE: (Verdict.FAIL, Verdict.FAIL),
    DecisionRule.GUARDED_REJECTION: (Verdict.PASS, Verdict.PASS),
}
_WORDS = {
    DecisionRule.GUARD_BAND: "guard band = expanded uncertainty (k = 2): nearer to a limit than that is inconclusive",
    DecisionRule.SIMPLE_ACCEPTANCE: "simple acceptance: the value alone decides, whatever its uncertainty",
    DecisionRule.GUARDED_ACCEPTANCE: "guarded acceptance: a pass keeps its expanded uncertainty (k = 2) from the limit",
    DecisionRule.GUARDED_REJECTION: "guarded rejection: a fail is beyond the limit by its expanded uncertainty (k = 2)",
}


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measured value with what is needed to decide on it.

    `uncertainty` is the expanded uncertainty (k = 2) in the same unit; `rule` says what a value near a limit is.
    """

    name: str
    value: float | None
    unit: str
    limit: Limit
    uncertainty: float = 0.0
    side: Side = Side.UNKNOWN
    at_s: float | None = None
    rule: DecisionRule = DecisionRule.GUARD_BAND

    @property
    def verdict(self) -> Verdict:
        if self.value is None or self.value != self.value:
            return Verdict.INCONCLUSIVE
        inside, clearly = True, True
        for bound, sign in ((self.limit.low, 1.0), (self.limit.high, -1.0)):
            if bound is None:
                continue
            margin = (self.value - bound) * sign
            inside &= margin >= 0
            clearly &= abs(margin) >= self.uncertainty
        if not clearly:
            return self.rule.near(inside)
        return Verdict.PASS if inside else Verdict.FAIL
