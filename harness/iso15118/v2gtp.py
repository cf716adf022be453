"""V2GTP: the eight octets before every message, and how a stream of octets becomes frames.

Header: version 0x01, inverse version 0xFE, payload type (2 octets, big endian), payload length (4, big endian).
A frame whose header is wrong is ignored, not answered ([V2G2-800]); the parser reports it and goes on behind it. Only
when no sensible length can be read is the stream beyond repair.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

VERSION = 0x01
INVERSE_VERSION = 0xFE
HEADER = struct.Struct(">BBHI")
HEADER_LENGTH = HEADER.size

LONGEST_PAYLOAD = 1 << 20
"""Octets. Our default: the largest message of the schemas (a full absolute price schedule) stays far below 1 MiB."""


class PayloadType(IntEnum):
    """Payload types that have a meaning for ISO 15118 (public stacks agree on all of them)."""

    SAP = 0x8001
    """supportedAppProtocol, and every message of ISO 15118-2 and DIN SPEC 70121."""
    COMMON = 0x8002
    AC = 0x8003
    DC = 0x8004
    ACDP = 0x8005
    WPT = 0x8006
    AC_DER_IEC = 0x8010
    AC_DER_SAE = 0x8011
    SCHEDULE_RENEGOTIATION = 0x8101
    METERING_CONFIRMATION = 0x8102
    ACDP_SYSTEM_STATUS = 0x8103
    PARKING_STATUS = 0x8104
    SDP_REQUEST = 0x9000
    SDP_RESPONSE = 0x9001
    SDP_REQUEST_WIRELESS = 0x9002
    SDP_RESPONSE_WIRELESS = 0x9003


SIDE_STREAMS = frozenset(
    {
        PayloadType.SCHEDULE_RENEGOTIATION,
        PayloadType.METERING_CONFIRMATION,
        PayloadType.ACDP_SYSTEM_STATUS,
        PayloadType.PARKING_STATUS,
    }
)
"""Payload types that may run beside the main stream; they carry messages of the common set."""

MESSAGES = frozenset(kind for kind in PayloadType if kind < PayloadType.SDP_REQUEST)
"""Payload types that belong on the TCP or TLS connection."""

VENDOR_TYPES = range(0xA000, 0x10000)
"""Manufacturer-specific payload types: to be ignored by who does not know them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame with a sound header. `octets` is the frame as on the wire, header included."""

    payload_type: int
    payload: bytes
    octets: bytes


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that must be ignored, or (`fatal`) a stream that can't be followed any further."""

    reason: str
    octets: bytes
    fatal: bool = False


def frame(payload_type: int, payload: bytes) -> bytes:
    """The payload with its header before it."""
    return HEADER.pack(VERSION, INVERSE_VERSION, payload_type, len(payload)) + payload


class FrameParser:
    """Octets in, frames out, however the octets were cut on their way.

    `expected` are the payload types that belong on this link; others are reported as malformed and skipped.
    """

    def __init__(self, expected: frozenset[PayloadType] = MESSAGES, longest: int = LONGEST_PAYLOAD) -> None:
        self._buffer = bytearray()
        self._expected = expected
        self._longest = longest
        self._broken = False

    @property
    def pending(self) -> int:
        """Octets of a frame that has not arrived in full."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> Iterator[Frame | Malformed]:
        """Take octets and yield what they complete. After a fatal `Malformed` everything is dropped."""
        if self._broken:
            return
        self._buffer += octets
        while len(self._buffer) >= HEADER_LENGTH:
            version, inverse, payload_type, length = HEADER.unpack_from(self._buffer)
            if length > self._longest:
                whole = bytes(self._buffer)
                self._broken = True
                self._buffer.clear()
                yield Malformed(f"length {length} is above {self._longest}: the stream can't be followed", whole, True)
                return
            end = HEADER_LENGTH + length
            if len(self._buffer) < end:
                return
            whole = bytes(self._buffer[:end])
            del self._buffer[:end]
            problem = self._problem(version, inverse, payload_type, length)
            yield Malformed(problem, whole) if problem else Frame(payload_type, whole[HEADER_LENGTH:], whole)

    def _problem(self, version: int, inverse: int, payload_type: int, length: int) -> str:
        if version != VERSION:
            return f"version 0x{version:02X} instead of 0x{VERSION:02X}"
        if inverse != INVERSE_VERSION:
            return f"inverse version 0x{inverse:02X} instead of 0x{INVERSE_VERSION:02X}"
        if payload_type not in self._expected:
            return f"payload type 0x{payload_type:04X} does not belong here"
        if length == 0:
            return "no payload"
        return ""
