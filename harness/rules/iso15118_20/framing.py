"""V2GTP and EXI: heads, payload types, and whether what was sent can be read."""

from __future__ import annotations

from collections.abc import Iterator

from harness.iso15118.messages import core
from harness.iso15118.v2gtp import MESSAGES, VENDOR_TYPES, PayloadType
from harness.rules.iso15118_20.terms import PUBLIC, SCHEMA, Session, broken, either, named, pair, station
from harness.rules.rule import Broken
from harness.transcript.v2g import CHARGER, SIDE_STREAMS, Message

TYPE_OF = {
    core.SAP: PayloadType.SAP,
    core.COMMON: PayloadType.COMMON,
    core.AC: PayloadType.AC,
    core.DC: PayloadType.DC,
    core.ACDP: PayloadType.ACDP,
    core.WPT: PayloadType.WPT,
}
AMENDED = {PayloadType.AC_DER_IEC, PayloadType.AC_DER_SAE}


def _right_types(message: Message) -> set[int]:
    """The payload types that a decoded message may travel under."""
    namespace = type(message.content).declaration.ns
    main = TYPE_OF.get(namespace)
    if namespace == core.COMMON and message.base in ("MeteringConfirmation", "ScheduleExchange"):
        return {PayloadType.COMMON, PayloadType.METERING_CONFIRMATION, PayloadType.SCHEDULE_RENEGOTIATION}
    if namespace == core.COMMON and message.base.startswith("VehicleCheck"):
        return {PayloadType.COMMON, PayloadType.PARKING_STATUS}
    if namespace == core.ACDP:
        return {PayloadType.ACDP, PayloadType.ACDP_SYSTEM_STATUS}
    return {main} if main else set()


@either(PUBLIC, "{who} sends each message under the payload type of its message set")
def payload_type_fits_the_message(session: Session, side: str) -> Iterator[Broken]:
    for one in session.messages:
        right = _right_types(one) if one.content and one.side == side else set()
        if right and one.payload_type not in right:
            yield broken(one, f"{one} came with payload type {one.payload_type:#06x}, not {min(right):#06x}")


@either(PUBLIC, "{who} uses payload types that are assigned", "A", "warn")
def payload_type_is_assigned(session: Session, side: str) -> Iterator[Broken]:
    for one in session.messages:
        known = one.payload_type in MESSAGES or one.payload_type in VENDOR_TYPES
        if one.side == side and not known:
            yield broken(one, f"message {one.ordinal} has payload type {one.payload_type:#06x}")


@either(SCHEMA, "{who} sends messages that the schema of their payload type can read")
def message_can_be_decoded(session: Session, side: str) -> Iterator[Broken]:
    for one in session.messages:
        readable = one.payload_type in MESSAGES and one.payload_type not in AMENDED
        headless = one.error.startswith("frame head")  # told by its own rule
        if one.side == side and one.error and readable and not headless and not one.after_gap:
            yield broken(one, f"message {one.ordinal}: {one.error}")


HABITS = ("trailing", "padding", "empty", "habit")
"""Kinds of deviation that leave the content as it was meant: seen in the field, read by everybody."""


def _is_habit(why: str) -> bool:
    """Zeros behind the end are a habit of the field; other octets there are content that no schema has."""
    octets = set(why.rpartition(": ")[2].split())
    return why.startswith(HABITS) and not (why.startswith("trailing") and octets - {"00", "..."})


def may_be_unreadable(message: Message) -> bool:
    """Whether a strict reader can't be blamed for making nothing of it: broken, under a wrong type, off the schema."""
    right = _right_types(message) if message.content else set()
    mistyped = bool(right) and message.payload_type not in right
    return bool(message.error) or mistyped or not all(map(_is_habit, message.deviations))


def _deviations(session: Session, side: str, habits: bool) -> Iterator[tuple[Message, str]]:
    for one in session.messages:
        told = [why for why in one.deviations if _is_habit(why) is habits]
        if one.side == side and one.content and told:
            yield one, "; ".join(told)


@either(SCHEMA, "{who} sends what the schema allows: values in range, nothing missing, nothing foreign")
def content_is_of_the_schema(session: Session, side: str) -> Iterator[Broken]:
    for one, told in _deviations(session, side, habits=False):
        yield broken(one, f"{one}: {told}")


@either(SCHEMA, "{who} encodes exactly: no octet too many, no encoder's habit", "A", "warn")
def message_follows_the_schema(session: Session, side: str) -> Iterator[Broken]:
    for one, told in _deviations(session, side, habits=True):
        yield broken(one, f"{one}: {told}")


@either("V2G2-800", "{who} begins each frame with version 01 and its inverse FE")
def frame_head_is_right(session: Session, side: str) -> Iterator[Broken]:
    for event in session.links:
        raw = str(event.data.get("hex", ""))
        if event.data.get("what") == "unframed" and event.source == side and not _behind_a_gap(session, event.number):
            yield Broken(None, f"{len(raw) // 2} octets that are no frame: {raw[:32]}", (event.number,))
    for one in session.messages:
        if one.side == side and one.error.startswith("frame head"):
            yield broken(one, f"message {one.ordinal}: {one.error}")


def _behind_a_gap(session: Session, number: int) -> bool:
    return any(event.data.get("what") == "gap" and event.number < number for event in session.links)


@station("V2G2-800", "a frame with a wrong head is ignored, not answered")
def wrong_heads_are_ignored(session: Session) -> Iterator[Broken]:
    for exchange in session.exchanges:
        if exchange.request.error.startswith("frame head") and exchange.response:
            yield broken(exchange.response, f"{exchange.response} answers message {exchange.request.ordinal}")


@pair(PUBLIC, "a side-stream message has a side-stream payload type or none of its own", "X")
def side_streams_are_marked(session: Session) -> Iterator[Broken]:
    for one in session.requests("MeteringConfirmationReq"):
        answer = session.answer_to(one)
        if answer and (one.payload_type in SIDE_STREAMS) != (answer.payload_type in SIDE_STREAMS):
            yield broken(answer, f"{one} and {answer} travel on different streams", one)


@either(PUBLIC, "{who} uses the message set that was negotiated")
def message_set_was_negotiated(session: Session, side: str) -> Iterator[Broken]:
    ours = session.namespace.rpartition(":")[2].partition("-")[0]
    for one in session.messages:
        kind = named(one.content).partition("_")[0]
        foreign = ours and kind in ("AC", "DC", "WPT", "ACDP") and kind != ours
        in_kind = one.side == CHARGER and one.base == getattr(session.request_of(one), "base", "")
        if one.side == side and foreign and not in_kind:
            yield broken(one, f"{one} in a session that was negotiated for {ours}")
