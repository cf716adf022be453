"""The order of messages: one rule for each state of the transition table, and how the station guards the order."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from harness.iso15118.order import ENDS, STEPS, State, permitted, steps
from harness.iso15118.timing import message_timeout_s
from harness.rules.iso15118_20.reading import FREE_ENERGIES, KNOWN_REQUESTS, before
from harness.rules.iso15118_20.terms import PROTOCOL, PUBLIC, Session, broken, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import SIDE_STREAMS, Message
from harness.verdict import Confidence

SEQUENCE_ERROR, UNKNOWN_SESSION = "FAILED_SequenceError", "FAILED_UnknownSession"
GENERAL = "V2G20-459"
LOOSE = {"AC_ChargeParameterDiscoveryReq", "DC_ChargeParameterDiscoveryReq"}
"""May be repeated, as one public stack does, before the schedule exchange."""


_places: WeakKeyDictionary[Session, dict[int, tuple[State | None, bool | None]]] = WeakKeyDictionary()


def _place(session: Session, request: Message) -> tuple[State | None, bool | None]:
    """State and permission of a request; worked out once for all the rules that ask."""
    known = _places.setdefault(session, {})
    if request.ordinal not in known:
        state = _state(session, request)
        known[request.ordinal] = state, _permission(session, request, state)
    return known[request.ordinal]


def state_of(session: Session, request: Message) -> State | None:
    """The state in which a request is judged; None where its order is not known or not judged."""
    return _place(session, request)[0]


def allowed(session: Session, request: Message) -> bool | None:
    """Whether a request is allowed where it came; None where that is not judged."""
    return _place(session, request)[1]


def _state(session: Session, request: Message) -> State | None:
    context = before(session, request)
    outside = request.payload_type in SIDE_STREAMS or request.base == "MeteringConfirmation"
    if outside or context.energy in FREE_ENERGIES or request.content is None:
        return None
    return None if _interrupts(session, request) else context.state


def _previous(session: Session, request: Message) -> Message | None:
    """The message before a request on the main stream; what can't be read there asks for no answer."""
    for place in range(request.ordinal - 2, -1, -1):
        one = session.messages[place]
        if one.content is not None and one.payload_type not in SIDE_STREAMS:
            return one
    return None


def _interrupts(session: Session, request: Message) -> bool:
    """Whether an earlier request is still waiting for its answer."""
    earlier = _previous(session, request)
    if earlier is None or not earlier.is_request:
        return False
    answer = session.answer_to(earlier)
    return answer is None or answer.ordinal > request.ordinal


def _permission(session: Session, request: Message, state: State | None) -> bool | None:
    if state is None:
        return None
    if state is State.PARAMETERS and request.name in LOOSE:
        return True
    context = before(session, request)
    if request.name == "supportedAppProtocolReq":
        return state is State.CONNECTED
    if request.name not in KNOWN_REQUESTS:
        return state is State.SERVICE_SELECTED and context.energy is None
    return permitted(state, request.content, context.energy)


def _requirement(state: State) -> str:
    """The most particular requirement that the table names for a state."""
    particular = [step.requirement for step in STEPS if step.state is state and step.request != "SessionStopReq"]
    return next((one for one in particular if one), GENERAL)


def _expected(state: State) -> str:
    """In words, which requests are allowed in a state."""
    names = list(dict.fromkeys(step.request for step in steps(state) if step.confidence is not Confidence.I))
    return " or ".join(names)


def _register(state: State) -> None:
    """One rule for one row of the table."""
    warns = all(step.confidence in (Confidence.I, Confidence.X) for step in steps(state))

    @vehicle(
        _requirement(state),
        f"in state '{state}' only {_expected(state)} may follow",
        "I" if warns else "A",
        id=f"{PROTOCOL}/order-{state.replace(' ', '-')}",
    )
    def in_order(session: Session) -> Iterator[Broken]:
        for request in session.requests():
            if state_of(session, request) is state and allowed(session, request) is False:
                answer = session.latest_before(request)
                what = _described(request)
                yield broken(request, f"{what} came after {answer}" if answer else f"{what} came first", answer)


def _described(request: Message) -> str:
    told = request.charge_progress or request.charging_session
    return f"{request.name}({told}) (message {request.ordinal})" if told else str(request)


for _row in State:
    if _row not in ENDS:
        _register(_row)


@vehicle("V2G20-1643", "after SessionStop with Terminate or Pause nothing more is sent")
def nothing_follows_the_stop(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        if state_of(session, request) in (State.TERMINATED, State.PAUSED):
            yield broken(request, f"{request} came after the session was stopped")


@vehicle(PUBLIC, "a FAILED answer ends the session; at most SessionStopReq may follow")
def failed_ends_the_session(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        if state_of(session, request) is State.FAILED and request.name != "SessionStopReq":
            answer = session.latest_before(request)
            yield broken(request, f"{request} came after {answer} said {answer.code if answer else ''}", answer)
            return


@station(PUBLIC, "after a FAILED answer the station grants nothing more")
def failed_station_grants_nothing(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        answer = session.answer_to(request)
        if state_of(session, request) is State.FAILED and request.name != "SessionStopReq" and answer and answer.ok:
            yield broken(answer, f"{answer} is {answer.code} although an earlier answer had failed", request)
            return


@station(GENERAL, "a request that is not allowed now is answered with FAILED_SequenceError")
def wrong_order_is_refused(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        answer = session.answer_to(request)
        judged = state_of(session, request) not in (None, *ENDS)
        if judged and allowed(session, request) is False and answer and answer.code and not answer.failed:
            yield broken(answer, f"{answer} granted {_described(request)} with {answer.code}", request)


@station(GENERAL, "the refusal of a request that is out of order says FAILED_SequenceError, not another code", "A")
def wrong_order_is_named(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        answer = session.answer_to(request)
        judged = state_of(session, request) not in (None, State.CONNECTED, State.NEGOTIATED, *ENDS)
        other = answer is not None and answer.failed and answer.code not in (SEQUENCE_ERROR, UNKNOWN_SESSION)
        if judged and allowed(session, request) is False and answer and other:
            yield broken(answer, f"{answer} refuses {_described(request)} with {answer.code}", request)


@station(GENERAL, "a request that is allowed now is not answered with FAILED_SequenceError")
def right_order_is_not_refused(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        answer = session.answer_to(request)
        if answer and answer.code == SEQUENCE_ERROR and allowed(session, request):
            last = session.latest_before(request)
            yield broken(answer, f"{answer} refuses {_described(request)} after {last}", request)


@station(GENERAL, "the answer is of the type that belongs to the request, also when it refuses")
def answer_has_the_type_of_the_request(session: Session) -> Iterator[Broken]:
    for exchange in session.exchanges:
        request, answer = exchange.request, exchange.response
        if answer and request.name and answer.name and answer.base != request.base:
            yield broken(answer, f"{request} was answered with {answer}", request)


@station(GENERAL, "the station sends nothing that was not asked for")
def nothing_is_sent_unasked(session: Session) -> Iterator[Broken]:
    for response in session.responses():
        if session.request_of(response) is None and not response.after_gap and session.complete:
            yield broken(response, f"{response} answers no request")


@vehicle(PUBLIC, "a request is sent only when the one before has been answered", "S")
def one_request_at_a_time(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        earlier = _previous(session, request)
        main = request.content is not None and request.payload_type not in SIDE_STREAMS
        if main and earlier and _interrupts(session, request):
            answer = session.answer_to(earlier)
            if answer or request.at_s - earlier.at_s < message_timeout_s(earlier.name):
                yield broken(request, f"{request} was sent while {earlier} was not yet answered", earlier)
