"""A capture file as transcript events: the same kinds that our own sessions record, so that the same rules judge it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.transcript.capture.files import CaptureFile, read_file
from harness.transcript.capture.frames import HEAD, frames
from harness.transcript.capture.keylog import KeyLog
from harness.transcript.capture.packets import Datagram, Endpoint, Segment, Unreadable, dissect
from harness.transcript.capture.tcp import Chunk, Connection, connections
from harness.transcript.capture.tls import Opened, is_tls, open_tls
from harness.transcript.event import Event

SDP_REQUESTS, SDP_RESPONSES = (0x9000, 0x9002), (0x9001, 0x9003)
VEHICLE, CHARGER = "vehicle", "charger"


@dataclass(frozen=True, slots=True)
class Capture:
    """What a capture file tells about V2G: events in order of time, and what could not be read."""

    events: tuple[Event, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Happening:
    time_ns: int
    packet: int
    rank: int
    kind: str
    source: str
    data: dict[str, Any]


def read_capture(path: Path, key_log: Path | None = None) -> Capture:
    """Events of kinds v2g.sdp, v2g.link and v2g.frame from a pcap or pcapng file.

    `key_log` is an NSS key log file; secrets embedded in the capture are used too. `at_s` counts from the first
    packet. Raises CaptureError if the file is no capture, OSError if it can't be read.
    """
    file = read_file(path)
    keys = KeyLog.parse(file.key_log + (key_log.read_text("ascii", "replace") if key_log else ""))
    segments, datagrams, notes = _dissect(file)
    happenings = list(_discovery(datagrams))
    announced = {one.data["port"] for one in happenings if "port" in one.data}
    session = 0
    for connection in connections(segments):
        found = list(_connection(connection, keys, announced, session + 1))
        if found:
            session += 1
            happenings += found
    start_ns = min((one.time_ns for one in file.packets if one.time_ns), default=0)
    happenings.sort(key=lambda one: (one.time_ns, one.packet, one.rank))
    events = tuple(_event(number, one, start_ns) for number, one in enumerate(happenings, 1))
    return Capture(events, tuple(notes))


def _dissect(file: CaptureFile) -> tuple[list[Segment], list[Datagram], list[str]]:
    segments: list[Segment] = []
    datagrams: list[Datagram] = []
    problems: dict[str, list[int]] = {}
    for packet in file.packets:
        try:
            found = dissect(packet)
        except Unreadable as problem:
            problems.setdefault(str(problem), []).append(packet.number)
            continue
        if isinstance(found, Segment):
            segments.append(found)
        elif isinstance(found, Datagram):
            datagrams.append(found)
    notes = file.notes + [
        f"{len(numbers)} packet(s) left out, first number {numbers[0]}: {what}" for what, numbers in problems.items()
    ]
    return segments, datagrams, notes


def _event(number: int, one: _Happening, start_ns: int) -> Event:
    target = {VEHICLE: CHARGER, CHARGER: VEHICLE}.get(one.source, "")
    at_s = max(0, one.time_ns - start_ns) / 1e9
    return Event(number, at_s, one.time_ns // 1000, "v2g", one.kind, one.source, target, one.data)


def _discovery(datagrams: list[Datagram]) -> Iterator[_Happening]:
    for one in datagrams:
        kind = int.from_bytes(one.data[2:4], "big")
        if one.data[:1] != HEAD[:1] or kind not in SDP_REQUESTS + SDP_RESPONSES:
            continue
        data = {"hex": one.data.hex(), "packet": one.packet, "from": str(one.source), "to": str(one.target)}
        if kind in SDP_REQUESTS:
            yield _Happening(one.time_ns, one.packet, 0, "v2g.sdp", VEHICLE, data)
        else:
            more = {"port": int.from_bytes(one.data[24:26], "big")} if len(one.data) >= 26 else {}
            yield _Happening(one.time_ns, one.packet, 0, "v2g.sdp", CHARGER, data | more)


def _connection(connection: Connection, keys: KeyLog, announced: set[int], session: int) -> Iterator[_Happening]:
    """What one connection tells; nothing if it carried no V2GTP."""
    chunks = connection.client.chunks(), connection.server.chunks()
    opened = open_tls(*chunks, keys) if is_tls(chunks[0]) or is_tls(chunks[1]) else None
    plain = (opened.client, opened.server) if opened else chunks
    ports = {stream.sender.port for stream in connection.streams}
    if not any(_carries_v2gtp(one) for one in plain) and not (opened and ports & announced):
        return
    client_is_vehicle = connection.handshake_seen or connection.client.sender.port not in announced
    if not connection.handshake_seen and not ports & announced:
        client_is_vehicle = _first_is_client(plain)
    roles = (VEHICLE, CHARGER) if client_is_vehicle else (CHARGER, VEHICLE)
    role_of: dict[Endpoint, str] = {connection.client.sender: roles[0], connection.server.sender: roles[1]}
    yield _connected(connection, session, roles)
    if opened:
        yield from _tls(opened, session, roles)
    for role, stream in zip(roles, plain, strict=True):
        yield from _frames(stream, session, role)
    for segment, name in connection.endings():
        role = role_of[segment.source]
        data = {"session": session, "what": "closed", "how": name, "by": role, "packet": segment.packet}
        yield _Happening(segment.time_ns, segment.packet, 3, "v2g.link", role, data)


def _carries_v2gtp(chunks: list[Chunk]) -> bool:
    """Whether a stream begins with a V2GTP head, or has one at the start of a segment (a capture begun too late)."""
    start = b"".join(chunk.data for chunk in chunks[:8])[:8]
    return start[:2] == HEAD or any(chunk.data[:3] in (HEAD + b"\x80", HEAD + b"\x81") for chunk in chunks)


def _first_is_client(plain: tuple[list[Chunk], list[Chunk]]) -> bool:
    """In V2G the vehicle speaks first; without a TCP handshake that is all there is to go by."""
    first = [stream[0].packet if stream else 1 << 62 for stream in plain]
    return first[0] <= first[1]


def _connected(connection: Connection, session: int, roles: tuple[str, str]) -> _Happening:
    first = min((one for stream in connection.streams for one in stream.segments), key=lambda one: one.packet)
    ends = {role: str(stream.sender) for role, stream in zip(roles, connection.streams, strict=True)}
    data = {
        "session": session,
        "what": "connected",
        "packet": first.packet,
        "handshake_seen": connection.handshake_seen,
        "retransmitted": sum(stream.repeated() for stream in connection.streams),
        **ends,
    }
    return _Happening(connection.opened_ns, first.packet, 0, "v2g.link", VEHICLE, data)


def _tls(opened: Opened, session: int, roles: tuple[str, str]) -> Iterator[_Happening]:
    data = {"session": session, "what": "tls", **opened.handshake.details}
    if opened.problem:
        data["problem"] = opened.problem
    time_ns = opened.finished_ns or opened.hello_ns
    yield _Happening(time_ns, opened.finished_packet or opened.hello_packet, 1, "v2g.link", roles[0], data)
    for alert in opened.alerts:
        role = roles[0] if alert.from_client else roles[1]
        told = {"session": session, "what": "alert", "name": alert.name, "by": role, "packet": alert.packet}
        yield _Happening(alert.time_ns, alert.packet, 2, "v2g.link", role, told)


def _frames(stream: list[Chunk], session: int, role: str) -> Iterator[_Happening]:
    for frame in frames(stream):
        where = {"session": session, "packet": frame.packet}
        if frame.gap:
            lost = {"what": "gap", "octets": frame.gap, "by": role}
            yield _Happening(frame.time_ns, frame.packet, 1, "v2g.link", role, where | lost)
        if frame.whole:
            data = where | {"hex": frame.data.hex(), "began_us": frame.began_ns // 1000}
            yield _Happening(frame.time_ns, frame.packet, 2, "v2g.frame", role, data)
        else:
            rubbish = {"what": "unframed", "hex": frame.data.hex(), "by": role}
            yield _Happening(frame.time_ns, frame.packet, 2, "v2g.link", role, where | rubbish)
