"""The power part of the emulated charger: what its V2G agent asks of it, done to the plant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.clock import Clock
from harness.iso15118.quantities import Limits
from harness.iso15118.station import Demand, Grant, Outlet, Reading
from harness.plant.port import PlantPort

STATION_LIMITS = Limits(
    maximum_charge_power_w=22_000.0,
    maximum_charge_current_a=60.0,
    maximum_voltage_v=920.0,
    minimum_voltage_v=150.0,
    maximum_discharge_power_w=22_000.0,
    maximum_discharge_current_a=60.0,
)
"""A 22 kW bidirectional station, as the plant's converter is (our default)."""

ISOLATION_TEST_V = 500.0
ISOLATION_TEST_S = 1.0
ISOLATION_OHM_PER_V = 100.0
"""Below this the cable check fails (our default)."""
RAMP_DOWN_S = 1.0
"""How long a normal stop waits for the current to fall before the contactor opens anyway; the answer has 1.4 s."""
IDLE_A = 1.0


@dataclass(frozen=True, slots=True)
class _Wait:
    """Something that was begun and takes its time."""

    since_s: float


class PlantOutlet:
    """A `Station` whose power path is the plant's converter. `target_power_w` is the controller's set point."""

    def __init__(self, plant: PlantPort, clock: Clock, limits: Limits = STATION_LIMITS, *, ac: bool = False) -> None:
        self.plant = plant
        self.clock = clock
        self.limits = limits
        self.ac = ac
        self.target_power_w = limits.maximum_charge_power_w
        self.authorization: bool | None = True
        """Decision on external identification; None while nobody has decided."""
        self.granted_w = 0.0
        self.energised = False
        """Whether the converter is in its power loop."""
        self.off_grid = False
        """The interface protection has opened: no power, though the session goes on."""
        self.distortion_percent = 0.0
        self.regulated: Callable[[float], float] = lambda power_w: power_w
        """What the regulation makes of a granted power: itself, unless a fault is seeded."""
        self._isolation: _Wait | None = None
        self._stopping: _Wait | None = None
        self._begun_wh = (0.0, 0.0)

    @property
    def vehicle_ready(self) -> bool:
        return self.plant.state.pilot_state in ("C", "D")

    def begin_session(self) -> None:
        """The meter's session registers start from zero."""
        state = self.plant.state
        self._begun_wh = (state.station_imported_wh, state.station_exported_wh)
        self._isolation = None
        self._stopping = None

    def authorized(self) -> bool | None:
        return self.authorization

    def cable_check(self) -> bool | None:
        now_s = self.clock.now_s()
        if self._isolation is None:
            self._isolation = _Wait(now_s)
            self.plant.command(mode="isolation", contactor=True, target_voltage_v=ISOLATION_TEST_V)
        if now_s - self._isolation.since_s < ISOLATION_TEST_S:
            return None
        sound = self.plant.state.isolation_ohm >= ISOLATION_OHM_PER_V * self.limits.maximum_voltage_v
        self._isolation = None
        self.plant.command(mode="off")
        return sound

    def pre_charge(self, voltage_v: float) -> None:
        self.plant.command(mode="precharge", contactor=True, target_voltage_v=voltage_v)

    def energise(self, on: bool) -> bool:
        return self._close() if on else self._open()

    def _close(self) -> bool:
        self._stopping = None
        if self.ac:
            self.plant.command(mode="off", contactor=True)
        elif not self.energised:
            self.energised = True
            self.plant.command(mode="power", contactor=True, target_power_w=0.0, target_current_a=None)
        return self.plant.state.station_contactor_closed

    def _open(self) -> bool:
        now_s = self.clock.now_s()
        if self._stopping is None:
            self._stopping = _Wait(now_s)
            self.plant.command(target_power_w=0.0)
        flowing = abs(self.plant.state.station_current_a) > IDLE_A
        if flowing and now_s - self._stopping.since_s < RAMP_DOWN_S:
            return False
        self.emergency_off()
        return True

    def leave_grid(self, off: bool) -> None:
        """Open or close towards the grid; an open one carries nothing from this moment on."""
        self.off_grid = off
        if off and self.energised:
            self.plant.command(mode="off", target_power_w=0.0)

    def emergency_off(self) -> None:
        self._stopping = None
        self._isolation = None
        self.granted_w = 0.0
        self.energised = False
        self.plant.command(mode="off", target_power_w=0.0, contactor=False)

    def deliver(self, demand: Demand) -> Grant:
        return self._deliver_dc(demand) if not self.ac else self._deliver_ac(demand)

    def _deliver_dc(self, demand: Demand) -> Grant:
        """Power within both sides' limits; in scheduled control the vehicle's own current and voltage, as far as the
        controller's power allows."""
        mine, theirs, state = self.limits, demand.limits, self.plant.state
        highest_v = _least(mine.maximum_voltage_v, demand.target_voltage_v, theirs.maximum_voltage_v)
        voltage_v = max(state.station_voltage_v, 1.0)
        if demand.target_current_a is None:
            wanted_w = self.target_power_w
        else:
            wanted_w = demand.target_current_a * voltage_v
        forth_a = _least(mine.maximum_charge_current_a, theirs.maximum_charge_current_a)
        back_a = _least(mine.maximum_discharge_current_a, theirs.maximum_discharge_current_a)
        forth_w = _least(mine.maximum_charge_power_w, theirs.maximum_charge_power_w)
        if demand.target_current_a is not None:
            forth_w = min(forth_w, max(self.target_power_w, 0.0))
        back_w = min(mine.maximum_discharge_power_w, theirs.maximum_discharge_power_w)
        by_power_w = min(max(wanted_w, -back_w), forth_w)
        granted_w = min(max(by_power_w, -back_a * voltage_v), forth_a * voltage_v)
        granted_w = self.regulated(granted_w)
        self.granted_w = 0.0 if self.off_grid else granted_w
        if self.off_grid:
            return Grant(0.0, power_limited=True, current_limited=False, voltage_limited=False)
        self.plant.command(
            mode="power",
            distortion_percent=self.distortion_percent,
            target_power_w=granted_w,
            target_current_a=forth_a if granted_w >= 0 else back_a,
            target_voltage_v=highest_v,
            minimum_voltage_v=theirs.minimum_voltage_v,
        )
        return Grant(
            granted_w,
            power_limited=by_power_w != wanted_w,
            current_limited=granted_w != by_power_w,
            voltage_limited=state.station_voltage_v >= highest_v,
        )

    def _deliver_ac(self, demand: Demand) -> Grant:
        """The on-board charger does the work; the station names the power."""
        mine, theirs = self.limits, demand.limits
        forth_w = _least(mine.maximum_charge_power_w, theirs.maximum_charge_power_w)
        back_w = min(mine.maximum_discharge_power_w, theirs.maximum_discharge_power_w)
        self.granted_w = min(max(self.target_power_w, -back_w), forth_w)
        return Grant(self.granted_w, power_limited=self.granted_w != self.target_power_w)

    def outlet(self) -> Outlet:
        state = self.plant.state
        if self.ac:
            return Outlet(state.grid_voltage_v, state.grid_phase_current_a[0], state.grid_power_w)
        power_w = state.station_voltage_v * state.station_current_a
        return Outlet(state.station_voltage_v, state.station_current_a, power_w)

    def meter(self) -> Reading | None:
        state = self.plant.state
        charged_wh, discharged_wh = self._begun_wh
        return Reading("PFT-METER-1", state.station_imported_wh - charged_wh, state.station_exported_wh - discharged_wh)


def _least(*limits: float | None) -> float:
    """The smallest of the limits that were stated; zero is a limit, None is none."""
    return min(limit for limit in limits if limit is not None)
