"""Evidence as pcapng: what is written reads back alike, and the checksums are right."""

import struct

from harness.transcript.capture.files import read_file
from harness.transcript.capture.packets import Segment, dissect
from harness.transcript.capture.reader import read_capture
from harness.transcript.capture.writer import checksum, write_capture
from harness.transcript.event import Event
from tests.transcript.wires import SAP_ANSWER, SAP_REQUEST, frame


def _event(number, kind, source, **data):
    return Event(number, number * 0.1, 1_700_000_000_000_000 + number * 100_000, "v2g", kind, source, "", data)


EVENTS = [
    _event(1, "v2g.sdp", "vehicle", hex="01fe9000000000021000"),
    _event(2, "v2g.sdp", "charger", hex="01fe900100000014" + "00" * 18 + "1000"),
    _event(3, "v2g.link", "vehicle", session=4, what="connected", vehicle="[fe80::7]:49999", charger="[fe80::8]:61000"),
    _event(4, "v2g.link", "vehicle", session=4, what="tls", version="TLS 1.3"),
    _event(5, "v2g.frame", "vehicle", session=4, hex=SAP_REQUEST.hex()),
    _event(6, "v2g.frame", "charger", session=4, hex=SAP_ANSWER.hex()),
    _event(7, "v2g.frame", "charger", session=9, hex=frame(bytes(4001)).hex()),
    _event(8, "v2g.link", "vehicle", session=4, what="closed", by="vehicle", how="fin"),
    _event(9, "ocpp.frame", "csms", text="[]"),
]


def test_what_is_written_reads_back_with_times_and_sides(tmp_path):
    path = tmp_path / "a.pcapng"
    count = write_capture(path, EVENTS, "CLIENT_RANDOM 00 11\n")
    read = read_capture(path)
    assert count == len(read_file(path).packets)
    assert [(e.kind, e.source, e.data["hex"], e.utc_us) for e in read.events if "hex" in e.data] == [
        (e.kind, e.source, e.data["hex"], e.utc_us) for e in EVENTS if "hex" in e.data
    ]
    closed = [event for event in read.events if event.data.get("what") == "closed"]
    assert [(event.source, event.utc_us) for event in closed] == [("vehicle", EVENTS[7].utc_us)]


def test_addresses_of_the_connection_are_kept(tmp_path):
    path = tmp_path / "a.pcapng"
    write_capture(path, EVENTS)
    told = next(event.data for event in read_capture(path).events if event.data.get("what") == "connected")
    assert (told["vehicle"], told["charger"]) == ("[fe80::7]:49999", "[fe80::8]:61000")


def test_every_checksum_is_right(tmp_path):
    path = tmp_path / "a.pcapng"
    write_capture(path, EVENTS)
    packets = read_file(path).packets
    for packet in packets:
        network = packet.data[14:]
        body = network[40:]
        pseudo = network[8:40] + struct.pack(">2I", len(body), network[6])
        assert checksum(pseudo + body) == 0
    assert any(isinstance(dissect(packet), Segment) for packet in packets)


def test_events_of_other_channels_write_nothing(tmp_path):
    assert write_capture(tmp_path / "a.pcapng", EVENTS[-1:]) == 0
