"""The inside of an emulated AC source: what it puts on the plant's grid, and a list of steps that it plays itself.

With its output off a bypass gives the building's mains to the station (option `bypass`, as in most laboratories), so
that a bench with a grid emulator still works while nobody uses it.
"""

from __future__ import annotations

from drivers.emulators.process import Request

_MAINS_V, _MAINS_HZ = 230.0, 50.0


class GridSource:
    def __init__(self, request: Request) -> None:
        self.plant = request.plant
        self.bypass = bool(request.option("bypass", True))
        self.on = False
        self.voltage_v, self.frequency_hz = 230.0, 50.0
        self._steps: list[tuple[float, float, float]] = []
        """(until_s, voltage_v, frequency_hz) still to be played."""

    def switch(self, on: bool) -> None:
        self.on = on
        self.apply()

    def apply(self) -> None:
        voltage_v, frequency_hz = self.voltage_v, self.frequency_hz
        if self._steps:
            _, voltage_v, frequency_hz = self._steps[0]
        if self.on:
            self.plant.command(voltage_v=voltage_v, frequency_hz=frequency_hz)
        else:
            self.plant.command(voltage_v=_MAINS_V if self.bypass else 0.0, frequency_hz=_MAINS_HZ)

    def play(self, steps: list[tuple[float, float, float]], now_s: float) -> None:
        """Begin a list of (duration_s, voltage_v, frequency_hz)."""
        at_s = now_s
        self._steps = []
        for duration_s, voltage_v, frequency_hz in steps:
            at_s += duration_s
            self._steps.append((at_s, voltage_v, frequency_hz))
        self.apply()

    def stop(self) -> None:
        self._steps = []
        self.apply()

    def due_s(self) -> float | None:
        return self._steps[0][0] if self._steps else None

    def advance(self, now_s: float) -> None:
        before = len(self._steps)
        while self._steps and self._steps[0][0] <= now_s + 1e-9:
            self._steps.pop(0)
        if len(self._steps) != before:
            self.apply()
