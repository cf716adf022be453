"""A vehicle in scheduled control mode: the CSMS's schedule reaches it (K18), and a new one when it renegotiates (K17)."""

from __future__ import annotations

from harness.case import expect
from harness.ocpp.profile_drafts import period, profile
from harness.usecase import usecase
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
    return told, [float(one.power) for one in schedule.power_schedule_entries.power_schedule_entry]


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
