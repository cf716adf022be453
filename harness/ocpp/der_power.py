"""What DER controls do to the power of an EVSE: trips and cessation, droop, curves, limits, ramps and reactive power.

Active power in W, positive into the vehicle; reactive power in var, positive drawn from the grid. Controls that the
vehicle does itself are left to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, tan

from harness.ocpp.curves import interpolate
from harness.ocpp.der import DerControls
from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Readings

NOMINAL_GRID_V = 230.0
"""Phase to neutral (IEC 60038); what percent of voltage are taken of."""
LEAST_COS_PHI = 0.1
"""A power factor below is taken for this one (our default)."""


@dataclass(frozen=True, slots=True)
class _Trip:
    """`fault` as in GridEventFaultEnumType. What does not latch ends with its cause; what does waits for EnterService."""

    fault: str
    high: bool
    of_frequency: bool
    latches: bool


_TRIPS = {
    "HVMustTrip": _Trip("OverVoltage", high=True, of_frequency=False, latches=True),
    "LVMustTrip": _Trip("UnderVoltage", high=False, of_frequency=False, latches=True),
    "HFMustTrip": _Trip("OverFrequency", high=True, of_frequency=True, latches=True),
    "LFMustTrip": _Trip("UnderFrequency", high=False, of_frequency=True, latches=True),
    "HVMomCess": _Trip("OverVoltage", high=True, of_frequency=False, latches=False),
    "LVMomCess": _Trip("UnderVoltage", high=False, of_frequency=False, latches=False),
}
"""In the order in which they count: a trip goes before a cessation."""


class DerPower:
    """Of one EVSE, by its controls."""

    def __init__(self, controls: DerControls, *, ends_taken_over: bool = False) -> None:
        self.controls = controls
        self.tripped: str | None = None
        """Control type of the curve that holds the converter off."""
        self._ends_taken_over = ends_taken_over
        """It tells an end where another control takes over: how an emulated station fails at R05."""
        self._off_since_good_s: float | None = None
        """From when on the grid has been good again after a trip; None: it has not tripped."""
        self._latched = False
        self._last: tuple[float, float] | None = None
        """(time s, power W) of the last target, for ramps."""

    def shaped_w(self, power_w: float, maximum_charge_w: float, maximum_discharge_w: float, readings: Readings,
                 now_s: float) -> float:  # fmt: skip
        """The power after all controls that bear on active power."""
        if self.tripped or self._waits(readings, now_s):
            self._last = (now_s, 0.0)
            return 0.0
        if droop := self.controls.emulated("FreqDroop", now_s):
            power_w += _droop_w(droop.content, readings.frequency_hz, maximum_discharge_w)
        for control_type, at in (("FreqWatt", readings.frequency_hz), ("VoltWatt", _voltage_percent(readings))):
            if curve := self.controls.emulated(control_type, now_s):
                floor_w = -maximum_discharge_w * interpolate(_points(curve.content), at) / 100.0
                power_w = max(power_w, floor_w)
        limit = self.controls.emulated("LimitMaxDischarge", now_s)
        if limit and "pctMaxDischargePower" in limit.content:
            power_w = max(power_w, -maximum_discharge_w * limit.content["pctMaxDischargePower"] / 100.0)
        power_w = min(max(power_w, -maximum_discharge_w), maximum_charge_w)
        return self._within_ramp(power_w, maximum_discharge_w, now_s)

    def reactive_var(self, power_w: float, maximum_var: float, readings: Readings, now_s: float) -> float:
        """Reactive power beside an active one: FixedVar goes before VoltVar, that before a power factor (our default).
        OCPP's percentages are positive towards the grid."""
        if self.tripped:
            return 0.0
        if fixed := self.controls.emulated("FixedVar", now_s):
            wanted_var = -maximum_var * float(fixed.content["setpoint"]) / 100.0
        elif curve := self.controls.emulated("VoltVar", now_s):
            wanted_var = -maximum_var * interpolate(_points(curve.content), _voltage_percent(readings)) / 100.0
        elif factor := self.controls.emulated("FixedPFInject" if power_w < 0 else "FixedPFAbsorb", now_s):
            cos_phi = min(max(float(factor.content["displacement"]), LEAST_COS_PHI), 1.0)
            wanted_var = abs(power_w) * tan(acos(cos_phi)) * (1.0 if factor.content["excitation"] else -1.0)
        else:
            return 0.0
        return min(max(wanted_var, -maximum_var), maximum_var)

    def watch(self, readings: Readings, now_s: float) -> None:
        """Leave the grid where it leaves what a control allows, and tell it; the same when it is over (R05). Where another
        control takes over there is a new alarm, and no end of the first (R05.FR.03, FR.04)."""
        found = next((one for one in _TRIPS if self._beyond(one, readings, now_s)), None)
        if found == self.tripped:
            return
        if self.tripped and (found is None or self._ends_taken_over):
            self.controls.alarm(self.tripped, _TRIPS[self.tripped].fault, now_s, ended=True)
        if found:
            self.controls.alarm(found, _TRIPS[found].fault, now_s)
            self._latched |= _TRIPS[found].latches
        self.tripped = found
        self._off_since_good_s = None

    # inside ------------------------------------------------------------------------------------------------------

    def _beyond(self, control_type: str, readings: Readings, now_s: float) -> bool:
        """Trip curves give percent of the nominal voltage, or hertz, as y over seconds as x: the innermost point counts."""
        control = self.controls.working(control_type, now_s)
        if control is None:
            return False
        trip, points = _TRIPS[control_type], [float(point["y"]) for point in control.content["curveData"]]
        at = readings.frequency_hz if trip.of_frequency else _voltage_percent(readings)
        return at > min(points) if trip.high else at < max(points)

    def _waits(self, readings: Readings, now_s: float) -> bool:
        """After a trip EnterService says how good the grid must be (percent and hertz), and for how long."""
        enter = self.controls.working("EnterService", now_s) if self._latched else None
        if enter is None:
            self._latched = False
            return False
        wanted, at = enter.content, _voltage_percent(readings)
        good = wanted["lowVoltage"] <= at <= wanted["highVoltage"]
        good &= wanted["lowFreq"] <= readings.frequency_hz <= wanted["highFreq"]
        if not good:
            self._off_since_good_s = None
        elif self._off_since_good_s is None:
            self._off_since_good_s = now_s
        if self._off_since_good_s is None or now_s - self._off_since_good_s < float(wanted.get("delay", 0.0)):
            return True
        self._latched = False
        return False

    def _within_ramp(self, power_w: float, rated_w: float, now_s: float) -> float:
        """Gradients give the seconds of a ramp over the rated power; 0: none."""
        ramp = self.controls.emulated("Gradients", now_s)
        ramp_s = float(ramp.content["gradient"]) if ramp else 0.0
        if ramp_s > 0.0 and self._last is not None:
            before_s, before_w = self._last
            step_w = rated_w / ramp_s * max(now_s - before_s, 0.0)
            power_w = min(max(power_w, before_w - step_w), before_w + step_w)
        self._last = (now_s, power_w)
        return power_w


def _points(content: Payload) -> tuple[tuple[float, float], ...]:
    return tuple((point["x"], point["y"]) for point in content["curveData"])


def _voltage_percent(readings: Readings) -> float:
    return 100.0 * readings.grid_voltage_v / NOMINAL_GRID_V


def _droop_w(content: Payload, frequency_hz: float, rated_w: float) -> float:
    """The change of power by a droop: none between underFreq and overFreq, then rated power per droop (Hz)."""
    over_hz = max(frequency_hz - float(content["overFreq"]), 0.0)
    under_hz = max(float(content["underFreq"]) - frequency_hz, 0.0)
    up_w = rated_w * over_hz / float(content["overDroop"]) if content["overDroop"] > 0 else 0.0
    down_w = rated_w * under_hz / float(content["underDroop"]) if content["underDroop"] > 0 else 0.0
    return up_w - down_w
