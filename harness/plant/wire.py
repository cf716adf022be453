"""The plant in a process of its own: lines of JSON over a loopback TCP or AF_UNIX socket.

    client -> server   {"owner": "station"}                      first line
                       {"set": {"mode": "power", ...}}           inputs of that owner
    server -> client   {"refused": "..."}                        and the connection ends
                       {"state": {...}}                          50 times a second, and after each `set` at once

An address is `127.0.0.1:PORT` or the path of a socket. An owner has one connection; when it goes, its inputs fall back
to their safe defaults. `observer` may connect as often as it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any

import msgspec

from harness.clock import Clock
from harness.plant.inputs import Value, check_inputs, check_owner
from harness.plant.local import LocalPlant
from harness.plant.plant import PlantParameters
from harness.plant.port import PlantState

PUSH_S = 0.02
LOOK_S = 0.1
"""How often who waits for a change looks again (our default)."""
_MANY = "observer"
_encode = msgspec.json.Encoder().encode


class _StateLine(msgspec.Struct):
    state: PlantState | None = None
    refused: str = ""


_decode_line = msgspec.json.Decoder(_StateLine).decode


class PlantLost(ConnectionError):
    """The plant process is gone or refused the connection; the text says why."""


class PlantServer:
    """Serves one plant to its owners inside a running event loop."""

    def __init__(self, clock: Clock, parameters: PlantParameters | None = None) -> None:
        self.clock = clock
        self.local = LocalPlant(clock, parameters)
        self._writers: dict[asyncio.StreamWriter, str] = {}
        self._server: asyncio.Server | None = None
        self._pushing: asyncio.Task[None] | None = None

    async def start(self, listen: str = "127.0.0.1:0") -> str:
        """Listen, and return the address that a client needs."""
        if "/" in listen:
            self._server = await asyncio.start_unix_server(self._serve, listen)
            address = listen
        else:
            host, _, port = listen.rpartition(":")
            self._server = await asyncio.start_server(self._serve, host or "127.0.0.1", int(port))
            address = "{}:{}".format(*self._server.sockets[0].getsockname()[:2])
        self._pushing = asyncio.create_task(self._push_for_ever())
        return address

    async def stop(self) -> None:
        if self._pushing:
            self._pushing.cancel()
        for writer in list(self._writers):
            writer.close()
        if self._server:
            self._server.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 1.0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        owner = ""
        try:
            owner = await self._greet(reader, writer)
            while line := await reader.readline():
                self.local.command(owner, msgspec.json.decode(line)["set"])
                self._push()
        except (ConnectionError, ValueError, KeyError, TypeError) as problem:
            with contextlib.suppress(ConnectionError):
                writer.write(_encode({"refused": str(problem)}) + b"\n")
        finally:
            if self._writers.pop(writer, None):
                self.local.release(owner)
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        owner = str(msgspec.json.decode(await reader.readline())["owner"])
        check_owner(owner)
        if owner != _MANY and owner in self._writers.values():
            raise ValueError(f"{owner} is already connected to this plant: one bench has one of each")
        self._writers[writer] = owner
        self._push()
        return owner

    async def _push_for_ever(self) -> None:
        while True:
            self._push()
            await self.clock.sleep(PUSH_S)

    def _push(self) -> None:
        line = _encode({"state": self.local.state}) + b"\n"
        for writer in self._writers:
            if not writer.is_closing() and writer.transport.get_write_buffer_size() < 65536:
                writer.write(line)  # a client that does not read gets no more until it does


class PlantClient:
    """A PlantPort over the socket. A thread takes the pushed states, so it serves any kind of shell."""

    def __init__(self, address: str, owner: str, within_s: float = 5.0) -> None:
        """Connect and wait for the first state; raises PlantLost, and ValueError for an unknown owner."""
        check_owner(owner)
        self.owner = owner
        self._lost = ""
        self._first = threading.Event()
        self._state = PlantState()
        self._socket = _connect(address, within_s)
        self._send({"owner": owner})
        threading.Thread(target=self._listen, name=f"plant-{owner}", daemon=True).start()
        if not self._first.wait(within_s):
            raise PlantLost(f"the plant at {address} accepted the connection but sends no state")
        self._check()

    @property
    def state(self) -> PlantState:
        self._check()
        return self._state

    def command(self, **inputs: Value) -> None:
        check_inputs(self.owner, inputs)
        self._check()
        self._send({"set": inputs})

    def changed(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        soon = loop.create_future()
        loop.call_later(LOOK_S, _finish, soon)
        return soon

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._socket.sendall(_encode(message) + b"\n")
        except OSError as problem:
            raise PlantLost(f"the plant is gone: {problem}") from problem

    def _check(self) -> None:
        if self._lost:
            raise PlantLost(self._lost)

    def _listen(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    message = _decode_line(line)
                    if message.state is None:
                        self._lost = message.refused
                        break
                    self._state = message.state
                    self._first.set()
            self._lost = self._lost or "the plant has closed the connection"
        except (OSError, ValueError, msgspec.DecodeError) as problem:
            self._lost = f"the plant is gone: {problem}"
        self._first.set()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _connect(address: str, within_s: float) -> socket.socket:
    try:
        if "/" in address:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            link.settimeout(within_s)
            link.connect(address)
        else:
            host, _, port = address.rpartition(":")
            link = socket.create_connection((host, int(port)), within_s)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as problem:
        raise PlantLost(f"no plant at {address}: {problem}") from problem
    link.settimeout(None)
    return link
