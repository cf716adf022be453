"""What V2G, OCPP and the analyser say about power agrees, or a rule says who tells otherwise."""

import json

import pytest

import harness.rules.cross_protocol  # noqa: F401 - registers the rules
from harness.ocpp.timestamps import to_text
from harness.rules.rule import RULES, judge
from harness.transcript.event import Event
from tests.rules.stories import ac_scheduled, dc_bpt_dynamic, rational

UTC_S = 1_767_225_600.0
DC_W = 20_000.0  # 50 A at 400 V in the clean story's loops


def told(story, *, dc_w=DC_W, ac_w=21_000.0, meter_w=21_000.0, queued_w=None, clock_s=0.0):
    """The session with readings every half second and meter values every second.

    `queued_w`: of a value that was metered an hour ago; `clock_s`: by how much the station's clock is ahead.
    """
    session = story.session()
    end = session.messages[-1].at_s
    events = []
    for step in range(int(end / 0.5) + 2):
        data = {"active_w": ac_w, "dc_power_w": dc_w}
        events.append(Event(2000 + step, step * 0.5, 0, "power_analyser", "reading", "power_analyser", "", data))
    values = [(step + 0.25, 0.0, meter_w) for step in range(int(end) + 1)]
    values += [] if queued_w is None else [(end / 2, 3600.0, queued_w)]
    for number, (at_s, late_s, power_w) in enumerate(values):
        measurand = "Power.Active.Import" if power_w >= 0 else "Power.Active.Export"
        sampled = {"value": abs(power_w) / 1000, "measurand": measurand, "unitOfMeasure": {"unit": "kW"}}
        metered = to_text(UTC_S + at_s - late_s + clock_s)
        frame = json.dumps(
            [2, f"m{number}", "TransactionEvent", {"meterValue": [{"timestamp": metered, "sampledValue": [sampled]}]}]
        )
        utc_us = round((UTC_S + at_s) * 1e6)
        events.append(Event(3000 + number, at_s, utc_us, "ocpp", "ocpp.frame", "charger", "csms", {"text": frame}))
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


def test_a_value_that_is_told_late_belongs_to_its_own_time_by_whatever_clock():
    for clock_s in (0.0, 7200.0, -40.0):
        assert tripped(told(slowed(dc_bpt_dynamic()), queued_w=-21_000.0, clock_s=clock_s)) == set()
        assert "meter-values-are-measured" in tripped(
            told(slowed(dc_bpt_dynamic()), queued_w=-21_000.0, meter_w=-21_000.0, clock_s=clock_s)
        )


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
