"""How a session ends: with a stop, who closes first, and what was still live."""

from __future__ import annotations

from collections.abc import Iterator

from harness.iso15118.order import LIVE, State
from harness.iso15118.timing import message_timeout_s, timer
from harness.rules.iso15118_20.framing import may_be_unreadable
from harness.rules.iso15118_20.reading import before, contexts
from harness.rules.iso15118_20.terms import OURS, Session, broken, either, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.event import Event
from harness.transcript.v2g import CHARGER, VEHICLE, Message

WAIT = timer("Close_After_SessionStop")
GRAIN_S = 0.05
NOTICE_S = 2.0
"""What a station may take to notice a timeout and to close (our default)."""
SHORTEST_PATIENCE_S = 0.5
"""A station may give a silent vehicle up no sooner than this (the charge loop's sequence timeout)."""


def closings(session: Session) -> list[Event]:
    """Who ended the connection and how, in order; `lost` is how an agent tells that its peer has ended it."""
    return [link for link in session.links if link.data.get("what") in ("closed", "lost") and link.data.get("by")]


def _stop(session: Session) -> tuple[Message, Message] | None:
    """The last granted SessionStop that ends the session, with its answer."""
    found = [
        (request, answer)
        for request, answer in session.pairs("SessionStop")
        if answer.ok and request.charging_session != "ServiceRenegotiation"
    ]
    return found[-1] if found else None


def _cut(session: Session, side: str) -> tuple[Event, Message] | None:
    """The closing by `side` of a session that was established, not stopped and not refused; with the last message before.

    None where that message is a reason to leave by itself, since hardly anybody can have read it.
    """
    ends = closings(session)
    if not ends or ends[0].data["by"] != side or session.link("gap"):
        return None
    said = [one for one in session.messages if one.event < ends[0].number]  # what came later met a closed door
    established = any(one.session_id for one in contexts(session))
    refused = any(one.failed for one in session.responses())
    asked = session.requests("SessionStopReq")
    over = bool(asked) and asked[-1].charging_session != "ServiceRenegotiation"
    if not said or not established or refused or over or may_be_unreadable(said[-1]):
        return None
    return ends[0], said[-1]


def given_up(session: Session) -> tuple[Message, float] | None:
    """The answer after which the vehicle said nothing for so long that the station closed, and how long that was."""
    cut = _cut(session, CHARGER)
    if cut is None or cut[1].is_request:
        return None
    silence_s = cut[0].at_s - cut[1].at_s
    return (cut[1], silence_s) if silence_s >= _patience_s(cut[1]) - GRAIN_S else None


@vehicle("V2G20-2645", "the vehicle ends the session with SessionStopReq before it closes the connection", "S")
def vehicle_stops_before_it_closes(session: Session) -> Iterator[Broken]:
    cut = _cut(session, VEHICLE)
    if cut and not _may_be_given_up(session, cut[1]):
        yield broken(cut[1], f"the vehicle closed the connection after {cut[1]} without SessionStopReq")


@station("V2G20-1643", "the station does not close the connection in the middle of a session")
def station_does_not_cut_the_session(session: Session) -> Iterator[Broken]:
    cut = _cut(session, CHARGER)
    if cut and not given_up(session):
        yield broken(cut[1], f"the station closed the connection {cut[0].at_s - cut[1].at_s:.2f} s after {cut[1]}")


def _may_be_given_up(session: Session, last: Message) -> bool:
    """Whether the vehicle had a reason to leave: no answer or a late one, a refusal, or something that takes too long."""
    request = session.request_of(last)
    late = request is not None and last.at_s - request.at_s > message_timeout_s(request.name)
    lasting = str(last.evse_processing or "").startswith("Ongoing") or last.base == "DC_PreCharge"
    return last.is_request or late or lasting or not last.ok or _amiss(session, last)


def _amiss(session: Session, answer: Message) -> bool:
    """An answer of another name, another session or another message set: a vehicle may leave whoever gives it."""
    request = session.request_of(answer)
    if request is None or request.base != answer.base or request.payload_type != answer.payload_type:
        return True
    ids = [one.header.session_id for one in (request, answer) if one.header]
    return request.base != "SessionSetup" and len(set(ids)) > 1


def _patience_s(last: Message) -> float:
    return SHORTEST_PATIENCE_S if last.base.endswith("ChargeLoop") else timer("V2G_SECC_Sequence_Timeout").value_s


@station("V2G20-443", "a station that hears nothing ends the session after its sequence timeout of 60 s")
def silent_vehicle_is_given_up(session: Session) -> Iterator[Broken]:
    last = session.messages[-1] if session.messages else None
    ends = closings(session)
    if last is None or last.is_request or not ends or _stop(session) or last.failed:
        return
    silence = ends[0].at_s - last.at_s
    limit_s = timer("V2G_SECC_Sequence_Timeout").value_s
    if silence > limit_s + WAIT.value_s + NOTICE_S:  # a station may let the vehicle close first, here as after a stop
        yield broken(last, f"nothing came for {silence:.0f} s after {last}, the station kept the connection open")


@station("V2G20-1643", "after SessionStopRes the station waits 5 s for the vehicle to close")
def station_waits_for_the_vehicle_to_close(session: Session) -> Iterator[Broken]:
    stop, ends = _stop(session), closings(session)
    if stop and ends and ends[0].data["by"] == CHARGER:
        waited = ends[0].at_s - stop[1].at_s
        if waited < WAIT.value_s - GRAIN_S:
            yield broken(stop[1], f"the station closed {waited:.2f} s after {stop[1]}", stop[0])


@vehicle("V2G20-1643", "after SessionStopRes the vehicle closes the connection, within 5 s", "S", "warn")
def vehicle_closes_after_the_stop(session: Session) -> Iterator[Broken]:
    stop, ends = _stop(session), closings(session)
    if stop and ends:
        waited = ends[0].at_s - stop[1].at_s
        if waited > WAIT.value_s + GRAIN_S:
            yield broken(stop[1], f"the vehicle had not closed {waited:.1f} s after {stop[1]}", stop[0])
        elif ends[0].data["by"] == CHARGER and waited >= WAIT.value_s - GRAIN_S:
            yield broken(stop[1], f"the station had to close {waited:.1f} s after {stop[1]}", stop[0])


def _at_the_end(session: Session, because: str, end: Event) -> Broken:
    """What rests on the end of the connection is told with the last message."""
    return Broken(len(session.messages) or None, because, (end.number,))


@either(OURS, "{who} closes with FIN, not with a reset", "I")
def connection_is_closed_orderly(session: Session, side: str) -> Iterator[Broken]:
    ends = closings(session)
    if ends and ends[0].data["by"] == side and ends[0].data.get("how") == "reset":
        yield _at_the_end(session, "the first end of the connection was a reset", ends[0])


@either("V2G20-1643", "{who} closes TLS with close_notify before it closes TCP", "I")
def tls_is_closed_before_tcp(session: Session, side: str) -> Iterator[Broken]:
    ends = [one for one in closings(session) if one.data["by"] == side and one.data.get("how") == "fin"]
    alerts = [link for link in session.links if link.data.get("what") == "alert" and link.data.get("by") == side]
    if session.tls.get("version") and not session.tls.get("problem") and ends and not alerts and session.messages:
        yield _at_the_end(session, "TCP was closed without an alert", ends[0])


@vehicle(OURS, "power is off before the session is terminated: PowerDelivery(Stop) comes before SessionStop", "I")
def power_is_off_before_the_stop(session: Session) -> Iterator[Broken]:
    for request in session.requests("SessionStopReq", charging_session="Terminate"):
        if before(session, request).state in LIVE:
            yield broken(request, f"{request} came in state '{before(session, request).state}'")


@vehicle(OURS, "power is off before the session is paused", "I")
def power_is_off_before_the_pause(session: Session) -> Iterator[Broken]:
    for request in session.requests("SessionStopReq", charging_session="Pause"):
        if before(session, request).state in LIVE:
            yield broken(request, f"{request} came in state '{before(session, request).state}'")


@station(OURS, "a pause while power is on is refused", "I")
def live_pause_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("SessionStop", charging_session="Pause"):
        if before(session, request).state in LIVE and answer.ok:
            yield broken(answer, f"{answer} granted a pause while power was on", request)


@vehicle("V2G20-1477", "service renegotiation is asked for only if the station supports it")
def service_renegotiation_is_supported(session: Session) -> Iterator[Broken]:
    for request in session.requests("SessionStopReq", charging_session="ServiceRenegotiation"):
        offer = before(session, request).first_services
        if offer and offer.service_renegotiation_supported is False:
            yield broken(request, f"{offer} said that service renegotiation is not supported", offer)


@station("V2G20-1477", "service renegotiation without support is answered FAILED_NoServiceRenegotiationSupported")
def unsupported_service_renegotiation_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("SessionStop", charging_session="ServiceRenegotiation"):
        offer = before(session, request).first_services
        if offer and offer.service_renegotiation_supported is False and answer.ok:
            yield broken(answer, f"{answer} granted what {offer} does not support", request, offer)


@station("V2G20-1477", "service renegotiation is not refused by a station that supports it")
def supported_service_renegotiation_is_granted(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("SessionStop", charging_session="ServiceRenegotiation"):
        offer = before(session, request).first_services
        refused = answer.code == "FAILED_NoServiceRenegotiationSupported"
        if offer and offer.service_renegotiation_supported is True and refused:
            yield broken(answer, f"{offer} said that service renegotiation is supported", request, offer)


@station(OURS, "a pause after power has been switched off is granted", "I")
def pause_is_granted(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("SessionStop", charging_session="Pause"):
        state = before(session, request).state
        if answer.code == "FAILED_PauseNotAllowed" and state in (State.POWER_OFF, State.WELDED):
            yield broken(answer, f"{answer} refused the pause although power was off", request)
