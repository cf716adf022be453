"""The manifest's signature: who answers for the evidence, in a file beside it.

    key.pem, certificate.pem = self_made(folder)       # or the laboratory's own
    sign_manifest(run, key, certificate)               # writes manifest.signature.json
    signer(run) -> "CN=..."                            # raises SignatureProblem if one octet of the manifest differs

ECDSA with SHA-256 (FIPS 186-5) over the manifest's octets; the manifest holds the SHA-256 of everything else. That the
certificate is the laboratory's is for the reader to judge: a self-made one proves only that nothing changed since.
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
from cryptography.hazmat.primitives.asymmetric import ec
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
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    pem = certificate.read_bytes()
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise SignatureProblem(f"{key} is no elliptic-curve key: make one, or use the self-made one")
    if x509.load_pem_x509_certificate(pem).public_key() != private.public_key():
        raise SignatureProblem(f"{certificate} does not belong to {key}")
    signature = private.sign((run / MANIFEST).read_bytes(), ec.ECDSA(hashes.SHA256()))
    path = run / SIGNATURE
    document = {"certificate": pem.decode(), "signature": base64.b64encode(signature).decode()}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def signer(run: Path) -> str:
    """Subject of the certificate that signed the manifest as it is now; raises SignatureProblem."""
    try:
        document = json.loads((run / SIGNATURE).read_text(encoding="utf-8"))
        certificate = x509.load_pem_x509_certificate(document["certificate"].encode())
        signature = base64.b64decode(document["signature"], validate=True)
    except FileNotFoundError as problem:
        raise SignatureProblem(f"{run} is not signed: there is no {SIGNATURE}") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise SignatureProblem(f"{run / SIGNATURE} is no signature: {problem}") from problem
    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise SignatureProblem(f"{run / SIGNATURE}: the certificate holds no elliptic-curve key")
    try:
        public.verify(signature, (run / MANIFEST).read_bytes(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as problem:
        raise SignatureProblem(f"{run / MANIFEST} was changed after it was signed, or the signature was") from problem
    return certificate.subject.rfc4514_string()
