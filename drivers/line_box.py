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
        answer = None
        await self.wire.write(line)
        try:
            answer = await self.wire.read(self.options.answer_s)
        except InstrumentTimeout:
            await self.wire.clear()  # a late answer must not be taken for the next one's
            raise InstrumentTimeout(self.role, f"{line}: no answer within {self.options.answer_s} s") from None
        finally:
            self.connection.on_exchange(line, answer)
        return answer
