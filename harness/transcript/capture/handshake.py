"""What a TLS handshake tells: versions, suites, groups, certificates, client authentication (RFC 8446, RFC 5246)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from harness.transcript.capture.ciphers import suite_name

CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE = 1, 2, 8, 11
SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY, FINISHED, CERTIFICATE_STATUS, KEY_UPDATE = (
    12, 13, 15, 20, 22, 24,
)  # fmt: skip
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

VERSIONS = {0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
GROUPS = {23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 29: "x25519", 30: "x448"}
SIGNATURES = {
    0x0403: "ecdsa_secp256r1_sha256",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0804: "rsa_pss_rsae_sha256",
    0x0401: "rsa_pkcs1_sha256",
}
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 40: "handshake_failure", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 90: "user_canceled",
    109: "missing_extension", 110: "unsupported_extension", 113: "bad_certificate_status_response",
    116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip
# Extension numbers (IANA registry "TLS ExtensionType Values").
FRAGMENT_LENGTH, TRUSTED_CA_KEYS, STATUS_REQUEST, GROUPS_EXTENSION, SIGNATURES_EXTENSION, STATUS_V2 = (
    1,
    3,
    5,
    10,
    13,
    17,
)
ENCRYPT_THEN_MAC, SUPPORTED_VERSIONS, AUTHORITIES, KEY_SHARE = 22, 43, 47, 51


@dataclass(slots=True)
class Handshake:
    """What was seen of one handshake; `details` is what goes into the transcript (plain JSON)."""

    client_random: bytes = b""
    server_random: bytes = b""
    suite: int = 0
    version: int = 0
    encrypt_then_mac: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def take(self, kind: int, body: bytes, from_client: bool) -> None:
        """Learn from one handshake message; what can't be read teaches nothing."""
        try:
            if kind == CLIENT_HELLO:
                self._client_hello(body)
            elif kind == SERVER_HELLO:
                self._server_hello(body)
            elif kind == CERTIFICATE_REQUEST:
                self._certificate_request(body)
            elif kind == CERTIFICATE:
                self._certificate(body, "client" if from_client else "server")
            elif kind == CERTIFICATE_VERIFY:
                scheme = struct.unpack_from(">H", body)[0]
                self.details["client_signature" if from_client else "server_signature"] = _name(SIGNATURES, scheme)
            elif kind == CERTIFICATE_STATUS:
                self.details["ocsp_stapled"] = True
            elif kind == SERVER_KEY_EXCHANGE and body[:1] == b"\x03":
                self.details["group"] = _name(GROUPS, struct.unpack_from(">H", body, 1)[0])
        except (struct.error, IndexError):
            return

    def _client_hello(self, body: bytes) -> None:
        self.client_random = body[2:34]
        at = 35 + body[34]
        (size,) = struct.unpack_from(">H", body, at)
        suites = _numbers(body[at + 2 : at + 2 + size])
        at += 2 + size
        at += 1 + body[at]
        extensions = dict(_extensions(body[at:]))
        (version,) = struct.unpack_from(">H", body)
        offered = extensions.get(SUPPORTED_VERSIONS)
        versions = _numbers(offered[1:]) if offered else [version]
        self.details |= {
            "client_versions": [_name(VERSIONS, one) for one in versions if not _grease(one)],
            "client_suites": [suite_name(one) for one in suites if not _grease(one) and one != 0x00FF],
            "client_groups": _names(GROUPS, extensions.get(GROUPS_EXTENSION)),
            "client_signatures": _names(SIGNATURES, extensions.get(SIGNATURES_EXTENSION)),
            "client_authorities": len(list(_vectors(extensions.get(AUTHORITIES, b"\0\0")[2:]))),
            "trusted_ca_keys": TRUSTED_CA_KEYS in extensions,
            "status_request": STATUS_REQUEST in extensions or STATUS_V2 in extensions,
            "max_fragment_length": FRAGMENT_LENGTH in extensions,
        }

    def _server_hello(self, body: bytes) -> None:
        self.server_random = body[2:34]
        at = 35 + body[34]
        (self.suite,) = struct.unpack_from(">H", body, at)
        extensions = dict(_extensions(body[at + 3 :]))
        (self.version,) = struct.unpack(">H", extensions.get(SUPPORTED_VERSIONS, body[:2]))
        self.encrypt_then_mac = ENCRYPT_THEN_MAC in extensions
        self.details |= {"version": _name(VERSIONS, self.version), "suite": suite_name(self.suite)}
        if KEY_SHARE in extensions:
            self.details["group"] = _name(GROUPS, struct.unpack_from(">H", extensions[KEY_SHARE])[0])
        if self.server_random == RETRY_RANDOM:
            self.details["retried"] = True

    def _certificate_request(self, body: bytes) -> None:
        self.details["certificate_requested"] = True
        if self.version == 0x0304:
            extensions = dict(_extensions(body[1 + body[0] :]))
            authorities = extensions.get(AUTHORITIES, b"\0\0")[2:]
            self.details["request_signatures"] = _names(SIGNATURES, extensions.get(SIGNATURES_EXTENSION))
        else:
            at = 1 + body[0]
            (size,) = struct.unpack_from(">H", body, at)
            authorities = body[at + 4 + size :]
        self.details["request_authorities"] = len(list(_vectors(authorities)))

    def _certificate(self, body: bytes, side: str) -> None:
        entries, stapled = [], 0
        at = 1 + body[0] + 3 if self.version == 0x0304 else 3
        while at + 3 <= len(body):
            size = int.from_bytes(body[at : at + 3], "big")
            entries.append(body[at + 3 : at + 3 + size])
            at += 3 + size
            if self.version == 0x0304:
                (more,) = struct.unpack_from(">H", body, at)
                stapled += any(kind == STATUS_REQUEST for kind, _ in _extensions(body[at : at + 2 + more]))
                at += 2 + more
        self.details[f"{side}_chain"] = [describe_certificate(one) for one in entries]
        if side == "server" and self.version == 0x0304:
            self.details["ocsp_stapled"] = stapled > 0


def describe_certificate(der: bytes) -> dict[str, Any]:
    """Who it is for, who signed it, its kind of key, its validity; only what is public."""
    try:
        found = x509.load_der_x509_certificate(der)
        usage: list[str] = []
        try:
            extended = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            usage = [one._name for one in extended]
        except x509.ExtensionNotFound:
            pass
        return {
            "subject": found.subject.rfc4514_string(),
            "common_name": _attribute(found.subject, NameOID.COMMON_NAME),
            "organization": _attribute(found.subject, NameOID.ORGANIZATION_NAME),
            "domain": _attribute(found.subject, NameOID.DOMAIN_COMPONENT),
            "issuer": found.issuer.rfc4514_string(),
            "key": _key_name(found),
            "extended_usage": usage,
            "not_before_s": found.not_valid_before_utc.timestamp(),
            "not_after_s": found.not_valid_after_utc.timestamp(),
            "octets": len(der),
        }
    except ValueError as problem:
        return {"unreadable": str(problem), "octets": len(der)}


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _key_name(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa{key.key_size}"
    named = {ed448.Ed448PublicKey: "ed448", ed25519.Ed25519PublicKey: "ed25519"}
    return next((name for kind, name in named.items() if isinstance(key, kind)), "unknown")


def messages(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Whole handshake messages at the start of `data`: type, body, octets used up to its end."""
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at + 1 : at + 4], "big")
        if end > len(data):
            return
        yield data[at], data[at + 4 : end], end
        at = end


def _extensions(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at, end = 2, 2 + int.from_bytes(raw[:2], "big")
    while at + 4 <= min(end, len(raw)):
        kind, size = struct.unpack_from(">2H", raw, at)
        yield kind, raw[at + 4 : at + 4 + size]
        at += 4 + size


def _vectors(raw: bytes) -> Iterator[bytes]:
    at = 0
    while at + 2 <= len(raw):
        size = int.from_bytes(raw[at : at + 2], "big")
        yield raw[at + 2 : at + 2 + size]
        at += 2 + size


def _numbers(raw: bytes) -> list[int]:
    return [number for (number,) in struct.iter_unpack(">H", raw[: len(raw) & ~1])]


def _names(table: dict[int, str], extension: bytes | None) -> list[str]:
    return [_name(table, one) for one in _numbers((extension or b"")[2:]) if not _grease(one)]


def _name(table: dict[int, str], number: int) -> str:
    return table.get(number, f"0x{number:04X}")


def _grease(number: int) -> bool:
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF
