"""The manifest's signature: who answers for the evidence, in a file beside it.

    key.pem, certificate.pem = self_made(folder)       # or the laboratory's own
    sign_manifest(run, key, certificate)               # writes manifest.signature.json
    signer(run) -> "CN=..."                            # raises SignatureProblem if one octet of the manifest differs

ECDSA or RSA (PKCS #1 v1.5) with SHA-256 (FIPS 186-5) over the manifest's octets; the manifest holds the SHA-256 of
everything else. That the certificate is the laboratory's is for the reader to judge: a self-made one proves only that
nothing changed since.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from harness.campaign.evidence import MANIFEST, SIGNATURE

_VALID_DAYS = 3650
"""Validity of a self-made certificate (our default: as long as a laboratory keeps its records)."""


class SignatureProblem(Exception):
    """The manifest is not signed, or not as the signature says; the text tells which."""


def self_made(folder: Path, name: str, now: dt.datetime) -> tuple[Path, Path]:
    """A key and a self-signed certificate for those who have none; what is there already is kept.

    Made for signing documents: PDF readers ask for non-repudiation.
    """
    key_path, certificate_path = folder / "key.pem", folder / "certificate.pem"
    if key_path.is_file() and certificate_path.is_file():
        return key_path, certificate_path
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_VALID_DAYS))
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_path, certificate_path


def sign_manifest(run: Path, key: Path, certificate: Path) -> Path:
    """Sign the manifest of a finished run; raises SignatureProblem if key or certificate cannot do it."""
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
        pem = certificate.read_bytes()
        public = x509.load_pem_x509_certificate(pem).public_key()
    except OSError as problem:
        raise SignatureProblem(f"{problem.filename}: cannot be read: {problem.strerror}") from problem
    except (ValueError, TypeError) as problem:
        raise SignatureProblem(f"{key} and {certificate} must be PEM, the key without password: {problem}") from problem
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SignatureProblem(f"{key} is neither an elliptic-curve nor an RSA key: make one, or use the self-made one")
    if public != private.public_key():
        raise SignatureProblem(f"{certificate} does not belong to {key}")
    octets = (run / MANIFEST).read_bytes()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        signature = private.sign(octets, ec.ECDSA(hashes.SHA256()))
    else:
        signature = private.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    path = run / SIGNATURE
    document = {"certificate": pem.decode(), "signature": base64.b64encode(signature).decode()}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def signer(run: Path, expected: Path | None = None) -> str:
    """Subject of the certificate that signed the manifest as it is now; raises SignatureProblem.

    `expected` is the certificate (PEM) that it must be.
    """
    certificate, signature = _read(run)
    if expected and certificate != _certificate(expected):
        name = certificate.subject.rfc4514_string()
        raise SignatureProblem(f"{run / SIGNATURE} is by {name}, whose certificate is not {expected}")
    public, octets = certificate.public_key(), (run / MANIFEST).read_bytes()
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, octets, ec.ECDSA(hashes.SHA256()))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, octets, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise SignatureProblem(f"{run / SIGNATURE}: the certificate holds neither an elliptic-curve nor an RSA key")
    except InvalidSignature as problem:
        raise SignatureProblem(f"{run / MANIFEST} was changed after it was signed, or the signature was") from problem
    return certificate.subject.rfc4514_string()


def signing_certificate(run: Path) -> bytes:
    """The certificate beside the signature, DER; raises SignatureProblem."""
    return _read(run)[0].public_bytes(serialization.Encoding.DER)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as problem:
        raise SignatureProblem(f"{path}: cannot be read: {problem.strerror}") from problem
    except ValueError as problem:
        raise SignatureProblem(f"{path} is no certificate in PEM: {problem}") from problem


def _read(run: Path) -> tuple[x509.Certificate, bytes]:
    try:
        document = json.loads((run / SIGNATURE).read_text(encoding="utf-8"))
        certificate = x509.load_pem_x509_certificate(document["certificate"].encode())
        return certificate, base64.b64decode(document["signature"], validate=True)
    except FileNotFoundError as problem:
        raise SignatureProblem(f"{run} is not signed: there is no {SIGNATURE}") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise SignatureProblem(f"{run / SIGNATURE} is no signature: {problem}") from problem
