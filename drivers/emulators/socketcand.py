"""A socketcand server for one CAN bus on a loopback socket, as python-can's socketcand interface expects it.

Lines in angle brackets: `< hi >` at connection, `< open NAME >` and `< rawmode >` answered by `< ok >`, then
`< send ID LENGTH b0 b1 .. >` from the host, and `< frame ID SECONDS DATA >` or `< error CLASS SECONDS >` to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.can.ports import Frame
from harness.clock import Clock

_NAME = "can0"


class SocketcandServer:
    """One bus; `on_frame` gets what the host sends. A later host takes the place of an earlier one."""

    def __init__(self, on_frame: Callable[[Frame], None], clock: Clock) -> None:
        self.on_frame = on_frame
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None
        self._raw = False
        self._server: asyncio.Server | None = None

    async def start(self, host: str) -> str:
        """Listen; interface and channel as the driver of the buses calls them."""
        self._server = await asyncio.start_server(self._serve, host, 0)
        return "socketcand:{}@{}:{}".format(_NAME, *self._server.sockets[0].getsockname()[:2])

    async def stop(self) -> None:
        if self._writer:
            self._writer.close()
        if self._server:
            self._server.close()

    def send(self, frame: Frame) -> None:
        """A frame or an error frame from the bus to the host; lost before the host has asked for raw mode."""
        if not self._writer or not self._raw or self._writer.is_closing():
            return
        at_s = f"{self._clock.utc_us() / 1e6:.6f}"
        if frame.error:
            self._writer.write(f"< error {frame.id:03X} {at_s} >".encode())
            return
        number = f"{frame.id:08X}" if frame.extended else f"{frame.id:03X}"
        self._writer.write(f"< frame {number} {at_s} {frame.data.hex().upper()} >".encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer:
            self._writer.close()
        self._writer, self._raw = writer, False
        writer.write(b"< hi >")
        try:
            while True:
                line = await reader.readuntil(b">")
                writer.write(self._answer(line.decode("ascii", "replace").strip("<> \r\n").split()))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None

    def _answer(self, words: list[str]) -> bytes:
        match words:
            case ["open", name]:
                return b"< ok >" if name == _NAME else b"< error could not open bus >"
            case ["rawmode"]:
                self._raw = True
                return b"< ok >"
            case ["echo"]:
                return b"< echo >"
            case ["send", number, length, *octets]:
                return self._frame(number, length, octets)
        return b"< error unknown command >"

    def _frame(self, number: str, length: str, octets: list[str]) -> bytes:
        try:
            frame = Frame(int(number, 16), bytes(int(octet, 16) for octet in octets), len(number) == 8)
            fits = int(length, 16) == len(frame.data) <= 8
        except ValueError:
            fits = False
        if not fits:
            return b"< error unable to send frame >"
        if self._raw:
            self.on_frame(frame)
        return b""
