"""End-to-end protection, AUTOSAR profile 1: CRC in byte 0, counter 0 to 14 in the low nibble of byte 1.

The CRC itself is autosar-e2e's; what a receiver makes of the counter is here. The verdicts' names are ours.
"""

from __future__ import annotations

from enum import StrEnum

from e2e.p01 import e2e_p01_check, e2e_p01_protect

_COUNTS = 15


class Check(StrEnum):
    """What a receiver thinks of a frame."""

    FIRST = "first"
    GOOD = "good"
    LOST_SOME = "lost some"
    """Frames are missing in between, but not too many."""
    REPEATED = "repeated"
    WRONG_SEQUENCE = "wrong sequence"
    WRONG_CRC = "wrong crc"

    @property
    def fresh(self) -> bool:
        """The frame's content may be used."""
        return self in (Check.FIRST, Check.GOOD, Check.LOST_SOME)


def protect(data: bytes, data_id: int, counter: int) -> bytes:
    """The frame with counter and CRC filled in."""
    buffer = bytearray(data)
    buffer[1] = (buffer[1] & 0xF0) | (counter % _COUNTS)
    e2e_p01_protect(buffer, data_id, increment_counter=False)
    return bytes(buffer)


class Receiver:
    """Follows one protected message. `most_lost`: frames that may be missing in a row (our default)."""

    def __init__(self, data_id: int, most_lost: int = 2) -> None:
        self.data_id = data_id
        self.most_lost = most_lost
        self._last: int | None = None

    def check(self, data: bytes) -> Check:
        if len(data) < 2 or not e2e_p01_check(bytearray(data), self.data_id):
            return Check.WRONG_CRC
        counter = data[1] & 0x0F
        last, self._last = self._last, counter
        if last is None:
            return Check.FIRST
        ahead = (counter - last) % _COUNTS
        if ahead == 0:
            return Check.REPEATED
        if ahead == 1:
            return Check.GOOD
        return Check.LOST_SOME if ahead <= self.most_lost + 1 else Check.WRONG_SEQUENCE
