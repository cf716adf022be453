"""How a rule of this folder is registered: once for each protocol that it holds for."""

from __future__ import annotations

from collections.abc import Callable

from harness.rules.rule import Check, rule

ISO2, DIN = "iso15118-2", "din70121"
PUBLIC = "public stacks"
"""Requirement of rules on which public implementations agree, and for which no requirement id is public."""
FIELD = "field"


def both(
    side: str, requirement: str, din: str, reason: str, confidence: str = "A", severity: str = "fail"
) -> Callable[[Check], Check]:
    """Register a rule for ISO 15118-2 and, with its own requirement id, for DIN SPEC 70121."""

    def register(check: Check) -> Check:
        for protocol, label in ((ISO2, requirement), (DIN, din)):
            rule(
                label,
                protocol=protocol,
                side=side,
                reason=reason,
                confidence=confidence,
                severity=severity,
                id=f"{protocol}/{check.__name__.replace('_', '-')}",
            )(check)
        return check

    return register
