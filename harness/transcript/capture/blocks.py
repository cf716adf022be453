"""pcapng blocks as octets (draft-ietf-opsawg-pcapng), little-endian, one Ethernet interface with nanosecond stamps."""

from __future__ import annotations

import struct

from harness.transcript.capture.files import (
    ENHANCED_PACKET,
    INTERFACE,
    SECRETS,
    SECTION,
    TIME_RESOLUTION,
    TLS_KEY_LOG,
)

COMMENT, APPLICATION_NAME, INTERFACE_NAME = 1, 4, 2
NANOSECONDS = b"\x09"


def _padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % 4)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<2H", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<2I", kind, size) + body + struct.pack("<I", size)


def section(application: str) -> bytes:
    """The section header that a pcapng file begins with."""
    head = struct.pack("<I2Hq", 0x1A2B3C4D, 1, 0, -1)
    return _block(SECTION, head + _option(APPLICATION_NAME, application.encode()) + _option(0, b""))


def interface(name: str, link_type: int = 1) -> bytes:
    options = _option(INTERFACE_NAME, name.encode()) + _option(TIME_RESOLUTION, NANOSECONDS) + _option(0, b"")
    return _block(INTERFACE, struct.pack("<2HI", link_type, 0, 0) + options)


def secrets(key_log: str) -> bytes:
    """TLS secrets in NSS key log format; must stand before the packets that need them."""
    raw = key_log.encode("ascii")
    return _block(SECRETS, struct.pack("<2I", TLS_KEY_LOG, len(raw)) + _padded(raw))


def packet(time_ns: int, data: bytes, comment: str = "") -> bytes:
    head = struct.pack("<5I", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), len(data))
    options = _option(COMMENT, comment.encode()) + _option(0, b"") if comment else b""
    return _block(ENHANCED_PACKET, head + _padded(data) + options)
