"""Transcript events to pcapng, so that a session recorded above TCP can be opened with Wireshark.

Ethernet, IPv6, TCP and UDP are synthetic around the real payloads and the real time stamps: addresses and ports are
those of the connection where the transcript knows them, else the defaults below; checksums are right. What went
through TLS is written as it was on the wire, to be opened with the key log; where only the messages are known they
stand in the clear, and the packet comment says so.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from typing import Any

from harness.transcript.capture import blocks
from harness.transcript.capture.packets import ACK, FIN, IPV6, RST, SYN, TCP, UDP, Endpoint
from harness.transcript.event import Event

VEHICLE_END = Endpoint(IPv6Address("fe80::e5"), 50000)
CHARGER_END = Endpoint(IPv6Address("fe80::ce"), 15118)
EVERYBODY = Endpoint(IPv6Address("ff02::1"), 15118)
"""V2G20 SDP requests go to this multicast address and port ([V2G2-139])."""
LARGEST_SEGMENT = 1440
_ENDS = ("closed", "lost")
PUSH = 0x08


def write_capture(path: Path, events: Iterable[Event], key_log: str = "") -> int:
    """Write the V2G events (kinds v2g.sdp, v2g.link, v2g.frame, v2g.tls) to a pcapng; returns the number of packets."""
    events = _closed_last(list(events))
    sealed = {int(one.data["session"]) for one in events if one.kind == "v2g.tls"}
    sessions: dict[int, _Wire] = {}
    count = 0
    with path.open("wb") as file:
        file.write(blocks.section("plugfest") + blocks.interface("transcript"))
        if key_log:
            file.write(blocks.secrets(key_log))
        for event in events:
            if event.kind == "v2g.frame" and int(event.data.get("session", 0)) in sealed:
                continue
            for data, comment in _packets(event, sessions):
                file.write(blocks.packet(event.utc_us * 1000, data, comment))
                count += 1
    return count


def _closed_last(events: list[Event]) -> list[Event]:
    """Each end of a connection behind its last TLS record: closing is told first, close_notify goes out after that."""
    last = {(one.data["session"], one.source): one for one in events if one.kind == "v2g.tls"}
    waiting: dict[int, list[Event]] = {}
    ordered: list[Event] = []
    for event in events:
        record = last.get((event.data.get("session"), event.data.get("by", event.source)))
        if event.data.get("what") in _ENDS and record and record.number > event.number:
            waiting.setdefault(record.number, []).append(replace(event, utc_us=record.utc_us))
        else:
            ordered += [event, *waiting.pop(event.number, [])]
    return ordered


def _packets(event: Event, sessions: dict[int, _Wire]) -> Iterable[tuple[bytes, str]]:
    if event.kind == "v2g.sdp":
        yield _discovery(event), ""
    if event.kind not in ("v2g.frame", "v2g.link", "v2g.tls"):
        return
    number = int(event.data.get("session", 0))
    what = event.data.get("what")
    if what == "connected" or number not in sessions:
        sessions[number] = _Wire.of(number, event.data)
        yield from sessions[number].open()
    wire = sessions[number]
    if event.kind in ("v2g.frame", "v2g.tls"):
        yield from wire.send(event.source == "vehicle", bytes.fromhex(event.data["hex"]))
    elif what == "tls":
        wire.comment = f"sent through {event.data.get('version', 'TLS')}; shown in the clear"
    elif what in _ENDS:
        yield from wire.close(event.data.get("by", event.source) == "vehicle", event.data.get("how") == "reset")


def _discovery(event: Event) -> bytes:
    payload = bytes.fromhex(event.data["hex"])
    asks = event.source == "vehicle"
    source = _endpoint(event.data.get("from"), VEHICLE_END if asks else CHARGER_END)
    target = _endpoint(event.data.get("to"), EVERYBODY if asks else VEHICLE_END)
    head = struct.pack(">4H", source.port, target.port, 8 + len(payload), 0)
    return _ethernet(source, target, UDP, head + payload, 6)


@dataclass(slots=True)
class _Wire:
    """One synthetic TCP connection; `next_number` counts each side's octets, the vehicle's first."""

    ends: tuple[Endpoint, Endpoint]
    comment: str = ""
    closed: set[int] = field(default_factory=set)
    """Sides that have closed."""
    next_number: list[int] = field(default_factory=lambda: [1000, 500000])

    @classmethod
    def of(cls, number: int, data: dict[str, Any]) -> _Wire:
        vehicle = _endpoint(data.get("vehicle"), Endpoint(VEHICLE_END.address, (VEHICLE_END.port + number) & 0xFFFF))
        return cls((vehicle, _endpoint(data.get("charger"), CHARGER_END)))

    def open(self) -> Iterable[tuple[bytes, str]]:
        yield self._segment(0, SYN), ""
        self.next_number[0] += 1
        yield self._segment(1, SYN | ACK), ""
        self.next_number[1] += 1
        yield self._segment(0, ACK), ""

    def send(self, by_vehicle: bool, payload: bytes) -> Iterable[tuple[bytes, str]]:
        side = 0 if by_vehicle else 1
        for at in range(0, len(payload), LARGEST_SEGMENT):
            part = payload[at : at + LARGEST_SEGMENT]
            yield self._segment(side, ACK | PUSH, part), self.comment
            self.next_number[side] += len(part)

    def close(self, by_vehicle: bool, reset: bool) -> Iterable[tuple[bytes, str]]:
        side = 0 if by_vehicle else 1
        if side in self.closed:
            return
        self.closed.add(side)
        yield self._segment(side, RST | ACK if reset else FIN | ACK), ""
        self.next_number[side] += 1

    def _segment(self, side: int, flags: int, data: bytes = b"") -> bytes:
        source, target = self.ends if side == 0 else self.ends[::-1]
        acknowledged = self.next_number[1 - side] if flags & ACK else 0
        head = struct.pack(
            ">2H2I2B3H", source.port, target.port, self.next_number[side], acknowledged, 5 << 4, flags, 65535, 0, 0
        )
        return _ethernet(source, target, TCP, head + data, 16)


def _endpoint(text: Any, default: Endpoint) -> Endpoint:
    """An endpoint from "[address]:port"; the default for what is not IPv6 (a loopback bench, an unknown peer)."""
    if not isinstance(text, str) or not text.startswith("["):
        return default
    address, _, port = text[1:].rpartition("]:")
    try:
        return Endpoint(IPv6Address(address.partition("%")[0]), int(port))
    except (AddressValueError, ValueError):
        return default


def _ethernet(source: Endpoint, target: Endpoint, protocol: int, body: bytes, checksum_at: int) -> bytes:
    ends = source.address.packed + target.address.packed
    total = checksum(ends + struct.pack(">2I", len(body), protocol) + body) or 0xFFFF
    body = body[:checksum_at] + struct.pack(">H", total) + body[checksum_at + 2 :]
    network = struct.pack(">IHBB", 6 << 28, len(body), protocol, 64) + ends + body
    return _mac(target) + _mac(source) + struct.pack(">H", IPV6) + network


def _mac(end: Endpoint) -> bytes:
    """A locally administered address from the IPv6 address; multicast by RFC 2464."""
    if end.address.is_multicast:
        return b"\x33\x33" + end.address.packed[-4:]
    return b"\x02\x00" + end.address.packed[-4:]


def checksum(raw: bytes) -> int:
    """The internet checksum of RFC 1071."""
    total = sum(struct.unpack(f">{(len(raw) + 1) // 2}H", raw + b"\0" * (len(raw) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)
