"""A relay between the two emulated devices that alters one message on its way, while the session runs.

What is recorded is what arrives: to the receiver, and so to whoever reads the capture, the altered message is what the
other side sent, and everything that follows is the receiver's true reaction to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.iso15118.order import name_of
from harness.iso15118.quantities import changed
from harness.iso15118.v2gtp import Frame, FrameParser, frame
from harness.iso15118.wire import from_frame, to_frame
from harness.link import ByteStream, LinkClosed, memory_streams
from harness.transcript.capture.writer import write_capture
from tests.iso15118.judged import JudgedBench

Way = Sequence[tuple[float, bytes]]
"""What goes on instead of a frame: octets, each after so many seconds."""
Act = Callable[["Relay", Frame], Way]


class Relay:
    """Passes frames on one by one; the `nth` one of a name goes the way that `act` says."""

    def __init__(self, bench: AlteredBench, ends: dict[str, ByteStream]) -> None:
        self.bench = bench
        self.ends = ends
        self.seen: dict[str, list[Frame]] = {}
        """All frames so far, by the message's name, as their senders sent them."""

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump("vehicle", "charger"))
            group.create_task(self._pump("charger", "vehicle"))

    async def _pump(self, source: str, target: str) -> None:
        parser, listening = FrameParser(), self.bench.listening
        with contextlib.suppress(LinkClosed):
            while True:
                for one in parser.feed(await self.ends[source].read()):
                    assert isinstance(one, Frame)
                    for wait_s, octets in self._way(one):
                        await self.bench.clock.sleep(wait_s)
                        listening.frame(source, target, octets)
                        await self.ends[target].write(octets)
        listening.link("closed", by=source)
        with contextlib.suppress(LinkClosed):
            await self.ends[target].close()

    def _way(self, one: Frame) -> Way:
        name = name_of(from_frame(one))
        self.seen.setdefault(name, []).append(one)
        wanted, nth, act = self.bench.alteration
        if name == wanted and len(self.seen[name]) == nth and not self.bench.altered:
            self.bench.altered = True
            return act(self, one)
        return [(0.0, one.octets)]


class AlteredBench(JudgedBench):
    """Vehicle, altering relay, charger; `capture` writes what was heard between them."""

    def __init__(self, alteration: tuple[str, int, Act], **options: object) -> None:
        super().__init__(**options)
        self.alteration = alteration
        self.altered = False

    async def connect(self) -> ByteStream:
        self.listening.session += 1
        self.listening.link("connected", by="vehicle")
        near, far = memory_streams()
        relay = Relay(self, {"vehicle": far, "charger": self.charger.attach()})
        self._relays.add(asyncio.ensure_future(relay.run()))
        return near

    def capture(self, path: Path) -> Path:
        write_capture(path, self.recorder.events)
        return path


def intact(_: Relay, one: Frame) -> Way:
    return [(0.0, one.octets)]


def dropped(_: Relay, __: Frame) -> Way:
    return []


def twice(_: Relay, one: Frame) -> Way:
    return [(0.0, one.octets), (0.0, one.octets)]


def cut(_: Relay, one: Frame) -> Way:
    """The second half of the payload is lost; the frame's head knows of it."""
    return [(0.0, frame(one.payload_type, one.payload[: len(one.payload) // 2]))]


def late(by_s: float) -> Act:
    return lambda _, one: [(by_s, one.octets)]


def earlier(name: str) -> Act:
    """A message of another name that went before is sent again in its place."""
    return lambda relay, _: [(0.0, relay.seen[name][-1].octets)]


def under(payload_type: int) -> Act:
    """The same message under another payload type."""
    return lambda _, one: [(0.0, frame(payload_type, one.payload))]


def changed_to(**changes: object) -> Act:
    """The same message with other content."""

    def act(_: Relay, one: Frame) -> Way:
        return [(0.0, to_frame(changed(from_frame(one), checked=False, **changes), one.payload_type))]

    return act
