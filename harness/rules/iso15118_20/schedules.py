"""Schedules, prices and power profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from harness.rules.iso15118_20.control_mode import price_schedules
from harness.rules.iso15118_20.header_time import seconds, unit_of
from harness.rules.iso15118_20.limits import limit
from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import OURS, PUBLIC, SCHEMA, Session, broken, number, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

ROUNDING = 1.001
ANCHOR_APART_S = 86_400.0
ALGORITHMS = ("1-Power", "2-PeakPower", "3-StackedEnergy")
INVALID = "FAILED_ScheduleSelectionInvalid"


def _tuples(message: Message | None) -> tuple[Any, ...]:
    return tuple(getattr(message.control_mode, "schedule_tuple", ()) or ()) if message else ()


def _offers(session: Session) -> Iterator[tuple[Message, Message]]:
    """Schedule requests with offers that are finished."""
    for request, answer in session.pairs("ScheduleExchange"):
        told = answer.name == "ScheduleExchangeRes" and answer.content and not answer.failed
        if told and answer.evse_processing == "Finished":
            yield request, answer


def _power_schedules(answer: Message) -> Iterator[tuple[int, str, Any]]:
    """Tuple id, direction and power schedule of everything that is offered."""
    for one in _tuples(answer):
        for direction in ("charging", "discharging"):
            schedule = getattr(one, f"{direction}_schedule")
            if schedule is not None:
                yield one.schedule_tuple_id, direction, schedule.power_schedule


def _profile(request: Message) -> Any:
    return request.ev_power_profile


def _selected_tuple(request: Message) -> int | None:
    return getattr(getattr(_profile(request), "control_mode", None), "selected_schedule_tuple_id", None)


@station(SCHEMA, "schedule tuples have different ids", "S")
def tuple_ids_are_unique(session: Session) -> Iterator[Broken]:
    for _, answer in _offers(session):
        for tuple_id, times in Counter(one.schedule_tuple_id for one in _tuples(answer)).items():
            if times > 1:
                yield broken(answer, f"{answer} has {times} tuples {tuple_id}")


@station(OURS, "a schedule's entries last longer than nothing", "I")
def entries_have_a_duration(session: Session) -> Iterator[Broken]:
    for _, answer in _offers(session):
        for tuple_id, direction, schedule in _power_schedules(answer):
            if any(one.duration == 0 for one in schedule.power_schedule_entries.power_schedule_entry):
                yield broken(answer, f"the {direction} schedule of tuple {tuple_id} has an entry of 0 s")


@station(OURS, "a schedule lasts until the vehicle leaves", "X")
def schedule_lasts_until_departure(session: Session) -> Iterator[Broken]:
    for request, answer in _offers(session):
        departure = getattr(request.control_mode, "departure_time", None)
        for tuple_id, direction, schedule in _power_schedules(answer):
            lasts = sum(one.duration for one in schedule.power_schedule_entries.power_schedule_entry)
            if departure and lasts < departure:
                yield broken(answer, f"the {direction} schedule of tuple {tuple_id} lasts {lasts} s of {departure} s")
                return


@station(PUBLIC, "a schedule has no more entries than the vehicle supports", "S")
def schedule_is_not_longer_than_supported(session: Session) -> Iterator[Broken]:
    for request, answer in _offers(session):
        for tuple_id, direction, schedule in _power_schedules(answer):
            count = len(schedule.power_schedule_entries.power_schedule_entry)
            if count > request.maximum_supporting_points:
                told = f"{count} entries, {request} supports {request.maximum_supporting_points}"
                yield broken(answer, f"the {direction} schedule of tuple {tuple_id} has {told}", request)


@station(OURS, "a schedule does not promise more power than the charge parameters allow", "I")
def schedule_is_within_the_limits(session: Session) -> Iterator[Broken]:
    for _, answer in _offers(session):
        stated = before(session, answer).limits
        for tuple_id, direction, schedule in _power_schedules(answer):
            which = "charge" if direction == "charging" else "discharge"
            bound = limit(stated.energy_transfer_mode, f"evse_maximum_{which}_power") if stated else None
            most = max(abs(float(one.power)) for one in schedule.power_schedule_entries.power_schedule_entry)
            if bound is not None and most > bound * ROUNDING:
                yield broken(answer, f"tuple {tuple_id} promises {most:g} W, {stated} said {bound:g} W", stated)
                return


@station(OURS, "a discharging schedule is offered only under a bidirectional service", "I")
def discharging_is_scheduled_both_ways(session: Session) -> Iterator[Broken]:
    for _, answer in _offers(session):
        selection = before(session, answer).selection
        if selection and selection.bidirectional is False and any(one.discharging_schedule for one in _tuples(answer)):
            yield broken(answer, f"{answer} has a discharging schedule under service {selection.service_id}")


def _anchors(message: Message) -> Iterator[tuple[str, int]]:
    for tuple_id, direction, schedule in _power_schedules(message):
        yield f"the {direction} schedule of tuple {tuple_id}", schedule.time_anchor
    for price in price_schedules(message):
        yield "a price schedule", getattr(price, "time_anchor", 0)


@station("V2G20 Table 103", "time anchors are microseconds since 1970, as header stamps are", "X")
def anchors_are_in_microseconds(session: Session) -> Iterator[Broken]:
    for answer in session.responses("ScheduleExchangeRes"):
        for what, anchor in _anchors(answer):
            if anchor and unit_of(anchor) != "microseconds":
                yield broken(answer, f"{what} begins at {anchor}: {unit_of(anchor) or 'no time of our days'}")
                return


@vehicle("V2G20 Table 103", "the power profile's time anchor is microseconds since 1970", "X")
def profile_anchor_is_in_microseconds(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq"):
        anchor = getattr(_profile(request), "time_anchor", 0)
        if anchor and unit_of(anchor) != "microseconds":
            yield broken(request, f"the profile begins at {anchor}: {unit_of(anchor) or 'no time of our days'}")
            return


@station(OURS, "a schedule begins about now", "I")
def schedule_begins_about_now(session: Session) -> Iterator[Broken]:
    for answer in session.responses("ScheduleExchangeRes"):
        now = seconds(getattr(answer.header, "time_stamp", 0) or 0)
        for what, anchor in _anchors(answer):
            begins = seconds(anchor or 0)
            if now and begins and abs(begins - now) > ANCHOR_APART_S:
                yield broken(answer, f"{what} begins {(begins - now) / 3600:+.0f} h from the message's time stamp")
                return


@vehicle(OURS, "the power profile begins about now", "I")
def profile_begins_about_now(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq"):
        now = seconds(getattr(request.header, "time_stamp", 0) or 0)
        begins = seconds(getattr(_profile(request), "time_anchor", 0) or 0)
        if now and begins and abs(begins - now) > ANCHOR_APART_S:
            yield broken(request, f"the profile begins {(begins - now) / 3600:+.0f} h from the message's time stamp")
            return


@vehicle("V2G20-479", "the vehicle selects a schedule tuple that was offered")
def selected_tuple_was_offered(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq"):
        chosen, offered = (
            _selected_tuple(request),
            {one.schedule_tuple_id for one in _tuples(_schedule(session, request))},
        )
        if chosen is not None and offered and chosen not in offered:
            yield broken(request, f"{request} selects tuple {chosen}, offered are {sorted(offered)}")


def _schedule(session: Session, request: Message) -> Message | None:
    return before(session, request).schedule


@station("V2G20-479", "a schedule tuple that was not offered is refused with FAILED_ScheduleSelectionInvalid")
def unoffered_tuple_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("PowerDelivery"):
        chosen, offered = (
            _selected_tuple(request),
            {one.schedule_tuple_id for one in _tuples(_schedule(session, request))},
        )
        if chosen is not None and offered and chosen not in offered and answer.ok:
            yield broken(answer, f"{answer} accepts tuple {chosen}, offered are {sorted(offered)}", request)


@station("V2G20-479", "a schedule tuple that was offered is not called invalid")
def offered_tuple_is_accepted(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("PowerDelivery"):
        chosen, offered = (
            _selected_tuple(request),
            {one.schedule_tuple_id for one in _tuples(_schedule(session, request))},
        )
        if chosen in offered and answer.code == INVALID:
            yield broken(answer, f"{answer} refuses tuple {chosen}, which was offered", request)


def excess(session: Session, request: Message) -> str:
    """Where a Scheduled profile asks for more than the selected tuple offers; empty if nowhere, or not known."""
    offer, chosen, profile = _schedule(session, request), _selected_tuple(request), _profile(request)
    selected = next((one for one in _tuples(offer) if one.schedule_tuple_id == chosen), None)
    if selected is None or profile is None:
        return ""
    schedule = selected.charging_schedule.power_schedule
    begins, starts = seconds(schedule.time_anchor or 0), seconds(profile.time_anchor or 0)
    offset = starts - begins if begins and starts and abs(starts - begins) < ANCHOR_APART_S else 0.0
    slots = _slots(schedule.power_schedule_entries.power_schedule_entry, 0.0)
    for start, end, power in _slots(profile.ev_power_profile_entries.ev_power_profile_entry, max(0.0, offset)):
        for low, high, allowed in slots:
            if start < high and low < end and power > allowed * ROUNDING and power > 0:
                return f"{power:g} W from second {start:.0f} to {end:.0f}, tuple {chosen} allows {allowed:g} W"
    return ""


def _slots(entries: Any, start: float) -> list[tuple[float, float, float]]:
    slots = []
    for one in entries:
        slots.append((start, start + one.duration, float(one.power)))
        start += one.duration
    return slots


@vehicle("V2G20-1559", "a scheduled power profile stays within the selected schedule", "S")
def profile_is_within_the_schedule(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq", charge_progress="Start"):
        why = excess(session, request)
        if why:
            yield broken(request, f"{request} plans {why}", _schedule(session, request))


@station("V2G20-478", "a profile beyond the schedule is refused with FAILED_EVPowerProfileInvalid", "S", "warn")
def excessive_profile_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("PowerDelivery", charge_progress="Start"):
        why = excess(session, request)
        if why and answer.ok:
            yield broken(answer, f"{answer} accepts {why}", request)


@station("V2G20-478", "a profile within the schedule is not refused", "S", "warn")
def fitting_profile_is_accepted(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("PowerDelivery", charge_progress="Start"):
        if answer.code == "FAILED_EVPowerProfileInvalid" and _selected_tuple(request) and not excess(session, request):
            yield broken(answer, f"{answer} refuses a profile within tuple {_selected_tuple(request)}", request)


def _prices(session: Session) -> Iterator[tuple[Message, Any]]:
    for answer in session.responses("ScheduleExchangeRes"):
        for one in price_schedules(answer) if not answer.failed else ():
            yield answer, one


@station(PUBLIC, "the price algorithm is a published one", "S", "warn")
def price_algorithm_is_known(session: Session) -> Iterator[Broken]:
    for answer, price in _prices(session):
        algorithm = getattr(price, "price_algorithm", None)
        if algorithm is not None and not str(algorithm).endswith(ALGORITHMS):
            yield broken(answer, f"{answer} uses {algorithm!r}")


@station(PUBLIC, "the currency is a three-letter code (ISO 4217)", "S", "warn")
def currency_is_a_code(session: Session) -> Iterator[Broken]:
    for answer, price in _prices(session):
        currency = getattr(price, "currency", None)
        if currency is not None and not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
            yield broken(answer, f"{answer} names the currency {currency!r}")


@station(PUBLIC, "price levels are below the number of levels", "I")
def price_levels_are_in_range(session: Session) -> Iterator[Broken]:
    for answer, price in _prices(session):
        levels = getattr(price, "number_of_price_levels", None)
        entries = getattr(getattr(price, "price_level_schedule_entries", None), "price_level_schedule_entry", ())
        highest = max((one.price_level for one in entries), default=0)
        if levels is not None and highest > levels:
            yield broken(answer, f"{answer} uses level {highest} of {levels}")


@station(PUBLIC, "the rules of a price stack begin at 0 W and rise", "I")
def price_rules_rise(session: Session) -> Iterator[Broken]:
    for answer, price in _prices(session):
        stacks = getattr(getattr(price, "price_rule_stacks", None), "price_rule_stack", ())
        for stack in stacks:
            starts = [float(one.power_range_start) for one in stack.price_rule]
            if starts != sorted(set(starts)) or abs(starts[0]) > 0:
                yield broken(answer, f"power ranges of a stack start at {', '.join(f'{one:g} W' for one in starts)}")
                return


@station(PUBLIC, "tax rules have different ids", "I")
def tax_rule_ids_are_unique(session: Session) -> Iterator[Broken]:
    for answer, price in _prices(session):
        rules = getattr(getattr(price, "tax_rules", None), "tax_rule", ())
        twice = [one for one, times in Counter(rule.tax_rule_id for rule in rules).items() if times > 1]
        if twice:
            yield broken(answer, f"{answer} has tax rule {twice[0]} more than once")


@station(PUBLIC, "the minimum cost is not above the maximum cost", "I")
def costs_are_ordered(session: Session) -> Iterator[Broken]:
    for answer, price in _prices(session):
        low, high = number(getattr(price, "minimum_cost", None)), number(getattr(price, "maximum_cost", None))
        if low is not None and high is not None and low > high:
            yield broken(answer, f"{answer} has minimum cost {low:g} and maximum cost {high:g}")


@vehicle(PUBLIC, "a vehicle that is told to go to pause does not start power", "I")
def go_to_pause_is_followed(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq", charge_progress="Start"):
        offer = _schedule(session, request)
        if offer and offer.go_to_pause and not before(session, request).progress:
            yield broken(request, f"{request} starts power, {offer} said GoToPause", offer)
