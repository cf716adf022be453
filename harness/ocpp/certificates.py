"""The certificates of a charging station: renewal in session (A02) and the store of roots (M03 to M05)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.timestamps import to_text

CHARGING_STATION = "ChargingStationCertificate"
V2G = "V2GCertificate"
V2G_ROOT = "V2GRootCertificate"
RESPONDER = "http://ocsp.invalid/"
"""Told where a certificate names no responder of its own (our default)."""


class Certificates:
    """What the station holds; `post` sends a message to the CSMS. Keys are made here and never leave."""

    def __init__(self, identity: str, organisation: Callable[[], str], post: Callable[[Letter], None]) -> None:
        self.identity = identity
        self.organisation = organisation
        self.own: dict[str, str] = {}
        """PEM chains by certificate type."""
        self.roots: dict[str, list[x509.Certificate]] = {}
        """Installed roots by their use (CSMSRootCertificate, V2GRootCertificate, ...)."""
        self.keeps_first = False
        """It accepts a renewed certificate and forgets it: how an emulated station fails at renewal."""
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        """Of the last signing request."""
        self._own_keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._post = post

    def handlers(self) -> dict[str, Callable[[Payload, float], Payload]]:
        return {
            "CertificateSigned": self._signed,
            "InstallCertificate": self._install,
            "GetInstalledCertificateIds": self._list,
            "DeleteCertificate": self._delete,
        }

    def own_pem(self, certificate_type: str = CHARGING_STATION) -> tuple[str, str] | None:
        """(chain, key) of the station's own certificate; None before one was signed."""
        chain, key = self.own.get(certificate_type), self._own_keys.get(certificate_type)
        if chain is None or key is None:
            return None
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return chain, text.decode()

    def roots_pem(self, use: str) -> list[str]:
        return [root.public_bytes(serialization.Encoding.PEM).decode() for root in self.roots.get(use, ())]

    def signing_request(self, certificate_type: str = CHARGING_STATION) -> Letter:
        """SignCertificate with a fresh key (A02)."""
        key = self._keys[certificate_type] = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, self.identity),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation()),
            ]
        )
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        pem = request.public_bytes(serialization.Encoding.PEM).decode()
        return Letter("SignCertificate", {"csr": pem, "certificateType": certificate_type})

    # inside ------------------------------------------------------------------------------------------------------

    def _signed(self, request: Payload, now_s: float) -> Payload:
        """Take a certificate only if it is for the key that we asked with, and in its time."""
        certificate_type = request.get("certificateType", CHARGING_STATION)
        key = self._keys.get(certificate_type)
        leaf = _first(request["certificateChain"])
        fits = leaf is not None and key is not None and leaf.public_key() == key.public_key()
        if not fits or leaf is None or key is None or not _valid(leaf, now_s):
            event = {"type": "InvalidChargingStationCertificate", "timestamp": to_text(now_s)}
            self._post(Letter("SecurityEventNotification", event, durable=True))  # A02, A04
            return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCertificate"}}
        if self.keeps_first and certificate_type in self.own:
            return {"status": "Accepted"}
        self.own[certificate_type] = request["certificateChain"]
        self._own_keys[certificate_type] = key
        if certificate_type != CHARGING_STATION:
            self._ask_status(request["certificateChain"])
        return {"status": "Accepted"}

    def _ask_status(self, chain: str) -> None:
        """M06: the OCSP status of each sub-CA of the V2G chain whose issuer we know, by the chain or as an installed root."""
        sub_cas = x509.load_pem_x509_certificates(chain.encode())[1:]
        issuers = {one.subject: one for one in (*self.roots.get(V2G_ROOT, ()), *sub_cas)}
        for one in sub_cas:
            if issuer := issuers.get(one.issuer):
                asked = {**hash_data(one, issuer), "responderURL": RESPONDER}
                self._post(Letter("GetCertificateStatus", {"ocspRequestData": asked}))

    def _install(self, request: Payload, now_s: float) -> Payload:
        root = _first(request["certificate"])
        if root is None or not _valid(root, now_s):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCertificate"}}
        self.roots.setdefault(request["certificateType"], []).append(root)
        return {"status": "Accepted"}

    def _list(self, request: Payload, _now_s: float) -> Payload:
        wanted = request.get("certificateType")
        found = [
            {"certificateType": use, "certificateHashData": hash_data(root, root)}
            for use, root in self._installed()
            if wanted is None or use in wanted
        ]
        return {"status": "Accepted", "certificateHashDataChain": found} if found else {"status": "NotFound"}

    def _delete(self, request: Payload, _now_s: float) -> Payload:
        for use, root in self._installed():
            if hash_data(root, root) == request["certificateHashData"]:
                self.roots[use].remove(root)
                return {"status": "Accepted"}
        return {"status": "NotFound"}

    def _installed(self) -> Iterator[tuple[str, x509.Certificate]]:
        for use, roots in self.roots.items():
            for root in list(roots):
                yield use, root


def _first(pem: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None


def _valid(certificate: x509.Certificate, now_s: float) -> bool:
    return certificate.not_valid_before_utc.timestamp() <= now_s <= certificate.not_valid_after_utc.timestamp()


def chain_hashes(chain: Sequence[x509.Certificate]) -> list[Payload]:
    """OCSPRequestDataType of every certificate of a chain whose issuer stands behind it; the root comes last."""
    return [
        {**hash_data(one, issuer), "responderURL": RESPONDER} for one, issuer in zip(chain, chain[1:], strict=False)
    ]


def hash_data(certificate: x509.Certificate, issuer: x509.Certificate) -> Payload:
    """CertificateHashDataType, as RFC 6960 hashes: the issuer's name in DER, and the issuer's key without tag, length and
    count of unused bits. A self-signed root's issuer is itself."""
    of_issuer = issuer.public_key()
    point = isinstance(of_issuer, ec.EllipticCurvePublicKey)
    key = of_issuer.public_bytes(
        serialization.Encoding.X962 if point else serialization.Encoding.DER,
        serialization.PublicFormat.UncompressedPoint if point else serialization.PublicFormat.PKCS1,
    )
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.sha256(key).hexdigest(),
        "serialNumber": f"{certificate.serial_number:x}",
    }
