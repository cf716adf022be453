"""Scheduled or Dynamic, one way or bidirectional: every message keeps to what was selected."""

from __future__ import annotations

from collections.abc import Iterator

from harness.iso15118.services import Channel
from harness.rules.iso15118_20.reading import before, control_of, is_bidirectional
from harness.rules.iso15118_20.terms import (
    OURS,
    PROTOCOL,
    PUBLIC,
    SCHEMA,
    Session,
    broken,
    named,
    number,
    station,
    vehicle,
)
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

WRONG_PARAMETER = "FAILED_WrongChargeParameter"
PARAMETERS = ("AC_ChargeParameterDiscovery", "DC_ChargeParameterDiscovery")
LOOPS = ("AC_ChargeLoop", "DC_ChargeLoop")


def _requests(session: Session, bases: tuple[str, ...]) -> Iterator[tuple[Message, Message | None]]:
    for base in bases:
        for request in session.requests(f"{base}Req"):
            if request.content:
                yield request, session.answer_to(request)


def mismatch(session: Session, request: Message) -> str:
    """Why the variant of charge parameters is not that of the selected service; empty if it is, or not known."""
    selection = before(session, request).selection
    variant = request.energy_transfer_mode
    if selection is None or selection.bidirectional is None or variant is None:
        return ""
    if is_bidirectional(variant) == selection.bidirectional:
        return ""
    return f"{request} carries {named(variant)} under service {selection.service_id}"


@vehicle("V2G20-1619", "charge parameters are of the variant of the selected service")
def parameters_fit_the_service(session: Session) -> Iterator[Broken]:
    for request, _ in _requests(session, PARAMETERS):
        why = mismatch(session, request)
        if why:
            yield broken(request, why, before(session, request).selection.request)  # type: ignore[union-attr]


@station("V2G20-1619", "charge parameters of the wrong variant are refused with FAILED_WrongChargeParameter")
def wrong_parameters_are_refused(session: Session) -> Iterator[Broken]:
    for request, answer in _requests(session, PARAMETERS):
        why = mismatch(session, request)
        if why and answer and answer.ok:
            yield broken(answer, f"{answer} is {answer.code}, but {why}", request)


@station(SCHEMA, "the station's charge parameters are of the variant of the vehicle's")
def parameters_are_answered_in_kind(session: Session) -> Iterator[Broken]:
    for request, answer in _requests(session, PARAMETERS):
        ours, theirs = (answer.energy_transfer_mode if answer else None), request.energy_transfer_mode
        if answer and ours and theirs and not answer.failed and is_bidirectional(ours) != is_bidirectional(theirs):
            yield broken(answer, f"{answer} answers {named(theirs)} with {named(ours)}", request)


def _register_request_mode(base: str, slug: str) -> None:
    @vehicle(
        PUBLIC,
        f"{base}Req is of the selected control mode",
        "S",
        id=f"{PROTOCOL}/{slug}-keeps-the-control-mode",
    )
    def keeps(session: Session) -> Iterator[Broken]:
        for request in session.requests(f"{base}Req"):
            context = before(session, request)
            selected = context.selection.control if context.selection else None
            used = control_of(request.control_mode)
            if selected and used and used != selected:
                yield broken(request, f"{request} is {used}, selected was {selected}")

    @station(
        "V2G20-1600",
        f"{base}Res is of the control mode of its request",
        id=f"{PROTOCOL}/{slug}-is-answered-in-its-control-mode",
    )
    def answered(session: Session) -> Iterator[Broken]:
        for request, answer in session.pairs(base):
            asked, told = control_of(request.control_mode), control_of(answer.control_mode)
            if asked and told and asked != told and not answer.failed:
                yield broken(answer, f"{answer} answers {asked} with {told}", request)


for _base, _slug in (("ScheduleExchange", "schedule"), ("AC_ChargeLoop", "ac-loop"), ("DC_ChargeLoop", "dc-loop")):
    _register_request_mode(_base, _slug)


@vehicle(PUBLIC, "the power profile is of the selected control mode", "S")
def profile_keeps_the_control_mode(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq"):
        selection = before(session, request).selection
        used = control_of(getattr(request.ev_power_profile, "control_mode", None))
        if selection and selection.control and used and used != selection.control:
            yield broken(request, f"{request} has a {used} profile, selected was {selection.control}")


@vehicle(PUBLIC, "the charge loop is bidirectional exactly if the selected service is", "S")
def loop_fits_the_service(session: Session) -> Iterator[Broken]:
    for request, _ in _requests(session, LOOPS):
        selection = before(session, request).selection
        both = selection.bidirectional if selection else None
        if both is not None and request.control_mode and is_bidirectional(request.control_mode) != both:
            service = selection.service_id if selection else ""
            yield broken(request, f"{request} carries {named(request.control_mode)} under service {service}")


@station(SCHEMA, "a charge loop request is answered in kind: bidirectional or not", "S")
def loop_is_answered_in_kind(session: Session) -> Iterator[Broken]:
    for request, answer in _requests(session, LOOPS):
        asked, told = request.control_mode, answer.control_mode if answer else None
        if answer and asked and told and not answer.failed and is_bidirectional(asked) != is_bidirectional(told):
            yield broken(answer, f"{answer} answers {named(asked)} with {named(told)}", request)


@vehicle(PUBLIC, "power is started with a power profile", "S", "warn")
def start_has_a_profile(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq", charge_progress="Start", ev_processing="Finished"):
        if request.ev_power_profile is None:
            yield broken(request, f"{request} has no EVPowerProfile")


@vehicle("V2G20-2681", "energy limits for feeding back come as a pair or not at all", "S")
def feed_back_energy_comes_in_pairs(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        mode = request.control_mode
        limits = [getattr(mode, f"ev_{which}_v2x_energy_request", None) for which in ("maximum", "minimum")]
        if sum(one is not None for one in limits) == 1:
            yield broken(request, f"{request} has only one of the two V2X energy requests")


@vehicle("V2G20-1640", "the minimum state of charge is not above the target")
def vehicle_soc_limits_are_ordered(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        for place in (request.control_mode, request.display_parameters):
            low, high = getattr(place, "minimum_soc", None), getattr(place, "target_soc", None)
            if low is not None and high is not None and low > high:
                yield broken(request, f"{request} has MinimumSOC {low} % and TargetSOC {high} %")


@station("V2G20-1290", "the minimum state of charge is not above the target")
def station_soc_limits_are_ordered(session: Session) -> Iterator[Broken]:
    for answer in session.responses():
        mode = answer.control_mode
        low, high = getattr(mode, "minimum_soc", None), getattr(mode, "target_soc", None)
        if low is not None and high is not None and low > high:
            yield broken(answer, f"{answer} has MinimumSOC {low} % and TargetSOC {high} %")


@station(
    "V2G20-2663",
    "the station names departure and states of charge only where mobility needs are left to it",
    "A",
    "warn",
)
def mobility_needs_are_the_vehicles(session: Session) -> Iterator[Broken]:
    for answer in session.responses("ScheduleExchangeRes", "AC_ChargeLoopRes", "DC_ChargeLoopRes"):
        if before(session, answer).parameter("MobilityNeedsMode") != 1 or answer.failed:
            continue
        names = ("departure_time", "minimum_soc", "target_soc")
        given = [name for name in names if getattr(answer.control_mode, name, None) is not None]
        if given:
            yield broken(answer, f"{answer} carries {', '.join(given)} with MobilityNeedsMode 1")


@station(PUBLIC, "no prices are sent where no pricing was selected", "I")
def prices_were_selected(session: Session) -> Iterator[Broken]:
    for answer in session.responses("ScheduleExchangeRes"):
        if before(session, answer).parameter("Pricing") == 0 and any(price_schedules(answer)):
            yield broken(answer, f"{answer} has a price schedule, selected was Pricing 0")


@station(PUBLIC, "prices are of the selected kind: absolute or levels", "I")
def prices_are_of_the_selected_kind(session: Session) -> Iterator[Broken]:
    kinds = {1: "AbsolutePriceSchedule", 2: "PriceLevelSchedule"}
    for answer in session.responses("ScheduleExchangeRes"):
        wanted = kinds.get(before(session, answer).parameter("Pricing"))
        for one in price_schedules(answer):
            if wanted and named(one) != wanted:
                yield broken(answer, f"{answer} has {named(one)}, selected was {wanted}")


def price_schedules(answer: Message) -> Iterator[object]:
    """Every price schedule of a ScheduleExchangeRes."""
    mode = answer.control_mode
    places = [mode]
    for one in getattr(mode, "schedule_tuple", ()) or ():
        places += [one.charging_schedule, one.discharging_schedule]
    for place in places:
        found = getattr(place, "price_schedule", None)
        if found is not None:
            yield found


@vehicle("V2G20-2123", "a channel is selected only where the channels are separated", "A", "warn")
def channel_is_selected_where_separated(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq"):
        channel = before(session, request).parameter("BPTChannel")
        if request.bpt_channel_selection and channel == Channel.UNIFIED:
            yield broken(request, f"{request} selects {request.bpt_channel_selection} of a unified channel")


@vehicle("V2G20-2123", "where the channels are separated the start of power selects one", "I")
def separated_channel_is_selected(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq", charge_progress="Start"):
        channel = before(session, request).parameter("BPTChannel")
        if not request.bpt_channel_selection and channel == Channel.SEPARATED:
            yield broken(request, f"{request} selects no channel although they are separated")


@vehicle(OURS, "energy requests are ordered: minimum, target, maximum", "I")
def energy_requests_are_ordered(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        mode = request.control_mode
        told = [number(getattr(mode, f"ev_{one}_energy_request", None)) for one in ("minimum", "target", "maximum")]
        known = [one for one in told if one is not None]
        if known != sorted(known):
            yield broken(request, f"{request} asks for {' / '.join(f'{one:.0f} Wh' for one in known)}")
            return


@vehicle("V2G20-1034", "energy is fed back only under a bidirectional service: the target energy is not negative", "I")
def target_energy_fits_the_direction(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        selection = before(session, request).selection
        target = number(getattr(request.control_mode, "ev_maximum_energy_request", None))
        if selection and selection.bidirectional is False and target is not None and target < 0:
            yield broken(request, f"{request} asks for at most {target:.0f} Wh under service {selection.service_id}")
            return
