"""A charger's answers in ISO 15118-2 from SessionSetup to the charge parameters and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.answering import Refused
from harness.iso15118.iso2.answering import ac_status, answers, dc_status, filled
from harness.iso15118.iso2.documents import (
    AC_NOMINAL_V,
    CHARGE_SERVICE,
    DAY_S,
    PHASES,
    ac_current_a,
    amperes,
    dc_limits,
    volts,
    watts,
)
from harness.iso15118.messages.iso2 import body, types
from harness.iso15118.messages.iso2.types import EVSENotification, EVSEProcessing
from harness.iso15118.quantities import Limits
from harness.iso15118.services import Energy, Service
from harness.iso15118.station import What

if TYPE_CHECKING:
    from harness.iso15118.iso2.secc import Iso2SeccSession

RIPPLE_A = 1.0
"""Peak current ripple that we state (our default)."""


def _fill_session_setup(session: Iso2SeccSession, _: Any) -> dict[str, Any]:
    return {"evse_id": session.config.evse_id}


@answers("SessionSetupReq", body.SessionSetupRes, _fill_session_setup)
def session_setup(session: Iso2SeccSession, request: Any, now_s: float) -> Record:
    """Join a paused session if the same vehicle asks for it, else open a new one; all parameters are told again ([V2G2-740])."""
    session.evcc_id = request.evcc_id.hex().upper()
    resumed = session.memory.get(session.session_id) == session.evcc_id
    if resumed:
        del session.memory[session.session_id]
    else:
        session.session_id = session.new_id()
    session.tell(
        What.SESSION, now_s, evcc_id=session.evcc_id, session_id=session.session_id.hex().upper(), resumed=resumed
    )
    code = "OK_OldSessionJoined" if resumed else "OK_NewSessionEstablished"
    return filled(session, request, response_code=code)


def _fill_discovery(session: Iso2SeccSession, _: Any) -> dict[str, Any]:
    return {
        "payment_option_list": types.PaymentOptionList(payment_option=(types.PaymentOption.ExternalPayment,)),
        "charge_service": types.ChargeService(
            service_id=CHARGE_SERVICE,
            service_category=types.ServiceCategory.EVCharging,
            free_service=False,
            supported_energy_transfer_mode=types.SupportedEnergyTransferMode(energy_transfer_mode=session.config.modes),
        ),
    }


@answers("ServiceDiscoveryReq", body.ServiceDiscoveryRes, _fill_discovery)
def service_discovery(session: Iso2SeccSession, request: Any, _: float) -> Record:
    return filled(session, request)


def _fill_detail(_: Iso2SeccSession, request: Any) -> dict[str, Any]:
    return {"service_id": request.service_id}


@answers("ServiceDetailReq", body.ServiceDetailRes, _fill_detail)
def service_detail(session: Iso2SeccSession, request: Any, _: float) -> Record:
    """Charging has no parameter sets, and there is no other service."""
    if request.service_id != CHARGE_SERVICE:
        raise Refused("FAILED_ServiceIDInvalid", f"service {request.service_id} is not offered")
    return filled(session, request)


@answers("PaymentServiceSelectionReq", body.PaymentServiceSelectionRes)
def payment_service_selection(session: Iso2SeccSession, request: Any, _: float) -> Record:
    if request.selected_payment_option != types.PaymentOption.ExternalPayment:
        raise Refused("FAILED_PaymentSelectionInvalid", f"{request.selected_payment_option} is not offered")
    selected = {one.service_id for one in request.selected_service_list.selected_service}
    if strange := selected - {CHARGE_SERVICE}:
        raise Refused("FAILED_ServiceSelectionInvalid", f"service {min(strange)} is not offered")
    return filled(session, request)


def _fill_authorization(_: Iso2SeccSession, __: Any) -> dict[str, Any]:
    return {"evse_processing": EVSEProcessing.Finished}


@answers("AuthorizationReq", body.AuthorizationRes, _fill_authorization)
def authorization(session: Iso2SeccSession, request: Any, now_s: float) -> Record:
    """Finished only when it is granted: else somebody may still find another card ([V2G2-854], [V2G2-856])."""
    if not session.identification_told:
        session.identification_told = True
        session.tell(What.IDENTIFICATION, now_s, how="EIM", emaid="", contract=None)
    granted = None if session.first_polls_ongoing("AuthorizationReq") else session.station.authorized()
    if not granted:
        waiting = EVSEProcessing.Ongoing_WaitingForCustomerInteraction
        return filled(session, request, evse_processing=waiting)
    session.tell(What.AUTHORIZATION, now_s, how="EIM", granted=True, code="OK", emaid="")
    return filled(session, request)


def _fill_parameters(session: Iso2SeccSession, request: Any) -> dict[str, Any]:
    ac = str(request.requested_energy_transfer_mode).startswith("AC")
    return {
        "evse_processing": EVSEProcessing.Finished,
        "evse_charge_parameter": _ac_parameters(session) if ac else _dc_parameters(session),
    }


def _dc_parameters(session: Iso2SeccSession) -> Record:
    mine = session.station.limits
    return types.DCEVSEChargeParameter(
        dc_evse_status=dc_status(session),
        evse_maximum_current_limit=amperes(mine.maximum_charge_current_a),
        evse_maximum_power_limit=watts(mine.maximum_charge_power_w),
        evse_maximum_voltage_limit=volts(mine.maximum_voltage_v),
        evse_minimum_current_limit=amperes(mine.minimum_charge_current_a),
        evse_minimum_voltage_limit=volts(mine.minimum_voltage_v),
        evse_peak_current_ripple=amperes(RIPPLE_A),
    )


def _ac_parameters(session: Iso2SeccSession) -> Record:
    return types.ACEVSEChargeParameter(
        ac_evse_status=ac_status(session),
        evse_nominal_voltage=volts(AC_NOMINAL_V),
        evse_max_current=amperes(ac_current_a(session.station.limits.maximum_charge_power_w)),
    )


@answers("ChargeParameterDiscoveryReq", body.ChargeParameterDiscoveryRes, _fill_parameters)
def charge_parameters(session: Iso2SeccSession, request: Any, now_s: float) -> Record:
    """Ongoing until there are schedules; the needs are told once in each negotiation."""
    _check(session, request)
    if not session.needs_told:
        session.needs_told = True
        _tell(session, request, now_s)
        if session.scheduler is not None:
            return filled(session, request, evse_processing=EVSEProcessing.Ongoing)
    departure_s = request.ev_charge_parameter.departure_time
    until_s = min(departure_s or DAY_S, DAY_S)
    made = session.scheduler(until_s) if session.scheduler else ()
    if session.first_polls_ongoing("ChargeParameterDiscoveryReq") or made is None:
        return filled(session, request, evse_processing=EVSEProcessing.Ongoing)
    session.schedules = made[:3] or (((until_s, session.station.limits.maximum_charge_power_w),),)
    if session.notification is EVSENotification.ReNegotiation:
        session.notification = EVSENotification.None_
    session.needs_told = False
    entries = request.max_entries_sa_schedule_tuple or len(max(session.schedules, key=len))
    offered = (_offered(session, slots, until_s, entries) for slots in session.schedules)
    tuples = (
        types.SAScheduleTuple(sa_schedule_tuple_id=number, pmax_schedule=schedule)
        for number, schedule in enumerate(offered, 1)
    )
    return filled(session, request, sa_schedules=types.SAScheduleList(sa_schedule_tuple=tuple(tuples)))


def _check(session: Iso2SeccSession, request: Any) -> None:
    mode = request.requested_energy_transfer_mode
    if mode not in session.config.modes:
        raise Refused("FAILED_WrongEnergyTransferMode", f"{mode} is not offered")  # [V2G2-476]
    told = request.ev_charge_parameter
    ac = str(mode).startswith("AC")
    if isinstance(told, types.ACEVChargeParameter) != ac:
        raise Refused("FAILED_WrongChargeParameter", f"the parameters do not fit {mode}")  # [V2G2-477]
    if ac:
        current_a = float(told.ev_max_current)
        limits = Limits(maximum_charge_power_w=current_a * PHASES * AC_NOMINAL_V, maximum_charge_current_a=current_a)
    else:
        limits = dc_limits(told)
        if limits.maximum_voltage_v < session.station.limits.minimum_voltage_v:
            raise Refused("FAILED_WrongChargeParameter", f"{limits.maximum_voltage_v:g} V is below what we can do")
    if limits.maximum_charge_current_a < 0 or limits.maximum_charge_power_w < 0:
        raise Refused("FAILED_WrongChargeParameter", "a limit is negative")
    session.mode, session.vehicle_limits = mode, limits


def _tell(session: Iso2SeccSession, request: Any, now_s: float) -> None:
    limits, told = session.vehicle_limits, request.ev_charge_parameter
    service = Service.AC if session.energy is Energy.AC else Service.DC
    session.tell(
        What.SERVICE, now_s, service=int(service), name=str(session.mode), control="scheduled", needs_by="evcc"
    )
    session.tell(What.LIMITS, now_s, **{name: getattr(limits, name) for name in Limits.__slots__})
    energy = told.e_amount if session.energy is Energy.AC else told.ev_energy_request
    session.tell(
        What.NEEDS,
        now_s,
        departure_s=told.departure_time,
        target_energy_wh=None if energy is None else float(energy),
        parameters=told,
        entries=request.max_entries_sa_schedule_tuple,
    )


def _offered(
    session: Iso2SeccSession, slots: tuple[tuple[int, float], ...], until_s: int, entries: int
) -> types.PMaxSchedule:
    """At most as many entries as the vehicle takes: the last one has the least power of all that it stands for."""
    most_w = session.station.limits.maximum_charge_power_w
    begins = [sum(duration_s for duration_s, _ in slots[:index]) for index in range(len(slots))]
    powers = [min(power_w, most_w) for _, power_w in slots]
    kept = [*powers[: entries - 1], min(powers[entries - 1 :])] if len(powers) > entries else powers
    made = []
    for index, power_w in enumerate(kept):
        last_s = max(until_s - begins[index], 1) if index == len(kept) - 1 else None
        interval = types.RelativeTimeInterval(start=begins[index], duration=last_s)
        made.append(types.PMaxScheduleEntry(time_interval=interval, pmax=watts(power_w)))
    return types.PMaxSchedule(pmax_schedule_entry=tuple(made))


def _no_payment_details(_: Iso2SeccSession, __: Any) -> dict[str, Any]:
    return {"gen_challenge": bytes(16), "evse_time_stamp": 0}


def _no_certificates(_: Iso2SeccSession, __: Any) -> dict[str, Any]:
    empty = types.CertificateChain(certificate=b"\x00")
    return {
        "sa_provisioning_certificate_chain": empty,
        "contract_signature_cert_chain": empty,
        "contract_signature_encrypted_private_key": types.ContractSignatureEncryptedPrivateKey(
            id="id1", value=bytes(48)
        ),
        "dh_publickey": types.DiffieHellmanPublickey(id="id2", value=bytes(65)),
        "emaid": types.EMAID(id="id3", value="00000000000000"),
    }


@answers("PaymentDetailsReq", body.PaymentDetailsRes, _no_payment_details)
@answers("CertificateInstallationReq", body.CertificateInstallationRes, _no_certificates)
@answers("CertificateUpdateReq", body.CertificateUpdateRes, _no_certificates)
def contract_business(_: Iso2SeccSession, request: Any, __: float) -> Record:
    """External payment was selected, since nothing else is offered: nothing of a contract belongs here."""
    raise Refused("FAILED_SequenceError", f"{type(request).__name__} without a contract")
