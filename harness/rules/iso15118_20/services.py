"""Services: what is listed, detailed and selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.iso15118.services import Energy, Service
from harness.rules.iso15118_20.reading import before, parameters, service_ids
from harness.rules.iso15118_20.terms import OURS, PUBLIC, SCHEMA, Session, broken, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

ENERGY_IDS = {int(one) for one in Service if one.energy}
VALUE_ADDED_IDS = {int(one) for one in Service if not one.energy}
VENDOR_IDS = range(60000, 65536)
INVALID_ID, INVALID_SELECTION = "FAILED_ServiceIDInvalid", "FAILED_ServiceSelectionInvalid"
NO_ENERGY = "FAILED_NoEnergyTransferServiceSelected"
CONNECTORS: dict[Energy, range] = {Energy.AC: range(1, 4), Energy.DC: range(1, 8)}
COMMON_PARAMETERS = ("Connector", "ControlMode", "MobilityNeedsMode", "Pricing")
"""What every AC and DC parameter set names (two public stacks agree)."""
RANGES: dict[str, tuple[int, ...]] = {
    "ControlMode": (1, 2),
    "MobilityNeedsMode": (1, 2),
    "Pricing": (0, 1, 2),
    "BPTChannel": (1, 2),
    "GeneratorMode": (1, 2),
    "DetectionMethodGridCodeIslanding": (1, 2),
}
"""Values of the parameters whose meaning two public stacks agree on."""


def _discoveries(session: Session) -> Iterator[tuple[Message, Message]]:
    for request, answer in session.pairs("ServiceDiscovery"):
        if answer.name == "ServiceDiscoveryRes" and answer.content and not answer.failed:
            yield request, answer


def _detailed(session: Session) -> Iterator[tuple[Message, Service, Any, dict[str, Any]]]:
    """Every parameter set that was detailed: answer, service, parameter set id, parameters."""
    for answer in session.responses("ServiceDetailRes"):
        listed = answer.service_parameter_list
        if listed and not answer.failed and answer.service_id in set(Service):
            for one in listed.parameter_set:
                yield answer, Service(answer.service_id), one.parameter_set_id, parameters(one)


def _energy_sets(session: Session) -> Iterator[tuple[Message, Service, Any, dict[str, Any]]]:
    for answer, service, set_id, named in _detailed(session):
        if service.energy in (Energy.AC, Energy.DC):
            yield answer, service, set_id, named


@station(SCHEMA, "the list of energy services names energy services only")
def energy_list_is_of_energy(session: Session) -> Iterator[Broken]:
    for _, answer in _discoveries(session):
        wrong = service_ids(answer, "energy_transfer_service_list") & VALUE_ADDED_IDS
        if wrong:
            yield broken(answer, f"{answer} lists value added services {sorted(wrong)} as energy services")


@station(SCHEMA, "the list of value added services names no energy services")
def value_added_list_has_no_energy(session: Session) -> Iterator[Broken]:
    for _, answer in _discoveries(session):
        wrong = service_ids(answer, "vas_list") & ENERGY_IDS
        if wrong:
            yield broken(answer, f"{answer} lists energy services {sorted(wrong)} as value added services")


@station(SCHEMA, "listed energy services have published ids", "I")
def energy_services_are_known(session: Session) -> Iterator[Broken]:
    for _, answer in _discoveries(session):
        odd = service_ids(answer, "energy_transfer_service_list") - ENERGY_IDS - VALUE_ADDED_IDS - set(VENDOR_IDS)
        if odd:
            yield broken(answer, f"{answer} lists service ids {sorted(odd)}")


@station(OURS, "a service is listed once", "I")
def services_are_listed_once(session: Session) -> Iterator[Broken]:
    for _, answer in _discoveries(session):
        for which in ("energy_transfer_service_list", "vas_list"):
            listed = getattr(answer, which)
            counted = Counter(one.service_id for one in listed.service) if listed else {}
            twice = [service for service, times in counted.items() if times > 1]
            if twice:
                yield broken(answer, f"{answer} lists services {twice} more than once")


@station("V2G20-1249", "value added services are filtered by what the vehicle supports", "S")
def value_added_services_are_filtered(session: Session) -> Iterator[Broken]:
    for request, answer in _discoveries(session):
        wanted = request.supported_service_ids
        surplus = service_ids(answer, "vas_list") - set(wanted.service_id) if wanted else set()
        if surplus:
            yield broken(answer, f"{answer} lists value added services {sorted(surplus)}, not asked for", request)


@station(PUBLIC, "listed energy services belong to the message set that was negotiated", "I")
def energy_services_fit_the_protocol(session: Session) -> Iterator[Broken]:
    ours = session.namespace.rpartition(":")[2].partition("-")[0]
    for _, answer in _discoveries(session):
        for one in sorted(service_ids(answer, "energy_transfer_service_list") & ENERGY_IDS):
            energy = Service(one).energy
            if ours and energy in (Energy.AC, Energy.DC, Energy.WPT) and energy != ours:
                yield broken(answer, f"{answer} lists service {one} in a session negotiated for {ours}")


@station("V2G20-1956", "whether service renegotiation is supported does not change in a session", "S", "warn")
def renegotiation_support_is_constant(session: Session) -> Iterator[Broken]:
    told = [answer for _, answer in _discoveries(session)]
    for one in told[1:]:
        if one.service_renegotiation_supported != told[0].service_renegotiation_supported:
            yield broken(one, f"{one} says {one.service_renegotiation_supported}, {told[0]} said otherwise", told[0])


@vehicle("V2G20-425", "details are asked for services that were listed")
def detailed_service_was_listed(session: Session) -> Iterator[Broken]:
    for request in session.requests("ServiceDetailReq"):
        context = before(session, request)
        listed = context.energy_service_ids | context.vas_ids
        if listed and request.content and request.service_id not in listed:
            yield broken(request, f"{request} asks for service {request.service_id}, listed are {sorted(listed)}")


@station("V2G20-464", "details of a service that was not listed are refused with FAILED_ServiceIDInvalid")
def unlisted_service_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("ServiceDetail"):
        context = before(session, request)
        listed = context.energy_service_ids | context.vas_ids
        if listed and request.service_id not in listed and answer.ok:
            yield broken(answer, f"{answer} details service {request.service_id}, which was not listed", request)


@station("V2G20-464", "details of a listed service are not refused")
def listed_service_is_detailed(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("ServiceDetail"):
        context = before(session, request)
        if request.service_id in context.energy_service_ids | context.vas_ids and answer.code == INVALID_ID:
            yield broken(answer, f"{answer} calls the listed service {request.service_id} invalid", request)


@station(SCHEMA, "ServiceDetailRes is about the service that was asked for")
def details_are_of_the_asked_service(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("ServiceDetail"):
        if answer.name == "ServiceDetailRes" and answer.ok and answer.service_id != request.service_id:
            yield broken(answer, f"{request} asks for service {request.service_id}, {answer} is on {answer.service_id}")


@station(SCHEMA, "parameter sets of a service have different ids", "S")
def parameter_set_ids_are_unique(session: Session) -> Iterator[Broken]:
    for answer in session.responses("ServiceDetailRes"):
        listed = answer.service_parameter_list
        counted = Counter(one.parameter_set_id for one in listed.parameter_set) if listed and not answer.failed else {}
        for set_id, times in counted.items():
            if times > 1:
                yield broken(answer, f"{answer} has {times} parameter sets {set_id}")


@station(PUBLIC, "a parameter set of an energy service names connector, control and mobility mode, pricing")
def parameter_sets_are_whole(session: Session) -> Iterator[Broken]:
    for answer, service, set_id, named in _energy_sets(session):
        missing = [one for one in COMMON_PARAMETERS if one not in named]
        if missing:
            yield broken(answer, f"set {set_id} of service {int(service)} lacks {', '.join(missing)}")


@station(PUBLIC, "a bidirectional parameter set names channel and generator mode", "A", "warn")
def bidirectional_sets_are_whole(session: Session) -> Iterator[Broken]:
    for answer, service, set_id, named in _energy_sets(session):
        missing = [one for one in ("BPTChannel", "GeneratorMode") if one not in named]
        if service.bidirectional and missing:
            yield broken(answer, f"set {set_id} of service {int(service)} lacks {', '.join(missing)}")
            return


@station(PUBLIC, "an AC parameter set names the nominal voltage", "A", "warn")
def ac_sets_name_the_voltage(session: Session) -> Iterator[Broken]:
    for answer, service, set_id, named in _energy_sets(session):
        if service.energy is Energy.AC and "EVSENominalVoltage" not in named:
            yield broken(answer, f"set {set_id} of service {int(service)} lacks EVSENominalVoltage")
            return


@station(PUBLIC, "parameters are integers of the published values")
def parameters_have_published_values(session: Session) -> Iterator[Broken]:
    for answer, service, set_id, named in _energy_sets(session):
        for name, values in RANGES.items():
            if name in named and named[name] not in values:
                yield broken(answer, f"set {set_id} of service {int(service)} has {name} = {named[name]}")


@station(PUBLIC, "the connector is one of the service's", "I")
def connector_is_of_the_service(session: Session) -> Iterator[Broken]:
    for answer, service, set_id, named in _energy_sets(session):
        connectors = CONNECTORS[service.energy or Energy.DC]
        if "Connector" in named and named["Connector"] not in connectors:
            yield broken(answer, f"set {set_id} of service {int(service)} has Connector = {named['Connector']}")


@station("V2G20-2663", "mobility needs are left to the station only with dynamic control", "S")
def mobility_by_station_needs_dynamic_control(session: Session) -> Iterator[Broken]:
    for answer, service, set_id, named in _energy_sets(session):
        if named.get("MobilityNeedsMode") == 2 and named.get("ControlMode") == 1:
            yield broken(answer, f"set {set_id} of service {int(service)} combines them")


@station("V2G20-2656", "a station offers both control modes", "S", "warn")
def both_control_modes_are_offered(session: Session) -> Iterator[Broken]:
    modes: dict[int, set[Any]] = {}
    for answer, _, _, named in _energy_sets(session):
        modes.setdefault(answer.ordinal, set()).add(named.get("ControlMode"))
    for answer in session.responses("ServiceDetailRes"):
        if modes.get(answer.ordinal, {1, 2}) in ({1}, {2}):
            only = "Scheduled" if 1 in modes[answer.ordinal] else "Dynamic"
            yield broken(answer, f"{answer} offers {only} only")


@station(OURS, "the details of a service do not change in a session", "I")
def details_do_not_change(session: Session) -> Iterator[Broken]:
    told: dict[int, Message] = {}
    for answer in session.responses("ServiceDetailRes"):
        if answer.failed or answer.content is None:
            continue
        first = told.setdefault(answer.service_id, answer)
        if first.service_parameter_list != answer.service_parameter_list:
            yield broken(answer, f"{answer} differs from {first}", first)


def _chosen(request: Message) -> Any:
    return request.selected_energy_transfer_service


@vehicle("V2G20-433", "the vehicle selects a service and parameter set that were offered")
def selected_service_was_offered(session: Session) -> Iterator[Broken]:
    for request in session.requests("ServiceSelectionReq"):
        why = _not_offered(session, request)
        if why:
            yield broken(request, why)


def _not_offered(session: Session, request: Message) -> str:
    """Why a selection is none of the offered ones; empty if it is, or if that is not known."""
    context, chosen = before(session, request), _chosen(request)
    if chosen is None or context.services is None:
        return ""
    listed = context.energy_service_ids
    if chosen.service_id in context.vas_ids | VALUE_ADDED_IDS:
        return ""  # told as a selection without energy
    if chosen.service_id not in listed:
        return f"{request} selects service {chosen.service_id}, listed are {sorted(listed)}"
    sets = context.details.get(chosen.service_id)
    if sets is not None and chosen.parameter_set_id not in sets:
        what = f"set {chosen.parameter_set_id} of service {chosen.service_id}"
        return f"{request} selects {what}, offered are {sorted(sets)}"
    return ""


@vehicle("V2G20-1216", "a parameter set is selected only after the service has been detailed")
def selected_service_was_detailed(session: Session) -> Iterator[Broken]:
    for request in session.requests("ServiceSelectionReq"):
        context, chosen = before(session, request), _chosen(request)
        known = context.services and context.state and chosen and chosen.service_id in context.energy_service_ids
        if known and context.details and chosen.service_id not in context.details:
            yield broken(request, f"{request} selects service {chosen.service_id}, which was not detailed")


@station("V2G20-467", "a selection that was not offered is refused with FAILED_ServiceSelectionInvalid")
def unoffered_selection_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("ServiceSelection"):
        why = _not_offered(session, request)
        if why and answer.ok:
            yield broken(answer, f"{answer} is {answer.code}, but {why}", request)


@station("V2G20-467", "a selection that was offered is not refused")
def offered_selection_is_granted(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("ServiceSelection"):
        context, chosen = before(session, request), _chosen(request)
        sets = context.details.get(chosen.service_id, {}) if chosen else {}
        refused = answer.code in (INVALID_SELECTION, NO_ENERGY) and not request.selected_vas_list
        if chosen and chosen.parameter_set_id in sets and refused:
            yield broken(answer, f"{answer} refuses an offered selection with {answer.code}", request)


@vehicle("V2G20-1618", "the vehicle selects an energy service")
def selection_names_an_energy_service(session: Session) -> Iterator[Broken]:
    for request in session.requests("ServiceSelectionReq"):
        chosen = _chosen(request)
        if chosen and chosen.service_id in before(session, request).vas_ids | VALUE_ADDED_IDS:
            yield broken(request, f"{request} selects value added service {chosen.service_id} for energy")


@station("V2G20-1618", "a selection without energy is refused with FAILED_NoEnergyTransferServiceSelected")
def selection_without_energy_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("ServiceSelection"):
        chosen = _chosen(request)
        if chosen and chosen.service_id in before(session, request).vas_ids | VALUE_ADDED_IDS and answer.ok:
            yield broken(answer, f"{answer} grants value added service {chosen.service_id} for energy", request)


@vehicle("V2G20-433", "selected value added services were listed", "S")
def selected_value_added_services_were_listed(session: Session) -> Iterator[Broken]:
    for request in session.requests("ServiceSelectionReq"):
        context = before(session, request)
        selected = request.selected_vas_list
        if selected and context.services:
            odd = {one.service_id for one in selected.selected_service} - context.vas_ids
            if odd:
                yield broken(request, f"{request} selects {sorted(odd)}, listed are {sorted(context.vas_ids)}")


@station("V2G20-467", "a value added service that was not listed is refused", "S")
def unlisted_value_added_service_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("ServiceSelection"):
        context = before(session, request)
        selected = request.selected_vas_list
        if selected and context.services and answer.ok:
            odd = {one.service_id for one in selected.selected_service} - context.vas_ids
            if odd:
                yield broken(answer, f"{answer} grants value added services {sorted(odd)}", request)


@vehicle(PUBLIC, "the selected energy service belongs to the message set that was negotiated", "A", "warn")
def selected_service_fits_the_protocol(session: Session) -> Iterator[Broken]:
    ours = session.namespace.rpartition(":")[2].partition("-")[0]
    for request in session.requests("ServiceSelectionReq"):
        chosen = _chosen(request)
        energy = Service(chosen.service_id).energy if chosen and chosen.service_id in ENERGY_IDS else None
        if ours and energy in (Energy.AC, Energy.DC, Energy.WPT) and energy != ours:
            yield broken(request, f"{request} selects service {chosen.service_id} in a session negotiated for {ours}")
