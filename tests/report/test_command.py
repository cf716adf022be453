"""What `plugfest report` and `plugfest verify` do on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from test_sign import NOW
from typer.testing import CliRunner

from harness.campaign.signature import self_made
from harness.cli import app


def call(*arguments: object):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def copied(run, made, tmp_path) -> Path:
    shutil.copytree(run, tmp_path / "runs" / "run-1")
    shutil.copytree(made, tmp_path / "runs" / "run-1" / "report")
    return tmp_path / "runs" / "run-1"


def test_a_signed_report_verifies_and_names_its_signer(copied):
    result = call("report", copied, "--sign")
    assert result.exit_code == 0, result.output
    assert (copied / "report" / "report-signed.pdf").is_file()
    verified = call("verify", copied)
    assert (verified.exit_code, "signed by CN=Plugfest laboratory" in verified.output) == (0, True)
    assert [path.name for path in (copied.parent / ".signing").iterdir()] != []  # apart from run and report


def test_a_manifest_that_was_made_to_fit_a_changed_file_is_found_by_its_signature(copied):
    from harness.campaign.evidence import write_manifest

    call("report", copied, "--sign")
    (copied / "evidence" / "b3-00001" / "transcript.jsonl").write_text("")
    write_manifest(copied)
    verified = call("verify", copied)
    assert verified.exit_code == 1
    assert "was changed after it was signed" in verified.output


@pytest.mark.parametrize("octets", [b"", b"[]", b"{}", b"\xff\xfe", b'{"version":1,"files":[{"path":7}]}'])
def test_a_manifest_that_is_none_is_named_and_no_crash(copied, octets):
    (copied / "manifest.json").write_bytes(octets)
    verified = call("verify", copied)
    assert (verified.exit_code, "manifest.json: cannot be read" in verified.output) == (1, True), verified.output


def test_a_signed_pdf_that_was_changed_and_a_stranger_are_found(copied, tmp_path):
    key, certificate = self_made(tmp_path / "lab", "Laboratory", NOW)
    _, stranger = self_made(tmp_path / "other", "Stranger", NOW)
    assert call("report", copied, "--sign", "--key", key, "--certificate", certificate).exit_code == 0
    assert call("verify", copied, "--certificate", certificate).exit_code == 0
    assert "whose certificate is not" in call("verify", copied, "--certificate", stranger).output
    assert "cannot be read" in call("verify", copied, "--certificate", tmp_path / "none.pem").output
    assert "is no certificate" in call("verify", copied, "--certificate", copied / "manifest.json").output
    pdf = copied / "report" / "report-signed.pdf"
    octets = bytearray(pdf.read_bytes())
    octets[len(octets) // 3] ^= 1
    pdf.write_bytes(octets)
    assert "report-signed.pdf: was changed" in call("verify", copied).output


def test_an_unsigned_run_says_so_and_is_a_fault_where_a_signature_is_wanted(copied, tmp_path):
    assert "it is not signed" in call("verify", copied).output
    _, certificate = self_made(tmp_path / "lab", "Laboratory", NOW)
    verified = call("verify", copied, "--certificate", certificate)
    assert (verified.exit_code, "is not signed" in verified.output) == (1, True)


def test_an_rsa_key_of_the_laboratory_signs_too(copied, tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    from harness.campaign.signature import sign_manifest, signer

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "RSA lab")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW).not_valid_after(NOW.replace(year=NOW.year + 1))
    paths = tmp_path / "key.pem", tmp_path / "certificate.pem"
    paths[0].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    paths[1].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    sign_manifest(copied, *paths)
    assert signer(copied) == "CN=RSA lab"


def test_a_private_sheet_for_one_device_lies_apart_from_the_report(copied):
    result = call("report", copied, "--sheet", "car-17", "--anonymise", "public", "--out", copied.parent / "out")
    assert result.exit_code == 0, result.output
    (sheet,) = (copied.parent / "out-sheets").iterdir()
    text = sheet.read_text()
    assert "private sheet of car-17" in text
    assert "You are here" in text
    assert "Autonova" not in text
    assert all("car-17" not in path.read_text() for path in (copied.parent / "out").glob("*.html"))


def test_wrong_requests_are_refused_with_the_way_out(copied, tmp_path):
    for arguments, said in (
        (("report", copied, "--sheet", "car-77"), "did you mean 'car-17'?"),
        (("report", copied, "--key", "k.pem"), "belong together"),
        (("report", copied, "--key", "k.pem", "--certificate", "c.pem"), "are for --sign"),
        (("report", copied, "--sign", "--key", "k.pem", "--certificate", "c.pem"), "k.pem: cannot be read"),
        (("report", tmp_path), "holds no store.sqlite"),
    ):
        result = call(*arguments)
        assert (result.exit_code, said in result.output) == (4, True), result.output


def test_the_overview_counts_as_the_report_does(copied, made):
    result = call("report", copied, "--overview", "--out", copied.parent / "overview")
    assert result.exit_code == 0, result.output
    told = json.loads((copied.parent / "overview" / "overview.json").read_text())
    assert told["total"] == json.loads((made / "report.json").read_text())["total"]


def test_check_complains_and_exits_1(copied):
    (copied / "evidence" / "b3-00003" / "transcript.jsonl").write_text("")
    result = call("report", copied, "--check")
    assert result.exit_code == 1
    assert "check 3: run-1/evidence/b3-00003/transcript.jsonl: changed" in result.output
