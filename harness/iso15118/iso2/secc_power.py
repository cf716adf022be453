"""A charger's answers in ISO 15118-2 around power: cable check, pre-charge, PowerDelivery, the loops, and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.answering import Refused
from harness.iso15118.iso2.answering import ac_status, answers, dc_status, filled, status
from harness.iso15118.iso2.documents import ac_current_a, amperes, dc_limits, volts, watts
from harness.iso15118.iso2.timing import CONTACTOR_S
from harness.iso15118.messages.iso2 import body, types
from harness.iso15118.messages.iso2.types import DCEVSEStatusCode, EVSENotification, EVSEProcessing, IsolationLevel
from harness.iso15118.services import Energy
from harness.iso15118.station import Demand, What

if TYPE_CHECKING:
    from harness.iso15118.iso2.secc import Iso2SeccSession

PILOT_S = 0.25
"""How long the pilot may be behind the message ([V2G2-847])."""


def _fill_cable_check(session: Iso2SeccSession, _: Any) -> dict[str, Any]:
    return {"dc_evse_status": dc_status(session), "evse_processing": EVSEProcessing.Finished}


@answers("CableCheckReq", body.CableCheckRes, _fill_cable_check)
def cable_check(session: Iso2SeccSession, request: Any, now_s: float) -> Record | None:
    if not session.station.vehicle_ready:
        if session.waited_s(now_s) < PILOT_S:
            return None
        raise Refused("FAILED", "the pilot does not show state C or D")
    session.isolation = IsolationLevel.Invalid
    passed = None if session.first_polls_ongoing("CableCheckReq") else session.station.cable_check()
    if passed is False:
        session.isolation = IsolationLevel.Fault
        raise Refused("FAILED", "the isolation test was not passed")
    if passed is None:
        active = dc_status(session, DCEVSEStatusCode.EVSE_IsolationMonitoringActive)
        return filled(session, request, dc_evse_status=active, evse_processing=EVSEProcessing.Ongoing)
    session.isolation = IsolationLevel.Valid
    return filled(session, request)


def _fill_voltage(session: Iso2SeccSession, _: Any) -> dict[str, Any]:
    return {"dc_evse_status": dc_status(session), "evse_present_voltage": _voltage(session)}


def _voltage(session: Iso2SeccSession) -> types.PhysicalValue:
    return volts(session.station.outlet().voltage_v)


@answers("PreChargeReq", body.PreChargeRes, _fill_voltage)
def pre_charge(session: Iso2SeccSession, request: Any, _: float) -> Record:
    session.station.pre_charge(float(request.ev_target_voltage))
    return filled(session, request)


@answers("WeldingDetectionReq", body.WeldingDetectionRes, _fill_voltage)
def welding_detection(session: Iso2SeccSession, request: Any, _: float) -> Record:
    return filled(session, request)


def _fill_status(session: Iso2SeccSession, _: Any) -> dict[str, Any]:
    return {"evse_status": status(session)}


@answers("PowerDeliveryReq", body.PowerDeliveryRes, _fill_status)
def power_delivery(session: Iso2SeccSession, request: Any, now_s: float) -> Record | None:
    """Moves the contactor within the time that the answer has; a refused request energises nothing.

    For a renegotiation direct current is switched off, since its cable is checked again before it goes on ([V2G2-582]).
    """
    progress = request.charge_progress
    profile: tuple[tuple[int, float], ...] = ()
    if progress == "Renegotiate" and not session.live:
        raise Refused("FAILED", "there is nothing to renegotiate before power is on")  # [V2G2-812]
    if progress == "Start":
        profile = _checked_profile(session, request)
    wanted = progress == "Start" or (progress == "Renegotiate" and session.energy is Energy.AC)
    if not session.station.energise(wanted):
        if session.waited_s(now_s) < CONTACTOR_S:
            return None
        raise Refused("FAILED_ContactorError", f"the contactor did not {'close' if wanted else 'open'} in time")
    session.notification, session.max_delay_s = EVSENotification.None_, 0
    if progress == "Start":
        session.chosen = request.sa_schedule_tuple_id
        session.tell(What.CHOICE, now_s, number=session.chosen, profile=profile)
    return filled(session, request)


def _checked_profile(session: Iso2SeccSession, request: Any) -> tuple[tuple[int, float], ...]:
    """(begin s, W) of the vehicle's profile: of a tuple that we offered, and never above it ([V2G2-478], [V2G2-479])."""
    number = request.sa_schedule_tuple_id
    if not 1 <= number <= len(session.schedules):
        raise Refused("FAILED_TariffSelectionInvalid", f"schedule tuple {number} was not offered")
    slots = session.schedules[number - 1]
    entries = request.charging_profile.profile_entry if request.charging_profile else ()
    told = tuple((one.charging_profile_entry_start, float(one.charging_profile_entry_max_power)) for one in entries)
    for index, (begin_s, power_w) in enumerate(told):
        end_s = told[index + 1][0] if index + 1 < len(told) else float("inf")
        allowed_w = _least(slots, begin_s, end_s)
        if power_w > allowed_w * 1.001 + 1.0:  # a watt and half a digit of the number's rounding
            raise Refused("FAILED_ChargingProfileInvalid", f"{power_w:g} W where {allowed_w:g} W were offered")
    return told


def _least(slots: tuple[tuple[int, float], ...], begin_s: float, end_s: float) -> float:
    """The least power of the slots between two times; the last slot lasts."""
    least, at_s = float("inf"), 0.0
    for index, (duration_s, power_w) in enumerate(slots):
        until_s = float("inf") if index == len(slots) - 1 else at_s + duration_s
        if at_s < end_s and until_s > begin_s:
            least = min(least, power_w)
        at_s = until_s
    return least


def _fill_current_demand(session: Iso2SeccSession, _: Any) -> dict[str, Any]:
    outlet = session.station.outlet()
    return {
        "dc_evse_status": dc_status(session),
        "evse_present_voltage": volts(outlet.voltage_v),
        "evse_present_current": amperes(outlet.current_a),
        "evse_current_limit_achieved": False,
        "evse_voltage_limit_achieved": False,
        "evse_power_limit_achieved": False,
        "evse_id": session.config.evse_id,
        "sa_schedule_tuple_id": session.chosen,
    }


@answers("CurrentDemandReq", body.CurrentDemandRes, _fill_current_demand)
def current_demand(session: Iso2SeccSession, request: Any, now_s: float) -> Record:
    """The vehicle's current, as far as our limits and the controller's power allow; never one that flows back."""
    session.vehicle_limits = limits = dc_limits(request, session.vehicle_limits)
    wanted_a = max(float(request.ev_target_current), 0.0)
    grant = session.station.deliver(Demand(limits, wanted_a, float(request.ev_target_voltage)))
    mine = session.station.limits
    _tell_loop(session, grant.power_w, now_s, request.dc_ev_status.evresssoc)
    return filled(
        session,
        request,
        evse_power_limit_achieved=grant.power_limited,
        evse_current_limit_achieved=grant.current_limited,
        evse_voltage_limit_achieved=grant.voltage_limited,
        evse_maximum_voltage_limit=volts(mine.maximum_voltage_v),
        evse_maximum_current_limit=amperes(mine.maximum_charge_current_a),
        evse_maximum_power_limit=watts(mine.maximum_charge_power_w),
        meter_info=_meter_info(session),
    )


def _fill_charging_status(session: Iso2SeccSession, _: Any) -> dict[str, Any]:
    return {
        "evse_id": session.config.evse_id,
        "sa_schedule_tuple_id": session.chosen,
        "ac_evse_status": ac_status(session),
    }


@answers("ChargingStatusReq", body.ChargingStatusRes, _fill_charging_status)
def charging_status(session: Iso2SeccSession, request: Any, now_s: float) -> Record:
    """The station names the current that the vehicle may draw per phase."""
    assert session.vehicle_limits is not None
    grant = session.station.deliver(Demand(session.vehicle_limits))
    _tell_loop(session, grant.power_w, now_s, None)
    return filled(
        session,
        request,
        evse_max_current=amperes(ac_current_a(max(grant.power_w, 0.0))),
        meter_info=_meter_info(session),
    )


def _tell_loop(session: Iso2SeccSession, target_w: float, now_s: float, soc_percent: int | None) -> None:
    outlet = session.station.outlet()
    session.tell(
        What.LOOP,
        now_s,
        voltage_v=outlet.voltage_v,
        current_a=outlet.current_a,
        power_w=outlet.active_power_w,
        target_power_w=target_w,
        soc_percent=soc_percent,
    )


def _meter_info(session: Iso2SeccSession) -> types.MeterInfo | None:
    reading = session.station.meter() if session.config.meter else None
    if reading is None:
        return None
    return types.MeterInfo(meter_id=reading.meter_id, meter_reading=round(max(reading.charged_wh, 0)))


@answers("MeteringReceiptReq", body.MeteringReceiptRes, _fill_status)
def metering_receipt(_: Iso2SeccSession, __: Any, ___: float) -> Record:
    """A receipt is asked for under a contract only."""
    raise Refused("FAILED_SequenceError", "no metering receipt was asked for")


@answers("SessionStopReq", body.SessionStopRes)
def session_stop(session: Iso2SeccSession, request: Any, now_s: float) -> Record | None:
    pausing = request.charging_session == "Pause"
    if pausing and session.step not in ("PowerDeliveryReq(Stop)", "WeldingDetectionReq"):
        raise Refused("FAILED", f"pause after {session.step}")  # [V2G2-739]
    if not session.station.energise(False) and session.waited_s(now_s) < CONTACTOR_S:
        return None
    if pausing:
        session.memory[session.session_id] = session.evcc_id
    return filled(session, request)
