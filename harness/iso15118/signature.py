"""XML signatures as ISO 15118 uses them: over EXI fragments, in the message's header.

Canonical EXI is the canonicalisation and the only transform; one reference for each signed element, URI "#Id"; ECDSA
values are r and s one after the other. In the field SignedInfo occurs in two grammars, values in two encodings: we sign
as we are told and verify all of them, telling which one was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from harness.exi.declare import Record
from harness.iso15118 import messages
from harness.iso15118.credential import PrivateKey
from harness.iso15118.messages.dsig import (
    CanonicalizationMethod,
    DigestMethod,
    Reference,
    Signature,
    SignatureMethod,
    SignatureValue,
    SignedInfo,
    Transform,
    Transforms,
)

Grammar = Literal["dsig", "common"]
"""Schemas under which SignedInfo is a fragment: the XML signature schema alone, or the message set's."""

CANONICAL_EXI = "http://www.w3.org/TR/canonical-exi/"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
ED448 = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"

_HASHES: Mapping[str, hashes.HashAlgorithm] = {SHA256: hashes.SHA256(), SHA512: hashes.SHA512()}
_GRAMMARS: tuple[Grammar, ...] = ("dsig", "common")


@dataclass(frozen=True, slots=True)
class Verification:
    """What a signature turned out to be. `problem` is empty for a good one, in whatever form it came."""

    problem: str = ""
    grammar: Grammar | None = None
    encoding: Literal["raw", "der"] | None = None

    @property
    def good(self) -> bool:
        return not self.problem


def sign(elements: Sequence[Record], key: PrivateKey, *, grammar: Grammar = "dsig", der: bool = False) -> Signature:
    """A signature over elements of the common message set, each with an `id`. `der` is a fault of the field."""
    strong = not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.key_size > 256
    digest = SHA512 if strong else SHA256
    method = ED448 if isinstance(key, ed448.Ed448PrivateKey) else ECDSA_SHA512 if strong else ECDSA_SHA256
    info = SignedInfo(
        canonicalization_method=CanonicalizationMethod(algorithm=CANONICAL_EXI, children=()),
        signature_method=SignatureMethod(algorithm=method, children=()),
        reference=tuple(
            Reference(
                uri=f"#{one.__dict__['id']}",
                transforms=Transforms(transform=(Transform(algorithm=CANONICAL_EXI, children=()),)),
                digest_method=DigestMethod(algorithm=digest, children=()),
                digest_value=_digest(one, digest),
            )
            for one in elements
        ),
    )
    octets = messages.encode(info, grammar, "fragment")
    return Signature(signed_info=info, signature_value=SignatureValue(value=_sign(octets, key, der)))


def verify(signature: Signature | None, elements: Sequence[Record], certificate: x509.Certificate) -> Verification:
    """Check a signature over exactly these elements with the certificate's key."""
    if signature is None:
        return Verification("there is no signature")
    problem = _references(signature, elements)
    if problem:
        return Verification(problem)
    method = signature.signed_info.signature_method.algorithm
    value = signature.signature_value.value
    for grammar in _GRAMMARS:
        octets = messages.encode(signature.signed_info, grammar, "fragment")
        encoding = _fits(octets, value, certificate, method)
        if encoding:
            return Verification("", grammar, encoding)
    return Verification(f"the signature value does not fit the key ({method})")


def _references(signature: Signature, elements: Sequence[Record]) -> str:
    """Why the references do not cover the elements; empty if they do."""
    by_uri = {f"#{one.__dict__['id']}": one for one in elements}
    references = signature.signed_info.reference
    if {one.uri for one in references} != set(by_uri):
        return "the references are not the elements that have to be signed"
    for reference in references:
        assert reference.uri is not None
        if reference.digest_method.algorithm not in _HASHES:
            return f"digest {reference.digest_method.algorithm} is not accepted"
        if reference.digest_value != _digest(by_uri[reference.uri], reference.digest_method.algorithm):
            return f"the digest of {reference.uri} is not that of its EXI fragment"
    return ""


def _digest(element: Record, algorithm: str) -> bytes:
    digest = hashes.Hash(_HASHES[algorithm])
    digest.update(messages.encode(element, "common", "fragment", FRAGMENT_NAMES.get(type(element).__name__)))
    return digest.finalize()


FRAGMENT_NAMES: Mapping[str, str] = {"SignedCertificateChain": "OEMProvisioningCertificateChain"}
"""Elements that are not named like their type."""


def _sign(octets: bytes, key: PrivateKey, der: bool) -> bytes:
    if isinstance(key, ed448.Ed448PrivateKey):
        return key.sign(octets)
    value = key.sign(octets, ec.ECDSA(_hash_of(key.curve)))
    if der:
        return value
    r, s = decode_dss_signature(value)
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _hash_of(curve: ec.EllipticCurve) -> hashes.HashAlgorithm:
    return hashes.SHA512() if curve.key_size > 256 else hashes.SHA256()


def _fits(octets: bytes, value: bytes, certificate: x509.Certificate, method: str) -> Literal["raw", "der"] | None:
    """How the value is encoded if it is this key's signature of the octets; the key pins the accepted method."""
    key = certificate.public_key()
    if isinstance(key, ed448.Ed448PublicKey):
        return "raw" if method == ED448 and _verifies(lambda: key.verify(value, octets)) else None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return None
    if method != (ECDSA_SHA512 if key.curve.key_size > 256 else ECDSA_SHA256):
        return None
    algorithm = ec.ECDSA(_hash_of(key.curve))
    size = (key.curve.key_size + 7) // 8
    if len(value) == 2 * size:
        r, s = int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
        if _verifies(lambda: key.verify(encode_dss_signature(r, s), octets, algorithm)):
            return "raw"
    return "der" if _verifies(lambda: key.verify(value, octets, algorithm)) else None


def _verifies(check: object) -> bool:
    assert callable(check)
    try:
        check()
    except InvalidSignature:
        return False
    return True
