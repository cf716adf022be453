"""What the station tells in EVSEStatus, and whether the vehicle does it in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import OURS, PROTOCOL, PUBLIC, Session, broken, named, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

GRACE_S = 1.0
LOOPS_OF_GRACE = 3
"""What the vehicle gets on top of NotificationMaxDelay to ramp down: a second or three loops (our default)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification: the answer that first carried it, and when it must have been followed."""

    answer: Message
    kind: str
    due_s: float


def notices(session: Session) -> Iterator[Notice]:
    """Notifications in the order in which they were first made; a repeated one is the same notice."""
    current = ""
    for answer in session.responses():
        if not answer.base.endswith("ChargeLoop") and answer.base != "PowerDelivery":
            continue
        status = answer.evse_status
        kind = str(status.evse_notification) if status is not None else ""
        if kind and kind != current and not answer.failed:
            yield Notice(answer, kind, answer.at_s + float(status.notification_max_delay or 0))
        current = kind


REACTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Terminate": ("PowerDeliveryReq", ("Stop",)),
    "Pause": ("PowerDeliveryReq", ("Stop", "Standby")),
    "ExitStandby": ("PowerDeliveryReq", ("Start", "Stop")),
    "ScheduleRenegotiation": ("PowerDeliveryReq", ("ScheduleRenegotiation", "Stop")),
    "ServiceRenegotiation": ("PowerDeliveryReq", ("Stop",)),
    "MeteringConfirmation": ("MeteringConfirmationReq", ()),
}
"""What the vehicle sends when it follows a notification: the message, and its ChargeProgress.

For Pause sources disagree on the time (Amendment 1 has 60 s, older stacks send 0): what the station states counts, and
the rule only warns.
"""
CONFIDENCE = {"Terminate": "A", "Pause": "X", "ExitStandby": "I", "ScheduleRenegotiation": "A",
              "ServiceRenegotiation": "A", "MeteringConfirmation": "S"}  # fmt: skip
REQUIREMENT = {"Pause": "V2G20-1540", "ServiceRenegotiation": "V2G20-1477", "MeteringConfirmation": "V2G20-1083"}


def _followed(request: Message, kind: str) -> bool:
    name, progress = REACTIONS[kind]
    if request.name == "SessionStopReq":
        return True
    stopped = request.name == "PowerDeliveryReq" and request.charge_progress == "Stop"
    return stopped or (request.name == name and (not progress or request.charge_progress in progress))


def _register(kind: str) -> None:
    name, progress = REACTIONS[kind]
    what = f"{name}({' or '.join(progress)})" if progress else name
    slug = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind).strip("-")

    @vehicle(
        REQUIREMENT.get(kind, PUBLIC),
        f"the vehicle follows the notification {kind} with {what} in the time that was given",
        CONFIDENCE[kind],
        "warn" if kind == "MeteringConfirmation" else "",
        id=f"{PROTOCOL}/{slug}-is-followed",
    )
    def followed(session: Session) -> Iterator[Broken]:
        for notice in notices(session):
            if notice.kind == kind:
                yield from _late(session, notice)


def _late(session: Session, notice: Notice) -> Iterator[Broken]:
    """The first request that comes too late: well after the deadline, or the fourth one after it."""
    after_due = 0
    may_be_withdrawn = notice.due_s > notice.answer.at_s
    for request in session.messages[notice.answer.ordinal :]:
        if not request.is_request:
            silent = request.evse_status is None and request.base == notice.answer.base and not request.failed
            if silent and may_be_withdrawn:
                return
            continue
        if _followed(request, notice.kind):
            return
        after_due += request.at_s > notice.due_s
        if request.at_s > notice.due_s + GRACE_S or after_due > LOOPS_OF_GRACE:
            yield broken(request, f"{request} came {request.at_s - notice.answer.at_s:.1f} s after it", notice.answer)
            return


for _kind in REACTIONS:
    _register(_kind)


@station("V2G20-1083", "a metering confirmation is asked for with the reading in the same answer", "S")
def metering_confirmation_has_a_reading(session: Session) -> Iterator[Broken]:
    for notice in notices(session):
        if notice.kind == "MeteringConfirmation" and not notice.answer.meter_info:
            yield broken(notice.answer, f"{notice.answer} has no MeterInfo")


@station("V2G20-1477", "a service renegotiation is asked for only by a station that supports it", "I")
def service_renegotiation_notice_is_supported(session: Session) -> Iterator[Broken]:
    for notice in notices(session):
        offer = before(session, notice.answer).first_services
        if notice.kind == "ServiceRenegotiation" and offer and offer.service_renegotiation_supported is False:
            yield broken(notice.answer, f"{notice.answer} asks for it, {offer} said no", offer)


@station(PUBLIC, "standby is left only where standby is", "I")
def standby_is_left_in_standby(session: Session) -> Iterator[Broken]:
    for notice in notices(session):
        progress = before(session, notice.answer).progress
        if notice.kind == "ExitStandby" and progress and progress != "Standby":
            yield broken(notice.answer, f"{notice.answer} says ExitStandby after PowerDelivery({progress})")


@vehicle("V2G20-1083", "a metering confirmation is sent when it is asked for", "I")
def metering_confirmation_was_asked_for(session: Session) -> Iterator[Broken]:
    for request in session.requests("MeteringConfirmationReq"):
        asked = [one for one in notices(session) if one.kind == "MeteringConfirmation"]
        if not any(one.answer.ordinal < request.ordinal for one in asked):
            yield broken(request, f"{request} came unasked")


@vehicle("V2G20-902", "the confirmed reading is of this session and of a reading that the station sent", "S", "warn")
def confirmed_reading_was_sent(session: Session) -> Iterator[Broken]:
    for request in session.requests("MeteringConfirmationReq"):
        data = request.signed_metering_data
        given = before(session, request).session_id
        if data is None:
            continue
        if given and data.session_id != given:
            yield broken(request, f"{request} confirms session {data.session_id.hex().upper()}")
        earlier = session.messages[: request.ordinal]
        sent = [one.meter_info for one in earlier if not one.is_request and one.meter_info]
        if sent and data.meter_info not in sent:
            yield broken(request, f"{request} confirms a reading that no answer carried")


@vehicle(OURS, "the confirmation names the schedule tuple that was selected", "I")
def confirmed_tuple_was_selected(session: Session) -> Iterator[Broken]:
    for request in session.requests("MeteringConfirmationReq"):
        mode = getattr(request.signed_metering_data, "control_mode", None)
        selection = before(session, request).selection
        control = selection.control if selection else None
        if control and mode is not None and control not in named(mode):
            yield broken(request, f"{request} confirms {named(mode)}, selected was {control}")


@vehicle("V2G20-1477", "after a service renegotiation notice the session is not terminated", "I")
def service_renegotiation_is_carried_out(session: Session) -> Iterator[Broken]:
    for notice in notices(session):
        stop = session.first_after(notice.answer, "SessionStopReq")
        if notice.kind == "ServiceRenegotiation" and stop and stop.charging_session == "Pause":
            yield broken(stop, f"{stop} pauses, {notice.answer} asked for a service renegotiation", notice.answer)


@vehicle(OURS, "after a terminate notice the session is terminated, not paused", "I")
def terminate_is_carried_out(session: Session) -> Iterator[Broken]:
    for notice in notices(session):
        stop = session.first_after(notice.answer, "SessionStopReq")
        if notice.kind == "Terminate" and stop and stop.charging_session != "Terminate":
            yield broken(
                stop, f"{stop} says {stop.charging_session}, {notice.answer} asked to terminate", notice.answer
            )
