"""Contracts and certificates: C07, C08, M01, M02, M07, and the kinds of certificates of A02 and A03."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ocpp.frames import Payload
from harness.rules.ocpp21.terms import Session, asked, broken, csms, station
from harness.rules.rule import Broken
from harness.transcript.ocpp import Exchange

_TOKEN_STATUS = {"CertificateExpired": "Expired", "CertificateRevoked": "Invalid", "CertChainError": "Invalid"}
"""What the token's status has to be beside a certificate's."""


def _proof(request: Payload) -> bool:
    return "iso15118CertificateHashData" in request or "certificate" in request


def _welcome(one: Exchange) -> bool:
    token, certificate = one.said.get("idTokenInfo", {}).get("status"), one.said.get("certificateStatus", "Accepted")
    return bool(token == certificate == "Accepted")


@station("C07.FR.13, C07.FR.15, C07.FR.16, C07.FR.17", "no transaction begins for a contract that the CSMS does not accept",
         id="ocpp2.1/refused-contracts-do-not-charge")  # fmt: skip
def refused_contracts_do_not_charge(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        authorised = session.latest_before(one.request, "Authorize")
        token = one.asked.get("idToken", {})
        if one.asked["eventType"] != "Started" or token.get("type") != "eMAID" or not authorised or not authorised.said:
            continue
        same = authorised.asked["idToken"]["idToken"] == token["idToken"]
        if same and not _welcome(authorised) and authorised.answer:
            yield broken(one.request, f"{token['idToken']} was not accepted", authorised.answer)


@csms("C07.FR.13, C07.FR.15, C07.FR.16, C07.FR.17", "the token's status fits the certificate's: Expired for expired, Invalid "
      "for revoked and for a broken chain, never Accepted", id="ocpp2.1/certificate-status-pairs")  # fmt: skip
def certificate_status_pairs(session: Session) -> Iterator[Broken]:
    for one in asked(session, "Authorize"):
        certificate, token = one.said.get("certificateStatus"), one.said.get("idTokenInfo", {}).get("status")
        wanted = _TOKEN_STATUS.get(str(certificate))
        wrong = token != wanted if wanted else certificate == "ContractCancelled" and token == "Accepted"
        if wrong and one.answer:
            yield broken(one.answer, f"certificateStatus is {certificate}, the token's status {token}", one.request)


@csms("C07.FR.14", "a contract that comes with its certificates gets a certificateStatus",
      id="ocpp2.1/contract-certificates-are-judged")  # fmt: skip
def contract_certificates_are_judged(session: Session) -> Iterator[Broken]:
    for one in asked(session, "Authorize"):
        if _proof(one.asked) and one.said and "certificateStatus" not in one.said and one.answer:
            yield broken(one.answer, f"{one.answer} has none", one.request)


@station(
    "C08", "only a contract is shown with certificates", "I", "warn", id="ocpp2.1/only-contracts-show-certificates"
)
def only_contracts_show_certificates(session: Session) -> Iterator[Broken]:
    for one in asked(session, "Authorize"):
        if _proof(one.asked) and one.asked["idToken"]["type"] != "eMAID":
            yield broken(one.request, f"the token is of type {one.asked['idToken']['type']}")


@station("C01, C08", "a transaction that was authorised by a token is told with that token", "I", "warn",
         id="ocpp2.1/transaction-has-the-authorised-token")  # fmt: skip
def transaction_has_the_authorised_token(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        if (
            one.asked["eventType"] != "Started"
            or one.asked["triggerReason"] != "Authorized"
            or "idToken" not in one.asked
        ):
            continue
        authorised = session.latest_before(one.request, "Authorize")
        started = [other for other in asked(session, "TransactionEvent") if other.asked["eventType"] == "Started"
                   and other.request.ordinal < one.request.ordinal]  # fmt: skip
        if (
            not authorised
            or not _welcome(authorised)
            or (started and started[-1].request.ordinal > authorised.request.ordinal)
        ):
            continue
        told, wanted = (each["idToken"]["idToken"] for each in (one.asked, authorised.asked))
        if told != wanted:
            yield broken(one.request, f"{told} is told, {wanted} was authorised", authorised.request)


@station("M01.FR.02, M01.FR.03", "the number of contracts is told for ISO 15118-20, and only there")
def installation_chains(session: Session) -> Iterator[Broken]:
    for one in asked(session, "Get15118EVCertificate"):
        newer = "15118:-20" in one.asked["iso15118SchemaVersion"]
        if newer != ("maximumContractCertificateChains" in one.asked):
            state = "missing" if newer else "given"
            yield broken(
                one.request, f"maximumContractCertificateChains is {state} for {one.asked['iso15118SchemaVersion']}"
            )


@station("M02", "a contract is updated only for ISO 15118-2", id="ocpp2.1/updates-only-in-the-older-edition")
def updates_only_in_the_older_edition(session: Session) -> Iterator[Broken]:
    for one in asked(session, "Get15118EVCertificate"):
        if one.asked["action"] == "Update" and "15118:-20" in one.asked["iso15118SchemaVersion"]:
            yield broken(one.request, f"action Update for {one.asked['iso15118SchemaVersion']}")


@csms("M07", "each certificate and source that is asked for is answered", "I", "warn",
      id="ocpp2.1/chain-statuses-are-complete")  # fmt: skip
def chain_statuses_are_complete(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetCertificateChainStatus"):
        wanted = {_named(each) for each in one.asked["certificateStatusRequests"]}
        if one.said and one.answer and (missing := wanted - {_named(each) for each in one.said["certificateStatus"]}):
            names = ", ".join(f"{serial} by {source}" for serial, source in sorted(missing))
            yield broken(one.answer, f"no status of {names}", one.request)


def _named(one: Payload) -> tuple[str, str]:
    return str(one["certificateHashData"]["serialNumber"]).lower(), str(one["source"])


@csms("A02, A03", "a certificate is of the kind that was asked for", id="ocpp2.1/certificate-kinds")
def certificates_are_of_the_kind_asked_for(session: Session) -> Iterator[Broken]:
    open_requests: list[Exchange] = []
    for one in asked(session, "SignCertificate", "CertificateSigned"):
        if one.request.action == "SignCertificate":
            open_requests += [one] if one.status == "Accepted" else []
            continue
        fitting = [each for each in open_requests if _same_kind(each, one)]
        if fitting:
            open_requests.remove(fitting[0])
        elif open_requests:
            last = open_requests.pop()
            kinds = f"{one.asked['certificateType']} comes, {last.asked['certificateType']} was asked for"
            yield broken(one.request, kinds, last.request)


def _same_kind(wanted: Exchange, given: Exchange) -> bool:
    """A kind that one of them does not tell fits any."""
    kinds = {one.asked["certificateType"] for one in (wanted, given) if "certificateType" in one.asked}
    return len(kinds) < 2
