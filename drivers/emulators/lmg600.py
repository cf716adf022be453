"""A ZES ZIMMER LMG600 far end: short and SCPI language on one link, continuous mode that pushes lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite

from drivers.emulators.analyser_core import ROLE, AnalyserCore, analyser_defects
from drivers.emulators.defects import Defect
from drivers.emulators.line import Answer, LineDevice
from drivers.emulators.process import Request, serve_lines

DEFECTS = (
    *analyser_defects("lmg"),
    Defect(
        "lmg-keeps-streaming",
        ROLE,
        "scpi",
        "open driver's notes",
        "an earlier continuous mode goes on pushing lines between query and answer",
        "tests/drivers/test_contract_power_analyser.py (must be survived)",
    ),
)
_NO_VALUE = 9.91e37
_QUANTITIES: dict[str, str] = {
    "utrms": "voltage_v",
    "udc": "voltage_v",
    "itrms": "current_a",
    "idc": "current_a",
    "p": "active_w",
    "q": "reactive_var",
    "s": "apparent_va",
    "pf": "power_factor",
    "fcyc": "frequency_hz",
    "huhd": "voltage_thd_percent",
    "hihd": "current_thd_percent",
}


class LMG600(LineDevice):
    """Every unit of a line is a command of the short language; queries of one line are answered in one line."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.core = AnalyserCore(request, self.active)
        self.serial = "00000000" if self.has("other-serial") else str(request.option("serial", "02110815"))
        self.language = "short"
        self.errors: list[str] = []
        self._action: list[str] = []
        self._next_push_s: float | None = None

    def handle(self, line: str, now_s: float) -> list[Answer]:
        if self.has("keeps-streaming") and self._next_push_s is None:
            self._action, self._next_push_s = ["utrms1?", "p1?"], now_s + self.core.update_s
        units = [unit.strip() for unit in line.split(";") if unit.strip()]
        if units and units[0].lower() == "actn":
            self._action = units[1:]
            return []
        answers = [answer for unit in units if (answer := self._unit(unit, now_s)) is not None]
        pushed = [Answer("2.316219E+02;1.000000E+00")] if self.has("keeps-streaming") and answers else []
        return [*pushed, Answer(";".join(answers))] if answers else []

    def due_s(self) -> float | None:
        return self._next_push_s

    def tick(self, now_s: float) -> list[Answer]:
        if self._next_push_s is None or now_s < self._next_push_s - 1e-9:
            return []
        self._next_push_s += self.core.update_s
        values = [self._unit(unit, now_s) or "" for unit in self._action]
        return [Answer(";".join(values))]

    def _unit(self, unit: str, now_s: float) -> str | None:
        word, _, value = unit.lower().partition(" ")
        if word == "*idn?":
            return f"ZES ZIMMER Electronic Systems GmbH,LMG671,{self.serial},10.013"
        if word in ("*opc?", "syst:err:all?", "cont"):
            return self._common(word, value, now_s)
        if word in ("tsnorm?", "durnorm?"):
            return self._window(word, now_s)
        if word.endswith("?"):
            return self._quantity(word[:-1], now_s)
        if word == "*zlang":
            self.language = value
        elif word == "cycl":
            self.core.update_s = float(value)
        elif match := re.fullmatch(r"([ui])(auto|rng)([1-7])", word):
            self._range(match.group(1), match.group(2), float(value))
        elif not re.fullmatch(r"isca[1-7]", word) and word not in ("*rst", "*cls", "frmt", "gtl", "inim"):
            self.errors.append(f'-113,"Undefined header;{word}"')
        return None

    def _window(self, word: str, now_s: float) -> str:
        """Windows end with a period of the signal: a little longer than the cycle (our default)."""
        if word == "durnorm?":
            return f"{self.core.update_s + 0.0001:.9f}"
        ended = datetime.fromtimestamp(int(now_s / self.core.update_s) * self.core.update_s, UTC)
        return f"{ended:%Y:%m:%dD%H:%M:%S.%f}000+0000"

    def _common(self, word: str, value: str, now_s: float) -> str | None:
        if word == "*opc?":
            return "1"
        if word == "cont":
            if not self.has("keeps-streaming"):
                self._next_push_s = now_s + self.core.update_s if value == "on" else None
            return None
        if self.language != "scpi":
            self.errors.append('-113,"Undefined header"')
            return None
        found, self.errors = self.errors, []
        return ",".join(found) or '0,"No error"'

    def _range(self, letter: str, kind: str, value: float) -> None:
        name, highest = ("range_v", 1000.0) if letter == "u" else ("range_a", 50.0)
        if kind == "rng" and not 0 < value <= highest:
            self.errors.append('-222,"Data out of range"')
        elif kind == "rng" or value:
            setattr(self.core, name, value if kind == "rng" else {"u": 600.0, "i": 50.0}[letter])
            self.core.forget()

    def _quantity(self, name: str, now_s: float) -> str | None:
        match = re.fullmatch(r"([a-z]+)([1-4])", name)
        if not match or match.group(1) not in _QUANTITIES:
            self.errors.append(f'-113,"Undefined header;{name}"')
            return None
        shown = self.core.shown(int(match.group(2)), now_s)
        value = getattr(shown, _QUANTITIES[match.group(1)])
        if value is None or not isfinite(value) or self.has("no-value"):
            value = _NO_VALUE
        return f"{value:.6E}"


build: Callable[[Request], LMG600] = LMG600
OWNER = "observer"

if __name__ == "__main__":
    serve_lines("lmg600", OWNER, build)
