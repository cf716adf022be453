"""V2GTP frames in an octet stream with time stamps: eight octets of head, then the payload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.transcript.capture.tcp import Chunk

HEAD = b"\x01\xfe"
LONGEST = 1 << 20
"""A longer payload is taken for a lost frame boundary (our default; the largest schema-valid message is below it)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One V2GTP frame, or octets between frames that are none (`whole` is false)."""

    began_ns: int
    time_ns: int
    packet: int
    data: bytes
    whole: bool = True
    gap: int = 0
    """Octets of the stream that were lost before it."""


def frames(chunks: list[Chunk]) -> Iterator[Frame]:
    """Split a stream into frames. A head with a wrong version still counts if its length fits what was sent with it."""
    buffer, gap, began_ns = b"", 0, 0
    for chunk in chunks:
        if chunk.gap:
            if buffer:
                yield Frame(began_ns, chunk.time_ns, chunk.packet, buffer, False)
            buffer, gap = b"", gap + chunk.gap
        if not buffer:
            began_ns = chunk.time_ns
        buffer += chunk.data
        while buffer:
            size = _frame_size(buffer)
            if size is None or size > len(buffer):
                break
            whole = size >= 8 and (buffer[:2] == HEAD or int.from_bytes(buffer[4:8], "big") == size - 8)
            yield Frame(began_ns, chunk.time_ns, chunk.packet, buffer[:size], whole, gap)
            buffer, gap, began_ns = buffer[size:], 0, chunk.time_ns
    if buffer:
        last = chunks[-1]
        yield Frame(began_ns, last.time_ns, last.packet, buffer, False, gap)


def _frame_size(buffer: bytes) -> int | None:
    """Octets of the frame (or of the rubbish) at the start of the buffer; None if more must come to tell."""
    if buffer[:2] == HEAD[: len(buffer)]:
        if len(buffer) < 8:
            return None
        size = 8 + int.from_bytes(buffer[4:8], "big")
        return size if size <= LONGEST else _to_next_head(buffer)
    if len(buffer) >= 8 and 8 + int.from_bytes(buffer[4:8], "big") <= len(buffer):
        return 8 + int.from_bytes(buffer[4:8], "big")
    return _to_next_head(buffer)


def _to_next_head(buffer: bytes) -> int:
    at = buffer.find(HEAD, 1)
    return at if at > 0 else len(buffer)
