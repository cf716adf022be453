"""The far end of drivers/rfid/card_presenter.py."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.line import Answer, BoxCommands, LineDevice, box_answer, wire_defects
from drivers.emulators.process import Request, serve_lines

_ROLE, _CONTRACT = "rfid", "tests/drivers/test_contract_boxes.py"
DEFECTS = (
    *wire_defects(_ROLE, "card", "rfid", _CONTRACT),
    Defect("card-stuck", _ROLE, "rfid", "our default", "the card stays before the reader", _CONTRACT),
)


class CardPresenter(LineDevice):
    """`shown` is what a reader would see; `history` all cards in order."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.plant = request.plant
        self.serial = str(request.option("serial", "CRD-0001"))
        self.shown = "-"
        self.history: list[str] = []
        self._commands: BoxCommands = {
            "ID?": lambda _, __: f"CARDBOX,CRD1,{self.serial},1.0",
            "PRESENT": lambda words, _: self._present(words[0]),
            "REMOVE": lambda _, __: self._remove(),
            "READ?": lambda _, __: self.shown,
            "SAFE": lambda _, __: self._remove(),
        }

    def handle(self, line: str, now_s: float) -> list[Answer]:
        return [box_answer(self._commands, line, now_s)]

    def _present(self, uid: str) -> str:
        self.shown = bytes.fromhex(uid).hex().upper()
        self.history.append(self.shown)
        self.plant.command(card=self.shown)
        return ""

    def _remove(self) -> str:
        if not self.has("stuck"):
            self.shown = "-"
            self.plant.command(card="")
        return ""


build: Callable[[Request], CardPresenter] = CardPresenter
OWNER = "reader"
LISTEN = "pty"

if __name__ == "__main__":
    serve_lines("card_presenter", OWNER, build, listen=LISTEN)
