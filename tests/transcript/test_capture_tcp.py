"""TCP as captures show it: any order, twice, in pieces, with holes, on reused ports; and the layers below."""

import random
import struct

import pytest

from harness.transcript.capture.packets import RST
from harness.transcript.capture.reader import read_capture
from tests.transcript.wires import EV, SAP_ANSWER, SAP_REQUEST, SE, Talk, ethernet, frame, ipv4, ipv6, pcapng, tcp

LONG = [frame(bytes([index]) * 60) for index in range(1, 9)]


def _frames(path):
    events = read_capture(path).events
    return [(event.source, bytes.fromhex(event.data["hex"])) for event in events if event.kind == "v2g.frame"]


def _links(path, what):
    return [event for event in read_capture(path).events if event.kind == "v2g.link" and event.data["what"] == what]


def test_frames_split_over_many_segments_and_several_in_one_are_found(tmp_path):
    talk = Talk().open().say(SAP_REQUEST, 1).reply(SAP_ANSWER).say(b"".join(LONG))
    assert _frames(pcapng(tmp_path / "a", talk.packets)) == [
        ("vehicle", SAP_REQUEST),
        ("charger", SAP_ANSWER),
        *(("vehicle", one) for one in LONG),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_reordered_and_repeated_segments_give_the_same_frames(tmp_path, seed):
    talk = Talk().open().say(SAP_REQUEST).reply(SAP_ANSWER).say(b"".join(LONG), 37)
    body = talk.packets[3:]
    mixed = body + body[::3]
    random.Random(seed).shuffle(mixed)
    frames = _frames(pcapng(tmp_path / "a", talk.packets[:3] + mixed))
    assert [one for source, one in frames if source == "vehicle"] == [SAP_REQUEST, *LONG]


def test_an_overlapping_retransmission_adds_only_what_is_new(tmp_path):
    talk = Talk().open().say(SAP_REQUEST[:20])
    before = talk.number[0]
    talk.number[0] -= 10
    talk.say(SAP_REQUEST[10:])
    assert talk.number[0] > before
    assert _frames(pcapng(tmp_path / "a", talk.packets)) == [("vehicle", SAP_REQUEST)]


def test_a_frame_completed_by_a_retransmission_has_the_time_of_completion(tmp_path):
    talk = Talk().open().say(SAP_REQUEST, 20)
    lost = talk.packets.pop(3)
    talk.reply(b"").packets.append(lost)
    frame_event = next(
        event for event in read_capture(pcapng(tmp_path / "a", talk.packets)).events if "hex" in event.data
    )
    assert frame_event.data["packet"] == len(talk.packets)


def test_a_lost_segment_is_reported_as_a_gap_and_the_session_goes_on(tmp_path):
    talk = Talk().open().say(SAP_REQUEST).reply(SAP_ANSWER)
    for one in LONG:
        talk.say(one)
    del talk.packets[7]
    path = pcapng(tmp_path / "a", talk.packets)
    assert [one for source, one in _frames(path) if source == "vehicle"] == [SAP_REQUEST, *LONG[:2], *LONG[3:]]
    assert [event.data["octets"] for event in _links(path, "gap")] == [68]


def test_a_capture_that_began_too_late_still_knows_the_vehicle(tmp_path):
    talk = Talk().open().say(SAP_REQUEST).reply(SAP_ANSWER)
    path = pcapng(tmp_path / "a", talk.packets[3:])
    assert [source for source, _ in _frames(path)] == ["vehicle", "charger"]
    assert _links(path, "connected")[0].data["handshake_seen"] is False


def test_reused_ports_are_two_sessions(tmp_path):
    first = Talk().open().say(SAP_REQUEST).close()
    second = Talk(number=[9000, 8000]).open().say(SAP_REQUEST).reply(SAP_ANSWER)
    path = pcapng(tmp_path / "a", first.packets + second.packets)
    sessions = [event.data["session"] for event in read_capture(path).events if event.kind == "v2g.frame"]
    assert sessions == [1, 2, 2]


def test_interleaved_connections_are_kept_apart_and_foreign_ones_left_out(tmp_path):
    one = Talk((50001, 55118)).open().say(SAP_REQUEST).reply(SAP_ANSWER)
    two = Talk((50002, 55119)).open().say(SAP_REQUEST).reply(SAP_ANSWER)
    web = Talk((50003, 80)).open().say(b"GET / HTTP/1.1\r\n\r\n").reply(b"HTTP/1.1 200 OK\r\n\r\n")
    mixed = [packet for three in zip(one.packets, two.packets, web.packets, strict=True) for packet in three]
    assert len(_links(pcapng(tmp_path / "a", mixed), "connected")) == 2
    assert len(_frames(pcapng(tmp_path / "a", mixed))) == 4


def test_who_closes_and_how_is_told(tmp_path):
    talk = Talk().open().say(SAP_REQUEST)
    talk._add(1, RST)
    closing = _links(pcapng(tmp_path / "a", talk.packets), "closed")
    assert [(event.source, event.data["how"]) for event in closing] == [("charger", "reset")]


def test_vlan_tags_extension_headers_and_ipv4_are_looked_through(tmp_path):
    syn, data = tcp(50001, 55118, 9, 2), tcp(50001, 55118, 10, 16, SAP_REQUEST)
    hop_by_hop = bytes([6, 0]) + bytes(6)
    packets = [
        ethernet(ipv6(syn), tags=struct.pack(">HH", 0x8100, 5)),
        ethernet(ipv6(data, protocol=0, before=hop_by_hop), tags=struct.pack(">4H", 0x88A8, 5, 0x8100, 6)),
        ethernet(ipv4(tcp(1024, 15118, 4, 2)), 0x0800),
        ethernet(ipv4(tcp(1024, 15118, 5, 16, SAP_REQUEST)), 0x0800),
    ]
    assert _frames(pcapng(tmp_path / "a", packets)) == [("vehicle", SAP_REQUEST)] * 2


def test_fragments_are_reported_not_guessed(tmp_path):
    fragment = struct.pack(">BBHI", 6, 0, 1, 42)
    packets = [
        ethernet(ipv6(tcp(50001, 55118, 9, 2), protocol=44, before=fragment)),
        ethernet(ipv4(tcp(1, 2, 3, 2), fragment=0x2000), 0x0800),
    ]
    notes = read_capture(pcapng(tmp_path / "a", packets)).notes
    assert [("IPv6 fragment" in note, "IPv4 fragment" in note) for note in notes] == [(True, False), (False, True)]


def test_discovery_datagrams_are_told_with_their_ends(tmp_path):
    ask, answer = (
        bytes.fromhex("01fe9000000000021000"),
        bytes.fromhex("01fe900100000014") + SE.packed + b"\xd7\x4e\x10\0",
    )
    udp = lambda source, target, data: struct.pack(">4H", source, target, 8 + len(data), 0) + data  # noqa: E731
    packets = [
        ethernet(ipv6(udp(40000, 15118, ask), 17)),
        ethernet(ipv6(udp(15118, 40000, answer), 17, SE, EV)),
        ethernet(ipv6(udp(15118, 40000, b"hello"), 17, SE, EV)),
    ]
    events = read_capture(pcapng(tmp_path / "a", packets)).events
    assert [(event.kind, event.source) for event in events] == [("v2g.sdp", "vehicle"), ("v2g.sdp", "charger")]
    assert events[1].data["port"] == 0xD74E


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\x80\x01\0\0\0\x02\x80\0", b"\x01\xfe\x80", b"garbage" * 3])
def test_what_is_no_frame_is_told_and_the_next_frame_is_found(tmp_path, rubbish):
    path = pcapng(tmp_path / "a", Talk().open().say(SAP_REQUEST).say(rubbish).packets)
    told = [
        event.data["hex"]
        for event in read_capture(path).events
        if event.kind in ("v2g.frame", "v2g.link") and "hex" in event.data
    ]
    assert told == [SAP_REQUEST.hex(), rubbish.hex()]
