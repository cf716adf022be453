"""A control pilot box on a serial line: plugs, holds a vehicle's state, measures the pilot, keeps an edge log.

Line protocol (ASCII, 115200 8N1, LF; the box answers every line with one line, `OK ...` or `ERR code text`):

| line            | does | answer |
|-----------------|------|--------|
| `ID?`           | | `OK PILOTBOX,<model>,<serial>,<firmware>` |
| `PLUG` / `UNPLUG` | closes or opens pilot and proximity contacts | `OK` |
| `STATE x`       | holds x of A B C D E F with its resistors (E: pilot to earth) | `OK` |
| `STATE THRU`    | takes its resistors out: the vehicle behind the box decides | `OK` |
| `PP ohm` / `PP OPEN` | puts a resistor to the proximity contact, or takes it away | `OK` |
| `READ?`         | | `OK STATE=C DUTY=5.0 FREQ=1000.0 VHI=6.0 VLO=-12.0 PLUG=1 PP=220 T=123456` |
| `BCB n ms`      | n toggles B-C-B, each state `ms` long, by the box's own timer | `OK` at once |
| `EDGES?`        | empties the edge log | `OK n t1:B t2:C ...` (box milliseconds, newest last) |
| `SAFE`          | unplugs and takes its resistors out | `OK` |

DUTY is `-` on a steady pilot, PP while the contact is open. T is the box's clock in ms. Levels: IEC 61851-1 Table A.2 as
measured by the box. The protocol is the project's own; a box that speaks it can be built around any microcontroller.
"""

from __future__ import annotations

from drivers.errors import InstrumentError, InstrumentGarbage, SafetyError
from drivers.line_box import LineBox
from drivers.roles import PilotReading

STATES = ("A", "B", "C", "D", "E", "F")
_TOGGLE_MS = 300
"""Middle of the 200 to 400 ms window for each state of a BCB toggle (as cited in open EVSE code)."""
SETTLE_S = 0.5
"""How long the pilot may take to show an unplugged cable (our default)."""


class PilotBox(LineBox):
    kind = "PILOTBOX"

    async def plug(self) -> None:
        await self.ask("PLUG")

    async def unplug(self) -> None:
        await self.ask("UNPLUG")

    async def set_state(self, state: str) -> None:
        """Hold a state A to F; `THRU` lets the vehicle behind the box decide."""
        if state not in (*STATES, "THRU"):
            raise ValueError(f"pilot state {state!r}: one of {', '.join(STATES)} or THRU")
        await self.ask(f"STATE {state}")

    async def read(self) -> PilotReading:
        """State, duty in percent and plug as the box measures them now."""
        fields = dict(part.partition("=")[::2] for part in (await self.ask("READ?")).split())
        try:
            state, plugged = fields["STATE"], fields["PLUG"] == "1"
            duty_percent, proximity_ohm = _number(fields["DUTY"]), _number(fields.get("PP", "-"))
            frequency_hz, high_v, low_v = (float(fields[name]) for name in ("FREQ", "VHI", "VLO"))
        except (KeyError, ValueError):
            raise InstrumentGarbage(self.role, f"READ? cannot be understood: {fields!r}") from None
        if state not in STATES:
            raise InstrumentGarbage(self.role, f"READ? tells of a state {state!r}")
        return PilotReading(
            self.clock.now_s(),
            state,
            duty_percent,
            plugged,
            frequency_hz if duty_percent is not None else None,
            high_v,
            low_v,
            proximity_ohm,
        )

    async def set_proximity(self, ohm: float | None) -> None:
        """Code the cable by its resistor, None opens the contact; proved by reading back, else InstrumentError.

        Which resistor stands for which current is IEC 61851-1's; we have no source for the table.
        """
        await self.ask("PP OPEN" if ohm is None else f"PP {ohm:g}")
        found = (await self.read()).proximity_ohm
        if found != ohm:
            raise InstrumentError(self.role, f"proximity is {found} ohm after {ohm} ohm was asked for")

    async def toggle_bcb(self, count: int = 1) -> None:
        """Wake the station up; returns when the box has finished (two states of 300 ms for each toggle)."""
        await self.ask(f"BCB {count} {_TOGGLE_MS}")
        await self.clock.sleep(2 * count * _TOGGLE_MS / 1000)

    async def edges(self) -> list[tuple[float, str]]:
        """Time in s of the box's clock and new state, of each change since the last call."""
        _, *entries = (await self.ask("EDGES?")).split()
        try:
            pairs = [entry.split(":") for entry in entries]
            return [(int(at) / 1000, state) for at, state in pairs]
        except ValueError:
            raise InstrumentGarbage(self.role, f"EDGES? cannot be understood: {entries!r}") from None

    async def make_safe(self) -> None:
        """Unplugged, proved by reading back."""
        await self.ask("SAFE")
        reading = await self.read()
        until_s = self.clock.now_s() + SETTLE_S
        while (reading.plugged or reading.state != "A") and self.clock.now_s() < until_s:
            await self.clock.sleep(SETTLE_S / 10)
            reading = await self.read()
        if reading.plugged or reading.state != "A":
            raise SafetyError(f"{self.role}: still plugged (state {reading.state}) after SAFE; pull the plug by hand")


def _number(text: str) -> float | None:
    return None if text == "-" else float(text)


Driver = PilotBox
