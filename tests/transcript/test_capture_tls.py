"""TLS taken off with a key log: real sessions of the ssl module, opened again from their packets."""

import ssl

import pytest

from harness.transcript.capture.ciphers import SUITES_13, Protection13, expand_label
from harness.transcript.capture.keylog import KeyLog
from harness.transcript.capture.reader import read_capture
from harness.transcript.capture.tls import Opened, Record, _Direction
from tests.transcript.wires import SAP_ANSWER, SAP_REQUEST, TlsTalk, frame, pcapng

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
SUITES = [
    (TLS13, ""),  # OpenSSL's choice; the others are sealed by hand below
    (TLS12, "ECDHE-ECDSA-AES128-SHA256"),
    (TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (TLS12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
]


def _talk(folder, version=TLS13, suite=""):
    return TlsTalk(folder, suite, version).say(SAP_REQUEST).reply(SAP_ANSWER).say(frame(bytes(40)))


def _frames(capture):
    return [(event.source, bytes.fromhex(event.data["hex"])) for event in capture.events if event.kind == "v2g.frame"]


EXPECTED = [("vehicle", SAP_REQUEST), ("charger", SAP_ANSWER), ("vehicle", frame(bytes(40)))]


@pytest.mark.parametrize(("version", "suite"), SUITES, ids=lambda value: str(value))
def test_a_session_opens_with_its_key_log(tmp_path, version, suite):
    talk = _talk(tmp_path, version, suite)
    assert _frames(read_capture(pcapng(tmp_path / "a", talk.talk.packets), talk.log)) == EXPECTED


def test_a_session_opens_with_secrets_inside_the_capture(tmp_path):
    talk = _talk(tmp_path)
    path = pcapng(tmp_path / "a", talk.talk.packets, key_log=talk.log.read_text())
    assert _frames(read_capture(path)) == EXPECTED


def test_a_key_log_without_handshake_secrets_still_opens_the_session(tmp_path):
    talk = _talk(tmp_path)
    lines = [line for line in talk.log.read_text().splitlines() if "HANDSHAKE" not in line]
    talk.log.write_text("\n".join(lines))
    assert _frames(read_capture(pcapng(tmp_path / "a", talk.talk.packets), talk.log)) == EXPECTED


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_the_handshake_tells_version_suite_groups_and_both_chains(tmp_path, version):
    talk = _talk(tmp_path, version)
    events = read_capture(pcapng(tmp_path / "a", talk.talk.packets), talk.log).events
    told = next(event.data for event in events if event.data.get("what") == "tls")
    assert told["version"] == {TLS12: "TLS 1.2", TLS13: "TLS 1.3"}[version]
    assert told["certificate_requested"] is True
    assert [one["common_name"] for one in told["server_chain"]] == ["secc"]
    assert [(one["common_name"], one["domain"], one["key"]) for one in told["client_chain"]] == [
        ("vehicle", "CPO", "secp256r1")
    ]
    assert told["suite"].startswith("TLS_")
    assert told["group"] in told["client_groups"] or told["group"].startswith("0x")
    assert "problem" not in told


def test_without_keys_an_announced_session_is_told_as_closed_to_us(tmp_path):
    talk = _talk(tmp_path)
    answer = bytes.fromhex("01fe900100000014") + bytes(16) + (55118).to_bytes(2, "big") + b"\x00\x00"
    from tests.transcript.wires import EV, SE, ethernet, ipv6

    datagram = (15118).to_bytes(2, "big") + (40000).to_bytes(2, "big") + (8 + len(answer)).to_bytes(2, "big") + b"\0\0"
    packets = [ethernet(ipv6(datagram + answer, 17, SE, EV)), *talk.talk.packets]
    capture = read_capture(pcapng(tmp_path / "a", packets))
    told = next(event.data for event in capture.events if event.data.get("what") == "tls")
    assert _frames(capture) == []
    assert "no key for client random" in told["problem"]
    assert told["version"] == "TLS 1.3"


def test_a_wrong_key_gives_no_frames_and_says_so(tmp_path):
    talk = _talk(tmp_path)
    talk.log.write_text(
        "\n".join(
            " ".join(line.split()[:2] + ["ab" * 48]) for line in talk.log.read_text().splitlines() if line[0] != "#"
        )
    )
    assert _frames(read_capture(pcapng(tmp_path / "a", talk.talk.packets), talk.log)) == []


def test_a_lost_record_costs_only_its_own_frame(tmp_path):
    talk = _talk(tmp_path)
    here = len(talk.talk.packets)
    talk.say(frame(b"lost" * 5)).say(frame(b"kept" * 5))
    del talk.talk.packets[here]
    capture = read_capture(pcapng(tmp_path / "a", talk.talk.packets), talk.log)
    assert _frames(capture) == [*EXPECTED, ("vehicle", frame(b"kept" * 5))]
    assert any(event.data.get("what") == "gap" for event in capture.events)


def _seal(protection, sequence, kind, plain):
    suite, algorithm = protection.suite, protection.suite.hash()
    inner = plain + bytes([kind])
    header = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
    iv = expand_label(protection.secret, "iv", 12, algorithm)
    nonce = bytes(a ^ b for a, b in zip(iv, sequence.to_bytes(12, "big"), strict=True))
    aead = suite.aead(expand_label(protection.secret, "key", suite.key_length, algorithm))
    return Record(0, 1, header, aead.encrypt(nonce, inner, header), 0)


@pytest.mark.parametrize("number", [0x1301, 0x1302, 0x1303])
def test_records_of_every_suite_open_and_after_a_key_update_with_the_next_key(number):
    suite = SUITES_13[number]
    key = Protection13(suite, b"\x11" * suite.hash().digest_size)
    opened = Opened()
    opened.handshake.version = 0x0304
    update = bytes([24, 0, 0, 1, 0])
    sealed = [_seal(key, 0, 23, b"before"), _seal(key, 1, 22, update), _seal(key.updated(), 0, 23, SAP_REQUEST)]
    _Direction(opened, True, [key]).read(sealed)
    assert [chunk.data for chunk in opened.client] == [b"before", SAP_REQUEST]


def test_lines_that_are_no_secrets_are_passed_over():
    log = KeyLog.parse("# comment\nCLIENT_RANDOM zz 00\nCLIENT_RANDOM 0a 0b\nNONSENSE 0a 0b\nCLIENT_RANDOM 0a")
    assert log.secrets == {b"\x0a": {"CLIENT_RANDOM": b"\x0b"}}
