"""Signatures of contract authorization and certificate installation: present, right, and treated rightly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography import x509

from harness.iso15118.signature import CANONICAL_EXI, ECDSA_SHA512, ED448, Verification, verify
from harness.rules.iso15118_20.terms import PUBLIC, Session, broken, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

REFUSED = "FAILED_SignatureError"


def _signed_requests(session: Session) -> Iterator[tuple[Message, Any, bytes | None]]:
    """Requests that must be signed: message, signed element, the signer's certificate."""
    for request in session.requests("AuthorizationReq", selected_authorization_service="PnC"):
        element = request.authorization_mode
        chain = getattr(element, "contract_certificate_chain", None)
        if chain is not None:
            yield request, element, chain.certificate
    for request in session.requests("CertificateInstallationReq"):
        element = request.oem_provisioning_certificate_chain
        if element is not None:
            yield request, element, element.certificate


def _signed_answers(session: Session) -> Iterator[tuple[Message, Any, bytes | None]]:
    for answer in session.responses("CertificateInstallationRes"):
        chain = answer.cps_certificate_chain
        if answer.ok and answer.evse_processing == "Finished" and answer.signed_installation_data and chain:
            yield answer, answer.signed_installation_data, chain.certificate


def _signature(message: Message) -> Any:
    return getattr(message.header, "signature", None)


def _checked(message: Message, element: Any, der: bytes | None) -> Verification | None:
    """The signature verified; None if there is none, or if its certificate can't be read."""
    signature = _signature(message)
    if signature is None or not der:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return None
    return verify(signature, [element], certificate)


@vehicle(PUBLIC, "contract authorization and certificate requests are signed", "A")
def request_is_signed(session: Session) -> Iterator[Broken]:
    for request, _, _ in _signed_requests(session):
        if _signature(request) is None:
            yield broken(request, f"{request} has no signature")


@vehicle(PUBLIC, "the signature is that of the signed element, by the certificate that is sent along")
def request_signature_is_right(session: Session) -> Iterator[Broken]:
    for request, element, der in _signed_requests(session):
        found = _checked(request, element, der)
        if found and not found.good:
            yield broken(request, f"{request}: {found.problem}")


@station(PUBLIC, "a wrong signature is refused")
def wrong_signature_is_refused(session: Session) -> Iterator[Broken]:
    for request, element, der in _signed_requests(session):
        found, answer = _checked(request, element, der), session.answer_to(request)
        missing = _signature(request) is None
        if answer and answer.ok and (missing or (found and not found.good)):
            why = found.problem if found else "there is no signature"
            yield broken(answer, f"{answer} accepts {request}, although {why}", request)


@station(PUBLIC, "a right signature is not refused with FAILED_SignatureError")
def right_signature_is_accepted(session: Session) -> Iterator[Broken]:
    for request, element, der in _signed_requests(session):
        found, answer = _checked(request, element, der), session.answer_to(request)
        if answer and answer.code == REFUSED and found and found.good:
            yield broken(answer, f"{answer} refuses the signature of {request}, which is right", request)


@vehicle(PUBLIC, "the signature value is r and s one after the other, not DER")
def signature_value_is_raw(session: Session) -> Iterator[Broken]:
    for request, element, der in _signed_requests(session):
        found = _checked(request, element, der)
        if found and found.good and found.encoding == "der":
            yield broken(request, f"{request} has a DER value")


@vehicle(PUBLIC, "SignedInfo is signed in the stand-alone grammar of XML signature; both occur", "X")
def signed_info_is_stand_alone(session: Session) -> Iterator[Broken]:
    for request, element, der in _signed_requests(session):
        found = _checked(request, element, der)
        if found and found.good and found.grammar == "common":
            yield broken(request, f"{request} is signed in the grammar of the message set")


@vehicle("V2G20-771", "a signature has one reference for each signed element and nothing beside", "A", "warn")
def signature_is_lean(session: Session) -> Iterator[Broken]:
    for request, _, _ in _signed_requests(session):
        signature = _signature(request)
        if signature is None:
            continue
        surplus = [name for name in ("key_info", "object", "id") if getattr(signature, name, None)]
        surplus += ["Id of SignedInfo"] if signature.signed_info.id else []
        surplus += ["Type of Reference"] if any(one.type for one in signature.signed_info.reference) else []
        if surplus:
            yield broken(request, f"the signature of {request} carries {', '.join(surplus)}")


@vehicle(PUBLIC, "canonical EXI is the canonicalization and the only transform")
def signature_is_over_canonical_exi(session: Session) -> Iterator[Broken]:
    for request, _, _ in _signed_requests(session):
        signature = _signature(request)
        if signature is None:
            continue
        info = signature.signed_info
        used = {info.canonicalization_method.algorithm}
        for reference in info.reference:
            used |= {one.algorithm for one in getattr(reference.transforms, "transform", ())}
        if used != {CANONICAL_EXI}:
            yield broken(request, f"the signature of {request} uses {', '.join(sorted(used - {CANONICAL_EXI}))}")


@vehicle(PUBLIC, "signatures are of the -20 profile: SHA-512 with P-521, or Ed448; labs use P-256", "A", "warn")
def signature_is_of_the_profile(session: Session) -> Iterator[Broken]:
    for request, _, _ in _signed_requests(session):
        signature = _signature(request)
        method = signature.signed_info.signature_method.algorithm if signature else ECDSA_SHA512
        if method not in (ECDSA_SHA512, ED448):
            yield broken(request, f"{request} is signed with {method}")


@station(PUBLIC, "installed certificates are signed by the provisioning service that is sent along")
def installation_is_signed(session: Session) -> Iterator[Broken]:
    for answer, element, der in _signed_answers(session):
        found = _checked(answer, element, der)
        if _signature(answer) is None:
            yield broken(answer, f"{answer} has no signature")
        elif found and not found.good:
            yield broken(answer, f"{answer}: {found.problem}")
