"""A relay in the middle of stream links: delay, jitter, stalls, rate, outages, partitions, half-open and dripping links.

Two ways in: `listen` opens a loopback port whose connections go on to a target; `through` takes an end of a link that
the harness holds (in memory or on a wire) and gives an impaired one back. Both directions are impaired, each by itself;
the same seed gives the same course. Needs no privileges: what a raw network would show (duplicates, reordering of
packets) is hidden by the transport and absent here.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from drivers.errors import ConfigError
from drivers.impairment import GOOD, Impairment, Profile, load_profiles, pick
from drivers.roles import Identity
from drivers.wire import Connection, Options
from harness.clock import Clock
from harness.link import ByteStream, LinkClosed, TcpStream, memory_streams


class RelayOptions(Options):
    profiles: str = "lab-configs/impairments.yaml"
    seed: int = 1
    routes: dict[str, str] = {}
    """Name to `host:port` of the target; each gets a loopback port at opening."""


class StreamRelay:
    """Role `network`."""

    def __init__(self, connection: Connection) -> None:
        self.role = connection.role
        self.clock: Clock = connection.clock
        self.options = connection.options_as(RelayOptions)
        self.profiles = load_profiles(Path(self.options.profiles))
        self.profile: Profile = GOOD
        self.addresses: dict[str, str] = {}
        """Where each route listens."""
        self._directions: list[Impairment] = []
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        for name, target in self.options.routes.items():
            self.addresses[name] = await self.listen(target)

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._directions.clear()

    async def identity(self) -> Identity:
        return Identity("Plugfest", "stream relay", "", "")

    async def make_safe(self) -> None:
        """Back to a good link."""
        await self.impair("none")

    async def impair(self, profile: str) -> None:
        """All links from now on; `none` mends them. Raises ConfigError naming the nearest profile."""
        self.profile = pick(self.profiles, profile)
        for direction in self._directions:
            direction.change(self.profile, self.clock.now_s())

    async def partition(self, duration_s: float) -> None:
        """Nothing passes in either direction; what was sent comes after. Returns at once."""
        for direction in self._directions:
            direction.block(self.clock.now_s() + duration_s)

    async def listen(self, target: str) -> str:
        """A loopback port that leads to `host:port`; its address."""
        host, _, port = target.rpartition(":")
        if not port.isdecimal():
            raise ConfigError(f"{self.role}: route {target!r} should read host:port")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                onward = TcpStream(*await asyncio.open_connection(host.strip("[]"), int(port)))
            except OSError:
                writer.close()
                return
            self._join(TcpStream(reader, writer), onward)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._servers.append(server)
        return "{}:{}".format(*server.sockets[0].getsockname()[:2])

    def through(self, stream: ByteStream) -> ByteStream:
        """The same link, impaired: use what comes back instead of `stream`."""
        near, inner = memory_streams()
        self._join(inner, stream)
        return near

    def _join(self, left: ByteStream, right: ByteStream) -> None:
        number = len(self._directions)
        for index, (source, sink) in enumerate(((left, right), (right, left))):
            direction = Impairment(self.profile, (self.options.seed, number, index), self.clock.now_s())
            self._directions.append(direction)
            task = asyncio.create_task(self._carry(source, sink, direction), name=f"relay {number}.{index}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: ByteStream, sink: ByteStream, direction: Impairment) -> None:
        """Read at once, write when due: the sender never feels the link's length, as with a real one."""
        waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

        async def read() -> None:
            with contextlib.suppress(LinkClosed):
                while True:
                    for piece in direction.deliver(await source.read(), self.clock.now_s()):
                        waiting.put_nowait(piece)
            waiting.put_nowait(None)

        reading = asyncio.create_task(read())
        try:
            while piece := await waiting.get():
                await self.clock.sleep(max(piece[0] - self.clock.now_s(), 0.0))
                await sink.write(piece[1])
        except LinkClosed:
            pass
        finally:
            reading.cancel()
            with contextlib.suppress(LinkClosed):
                await sink.close()


Driver = StreamRelay
