"""Websockets without sockets: doors and those who knock at them inside one process, for virtual time.

The same as wire.py to both sides: TLS, password and subprotocol are tried as on a wire, texts go over a channel in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.link import TextChannel, memory_channels
from harness.ocpp.security import ConnectionRefused, Door, Fault, Security, StrangeSubprotocol, shake_hands
from harness.ocpp.version import Version, subprotocol_of

OnChannel = Callable[[str, TextChannel, Version], Awaitable[None]]


class Reach(Protocol):
    """How a station reaches a CSMS: wire.connect, or a memory network's `connect`."""

    async def __call__(
        self, url: str, identity: str, versions: Sequence[Version | str], security: Security | None = None
    ) -> tuple[TextChannel, Version]: ...


@dataclass(frozen=True, slots=True)
class _Listener:
    on_station: OnChannel
    door: Door
    on_refused: Callable[[str, str], None]
    admits: Callable[[str], bool]


class MemoryNetwork:
    """Addresses of the form `memory:N`."""

    def __init__(self) -> None:
        self._listeners: dict[str, _Listener] = {}
        self._links: set[asyncio.Task[None]] = set()

    def serve(
        self, on_station: OnChannel, door: Door, on_refused: Callable[[str, str], None] = lambda *_: None,
        admits: Callable[[str], bool] = lambda _: True,
    ) -> None:  # fmt: skip
        """Let stations in through a door; sets its URL."""
        door.url = f"memory:{len(self._listeners)}"
        self._listeners[door.url] = _Listener(on_station, door, on_refused, admits)

    async def connect(
        self, url: str, identity: str, versions: Sequence[Version | str], security: Security | None = None
    ) -> tuple[TextChannel, Version]:
        """Knock at a door; raises ConnectionRefused as wire.connect does."""
        if url not in self._listeners:
            raise ConnectionRefused(f"no websocket: nobody listens at {url}")
        listener, security = self._listeners[url], security or Security()
        door = listener.door
        shake_hands(security, door)
        if not listener.admits(identity):
            raise ConnectionRefused("the CSMS answered HTTP 503", 503)
        if not door.knows(identity, identity, security.password):
            listener.on_refused(identity, door.turned_away[-1][1])
            raise ConnectionRefused("the CSMS answered HTTP 401", 401)
        if door.names_no_version and Fault.ASSUMES_VERSION in security.faults:
            return memory_channels()[0], Version.of_subprotocol(subprotocol_of(versions[0]))
        if door.names_no_version:
            raise ConnectionRefused("the CSMS chose no subprotocol")
        if door.echoes and not isinstance(versions[0], Version):
            raise StrangeSubprotocol(f"the CSMS chose {versions[0]!r}")
        version = door.choose(identity, [subprotocol_of(one) for one in versions])
        if version is None:
            listener.on_refused(identity, door.turned_away[-1][1])
            raise ConnectionRefused("the CSMS answered HTTP 400", 400)
        ours, theirs = memory_channels()
        task = asyncio.ensure_future(_run(listener.on_station(identity, ours, version)))
        self._links.add(task)
        task.add_done_callback(self._links.discard)
        return theirs, version

    async def close(self) -> None:
        """Wait until what served the links has ended; their owners close them."""
        for task in list(self._links):
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _run(serving: Awaitable[None]) -> None:
    await serving
