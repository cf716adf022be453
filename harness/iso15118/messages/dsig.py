"""XML signature (W3C xmldsig-core): what message headers carry and what contract-based charging signs.

The profile of ISO 15118 uses Signature, SignedInfo, Reference, one Transform and SignatureValue; the rest of the schema
is here because it shapes the grammar, and because a peer may send it.
"""

from __future__ import annotations

from harness.iso15118.messages.core import (
    DSIG,
    ID,
    UNBOUNDED,
    URI,
    Base64,
    Child,
    Record,
    attribute,
    children,
    element,
    message,
    value,
)


@message(ns=DSIG, root=True)
class CanonicalizationMethod(Record):
    """How SignedInfo becomes octets before it is signed; canonical EXI in ISO 15118."""

    algorithm: URI = attribute("Algorithm", ns="")
    children: tuple[Child, ...] = children("##any*", mixed=True)


@message(ns=DSIG, root=True)
class SignatureMethod(Record):
    """The signature algorithm, by URI."""

    algorithm: URI = attribute("Algorithm", ns="")
    children: tuple[Child, ...] = children("HMACOutputLength?, ##other*", mixed=True, HMACOutputLength=int)


@message(ns=DSIG, root=True)
class DigestMethod(Record):
    """The hash algorithm of one reference, by URI."""

    algorithm: URI = attribute("Algorithm", ns="")
    children: tuple[Child, ...] = children("##other*", mixed=True)


@message(ns=DSIG, root=True)
class Transform(Record):
    """One step from the referenced element to the octets that are hashed, by URI."""

    algorithm: URI = attribute("Algorithm", ns="")
    children: tuple[Child, ...] = children("(##other | XPath)*", mixed=True, XPath=str)


@message(ns=DSIG, root=True)
class Transforms(Record):
    """The steps, in order."""

    transform: tuple[Transform, ...] = element("Transform", occurs=(1, UNBOUNDED))


@message(ns=DSIG, root=True)
class Reference(Record):
    """What is signed: the element whose Id the URI names, how it is made octets, and the hash of these."""

    id: ID | None = attribute("Id", ns="", default=None)
    uri: URI | None = attribute("URI", ns="", default=None)
    type: URI | None = attribute("Type", ns="", default=None)
    transforms: Transforms | None = element("Transforms", default=None)
    digest_method: DigestMethod = element("DigestMethod")
    digest_value: Base64 = element("DigestValue")


@message(ns=DSIG, root=True)
class SignedInfo(Record):
    """What the signature value is calculated over."""

    id: ID | None = attribute("Id", ns="", default=None)
    canonicalization_method: CanonicalizationMethod = element("CanonicalizationMethod")
    signature_method: SignatureMethod = element("SignatureMethod")
    reference: tuple[Reference, ...] = element("Reference", occurs=(1, UNBOUNDED))


@message(ns=DSIG, root=True)
class SignatureValue(Record):
    """The signature's octets; r and s one after the other for ECDSA in ISO 15118."""

    id: ID | None = attribute("Id", ns="", default=None)
    value: Base64 = value()


@message(ns=DSIG, root=True)
class RetrievalMethod(Record):
    """Where key information can be fetched."""

    uri: URI | None = attribute("URI", ns="", default=None)
    type: URI | None = attribute("Type", ns="", default=None)
    transforms: Transforms | None = element("Transforms", default=None)


@message(ns=DSIG)
class X509IssuerSerial(Record):
    """A certificate, by its issuer's distinguished name and its serial number."""

    x509_issuer_name: str = element("X509IssuerName")
    x509_serial_number: int = element("X509SerialNumber")


@message(ns=DSIG, root=True)
class X509Data(Record):
    """Certificates or identifiers of certificates."""

    children: tuple[Child, ...] = children(
        "(X509IssuerSerial | X509SKI | X509SubjectName | X509Certificate | X509CRL | ##other)+",
        X509IssuerSerial=X509IssuerSerial,
        X509SKI=Base64,
        X509SubjectName=str,
        X509Certificate=Base64,
        X509CRL=Base64,
    )


@message(ns=DSIG, root=True)
class PGPData(Record):
    """An OpenPGP key identifier, key packet, or both."""

    children: tuple[Child, ...] = children(
        "(PGPKeyID, PGPKeyPacket?, ##other*) | (PGPKeyPacket, ##other*)", PGPKeyID=Base64, PGPKeyPacket=Base64
    )


@message(ns=DSIG, root=True)
class SPKIData(Record):
    """SPKI S-expressions."""

    children: tuple[Child, ...] = children("(SPKISexp, ##other?)+", SPKISexp=Base64)


@message(ns=DSIG, root=True)
class DSAKeyValue(Record):
    """A DSA public key."""

    children: tuple[Child, ...] = children(
        "(P, Q)?, G?, Y, J?, (Seed, PgenCounter)?",
        P=Base64,
        Q=Base64,
        G=Base64,
        Y=Base64,
        J=Base64,
        Seed=Base64,
        PgenCounter=Base64,
    )


@message(ns=DSIG, root=True)
class RSAKeyValue(Record):
    """An RSA public key."""

    modulus: Base64 = element("Modulus")
    exponent: Base64 = element("Exponent")


@message(ns=DSIG, root=True)
class KeyValue(Record):
    """A public key."""

    children: tuple[Child, ...] = children(
        "DSAKeyValue | RSAKeyValue | ##other", mixed=True, DSAKeyValue=DSAKeyValue, RSAKeyValue=RSAKeyValue
    )


@message(ns=DSIG, root=True)
class KeyInfo(Record):
    """Which key verifies the signature; not used by the profile of ISO 15118."""

    id: ID | None = attribute("Id", ns="", default=None)
    children: tuple[Child, ...] = children(
        "(KeyName | KeyValue | RetrievalMethod | X509Data | PGPData | SPKIData | MgmtData | ##other)+",
        mixed=True,
        KeyName=str,
        KeyValue=KeyValue,
        RetrievalMethod=RetrievalMethod,
        X509Data=X509Data,
        PGPData=PGPData,
        SPKIData=SPKIData,
        MgmtData=str,
    )


@message(ns=DSIG, root=True)
class Object(Record):
    """Signed content of any kind inside the signature; not used by the profile of ISO 15118."""

    id: ID | None = attribute("Id", ns="", default=None)
    mime_type: str | None = attribute("MimeType", ns="", default=None)
    encoding: URI | None = attribute("Encoding", ns="", default=None)
    children: tuple[Child, ...] = children("##any*", mixed=True)


@message(ns=DSIG, root=True)
class Signature(Record):
    """The signature in a message header."""

    id: ID | None = attribute("Id", ns="", default=None)
    signed_info: SignedInfo = element("SignedInfo")
    signature_value: SignatureValue = element("SignatureValue")
    key_info: KeyInfo | None = element("KeyInfo", default=None)
    object: tuple[Object, ...] = element("Object", occurs=(0, UNBOUNDED), default=())


@message(ns=DSIG, root=True)
class Manifest(Record):
    """A list of references that the application, not the signature, verifies."""

    id: ID | None = attribute("Id", ns="", default=None)
    reference: tuple[Reference, ...] = element("Reference", occurs=(1, UNBOUNDED))


@message(ns=DSIG, root=True)
class SignatureProperty(Record):
    """A statement about a signature."""

    target: URI = attribute("Target", ns="")
    id: ID | None = attribute("Id", ns="", default=None)
    children: tuple[Child, ...] = children("##other+", mixed=True)


@message(ns=DSIG, root=True)
class SignatureProperties(Record):
    """Statements about signatures."""

    id: ID | None = attribute("Id", ns="", default=None)
    signature_property: tuple[SignatureProperty, ...] = element("SignatureProperty", occurs=(1, UNBOUNDED))
