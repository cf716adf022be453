"""A Yokogawa WT far end: elements 1 to 3 on the station's AC phases, element 4 on its DC side.

Commands and answers after manual IM 760201-17E and open drivers of the family; accuracy is our default.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf, isfinite, nan, sqrt

from drivers.emulators.analyser_core import CONTRACT, ROLE, AnalyserCore, analyser_defects
from drivers.emulators.defects import Defect
from drivers.emulators.line import Answer
from drivers.emulators.process import Request, serve_lines
from drivers.emulators.scpi_device import Dialect, ScpiDevice, ScpiError, scpi
from harness.plant.port import PlantState

DEFECTS = (
    *analyser_defects("analyser"),
    Defect("analyser-error-queue", ROLE, "scpi", "our default", "an error entry after every value query", CONTRACT),
    Defect("analyser-no-integration", ROLE, "scpi", "our default", "energy stays at zero", "PF_BP_05"),
    Defect("analyser-wiring", ROLE, "scpi", "our default", "another wiring than the one that was set", CONTRACT),
)
_RANGES_V = (15.0, 30.0, 60.0, 100.0, 150.0, 300.0, 600.0, 1000.0)
_RANGES_A = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 50.0)
_SIGMA = 0
_WIRINGS = ("P1W2", "P1W3", "P3W3", "P3W4", "V3A3")
_SINGLE = {"U", "I", "P", "S", "Q", "LAMB", "LAMBDA", "PHI", "FU", "FI", "UTHD", "ITHD", "PTHD"}
_ENERGY = {"WH", "WHP", "WHM", "TIME"}
_ODD = {5: 0.8, 7: 0.48, 11: 0.32, 13: 0.16}
"""How the distortion lies over the orders; squares sum up to 1."""
_FORMS = {"LAMBDA": "LAMB"}


class YokogawaWT(ScpiDevice):
    """Numbers are renewed once an update period, as in the instrument, from the plant's state at that moment."""

    dialect = Dialect(undefined=113, parameter=104, choice=141, range=222, execution=813, overflow=350)
    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.core = AnalyserCore(request, self.active)
        serial = "91K000000" if self.has("other-serial") else str(request.option("serial", "91K225903"))
        self.identity = ("YOKOGAWA", str(request.option("model", "WT1804E")), serial, "F3.11")
        self.header = True
        self.wiring = "P1W2"
        self.items: dict[int, tuple[str, int]] = {}
        self.count = 1
        self.list_item, self.list_orders = ("I", 1), 50
        self._falling = False
        """The end of an update is an event."""
        self._cleared_s = 0.0
        self._waits_s: float | None = None
        self._waiting: deque[str] = deque()
        """Lines that came while the instrument waits."""
        self._integrating = False
        self._started: PlantState | None = None
        self._stopped: PlantState | None = None

    # waiting

    def handle(self, line: str, now_s: float) -> list[Answer]:
        if self._waits_s is not None:
            self._waiting.append(line)
            return []
        return super().handle(line, now_s)

    def due_s(self) -> float | None:
        return self._waits_s

    def tick(self, now_s: float) -> list[Answer]:
        if self._waits_s is None or now_s < self._waits_s - 1e-9:
            return []
        self._waits_s, answers = None, list[Answer]()
        while self._waiting and self._waits_s is None:
            answers += super().handle(self._waiting.popleft(), now_s)
        return answers

    @property
    def _update_ends_s(self) -> float:
        """End of the update that ran when the event was cleared."""
        return (int(self._cleared_s / self.core.update_s + 1e-9) + 1) * self.core.update_s

    @scpi(":STATus:FILTer<n>")
    def event_filter(self, number: int, edge: str) -> None:
        if edge.upper() not in ("RISE", "FALL", "BOTH", "NEVER"):
            raise ScpiError(self.dialect.choice, "Invalid character data")
        if number == 1:
            self._falling = edge.upper() in ("FALL", "BOTH")

    @scpi(":STATus:EESR?")
    def events(self) -> str:
        happened = self._falling and self.now_s >= self._update_ends_s
        self._cleared_s = self.now_s
        return str(int(happened))

    @scpi(":COMMunicate:WAIT")
    def wait(self, mask: str) -> None:
        if int(self.number(mask, 0, 65535)) & 1 and self._falling and self.now_s < self._update_ends_s:
            self._waits_s = self._update_ends_s

    # measuring

    def _value(self, item: str, element: int) -> float:
        if self.has("no-value"):
            return nan
        if self.has("overrange"):
            return inf
        return self._shown(item, element, {})

    def _shown(self, item: str, element: int, tables: dict[int, dict[str, float | None]]) -> float:
        """One quantity; `tables` keeps what was reckoned for an element, for the next of the same moment."""
        if item in _ENERGY:
            return self._energy(item)
        if element not in tables:
            tables[element] = self._sums() if element == _SIGMA else self._table(element)
        value = tables[element].get(_FORMS.get(item, item))
        return nan if value is None else value

    def _table(self, element: int) -> dict[str, float | None]:
        shown = self.core.shown(element, self.now_s)
        return {
            "U": shown.voltage_v,
            "I": shown.current_a,
            "P": shown.active_w,
            "S": shown.apparent_va,
            "Q": shown.reactive_var,
            "LAMB": shown.power_factor,
            "FU": shown.frequency_hz or None,
            "FI": shown.frequency_hz or None,
            "UTHD": shown.voltage_thd_percent,
            "ITHD": shown.current_thd_percent,
        }

    def _sums(self) -> dict[str, float | None]:
        shown = [self.core.shown(number, self.now_s) for number in (1, 2, 3)]
        active_w = sum(one.active_w for one in shown)
        apparent_va = sum(one.apparent_va for one in shown)
        return {
            "P": active_w,
            "S": apparent_va,
            "Q": sum(one.reactive_var for one in shown),
            "LAMB": active_w / apparent_va if apparent_va > 3.0 else nan,
            "U": sum(one.voltage_v for one in shown) / 3,
            "I": sum(one.current_a for one in shown) / 3,
        }

    def _energy(self, item: str) -> float:
        if self._started is None or self.has("no-integration"):
            return 0.0
        state = (self._stopped if not self._integrating else None) or self.core.state(self.now_s)
        imported_wh, exported_wh = self.core.energies_wh(state, self._started)
        seconds = state.at_s - self._started.at_s
        values = {"WHP": imported_wh, "WHM": -exported_wh, "WH": imported_wh - exported_wh, "TIME": seconds}
        return values[item]

    # answers

    def _answer(self, name: str, text: str) -> str:
        return f":{name} {text}" if self.header else text

    @scpi(":COMMunicate:REMote")
    @scpi(":COMMunicate:LOCKout")
    @scpi(":COMMunicate:VERBose")
    def switch(self, on: str) -> None:
        self.boolean(on)

    @scpi(":SYSTem:COMMunicate:COMMand")
    def command_set(self, word: str) -> None:
        if word.upper() not in ("WT300", "WT200"):
            raise ScpiError(self.dialect.choice, "Invalid character data")

    @scpi(":INPut:WIRing")
    def set_wiring(self, *words: str) -> None:
        self._refuse_while_integrating()
        if any(word.upper() not in _WIRINGS for word in words):
            raise ScpiError(self.dialect.choice, "Invalid character data")
        if not self.has("wiring"):
            self.wiring = ",".join(word.upper() for word in words)

    @scpi(":INPut:WIRing?")
    def wiring_is(self) -> str:
        return self._answer("INP:WIR", self.wiring)

    @scpi(":INPut:CFACtor")
    def crest_factor(self, word: str) -> None:
        self._refuse_while_integrating()
        self.number(word, 3, 6)

    @scpi(":STATus:CONDition?")
    def condition(self) -> str:
        """Bit 1 while integrating, bits 8 to 10 where an element is out of its range."""
        bits = int(self._integrating) << 1
        for element in (1, 2, 3):
            shown = self.core.shown(element, self.now_s)
            bits |= (0 if isfinite(shown.voltage_v + shown.current_a) else 1) << (7 + element)
        return str(bits)

    @scpi(":COMMunicate:HEADer")
    def set_header(self, on: str) -> None:
        self.header = self.boolean(on)

    @scpi(":RATE")
    def set_rate(self, period: str) -> None:
        self._refuse_while_integrating()
        scale = 0.001 if period.upper().endswith("MS") else 1.0
        self.core.update_s = self.number(period, 0.1, 5000.0) * scale

    @scpi(":RATE?")
    def rate(self) -> str:
        return self._answer("RATE", _nr3(self.core.update_s))

    @scpi(":INPut:VOLTage:RANGe[:ALL]")
    @scpi(":INPut:VOLTage:RANGe:ELEMent<n>")
    def voltage_range(self, *values: str) -> None:
        self._set_range("range_v", values[-1], _RANGES_V)

    @scpi(":INPut:CURRent:RANGe[:ALL]")
    @scpi(":INPut:CURRent:RANGe:ELEMent<n>")
    def current_range(self, *values: str) -> None:
        self._set_range("range_a", values[-1], _RANGES_A)

    @scpi(":INPut:VOLTage:RANGe[:ALL]?")
    def voltage_range_is(self) -> str:
        return self._answer("INP:VOLT:RANG", _nr3(self.core.range_v))

    @scpi(":INPut:CURRent:RANGe[:ALL]?")
    def current_range_is(self) -> str:
        return self._answer("INP:CURR:RANG", _nr3(self.core.range_a))

    @scpi(":INPut:VOLTage:AUTO[:ALL]")
    @scpi(":INPut:CURRent:AUTO[:ALL]")
    def automatic(self, on: str) -> None:
        self._refuse_while_integrating()
        if self.boolean(on):
            self.core.range_v, self.core.range_a = 600.0, 50.0

    def _set_range(self, name: str, text: str, known: tuple[float, ...]) -> None:
        self._refuse_while_integrating()
        value = self.number(text, 0.0, 10_000.0)
        fitting = [candidate for candidate in known if candidate >= value]
        if not fitting:
            raise ScpiError(self.dialect.range, "Data out of range")
        setattr(self.core, name, fitting[0])
        self.core.forget()

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
        self.core.state(self.now_s)
        self.core.held = self.boolean(on)

    @scpi(":NUMeric[:NORMal]:VALue?")
    def values(self) -> str:
        if self.has("error-queue"):
            self.fault(self.dialect.execution, "Invalid operation")
        wanted = [self.items.get(index, ("U", 1)) for index in range(1, self.count + 1)]
        if self.has("no-value") or self.has("overrange"):
            return ",".join(_nr3(self._value(*one)) for one in wanted)
        tables: dict[int, dict[str, float | None]] = {}
        return ",".join([_nr3(self._shown(item, element, tables)) for item, element in wanted])

    @scpi(":NUMeric:LIST:ITEM<n>")
    def choose_list(self, _index: int, item: str, element: str) -> None:
        self.list_item = (item.upper(), int(self.number(element, 1, 4)))

    @scpi(":NUMeric:LIST:ORDer")
    def list_order(self, orders: str) -> None:
        self.list_orders = int(self.number(orders, 1, 100))

    @scpi(":NUMeric:LIST:SELect")
    def list_select(self, word: str) -> None:
        if word.upper() != "ALL":
            raise ScpiError(self.dialect.choice, "Invalid character data")

    @scpi(":NUMeric:LIST:VALue?")
    def list_values(self, _index: str) -> str:
        """Total, DC, then by order: the distortion spread over a converter's usual odd harmonics (our default)."""
        item, element = self.list_item
        total = abs(self._value(item, element))
        distortion = self._value(f"{item}THD", element) / 100 if item in ("U", "I") else 0.0
        fundamental = total / sqrt(1 + distortion**2)
        shares = {1: 1.0} | {order: share * distortion for order, share in _ODD.items()}
        orders = [fundamental * shares.get(order, 0.0) for order in range(1, self.list_orders + 1)]
        return ",".join(_nr3(value) for value in (total, 0.0, *orders))

    @scpi(":INTEGrate:MODE")
    @scpi(":INTEGrate:WPTYpe")
    def integration_mode(self, _word: str) -> None:
        self._refuse_while_integrating()

    @scpi(":INTEGrate:STATe?")
    def integration_state(self) -> str:
        word = "STAR" if self._integrating else ("STOP" if self._stopped else "RES")
        return self._answer("INTEG:STAT", word)

    @scpi(":INTEGrate:STARt")
    def integration_start(self) -> None:
        self._refuse_while_integrating()
        self._started, self._stopped, self._integrating = self._started or self.core.plant.state, None, True

    @scpi(":INTEGrate:STOP")
    def integration_stop(self) -> None:
        if not self._integrating:
            raise ScpiError(self.dialect.execution, "Invalid operation")
        self._stopped, self._integrating = self.core.plant.state, False

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
