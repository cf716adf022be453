"""What a charger answers: for every request the elements of its response, and the checks that decide on its code.

`_FILL` gives the mandatory elements with values that are valid in any state, so that a refusal can be built for every
request at any time; the functions in `ANSWERS` start from the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118 import prices, secc_contract
from harness.iso15118.messages import ac, common, dc, sap
from harness.iso15118.messages.common_types import MeterInfo, Processing
from harness.iso15118.order import LIVE, State, name_of
from harness.iso15118.quantities import Limits, changed, changed_limits, limit_fields, rational, read_limits
from harness.iso15118.services import Energy, EnergyOffer, Pricing, Service, vas_sets
from harness.iso15118.signature import sign, verify
from harness.iso15118.station import Demand, Grant, What

if TYPE_CHECKING:
    from harness.iso15118.secc import SeccSession

Answer = Callable[["SeccSession", Any, float], "Record | None"]
Filler = Callable[["SeccSession", Any], dict[str, Any]]

ANSWERS: dict[str, Answer] = {}
"""By the request's schema name. None: the station is not ready, ask again."""


class Refused(Exception):
    """The request gets a FAILED code."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(f"{code}: {because}")
        self.code = code
        self.because = because


def filled(session: SeccSession, request: Record, now_s: float, **changes: Any) -> Record:
    """The response that belongs to a request, with valid values everywhere and the given changes."""
    name = name_of(request)
    kind, fill = _FILL[name]
    if kind is sap.SupportedAppProtocolRes:
        code = changes.get("response_code", "")
        return kind(**(changes | ({"response_code": "Failed_NoNegotiation"} if "FAILED" in code else {})))
    values = {"header": session.header(now_s), "response_code": "OK"} | fill(session, request) | changes
    return kind(**values)


def _answers(name: str) -> Callable[[Answer], Answer]:
    def register(answer: Answer) -> Answer:
        ANSWERS[name] = answer
        return answer

    return register


def _processing(session: SeccSession, request: Record) -> Processing:
    return Processing.Ongoing if session.first_polls_ongoing(name_of(request)) else Processing.Finished


# set-up


@_answers("supportedAppProtocolReq")
def supported_app_protocol(session: SeccSession, request: Any, now_s: float) -> Record:
    """Of the protocols that we serve the one with the vehicle's best priority ([V2G20-169])."""
    served = session.namespaces()
    known = [
        each for each in request.app_protocol if each.protocol_namespace in served and each.version_number_major == 1
    ]
    if not known:
        session.reason = "no protocol in common"
        return filled(session, request, now_s, response_code="Failed_NoNegotiation")
    chosen = min(known, key=lambda each: each.priority)
    session.chosen_namespace = chosen.protocol_namespace
    exact = chosen.version_number_minor == 0
    code = "OK_SuccessfulNegotiation" if exact else "OK_SuccessfulNegotiationWithMinorDeviation"
    return filled(session, request, now_s, response_code=code, schema_id=chosen.schema_id)


@_answers("SessionSetupReq")
def session_setup(session: SeccSession, request: Any, now_s: float) -> Record:
    """Join a paused session if the same vehicle asks for it, else open a new one."""
    session.evcc_id = request.evcc_id
    asked = request.header.session_id
    paused = session.memory.paused.get(asked)
    session.session_id = asked
    resumed = paused is not None and paused.binding == session.binding()
    if paused and resumed:
        del session.memory.paused[asked]
        session.service, session.offer, session.authorization = paused.service, paused.offer, paused.authorization
    else:
        session.session_id = session.memory.new_id()
    session.tell(
        What.SESSION, now_s, evcc_id=session.evcc_id, session_id=session.session_id.hex().upper(), resumed=resumed
    )
    code = "OK_OldSessionJoined" if resumed else "OK_NewSessionEstablished"
    return filled(session, request, now_s, response_code=code)


@_answers("AuthorizationSetupReq")
def authorization_setup(session: SeccSession, request: Any, now_s: float) -> Record:
    return filled(session, request, now_s)


@_answers("AuthorizationReq")
def authorization(session: SeccSession, request: Any, now_s: float) -> Record:
    """A contract is checked, then somebody decides; a refusal is Finished with a warning ([V2G20-2219])."""
    offered = _FILL["AuthorizationSetupReq"][1](session, request)["authorization_services"]
    if request.selected_authorization_service not in offered:
        return filled(session, request, now_s, response_code="WARNING_AuthorizationSelectionInvalid")
    how = str(request.selected_authorization_service)
    code = secc_contract.contract_verdict(session, request, now_s) if how == "PnC" else "OK"
    if code.startswith("FAILED"):
        raise Refused(code, session.reason)
    if code == "OK":
        granted = None if session.first_polls_ongoing("AuthorizationReq") else session.station.authorized()
        if granted is None:
            return filled(session, request, now_s, evse_processing=Processing.Ongoing)
        if not granted:
            code = "WARNING_EIMAuthorizationFailure" if how == "EIM" else "WARNING_GeneralPnCAuthorizationError"
    session.authorization = how
    emaid = secc_contract.emaid(session.contract_leaf)
    session.tell(What.AUTHORIZATION, now_s, how=how, granted=code == "OK", code=code, emaid=emaid)
    return filled(session, request, now_s, response_code=code)


@_answers("CertificateInstallationReq")
def certificate_installation(session: SeccSession, request: Any, now_s: float) -> Record:
    if session.config.provisioning is None:
        raise Refused("FAILED_SequenceError", "certificate installation was not offered")
    if session.first_polls_ongoing("CertificateInstallationReq"):
        return filled(session, request, now_s, evse_processing=Processing.Ongoing)
    empty = filled(session, request, now_s)
    code, response = secc_contract.installed(session, request, now_s, empty)
    if code.startswith("FAILED"):
        raise Refused(code, session.reason)
    return changed(response, response_code=code)


# services


@_answers("ServiceDiscoveryReq")
def service_discovery(session: SeccSession, request: Any, now_s: float) -> Record:
    """All energy services; of the value added ones those that the vehicle knows ([V2G20-1248], [V2G20-1249])."""
    wanted = request.supported_service_ids.service_id if request.supported_service_ids else None
    added = [service for service in session.config.vas if wanted is None or service in wanted]
    return filled(session, request, now_s, vas_list=_service_list(added) if added else None)


def _service_list(services: list[Service]) -> common.ServiceList:
    return common.ServiceList(
        service=tuple(common.Service(service_id=int(service), free_service=False) for service in services)
    )


@_answers("ServiceDetailReq")
def service_detail(session: SeccSession, request: Any, now_s: float) -> Record:
    offered = (*_energy_services(session), *session.config.vas)
    if request.service_id not in offered:
        raise Refused("FAILED_ServiceIDInvalid", f"service {request.service_id} is not offered")  # [V2G20-464]
    return filled(session, request, now_s)


def _energy_services(session: SeccSession) -> list[Service]:
    """What is offered in the protocol that was negotiated."""
    energy = session.chosen_namespace.rpartition(":")[2] or None
    return [service for service in session.config.offers if energy is None or service.energy == energy]


def _parameter_sets(session: SeccSession, service_id: int) -> common.ServiceParameterList:
    sets: list[tuple[int, Mapping[str, int | str]]] = []
    service = Service(service_id) if service_id in set(Service) else next(iter(session.config.offers))
    if service in session.config.offers:
        sets = [(offer.set_id, offer.parameters(service)) for offer in session.config.offers[service]]
    elif service in session.config.vas:
        sets = list(vas_sets(service))
    return common.ServiceParameterList(
        parameter_set=tuple(
            common.ParameterSet(
                parameter_set_id=set_id,
                parameter=tuple(
                    common.Parameter(name=name, finite_string=value)
                    if isinstance(value, str)
                    else common.Parameter(name=name, int_value=value)
                    for name, value in named.items()
                ),
            )
            for set_id, named in sets or [(1, {"ControlMode": 2})]
        )
    )


@_answers("ServiceSelectionReq")
def service_selection(session: SeccSession, request: Any, now_s: float) -> Record:
    selected = request.selected_energy_transfer_service
    if selected.service_id in session.config.vas:
        raise Refused("FAILED_NoEnergyTransferServiceSelected", f"service {selected.service_id} transfers no energy")
    offer = _offered(session, selected.service_id, selected.parameter_set_id)
    for each in request.selected_vas_list.selected_service if request.selected_vas_list else ():
        if each.service_id not in session.config.vas:
            raise Refused("FAILED_ServiceSelectionInvalid", f"value added service {each.service_id} is not offered")
    session.service, session.offer = Service(selected.service_id), offer
    session.tell(
        What.SERVICE,
        now_s,
        service=int(session.service),
        name=session.service.name,
        control=offer.control.name.lower(),
        needs_by=offer.needs_by.name.lower(),
    )
    return filled(session, request, now_s)


def _offered(session: SeccSession, service_id: int, set_id: int) -> EnergyOffer:
    if service_id in _energy_services(session):
        for offer in session.config.offers[Service(service_id)]:
            if offer.set_id == set_id:
                return offer
    raise Refused("FAILED_ServiceSelectionInvalid", f"({service_id}, {set_id}) was not offered")  # [V2G20-467]


# parameters and schedule


@_answers("DC_ChargeParameterDiscoveryReq")
@_answers("AC_ChargeParameterDiscoveryReq")
def charge_parameters(session: SeccSession, request: Any, now_s: float) -> Record:
    """Refuses what does not fit the service, or could never work together ([V2G20-1619], [V2G20-2272])."""
    content = request.energy_transfer_mode
    if ("BPT" in type(content).__name__) != (session.service is not None and session.service.bidirectional):
        raise Refused("FAILED_WrongChargeParameter", f"{type(content).__name__} does not fit the selected service")
    limits = read_limits(content, "ev_")
    if session.energy is Energy.DC and limits.maximum_voltage_v < session.station.limits.minimum_voltage_v:
        raise Refused("FAILED_WrongChargeParameter", f"{limits.maximum_voltage_v} V is below what the charger can do")
    session.vehicle_limits = limits
    session.tell(What.LIMITS, now_s, **{name: getattr(limits, name) for name in Limits.__slots__})
    return filled(session, request, now_s)


@_answers("ScheduleExchangeReq")
def schedule_exchange(session: SeccSession, request: Any, now_s: float) -> Record:
    if isinstance(request.control_mode, common.DynamicSEReqControlMode) != session.dynamic:
        raise Refused("FAILED", "the control mode is not the selected one")  # [V2G20-1600]
    processing = _processing(session, request)
    if processing is Processing.Finished:
        session.tell(What.NEEDS, now_s, **_needs(request.control_mode))
        session.schedule = _slots_offered(session, request)
        if session.notification and session.notification.evse_notification == "ScheduleRenegotiation":
            session.notification = None
    response = filled(session, request, now_s, evse_processing=processing)
    return _sign_prices(session, response)


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


def _stated_needs(session: SeccSession, kind: type[Record]) -> dict[str, Any]:
    """Departure and states of charge, where it is the station that states them (MobilityNeedsMode 2)."""
    if not session.states_needs or "departure_time" not in kind.__dataclass_fields__:
        return {}
    needs = session.config.needs
    return {
        "departure_time": session.departure_s,
        "target_soc": needs.target_soc_percent,
        "minimum_soc": needs.minimum_soc_percent,
    }


def _slots_offered(session: SeccSession, request: Any) -> tuple[tuple[int, float], ...]:
    """The configured schedule, or our maximum until departure (a day, if the vehicle names none: our default)."""
    until_s = int(request.control_mode.departure_time or 86_400)
    return session.config.schedule or ((until_s, session.station.limits.maximum_charge_power_w),)


def _needs(mode: Any) -> dict[str, Any]:
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


def _schedules(session: SeccSession, request: Any) -> Record:
    """Dynamic: nothing to say. Scheduled: one tuple, with a discharging schedule of the same slots where it applies."""
    if isinstance(request.control_mode, common.DynamicSEReqControlMode):
        kind = common.DynamicSEResControlMode
        return kind(**_stated_needs(session, kind), price_schedule=_price(session, request))
    slots = session.schedule or _slots_offered(session, request)
    back_w = session.station.limits.maximum_discharge_power_w
    bidirectional = session.service is not None and session.service.bidirectional

    tolerance_w = session.config.power_tolerance_w

    def schedule(cap_w: float) -> common.ChargingSchedule:
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
        schedule_tuple=(
            common.ScheduleTuple(
                schedule_tuple_id=1,
                charging_schedule=schedule(float("inf")),
                discharging_schedule=schedule(back_w) if bidirectional else None,
            ),
        )
    )


# DC before and after power


@_answers("DC_CableCheckReq")
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


@_answers("DC_PreChargeReq")
def pre_charge(session: SeccSession, request: Any, now_s: float) -> Record:
    session.station.pre_charge(float(request.ev_target_voltage))
    return filled(session, request, now_s)


@_answers("DC_WeldingDetectionReq")
def welding_detection(session: SeccSession, request: Any, now_s: float) -> Record:
    return filled(session, request, now_s)


# power


@_answers("PowerDeliveryReq")
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
    if progress in ("Stop", "Standby", "Start"):
        session.notification = None
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
    if chosen != 1:
        raise Refused("FAILED_ScheduleSelectionInvalid", f"schedule tuple {chosen} was not offered")
    entries = profile.ev_power_profile_entries.ev_power_profile_entry
    start_s = 0
    for entry in entries:
        end_s = start_s + entry.duration
        allowed_w = min(
            (
                power_w
                for begin_s, until_s, power_w in _slots(session.schedule)
                if begin_s < end_s and until_s > start_s
            ),
            default=float("inf"),
        )
        if float(entry.power) > allowed_w * 1.001:  # half a digit of the rational's rounding
            raise Refused(
                "FAILED_EVPowerProfileInvalid", f"{float(entry.power):g} W where {allowed_w:g} W were offered"
            )
        start_s = end_s


def _slots(schedule: tuple[tuple[int, float], ...]) -> list[tuple[float, float, float]]:
    """(begin, end, power) of each slot; the last one lasts."""
    slots: list[tuple[float, float, float]] = []
    begin_s = 0.0
    for duration_s, power_w in schedule:
        slots.append((begin_s, begin_s + duration_s, power_w))
        begin_s += duration_s
    return slots


@_answers("DC_ChargeLoopReq")
@_answers("AC_ChargeLoopReq")
def charge_loop(session: SeccSession, request: Any, now_s: float) -> Record:
    content = request.control_mode
    _check_loop_content(session, content)
    session.vehicle_limits = limits = read_limits(content, "ev_", session.vehicle_limits)
    bidirectional = session.service is not None and session.service.bidirectional
    grant = session.station.deliver(
        Demand(
            limits if bidirectional else changed_limits(limits, {"maximum_discharge_power_w": 0.0}),
            _number(content, "ev_target_current"),
            _number(content, "ev_target_voltage"),
            bidirectional,
        )
    )
    response = filled(session, request, now_s, **_loop_values(session, content, grant))
    outlet = session.station.outlet()
    display = request.display_parameters
    session.tell(
        What.LOOP,
        now_s,
        voltage_v=outlet.voltage_v,
        current_a=outlet.current_a,
        power_w=outlet.active_power_w,
        target_power_w=grant.power_w,
        soc_percent=display.present_soc if display else None,
    )
    return response


def _check_loop_content(session: SeccSession, content: Any) -> None:
    name = type(content).__name__
    if ("Dynamic" in name) != session.dynamic:
        raise Refused("FAILED", f"{name} is not the selected control mode")
    if ("BPT" in name) != (session.service is not None and session.service.bidirectional):
        raise Refused("FAILED", f"{name} does not fit the selected service")


def _number(content: Any, name: str) -> float | None:
    value = getattr(content, name, None)
    return None if value is None else float(value)


def _loop_values(session: SeccSession, content: Any, grant: Grant) -> dict[str, Any]:
    """The elements of a loop response that depend on the station's decision."""
    if session.energy is Energy.AC:
        kind = _LOOP_ANSWER[type(content)]
        return {"control_mode": _loop_content(session, kind, grant.power_w)}
    return {
        "evse_power_limit_achieved": grant.power_limited,
        "evse_current_limit_achieved": grant.current_limited,
        "evse_voltage_limit_achieved": grant.voltage_limited,
    }


def _loop_content(session: SeccSession, kind: type[Record], power_w: float) -> Record:
    return kind(**(_stated_limits(session, kind) | _ac_target(kind, power_w) | _stated_needs(session, kind)))


def _ac_target(kind: type[Record], power_w: float) -> dict[str, Any]:
    mandatory = "Dynamic_AC" in kind.declaration.name
    return {"evse_target_active_power": rational(round(power_w))} if mandatory else {}


def _stated_limits(session: SeccSession, kind: type[Record]) -> dict[str, Any]:
    sign = -1 if session.config.profile.discharge_limits == "negative" else 1
    return limit_fields(kind, "evse_", session.station.limits, sign)


_LOOP_ANSWER: dict[type[Record], type[Record]] = {
    getattr(module, name): getattr(module, name.replace("CLReq", "CLRes"))
    for module in (ac, dc)
    for name in dir(module)
    if "CLReqControlMode" in name and hasattr(module, name.replace("CLReq", "CLRes"))
}


# metering, and the end


@_answers("MeteringConfirmationReq")
def metering_confirmation(session: SeccSession, request: Any, now_s: float) -> Record:
    if session.notification and session.notification.evse_notification == "MeteringConfirmation":
        session.notification = None
    if request.signed_metering_data.session_id != session.session_id:
        raise Refused("FAILED_MeteringSignatureNotValid", "the metering data are of another session")
    if session.contract_leaf is not None and request.header.signature is not None:
        checked = verify(request.header.signature, [request.signed_metering_data], session.contract_leaf)
        if not checked.good:
            raise Refused("FAILED_MeteringSignatureNotValid", checked.problem)
    return filled(session, request, now_s)


@_answers("SessionStopReq")
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


# valid values for everything mandatory, at any time


def _nothing(_: SeccSession, __: Any) -> dict[str, Any]:
    return {}


def _finished(_: SeccSession, __: Any) -> dict[str, Any]:
    return {"evse_processing": Processing.Finished}


def _fill_authorization_setup(session: SeccSession, _: Any) -> dict[str, Any]:
    mode: Record = common.EIMASResAuthorizationMode()
    if session.config.pnc:  # the block of Plug & Charge is mandatory as soon as it is among the services
        session.challenge = session.challenge or session.memory.challenge()
        names = session.config.providers
        providers = common.SupportedProvidersList(provider_id=names) if names else None
        mode = common.PnCASResAuthorizationMode(gen_challenge=session.challenge, supported_providers=providers)
    offered = [(common.Authorization.EIM, session.config.eim), (common.Authorization.PnC, session.config.pnc)]
    return {
        "authorization_services": tuple(service for service, there in offered if there),
        "certificate_installation_service": session.config.provisioning is not None,
        "authorization_mode": mode,
    }


def _fill_discovery(session: SeccSession, _: Any) -> dict[str, Any]:
    return {
        "service_renegotiation_supported": session.config.service_renegotiation,
        "energy_transfer_service_list": _service_list(_energy_services(session)),
    }


def _fill_detail(session: SeccSession, request: Any) -> dict[str, Any]:
    return {
        "service_id": request.service_id,
        "service_parameter_list": _parameter_sets(session, request.service_id),
    }


def _fill_dc_parameters(session: SeccSession, request: Any) -> dict[str, Any]:
    bpt = isinstance(request.energy_transfer_mode, dc.BPTDCCPDReqEnergyTransferMode)
    kind = dc.BPTDCCPDResEnergyTransferMode if bpt else dc.DCCPDResEnergyTransferMode
    return {"energy_transfer_mode": kind(**_stated_limits(session, kind))}


def _fill_ac_parameters(session: SeccSession, request: Any) -> dict[str, Any]:
    bpt = isinstance(request.energy_transfer_mode, ac.BPTACCPDReqEnergyTransferMode)
    kind = ac.BPTACCPDResEnergyTransferMode if bpt else ac.ACCPDResEnergyTransferMode
    frequency = rational(session.config.nominal_frequency_hz)
    return {"energy_transfer_mode": kind(**_stated_limits(session, kind), evse_nominal_frequency=frequency)}


def _fill_schedule(session: SeccSession, request: Any) -> dict[str, Any]:
    return {"evse_processing": Processing.Finished, "control_mode": _schedules(session, request)}


def _fill_voltage(session: SeccSession, _: Any) -> dict[str, Any]:
    return {"evse_present_voltage": rational(round(session.station.outlet().voltage_v, 1))}


def _fill_loop(session: SeccSession, request: Any) -> dict[str, Any]:
    kind = _LOOP_ANSWER[type(request.control_mode)]
    return {
        "evse_status": session.notification,
        "meter_info": _meter_info(session) if request.meter_info_requested or session.state is State.POWER_ON else None,
        "control_mode": _loop_content(session, kind, 0.0),
    }


def _fill_dc_loop(session: SeccSession, request: Any) -> dict[str, Any]:
    outlet = session.station.outlet()
    return _fill_loop(session, request) | {
        "evse_present_current": rational(round(outlet.current_a, 2)),
        "evse_present_voltage": rational(round(outlet.voltage_v, 1)),
        "evse_power_limit_achieved": False,
        "evse_current_limit_achieved": False,
        "evse_voltage_limit_achieved": False,
    }


def _meter_info(session: SeccSession) -> MeterInfo | None:
    reading = session.station.meter() if session.config.meter else None
    if reading is None:
        return None
    both_ways = session.service is not None and session.service.bidirectional
    return MeterInfo(
        meter_id=reading.meter_id,
        charged_energy_reading_wh=round(max(reading.charged_wh, 0)),
        bpt_discharged_energy_reading_wh=round(max(reading.discharged_wh, 0)) if both_ways else None,
    )


_FILL: dict[str, tuple[type[Record], Filler]] = {
    "supportedAppProtocolReq": (sap.SupportedAppProtocolRes, _nothing),
    "SessionSetupReq": (common.SessionSetupRes, lambda session, _: {"evse_id": session.config.evse_id}),
    "AuthorizationSetupReq": (common.AuthorizationSetupRes, _fill_authorization_setup),
    "AuthorizationReq": (common.AuthorizationRes, _finished),
    "CertificateInstallationReq": (common.CertificateInstallationRes, secc_contract.nothing_installed),
    "ServiceDiscoveryReq": (common.ServiceDiscoveryRes, _fill_discovery),
    "ServiceDetailReq": (common.ServiceDetailRes, _fill_detail),
    "ServiceSelectionReq": (common.ServiceSelectionRes, _nothing),
    "ScheduleExchangeReq": (common.ScheduleExchangeRes, _fill_schedule),
    "PowerDeliveryReq": (common.PowerDeliveryRes, _nothing),
    "MeteringConfirmationReq": (common.MeteringConfirmationRes, _nothing),
    "SessionStopReq": (common.SessionStopRes, _nothing),
    "AC_ChargeParameterDiscoveryReq": (ac.ACChargeParameterDiscoveryRes, _fill_ac_parameters),
    "AC_ChargeLoopReq": (ac.ACChargeLoopRes, _fill_loop),
    "DC_ChargeParameterDiscoveryReq": (dc.DCChargeParameterDiscoveryRes, _fill_dc_parameters),
    "DC_CableCheckReq": (dc.DCCableCheckRes, _finished),
    "DC_PreChargeReq": (dc.DCPreChargeRes, _fill_voltage),
    "DC_ChargeLoopReq": (dc.DCChargeLoopRes, _fill_dc_loop),
    "DC_WeldingDetectionReq": (dc.DCWeldingDetectionRes, _fill_voltage),
}
