"""Messages as frames: which payload type a message travels in, and which message set a payload type means."""

from __future__ import annotations

from harness.exi.declare import Record
from harness.exi.errors import ExiError
from harness.iso15118 import messages
from harness.iso15118.errors import Undecodable
from harness.iso15118.messages.core import AC, COMMON, DC, ISO2, SAP
from harness.iso15118.messages.der_iec import AC_DER_IEC
from harness.iso15118.v2gtp import SIDE_STREAMS, Frame, PayloadType, frame

_TYPE_OF = {
    SAP: PayloadType.SAP,
    COMMON: PayloadType.COMMON,
    AC: PayloadType.AC,
    DC: PayloadType.DC,
    ISO2: PayloadType.SAP,
}
_SET_OF: dict[int, str] = {
    PayloadType.SAP: "sap",
    PayloadType.COMMON: "common",
    PayloadType.AC: "ac",
    PayloadType.DC: "dc",
    PayloadType.ACDP: "acdp",
    PayloadType.WPT: "wpt",
    PayloadType.AC_DER_IEC: "ac_der_iec",
    **dict.fromkeys(SIDE_STREAMS, "common"),
}

HARMLESS = frozenset({"padding", "trailing", "habit", "empty"})
"""Kinds of deviation that leave no doubt about the content; a message with any other is not acted upon."""


def to_frame(message: Record, payload_type: int | None = None) -> bytes:
    """The message as one frame; `payload_type` only to choose a side stream, or a wrong one on purpose."""
    right = PayloadType.AC_DER_IEC if _amended(message) else _TYPE_OF[message.declaration.ns]
    name = "iso2" if message.declaration.ns == ISO2 else _SET_OF[right]
    return frame(right if payload_type is None else payload_type, messages.encode(message, name))


def _amended(message: Record) -> bool:
    """Whether an AC message carries an element of Amendment 1, which has a payload type and octets of its own."""
    content = message.__dict__
    mode = content.get("control_mode") or content.get("energy_transfer_mode")
    return mode is not None and mode.declaration.ns == AC_DER_IEC


def from_frame(received: Frame, plain: str = "sap") -> Record:
    """The message in a frame, as far as its content is beyond doubt; raises Undecodable.

    `plain`: the message set of payload type 0x8001, which changes once ISO 15118-2 is negotiated.
    """
    name = plain if received.payload_type == PayloadType.SAP else _SET_OF.get(received.payload_type)
    if name is None:
        raise Undecodable(f"no message set is known for payload type 0x{received.payload_type:04X}")
    try:
        decoded = messages.decode(received.payload, name, mode="tolerant")
    except ExiError as problem:
        raise Undecodable(f"no message of set {name}: {problem}") from problem
    for deviation in decoded.deviations:
        if deviation.kind not in HARMLESS:
            raise Undecodable(f"no valid message of set {name}: {deviation}")
    if not isinstance(decoded.message, Record):
        raise Undecodable(f"no message of set {name}")
    return decoded.message
