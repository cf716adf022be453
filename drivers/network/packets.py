"""What a bad link does to single packets: lost, late, twice, out of order, spoilt. No I/O, seeded.

Below the transport nothing is hidden: a lost packet is gone (TCP sends it again after its own time), one that is held longer
than its neighbours is overtaken, and a turned bit is found by a checksum and so is a loss to those above.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from drivers.impairment import GOOD, Profile

HEADERS_OCTETS = 54
"""Ethernet and IPv6: bits are turned behind them, so that a spoilt packet still arrives at its end."""


class PacketLink:
    """One direction of one cable."""

    def __init__(self, profile: Profile = GOOD, seed: object = 1, start_s: float = 0.0) -> None:
        self._free_s = 0.0
        self.counts = dict.fromkeys(("lost", "doubled", "overtaken", "spoilt"), 0)
        self.change(profile, start_s, seed)

    def change(self, profile: Profile, now_s: float, seed: object) -> None:
        """Another profile from now on, its course from the beginning; what is under way keeps its time."""
        self._profile, self._start_s, self._random = profile, now_s, Random(str(seed))

    def deliver(self, packet: bytes, now_s: float) -> Sequence[tuple[float, bytes]]:
        """(arrival time, octets) of what is sent now: none if it is lost, two if it is doubled."""
        profile = self._profile
        if profile.half_open or self._in_outage(now_s) or self._happens(profile.loss_percent):
            self.counts["lost"] += 1
            return []
        sent_s = max(now_s, self._free_s)
        if profile.rate_bit_s:
            sent_s += len(packet) * 8 / profile.rate_bit_s
        self._free_s = sent_s
        copies = 1 + self._happens(profile.duplicate_percent)
        self.counts["doubled"] += copies - 1
        if len(packet) > HEADERS_OCTETS and self._happens(profile.corrupt_percent):
            self.counts["spoilt"] += 1
            packet = self._spoilt(packet)
        return [(sent_s + self._delay_s(), packet) for _ in range(copies)]

    def _delay_s(self) -> float:
        profile = self._profile
        delay_s = profile.delay_s
        if profile.jitter_s:
            delay_s = max(self._random.gauss(delay_s, profile.jitter_s), 0.0)
        if self._happens(profile.reorder_percent):
            self.counts["overtaken"] += 1
            delay_s += max(profile.delay_s, 0.01)
        return delay_s

    def _happens(self, percent: float) -> bool:
        return bool(percent) and self._random.random() * 100 < percent

    def _in_outage(self, now_s: float) -> bool:
        profile = self._profile
        if not profile.outage_every_s:
            return False
        begin_s = profile.outage_after_s
        if begin_s is None:
            begin_s = profile.outage_every_s - profile.outage_s
        since_s = now_s - self._start_s - begin_s
        return since_s >= 0 and since_s % profile.outage_every_s < profile.outage_s

    def _spoilt(self, packet: bytes) -> bytes:
        place = self._random.randrange(HEADERS_OCTETS, len(packet))
        return packet[:place] + bytes([packet[place] ^ (1 << self._random.randrange(8))]) + packet[place + 1 :]
