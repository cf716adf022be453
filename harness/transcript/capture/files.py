"""Capture files: pcap (both octet orders, micro- and nanoseconds) and pcapng (several sections, embedded secrets).

Sources: the file formats' public drafts, draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

PCAP_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""File magic to octet order and nanoseconds per tick."""

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET, SECRETS = 0x0A0D0D0A, 1, 2, 3, 6, 10
TLS_KEY_LOG = 0x544C534B
TIME_RESOLUTION, TIME_OFFSET = 9, 14


class CaptureError(ValueError):
    """The file is not a capture, or is broken before its first packet; the text says where."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One captured packet; `number` counts from 1 as Wireshark does, `time_ns` is since 1970 (0: not recorded)."""

    number: int
    time_ns: int
    link_type: int
    data: bytes
    length: int
    """Octets on the wire; more than `data` if the capture cut the packet."""


@dataclass(slots=True)
class CaptureFile:
    """What is in a capture file, and what is wrong with it."""

    packets: list[Packet] = field(default_factory=list)
    key_log: str = ""
    """All embedded TLS secrets, as NSS key log text."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Interface:
    link_type: int
    snap_length: int
    ticks_per_s: int
    offset_s: int


def read_file(path: Path) -> CaptureFile:
    """All packets and secrets of a capture file (gzip is looked through).

    A file that ends inside a packet gives what came before and a note; raises CaptureError if it is no capture at all.
    """
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as problem:
            raise CaptureError(f"{path.name}: broken gzip: {problem}") from problem
    if raw[:4] in PCAP_MAGICS:
        return _read_pcap(raw)
    if raw[:4] == b"\x0a\x0d\x0d\x0a":
        return _read_pcapng(raw)
    raise CaptureError(f"{path.name}: neither pcap nor pcapng: it begins with {raw[:4].hex() or 'nothing'}")


def _read_pcap(raw: bytes) -> CaptureFile:
    order, tick_ns = PCAP_MAGICS[raw[:4]]
    if len(raw) < 24:
        raise CaptureError("the pcap header is cut off")
    (link_type,) = struct.unpack_from(order + "I", raw, 20)
    capture, at = CaptureFile(), 24
    while at < len(raw):
        if len(raw) - at < 16:
            capture.notes.append(f"the file ends inside a packet header, after packet {len(capture.packets)}")
            break
        seconds, ticks, kept, length = struct.unpack_from(order + "4I", raw, at)
        at += 16
        if len(raw) - at < kept:
            capture.notes.append(f"the file ends inside packet {len(capture.packets) + 1}")
            break
        time_ns = seconds * 1_000_000_000 + ticks * tick_ns
        data = raw[at : at + kept]
        capture.packets.append(Packet(len(capture.packets) + 1, time_ns, link_type & 0xFFFF, data, length))
        at += kept
    return capture


def _read_pcapng(raw: bytes) -> CaptureFile:
    capture, at, order = CaptureFile(), 0, "<"
    interfaces: list[_Interface] = []
    while len(raw) - at >= 12:
        (kind,) = struct.unpack_from(order + "I", raw, at)
        if kind == SECTION:  # reads the same in both octet orders
            order = "<" if raw[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        (size,) = struct.unpack_from(order + "I", raw, at + 4)
        if size < 12 or size % 4 or at + size > len(raw):
            break
        body = raw[at + 8 : at + size - 4]
        at += size
        try:
            _read_block(kind, body, order, interfaces, capture)
        except (struct.error, IndexError, ValueError):
            capture.notes.append(f"a block of type {kind:#x} at octet {at - size} is broken and was left out")
    if at < len(raw):
        capture.notes.append(f"the file is broken or cut off at octet {at} of {len(raw)}")
    return capture


def _read_block(kind: int, body: bytes, order: str, interfaces: list[_Interface], capture: CaptureFile) -> None:
    if kind == INTERFACE:
        interfaces.append(_read_interface(body, order))
    elif kind == ENHANCED_PACKET:
        which, high, low, kept, length = struct.unpack_from(order + "5I", body)
        _keep(capture, interfaces[which], high << 32 | low, body[20 : 20 + kept], length)
    elif kind == OLD_PACKET:
        which, _drops, high, low, kept, length = struct.unpack_from(order + "2H4I", body)
        _keep(capture, interfaces[which], high << 32 | low, body[20 : 20 + kept], length)
    elif kind == SIMPLE_PACKET:
        (length,) = struct.unpack_from(order + "I", body)
        kept = min(length, interfaces[0].snap_length or length)
        _keep(capture, interfaces[0], None, body[4 : 4 + kept], length)
    elif kind == SECRETS:
        what, size = struct.unpack_from(order + "2I", body)
        if what == TLS_KEY_LOG:
            capture.key_log += body[8 : 8 + size].decode("ascii", "replace") + "\n"


def _keep(capture: CaptureFile, interface: _Interface, ticks: int | None, data: bytes, length: int) -> None:
    time_ns = 0 if ticks is None else ticks * 1_000_000_000 // interface.ticks_per_s + interface.offset_s * 10**9
    capture.packets.append(Packet(len(capture.packets) + 1, time_ns, interface.link_type, data, length))


def _read_interface(body: bytes, order: str) -> _Interface:
    link_type, _reserved, snap_length = struct.unpack_from(order + "2HI", body)
    options = dict(_options(body[8:], order))
    resolution = options.get(TIME_RESOLUTION, b"\x06")[0]
    ticks = 1 << (resolution & 0x7F) if resolution & 0x80 else 10 ** min(resolution, 30)
    offset = struct.unpack(order + "q", options[TIME_OFFSET][:8])[0] if TIME_OFFSET in options else 0
    return _Interface(link_type, snap_length, ticks, offset)


def _options(raw: bytes, order: str) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at + 4 <= len(raw):
        code, size = struct.unpack_from(order + "2H", raw, at)
        if code == 0:
            break
        found.append((code, raw[at + 4 : at + 4 + size]))
        at += 4 + size + -size % 4
    return found
