"""A whole certificate hierarchy for a lab, made in one go, in two profiles and with every fault a test needs.

    V2G root   ── CPO sub 1 ── CPO sub 2 ── SECC leaf            (TLS server)
               ── CPS sub 1 ── CPS sub 2 ── provisioning leaf    (signs installation data)
    OEM root   ── OEM sub 1 ── OEM sub 2 ── vehicle leaf         (TLS client)
                                         ── OEM provisioning leaf
    MO root    ── MO sub 1  ── MO sub 2  ── contract leaf        (who pays)

Leaf, at most two sub-CAs, root, with path lengths 1 and 0 ([V2G2-009], [V2G2-010]). Keys: secp521r1 or Ed448 in the
standard's profile ([V2G20-2674], [V2G20-2319]), P-256 for what most of the field runs. Two hierarchies made apart are
foreign to each other: the charger's PKI that the car does not know.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from harness.iso15118.credential import Credential, PrivateKey

OCSP_VALID = datetime.timedelta(days=7)
"""Longest validity of an OCSP response ([V2G20-1021])."""


class KeyKind(StrEnum):
    """Kinds of key pairs."""

    SECP521R1 = "secp521r1"
    ED448 = "ed448"
    P256 = "p256"

    def make(self) -> PrivateKey:
        if self is KeyKind.ED448:
            return ed448.Ed448PrivateKey.generate()
        return ec.generate_private_key(ec.SECP521R1() if self is KeyKind.SECP521R1 else ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Branch:
    """One leaf and its way up: names of root and sub-CAs, the leaf's subject, domain component and usage."""

    root: str
    subs: tuple[str, str]
    common_name: str
    domain: str
    usage: ObjectIdentifier | None = None


BRANCHES: Mapping[str, Branch] = {
    "secc": Branch("v2g_root", ("cpo_sub1", "cpo_sub2"), "DEPFTE000001", "CPO", ExtendedKeyUsageOID.SERVER_AUTH),
    "provisioning_service": Branch("v2g_root", ("cps_sub1", "cps_sub2"), "PFT provisioning", "CPS"),
    "vehicle": Branch(
        "oem_root", ("oem_sub1", "oem_sub2"), "DEPLUGFEST0000001", "OEM", ExtendedKeyUsageOID.CLIENT_AUTH
    ),
    "oem_provisioning": Branch("oem_root", ("oem_sub1", "oem_sub2"), "DEPLUGFEST0000001", "OEM"),
    "contract": Branch("mo_root", ("mo_sub1", "mo_sub2"), "DEPFTC123456789", "MO"),
}
"""Leaves of the hierarchy. The vehicle's common name is its EVCCID ([V2G20-2339]), the contract's its EMAID."""
ROOTS = ("v2g_root", "oem_root", "mo_root")


@dataclass(frozen=True, slots=True)
class Faults:
    """What to get wrong, by leaf or CA name."""

    expired: frozenset[str] = frozenset()
    not_yet_valid: frozenset[str] = frozenset()
    wrong_usage: frozenset[str] = frozenset()
    """Leaves whose extended key usage is that of the other side."""
    revoked: frozenset[str] = frozenset()
    """Leaves that OCSP responses call revoked."""
    deep: frozenset[str] = frozenset()
    """Leaves with one sub-CA too many."""

    def leaves(self) -> list[str]:
        """The leaves that something is wrong with."""
        named = self.expired | self.not_yet_valid | self.wrong_usage | self.revoked | self.deep
        return [one for one in BRANCHES if one in named]


@dataclass(frozen=True)
class Pki:
    """A hierarchy in memory: every CA and every leaf with its key."""

    authorities: Mapping[str, Credential]
    leaves: Mapping[str, Credential]
    faults: Faults = field(default_factory=Faults)
    others: Mapping[str, x509.Certificate] = field(default_factory=dict)
    """Authorities whose key is not here: those of a hierarchy that somebody else made."""

    def root(self, name: str) -> x509.Certificate:
        """A root certificate: v2g_root, oem_root or mo_root; raises KeyError."""
        return self.authorities[name].leaf if name in self.authorities else self.others[name]

    def roots(self) -> tuple[x509.Certificate, ...]:
        return tuple(self.root(name) for name in ROOTS if name in self.authorities or name in self.others)

    @property
    def kind(self) -> KeyKind:
        """The kind of the leaves' keys; raises ValueError for a folder without a leaf."""
        if not self.leaves:
            raise ValueError("the folder of certificates has no leaf with its key")
        return _kind_of(next(iter(self.leaves.values())).key)

    def issuer(self, leaf: str) -> Credential | None:
        """The authority that signed a leaf, if its key is here."""
        signed_by = self.leaves[leaf].leaf.issuer
        return next((one for one in self.authorities.values() if one.leaf.subject == signed_by), None)

    def above(self, certificate: x509.Certificate) -> tuple[x509.Certificate, ...]:
        """From a certificate's issuer up to the root, as far as this hierarchy knows them."""
        known = {
            one.subject: one for one in (*(each.leaf for each in self.authorities.values()), *self.others.values())
        }
        chain: list[x509.Certificate] = []
        while certificate.issuer != certificate.subject and certificate.issuer in known:
            certificate = known[certificate.issuer]
            chain.append(certificate)
        return tuple(chain)

    def another(self, leaf: str, common_name: str, now: datetime.datetime) -> Credential:
        """A second leaf of the same kind for somebody else; raises ValueError where a CA's key is missing."""
        return self._remade({leaf: common_name}, Faults(), now).leaves[leaf]

    def reissued(self, faults: Faults, now: datetime.datetime, days: int = 365) -> Pki:
        """The same hierarchy with new leaves where `faults` names them; raises ValueError where a CA's key is missing."""
        names = {name: _common_name(self.leaves[name].leaf) for name in faults.leaves() if name in self.leaves}
        return self._remade(names, faults, now, days)

    def _remade(self, names: Mapping[str, str], faults: Faults, now: datetime.datetime, days: int = 365) -> Pki:
        maker = _Maker(self.kind, now, days, "Plugfest lab", faults)
        maker.authorities |= self.authorities
        for name, common_name in names.items():
            branch = BRANCHES[name]
            missing = [one for one in (branch.root, *branch.subs) if one not in self.authorities]
            if missing:
                raise ValueError(f"a new {name} certificate needs the keys of {', '.join(missing)}")
            maker.add(name, branch, common_name)
        return Pki(maker.authorities, {**self.leaves, **maker.leaves}, faults, self.others)

    def ocsp(self, leaf: str, now: datetime.datetime) -> bytes:
        """An OCSP response for a leaf, signed by its issuer, in DER; raises ValueError without the issuer's key."""
        credential = self.leaves[leaf]
        issuer = self.issuer(leaf)
        if issuer is None:
            raise ValueError(f"an OCSP response for {leaf} needs the key of its issuer")
        revoked = leaf in self.faults.revoked
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=credential.leaf,
            issuer=issuer.leaf,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=now,
            next_update=now + OCSP_VALID,
            revocation_time=now if revoked else None,
            revocation_reason=None,
        )
        signed = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.leaf).sign(
            issuer.key, _hash_for(issuer.key)
        )
        return signed.public_bytes(serialization.Encoding.DER)

    def write(self, folder: Path) -> None:
        """One PEM file each: `NAME.pem` (leaf, then sub-CAs; or the CA), `NAME.key` (owner may read, nobody else)."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, one in {**self.authorities, **self.leaves}.items():
            (folder / f"{name}.pem").write_bytes(to_pem((one.leaf, *one.subs)))
            key = folder / f"{name}.key"
            key.touch(mode=0o600)
            key.write_bytes(key_to_pem(one.key))
        (folder / "trusted_roots.pem").write_bytes(to_pem(self.roots()))


def create(
    kind: KeyKind = KeyKind.SECP521R1,
    *,
    now: datetime.datetime,
    days: int = 365,
    organisation: str = "Plugfest lab",
    evccid: str = "",
    emaid: str = "",
    faults: Faults | None = None,
) -> Pki:
    """Make a hierarchy that is valid from a day before `now` for `days`."""
    maker = _Maker(kind, now, days, organisation, faults or Faults())
    names = {"vehicle": evccid, "oem_provisioning": evccid, "contract": emaid}
    for leaf, branch in BRANCHES.items():
        maker.add(leaf, branch, names.get(leaf) or branch.common_name)
    return Pki(maker.authorities, maker.leaves, maker.faults)


class _Maker:
    """Makes certificates downwards; an authority that exists is used again."""

    def __init__(self, kind: KeyKind, now: datetime.datetime, days: int, organisation: str, faults: Faults) -> None:
        self.authorities: dict[str, Credential] = {}
        self.leaves: dict[str, Credential] = {}
        self.faults = faults
        self._kind = kind
        self._now = now
        self._days = days
        self._organisation = organisation

    def add(self, leaf: str, branch: Branch, common_name: str) -> None:
        chain = [branch.root, *branch.subs]
        if leaf in self.faults.deep:
            chain.append(f"{branch.subs[1]}_deeper")
        for depth, name in enumerate(chain):
            if name not in self.authorities:
                parent = self.authorities[chain[depth - 1]] if depth else None
                above = tuple(self.authorities[each].leaf for each in reversed(chain[1:depth]))
                self._authority(name, parent, above, path_length=max(2 - depth, 0) if depth else None)
        issuer = self.authorities[chain[-1]]
        subs = tuple(self.authorities[each].leaf for each in reversed(chain[1:]))
        key = self._kind.make()
        usage = branch.usage
        if leaf in self.faults.wrong_usage and usage is not None:
            server = usage == ExtendedKeyUsageOID.SERVER_AUTH
            usage = ExtendedKeyUsageOID.CLIENT_AUTH if server else ExtendedKeyUsageOID.SERVER_AUTH
        builder = self._builder(leaf, self._subject(common_name, branch.domain), key, issuer)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(ca=False), critical=True)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        self.leaves[leaf] = Credential(key, builder.sign(issuer.key, _hash_for(issuer.key)), subs)

    def _authority(
        self, name: str, parent: Credential | None, above: tuple[x509.Certificate, ...], path_length: int | None
    ) -> None:
        key = self._kind.make()
        subject = self._subject(name.replace("_", " "), "V2G" if parent is None else name.split("_")[0].upper())
        builder = self._builder(name, subject, key, parent)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        builder = builder.add_extension(_key_usage(ca=True), critical=True)
        signer = parent.key if parent else key
        self.authorities[name] = Credential(key, builder.sign(signer, _hash_for(signer)), above)

    def _subject(self, common_name: str, domain: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self._organisation),
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(NameOID.DOMAIN_COMPONENT, domain),
            ]
        )

    def _builder(
        self, name: str, subject: x509.Name, key: PrivateKey, issuer: Credential | None
    ) -> x509.CertificateBuilder:
        day = datetime.timedelta(days=1)
        begin, end = self._now - day, self._now + self._days * day
        if name in self.faults.expired:
            begin, end = self._now - 30 * day, self._now - day
        elif name in self.faults.not_yet_valid:
            begin = self._now + day
        public = key.public_key()
        authority = (issuer.key if issuer else key).public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.leaf.subject if issuer else subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
        )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA512 | None:
    """The hash of the profile: SHA-512 with P-521, SHA-256 with P-256, none of its own for Ed448."""
    if isinstance(key, ed448.Ed448PrivateKey):
        return None
    return hashes.SHA512() if key.curve.key_size > 256 else hashes.SHA256()


# files


def to_pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def key_to_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load(folder: Path) -> Pki:
    """A hierarchy from a folder as `Pki.write` makes it; what a lab of its own has not may be missing.

    Leaves are `NAME.pem` with `NAME.key`, or `NAME.p12` without a password. Raises ValueError with the file's name.
    """
    leaves: dict[str, Credential] = {}
    for name in BRANCHES:
        if (folder / f"{name}.p12").is_file():
            leaves[name] = load_pkcs12(folder / f"{name}.p12")
        elif (folder / f"{name}.pem").is_file():
            leaves[name] = load_pem(folder / f"{name}.pem", folder / f"{name}.key")
    authorities: dict[str, Credential] = {}
    others: dict[str, x509.Certificate] = {}
    for name in dict.fromkeys(each for branch in BRANCHES.values() for each in (branch.root, *branch.subs)):
        chain, key = folder / f"{name}.pem", folder / f"{name}.key"
        if key.is_file():
            authorities[name] = load_pem(chain, key)
        elif chain.is_file():
            others[name] = _first_certificate(chain)
    return Pki(authorities, leaves, others=others)


def _first_certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())[0]
    except ValueError as problem:
        raise ValueError(f"{file}: {problem}") from problem


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _kind_of(key: PrivateKey) -> KeyKind:
    if isinstance(key, ed448.Ed448PrivateKey):
        return KeyKind.ED448
    return KeyKind.SECP521R1 if key.curve.key_size > 256 else KeyKind.P256


def load_pem(chain: Path, key: Path, password: bytes | None = None) -> Credential:
    """A lab's own leaf with its sub-CAs (any order behind the leaf) and key. Raises ValueError with the file's name."""
    try:
        leaf, *others = x509.load_pem_x509_certificates(chain.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password)
    except (ValueError, OSError) as problem:
        raise ValueError(f"{chain}, {key}: {problem}") from problem
    return _credential(leaf, others, private, f"{key}")


def load_pkcs12(file: Path, password: bytes | None = None) -> Credential:
    """The same from a PKCS#12 file."""
    try:
        private, leaf, others = pkcs12.load_key_and_certificates(file.read_bytes(), password)
    except ValueError as problem:
        raise ValueError(f"{file}: {problem}") from problem
    if leaf is None or private is None:
        raise ValueError(f"{file}: holds no certificate with its key")
    return _credential(leaf, others, private, f"{file}")


def _credential(leaf: x509.Certificate, others: list[x509.Certificate], private: object, where: str) -> Credential:
    if not isinstance(private, ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey):
        raise ValueError(f"{where}: neither an elliptic-curve nor an Ed448 key")
    if _public_octets(private.public_key()) != _public_octets(leaf.public_key()):
        raise ValueError(f"{where}: the key does not belong to the certificate {leaf.subject.rfc4514_string()}")
    chain: list[x509.Certificate] = []
    issuer = leaf.issuer
    while found := next((one for one in others if one.subject == issuer and one.subject != one.issuer), None):
        chain.append(found)
        others = [one for one in others if one is not found]
        issuer = found.issuer
    return Credential(private, leaf, tuple(chain))


def _public_octets(key: object) -> bytes:
    octets: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return octets


# checking a chain


class ChainProblem(StrEnum):
    """Why a chain is not accepted; the values end the WARNING_ codes of an AuthorizationRes."""

    EXPIRED = "CertificateExpired"
    NOT_YET_VALID = "CertificateNotYetValid"
    INVALID = "CertificateValidationError"


def check_chain(
    chain: Iterable[x509.Certificate], roots: Iterable[x509.Certificate], now: datetime.datetime
) -> ChainProblem | None:
    """Leaf first, roots apart. Signatures, issuers, validity; None if the chain leads to one of the roots."""
    *_, last = certificates = list(chain)
    if len(certificates) > 3:
        return ChainProblem.INVALID
    root = next((one for one in roots if one.subject == last.issuer), None)
    if root is None:
        return ChainProblem.INVALID
    for child, issuer in zip(certificates, [*certificates[1:], root], strict=True):
        try:
            child.verify_directly_issued_by(issuer)
        except Exception:
            return ChainProblem.INVALID
    for one in [*certificates, root]:
        if now > one.not_valid_after_utc:
            return ChainProblem.EXPIRED
        if now < one.not_valid_before_utc:
            return ChainProblem.NOT_YET_VALID
    return None
