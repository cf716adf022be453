"""The man in the middle: invisible until told otherwise, and never in the way when it fails itself."""

from __future__ import annotations

import pytest

from drivers.emulators.station import EmulatedStation, over_websocket
from harness.clock import Clock
from harness.ocpp.charging_station import StationSettings
from harness.ocpp.csms import Csms
from harness.ocpp.frames import Call, CallResult, parse, render
from harness.ocpp.proxy import PATIENCE_S, Meddling, Proxy, ProxySession
from harness.ocpp.shell import Backoff
from harness.ocpp.station_errors import NoAnswer
from harness.ocpp.version import Version
from harness.plant.local import LocalPlant
from harness.transcript.ocpp import OcppRecorder
from harness.transcript.recorder import Recorder

CALL = '[2, "a",  "ClearCache", {}]'
ANSWER = '[3,"a",{"status":"Accepted"}]'


def test_what_passes_is_not_touched_to_the_last_space():
    session = ProxySession(Version.V21)
    session.take("csms", CALL, 0.0)
    session.take("charger", ANSWER, 0.1)
    session.take("charger", "not json", 0.2)
    assert session.take_texts() == [("charger", CALL), ("csms", ANSWER), ("csms", "not json")]


def test_a_message_is_altered_dropped_or_late_as_told():
    session = ProxySession(Version.V21)
    session.meddle(Meddling("Reset", lambda p: {**p, "type": "OnIdle"}, times=1))
    session.meddle(Meddling("Reset", lambda _: None, times=1))
    session.meddle(Meddling("Reset", delay_s=5.0))
    texts = []
    for number in range(3):
        session.take("csms", render(Call(str(number), "Reset", {"type": "Immediate"})), float(number))
        texts += session.take_texts()
        session.take("charger", f'[3,"{number}",{{"status":"Accepted"}}]', float(number))
    assert [parse(text, Version.V21).payload["type"] for role, text in texts if role == "charger"] == ["OnIdle"]
    assert session.deadline_s() == 7.0
    session.take_texts()
    session.tick(7.0)
    [(role, text)] = session.take_texts()
    assert (role, parse(text, Version.V21).id) == ("charger", "2")


def test_an_answer_can_be_altered():
    session = ProxySession(Version.V21)
    session.meddle(Meddling("ClearCache", lambda p: {**p, "status": "Rejected"}, answers=True))
    session.take("csms", CALL, 0.0)
    session.take("charger", ANSWER, 0.1)
    assert parse(session.take_texts()[1][1], Version.V21) == CallResult("a", {"status": "Rejected"})


def test_an_injected_call_keeps_the_one_call_rule_and_its_answer_stays_here():
    session = ProxySession(Version.V21, ids=iter(["own-1"]))
    session.inject("charger", "ClearCache", {}, 0.0)
    session.take("csms", CALL, 0.1)
    assert [role for role, _ in session.take_texts()] == ["charger"]
    session.take("charger", '[3,"own-1",{"status":"Accepted"}]', 0.2)
    assert session.take_texts() == [("charger", CALL)]
    assert session.answers["own-1"].payload == {"status": "Accepted"}


def test_an_injected_call_without_an_answer_lets_go_of_the_line():
    session = ProxySession(Version.V21)
    session.inject("charger", "ClearCache", {}, 0.0)
    session.take("csms", CALL, 0.1)
    session.take_texts()
    session.tick(PATIENCE_S)
    assert session.take_texts() == [("charger", CALL)]


def test_the_answer_to_an_injected_call_stays_here_however_late():
    session = ProxySession(Version.V21, ids=iter(["own-1"]))
    session.inject("charger", "ClearCache", {}, 0.0)
    session.tick(PATIENCE_S)
    session.take_texts()
    session.take("charger", '[3,"own-1",{"status":"Accepted"}]', PATIENCE_S + 1.0)
    assert session.take_texts() == []


def test_a_side_that_gave_up_on_an_answer_is_not_held_up_but_an_injected_call_is():
    session = ProxySession(Version.V21)
    session.take("csms", CALL, 0.0)
    session.inject("charger", "ClearCache", {}, 1.0)
    session.take("csms", CALL.replace('"a"', '"b"'), 5.0)
    assert session.take_texts() == [("charger", CALL), ("charger", CALL.replace('"a"', '"b"'))]
    assert session.deadline_s() == 5.0 + PATIENCE_S
    session.tick(5.0 + PATIENCE_S)
    [(role, text)] = session.take_texts()
    assert (role, parse(text, Version.V21).action) == ("charger", "ClearCache")


@pytest.mark.parametrize(
    ("meddling", "fault"), [(lambda _: 1 / 0, "ZeroDivisionError"), (lambda _: {"at": object()}, "TypeError")]
)
def test_a_meddling_that_fails_lets_the_message_through(meddling, fault):
    session = ProxySession(Version.V21)
    session.meddle(Meddling("ClearCache", meddling))
    session.take("csms", CALL, 0.0)
    assert session.take_texts() == [("charger", CALL)]
    assert fault in session.faults[0]


def test_a_message_that_the_csmss_version_does_not_know_is_refused_here():
    session = ProxySession(Version.V21, upstream=Version.V201)
    session.take("charger", '[2,"b","NotifyPriorityCharging",{"transactionId":"x","activated":true}]', 0.0)
    [(role, text)] = session.take_texts()
    assert (role, parse(text, Version.V21).code) == ("charger", "NotSupported")


async def test_two_stations_go_through_the_proxy_and_one_gets_a_setpoint_of_its_own():
    clock = Clock()
    csms = Csms(clock)
    near, far = Recorder(clock), Recorder(clock)
    proxy = Proxy(
        clock, await csms.listen(), towards_station=OcppRecorder(near.record), towards_csms=OcppRecorder(far.record)
    )
    url = await proxy.listen()
    stations = [
        EmulatedStation(
            LocalPlant(clock).port("station"), clock, over_websocket(url, name), settings=StationSettings(name),
            backoff=Backoff(0.05),
        )
        for name in ("CS-1", "CS-2")
    ]  # fmt: skip
    for station in stations:
        station.start()
    try:
        one, two = [await csms.station(name, within_s=5) for name in ("CS-1", "CS-2")]
        answer = await proxy.inject("CS-1", "charger", "ClearCache", {}, within_s=5)
        assert answer.payload == {"status": "Accepted"}
        assert (await two.call("ClearCache", {}))["status"] == "Accepted"
        proxy.sessions["CS-1"].meddle(Meddling("ClearCache", lambda _: None))
        with pytest.raises(NoAnswer):
            await one.call("ClearCache", {}, within_s=0.3)
        shown = [event.data["text"] for event in far.events if event.kind == "ocpp.frame" and "CS-1" in str(event.data)]
        assert len([text for text in shown if '"ClearCache"' in text]) == 1  # the injected one never went upstream
    finally:
        for station in stations:
            await station.stop()
        await proxy.close()
        await csms.close()


async def test_without_a_csms_the_station_is_let_go():
    clock = Clock()
    proxy = Proxy(clock, "ws://127.0.0.1:9/ocpp")
    url = await proxy.listen()
    station = EmulatedStation(LocalPlant(clock).port("station"), clock, over_websocket(url, "CS-1"))
    station.start()
    await clock.sleep(0.3)
    assert not station.online
    assert proxy.sessions == {}
    await station.stop()
    await proxy.close()
