"""The certification authority of a CSMS operator on a bench: a root, and what it signs for both sides."""

from __future__ import annotations

import datetime as dt
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = (-1.0, 30.0)
"""Days from now in which a certificate of the bench is valid. Our default."""
EXPIRED = (-30.0, -1.0)


class Authority:
    """Everything as PEM text. `now_s`: UTC seconds from which validity is counted."""

    def __init__(self, name: str, now_s: float) -> None:
        self.now_s = now_s
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._sign(self._name, self._key.public_key(), VALID, ca=True)
        self.chain = ""
        """What stands behind a certificate that a sub-CA has signed."""

    def subordinate(self, name: str) -> Authority:
        """A sub-CA whose certificate this authority has signed; what it signs comes with its own certificate behind."""
        sub = Authority(name, self.now_s)
        sub.root = self._sign(sub._name, sub._key.public_key(), VALID, ca=True)
        sub.chain = sub.root + self.chain
        return sub

    def issue(self, name: str, host: str = "", days: tuple[float, float] = VALID) -> tuple[str, str]:
        """(certificate, key) for a name; a server's has the host, an IP address or a DNS name, beside it."""
        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._sign(_named(name), key.public_key(), days, host), text.decode()

    def sign(self, request: str, days: tuple[float, float] = VALID) -> str:
        """A certificate for a signing request (SignCertificate.csr); raises ValueError for what is none."""
        asked = x509.load_pem_x509_csr(request.encode())
        if not asked.is_signature_valid:
            raise ValueError("the signing request is not signed by its own key")
        key = asked.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return self._sign(asked.subject, key, days) + self.chain

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: tuple[float, float], host: str = "",
        *, ca: bool = False,
    ) -> str:  # fmt: skip
        now = dt.datetime.fromtimestamp(self.now_s, dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + dt.timedelta(days=days[0]))
            .not_valid_after(now + dt.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
