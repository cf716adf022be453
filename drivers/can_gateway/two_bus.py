"""The harness on both buses of a gateway: it plays the nodes of both platforms and hears what the gateway makes of it.

Any gateway with two buses, databases and a mapping table is a device under test. Resource: `a=INTERFACE:CHANNEL;b=...`
with python-can's interface names, as `a=socketcan:can0;b=slcan:/dev/ttyACM1` (an emulated gateway names
`slcan:socket://host:port`); a bus that socketcand serves is `socketcand:NAME@HOST:PORT`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pydantic
from cantools.database.can import Message

from drivers.can.e2e import protect
from drivers.can.mapping import Mapping, decode, encode, load_mapping
from drivers.can.ports import CanPort, Frame, MemoryBuses, MemoryCanPort, PythonCanPort
from drivers.errors import ConfigError, InstrumentError, InstrumentLost, InstrumentTimeout
from drivers.roles import Identity
from drivers.wire import Connection, Options

OnBusFrame = Callable[[str, Frame, str, bool], None]
Fault = Literal["crc", "stuck-counter", "wrong-id", "short"]

_MOST_KEPT = 20_000


class TwoBusOptions(Options):
    mapping: str
    """Path of the mapping table; its databases lie beside it."""
    bitrate: int = 500_000
    settings: dict[str, Any] = pydantic.Field(default_factory=dict)
    """Further arguments of python-can's Bus, the same for all buses."""
    log: Literal["blf", "asc", ""] = "blf"
    """Format of the frame log in the evidence; empty: none."""
    default_cycle_s: float = 0.1
    """For messages whose database gives no cycle time."""
    shorts: dict[str, int] = pydantic.Field(default_factory=dict)
    """Contact of the relay box that joins CAN-H and CAN-L of a bus: how cases bring a gateway to bus-off."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame received from the gateway, by the run clock; `number` counts all frames of its bus."""

    number: int
    at_s: float
    frame: Frame


@dataclass
class Sending:
    """One cyclic message of ours; `sent_s` holds the latest send times, from which jitter is measured."""

    message: Message
    cycle_s: float
    data_id: int | None
    data: bytes
    counter: int = 0
    fault: Fault | None = None
    sent_s: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))

    def frame(self) -> Frame:
        data = self.data
        if self.data_id is not None:
            data = protect(data, self.data_id ^ (0x5A if self.fault == "wrong-id" else 0), self.counter)
            if self.fault != "stuck-counter":
                self.counter += 1
        if self.fault == "crc":
            data = bytes([data[0] ^ 0xFF]) + data[1:]
        if self.fault == "short":
            data = data[:-1]
        return Frame(self.message.frame_id, data, self.message.is_extended_frame)


class TwoBusGateway:
    """Cyclic sending, receiving and collecting by the databases' names."""

    def __init__(self, connection: Connection, on_frame: OnBusFrame | None = None) -> None:
        self.connection = connection
        self.role = connection.role
        self.clock = connection.clock
        self.on_frame = on_frame
        self.options = connection.options_as(TwoBusOptions)
        self.mapping: Mapping = load_mapping(Path(self.options.mapping))
        self.heard: dict[str, deque[Heard]] = {bus: deque(maxlen=_MOST_KEPT) for bus in self.mapping.databases}
        self.ports: dict[str, CanPort] = self._ports()
        self.sending: dict[tuple[str, str], Sending] = {}
        self.shorted: set[str] = set()
        """Buses that a case has made useless on purpose: what cannot be sent there is lost, and nobody's fault."""
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._arrived: dict[str, asyncio.Event] = {bus: asyncio.Event() for bus in self.mapping.databases}

    def _ports(self) -> dict[str, CanPort]:
        if self.connection.far_end is not None:
            buses = MemoryBuses(self.connection.far_end, self.clock)
            return {bus: MemoryCanPort(buses, bus) for bus in self.mapping.databases}
        ports: dict[str, CanPort] = {}
        for part in self.connection.resource.split(";"):
            bus, _, place = part.partition("=")
            interface, _, channel = place.partition(":")
            if bus not in self.mapping.databases or not channel:
                raise ConfigError(
                    f"{self.role}: resource {self.connection.resource!r} should read BUS=INTERFACE:CHANNEL;... with "
                    f"the mapping's buses {', '.join(self.mapping.databases)}"
                )
            settings = _settings(interface, channel, self.options.bitrate)
            ports[bus] = PythonCanPort(self.role, settings | self.options.settings)
        return ports

    async def open(self) -> None:
        for bus, port in self.ports.items():
            await port.open(lambda frame, bus=bus: self._hear(bus, frame))  # type: ignore[misc]

    async def close(self) -> None:
        await self.quiet()
        for port in self.ports.values():
            await port.close()

    async def identity(self) -> Identity:
        """A gateway under test says nothing about itself: maker and model come from the lab file."""
        return Identity("", "two-bus gateway", "", "")

    async def make_safe(self) -> None:
        """Nothing of ours is sent any more: a gateway that works falls back to its substitutes."""
        await self.quiet()

    async def quiet(self) -> None:
        """Stop all cyclic sending."""
        for bus, message in list(self._tasks):
            await self.stop_sending(bus, message)

    async def send(self, bus: str, message: str, signals: dict[str, float]) -> None:
        """Send a message cyclically from now on, or change its signals (physical values)."""
        key = (bus, message)
        description = self.mapping.message(bus, message)
        data = encode(description, signals)
        if key in self._tasks and not self._tasks[key].done():
            self.sending[key].data = data
            return
        cycle_s = (description.cycle_time or 0) / 1000 or self.options.default_cycle_s
        self.sending[key] = Sending(description, cycle_s, self.mapping.data_id(bus, message), data)
        self._tasks[key] = asyncio.create_task(self._send_for_ever(bus, self.sending[key]), name=f"can {bus} {message}")
        await asyncio.sleep(0)

    def spoil(self, bus: str, message: str, fault: Fault | None) -> None:
        """Send a message with a fault from now on; None mends it."""
        self.sending[bus, message].fault = fault

    async def send_raw(self, bus: str, frame: Frame) -> None:
        """One frame as it stands, once."""
        await self._send(bus, frame)

    async def stop_sending(self, bus: str, message: str) -> None:
        task = self._tasks.pop((bus, message), None)
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, InstrumentError):
                await task

    async def receive(self, bus: str, message: str, within_s: float) -> dict[str, float]:
        """The next message of that name, decoded to physical values; raises InstrumentTimeout (a TimeoutError)."""
        heard = await self.receive_frame(bus, message, within_s)
        return decode(self.mapping.message(bus, message), heard.frame.data)

    async def receive_frame(self, bus: str, message: str, within_s: float) -> Heard:
        """As `receive`, with time and octets."""
        frame_id = self.mapping.message(bus, message).frame_id
        until_s = self.clock.now_s() + within_s
        seen = self._latest(bus)
        while True:
            self._arrived[bus].clear()
            for heard in reversed(self.heard[bus]):
                if heard.number <= seen:
                    break
                if heard.frame.id == frame_id and not heard.frame.error:
                    return heard
            seen = self._latest(bus)
            left_s = until_s - self.clock.now_s()
            self._raise_lost()
            if left_s <= 0:
                raise InstrumentTimeout(self.role, f"no {message} on bus {bus} within {within_s} s")
            with contextlib.suppress(TimeoutError):
                await self.clock.wait(self._arrived[bus].wait(), left_s)

    def since(self, bus: str, from_s: float, message: str | None = None) -> list[Heard]:
        """What came from the gateway since a time, of one message or of all; no error frames."""
        frame_id = self.mapping.message(bus, message).frame_id if message else None
        return [heard for heard in self._heard_since(bus, from_s, False) if frame_id in (None, heard.frame.id)]

    def errors_since(self, bus: str, from_s: float) -> list[Heard]:
        """Error frames on a bus since a time; none where the interface tells none (`CanPort.tells_errors`)."""
        return self._heard_since(bus, from_s, True)

    def _heard_since(self, bus: str, from_s: float, error: bool) -> list[Heard]:
        return [heard for heard in self.heard[bus] if heard.at_s >= from_s and heard.frame.error is error]

    def _latest(self, bus: str) -> int:
        return self.heard[bus][-1].number if self.heard[bus] else 0

    def _raise_lost(self) -> None:
        """A cyclic sender that died has lost its bus."""
        for task in self._tasks.values():
            if task.done() and not task.cancelled() and (problem := task.exception()):
                raise problem

    async def _send_for_ever(self, bus: str, sending: Sending) -> None:
        next_s = self.clock.now_s()
        while True:
            sending.sent_s.append(self.clock.now_s())
            await self._send(bus, sending.frame())
            next_s += sending.cycle_s
            delay_s = next_s - self.clock.now_s()
            if delay_s < 0:  # the machine stalled: no burst to catch up, a real node would not either
                next_s, delay_s = self.clock.now_s(), 0.0
            await self.clock.sleep(delay_s)

    async def _send(self, bus: str, frame: Frame) -> None:
        try:
            await self.ports[bus].send(frame)
        except InstrumentLost:
            if bus not in self.shorted:
                raise
        else:
            self._tell(bus, frame, True)

    def _hear(self, bus: str, frame: Frame) -> None:
        self.heard[bus].append(Heard(self._latest(bus) + 1, self.clock.now_s(), frame))
        self._tell(bus, frame, False)
        self._arrived[bus].set()

    def _tell(self, bus: str, frame: Frame, sent: bool) -> None:
        if self.on_frame:
            try:
                name = self.mapping.databases[bus].get_message_by_frame_id(frame.id).name
            except KeyError:
                name = ""
            self.on_frame(bus, frame, name, sent)


def _settings(interface: str, channel: str, bitrate: int) -> dict[str, Any]:
    """Arguments of python-can's Bus for a place in the resource; raises ConfigError for a socketcand without its host."""
    if interface == "socketcand":
        name, _, place = channel.partition("@")
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal():
            raise ConfigError(
                f"socketcand:{channel} should read socketcand:NAME@HOST:PORT, as socketcand:can0@192.0.2.9:29536"
            )
        return {"interface": interface, "channel": name, "host": host, "port": int(port)}
    settings: dict[str, Any] = {"interface": interface, "channel": channel, "bitrate": bitrate}
    return settings | ({"sleep_after_open": 0.0} if interface == "slcan" else {})


Driver = TwoBusGateway
