"""One attempt on one time axis: decoded, complete at both ends, and unimpressed by what is broken."""

from __future__ import annotations

from pathlib import Path

from harness.iso15118 import messages
from harness.iso15118.v2gtp import frame
from harness.transcript.event import Event, to_line
from reports.decode import decode
from reports.timeline import read, thinned


def written(folder: Path, *events: tuple) -> Path:
    lines = [
        to_line(Event(number, 100.0 + at_s, 0, channel, kind, source, "", data))
        for number, (at_s, channel, kind, source, data) in enumerate(events, 1)
    ]
    (folder / "transcript.jsonl").write_bytes(b"".join(lines))
    return folder


def a_setup_request() -> str:
    content = {"Header": {"SessionID": "00" * 8, "TimeStamp": 1_790_000_000}, "EVCCID": "02AB449C10FE"}
    common = messages.schema("common")
    message = messages.from_json({"SessionSetupReq": content}, common)
    return frame(0x8002, messages.encode(message, common)).hex()


def test_a_v2g_frame_is_told_by_name_and_content_with_its_octets(tmp_path):
    hexed = a_setup_request()
    timeline = read(written(tmp_path, (0, "v2g", "v2g.frame", "vehicle", {"hex": hexed, "session": 1})), decode)
    (entry,) = timeline.entries
    assert entry.title == "SessionSetupReq"
    assert entry.detail["message"]["SessionSetupReq"]["EVCCID"] == "02AB449C10FE"
    assert entry.detail["exi"] == hexed[16:]


def test_a_frame_that_cannot_be_decoded_is_shown_as_octets_with_the_reason(tmp_path):
    timeline = read(
        written(tmp_path, (0, "v2g", "v2g.frame", "vehicle", {"hex": "01fe800200000002ffff", "session": 1})), decode
    )
    (entry,) = timeline.entries
    assert "cannot be decoded" in entry.title
    assert entry.detail["because"]
    assert entry.detail["exi"] == "ffff"


def test_time_begins_with_the_attempt_and_readings_become_curves(tmp_path):
    timeline = read(
        written(
            tmp_path,
            (0, "case", "step", "", {"text": "plug in"}),
            (1.5, "power_analyser", "reading", "power_analyser", {"active_w": 10.0, "frequency_hz": 50.0}),
            (2.5, "power_analyser", "reading", "power_analyser", {"active_w": 20.0, "uncertainty": {"active_w": 1}}),
        ),
        decode,
    )
    assert [entry.title for entry in timeline.entries] == ["plug in"]
    curve = next(curve for curve in timeline.curves if curve.name == "active_w")
    assert curve.points == ((1.5, 10.0), (2.5, 20.0))


def test_frames_that_are_no_ocpp_and_octets_that_are_no_hex_are_text(tmp_path):
    timeline = read(
        written(
            tmp_path,
            (0, "ocpp", "ocpp.frame", "charger", {"text": "[" * 5000}),
            (1, "ocpp", "ocpp.frame", "charger", {"text": '[4,"7","FormationViolation","no",{}]'}),
            (2, "ocpp", "ocpp.frame", "charger", {"text": '{"a":1}'}),
            (3, "novel", "novel.kind", "x", {"what": "ever"}),
        ),
        decode,
    )
    assert [entry.title for entry in timeline.entries] == [
        "a frame that is no OCPP-J",
        "error FormationViolation",
        "a frame that is no OCPP-J",
        "novel.kind",
    ]


def test_a_long_transcript_keeps_its_beginning_and_its_end_and_says_what_is_left_out(tmp_path):
    events = [(number * 0.1, "case", "step", "", {"text": f"step {number}"}) for number in range(5000)]
    timeline = read(written(tmp_path, *events), decode)
    assert timeline.left_out == 5000 - 1600
    assert timeline.entries[0].title == "step 0"
    assert timeline.entries[-1].title == "step 4999"


def test_an_attempt_without_evidence_has_an_empty_timeline(tmp_path):
    assert read(tmp_path, decode).entries == ()


def test_thinning_a_curve_keeps_its_peaks():
    points = [(float(at), 0.0) for at in range(10_000)]
    points[5_123] = (5_123.0, 99.0)
    points[7_001] = (7_001.0, -99.0)
    kept = list(thinned(points))
    assert len(kept) < 700
    assert {(5_123.0, 99.0), (7_001.0, -99.0)} <= set(kept)


def test_a_measured_series_file_is_read_beside_the_transcript(tmp_path):
    (tmp_path / "series.csv").write_text("at_s,channel,pilot_v,active_w\n0,x,12.0,\n1,x,9.0,nan\nbroken,x,1,1\n")
    timeline = read(tmp_path, decode)
    assert [(curve.name, curve.points) for curve in timeline.curves] == [("pilot_v", ((0.0, 12.0), (1.0, 9.0)))]
