"""Session ids in ISO 15118-2 and DIN SPEC 70121."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_2.terms import both
from harness.rules.rule import Broken
from harness.transcript.v2g import Message, V2GSession

UNKNOWN_SESSION = "FAILED_UnknownSession"
NEW, JOINED = "OK_NewSessionEstablished", "OK_OldSessionJoined"


def _id(message: Message | None) -> bytes | None:
    return getattr(message.header, "session_id", None) if message and message.header else None


def _is_zero(value: bytes | None) -> bool:
    return value is not None and not any(value)


def _given(session: V2GSession) -> tuple[Message, bytes] | None:
    """The granted SessionSetupRes and the id that it gave."""
    for answer in session.responses("SessionSetupRes"):
        found = _id(answer)
        if answer.ok and found is not None:
            return answer, found
    return None


@both("station", "public stacks", "V2G-DC-391", "the station gives the session an id that is not zero")
def new_session_has_an_id(session: V2GSession) -> Iterator[Broken]:
    given = _given(session)
    if given and _is_zero(given[1]):
        yield Broken(given[0].ordinal, f"{given[0]} carries a zero id", (given[0].event,))


@both("station", "V2G2-740", "V2G-DC-391", "a session is joined only under the id that the vehicle named")
def joined_session_keeps_its_id(session: V2GSession) -> Iterator[Broken]:
    for request, answer in session.pairs("SessionSetup"):
        if answer.code == JOINED and _id(request) != _id(answer):
            because = f"{request} named {(_id(request) or b'').hex()}, {answer} joined {(_id(answer) or b'').hex()}"
            yield Broken(answer.ordinal, because, (answer.event, request.event))


@both("vehicle", "V2G2-460", "V2G-DC-391", "every request carries the session id that the station gave")
def request_keeps_the_session_id(session: V2GSession) -> Iterator[Broken]:
    for request in _foreign(session):
        yield Broken(request.ordinal, f"{request} carries {(_id(request) or b'').hex()}", (request.event,))


@both("station", "V2G2-460", "V2G-DC-391", "a request with a foreign session id is answered FAILED_UnknownSession")
def foreign_session_id_is_refused(session: V2GSession) -> Iterator[Broken]:
    for request in _foreign(session):
        answer = session.answer_to(request)
        if answer and answer.ok:
            yield Broken(answer.ordinal, f"{answer} granted {request}", (answer.event, request.event))


@both("station", "V2G2-460", "V2G-DC-391", "FAILED_UnknownSession is for requests with a foreign session id only")
def known_session_is_not_refused(session: V2GSession) -> Iterator[Broken]:
    given = _given(session)
    for answer in session.responses():
        request = session.request_of(answer)
        after = given and request and request.ordinal > given[0].ordinal
        if answer.code == UNKNOWN_SESSION and given and after and _id(request) == given[1]:
            yield Broken(answer.ordinal, f"{answer} refuses {request}, which carries the right id", (answer.event,))


@both("station", "V2G2-460", "V2G-DC-391", "every answer carries the session id that the station gave")
def answer_keeps_the_session_id(session: V2GSession) -> Iterator[Broken]:
    given = _given(session)
    for answer in session.responses() if given else ():
        carried = _id(answer)
        if given and answer.ordinal > given[0].ordinal and carried not in (None, given[1]) and not answer.failed:
            yield Broken(answer.ordinal, f"{answer} carries {(carried or b'').hex()}", (answer.event,))


def _foreign(session: V2GSession) -> Iterator[Message]:
    given = _given(session)
    for request in session.requests() if given else ():
        if given and request.ordinal > given[0].ordinal and _id(request) not in (None, given[1]):
            yield request
