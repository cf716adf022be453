"""The far end of drivers/pool/platform_port.py: a controller with some chargers, each with a plant of its own."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.defects import Defect
from drivers.emulators.line import Answer, BoxCommands, LineDevice, box_answer, wire_defects
from drivers.emulators.process import Request, serve_lines
from harness.plant.battery import BatteryParameters
from harness.plant.plant import Plant, PlantParameters

_ROLE = "pool"
_CONTRACT = "tests/drivers/test_contract_pool.py"
_TEXTS = {
    "deaf-unit": ("one charger takes its setpoint and does not move", "PF_AP_01"),
    "wrong-sign": ("the controller turns the sign of setpoints", "PF_AP_01"),
    "slow-ramp": ("the controller lets the setpoints of its chargers creep", "PF_AP_01"),
    "half-the-bid": ("the controller dispatches half of what was asked for", "PF_AP_01"),
    "late": ("the controller applies each setpoint 14 s late", "PF_AP_02"),
    "drops-setpoints": ("the controller applies every fourth setpoint only", "PF_AP_02"),
    "forgets-a-unit": ("the reported total leaves out one charger", "PF_AP_03"),
    "coarse-deltas": ("delta monitoring sends only changes of 25 % of the pool", "PF_AP_04"),
    "frozen-telemetry": ("after 30 s delta monitoring sends nothing any more", "PF_AP_04"),
    "skewed-clock": ("delta monitoring stamps its values 9 s late", "PF_AP_04"),
    "exchanged-quarters": ("quarter-hours have import and export exchanged", "PF_AP_04"),
    "runs-on": ("without setpoints the pool keeps its last one for ever", "PF_AP_05"),
}
DEFECTS = (
    *wire_defects(_ROLE, "pool", "pool", _CONTRACT),
    *(Defect(f"pool-{name}", _ROLE, "pool", "our default", *rest) for name, rest in _TEXTS.items()),
)
CYCLE_S = 4.0
UNIT_W = 11_000.0
"""What one charger may draw or give (our default)."""


class Charger:
    """One delivery point: a charger with a vehicle, regulated to a power at its grid side."""

    def __init__(self, name: str, soc: float) -> None:
        self.name = name
        self.setpoint_w = 0.0
        self.plant = Plant(PlantParameters(battery=BatteryParameters(initial_soc=soc)))
        self.plant.command("pilot", {"plugged": True})
        self.plant.command("vehicle", {"contactor": True, "pilot_state": "C"})
        self.plant.command("station", {"mode": "power", "contactor": True, "target_power_w": 0.0})
        self.deaf = False

    def advance(self, now_s: float) -> None:
        self.plant.advance(now_s)

    def regulate(self) -> None:
        """Meet the setpoint at the grid side: the DC side has to make up for the losses."""
        state = self.plant.state
        losses_w = state.grid_power_w - state.station_voltage_v * state.station_current_a
        target_w = round(self.setpoint_w - losses_w) if self.setpoint_w else 0
        if not self.deaf:
            self.plant.command("station", {"target_power_w": float(target_w)})

    @property
    def power_w(self) -> float:
        return self.plant.state.grid_power_w


class Pool(LineDevice):
    """Once a second it moves its chargers; every 4 s it looks whether its power has changed enough to be told."""

    defects = DEFECTS

    def __init__(self, request: Request) -> None:
        super().__init__(request.defects)
        count = int(request.option("chargers", 5))
        self.serial = str(request.option("serial", "POOL-0001"))
        self.delta_w = float(request.option("delta_w", 100.0))
        self.quarter_s = float(request.option("quarter_s", 900.0))
        self.hold_s = float(request.option("hold_s", 30.0))
        """Without a new setpoint for this long the pool goes to zero."""
        self.chargers = [Charger(f"S-{number:02}", 0.4 + 0.2 * number / count) for number in range(1, count + 1)]
        self.chargers[1 % count].deaf = self.has("deaf-unit")
        self.setpoint_w = 0.0
        self._began_s: float | None = None
        self._next_s = 0.0
        self._asked: list[tuple[float, float]] = []
        self._heard_s = 0.0
        self._setpoints = 0
        self._cycle: list[float] = []
        self._sent: list[tuple[float, ...]] = []
        self._last_sent_w: float | None = None
        self._quarters: list[tuple[float, ...]] = []
        self._quarter_began_j = (0.0, 0.0)
        self._imported_j = self._exported_j = 0.0
        self._commands: BoxCommands = {
            "ID?": lambda _, __: f"POOL,emulated pool of {count},{self.serial},1.0",
            "SET": self._set,
            "CLOCK?": lambda _, now_s: f"{now_s * 1000:.0f}",
            "DELTAS?": lambda _, __: self._taken(self._sent),
            "QUARTERS?": lambda _, __: self._taken(self._quarters),
            "METER?": lambda _, now_s: f"{now_s * 1000:.0f} {self._now_w(now_s):.0f}",
            "UNITS?": self._units,
            "SAFE": lambda _, now_s: self._safe(now_s),
        }

    def handle(self, line: str, now_s: float) -> list[Answer]:
        self._begin(now_s)
        return [box_answer(self._commands, line, now_s)]

    def due_s(self) -> float | None:
        return self._next_s if self._began_s is not None else None

    def tick(self, now_s: float) -> list[Answer]:
        while self._next_s <= now_s + 1e-9:
            self._second(self._next_s)
            self._next_s += 1.0
        return []

    # inside

    def _begin(self, now_s: float) -> None:
        """Its time begins when somebody first talks to it."""
        if self._began_s is None:
            self._began_s, self._next_s, self._heard_s = now_s, float(int(now_s) + 1), now_s

    def _since_s(self, now_s: float) -> float:
        return now_s - (self._began_s or 0.0)

    def _second(self, now_s: float) -> None:
        power_w = self._now_w(now_s)
        self._imported_j += max(power_w, 0.0)
        self._exported_j -= min(power_w, 0.0)
        due = [setpoint_w for at_s, setpoint_w in self._asked if at_s <= now_s]
        if due:
            self.setpoint_w = due[-1]
            self._asked = self._asked[len(due) :]
        if now_s - self._heard_s > self.hold_s and not self.has("runs-on"):
            self.setpoint_w = 0.0
        self._dispatch()
        self._cycle.append(power_w)
        if now_s % CYCLE_S < 1e-6:
            self._tell(now_s)
        if now_s % self.quarter_s < 1e-6:
            self._close_quarter(now_s)

    def _dispatch(self) -> None:
        wanted_w = self.setpoint_w * (-1 if self.has("wrong-sign") else 1) * (0.5 if self.has("half-the-bid") else 1)
        share_w = min(max(wanted_w / len(self.chargers), -UNIT_W), UNIT_W)
        for charger in self.chargers:
            if self.has("slow-ramp"):
                step_w = UNIT_W * 0.1 / 60
                share_w = charger.setpoint_w + min(max(share_w - charger.setpoint_w, -step_w), step_w)
            charger.setpoint_w = share_w
            charger.regulate()

    def _now_w(self, now_s: float) -> float:
        """Power at the connection point."""
        for charger in self.chargers:
            charger.advance(self._since_s(now_s))
        return sum(charger.power_w for charger in self.chargers)

    def _tell(self, now_s: float) -> None:
        """Delta monitoring: the mean of the last cycle, if it differs enough from what was told last."""
        mean_w, self._cycle = sum(self._cycle) / len(self._cycle), []
        if self.has("forgets-a-unit"):
            mean_w *= 1 - 1 / len(self.chargers)
        if self.has("frozen-telemetry") and self._since_s(now_s) > 30.0:
            return
        threshold_w = 0.25 * UNIT_W * len(self.chargers) if self.has("coarse-deltas") else self.delta_w
        if self._last_sent_w is None or abs(mean_w - self._last_sent_w) >= threshold_w:
            self._last_sent_w = mean_w
            self._sent.append((now_s + (9.0 if self.has("skewed-clock") else 0.0), mean_w))

    def _close_quarter(self, now_s: float) -> None:
        before_in_j, before_out_j = self._quarter_began_j
        energies = ((self._imported_j - before_in_j) / 3600, (self._exported_j - before_out_j) / 3600)
        if self.has("exchanged-quarters"):
            energies = (energies[1], energies[0])
        self._quarter_began_j = (self._imported_j, self._exported_j)
        self._quarters.append((now_s, *energies))

    # commands

    def _set(self, words: list[str], now_s: float) -> str:
        setpoint_w = float(words[0])
        most_w = UNIT_W * len(self.chargers)
        if abs(setpoint_w) > most_w:
            raise ValueError(f"the pool has {most_w:.0f} W each way")
        self._heard_s = now_s
        self._setpoints += 1
        if not self.has("drops-setpoints") or self._setpoints % 4 == 0:
            self._asked.append((now_s + (14.0 if self.has("late") else 0.0), setpoint_w))
        return ""

    def _safe(self, now_s: float) -> str:
        self._asked.clear()
        self.setpoint_w, self._heard_s = 0.0, now_s
        for charger in self.chargers:
            charger.setpoint_w = 0.0
            charger.plant.command("station", {"target_power_w": 0.0})
        return ""

    def _units(self, _: list[str], now_s: float) -> str:
        self._now_w(now_s)
        rows = [f"{charger.name}:{charger.setpoint_w:.0f}:{charger.power_w:.0f}" for charger in self.chargers]
        return f"{now_s * 1000:.0f} {' '.join(rows)}"

    def _taken(self, rows: list[tuple[float, ...]]) -> str:
        listed = " ".join(":".join([f"{at_s * 1000:.0f}", *(f"{value:.1f}" for value in rest)]) for at_s, *rest in rows)
        text = f"{len(rows)} {listed}".rstrip()
        rows.clear()
        return text


build: Callable[[Request], Pool] = Pool
OWNER = "observer"

if __name__ == "__main__":
    serve_lines("pool", OWNER, build)
