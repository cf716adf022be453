"""What a rule is, and the registry of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.verdict import Confidence, Finding, Kind, Severity, Side


@dataclass(frozen=True, slots=True)
class Broken:
    """What a rule's check yields: the message (by ordinal) and event numbers that break it, and why."""

    message: int | None
    because: str
    events: tuple[int, ...] = ()
    side: Side | None = None
    """Overrides the rule's side where the check alone can tell."""


Check = Callable[[Any], Iterable[Broken]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement as a function of a session; its meaning is in `reason`, in plain words."""

    id: str
    protocol: str
    requirement: str
    side: Side
    severity: Severity
    confidence: Confidence
    reason: str
    check: Check
    kind: Kind = Kind.CONFORMANCE

    def judge(self, session: Any) -> Iterator[Finding]:
        """Findings for one session view of the rule's protocol.

        A device may send what no rule has foreseen: a rule that stumbles says so as a warning about the bench, and the
        other rules go on.
        """
        try:
            yield from self._findings(session)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
            told = f"{self.reason}: this rule could not judge the session: {type(problem).__name__}: {problem}"
            yield Finding(self.id, self.requirement, Severity.WARN, Side.BENCH, told, self.kind, self.confidence)

    def _findings(self, session: Any) -> Iterator[Finding]:
        for broken in self.check(session):
            yield Finding(
                rule=self.id,
                requirement=self.requirement,
                severity=self.severity,
                side=broken.side or self.side,
                reason=f"{self.reason}: {broken.because}",
                kind=self.kind,
                confidence=self.confidence,
                message=broken.message,
                events=broken.events or _events_of(session, broken.message),
            )


def _events_of(session: Any, ordinal: int | None) -> tuple[int, ...]:
    """The event of the message with that ordinal; none for a session that was not made from a transcript."""
    found = next((one for one in getattr(session, "messages", ()) if one.ordinal == ordinal), None)
    event = getattr(found, "event", 0)
    return (event,) if event else ()


RULES: dict[str, Rule] = {}


def rule(
    requirement: str,
    *,
    protocol: str,
    side: str,
    reason: str,
    id: str = "",  # noqa: A002 - the word users read in `plugfest rules`
    severity: str = "fail",
    confidence: str = "A",
    kind: str = "conformance",
) -> Callable[[Check], Check]:
    """Register a check as a rule. `id` defaults to the function's name, in kebab case, behind the protocol.

    A rule of confidence I or X may not fail a device: asking for it is refused here.
    """

    def register(check: Check) -> Check:
        name = id or f"{protocol}/{check.__name__.replace('_', '-')}"
        if name in RULES:
            raise ValueError(f"two rules are called {name}")
        if severity == "fail" and confidence in "IX":
            raise ValueError(f"{name}: a rule of confidence {confidence} may only warn")
        RULES[name] = Rule(
            name,
            protocol,
            requirement,
            Side(side),
            Severity(severity),
            Confidence(confidence),
            reason,
            check,
            Kind(kind),
        )
        return check

    return register


def judge(session: Any, protocol: str) -> list[Finding]:
    """All findings of all rules of `protocol` on one session view, in order of the message they rest on."""
    findings = [finding for one in RULES.values() if one.protocol == protocol for finding in one.judge(session)]
    return sorted(findings, key=lambda finding: (finding.message or 0, finding.rule))
