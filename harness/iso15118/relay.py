"""The listener between a vehicle and a charger: passes every octet on, and tells the observer every frame.

It is a relay, not a tap: each side has a connection of its own with us, and where there is TLS it ends here on both.
Octets are handed on as they arrive, before they are looked at, so a frame that we cannot read still reaches the other
side.
"""

from __future__ import annotations

import asyncio
import contextlib

from harness.iso15118.observer import Observer
from harness.iso15118.v2gtp import FrameParser
from harness.link import ByteStream, LinkClosed


class Relay:
    """One relayed V2G connection."""

    def __init__(self, vehicle: ByteStream, charger: ByteStream, observer: Observer) -> None:
        self._ends = {"vehicle": vehicle, "charger": charger}
        self._observer = observer

    async def run(self) -> None:
        """Relay until both sides have closed; what one side closes is closed towards the other."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump("vehicle", "charger"))
            group.create_task(self._pump("charger", "vehicle"))

    async def _pump(self, source: str, target: str) -> None:
        parser = FrameParser()
        near, far = self._ends[source], self._ends[target]
        with contextlib.suppress(LinkClosed):
            while True:
                octets = await near.read()
                for frame in parser.feed(octets):
                    self._observer.frame(source, target, frame.octets)
                await far.write(octets)
        self._observer.link("closed", by=source, pending=parser.pending)
        with contextlib.suppress(LinkClosed):
            await far.close()

    async def close(self) -> None:
        """Cut both connections."""
        for end in self._ends.values():
            with contextlib.suppress(LinkClosed):
                await end.close()
