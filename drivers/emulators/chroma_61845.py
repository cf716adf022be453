"""A Chroma 61845 far end: fixed mode and list mode."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.grid_source import GridSource
from drivers.emulators.line import Answer, wire_defects
from drivers.emulators.process import Request, serve_lines
from drivers.emulators.scpi_device import ScpiDevice, ScpiError, scpi

_ROLE, _CONTRACT = "ac_source", "tests/drivers/test_contract_ac_source.py"
DEFECTS = (
    *wire_defects(_ROLE, "grid", "scpi", _CONTRACT),
    Defect("grid-stays-on", _ROLE, "scpi", "our default", "takes output off but stays on", _CONTRACT),
    Defect("grid-deaf-list", _ROLE, "scpi", "our default", "takes a list and never plays it", "PF_GC_04"),
)


class Chroma61845(ScpiDevice):
    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.source = GridSource(request)
        self.identity = ("Chroma ATE", "61845", str(request.option("serial", "618450000123")), "1.20")
        self.limit_v = 300.0
        self.mode = "FIXED"
        self._lists: dict[str, list[float]] = {}

    def handle(self, line: str, now_s: float) -> list[Answer]:
        self.source.advance(now_s)
        return super().handle(line, now_s)

    def due_s(self) -> float | None:
        return self.source.due_s()

    def tick(self, now_s: float) -> list[Answer]:
        self.source.advance(now_s)
        return []

    @scpi(":INSTrument:COUPle")
    @scpi(":INSTrument:EDIT")
    @scpi(":LIST:COUPle")
    @scpi(":LIST:COUNt")
    @scpi(":LIST:BASE")
    @scpi(":LIST:TRIG")
    @scpi(":SOURce:CURRent:LIMit")
    @scpi(":OUTPut:RELay")
    def accept(self, _word: str) -> None:
        """Settings that change nothing in this model."""

    @scpi(":SOURce:VOLTage:LIMit:AC")
    def limit(self, text: str) -> None:
        self.limit_v = self.number(text, 0.0, 350.0)

    @scpi(":SOURce:VOLTage[:LEVel][:IMMediate][:AMPLitude]:AC")
    def voltage(self, text: str) -> None:
        self.source.voltage_v = self.number(text, 0.0, self.limit_v)
        self.source.apply()

    @scpi(":SOURce:FREQuency[:IMMediate]")
    def frequency(self, text: str) -> None:
        self.source.frequency_hz = self.number(text, 30.0, 100.0)
        self.source.apply()

    @scpi(":OUTPut[:STATe]")
    def output(self, text: str) -> None:
        on = self.boolean(text)
        if on or not self.has("stays-on"):
            self.source.switch(on)

    @scpi(":OUTPut[:STATe]?")
    def output_state(self) -> str:
        return "ON" if self.source.on else "OFF"

    @scpi(":OUTPut:MODE")
    def output_mode(self, word: str) -> None:
        self.mode = word.upper()
        if self.mode == "FIXED":
            self.source.stop()

    @scpi(":LIST:DWELl")
    def dwell(self, *values: str) -> None:
        self._lists["dwell"] = [self.number(value, 0.0, 1e9) / 1000 for value in values]

    @scpi(":LIST:VOLTage:AC:STARt")
    def list_start_voltage(self, *values: str) -> None:
        self._lists["voltage"] = [self.number(value, 0.0, self.limit_v) for value in values]

    @scpi(":LIST:FREQuency:STARt")
    def list_start_frequency(self, *values: str) -> None:
        self._lists["frequency"] = [self.number(value, 30.0, 100.0) for value in values]

    @scpi(":LIST:VOLTage:AC:END")
    def list_end_voltage(self, *values: str) -> None:
        self._lists["voltage_end"] = self._as_long_as_dwell(values, 0.0, self.limit_v)

    @scpi(":LIST:FREQuency:END")
    def list_end_frequency(self, *values: str) -> None:
        self._lists["frequency_end"] = self._as_long_as_dwell(values, 30.0, 100.0)

    def _as_long_as_dwell(self, values: tuple[str, ...], low: float, high: float) -> list[float]:
        if len(values) != len(self._lists.get("dwell", [])):
            raise ScpiError(self.dialect.parameter, "Lists of different length")
        return [self.number(value, low, high) for value in values]

    @scpi(":TRIGger")
    def trigger(self, text: str) -> None:
        if not self.boolean(text) or self.has("deaf-list"):
            return self.source.stop()
        if self.mode != "LIST":
            raise ScpiError(self.dialect.execution, "Execution error")
        lists = self._lists
        volts = zip(lists["voltage"], lists["voltage_end"], strict=True)
        hertz = zip(lists["frequency"], lists["frequency_end"], strict=True)
        return self.source.play(list(zip(lists["dwell"], volts, hertz, strict=True)), self.now_s)

    @scpi(":SYSTem:ERRor?")
    def error(self) -> str:
        return self.next_error()


build: Callable[[Request], Chroma61845] = Chroma61845
OWNER = "grid"

if __name__ == "__main__":
    serve_lines("chroma_61845", OWNER, build)
