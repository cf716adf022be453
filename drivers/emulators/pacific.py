"""A Pacific AC source far end."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.grid_source import GridSource
from drivers.emulators.line import wire_defects
from drivers.emulators.process import Request, serve_lines
from drivers.emulators.scpi_device import ScpiDevice, scpi

_ROLE, _CONTRACT = "ac_source", "tests/drivers/test_contract_ac_source.py"
DEFECTS = (
    *wire_defects(_ROLE, "pacific", "scpi", _CONTRACT),
    Defect("pacific-stays-on", _ROLE, "scpi", "our default", "takes output off but stays on", _CONTRACT),
)


class Pacific(ScpiDevice):
    """All phases follow the last phase's voltage: the plant's grid is symmetric."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.source = GridSource(request)
        self.identity = ("Pacific Power Source", "UPC32", str(request.option("serial", "50511")), "3.3")

    @scpi(":SOURce:FORM")
    def form(self, text: str) -> None:
        self.number(text, 1, 3)

    @scpi("[:SOURce]:FREQuency")
    def frequency(self, text: str) -> None:
        self.source.frequency_hz = self.number(text, 45.0, 66.0)
        self.source.apply()

    @scpi("[:SOURce]:VOLTage<n>")
    def voltage(self, _phase: int, text: str) -> None:
        self.source.voltage_v = self.number(text, 0.0, 300.0)
        self.source.apply()

    @scpi(":OUTPut[:STATe]")
    def output(self, text: str) -> None:
        on = self.boolean(text)
        if on or not self.has("stays-on"):
            self.source.switch(on)

    @scpi(":OUTPut[:STATe]?")
    def output_state(self) -> str:
        return str(int(self.source.on))

    @scpi(":SYSTem:ERRor?")
    def error(self) -> str:
        return self.next_error()


build: Callable[[Request], Pacific] = Pacific
OWNER = "grid"

if __name__ == "__main__":
    serve_lines("pacific", OWNER, build)
