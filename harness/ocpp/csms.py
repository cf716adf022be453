"""A CSMS under our control: it lets charging stations in, answers as a test says, and asks what a test wants.

csms = Csms(clock, observer)
url = await csms.listen("127.0.0.1", 0)
station = await csms.station("CS-0042", within_s=30)
await station.update_setpoint(-10_000)
await station.expect("TransactionEvent", where={"triggerReason": "OperationModeChanged"}, within_s=5)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from websockets.asyncio.server import Server

from harness.clock import Clock
from harness.link import TextChannel, memory_channels
from harness.ocpp.observer import Observer, Unobserved
from harness.ocpp.station_handle import (
    AnswerInvalid,
    CallRefused,
    NoAnswer,
    NotConnected,
    NotSeen,
    Received,
    StationError,
    StationHandle,
)
from harness.ocpp.version import Version
from harness.ocpp.wire import ConnectionRefused, Security, WebSocketChannel, serve

__all__ = [
    "AnswerInvalid",
    "CallRefused",
    "Csms",
    "MemoryLink",
    "NoAnswer",
    "NotConnected",
    "NotSeen",
    "Received",
    "StationError",
    "StationHandle",
]


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
    ) -> None:
        """`prepare` is called with every new station's handle, before its first message: to set its answers."""
        self.clock = clock
        self.observer: Observer = observer or Unobserved()
        self.versions = tuple(versions)
        self.security = security or Security()
        self.stations: dict[str, StationHandle] = {}
        self.url = ""
        self._prepare = prepare
        self._server: Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Accept stations; returns the URL to which a station appends its identity."""
        self._server = await serve(
            self._let_in,
            host,
            port,
            self.versions,
            self.security,
            lambda identity, why: self.observer.link(identity, "refused", reason=why),
            lambda identity: self.handle(identity).admitted,
        )
        own_port = self._server.sockets[0].getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'wss' if self.security.encrypted else 'ws'}://{shown}:{own_port}/ocpp"
        return self.url

    def memory_link(self, identity: str, version: Version = Version.V21) -> MemoryLink:
        """A `connect` for StationShell that reaches this CSMS inside the process."""
        return MemoryLink(self, identity, version)

    def join(self, identity: str, version: Version) -> TextChannel:
        """Let a station in over a channel in memory; returns its end. Raises ConnectionRefused."""
        handle = self.handle(identity)
        if not handle.admitted:
            raise ConnectionRefused("the CSMS answered HTTP 503", 503)
        if version not in self.versions:
            raise ConnectionRefused("the CSMS answered HTTP 400", 400)
        ours, theirs = memory_channels()
        task = asyncio.ensure_future(handle.serve(ours, version, self.observer))
        self._links.add(task)
        task.add_done_callback(self._links.discard)
        return theirs

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
        await handle.connected(within_s)
        try:
            await self.clock.wait(handle.ready.wait(), within_s)
        except TimeoutError as late:
            raise NotSeen(f"{identity} sent no BootNotification within {within_s:g} s") from late
        return handle

    async def close(self) -> None:
        """Close all links and stop listening."""
        for handle in self.stations.values():
            handle.cancel()
            await handle.disconnect()
        if self._server:
            self._server.close()
            await self._server.wait_closed()
        for task in list(self._links):
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _let_in(self, identity: str, channel: WebSocketChannel, version: Version) -> None:
        await self.handle(identity).serve(channel, version, self.observer)


@dataclass(frozen=True, slots=True)
class MemoryLink:
    """How a station reaches a CSMS inside the process; call it to connect."""

    csms: Csms
    identity: str
    version: Version

    async def __call__(self) -> tuple[TextChannel, Version]:
        return self.csms.join(self.identity, self.version), self.version

    def speaking(self, version: Version) -> MemoryLink:
        """The same link for a station of another version."""
        return replace(self, version=version)
