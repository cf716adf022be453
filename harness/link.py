"""What travels between two agents: a stream of octets or a channel of whole texts, on a wire or in memory.

Agents' shells speak to `ByteStream` (V2GTP over TCP or TLS) and `TextChannel` (OCPP-J over a websocket). The memory
pairs here join two shells inside one event loop for virtual time and for tests.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol


class LinkClosed(ConnectionError):
    """The far end has closed the link, or it was lost."""


class ByteStream(Protocol):
    """An ordered stream of octets."""

    async def read(self) -> bytes:
        """Some octets, at least one; raises LinkClosed at the end."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


class TextChannel(Protocol):
    """An ordered channel of whole text messages."""

    async def receive(self) -> str:
        """The next message; raises LinkClosed at the end."""
        ...

    async def send(self, text: str) -> None: ...

    async def close(self) -> None: ...


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
    """A TextChannel in memory."""

    async def receive(self) -> str:
        text = await self._take()
        assert isinstance(text, str)
        return text

    async def send(self, text: str) -> None:
        self._give(text)


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
