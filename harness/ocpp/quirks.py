"""Where an agent can be made to misbehave: five places, each honest unless told otherwise.

An emulator's defects are made of these; the agents themselves know of no defect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Readings

Rewrite = Callable[[str, Payload], Payload | None]
"""(action, payload) to the payload to use instead; None drops the message."""
RewriteAnswer = Callable[[str, Payload, Payload], Payload | None]
"""(action, request, answer) to the answer to give; None stays silent."""


def _same(_action: str, payload: Payload) -> Payload | None:
    return payload


def _same_answer(_action: str, _request: Payload, answer: Payload) -> Payload | None:
    return answer


@dataclass(frozen=True, slots=True)
class Quirks:
    """A station's departures from what is right."""

    incoming: Rewrite = _same
    """What it takes a CALL of the CSMS for."""
    outgoing: Rewrite = _same
    """What it sends instead of its own CALL."""
    answer: RewriteAnswer = _same_answer
    target_w: Callable[[float], float] = field(default=lambda power_w: power_w)
    """The power it really aims at."""
    readings: Callable[[Readings], Readings] = field(default=lambda readings: readings)
    """What it believes its meter reads."""
    variables: dict[str, str] = field(default_factory=dict)
    """Device model values it starts with, by "Component.Variable"."""


HONEST = Quirks()
