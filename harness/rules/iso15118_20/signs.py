"""Signs: positive is from station to vehicle. The sign of discharge limits is open; mixing both signs is not."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import FIELD, Session, broken, either, number, pair, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import CHARGER, VEHICLE, Message

SMALL_A, SMALL_W = 5.0, 500.0
"""Below this a current or power has no direction (our default): measurement noise, filters."""
SETTLING = 10
"""Loops that a direction may take to change (our default)."""


def discharge_limits(session: Session, side: str) -> Iterator[tuple[Message, str, float]]:
    """Every discharge limit that a side states and that is not zero."""
    prefix = "ev" if side == VEHICLE else "evse"
    for one in session.messages:
        if one.side != side or one.failed:
            continue
        for mode in (one.energy_transfer_mode, one.control_mode):
            for which in ("maximum", "minimum"):
                for what in ("power", "current", "power_l2", "power_l3"):
                    name = f"{prefix}_{which}_discharge_{what}"
                    value = number(getattr(mode, name, None))
                    if value:
                        yield one, name, value


@either("field", "{who} gives all its discharge limits one sign", "S")
def discharge_limits_have_one_sign(session: Session, side: str) -> Iterator[Broken]:
    first: tuple[Message, str, float] | None = None
    for one in discharge_limits(session, side):
        first = first or one
        if (one[2] > 0) != (first[2] > 0):
            because = f"{one[1]} in {one[0]} is {one[2]:g}, {first[1]} in {first[0]} is {first[2]:g}"
            yield broken(one[0], because, first[0])
            return


@pair("field", "both sides give discharge limits the same sign, or take them by magnitude", "X")
def both_sides_sign_alike(session: Session) -> Iterator[Broken]:
    told = [next(discharge_limits(session, side), None) for side in (VEHICLE, CHARGER)]
    mine, theirs = told
    if mine and theirs and (mine[2] > 0) != (theirs[2] > 0):
        yield broken(theirs[0], f"{mine[1]} is {mine[2]:g}, {theirs[1]} is {theirs[2]:g}", mine[0])


@station("V2G20-1034", "current flows back only under a bidirectional service")
def no_current_is_fed_back_one_way(session: Session) -> Iterator[Broken]:
    for answer in session.responses("DC_ChargeLoopRes"):
        selection = before(session, answer).selection
        current = number(answer.evse_present_current)
        if selection and selection.bidirectional is False and current is not None and current < -SMALL_A:
            yield broken(answer, f"{answer} shows {current:g} A under service {selection.service_id}")
            return


@vehicle("V2G20-1035", "a current to feed back is asked for only under a bidirectional service")
def no_current_is_asked_back_one_way(session: Session) -> Iterator[Broken]:
    for request in session.requests("DC_ChargeLoopReq"):
        selection = before(session, request).selection
        target = number(getattr(request.control_mode, "ev_target_current", None))
        if selection and selection.bidirectional is False and target is not None and target < 0:
            yield broken(request, f"{request} asks for {target:g} A under service {selection.service_id}")
            return


@station("V2G20-1034", "power to feed back is asked for only under a bidirectional service")
def no_power_is_asked_back_one_way(session: Session) -> Iterator[Broken]:
    for answer in session.responses("AC_ChargeLoopRes"):
        selection = before(session, answer).selection
        target = number(getattr(answer.control_mode, "evse_target_active_power", None))
        if selection and selection.bidirectional is False and target is not None and target < 0 and not answer.failed:
            yield broken(answer, f"{answer} asks for {target:g} W under service {selection.service_id}")
            return


@vehicle("V2G20-1035", "power flows back only under a bidirectional service")
def no_power_is_fed_back_one_way(session: Session) -> Iterator[Broken]:
    for request in session.requests("AC_ChargeLoopReq"):
        selection = before(session, request).selection
        power = number(getattr(request.control_mode, "ev_present_active_power", None))
        if selection and selection.bidirectional is False and power is not None and power < -SMALL_W:
            yield broken(request, f"{request} shows {power:g} W under service {selection.service_id}")
            return


@vehicle("V2G20-1035", "the vehicle's power has the sign of the power that it is asked for", "I")
def power_has_the_asked_sign(session: Session) -> Iterator[Broken]:
    yield from _against(session, "AC_ChargeLoop")


def _against(session: Session, base: str) -> Iterator[Broken]:
    """A run of loops in which the vehicle's power points against the target of the loop before."""
    run = 0
    previous: float | None = None
    for request, answer in session.pairs(base):
        power = number(getattr(request.control_mode, "ev_present_active_power", None))
        against = previous and power and previous * power < 0 and min(abs(previous), abs(power)) > SMALL_W
        run = run + 1 if against else 0
        if run == SETTLING:
            yield broken(request, f"{request} shows {power:g} W, asked for are {previous:g} W, for {run} loops")
            return
        previous = number(getattr(answer.control_mode, "evse_target_active_power", None))


@station("V2G20-1034", "the station's current has the sign of the current that it is asked for", "I")
def current_has_the_asked_sign(session: Session) -> Iterator[Broken]:
    run = 0
    for request, answer in session.pairs("DC_ChargeLoop"):
        target = number(getattr(request.control_mode, "ev_target_current", None))
        current = number(answer.evse_present_current)
        against = target and current and target * current < 0 and min(abs(target), abs(current)) > SMALL_A
        run = run + 1 if against else 0
        if run == SETTLING:
            yield broken(answer, f"{answer} shows {current:g} A, asked for are {target:g} A, for {run} loops", request)
            return


@station(FIELD, "power and current of the meter's direction agree: what flows back counts as discharged", "I")
def meter_counts_the_direction(session: Session) -> Iterator[Broken]:
    answers = [one for one in session.responses("DC_ChargeLoopRes") if one.meter_info and not one.failed]
    if len(answers) < 2:
        return
    first, last = answers[0], answers[-1]
    between = [number(one.evse_present_current) or 0 for one in session.responses("DC_ChargeLoopRes")]
    charged = last.meter_info.charged_energy_reading_wh - first.meter_info.charged_energy_reading_wh
    if between and max(between) < -SMALL_A and charged > 0:
        yield broken(last, f"current flowed back only, yet {charged} Wh were counted as charged", first)
