"""A slcan (Lawicel) CAN adapter on a loopback socket, as python-can's slcan interface expects it.

Commands: `Sn` bit rate, `O`/`L` open, `C` close, `tiiildd..` and `Tiiiiiiiildd..` frames, `V` version, `N` serial,
`F` status flags; CR ends each, the adapter acknowledges with CR or BEL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.can.ports import Frame
from harness.clock import Clock

_ACK, _ERROR = b"\r", b"\a"


class SlcanAdapter:
    """One adapter; `on_frame` gets what the host sends. A later host takes the place of an earlier one."""

    def __init__(self, on_frame: Callable[[Frame], None], _clock: Clock) -> None:
        self.on_frame = on_frame
        self._writer: asyncio.StreamWriter | None = None
        self._is_open = False
        self._server: asyncio.Server | None = None

    async def start(self, host: str) -> str:
        """Listen; interface and channel as python-can calls them."""
        self._server = await asyncio.start_server(self._serve, host, 0)
        return "slcan:socket://{}:{}".format(*self._server.sockets[0].getsockname()[:2])

    async def stop(self) -> None:
        if self._writer:
            self._writer.close()
        if self._server:
            self._server.close()

    def send(self, frame: Frame) -> None:
        """A frame from the bus to the host; lost while the channel is closed, as on the real adapter."""
        if frame.error:
            return  # the language has a status flag for them, and python-can does not ask for it
        if self._writer and self._is_open and not self._writer.is_closing():
            head = f"T{frame.id:08X}" if frame.extended else f"t{frame.id:03X}"
            self._writer.write(f"{head}{len(frame.data)}{frame.data.hex().upper()}\r".encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer:
            self._writer.close()
        self._writer, self._is_open = writer, False
        try:
            while True:
                line = await reader.readuntil(b"\r")
                writer.write(self._answer(line[:-1].decode("ascii", "replace")))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None

    def _answer(self, line: str) -> bytes:
        if not line:
            return _ACK
        if line[0] in "tT":
            return self._frame(line)
        if line[0] in "OL":
            self._is_open = True
        elif line[0] == "C":
            self._is_open = False
        elif line[0] not in "SsYZ":
            return {"V": b"V1013\r", "N": b"NPF01\r", "F": b"F00\r"}.get(line[0], _ERROR)
        return _ACK

    def _frame(self, line: str) -> bytes:
        digits = 3 if line[0] == "t" else 8
        try:
            frame_id, length = int(line[1 : 1 + digits], 16), int(line[1 + digits])
            data = bytes.fromhex(line[2 + digits :])
        except (ValueError, IndexError):
            return _ERROR
        if not self._is_open or length != len(data) or length > 8:
            return _ERROR
        self.on_frame(Frame(frame_id, data, line[0] == "T"))
        return _ACK
