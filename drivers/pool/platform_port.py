"""The port of a pool's controller towards a balancing platform: setpoints in, telemetry and metering out.

Balancing platforms speak protocols of their own; where a lab has one, a driver for it takes this one's place. The line
protocol is the project's own (as drivers/line_box.py; kind POOL), over TCP, powers in W, positive is drawn from the grid,
times in ms of the pool's own clock:

    SET -20000    ->  OK                                         the pool's setpoint from now on
    CLOCK?        ->  OK 73210
    DELTAS?       ->  OK 2 72000:-19800 76000:-20050             what delta monitoring has sent since the last question
    UNITS?        ->  OK 73210 S-01:-4000:-3990 S-02:...         of each delivery point: its setpoint, its measured power
    METER?        ->  OK 73210 -20010                            the calibrated meter at the connection point
    QUARTERS?     ->  OK 1 900000:0:4987                         ended quarter-hours since the last question: Wh in, Wh out
    SAFE          ->  OK                                         zero
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import InstrumentGarbage, SafetyError
from drivers.line_box import LineBox
from drivers.wire import Connection, visa_wire

SAFE_W = 500.0
"""A pool at zero may still draw the standby of its chargers (our default)."""
SAFE_S = 10.0


@dataclass(frozen=True, slots=True)
class DeliveryPoint:
    """One charger of a pool, as the pool's controller tells it."""

    id: str
    setpoint_w: float
    power_w: float


class PlatformPort(LineBox):
    """Times are turned into the run's clock by the offset that was found when the connection was opened."""

    kind = "POOL"
    safe_s = SAFE_S + 1.0

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.wire = visa_wire(connection)
        self._offset_s = 0.0

    async def open(self) -> None:
        await super().open()
        asked_s = self.clock.now_s()
        theirs_s = self._time(await self.ask("CLOCK?"))
        self._offset_s = (asked_s + self.clock.now_s()) / 2 - theirs_s

    async def set_power(self, setpoint_w: float) -> None:
        """The pool's setpoint from now on."""
        await self.ask(f"SET {setpoint_w:.0f}")

    async def deltas(self) -> list[tuple[float, float]]:
        """(run clock, W) that delta monitoring has sent since the last question."""
        return [(self._offset_s + parts[0] / 1000, parts[1]) for parts in self._rows(await self.ask("DELTAS?"), 2)]

    async def quarters(self) -> list[tuple[float, float, float]]:
        """(end on the run clock, imported Wh, exported Wh) of each ended quarter-hour since the last question."""
        rows = self._rows(await self.ask("QUARTERS?"), 3)
        return [(self._offset_s + parts[0] / 1000, parts[1], parts[2]) for parts in rows]

    async def meter_w(self) -> float:
        """Power at the connection point."""
        words = (await self.ask("METER?")).split()
        return self._number(words[1]) if len(words) == 2 else self._unclear("METER?", " ".join(words))

    async def units(self) -> list[DeliveryPoint]:
        """Every delivery point at one time."""
        answer = await self.ask("UNITS?")
        points = []
        for row in answer.split()[1:]:
            fields = row.split(":")
            if len(fields) != 3:
                self._unclear("UNITS?", row)
            points.append(DeliveryPoint(fields[0], self._number(fields[1]), self._number(fields[2])))
        return points

    async def make_safe(self) -> None:
        """Setpoint zero, proved by the meter; raises SafetyError for a pool that goes on."""
        await self.ask("SAFE")
        deadline_s = self.clock.now_s() + SAFE_S
        while abs(power_w := await self.meter_w()) > SAFE_W:
            if self.clock.now_s() > deadline_s:
                raise SafetyError(f"{self.role}: still {power_w:.0f} W at the meter; stop the chargers by hand")
            await self.clock.sleep(0.5)

    def _rows(self, answer: str, width: int) -> list[list[float]]:
        count, *rows = answer.split() or [""]
        found = [[self._number(text) for text in row.split(":")] for row in rows]
        if count != str(len(found)) or any(len(row) != width for row in found):
            self._unclear("a list", answer)
        return found

    def _time(self, text: str) -> float:
        return self._number(text) / 1000

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return self._unclear("a number", text)

    def _unclear(self, what: str, text: str) -> float:
        raise InstrumentGarbage(self.role, f"{what} cannot be understood: {text[:80]!r}")


Driver = PlatformPort
