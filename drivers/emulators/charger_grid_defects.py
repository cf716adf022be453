"""Seeded defects of the emulated charger in its grid functions, in the quality of its power, and in its meter."""

from __future__ import annotations

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
    charger.outlet.reversal_pause_s = 30.0


@defect("overshoots-setpoints", seen_in=_OURS, found_by="PF_BP_07")
def overshoots(charger: Charger) -> None:
    """After each larger step the power goes a quarter too far for 4 s."""
    charger.outlet.overshoot_s = 4.0
