"""How a driver reaches a device that talks in lines: VISA, a serial port, or the emulator object itself.

Blocking libraries run in a thread of their own with a hard time limit, so that a hung instrument never hangs the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pydantic
import pyvisa
import serial

from drivers.errors import ConfigError, InstrumentLost, InstrumentTimeout
from harness.clock import Clock
from harness.complaints import explained
from harness.marked_yaml import Where

T = TypeVar("T")
OnExchange = Callable[[str, str | None], None]
OptionsModel = TypeVar("OptionsModel", bound="Options")

_MOST_UNREAD = 1000
"""Lines that an emulator in memory may have pushed before anybody reads; older ones are lost, as in a real buffer."""
_MARGIN_S = 0.5
"""Beyond the library's own time limit; then its thread is given up."""


class Answer(Protocol):
    """What an emulator says (drivers/emulators/line.py has the class)."""

    @property
    def text(self) -> str: ...
    @property
    def after_s(self) -> float: ...
    @property
    def ends(self) -> bool: ...


class FarEnd(Protocol):
    """An emulator as a driver in memory sees it."""

    def receive(self, line: str, now_s: float) -> list[Any]: ...
    def due_s(self) -> float | None: ...
    def tick(self, now_s: float) -> list[Any]: ...
    def disconnected(self, now_s: float) -> None: ...


class Options(pydantic.BaseModel):
    """Base of a driver's own settings in the lab file (`options:`); unknown keys are refused."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class OptionsError(ConfigError):
    """A driver's options are wrong; `problems` has each key, below `options`, and what is wrong with it."""

    def __init__(self, role: str, problems: Sequence[tuple[Where, str]]) -> None:
        lines = [f"{role}.options.{'.'.join(map(str, where))}: {why}" for where, why in problems]
        super().__init__("; ".join(lines))
        self.problems = tuple(problems)


def _ignore(command: str, reply: str | None) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Connection:
    """What every driver is made from. With `far_end` (an emulator object) nothing leaves the process."""

    role: str
    clock: Clock
    resource: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    on_exchange: OnExchange = _ignore
    """Called with each command and its reply, for the transcript."""
    far_end: Any = None

    def options_as(self, model: type[OptionsModel]) -> OptionsModel:
        """The options, validated; raises OptionsError that names key and complaint."""
        try:
            return model.model_validate(dict(self.options))
        except pydantic.ValidationError as refused:
            problems = [(tuple(one["loc"]), explained(one, model.model_fields)) for one in refused.errors()]
            raise OptionsError(self.role, problems) from None


class Wire(Protocol):
    """Lines out and in. Raises InstrumentTimeout and InstrumentLost."""

    async def open(self) -> None: ...
    async def write(self, line: str) -> None: ...
    async def read(self, within_s: float) -> str: ...
    async def ask(self, line: str, within_s: float) -> str:
        """Write a line and read its answer. If the caller is cancelled in between, no answer is left for the next one."""
        ...

    async def clear(self) -> None:
        """Throw away what has arrived unasked."""
        ...

    async def close(self) -> None: ...


class _Threaded:
    """Runs a blocking library in one thread of its own."""

    def __init__(self, role: str) -> None:
        self.role = role
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=role)
        self._stuck = False

    async def run(self, call: Callable[..., T], *values: Any, within_s: float) -> T:
        if self._stuck:
            raise InstrumentLost(self.role, "the connection is stuck in an earlier call; power-cycle it, then reopen")
        future = asyncio.get_running_loop().run_in_executor(self._thread, call, *values)
        try:
            async with asyncio.timeout(within_s + _MARGIN_S):
                return await future
        except TimeoutError as problem:
            if isinstance(problem, InstrumentTimeout):
                raise
            self._stuck = True
            raise InstrumentTimeout(
                self.role, f"no answer within {within_s + _MARGIN_S:.1f} s; check its cable"
            ) from None

    def end(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


_VISA_LOST = {
    pyvisa.constants.StatusCode.error_connection_lost,
    pyvisa.constants.StatusCode.error_io,
    pyvisa.constants.StatusCode.error_resource_not_found,
    pyvisa.constants.StatusCode.error_invalid_object,
}


class VisaWire:
    """Any VISA resource through pyvisa-py: raw sockets, VXI-11, USB, GPIB, serial."""

    def __init__(self, role: str, resource: str, terminator: str = "\n", open_s: float = 3.0) -> None:
        self.role, self.resource, self.terminator, self.open_s = role, resource, terminator, open_s
        self._threaded = _Threaded(role)
        self._session: Any = None

    async def open(self) -> None:
        self._threaded = _Threaded(self.role)
        await self._run(self._open, within_s=self.open_s)

    def _open(self) -> None:
        manager = pyvisa.ResourceManager("@py")
        self._session = manager.open_resource(
            self.resource,
            read_termination=self.terminator,
            write_termination=self.terminator,
            open_timeout=round(self.open_s * 1000),
        )

    async def write(self, line: str) -> None:
        await self._run(self._opened().write, line, within_s=self.open_s)

    async def read(self, within_s: float) -> str:
        return await self._run(self._read, within_s, within_s=within_s)

    async def ask(self, line: str, within_s: float) -> str:
        return await self._run(self._ask, line, within_s, within_s=self.open_s + within_s)

    def _ask(self, line: str, within_s: float) -> str:
        self._opened().write(line)
        return self._read(within_s)

    def _read(self, within_s: float) -> str:
        session, began_s = self._opened(), time.monotonic()
        self._look_for_end(session, within_s)
        left_s = within_s - (time.monotonic() - began_s)
        session.timeout = max(round(left_s * 1000), 1)
        raw: bytes = session.read_raw()
        if not raw:
            raise InstrumentLost(self.role, f"{self.resource} has closed the connection")
        return raw.decode("latin-1").rstrip("\r\n")

    def _look_for_end(self, session: Any, within_s: float) -> None:
        """Wait for the answer's begin. Raise if there is none, or if the far end has closed: pyvisa-py would take that for
        silence, and spin until its time-out."""
        inner = session.visalib.sessions.get(session.session)
        link = getattr(inner, "interface", None)
        if isinstance(link, socket.socket) and not getattr(inner, "_pending_buffer", b""):
            readable, _, _ = select.select([link], [], [], within_s)
            if not readable:
                raise InstrumentTimeout(self.role, f"{self.resource} does not answer within {within_s} s")
            if not link.recv(1, socket.MSG_PEEK):
                raise InstrumentLost(self.role, f"{self.resource} has closed the connection; is it switched on?")

    async def clear(self) -> None:
        for _ in range(1000):
            try:
                await self.read(0.01)
            except InstrumentTimeout:
                return

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(InstrumentLost, InstrumentTimeout):
                await self._run(session.close, within_s=self.open_s)
        self._threaded.end()

    def _opened(self) -> Any:
        if self._session is None:
            raise InstrumentLost(self.role, f"{self.resource} is not open")
        return self._session

    async def _run(self, call: Callable[..., T], *values: Any, within_s: float) -> T:
        try:
            return await self._threaded.run(call, *values, within_s=within_s)
        except pyvisa.errors.VisaIOError as problem:
            if problem.error_code == pyvisa.constants.StatusCode.error_timeout:
                raise InstrumentTimeout(self.role, f"{self.resource} does not answer within {within_s} s") from None
            raise InstrumentLost(self.role, f"{self.resource}: {problem.description}") from None
        except (OSError, pyvisa.errors.InvalidSession) as problem:
            if isinstance(problem, InstrumentLost | InstrumentTimeout):
                raise
            raise InstrumentLost(self.role, f"{self.resource}: {problem}; check power, cable and address") from None
        except ValueError as problem:
            raise ConfigError(
                f"{self.role}: {self.resource!r} is no VISA resource ({problem}); one looks like "
                "TCPIP::192.0.2.17::INSTR or TCPIP::192.0.2.17::5025::SOCKET"
            ) from None


class SerialWire:
    """A serial port through pyserial; a pty, a USB adapter, or `socket://host:port`."""

    def __init__(self, role: str, resource: str, baud: int = 115200, terminator: str = "\n") -> None:
        self.role, self.resource, self.baud, self.terminator = role, resource, baud, terminator.encode()
        self._threaded = _Threaded(role)
        self._port: Any = None
        self._buffer = b""

    async def open(self) -> None:
        self._threaded = _Threaded(self.role)
        self._buffer = b""
        await self._run(self._open, within_s=3.0)

    def _open(self) -> None:
        self._port = serial.serial_for_url(self.resource, baudrate=self.baud, timeout=0.05, write_timeout=1.0)

    async def write(self, line: str) -> None:
        await self._run(self._opened().write, line.encode("ascii") + self.terminator, within_s=1.0)

    async def read(self, within_s: float) -> str:
        return await self._run(self._read, within_s, within_s=within_s)

    async def ask(self, line: str, within_s: float) -> str:
        return await self._run(self._ask, line, within_s, within_s=1.0 + within_s)

    def _ask(self, line: str, within_s: float) -> str:
        self._opened().write(line.encode("ascii") + self.terminator)
        return self._read(within_s)

    def _read(self, within_s: float) -> str:
        port = self._opened()
        rounds = max(round(within_s / 0.05), 1)
        while self.terminator not in self._buffer:
            arrived = port.read(max(port.in_waiting, 1))
            self._buffer += arrived
            rounds -= not arrived
            if rounds < 0:
                raise InstrumentTimeout(self.role, f"{self.resource} does not answer within {within_s} s")
        line, _, self._buffer = self._buffer.partition(self.terminator)
        return line.decode("latin-1").rstrip("\r")

    async def clear(self) -> None:
        self._buffer = b""
        await self._run(self._opened().reset_input_buffer, within_s=1.0)

    async def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(InstrumentLost, InstrumentTimeout):
                await self._run(port.close, within_s=1.0)
        self._threaded.end()

    def _opened(self) -> Any:
        if self._port is None:
            raise InstrumentLost(self.role, f"{self.resource} is not open")
        return self._port

    async def _run(self, call: Callable[..., T], *values: Any, within_s: float) -> T:
        try:
            return await self._threaded.run(call, *values, within_s=within_s)
        except (serial.SerialException, OSError, TypeError) as problem:  # pyserial raises TypeError after a lost fd
            if isinstance(problem, InstrumentLost | InstrumentTimeout):
                raise
            raise InstrumentLost(self.role, f"{self.resource}: {problem}; is it plugged in?") from None


class MemoryWire:
    """The emulator object at the other end, inside this event loop. What it does by itself it does in time."""

    def __init__(self, role: str, device: FarEnd, clock: Clock) -> None:
        self.role, self.device, self.clock = role, device, clock
        self._inbox: deque[tuple[float, Answer]] = deque(maxlen=_MOST_UNREAD)
        self._open = False
        self._timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        self._inbox.clear()
        self._open = True

    async def write(self, line: str) -> None:
        if not self._open:
            raise InstrumentLost(self.role, "the connection is not open")
        now_s = self.clock.now_s()
        self._run_device(now_s)
        self._take(self.device.receive(line, now_s), now_s)
        self._arm()

    async def read(self, within_s: float) -> str:
        until_s = self.clock.now_s() + within_s
        while True:
            now_s = self.clock.now_s()
            self._run_device(now_s)
            if self._inbox and self._inbox[0][0] <= now_s + 1e-9:
                answer = self._inbox.popleft()[1]
                if answer.ends:
                    self._open = False
                    self._inbox.clear()
                    raise InstrumentLost(self.role, "the far end has closed the connection")
                return answer.text
            if now_s >= until_s - 1e-9:
                raise InstrumentTimeout(self.role, f"no answer within {within_s} s")
            if not self._open:
                raise InstrumentLost(self.role, "the connection is not open")
            await self.clock.sleep(max(self._next_s(until_s) - now_s, 1e-4))

    async def ask(self, line: str, within_s: float) -> str:
        await self.write(line)
        try:
            return await self.read(within_s)
        except asyncio.CancelledError:
            self._inbox.clear()
            raise

    async def clear(self) -> None:
        self._run_device(self.clock.now_s())
        self._inbox.clear()

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._disarm()
            self.device.disconnected(self.clock.now_s())

    def _arm(self) -> None:
        """Wake the device when it wants to do something, whether anybody reads or not."""
        self._disarm()
        due_s = self.device.due_s()
        if due_s is not None and self._open:
            delay_s = max(due_s - self.clock.now_s(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        self._run_device(self.clock.now_s())
        self._arm()

    def _run_device(self, now_s: float) -> None:
        """Let the device do what was due up to now."""
        while (due_s := self.device.due_s()) is not None and due_s <= now_s + 1e-9:
            self._take(self.device.tick(due_s), due_s)

    def _take(self, answers: list[Any], at_s: float) -> None:
        self._inbox.extend((at_s + answer.after_s, answer) for answer in answers)

    def _next_s(self, until_s: float) -> float:
        due_s = self.device.due_s()
        times = [until_s] + ([due_s] if due_s is not None else [])
        times += [self._inbox[0][0]] if self._inbox else []
        return min(times)


def visa_wire(connection: Connection, terminator: str = "\n") -> Wire:
    """The wire of an instrument on VISA, or to its emulator in memory."""
    if connection.far_end is not None:
        return MemoryWire(connection.role, connection.far_end, connection.clock)
    return VisaWire(connection.role, connection.resource, terminator)


def serial_wire(connection: Connection, baud: int = 115200) -> Wire:
    """The wire of a box on a serial port, or to its emulator in memory."""
    if connection.far_end is not None:
        return MemoryWire(connection.role, connection.far_end, connection.clock)
    return SerialWire(connection.role, connection.resource, baud)
