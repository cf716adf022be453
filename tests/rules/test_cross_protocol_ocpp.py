"""What a station says over OCPP about its vehicle and its power is what the V2G link and the analyser show."""

from __future__ import annotations

import json

import pytest

import harness.rules.cross_protocol  # noqa: F401 - registers the rules
from harness.ocpp.profile_drafts import dynamic_setpoint
from harness.rules.cross_protocol.ocpp import same_evccid
from harness.rules.rule import RULES, judge
from harness.transcript.event import Event
from tests.rules.stories import ac_bpt_dynamic, dc_bpt_dynamic, rational

NEEDS = {
    "requestedEnergyTransfer": "DC_BPT",
    "availableEnergyTransfer": ["DC", "DC_BPT"],
    "controlMode": "DynamicControl",
}


def told(
    *,
    evccid="WMIV1",
    transfer="DC_BPT",
    charge_w=None,
    setpoint_w=20_000.0,
    power_w=20_000.0,
    most_w=None,
    needs_more=None,
    info=None,
    metered_w=None,
    early=False,
    ac=False,
):
    """A session of a minute's loop in which the station tells OCPP these things and the analyser reads that power."""
    story = ac_bpt_dynamic() if ac else dc_bpt_dynamic()
    kind = "AC" if ac else "DC"
    for line in story.lines:
        if "ChargeLoop" in line.name:
            line.wait_s = 10.0
        if early and line.name == "DC_CableCheckReq":
            line.wait_s = 30.0
    if most_w:
        story.set("DC_ChargeLoopReq", "control_mode.ev_maximum_charge_power", rational(most_w), None)
    session = story.session()
    loops = [one.at_s for one in session.responses(f"{kind}_ChargeLoopRes")]
    charging_s, end_s = loops[0], loops[-1]
    discovered = session.requests(f"{kind}_ChargeParameterDiscoveryReq")[-1]
    limit_w = float(discovered.energy_transfer_mode.ev_maximum_charge_power)
    events, number = [], 5000

    def say(at_s, source, action, payload, answer):
        nonlocal number
        target = {"charger": "csms", "csms": "charger"}[source]
        for sender, receiver, frame in ((source, target, [2, f"m{number}", action, payload]),
                                        (target, source, [3, f"m{number}", answer])):  # fmt: skip
            number += 1
            data = {"text": json.dumps(frame), "station": "CS-1"}
            events.append(Event(number, at_s, round(at_s * 1e6), "ocpp", "ocpp.frame", sender, receiver, data))

    link = {"what": "connected", "station": "CS-1", "version": "2.1"}
    events.append(Event(4999, 0.0, 0, "ocpp", "ocpp.link", "charger", "csms", link))
    token = {"idToken": "1", "type": "Local", "additionalInfo": [{"additionalIdToken": evccid, "type": "EVCCID"}]}
    started = {"eventType": "Started", "timestamp": "1970-01-01T00:00:00Z", "triggerReason": "Authorized", "seqNo": 0,
               "transactionInfo": {"transactionId": "tx-1"}, "idToken": token}  # fmt: skip
    say(charging_s, "charger", "TransactionEvent", started, {})
    parameters = {"maxChargePower": limit_w if charge_w is None else charge_w}
    needs = {**NEEDS, "requestedEnergyTransfer": transfer, "v2xChargingParameters": parameters, **(needs_more or {})}
    updated = {**started, "eventType": "Updated", "triggerReason": "ChargingStateChanged", "seqNo": 1}
    if info:
        at_s = session.messages[0].at_s if early else charging_s
        say(at_s, "charger", "TransactionEvent", {**updated, "transactionInfo": {"transactionId": "tx-1", **info}}, {})
    if metered_w is not None:
        sample = {"measurand": "Power.Active.Import", "value": metered_w}
        value = {"timestamp": "1970-01-01T00:00:00Z", "sampledValue": [sample]}
        say((charging_s + end_s) / 2, "charger", "TransactionEvent", {**updated, "seqNo": 2, "meterValue": [value]}, {})
    say(charging_s, "charger", "NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": needs}, {"status": "Accepted"})
    profile = {"evseId": 1, "chargingProfile": dynamic_setpoint(1, "tx-1", 0.0)}
    say(charging_s, "csms", "SetChargingProfile", profile, {"status": "Accepted"})
    update = {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": setpoint_w}}
    say(charging_s, "csms", "UpdateDynamicSchedule", update, {"status": "Accepted"})
    for step in range(int(2 * end_s)):
        data = {"active_w": power_w}
        events.append(Event(9000 + step, step * 0.5, 0, "power_analyser", "reading", "power_analyser", "", data))
    object.__setattr__(session, "events", tuple(sorted(events, key=lambda event: (event.at_s, event.number))))
    return session


def tripped(session):
    return {one.rule.partition("/")[2] for one in judge(session, "cross-protocol")}


def test_a_station_that_tells_what_is_trips_nothing():
    assert tripped(told()) == set()


CASES = {
    "evccid-is-the-vehicles": {"evccid": "ANOTHER"},
    "requested-transfer-is-the-selected-one": {"transfer": "DC"},
    "needs-are-the-vehicles": {"charge_w": 1.0},
    "accepted-setpoints-are-executed": {"power_w": 30.0},
    "told-mode-allows-the-power": {"info": {"operationMode": "Idle"}},
    "control-mode-is-the-selected-one": {"needs_more": {"controlMode": "ScheduledControl"}},
    "departure-and-energies-are-the-vehicles": {"needs_more": {"departureTime": "2001-01-01T00:00:00Z"}},
    "charging-is-told-while-the-loop-runs": {"info": {"chargingState": "Charging"}, "early": True},
}


@pytest.mark.parametrize("rule", CASES)
def test_a_station_that_tells_otherwise_is_named(rule):
    assert tripped(told(**CASES[rule])) == {rule}


@pytest.mark.parametrize(
    ("spelt", "own", "same"),
    [
        ("025046540001", bytes.fromhex("025046540001"), True),
        ("02:50:46:54:00:0a", bytes.fromhex("02504654000A"), True),
        ("025046540002", bytes.fromhex("025046540001"), False),
        ("WMIV1", "WMIV1", True),
        ("wmiv1", "WMIV1", False),
    ],
)
def test_an_address_may_be_spelt_in_several_ways_and_a_text_in_one(spelt, own, same):
    assert same_evccid(spelt, own) is same


def test_meter_values_of_the_other_direction_are_named():
    found = tripped(told(metered_w=-20_000.0))
    assert found == {"meter-values-have-the-measured-direction", "meter-values-are-measured"}


@pytest.mark.parametrize(
    ("setpoint_w", "found"),
    [(7_000.0, set()), (-7_000.0, {"setpoints-reach-an-ac-vehicle"})],
)
def test_a_setpoint_that_does_not_reach_an_ac_vehicle_is_named(setpoint_w, found):
    assert tripped(told(ac=True, transfer="AC_BPT", setpoint_w=setpoint_w, power_w=setpoint_w)) - LOOP == found


LOOP = {"vehicle-tells-the-measured-power"}
"""The story's vehicle draws 7 kW whatever is measured."""


def test_the_other_direction_is_not_execution():
    assert "accepted-setpoints-are-executed" in tripped(told(power_w=-20_000.0))


def test_a_setpoint_that_the_vehicle_holds_back_is_not_the_stations():
    assert tripped(told(setpoint_w=500_000.0, most_w=22_000)) == set()


def test_every_rule_of_this_kind_has_a_tripping_case():
    names = {
        name.partition("/")[2]
        for name, one in RULES.items()
        if one.check.__module__.endswith(("cross_protocol.ocpp", "ocpp_state"))
    }
    elsewhere = {"discharge-limits-are-handed-on"}  # tests/ocpp/test_ocpp_case_matrix.py
    above = {"meter-values-have-the-measured-direction", "setpoints-reach-an-ac-vehicle"}
    assert names == set(CASES) | above | elsewhere
