"""What travels between two agents: a stream of octets or a channel of whole texts, on a wire or in memory.

Agents' shells speak to `ByteStream` (V2GTP over TCP or TLS) and `TextChannel` (OCPP-J over a websocket). The memory
pairs here join two shells inside one event loop for virtual time and for tests.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol


class LinkClosed(ConnectionError):
    """The far end has closed the link, or it was lost."""


class ByteStream(Protocol):
    """An ordered stream of octets."""

    async def read(self) -> bytes:
        """Some octets, at least one; raises LinkClosed at the end."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Control:
    """A ping or a pong of a websocket (RFC 6455, 5.5.2 and 5.5.3)."""

    what: Literal["ping", "pong"]
    payload: bytes


def echo(payload: bytes) -> bytes | None:
    """A ping is answered with its own payload (RFC 6455, 5.5.3)."""
    return payload


def _unheard(_control: Control, _received: bool) -> None:
    pass


class TextChannel(Protocol):
    """An ordered channel of whole text messages, with the pings and pongs of a websocket between them."""

    pong: Callable[[bytes], bytes | None]
    """What a ping is answered with, from its payload; None: with nothing."""
    on_control: Callable[[Control, bool], None]
    """Told of each ping and pong, and whether it was received (or sent)."""

    async def receive(self) -> str:
        """The next message; raises LinkClosed at the end."""
        ...

    async def send(self, text: str) -> None: ...

    async def ping(self, payload: bytes) -> None:
        """Send a ping; its pong is told to `on_control`."""
        ...

    async def close(self) -> None: ...

    async def abort(self) -> None:
        """End the link without a good-bye, as a lost network does."""
        ...


class _Memory:
    """One end of a pair: what the other end writes arrives in `inbox`; None marks the end."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[object] = asyncio.Queue()
        self.peer: _Memory = self
        self.closed = False

    async def _take(self) -> object:
        item = await self.inbox.get()
        if item is None:
            self.inbox.put_nowait(None)
            raise LinkClosed("the far end has closed the link")
        return item

    def _give(self, item: object) -> None:
        if self.closed or self.peer.closed:
            raise LinkClosed("the link is closed")
        self.peer.inbox.put_nowait(item)

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.inbox.put_nowait(None)
            self.peer.inbox.put_nowait(None)


class MemoryStream(_Memory):
    """A ByteStream in memory."""

    async def read(self) -> bytes:
        data = await self._take()
        assert isinstance(data, bytes)
        return data

    async def write(self, data: bytes) -> None:
        if data:
            self._give(bytes(data))


class MemoryChannel(_Memory):
    """A TextChannel in memory. Pings are answered by whoever waits for messages."""

    def __init__(self) -> None:
        super().__init__()
        self.pong: Callable[[bytes], bytes | None] = echo
        self.on_control: Callable[[Control, bool], None] = _unheard

    async def receive(self) -> str:
        while isinstance(item := await self.take(), Control):
            self.on_control(item, True)
            answer = self.pong(item.payload) if item.what == "ping" else None
            if answer is not None:
                with contextlib.suppress(LinkClosed):
                    self._control(Control("pong", answer))
        return item

    async def send(self, text: str) -> None:
        self._give(text)

    async def ping(self, payload: bytes) -> None:
        self._control(Control("ping", payload))

    async def abort(self) -> None:
        await self.close()

    async def take(self) -> str | Control:
        """What comes next, pings and pongs as they are: for who only hands on."""
        item = await self._take()
        assert isinstance(item, str | Control)
        return item

    def give(self, item: str | Control) -> None:
        """The same in the other direction."""
        self._give(item)

    def _control(self, control: Control) -> None:
        self._give(control)
        self.on_control(control, False)


def memory_streams() -> tuple[MemoryStream, MemoryStream]:
    """Two ends of one octet stream."""
    left, right = MemoryStream(), MemoryStream()
    left.peer, right.peer = right, left
    return left, right


def memory_channels() -> tuple[MemoryChannel, MemoryChannel]:
    """Two ends of one text channel."""
    left, right = MemoryChannel(), MemoryChannel()
    left.peer, right.peer = right, left
    return left, right


class TcpStream:
    """A ByteStream over asyncio's TCP or TLS streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self) -> bytes:
        try:
            data = await self.reader.read(65536)
        except ConnectionError as problem:
            raise LinkClosed(str(problem)) from problem
        if not data:
            raise LinkClosed("the far end has closed the connection")
        return data

    async def write(self, data: bytes) -> None:
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError as problem:
            raise LinkClosed(str(problem)) from problem

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError, TimeoutError):  # the peer was quicker
            await self.writer.wait_closed()
