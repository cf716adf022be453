"""An emulated AC vehicle as one unit on the bench: the machine of `ac_car` at the plant's inlet.

`python -m drivers.emulators.ac_vehicle --plant ADDRESS --option phases=3 --option maximum_a=16 --defect ac-never-wakes`
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from typing import Any

from drivers.emulators.ac_car import AcCar, Deed, Habits, Seen, with_behaviours
from drivers.emulators.defects import Defect
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from harness.clock import Clock
from harness.plant.pilot import offered_a
from harness.plant.port import PlantPort
from harness.plant.wire import PlantClient

OWNER = "vehicle"
PREFIX = "ac-"
ARRIVES_SOC = 0.2
"""State of charge at each plugging in, so that a day of cases never meets a full battery (our default)."""


def _defect(behaviour: str, description: str, found_by: str, seen_in: str = "field") -> Defect:
    identifier = PREFIX + behaviour.replace("_", "-")
    return Defect(identifier, "vehicle", "iec61851", seen_in, description, found_by)


DEFECTS = (
    _defect("sleeps_after_pauses", "goes to sleep after five pauses of one session", "AC-11"),
    _defect("sleeps_until_woken", "sleeps in a pause and resumes when the pilot was interrupted", "AC-12"),
    _defect("never_wakes", "sleeps while nothing is offered, until somebody plugs it in anew", "AC-16"),
    _defect("long_sleep", "resumes after 20 min, not after 6 h", "AC-13"),
    _defect("no_slow_charging", "stops below 8 A", "AC-06"),
    _defect("drops_phase", "drops to one phase below 8 A without a word", "AC-06"),
    _defect("overshoots", "exceeds an offer that was lowered much by 1 A for 20 s", "AC-03"),
    _defect("slow_down", "takes 8 s to follow a lowered offer", "AC-04", "our default"),
    _defect("latches_fault", "latches a fault after eight quick toggles of the offer", "AC-10"),
    _defect("drops_out_after_switch", "stops 90 s after a phase switch", "AC-19"),
    _defect("impatient", "gives up when it is offered nothing in the first 60 s", "AC-23"),
)
"""Behaviours of `ac_car` that a case finds. Saturating below the offer is none: such a car is slow, and right."""


def behaviour_of(defect: str) -> str:
    """The behaviour's name behind a defect's id."""
    return defect.removeprefix(PREFIX).replace("-", "_")


def habits_of(options: Mapping[str, Any], defects: Collection[str]) -> Habits:
    """`phases`, `maximum_a` and `behaviours` of the options, and the seeded defects; raises ValueError."""
    habits = Habits(phases=int(options.get("phases", 3)), maximum_a=float(options.get("maximum_a", 16.0)))
    names = [*options.get("behaviours", ()), *(behaviour_of(one) for one in sorted(defects))]
    return with_behaviours(habits, names)


class AcVehicle:
    """Senses the pilot and the phases in the plant, and draws what its machine says."""

    def __init__(self, plant: PlantPort, clock: Clock, habits: Habits) -> None:
        self.plant = plant
        self.clock = clock
        self.car = AcCar(habits)
        self._done = Deed(state="", phases=0)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.ensure_future(self.run())

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def run(self) -> None:
        """Until cancelled: look, do, and wait until something changes."""
        self.plant.command(arrives_soc=ARRIVES_SOC)
        while True:
            moved, now_s = self.plant.changed(), self.clock.now_s()
            deed = self.car.step(now_s, self._seen())
            if deed != self._done:
                self._done = deed
                self.plant.command(pilot_state=deed.state, ac_current_a=deed.current_a, ac_phases=deed.phases)
            due_s = self.car.due_s(now_s)
            await asyncio.wait({moved}, timeout=None if due_s is None else due_s - now_s + 1e-6)

    def _seen(self) -> Seen:
        state = self.plant.state
        lost = state.pilot_state in ("E", "F")
        live = state.station_phases if state.station_contactor_closed else 0
        return Seen(state.plugged, 0.0 if lost else round(offered_a(state.pilot_duty_percent), 3), lost, live)


def build(request: Request) -> AcVehicle:
    """In memory: `clock` comes as an object in the options."""
    options = request.options or {}
    return AcVehicle(request.plant, request.option("clock", None), habits_of(options, request.defects))


async def _main() -> None:
    chosen = arguments("ac_vehicle")
    clock = Clock()
    vehicle = AcVehicle(PlantClient(chosen.plant, OWNER), clock, habits_of(options_of(chosen), chosen.defect))
    await vehicle.start()
    ready("ac_vehicle", address="", resource="")
    await until_terminated()
    await vehicle.close()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(_main())
