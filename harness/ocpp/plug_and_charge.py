"""What a station passes on for Plug & Charge: contract installation (M01) and the status of a vehicle's chain (M07)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from harness.ocpp.certificates import RESPONDER, hash_data
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.session import Answered, SessionEvent

SCHEMA = "urn:iso:std:iso:15118:-20:CommonMessages"


def installation(exi: bytes, maximum: int, then: Callable[[bytes], None], prioritized: Sequence[str] = ()) -> Letter:
    """Get15118EVCertificate; `maximum` contracts, and those wanted first, as the vehicle says (M01.FR.03).

    `then` gets the response's EXI, no octets where the CSMS gave none.
    """
    request: Payload = {
        "iso15118SchemaVersion": SCHEMA,
        "action": "Install",
        "exiRequest": base64.b64encode(exi).decode(),
        "maximumContractCertificateChains": maximum,
    }
    if prioritized:
        request["prioritizedEMAIDs"] = list(prioritized)

    def answered(event: SessionEvent, _now_s: float) -> None:
        payload = event.payload if isinstance(event, Answered) else {}
        try:
            then(base64.b64decode(payload["exiResponse"]) if payload.get("status") == "Accepted" else b"")
        except (KeyError, binascii.Error):
            then(b"")

    return Letter("Get15118EVCertificate", request, answered)


def chain_status(chain: Sequence[x509.Certificate], then: Callable[[frozenset[str]], None]) -> Letter | None:
    """GetCertificateChainStatus for a vehicle's chain, its root last; None where no issuer is known. `then` gets the
    statuses that the CSMS has found (Good, Revoked, Unknown, Failed), none where it gave no answer."""
    asked = [
        {"certificateHashData": hash_data(one, issuer), **where_to_ask(one)}
        for one, issuer in zip(chain, chain[1:], strict=False)
    ]

    def answered(event: SessionEvent, _now_s: float) -> None:
        found = event.payload["certificateStatus"] if isinstance(event, Answered) else ()
        then(frozenset(one["status"] for one in found))

    return Letter("GetCertificateChainStatus", {"certificateStatusRequests": asked[:4]}, answered) if asked else None


def where_to_ask(certificate: x509.Certificate) -> Payload:
    """Source and URLs of a certificate's status: the responders that it names, else its revocation lists (at most five)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        responders = [
            one.access_location.value for one in access if one.access_method == AuthorityInformationAccessOID.OCSP
        ]
    except x509.ExtensionNotFound:
        responders = []
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        lists = [str(name.value) for point in points for name in point.full_name or ()]
    except x509.ExtensionNotFound:
        lists = []
    if lists and not responders:
        return {"source": "CRL", "urls": lists[:5]}
    return {"source": "OCSP", "urls": responders[:5] or [RESPONDER]}
