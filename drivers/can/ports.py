"""How the driver sits on a bus: through any python-can interface, or beside the emulated gateway in memory."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import can

from drivers.errors import InstrumentLost
from harness.clock import Clock


@dataclass(frozen=True, slots=True)
class Frame:
    """A classic CAN data frame, or an error frame."""

    id: int
    data: bytes = b""
    extended: bool = False
    error: bool = False


OnFrame = Callable[[Frame], None]


_UNTOLD = frozenset({"slcan"})
"""Interfaces through which python-can tells no error frames (read in its source)."""

ERROR_CLASSES = {
    0x001: "transmit timeout",
    0x002: "lost arbitration",
    0x004: "controller problem",
    0x008: "protocol violation",
    0x010: "transceiver",
    0x020: "no acknowledgement",
    0x040: "bus off",
    0x080: "bus error",
    0x100: "restarted",
}
"""Bits of an error frame's identifier as Linux counts them (its header can/error.h)."""


def error_words(frame: Frame) -> list[str]:
    """What an error frame says."""
    return [word for bit, word in ERROR_CLASSES.items() if frame.id & bit]


class CanPort(Protocol):
    tells_errors: bool
    """Whether error frames of the bus reach us."""

    async def open(self, on_frame: OnFrame) -> None: ...
    async def send(self, frame: Frame) -> None: ...
    async def close(self) -> None: ...


class PythonCanPort:
    """A python-can bus; a thread receives. `settings` are python-can's own: interface, channel, bitrate and so on."""

    def __init__(self, role: str, settings: dict[str, Any]) -> None:
        self.role, self.settings = role, settings
        self.tells_errors = settings.get("interface") not in _UNTOLD
        self._bus: Any = None
        self._lost = ""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    async def open(self, on_frame: OnFrame) -> None:
        try:
            self._bus = await asyncio.to_thread(lambda: can.Bus(**self.settings))
        except (can.CanError, OSError, ValueError) as problem:
            raise InstrumentLost(self.role, f"{self.settings}: {problem}; check interface and channel") from None
        self._lost = ""
        self._ended.clear()
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._receive, args=(loop, on_frame), name=f"can-{self.settings.get('channel')}", daemon=True
        )
        self._thread.start()

    async def send(self, frame: Frame) -> None:
        if self._bus is None or self._lost:
            raise InstrumentLost(self.role, self._lost or "the bus is not open")
        message = can.Message(arbitration_id=frame.id, data=frame.data, is_extended_id=frame.extended)
        try:
            self._bus.send(message, timeout=0.2)
        except (can.CanError, OSError) as problem:
            raise InstrumentLost(self.role, f"{self.settings.get('channel')}: {problem}") from None

    async def close(self) -> None:
        self._ended.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join, 1.0)
        bus, self._bus = self._bus, None
        if bus is not None:
            with contextlib.suppress(can.CanError, OSError):
                bus.shutdown()

    def _receive(self, loop: asyncio.AbstractEventLoop, on_frame: OnFrame) -> None:
        while not self._ended.is_set():
            try:
                message = self._bus.recv(0.1)
            except (can.CanError, OSError, TypeError) as problem:
                self._lost = f"{self.settings.get('channel')}: {problem or 'the bus is gone'}"
                return
            if message is None:
                continue
            data = Frame(message.arbitration_id, bytes(message.data), message.is_extended_id, message.is_error_frame)
            with contextlib.suppress(RuntimeError):  # the loop has ended between two frames
                loop.call_soon_threadsafe(on_frame, data)


class GatewayFarEnd(Protocol):
    """The emulated gateway as seen in memory (drivers/emulators/can_gateway.py)."""

    def receive(self, bus: str, frame: Frame, now_s: float) -> list[tuple[str, Frame]]: ...
    def due_s(self) -> float | None: ...
    def tick(self, now_s: float) -> list[tuple[str, Frame]]: ...


class MemoryBuses:
    """All buses of an emulated gateway inside one event loop; what is due is run by the loop's timer."""

    def __init__(self, gateway: GatewayFarEnd, clock: Clock) -> None:
        self.gateway, self.clock = gateway, clock
        self.listeners: dict[str, OnFrame] = {}
        self._timer: asyncio.TimerHandle | None = None

    def send(self, bus: str, frame: Frame) -> None:
        self._deliver(self.gateway.receive(bus, frame, self.clock.now_s()))

    def detach(self, bus: str) -> None:
        self.listeners.pop(bus, None)
        if not self.listeners and self._timer:
            self._timer.cancel()
            self._timer = None

    def _deliver(self, frames: list[tuple[str, Frame]]) -> None:
        for bus, frame in frames:
            if listener := self.listeners.get(bus):
                listener(frame)
        due_s = self.gateway.due_s()
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if due_s is not None and self.listeners:
            delay_s = max(due_s - self.clock.now_s(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._run)

    def _run(self) -> None:
        self._timer = None
        self._deliver(self.gateway.tick(self.clock.now_s()))


class MemoryCanPort:
    tells_errors = True

    def __init__(self, buses: MemoryBuses, bus: str) -> None:
        self.buses, self.bus = buses, bus

    async def open(self, on_frame: OnFrame) -> None:
        self.buses.listeners[self.bus] = on_frame

    async def send(self, frame: Frame) -> None:
        self.buses.send(self.bus, frame)

    async def close(self) -> None:
        self.buses.detach(self.bus)
