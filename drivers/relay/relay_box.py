"""A box of relays or contactors on a serial line, with mirror contacts.

Line protocol (as drivers/line_box.py; kind RELAYBOX): `CLOSE n`, `OPEN n`, `READ?` -> `OK 0110...` (mirror contacts, relay
1 first, 1 closed), `SAFE` opens all. The protocol is the project's own.
"""

from __future__ import annotations

from drivers.errors import InstrumentGarbage, SafetyError
from drivers.line_box import LineBox


class RelayBox(LineBox):
    kind = "RELAYBOX"

    async def close_contact(self, number: int) -> None:
        """Close relay `number` (from 1) and prove it by its mirror contact; raises SafetyError."""
        await self._switch("CLOSE", number, True)

    async def open_contact(self, number: int) -> None:
        """Open relay `number` and prove it; a welded contact raises SafetyError."""
        await self._switch("OPEN", number, False)

    async def contacts(self) -> tuple[bool, ...]:
        """What the mirror contacts say, relay 1 first; True is closed."""
        answer = await self.ask("READ?")
        if not answer or set(answer) - set("01"):
            raise InstrumentGarbage(self.role, f"READ? cannot be understood: {answer!r}")
        return tuple(mark == "1" for mark in answer)

    async def make_safe(self) -> None:
        """All open, proved by the mirror contacts."""
        await self.ask("SAFE")
        closed = [str(number) for number, is_closed in enumerate(await self.contacts(), 1) if is_closed]
        if closed:
            raise SafetyError(f"{self.role}: contact {', '.join(closed)} stays closed (welded?); switch off upstream")

    async def _switch(self, word: str, number: int, closed: bool) -> None:
        await self.ask(f"{word} {number}")
        if (await self.contacts())[number - 1] != closed:
            raise SafetyError(
                f"{self.role}: contact {number} did not follow {word}; switch off upstream and look at it"
            )


Driver = RelayBox
