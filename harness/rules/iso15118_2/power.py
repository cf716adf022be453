"""The direction of current in ISO 15118-2: back only where both agreed on a bidirectional service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.rules.iso15118_2.terms import FIELD, ISO2
from harness.rules.rule import Broken, rule
from harness.transcript.v2g import Message, V2GSession

BIDIRECTIONAL = {28472, 28473}
"""Services of SAE J2847/2, V2H and V2G, as one public stack has them."""
SMALL_A = 5.0
LOOPS = 3
"""Smaller currents, and shorter ones, are measurement and regulation (our default)."""


def _one_way(session: V2GSession) -> bool:
    """Whether the services that were selected are known, and none of them is bidirectional."""
    selections = [one.selected_service_list for one in session.requests("PaymentServiceSelectionReq")]
    chosen = {one.service_id for each in selections if each for one in each.selected_service}
    return bool(chosen) and not chosen & BIDIRECTIONAL


def _amperes(value: Any) -> float | None:
    parts = getattr(value, "value", None), getattr(value, "multiplier", None)
    return None if None in parts else float(parts[0] * 10 ** parts[1])  # type: ignore[operator]


def _backwards(messages: list[Message], element: str) -> Iterator[Broken]:
    run = 0
    for one in messages:
        current = _amperes(getattr(one.content, element, None))
        run = run + 1 if current is not None and current < -SMALL_A else 0
        if run == LOOPS:
            yield Broken(one.ordinal, f"{one} says {current:g} A for {run} loops", (one.event,))
            return


@rule(
    FIELD, protocol=ISO2, side="station", confidence="S", reason="current flows back only under a bidirectional service"
)
def no_current_is_fed_back_one_way(session: V2GSession) -> Iterator[Broken]:
    if _one_way(session):
        yield from _backwards(session.responses("CurrentDemandRes"), "evse_present_current")


@rule(
    FIELD,
    protocol=ISO2,
    side="vehicle",
    confidence="S",
    reason="current is asked back only under a bidirectional service",
)
def no_current_is_asked_back_one_way(session: V2GSession) -> Iterator[Broken]:
    if _one_way(session):
        yield from _backwards(session.requests("CurrentDemandReq"), "ev_target_current")
