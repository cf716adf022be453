"""The energy manager on site, seen from its own orders: how old they may get, which are told, what they mean for later."""

from __future__ import annotations

from harness.case import expect, step
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, EnergyTransferStarted, reach
from testcases.ocpp21.test_q_external import EMS, RULES, set_smart


@usecase("PF_Q06_03_CS", sut="pair", protocol="ocpp2.1", requires=EMS,
         requirements=["Q06.FR.40", "Q06.FR.41", "K29.FR.07", "K29.FR.08"], uses_rules=RULES,
         parameters={"setpoint_w": 6_000, "limit_w": 2_000, "duration_s": 60})  # fmt: skip
async def test_an_external_limit_grows_old(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """Without an update within its duration the energy manager's limit does not count, until its next one"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.setpoint_w)
    for limit_w in (pf_parameters.limit_w, pf_parameters.limit_w / 2):
        await pf_site.order(limit_w=limit_w, duration_s=pf_parameters.duration_s)
        await pf_session.settles(limit_w, within_s=pf_limits.settling_s)
        if limit_w == pf_parameters.limit_w:
            step("the energy manager says nothing any more")
            await pf_session.wait(pf_parameters.duration_s)
            await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)


@usecase("PF_Q06_11_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "ems"},
         requirements=["Q06.FR.11", "K11"], uses_rules=RULES)  # fmt: skip
async def test_a_change_of_an_external_limit_is_told(pf_ground, pf_station, pf_site, pf_limits):
    """A limit of the energy manager that changes by more than LimitChangeSignificance is told again"""
    await reach(Booted, pf_ground)
    await set_smart(pf_station, "LimitChangeSignificance", "5")
    for limit_w in (8_000, 4_000):
        pf_station.forget()
        await pf_site.order(limit_w=limit_w)
        told = await pf_station.expect("NotifyChargingLimit", within_s=pf_limits.settling_s)
        for schedule in told.payload.get("chargingSchedule", []):
            given = schedule["chargingSchedulePeriod"][0].get("limit")
            expect(given, equals=limit_w, of="station", named="limit in NotifyChargingLimit")


@usecase("PF_K14_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "ems"}, requirements=["K14"],
         uses_rules=RULES, parameters={"limit_w": 3_000})  # fmt: skip
async def test_an_external_limit_waits_for_a_transaction(pf_ground, pf_station, pf_site, pf_limits, pf_parameters):
    """A limit that comes without a transaction is what the station foresees for the next one"""
    await reach(Booted, pf_ground)
    pf_station.forget()
    await pf_site.order(limit_w=pf_parameters.limit_w)
    await pf_station.expect("NotifyChargingLimit", within_s=pf_limits.settling_s)
    answer = await pf_station.get_composite_schedule(600)
    periods = answer.get("schedule", {}).get("chargingSchedulePeriod", [{}])
    expect(periods[0].get("limit"), equals=pf_parameters.limit_w, of="station", named="limit of the composite schedule")
