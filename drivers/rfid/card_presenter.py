"""A presenter that holds an RFID card before a station's reader, or takes it away.

Line protocol (as drivers/line_box.py; kind CARDBOX): `PRESENT uid` (hex digits), `REMOVE`, `READ?` -> `OK uid` or `OK -`,
`SAFE` takes the card away. The protocol is the project's own.
"""

from __future__ import annotations

import re

from drivers.errors import SafetyError
from drivers.line_box import LineBox

_UID = re.compile(r"(?:[0-9A-Fa-f]{2}){4,10}")


class CardPresenter(LineBox):
    kind = "CARDBOX"

    async def present(self, uid: str, for_s: float = 1.0) -> None:
        """Hold a card (UID of 4 to 10 octets in hex) to the reader for a time; raises ValueError for another UID."""
        if not _UID.fullmatch(uid):
            raise ValueError(f"card UID {uid!r}: 4 to 10 octets in hex")
        await self.ask(f"PRESENT {uid.upper()}")
        await self.clock.sleep(for_s)
        await self.ask("REMOVE")

    async def shown(self) -> str | None:
        """The UID that is held to the reader now."""
        answer = await self.ask("READ?")
        return None if answer == "-" else answer

    async def make_safe(self) -> None:
        """No card before the reader."""
        await self.ask("SAFE")
        if uid := await self.shown():
            raise SafetyError(f"{self.role}: card {uid} is still before the reader; take it away by hand")


Driver = CardPresenter
