"""Frames out of octets, however the octets were cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.iso15118.v2gtp import HEADER_LENGTH, Frame, FrameParser, Malformed, PayloadType, frame

GOOD = frame(PayloadType.COMMON, b"\x80\x10\x04")


def test_a_frame_is_its_header_and_its_payload():
    assert frame(PayloadType.DC, b"\x80\x01").hex() == "01fe8004" + "00000002" + "8001"


def test_a_frame_that_comes_octet_by_octet_is_whole_at_its_last_octet():
    parser = FrameParser()
    found = [one for octet in GOOD[:-1] for one in parser.feed(bytes([octet]))]
    assert found == []
    assert parser.pending == len(GOOD) - 1
    assert list(parser.feed(GOOD[-1:])) == [Frame(PayloadType.COMMON, b"\x80\x10\x04", GOOD)]


def test_three_frames_in_one_piece_are_three_frames():
    assert len(list(FrameParser().feed(GOOD * 3))) == 3


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\xff" + GOOD[1:], "version"),
        (b"\x01\xff" + GOOD[2:], "inverse version"),
        (frame(0x7000, b"\x80"), "payload type"),
        (frame(0xA000, b"\x80"), "payload type"),
        (frame(PayloadType.SDP_REQUEST, b"\x10\x00"), "payload type"),
        (frame(PayloadType.COMMON, b""), "no payload"),
    ],
)
def test_a_malformed_frame_is_reported_and_the_next_one_is_read(octets, reason):
    bad, good = FrameParser().feed(octets + GOOD)
    assert isinstance(bad, Malformed)
    assert not bad.fatal
    assert reason in bad.reason
    assert bad.octets == octets
    assert isinstance(good, Frame)


def test_a_length_of_four_gibibytes_breaks_the_stream_and_holds_no_memory():
    parser = FrameParser()
    (broken,) = parser.feed(b"\x01\xfe\x80\x02\xff\xff\xff\xff" + bytes(1000))
    assert isinstance(broken, Malformed)
    assert broken.fatal
    assert list(parser.feed(GOOD)) == []
    assert parser.pending == 0


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 9))
def test_any_cut_gives_the_same_frames(payloads, cut):
    octets = b"".join(frame(PayloadType.DC, payload) for payload in payloads)
    parser = FrameParser()
    pieces = (octets[start : start + cut] for start in range(0, len(octets), cut))
    found = [one for piece in pieces for one in parser.feed(piece)]
    assert [one.payload for one in found if isinstance(one, Frame)] == payloads


@given(st.binary(max_size=200))
def test_no_octets_make_the_parser_raise(octets):
    for one in FrameParser().feed(octets):
        assert len(one.octets) >= HEADER_LENGTH
