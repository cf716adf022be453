"""Every seeded OCPP defect is found by the rule that is named for it; an honest station is found clean.

One tour through everything that a CSMS can ask is driven against the table-top station with each defect. Defects that
a test case has to find are in test_ocpp_case_matrix.py.
"""

from __future__ import annotations

import pytest
from table_top import Bench

from drivers.emulators.station_defects import DEFECTS, QUIRKS, quirks_of
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.quirks import HONEST
from harness.ocpp.shell import utc_s
from harness.ocpp.station_errors import NoAnswer
from harness.ocpp.timestamps import to_text
from harness.verdict import Severity

CHARGE = period("ChargingOnly", limit=1_000)
CURVE = [{"frequency": 49.8, "power": -6_000}, {"frequency": 50.2, "power": 6_000}]
BY_RULE = [defect for defect in DEFECTS if defect.found_by.startswith("ocpp2.1/")]


async def wrong_profiles(bench, send):
    default = {"purpose": "TxDefaultProfile", "transaction_id": None}
    await send([period(setpoint=-500, dischargeLimit=-100)], id=21, **default)
    await send([period(setpoint=0), period(setpoint=1, start_s=9)], id=22, **default)
    await send([period("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE[:1])], id=23, **default)
    await send([period("Idle", limit=0)], id=24, **default)
    unordered = [CHARGE, {**CHARGE, "startPeriod": 9}, {**CHARGE, "startPeriod": 5}]
    await send(unordered, id=25, kind="Relative", **default)
    await send([CHARGE], id=26, kind="Absolute", **default)


async def der_tour(bench):
    call = bench.station.call

    def limit(name, percent, priority, **more):
        return {
            "isDefault": True, "controlId": name, "controlType": "LimitMaxDischarge",
            "limitMaxDischarge": {"priority": priority, "pctMaxDischargePower": percent, **more},
        }  # fmt: skip

    now_s = utc_s(bench.clock)
    await call("SetDERControl", limit("a", 50, 5))
    await call("SetDERControl", limit("b", 60, 1))
    await call("SetDERControl", limit("c", 60, 1, startTime=to_text(now_s)))
    await call("SetDERControl", {**limit("d", 60, 1), "controlType": "FreqDroop"})
    curve = {"priority": 0, "yUnit": "PctMaxW", "curveData": [{"x": 0, "y": 0}]}
    await call("SetDERControl", {"isDefault": True, "controlId": "e", "controlType": "WattVar", "curve": curve})
    later = limit("f", 60, 1, startTime=to_text(now_s + 20), duration=20)
    await call("SetDERControl", {**later, "isDefault": False})
    await bench.clock.sleep(60)
    await call("GetDERControl", {"requestId": 1, "controlId": "b"})
    await bench.clock.sleep(15)
    for _ in range(2):
        await call("ClearDERControl", {"isDefault": True, "controlId": "b"})
    await bench.clock.sleep(15)


async def tour(bench):
    station, clock = bench.station, bench.clock

    async def send(periods, *, evse_id=1, **how):
        how = {"transaction_id": station.transaction_id, **how}
        return await station.set_charging_profile(profile(how.pop("id"), periods, **how), evse_id=evse_id)

    station.put_raw('[7,"of an unknown type"]')
    station.put_raw('[2,"of no action","NoSuchAction",{}]')
    await station.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    await wrong_profiles(bench, send)
    start = to_text(utc_s(clock))
    maximum = {"purpose": "ChargingStationMaxProfile", "kind": "Absolute", "start_schedule": start,
               "transaction_id": None, "evse_id": 0}  # fmt: skip
    await send([period("ChargingOnly", limit=20_000)], id=30, **maximum)
    try:
        await station.call("GetCompositeSchedule", {"duration": 600, "evseId": 1, "chargingRateUnit": "W"})
    except NoAnswer:
        await clock.sleep(60)
    for _ in range(2):
        await station.clear_charging_profiles(chargingProfileId=30)
    await bench.authorise()
    early = await send([period(setpoint=0)], id=40)
    if early["status"] == "Accepted":
        await station.clear_charging_profiles(chargingProfileId=40)
    bench.station.forget()
    await bench.go_on_charging()
    permission = {"transactionId": station.transaction_id, "allowedEnergyTransfer": ["DC", "DC_BPT"]}
    await station.call("NotifyAllowedEnergyTransfer", permission)
    bench.evse.need(bench.evse.schedule.needs, utc_s(clock))
    bench.shell.poke()
    await send([{**CHARGE, "numberPhases": 3}], id=27, purpose="TxDefaultProfile", transaction_id=None, kind="Relative")
    await station.clear_charging_profiles()
    await station.call("AFRRSignal", {"timestamp": to_text(utc_s(clock)), "signal": 1})
    for power_w in (-10_000, 6_000):
        await station.update_setpoint(power_w)
        bench.evse.start_transfer(utc_s(clock))
        await clock.sleep(60)
    await station.call("GetChargingProfiles", {"requestId": 2, "chargingProfile": {}})
    await clock.sleep(45)
    await send([period(setpoint=1)], id=199)  # the stack level is taken by now
    await station.clear_charging_profiles()
    await send([CHARGE], id=50, kind="Relative")
    await station.update_dynamic_schedule(50, limit=500)
    await station.clear_charging_profiles()
    await send([period(setpoint=-4_000)], id=60, duration_s=30)
    await clock.sleep(90)
    await station.clear_charging_profiles()
    await send([period(setpoint=0)], id=61, dynUpdateInterval=20)
    await clock.sleep(60)
    await station.clear_charging_profiles()
    await station.call("UsePriorityCharging", {"transactionId": station.transaction_id, "activate": True})
    await send([CHARGE], id=70, purpose="PriorityCharging", kind="Relative", transaction_id=None, evse_id=0)
    for activate in (True, False):
        await station.call("UsePriorityCharging", {"transactionId": station.transaction_id, "activate": activate})
        await clock.sleep(30)
    await der_tour(bench)
    bench.evse.unplug(utc_s(clock))
    bench.shell.poke()
    await clock.sleep(70)
    await send([CHARGE], transaction_id="none", id=80)
    await station.set_variable("OCPPCommCtrlr", "WebSocketPingInterval", "5")
    station.pong = lambda _: None
    await clock.sleep(30)


def findings_of(virtual, quirks):
    found = []

    async def story():
        async with Bench(quirks=quirks) as bench:
            await tour(bench)
        found.extend(finding for finding in bench.findings() if finding.side == "station")

    virtual(story)
    return found


ALSO = {
    "discharge-as-charge": {"accepted-setpoints-are-followed"},
    "dynamic-update-ignored": {"accepted-setpoints-are-followed"},
    "meter-values-wrong-sign": {"accepted-setpoints-are-followed", "registers-and-power"},
    "meter-kilowatts-as-watts": {"told-setpoint-is-the-accepted-one"},
    "meter-both-directions": {"accepted-setpoints-are-followed", "sign-of-power"},
    "meter-registers-reset": {"registers-and-power"},
    "mode-change-untold": {"sequence-numbers"},
    "mode-unnamed": {"mode-changes-are-told"},
    "discharge-power-negative": {"accepted-setpoints-are-followed"},
    "accepts-early-profile": {"K01.FR.06"},
    "priority-untold": {"deactivation-is-told"},
    "der-field-unchecked": {"R04.FR.17"},
}
"""Other rules that a defect breaks as well: the same fault seen from another side, or what follows from it."""


def test_there_are_at_least_forty_defects_and_each_names_its_finder():
    assert len(DEFECTS) >= 40
    assert len({defect.id for defect in DEFECTS}) == len(DEFECTS)
    assert all(defect.found_by for defect in DEFECTS)


def test_an_honest_station_is_found_clean(virtual):
    assert findings_of(virtual, HONEST) == []


@pytest.mark.parametrize("defect", BY_RULE, ids=lambda defect: defect.id)
def test_a_defect_is_found_by_its_rule_and_by_no_unrelated_one(virtual, defect):
    findings = findings_of(virtual, QUIRKS[defect.id])
    found = {one.rule for one in findings if one.severity is Severity.FAIL or one.rule == defect.found_by}
    assert found == {defect.found_by} | {f"ocpp2.1/{name}" for name in ALSO.get(defect.id, ())}


def test_two_defects_at_once_are_both_found(virtual):
    both = quirks_of(["evccid-missing", "sequence-gaps", "a-defect-of-another-half"])
    found = {finding.rule for finding in findings_of(virtual, both) if finding.severity is Severity.FAIL}
    assert {"ocpp2.1/evccid-in-the-first-event", "ocpp2.1/sequence-numbers"} <= found
