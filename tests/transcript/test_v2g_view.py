"""The session view: which request belongs to which answer, and how rules find what they ask for."""

from __future__ import annotations

from harness.transcript.decoding import sessions
from harness.transcript.event import Event
from harness.transcript.v2g import V2GSession, group
from tests.rules.stories import Line, dc_bpt_dynamic, dc_scheduled
from tests.rules.test_judge import events_of


def test_requests_and_responses_are_found_by_name_and_content():
    session = dc_scheduled().session()
    assert len(session.requests("PowerDeliveryReq")) == 2
    assert [one.ordinal for one in session.requests("PowerDeliveryReq", charge_progress="Start")] == [
        session.requests("PowerDeliveryReq")[0].ordinal
    ]
    assert session.requests("PowerDeliveryReq", charge_progress="Standby") == []
    assert {one.name for one in session.responses("DC_PreChargeRes", "DC_CableCheckRes")} == {
        "DC_PreChargeRes",
        "DC_CableCheckRes",
    }


def test_every_request_is_joined_with_its_answer():
    session = dc_scheduled().session()
    for exchange in session.exchanges:
        assert exchange.response is not None
        assert exchange.response.ordinal == exchange.request.ordinal + 1
        assert session.answer_to(exchange.request) is exchange.response
        assert session.request_of(exchange.response) is exchange.request


def test_a_side_stream_between_request_and_answer_does_not_confuse_them():
    story = dc_scheduled()
    from tests.rules.cases_order import confirmation

    story.after("DC_ChargeLoopReq", confirmation()[0], payload_type=0x8102)
    story.after("DC_ChargeLoopRes", confirmation()[1], payload_type=0x8102)
    session = story.session()
    loop = session.requests("DC_ChargeLoopReq")[0]
    answer, side = session.answer_to(loop), session.answer_to(session.requests("MeteringConfirmationReq")[0])
    assert answer is not None
    assert side is not None
    assert (answer.name, side.name) == ("DC_ChargeLoopRes", "MeteringConfirmationRes")


def test_an_answer_that_nobody_asked_for_has_no_request():
    story = dc_scheduled()
    story.lines.append(Line("charger", story.at("SessionStopRes").content))
    session = story.session()
    assert session.request_of(session.messages[-1]) is None


def test_neighbours_are_found_before_and_after():
    session = dc_scheduled().session()
    power = session.requests("PowerDeliveryReq")[0]
    assert session.latest_before(power, "DC_PreChargeReq").ev_processing == "Finished"
    assert session.latest_before(power, "DC_PreChargeReq", ev_processing="Ongoing").ordinal < power.ordinal
    assert session.first_after(power, "DC_PreChargeReq") is None
    assert session.next_request(power).name == "DC_ChargeLoopReq"
    assert len(session.loops) == 14


def test_elements_that_a_message_does_not_have_read_as_none():
    message = dc_scheduled().session().messages[2]
    assert message.evcc_id == "WMIV1"
    assert message.evse_processing is None
    assert (message.code, message.failed, str(message)) == ("", False, "SessionSetupReq (message 3)")


def test_frames_are_decoded_by_the_negotiated_protocol():
    session = sessions(events_of(dc_bpt_dynamic()))[0]
    assert (session.protocol, session.namespace) == ("iso15118-20", "urn:iso:std:iso:15118:-20:DC")
    assert [one.name for one in session.messages] == [line.name for line in dc_bpt_dynamic().lines]
    assert session.tls["version"] == "TLS 1.3"
    assert len(session.discovery) == 2


def _resent(events, change):
    found = []
    for event in events:
        raw = bytes.fromhex(event.data["hex"]) if event.kind == "v2g.frame" else None
        data = event.data if raw is None else {**event.data, "hex": change(raw).hex()}
        found.append(Event(event.number, event.at_s, event.utc_us, "v2g", event.kind, event.source, "", data))
    return found


def test_a_trailing_octet_is_read_and_told():
    def longer(raw: bytes) -> bytes:
        return raw[:4] + (len(raw) - 8 + 1).to_bytes(4, "big") + raw[8:] + b"\0"

    session = sessions(_resent(events_of(dc_scheduled()), longer))[0]
    assert session.protocol == "iso15118-20"
    assert all(one.content is not None and one.deviations for one in session.messages)
    assert session.messages[0].deviations[0].startswith("trailing")


def test_a_message_under_a_wrong_payload_type_is_still_read():
    def mislabelled(raw: bytes) -> bytes:
        return raw[:2] + b"\x80\x03" + raw[4:] if raw[2:4] == b"\x80\x04" else raw

    session = sessions(_resent(events_of(dc_scheduled()), mislabelled))[0]
    loop = session.requests("DC_ChargeLoopReq")[0]
    assert (loop.payload_type, loop.error) == (0x8003, "")


def test_frames_that_cannot_be_read_are_kept_with_the_reason():
    def broken(raw: bytes) -> bytes:
        return b"\xff" + raw[1:] if raw[2:4] == b"\x80\x04" else raw

    session = sessions(_resent(events_of(dc_scheduled()), broken))[0]
    unread = [one for one in session.messages if one.payload_type == 0x8004]
    assert unread
    assert all(one.error.startswith("frame head") and one.content is None for one in unread)


def test_a_session_whose_beginning_is_missing_is_known_by_its_payload_types():
    events = [event for event in events_of(dc_scheduled()) if event.kind == "v2g.frame"][10:]
    session = sessions(events)[0]
    assert session.protocol == "iso15118-20"
    assert not session.messages[0].error


def test_connections_are_kept_apart_and_discovery_goes_to_the_next_one():
    events = events_of(dc_scheduled()) + events_of(dc_scheduled(), session=2, first=1000)
    numbers = [(number, len(discovery)) for number, _, _, discovery in group(events)]
    assert numbers == [(1, 2), (2, 2)]


def test_a_record_with_a_hole_is_not_complete():
    whole = dc_scheduled().session()
    gap = Event(9, 0.0, 0, "v2g", "v2g.link", "vehicle", "", {"what": "gap", "octets": 3})
    holed = V2GSession(1, whole.protocol, whole.messages, (*whole.links, gap))
    assert (whole.complete, holed.complete) == (True, False)
