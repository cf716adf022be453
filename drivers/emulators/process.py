"""An emulator as a process of its own: arguments, a ready line, the wire, an end.

    python -m drivers.emulators.NAME --listen 127.0.0.1:0 --plant ADDRESS --defect ID --option key=value --seed N

prints one line of JSON, `{"ready": NAME, "address": ..., "resource": ...}`, when the wire is there; `resource` is what
a driver takes. SIGTERM ends it, and so does the death of its parent (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import pty
import signal
import tty
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from drivers.emulators.line import Answer, LineDevice
from harness.clock import Clock
from harness.lag import beat
from harness.plant.local import LocalPlant
from harness.plant.port import PlantPort
from harness.plant.wire import PlantClient

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What an emulator is built from."""

    plant: PlantPort
    defects: frozenset[str] = frozenset()
    options: Mapping[str, Any] | None = None
    seed: int = 1

    def option(self, name: str, default: Any) -> Any:
        return (self.options or {}).get(name, default)


Build = Callable[[Request], LineDevice]


def arguments(name: str, listen: str = "127.0.0.1:0") -> argparse.Namespace:
    """The command line that all emulators share; `listen` is where one waits if it is not told."""
    parser = argparse.ArgumentParser(prog=f"python -m drivers.emulators.{name}")
    parser.add_argument("--listen", default=listen, help="loopback host:port, or the word pty")
    parser.add_argument("--plant", default="", help="address of the plant; empty: a plant of its own")
    parser.add_argument("--defect", action="append", default=[], metavar="ID")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="value in YAML")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def options_of(chosen: argparse.Namespace) -> dict[str, Any]:
    pairs = (text.partition("=") for text in chosen.option)
    return {key: yaml.safe_load(value) for key, _, value in pairs}


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent dies; a parent that is already gone ends us at once."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)


def ready(name: str, **facts: Any) -> None:
    """The one line by which the starter knows that the wire is there; from then on it is told of every late beat."""
    print(json.dumps({"ready": name, **facts}), flush=True)
    _BEATING.add(asyncio.ensure_future(beat(_tell_late)))


_BEATING: set[asyncio.Future[None]] = set()


def _tell_late(due_s: float, late_s: float) -> None:
    """`due_s` is of the machine's monotonic clock, which the starter has too."""
    print(json.dumps({"late": {"due_s": round(due_s, 4), "late_s": round(late_s, 4)}}), flush=True)


def catch_end() -> asyncio.Event:
    """Set when the process is asked to end; call it before `ready`, so that no signal comes too early."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    return ended


async def until_terminated() -> None:
    """For a process that has nothing else to do."""
    await catch_end().wait()


def connect_plant(address: str, owner: str, clock: Clock) -> PlantPort:
    return PlantClient(address, owner) if address else LocalPlant(clock).port(owner)


def serve_lines(name: str, owner: str, build: Build, listen: str = "127.0.0.1:0") -> None:
    """Run a line device as this process; the whole of an emulator's `__main__`."""
    chosen = arguments(name, listen)
    die_with_parent()

    async def main() -> None:
        clock = Clock()
        plant = connect_plant(chosen.plant, owner, clock)
        device = build(Request(plant, frozenset(chosen.defect), options_of(chosen), chosen.seed))
        shell = PtyShell(device, clock) if chosen.listen == "pty" else TcpShell(device, clock)
        address, resource = await shell.start(chosen.listen)
        ended = catch_end()
        ready(name, address=address, resource=resource)
        await ended.wait()

    asyncio.run(main())


class LineShell:
    """Feeds a device with lines and time; one connection at a time is served, as by an instrument."""

    def __init__(self, device: LineDevice, clock: Clock) -> None:
        self.device = device
        self.clock = clock
        self._buffer = b""
        self._write: Callable[[bytes], None] | None = None
        self._end: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def attach(self, write: Callable[[bytes], None], end: Callable[[], None]) -> None:
        self._buffer, self._write, self._end = b"", write, end
        self._arm()

    def detach(self) -> None:
        self._write = None
        for task in self._tasks:
            task.cancel()
        self.device.disconnected(self.clock.now_s())

    def feed(self, data: bytes) -> None:
        self._buffer += data
        terminator = self.device.terminator.encode()
        while terminator in self._buffer:
            line, _, self._buffer = self._buffer.partition(terminator)
            self._say(self.device.receive(line.decode("ascii", "replace").strip("\r"), self.clock.now_s()))
        self._arm()

    def _say(self, answers: list[Answer]) -> None:
        for answer in answers:
            if answer.after_s:
                task = asyncio.create_task(self._later(answer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self._now(answer)

    async def _later(self, answer: Answer) -> None:
        await self.clock.sleep(answer.after_s)
        self._now(answer)

    def _now(self, answer: Answer) -> None:
        if self._write and answer.text:
            self._write((answer.text + self.device.terminator).encode("latin-1"))
        if answer.ends:
            self._end()

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        due_s = self.device.due_s()
        if due_s is not None:
            delay_s = max(due_s - self.clock.now_s(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._say(self.device.tick(self.clock.now_s()))
        self._arm()


class TcpShell(LineShell):
    """A raw socket instrument; a second connection takes the place of the first."""

    async def start(self, listen: str) -> tuple[str, str]:
        """Listen; the address and the VISA resource for it."""
        host, _, port = listen.rpartition(":")
        self._server = await asyncio.start_server(self._serve, host or "127.0.0.1", int(port))
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}", f"TCPIP::{host}::{port}::SOCKET"

    async def stop(self) -> None:
        self._server.close()
        self._end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._end()
        self.attach(writer.write, writer.close)
        mine = self._write
        try:
            while data := await reader.read(65536):
                self.feed(data)
        except ConnectionError:
            pass
        finally:
            if self._write == mine:
                self.detach()
            writer.close()


class PtyShell(LineShell):
    """A serial line: a pseudo terminal in raw mode whose far end is the resource."""

    async def start(self, _listen: str = "pty") -> tuple[str, str]:
        """Open the pair; its path twice, as address and as resource."""
        self._master, self._slave = pty.openpty()  # our own handle on the slave keeps it alive between drivers
        for end in (self._master, self._slave):
            tty.setraw(end)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self.attach(self._send, self.close)
        path = os.ttyname(self._slave)
        return path, path

    def close(self) -> None:
        """As if the plug were pulled: the path dies under its reader."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._slave)
            os.close(self._master)
            self._master = -1
            self.detach()

    async def stop(self) -> None:
        self.close()

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: a serial line loses what nobody takes
            os.write(self._master, data)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                self.feed(os.read(self._master, 4096))
            except OSError:
                self.close()
