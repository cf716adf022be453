"""Discovery without sockets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.iso15118.sdp import Discovery, Responder, SdpRequest, SdpResponse, Security, Unusable, parse

ANSWER = SdpResponse("fe80::1", 50000, Security.NONE)


def test_a_request_without_security_is_the_datagram_that_real_cars_send():
    assert SdpRequest(Security.NONE).encode().hex().upper() == "01FE9000000000021000"


def test_an_answer_survives_its_octets():
    assert parse(ANSWER.encode()) == ANSWER
    assert len(ANSWER.encode()) == 28


def test_a_discovery_asks_again_after_a_quarter_of_a_second_and_fifty_times_at_most():
    run = Discovery(SdpRequest())
    asked = [now_ms for now_ms in range(0, 20_000, 10) if run.due(now_ms / 1000)]
    assert len(asked) == 50
    assert {later - earlier for earlier, later in pairwise(asked)} == {250}
    assert run.exhausted


def test_a_malformed_answer_neither_ends_discovery_nor_costs_an_attempt():
    run = Discovery(SdpRequest())
    run.due(0.0)
    assert run.receive(b"\x01\xfe\x90\x01\x00\x00") is None
    assert run.attempts_left == 49
    assert run.receive(ANSWER.encode()) == ANSWER


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (SdpResponse("fe80::1", 0), "port 0"),
        (SdpResponse("2001:db8::1", 50000), "link-local"),
        (SdpResponse("ff02::1", 50000), "link-local"),
        (SdpResponse("::1", 50000), "link-local"),
        (SdpResponse("fe80::1", 50000, Security.NONE, 0x10), "transport"),
    ],
)
def test_an_unusable_answer_is_kept_with_its_reason(answer, reason):
    run = Discovery(SdpRequest())
    assert run.receive(answer.encode()) is None
    assert reason in run.ignored[0].reason


def test_a_vehicle_that_asked_for_tls_does_not_follow_a_downgrade():
    run = Discovery(SdpRequest(Security.TLS))
    assert run.receive(ANSWER.encode()) is None
    assert "TLS" in run.ignored[0].reason


def test_a_second_answer_with_another_endpoint_is_reported():
    run = Discovery(SdpRequest())
    run.receive(ANSWER.encode())
    run.receive(SdpResponse("fe80::2", 50001).encode())
    assert run.answer == ANSWER
    assert "second" in run.ignored[0].reason


@pytest.mark.parametrize(
    ("asked", "tls_port", "required", "offered"),
    [
        (Security.TLS, 50001, False, Security.TLS),
        (Security.TLS, None, False, Security.NONE),
        (Security.NONE, 50001, False, Security.NONE),
        (Security.NONE, 50001, True, Security.TLS),
    ],
)
def test_a_charger_answers_with_the_security_that_it_and_the_vehicle_can_have(asked, tls_port, required, offered):
    answer = Responder("fe80::1", 50000, tls_port, required).answer(SdpRequest(asked).encode())
    assert answer is not None
    assert answer.security == offered
    assert answer.port == (50001 if offered is Security.TLS else 50000)


@pytest.mark.parametrize("datagram", [b"", ANSWER.encode(), SdpRequest(0x55).encode(), SdpRequest(0, 0x10).encode()])
def test_a_charger_ignores_what_it_must_not_answer(datagram):
    assert Responder("fe80::1", 50000).answer(datagram) is None


@given(st.binary(max_size=64))
def test_no_datagram_makes_either_side_raise(datagram):
    read = parse(datagram)
    assert isinstance(read, Unusable | SdpRequest | SdpResponse)
    Discovery(SdpRequest()).receive(datagram)
    Responder("fe80::1", 50000).answer(datagram)
