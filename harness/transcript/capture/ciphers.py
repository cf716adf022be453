"""Record protection of TLS 1.3 (RFC 8446) and of TLS 1.2's AES suites (RFC 5246, 5288): keys in, plain octets out."""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


class CannotDecrypt(ValueError):
    """The key does not fit the record, or the suite is not known here."""


class Protection(Protocol):
    """Opens the records of one direction under one key."""

    def open(self, sequence: int, header: bytes, body: bytes) -> tuple[int, bytes]:
        """Content type and plain octets of record number `sequence`; raises CannotDecrypt."""
        ...


class _Aead(Protocol):
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


def _ccm8(key: bytes) -> _Aead:
    return AESCCM(key, tag_length=8)


@dataclass(frozen=True, slots=True)
class Suite13:
    """A cipher suite of TLS 1.3."""

    name: str
    aead: Callable[[bytes], _Aead]
    key_length: int
    hash: Callable[[], hashes.HashAlgorithm]


SUITES_13: dict[int, Suite13] = {
    0x1301: Suite13("TLS_AES_128_GCM_SHA256", AESGCM, 16, hashes.SHA256),
    0x1302: Suite13("TLS_AES_256_GCM_SHA384", AESGCM, 32, hashes.SHA384),
    0x1303: Suite13("TLS_CHACHA20_POLY1305_SHA256", ChaCha20Poly1305, 32, hashes.SHA256),
    0x1304: Suite13("TLS_AES_128_CCM_SHA256", AESCCM, 16, hashes.SHA256),
    0x1305: Suite13("TLS_AES_128_CCM_8_SHA256", _ccm8, 16, hashes.SHA256),
}


def expand_label(secret: bytes, label: str, length: int, algorithm: hashes.HashAlgorithm) -> bytes:
    """HKDF-Expand-Label of RFC 8446, 7.1, with empty context."""
    name = b"tls13 " + label.encode()
    info = struct.pack(">HB", length, len(name)) + name + b"\0"
    return HKDFExpand(algorithm=algorithm, length=length, info=info).derive(secret)


class Protection13:
    """TLS 1.3 records of one direction under one traffic secret."""

    def __init__(self, suite: Suite13, secret: bytes) -> None:
        self.suite = suite
        self.secret = secret
        self._aead = suite.aead(expand_label(secret, "key", suite.key_length, suite.hash()))
        self._iv = expand_label(secret, "iv", 12, suite.hash())

    def open(self, sequence: int, header: bytes, body: bytes) -> tuple[int, bytes]:
        nonce = bytes(a ^ b for a, b in zip(self._iv, sequence.to_bytes(12, "big"), strict=True))
        try:
            inner = self._aead.decrypt(nonce, body, header).rstrip(b"\0")
        except (InvalidTag, ValueError) as problem:
            raise CannotDecrypt("the key does not fit the record") from problem
        if not inner:
            raise CannotDecrypt("a record without content type")
        return inner[-1], inner[:-1]

    def updated(self) -> Protection13:
        """The next key of the direction, after a KeyUpdate."""
        algorithm = self.suite.hash()
        return Protection13(self.suite, expand_label(self.secret, "traffic upd", algorithm.digest_size, algorithm))


@dataclass(frozen=True, slots=True)
class Suite12:
    """A cipher suite of TLS 1.2; `mac` is None for GCM."""

    name: str
    key_length: int
    mac: str | None
    prf: str = "sha256"


SUITES_12: dict[int, Suite12] = {
    0xC023: Suite12("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 16, "sha256"),
    0xC025: Suite12("TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256", 16, "sha256"),
    0xC027: Suite12("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", 16, "sha256"),
    0xC009: Suite12("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 16, "sha1"),
    0xC00A: Suite12("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", 32, "sha1"),
    0xC02B: Suite12("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 16, None),
    0xC02C: Suite12("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 32, None, "sha384"),
    0xC02F: Suite12("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 16, None),
    0xC030: Suite12("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 32, None, "sha384"),
}


def suite_name(suite: int) -> str:
    """The registered name, or the number in hex for suites that this module can't open."""
    known = SUITES_13.get(suite) or SUITES_12.get(suite)
    return known.name if known else f"0x{suite:04X}"


@dataclass(slots=True)
class Protection12:
    """TLS 1.2 records of one direction: AES in CBC mode (MAC then encrypt, or encrypt then MAC) or in GCM."""

    suite: Suite12
    key: bytes
    iv: bytes
    mac_key: bytes
    encrypt_then_mac: bool

    def open(self, sequence: int, header: bytes, body: bytes) -> tuple[int, bytes]:
        if self.suite.mac is None:
            plain = self._open_gcm(sequence, header, body)
        else:
            plain = self._open_cbc(sequence, header, body, self.suite.mac)
        return header[0], plain

    def _open_gcm(self, sequence: int, header: bytes, body: bytes) -> bytes:
        associated = struct.pack(">Q", sequence) + header[:3] + struct.pack(">H", len(body) - 24)
        try:
            return AESGCM(self.key).decrypt(self.iv + body[:8], body[8:], associated)
        except (InvalidTag, ValueError) as problem:
            raise CannotDecrypt("the key does not fit the record") from problem

    def _open_cbc(self, sequence: int, header: bytes, body: bytes, mac: str) -> bytes:
        size = hmac.new(b"", b"", mac).digest_size
        covered, tag = (body[:-size], body[-size:]) if self.encrypt_then_mac else (body, b"")
        if len(covered) < 32 or len(covered) % 16:
            raise CannotDecrypt("a CBC record of impossible length")
        decryptor = Cipher(algorithms.AES(self.key), modes.CBC(covered[:16])).decryptor()
        padded = decryptor.update(covered[16:]) + decryptor.finalize()
        content = padded[: -padded[-1] - 1]
        if not self.encrypt_then_mac:
            covered, tag = content[:-size], content[-size:]
            content = covered
        head = struct.pack(">Q", sequence) + header[:3] + struct.pack(">H", len(covered))
        if not hmac.compare_digest(hmac.new(self.mac_key, head + covered, mac).digest(), tag):
            raise CannotDecrypt("the key does not fit the record")
        return content


def protections_12(
    suite: Suite12, master: bytes, client_random: bytes, server_random: bytes, encrypt_then_mac: bool
) -> tuple[Protection12, Protection12]:
    """Client's and server's protection from the master secret (RFC 5246, 6.3)."""
    mac_length = hmac.new(b"", b"", suite.mac).digest_size if suite.mac else 0
    iv_length = 0 if suite.mac else 4
    sizes = [mac_length, mac_length, suite.key_length, suite.key_length, iv_length, iv_length]
    block = _prf(master, b"key expansion" + server_random + client_random, sum(sizes), suite.prf)
    parts = []
    for size in sizes:
        parts.append(block[:size])
        block = block[size:]
    client = Protection12(suite, parts[2], parts[4], parts[0], encrypt_then_mac)
    server = Protection12(suite, parts[3], parts[5], parts[1], encrypt_then_mac)
    return client, server


def _prf(secret: bytes, seed: bytes, length: int, algorithm: str) -> bytes:
    """P_hash of RFC 5246, 5; the label is part of `seed`."""
    result, step = b"", seed
    while len(result) < length:
        step = hmac.new(secret, step, algorithm).digest()
        result += hmac.new(secret, step + seed, algorithm).digest()
    return result[:length]
