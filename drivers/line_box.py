"""Base of the project's own boxes on a serial line: one line out, one line in, one lock.

A box answers every line with one line, `OK ...` or `ERR code text`; `ID?` gives `OK KIND,model,serial,firmware`.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from drivers.errors import InstrumentError, InstrumentGarbage, InstrumentTimeout
from drivers.roles import Identity
from drivers.wire import Connection, Options, serial_wire


class BoxOptions(Options):
    baud: int = 115200
    answer_s: float = 1.0


class LineBox:
    """Open, identify, ask. Subclasses name their `kind` and their commands."""

    kind: ClassVar[str]

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.role = connection.role
        self.clock = connection.clock
        self.options = connection.options_as(BoxOptions)
        self.wire = serial_wire(connection, self.options.baud)
        self._lock = asyncio.Lock()
        self._out_of_step = False
        """An answer may still be on its way that belongs to an earlier command."""

    async def open(self) -> None:
        await self.wire.open()
        await self.wire.clear()

    async def close(self) -> None:
        await self.wire.close()

    async def identity(self) -> Identity:
        fields = (await self.ask("ID?")).split(",")
        if len(fields) != 4 or fields[0] != self.kind:
            raise InstrumentGarbage(self.role, f"ID? should begin with {self.kind}, it says {fields!r}")
        return Identity(*fields)

    async def ask(self, line: str) -> str:
        """What stands behind OK; raises InstrumentError for ERR, and the kinds of a broken line."""
        async with self._lock:
            answer = await self._transact(line)
        word, _, rest = answer.partition(" ")
        if word == "ERR":
            raise InstrumentError(self.role, f"{line}: {rest}")
        if word != "OK":
            raise InstrumentGarbage(self.role, f"{line}: {answer[:60]!r} is neither OK nor ERR")
        return rest

    async def _transact(self, line: str) -> str:
        if self._out_of_step:
            await self._fall_into_step()
        answer = None
        self._out_of_step = True  # until the answer is here, also when we are cancelled
        await self.wire.write(line)
        try:
            answer = await self.wire.read(self.options.answer_s)
            self._out_of_step = False
        except InstrumentTimeout:
            raise InstrumentTimeout(self.role, f"{line}: no answer within {self.options.answer_s} s") from None
        finally:
            self.connection.on_exchange(line, answer)
        return answer

    async def _fall_into_step(self) -> None:
        """Ask for the identity, which no other answer looks like, and throw away what comes before it."""
        await self.wire.clear()
        await self.wire.write("ID?")
        while not (await self.wire.read(self.options.answer_s)).startswith(f"OK {self.kind},"):
            pass
        self._out_of_step = False
