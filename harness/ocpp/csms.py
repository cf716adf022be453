"""A CSMS under our control: it lets charging stations in, answers as a test says, and asks what a test wants.

csms = Csms(clock, observer)
url = await csms.listen("127.0.0.1", 0)
station = await csms.station("CS-0042", within_s=30)
await station.update_setpoint(-10_000)
await station.expect("TransactionEvent", where={"triggerReason": "OperationModeChanged"}, within_s=5)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from websockets.asyncio.server import Server

from harness.clock import Clock
from harness.link import TextChannel
from harness.ocpp.memory_network import MemoryNetwork
from harness.ocpp.observer import Observer, Unobserved
from harness.ocpp.security import Door, Security
from harness.ocpp.station_handle import StationHandle
from harness.ocpp.version import Version
from harness.ocpp.wire import serve


class Csms:
    """Lets stations in over websockets (`listen`) or in memory (`memory_link`)."""

    def __init__(
        self,
        clock: Clock,
        observer: Observer | None = None,
        *,
        versions: Sequence[Version] = (Version.V21, Version.V201, Version.V16),
        security: Security | None = None,
        prepare: Callable[[StationHandle], None] | None = None,
        network: MemoryNetwork | None = None,
    ) -> None:
        """`prepare` is called with every new station's handle, before its first message: to set its answers."""
        self.network = network or MemoryNetwork()
        self.clock = clock
        self.observer: Observer = observer or Unobserved()
        self.door = Door(tuple(versions), security or Security())
        """The way in that `listen` and `memory_link` open; others can be opened beside it."""
        self.stations: dict[str, StationHandle] = {}
        self._prepare = prepare
        self._servers: list[Server] = []

    @property
    def url(self) -> str:
        return self.door.url

    async def listen(self, host: str = "127.0.0.1", port: int = 0, door: Door | None = None) -> str:
        """Accept stations at a door; returns the URL to which a station appends its identity."""
        door = door or self.door
        server = await serve(
            partial(self._let_in, door),
            host,
            port,
            door,
            self._refused,
            lambda identity: self.handle(identity).admits(),
        )
        self._servers.append(server)
        return door.url

    def listen_in_memory(self, door: Door | None = None) -> str:
        """Accept stations of this process at a door; returns its URL in `network`."""
        door = door or self.door
        self.network.serve(
            partial(self._let_in, door), door, self._refused, lambda identity: self.handle(identity).admits()
        )
        return door.url

    def memory_link(self, identity: str, version: Version = Version.V21) -> MemoryLink:
        """A `connect` for StationShell that reaches this CSMS inside the process."""
        if not self.door.url:
            self.listen_in_memory()
        return MemoryLink(self, identity, version)

    def handle(self, identity: str) -> StationHandle:
        """The handle of a station, connected or not; the same object every time."""
        if identity not in self.stations:
            handle = self.stations[identity] = StationHandle(identity, self.clock)
            if self._prepare:
                self._prepare(handle)
        return self.stations[identity]

    def handles(self) -> list[StationHandle]:
        """Every station that was ever asked for or seen."""
        return list(self.stations.values())

    async def station(self, identity: str, within_s: float = 30.0) -> StationHandle:
        """The handle of a station once it is connected and has booted; raises NotSeen."""
        handle = self.handle(identity)
        await handle.booted(within_s)
        return handle

    async def close(self) -> None:
        """Close all links and stop listening."""
        for handle in self.stations.values():
            handle.answering.cancel()
            await handle.disconnect()
        for server in self._servers:
            server.close()
            await server.wait_closed()
        await self.network.close()

    async def _let_in(self, door: Door, identity: str, channel: TextChannel, version: Version) -> None:
        self.handle(identity).door = door
        await self.handle(identity).serve(channel, version, self.observer)

    def _refused(self, identity: str, why: str) -> None:
        self.observer.link(identity, "refused", reason=why)


@dataclass(frozen=True, slots=True)
class MemoryLink:
    """How a station reaches a CSMS inside the process; call it to connect."""

    csms: Csms
    identity: str
    version: Version

    async def __call__(self) -> tuple[TextChannel, Version]:
        return await self.csms.network.connect(self.csms.url, self.identity, [self.version])

    def speaking(self, version: Version) -> MemoryLink:
        """The same link for a station of another version."""
        return replace(self, version=version)
