"""What is offered for authorization, what is chosen, and the challenge."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.session_id import looks_weak
from harness.rules.iso15118_20.terms import OURS, SCHEMA, Session, broken, named, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

EIM, PNC = "EIM", "PnC"
INVALID_CHOICE, INVALID_CHALLENGE = "WARNING_AuthorizationSelectionInvalid", "WARNING_ChallengeInvalid"


def _offers(session: Session) -> list[Message]:
    return [one for one in session.responses("AuthorizationSetupRes") if one.content and not one.failed]


def _offered(message: Message | None) -> set[str]:
    return {str(one) for one in message.authorization_services or ()} if message else set()


def _challenge(message: Message | None) -> bytes | None:
    found = getattr(message.authorization_mode, "gen_challenge", None) if message else None
    return found if isinstance(found, bytes) else None


@station("V2G20-1219", "who offers PnC sends a challenge, also when EIM is offered too")
def pnc_offer_has_a_challenge(session: Session) -> Iterator[Broken]:
    for one in _offers(session):
        if PNC in _offered(one) and not named(one.authorization_mode).startswith("PnC"):
            yield broken(one, f"{one} offers PnC with {named(one.authorization_mode)}")


@station("V2G20-1220", "who offers EIM alone sends the EIM block")
def eim_offer_has_no_challenge(session: Session) -> Iterator[Broken]:
    for one in _offers(session):
        if _offered(one) == {EIM} and not named(one.authorization_mode).startswith("EIM"):
            yield broken(one, f"{one} offers EIM with {named(one.authorization_mode)}")


@station(OURS, "each means of authorization is offered once", "I")
def authorization_is_offered_once(session: Session) -> Iterator[Broken]:
    for one in _offers(session):
        if len(one.authorization_services) != len(_offered(one)):
            yield broken(one, f"{one} offers {', '.join(one.authorization_services)}")


@station("V2G20-2607", "a challenge comes from a good random source: 120 bits of entropy", "S", "warn")
def challenge_looks_random(session: Session) -> Iterator[Broken]:
    for one in _offers(session):
        challenge = _challenge(one)
        if challenge is not None and (why := looks_weak(challenge)):
            yield broken(one, f"the challenge of {one}, {challenge.hex()}, {why}")


@station("V2G20-2608", "a challenge is never used again", "S")
def challenge_is_never_reused(session: Session) -> Iterator[Broken]:
    seen = {_challenge(one): f"session {past.number}" for past in session.earlier for one in _offers(past)}
    for one in _offers(session):
        challenge = _challenge(one)
        if challenge is not None and challenge in seen:
            yield broken(one, f"the challenge of {one} was already used in {seen[challenge]}")
        seen[challenge] = str(one)


@vehicle("V2G20-2209", "the vehicle chooses a means of authorization that was offered")
def chosen_authorization_was_offered(session: Session) -> Iterator[Broken]:
    for request in session.requests("AuthorizationReq"):
        offer = before(session, request).authorization
        chosen = request.selected_authorization_service
        if chosen and offer and chosen not in _offered(offer):
            yield broken(request, f"{request} chooses {chosen}, {offer} offers {', '.join(_offered(offer))}", offer)


@station("V2G20-2209", "a means of authorization that was not offered is answered with a warning")
def unoffered_authorization_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization"):
        offer = before(session, request).authorization
        chosen = request.selected_authorization_service
        if chosen and offer and chosen not in _offered(offer) and answer.ok:
            yield broken(answer, f"{answer} accepts {chosen}, which {offer} does not offer", request, offer)


@station("V2G20-2226", "a means of authorization that was offered is not called invalid")
def offered_authorization_is_not_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization"):
        offer = before(session, request).authorization
        if offer and request.selected_authorization_service in _offered(offer) and answer.code == INVALID_CHOICE:
            yield broken(answer, f"{answer} refuses what {offer} offers", request, offer)


@vehicle(SCHEMA, "AuthorizationReq carries the block of the means that it chooses")
def authorization_block_fits_the_choice(session: Session) -> Iterator[Broken]:
    for request in session.requests("AuthorizationReq"):
        chosen = request.selected_authorization_service
        block = named(request.authorization_mode)
        if chosen and block and not block.startswith(str(chosen)):
            yield broken(request, f"{request} chooses {chosen} and carries {block}")


@vehicle("V2G20-2565", "the vehicle repeats the challenge as it was given")
def challenge_is_repeated(session: Session) -> Iterator[Broken]:
    for request in session.requests("AuthorizationReq"):
        given, repeated = _challenge(before(session, request).authorization), _challenge(request)
        if given and repeated and given != repeated:
            yield broken(request, f"{request} repeats {repeated.hex()}, given was {given.hex()}")


@station("V2G20-2565", "a wrong challenge is answered WARNING_ChallengeInvalid")
def wrong_challenge_is_refused(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization"):
        given, repeated = _challenge(before(session, request).authorization), _challenge(request)
        if given and repeated and given != repeated and answer.ok:
            yield broken(answer, f"{answer} accepts the wrong challenge of {request}", request)


@station("V2G20-2565", "a right challenge is not called invalid")
def right_challenge_is_accepted(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization"):
        given, repeated = _challenge(before(session, request).authorization), _challenge(request)
        if given and given == repeated and answer.code == INVALID_CHALLENGE:
            yield broken(answer, f"{answer} refuses the challenge that {request} repeats rightly", request)


@vehicle("V2G20-1582", "while authorization is ongoing the request is repeated unchanged, apart from its time stamp")
def ongoing_authorization_is_repeated_unchanged(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization"):
        following = session.next_request(answer)
        waits = answer.ok and str(answer.evse_processing).startswith("Ongoing")
        again = following is not None and following.name == "AuthorizationReq"
        if waits and following and again and _said(following) != _said(request):
            yield broken(following, f"{following} differs from {request}", request)


def _said(request: Message) -> tuple[object, object]:
    return request.selected_authorization_service, request.authorization_mode


@vehicle("V2G20-1577", "a certificate is asked for only where the station offers installation", "S")
def certificate_installation_was_offered(session: Session) -> Iterator[Broken]:
    for request in session.requests("CertificateInstallationReq"):
        offer = before(session, request).authorization
        if offer and offer.certificate_installation_service is False:
            yield broken(request, f"{offer} offers no certificate installation", offer)


@vehicle(OURS, "the vehicle names itself in SessionSetupReq", "I")
def vehicle_names_itself(session: Session) -> Iterator[Broken]:
    for request in session.requests("SessionSetupReq"):
        if request.content and not str(request.evcc_id or "").strip():
            yield broken(request, f"{request} has an empty EVCCID")


@station(OURS, "the station names itself in SessionSetupRes", "I")
def station_names_itself(session: Session) -> Iterator[Broken]:
    for answer in session.responses("SessionSetupRes"):
        if answer.content and answer.ok and not str(answer.evse_id or "").strip():
            yield broken(answer, f"{answer} has an empty EVSEID")


@vehicle(OURS, "after a warning the vehicle does not ask the very same again", "I")
def refused_authorization_is_changed(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization", selected_authorization_service="PnC"):
        following = session.next_request(answer)
        again = following is not None and following.name == request.name
        if answer.code.startswith("WARNING") and following and again and _said(following) == _said(request):
            yield broken(following, f"{following} repeats {request}, refused with {answer.code}", answer)
