"""Signed meter values: what is accepted, what is noticed, and that octets are signed as they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.ocmf import OcmfError, faults, parse

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
IMPORT, EXPORT = "01-00:B2.08.00*FF", "01-00:C2.08.00*FF"


def signed(page: int, readings: list[dict[str, Any]], **more: Any) -> str:
    payload = json.dumps({"FV": "1.4", "PG": f"T{page}", "MS": "4711", "RD": readings, **more})
    signature = KEY.sign(payload.encode(), ec.ECDSA(hashes.SHA256())).hex()
    return f"OCMF|{payload}|" + json.dumps({"SD": signature})


def reading(mark: str, value: str, obis: str = IMPORT, clock: str = "S", **more: Any) -> dict[str, Any]:
    time = f"2026-07-24T13:22:04,000+0200 {clock}"
    return {"TM": time, "TX": mark, "RV": value, "RI": obis, "RU": "kWh", "ST": "G", **more}


def session() -> list[str]:
    begin = [reading("B", "100.00"), {"RV": "50.00", "RI": EXPORT}]
    end = [reading("E", "102.50"), {"RV": "57.10", "RI": EXPORT}]
    return [signed(1, begin), signed(2, end)]


def test_a_whole_v2g_session_is_without_fault_and_verifies():
    records = [parse(text) for text in session()]
    assert faults(records) == []
    assert all(record.verify(PUBLIC) for record in records)
    assert records[0].readings[1].time == records[0].readings[0].time
    assert records[0].readings[0].text == "100.00"


def test_energies_of_both_directions_are_told_apart():
    record = parse(
        signed(1, [reading("B", "1"), reading("E", "3.5"), reading("B", "9", EXPORT), reading("E", "9.25", EXPORT)])
    )
    assert record.energy_wh("import") == pytest.approx(2500.0)
    assert record.energy_wh("export") == pytest.approx(250.0)


def test_an_altered_or_reserialised_payload_no_longer_verifies():
    text = session()[0]
    assert not parse(text.replace("100.00", "101.00")).verify(PUBLIC)
    _, payload, signature = text.split("|")
    again = json.dumps(json.loads(payload), separators=(",", ":"))
    assert not parse(f"OCMF|{again}|{signature}").verify(PUBLIC)


def test_another_key_does_not_verify_and_one_on_another_curve_is_refused():
    record = parse(session()[0])
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert not record.verify(other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    wrong = ec.generate_private_key(ec.SECP384R1()).public_key()
    with pytest.raises(OcmfError, match="secp256r1"):
        record.verify(wrong.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ([signed(1, [reading("C", "1"), reading("E", "2")])], "no begin"),
        ([signed(1, [reading("B", "1"), reading("C", "2")])], "no end"),
        ([signed(1, [reading("B", "1")]), signed(3, [reading("E", "2")])], "jumps from T1 to T3"),
        ([signed(1, [reading("B", "1", clock="I"), reading("E", "2")])], "not synchronised"),
        ([signed(1, [reading("B", "1"), reading("E", "2", ST="M")])], "not good"),
        ([signed(1, [reading("B", "5", EXPORT), reading("E", "4", EXPORT)])], "export register falls"),
        ([signed(1, [reading("B", "1"), reading("E", "2")])], "no export register"),
    ],
)
def test_what_is_wrong_with_a_transaction_is_said(texts: list[str], fault: str):
    assert any(fault in found for found in faults([parse(text) for text in texts]))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("OCMF|{}", "expected OCMF"),
        ("OCMF|{x|{}", "not JSON"),
        ('OCMF|{}|{"SD": "zz"}', "not hex"),
        ('OCMF|{}|{"SA": "RSA", "SD": "00"}', "is not one of"),
        ('OCMF|{"RD": [{"RV": 1, "RU": "Ws"}]}|{"SD": "00"}', "unit RU"),
        ('OCMF|{"RD": [{"RU": "kWh"}]}|{"SD": "00"}', "RV is missing"),
    ],
)
def test_what_is_not_ocmf_is_refused_with_the_reason(text: str, complaint: str):
    with pytest.raises(OcmfError, match=complaint):
        parse(text)
