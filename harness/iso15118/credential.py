"""A private key and the certificates that vouch for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448

PrivateKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey


@dataclass(frozen=True, slots=True)
class Credential:
    """A leaf, its sub-CAs from the leaf's issuer upwards (never the root), and the leaf's key.

    The key never shows in `repr`, so that it can't slip into evidence or reports.
    """

    key: PrivateKey = field(repr=False)
    leaf: x509.Certificate
    subs: tuple[x509.Certificate, ...] = ()
