"""Seeded defects of the emulated charger in its grid functions, in the quality of its power, and in its meter."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any

from drivers.emulators.charger_misconduct import defect, twist
from harness.iso15118.quantities import changed
from harness.iso15118.secc_shell import Secc

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger

_OURS = "our default"


@defect("deaf-to-frequency", seen_in=_OURS, found_by="PF_GC_01")
def deaf(charger: Charger) -> None:
    """Active power does not follow the frequency."""
    charger.grid_support.droop_share = 0.0


@defect("droop-too-weak", seen_in=_OURS, found_by="PF_GC_01")
def weak_droop(charger: Charger) -> None:
    """Active power moves half as far with frequency as its settings say."""
    charger.grid_support.droop_share = 0.5


@defect("droop-turned-round", seen_in=_OURS, found_by="PF_GC_01")
def turned_droop(charger: Charger) -> None:
    """At high frequency more is fed in, at low frequency more is drawn."""
    charger.grid_support.droop_share = -1.0


@defect("reactive-power-turned-round", seen_in=_OURS, found_by="PF_GC_02")
def turned_reactive(charger: Charger) -> None:
    """At high voltage reactive power is given and at low voltage drawn: over- and under-excited are mixed up."""
    charger.grid_support.reactive_share = -1.0


@defect("no-reactive-power", seen_in=_OURS, found_by="PF_GC_03")
def no_reactive(charger: Charger) -> None:
    """The power factor stays 1 whatever the power."""
    charger.grid_support.reactive_share = 0.0


@defect("trips-in-a-dip", seen_in=_OURS, found_by="PF_GC_04")
def impatient(charger: Charger) -> None:
    """A short voltage dip disconnects the charger."""
    charger.grid_support.patience_share = -0.6


@defect("trips-in-a-deep-dip", seen_in=_OURS, found_by="PF_GC_04")
def weak_in_depth(charger: Charger) -> None:
    """Shallow dips are ridden through, one below half the voltage disconnects the charger at once."""
    charger.grid_support.borne_percent = (50.0, inf)


@defect("trips-in-a-swell", seen_in=_OURS, found_by="PF_GC_09")
def weak_in_height(charger: Charger) -> None:
    """A short voltage swell disconnects the charger at once."""
    charger.grid_support.borne_percent = (0.0, 112.0)


@defect("deaf-to-voltage", seen_in=_OURS, found_by="PF_GC_08")
def deaf_to_voltage(charger: Charger) -> None:
    """At high voltage all the power is fed in, at low voltage all of it is drawn."""
    charger.grid_support.voltage_share = 0.0


@defect("reduces-half-with-voltage", seen_in=_OURS, found_by="PF_GC_08")
def reduces_half(charger: Charger) -> None:
    """Active power is reduced half as far with voltage as its settings say."""
    charger.grid_support.voltage_share = 0.5


@defect("trips-on-fast-frequency", seen_in=_OURS, found_by="PF_GC_07")
def fast_frequency(charger: Charger) -> None:
    """A change of frequency of more than 0.5 Hz/s disconnects the charger."""
    charger.grid_support.most_hz_per_s = 0.5


@defect("never-trips", seen_in=_OURS, found_by="PF_GC_05")
def never_trips(charger: Charger) -> None:
    """The charger stays on the grid at a frequency or voltage at which it has to leave."""
    charger.grid_support.trips = False


@defect("comes-back-at-once", seen_in=_OURS, found_by="PF_GC_06")
def impatient_return(charger: Charger) -> None:
    """After a disconnection the charger does not wait for a steady grid."""
    charger.grid_support.wait_share = 0.2


@defect("comes-back-without-ramp", seen_in=_OURS, found_by="PF_GC_06")
def sudden_return(charger: Charger) -> None:
    """After a disconnection full power comes back at once."""
    charger.grid_support.ramps_back = False


@defect("distorts-its-current", seen_in=_OURS, found_by="PF_BP_06")
def distorts(charger: Charger) -> None:
    """A filter is broken: the current has 12 % of harmonics at any power."""
    charger.outlet.distortion_percent = 12.0


@defect("wastes-power", seen_in=_OURS, found_by="PF_BP_03")
def wasteful(charger: Charger) -> None:
    """600 W are lost beside what a converter loses anyway: poor efficiency at part load."""
    charger.plant.command(more_loss_w=600.0)


@defect("hungry-in-standby", seen_in=_OURS, found_by="PF_BP_04")
def hungry(charger: Charger) -> None:
    """130 W are drawn more than needed, also while nobody is there."""
    charger.plant.command(more_loss_w=130.0)


@defect("clips-power", seen_in=_OURS, found_by="PF_BP_02")
def clips(charger: Charger) -> None:
    """No more than 6 kW either way, whatever was accepted."""
    charger.outlet.regulated = lambda power_w: min(max(power_w, -6_000.0), 6_000.0)


@defect("loop-registers-exchanged", seen_in=_OURS, found_by="PF_BP_05")
def exchanged_registers(charger: Charger) -> None:
    """In the charge loop discharged energy is told as charged, and charged as discharged."""

    def exchange(_se: Secc, _request: Any, response: Any) -> Any:
        told = response.meter_info
        if told is None or told.bpt_discharged_energy_reading_wh is None:
            return changed(response)
        turned = changed(
            told,
            charged_energy_reading_wh=told.bpt_discharged_energy_reading_wh,
            bpt_discharged_energy_reading_wh=told.charged_energy_reading_wh,
        )
        return changed(response, meter_info=turned)

    twist(charger, "DC_ChargeLoopReq", exchange)


@defect("lingers-at-zero", seen_in=_OURS, found_by="PF_BP_07")
def lingers(charger: Charger) -> None:
    """Every reversal from charging to discharging and back rests at zero for 30 s."""
    steps = _Steps(charger)
    charger.outlet.regulated = lambda power_w: 0.0 if steps.since_s(power_w) < 30.0 and steps.turned else power_w


@defect("overshoots-setpoints", seen_in=_OURS, found_by="PF_BP_07")
def overshoots(charger: Charger) -> None:
    """After each larger step the power goes a quarter too far for 4 s."""
    steps = _Steps(charger)
    charger.outlet.regulated = lambda power_w: (
        power_w + 0.25 * steps.height_w if steps.since_s(power_w) < 4.0 else power_w
    )


@defect("creeps-to-setpoints", seen_in=_OURS, found_by="PF_AF_01")
def creeps(charger: Charger) -> None:
    """Power moves by 15 W a second only, whatever was asked for."""
    moved = [0.0, charger.clock.now_s()]

    def creep(power_w: float) -> float:
        now_s = charger.clock.now_s()
        reach_w = 15.0 * (now_s - moved[1])
        moved[:] = [moved[0] + min(max(power_w - moved[0], -reach_w), reach_w), now_s]
        return moved[0]

    charger.outlet.regulated = creep


@defect("follows-setpoints-late", seen_in=_OURS, found_by="PF_AF_02")
def late(charger: Charger) -> None:
    """Every setpoint is followed 20 s late."""
    coming: deque[tuple[float, float]] = deque([(0.0, 0.0)])

    def delay(power_w: float) -> float:
        now_s = charger.clock.now_s()
        coming.append((now_s + 20.0, power_w))
        while len(coming) > 1 and coming[1][0] <= now_s:
            coming.popleft()
        return coming[0][1]

    charger.outlet.regulated = delay


class _Steps:
    """The latest step of more than 1 kW among the powers that the regulation is asked for."""

    def __init__(self, charger: Charger) -> None:
        self._clock = charger.clock
        self._power_w = 0.0
        self._at_s = -1e9
        self.height_w = 0.0
        self.turned = False
        """It changed the sign."""

    def since_s(self, power_w: float) -> float:
        """Time since that step; call it once for every power."""
        now_s = self._clock.now_s()
        if abs(power_w - self._power_w) > 1_000.0:
            self.height_w, self.turned = power_w - self._power_w, power_w * self._power_w < 0
            self._power_w, self._at_s = power_w, now_s
        return now_s - self._at_s
