"""TLS for ISO 15118-20: two profiles, both sides, the key log always written.

strict-20 is the standard's profile as far as public sources tell it; lab-20 is what most of the field runs: P-256 and
whatever suites TLS 1.3 has. One OCSP response, the leaf's, is stapled: OpenSSL 3.0 has no way to staple more. A vehicle
judges a staple by its status and its time; the responder's signature is not checked.
"""

from __future__ import annotations

import datetime
import os
import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from harness.iso15118 import openssl
from harness.iso15118.credential import Credential
from harness.iso15118.pki import key_to_pem, to_pem
from harness.iso15118.secure import SecureStream
from harness.link import ByteStream

STRICT_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
"""[V2G20-2458], in this order; TLS_AES_128_GCM_SHA256 is not in the profile."""
STRICT_GROUPS = ("secp521r1", "X448")
"""[V2G20-1634]"""
STRICT_SIGNATURES = ("ecdsa_secp521r1_sha512", "ed448")
"""[V2G20-1667], in this order."""


class TlsProfile(StrEnum):
    """What is allowed in the handshake."""

    STRICT = "strict-20"
    LAB = "lab-20"


class Revocation(StrEnum):
    """What a vehicle makes of OCSP: it always asks by rule ([V2G20-2372]); in the field few chargers answer."""

    NOT_ASKED = "not asked"
    IF_STAPLED = "if stapled"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Tls:
    """One side's TLS: who it is, whom it trusts, where its secrets are logged.

    `versions`: lowest and highest; -20 means 1.3 only ([V2G20-1264]), a test may offer less. `suites` narrows the
    profile for a test that offers a wrong one.
    """

    trusted: tuple[x509.Certificate, ...]
    keylog: Path
    credential: Credential | None = None
    profile: TlsProfile = TlsProfile.LAB
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
    suites: tuple[str, ...] = ()
    names_authorities: bool = True
    """Whether the trusted roots are sent as certificate_authorities ([V2G20-2401], [V2G20-1006])."""
    asks_certificate: bool = True
    """Whether the charger asks for the vehicle's certificate ([V2G20-2400])."""
    staple: bytes = b""
    """The charger's OCSP response in DER."""
    revocation: Revocation = Revocation.IF_STAPLED

    def server(self) -> ssl.SSLContext:
        """The charger's context."""
        context = self._context(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED if self.asks_certificate else ssl.CERT_NONE
        if self.staple:
            openssl.staple(context, self.staple)
        return context

    def client(self) -> ssl.SSLContext:
        """The vehicle's context. Names are not checked: a charger's certificate names no host."""
        context = self._context(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_REQUIRED
        if self.revocation is not Revocation.NOT_ASKED:
            openssl.ask_status(context, self._accepts)
        return context

    def _context(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.check_hostname = False
        context.minimum_version, context.maximum_version = self.versions
        context.keylog_filename = str(self.keylog)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if self.trusted:
            context.load_verify_locations(cadata=to_pem(self.trusted).decode())
            if self.names_authorities:
                openssl.name_authorities(context, [one.public_bytes(Encoding.DER) for one in self.trusted])
        if self.credential:
            _load(context, self.credential)
        if self.profile is TlsProfile.STRICT or self.suites:
            strict = self.profile is TlsProfile.STRICT
            openssl.restrict(
                context,
                suites=self.suites or STRICT_SUITES,
                groups=STRICT_GROUPS if strict else ("secp521r1", "X448", "X25519", "secp256r1"),
                signature_algorithms=STRICT_SIGNATURES if strict else (*STRICT_SIGNATURES, "ecdsa_secp256r1_sha256"),
            )
        return context

    def _accepts(self, stapled: bytes) -> bool:
        """Whether a vehicle goes on with this staple; empty: there was none."""
        if not stapled:
            return self.revocation is not Revocation.REQUIRED
        try:
            response = ocsp.load_der_ocsp_response(stapled)
            good = response.certificate_status is ocsp.OCSPCertStatus.GOOD
            until = response.next_update_utc
        except ValueError:  # no response, or one that reports the responder's own failure
            return False
        return good and (until is None or until > datetime.datetime.now(datetime.UTC))


def _load(context: ssl.SSLContext, credential: Credential) -> None:
    """Hand a key to OpenSSL, which takes files only: through memory, so that it never lies on a disk."""
    descriptor = os.memfd_create("credential")
    try:
        os.write(descriptor, key_to_pem(credential.key) + to_pem((credential.leaf, *credential.subs)))
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def describe(stream: ByteStream) -> dict[str, Any]:
    """What a finished handshake agreed on, as plain JSON; empty without TLS."""
    if not isinstance(stream, SecureStream):
        return {}
    suite, version, _ = stream.tls.cipher() or ("", "", 0)
    peer = stream.tls.getpeercert(binary_form=True)
    return {"version": version, "suite": suite, "peer": _named(peer)}


def peer_certificate(stream: ByteStream) -> bytes:
    """The far end's leaf in DER; empty without TLS, or where it showed none."""
    return (stream.tls.getpeercert(binary_form=True) or b"") if isinstance(stream, SecureStream) else b""


def _named(der: bytes | None) -> str:
    return x509.load_der_x509_certificate(der).subject.rfc4514_string() if der else ""
