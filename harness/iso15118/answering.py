"""How a charger answers: for every request a response, the elements that are mandatory in it, and what decides its code.

Each answer is registered with its response and a filler: values for the mandatory elements that are valid in any state,
so that a refusal can be built for every request at any time ([V2G20-736]).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.messages import sap
from harness.iso15118.messages.common_types import Processing
from harness.iso15118.order import name_of
from harness.iso15118.quantities import limit_fields

if TYPE_CHECKING:
    from harness.iso15118.secc import SeccSession

Answer = Callable[["SeccSession", Any, float], "Record | None"]
"""None: the station is not ready, ask again."""
Filler = Callable[["SeccSession", Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What belongs to one request."""

    answer: Answer
    response: type[Record]
    fill: Filler


ANSWERS: dict[str, Entry] = {}
"""By the request's schema name."""


class Refused(Exception):
    """The request gets a FAILED code."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(f"{code}: {because}")
        self.code = code
        self.because = because


def nothing(_: SeccSession, __: Any) -> dict[str, Any]:
    """The response has no mandatory element besides header and code."""
    return {}


def finished(_: SeccSession, __: Any) -> dict[str, Any]:
    return {"evse_processing": Processing.Finished}


def answers(name: str, response: type[Record], fill: Filler = nothing) -> Callable[[Answer], Answer]:
    """Register the answer to a request."""

    def register(answer: Answer) -> Answer:
        ANSWERS[name] = Entry(answer, response, fill)
        return answer

    return register


def filled(session: SeccSession, request: Record, now_s: float, **changes: Any) -> Record:
    """The response that belongs to a request, with valid values everywhere and the given changes."""
    entry = ANSWERS[name_of(request)]
    if entry.response is sap.SupportedAppProtocolRes:
        code = changes.get("response_code", "")
        return entry.response(**(changes | ({"response_code": "Failed_NoNegotiation"} if "FAILED" in code else {})))
    values = {"header": session.header(now_s), "response_code": "OK"} | entry.fill(session, request) | changes
    return entry.response(**values)


def processing(session: SeccSession, request: Record) -> Processing:
    return Processing.Ongoing if session.first_polls_ongoing(name_of(request)) else Processing.Finished


def stated_limits(session: SeccSession, kind: type[Record]) -> dict[str, Any]:
    sign = -1 if session.config.profile.discharge_limits == "negative" else 1
    return limit_fields(kind, "evse_", session.station.limits, sign)


def stated_needs(session: SeccSession, kind: type[Record]) -> dict[str, Any]:
    """Departure and states of charge, where it is the station that states them (MobilityNeedsMode 2)."""
    if not session.states_needs or "departure_time" not in kind.__dataclass_fields__:
        return {}
    needs = session.config.needs
    return {
        "departure_time": session.departure_s,
        "target_soc": needs.target_soc_percent,
        "minimum_soc": needs.minimum_soc_percent,
    }
