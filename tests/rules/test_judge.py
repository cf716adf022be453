"""`judge` end to end: stories written as captures, read, decoded and judged again."""

import json

import pytest
from typer.testing import CliRunner

from harness.iso15118 import messages
from harness.judge_cli import command, judge_capture
from harness.transcript.capture.writer import write_capture
from harness.transcript.decoding import sessions
from harness.transcript.event import Event, to_line
from tests.rules import stories
from tests.rules.stories import dc_bpt_dynamic, dc_scheduled

SETS = {0x8001: "sap", 0x8002: "common", 0x8003: "ac", 0x8004: "dc"}


def events_of(story, session=1, first=1):
    """A story's session as transcript events, its messages encoded."""
    told = story.session()
    found = [
        Event(first + index, one.at_s, one.utc_us, "v2g", one.kind, one.source, "", {**one.data, "session": session})
        for index, one in enumerate((*told.discovery, *told.links[:2]))
    ]
    for one in told.messages:
        payload = messages.encode(one.content, SETS[one.payload_type])
        raw = bytes.fromhex("01fe") + one.payload_type.to_bytes(2, "big") + len(payload).to_bytes(4, "big") + payload
        data = {"session": session, "hex": raw.hex()}
        found.append(Event(first + len(found), one.at_s, one.utc_us, "v2g", "v2g.frame", one.side, "", data))
    for one in told.links[2:]:
        data = {**one.data, "session": session}
        found.append(Event(first + len(found), one.at_s, one.utc_us, "v2g", one.kind, one.source, "", data))
    return found


def failures(judged):
    return [
        (one["rule"], one["side"], one["message"])
        for session in judged["sessions"]
        for one in session["findings"]
        if one["severity"] == "fail"
    ]


@pytest.mark.parametrize("story", stories.CLEAN, ids=lambda one: one.__name__)
def test_a_clean_story_reads_back_from_a_capture_without_a_failure(tmp_path, story):
    path = tmp_path / "a.pcapng"
    write_capture(path, events_of(story()))
    judged = judge_capture(path)
    told = story().session()
    assert [(one["protocol"], one["messages"]) for one in judged["sessions"]] == [("iso15118-20", len(told.messages))]
    if not story().before:  # the session before the pause is not in this capture
        assert failures(judged) == []


def test_a_transcript_with_its_tls_facts_is_clean_to_the_last_warning(tmp_path):
    path = tmp_path / "transcript.jsonl"
    path.write_bytes(b"".join(to_line(event) for event in events_of(dc_bpt_dynamic())))
    assert judge_capture(path)["sessions"][0]["findings"] == []
    assert judge_capture(tmp_path)["sessions"][0]["verdict"] == "pass"


def test_two_sessions_of_one_transcript_know_each_other(tmp_path):
    first = events_of(dc_scheduled())
    second = events_of(dc_scheduled(), session=2, first=1000)
    judged = [len(one.earlier) for one in sessions([*first, *second])]
    assert judged == [0, 1]


def test_the_findings_name_rule_side_and_message(tmp_path):
    path = tmp_path / "a.pcapng"
    story = dc_scheduled().drop("DC_PreChargeReq", "DC_PreChargeRes", nth=2)
    write_capture(path, events_of(story))
    ordinal = [line.name for line in story.lines].index("PowerDeliveryReq") + 1
    assert failures(judge_capture(path)) == [
        ("iso15118-20/order-pre-charge-ongoing", "vehicle", ordinal),
        ("iso15118-20/wrong-order-is-refused", "charger", ordinal + 1),
    ]


def test_the_json_has_exactly_the_promised_keys(tmp_path):
    path = tmp_path / "a.pcapng"
    write_capture(path, events_of(dc_scheduled().fail("ServiceSelectionRes", "FAILED_SequenceError")))
    result = CliRunner().invoke(_application(), [str(path), "--json"])
    judged = json.loads(result.stdout)
    assert result.exit_code == 1
    assert set(judged) == {"sessions"}
    session = judged["sessions"][0]
    assert set(session) == {"protocol", "verdict", "messages", "findings"}
    assert session["verdict"] == "fail"
    for finding in session["findings"]:
        assert set(finding) == {"rule", "requirement", "severity", "side", "message", "reason"}
        assert finding["side"] in ("vehicle", "charger", "unknown")
        assert finding["severity"] in ("fail", "warn")
        assert isinstance(finding["message"], int)


def test_a_negotiation_that_chose_what_was_not_offered_is_judged(tmp_path):
    path = tmp_path / "a.pcapng"
    story = dc_scheduled().set("supportedAppProtocolRes", "schema_id", 9)
    write_capture(path, events_of(story))
    assert failures(judge_capture(path)) == [("iso15118-20/chosen-protocol-was-offered", "charger", 2)]


def test_a_failed_negotiation_is_a_session_too(tmp_path):
    path = tmp_path / "a.pcapng"
    story = dc_scheduled().fail("supportedAppProtocolRes", "Failed_NoNegotiation")
    write_capture(path, events_of(story))
    judged = judge_capture(path)["sessions"][0]
    assert (judged["protocol"], judged["verdict"], judged["messages"]) == ("iso15118-20", "pass", 2)


def test_what_is_no_capture_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("hello")
    result = CliRunner().invoke(_application(), [str(path)])
    assert result.exit_code == 4
    assert "neither pcap nor pcapng" in result.stderr


def test_a_capture_without_v2g_does_not_pass(tmp_path):
    path = tmp_path / "a.pcapng"
    write_capture(path, [])
    result = CliRunner().invoke(_application(), [str(path)])
    assert (result.exit_code, result.stdout.strip()) == (1, "no V2G session found")


def test_damaged_messages_never_stop_the_judgement(tmp_path):
    events = events_of(dc_bpt_dynamic())
    frames = [index for index, event in enumerate(events) if event.kind == "v2g.frame"]
    for place in frames[::3]:
        event = events[place]
        raw = bytearray.fromhex(event.data["hex"])
        raw[-3] ^= 0xA5
        events[place] = Event(
            event.number,
            event.at_s,
            event.utc_us,
            "v2g",
            event.kind,
            event.source,
            "",
            {**event.data, "hex": raw.hex()},
        )
    path = tmp_path / "transcript.jsonl"
    path.write_bytes(b"".join(to_line(event) for event in events))
    judged = judge_capture(path)["sessions"][0]
    assert judged["messages"] == len(frames)
    assert judged["findings"]


def _application():
    import typer

    application = typer.Typer()
    application.command()(command)
    return application
