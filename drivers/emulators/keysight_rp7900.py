"""A Keysight RP7900 far end in voltage priority."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.line import wire_defects
from drivers.emulators.process import Request, serve_lines
from drivers.emulators.psb import PsbCore
from drivers.emulators.scpi_device import ScpiDevice, ScpiError, scpi

_ROLE = "dc_source"
_CONTRACT = "tests/drivers/test_contract_dc_source.py"
DEFECTS = (
    *wire_defects(_ROLE, "rp7900", "scpi", _CONTRACT),
    Defect("rp7900-unprotected", _ROLE, "scpi", "our default", "its current protection stays off", _CONTRACT),
    Defect("rp7900-stays-on", _ROLE, "scpi", "our default", "takes output off but stays on", _CONTRACT),
)


class KeysightRP7900(ScpiDevice):
    """One symmetric current limit; measured current positive out of the device."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.core = PsbCore(request)
        self.protected = False
        self.identity = ("Keysight Technologies", "RP7953A", str(request.option("serial", "MY59000123")), "B.04.02")

    @scpi("[:SOURce]:FUNCtion")
    def function(self, word: str) -> None:
        if not word.upper().startswith("VOLT"):
            raise ScpiError(self.dialect.choice, "Illegal parameter value")

    @scpi("[:SOURce]:VOLTage[:LEVel]")
    def voltage(self, text: str) -> None:
        self.core.set_v = self.number(text, 0.0, self.core.nominal_v * 1.02)
        self.core.apply()

    @scpi("[:SOURce]:CURRent:LIMit")
    def limit(self, text: str) -> None:
        self.core.source_a = self.core.sink_a = self.number(text, 0.0, self.core.nominal_a * 1.02)
        self.core.apply()

    @scpi("[:SOURce]:CURRent:PROTection:STATe")
    def protection(self, text: str) -> None:
        on = self.boolean(text)
        if not self.has("unprotected"):
            self.protected = on

    @scpi("[:SOURce]:CURRent:PROTection:STATe?")
    def protection_state(self) -> str:
        return str(int(self.protected))

    @scpi(":OUTPut[:STATe]")
    def output(self, text: str) -> None:
        on = self.boolean(text)
        if on or not self.has("stays-on"):
            self.core.switch(on)

    @scpi(":OUTPut[:STATe]?")
    def output_state(self) -> str:
        return str(int(self.core.on))

    @scpi(":MEASure[:SCALar]:VOLTage[:DC]?")
    def measure_voltage(self) -> str:
        return f"{self.core.measured()[0]:+.6E}"

    @scpi(":MEASure[:SCALar]:CURRent[:DC]?")
    def measure_current(self) -> str:
        return f"{self.core.measured()[1]:+.6E}"

    @scpi(":SYSTem:ERRor?")
    def error(self) -> str:
        return self.next_error()


build: Callable[[Request], KeysightRP7900] = KeysightRP7900
OWNER = "battery_emulator"

if __name__ == "__main__":
    serve_lines("keysight_rp7900", OWNER, build)
