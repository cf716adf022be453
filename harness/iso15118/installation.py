"""How a contract's private key travels in CertificateInstallationRes: ECDH, a key derivation, AES-256-GCM.

94 octets: 12 of IV, 66 of scalar, 16 of tag. The key derivation of ISO 15118-20 is not settled in public sources: the
one here (one round of SHA-512 over counter and shared secret, no other information) is what one public stack does and
says is unverified. It is a parameter everywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness.iso15118.credential import Credential

Kdf = Callable[[bytes], bytes]
"""Shared secret to a key of 32 octets."""

_SCALAR = 66
_IV = 12


class NotInstallable(ValueError):
    """Keys of another kind than secp521r1, or an envelope that does not open."""


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What a charger needs to install contracts: the signer, the contract to give, whom it trusts."""

    signer: Credential
    contract: Credential
    oem_roots: tuple[x509.Certificate, ...]


def concat_kdf(secret: bytes) -> bytes:
    """One round of the concatenation KDF with SHA-512, without OtherInfo."""
    digest = hashes.Hash(hashes.SHA512())
    digest.update(b"\x00\x00\x00\x01" + secret)
    return digest.finalize()[:32]


def seal(contract: Credential, receiver: x509.Certificate, kdf: Kdf = concat_kdf) -> tuple[bytes, bytes]:
    """The ephemeral public point (133 octets) and the sealed key (94); raises NotInstallable."""
    public = receiver.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.key_size != 521:
        raise NotInstallable("the provisioning certificate's key is not on secp521r1")
    if not isinstance(contract.key, ec.EllipticCurvePrivateKey) or contract.key.curve.key_size != 521:
        raise NotInstallable("the contract's key is not on secp521r1")
    ephemeral = ec.generate_private_key(ec.SECP521R1())
    scalar = contract.key.private_numbers().private_value.to_bytes(_SCALAR, "big")
    iv = secrets.token_bytes(_IV)
    sealed = AESGCM(kdf(ephemeral.exchange(ec.ECDH(), public))).encrypt(iv, scalar, None)
    point = ephemeral.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return point, iv + sealed


def unseal(
    point: bytes, sealed: bytes, leaf: x509.Certificate, receiver: Credential, kdf: Kdf = concat_kdf
) -> ec.EllipticCurvePrivateKey:
    """The contract's key; it must fit the contract certificate. Raises NotInstallable."""
    if not isinstance(receiver.key, ec.EllipticCurvePrivateKey):
        raise NotInstallable("our provisioning key is not on an elliptic curve")
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(receiver.key.curve, point)
        opened = AESGCM(kdf(receiver.key.exchange(ec.ECDH(), public))).decrypt(sealed[:_IV], sealed[_IV:], None)
        key = ec.derive_private_key(int.from_bytes(opened, "big"), ec.SECP521R1())
    except (ValueError, InvalidTag) as problem:
        raise NotInstallable(f"the key envelope does not open: {problem or 'wrong tag'}") from problem
    if key.public_key() != leaf.public_key():
        raise NotInstallable("the installed key does not belong to the contract certificate")
    return key
