"""Signatures say who answers for it, and break when one octet changes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from harness.campaign.evidence import verify
from harness.campaign.signature import SignatureProblem, self_made, sign_manifest, signer
from reports.sign import sign_pdf, verify_pdf

NOW = datetime.now(UTC)


def der(certificate) -> bytes:
    return x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return self_made(tmp_path_factory.mktemp("identity"), "Interoperability laboratory", NOW)


@pytest.fixture
def signed(run, identity, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    sign_manifest(tmp_path / "run", *identity)
    return tmp_path / "run"


def test_a_signed_run_names_its_signer_and_still_verifies(signed):
    assert signer(signed) == "CN=Interoperability laboratory"
    assert verify(signed) == []


def test_a_changed_manifest_breaks_the_signature(signed):
    manifest = signed / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"version"', b'"Version"'))
    with pytest.raises(SignatureProblem, match="was changed after it was signed"):
        signer(signed)


def test_a_run_without_signature_and_a_broken_one_are_told_apart(run, signed):
    with pytest.raises(SignatureProblem, match="is not signed"):
        signer(run)
    (signed / "manifest.signature.json").write_text("{}")
    with pytest.raises(SignatureProblem, match="is no signature"):
        signer(signed)


def test_a_certificate_of_another_key_cannot_sign(signed, identity, tmp_path):
    _, other = self_made(tmp_path / "other", "Somebody", NOW)
    with pytest.raises(SignatureProblem, match="does not belong"):
        sign_manifest(signed, identity[0], other)


def test_the_key_is_the_owners_alone_and_is_not_made_twice(identity):
    assert identity[0].stat().st_mode & 0o777 == 0o600
    before = identity[0].read_bytes()
    assert self_made(identity[0].parent, "Another", NOW) == identity
    assert identity[0].read_bytes() == before


def test_a_signed_pdf_is_valid_and_any_change_breaks_it(made, identity, tmp_path):
    path = sign_pdf(made / "report.pdf", tmp_path / "signed.pdf", *identity)
    assert verify_pdf(path, der(identity[1]))
    assert path.read_bytes().startswith((made / "report.pdf").read_bytes())
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 3] ^= 1
    path.write_bytes(octets)
    assert not verify_pdf(path, der(identity[1]))


def test_an_unsigned_pdf_is_not_valid_and_a_strangers_certificate_is_not_trusted(made, identity, tmp_path):
    assert not verify_pdf(made / "report.pdf", der(identity[1]))
    path = sign_pdf(made / "report.pdf", tmp_path / "signed.pdf", *identity)
    _, stranger = self_made(tmp_path / "stranger", "Stranger", NOW)
    assert not verify_pdf(path, der(stranger))
