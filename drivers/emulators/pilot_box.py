"""The far end of drivers/control_pilot/pilot_box.py, which documents the line protocol."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.line import Answer, BoxCommands, LineDevice, box_answer, wire_defects
from drivers.emulators.process import Request, serve_lines

_ROLE = "control_pilot"
_CONTRACT = "tests/drivers/test_contract_control_pilot.py"
_HIGH_V = {"A": 12.0, "B": 9.0, "C": 6.0, "D": 3.0, "E": 0.0, "F": -12.0}
_STATES = tuple(_HIGH_V)
_MOST_EDGES = 64

DEFECTS = (
    *wire_defects(_ROLE, "pilot", "pilot", _CONTRACT),
    Defect(
        "pilot-stuck-plug", _ROLE, "pilot", "our default", "UNPLUG is answered, the contacts stay closed", _CONTRACT
    ),
    Defect("pilot-duty-offset", _ROLE, "pilot", "our default", "measures the duty cycle 3 points high", _CONTRACT),
    Defect("pilot-slow-toggle", _ROLE, "pilot", "our default", "BCB states last 600 ms instead of 300", _CONTRACT),
    Defect("pilot-dead-proximity", _ROLE, "pilot", "our default", "PP is answered, no resistor is switched", _CONTRACT),
    Defect("pilot-wrong-state", _ROLE, "pilot", "our default", "a drifted resistor: C reads as B", _CONTRACT),
)


class PilotBox(LineDevice):
    """Its resistors go into the plant's pilot; what it reads comes from the plant."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        self.plant = request.plant
        self.serial = str(request.option("serial", "CPB-0007"))
        self.held: str | None = None
        self.proximity_ohm: float | None = None
        self._toggles: deque[tuple[float, str | None]] = deque()
        self._edges: deque[tuple[int, str]] = deque(maxlen=_MOST_EDGES)
        self._commands: BoxCommands = {
            "ID?": lambda _, __: f"PILOTBOX,CPB1,{self.serial},1.4",
            "PLUG": lambda _, now_s: self._plug(True, now_s),
            "UNPLUG": lambda _, now_s: self._plug(False, now_s),
            "STATE": self._state,
            "PP": self._proximity,
            "READ?": self._read,
            "BCB": self._toggle,
            "EDGES?": self._take_edges,
            "SAFE": self._safe,
        }

    def handle(self, line: str, now_s: float) -> list[Answer]:
        return [box_answer(self._commands, line, now_s)]

    def due_s(self) -> float | None:
        return self._toggles[0][0] if self._toggles else None

    def tick(self, now_s: float) -> list[Answer]:
        while self._toggles and self._toggles[0][0] <= now_s + 1e-9:
            self._hold(self._toggles.popleft()[1], now_s)
        return []

    def _plug(self, on: bool, now_s: float) -> str:
        if on or not self.has("stuck-plug"):
            self.plant.command(plugged=on)
            self._note(now_s, (self.held or "B") if on else "A")
        return ""

    def _hold(self, state: str | None, now_s: float) -> None:
        self.held = state
        self.plant.command(pilot_state=state)
        self._note(now_s, state or "B")

    def _note(self, now_s: float, state: str) -> None:
        self._edges.append((round(now_s * 1000), state))

    def _state(self, parameters: list[str], now_s: float) -> str:
        state = parameters[0]
        if state not in (*_STATES, "THRU"):
            raise ValueError(f"no state {state}")
        self._hold(None if state == "THRU" else state, now_s)
        return ""

    def _proximity(self, parameters: list[str], _: float) -> str:
        ohm = None if parameters[0] == "OPEN" else float(parameters[0])
        if ohm is not None and not 1 <= ohm <= 100_000:
            raise ValueError("1 to 100000 ohm")
        if not self.has("dead-proximity"):
            self.proximity_ohm = ohm
        return ""

    def _read(self, _: list[str], now_s: float) -> str:
        sensed = self.plant.state
        state = "B" if self.has("wrong-state") and sensed.pilot_state == "C" else sensed.pilot_state
        duty = sensed.pilot_duty_percent
        if duty is not None and self.has("duty-offset"):
            duty += 3.0
        pulsed = duty is not None and state in ("A", "B", "C", "D")
        shown = f"DUTY={duty:.1f} FREQ=1000.0" if pulsed else "DUTY=- FREQ=0.0"
        proximity = "-" if self.proximity_ohm is None else f"{self.proximity_ohm:g}"
        low_v = -12.0 if pulsed or state == "F" else _HIGH_V[state]
        return (
            f"STATE={state} {shown} VHI={_HIGH_V[state]:.1f} VLO={low_v:.1f} "
            f"PLUG={int(sensed.plugged)} PP={proximity} T={round(now_s * 1000)}"
        )

    def _toggle(self, parameters: list[str], now_s: float) -> str:
        count, pause_s = int(parameters[0]), int(parameters[1]) / 1000
        if not 1 <= count <= 10:
            raise ValueError("1 to 10 toggles")
        if self.has("slow-toggle"):
            pause_s *= 2
        before = self.held
        steps = [state for _ in range(count) for state in ("C", "B")]
        self._toggles.extend((now_s + index * pause_s, state) for index, state in enumerate(steps))
        self._toggles.append((now_s + len(steps) * pause_s, before))
        self.tick(now_s)
        return ""

    def _take_edges(self, _: list[str], __: float) -> str:
        listed = " ".join(f"{at}:{state}" for at, state in self._edges)
        text = f"{len(self._edges)} {listed}".rstrip()
        self._edges.clear()
        return text

    def _safe(self, _: list[str], now_s: float) -> str:
        self._toggles.clear()
        self.proximity_ohm = None
        self._hold(None, now_s)
        return self._plug(False, now_s)


build: Callable[[Request], PilotBox] = PilotBox
OWNER = "pilot"
LISTEN = "pty"

if __name__ == "__main__":
    serve_lines("pilot_box", OWNER, build, listen=LISTEN)
