"""Where the number comes from the site: an energy manager (Q05, Q06, K11 to K14, K29), the site's meter (Q09), the grid.

Each order is given at the site; what is judged is what the station says over OCPP and what the analyser measures.
"""

from __future__ import annotations

from harness.case import current_case, expect, step
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Booted, EnergyTransferStarted, reach
from testcases.ocpp21.test_q_power_transfer import CURVE, install

EMS = {"charger:ocpp2.1", "charger:ems", "dc_bpt", "dynamic"}
RULES = ["ocpp2.1"]
OPEN = "ExternalConstraintsProfileDisallowed"


async def set_smart(station, name, value):
    written = await station.set_variable("SmartChargingCtrlr", name, value)
    expect(written["attributeStatus"], equals="Accepted", of="station", named=f"writing {name}")


@usecase("PF_Q05_01_CS", sut="pair", protocol="ocpp2.1", requires=EMS,
         requirements=["Q05.FR.01", "Q05.FR.03", "Q05.FR.05", "K29.FR.03"], uses_rules=RULES,
         parameters={"first_w": 4_000, "second_w": -4_000})  # fmt: skip
async def test_an_external_setpoint_in_the_csmss_profile(
    pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters
):
    """In an ExternalSetpoint period of the CSMS the energy manager's setpoints are followed"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_smart(pf_station, OPEN, "true")
    await install(pf_station, period("ExternalSetpoint"))
    for power_w in (pf_parameters.first_w, pf_parameters.second_w):
        await pf_site.order(setpoint_w=power_w)
        await pf_session.settles(power_w, within_s=pf_limits.settling_s)


@usecase("PF_Q05_02_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q05.FR.02", "Q05.FR.04", "Q05.FR.06"],
         uses_rules=RULES, parameters={"limit_w": 3_000, "discharge_limit_w": -2_000})  # fmt: skip
async def test_external_limits_in_the_csmss_profile(
    pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters
):
    """In an ExternalLimits period of the CSMS the energy manager's limits are kept, and foreseen"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_smart(pf_station, OPEN, "true")
    await install(pf_station, period("ExternalLimits"))
    await pf_site.order(limit_w=pf_parameters.limit_w, discharge_limit_w=pf_parameters.discharge_limit_w)
    await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.settling_s)
    answer = await pf_station.get_composite_schedule(60)
    foreseen = answer.get("schedule", {}).get("chargingSchedulePeriod", [{}])[0].get("dischargeLimit")
    expect(foreseen, equals=pf_parameters.discharge_limit_w, of="station", named="dischargeLimit foreseen")


@usecase("PF_Q05_03_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q05.FR.07", "Q05.FR.08"],
         uses_rules=RULES, parameters={"discharge_w": -4_000, "fallback_w": 2_000, "duration_s": 60})  # fmt: skip
async def test_an_external_setpoint_grows_old(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """Without an update of the energy manager within the duration the next profile counts, until the next update"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_smart(pf_station, OPEN, "true")
    await install(pf_station, period(setpoint=pf_parameters.fallback_w), profile_id=301, stack_level=0)
    await install(pf_station, period("ExternalSetpoint"), stack_level=2, duration_s=pf_parameters.duration_s)
    await pf_site.order(setpoint_w=pf_parameters.discharge_w)
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)
    await pf_session.wait(pf_parameters.duration_s)
    await pf_session.settles(pf_parameters.fallback_w, within_s=pf_limits.settling_s)
    await pf_site.order(setpoint_w=pf_parameters.discharge_w - 1_000)
    await pf_session.settles(pf_parameters.discharge_w - 1_000, within_s=pf_limits.settling_s)


@usecase("PF_Q05_R1_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q05"],
         uses_rules=RULES, parameters={"setpoint_w": 3_000, "watch_s": 15})  # fmt: skip
async def test_an_energy_manager_that_is_switched_off(
    pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters
):
    """With ExternalControlSignalsEnabled false the energy manager has no say, the CSMS's setpoint stays"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_smart(pf_station, "ExternalControlSignalsEnabled", "false")
    await pf_session.follows(pf_parameters.setpoint_w)
    await pf_site.order(setpoint_w=-pf_parameters.setpoint_w)
    await pf_session.wait(pf_parameters.watch_s)
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)


@usecase("PF_Q06_01_CS", sut="pair", protocol="ocpp2.1", requires=EMS,
         requirements=["Q06.FR.02", "Q06.FR.11", "K10.FR.09", "K29.FR.04"], uses_rules=RULES,
         parameters={"setpoint_w": 8_000, "limit_w": 3_000})  # fmt: skip
async def test_an_external_limit_is_kept_and_told(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """A limit of the energy manager is kept, told with NotifyChargingLimit and shown as an ExternalConstraints profile"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.setpoint_w)
    await pf_site.order(limit_w=pf_parameters.limit_w)
    told = await pf_station.expect("NotifyChargingLimit", within_s=pf_limits.settling_s)
    expect(
        told.payload["chargingLimit"]["chargingLimitSource"], equals="EMS", of="station", named="chargingLimitSource"
    )
    await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.settling_s)
    wanted = {"chargingProfilePurpose": "ChargingStationExternalConstraints"}
    answer = await pf_station.call("GetChargingProfiles", {"requestId": 61, "chargingProfile": wanted})
    expect(answer["status"], equals="Accepted", of="station", named="status of GetChargingProfiles")
    report = await pf_station.expect("ReportChargingProfiles", {"requestId": 61}, within_s=30)
    shown = report.payload["chargingProfile"][0]
    mode = shown["chargingSchedule"][0]["chargingSchedulePeriod"][0].get("operationMode")
    expect(
        (shown["chargingProfileKind"], mode), equals=("Dynamic", "ExternalLimits"), of="station", named="kind and mode"
    )
    answer = await pf_station.clear_charging_profiles(chargingProfileId=shown["id"])
    expect(answer["status"], equals="Unknown", of="station", named="clearing what is not the CSMS's")


@usecase("PF_Q06_02_CS", sut="pair", protocol="ocpp2.1", requires=EMS,
         requirements=["Q06.FR.04", "Q06.FR.20", "Q06.FR.21", "Q06.FR.22", "Q06.FR.06", "K29.FR.05", "K29.FR.06"],
         uses_rules=RULES,
         parameters={"csms_w": 3_000, "ems_w": -3_000})  # fmt: skip
async def test_whose_setpoint_counts(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """Of two setpoints that of SetpointPriority counts: the energy manager's, or the CSMS's"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.csms_w)
    await pf_site.order(setpoint_w=pf_parameters.ems_w)
    for priority, wanted_w in (("ExternalControl", pf_parameters.ems_w), ("CSMS", pf_parameters.csms_w)):
        await set_smart(pf_station, "SetpointPriority", priority)
        await pf_session.settles(wanted_w, within_s=pf_limits.settling_s)


@usecase("PF_Q06_R1_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q06.FR.08"], uses_rules=RULES,
         parameters={"setpoint_w": 5_000, "watch_s": 15})  # fmt: skip
async def test_an_external_limit_that_is_disallowed(
    pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters
):
    """Where ExternalConstraints profiles are disallowed a limit of the energy manager is refused"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_smart(pf_station, OPEN, "true")
    await pf_session.follows(pf_parameters.setpoint_w)
    await pf_site.order(limit_w=1_000)
    await pf_session.wait(pf_parameters.watch_s)
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)
    wanted = {"chargingProfilePurpose": "ChargingStationExternalConstraints"}
    answer = await pf_station.call("GetChargingProfiles", {"requestId": 62, "chargingProfile": wanted})
    expect(answer["status"], equals="NoProfiles", of="station", named="status of GetChargingProfiles")


@usecase("PF_K12_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "ems"}, requirements=["K12", "K13"],
         uses_rules=RULES)  # fmt: skip
async def test_an_external_limit_without_a_transaction(pf_ground, pf_station, pf_site, pf_limits):
    """A limit of the energy manager is told without a transaction too, and so is its end"""
    await reach(Booted, pf_ground)
    pf_station.forget()
    await pf_site.order(limit_w=5_000)
    told = await pf_station.expect("NotifyChargingLimit", within_s=pf_limits.settling_s)
    expect(
        told.payload["chargingLimit"]["chargingLimitSource"], equals="EMS", of="station", named="chargingLimitSource"
    )
    await pf_site.order()
    gone = await pf_station.expect("ClearedChargingLimit", within_s=pf_limits.settling_s)
    expect(gone.payload["chargingLimitSource"], equals="EMS", of="station", named="chargingLimitSource")


@usecase("PF_K13_01_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["K11", "K13"], uses_rules=RULES,
         parameters={"setpoint_w": 6_000, "limit_w": 2_000})  # fmt: skip
async def test_an_external_limit_is_released(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """A limit changes the charging rate, which is told; once it is released the CSMS's setpoint is followed again"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.setpoint_w)
    pf_station.forget()
    await pf_site.order(limit_w=pf_parameters.limit_w)
    await pf_station.expect("TransactionEvent", {"triggerReason": "ChargingRateChanged"}, within_s=pf_limits.settling_s)
    await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.settling_s)
    pf_station.forget()
    await pf_site.order()
    await pf_station.expect("ClearedChargingLimit", within_s=pf_limits.settling_s)
    await pf_station.expect("TransactionEvent", {"triggerReason": "ChargingRateChanged"}, within_s=pf_limits.settling_s)
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)


@usecase("PF_K13_02_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["K11", "Q06.FR.05"], uses_rules=RULES,
         parameters={"setpoint_w": 6_000, "limit_w": 2_000, "offline_s": 60})  # fmt: skip
async def test_an_external_limit_while_offline(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """The energy manager's limit is kept while the station is offline"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.setpoint_w)
    step("the link is cut")
    await pf_station.keep_out()
    await pf_site.order(limit_w=pf_parameters.limit_w)
    await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.settling_s)
    await pf_session.wait(pf_parameters.offline_s)
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)
    await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.settling_s)


THRESHOLDS = {"UpperThreshold": "5000", "LowerThreshold": "-5000", "UpperOffset": "-500", "LowerOffset": "500"}


async def set_thresholds(station, **changes):
    for instance, value in {**THRESHOLDS, **changes}.items():
        written = await station.set_variable("V2XChargingCtrlr", "LocalLoadBalancing", value, instance=instance, evse=1)
        expect(written["attributeStatus"], equals="Accepted", of="station", named=f"writing {instance}")


@usecase("PF_Q09_01_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q09.FR.03", "Q09.FR.04"],
         uses_rules=RULES, parameters={"high_w": 11_000, "low_w": -11_000})  # fmt: skip
async def test_the_site_is_balanced(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """Above the upper threshold of the site's load the vehicle discharges to its offset, below the lower it charges so"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_thresholds(pf_station)
    await install(pf_station, period("LocalLoadBalancing"))
    for load_w, wanted_w in ((pf_parameters.high_w, 4_500 - pf_parameters.high_w),
                             (pf_parameters.low_w, -4_500 - pf_parameters.low_w)):  # fmt: skip
        await pf_site.draw(load_w)
        await pf_session.settles(wanted_w, within_s=pf_limits.settling_s * 2)


@usecase("PF_Q09_02_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q09.FR.05"], uses_rules=RULES,
         parameters={"high_w": 15_000, "limit_w": -2_000})  # fmt: skip
async def test_balancing_keeps_its_limits(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """What balancing asks for is capped by the period's dischargeLimit"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_thresholds(pf_station)
    await install(pf_station, period("LocalLoadBalancing", limit=5_000, dischargeLimit=pf_parameters.limit_w))
    await pf_site.draw(pf_parameters.high_w)
    await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.settling_s)


@usecase("PF_Q09_R3_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "dc_bpt"}, requirements=["Q09.FR.02"],
         uses_rules=RULES)  # fmt: skip
async def test_thresholds_the_wrong_way_round(pf_ground, pf_station):
    """LocalLoadBalancing is rejected while the upper threshold is not above the lower one"""
    await reach(Booted, pf_ground)
    draft = profile(310, [period("LocalLoadBalancing")], purpose="TxDefaultProfile")
    for upper, wanted in (("-5000", "Rejected"), ("-6000", "Rejected"), ("-4999", "Accepted")):
        await set_thresholds(pf_station, UpperThreshold=upper)
        answer = await pf_station.set_charging_profile(draft)
        expect(answer["status"], equals=wanted, of="station", named=f"status with {upper} W over -5000 W")


@usecase("PF_Q08_03_CS", sut="pair", protocol="ocpp2.1", requires=EMS - {"charger:ems"},
         requirements=["Q08.FR.06", "Q08.FR.07"], uses_rules=RULES,
         parameters={"high_hz": 50.1, "low_hz": 49.7, "baseline_w": 1_000})  # fmt: skip
async def test_power_follows_the_frequency(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """LocalFrequency: between its points the curve is a line, beyond its ends it stays at the last point"""
    await reach(EnergyTransferStarted, pf_ground)
    local = period("LocalFrequency", v2xBaseline=pf_parameters.baseline_w, v2xFreqWattCurve=CURVE)
    await install(pf_station, local)
    for frequency_hz, wanted_w in ((pf_parameters.high_hz, 3_000), (pf_parameters.low_hz, -6_000)):
        await pf_site.grid(frequency_hz=frequency_hz)
        await pf_session.settles(pf_parameters.baseline_w + wanted_w, within_s=pf_limits.settling_s)


TRIP = {"priority": 0, "yUnit": "PctEffectiveV", "curveData": [{"x": 0.2, "y": 115}, {"x": 10, "y": 112}]}


@usecase("PF_R05_01_CS", sut="pair", protocol="ocpp2.1", requires={*EMS, "charger:der"} - {"charger:ems"},
         requirements=["R05.FR.01", "R05.FR.02"], uses_rules=RULES,
         parameters={"charge_w": 5_000, "voltage_v": 275})  # fmt: skip
async def test_a_grid_event_is_alarmed(pf_ground, pf_session, pf_station, pf_site, pf_power, pf_limits, pf_parameters):
    """An overvoltage beyond the must-trip curve switches the converter off, is told once as an alarm, and so is its end"""
    await reach(EnergyTransferStarted, pf_ground)
    modes = await pf_station.get_variable("DCDERCtrlr", "ModesSupported", evse=1)
    expect("HVMustTrip" in modes["attributeValue"].split(","), equals=True, of="station", named="HVMustTrip supported")
    request = {"isDefault": True, "controlId": "trip", "controlType": "HVMustTrip", "curve": TRIP}
    answer = await pf_station.call("SetDERControl", request)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetDERControl")
    await pf_session.follows(pf_parameters.charge_w)
    await pf_site.grid(voltage_v=pf_parameters.voltage_v)
    alarm = await pf_station.expect("NotifyDERAlarm", within_s=pf_limits.settling_s)
    expect(alarm.payload.get("gridEventFault"), equals="OverVoltage", of="station", named="gridEventFault")
    expect(alarm.payload["controlType"], equals="HVMustTrip", of="station", named="controlType")
    await pf_session.wait(5)
    reading = await pf_power.now()
    expect(reading.active_w, at_most=500, of="station", named="power while tripped")
    await pf_site.grid()
    ended = await pf_station.expect("NotifyDERAlarm", within_s=pf_limits.settling_s)
    expect(ended.payload.get("alarmEnded"), equals=True, of="station", named="alarmEnded")
    await pf_session.settles(pf_parameters.charge_w, within_s=pf_limits.settling_s)


CESSATION = {"priority": 0, "yUnit": "PctEffectiveV", "curveData": [{"x": 0.1, "y": 110}, {"x": 1, "y": 108}]}


@usecase("PF_R05_02_CS", sut="pair", protocol="ocpp2.1", requires={*EMS, "charger:der"} - {"charger:ems"},
         requirements=["R05.FR.02", "R05.FR.03", "R05.FR.04"], uses_rules=RULES,
         parameters={"high_v": 252, "higher_v": 275, "quiet_s": 2})  # fmt: skip
async def test_another_control_takes_over(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """Voltage rises from the cessation curve to the must-trip curve: a second alarm, and no end of the first until all is over"""
    await reach(EnergyTransferStarted, pf_ground)
    for kind, curve in (("HVMomCess", CESSATION), ("HVMustTrip", TRIP)):
        request = {"isDefault": True, "controlId": kind, "controlType": kind, "curve": curve}
        answer = await pf_station.call("SetDERControl", request)
        if answer["status"] == "NotSupported":
            current_case().miss(f"the station does not support {kind}", Side.BENCH)
        expect(answer["status"], equals="Accepted", of="station", named="status of SetDERControl")
    alarms = []
    for kind, voltage_v in (("HVMomCess", pf_parameters.high_v), ("HVMustTrip", pf_parameters.higher_v)):
        await pf_site.grid(voltage_v=voltage_v)
        alarms.append((await pf_station.expect("NotifyDERAlarm", within_s=pf_limits.settling_s)).payload)
        expect(alarms[-1]["controlType"], equals=kind, of="station", named=f"controlType at {voltage_v:g} V")
        expect(bool(alarms[-1].get("alarmEnded")), equals=False, of="station", named="an end where another takes over")
    await pf_session.wait(pf_parameters.quiet_s)
    await pf_site.grid()
    ended = await pf_station.expect("NotifyDERAlarm", within_s=pf_limits.settling_s)
    expect(ended.payload.get("alarmEnded"), equals=True, of="station", named="alarmEnded")


@usecase("PF_K27_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "ems"}, requirements=["K27.FR.01"],
         uses_rules=RULES)  # fmt: skip
async def test_local_generation_is_added(pf_ground, pf_station):
    """A LocalGeneration profile is added to the limit in the composite schedule"""
    await reach(Booted, pf_ground)
    start = to_text(utc_s(pf_ground.bench.clock))
    for profile_id, purpose, limit_w in ((311, "TxDefaultProfile", 4_000), (312, "LocalGeneration", 2_500)):
        draft = profile(
            profile_id, [period("ChargingOnly", limit=limit_w)], purpose=purpose, kind="Absolute", start_schedule=start
        )
        answer = await pf_station.set_charging_profile(draft)
        expect(answer["status"], equals="Accepted", of="station", named=f"status for {purpose}")
    answer = await pf_station.get_composite_schedule(600)
    periods = answer["schedule"]["chargingSchedulePeriod"]
    expect(periods[0].get("limit"), equals=6_500, of="station", named="limit of the composite schedule")
