"""Frames and the session: every kind is read back as written, every fault gets its version's answer."""

from __future__ import annotations

import json

import pytest

from harness.ocpp.frames import Call, CallError, CallResult, CallResultError, FrameError, Send, parse, render
from harness.ocpp.schema import actions, load_schema, problem, schema_name
from harness.ocpp.session import (
    Answered,
    AnswerRejected,
    Garbled,
    LocalProtocolError,
    Notified,
    Refused,
    Requested,
    Session,
    Unanswered,
    message_ids,
)
from harness.ocpp.version import ErrorCode, Version

V16, V201, V21 = Version.V16, Version.V201, Version.V21


def session(version=V21, **how):
    return Session(version, message_ids("m"), **how)


def pair(version=V21):
    return session(version), Session(version, message_ids("n"))


@pytest.mark.parametrize(
    "frame",
    [
        Call("1", "Heartbeat", {}),
        CallResult("1", {"currentTime": "2026-01-01T00:00:00Z"}),
        CallError("1", "NotSupported", "why", {"more": 1}),
        CallResultError("1", "FormatViolation"),
        Send("1", "NotifyPeriodicEventStream", {"id": 1, "my_key": {"csms_soc": 2}}),
    ],
)
def test_a_frame_is_read_as_it_was_written(frame):
    assert parse(render(frame), V21) == frame


@pytest.mark.parametrize(
    ("text", "code_16", "code_21", "message_id"),
    [
        ("not json", None, "RpcFrameworkError", "-1"),
        ("{}", None, "RpcFrameworkError", "-1"),
        ("[]", None, "RpcFrameworkError", "-1"),
        ("[2]", None, "RpcFrameworkError", "-1"),
        ('[2,17,"Heartbeat",{}]', None, "RpcFrameworkError", "-1"),
        (f'[2,"{"x" * 37}","Heartbeat",{{}}]', None, "RpcFrameworkError", "-1"),
        ('[2,"1","Heartbeat"]', "FormationViolation", "FormatViolation", "1"),
        ('[2,"1","Heartbeat",[]]', "FormationViolation", "FormatViolation", "1"),
        ('[2,"1",7,{}]', "FormationViolation", "FormatViolation", "1"),
        ('[2,"1","Nonsense",{}]', "NotImplemented", "NotImplemented", "1"),
        ('[2,"1","Heartbeat",{"x":1}]', "FormationViolation", "FormatViolation", "1"),
        ('[9,"1","Heartbeat",{}]', None, None, None),
        ('[3,"nobody",{}]', None, None, None),
        ('[3,"nobody"]', None, None, None),
        ('["2","1","Heartbeat",{}]', None, None, None),
        ("[" * 5000, None, "RpcFrameworkError", "-1"),
        (f'[2,"1","Heartbeat",{{"x":{"[" * 300}{"]" * 300}}}]', "FormationViolation", "FormatViolation", "1"),
    ],
)
def test_a_broken_frame_gets_the_answer_of_its_version(text, code_16, code_21, message_id):
    for version, code in ((V16, code_16), (V21, code_21)):
        one = session(version)
        [event] = one.receive(text, 0.0)
        assert isinstance(event, Garbled)
        assert event.code == code
        answers = [parse(answer, version) for answer in one.take_texts()]
        assert [(answer.id, answer.code) for answer in answers] == ([(message_id, code)] if code else [])


def test_a_send_and_a_call_result_error_exist_only_since_2_1():
    for text in ('[6,"1","NotifyPeriodicEventStream",{}]', '[5,"1","GenericError","",{}]'):
        with pytest.raises(FrameError) as fault:
            parse(text, V201)
        assert fault.value.code is None


def test_two_sessions_call_each_other_while_being_called():
    station, csms = pair()
    station.call("Heartbeat", {}, 0.0)
    csms.call("GetVariables", {"getVariableData": [_variable()]}, 0.0)
    [to_csms], [to_station] = station.take_texts(), csms.take_texts()
    [heartbeat], [variables] = csms.receive(to_csms, 0.1), station.receive(to_station, 0.1)
    assert isinstance(heartbeat, Requested)
    csms.answer(heartbeat, {"currentTime": "2026-01-01T00:00:00Z"})
    station.refuse(variables, ErrorCode.NOT_SUPPORTED, "no")
    [answered] = station.receive(csms.take_texts()[0], 0.2)
    [refused] = csms.receive(station.take_texts()[0], 0.2)
    assert isinstance(answered, Answered)
    assert isinstance(refused, Refused)
    assert refused.code == "NotSupported"


def test_one_call_at_a_time_and_the_next_after_answer_or_timeout():
    one = session(call_timeout_s=10)
    for _ in range(3):
        one.call("Heartbeat", {}, 0.0)
    assert len(one.take_texts()) == 1
    assert one.deadline_s() == 10.0
    [late] = one.tick(10.0)
    assert late == Unanswered("m-1", "Heartbeat", "timeout")
    assert len(one.take_texts()) == 1
    one.receive('[3,"m-2",{"currentTime":"2026-01-01T00:00:00Z"}]', 11.0)
    assert '"m-3"' in one.take_texts()[0]
    assert [event.why for event in one.lost()] == ["lost"]


def test_an_answer_that_comes_after_its_timeout_is_not_taken():
    one = session(call_timeout_s=1)
    one.call("Heartbeat", {}, 0.0)
    one.tick(1.0)
    [event] = one.receive('[3,"m-1",{"currentTime":"2026-01-01T00:00:00Z"}]', 2.0)
    assert isinstance(event, Garbled)
    assert event.code is None


def test_a_bad_response_is_told_to_its_sender_in_2_1_only():
    for version, texts in ((V21, 1), (V201, 0)):
        one = session(version)
        one.call("Heartbeat", {}, 0.0)
        one.take_texts()
        [event] = one.receive('[3,"m-1",{"currentTime":"garbage"}]', 1.0)
        assert event.problem.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION
        assert len(one.take_texts()) == texts
    [event] = session().receive('[5,"m-1","FormatViolation","x",{}]', 0.0)
    assert event == AnswerRejected("m-1", "FormatViolation", "x")


def test_a_send_is_delivered_and_never_answered():
    station, csms = pair()
    data = [{"t": 1, "v": "x"}]
    station.send("NotifyPeriodicEventStream", {"id": 1, "pending": 0, "basetime": "2026-01-01T00:00:00Z", "data": data})
    [event] = csms.receive(station.take_texts()[0], 0.0)
    assert isinstance(event, Notified)
    assert csms.take_texts() == []
    [broken] = csms.receive('[6,"1","NotifyPeriodicEventStream",{}]', 0.0)
    assert isinstance(broken, Garbled)
    assert csms.take_texts() == []


def test_our_own_illegal_message_is_refused_unless_meant():
    one = session()
    with pytest.raises(LocalProtocolError, match="idToken"):
        one.call("Authorize", {}, 0.0)
    one.call("Authorize", {}, 0.0, checked=False)
    assert parse(one.take_texts()[0], V21).payload == {}


def test_a_lenient_session_hands_out_what_breaks_the_schema():
    [event] = session(lenient=True).receive('[2,"1","Authorize",{}]', 0.0)
    assert isinstance(event, Requested)
    assert event.problem.code is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION


def test_a_reused_message_id_is_noticed():
    one = session()
    first, again = (one.receive('[2,"1","Heartbeat",{}]', 0.0)[0] for _ in range(2))
    assert (first.repeated, again.repeated) == (False, True)


@pytest.mark.parametrize("version", list(Version))
def test_every_key_of_every_schema_survives_the_wire(version):
    """Built from the schemas themselves: one payload per message with every key there is."""
    checked = 0
    for action in sorted(actions(version)):
        for response in (False, True):
            name = schema_name(version, action, response=response)
            try:
                schema = load_schema(version, name)
            except FileNotFoundError:
                assert action == "NotifyPeriodicEventStream"
                continue
            payload = _sample(schema, schema.get("definitions", {}))
            assert problem(version, action, payload, response=response) is None, (name, payload)
            frame = CallResult("1", payload) if response else Call("1", action, payload)
            text = render(frame)
            assert parse(text, version).payload == payload == json.loads(text)[-1]
            checked += 1
    assert checked >= 76


def _variable():
    return {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}


def _sample(schema, definitions, depth=0):
    """A valid value with all keys of a schema."""
    if "$ref" in schema:
        return _sample(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions, depth + 1)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {
                key: _sample(part, definitions, depth + 1)
                for key, part in schema.get("properties", {}).items()
                if depth < 40
            }
        case "array":
            return [_sample(schema["items"], definitions, depth + 1) for _ in range(max(schema.get("minItems", 1), 1))]
        case "string":
            return {"date-time": "2026-01-01T00:00:00Z", "uri": "http://a.b"}.get(
                schema.get("format"), "x" * min(3, schema.get("maxLength", 3))
            )
        case "integer":
            return int(max(schema.get("minimum", 1), min(1, schema.get("maximum", 1))))
        case "number":
            return min(1.5, schema.get("maximum", 1.5)) if schema.get("multipleOf") is None else 1
        case "boolean":
            return True
        case _:
            return {"any_key": 1, "csms_soc": 2}
