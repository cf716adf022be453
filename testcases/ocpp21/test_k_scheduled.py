"""A vehicle in scheduled control mode: the CSMS's schedule reaches it (K18), and a new one when it renegotiates (K17)."""

from __future__ import annotations

from harness.case import expect
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.offers import levels_w
from testcases.ocpp21.states import Authorized, Booted, reach

RULES = ["ocpp2.1"]
SCHEDULED = {"charger:ocpp2.1", "dc", "scheduled"}


async def scheduled(station, v2g, limits, powers_w, step_s, *, profile_id, after):
    """The needs of a vehicle in scheduled control, answered by one schedule; returns (needs, powers offered in W)."""
    told = (await station.expect("NotifyEVChargingNeeds", within_s=limits.session_s)).payload
    periods = [period("ChargingOnly", limit=one, start_s=n * step_s) for n, one in enumerate(powers_w)]
    draft = profile(profile_id, periods, transaction_id=station.transaction_id, kind="Relative")
    answer = await station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    offered = await v2g.message(
        "ScheduleExchangeRes", within_s=limits.session_s, after=after, evse_processing="Finished"
    )
    schedule = offered.content.control_mode.schedule_tuple[0].charging_schedule.power_schedule
    return told, levels_w(float(one.power) for one in schedule.power_schedule_entries.power_schedule_entry)


@usecase("PF_K18_01_CS", sut="pair", protocol="ocpp2.1", requires=SCHEDULED,
         requirements=["K18.FR.06", "K18.FR.10", "K18.FR.20"], uses_rules=RULES,
         parameters={"first_w": 6_000, "second_w": 3_000, "step_s": 1_800})  # fmt: skip
async def test_the_schedule_reaches_the_vehicle(pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """Needs in scheduled control: the vehicle is offered the CSMS's schedule, its choice is reported, power keeps to it"""
    powers_w = [pf_parameters.first_w, pf_parameters.second_w]
    await reach(Booted, pf_ground)
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Accepted"})
    after = pf_v2g.mark()
    await reach(Authorized, pf_ground)
    told, offered_w = await scheduled(
        pf_station, pf_v2g, pf_limits, powers_w, pf_parameters.step_s, profile_id=340, after=after
    )
    expect(told["chargingNeeds"]["controlMode"], equals="ScheduledControl", of="station", named="controlMode")
    expect("maxScheduleTuples" in told, equals=True, of="station", named="maxScheduleTuples")
    expect(offered_w, equals=powers_w, of="station", named="powers that the vehicle is offered")
    chosen = await pf_station.expect("NotifyEVChargingSchedule", within_s=pf_limits.session_s)
    expect(chosen.payload.get("selectedChargingScheduleId"), equals=340, of="station", named="schedule id")
    await pf_session.settles(pf_parameters.first_w, within_s=pf_limits.settling_s)


@usecase("PF_K17_01_CS", sut="pair", protocol="ocpp2.1", requires=SCHEDULED | {"vehicle:driver"},
         requirements=["K17", "K20.FR.02"], uses_rules=RULES,
         parameters={"first_w": 6_000, "renegotiated_w": 9_000, "departure_s": 7_200, "target_soc": 0.9})  # fmt: skip
async def test_a_vehicle_renegotiates(pf_ground, pf_driver, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """The driver wants to leave earlier: the vehicle renegotiates and is offered the schedule that answers its new needs"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Accepted"})
    after = pf_v2g.mark()
    await reach(Authorized, pf_ground)
    await scheduled(pf_station, pf_v2g, pf_limits, [pf_parameters.first_w], 0, profile_id=341, after=after)
    await pf_session.settles(pf_parameters.first_w, within_s=pf_limits.settling_s)
    after = pf_v2g.mark()
    pf_station.forget()
    pf_driver.wants(departure_s=pf_parameters.departure_s, target_soc=pf_parameters.target_soc)
    _, offered_w = await scheduled(
        pf_station, pf_v2g, pf_limits, [pf_parameters.renegotiated_w], 0, profile_id=341, after=after
    )
    expect(offered_w, equals=[pf_parameters.renegotiated_w], of="station", named="powers that the vehicle is offered")
    await pf_session.settles(pf_parameters.renegotiated_w, within_s=pf_limits.settling_s)


async def offered(v2g, limits, after):
    """The powers (W) of each schedule that the vehicle is offered next."""
    answer = await v2g.message(
        "ScheduleExchangeRes", within_s=limits.session_s, after=after, evse_processing="Finished"
    )
    schedules = [one.charging_schedule.power_schedule for one in answer.content.control_mode.schedule_tuple]
    return [
        levels_w(float(one.power) for one in each.power_schedule_entries.power_schedule_entry) for each in schedules
    ]


async def renegotiated(ground, v2g, after):
    """The station asks the vehicle to renegotiate; the powers (W) of each schedule that it is offered then."""
    clock, limits = ground.bench.clock, ground.limits
    end_s, wanted = clock.now_s() + limits.reaction_s, False
    while not wanted and clock.now_s() < end_s:
        told = [one.content.evse_status for one in v2g.messages("DC_ChargeLoopRes") if one.event > after]
        wanted = any(one and one.evse_notification == "ScheduleRenegotiation" for one in told)
        await clock.sleep(0.2)
    expect(wanted, equals=True, of="station", named="EVSENotification ScheduleRenegotiation")
    return await offered(v2g, limits, after)


async def in_session(ground, station, v2g, limits, power_w, profile_id):
    """A vehicle that charges by its first schedule."""
    await reach(Booted, ground)
    station.answers.answer("NotifyEVChargingNeeds", {"status": "Accepted"})
    after = v2g.mark()
    await reach(Authorized, ground)
    await scheduled(station, v2g, limits, [power_w], 0, profile_id=profile_id, after=after)
    charging = {"transactionInfo.chargingState": "Charging"}
    await station.expect("TransactionEvent", charging, within_s=limits.session_s)


@usecase("PF_K18_13_CS", sut="pair", protocol="ocpp2.1", requires=SCHEDULED,
         requirements=["K18.FR.13", "K16.FR.02", "K16.FR.09"], uses_rules=RULES,
         parameters={"first_w": 6_000, "next_w": 3_000})  # fmt: skip
async def test_a_schedule_that_the_csms_rejects(pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """The CSMS rejects the vehicle's schedule and sends a new profile: the vehicle renegotiates, and tells no needs again"""
    pf_station.answers.answer("NotifyEVChargingSchedule", {"status": "Rejected"}, times=1)
    await in_session(pf_ground, pf_station, pf_v2g, pf_limits, pf_parameters.first_w, 342)
    after, since_s = pf_v2g.mark(), utc_s(pf_ground.bench.clock)
    pf_station.forget()
    periods = [period("ChargingOnly", limit=pf_parameters.next_w)]
    draft = profile(342, periods, transaction_id=pf_station.transaction_id, kind="Relative")
    answer = await pf_station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    powers_w = await renegotiated(pf_ground, pf_v2g, after)
    expect(powers_w, equals=[[pf_parameters.next_w]], of="station", named="powers that the vehicle is offered")
    await pf_station.expect("NotifyEVChargingSchedule", within_s=pf_limits.session_s)
    await pf_session.settles(pf_parameters.next_w, within_s=pf_limits.settling_s)
    again = [one for one in pf_station.received if one.action == "NotifyEVChargingNeeds" and one.at_s >= since_s]
    expect(len(again), equals=0, of="station", named="needs told again")


@usecase("PF_K18_15_CS", sut="pair", protocol="ocpp2.1", requires=SCHEDULED, requirements=["K18.FR.04", "K18.FR.15"],
         uses_rules=RULES, parameters={"default_w": 4_000})  # fmt: skip
async def test_no_profile_for_a_vehicle_in_scheduled_control(
    pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters
):
    """The CSMS answers NoChargingProfile: the vehicle is offered what the TxDefaultProfile allows, and keeps to it"""
    await reach(Booted, pf_ground)
    periods = [period("ChargingOnly", limit=pf_parameters.default_w)]
    draft = profile(350, periods, purpose="TxDefaultProfile", kind="Relative")
    answer = await pf_station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "NoChargingProfile"})
    after = pf_v2g.mark()
    await reach(Authorized, pf_ground)
    powers_w = await offered(pf_v2g, pf_limits, after)
    expect(powers_w, equals=[[pf_parameters.default_w]], of="station", named="powers that the vehicle is offered")
    await pf_session.settles(pf_parameters.default_w, within_s=pf_limits.session_s)


@usecase("PF_K16_03_CS", sut="pair", protocol="ocpp2.1", requires=SCHEDULED, requirements=["K16.FR.02", "K04"],
         uses_rules=RULES, parameters={"first_w": 6_000, "most_w": 2_000})  # fmt: skip
async def test_a_station_maximum_in_session(pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters):
    """A ChargingStationMaxProfile below the vehicle's schedule comes and goes: each time the vehicle is offered what is left"""
    await in_session(pf_ground, pf_station, pf_v2g, pf_limits, pf_parameters.first_w, 343)
    after = pf_v2g.mark()
    draft = profile(
        344, [period("ChargingOnly", limit=pf_parameters.most_w)], purpose="ChargingStationMaxProfile",
        kind="Absolute", start_schedule=to_text(utc_s(pf_ground.bench.clock)),
    )  # fmt: skip
    answer = await pf_station.set_charging_profile(draft, evse_id=0)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    powers_w = await renegotiated(pf_ground, pf_v2g, after)
    expect(powers_w, equals=[[pf_parameters.most_w]], of="station", named="powers that the vehicle is offered")
    await pf_session.settles(pf_parameters.most_w, within_s=pf_limits.settling_s)
    after = pf_v2g.mark()
    answer = await pf_station.clear_charging_profiles(chargingProfileId=344)
    expect(answer["status"], equals="Accepted", of="station", named="status of ClearChargingProfile")
    powers_w = await renegotiated(pf_ground, pf_v2g, after)
    expect(powers_w, equals=[[pf_parameters.first_w]], of="station", named="powers offered once the maximum is gone")


@usecase("PF_K18_24_CS", sut="pair", protocol="ocpp2.1", requires=SCHEDULED,
         requirements=["K18.FR.20", "K18.FR.24"], uses_rules=RULES,
         parameters={"low_w": 2_000, "high_w": 5_000, "apart_w": 1_000, "first_s": 1_800})  # fmt: skip
async def test_schedules_of_two_stack_levels(pf_ground, pf_station, pf_v2g, pf_limits, pf_parameters):
    """Two schedules each at two stack levels: the vehicle may choose from two, first joined with first, second with second"""
    await in_session(pf_ground, pf_station, pf_v2g, pf_limits, pf_parameters.low_w, 345)
    low_w, high_w = [(one, one + pf_parameters.apart_w) for one in (pf_parameters.low_w, pf_parameters.high_w)]
    for stack_level, powers_w, duration_s in ((1, low_w, None), (5, high_w, pf_parameters.first_s)):
        after = pf_v2g.mark()
        draft = profile(345 + stack_level - 1, [], transaction_id=pf_station.transaction_id, kind="Relative",
                        stack_level=stack_level)  # fmt: skip
        until = {} if duration_s is None else {"duration": duration_s}
        draft["chargingSchedule"] = [
            {"id": 10 * stack_level + number, "chargingRateUnit": "W", **until,
             "chargingSchedulePeriod": [period("ChargingOnly", limit=power_w)]}
            for number, power_w in enumerate(powers_w)
        ]  # fmt: skip
        answer = await pf_station.set_charging_profile(draft)
        expect(answer["status"], equals="Accepted", of="station", named=f"status at stack level {stack_level}")
        told_w = await renegotiated(pf_ground, pf_v2g, after)
    joined_w = [list(pair) for pair in zip(high_w, low_w, strict=True)]
    expect(told_w, equals=joined_w, of="station", named="powers that the vehicle is offered")
