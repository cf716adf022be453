"""The header's time stamp: its unit, that it grows, and whose clock it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from harness.rules.iso15118_20.terms import Session, broken, either, pair, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import CHARGER, VEHICLE, Message

UNITS_PER_S = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
PLAUSIBLE_S = (1_420_070_400, 4_102_444_800)
"""2015 to 2100: what tells the unit of a stamp apart (our default)."""
CLOCKS_APART_S = 10.0
"""More than this between the vehicle's adopted clock and the station's is not adoption (our default)."""
WALL_CLOCK_APART_S = 86_400.0
"""More than a day from the recorder's clock is a station without time (our default)."""
FROZEN_S = 2.0
STOPPED_S = 5.0
"""A stamp that stays for longer, over several messages, is of a clock that stands (our default)."""


def stamp(message: Message) -> int | None:
    return getattr(message.header, "time_stamp", None) if message.header else None


def unit_of(value: int) -> str:
    """The unit in which a stamp is a time of our days; empty if in none."""
    low, high = PLAUSIBLE_S
    return next((unit for unit, per_s in UNITS_PER_S.items() if low <= value / per_s < high), "")


def seconds(value: int) -> float | None:
    """A stamp in seconds since 1970, whatever its unit; None if it is no time of our days."""
    unit = unit_of(value)
    return value / UNITS_PER_S[unit] if unit else None


def _stamped(session: Session, side: str) -> list[tuple[Message, int]]:
    # a refusal may be a prepared one, its stamp included
    found = [(one, stamp(one)) for one in session.messages if one.side == side and not one.failed]
    return [(one, value) for one, value in found if value is not None]


@either("V2G20-1534", "{who} stamps in microseconds; many stacks in the field send seconds", "X")
def time_stamp_is_in_microseconds(session: Session, side: str) -> Iterator[Broken]:
    stamped = _stamped(session, side)
    for one, value in stamped:
        unit = unit_of(value)
        if unit and unit != "microseconds":
            yield broken(one, f"{one} has time stamp {value}: {unit} (first of {len(stamped)} messages)")
            return


@either("V2G20-1534", "{who} stamps with a time of our days", "S")
def time_stamp_is_a_time(session: Session, side: str) -> Iterator[Broken]:
    for one, value in _stamped(session, side):
        guess = one.name == "SessionSetupReq"  # a vehicle without a clock learns the time from the answer
        if not unit_of(value) and not guess:
            yield broken(one, f"{one} has time stamp {value}")
            return


@either("V2G20-1534", "{who} keeps to one unit of time", "S")
def time_stamp_keeps_its_unit(session: Session, side: str) -> Iterator[Broken]:
    stamped = [(one, unit_of(value)) for one, value in _stamped(session, side) if unit_of(value)]
    for (first, was), (one, unit) in itertools.pairwise(stamped):
        if unit != was:
            yield broken(one, f"{one} is stamped in {unit}, {first} was in {was}", first)
            return


@either("V2G20-1537", "{who} never stamps with an earlier time than before", "S")
def time_stamp_never_goes_back(session: Session, side: str) -> Iterator[Broken]:
    stamped = _stamped(session, side)
    for (first, was), (one, value) in itertools.pairwise(stamped):
        adopted = side == VEHICLE and first.name == "SessionSetupReq"  # then the station's clock is taken over
        if value < was and unit_of(value) == unit_of(was) and not adopted:
            yield broken(one, f"{one} is stamped {value}, {first} was {was}", first)


@either("V2G20-1537", "{who} stamps later messages with later times", "S", "warn")
def time_stamp_goes_on(session: Session, side: str) -> Iterator[Broken]:
    stamped = _stamped(session, side)
    for (first, was), (one, value) in itertools.pairwise(stamped):
        elapsed = one.at_s - first.at_s
        coarse = unit_of(value) == "seconds" and elapsed < FROZEN_S
        if value == was and not coarse and elapsed > 0:
            yield broken(one, f"{one} has the time stamp of {first}, {elapsed:.1f} s later: {value}", first)
            return


@either("V2G20-1537", "{who} has a clock that runs", "S")
def clock_runs(session: Session, side: str) -> Iterator[Broken]:
    run: list[Message] = []
    last: int | None = None
    for one, value in _stamped(session, side):
        run = [*run, one] if value == last else [one]
        last = value
        repeated = run[-1].name == run[-2].name if len(run) > 1 else False  # the same message once more, stamp and all
        if one.at_s - run[0].at_s > STOPPED_S and not repeated:
            yield broken(
                one, f"{one} is stamped {value}, as {run[0]} was {one.at_s - run[0].at_s:.1f} s before", run[0]
            )
            return


@vehicle("V2G20-1535", "after SessionSetupRes the vehicle stamps with the station's clock", "S", "warn")
def vehicle_adopts_the_stations_clock(session: Session) -> Iterator[Broken]:
    for response in session.responses("SessionSetupRes"):
        given = seconds(stamp(response) or 0)
        request = session.next_request(response)
        taken = seconds(stamp(request) or 0) if request else None
        if request and given and taken:
            apart = taken - given - (request.at_s - response.at_s)
            if abs(apart) > CLOCKS_APART_S:
                yield broken(request, f"{request} is {apart:+.0f} s off the clock of {response}", response)


@pair("V2G20-1534", "both sides stamp in the same unit, or neither can compare", "S", "warn")
def both_sides_stamp_alike(session: Session) -> Iterator[Broken]:
    units = [
        next((unit_of(value) for _, value in _stamped(session, side) if unit_of(value)), "")
        for side in (VEHICLE, CHARGER)
    ]
    if all(units) and units[0] != units[1]:
        yield broken(_stamped(session, CHARGER)[0][0], f"the vehicle stamps in {units[0]}, the station in {units[1]}")


@station("V2G20-1534", "the station's clock, which the session goes by, is right", "I")
def stations_clock_is_right(session: Session) -> Iterator[Broken]:
    for one in session.responses("SessionSetupRes"):
        told = seconds(stamp(one) or 0)
        if told and one.utc_us and abs(told - one.utc_us / 1e6) > WALL_CLOCK_APART_S:
            yield broken(one, f"{one} is {(told - one.utc_us / 1e6) / 3600:+.0f} h off the recorder's clock")


@vehicle("V2G20-1537", "stamps go on growing when a session is resumed", "S")
def time_stamp_survives_a_pause(session: Session) -> Iterator[Broken]:
    for response in session.responses("SessionSetupRes", response_code="OK_OldSessionJoined"):
        mine = getattr(response.header, "session_id", None)
        old = [one for past in session.earlier for one, _ in _stamped(past, VEHICLE) if _session_of(one) == mine]
        following = session.next_request(response)
        if old and following and (stamp(following) or 0) < (stamp(old[-1]) or 0):
            yield broken(
                following, f"{following} is stamped {stamp(following)}, before the pause it was {stamp(old[-1])}"
            )


def _session_of(message: Message) -> bytes | None:
    return getattr(message.header, "session_id", None)
