"""How a session of ISO 15118-2 or DIN SPEC 70121 ends."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_2.terms import PUBLIC, both
from harness.rules.rule import Broken
from harness.transcript.v2g import VEHICLE, Message, V2GSession

SOON_S = 2.0
"""A vehicle that closes this soon after a good answer has not been kept waiting (our default)."""
LASTING = ("Authorization", "ContractAuthentication", "CableCheck", "PreCharge")
"""What a vehicle may give up at any time: it may have waited for long."""


@both(
    "vehicle", PUBLIC, PUBLIC, "the vehicle ends the session with SessionStopReq before it closes the connection", "S"
)
def vehicle_stops_before_it_closes(session: V2GSession) -> Iterator[Broken]:
    ends = [link for link in session.links if link.data.get("what") == "closed" and link.data.get("by")]
    last = session.messages[-1] if session.messages else None
    if not ends or ends[0].data["by"] != VEHICLE or last is None or not session.complete:
        return
    if _in_good_order(session, last) and ends[0].at_s - last.at_s < SOON_S:
        because = f"the vehicle closed the connection after {last} without SessionStopReq"
        yield Broken(last.ordinal, because, (last.event, ends[0].number))


def _in_good_order(session: V2GSession, last: Message) -> bool:
    """An established session in which nobody gave the vehicle a reason to leave."""
    answers = session.responses()
    established = any(one.name == "SessionSetupRes" and one.ok for one in answers)
    refused = any(not one.ok for one in answers) or bool(session.requests("SessionStopReq"))
    troubled = any(_trouble(one) for one in answers)
    same = (request := session.request_of(last)) is not None and request.base == last.base
    return established and not refused and not troubled and last.ok and same and last.base not in LASTING


def _trouble(answer: Message) -> bool:
    """The station says that something is wrong with it."""
    code = str(getattr(answer.dc_evse_status, "evse_status_code", "") or "")
    return code.startswith(("EVSE_Emergency", "EVSE_Malfunction", "EVSE_Shutdown", "EVSE_UtilityInterrupt"))
