"""What a campaign records: who was tested, with what, by which plan, and what came of each attempt.

All times are microseconds since 1970 UTC. A unit's `key` is the lab's own short name for it; nothing but reports at
level internal ever shows it or its identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from harness.verdict import DecisionRule, Finding, Kind, Measurement, Side, Verdict


class Pair(NamedTuple):
    """Who meets whom, by unit key; an empty key means that the harness takes that side itself."""

    vehicle: str
    charger: str


class Planned(NamedTuple):
    """One cell of the plan: a case on a pair."""

    case: str
    pair: Pair


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the title page and the method chapter of the report say about the whole."""

    id: str
    title: str
    origin: str = "run"
    """Prefix of the attempts' ids: unique among the benches whose stores are merged later."""
    protocol_version: str = ""
    plan_hash: str = ""
    """SHA-256 of the test plan: cases with parameters and limits."""
    software: str = ""
    """Version and commit of the harness."""
    lab_config: str = ""
    """The lab config file, whole; private."""
    lab_config_hash: str = ""
    laboratory: str = ""
    address: str = ""
    place: str = ""
    """Place of the tests."""
    bench: str = ""
    client: str = ""
    authorised_by: str = ""
    purpose: str = ""
    not_covered: tuple[str, ...] = ()
    selection: str = ""
    """How vehicles and stations were chosen, and the known bias of it."""
    clock_source: str = ""
    time_mode: str = "wire"
    attempt_rule: str = "last"
    """Which attempt of a case on a pair counts: first, last, best or worst."""
    decision_rule: str = DecisionRule.GUARD_BAND
    """A `DecisionRule`."""
    anonymisation: str = "internal"
    """The level at which a report is made if nobody says otherwise."""
    retest_rule: str = ""
    started_utc_us: int = 0


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument or emulator as it was found on the bench. Dates are ISO 8601 days, empty where unknown."""

    role: str
    maker: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    bench: str = ""
    certificate: str = ""
    calibrated: str = ""
    calibration_due: str = ""
    uncertainty: str = ""
    """Expanded uncertainty (k = 2) in words, as on the certificate or data sheet."""
    emulated: bool = False

    def out_of_calibration(self, utc_us: int) -> bool:
        """True if its certificate had run out at that time; an emulator needs no certificate."""
        if self.emulated or not self.calibration_due:
            return False
        return datetime.fromtimestamp(utc_us / 1e6, UTC).date().isoformat() > self.calibration_due


@dataclass(frozen=True, slots=True)
class Unit:
    """A vehicle, charger, CSMS or gateway under test."""

    key: str
    kind: str
    """vehicle, charger, csms or gateway."""
    emulated: bool = False
    identity: dict[str, str] = field(default_factory=dict)
    """Private: maker, model, VIN, serial, MAC, EVCCID, EVSEID, contract id, certificate subject, host, firmware ..."""
    traits: dict[str, str] = field(default_factory=dict)
    """Harmless attributes for subgroups: propulsion (BEV, PHEV), phases, model_year, onboard_kw, protocol."""
    pics: dict[str, Any] = field(default_factory=dict)
    """What its supplier declares."""


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """A test case as the method chapter shows it."""

    id: str
    title: str
    sut: str = ""
    protocol: str = ""
    stimulus: str = ""
    criterion: str = ""
    requirements: tuple[str, ...] = ()
    under_observation: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the story or an operator's prompt; `at_s` on the run's clock."""

    at_s: float
    text: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """One file of evidence; `path` relative to the run folder."""

    path: str
    sha256: str
    media_type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Deviation:
    """A numbered departure from the method and the attempts it touches."""

    number: int
    text: str
    attempts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a case on a pair. `verdict` is None while it runs, or if the harness died in it."""

    id: str
    case: str
    pair: Pair
    number: int
    started_utc_us: int
    time_mode: str
    parameters: dict[str, Any] = field(default_factory=dict)
    ended_utc_us: int | None = None
    verdict: Verdict | None = None
    side: Side | None = None
    kind: Kind | None = None
    reason: str = ""
    exit_reason: str = ""
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    steps: tuple[Step, ...] = ()
    evidence: tuple[EvidenceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """All attempts of one planned cell, in order of their number."""

    planned: Planned
    not_applicable: str = ""
    attempts: tuple[Attempt, ...] = ()

    @property
    def answers(self) -> tuple[Attempt, ...]:
        """The finished attempts; one that was interrupted says nothing where there is another."""
        finished = tuple(one for one in self.attempts if one.verdict is not None)
        return tuple(one for one in finished if one.exit_reason != "interrupted") or finished

    def counted(self, rule: str) -> Attempt | None:
        """The answer that counts under the campaign's rule; None if there is none."""
        finished = self.answers
        if not finished:
            return None
        if rule == "first":
            return finished[0]
        if rule == "last":
            return finished[-1]
        if rule in ("best", "worst"):
            ordered = sorted(finished, key=_rank)
            return ordered[0] if rule == "best" else ordered[-1]
        raise ValueError(f"attempt rule {rule!r} is not one of first, last, best, worst")

    def verdict(self, rule: str) -> Verdict:
        """The cell's verdict under the campaign's rule: a plan without result is not run, never a pass."""
        attempt = self.counted(rule)
        if attempt and attempt.verdict is not None:
            return attempt.verdict
        return Verdict.NOT_APPLICABLE if self.not_applicable else Verdict.NOT_RUN


def _rank(attempt: Attempt) -> int:
    return attempt.verdict.rank if attempt.verdict else -1
