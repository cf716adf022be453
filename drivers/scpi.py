"""Base of every SCPI instrument: one lock and one transaction for each.

A transaction writes, reads, then empties the instrument's error queue and raises what it finds; it is told to
`on_exchange` for the transcript. After a time-out the wire is cleared, so that a late answer is never taken for the
next one's.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

from drivers.errors import InstrumentError, InstrumentGarbage, InstrumentLost, InstrumentTimeout
from drivers.roles import Identity
from drivers.wire import Connection, Wire, visa_wire

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_UNIT = re.compile(r"\s*[A-Za-z%]*")
_MOST_ERRORS = 32


class ScpiInstrument:
    """Open, identify, command, query. Subclasses say what is particular to a product."""

    error_query: ClassVar[str] = "SYST:ERR?"
    """Empty: the instrument has no error queue."""
    no_value: ClassVar[Mapping[str, float | None]] = {}
    """Words (upper case) and numbers as text that stand for 'no value'."""
    no_value_above: ClassVar[float] = 9.9e37
    """SCPI's numbers for 'not a number' (9.91E+37) and infinity (9.9E+37)."""
    timeout_s: ClassVar[float] = 2.0
    terminator: ClassVar[str] = "\n"

    def __init__(self, connection: Connection, wire: Wire | None = None) -> None:
        self.connection = connection
        self.role = connection.role
        self.clock = connection.clock
        self.wire = wire or visa_wire(connection, self.terminator)
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None

    @property
    def errors_by(self) -> str:
        """The query of the error queue; empty where there is none."""
        return self.error_query

    @property
    def answer_s(self) -> float:
        """How long an answer may take."""
        return self.timeout_s

    async def open(self) -> None:
        """Connect, clear what an earlier user left, and bring the instrument into remote."""
        await self.wire.open()
        async with self.exclusive():
            await self._write("*CLS")
            await self.prepare()

    async def prepare(self) -> None:
        """Remote, answer format and the like; nothing that changes an output."""

    async def close(self) -> None:
        await self.wire.close()

    async def identity(self) -> Identity:
        """Maker, model, serial and firmware from `*IDN?`."""
        answer = await self.query("*IDN?")
        parts = [part.strip() for part in answer.split(",")]
        if len(parts) < 4 or not answer.isprintable():
            raise InstrumentGarbage(self.role, f"*IDN? should answer four fields with commas, it says {answer!r}")
        return Identity(*parts[:4])

    @contextlib.asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Several transactions that no other task may interrupt; may be nested."""
        me = asyncio.current_task()
        if self._holder is me and me is not None:
            yield
            return
        async with self._lock:
            self._holder = me
            try:
                yield
            finally:
                self._holder = None

    async def command(self, *commands: str) -> None:
        """Send commands that have no answer, then read the error queue once."""
        async with self.exclusive():
            for command in commands:
                await self._write(command)
                self.connection.on_exchange(command, None)
            await self._raise_errors(commands)

    async def query(self, command: str, within_s: float | None = None) -> str:
        """One question and its answer; raises InstrumentError for what stands in the error queue after it."""
        async with self.exclusive():
            answer = await self._ask(command, within_s or self.answer_s)
            await self._raise_errors((command,))
            return answer

    async def query_float(self, command: str) -> float | None:
        return self.parse(await self.query(command), command)

    async def query_floats(self, command: str, count: int, separator: str = ",") -> list[float | None]:
        """A list of numbers; raises InstrumentGarbage if there are not `count` of them."""
        answer = await self.query(command)
        parts = answer.split(separator)
        if len(parts) != count:
            raise InstrumentGarbage(self.role, f"{command}: expected {count} values, got {len(parts)}: {answer[:80]!r}")
        return [self.parse(part, command) for part in parts]

    def parse(self, text: str, command: str) -> float | None:
        """A number with or without a unit behind it; None for what the instrument says when it has no value."""
        text = text.strip()
        if text.upper() in self.no_value:
            return self.no_value[text.upper()]
        if text[-1:].isdigit() and "_" not in text:  # nearly always: a number without a unit
            with contextlib.suppress(ValueError):
                plain = float(text)
                return None if abs(plain) >= self.no_value_above else plain
        match = _NUMBER.match(text)
        if not match or not _UNIT.fullmatch(text, match.end()):
            raise InstrumentGarbage(self.role, f"{command}: {text[:80]!r} is not a number")
        value = float(match.group())
        return None if abs(value) >= self.no_value_above else value

    async def _ask(self, command: str, within_s: float) -> str:
        try:
            answer = await self.wire.ask(command, within_s)
        except InstrumentTimeout:
            self.connection.on_exchange(command, None)
            with contextlib.suppress(InstrumentError):
                await self.wire.clear()
            raise InstrumentTimeout(self.role, f"{command}: no answer within {within_s} s") from None
        except InstrumentLost:
            self.connection.on_exchange(command, None)
            raise
        self.connection.on_exchange(command, answer)
        return answer

    async def _write(self, command: str) -> None:
        await self.wire.write(command)

    async def _raise_errors(self, commands: tuple[str, ...]) -> None:
        if not self.errors_by:
            return
        found: list[str] = []
        for _ in range(_MOST_ERRORS):
            answer = await self._ask(self.errors_by, self.answer_s)
            number, _, _ = answer.partition(",")
            if not _NUMBER.fullmatch(number.strip()):
                raise InstrumentGarbage(self.role, f"{self.errors_by}: {answer[:80]!r} is no error entry")
            if float(number) == 0:
                break
            found.append(answer)
        if found:
            raise InstrumentError(self.role, f"{'; '.join(commands)}: {'; '.join(found)}")
