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
V2G_20 = "V2G20Certificate"
"""For ISO 15118-20, where V2G is the one for ISO 15118-2 (2.1)."""
V2G_CHAIN = "V2GCertificateChain"
V2G_ROOT = "V2GRootCertificate"
WEEK_S = 7 * 86_400.0
"""How old the status of our chain may get (M06)."""
RESPONDER = "http://ocsp.invalid/"
"""Told where a certificate names no responder of its own (our default)."""


class Certificates:
    """What the station holds; `post` sends a message to the CSMS. Keys are made here and never leave."""

    def __init__(self, identity: str, organisation: Callable[[str], str], post: Callable[[Letter], None]) -> None:
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
        self._status_due_s: float | None = None
        self._post = post

    def due_s(self) -> float | None:
        return self._status_due_s

    def tick(self, now_s: float) -> None:
        """The status of our chain is asked for anew each week (M06)."""
        if self._status_due_s is not None and now_s >= self._status_due_s:
            self._status_due_s = now_s + WEEK_S
            for kind in (V2G, V2G_20):
                if kind in self.own:
                    self._ask_status(self.own[kind])

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
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation(certificate_type)),
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
            self._status_due_s = now_s + WEEK_S
        return {"status": "Accepted"}

    def _ask_status(self, chain: str) -> None:
        """M06: the OCSP status of each sub-CA of the V2G chain whose issuer we know, by the chain or as an installed root."""
        for named in self._hashes(chain)[1:]:
            asked = {**named, "responderURL": RESPONDER}
            self._post(Letter("GetCertificateStatus", {"ocspRequestData": asked}))

    def _hashes(self, chain: str) -> list[Payload]:
        """Of the certificates of a V2G chain whose issuer we know, the leaf first."""
        certificates = x509.load_pem_x509_certificates(chain.encode())
        issuers = {one.subject: one for one in (*self.roots.get(V2G_ROOT, ()), *certificates[1:])}
        return [hash_data(one, issuers[one.issuer]) for one in certificates if one.issuer in issuers]

    def _own_chains(self) -> Iterator[Payload]:
        """M03: a V2G certificate, and the sub-CAs behind it."""
        for kind in (V2G, V2G_20):
            if hashes_of := self._hashes(self.own.get(kind, "")) if kind in self.own else []:
                yield {"certificateType": V2G_CHAIN, "certificateHashData": hashes_of[0],
                       **({"childCertificateHashData": hashes_of[1:5]} if hashes_of[1:] else {})}  # fmt: skip

    def _is_own(self, wanted: Payload) -> bool:
        """Whether this names our certificate towards the CSMS: by its issuer's name and its serial number."""
        leaf = _first(self.own.get(CHARGING_STATION, ""))
        if leaf is None:
            return False
        named = hash_data(leaf, leaf)
        return all(named[key] == str(wanted[key]).lower() for key in ("issuerNameHash", "serialNumber"))

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
        if wanted is None or V2G_CHAIN in wanted:
            found += self._own_chains()
        return {"status": "Accepted", "certificateHashDataChain": found} if found else {"status": "NotFound"}

    def _delete(self, request: Payload, _now_s: float) -> Payload:
        for use, root in self._installed():
            if hash_data(root, root) == request["certificateHashData"]:
                self.roots[use].remove(root)
                return {"status": "Accepted"}
        return {"status": "Failed" if self._is_own(request["certificateHashData"]) else "NotFound"}  # M04

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
