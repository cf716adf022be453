"""Frames over a stream of octets, with waiting and listening: what both agents' shells share."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from harness.clock import Clock
from harness.iso15118.errors import LinkLost, NoAnswer
from harness.iso15118.observer import Deaf, Observer
from harness.iso15118.v2gtp import Frame, FrameParser, Malformed
from harness.link import ByteStream, LinkClosed


@dataclass(frozen=True, slots=True)
class Silence:
    """What came while we said nothing. `closed_after_s`: when the far end closed the connection, if it did."""

    frames: tuple[Frame | Malformed, ...]
    closed_after_s: float | None


class Conversation:
    """One connection as seen from one side (`we` and `they` are `vehicle` and `charger`)."""

    def __init__(
        self, stream: ByteStream, clock: Clock, observer: Observer | None = None, *, we: str, they: str
    ) -> None:
        self.clock = clock
        self.observer: Observer = observer or Deaf()
        self.we = we
        self.they = they
        self.closed_at_s: float | None = None
        """When the far end was seen to have closed."""
        self._stream = stream
        self._parser = FrameParser()
        self._said = FrameParser()
        """Cuts what we send into the frames that an observer is told, in however many pieces it goes out."""
        self._ready: deque[Frame | Malformed] = deque()

    async def send(self, octets: bytes) -> None:
        """Send octets as they are; raises LinkLost."""
        for one in self._said.feed(octets):
            self.observer.frame(self.we, self.they, one.octets)
            if isinstance(one, Malformed) and one.fatal:
                self._said = FrameParser()
        try:
            await self._stream.write(octets)
        except LinkClosed as gone:
            raise self._lost(str(gone)) from gone

    async def receive(self, within_s: float) -> Frame:
        """The next sound frame; malformed ones are told to the observer and skipped ([V2G2-800]).

        Raises NoAnswer when no whole frame came in time, LinkLost when the connection is over or beyond repair.
        """
        deadline_s = self.clock.now_s() + within_s
        while True:
            while self._ready:
                one = self._ready.popleft()
                if isinstance(one, Frame):
                    return one
                if one.fatal:
                    await self.close()
                    raise self._lost(one.reason)
            await self._fill(deadline_s, within_s)

    async def silence(self, duration_s: float) -> Silence:
        """Say nothing for a while and note what comes."""
        start_s = self.clock.now_s()
        heard: list[Frame | Malformed] = []
        try:
            while self.clock.now_s() < start_s + duration_s:
                await self._fill(start_s + duration_s, duration_s)
                heard += self._ready
                self._ready.clear()
        except (NoAnswer, LinkLost):
            pass
        heard += self._ready
        self._ready.clear()
        return Silence(tuple(heard), None if self.closed_at_s is None else self.closed_at_s - start_s)

    async def closed(self, within_s: float) -> bool:
        """Whether the far end closes the connection within a time; what it still sends is dropped."""
        return (await self.silence(within_s)).closed_after_s is not None

    async def close(self) -> None:
        """Close our end."""
        self.observer.link("closed", by=self.we)
        await self._stream.close()

    @property
    def pending(self) -> int:
        """Octets of a frame that has not arrived in full."""
        return self._parser.pending

    def use_parser(self, parser: FrameParser) -> None:
        """Read the stream with another parser from now on: how an emulated device fails at framing."""
        self._parser = parser

    async def _fill(self, deadline_s: float, within_s: float) -> None:
        left_s = deadline_s - self.clock.now_s()
        try:
            octets = await self.clock.wait(self._stream.read(), max(left_s, 0.0))
        except TimeoutError:
            partly = f", {self._parser.pending} octets of a frame" if self._parser.pending else ""
            raise NoAnswer(f"no frame from the {self.they} within {within_s:g} s{partly}") from None
        except LinkClosed as gone:
            raise self._lost(str(gone)) from gone
        for one in self._parser.feed(octets):
            self.observer.frame(self.they, self.we, one.octets)
            if isinstance(one, Malformed):
                self.observer.link("malformed", reason=one.reason, by=self.they)
            self._ready.append(one)

    def _lost(self, reason: str) -> LinkLost:
        if self.closed_at_s is None:
            self.closed_at_s = self.clock.now_s()
            self.observer.link("lost", by=self.they, reason=reason)
        return LinkLost(f"the {self.they} is gone: {reason}")
