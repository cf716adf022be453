"""A Yokogawa WT far end: elements 1 to 3 on the station's AC phases, element 4 on its DC side.

Commands and answers after manual IM 760201-17E and open drivers of the family; accuracy is our default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan

from drivers.emulators.defects import Defect
from drivers.emulators.line import wire_defects
from drivers.emulators.noise import Sensor
from drivers.emulators.process import Request, serve_lines
from drivers.emulators.scpi_device import Dialect, ScpiDevice, ScpiError, scpi
from harness.plant.port import PlantState

_ROLE = "power_analyser"
_CONTRACT = "tests/drivers/test_contract_power_analyser.py"

DEFECTS = (
    *wire_defects(_ROLE, "analyser", "scpi", _CONTRACT),
    Defect("analyser-no-value", _ROLE, "scpi", "our default", "answers NAN for every quantity", _CONTRACT),
    Defect("analyser-overrange", _ROLE, "scpi", "our default", "answers INF, as in a range too small", _CONTRACT),
    Defect("analyser-stale", _ROLE, "scpi", "our default", "repeats its first numbers for ever", "PF_BP_01"),
    Defect("analyser-sign", _ROLE, "scpi", "our default", "current clamps the wrong way round", "PF_BP_02"),
    Defect("analyser-gain", _ROLE, "scpi", "our default", "power reads 12 % high: wrong transformer ratio", "PF_BP_02"),
    Defect("analyser-error-queue", _ROLE, "scpi", "our default", "an error entry after every value query", _CONTRACT),
    Defect("analyser-no-integration", _ROLE, "scpi", "our default", "energy stays at zero", "PF_BP_05"),
    Defect("analyser-other-serial", _ROLE, "scpi", "our default", "another serial number", "plugfest check"),
)
_RANGES_V = (15.0, 30.0, 60.0, 100.0, 150.0, 300.0, 600.0, 1000.0)
_RANGES_A = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 50.0)
_SIGMA = 0
_SINGLE = {"U", "I", "P", "S", "Q", "LAMB", "LAMBDA", "PHI", "FU", "FI", "UTHD", "ITHD", "PTHD"}
_ENERGY = {"WH", "WHP", "WHM", "TIME"}


@dataclass(slots=True)
class Element:
    """One input element's true values."""

    voltage_v: float
    current_a: float
    active_w: float
    reactive_var: float
    frequency_hz: float


class YokogawaWT(ScpiDevice):
    """Numbers are renewed once an update period, as in the instrument, from the plant's state at that moment."""

    dialect = Dialect(undefined=113, parameter=104, choice=141, range=222, execution=813, overflow=350)
    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.plant = request.plant
        serial = "91K000000" if self.has("other-serial") else str(request.option("serial", "91K225903"))
        self.identity = ("YOKOGAWA", str(request.option("model", "WT1804E")), serial, "F3.11")
        self.update_s = 0.5
        self.header = True
        self.items: dict[int, tuple[str, int]] = {}
        self.count = 1
        self.ranges = {"V": 600.0, "A": 50.0}
        self.list_item, self.list_orders = ("I", 1), 50
        self.held: PlantState | None = None
        self._latest: tuple[int, PlantState] | None = None
        self._sensors = {
            (element, item): Sensor((request.seed, element, item), 0.03, 0.02, 0.002)
            for element in range(1, 5)
            for item in "UIPQ"
        }
        self._shown: dict[int, dict[str, float]] = {}
        self._integrating = False
        self._started: PlantState | None = None
        self._stopped: PlantState | None = None

    # measuring

    def _state(self) -> PlantState:
        """The state of the latest update period."""
        if self.held:
            return self.held
        slot = int(self.now_s / self.update_s)
        if self._latest is None or (slot != self._latest[0] and not self.has("stale")):
            self._latest = (slot, self.plant.state)
            self._shown.clear()
        return self._latest[1]

    def _element(self, number: int, state: PlantState) -> Element:
        if number == 4:
            return Element(
                state.station_voltage_v,
                state.station_current_a,
                state.station_voltage_v * state.station_current_a,
                0.0,
                0.0,
            )
        phases = state.grid_phase_current_a
        return Element(
            state.grid_voltage_v,
            phases[number - 1],
            state.grid_power_w / len(phases),
            state.grid_reactive_var / len(phases),
            state.grid_frequency_hz,
        )

    def _shown_values(self, number: int, state: PlantState) -> dict[str, float]:
        """What the element displays: once per update, so that all queries of one update agree."""
        if number not in self._shown:
            true, volts, amperes = self._element(number, state), self.ranges["V"], self.ranges["A"]
            full = {"U": volts, "I": amperes, "P": volts * amperes, "Q": volts * amperes}
            values = {"U": true.voltage_v, "I": true.current_a, "P": true.active_w, "Q": true.reactive_var}
            sign = -1.0 if self.has("sign") else 1.0
            gain = 1.12 if self.has("gain") else 1.0
            shown = {item: self._sensors[number, item].read(values[item], full[item]) for item in "UIPQ"}
            shown["P"] *= sign * gain
            shown["Q"] *= sign * gain
            apparent = shown["U"] * abs(shown["I"])
            shown["S"] = max(apparent, abs(shown["P"]))
            shown["F"] = true.frequency_hz
            if shown["U"] > volts * 1.5 or abs(shown["I"]) > amperes * 1.5:
                shown = dict.fromkeys(shown, inf)
            self._shown[number] = shown
        return self._shown[number]

    def _value(self, item: str, element: int) -> float:
        if self.has("no-value"):
            return nan
        if self.has("overrange"):
            return inf
        state = self._state()
        if item in _ENERGY:
            return self._energy(item)
        if element == _SIGMA:
            return self._sum(item, state)
        shown = self._shown_values(element, state)
        if item in ("LAMB", "LAMBDA"):
            return shown["P"] / shown["S"] if shown["S"] > 1.0 else nan
        if item in ("FU", "FI"):
            return shown["F"] or nan
        return shown.get(item, nan) if item not in ("UTHD", "ITHD", "PTHD") else self._distortion(item, element)

    def _sum(self, item: str, state: PlantState) -> float:
        shown = [self._shown_values(number, state) for number in (1, 2, 3)]
        if item in ("P", "Q", "S"):
            return sum(values[item] for values in shown)
        if item in ("LAMB", "LAMBDA"):
            apparent = sum(values["S"] for values in shown)
            return sum(values["P"] for values in shown) / apparent if apparent > 3.0 else nan
        return sum(values[item] for values in shown) / 3 if item in ("U", "I") else nan

    def _distortion(self, item: str, element: int) -> float:
        return {"UTHD": 0.8, "ITHD": 2.6, "PTHD": 0.1}[item] if element != 4 else nan

    def _energy(self, item: str) -> float:
        state = (self._stopped if not self._integrating else None) or self._state()
        if self._started is None or self.has("no-integration"):
            return 0.0
        imported = state.grid_imported_wh - self._started.grid_imported_wh
        exported = state.grid_exported_wh - self._started.grid_exported_wh
        if self.has("sign"):
            imported, exported = exported, imported
        gain = 1.12 if self.has("gain") else 1.0
        seconds = state.at_s - self._started.at_s
        values = {"WHP": imported * gain, "WHM": -exported * gain, "WH": (imported - exported) * gain, "TIME": seconds}
        return values[item]

    # answers

    def _answer(self, name: str, text: str) -> str:
        return f":{name} {text}" if self.header else text

    @scpi(":COMMunicate:REMote")
    @scpi(":COMMunicate:LOCKout")
    @scpi(":COMMunicate:VERBose")
    def switch(self, on: str) -> None:
        self.boolean(on)

    @scpi(":COMMunicate:HEADer")
    def set_header(self, on: str) -> None:
        self.header = self.boolean(on)

    @scpi(":RATE")
    def set_rate(self, period: str) -> None:
        self._refuse_while_integrating()
        scale = 0.001 if period.upper().endswith("MS") else 1.0
        self.update_s = self.number(period, 0.1, 5000.0) * scale

    @scpi(":RATE?")
    def rate(self) -> str:
        return self._answer("RATE", _nr3(self.update_s))

    @scpi(":INPut:VOLTage:RANGe[:ALL]")
    @scpi(":INPut:VOLTage:RANGe:ELEMent<n>")
    def voltage_range(self, *values: str) -> None:
        self._set_range("V", values[-1], _RANGES_V)

    @scpi(":INPut:CURRent:RANGe[:ALL]")
    @scpi(":INPut:CURRent:RANGe:ELEMent<n>")
    def current_range(self, *values: str) -> None:
        self._set_range("A", values[-1], _RANGES_A)

    @scpi(":INPut:VOLTage:RANGe[:ALL]?")
    def voltage_range_is(self) -> str:
        return self._answer("INP:VOLT:RANG", _nr3(self.ranges["V"]))

    @scpi(":INPut:CURRent:RANGe[:ALL]?")
    def current_range_is(self) -> str:
        return self._answer("INP:CURR:RANG", _nr3(self.ranges["A"]))

    @scpi(":INPut:VOLTage:AUTO[:ALL]")
    @scpi(":INPut:CURRent:AUTO[:ALL]")
    def automatic(self, on: str) -> None:
        self._refuse_while_integrating()
        if self.boolean(on):
            self.ranges = {"V": 600.0, "A": 50.0}

    def _set_range(self, unit: str, text: str, known: tuple[float, ...]) -> None:
        self._refuse_while_integrating()
        value = self.number(text, 0.0, 10_000.0)
        fitting = [candidate for candidate in known if candidate >= value]
        if not fitting:
            raise ScpiError(self.dialect.range, "Data out of range")
        self.ranges[unit] = fitting[0]
        self._shown.clear()

    @scpi(":NUMeric:FORMat")
    def number_format(self, word: str) -> None:
        if word.upper() not in ("ASCII", "ASC"):
            raise ScpiError(self.dialect.choice, "Invalid character data")

    @scpi(":NUMeric[:NORMal]:NUMber")
    def item_count(self, count: str) -> None:
        self.count = int(self.number(count, 1, 255))

    @scpi(":NUMeric[:NORMal]:ITEM<n>")
    def choose(self, index: int, item: str, element: str) -> None:
        item = item.upper()
        if item not in _SINGLE | _ENERGY:
            raise ScpiError(self.dialect.choice, "Invalid character data")
        self.items[index] = (item, _SIGMA if element.upper().startswith("SIGM") else int(self.number(element, 1, 4)))

    @scpi(":NUMeric:HOLD")
    def hold(self, on: str) -> None:
        self.held = None
        self.held = self._state() if self.boolean(on) else None

    @scpi(":NUMeric[:NORMal]:VALue?")
    def values(self) -> str:
        if self.has("error-queue"):
            self.fault(self.dialect.execution, "Invalid operation")
        return ",".join(_nr3(self._value(*self.items.get(index, ("U", 1)))) for index in range(1, self.count + 1))

    @scpi(":NUMeric:LIST:ITEM<n>")
    def choose_list(self, index: int, item: str, element: str) -> None:
        self.list_item = (item.upper(), int(self.number(element, 1, 4)))

    @scpi(":NUMeric:LIST:ORDer")
    def list_order(self, orders: str) -> None:
        self.list_orders = int(self.number(orders, 1, 100))

    @scpi(":NUMeric:LIST:SELect")
    def list_select(self, word: str) -> None:
        if word.upper() != "ALL":
            raise ScpiError(self.dialect.choice, "Invalid character data")

    @scpi(":NUMeric:LIST:VALue?")
    def list_values(self, index: str) -> str:
        """Total, DC, then by order: a converter's usual odd harmonics (our default), 2.6 % in all."""
        item, element = self.list_item
        fundamental = abs(self._value(item, element))
        shares: dict[int, float] = {1: 1.0, 5: 0.02, 7: 0.014, 11: 0.008, 13: 0.005}
        orders = [fundamental * shares.get(order, 0.0) for order in range(1, self.list_orders + 1)]
        return ",".join(_nr3(value) for value in (fundamental, 0.0, *orders))

    @scpi(":INTEGrate:MODE")
    @scpi(":INTEGrate:WPTYpe")
    def integration_mode(self, word: str) -> None:
        self._refuse_while_integrating()

    @scpi(":INTEGrate:STATe?")
    def integration_state(self) -> str:
        word = "STAR" if self._integrating else ("STOP" if self._stopped else "RES")
        return self._answer("INTEG:STAT", word)

    @scpi(":INTEGrate:STARt")
    def integration_start(self) -> None:
        self._refuse_while_integrating()
        self._started, self._stopped, self._integrating = self._started or self.plant.state, None, True

    @scpi(":INTEGrate:STOP")
    def integration_stop(self) -> None:
        if not self._integrating:
            raise ScpiError(self.dialect.execution, "Invalid operation")
        self._stopped, self._integrating = self.plant.state, False

    @scpi(":INTEGrate:RESet")
    def integration_reset(self) -> None:
        self._refuse_while_integrating()
        self._started = self._stopped = None

    def _refuse_while_integrating(self) -> None:
        if self._integrating:
            raise ScpiError(self.dialect.execution, "Invalid operation")

    @scpi(":STATus:ERRor?")
    def error(self) -> str:
        return self.next_error()


def _nr3(value: float) -> str:
    """The family's number form: mantissa of five digits, exponent a multiple of three."""
    if not isfinite(value):
        return "NAN" if value != value else "INF"
    if value == 0:
        return "0.0000E+00"
    exponent = 0
    mantissa = abs(value)
    while mantissa >= 1000.0:
        mantissa, exponent = mantissa / 1000.0, exponent + 3
    while mantissa < 1.0 and exponent > -9:
        mantissa, exponent = mantissa * 1000.0, exponent - 3
    digits = 5 - len(str(int(mantissa)))
    return f"{'-' if value < 0 else ''}{mantissa:.{max(digits, 0)}f}E{exponent:+03d}"


build: Callable[[Request], YokogawaWT] = YokogawaWT
OWNER = "observer"

if __name__ == "__main__":
    serve_lines("yokogawa_wt", OWNER, build)
