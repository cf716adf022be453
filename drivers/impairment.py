"""What a bad link does to a stream of octets: when each piece arrives, and what is left of it. No I/O, seeded.

On a stream (TCP, TLS, websocket) a lost segment is not a gap but a stall: it comes again after the retransmission time,
and everything behind it waits. Duplicates and reordering are hidden by the transport for the same reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from random import Random
from typing import Literal

import pydantic
import yaml

from drivers.errors import ConfigError
from drivers.wire import Options

SEGMENT_OCTETS = 1448
Link = Literal["v2g", "ocpp"]
LINKS: tuple[Link, ...] = ("v2g", "ocpp")


class Profile(Options):
    """One kind of bad link. `source` says where the numbers come from; it is printed in the report."""

    source: str
    links: tuple[Link, ...] = LINKS
    """The links that it makes bad; the others stay good."""
    delay_s: float = 0.0
    """One way."""
    jitter_s: float = 0.0
    """Standard deviation of the delay, one way; never below half of `delay_s`."""
    loss_percent: float = 0.0
    """Of segments."""
    retransmit_s: float = 0.2
    """Stall caused by one lost segment."""
    rate_bit_s: float | None = None
    corrupt_percent: float = 0.0
    """Of pieces in which one octet is changed (a broken middle box: TCP itself would not let it pass)."""
    drip_octets: int | None = None
    """Pieces are cut to this size and sent one after the other..."""
    drip_s: float = 0.0
    """...with this pause."""
    outage_every_s: float | None = None
    outage_s: float = 0.0
    """Nothing passes for this long; what was sent meanwhile comes after."""
    outage_after_s: float | None = None
    """When in each period the outage begins; by default it ends the period."""
    cuts: bool = False
    """An outage also cuts what is connected, and refuses new connections."""
    reorder_percent: float = 0.0
    """Of packets that overtake the one before (packet level; a stream hides it)."""
    duplicate_percent: float = 0.0
    """Of packets that come twice (packet level; a stream hides it)."""
    half_open: bool = False
    """What is sent disappears; the connection stays up."""


GOOD = Profile(source="none")


class Profiles(Options):
    profiles: dict[str, Profile]


def load_profiles(path: Path) -> dict[str, Profile]:
    """Profiles by name; raises ConfigError."""
    try:
        return Profiles.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).profiles
    except (OSError, yaml.YAMLError, pydantic.ValidationError) as problem:
        raise ConfigError(f"{path}: {problem}") from None


def pick(profiles: dict[str, Profile], name: str) -> Profile:
    """A profile by name, `none` is a good link; raises ConfigError naming the nearest."""
    if name == "none":
        return GOOD
    if name not in profiles:
        near = get_close_matches(name, profiles, 1, 0.0)
        raise ConfigError(f"no impairment profile {name!r}; nearest is {near[0] if near else 'none'}")
    return profiles[name]


class Impairment:
    """One direction of one link. Pieces stay in order."""

    def __init__(self, profile: Profile, seed: object, start_s: float = 0.0) -> None:
        self._random = Random(str(seed))
        self._free_s = 0.0
        """When the link has sent what it was given."""
        self._last_s = 0.0
        self._blocked_until_s = 0.0
        self._start_s = start_s
        self.profile = profile
        self.mended = asyncio.Event()
        """Set while nothing is held back any more: the link was made good, and what was under way arrives at once."""

    def change(self, profile: Profile, now_s: float, seed: object = None) -> None:
        """Another profile from now on; with a seed it runs its course from the beginning.

        On a mended link what is under way arrives at once, else it keeps its time.
        """
        self.profile, self._start_s = profile, now_s
        if seed is not None:
            self._random = Random(str(seed))
        if profile is GOOD:
            self._free_s = self._last_s = self._blocked_until_s = 0.0
            self.mended.set()
        else:
            self.mended.clear()

    def block(self, until_s: float) -> None:
        """Nothing arrives before this time."""
        self._blocked_until_s = max(self._blocked_until_s, until_s)
        self.mended.clear()

    def open_at_s(self, now_s: float) -> float:
        """When something sent now would pass, its way left out: now, or the end of an outage; never on a half-open link."""
        if self.profile.half_open:
            return float("inf")
        return self._after_outage(max(now_s, self._blocked_until_s))

    def deliver(self, data: bytes, now_s: float) -> Sequence[tuple[float, bytes]]:
        """(arrival time, octets) of what is sent now, in order."""
        profile = self.profile
        if profile.half_open:
            return []
        size = profile.drip_octets or len(data) or 1
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        return [(self._arrival(piece, index, now_s), self._spoil(piece)) for index, piece in enumerate(pieces)]

    def _arrival(self, piece: bytes, index: int, now_s: float) -> float:
        profile = self.profile
        sent_s = max(now_s + index * profile.drip_s, self._free_s)
        if profile.rate_bit_s:
            sent_s += len(piece) * 8 / profile.rate_bit_s
        self._free_s = sent_s
        delay_s = profile.delay_s
        if profile.jitter_s:
            delay_s = max(self._random.gauss(delay_s, profile.jitter_s), delay_s / 2)
        for _ in range(0, len(piece), SEGMENT_OCTETS):
            while profile.loss_percent and self._random.random() * 100 < profile.loss_percent:
                delay_s += profile.retransmit_s
        at_s = max(sent_s + delay_s, self._last_s, self._blocked_until_s)
        self._last_s = self._after_outage(at_s)
        return self._last_s

    def _after_outage(self, at_s: float) -> float:
        """The end of the outage that `at_s` falls into; a period begins with good time."""
        profile = self.profile
        if not profile.outage_every_s:
            return at_s
        begin_s = profile.outage_after_s
        if begin_s is None:
            begin_s = profile.outage_every_s - profile.outage_s
        into_s = (at_s - self._start_s - begin_s) % profile.outage_every_s
        before_the_first = at_s - self._start_s < begin_s
        return at_s if before_the_first or into_s >= profile.outage_s else at_s + profile.outage_s - into_s

    def _spoil(self, piece: bytes) -> bytes:
        if not self.profile.corrupt_percent or self._random.random() * 100 >= self.profile.corrupt_percent:
            return piece
        place = self._random.randrange(len(piece))
        return piece[:place] + bytes([piece[place] ^ (1 << self._random.randrange(8))]) + piece[place + 1 :]
