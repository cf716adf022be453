"""A charger's answers about charge parameters, schedules and prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118 import prices
from harness.iso15118.answering import Refused, answers, filled, processing, stated_limits, stated_needs
from harness.iso15118.der import AC_PARAMETERS_ANSWER, maximum_reactive_var, variant, variant_of
from harness.iso15118.messages import ac, common, dc
from harness.iso15118.messages.common_types import Processing
from harness.iso15118.quantities import Limits, changed, rational, read_limits
from harness.iso15118.services import Energy, Pricing
from harness.iso15118.signature import sign
from harness.iso15118.station import Slots, What

if TYPE_CHECKING:
    from harness.iso15118.secc import SeccSession


def _fill_dc_parameters(session: SeccSession, request: Any) -> dict[str, Any]:
    bpt = isinstance(request.energy_transfer_mode, dc.BPTDCCPDReqEnergyTransferMode)
    kind = dc.BPTDCCPDResEnergyTransferMode if bpt else dc.DCCPDResEnergyTransferMode
    return {"energy_transfer_mode": kind(**stated_limits(session, kind))}


def _fill_ac_parameters(session: SeccSession, request: Any) -> dict[str, Any]:
    asked_for = variant_of(type(request.energy_transfer_mode).__name__)
    kind, limits = AC_PARAMETERS_ANSWER[asked_for], session.station.limits
    values = stated_limits(session, kind)
    values["evse_nominal_frequency"] = rational(session.config.nominal_frequency_hz)
    if asked_for == "DER":
        nominal_w = limits.maximum_charge_power_w, limits.maximum_discharge_power_w
        values |= session.grid_control().in_parameters(*nominal_w)
    return {"energy_transfer_mode": kind(**values)}


def _schedules(session: SeccSession, request: Any) -> Record:
    """Dynamic: nothing to say. Scheduled: a tuple a schedule, with a discharging one of the same slots where it applies."""
    if isinstance(request.control_mode, common.DynamicSEReqControlMode):
        kind = common.DynamicSEResControlMode
        return kind(**stated_needs(session, kind), price_schedule=_price(session, request))
    schedules = session.schedules or (_slots_offered(session, request),)
    back_w = session.station.limits.maximum_discharge_power_w
    bidirectional = session.service is not None and session.service.bidirectional

    tolerance_w = session.config.power_tolerance_w

    def schedule(slots: Slots, cap_w: float) -> common.ChargingSchedule:
        return common.ChargingSchedule(
            price_schedule=_price(session, request),
            power_schedule=common.PowerSchedule(
                time_anchor=request.header.time_stamp,
                power_tolerance=None if tolerance_w is None else rational(tolerance_w),
                power_schedule_entries=common.PowerScheduleEntryList(
                    power_schedule_entry=tuple(
                        common.PowerScheduleEntry(duration=duration_s, power=rational(min(power_w, cap_w)))
                        for duration_s, power_w in slots
                    )
                ),
            ),
        )

    return common.ScheduledSEResControlMode(
        schedule_tuple=tuple(
            common.ScheduleTuple(
                schedule_tuple_id=number,
                charging_schedule=schedule(slots, float("inf")),
                discharging_schedule=schedule(slots, back_w) if bidirectional else None,
            )
            for number, slots in enumerate(schedules, 1)
        )
    )


def _fill_schedule(session: SeccSession, request: Any) -> dict[str, Any]:
    return {"evse_processing": Processing.Finished, "control_mode": _schedules(session, request)}


@answers("DC_ChargeParameterDiscoveryReq", dc.DCChargeParameterDiscoveryRes, _fill_dc_parameters)
@answers("AC_ChargeParameterDiscoveryReq", ac.ACChargeParameterDiscoveryRes, _fill_ac_parameters)
def charge_parameters(session: SeccSession, request: Any, now_s: float) -> Record:
    """Refuses what does not fit the service, or could never work together ([V2G20-1619], [V2G20-2272])."""
    content = request.energy_transfer_mode
    if variant_of(type(content).__name__) != variant(session.service):
        raise Refused("FAILED_WrongChargeParameter", f"{type(content).__name__} does not fit the selected service")
    limits = read_limits(content, "ev_")
    if session.energy is Energy.DC and limits.maximum_voltage_v < session.station.limits.minimum_voltage_v:
        raise Refused("FAILED_WrongChargeParameter", f"{limits.maximum_voltage_v} V is below what the charger can do")
    session.vehicle_limits = limits
    told = {name: getattr(limits, name) for name in Limits.__slots__}
    session.tell(What.LIMITS, now_s, **told, maximum_reactive_var=maximum_reactive_var(content))
    return filled(session, request, now_s)


@answers("ScheduleExchangeReq", common.ScheduleExchangeRes, _fill_schedule)
def schedule_exchange(session: SeccSession, request: Any, now_s: float) -> Record:
    if isinstance(request.control_mode, common.DynamicSEReqControlMode) != session.dynamic:
        raise Refused("FAILED", "the control mode is not the selected one")  # [V2G20-1600]
    stage = processing(session, request)
    scheduled = _scheduled_elsewhere(session, request, now_s) if stage is Processing.Finished else ()
    if scheduled is None:
        stage = Processing.Ongoing
    if stage is Processing.Finished:
        if not session.schedule_asked:
            tell_needs(session, request.control_mode, now_s)
        session.schedule_asked = False
        session.schedules = scheduled or (_slots_offered(session, request),)
        if session.notification and session.notification.evse_notification == "ScheduleRenegotiation":
            session.notification = None
    response = filled(session, request, now_s, evse_processing=stage)
    return _sign_prices(session, response)


def _scheduled_elsewhere(session: SeccSession, request: Any, now_s: float) -> tuple[Slots, ...] | None:
    """The scheduler's schedules, none where it has none; None: ask again. It is told the needs first."""
    if session.scheduler is None or session.dynamic:
        return ()
    if not session.schedule_asked:
        session.schedule_asked = True
        tell_needs(session, request.control_mode, now_s)
        return None
    schedules = session.scheduler(int(request.control_mode.departure_time or 86_400))
    return schedules if schedules is None else tuple(one for one in schedules if one)


def _price(session: SeccSession, request: Any) -> common.AbsolutePriceSchedule | common.PriceLevelSchedule | None:
    pricing = session.offer.pricing if session.offer else Pricing.NONE
    if pricing is Pricing.NONE:
        return None
    anchor = request.header.time_stamp
    if pricing is Pricing.ABSOLUTE:
        return prices.absolute(session.config.tariff, anchor)
    return prices.levels(session.config.tariff, anchor)


def _sign_prices(session: SeccSession, response: Record) -> Record:
    """Sign an absolute price schedule, wherever the control mode carries it."""
    signer = session.config.signer
    mode = response.__dict__["control_mode"]
    tuples = getattr(mode, "schedule_tuple", ())
    price = tuples[0].charging_schedule.price_schedule if tuples else getattr(mode, "price_schedule", None)
    if signer is None or not isinstance(price, common.AbsolutePriceSchedule):
        return response
    signed = sign([price], signer.key, grammar=session.config.profile.signed_info_grammar)
    return changed(response, header__signature=signed)


def _slots_offered(session: SeccSession, request: Any) -> Slots:
    """The configured schedule, or our maximum until departure (a day, if the vehicle names none: our default)."""
    until_s = int(request.control_mode.departure_time or 86_400)
    return session.config.schedule or ((until_s, session.station.limits.maximum_charge_power_w),)


def tell_needs(session: SeccSession, mode: Any, now_s: float) -> None:
    needs = needs_of(mode)
    departure_s = needs["departure_s"]
    if session.dynamic and departure_s is not None:
        session.needs_told = (now_s + departure_s, needs["target_soc_percent"])
    session.tell(What.NEEDS, now_s, **needs)


def needs_of(mode: Any) -> dict[str, Any]:
    """Of a schedule exchange or of a charge loop in dynamic control, as What.NEEDS has them."""

    def energy(name: str) -> float | None:
        value = getattr(mode, name)
        return None if value is None else float(value)

    return {
        "departure_s": mode.departure_time,
        "target_energy_wh": energy("ev_target_energy_request"),
        "maximum_energy_wh": energy("ev_maximum_energy_request"),
        "minimum_energy_wh": energy("ev_minimum_energy_request"),
        "target_soc_percent": getattr(mode, "target_soc", None),
        "minimum_soc_percent": getattr(mode, "minimum_soc", None),
    }
