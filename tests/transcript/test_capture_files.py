"""Reading capture files: every dialect gives the same packets, broken ones give what is whole and a note."""

import gzip
import struct

import pytest

from harness.transcript.capture import blocks
from harness.transcript.capture.files import CaptureError, read_file
from harness.transcript.capture.reader import read_capture
from tests.transcript.wires import LINKS, SAP_ANSWER, SAP_REQUEST, START_NS, Talk, pcap, pcapng

PACKETS = Talk().open().say(SAP_REQUEST).reply(SAP_ANSWER).close().packets


def _block(order, kind, body):
    size = len(body) + 12
    return struct.pack(order + "2I", kind, size) + body + struct.pack(order + "I", size)


@pytest.mark.parametrize("magic", ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d"])
def test_every_pcap_dialect_gives_the_same_packets(tmp_path, magic):
    read = read_file(pcap(tmp_path / "a.pcap", PACKETS, bytes.fromhex(magic)))
    assert [packet.data for packet in read.packets] == PACKETS
    assert [packet.time_ns for packet in read.packets[:2]] == [START_NS, START_NS + 1_000_000]


def test_a_pcapng_and_its_gzip_read_alike(tmp_path):
    plain = pcapng(tmp_path / "a.pcapng", PACKETS)
    packed = tmp_path / "a.pcapng.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_file(plain).packets == read_file(packed).packets
    assert [packet.data for packet in read_file(plain).packets] == PACKETS


def test_several_sections_of_different_octet_order_are_read_one_after_the_other(tmp_path):
    first = pcapng(tmp_path / "a.pcapng", PACKETS[:2]).read_bytes()
    section = b"\x0a\x0d\x0d\x0a" + struct.pack(">IIHHqI", 28, 0x1A2B3C4D, 1, 0, -1, 28)
    interface = _block(">", 1, struct.pack(">2HI", 1, 0, 0) + struct.pack(">2HB3x", 9, 1, 0x8A))  # 1/1024 s ticks
    data = PACKETS[2]
    enhanced = _block(">", 6, struct.pack(">5I", 0, 0, 2048, len(data), len(data)) + data + bytes(-len(data) % 4))
    path = tmp_path / "b.pcapng"
    path.write_bytes(first + section + interface + enhanced)
    packets = read_file(path).packets
    assert [packet.data for packet in packets] == PACKETS[:3]
    assert packets[2].time_ns == 2_000_000_000


def test_simple_and_obsolete_packet_blocks_and_time_offset_are_read(tmp_path):
    data = PACKETS[0]
    padded = data + bytes(-len(data) % 4)
    options = struct.pack("<2Hq", 14, 8, 100) + bytes(4)
    interface = _block("<", 1, struct.pack("<2HI", 1, 0, 0) + options)
    old = _block("<", 2, struct.pack("<2H4I", 0, 0, 0, 5_000_000, len(data), len(data)) + padded)
    simple = _block("<", 3, struct.pack("<I", len(data)) + padded)
    path = tmp_path / "a.pcapng"
    path.write_bytes(blocks.section("test") + interface + old + simple)
    packets = read_file(path).packets
    assert [(packet.data, packet.time_ns) for packet in packets] == [(data, 105_000_000_000), (data, 0)]


def test_embedded_secrets_of_all_blocks_are_gathered(tmp_path):
    path = pcapng(tmp_path / "a.pcapng", PACKETS, key_log="CLIENT_RANDOM 00 11\n")
    assert read_file(path).key_log.strip() == "CLIENT_RANDOM 00 11"


@pytest.mark.parametrize("writer", [pcap, pcapng])
def test_a_file_cut_inside_a_packet_gives_the_packets_before_and_a_note(tmp_path, writer):
    path = writer(tmp_path / "a", PACKETS)
    path.write_bytes(path.read_bytes()[:-20])
    read = read_file(path)
    assert [packet.data for packet in read.packets] == PACKETS[:-1]
    assert len(read.notes) == 1


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x1f\x8bnot really", b"\xd4\xc3\xb2\xa1\0\0"])
def test_what_is_no_capture_is_refused(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(CaptureError):
        read_file(path)


@pytest.mark.parametrize("position", range(28, 400, 13))
def test_damage_anywhere_never_crashes_the_reader(tmp_path, position):
    path = pcapng(tmp_path / "a.pcapng", PACKETS)
    raw = bytearray(path.read_bytes())
    raw[position] ^= 0xFF
    path.write_bytes(raw)
    assert len(read_capture(path).events) <= 20


@pytest.mark.parametrize("link", sorted(LINKS))
def test_every_link_type_gives_the_same_session(tmp_path, link):
    packets = Talk(link=link).open().say(SAP_REQUEST).reply(SAP_ANSWER).close().packets
    events = read_capture(pcapng(tmp_path / "a.pcapng", packets, link)).events
    found = [(event.source, event.data["hex"]) for event in events if event.kind == "v2g.frame"]
    assert found == [("vehicle", SAP_REQUEST.hex()), ("charger", SAP_ANSWER.hex())]
