"""Timing in ISO 15118-2 (table 109) and DIN SPEC 70121: who let whom wait too long."""

from __future__ import annotations

from collections.abc import Iterator

from harness.iso15118.iso2.timing import (
    CABLE_CHECK_S,
    LOOP_S,
    ONGOING_S,
    PRE_CHARGE_S,
    SEQUENCE_S,
    message_timeout_s,
)
from harness.rules.iso15118_2.terms import both
from harness.rules.rule import Broken
from harness.transcript.v2g import Message, V2GSession

GRAIN_S = 0.01
LOST_S = 1.0
"""Four times the vehicle's timeout in the loop: no lag of a recorder explains it (our default)."""


@both("station", "V2G2 table 109", "public stacks", "the station answers before the vehicle's message timeout")
def answer_comes_in_time(session: V2GSession) -> Iterator[Broken]:
    for one in session.exchanges:
        request, answer = one.request, one.response
        if answer and not answer.after_gap and request.name != "CurrentDemandReq":
            took = answer.at_s - request.at_s
            if took > message_timeout_s(request.name) + GRAIN_S:
                yield Broken(answer.ordinal, f"{answer} came {took:.2f} s after {request}", (answer.event,))


@both("station", "V2G2 table 109", "public stacks", "in the loop the station answers within 250 ms", "A", "warn")
def loop_is_answered_in_time(session: V2GSession) -> Iterator[Broken]:
    late = [
        (answer.at_s - request.at_s, answer)
        for request, answer in session.pairs("CurrentDemand")
        if answer.at_s - request.at_s > LOOP_S + GRAIN_S and not answer.after_gap
    ]
    if late:
        took, answer = max(late, key=lambda item: item[0])
        yield Broken(
            answer.ordinal, f"{answer} took {took:.2f} s, the slowest of {len(late)} slow ones", (answer.event,)
        )


@both("station", "V2G2 table 109", "public stacks", "in the loop no vehicle waits a whole second for an answer")
def loop_answer_is_not_lost(session: V2GSession) -> Iterator[Broken]:
    for request, answer in session.pairs("CurrentDemand"):
        took = answer.at_s - request.at_s
        if took > LOST_S and not answer.after_gap:
            yield Broken(answer.ordinal, f"{answer} came {took:.2f} s after {request}", (answer.event,))


@both("vehicle", "V2G2-443", "public stacks", "the next request comes before the station's sequence timeout of 60 s")
def request_comes_in_time(session: V2GSession) -> Iterator[Broken]:
    for answer in session.responses():
        following = session.next_request(answer)
        if following and not following.after_gap and following.at_s - answer.at_s > SEQUENCE_S + GRAIN_S:
            because = f"{following} came {following.at_s - answer.at_s:.1f} s after {answer}"
            yield Broken(following.ordinal, because, (following.event,))


@both("station", "V2G2-700", "public stacks", "the cable check is finished within 40 s")
def cable_check_finishes(session: V2GSession) -> Iterator[Broken]:
    yield from _lasting(session, "CableCheck", CABLE_CHECK_S, "answer")


@both("vehicle", "V2G2-704", "public stacks", "the vehicle gives up when pre-charge has lasted for 7 s", "A", "warn")
def pre_charge_gives_up(session: V2GSession) -> Iterator[Broken]:
    yield from _lasting(session, "PreCharge", PRE_CHARGE_S, "request")


@both(
    "vehicle",
    "V2G2-710",
    "public stacks",
    "the vehicle gives up when something has been ongoing for 60 s",
    "A",
    "warn",
)
def ongoing_gives_up(session: V2GSession) -> Iterator[Broken]:
    for base in ("Authorization", "ContractAuthentication", "ChargeParameterDiscovery"):
        yield from _lasting(session, base, ONGOING_S, "request")


def _lasting(session: V2GSession, base: str, limit_s: float, blamed: str) -> Iterator[Broken]:
    """Runs of one request that last longer than a limit."""
    first: Message | None = None
    for one in session.exchanges:
        if one.request.base != base:
            first = None
            continue
        first = first or one.request
        told = one.response if blamed == "answer" else one.request
        if told and one.request.at_s - first.at_s > limit_s + GRAIN_S:
            because = f"{one.request} still came {one.request.at_s - first.at_s:.1f} s after {first}"
            yield Broken(told.ordinal, because, (told.event, first.event))
            return
