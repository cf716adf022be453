"""TLS in a reassembled connection: records to plain octets with a key log, and what the handshake told.

Without fitting secrets the handshake's clear part is still read and `problem` says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.transcript.capture import handshake as hs
from harness.transcript.capture.ciphers import (
    SUITES_12,
    SUITES_13,
    CannotDecrypt,
    Protection,
    Protection13,
    protections_12,
    suite_name,
)
from harness.transcript.capture.keylog import KeyLog
from harness.transcript.capture.tcp import Chunk

CHANGE_CIPHER, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
LONGEST_RECORD = 16384 + 2048  # RFC 5246, 6.2.3; TLS 1.3 allows less
SEARCH_AFTER_GAP = 512
"""How many lost records to step over when looking for the record number behind a gap (our default)."""


@dataclass(frozen=True, slots=True)
class Record:
    time_ns: int
    packet: int
    header: bytes
    body: bytes
    gap: int

    @property
    def kind(self) -> int:
        return self.header[0]


@dataclass(frozen=True, slots=True)
class Alert:
    time_ns: int
    packet: int
    from_client: bool
    name: str


@dataclass(slots=True)
class Opened:
    """A connection with TLS taken off."""

    handshake: hs.Handshake = field(default_factory=hs.Handshake)
    client: list[Chunk] = field(default_factory=list)
    server: list[Chunk] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    hello_ns: int = 0
    hello_packet: int = 0
    finished_ns: int = 0
    finished_packet: int = 0
    problem: str = ""


def is_tls(chunks: list[Chunk]) -> bool:
    """Whether a stream begins like TLS: a handshake or alert record of major version 3."""
    start = b"".join(chunk.data for chunk in chunks[:3])[:3]
    return len(start) == 3 and start[0] in (ALERT, HANDSHAKE) and start[1] == 3 and start[2] <= 4


def records(chunks: list[Chunk]) -> Iterator[Record]:
    """The records of one direction; behind a gap, from the next octets on that look like a record's head."""
    buffer, gap = b"", 0
    for chunk in chunks:
        if chunk.gap:
            buffer, gap = b"", gap + chunk.gap
        buffer += chunk.data
        while len(buffer) >= 5:
            if not _looks_like_head(buffer):
                skip = next((at for at in range(1, len(buffer) - 4) if _looks_like_head(buffer[at:])), len(buffer))
                buffer, gap = buffer[skip:], gap + skip
                continue
            size = int.from_bytes(buffer[3:5], "big")
            if len(buffer) < 5 + size:
                break
            yield Record(chunk.time_ns, chunk.packet, buffer[:5], buffer[5 : 5 + size], gap)
            buffer, gap = buffer[5 + size :], 0


def _looks_like_head(raw: bytes) -> bool:
    return (
        CHANGE_CIPHER <= raw[0] <= APPLICATION
        and raw[1] == 3
        and raw[2] <= 4
        and 0 < int.from_bytes(raw[3:5], "big") <= LONGEST_RECORD
    )


def open_tls(client: list[Chunk], server: list[Chunk], key_log: KeyLog) -> Opened:
    """Take TLS off both directions of a connection."""
    opened = Opened()
    shake = opened.handshake
    from_client, from_server = list(records(client)), list(records(server))
    for record, told_by_client in [(one, True) for one in from_client] + [(one, False) for one in from_server]:
        if record.kind == HANDSHAKE:
            for kind, body, _ in hs.messages(record.body):
                if kind in (hs.CLIENT_HELLO, hs.SERVER_HELLO):
                    shake.take(kind, body, told_by_client)
    if from_client:
        opened.hello_ns, opened.hello_packet = from_client[0].time_ns, from_client[0].packet
    keys = _keys(opened, key_log)
    _Direction(opened, False, keys[1]).read(from_server)
    _Direction(opened, True, keys[0]).read(from_client)
    opened.alerts.sort(key=lambda alert: alert.packet)
    return opened


def _keys(opened: Opened, key_log: KeyLog) -> tuple[list[Protection], list[Protection]]:
    """Each direction's protections, in the order in which they come into use."""
    shake = opened.handshake
    if not shake.client_random or not shake.suite:
        opened.problem = "the beginning of the TLS handshake is not in the capture"
        return [], []
    secrets = key_log.of(shake.client_random)
    if not secrets:
        opened.problem = f"no key for client random {shake.client_random.hex()}"
        return [], []
    suite = SUITES_13.get(shake.suite)
    if suite:
        return tuple(  # type: ignore[return-value]
            [Protection13(suite, secrets[label]) for label in labels if label in secrets]
            for labels in (
                ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"),
                ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"),
            )
        )
    old = SUITES_12.get(shake.suite)
    if old and "CLIENT_RANDOM" in secrets:
        both = protections_12(
            old, secrets["CLIENT_RANDOM"], shake.client_random, shake.server_random, shake.encrypt_then_mac
        )
        return [both[0]], [both[1]]
    opened.problem = f"the cipher suite {suite_name(shake.suite)} can't be opened"
    return [], []


class _Direction:
    """One direction's record layer: which key is in use, which record number comes next."""

    def __init__(self, opened: Opened, from_client: bool, keys: list[Protection]) -> None:
        self.opened = opened
        self.from_client = from_client
        self.keys = keys
        self.sequence = 0
        self.protected = False
        self.handshake = b""
        self.gap = 0

    def read(self, found: list[Record]) -> None:
        old = self.opened.handshake.version < 0x0304
        for record in found:
            self.gap += record.gap
            if record.kind == CHANGE_CIPHER:
                self.protected |= old
            elif self.protected or (record.kind == APPLICATION):
                self._protected(record)
            else:
                self._content(record, record.kind, record.body)

    def _protected(self, record: Record) -> None:
        if not self.keys:
            return
        try:
            kind, plain = self._open(record)
        except CannotDecrypt as problem:
            self.gap += len(record.body)
            self.opened.problem = self.opened.problem or f"packet {record.packet}: {problem}"
            return
        self._content(record, kind, plain)

    def _open(self, record: Record) -> tuple[int, bytes]:
        """Try the key in use, then (TLS 1.3, a lost Finished) the one after it; behind a gap also later numbers."""
        further = SEARCH_AFTER_GAP if self.gap else 1
        for index, key in enumerate(self.keys[:2]):
            first = self.sequence if index == 0 else 0
            for sequence in range(first, first + further):
                try:
                    found = key.open(sequence, record.header, record.body)
                except CannotDecrypt:
                    continue
                self.keys = self.keys[index:]
                self.sequence = sequence + 1
                return found
        raise CannotDecrypt("the key does not fit the record")

    def _content(self, record: Record, kind: int, plain: bytes) -> None:
        if kind == HANDSHAKE:
            self._handshake(record, plain)
        elif kind == ALERT and len(plain) == 2:
            name = hs.ALERTS.get(plain[1], f"alert {plain[1]}")
            self.opened.alerts.append(Alert(record.time_ns, record.packet, self.from_client, name))
        elif kind == APPLICATION:
            where = self.opened.client if self.from_client else self.opened.server
            where.append(Chunk(record.time_ns, record.packet, plain, self.gap))
            self.gap = 0

    def _handshake(self, record: Record, plain: bytes) -> None:
        self.handshake += plain
        used = 0
        for kind, body, used in hs.messages(self.handshake):  # noqa: B007 - the last end is needed after the loop
            self.opened.handshake.take(kind, body, self.from_client)
            if kind == hs.FINISHED:
                self._finished(record)
            elif kind == hs.KEY_UPDATE and self.keys and isinstance(self.keys[0], Protection13):
                self.keys = [self.keys[0].updated()]
                self.sequence = 0
        self.handshake = self.handshake[used:]

    def _finished(self, record: Record) -> None:
        if len(self.keys) > 1:
            self.keys = self.keys[1:]
            self.sequence = 0
        if record.packet > self.opened.finished_packet:
            self.opened.finished_ns, self.opened.finished_packet = record.time_ns, record.packet
