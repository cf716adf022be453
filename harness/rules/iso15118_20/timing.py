"""Who let whom wait too long. Timeouts fail, performance times warn; the loop's field practice warns."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.iso15118.timing import answer_within_s, message_timeout_s, timer
from harness.rules.iso15118_20.closing import closings, given_up
from harness.rules.iso15118_20.terms import PROTOCOL, Session, broken, pair, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import CHARGER, SIDE_STREAMS, Message

LOOP_REQUESTS = timer("V2G_EVCC_Msg_Timeout_ChargeLoop").messages
SEQUENCE = timer("V2G_SECC_Sequence_Timeout")
SEQUENCE_LOOP = timer("V2G_SECC_Sequence_Timeout_ChargeLoop")
PACE = timer("V2G_EVCC_Sequence_Performance_Time")
PACE_LOOP = timer("V2G_EVCC_Sequence_Performance_Time_ChargeLoop")
ONGOING = timer("V2G_EVCC_Ongoing_Timeout")
ONGOING_STATION = timer("V2G_SECC_Ongoing_Performance_Time")
CABLE_CHECK = timer("V2G_EVCC_CableCheck_Timeout")
PRE_CHARGE = timer("V2G_EVCC_PreCharge_Timeout")
SETUP = timer("V2G_EVCC_CommunicationSetup_Timeout")
GRAIN_S = 0.01
"""What the recorder's own time stamps may be off (our default)."""
OF_SETUP = (
    "supportedAppProtocolReq", "SessionSetupReq", "AuthorizationSetupReq", "ServiceDiscoveryReq", "ServiceSelectionReq",
)  # fmt: skip
OF_PARAMETERS = (
    "AC_ChargeParameterDiscoveryReq", "DC_ChargeParameterDiscoveryReq", "ScheduleExchangeReq",
)  # fmt: skip
GROUPS = {
    "setup": OF_SETUP,
    "authorization": ("AuthorizationReq",),
    "certificate-installation": ("CertificateInstallationReq",),
    "service-detail": ("ServiceDetailReq",),
    "parameters": OF_PARAMETERS,
    "cable-check": ("DC_CableCheckReq",),
    "pre-charge": ("DC_PreChargeReq",),
    "power-delivery": ("PowerDeliveryReq",),
    "charge-loop": LOOP_REQUESTS,
    "metering-confirmation": ("MeteringConfirmationReq",),
    "welding-detection": ("DC_WeldingDetectionReq",),
    "session-stop": ("SessionStopReq",),
}


def took_s(session: Session, request: Message) -> float | None:
    """How long the station took to answer; None if it did not, or if what came is behind a hole in the record."""
    answer = session.answer_to(request)
    return None if answer is None or answer.after_gap else answer.at_s - request.at_s


def _register_timeout(group: str, names: tuple[str, ...]) -> None:
    limit_s = message_timeout_s(names[0])

    @station(
        "V2G_EVCC_Msg_Timeout",
        f"the station answers before the vehicle's message timeout of {limit_s:g} s",
        "S",
        id=f"{PROTOCOL}/answer-in-time-{group}",
    )
    def in_time(session: Session) -> Iterator[Broken]:
        for request in session.requests(*names):
            took = took_s(session, request)
            answer = session.answer_to(request)
            if took is not None and took > limit_s + GRAIN_S:
                yield broken(answer, f"{answer} came {took:.2f} s after {request}", request)


for _group, _names in GROUPS.items():
    _register_timeout(_group, _names)


def _register_performance(group: str, names: tuple[str, ...], limit_s: float) -> None:
    @station(
        "V2G_SECC_Msg_Performance_Time",
        f"the station answers within its performance time of {limit_s:g} s",
        "A",
        "warn",
        id=f"{PROTOCOL}/prompt-answer-{group}",
    )
    def promptly(session: Session) -> Iterator[Broken]:
        slow = [
            (took, request)
            for request in session.requests(*names)
            if (took := took_s(session, request)) and limit_s + GRAIN_S < took <= message_timeout_s(names[0]) + GRAIN_S
        ]
        if slow:
            took, request = max(slow, key=lambda item: item[0])
            answer = session.answer_to(request)
            yield broken(answer, f"{answer} came after {took:.2f} s, the slowest of {len(slow)} slow answers", request)


for _group, _names in GROUPS.items():
    _limit_s = answer_within_s(_names[0])
    if _limit_s:
        _register_performance(_group, _names, _limit_s)


@station("V2G20-459", "every request is answered, at least with a refusal")
def every_request_is_answered(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        if session.answer_to(request) is None and request.content and _ended_after(session, request):
            yield broken(request, f"{request} was never answered")


def _ended_after(session: Session, request: Message) -> bool:
    """Whether the record shows that the vehicle waited its timeout, and that the answer is not merely unrecorded."""
    if session.link("gap"):
        return False
    following, ends = session.next_request(request), closings(session)
    if not following and ends and ends[0].data.get("by") == CHARGER:
        return False  # told as a session that the station cut
    last = following.at_s if following else min((end.at_s for end in ends), default=request.at_s)
    return last - request.at_s >= message_timeout_s(request.name) - GRAIN_S


def _pauses(session: Session) -> Iterator[tuple[Message, Message, float]]:
    """Each answer, the request after it on the main stream, and the seconds between."""
    for answer in session.responses():
        following = session.next_request(answer)
        if following and not following.after_gap and not {answer.payload_type, following.payload_type} & SIDE_STREAMS:
            yield answer, following, following.at_s - answer.at_s


@vehicle("V2G20-443", "the next request comes before the station's sequence timeout of 60 s")
def request_comes_in_time(session: Session) -> Iterator[Broken]:
    for answer, request, pause in _pauses(session):
        if pause > SEQUENCE.value_s + GRAIN_S:
            yield broken(request, f"{request} came {pause:.1f} s after {answer}", answer)
    yield from _silent(session, SEQUENCE.value_s - GRAIN_S, math.inf)


def _silent(session: Session, from_s: float, to_s: float) -> Iterator[Broken]:
    """A silence as long as that, which the station ended."""
    silent = given_up(session)
    if silent and from_s <= silent[1] < to_s:
        yield broken(silent[0], f"nothing came for {silent[1]:.2f} s after {silent[0]}, and the station closed")


@vehicle(
    "V2G_EVCC_Sequence_Performance_Time",
    "the next request comes within the vehicle's performance time of 40 s",
    "S",
    "warn",
)
def request_comes_promptly(session: Session) -> Iterator[Broken]:
    for answer, request, pause in _pauses(session):
        if PACE.value_s + GRAIN_S < pause <= SEQUENCE.value_s + GRAIN_S:
            yield broken(request, f"{request} came {pause:.1f} s after {answer}", answer)


def _loop_pauses(session: Session, low_s: float, high_s: float) -> list[tuple[float, Message, Message]]:
    return [
        (pause, answer, request)
        for answer, request, pause in _pauses(session)
        if answer.base.endswith("ChargeLoop") and low_s + GRAIN_S < pause <= high_s + GRAIN_S
    ]


@vehicle(
    SEQUENCE_LOOP.requirement, "in the charge loop the next request comes within 0.5 s; common stacks wait 60 s", "X"
)
def loop_is_kept_up(session: Session) -> Iterator[Broken]:
    late = _loop_pauses(session, SEQUENCE_LOOP.value_s, SEQUENCE.value_s)
    if late:
        pause, answer, request = max(late, key=lambda item: item[0])
        yield broken(
            request, f"{request} came {pause:.2f} s after {answer}, the latest of {len(late)} late ones", answer
        )
    else:
        yield from _silent(session, 0.0, SEQUENCE.value_s - GRAIN_S)


@vehicle(PACE_LOOP.requirement, "in the charge loop the vehicle's performance time is 0.25 s", "S", "warn")
def loop_is_paced(session: Session) -> Iterator[Broken]:
    slow = _loop_pauses(session, PACE_LOOP.value_s, SEQUENCE_LOOP.value_s)
    if slow:
        pause, answer, request = max(slow, key=lambda item: item[0])
        yield broken(
            request, f"{request} came {pause:.2f} s after {answer}, the slowest of {len(slow)} slow ones", answer
        )


def runs(session: Session, base: str, answers_ongoing: bool) -> Iterator[tuple[Message, Message, Message | None]]:
    """Unbroken runs of one request: first request, last request, last answer.

    With `answers_ongoing` a run ends with an answer that is not Ongoing: what comes then is a new attempt.
    """
    first: Message | None = None
    last: tuple[Message, Message | None] | None = None
    for one in session.exchanges:
        if one.request.base != base:
            if first and last:
                yield first, *last
            first = last = None
            continue
        first = first or one.request
        last = one.request, one.response
        if answers_ongoing and one.response and not str(one.response.evse_processing or "").startswith("Ongoing"):
            yield first, *last
            first = last = None
    if first and last:
        yield first, *last


def _too_long(session: Session, base: str, limit_s: float) -> Iterator[tuple[Message, Message, float]]:
    for first, last, _ in runs(session, base, True):
        lasted = last.at_s - first.at_s
        if first is not last and lasted > limit_s + GRAIN_S:
            yield first, last, lasted


@vehicle("V2G_EVCC_Ongoing_Timeout", "the vehicle gives up when contract authorization has been ongoing for 60 s")
def contract_authorization_gives_up(session: Session) -> Iterator[Broken]:
    for first, last, lasted in _too_long(session, "Authorization", ONGOING.value_s):
        if last.selected_authorization_service == "PnC":
            yield broken(last, f"{last} still asked {lasted:.0f} s after {first}", first)


@vehicle(
    "V2G_EVCC_Ongoing_Timeout", "the vehicle gives up when authorization is ongoing; 60 s by table, 180 s in use", "X"
)
def authorization_gives_up(session: Session) -> Iterator[Broken]:
    for first, last, lasted in _too_long(session, "Authorization", ONGOING.value_s):
        if last.selected_authorization_service == "EIM":
            yield broken(last, f"{last} still asked {lasted:.0f} s after {first}", first)


def _register_ongoing(base: str, what: str) -> None:
    slug = what.replace(" ", "-")

    @vehicle(
        "V2G_EVCC_Ongoing_Timeout",
        f"the vehicle gives up when {what} has been ongoing for {ONGOING.value_s:g} s",
        id=f"{PROTOCOL}/{slug}-gives-up",
    )
    def gives_up(session: Session) -> Iterator[Broken]:
        for first, last, lasted in _too_long(session, base, ONGOING.value_s):
            yield broken(last, f"{last} still asked {lasted:.0f} s after {first}", first)

    @station(
        "V2G_SECC_Ongoing_Performance_Time",
        f"the station finishes {what} within {ONGOING_STATION.value_s:g} s",
        "A",
        "warn",
        id=f"{PROTOCOL}/{slug}-finishes",
    )
    def finishes(session: Session) -> Iterator[Broken]:
        for first, last, lasted in _too_long(session, base, ONGOING_STATION.value_s):
            yield broken(session.answer_to(last), f"still not finished {lasted:.0f} s after {first}", first)


_register_ongoing("ScheduleExchange", "schedule exchange")
_register_ongoing("CertificateInstallation", "certificate installation")


@station("V2G_EVCC_CableCheck_Timeout", "the cable check is finished within 40 s", "S")
def cable_check_finishes(session: Session) -> Iterator[Broken]:
    for first, last, lasted in _too_long(session, "DC_CableCheck", CABLE_CHECK.value_s):
        yield broken(session.answer_to(last), f"the cable check that began with {first} lasted {lasted:.0f} s", first)


@vehicle("V2G_EVCC_CableCheck_Timeout", "the vehicle gives up when the cable check has lasted for 40 s", "S", "warn")
def cable_check_gives_up(session: Session) -> Iterator[Broken]:
    for first, last, lasted in _too_long(session, "DC_CableCheck", CABLE_CHECK.value_s + 2):
        yield broken(last, f"{last} still asked {lasted:.0f} s after {first}", first)


@vehicle("V2G_EVCC_PreCharge_Timeout", "the vehicle gives up when pre-charge has lasted for 10 s (7 s in -2)", "X")
def pre_charge_gives_up(session: Session) -> Iterator[Broken]:
    for first, last, _ in runs(session, "DC_PreCharge", False):
        lasted = last.at_s - first.at_s
        if lasted > PRE_CHARGE.value_s + GRAIN_S:
            yield broken(last, f"{last} still asked {lasted:.1f} s after {first}", first)


@station("V2G_SECC_Ongoing_Performance_Time", "the station decides on authorization within 55 s; 180 s in use", "X")
def authorization_finishes(session: Session) -> Iterator[Broken]:
    for first, last, lasted in _too_long(session, "Authorization", ONGOING_STATION.value_s):
        yield broken(session.answer_to(last), f"authorization is undecided {lasted:.0f} s after {first}", first)


@pair("V2G_EVCC_CommunicationSetup_Timeout", "the session is set up within 20 s after the connection", "I")
def session_is_set_up_in_time(session: Session) -> Iterator[Broken]:
    connected = session.link("connected")
    for response in session.responses("SessionSetupRes"):
        if connected and response.at_s - connected.at_s > SETUP.value_s:
            yield broken(response, f"{response} came {response.at_s - connected.at_s:.1f} s after the connection")
        return
