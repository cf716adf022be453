"""What a station does without its CSMS, and what it tells it afterwards, by use case (Q11 and Q12 are in test_q_power_transfer).

Each begins online, is kept out, and is let in again; what happened meanwhile has to come with its own time.
"""

from __future__ import annotations

from contextlib import asynccontextmanager

from harness.case import expect, step
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_seconds, to_text
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, EnergyTransferStarted, reach
from testcases.ocpp21.test_j_meter_values import PERIODIC, samples, write
from testcases.ocpp21.test_k_driver import DRIVEN
from testcases.ocpp21.test_k_scheduled import SCHEDULED
from testcases.ocpp21.test_plug_and_charge import PNC
from testcases.ocpp21.test_q_external import EMS, OPEN, THRESHOLDS, TRIP, set_smart, set_thresholds
from testcases.ocpp21.test_q_power_transfer import CURVE, V2X, install
from testcases.ocpp21.test_r_der_control import DER, limit, put

RULES = ["ocpp2.1"]
SLACK_S = 1.5
"""How far a time that is told may be from what it tells of (our default)."""
NOTICED_S = 3.0
"""How late a station may notice what happens offline (our default); it is let in again later than that."""


@asynccontextmanager
async def offline(ground):
    """Without the CSMS; gives the time since when, and lets the station in again."""
    step("the station is kept out")
    ground.station.forget()
    await ground.station.keep_out()
    since_s = utc_s(ground.bench.clock)
    yield since_s
    step("the station is let in again")
    ground.station.let_in()
    await ground.station.connected(ground.limits.session_s)


def happened(payload, at_s, named):
    """A message says when it was what it tells of."""
    expect(to_seconds(payload["timestamp"]) - at_s, at_least=-SLACK_S, at_most=NOTICED_S, of="station",
           named=f"told time of {named}, after it", unit="s")  # fmt: skip


async def offline_contracts(station, allowed):
    await write(station, "AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    written = await station.set_variable("ISO15118Ctrlr", "ContractValidationOffline", allowed, evse=1)
    expect(written["attributeStatus"], equals="Accepted", of="station", named="writing ContractValidationOffline")


@usecase("PF_C07_08_CS", sut="pair", protocol="ocpp2.1", requires=PNC, requirements=["C07.FR.07", "C07.FR.08", "E04"],
         uses_rules=RULES)  # fmt: skip
async def test_a_contract_offline(pf_ground, pf_v2g, pf_station, pf_limits):
    """ContractValidationOffline: a good contract charges offline, and its transaction is told later"""
    await reach(Booted, pf_ground)
    await offline_contracts(pf_station, "true")
    async with offline(pf_ground):
        await pf_ground.bench.plug_in()
        await pf_v2g.message("DC_ChargeLoopRes", within_s=pf_limits.session_s)
    started = (
        await pf_station.expect("TransactionEvent", {"eventType": "Started"}, within_s=pf_limits.session_s)
    ).payload
    expect(started.get("offline"), equals=True, of="station", named="offline")
    expect(
        started.get("idToken", {}).get("type"), equals="eMAID", of="station", named="type of the transaction's token"
    )


@usecase("PF_C07_R7_CS", sut="pair", protocol="ocpp2.1", requires=PNC, requirements=["C07.FR.07", "C07.FR.08"], uses_rules=RULES,
         parameters={"uncharged_s": 30})  # fmt: skip
async def test_no_contract_offline(pf_ground, pf_session, pf_station, pf_v2g, pf_parameters):
    """Without ContractValidationOffline no contract charges offline"""
    await reach(Booted, pf_ground)
    await offline_contracts(pf_station, "false")
    async with offline(pf_ground):
        await pf_ground.bench.plug_in()
        await pf_session.wait(pf_parameters.uncharged_s)
        expect(len(pf_v2g.messages("DC_ChargeLoopRes")), equals=0, of="station", named="charge loops offline")


@usecase("PF_R04_12_CS", sut="charger", protocol="ocpp2.1", requires=DER, requirements=["R04.FR.20", "R04.FR.22", "R04.FR.10"],
         uses_rules=RULES, parameters={"soon_s": 20, "lasts_s": 20})  # fmt: skip
async def test_a_scheduled_control_offline(pf_ground, pf_station, pf_limits, pf_parameters):
    """A scheduled control begins and ends while offline: both are told later, each with its own time"""
    await reach(Booted, pf_ground)
    clock = pf_ground.bench.clock
    start_s = utc_s(clock) + pf_parameters.soon_s
    request = limit("later", default=False, startTime=to_text(start_s), duration=pf_parameters.lasts_s)
    await put(pf_station, request)
    async with offline(pf_ground):
        await clock.sleep(pf_parameters.soon_s + pf_parameters.lasts_s + SLACK_S)
    for started, at_s in ((True, start_s), (False, start_s + pf_parameters.lasts_s)):
        wanted = {"controlId": "later", "started": started}
        told = await pf_station.expect("NotifyDERStartStop", wanted, within_s=pf_limits.session_s)
        happened(told.payload, at_s, "the start" if started else "the end")


@usecase("PF_R05_03_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:der"}, requirements=["R05.FR.01", "R05.FR.02"],
         uses_rules=RULES, parameters={"voltage_v": 275, "event_s": 20})  # fmt: skip
async def test_a_grid_event_offline(pf_ground, pf_station, pf_site, pf_limits, pf_parameters):
    """A grid event comes and goes while offline: the alarm and its end are told later, each with its own time"""
    await reach(EnergyTransferStarted, pf_ground)
    clock = pf_ground.bench.clock
    await put(pf_station, {"isDefault": True, "controlId": "trip", "controlType": "HVMustTrip", "curve": TRIP})
    moments = []
    async with offline(pf_ground):
        for voltage_v in (pf_parameters.voltage_v, 230):
            moments.append(utc_s(clock))
            await pf_site.grid(voltage_v=voltage_v)
            await clock.sleep(pf_parameters.event_s)
    for ended, at_s in zip((False, True), moments, strict=True):
        alarm = (await pf_station.expect("NotifyDERAlarm", within_s=pf_limits.session_s)).payload
        expect(alarm.get("alarmEnded", False), equals=ended, of="station", named="alarmEnded")
        happened(alarm, at_s, "its end" if ended else "the grid event")


@usecase("PF_K22_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:priority_button"}, requirements=["K22"],
         uses_rules=RULES, parameters={"discharge_w": -4_000, "priority_w": 9_000})  # fmt: skip
async def test_priority_is_asked_for_offline(pf_ground, pf_driver, pf_session, pf_station, pf_limits, pf_parameters):
    """The driver asks for priority charging while offline: it counts at once, and is told later"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.command(pf_parameters.discharge_w)
    fast = profile(331, [period("ChargingOnly", limit=pf_parameters.priority_w)], purpose="PriorityCharging",
                   kind="Relative")  # fmt: skip
    answer = await pf_station.set_charging_profile(fast, evse_id=0)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    async with offline(pf_ground):
        pf_driver.presses_priority(True)
        await pf_session.settles(pf_parameters.priority_w, within_s=pf_limits.settling_s)
    await pf_station.expect("NotifyPriorityCharging", {"activated": True}, within_s=pf_limits.session_s)


@usecase("PF_K18_02_CS", sut="pair", protocol="ocpp2.1", requires=SCHEDULED, requirements=["K18.FR.15", "K18.FR.21"],
         uses_rules=RULES, parameters={"limit_w": 4_000})  # fmt: skip
async def test_scheduled_needs_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Plugged in offline, in scheduled control: the TxDefaultProfile is kept to, the needs are told later, with their time"""
    await reach(Booted, pf_ground)
    default = profile(
        332, [period("ChargingOnly", limit=pf_parameters.limit_w)], purpose="TxDefaultProfile", kind="Relative"
    )
    answer = await pf_station.set_charging_profile(default)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    await write(pf_station, "AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    async with offline(pf_ground) as since_s:
        await pf_ground.bench.plug_in()
        await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.session_s)
    needs = (await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)).payload
    mode = needs["chargingNeeds"].get("controlMode")
    expect(mode, equals="ScheduledControl", of="station", named="controlMode")
    expect("timestamp" in needs, equals=True, of="station", named="timestamp of the needs")
    expect(to_seconds(needs["timestamp"]) - since_s, at_least=-SLACK_S, of="station",
           named="told time of the needs, after the loss of the link", unit="s")  # fmt: skip


@usecase("PF_K20_02_CS", sut="pair", protocol="ocpp2.1", requires=DRIVEN, requirements=["K20.FR.05"], uses_rules=RULES,
         parameters={"departure_s": 7_200, "target_soc": 0.6, "told_s": 10})  # fmt: skip
async def test_new_needs_offline(pf_ground, pf_driver, pf_session, pf_station, pf_limits, pf_parameters):
    """The driver wants to leave earlier while offline: the new needs are told later, with the time when they were"""
    await reach(EnergyTransferStarted, pf_ground)
    async with offline(pf_ground) as since_s:
        pf_driver.wants(departure_s=pf_parameters.departure_s, target_soc=pf_parameters.target_soc)
        await pf_session.wait(pf_parameters.told_s)
        back_s = utc_s(pf_ground.bench.clock)
    needs = (await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)).payload
    expect("timestamp" in needs, equals=True, of="station", named="timestamp of the needs")
    expect(to_seconds(needs["timestamp"]) - since_s, at_least=-SLACK_S, at_most=back_s - since_s, of="station",
           named="told time of the needs, after the loss of the link", unit="s")  # fmt: skip


@usecase("PF_Q05_04_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q05.FR.01", "Q05.FR.05", "K01.FR.103"],
         uses_rules=RULES, parameters={"first_w": 4_000, "second_w": -4_000})  # fmt: skip
async def test_an_external_setpoint_offline(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """In an ExternalSetpoint period the energy manager's new setpoint is followed while offline, and afterwards"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_smart(pf_station, OPEN, "true")
    await install(pf_station, period("ExternalSetpoint"))
    await pf_site.order(setpoint_w=pf_parameters.first_w)
    async with offline(pf_ground):
        await pf_site.order(setpoint_w=pf_parameters.second_w)
        await pf_session.settles(pf_parameters.second_w, within_s=pf_limits.settling_s)
    await pf_session.settles(pf_parameters.second_w, within_s=pf_limits.settling_s)


@usecase("PF_Q07_03_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K01.FR.101"], uses_rules=RULES,
         parameters={"power_w": -3_000, "baseline_w": 2_000, "unguided_s": 60})  # fmt: skip
async def test_central_frequency_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Offline for longer than maxOfflineDuration a CentralFrequency profile gives way to a LocalFrequency one below it"""
    await reach(EnergyTransferStarted, pf_ground)
    local = period("LocalFrequency", v2xBaseline=pf_parameters.baseline_w, v2xFreqWattCurve=CURVE)
    await install(pf_station, local, profile_id=301, stack_level=0)
    await install(pf_station, period("CentralFrequency", setpoint=pf_parameters.power_w), stack_level=2,
                  maxOfflineDuration=pf_parameters.unguided_s)  # fmt: skip
    await pf_session.settles(pf_parameters.power_w, within_s=pf_limits.settling_s)
    async with offline(pf_ground):
        await pf_session.wait(pf_parameters.unguided_s)
        await pf_session.settles(pf_parameters.baseline_w, within_s=pf_limits.settling_s)


@usecase("PF_Q08_04_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q08.FR.07", "K01.FR.103"],
         uses_rules=RULES, parameters={"low_hz": 49.8, "baseline_w": 1_000})  # fmt: skip
async def test_power_follows_the_frequency_offline(
    pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters
):
    """LocalFrequency needs no CSMS: while offline the frequency goes on being followed"""
    await reach(EnergyTransferStarted, pf_ground)
    local = period("LocalFrequency", v2xBaseline=pf_parameters.baseline_w, v2xFreqWattCurve=CURVE)
    await install(pf_station, local)
    async with offline(pf_ground):
        await pf_site.grid(frequency_hz=pf_parameters.low_hz)
        await pf_session.settles(pf_parameters.baseline_w - 6_000, within_s=pf_limits.settling_s)


@usecase("PF_Q09_03_CS", sut="pair", protocol="ocpp2.1", requires=EMS, requirements=["Q09.FR.03", "K01.FR.103"],
         uses_rules=RULES, parameters={"high_w": 11_000})  # fmt: skip
async def test_the_site_is_balanced_offline(pf_ground, pf_session, pf_station, pf_site, pf_limits, pf_parameters):
    """LocalLoadBalancing needs no CSMS: while offline the site's load goes on being balanced"""
    await reach(EnergyTransferStarted, pf_ground)
    await set_thresholds(pf_station)
    await install(pf_station, period("LocalLoadBalancing"))
    async with offline(pf_ground):
        await pf_site.draw(pf_parameters.high_w)
        upper_w = float(THRESHOLDS["UpperThreshold"]) + float(THRESHOLDS["UpperOffset"])
        wanted_w = upper_w - pf_parameters.high_w
        await pf_session.settles(wanted_w, within_s=2 * pf_limits.settling_s)


@usecase("PF_J02_07_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["J02", "E04"], uses_rules=RULES,
         parameters={"sample_s": 10, "untold_s": 60})  # fmt: skip
async def test_meter_values_of_the_time_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Meter values that were due offline come later: all of them, in order, each with its own time, marked as offline"""
    await reach(Booted, pf_ground)
    every_s = pf_parameters.sample_s
    await write(pf_station, "SampledDataCtrlr", "TxUpdatedInterval", str(every_s))
    await reach(EnergyTransferStarted, pf_ground)
    await pf_station.expect("TransactionEvent", PERIODIC, within_s=every_s + 10)
    async with offline(pf_ground) as since_s:
        await pf_session.wait(pf_parameters.untold_s)
        back_s = utc_s(pf_ground.bench.clock)
    due = int(pf_parameters.untold_s // every_s)
    told = [
        (
            await pf_station.expect("TransactionEvent", {**PERIODIC, "offline": True}, within_s=pf_limits.session_s)
        ).payload
        for _ in range(due - 1)
    ]
    moments = [to_seconds(value["timestamp"]) for one in told for value in one["meterValue"]]
    expect(all(map(samples, told)), equals=True, of="station", named="values in each of them")
    expect(min(moments) - since_s, at_least=-SLACK_S, of="station",
           named="told time of the first values, after the loss of the link", unit="s")  # fmt: skip
    expect(max(moments) - back_s, at_most=SLACK_S, of="station",
           named="told time of the last values, after the time offline", unit="s")  # fmt: skip
    for earlier_s, later_s in zip(moments[:-1], moments[1:], strict=True):
        expect(later_s - earlier_s, at_least=every_s - SLACK_S, at_most=every_s + SLACK_S, of="station",
               named="from values to values", unit="s")  # fmt: skip


@usecase("PF_E02_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"pause"}, requirements=["E02", "E04"],
         uses_rules=RULES, parameters={"discharge_w": -5_000, "lead_s": 6, "pause_s": 60})  # fmt: skip
async def test_a_pause_and_its_end_offline(pf_ground, pf_session, pf_v2g, pf_station, pf_limits, pf_parameters):
    """Idle comes and goes while the station is offline: the vehicle resumes, and both are told later, in one transaction"""
    await reach(EnergyTransferStarted, pf_ground)
    transaction, lead_s, power_w = pf_station.transaction_id, pf_parameters.lead_s, pf_parameters.discharge_w
    idle = period("Idle", start_s=lead_s)
    again = period(setpoint=power_w, start_s=lead_s + pf_parameters.pause_s)
    begun = to_text(utc_s(pf_ground.bench.clock))
    await install(pf_station, period(setpoint=power_w), idle, again, kind="Absolute", start_schedule=begun)
    after = pf_v2g.mark()
    async with offline(pf_ground):
        await pf_v2g.message(
            "SessionStopReq", within_s=lead_s + pf_limits.settling_s, after=after, charging_session="Pause"
        )
        await pf_v2g.message("SessionSetupRes", within_s=pf_parameters.pause_s + pf_limits.resume_s, after=after)
        await pf_session.settles(power_w, within_s=pf_limits.resume_s)
    for state in ("SuspendedEVSE", "Charging"):
        wanted = {"transactionInfo.chargingState": state, "offline": True}
        told = await pf_station.expect("TransactionEvent", wanted, within_s=pf_limits.session_s)
        expect(told.payload["transactionInfo"]["transactionId"], equals=transaction, of="station", named="transaction")
