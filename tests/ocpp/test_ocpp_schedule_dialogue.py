"""What a vehicle in scheduled control is offered, and what becomes of its choice: the station agent on a table."""

from __future__ import annotations

import pytest
from table_top import Bench, in_virtual_time

from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.orders import ScheduleRenegotiationWanted
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.schedule_dialogue import PROFILE_S, ScheduleState
from harness.ocpp.shell import utc_s

DC = {"dcChargingParameters": {"evMaxCurrent": 100, "evMaxVoltage": 450}}
OLDER = {"requested": "DC", "dynamic_control": False, "of_iso2": DC}
MOST_W = 22_000.0


def limited(limit_w, **how):
    return period("ChargingOnly", limit=limit_w, **how)


async def told(bench, status, **needs):
    bench.station.answers.answer("NotifyEVChargingNeeds", {"status": status})
    await bench.authorise()
    await bench.go_on_charging(**OLDER, **needs)


async def install(bench, *schedules, **how):
    draft = profile(60, [], kind="Relative", transaction_id=bench.station.transaction_id, **how)
    draft["chargingSchedule"] = [
        {"id": number, "chargingRateUnit": "W", "chargingSchedulePeriod": periods}
        for number, periods in enumerate(schedules, 7)
    ]
    answer = await bench.station.set_charging_profile(draft)
    assert answer["status"] == "Accepted"


def offered(bench, until_s=3_600):
    return bench.evse.schedules(until_s, utc_s(bench.clock))


def test_what_is_to_come_is_waited_for_and_then_what_other_profiles_allow_is_offered():
    async def story():
        async with Bench() as bench:
            default = profile(
                61, [limited(5_000), limited(2_000, start_s=600)], purpose="TxDefaultProfile", kind="Relative"
            )
            assert (await bench.station.set_charging_profile(default))["status"] == "Accepted"
            await told(bench, "Processing")
            first = offered(bench)
            await bench.clock.sleep(PROFILE_S)
            return first, offered(bench), bench.evse.schedule.state

    first, after, state = in_virtual_time(story)
    assert (first, state) == (None, ScheduleState.NOT_COMING)
    ((begin, rest),) = after
    assert (begin[1], rest[1], begin[0] + rest[0]) == (5_000, 2_000, 3_600)
    assert begin[0] == pytest.approx(600 - PROFILE_S, abs=3)


@pytest.mark.parametrize("status", ["Rejected", "NoChargingProfile"])
def test_no_profile_for_an_older_vehicle_leaves_the_transaction_alone(status):
    async def story():
        async with Bench() as bench:
            await told(bench, status)
            await bench.clock.sleep(60.0)
            return bench.evse.transaction, bench.evse.schedule.state, offered(bench), bench.evse.take_orders()

    transaction, state, schedules, orders = in_virtual_time(story)
    assert transaction is not None
    assert (state, schedules, orders) == (ScheduleState.NOT_COMING, (((3_600, MOST_W),),), [])


def test_the_chosen_schedule_is_the_one_that_counts_and_is_reported_with_the_vehicles_own_powers():
    async def story():
        async with Bench() as bench:
            bench.station.answers.answer("NotifyEVChargingNeeds", {"status": "Accepted"})
            await bench.authorise()
            bench.evse.need(ChargingNeeds(**OLDER), utc_s(bench.clock))
            bench.shell.poke()
            await bench.clock.sleep(0.5)
            await install(bench, [limited(3_000)], [limited(6_000), limited(4_000, start_s=900)])
            schedules = offered(bench)
            bench.evse.schedule.choose(2, ((0, 5_500.0), (900, 4_000.0)))
            bench.evse.start_transfer(utc_s(bench.clock))
            bench.shell.poke()
            await bench.clock.sleep(1.0)
            report = (await bench.station.expect("NotifyEVChargingSchedule", within_s=5)).payload
            return schedules, bench.evse.power_target_w(utc_s(bench.clock)), report

    schedules, target_w, report = in_virtual_time(story)
    assert schedules == (((3_600, 3_000.0),), ((900, 6_000.0), (2_700, 4_000.0)))
    assert (target_w, report["selectedChargingScheduleId"]) == (6_000.0, 8)
    assert report["chargingSchedule"] == {
        "id": 8,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 5_500.0}, {"startPeriod": 900, "limit": 4_000.0}],
    }


def test_a_profile_in_session_wants_a_renegotiation_and_its_rest_is_offered_without_new_needs():
    async def story():
        async with Bench() as bench:
            await told(bench, "NoChargingProfile")
            offered(bench)
            await bench.clock.sleep(300.0)
            await install(bench, [limited(3_000), limited(8_000, start_s=400)])
            orders = bench.evse.take_orders()
            bench.station.forget()
            bench.evse.need(bench.evse.schedule.needs, utc_s(bench.clock))
            bench.shell.poke()
            await bench.clock.sleep(1.0)
            again = [one for one in bench.station.received if one.action == "NotifyEVChargingNeeds"]
            return orders, offered(bench), len(again)

    orders, ((first, rest),), told_again = in_virtual_time(story)
    assert orders == [ScheduleRenegotiationWanted()]
    assert (first[1], rest[1], told_again) == (3_000.0, 8_000.0, 1)
    assert first[0] == pytest.approx(100, abs=5)


def test_a_profile_that_the_vehicle_waits_for_wants_no_renegotiation():
    async def story():
        async with Bench() as bench:
            await told(bench, "Accepted")
            await install(bench, [limited(3_000)])
            return bench.evse.take_orders()

    assert in_virtual_time(story) == []


def test_a_vehicle_in_dynamic_control_is_never_asked_to_renegotiate():
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await install(bench, [limited(3_000)])
            return bench.evse.take_orders()

    assert in_virtual_time(story) == []
