"""The inside of an emulated AC source: what it puts on the plant's grid, and a list of rows that it plays itself.

With its output off a bypass gives the building's mains to the station (option `bypass`, as in most laboratories), so
that a bench with a grid emulator still works while nobody uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.emulators.process import Request

_MAINS_V, _MAINS_HZ = 230.0, 50.0
RAMP_S = 0.02
"""How finely a ramp is stepped: a period of the grid."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list: from a start to an end, linear in between; equal ones make it flat."""

    from_s: float
    until_s: float
    volts: tuple[float, float]
    hertz: tuple[float, float]

    def at(self, now_s: float) -> tuple[float, float]:
        """Voltage and frequency at a time."""
        share = (now_s - self.from_s) / (self.until_s - self.from_s) if self.until_s > self.from_s else 1.0
        share = min(max(share, 0.0), 1.0)
        (low_v, high_v), (low_hz, high_hz) = self.volts, self.hertz
        return low_v + (high_v - low_v) * share, low_hz + (high_hz - low_hz) * share

    @property
    def flat(self) -> bool:
        return self.volts[0] == self.volts[1] and self.hertz[0] == self.hertz[1]


class GridSource:
    def __init__(self, request: Request) -> None:
        self.plant = request.plant
        self.bypass = bool(request.option("bypass", True))
        self.on = False
        self.voltage_v, self.frequency_hz = 230.0, 50.0
        self._rows: list[Row] = []
        """Still to be played."""
        self._now_s = 0.0

    def switch(self, on: bool) -> None:
        self.on = on
        self.apply()

    def apply(self) -> None:
        voltage_v, frequency_hz = self._rows[0].at(self._now_s) if self._rows else (self.voltage_v, self.frequency_hz)
        if self.on:
            self.plant.command(voltage_v=voltage_v, frequency_hz=frequency_hz)
        else:
            self.plant.command(voltage_v=_MAINS_V if self.bypass else 0.0, frequency_hz=_MAINS_HZ)

    def play(self, rows: list[tuple[float, tuple[float, float], tuple[float, float]]], now_s: float) -> None:
        """Begin a list of (duration_s, voltage from and to, frequency from and to)."""
        at_s, self._rows, self._now_s = now_s, [], now_s
        for duration_s, volts, hertz in rows:
            self._rows.append(Row(at_s, at_s + duration_s, volts, hertz))
            at_s += duration_s
        self.apply()

    def stop(self) -> None:
        self._rows = []
        self.apply()

    def due_s(self) -> float | None:
        if not self._rows:
            return None
        row = self._rows[0]
        return row.until_s if row.flat else min(row.until_s, self._now_s + RAMP_S)

    def advance(self, now_s: float) -> None:
        if not self._rows:
            return
        moves = not self._rows[0].flat
        self._now_s = now_s
        before = len(self._rows)
        while self._rows and self._rows[0].until_s <= now_s + 1e-9:
            self._rows.pop(0)
        if moves or len(self._rows) != before:
            self.apply()
