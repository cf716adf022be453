"""Pause and resume: who may join, and what stays valid. Needs the paused session in the same record."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_20.control_mode import PARAMETERS
from harness.rules.iso15118_20.reading import Context, contexts, is_bidirectional
from harness.rules.iso15118_20.session_id import JOINED, NEW, NONE
from harness.rules.iso15118_20.terms import Session, broken, named, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message, V2GSession


def _id(message: Message) -> bytes | None:
    return getattr(message.header, "session_id", None) if message.header else None


def past_of(session: Session, wanted: bytes | None) -> V2GSession | None:
    """The latest earlier session of the record that had this id."""
    for past in reversed(session.earlier):
        if wanted and wanted != NONE and any(one.session_id == wanted for one in contexts(past)):
            return past
    return None


def _resumes(session: Session) -> Iterator[tuple[Message, Message, V2GSession]]:
    """Setups that name an earlier session of the record, with that session."""
    for request, answer in session.pairs("SessionSetup"):
        past = past_of(session, _id(request))
        if past and answer.content:
            yield request, answer, past


def _ending(past: V2GSession) -> str:
    """How a session was stopped: Pause, Terminate, ..., empty if it was not."""
    stops = [request for request, answer in past.pairs("SessionStop") if answer.ok]
    return str(stops[-1].charging_session) if stops else ""


def _evcc_id(session: V2GSession) -> str:
    return next((str(one.evcc_id) for one in session.requests("SessionSetupReq") if one.content), "")


def _credential(session: V2GSession) -> str:
    chain = session.tls.get("client_chain") or [{}]
    return str(chain[0].get("subject", ""))


def _last(past: V2GSession) -> Context:
    return contexts(past)[-1]


@vehicle("V2G20-2539", "a session that was terminated is not resumed", "S", "warn")
def only_paused_sessions_are_resumed(session: Session) -> Iterator[Broken]:
    for request, _, past in _resumes(session):
        if _ending(past) == "Terminate":
            yield broken(request, f"{request} names session {past.number}, which was terminated")


@station("V2G20-2622", "a session that was terminated is not joined", "S")
def terminated_session_is_not_joined(session: Session) -> Iterator[Broken]:
    for request, answer, past in _resumes(session):
        if answer.code == JOINED and _ending(past) == "Terminate":
            yield broken(answer, f"{answer} joins session {past.number}, which was terminated", request)


@station("V2G20-2623", "only the vehicle that paused a session may join it")
def another_vehicle_does_not_join(session: Session) -> Iterator[Broken]:
    for request, answer, past in _resumes(session):
        if answer.code != JOINED:
            continue
        was, now = (_evcc_id(past), _credential(past)), (_evcc_id(session), _credential(session))
        if was != now:
            yield broken(
                answer, f"session {past.number} was of {' '.join(was)}, {request} is of {' '.join(now)}", request
            )


@station("V2G20-2626", "the vehicle that paused a session may join it", "A", "warn", kind="compatibility")
def paused_vehicle_may_join(session: Session) -> Iterator[Broken]:
    for request, answer, past in _resumes(session):
        same = (_evcc_id(past), _credential(past)) == (_evcc_id(session), _credential(session))
        if answer.code == NEW and _ending(past) == "Pause" and same:
            yield broken(answer, f"{answer} gives a new session, {request} resumes session {past.number}", request)


@vehicle("V2G20-1844", "a resumed session goes on with the service that was selected before the pause", "S")
def resumed_service_is_the_same(session: Session) -> Iterator[Broken]:
    for _, answer, past in _resumes(session):
        selection = _last(past).selection
        for base in PARAMETERS:
            following = session.first_after(answer, f"{base}Req")
            if answer.code != JOINED or following is None or selection is None or selection.energy is None:
                continue
            both = is_bidirectional(following.energy_transfer_mode)
            if not base.startswith(selection.energy) or both != selection.bidirectional:
                told = named(following.energy_transfer_mode)
                yield broken(
                    following, f"{following} carries {told}, service {selection.service_id} was selected", answer
                )


@station("V2G20-1644", "the services after a pause are those from before", "S", "warn")
def services_survive_a_pause(session: Session) -> Iterator[Broken]:
    for _, answer, past in _resumes(session):
        now = session.first_after(answer, "ServiceDiscoveryRes")
        then = _last(past).services
        joined = answer.code == JOINED and now is not None and not now.failed
        if joined and now and then and now.energy_transfer_service_list != then.energy_transfer_service_list:
            yield broken(now, f"{now} lists other energy services than session {past.number}", then)


@vehicle("V2G20-2617", "a vehicle whose old session was not joined gives up its authorization and begins anew", "S")
def refused_resume_begins_anew(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("SessionSetup"):
        following = session.next_request(answer)
        skipped = following and following.base in ("ServiceDiscovery", *PARAMETERS)
        if answer.code == NEW and _id(request) not in (None, NONE) and following and skipped:
            yield broken(following, f"{following} came although {answer} gave a new session", answer)
