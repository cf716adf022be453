"""TCP reassembly: segments in any order to connections of two ordered streams.

The whole capture is at hand, so a hole is only called a gap when nothing later fills it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from harness.transcript.capture.packets import ACK, FIN, RST, SYN, Endpoint, Segment

WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some octets of one direction, with the time at which the receiver could have read them."""

    time_ns: int
    packet: int
    data: bytes
    gap: int = 0
    """Octets before these that are not in the capture."""


@dataclass(slots=True)
class Stream:
    """One direction of a connection."""

    sender: Endpoint
    segments: list[Segment] = field(default_factory=list)

    def chunks(self) -> list[Chunk]:
        """The octets in order: retransmissions dropped, overlaps cut (what came first counts), gaps marked."""
        with_data = [one for one in self.segments if one.data or one.missing or one.flags & SYN]
        if not with_data:
            return []
        origin, where = _unwrap(with_data)
        ready: list[Chunk] = []
        waiting: list[tuple[int, int]] = []  # place and index of a segment, lowest place first
        expected = origin
        for index, start in enumerate(where):
            heappush(waiting, (start, index))
            while waiting and waiting[0][0] <= expected:
                place, early = heappop(waiting)
                expected = _deliver(ready, with_data[early], place, expected, with_data[index])
        while waiting:  # what is left lies behind octets that were never captured
            place, early = heappop(waiting)
            gap = max(0, place - expected)
            expected = _deliver(ready, with_data[early], place, expected + gap, with_data[early], gap)
        return ready

    def repeated(self) -> int:
        """How many segments brought nothing new: retransmissions as far as the capture shows."""
        seen: set[tuple[int, int]] = set()
        again = 0
        for one in self.segments:
            key = one.sequence, len(one.data)
            again += bool(one.data) and key in seen
            seen.add(key)
        return again


def _unwrap(segments: list[Segment]) -> tuple[int, list[int]]:
    """Where the stream begins, and each segment's place on a line without 32-bit wrap."""
    where: list[int] = []
    last = segments[0].sequence
    for one in segments:
        near = last + ((one.sequence - last + WRAP // 2) % WRAP - WRAP // 2)
        where.append(near + bool(one.flags & SYN))
        last = near
    begun = [place for place, one in zip(where, segments, strict=True) if one.flags & SYN]
    return (begun[0] if begun else min(where)), where


def _deliver(ready: list[Chunk], segment: Segment, start: int, expected: int, trigger: Segment, gap: int = 0) -> int:
    """Append what is new of a segment; `trigger` is the one whose arrival made it readable. Returns the next place."""
    fresh = segment.data[max(0, expected - start) :]
    if fresh:
        late = trigger if trigger.time_ns > segment.time_ns else segment
        ready.append(Chunk(late.time_ns, late.packet, fresh, gap))
    return max(expected, start + len(segment.data))


@dataclass(slots=True)
class Connection:
    """One TCP connection: `client` opened it (or spoke first, if the capture began too late to know)."""

    client: Stream
    server: Stream
    opened_ns: int
    handshake_seen: bool

    @property
    def streams(self) -> tuple[Stream, Stream]:
        return self.client, self.server

    def stream_of(self, sender: Endpoint) -> Stream:
        return self.client if sender == self.client.sender else self.server

    def endings(self) -> list[tuple[Segment, str]]:
        """FIN and RST segments in order, first of each direction only."""
        found = []
        for stream in self.streams:
            for flag, name in ((FIN, "fin"), (RST, "reset")):
                first = next((one for one in stream.segments if one.flags & flag), None)
                if first:
                    found.append((first, name))
        return sorted(found, key=lambda item: item[0].packet)


def connections(segments: Iterable[Segment]) -> list[Connection]:
    """All connections, in the order of their first segment; a reused pair of ports begins a new one."""
    alive: dict[frozenset[Endpoint], Connection] = {}
    found: list[Connection] = []
    for one in segments:
        key = frozenset((one.source, one.target))
        connection = alive.get(key)
        if connection is None or _begins_anew(connection, one):
            connection = _open(one)
            alive[key] = connection
            found.append(connection)
        connection.stream_of(one.source).segments.append(one)
    return found


def _open(first: Segment) -> Connection:
    opening = first.flags & (SYN | ACK)
    client, server = (first.target, first.source) if opening == SYN | ACK else (first.source, first.target)
    return Connection(Stream(client), Stream(server), first.time_ns, bool(first.flags & SYN))


def _begins_anew(connection: Connection, segment: Segment) -> bool:
    """A first SYN on a known pair of ports: a new connection unless it repeats the old one's."""
    if segment.flags & (SYN | ACK) != SYN:
        return False
    old = connection.stream_of(segment.source)
    repeated = any(one.flags & SYN and one.sequence == segment.sequence for one in old.segments)
    return not repeated
