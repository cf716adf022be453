"""From transcript events to session views: which protocol was negotiated, and every frame decoded by it.

Decoding is tolerant: what deviates is read as far as it goes and told. A message under a wrong payload type is looked
for in the other message sets of the protocol, so that the rules can name it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from harness.iso15118 import messages
from harness.iso15118.messages import (
    Decoded,
    ExiError,
    der_iec,  # noqa: F401 - it registers its message set
)
from harness.iso15118.v2gtp import HEADER, HEADER_LENGTH, INVERSE_VERSION, VERSION
from harness.transcript.event import Event
from harness.transcript.v2g import REQUEST, RESPONSE, VEHICLE, Message, V2GSession, group

ISO20, ISO2, DIN, UNKNOWN = "iso15118-20", "iso15118-2", "din70121", "unknown"
SAP_TYPE = 0x8001
PROTOCOLS = {"urn:iso:std:iso:15118:-20": ISO20, "urn:iso:15118:2:2013": ISO2, "urn:din:70121:2012": DIN,
             "urn:tesla:din:2018": DIN}  # fmt: skip
"""Protocols by how their namespace begins; the last is one maker's own name for DIN messages."""
SETS_20 = {0x8002: "common", 0x8003: "ac", 0x8004: "dc", 0x8005: "acdp", 0x8006: "wpt", 0x8101: "common",
           0x8102: "common", 0x8103: "acdp", 0x8104: "common", 0x8010: "ac_der_iec"}  # fmt: skip
"""Message sets of -20 by payload type, side streams included."""
ALL_20 = ("common", "dc", "ac", "wpt", "acdp")
SETS = {ISO2: ("iso2",), DIN: ("din",), ISO20: ALL_20}


HARMLESS = ("trailing", "padding", "empty", "habit")
"""Kinds of deviation that leave no doubt about what was meant."""


MOST_TRAILING_BITS = 24
"""More than this behind the end of a message, and it was another message (our default; the field's habit is 00)."""


class _Unreadable(ValueError):
    """The frame can't be decoded; the text says why."""


def sessions(events: Iterable[Event]) -> tuple[V2GSession, ...]:
    """The V2G sessions of a transcript, in order; each knows those before it and the events of the other channels."""
    kept = list(events)
    others = tuple(one for one in kept if not one.kind.startswith("v2g."))
    found: list[V2GSession] = []
    for number, links, frames, discovery in group(kept):
        reading = Reading()
        told = tuple(reading.take(ordinal, frame, links) for ordinal, frame in enumerate(frames, 1))
        found.append(
            V2GSession(
                number,
                reading.protocol,
                told,
                tuple(links),
                tuple(discovery),
                reading.namespace,
                tuple(found),
                others,
            )
        )
    return tuple(found)


@dataclass(slots=True)
class Reading:
    """What has been negotiated so far while the frames of one session are read."""

    protocol: str = UNKNOWN
    namespace: str = ""
    offered: Any = None
    last_event: int = 0

    def take(self, ordinal: int, event: Event, links: list[Event]) -> Message:
        raw = bytes.fromhex(event.data["hex"])
        lost = any(self.last_event < one.number < event.number and one.data.get("what") == "gap" for one in links)
        self.last_event = event.number
        kind = int.from_bytes(raw[2:4], "big")
        bare = Message(
            ordinal,
            event.at_s,
            event.source,
            kind,
            "",
            event=event.number,
            utc_us=event.utc_us,
            after_gap=lost,
            raw=raw[HEADER_LENGTH:],
        )
        try:
            schema, decoded = self._decode(raw, kind, ordinal, event)
        except _Unreadable as problem:
            return replace(bare, error=str(problem))
        message = _opened(bare, schema, decoded)
        if not message.name.endswith((REQUEST, RESPONSE)):
            return replace(bare, error=f"not a message of the protocol: {message.name or decoded.name}")
        self._negotiate(message, kind)
        return message

    def _choose(self, answer: Message) -> None:
        """What the answer chose. A schema id that the offer has twice says nothing: the next message will."""
        named = {one.protocol_namespace for one in self.offered if one.schema_id == answer.schema_id}
        if answer.ok and len(named) > 1:
            return
        only = self.offered[0].protocol_namespace if len(self.offered) == 1 else ""
        self.namespace = next(iter(named), only) if answer.ok else ""
        self.protocol = _of_namespace(self.namespace) if self.namespace else self._of_offer()

    def _of_offer(self) -> str:
        """What a failed negotiation was about: -20 if that was among the offers, else the one protocol offered."""
        offered = {_of_namespace(one.protocol_namespace) for one in self.offered}
        return ISO20 if ISO20 in offered else offered.pop() if len(offered) == 1 else UNKNOWN

    def _decode(self, raw: bytes, kind: int, ordinal: int, event: Event) -> tuple[str, Decoded]:
        if len(raw) < HEADER_LENGTH:
            raise _Unreadable(f"a frame of {len(raw)} octets is shorter than its head")
        version, inverse, _, length = HEADER.unpack_from(raw)
        if (version, inverse) != (VERSION, INVERSE_VERSION):
            raise _Unreadable(f"frame head is {raw[:HEADER_LENGTH].hex()}")
        if length == 0:
            raise _Unreadable("frame head says that the payload is empty")
        payload = raw[HEADER_LENGTH:]
        candidates = self._candidates(kind, ordinal)
        if not candidates:
            raise _Unreadable(f"payload type {kind:#06x} carries no message that is known here")
        right = _read(payload, candidates[0], tolerant=True)
        if isinstance(right, Decoded) and _is_meant(right, payload):
            return candidates[0], right
        for schema in candidates[1:]:  # strictly: any octets are something to a patient reader
            other = _read(payload, schema, tolerant=False)
            if isinstance(other, Decoded) and _fits(_name(schema, other), event.source):
                return schema, other
        if isinstance(right, Decoded):
            return candidates[0], right
        raise _Unreadable(f"not readable as {candidates[0]}: {right}")

    def _candidates(self, kind: int, ordinal: int) -> tuple[str, ...]:
        """Message sets to try, the right one first."""
        if kind == SAP_TYPE and self.protocol == UNKNOWN:
            return ("sap", "iso2", "din", *ALL_20) if ordinal <= 2 else ("iso2", "din", *ALL_20, "sap")
        if kind == SAP_TYPE:
            return (*SETS[self.protocol], "sap") if self.protocol != ISO20 else ("sap", *ALL_20)
        right = SETS_20.get(kind)
        if right is None:
            return ()
        negotiated = self.namespace.rpartition(":")[2].partition("-")[0].lower()
        others = ("common", negotiated) if negotiated in ALL_20 else ALL_20
        return (right, *(one for one in others if one != right))

    def _negotiate(self, message: Message, kind: int) -> None:
        if message.name == "supportedAppProtocolReq":
            self.offered = message.app_protocol
        elif message.name == "supportedAppProtocolRes" and self.offered:
            self._choose(message)
        elif self.protocol == UNKNOWN and message.name and not message.name.startswith("supportedApp"):
            self.protocol = _protocol_of(message, kind)


@lru_cache(maxsize=16384)  # a running session is looked at again and again while it grows
def _read(payload: bytes, schema: str, *, tolerant: bool) -> Decoded | Exception:
    """The decoded stream, or why it can't be read."""
    try:
        return messages.decode(payload, schema, mode="tolerant" if tolerant else "strict")
    except (ExiError, ValueError, KeyError) as problem:
        return problem


def _is_meant(decoded: Decoded, payload: bytes) -> bool:
    """Whether a stream is, all in all, what it was read as: only habits of encoders, hardly anything behind its end."""
    return all(
        one.kind in HARMLESS and (one.kind != "trailing" or len(payload) * 8 - one.bit <= MOST_TRAILING_BITS)
        for one in decoded.deviations
    )


def _name(schema: str, decoded: Decoded) -> str:
    return _content(schema, decoded)[0]


def _fits(name: str, sender: str) -> bool:
    """Whether a message of this name comes from this side."""
    return name.endswith(REQUEST if sender == VEHICLE else RESPONSE)


def _content(schema: str, decoded: Decoded) -> tuple[str, Any]:
    """Name and content; -2 and DIN wrap the request or response in a document with header and body."""
    if schema not in ("iso2", "din"):
        return decoded.name, decoded.message
    body = getattr(decoded.message, "body", None)
    content = next((one for one in vars(body).values() if one is not None), None) if body is not None else None
    return (type(content).declaration.name if content is not None else decoded.name), content


def _opened(bare: Message, schema: str, decoded: Decoded) -> Message:
    name, content = _content(schema, decoded)
    told = tuple(f"{one.kind}: {one}" for one in decoded.deviations)
    return replace(bare, name=name, content=content, header=getattr(decoded.message, "header", None), deviations=told)


def _protocol_of(message: Message, kind: int) -> str:
    """The protocol that a message belongs to, when its negotiation is not in the record."""
    namespace = type(message.content).declaration.ns if message.content is not None else ""
    if kind in SETS_20:
        return ISO20
    return _of_namespace(namespace)


def _of_namespace(namespace: str) -> str:
    return next((name for start, name in PROTOCOLS.items() if namespace.startswith(start)), UNKNOWN)
