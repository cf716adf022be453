"""What V2G, OCPP and the analyser say about power agrees, or a rule says who tells otherwise."""

import json

import pytest

import harness.rules.cross_protocol  # noqa: F401 - registers the rules
from harness.rules.rule import RULES, judge
from harness.transcript.event import Event
from tests.rules.stories import ac_scheduled, dc_bpt_dynamic, rational

DC_W = 20_000.0  # 50 A at 400 V in the clean story's loops


def told(story, *, dc_w=DC_W, ac_w=21_000.0, meter_w=21_000.0):
    """The session with readings every half second and meter values every second."""
    session = story.session()
    end = session.messages[-1].at_s
    events = []
    for step in range(int(end / 0.5) + 2):
        data = {"active_w": ac_w, "dc_power_w": dc_w}
        events.append(Event(2000 + step, step * 0.5, 0, "power_analyser", "reading", "power_analyser", "", data))
    for step in range(int(end) + 1):
        measurand = "Power.Active.Import" if meter_w >= 0 else "Power.Active.Export"
        sampled = {"value": abs(meter_w) / 1000, "measurand": measurand, "unitOfMeasure": {"unit": "kW"}}
        payload = {"meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [sampled]}]}
        frame = json.dumps([2, f"m{step}", "TransactionEvent", payload])
        events.append(Event(3000 + step, step + 0.25, 0, "ocpp", "ocpp.frame", "charger", "csms", {"text": frame}))
    object.__setattr__(session, "events", tuple(sorted(events, key=lambda event: event.at_s)))
    return session


def slowed(story):
    for line in story.lines:
        if "ChargeLoop" in line.name:
            line.wait_s = 0.24
    return story


def ac_story():
    story = slowed(ac_scheduled())
    story.set("AC_ChargeLoopReq", "control_mode.ev_present_active_power", rational(21_000), None)
    return story


def tripped(session):
    return {one.rule.partition("/")[2] for one in judge(session, "cross-protocol")}


def test_what_agrees_trips_nothing():
    assert tripped(told(slowed(dc_bpt_dynamic()))) == set()
    assert tripped(told(ac_story())) == set()


CASES = {
    "station-tells-the-measured-power": (dc_bpt_dynamic, {"dc_w": 14_000.0}, set()),
    "power-flows-as-told": (dc_bpt_dynamic, {"dc_w": -DC_W}, {"station-tells-the-measured-power"}),
    "meter-values-are-measured": (dc_bpt_dynamic, {"ac_w": 17_000.0}, set()),
    "protocols-tell-the-same-power": (dc_bpt_dynamic, {"ac_w": 40_000.0, "meter_w": 40_000.0}, set()),
    "vehicle-tells-the-measured-power": (ac_story, {"ac_w": 15_000.0, "meter_w": 15_000.0}, set()),
}


@pytest.mark.parametrize("rule", CASES)
def test_one_that_tells_otherwise_is_named(rule):
    story, wrong, also = CASES[rule]
    assert tripped(told(slowed(story()), **wrong)) == {rule, *also}


def test_every_registered_rule_has_a_tripping_case():
    registered = {
        name.partition("/")[2]
        for name, one in RULES.items()
        if one.protocol == "cross-protocol" and one.check.__module__.endswith(".power")
    }
    assert registered == set(CASES)


def test_power_that_is_not_steady_is_not_compared():
    session = told(slowed(dc_bpt_dynamic()), dc_w=14_000.0)
    jumping = tuple(
        event
        if event.kind != "reading"
        else Event(
            event.number, event.at_s, 0, event.channel, event.kind, "", "", {"dc_power_w": 9_000.0 * (event.number % 3)}
        )
        for event in session.events
    )
    object.__setattr__(session, "events", jumping)
    assert tripped(session) == set()
