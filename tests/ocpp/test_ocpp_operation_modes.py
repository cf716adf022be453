"""All eight operation modes, offline rules, priority charging and DER controls, executed on the table-top plant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from table_top import Bench

from harness.ocpp.energy_manager import EmsOrder
from harness.ocpp.power_target import target_at
from harness.ocpp.profile_drafts import dynamic_setpoint, period, profile
from harness.ocpp.profiles import read_profile
from harness.ocpp.shell import utc_s
from harness.ocpp.surroundings import Surroundings
from harness.ocpp.timestamps import to_text

BALANCING = {
    "V2XChargingCtrlr.LocalLoadBalancing[UpperThreshold]": "8000",
    "V2XChargingCtrlr.LocalLoadBalancing[LowerThreshold]": "-2000",
    "V2XChargingCtrlr.LocalLoadBalancing[UpperOffset]": "0",
    "V2XChargingCtrlr.LocalLoadBalancing[LowerOffset]": "0",
}
CURVE = [{"frequency": 49.8, "power": -10_000}, {"frequency": 50.0, "power": 0}, {"frequency": 50.2, "power": 10_000}]
SIGNALS = [{"signal": -1, "power": -2_000}, {"signal": 1, "power": 2_000}]


async def install(bench, *periods, **how):
    arguments = {"transaction_id": bench.station.transaction_id, **how}
    answer = await bench.station.set_charging_profile(profile(arguments.pop("id", 1), periods, **arguments))
    await bench.clock.sleep(2)
    return answer


@pytest.mark.parametrize(
    ("kept", "power_w"),
    [
        (period("ChargingOnly", limit=3_000), 3_000),
        (period("CentralSetpoint", setpoint=-3_000), -3_000),
        (period("CentralSetpoint", setpoint=500, limit=2_000, dischargeLimit=-1_000), 500),
        (period("CentralFrequency", setpoint=-700), -700),
        (period("Idle"), 0),
    ],
)
def test_a_mode_with_the_csmss_number_is_executed(virtual, kept, power_w):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            assert (await install(bench, kept))["status"] == "Accepted"
            assert bench.plant.power_w == power_w

    virtual(story)


def test_local_frequency_follows_its_curve_and_the_afrr_signal(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            refused = await bench.station.call("AFRRSignal", {"timestamp": to_text(utc_s(bench.clock)), "signal": 1})
            assert refused["statusInfo"]["reasonCode"] == "NoSignalWattCurve"
            local = period("LocalFrequency", v2xBaseline=1_000, v2xFreqWattCurve=CURVE, v2xSignalWattCurve=SIGNALS)
            assert (await install(bench, local))["status"] == "Accepted"
            assert bench.plant.power_w == 1_000
            bench.plant.frequency_hz = 49.9
            await bench.clock.sleep(2)
            assert bench.plant.power_w == pytest.approx(-4_000)
            bench.plant.frequency_hz = 49.905  # less than the threshold of 10 mHz
            await bench.clock.sleep(2)
            assert bench.plant.power_w == pytest.approx(-4_000)
            at = to_text(utc_s(bench.clock) + 30)
            assert (await bench.station.call("AFRRSignal", {"timestamp": at, "signal": -1}))["status"] == "Accepted"
            await bench.clock.sleep(20)
            assert bench.plant.power_w == pytest.approx(-4_000)
            await bench.clock.sleep(15)
            assert bench.plant.power_w == pytest.approx(-6_000)

    virtual(story)


def test_local_load_balancing_keeps_the_site_between_its_thresholds(virtual):
    async def story():
        async with Bench(variables=BALANCING) as bench:
            await bench.charge()
            bench.plant.building_w = 5_000.0
            assert (await install(bench, period("LocalLoadBalancing")))["status"] == "Accepted"
            assert bench.plant.power_w == pytest.approx(3_000)
            bench.plant.building_w = 12_000.0
            await bench.clock.sleep(2)
            assert bench.plant.power_w == pytest.approx(-4_000)
            bench.plant.building_w = 1_000.0
            await bench.clock.sleep(2)
            assert bench.plant.power_w == pytest.approx(-3_000)

    virtual(story)


def test_local_load_balancing_without_thresholds_is_refused(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            answer = await install(bench, period("LocalLoadBalancing"))
            assert answer["statusInfo"]["reasonCode"] == "MissingDevModelInfo"

    virtual(story)


def test_an_energy_manager_steers_in_the_period_that_is_open_to_it(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await install(bench, period("ExternalSetpoint"), duration_s=60)
            assert bench.plant.power_w == 0
            bench.evse.ems.obey(EmsOrder(setpoint_w=-2_500), utc_s(bench.clock))
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -2_500
            await bench.clock.sleep(61)  # Q05.FR.07: no update within the duration
            assert bench.plant.power_w == 11_000
            bench.evse.ems.obey(EmsOrder(setpoint_w=-1_000), utc_s(bench.clock))
            await bench.clock.sleep(2)

    virtual(story)


def test_an_energy_managers_limits_become_a_profile_of_its_own_and_are_told(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            bench.evse.ems.obey(EmsOrder(limit_w=4_000), utc_s(bench.clock))
            bench.shell.poke()
            note = await bench.station.expect("NotifyChargingLimit", within_s=2)
            assert note.payload["chargingLimit"] == {"chargingLimitSource": "EMS"}
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 4_000
            bench.evse.ems.release()
            bench.shell.poke()
            await bench.station.expect("ClearedChargingLimit", within_s=2)
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 11_000

    virtual(story)


def test_an_order_of_the_energy_manager_that_grows_old_steps_back_and_small_changes_are_not_told(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await install(bench, period("ChargingOnly", limit=6_000), kind="Relative")
            bench.evse.ems.obey(EmsOrder(limit_w=4_000, duration_s=30), utc_s(bench.clock))
            bench.shell.poke()
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 4_000
            await bench.clock.sleep(40)
            assert bench.plant.power_w == 6_000
            assert [one.action for one in bench.station.received].count("NotifyChargingLimit") == 1
            bench.evse.ems.obey(EmsOrder(limit_w=3_900, duration_s=30), utc_s(bench.clock))
            bench.shell.poke()
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 3_900
            assert [one.action for one in bench.station.received].count("NotifyChargingLimit") == 1

    virtual(story)


@pytest.mark.parametrize(("soc", "limit_w"), [(100, 6_000), (0, 2_000)])
def test_a_limit_at_a_state_of_charge_counts_from_there_on(soc, limit_w):
    draft = profile(1, [period("ChargingOnly", limit=6_000)], kind="Relative", transaction_id="t")
    draft["chargingSchedule"][0]["limitAtSoC"] = {"soc": soc, "limit": 2_000}
    held = read_profile(1, draft, 0.0, watts_per_ampere=690.0)
    around = Surroundings(now_s=1.0, evse_id=1, transaction_id="t", transfer_started_s=0.0, soc_percent=50.0)
    assert target_at([held], around).limit_w == limit_w
    other = {"id": 2, "chargingRateUnit": "W", "chargingSchedulePeriod": [period("ChargingOnly", limit=5_000)]}
    several = read_profile(
        1, {**draft, "chargingSchedule": [*draft["chargingSchedule"], other]}, 0.0, watts_per_ampere=690.0
    )
    assert target_at([replace(several, chosen=1)], around).limit_w == 5_000


@pytest.mark.parametrize(("priority", "power_w"), [("ExternalControl", 2_000), ("CSMS", -3_000)])
def test_of_two_setpoints_the_configured_one_wins(virtual, priority, power_w):
    async def story():
        async with Bench(variables={"SmartChargingCtrlr.SetpointPriority": priority}) as bench:
            await bench.charge()
            await bench.station.update_setpoint(-3_000)
            bench.evse.ems.obey(EmsOrder(setpoint_w=2_000), utc_s(bench.clock))
            await bench.clock.sleep(2)
            assert bench.plant.power_w == power_w

    virtual(story)


@pytest.mark.parametrize(("comes_back", "power_w"), [(True, -5_000), (False, 11_000)])
def test_a_profile_ends_after_its_offline_time_and_comes_back_if_it_may(virtual, comes_back, power_w):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            draft = dynamic_setpoint(
                7, bench.station.transaction_id, -5_000,
                maxOfflineDuration=60, invalidAfterOfflineDuration=not comes_back,
            )  # fmt: skip
            await bench.station.set_charging_profile(draft)
            await bench.clock.sleep(2)
            await bench.shell.go_offline()
            await bench.clock.sleep(50)
            assert bench.plant.power_w == -5_000
            await bench.clock.sleep(20)
            assert bench.plant.power_w == 11_000
            bench.shell.go_online()
            await bench.clock.sleep(5)
            assert bench.plant.power_w == power_w

    virtual(story)


def test_the_higher_stack_level_wins_and_the_lower_takes_over(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await install(bench, period(setpoint=1_000), id=1, stack_level=1)
            await install(bench, period(setpoint=2_000), id=2, stack_level=2)
            assert bench.plant.power_w == 2_000
            assert (await bench.station.clear_charging_profiles(chargingProfileId=2))["status"] == "Accepted"
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 1_000
            assert (await bench.station.clear_charging_profiles(chargingProfileId=2))["status"] == "Unknown"

    virtual(story)


def test_priority_charging_takes_the_place_of_the_transactions_profile(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await bench.station.update_setpoint(-5_000)
            transaction = bench.station.transaction_id
            ask = {"transactionId": transaction, "activate": True}
            assert (await bench.station.call("UsePriorityCharging", ask))["status"] == "NoProfile"
            fast = profile(9, [period("ChargingOnly", limit=9_000)], purpose="PriorityCharging", kind="Relative")
            assert (await bench.station.set_charging_profile(fast, evse_id=0))["status"] == "Accepted"
            assert (await bench.station.call("UsePriorityCharging", ask))["status"] == "Accepted"
            note = await bench.station.expect("NotifyPriorityCharging", within_s=2)
            assert note.payload["activated"] is True
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 9_000
            await bench.station.call("UsePriorityCharging", {**ask, "activate": False})
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -5_000
            unknown = await bench.station.call("UsePriorityCharging", {"transactionId": "x", "activate": True})
            assert unknown["status"] == "Rejected"

    virtual(story)


def test_the_composite_schedule_shows_what_will_be_done(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            start = to_text(utc_s(bench.clock))
            await install(
                bench,
                period(setpoint=-4_000), period(setpoint=3_000, start_s=600),
                kind="Absolute", start_schedule=start, duration_s=1_200,
            )  # fmt: skip
            ceiling = profile(
                2, [period("ChargingOnly", limit=2_000)], purpose="ChargingStationMaxProfile", kind="Absolute",
                start_schedule=start,
            )  # fmt: skip
            assert (await bench.station.set_charging_profile(ceiling, evse_id=0))["status"] == "Accepted"
            answer = await bench.station.get_composite_schedule(1_800)
            periods = answer["schedule"]["chargingSchedulePeriod"]
            assert [one.get("setpoint") for one in periods] == [-4_000, 2_000, None]
            assert periods[0]["startPeriod"] == 0
            assert periods[1]["startPeriod"] == pytest.approx(598, abs=2)
            assert periods[2]["limit"] == 2_000
            await bench.clock.sleep(610)
            assert bench.plant.power_w == 2_000

    virtual(story)


def test_profiles_are_reported_by_source(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            ask = {"requestId": 5, "chargingProfile": {}}
            assert (await bench.station.call("GetChargingProfiles", ask))["status"] == "NoProfiles"
            await bench.station.update_setpoint(-1_000)
            assert (await bench.station.call("GetChargingProfiles", ask))["status"] == "Accepted"
            report = await bench.station.expect("ReportChargingProfiles", within_s=2)
            assert report.payload["requestId"] == 5
            assert report.payload["chargingProfile"][0]["chargingSchedule"][0]["chargingSchedulePeriod"][0][
                "setpoint"
            ] == -1_000  # fmt: skip

    virtual(story)


def test_der_controls_are_set_superseded_executed_reported_and_cleared(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await bench.station.update_setpoint(-10_000)
            call = bench.station.call

            def limit(name, percent, priority, **more):
                return {
                    "isDefault": not more, "controlId": name, "controlType": "LimitMaxDischarge",
                    "limitMaxDischarge": {"priority": priority, "pctMaxDischargePower": percent, **more},
                }  # fmt: skip

            assert await call("SetDERControl", limit("a", 50, 5)) == {"status": "Accepted"}
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -5_500
            assert await call("SetDERControl", limit("b", 20, 1)) == {"status": "Accepted", "supersededIds": ["a"]}
            assert await call("SetDERControl", limit("c", 80, 9)) == {"status": "Accepted", "supersededIds": ["c"]}
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -2_200
            start = to_text(utc_s(bench.clock) + 60)
            assert (await call("SetDERControl", limit("d", 0, 0, startTime=start, duration=120)))[
                "status"
            ] == "Accepted"
            await bench.station.expect("NotifyDERStartStop", {"controlId": "d", "started": True}, within_s=70)
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 0
            await bench.station.expect("NotifyDERStartStop", {"controlId": "d", "started": False}, within_s=125)
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -2_200
            assert (await call("GetDERControl", {"requestId": 3}))["status"] == "Accepted"
            report = await bench.station.expect("ReportDERControl", within_s=2)
            assert {one["id"] for one in report.payload["limitMaxDischarge"]} == {"a", "b", "c"}
            assert (await call("ClearDERControl", {"isDefault": True}))["status"] == "Accepted"
            assert (await call("ClearDERControl", {"isDefault": True}))["status"] == "NotFound"

    virtual(story)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"controlType": "WattVar"}, "NotSupported"),
        ({"controlType": "FreqWatt"}, "Rejected"),
        ({"gradient": {"priority": 0, "gradient": 1, "softGradient": 1}}, "Rejected"),
        ({"limitMaxDischarge": {"priority": 0, "startTime": "2026-01-01T00:00:00Z"}}, "Rejected"),
        ({"limitMaxDischarge": {"priority": 0, "duration": 5}}, "Rejected"),
    ],
)
def test_a_wrong_der_control_is_refused(virtual, change, status):
    async def story():
        async with Bench() as bench:
            base = {
                "isDefault": True, "controlId": "x", "controlType": "LimitMaxDischarge",
                "limitMaxDischarge": {"priority": 0, "pctMaxDischargePower": 10},
            }  # fmt: skip
            assert (await bench.station.call("SetDERControl", {**base, **change}))["status"] == status

    virtual(story)


def test_a_der_alarm_and_its_end_are_told(virtual):
    async def story():
        async with Bench() as bench:
            bench.evse.der.alarm("VoltWatt", "OverVoltage", utc_s(bench.clock))
            bench.evse.der.alarm("VoltWatt", "OverVoltage", utc_s(bench.clock), ended=True)
            bench.shell.poke()
            first = await bench.station.expect("NotifyDERAlarm", within_s=2)
            second = await bench.station.expect("NotifyDERAlarm", within_s=2)
            assert "alarmEnded" not in first.payload
            assert second.payload["alarmEnded"] is True

    virtual(story)


def test_a_frequency_droop_moves_the_power(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await bench.station.update_setpoint(0)
            droop = {"priority": 0, "overFreq": 50.1, "underFreq": 49.9, "overDroop": 1, "underDroop": 1,
                     "responseTime": 1}  # fmt: skip
            ask = {"isDefault": True, "controlId": "fd", "controlType": "FreqDroop", "freqDroop": droop}
            assert (await bench.station.call("SetDERControl", ask))["status"] == "Accepted"
            bench.plant.frequency_hz = 49.8
            await bench.clock.sleep(2)
            assert bench.plant.power_w == pytest.approx(-1_100)

    virtual(story)


def test_an_allowed_transfer_that_changes_asks_for_renegotiation(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge(requested="DC")
            ask = {"transactionId": bench.station.transaction_id, "allowedEnergyTransfer": ["DC", "DC_BPT"]}
            assert (await bench.station.call("NotifyAllowedEnergyTransfer", ask))["status"] == "Accepted"
            [order] = bench.evse.take_orders()
            assert order.allowed == ("DC", "DC_BPT")
            wrong = {**ask, "transactionId": "x"}
            assert (await bench.station.call("NotifyAllowedEnergyTransfer", wrong))["status"] == "Rejected"

    virtual(story)
