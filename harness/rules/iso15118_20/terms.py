"""The words in which the rules of this folder are written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from harness.rules.rule import Broken, Check, rule
from harness.transcript.v2g import CHARGER, VEHICLE, Message, V2GSession
from harness.verdict import Side

PROTOCOL = "iso15118-20"
SCHEMA = "schema"
"""Requirement of rules that rest on what the public schemas say."""
PUBLIC = "public stacks"
"""Requirement of rules on which public implementations agree, and for which no requirement id is public."""
FIELD = "field"
OURS = "our default"

Session = V2GSession
Register = Callable[[Check], Check]


def vehicle(requirement: str, reason: str, confidence: str = "A", severity: str = "", **more: str) -> Register:
    """Register a rule that judges the vehicle. Without a severity: A and S fail, I and X warn."""
    return _rule("vehicle", requirement, reason, confidence, severity, **more)


def station(requirement: str, reason: str, confidence: str = "A", severity: str = "", **more: str) -> Register:
    """Register a rule that judges the station."""
    return _rule("station", requirement, reason, confidence, severity, **more)


def pair(requirement: str, reason: str, confidence: str = "A", severity: str = "", **more: str) -> Register:
    """Register a rule about what the two do to each other; who is at fault is not decided."""
    return _rule("pair", requirement, reason, confidence, severity, **more)


def either(requirement: str, reason: str, confidence: str = "A", severity: str = "", **more: str) -> Callable[..., Any]:
    """Register one check twice: for the vehicle's messages and for the station's.

    The check takes the session and a side. Its rules are called after it, with the side in front.
    """

    def register(check: Callable[[Session, str], Any]) -> Callable[[Session, str], Any]:
        name = check.__name__.replace("_", "-")
        for side, role in (("vehicle", VEHICLE), ("station", CHARGER)):
            words = {"who": f"the {side}"}
            told = reason.format(**words)
            judged = partial(_one_side, check, role)
            _rule(side, requirement, told, confidence, severity, id=f"{PROTOCOL}/{side}-{name}", **more)(judged)
        return check

    return register


def _one_side(check: Callable[[Session, str], Any], role: str, session: Session) -> Any:
    return check(session, role)


def _rule(side: str, requirement: str, reason: str, confidence: str, severity: str, **more: str) -> Register:
    chosen = severity or ("warn" if confidence in "IX" else "fail")
    return rule(
        requirement,
        protocol=PROTOCOL,
        side=side,
        reason=reason,
        confidence=confidence,
        severity=chosen,
        **more,
    )


def broken(message: Message | None, because: str, *others: Message | None, side: str = "") -> Broken:
    """What a check yields: the message that breaks the rule, why, and what else proves it."""
    proof = tuple(one.event for one in (message, *others) if one and one.event)
    return Broken(message.ordinal if message else None, because, proof, Side(side) if side else None)


def number(value: Any) -> float | None:
    """A RationalNumber as a float; None for None, and for one that was sent without its parts."""
    if value is None or getattr(value, "value", 0) is None or getattr(value, "exponent", 0) is None:
        return None
    return float(value)


def named(record: Any) -> str:
    """The schema name of a decoded element, `BPT_Dynamic_DC_CLReqControlMode`; empty for None."""
    declaration = getattr(type(record), "declaration", None)
    return str(declaration.name) if declaration else ""
