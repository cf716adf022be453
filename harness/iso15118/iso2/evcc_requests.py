"""What a vehicle says in ISO 15118-2, and what it takes from the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.intent import Intent
from harness.iso15118.iso2.documents import (
    AC_NOMINAL_V,
    CHARGE_SERVICE,
    DAY_S,
    ac_current_a,
    amperes,
    volts,
    watt_hours,
    watts,
)
from harness.iso15118.messages.iso2 import body, types
from harness.iso15118.messages.iso2.body import BodyBase
from harness.iso15118.order import State, name_of

if TYPE_CHECKING:
    from harness.iso15118.iso2.evcc import Iso2EvccSession

Builder = Callable[["Iso2EvccSession", float], BodyBase]
Reader = Callable[["Iso2EvccSession", Any, Any], None]

BROKEN = ("EVSE_EmergencyShutdown", "EVSE_Malfunction")
PROFILE_ENTRIES = 24
"""What the schema has room for in a ChargingProfile."""
PRE_CHARGE_A = 2.0
"""Current that the vehicle names in pre-charge, an upper bound (our default)."""
AC_MINIMUM_A = 6.0
"""Least current of a vehicle per phase (IEC 61851-1)."""


def _percent(soc: float) -> int:
    return min(100, max(0, round(soc * 100)))


def _status(session: Iso2EvccSession) -> types.DCEVStatus:
    ready = session.state not in (State.POWER_OFF, State.WELDING_ONGOING)
    return types.DCEVStatus(
        ev_ready=ready, ev_error_code=types.DCEVErrorCode.NO_ERROR, evresssoc=_percent(session.vehicle.inlet().soc)
    )


def _session_setup(session: Iso2EvccSession, _: float) -> BodyBase:
    return body.SessionSetupReq(evcc_id=session.config.evcc_id)


def _service_discovery(_: Iso2EvccSession, __: float) -> BodyBase:
    return body.ServiceDiscoveryReq(service_category=types.ServiceCategory.EVCharging)


def _service_detail(_: Iso2EvccSession, __: float) -> BodyBase:
    return body.ServiceDetailReq(service_id=CHARGE_SERVICE)


def _payment_service_selection(_: Iso2EvccSession, __: float) -> BodyBase:
    charging = types.SelectedService(service_id=CHARGE_SERVICE)
    return body.PaymentServiceSelectionReq(
        selected_payment_option=types.PaymentOption.ExternalPayment,
        selected_service_list=types.SelectedServiceList(selected_service=(charging,)),
    )


def _authorization(_: Iso2EvccSession, __: float) -> BodyBase:
    return body.AuthorizationReq()


def _charge_parameters(session: Iso2EvccSession, _: float) -> BodyBase:
    return body.ChargeParameterDiscoveryReq(
        max_entries_sa_schedule_tuple=session.config.schedule_entries,
        requested_energy_transfer_mode=session.mode,
        ev_charge_parameter=_ac_parameters(session) if session.ac else _dc_parameters(session),
    )


def _ac_parameters(session: Iso2EvccSession) -> types.EVChargeParameter:
    needs, limits = session.vehicle.needs(), session.vehicle.limits
    return types.ACEVChargeParameter(
        departure_time=needs.departure_s,
        e_amount=watt_hours(max(needs.target_energy_wh, 0.0)),
        ev_max_voltage=volts(AC_NOMINAL_V * 3**0.5),
        ev_max_current=amperes(ac_current_a(limits.maximum_charge_power_w)),
        ev_min_current=amperes(AC_MINIMUM_A),
    )


def _dc_parameters(session: Iso2EvccSession) -> types.EVChargeParameter:
    needs, limits = session.vehicle.needs(), session.vehicle.limits
    target = needs.target_soc_percent
    return types.DCEVChargeParameter(
        departure_time=needs.departure_s,
        dc_ev_status=_status(session),
        ev_maximum_current_limit=amperes(limits.maximum_charge_current_a),
        ev_maximum_power_limit=watts(limits.maximum_charge_power_w),
        ev_maximum_voltage_limit=volts(limits.maximum_voltage_v),
        ev_energy_request=watt_hours(max(needs.target_energy_wh, 0.0)),
        full_soc=100,
        bulk_soc=None if target is None else _percent(target / 100.0),
    )


def _cable_check(session: Iso2EvccSession, _: float) -> BodyBase:
    return body.CableCheckReq(dc_ev_status=_status(session))


def _pre_charge(session: Iso2EvccSession, _: float) -> BodyBase:
    return body.PreChargeReq(
        dc_ev_status=_status(session),
        ev_target_voltage=volts(session.vehicle.battery_voltage_v),
        ev_target_current=amperes(PRE_CHARGE_A),
    )


def _power_delivery(session: Iso2EvccSession, _: float) -> BodyBase:
    progress = session.progress
    starting = progress == types.ChargeProgress.Start
    return body.PowerDeliveryReq(
        charge_progress=progress,
        sa_schedule_tuple_id=session.chosen.sa_schedule_tuple_id if session.chosen else 1,
        charging_profile=_profile(session) if starting else None,
        ev_power_delivery_parameter=None
        if session.ac
        else types.DCEVPowerDeliveryParameter(dc_ev_status=_status(session), charging_complete=not starting),
    )


def _profile(session: Iso2EvccSession) -> types.ChargingProfile | None:
    """The chosen schedule, capped by what the car can take now."""
    if session.chosen is None:
        return None
    most_w = session.vehicle.limits.maximum_charge_power_w
    entries = tuple(
        types.ProfileEntry(
            charging_profile_entry_start=begin_s, charging_profile_entry_max_power=watts(min(power_w, most_w))
        )
        for begin_s, power_w in slots(session.chosen)[:PROFILE_ENTRIES]
    )
    return types.ChargingProfile(profile_entry=entries)


def _current_demand(session: Iso2EvccSession, now_s: float) -> BodyBase:
    """The car's own current, as far as its charging profile allows."""
    limits = session.vehicle.limits
    wanted_a, target_v = session.vehicle.target()
    voltage_v = max(session.station_voltage_v or session.vehicle.battery_voltage_v, 1.0)
    return body.CurrentDemandReq(
        dc_ev_status=_status(session),
        ev_target_current=amperes(max(min(wanted_a, session.allowed_w(now_s) / voltage_v), 0.0)),
        ev_maximum_voltage_limit=volts(limits.maximum_voltage_v),
        ev_maximum_current_limit=amperes(limits.maximum_charge_current_a),
        ev_maximum_power_limit=watts(limits.maximum_charge_power_w),
        charging_complete=False,
        ev_target_voltage=volts(target_v),
    )


def _charging_status(_: Iso2EvccSession, __: float) -> BodyBase:
    return body.ChargingStatusReq()


def _welding_detection(session: Iso2EvccSession, _: float) -> BodyBase:
    return body.WeldingDetectionReq(dc_ev_status=_status(session))


def _session_stop(session: Iso2EvccSession, _: float) -> BodyBase:
    pausing = session.intent is Intent.PAUSE and session.state in (State.POWER_OFF, State.WELDING_ONGOING)
    how = types.ChargingSession.Pause if pausing else types.ChargingSession.Terminate
    return body.SessionStopReq(charging_session=how)


REQUESTS: dict[str, Builder] = {
    "SessionSetupReq": _session_setup,
    "ServiceDiscoveryReq": _service_discovery,
    "ServiceDetailReq": _service_detail,
    "PaymentServiceSelectionReq": _payment_service_selection,
    "AuthorizationReq": _authorization,
    "ChargeParameterDiscoveryReq": _charge_parameters,
    "CableCheckReq": _cable_check,
    "PreChargeReq": _pre_charge,
    "PowerDeliveryReq": _power_delivery,
    "CurrentDemandReq": _current_demand,
    "ChargingStatusReq": _charging_status,
    "WeldingDetectionReq": _welding_detection,
    "SessionStopReq": _session_stop,
}
"""Builders by the request's schema name."""


def slots(schedule: Any) -> list[tuple[int, float]]:
    """(begin s, W) of an SAScheduleTuple."""
    return [(one.time_interval.start, float(one.pmax)) for one in schedule.pmax_schedule.pmax_schedule_entry]


def most_energy(schedules: tuple[Any, ...], until_s: int) -> Any:
    """The schedule with the most energy until departure, the first of equals: what our car chooses (our default)."""

    def energy(schedule: Any) -> float:
        told = [(begin_s, power_w) for begin_s, power_w in slots(schedule) if begin_s < until_s]
        ends = [*(begin_s for begin_s, _ in told[1:]), until_s]
        return sum(power_w * (end_s - begin_s) for (begin_s, power_w), end_s in zip(told, ends, strict=True))

    return max(schedules, key=energy)


def take(session: Iso2EvccSession, response: Record, asked: Any, answer: Any, now_s: float) -> None:
    """Keep what the session needs of an answer that did not fail."""
    match name_of(response):
        case "SessionSetupRes":
            session.resumed = answer.response_code == "OK_OldSessionJoined"
            session.session_id = response.__dict__["header"].session_id
            session.evse_id = answer.evse_id
        case "ServiceDiscoveryRes":
            _take_offer(session, answer)
        case "ChargeParameterDiscoveryRes":
            _take_schedules(session, answer)
        case "PreChargeRes":
            gap_v = abs(float(answer.evse_present_voltage) - session.vehicle.battery_voltage_v)
            session.pre_charged = gap_v <= session.config.pre_charge_tolerance_v
        case "PowerDeliveryRes" if asked.charge_progress == "Start":
            entries = asked.charging_profile.profile_entry if asked.charging_profile else ()
            session.profile = tuple(
                (one.charging_profile_entry_start, float(one.charging_profile_entry_max_power)) for one in entries
            )
            session.power_on_at_s = now_s
        case "CurrentDemandRes":
            session.station_voltage_v = float(answer.evse_present_voltage)
        case "WeldingDetectionRes":
            session.welding_polls += 1
            safe = float(answer.evse_present_voltage) <= session.config.safe_voltage_v
            session.discharged = safe or session.welding_polls >= session.config.welding_polls
    status = getattr(answer, "dc_evse_status", None) or getattr(answer, "ac_evse_status", None)
    if status is not None:
        session.react(str(status.evse_notification))
        _heed(session, str(getattr(status, "evse_status_code", "")))


def _heed(session: Iso2EvccSession, code: str) -> None:
    """A station of direct current that says it is shutting down or broken gets no further request for current."""
    if code == "EVSE_Shutdown":
        session.react("StopCharging")
    elif code in BROKEN:
        session.stop_for(f"the station says {code}")


def _take_offer(session: Iso2EvccSession, answer: Any) -> None:
    offered = answer.charge_service.supported_energy_transfer_mode.energy_transfer_mode
    mine = [mode for mode in session.config.modes if mode in offered]
    if not mine:
        session.stop_for("the station offers no energy transfer mode of ours")
    elif "ExternalPayment" not in answer.payment_option_list.payment_option:
        session.stop_for("the station takes contracts only")
    else:
        session.mode = mine[0]


def _take_schedules(session: Iso2EvccSession, answer: Any) -> None:
    if answer.evse_processing != "Finished" or answer.sa_schedules is None:
        return
    session.schedules = answer.sa_schedules.sa_schedule_tuple
    session.chosen = most_energy(session.schedules, session.vehicle.needs().departure_s or DAY_S)
