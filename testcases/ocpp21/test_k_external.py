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


@usecase("PF_Q06_30_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q06.FR.30", "Q06.FR.31"],
         uses_rules=RULES, parameters={"charge_w": 6_000, "limit_w": 2_000, "setpoint_w": -3_000})  # fmt: skip
async def test_an_order_for_the_whole_station(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """What the energy manager orders for the whole station is told for EVSE 0, and kept by the one vehicle that is there"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.charge_w)
    for order in ({"limit_w": pf_parameters.limit_w}, {"setpoint_w": pf_parameters.setpoint_w}):
        pf_station.forget()
        await pf_site.order(**order, whole_station=True)
        told = await pf_station.expect("NotifyChargingLimit", within_s=pf_limits.settling_s)
        expect(told.payload.get("evseId", 0), equals=0, of="station", named="evseId in NotifyChargingLimit")
        await pf_session.settles(*order.values(), within_s=pf_limits.settling_s)


SCHEDULES = (
    ("PF_Q06_05_CS", ["Q06.FR.01", "Q06.FR.10"], "limit", "ExternalLimits", (6_000, 2_000)),
    ("PF_Q06_06_CS", ["Q06.FR.03", "Q06.FR.10"], "setpoint", "ExternalSetpoint", (3_000, -3_000)),
)
"""Id, requirements, what the energy manager schedules, in which mode that is shown, and the powers in W."""


def _schedule_case(key, mode, powers_w):
    async def test(pf_ground, pf_station, pf_site, pf_limits, pf_parameters):
        await reach(Booted, pf_ground)
        pf_station.forget()
        await pf_site.order(**{f"{key}_w": powers_w[0]}, until_s=pf_parameters.until_s, then_w=powers_w[1])
        told = await pf_station.expect("NotifyChargingLimit", within_s=pf_limits.settling_s)
        wanted = [(0, powers_w[0]), (pf_parameters.until_s, powers_w[1])]
        schedules = told.payload.get("chargingSchedule", [])
        expect([_steps(one, key) for one in schedules], equals=[wanted], of="station", named="schedule told")
        which = {"chargingProfilePurpose": "ChargingStationExternalConstraints"}
        await pf_station.call("GetChargingProfiles", {"requestId": 63, "chargingProfile": which})
        report = await pf_station.expect("ReportChargingProfiles", {"requestId": 63}, within_s=30)
        shown = report.payload["chargingProfile"][0]
        expect(shown["chargingProfileKind"], equals="Absolute", of="station", named="chargingProfileKind")
        modes = {one.get("operationMode") for one in shown["chargingSchedule"][0]["chargingSchedulePeriod"]}
        expect(modes, equals={mode}, of="station", named="operationMode")

    test.__doc__ = f"A schedule of {key}s of the energy manager is told, and shown as an Absolute {mode} profile"
    test.__name__ = test.__qualname__ = f"test_external_{key}s_by_schedule"
    return test


def _steps(schedule, key):
    return [(one["startPeriod"], one.get(key)) for one in schedule["chargingSchedulePeriod"]]


for _id, _requirements, _key, _mode, _powers_w in SCHEDULES:
    globals()[f"test_external_{_key}s_by_schedule"] = usecase(
        _id, sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "ems"}, requirements=_requirements,
        uses_rules=RULES, parameters={"until_s": 600},
    )(_schedule_case(_key, _mode, _powers_w))  # fmt: skip
