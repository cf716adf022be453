"""A Chroma 66204 far end: four channels, `FETC` queries of one channel or of all."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from drivers.emulators.analyser_core import CONTRACT, ROLE, AnalyserCore, analyser_defects
from drivers.emulators.defects import Defect
from drivers.emulators.process import Request, serve_lines
from drivers.emulators.scpi_device import ScpiDevice, ScpiError, scpi

DEFECTS = (
    *analyser_defects("meter"),
    Defect("meter-error-queue", ROLE, "scpi", "our default", "an error entry after every query of power", CONTRACT),
)
_AC, _ALL = (1, 2, 3), (1, 2, 3, 4)
_RANGES = {"V": (15.0, 30.0, 60.0, 150.0, 300.0, 600.0), "A": (0.5, 2.0, 5.0, 20.0, 30.0, 50.0)}


class Chroma66204(ScpiDevice):
    """Numbers of the latest update; 9.91E+37 where there is none."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.core = AnalyserCore(request, self.active)
        serial = "0000000" if self.has("other-serial") else str(request.option("serial", "662040001234"))
        self.identity = ("Chroma", "66204", serial, "1.40")

    def _list(self, name: str, channel: str) -> str:
        number = int(self.number(channel, 0, 4))
        numbers = _ALL if number == 0 else (number,)
        return ",".join(self._text(getattr(self.core.shown(one, self.now_s), name)) for one in numbers)

    def _text(self, value: float | None) -> str:
        if value is None or not isfinite(value) or self.has("no-value"):
            return "9.910000E+37"
        return f"{value:.5E}"

    def _total(self, name: str) -> str:
        if self.has("error-queue"):
            self.fault(self.dialect.execution, "Execution error")
        return self._text(sum(getattr(self.core.shown(number, self.now_s), name) for number in _AC))

    @scpi(":FETCh:VOLTage:RMS?")
    @scpi(":FETCh:VOLTage:DC?")
    def voltage(self, channel: str) -> str:
        return self._list("voltage_v", channel)

    @scpi(":FETCh:CURRent:RMS?")
    @scpi(":FETCh:CURRent:DC?")
    def current(self, channel: str) -> str:
        return self._list("current_a", channel)

    @scpi(":FETCh:POWer:REAL?")
    @scpi(":FETCh:POWer:DC?")
    def real(self, channel: str) -> str:
        return self._list("active_w", channel)

    @scpi(":FETCh:POWer:REACtive?")
    def reactive(self, channel: str) -> str:
        return self._list("reactive_var", channel)

    @scpi(":FETCh:POWer:APParent?")
    def apparent(self, channel: str) -> str:
        return self._list("apparent_va", channel)

    @scpi(":FETCh:FREQuency?")
    def frequency(self, channel: str) -> str:
        return self._list("frequency_hz", channel)

    @scpi(":FETCh:VOLTage:THD?")
    def voltage_thd(self, channel: str) -> str:
        return self._list("voltage_thd_percent", channel)

    @scpi(":FETCh:CURRent:THD?")
    def current_thd(self, channel: str) -> str:
        return self._list("current_thd_percent", channel)

    @scpi(":FETCh:SIGMa:POWer:REAL?")
    def total_active(self) -> str:
        return self._total("active_w")

    @scpi(":FETCh:SIGMa:POWer:REACtive?")
    def total_reactive(self) -> str:
        return self._total("reactive_var")

    @scpi(":FETCh:SIGMa:POWer:APParent?")
    def total_apparent(self) -> str:
        return self._total("apparent_va")

    @scpi(":FETCh:SIGMa:POWer:PFACtor?")
    def total_factor(self) -> str:
        shown = [self.core.shown(number, self.now_s) for number in _AC]
        apparent_va = sum(one.apparent_va for one in shown)
        return self._text(sum(one.active_w for one in shown) / apparent_va if apparent_va > 3.0 else None)

    @scpi(":FETCh:VOLTage:HARMonics:ARRay?")
    def harmonics(self, _form: str, channel: str) -> str:
        fundamental = self.core.shown(int(self.number(channel, 1, 4)), self.now_s).voltage_v
        shares = {1: 1.0, 5: 0.004, 7: 0.003}
        return ",".join(self._text(fundamental * shares.get(order, 0.0)) for order in range(41))

    @scpi(":CONFigure:INPut:SHUNt")
    def shunts(self, *words: str) -> None:
        if len(words) != 4:
            raise ScpiError(self.dialect.parameter, "Parameter count")
        for word in words:
            self.boolean(word)

    @scpi(":CONFigure:VOLTage:RANGe")
    def voltage_range(self, word: str) -> None:
        self._set_range("range_v", "V", word)

    @scpi(":CONFigure:CURRent:RANGe")
    def current_range(self, word: str) -> None:
        self._set_range("range_a", "A", word)

    def _set_range(self, name: str, letter: str, word: str) -> None:
        known = _RANGES[letter]
        if word.upper() == "AUTO":
            value = known[-1]
        elif word[:1].upper() == letter:
            value = self.number(word[1:], 0.0, known[-1])
        else:
            raise ScpiError(self.dialect.choice, "Illegal parameter value")
        setattr(self.core, name, min(one for one in known if one >= value))
        self.core.forget()

    @scpi(":SYSTem:ERRor?")
    def error(self) -> str:
        return self.next_error()


build: Callable[[Request], Chroma66204] = Chroma66204
OWNER = "observer"

if __name__ == "__main__":
    serve_lines("chroma_66204", OWNER, build)
