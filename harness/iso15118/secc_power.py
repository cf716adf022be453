"""A charger's answers around power: cable check, pre-charge, PowerDelivery, welding detection, the stop."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.answering import Refused, answers, filled, finished
from harness.iso15118.messages import common, dc
from harness.iso15118.messages.common_types import Processing
from harness.iso15118.order import LIVE
from harness.iso15118.quantities import rational
from harness.iso15118.station import Slots, What

if TYPE_CHECKING:
    from harness.iso15118.secc import SeccSession


def _fill_voltage(session: SeccSession, _: Any) -> dict[str, Any]:
    return {"evse_present_voltage": rational(round(session.station.outlet().voltage_v, 1))}


@answers("DC_CableCheckReq", dc.DCCableCheckRes, finished)
def cable_check(session: SeccSession, request: Any, now_s: float) -> Record | None:
    if not session.station.vehicle_ready:
        if session.waited_s(now_s) < session.config.profile.pilot_limit_s:
            return None  # the pilot may be a moment behind the message
        raise Refused("FAILED", "the pilot does not show state C or D")
    if session.first_polls_ongoing("DC_CableCheckReq"):
        return filled(session, request, now_s, evse_processing=Processing.Ongoing)
    passed = session.station.cable_check()
    if passed is False:
        raise Refused("FAILED", "the isolation test was not passed")
    return filled(session, request, now_s, evse_processing=Processing.Finished if passed else Processing.Ongoing)


@answers("DC_PreChargeReq", dc.DCPreChargeRes, _fill_voltage)
def pre_charge(session: SeccSession, request: Any, now_s: float) -> Record:
    session.station.pre_charge(float(request.ev_target_voltage))
    return filled(session, request, now_s)


@answers("DC_WeldingDetectionReq", dc.DCWeldingDetectionRes, _fill_voltage)
def welding_detection(session: SeccSession, request: Any, now_s: float) -> Record:
    return filled(session, request, now_s)


@answers("PowerDeliveryReq", common.PowerDeliveryRes)
def power_delivery(session: SeccSession, request: Any, now_s: float) -> Record | None:
    """Moves the contactor within the time that the answer has; a refused request energises nothing."""
    progress = request.charge_progress
    if progress == "Standby" and not session.config.standby:
        return filled(session, request, now_s, response_code="WARNING_StandbyNotAllowed")
    if progress == "Start":
        _check_profile(session, request)
    wanted = progress == "Start" or (progress == "ScheduleRenegotiation" and session.state in LIVE)
    if request.ev_processing != "Finished" and progress == "Start":
        return filled(session, request, now_s)
    if not session.station.energise(wanted):
        if session.waited_s(now_s) < session.config.profile.contactor_s:
            return None
        raise Refused("FAILED_ContactorError", f"the contactor did not {'close' if wanted else 'open'} in time")
    if progress in ("Stop", "Standby") or (progress == "Start" and session.waking):
        session.notification = None
    if progress == "Start" and (choice := _choice(session, request)):
        session.tell(What.CHOICE, now_s, **choice)
    return filled(session, request, now_s, response_code=_tolerance_code(session, request))


def _tolerance_code(session: SeccSession, request: Any) -> str:
    mode = request.ev_power_profile.control_mode if request.ev_power_profile else None
    stated = getattr(mode, "power_tolerance_acceptance", None)
    if stated is None or session.config.power_tolerance_w is None:
        return "OK"
    return "OK_PowerToleranceConfirmed" if stated == "PowerToleranceConfirmed" else "WARNING_PowerToleranceNotConfirmed"


def _check_profile(session: SeccSession, request: Any) -> None:
    """The chosen tuple must be ours; a scheduled profile must keep below every slot it overlaps ([V2G20-478])."""
    profile = request.ev_power_profile
    if profile is None or session.dynamic:
        return
    chosen = getattr(profile.control_mode, "selected_schedule_tuple_id", None)
    if chosen is None or not 1 <= chosen <= len(session.schedules):
        raise Refused("FAILED_ScheduleSelectionInvalid", f"schedule tuple {chosen} was not offered")
    entries = profile.ev_power_profile_entries.ev_power_profile_entry
    start_s = 0
    for entry in entries:
        end_s = start_s + entry.duration
        allowed_w = min(
            (
                power_w
                for begin_s, until_s, power_w in _slots(session.schedules[chosen - 1])
                if begin_s < end_s and until_s > start_s
            ),
            default=float("inf"),
        )
        if float(entry.power) > allowed_w * 1.001:  # half a digit of the rational's rounding
            raise Refused(
                "FAILED_EVPowerProfileInvalid", f"{float(entry.power):g} W where {allowed_w:g} W were offered"
            )
        start_s = end_s


def _choice(session: SeccSession, request: Any) -> dict[str, Any] | None:
    """What a vehicle in scheduled control has chosen, and its own profile: (begin s, W). None in dynamic control."""
    profile = request.ev_power_profile
    if profile is None or session.dynamic:
        return None
    entries = profile.ev_power_profile_entries.ev_power_profile_entry
    begins = accumulate((entry.duration for entry in entries), initial=0)
    return {
        "number": profile.control_mode.selected_schedule_tuple_id,
        "profile": tuple((begin_s, float(one.power)) for begin_s, one in zip(begins, entries, strict=False)),
    }


def _slots(schedule: Slots) -> list[tuple[float, float, float]]:
    """(begin, end, power) of each slot; the last one lasts."""
    slots: list[tuple[float, float, float]] = []
    begin_s = 0.0
    for duration_s, power_w in schedule:
        slots.append((begin_s, begin_s + duration_s, power_w))
        begin_s += duration_s
    return slots


@answers("SessionStopReq", common.SessionStopRes)
def session_stop(session: SeccSession, request: Any, now_s: float) -> Record | None:
    wish = request.charging_session
    if wish == "Pause" and (session.live or session.service is None):
        raise Refused("FAILED_PauseNotAllowed", f"pause in state {session.state}")
    if wish == "ServiceRenegotiation" and not session.config.service_renegotiation:
        raise Refused("FAILED_NoServiceRenegotiationSupported", "not offered in ServiceDiscoveryRes")  # [V2G20-1477]
    if not session.station.energise(False) and session.waited_s(now_s) < session.config.profile.contactor_s:
        return None
    session.notification = None
    if wish == "Pause":
        session.store()
    return filled(session, request, now_s)
