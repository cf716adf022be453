"""The far end of drivers/relay/relay_box.py: eight contactors with mirror contacts."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.line import Answer, BoxCommands, LineDevice, box_answer, wire_defects
from drivers.emulators.process import Request, serve_lines

_ROLE, _CONTRACT = "relay", "tests/drivers/test_contract_boxes.py"
DEFECTS = (
    *wire_defects(_ROLE, "relay", "relay", _CONTRACT),
    Defect("relay-welded", _ROLE, "relay", "our default", "contact 1 stays closed once it was closed", _CONTRACT),
)


class RelayBox(LineDevice):
    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.serial = str(request.option("serial", "RLB-0003"))
        self.plant = request.plant
        self.closed = [False] * int(request.option("contacts", 8))
        self._commands: BoxCommands = {
            "ID?": lambda _, __: f"RELAYBOX,RLB8,{self.serial},1.1",
            "CLOSE": lambda words, _: self._switch(int(words[0]), True),
            "OPEN": lambda words, _: self._switch(int(words[0]), False),
            "READ?": lambda _, __: self._marks(),
            "SAFE": lambda _, __: self._safe(),
        }

    def handle(self, line: str, now_s: float) -> list[Answer]:
        return [box_answer(self._commands, line, now_s)]

    def _switch(self, number: int, closed: bool) -> str:
        if not 1 <= number <= len(self.closed):
            raise ValueError(f"contacts are 1 to {len(self.closed)}")
        welded = self.has("welded") and number == 1 and self.closed[0]
        self.closed[number - 1] = closed or welded
        self.plant.command(closed=self._marks())
        return ""

    def _marks(self) -> str:
        return "".join(str(int(one)) for one in self.closed)

    def _safe(self) -> str:
        for number in range(1, len(self.closed) + 1):
            self._switch(number, False)
        return ""


build: Callable[[Request], RelayBox] = RelayBox
OWNER = "relay"
LISTEN = "pty"

if __name__ == "__main__":
    serve_lines("relay_box", OWNER, build, listen=LISTEN)
