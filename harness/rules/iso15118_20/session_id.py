"""Session ids: who makes them, who must repeat them, and how unguessable they are."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_20.order import SEQUENCE_ERROR, UNKNOWN_SESSION, allowed
from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import Session, broken, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

NONE = bytes(8)
NEW, JOINED = "OK_NewSessionEstablished", "OK_OldSessionJoined"
SETUP = "SessionSetup"


def _id(message: Message | None) -> bytes | None:
    return getattr(message.header, "session_id", None) if message and message.header else None


def _setups(session: Session) -> Iterator[tuple[Message, Message]]:
    for request, response in session.pairs(SETUP):
        if response.name == "SessionSetupRes" and response.content and request.content:
            yield request, response


def wrong_id(session: Session, request: Message) -> bool:
    """Whether a request after setup carries another session id than the one that was given."""
    given = before(session, request).session_id
    return bool(given) and request.base not in (SETUP, "supportedAppProtocol") and _id(request) not in (None, given)


@station("V2G20-2106", "the station gives the session an id that is not zero")
def new_session_has_an_id(session: Session) -> Iterator[Broken]:
    for request, response in _setups(session):
        if response.ok and _id(response) == NONE:
            yield broken(response, f"{response} carries eight zero octets", request)


@station("V2G20-2106", "a session is answered as new or as joined, never with plain OK")
def setup_says_new_or_joined(session: Session) -> Iterator[Broken]:
    for request, response in _setups(session):
        if response.ok and response.code not in (NEW, JOINED):
            yield broken(response, f"{response} says {response.code}", request)


@station("V2G20-2622", "a session can be joined only if the vehicle named one")
def nothing_is_joined_for_zero(session: Session) -> Iterator[Broken]:
    for request, response in _setups(session):
        if response.code == JOINED and _id(request) == NONE:
            yield broken(response, f"{request} asked for a new session, {response} says {JOINED}", request)


@station("V2G20-2622", "a joined session keeps its old id")
def joined_session_keeps_its_id(session: Session) -> Iterator[Broken]:
    for request, response in _setups(session):
        if response.code == JOINED and _id(request) not in (NONE, _id(response)):
            yield broken(response, f"{request} named {_hex(request)}, {response} joined {_hex(response)}", request)


@station("V2G20-2633", "a new session gets a new id, not the one that the vehicle wanted to resume")
def refused_resume_gets_a_new_id(session: Session) -> Iterator[Broken]:
    for request, response in _setups(session):
        if response.code == NEW and _id(request) != NONE and _id(request) == _id(response):
            yield broken(response, f"{response} says {NEW} with the id of {request}: {_hex(request)}", request)


@station("V2G20-2621", "a session id is never used again")
def session_id_is_never_reused(session: Session) -> Iterator[Broken]:
    used = {_id(response): one.number for one in session.earlier for _, response in _setups(one)}
    for request, response in _setups(session):
        given = _id(response)
        if response.code == NEW and given in used and given not in (NONE, _id(request)):
            yield broken(response, f"{_hex(response)} was already the id of session {used[given]}", request)


@station("V2G20-2621", "a session id comes from a good random source: 58 bits of entropy", "S", "warn")
def session_id_looks_random(session: Session) -> Iterator[Broken]:
    for request, response in _setups(session):
        given = _id(response)
        if response.code == NEW and given and given != NONE and (why := looks_weak(given)):
            yield broken(response, f"{_hex(response)} {why}", request)


@vehicle("V2G20-460", "every request carries the session id that the station gave")
def request_keeps_the_session_id(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        if wrong_id(session, request):
            given = before(session, request).session_id or b""
            yield broken(request, f"{request} carries {_hex(request)}, the session is {given.hex().upper()}")


@station("V2G20-460", "every answer carries the session id that the station gave")
def answer_keeps_the_session_id(session: Session) -> Iterator[Broken]:
    for response in session.responses():
        given, carried = before(session, response).session_id, _id(response)
        setup = response.base in (SETUP, "supportedAppProtocol")
        if given and carried not in (None, given) and not setup and not response.failed:
            yield broken(response, f"{response} carries {_hex(response)}, the session is {given.hex().upper()}")


@station("V2G20-460", "a request with a foreign session id is refused")
def foreign_session_id_is_refused(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        answer = session.answer_to(request)
        if answer and answer.code and not answer.failed and wrong_id(session, request):
            yield broken(answer, f"{answer} granted {request}, which carries {_hex(request)}", request)


@station("V2G20-460", "the refusal of a foreign session id says FAILED_UnknownSession")
def foreign_session_id_is_named(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        answer = session.answer_to(request)
        refused = answer is not None and answer.failed and answer.code != UNKNOWN_SESSION
        by_order = answer is not None and answer.code == SEQUENCE_ERROR and not allowed(session, request)
        if answer and refused and not by_order and wrong_id(session, request):
            yield broken(answer, f"{answer} refuses {request} with {answer.code}", request)


@station("V2G20-460", "FAILED_UnknownSession is for requests with a foreign session id only")
def known_session_is_not_refused(session: Session) -> Iterator[Broken]:
    for request in session.requests():
        answer = session.answer_to(request)
        context = before(session, request)
        if answer and answer.code == UNKNOWN_SESSION and context.session_id == _id(request):
            yield broken(answer, f"{answer} refuses {request}, which carries the right id", request)


def looks_weak(value: bytes) -> str:
    """Why a random value does not look like one; empty if it may be. Judged on one sample: obvious cases only."""
    if all(0x20 <= octet < 0x7F for octet in value):
        return "is printable text"
    if len(set(value)) <= max(2, len(value) // 4):
        return "has hardly any different octets"
    if value.startswith(bytes(len(value) // 2)) or value.endswith(bytes(len(value) // 2)):
        return "is half zero"
    return ""


def _hex(message: Message) -> str:
    return (_id(message) or b"").hex().upper()
