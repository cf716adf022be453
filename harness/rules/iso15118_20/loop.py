"""The charge loop: meter readings and measured values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from harness.rules.iso15118_20.limits import VOLTAGE_V
from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import FIELD, OURS, SCHEMA, Session, broken, number, pair, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

LOOPS = ("AC_ChargeLoopRes", "DC_ChargeLoopRes", "WPT_ChargeLoopRes")
STUCK = 10
"""Equal readings in a row that make a measurement suspicious (our default)."""
SIGNIFICANT_W, SIGNIFICANT_A, SIGNIFICANT_V = 500.0, 5.0, 50.0
VOLTAGES_APART = 0.1
ENERGY_APART, ENERGY_SLACK_WH = 0.2, 50.0


def _answers(session: Session) -> list[Message]:
    return [one for one in session.responses(*LOOPS) if one.content and not one.failed]


def _metered(session: Session) -> list[tuple[Message, Any]]:
    return [(one, one.meter_info) for one in _answers(session) if one.meter_info]


@station("V2G20-1081", "meter information that is asked for is in the answer", "S")
def requested_meter_information_is_sent(session: Session) -> Iterator[Broken]:
    wanting = [
        (request, answer)
        for base in ("AC_ChargeLoop", "DC_ChargeLoop", "WPT_ChargeLoop")
        for request, answer in session.pairs(base, meter_info_requested=True)
        if answer.content and not answer.failed and not answer.meter_info
    ]
    if wanting:
        request, answer = wanting[0]
        yield broken(answer, f"{answer} has none, first of {len(wanting)} times", request)


@station("V2G20-1833", "a station that has a meter sends its reading with the first loop answer", "S", "warn")
def first_loop_has_a_reading(session: Session) -> Iterator[Broken]:
    answers = _answers(session)
    if answers and not answers[0].meter_info and _metered(session):
        yield broken(answers[0], f"{answers[0]} has no MeterInfo, {_metered(session)[0][0]} has")


def _fallen(session: Session, element: str) -> Iterator[tuple[Message, Message, int, int]]:
    metered = [(one, getattr(info, element)) for one, info in _metered(session) if getattr(info, element) is not None]
    for (first, was), (one, now) in itertools.pairwise(metered):
        if now < was:
            yield first, one, was, now


@station("V2G20-902", "the reading of charged energy never falls in a session", "S")
def charged_energy_never_falls(session: Session) -> Iterator[Broken]:
    for first, one, was, now in _fallen(session, "charged_energy_reading_wh"):
        yield broken(one, f"{one} reads {now} Wh, {first} read {was} Wh", first)


@station("V2G20-902", "the reading of discharged energy never falls in a session", "S")
def discharged_energy_never_falls(session: Session) -> Iterator[Broken]:
    for first, one, was, now in _fallen(session, "bpt_discharged_energy_reading_wh"):
        yield broken(one, f"{one} reads {now} Wh, {first} read {was} Wh", first)


@station(OURS, "one meter measures the whole session", "I")
def meter_stays_the_same(session: Session) -> Iterator[Broken]:
    metered = _metered(session)
    for (first, was), (one, now) in itertools.pairwise(metered):
        if now.meter_id != was.meter_id:
            yield broken(one, f"{one} reads meter {now.meter_id}, {first} read {was.meter_id}", first)
            return


@station(SCHEMA, "under a bidirectional service the meter also reads discharged energy", "A", "warn")
def discharged_energy_is_metered(session: Session) -> Iterator[Broken]:
    for one, info in _metered(session):
        selection = before(session, one).selection
        if selection and selection.bidirectional and info.bpt_discharged_energy_reading_wh is None:
            yield broken(one, f"{one} has no BPT_DischargedEnergyReadingWh")
            return


@station(OURS, "the meter's reading agrees with voltage and current of the loop", "I")
def metered_energy_is_plausible(session: Session) -> Iterator[Broken]:
    metered = [(one, info) for one, info in _metered(session) if one.name == "DC_ChargeLoopRes"]
    if len(metered) < 2:
        return
    (first, start), (last, end) = metered[0], metered[-1]
    told = end.charged_energy_reading_wh - start.charged_energy_reading_wh
    between = [one for one in _answers(session) if first.ordinal <= one.ordinal <= last.ordinal]
    delivered = sum(max(0.0, _power_w(one)) * (two.at_s - one.at_s) for one, two in itertools.pairwise(between))
    delivered_wh = delivered / 3600
    if abs(told - delivered_wh) > ENERGY_APART * max(told, delivered_wh) + ENERGY_SLACK_WH:
        yield broken(last, f"{told} Wh were metered, voltage and current make {delivered_wh:.0f} Wh", first)


def _power_w(answer: Message) -> float:
    return (number(answer.evse_present_voltage) or 0) * (number(answer.evse_present_current) or 0)


@station(FIELD, "the measured voltage is a measurement: not zero while current flows", "S", "warn")
def station_voltage_is_measured(session: Session) -> Iterator[Broken]:
    for one in session.responses("DC_ChargeLoopRes"):
        voltage, current = number(one.evse_present_voltage), number(one.evse_present_current)
        if voltage == 0 and current is not None and abs(current) > SIGNIFICANT_A and not one.failed:
            yield broken(one, f"{one} shows {current:g} A at 0 V")
            return


@vehicle(FIELD, "the vehicle's voltage is a measurement: not zero while current flows", "S", "warn")
def vehicle_voltage_is_measured(session: Session) -> Iterator[Broken]:
    zero = 0
    for request, answer in session.pairs("DC_ChargeLoop"):
        current = number(answer.evse_present_current) or 0
        zero = zero + 1 if number(request.ev_present_voltage) == 0 and abs(current) > SIGNIFICANT_A else 0
        if zero == STUCK:
            yield broken(request, f"{request} shows 0 V for {zero} loops, {current:g} A flow", answer)
            return


@vehicle(FIELD, "the vehicle's power is a measurement: not zero while it is asked for power", "S", "warn")
def vehicle_power_is_measured(session: Session) -> Iterator[Broken]:
    zero = 0
    target = 0.0
    for request, answer in session.pairs("AC_ChargeLoop"):
        power = number(getattr(request.control_mode, "ev_present_active_power", None))
        zero = zero + 1 if power == 0 and abs(target) > SIGNIFICANT_W else 0
        if zero == STUCK:
            yield broken(request, f"{request} shows 0 W for {zero} loops, asked for are {target:g} W")
            return
        target = number(getattr(answer.control_mode, "evse_target_active_power", None)) or 0.0


@vehicle(FIELD, "each phase has its own reading: three equal, non-zero ones are one number copied", "I")
def phases_are_measured_apart(session: Session) -> Iterator[Broken]:
    same = 0
    for request in session.requests("AC_ChargeLoopReq"):
        mode = request.control_mode
        phases = [number(getattr(mode, f"ev_present_active_power{one}", None)) for one in ("", "_l2", "_l3")]
        same = same + 1 if phases[0] and phases[0] == phases[1] == phases[2] else 0
        if same == STUCK:
            yield broken(request, f"{request} shows {phases[0]:g} W on every phase, for {same} loops")
            return


@pair(OURS, "both sides measure about the same voltage", "I")
def voltages_agree(session: Session) -> Iterator[Broken]:
    apart = 0
    for request, answer in session.pairs("DC_ChargeLoop"):
        mine, theirs = number(request.ev_present_voltage), number(answer.evse_present_voltage)
        differ = mine and theirs and abs(mine - theirs) > VOLTAGES_APART * max(mine, theirs) + VOLTAGE_V
        apart = apart + 1 if differ else 0
        if apart == STUCK:
            yield broken(
                answer, f"the vehicle measures {mine:g} V, the station {theirs:g} V, for {apart} loops", request
            )
            return


@station(OURS, "current follows a target: not zero for ten seconds", "I", kind="compatibility")
def current_begins_to_flow(session: Session) -> Iterator[Broken]:
    since: Message | None = None
    for request, answer in session.pairs("DC_ChargeLoop"):
        target = number(getattr(request.control_mode, "ev_target_current", None)) or 0
        idle = target > SIGNIFICANT_A and number(answer.evse_present_current) == 0
        since = (since or request) if idle else None
        if since and answer.at_s - since.at_s > 10:
            yield broken(answer, f"{target:g} A have been asked for since {since}, {answer} shows none", since)
            return


@station(OURS, "a limit is called achieved only where a value is near its limit", "I")
def achieved_limits_are_near(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("DC_ChargeLoop"):
        target = number(getattr(request.control_mode, "ev_target_current", None))
        bound = number(getattr(answer.control_mode, "evse_maximum_charge_current", None))
        current = number(answer.evse_present_current)
        if answer.evse_current_limit_achieved and None not in (target, bound, current):
            assert target is not None
            assert bound is not None
            assert current is not None
            if target < 0.5 * abs(bound) and current < 0.5 * abs(bound):
                yield broken(
                    answer, f"{answer} shows {current:g} A of {bound:g} A and calls the limit achieved", request
                )
                return


@vehicle(OURS, "the state of charge does not fall while the battery is charged", "I")
def state_of_charge_does_not_fall(session: Session) -> Iterator[Broken]:
    last: tuple[Message, int] | None = None
    for request, answer in session.pairs("DC_ChargeLoop"):
        soc = getattr(request.display_parameters, "present_soc", None)
        current = number(answer.evse_present_current) or 0
        if soc is None or current < 0:
            last = None
        elif last and soc < last[1] - 1:
            yield broken(request, f"{request} shows {soc} %, {last[0]} showed {last[1]} %", last[0])
            return
        else:
            last = (request, soc)


@vehicle(OURS, "energy that is still needed does not grow while the battery is charged", "I")
def needed_energy_does_not_grow(session: Session) -> Iterator[Broken]:
    last: tuple[Message, float] | None = None
    for request, answer in session.pairs("DC_ChargeLoop"):
        need = number(getattr(request.control_mode, "ev_target_energy_request", None))
        charging = (number(answer.evse_present_current) or 0) > SIGNIFICANT_A
        if need is None or not charging:
            last = None
        elif last and need > last[1] + max(100.0, 0.01 * abs(last[1])):
            yield broken(request, f"{request} needs {need:g} Wh, {last[0]} needed {last[1]:g} Wh", last[0])
            return
        else:
            last = (request, need)
