"""How OCPP rules are written down: who is judged, on what ground, and how a finding points at its frames."""

from __future__ import annotations

from collections.abc import Callable

from harness.ocpp.schema import problem
from harness.rules.rule import Broken, Check, rule
from harness.transcript.ocpp import Exchange, OcppMessage, OcppSession
from harness.verdict import Side

PROTOCOL = "ocpp2.1"
OURS = "our default"

Session = OcppSession


def station(
    requirement: str,
    reason: str,
    confidence: str = "S",
    severity: str = "fail",
    *,
    id: str = "",  # noqa: A002
) -> Callable[[Check], Check]:
    """A rule about the charging station."""
    return rule(
        requirement, protocol=PROTOCOL, side="station", reason=reason, confidence=confidence, severity=severity, id=id
    )  # fmt: skip


def csms(
    requirement: str,
    reason: str,
    confidence: str = "S",
    severity: str = "fail",
    *,
    id: str = "",  # noqa: A002
) -> Callable[[Check], Check]:
    """A rule about the CSMS."""
    return rule(
        requirement, protocol=PROTOCOL, side="csms", reason=reason, confidence=confidence, severity=severity, id=id
    )  # fmt: skip


def broken(message: OcppMessage, because: str, *others: OcppMessage, side: Side | None = None) -> Broken:
    """What breaks the rule: a frame, why, and other frames that prove it."""
    return Broken(message.ordinal, because, (message.event, *(one.event for one in others)), side)


def sound(session: Session, exchange: Exchange) -> bool:
    """The request and, if there is one, the result fit their schemas: only then can their meaning be judged."""
    request, answer = exchange.request, exchange.answer
    if problem(session.version, request.action, request.payload, response=False):
        return False
    if answer is None or answer.kind != "result":
        return True
    return problem(session.version, request.action, answer.payload, response=True) is None


def asked(session: Session, *actions: str, source: str = "") -> list[Exchange]:
    """The sound exchanges of these actions."""
    return [one for one in session.of(*actions, source=source) if sound(session, one)]
