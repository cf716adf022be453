"""A charger's answers from the first word to the selected service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118 import messages, secc_contract
from harness.iso15118.answering import Refused, answers, filled, finished
from harness.iso15118.messages import common, sap
from harness.iso15118.messages.common_types import Processing
from harness.iso15118.messages.core import ISO2
from harness.iso15118.quantities import changed
from harness.iso15118.services import EnergyOffer, Service, vas_sets
from harness.iso15118.station import What

if TYPE_CHECKING:
    from harness.iso15118.secc import SeccSession


def _fill_session_setup(session: SeccSession, _: Any) -> dict[str, Any]:
    return {"evse_id": session.config.evse_id}


def _fill_authorization_setup(session: SeccSession, _: Any) -> dict[str, Any]:
    mode: Record = common.EIMASResAuthorizationMode()
    if session.config.pnc:  # the block of Plug & Charge is mandatory as soon as it is among the services
        session.challenge = session.challenge or session.memory.challenge()
        names = session.config.providers
        providers = common.SupportedProvidersList(provider_id=names) if names else None
        mode = common.PnCASResAuthorizationMode(gen_challenge=session.challenge, supported_providers=providers)
    return {
        "authorization_services": _authorization_services(session),
        "certificate_installation_service": session.config.provisioning is not None,
        "authorization_mode": mode,
    }


def _authorization_services(session: SeccSession) -> tuple[common.Authorization, ...]:
    offered = ((common.Authorization.EIM, session.config.eim), (common.Authorization.PnC, session.config.pnc))
    return tuple(service for service, there in offered if there)


def _service_list(services: list[Service]) -> common.ServiceList:
    return common.ServiceList(
        service=tuple(common.Service(service_id=int(service), free_service=False) for service in services)
    )


def _energy_services(session: SeccSession) -> list[Service]:
    """What is offered in the protocol that was negotiated."""
    energy = session.chosen_namespace.rpartition(":")[2] or None
    offered = [service for service in session.config.offers if energy is None or service.energy == energy]
    plain_only = session.plain_only()
    return [service for service in offered if not (plain_only and service.bidirectional)]


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


@answers("supportedAppProtocolReq", sap.SupportedAppProtocolRes)
def supported_app_protocol(session: SeccSession, request: Any, now_s: float) -> Record:
    """Of the protocols that we serve the one with the vehicle's best priority ([V2G20-169])."""
    served = session.namespaces()
    known = [
        each
        for each in request.app_protocol
        if each.protocol_namespace in served and each.version_number_major == _major(each.protocol_namespace)
    ]
    if not known:
        session.reason = "no protocol in common"
        return filled(session, request, now_s, response_code="Failed_NoNegotiation")
    chosen = min(known, key=lambda each: each.priority)
    session.chosen_namespace = chosen.protocol_namespace
    if chosen.protocol_namespace == ISO2:
        session.hand_over(now_s)
    exact = chosen.version_number_minor == 0
    code = "OK_SuccessfulNegotiation" if exact else "OK_SuccessfulNegotiationWithMinorDeviation"
    return filled(session, request, now_s, response_code=code, schema_id=chosen.schema_id)


def _major(namespace: str) -> int:
    """ISO 15118-2 of 2013 calls itself version 2.0."""
    return 2 if namespace == ISO2 else 1


@answers("SessionSetupReq", common.SessionSetupRes, _fill_session_setup)
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


@answers("AuthorizationSetupReq", common.AuthorizationSetupRes, _fill_authorization_setup)
def authorization_setup(session: SeccSession, request: Any, now_s: float) -> Record:
    return filled(session, request, now_s)


@answers("AuthorizationReq", common.AuthorizationRes, finished)
def authorization(session: SeccSession, request: Any, now_s: float) -> Record:
    """A contract is checked, then somebody decides; a refusal is Finished with a warning ([V2G20-2219])."""
    if request.selected_authorization_service not in _authorization_services(session):
        return filled(session, request, now_s, response_code="WARNING_AuthorizationSelectionInvalid")
    how = str(request.selected_authorization_service)
    code = secc_contract.contract_verdict(session, request, now_s) if how == "PnC" else "OK"
    if code in session.overlooks:
        code = "OK"
    if code.startswith("FAILED"):
        raise Refused(code, session.reason)
    if code == "OK":
        _tell_identification(session, how, now_s)
        granted = None if session.first_polls_ongoing("AuthorizationReq") else session.station.authorized()
        if granted is None:
            return filled(session, request, now_s, evse_processing=Processing.Ongoing)
        if not granted:
            code = "WARNING_EIMAuthorizationFailure" if how == "EIM" else "WARNING_GeneralPnCAuthorizationError"
    session.authorization = how
    emaid = secc_contract.emaid(session.contract_leaf)
    session.tell(What.AUTHORIZATION, now_s, how=how, granted=code == "OK", code=code, emaid=emaid)
    return filled(session, request, now_s, response_code=code)


def _tell_identification(session: SeccSession, how: str, now_s: float) -> None:
    if not session.identification_told:
        session.identification_told = True
        contract = session.contract_leaf
        session.tell(What.IDENTIFICATION, now_s, how=how, emaid=secc_contract.emaid(contract), contract=contract)


@answers("CertificateInstallationReq", common.CertificateInstallationRes, secc_contract.nothing_installed)
def certificate_installation(session: SeccSession, request: Any, now_s: float) -> Record:
    if session.config.provisioning is None:
        raise Refused("FAILED_SequenceError", "certificate installation was not offered")
    if session.first_polls_ongoing("CertificateInstallationReq"):
        return filled(session, request, now_s, evse_processing=Processing.Ongoing)
    if session.installer:
        return _installed_elsewhere(session, request, now_s, session.installer(request))
    empty = filled(session, request, now_s)
    code, response = secc_contract.installed(session, request, now_s, empty)
    if code.startswith("FAILED"):
        raise Refused(code, session.reason)
    return changed(response, response_code=code)


def _installed_elsewhere(session: SeccSession, request: Any, now_s: float, octets: bytes | None) -> Record:
    """The backend's response as it is; before it comes Ongoing, and a warning where there is no contract."""
    if octets is None:
        return filled(session, request, now_s, evse_processing=Processing.Ongoing)
    if not octets:
        code = "WARNING_NoCertificateAvailable"
        return filled(session, request, now_s, response_code="OK" if code in session.overlooks else code)
    try:
        decoded = messages.decode(octets, "common").message
    except messages.ExiError as problem:
        raise Refused("FAILED", f"what the backend gave is no message: {problem}") from problem
    if not isinstance(decoded, common.CertificateInstallationRes):
        raise Refused("FAILED", "what the backend gave is no CertificateInstallationRes")
    return decoded


@answers("ServiceDiscoveryReq", common.ServiceDiscoveryRes, _fill_discovery)
def service_discovery(session: SeccSession, request: Any, now_s: float) -> Record:
    """All energy services; of the value added ones those that the vehicle knows ([V2G20-1248], [V2G20-1249])."""
    wanted = request.supported_service_ids.service_id if request.supported_service_ids else None
    added = [service for service in session.config.vas if wanted is None or service in wanted]
    return filled(session, request, now_s, vas_list=_service_list(added) if added else None)


@answers("ServiceDetailReq", common.ServiceDetailRes, _fill_detail)
def service_detail(session: SeccSession, request: Any, now_s: float) -> Record:
    offered = (*_energy_services(session), *session.config.vas)
    if request.service_id not in offered:
        raise Refused("FAILED_ServiceIDInvalid", f"service {request.service_id} is not offered")  # [V2G20-464]
    return filled(session, request, now_s)


@answers("ServiceSelectionReq", common.ServiceSelectionRes)
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
