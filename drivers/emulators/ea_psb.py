"""The SCPI face of an emulated EA PSB (commands as in three open drivers of the family)."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.line import Answer, wire_defects
from drivers.emulators.process import Request, serve_lines
from drivers.emulators.psb import PsbCore
from drivers.emulators.scpi_device import ScpiDevice, ScpiError, scpi

_ROLE = "dc_source"
_CONTRACT = "tests/drivers/test_contract_dc_source.py"

DEFECTS = (
    *wire_defects(_ROLE, "source", "scpi", _CONTRACT),
    Defect("source-stays-on", _ROLE, "scpi", "our default", "OUTP OFF is taken but the output stays on", _CONTRACT),
    Defect("source-lies-off", _ROLE, "scpi", "our default", "says OFF while current still flows", _CONTRACT),
    Defect("source-keeps-charge", _ROLE, "scpi", "our default", "its terminals stay charged after OUTP OFF", _CONTRACT),
    Defect("source-local", _ROLE, "scpi", "our default", "held in local mode at the front panel", _CONTRACT),
    Defect("source-sign", _ROLE, "scpi", "our default", "current shown positive while sinking", _CONTRACT),
    Defect("source-error-queue", _ROLE, "scpi", "our default", "every set value leaves an error", _CONTRACT),
    Defect("source-current-limit", _ROLE, "scpi", "our default", "sinks only a third of its limit", _CONTRACT),
)


class EaPsb(ScpiDevice):
    """Set values are refused until locked; answers carry their unit."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.core = PsbCore(request)
        serial = str(request.option("serial", "2840123456"))
        self.identity = ("EA Elektro-Automatik GmbH", "PSB 11000-80", serial, "V3.02 2024-01-15")

    def handle(self, line: str, now_s: float) -> list[Answer]:
        self.core.expire(now_s)
        self.core.heard(now_s)
        return super().handle(line, now_s)

    def due_s(self) -> float | None:
        return self.core.watchdog_due_s()

    def tick(self, now_s: float) -> list[Answer]:
        self.core.expire(now_s)
        return []

    @scpi(":SYSTem:LOCK")
    def lock(self, on: str) -> None:
        self.core.locked = self.boolean(on) and not self.has("local")

    @scpi(":SYSTem:LOCK:OWNer?")
    def lock_owner(self) -> str:
        return "REMOTE" if self.core.locked else "LOCAL"

    def _set(self, name: str, text: str, highest: float) -> None:
        if not self.core.locked:
            raise ScpiError(self.dialect.execution, "Execution error: device is not in remote")
        if self.has("error-queue"):
            raise ScpiError(-221, "Settings conflict")
        if self.has("lies-off"):
            return  # its regulation has stopped listening
        setattr(self.core, name, self.number(text, 0.0, highest * 1.02))
        self.core.apply()

    @scpi("[:SOURce]:VOLTage[:LEVel]")
    def set_voltage(self, text: str) -> None:
        self._set("set_v", text, self.core.nominal_v)

    @scpi("[:SOURce]:CURRent[:LEVel]")
    def set_current(self, text: str) -> None:
        self._set("source_a", text, self.core.nominal_a)

    @scpi("[:SOURce]:POWer[:LEVel]")
    def set_power(self, text: str) -> None:
        self._set("source_w", text, self.core.nominal_w)

    @scpi(":SINK:CURRent[:LEVel]")
    def set_sink_current(self, text: str) -> None:
        self._set("sink_a", text, self.core.nominal_a)
        if self.has("current-limit"):
            self.core.sink_a /= 3.0
            self.core.apply()

    @scpi(":SINK:POWer[:LEVel]")
    def set_sink_power(self, text: str) -> None:
        self._set("sink_w", text, self.core.nominal_w)

    @scpi("[:SOURce]:VOLTage:PROTection[:LEVel]")
    def set_protection(self, text: str) -> None:
        self._set("protection_v", text, self.core.nominal_v * 1.1)

    @scpi("[:SOURce]:CURRent:PROTection[:LEVel]")
    def set_current_protection(self, text: str) -> None:
        self.number(text, 0.0, self.core.nominal_a * 1.1)

    @scpi("[:SOURce]:POWer:PROTection[:LEVel]")
    def set_power_protection(self, text: str) -> None:
        self.number(text, 0.0, self.core.nominal_w * 1.1)

    @scpi(":SYSTem:CONFig:MODE")
    def third_value(self, word: str) -> None:
        if word.upper() not in ("UIP", "UIR"):
            raise ScpiError(self.dialect.choice, "Illegal parameter value")

    @scpi(":SYSTem:ALARm:COUNt:OVOLtage?")
    def voltage_alarms(self) -> str:
        return str(self.core.voltage_alarms)

    @scpi(":SYSTem:ALARm:COUNt:OCURrent?")
    @scpi(":SYSTem:ALARm:COUNt:OPOWer?")
    @scpi(":SYSTem:ALARm:COUNt:OTEMperature?")
    @scpi(":SYSTem:ALARm:COUNt:PFAil?")
    @scpi(":SYSTem:SINK:ALARm:COUNt:OCURrent?")
    @scpi(":SYSTem:SINK:ALARm:COUNt:OPOWer?")
    def no_alarms(self) -> str:
        return "0"

    @scpi("[:SOURce]:VOLTage[:LEVel]?")
    def voltage_setting(self) -> str:
        return f"{self.core.set_v:.2f}V"

    @scpi("[:SOURce]:CURRent[:LEVel]?")
    def current_setting(self) -> str:
        return f"{self.core.source_a:.2f}A"

    @scpi(":SINK:CURRent[:LEVel]?")
    def sink_setting(self) -> str:
        return f"{self.core.sink_a:.2f}A"

    @scpi(":OUTPut[:STATe]")
    def output(self, text: str) -> None:
        on = self.boolean(text)
        if not self.core.locked:
            raise ScpiError(self.dialect.execution, "Execution error: device is not in remote")
        if not on and self.has("stays-on"):
            return
        if not on and self.has("lies-off"):
            self.core.stuck = self.core.on or self.core.stuck
        self.core.switch(on)

    @scpi(":OUTPut[:STATe]?")
    def output_state(self) -> str:
        return "ON" if self.core.on else "OFF"

    def _measured(self) -> tuple[str, str, str]:
        volts, amperes = self.core.measured()
        if self.has("keeps-charge") and not self.core.on:
            volts = self.core.set_v
        if self.has("sign"):
            amperes = abs(amperes)
        return f"{volts:.2f}V", f"{amperes:.2f}A", f"{volts * amperes:.1f}W"

    @scpi(":MEASure[:SCALar]:VOLTage[:DC]?")
    def measure_voltage(self) -> str:
        return self._measured()[0]

    @scpi(":MEASure[:SCALar]:CURRent[:DC]?")
    def measure_current(self) -> str:
        return self._measured()[1]

    @scpi(":MEASure[:SCALar]:POWer[:DC]?")
    def measure_power(self) -> str:
        return self._measured()[2]

    @scpi(":MEASure[:SCALar]:ARRay?")
    def measure_all(self) -> str:
        return ", ".join(self._measured())

    @scpi(":SYSTem:NOMinal:VOLTage?")
    def nominal_voltage(self) -> str:
        return f"{self.core.nominal_v:.0f}V"

    @scpi(":SYSTem:NOMinal:CURRent?")
    def nominal_current(self) -> str:
        return f"{self.core.nominal_a:.0f}A"

    @scpi(":SYSTem:NOMinal:POWer?")
    def nominal_power(self) -> str:
        return f"{self.core.nominal_w:.0f}W"

    @scpi(":SYSTem:ERRor[:NEXT]?")
    def error(self) -> str:
        return self.next_error()

    @scpi(":SYSTem:ERRor:ALL?")
    def all_errors(self) -> str:
        entries = [self.next_error()]
        while self.errors:
            entries.append(self.next_error())
        return ",".join(entries)


build: Callable[[Request], EaPsb] = EaPsb
OWNER = "battery_emulator"

if __name__ == "__main__":
    serve_lines("ea_psb", OWNER, build)
