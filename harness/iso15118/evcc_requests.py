"""What a vehicle says and what it takes from the answers: a builder for each request, a reader for each response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118 import evcc_contract
from harness.iso15118.der import AC_LOOP, AC_PARAMETERS, reactive_limits, variant
from harness.iso15118.intent import Intent
from harness.iso15118.messages import ac, common, dc, sap
from harness.iso15118.messages.common_types import DisplayParameters, MessageHeader, Processing
from harness.iso15118.messages.core import ISO2
from harness.iso15118.order import State, name_of
from harness.iso15118.quantities import limit_fields, rational
from harness.iso15118.services import Channel, Control, EnergyOffer, Service, namespaces_of
from harness.iso15118.vehicle import Needs

if TYPE_CHECKING:
    from harness.iso15118.evcc import EvccSession

Builder = Callable[["EvccSession", float], Record]
Reader = Callable[["EvccSession", Any, Any], None]

REQUESTS: dict[str, Builder] = {}
"""Builders by the request's schema name."""

READERS: dict[str, Reader] = {}
"""Readers by the request's schema name; called with request and response when the response did not fail."""


def _builds(name: str) -> Callable[[Builder], Builder]:
    def register(builder: Builder) -> Builder:
        REQUESTS[name] = builder
        return builder

    return register


def _reads(*names: str) -> Callable[[Reader], Reader]:
    def register(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(names, reader))
        return reader

    return register


def take(session: EvccSession, request: Record, response: Record) -> None:
    """Keep what the session needs of an answer that did not fail."""
    reader = READERS.get(name_of(request))
    if reader:
        reader(session, request, response)


def _header(session: EvccSession, now_s: float) -> MessageHeader:
    return MessageHeader(session_id=session.session_id, time_stamp=session.stamp(now_s))


def _discharge_sign(session: EvccSession) -> int:
    return -1 if session.config.profile.discharge_limits == "negative" else 1


# set-up


@_builds("supportedAppProtocolReq")
def supported_app_protocol(session: EvccSession, _: float) -> Record:
    first = session.config.first_schema_id
    offered = {"iso15118-20": namespaces_of(session.config.services), "iso15118-2": (ISO2,)}
    namespaces = [one for protocol in session.config.protocols for one in offered[protocol]]
    return sap.SupportedAppProtocolReq(
        app_protocol=tuple(
            sap.AppProtocol(
                protocol_namespace=namespace,
                version_number_major=2 if namespace == ISO2 else 1,  # ISO 15118-2 of 2013 calls itself 2.0
                version_number_minor=0,
                schema_id=first + index,
                priority=index + 1,
            )
            for index, namespace in enumerate(namespaces)
        )
    )


@_reads("supportedAppProtocolReq")
def _protocol(session: EvccSession, request: Any, response: Any) -> None:
    namespaces = {each.schema_id: each.protocol_namespace for each in request.app_protocol}
    session.protocol = namespaces.get(response.schema_id, request.app_protocol[0].protocol_namespace)


@_builds("SessionSetupReq")
def session_setup(session: EvccSession, now_s: float) -> Record:
    return common.SessionSetupReq(header=_header(session, now_s), evcc_id=session.config.evcc_id)


@_reads("SessionSetupReq")
def _session(session: EvccSession, _: Any, response: Any) -> None:
    session.check_setup(response.header.session_id, str(response.response_code))
    session.resumed = session.state is State.RESUMED
    session.session_id = response.header.session_id
    session.evse_id = response.evse_id
    session.adopt_clock(response.header.time_stamp)
    if not session.resumed:
        session.forget()


@_builds("AuthorizationSetupReq")
def authorization_setup(session: EvccSession, now_s: float) -> Record:
    return common.AuthorizationSetupReq(header=_header(session, now_s))


@_reads("AuthorizationSetupReq")
def _authorization_offer(session: EvccSession, _: Any, response: Any) -> None:
    session.challenge = getattr(response.authorization_mode, "gen_challenge", b"")
    session.installation_offered = response.certificate_installation_service
    offered = response.authorization_services
    contract = session.config.contract is not None and bool(session.challenge)
    session.authorization = "PnC" if "PnC" in offered and contract else "EIM"


@_builds("AuthorizationReq")
def authorization(session: EvccSession, now_s: float) -> Record:
    if session.authorization == "PnC" and session.contract is not None:
        return evcc_contract.contract_request(session, _header(session, now_s), session.contract)
    return common.AuthorizationReq(
        header=_header(session, now_s),
        selected_authorization_service=common.Authorization.EIM,
        authorization_mode=common.EIMAReqAuthorizationMode(),
    )


@_builds("CertificateInstallationReq")
def certificate_installation(session: EvccSession, now_s: float) -> Record:
    return evcc_contract.installation_request(session, _header(session, now_s))


@_reads("CertificateInstallationReq")
def _installed(session: EvccSession, _: Any, response: Any) -> None:
    evcc_contract.take_contract(session, response)


# services


@_builds("ServiceDiscoveryReq")
def service_discovery(session: EvccSession, now_s: float) -> Record:
    return common.ServiceDiscoveryReq(header=_header(session, now_s))


@_reads("ServiceDiscoveryReq")
def _services(session: EvccSession, _: Any, response: Any) -> None:
    session.services = response.energy_transfer_service_list.service
    session.value_added = response.vas_list.service if response.vas_list else ()
    if session.renegotiable is None:  # the first answer of the service session counts ([V2G20-1956])
        session.renegotiable = response.service_renegotiation_supported
    session.undetailed = list(session.wanted_services())
    if not session.undetailed or session.undetailed[0] not in session.config.services:
        session.stop_for("the station offers no energy service that the vehicle has")


@_builds("ServiceDetailReq")
def service_detail(session: EvccSession, now_s: float) -> Record:
    wanted = session.undetailed[0] if session.undetailed else int(session.service)
    return common.ServiceDetailReq(header=_header(session, now_s), service_id=wanted)


@_reads("ServiceDetailReq")
def _detail(session: EvccSession, request: Any, response: Any) -> None:
    wanted = request.service_id
    if wanted in session.undetailed:
        session.undetailed.remove(wanted)
    sets = response.service_parameter_list.parameter_set
    if wanted in session.config.vas:
        session.value_added_sets[wanted] = sets[0].parameter_set_id
        return
    offers = tuple(EnergyOffer.read(each.parameter_set_id, parameter_values(each)) for each in sets)
    session.sets[wanted] = offers
    if wanted in session.config.services:
        session.service = Service(wanted)
        session.offer = _best(session, offers)


def parameter_values(parameter_set: Any) -> dict[str, Any]:
    """Names and values of a received parameter set, whatever type each value has."""
    kinds = ("bool_value", "byte_value", "short_value", "int_value", "rational_number", "finite_string")
    values: dict[str, Any] = {}
    for each in parameter_set.parameter:
        given = (getattr(each, kind) for kind in kinds)
        values[each.name] = next((value for value in given if value is not None), None)
    return values


def _best(session: EvccSession, offers: tuple[EnergyOffer, ...]) -> EnergyOffer:
    """The offer that fits best: DER functions that the vehicle has, control mode, who states the needs, prices, channels."""
    config = session.config

    def fits(offer: EnergyOffer) -> tuple[bool, ...]:
        return (
            not offer.der_functions & ~config.der_functions,
            offer.control is config.control,
            offer.needs_by is config.needs_by,
            offer.pricing is config.pricing,
            offer.channel is config.channel,
        )

    return max(offers, key=fits)


@_builds("ServiceSelectionReq")
def service_selection(session: EvccSession, now_s: float) -> Record:
    added = tuple(
        common.SelectedService(service_id=service, parameter_set_id=set_id)
        for service, set_id in session.value_added_sets.items()
    )
    return common.ServiceSelectionReq(
        header=_header(session, now_s),
        selected_energy_transfer_service=common.SelectedService(
            service_id=int(session.service), parameter_set_id=session.offer.set_id
        ),
        selected_vas_list=common.SelectedServiceList(selected_service=added) if added else None,
    )


# parameters and schedule


@_builds("DC_ChargeParameterDiscoveryReq")
def dc_parameters(session: EvccSession, now_s: float) -> Record:
    bpt = session.service.bidirectional
    kind = dc.BPTDCCPDReqEnergyTransferMode if bpt else dc.DCCPDReqEnergyTransferMode
    values = limit_fields(kind, "ev_", session.vehicle.limits, _discharge_sign(session))
    return dc.DCChargeParameterDiscoveryReq(
        header=_header(session, now_s),
        energy_transfer_mode=kind(**values, target_soc=session.vehicle.needs().target_soc_percent),
    )


@_builds("AC_ChargeParameterDiscoveryReq")
def ac_parameters(session: EvccSession, now_s: float) -> Record:
    kind = AC_PARAMETERS[variant(session.service)]
    values: dict[str, Any] = limit_fields(kind, "ev_", session.vehicle.limits, _discharge_sign(session))
    if session.service is Service.AC_DER_IEC:
        values["ev_processing"] = Processing.Finished
        values |= _dischargeable(session.vehicle.needs())
        if session.config.maximum_reactive_var is not None:
            values["ev_reactive_power_limits"] = reactive_limits(session.config.maximum_reactive_var)
    return ac.ACChargeParameterDiscoveryReq(header=_header(session, now_s), energy_transfer_mode=kind(**values))


@_reads("DC_ChargeParameterDiscoveryReq", "AC_ChargeParameterDiscoveryReq")
def _parameters(session: EvccSession, _: Any, response: Any) -> None:
    session.take_limits(response.energy_transfer_mode)


def _energies(needs: Needs) -> dict[str, Any]:
    return {
        "ev_target_energy_request": rational(needs.target_energy_wh),
        "ev_maximum_energy_request": rational(needs.maximum_energy_wh),
        "ev_minimum_energy_request": rational(needs.minimum_energy_wh),
    }


def _dischargeable(needs: Needs) -> dict[str, Any]:
    """What a vehicle with DER control could give in this session: down to its least."""
    return {"ev_session_total_discharge_energy_available": rational(max(0.0, -needs.minimum_energy_wh))}


def _v2x(needs: Needs) -> dict[str, Any]:
    """Both V2X energies or neither ([V2G20-2681])."""
    if needs.maximum_v2x_energy_wh is None or needs.minimum_v2x_energy_wh is None:
        return {}
    return {
        "ev_maximum_v2_x_energy_request": rational(needs.maximum_v2x_energy_wh),
        "ev_minimum_v2_x_energy_request": rational(needs.minimum_v2x_energy_wh),
    }


@_builds("ScheduleExchangeReq")
def schedule_exchange(session: EvccSession, now_s: float) -> Record:
    needs = session.vehicle.needs()
    mode: Record
    if session.offer.control is Control.DYNAMIC:
        mode = common.DynamicSEReqControlMode(
            departure_time=needs.departure_s,
            minimum_soc=needs.minimum_soc_percent,
            target_soc=needs.target_soc_percent,
            **_energies(needs),
            **(_v2x(needs) if session.service.bidirectional else {}),
        )
    else:
        mode = common.ScheduledSEReqControlMode(departure_time=needs.departure_s, **_energies(needs))
    return common.ScheduleExchangeReq(
        header=_header(session, now_s),
        maximum_supporting_points=session.config.supporting_points,
        control_mode=mode,
    )


@_reads("ScheduleExchangeReq")
def _schedule(session: EvccSession, _: Any, response: Any) -> None:
    if response.evse_processing != "Finished":
        return
    tuples = getattr(response.control_mode, "schedule_tuple", ())
    session.prices = getattr(response.control_mode, "price_schedule", None)
    if tuples:
        session.prices = tuples[0].charging_schedule.price_schedule
        session.schedules = tuples
        session.schedule_tuple_id = tuples[0].schedule_tuple_id
    if session.intent is Intent.RENEGOTIATE_SCHEDULE:
        session.intent = Intent.CHARGE
    if response.go_to_pause:
        session.intent = Intent.PAUSE


# DC before and after power


@_builds("DC_CableCheckReq")
def cable_check(session: EvccSession, now_s: float) -> Record:
    return dc.DCCableCheckReq(header=_header(session, now_s))


@_reads("DC_CableCheckReq")
def _cable_check(session: EvccSession, _: Any, __: Any) -> None:
    session.pre_charged = False  # a session may come here twice: after a renegotiation, or a resume


@_builds("DC_PreChargeReq")
def pre_charge(session: EvccSession, now_s: float) -> Record:
    return dc.DCPreChargeReq(
        header=_header(session, now_s),
        ev_processing=Processing.Finished if session.pre_charged else Processing.Ongoing,
        ev_present_voltage=rational(round(session.vehicle.inlet().voltage_v, 1)),
        ev_target_voltage=rational(round(session.vehicle.battery_voltage_v, 1)),
    )


@_reads("DC_PreChargeReq")
def _pre_charge(session: EvccSession, _: Any, response: Any) -> None:
    difference_v = abs(float(response.evse_present_voltage) - session.vehicle.battery_voltage_v)
    session.pre_charged = difference_v <= session.config.pre_charge_tolerance_v


@_builds("DC_WeldingDetectionReq")
def welding_detection(session: EvccSession, now_s: float) -> Record:
    finished = session.welding_polls > 0 and session.station_voltage_v <= session.config.safe_voltage_v
    given_up = session.welding_polls >= session.config.welding_polls
    return dc.DCWeldingDetectionReq(
        header=_header(session, now_s),
        ev_processing=Processing.Finished if finished or given_up else Processing.Ongoing,
    )


@_reads("DC_WeldingDetectionReq")
def _welding(session: EvccSession, _: Any, response: Any) -> None:
    session.welding_polls += 1
    session.station_voltage_v = float(response.evse_present_voltage)


# power


@_builds("PowerDeliveryReq")
def power_delivery(session: EvccSession, now_s: float) -> Record:
    progress = session.progress
    stopping = progress is common.ChargeProgress.Stop
    return common.PowerDeliveryReq(
        header=_header(session, now_s),
        ev_processing=Processing.Finished,
        charge_progress=progress,
        ev_power_profile=None if stopping else _power_profile(session, now_s),
        bpt_channel_selection=None if stopping else _channel(session),
    )


def _channel(session: EvccSession) -> common.ChannelSelection | None:
    """Only where the station switches between separate channels ([V2G20-2123])."""
    if not session.service.bidirectional or session.offer.channel is not Channel.SEPARATED:
        return None
    return common.ChannelSelection.Charge


def _power_profile(session: EvccSession, now_s: float) -> common.EVPowerProfile:
    """Dynamic: our maximum until departure. Scheduled: the station's chosen schedule, capped by our maximum."""
    maximum_w = session.vehicle.limits.maximum_charge_power_w
    mode: Record
    entries: tuple[tuple[int, float], ...]
    if session.offer.control is Control.DYNAMIC or not session.schedules:
        mode = common.DynamicEVPPTControlMode()
        entries = ((max(session.vehicle.needs().departure_s, 1), maximum_w),)
    else:
        chosen = next(each for each in session.schedules if each.schedule_tuple_id == session.schedule_tuple_id)
        tolerated = chosen.charging_schedule.power_schedule.power_tolerance is not None
        mode = common.ScheduledEVPPTControlMode(
            selected_schedule_tuple_id=session.schedule_tuple_id,
            power_tolerance_acceptance=common.PowerToleranceAcceptance.PowerToleranceConfirmed if tolerated else None,
        )
        slots = chosen.charging_schedule.power_schedule.power_schedule_entries.power_schedule_entry
        entries = tuple((slot.duration, min(maximum_w, float(slot.power))) for slot in slots)
    return common.EVPowerProfile(
        time_anchor=session.stamp(now_s),
        control_mode=mode,
        ev_power_profile_entries=common.EVPowerProfileEntryList(
            ev_power_profile_entry=tuple(
                common.PowerScheduleEntry(duration=duration_s, power=rational(power_w))
                for duration_s, power_w in entries
            )
        ),
    )


@_reads("PowerDeliveryReq")
def _power(session: EvccSession, request: Any, response: Any) -> None:
    session.welding_polls = 0
    if request.charge_progress == "Standby" and session.state is State.POWER_ON:
        session.intent = Intent.CHARGE  # standby was refused: the vehicle goes on charging
    if response.evse_status:
        session.react(response.evse_status.evse_notification)


_DC_LOOP = {
    (Control.DYNAMIC, True): dc.BPTDynamicDCCLReqControlMode,
    (Control.DYNAMIC, False): dc.DynamicDCCLReqControlMode,
    (Control.SCHEDULED, True): dc.BPTScheduledDCCLReqControlMode,
    (Control.SCHEDULED, False): dc.ScheduledDCCLReqControlMode,
}


def _loop_content(session: EvccSession, kind: type[Record]) -> dict[str, Any]:
    """What all loop requests of a control mode share: needs and limits."""
    needs = session.vehicle.needs()
    values: dict[str, Any] = limit_fields(kind, "ev_", session.vehicle.limits, _discharge_sign(session))
    values |= _energies(needs)
    if session.offer.control is Control.DYNAMIC:
        values["departure_time"] = needs.departure_s
        if session.service is Service.AC_DER_IEC:
            values |= _dischargeable(needs)
        elif session.service.bidirectional:
            values |= _v2x(needs)
    return values


def _display(session: EvccSession) -> DisplayParameters:
    needs = session.vehicle.needs()
    soc_percent = min(max(round(session.vehicle.inlet().soc * 100), 0), 100)
    return DisplayParameters(
        present_soc=soc_percent,
        target_soc=needs.target_soc_percent,
        charging_complete=soc_percent >= (needs.target_soc_percent or 100),
    )


@_builds("DC_ChargeLoopReq")
def dc_loop(session: EvccSession, now_s: float) -> Record:
    kind = _DC_LOOP[session.offer.control, session.service.bidirectional]
    values = _loop_content(session, kind)
    if session.offer.control is Control.SCHEDULED:
        current_a, voltage_v = session.vehicle.target()
        values |= {"ev_target_current": rational(current_a), "ev_target_voltage": rational(voltage_v)}
    return dc.DCChargeLoopReq(
        header=_header(session, now_s),
        display_parameters=_display(session),
        meter_info_requested=session.config.meter_info_requested,
        ev_present_voltage=rational(round(session.vehicle.inlet().voltage_v, 1)),
        control_mode=kind(**values),
    )


@_builds("AC_ChargeLoopReq")
def ac_loop(session: EvccSession, now_s: float) -> Record:
    kind = AC_LOOP[session.offer.control, variant(session.service)]
    values = _loop_content(session, kind)
    if session.service is Service.AC_DER_IEC:
        values["grid_event_condition"] = 0
    inlet = session.vehicle.inlet()
    values["ev_present_active_power"] = rational(round(inlet.active_power_w))
    if session.offer.control is Control.DYNAMIC:
        values["ev_present_reactive_power"] = rational(round(inlet.reactive_var))
    return ac.ACChargeLoopReq(
        header=_header(session, now_s),
        display_parameters=_display(session),
        meter_info_requested=session.config.meter_info_requested,
        control_mode=kind(**values),
    )


@_reads("DC_ChargeLoopReq", "AC_ChargeLoopReq")
def _loop(session: EvccSession, _: Any, response: Any) -> None:
    session.take_limits(response.control_mode)
    session.meter = response.meter_info or session.meter
    if response.evse_status:
        session.react(response.evse_status.evse_notification)


@_builds("MeteringConfirmationReq")
def metering_confirmation(session: EvccSession, now_s: float) -> Record:
    return evcc_contract.metering_request(session, _header(session, now_s))


@_reads("MeteringConfirmationReq")
def _metering(session: EvccSession, _: Any, __: Any) -> None:
    session.confirm_metering = False


# the end


_CHARGING_SESSION: Mapping[Intent, common.ChargingSession] = {
    Intent.PAUSE: common.ChargingSession.Pause,
    Intent.RENEGOTIATE_SERVICE: common.ChargingSession.ServiceRenegotiation,
}


@_builds("SessionStopReq")
def session_stop(session: EvccSession, now_s: float) -> Record:
    return common.SessionStopReq(
        header=_header(session, now_s),
        charging_session=_CHARGING_SESSION.get(session.intent, common.ChargingSession.Terminate),
        ev_termination_code="EVCC" if session.reason else None,
        ev_termination_explanation=session.reason[:160] if session.reason else None,
    )


@_reads("SessionStopReq")
def _stopped(session: EvccSession, _: Any, __: Any) -> None:
    if session.state is State.SERVICE_RENEGOTIATION:
        session.intent = Intent.CHARGE
        session.sets.clear()
        session.value_added_sets.clear()
