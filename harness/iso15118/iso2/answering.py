"""How a charger answers in ISO 15118-2: for every request a response, and valid values for what is mandatory in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.messages.iso2.types import (
    ACEVSEStatus,
    DCEVSEStatus,
    DCEVSEStatusCode,
    EVSENotification,
    EVSEStatus,
)
from harness.iso15118.order import name_of
from harness.iso15118.services import Energy

if TYPE_CHECKING:
    from harness.iso15118.iso2.secc import Iso2SeccSession

Answer = Callable[["Iso2SeccSession", Any, float], "Record | None"]
"""None: the station is not ready, ask again."""
Filler = Callable[["Iso2SeccSession", Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What belongs to one request."""

    answer: Answer
    response: type[Record]
    fill: Filler


ANSWERS: dict[str, Entry] = {}
"""By the request's schema name."""


def nothing(_: Iso2SeccSession, __: Any) -> dict[str, Any]:
    """The response has no mandatory element besides its code."""
    return {}


def answers(name: str, response: type[Record], fill: Filler = nothing) -> Callable[[Answer], Answer]:
    """Register the answer to a request."""

    def register(answer: Answer) -> Answer:
        ANSWERS[name] = Entry(answer, response, fill)
        return answer

    return register


def filled(session: Iso2SeccSession, request: Record, **changes: Any) -> Record:
    """The response that belongs to a request, with valid values everywhere and the given changes."""
    entry = ANSWERS[name_of(request)]
    return entry.response(**({"response_code": "OK"} | entry.fill(session, request) | changes))


def dc_status(session: Iso2SeccSession, code: DCEVSEStatusCode | None = None) -> DCEVSEStatus:
    stopping = session.notification is EVSENotification.StopCharging
    ready = DCEVSEStatusCode.EVSE_Shutdown if stopping else DCEVSEStatusCode.EVSE_Ready
    return DCEVSEStatus(
        notification_max_delay=session.max_delay_s,
        evse_notification=session.notification,
        evse_isolation_status=session.isolation,
        evse_status_code=code or ready,
    )


def ac_status(session: Iso2SeccSession) -> ACEVSEStatus:
    return ACEVSEStatus(notification_max_delay=session.max_delay_s, evse_notification=session.notification, rcd=False)


def status(session: Iso2SeccSession) -> EVSEStatus:
    return ac_status(session) if session.energy is Energy.AC else dc_status(session)
