"""A relay in the middle of stream links: delay, jitter, stalls, rate, outages, cuts, half-open and dripping links.

Ways in: `listen` opens a loopback port whose connections go on to a target; `through` takes an end of a link that the
harness holds (in memory or on a wire) and gives an impaired one back; `outward` impairs only what we send on it; `channel`
does for a channel of texts what `through` does for octets. Each direction is impaired by itself; the same seed gives the
same course. Needs no privileges: what a raw network would show (duplicates, reordering of packets) is hidden by the
transport and absent here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.errors import ConfigError
from drivers.impairment import GOOD, LINKS, Impairment, Link, Profile, load_profiles, pick
from drivers.roles import Identity
from drivers.wire import Connection, Options
from harness.clock import Clock
from harness.link import ByteStream, Control, LinkClosed, MemoryChannel, TcpStream, memory_channels, memory_streams

PROFILES = Path(__file__).parents[2] / "lab-configs/impairments.yaml"
MATTERS_S: dict[Link, float] = {"v2g": 0.1, "ocpp": 5.0}
"""Delay that may make a device miss a timing, and is told: the charge loop knows 0.25 s, OCPP waits 30 s (our default)."""
OPEN_S = 10.0
"""How long a station waits for its connection to open in an outage, as the websockets package does by default."""
_OPCODES = {"ping": b"\x09", "pong": b"\x0a"}
_TEXT = b"\x01"
"""How a websocket's frames begin (RFC 6455, 5.2)."""

OnEffect = Callable[..., None]
"""`(link, source, target, what, **details)`: what the relay did to a link."""


class RelayOptions(Options):
    profiles: str = str(PROFILES)
    seed: int = 1
    routes: dict[str, str] = {}
    """Name to `host:port` of the target; each gets a loopback port at opening."""
    cables: list[str] = []
    """For a relay of packets, set by the bench: `LEFT:INNER:INNER:RIGHT`, the four ends of each cut cable."""


@dataclass(eq=False)
class _Direction:
    """One way of one connection."""

    link: Link
    source: str
    target: str
    impairment: Impairment
    cut: Callable[[], Awaitable[None]]
    whole: bool = False
    """Texts: the pieces of one are joined again before they are handed on."""


class StreamRelay:
    """Role `network`."""

    def __init__(self, connection: Connection) -> None:
        self.role = connection.role
        self.clock: Clock = connection.clock
        self.options = connection.options_as(RelayOptions)
        self.profiles = load_profiles(Path(self.options.profiles))
        self.active: dict[Link, Profile] = dict.fromkeys(LINKS, GOOD)
        self.addresses: dict[str, str] = {}
        """Where each route listens."""
        self.on_effect: OnEffect = lambda *_, **__: None
        self._seed: object = self.options.seed
        self._number = 0
        self._refused_until_s = dict.fromkeys(LINKS, 0.0)
        self._began_s = dict.fromkeys(LINKS, 0.0)
        self._shut_until_s = dict.fromkeys(LINKS, 0.0)
        self._directions: list[_Direction] = []
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._outages: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        for name, target in self.options.routes.items():
            self.addresses[name] = await self.listen(target)

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in [*self._tasks, *self._outages]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._outages, return_exceptions=True)

    async def identity(self) -> Identity:
        return Identity("Plugfest", "stream relay", "", "")

    async def make_safe(self) -> None:
        """Back to a good link."""
        await self.impair("none")

    # What is done to the links

    async def impair(self, profile: str, link: Link | None = None, seed: object = None) -> None:
        """Make the links bad that the profile is for (or the named one); `none` mends them.

        With a seed the course begins anew, connection by connection. Raises ConfigError naming the nearest profile.
        """
        chosen = pick(self.profiles, profile)
        if seed is not None:
            self._seed, self._number = (self.options.seed, seed), 0
        for task in self._outages:
            task.cancel()
        self._outages.clear()
        for each in LINKS if link is None else (link,):
            now_s = self.clock.now_s()
            mine = chosen if link or each in chosen.links else GOOD
            self.active[each], self._began_s[each] = mine, now_s
            self._refused_until_s[each] = self._shut_until_s[each] = 0.0
            for number, one in enumerate(self._of(each)):
                one.impairment.change(mine, now_s, None if seed is None else (self._seed, each, "open", number))
            if mine is not GOOD:
                self.on_effect(each, "", "", "profile", name=profile, **mine.model_dump(exclude_defaults=True))
            if mine.cuts and mine.outage_every_s:
                self._outages.append(asyncio.create_task(self._cut_again(each, mine, mine.outage_every_s)))

    async def partition(self, duration_s: float, link: Link | None = None) -> None:
        """Nothing passes in either direction; what was sent comes after. Returns at once."""
        until_s = self.clock.now_s() + duration_s
        for each in LINKS if link is None else (link,):
            self._shut_until_s[each] = until_s
            for one in self._of(each):
                one.impairment.block(until_s)
            self.on_effect(each, "", "", "partition", for_s=duration_s)

    async def cut(self, link: Link, for_s: float = 0.0) -> None:
        """End every connection of a link as a lost network does, and refuse new ones for a time. Returns at once."""
        self._refused_until_s[link] = self.clock.now_s() + for_s
        self.on_effect(link, "", "", "cut", for_s=for_s)
        for one in self._of(link):
            await one.cut()

    async def admit(self, link: Link) -> None:
        """A new connection in memory wants to open: waits in an outage; raises ConnectionRefusedError or TimeoutError."""
        self._refuse(link)
        now_s = self.clock.now_s()
        trial = Impairment(self.active[link], 0, self._began_s[link])
        wait_s = max(trial.open_at_s(now_s), self._shut_until_s[link]) - now_s
        if wait_s > OPEN_S:
            await self.clock.sleep(OPEN_S)
            raise TimeoutError(f"no connection within {OPEN_S:g} s")
        if wait_s > 0:
            await self.clock.sleep(wait_s)

    # Ways in

    async def listen(self, target: str, link: Link = "ocpp", at: str = "127.0.0.1:0") -> str:
        """A port that leads to `host:port`; its address."""
        host, _, port = target.rpartition(":")
        if not port.isdecimal():
            raise ConfigError(f"{self.role}: route {target!r} should read host:port")

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            near = TcpStream(reader, writer)
            try:
                self._refuse(link)
                onward = TcpStream(*await asyncio.open_connection(host.strip("[]"), int(port)))
            except OSError:
                writer.close()
                return
            self._join(near, onward, link, ("charger", "csms"))

        own_host, _, own_port = at.rpartition(":")
        server = await asyncio.start_server(serve, own_host.strip("[]"), int(own_port))
        self._servers.append(server)
        return "{}:{}".format(*server.sockets[0].getsockname()[:2])

    def through(self, stream: ByteStream, link: Link = "v2g", us: str = "harness", them: str = "device") -> ByteStream:
        """The same link, impaired both ways: use what comes back instead of `stream`."""
        near, inner = memory_streams()
        self._join(inner, stream, link, (us, them))
        return near

    def outward(self, stream: ByteStream, link: Link, source: str, target: str) -> ByteStream:
        """The same link, impaired only in what we write: for a listener that records each side at its own door."""
        near, inner = memory_streams()
        self._carry_on(inner.read, stream.write, stream.close, self._direction(link, source, target, _ender(stream)))
        return _Outward(stream, near)

    def channel(self, channel: MemoryChannel, link: Link = "ocpp") -> MemoryChannel:
        """A channel of texts in memory, impaired both ways, its pings and pongs as well."""
        near, inner = memory_channels()
        ends = (inner, channel)

        async def cut() -> None:
            for end in ends:
                with contextlib.suppress(LinkClosed):
                    await end.close()

        for source, sink, names in ((inner, channel, ("charger", "csms")), (channel, inner, ("csms", "charger"))):
            direction = self._direction(link, *names, cut, whole=True)
            self._carry_on(_octets(source), _texts(sink), sink.close, direction)
        return near

    # Inside

    def _of(self, link: Link) -> list[_Direction]:
        return [one for one in self._directions if one.link == link]

    def _refuse(self, link: Link) -> None:
        if self.clock.now_s() < self._refused_until_s[link]:
            self.on_effect(link, "", "", "refused")
            raise ConnectionRefusedError("the network is down")

    async def _cut_again(self, link: Link, profile: Profile, every_s: float) -> None:
        first_s = profile.outage_after_s
        await self.clock.sleep(every_s - profile.outage_s if first_s is None else first_s)
        while True:
            await self.cut(link, profile.outage_s)
            await self.clock.sleep(every_s)

    def _direction(
        self, link: Link, source: str, target: str, cut: Callable[[], Awaitable[None]], *, whole: bool = False
    ) -> _Direction:
        self._number += 1
        seed = (self._seed, link, self._number, source)
        impairment = Impairment(self.active[link], seed, self._began_s[link])
        if self._shut_until_s[link] > self.clock.now_s():
            impairment.block(self._shut_until_s[link])
        return _Direction(link, source, target, impairment, cut, whole)

    def _join(self, left: ByteStream, right: ByteStream, link: Link, names: tuple[str, str]) -> None:
        ends = (_ender(left), _ender(right))

        async def cut() -> None:
            for end in ends:
                await end()

        for source, sink, (one, other) in ((left, right, names), (right, left, names[::-1])):
            self._carry_on(source.read, sink.write, sink.close, self._direction(link, one, other, cut))

    def _carry_on(self, read: Any, write: Any, close: Any, direction: _Direction) -> None:
        self._directions.append(direction)
        task = asyncio.create_task(self._carry(read, write, close, direction), name=f"relay {direction.source}")
        self._keep(task)
        task.add_done_callback(lambda _: self._directions.remove(direction))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(
        self,
        read: Callable[[], Awaitable[bytes]],
        write: Callable[[bytes], Awaitable[None]],
        close: Callable[[], Awaitable[None]],
        direction: _Direction,
    ) -> None:
        """Read at once, write when due: the sender never feels the link's length, as with a real one."""
        waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

        async def take() -> None:
            with contextlib.suppress(LinkClosed):
                while True:
                    for piece in self._deliver(await read(), direction):
                        waiting.put_nowait(piece)
            waiting.put_nowait(None)

        reading = asyncio.create_task(take())
        try:
            while piece := await waiting.get():
                await self._until(piece[0], direction.impairment.mended)
                await write(piece[1])
        except LinkClosed:
            pass
        finally:
            reading.cancel()
            with contextlib.suppress(LinkClosed):
                await close()

    async def _until(self, due_s: float, mended: asyncio.Event) -> None:
        wait_s = due_s - self.clock.now_s()
        if wait_s > 0:
            with contextlib.suppress(TimeoutError):
                await self.clock.wait(mended.wait(), wait_s)

    def _deliver(self, data: bytes, direction: _Direction) -> list[tuple[float, bytes]]:
        """What of it arrives when; what may matter to a device is told."""
        now_s = self.clock.now_s()
        pieces = list(direction.impairment.deliver(data, now_s))
        come = b"".join(piece for _, piece in pieces)
        told = (direction.link, direction.source, direction.target)
        if not pieces:
            self.on_effect(*told, "swallowed", octets=len(data))
            return []
        if come != data:
            self.on_effect(*told, "spoilt", octets=len(data))
        if pieces[-1][0] - now_s >= MATTERS_S[direction.link]:
            self.on_effect(*told, "held", for_s=round(pieces[-1][0] - now_s, 3))
        return [(pieces[-1][0], come)] if direction.whole else pieces


class _Outward:
    """A stream whose writes go another way than its reads."""

    def __init__(self, inner: ByteStream, out: ByteStream) -> None:
        self._inner, self._out = inner, out

    async def read(self) -> bytes:
        return await self._inner.read()

    async def write(self, data: bytes) -> None:
        await self._out.write(data)

    async def close(self) -> None:
        await self._out.close()


def _ender(stream: ByteStream) -> Callable[[], Awaitable[None]]:
    """Ends a connection without a good-bye, where there is a wire to do it on."""

    async def end() -> None:
        if isinstance(stream, TcpStream):
            stream.writer.transport.abort()
        else:
            with contextlib.suppress(LinkClosed):
                await stream.close()

    return end


def _octets(channel: MemoryChannel) -> Callable[[], Awaitable[bytes]]:
    async def read() -> bytes:
        item = await channel.take()
        return _TEXT + item.encode() if isinstance(item, str) else _OPCODES[item.what] + item.payload

    return read


def _texts(channel: MemoryChannel) -> Callable[[bytes], Awaitable[None]]:
    async def write(data: bytes) -> None:
        opcode, payload = data[:1], data[1:]
        if opcode == _OPCODES["ping"]:
            channel.give(Control("ping", payload))
        elif opcode == _OPCODES["pong"]:
            channel.give(Control("pong", payload))
        else:
            channel.give(payload.decode(errors="replace"))

    return write


Driver = StreamRelay
