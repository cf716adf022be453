"""OCPP-J itself (part 4), both sides: bad results, messages without an answer, and requests that are malformed."""

from __future__ import annotations

import json
from typing import Any

from harness.case import current_case, expect, step
from harness.ocpp.session import Answered, AnswerRejected, Garbled
from harness.ocpp.station_errors import AnswerInvalid, CallRefused, NoAnswer
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Booted, reach
from testcases.ocpp21.test_csms import PROFILE_S
from testcases.ocpp21.under_test import asked

RULES = ["ocpp2.1"]
SILENCE_S = 5.0
"""How long an answer to a malformed request may take; a receiver may drop one silently (our default)."""
LOOK_S = 1.0
"""Until an answer that must not come would have come (our default)."""


def seen(what, found):
    """A receiver may answer or stay silent; which of them is put down."""
    step(f"{what}: {found or 'silence'}")


@usecase(
    "PF_P4_03_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"], uses_rules=RULES
)
async def test_a_bad_result(pf_ground, pf_station, pf_limits):
    """A result that breaks its schema: CALLRESULTERROR with that result's id, or silence; and the station lives on"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("Heartbeat", {"currentTime": 5}, times=1, checked=False)
    already = len(pf_station.rejected_answers)
    pf_station.forget()
    answer = await pf_station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    expect(answer["status"], equals="Accepted", of="station", named="status of TriggerMessage")
    heartbeat = await pf_station.expect("Heartbeat", within_s=pf_limits.session_s)
    await pf_ground.bench.clock.sleep(LOOK_S)
    told = list(pf_station.rejected_answers)[already:]
    seen("answer to the bad result", "CALLRESULTERROR" if told else "")
    for one in told:
        expect(one.id, equals=heartbeat.message_id, of="station", named="id of the CALLRESULTERROR")
    alive = await pf_station.get_variable("SmartChargingCtrlr", "RateUnit")
    expect(alive["attributeStatus"], equals="Accepted", of="station", named="GetVariables")


@usecase(
    "PF_P4_04_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"], uses_rules=RULES
)
async def test_a_message_without_an_answer(pf_ground, pf_station):
    """A SEND is not answered, whatever it is about; and the station lives on"""
    await reach(Booted, pf_ground)
    name = f"send-{round(pf_station.clock.now_s() * 1e3)}"
    stream = {"id": 1, "pending": 0, "basetime": to_text(0.0), "data": [{"t": 0, "v": "1"}]}
    before = len(pf_station.garbled)
    pf_station.put_raw(json.dumps([6, name, "NotifyPeriodicEventStream", stream]))
    await pf_ground.bench.clock.sleep(LOOK_S)
    answers = [one for one in list(pf_station.garbled)[before:] if name in one.text]
    expect(len(answers), equals=0, of="station", named="answers to a SEND")
    alive = await pf_station.get_variable("SmartChargingCtrlr", "RateUnit")
    expect(alive["attributeStatus"], equals="Accepted", of="station", named="GetVariables")


MALFORMED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("without a required field", "GetCompositeSchedule", {"evseId": 1}),
    ("with a text for a number", "GetCompositeSchedule", {"duration": "long", "evseId": 1}),
    ("with a value that its list has not", "Reset", {"type": "Perhaps"}),
    ("with an empty list", "GetVariables", {"getVariableData": []}),
)


@usecase(
    "PF_P4_05_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"], uses_rules=RULES
)
async def test_malformed_requests(pf_ground, pf_station):
    """Requests that break their schema, or whose message id is too long, bring an error or silence, never a result"""
    await reach(Booted, pf_ground)
    for what, action, payload in MALFORMED:
        try:
            answer = await pf_station.call(action, payload, checked=False, within_s=SILENCE_S)
        except CallRefused as refused:
            seen(f"{action} {what}", refused.code)
        except NoAnswer:
            seen(f"{action} {what}", "")
        except AnswerInvalid as invalid:
            current_case().miss(f"{action} {what} is answered with a result: {invalid.payload}", Side.STATION)
        else:
            current_case().miss(f"{action} {what} is answered with a result: {answer}", Side.STATION)
    long_id, before = "i" * 37, len(pf_station.garbled)
    pf_station.put_raw(json.dumps([2, long_id, "ClearCache", {}]))
    alive = await pf_station.get_variable("SmartChargingCtrlr", "RateUnit")
    expect(alive["attributeStatus"], equals="Accepted", of="station", named="GetVariables")
    results = [
        one for one in list(pf_station.garbled)[before:] if long_id in one.text and one.text.strip(" [").startswith("3")
    ]
    expect(len(results), equals=0, of="station", named="results for a message id of 37 characters")


async def lives(station):
    answer = await asked(station, "Heartbeat", {})
    expect(isinstance(answer, Answered), equals=True, of="csms", named="Heartbeat answered afterwards")


@usecase("PF_P4_02_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1", "v2x"}, requirements=["part 4"],
         uses_rules=RULES)  # fmt: skip
async def test_a_bad_result_of_a_station(pf_test_station):
    """A station's result breaks its schema: CALLRESULTERROR with its id, or silence; and the CSMS lives on"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    received = []

    def perhaps(payload, _now_s):
        received.append(payload)
        return {"status": "Perhaps"}

    known = station.core.handlers["SetChargingProfile"]
    station.core.handlers["SetChargingProfile"] = perhaps
    await station.tell_needs()
    await station.until(lambda: received, "the CSMS sent no profile", PROFILE_S)
    await station.bench.clock.sleep(LOOK_S)
    station.core.handlers["SetChargingProfile"] = known
    told = [one.id for one in station.core.troubles if isinstance(one, AnswerRejected)]
    seen("answer to the bad result", "CALLRESULTERROR" if told else "")
    expect(set(told) <= set(station.core.heard_ids), equals=True, of="csms", named="CALLRESULTERRORs name a result")
    await lives(station)
    await station.unplug()


@usecase(
    "PF_P4_03_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"], uses_rules=RULES
)
async def test_a_stream_of_a_station(pf_test_station):
    """NotifyPeriodicEventStream, told by SEND, is not answered; and the CSMS lives on"""
    station = pf_test_station
    await station.boot()
    stream = {"id": 1, "pending": 0, "basetime": to_text(station.now_s()), "data": [{"t": 0, "v": "1"}]}
    station.core.send("NotifyPeriodicEventStream", stream)
    station.poke()
    await station.bench.clock.sleep(LOOK_S)
    answers = [one for one in station.core.troubles if isinstance(one, Garbled)]
    expect(len(answers), equals=0, of="csms", named="answers to a SEND")
    await lives(station)


WRONG: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("without a required field", "StatusNotification", {"evseId": 1}),
    ("with a text for a number", "StatusNotification", {
        "timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Available", "evseId": "one", "connectorId": 1}),
    ("with a value that its list has not", "StatusNotification", {
        "timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Perhaps", "evseId": 1, "connectorId": 1}),
)  # fmt: skip


@usecase(
    "PF_P4_04_CSMS", sut="csms", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"], uses_rules=RULES
)
async def test_malformed_requests_of_a_station(pf_test_station):
    """Requests that break their schema bring an error or silence, never a result; and the CSMS lives on"""
    station = pf_test_station
    await station.boot()
    for what, action, payload in WRONG:
        answer = await asked(station, action, payload)
        seen(f"{action} {what}", getattr(answer, "code", ""))
        expect(isinstance(answer, Answered), equals=False, of="csms", named=f"{action} {what} answered with a result")
    await lives(station)
