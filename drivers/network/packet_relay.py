"""The relay with packets on the V2G side: loss, duplicates and reordering as a modem makes them, discovery included.

Needs the network of the run's own (root, or a user namespace): there each V2G cable is cut in two and a bridge process hands
packets on. Elsewhere, and in virtual time, the V2G link is impaired as a stream, and the transcript says so. The OCPP link is
always a stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

from drivers.errors import BenchError
from drivers.impairment import GOOD, Link
from drivers.network.stream_relay import StreamRelay
from drivers.roles import Identity
from drivers.wire import Connection
from harness.link import ByteStream

RESENT_S = 0.3
"""How long a lost packet may keep those above waiting until it is sent again; our default, Linux starts with 0.2 s."""
_READY_S = 10.0


class PacketRelay(StreamRelay):
    """Role `network`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.cables = self.options.cables
        self._bridge: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await super().open()
        if self.cables:
            await self._start(self.cables)

    async def close(self) -> None:
        if self._bridge:
            assert self._bridge.stdin
            self._bridge.stdin.close()
            with contextlib.suppress(ProcessLookupError):
                self._bridge.terminate()
            await self._bridge.wait()
            self._bridge = None
        if self._reader:
            await self._reader
        await super().close()

    async def identity(self) -> Identity:
        return Identity("Plugfest", "packet relay" if self._bridge else "packet relay, as a stream", "", "")

    async def impair(self, profile: str, link: Link | None = None, seed: object = None) -> None:
        await super().impair(profile, link, seed)
        if link in (None, "v2g"):
            self._command(str(self._seed))

    def through(self, stream: ByteStream, link: Link = "v2g", us: str = "harness", them: str = "device") -> ByteStream:
        return stream if self._packets(link) else super().through(stream, link, us, them)

    def outward(self, stream: ByteStream, link: Link, source: str, target: str) -> ByteStream:
        return stream if self._packets(link) else super().outward(stream, link, source, target)

    def _packets(self, link: Link) -> bool:
        return link == "v2g" and self._bridge is not None

    def _command(self, seed: str) -> None:
        if self._bridge:
            assert self._bridge.stdin
            profile = self.active["v2g"].model_dump()
            self._bridge.stdin.write(json.dumps({"profile": profile, "seed": seed}).encode() + b"\n")
        elif self.active["v2g"] is not GOOD:
            self.on_effect("v2g", "", "", "profile", note="no cables of our own here: the link is impaired as a stream")

    async def _start(self, cables: list[str]) -> None:
        self._bridge = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "drivers.network.packet_bridge", *cables,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert self._bridge.stdout
        try:
            async with asyncio.timeout(_READY_S):
                line = await self._bridge.stdout.readline()
        except TimeoutError:
            line = b""
        if b"ready" not in line:
            raise BenchError(f"{self.role}: the packet bridge did not come up between {', '.join(cables)}")
        self._reader = asyncio.create_task(self._hear(self._bridge.stdout), name="packet bridge")

    async def _hear(self, told: asyncio.StreamReader) -> None:
        while line := await told.readline():
            counts = json.loads(line)
            if gone := counts.get("lost", 0) + counts.get("spoilt", 0):
                self.on_effect("v2g", "", "", "lost", for_s=RESENT_S, packets=gone)


Driver = PacketRelay
