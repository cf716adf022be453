"""Profiles in a running session: remote starts, needs and their answers, what counts offline, and the ends of scales."""

from __future__ import annotations

from harness.case import current_case, expect, step
from harness.ocpp.profile_drafts import dynamic_setpoint, period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Authorized, Booted, EnergyTransferStarted, NeedsTold, reach
from testcases.ocpp21.test_q_power_transfer import CURVE, RULES, V2X, install


async def default(station, *periods, profile_id=320, **how):
    draft = profile(profile_id, periods, purpose="TxDefaultProfile", **how)
    answer = await station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")


@usecase("PF_K02_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K02", "V2X.01"], uses_rules=RULES,
         parameters={"first_w": 6_000, "second_w": 2_000})  # fmt: skip
async def test_a_central_limit_is_kept(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """A limit that the CSMS sends, and one that replaces it, are kept"""
    await reach(EnergyTransferStarted, pf_ground)
    for limit_w in (pf_parameters.first_w, pf_parameters.second_w):
        await install(pf_station, period("ChargingOnly", limit=limit_w), kind="Relative")
        await pf_session.settles(limit_w, within_s=pf_limits.settling_s)


@usecase("PF_K05_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K05"], uses_rules=RULES,
         parameters={"setpoint_w": -3_000})  # fmt: skip
async def test_a_remote_start_brings_its_profile(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """The TxProfile of a RequestStartTransaction counts in the transaction that it starts"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Processing"})
    draft = profile(321, [period(setpoint=pf_parameters.setpoint_w)])
    answer = await pf_station.request_start("04A1B2C3", chargingProfile=draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of RequestStartTransaction")
    pf_station.forget()
    await pf_ground.bench.plug_in(identified=True)
    started = await pf_station.expect("TransactionEvent", {"eventType": "Started"}, within_s=pf_limits.session_s)
    expect(started.payload["transactionInfo"].get("remoteStartId"), equals=1, of="station", named="remoteStartId")
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)


@usecase("PF_K06_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K06.FR.01", "K01.FR.103"],
         uses_rules=RULES, parameters={"setpoint_w": -4_000, "offline_s": 60})  # fmt: skip
async def test_a_profile_is_kept_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Without maxOfflineDuration a profile counts on while the station is offline"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=pf_parameters.setpoint_w))
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)
    await pf_station.keep_out()
    await pf_session.wait(pf_parameters.offline_s)
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)


@usecase("PF_K16_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K16.FR.02", "K16.FR.09"],
         uses_rules=RULES, parameters={"setpoint_w": 3_000, "quiet_s": 20})  # fmt: skip
async def test_a_new_profile_does_not_bring_new_needs(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """A profile that the CSMS sends in session is followed, and the vehicle's needs are not told again for it"""
    await reach(EnergyTransferStarted, pf_ground)
    since_s = utc_s(pf_ground.bench.clock)
    await install(pf_station, period(setpoint=pf_parameters.setpoint_w))
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)
    await pf_session.wait(pf_parameters.quiet_s)
    again = [one for one in pf_station.received if one.action == "NotifyEVChargingNeeds" and one.at_s >= since_s]
    expect(len(again), equals=0, of="station", named="needs told again")


@usecase("PF_K18_R17_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K18.FR.17", "K19.FR.13"],
         uses_rules=RULES)  # fmt: skip
async def test_a_profile_before_the_needs_is_rejected(pf_ground, pf_station):
    """A TxProfile that comes before the vehicle has told its needs is rejected"""
    since_s = utc_s(pf_ground.bench.clock)
    await reach(Authorized, pf_ground)
    draft = dynamic_setpoint(322, pf_station.transaction_id, 1_000)
    answer = await pf_station.set_charging_profile(draft)
    if any(one.action == "NotifyEVChargingNeeds" and one.at_s > since_s for one in pf_station.received):
        with current_case().preamble():
            current_case().miss("the needs were told before the profile could be sent", Side.BENCH)
    expect(answer["status"], equals="Rejected", of="station", named="status of SetChargingProfile")


@usecase("PF_K19_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K18.FR.15", "K19.FR.11", "K18.FR.04"],
         uses_rules=RULES, parameters={"setpoint_w": -3_000})  # fmt: skip
async def test_without_a_profile_the_default_counts(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """The CSMS answers NoChargingProfile: the TxDefaultProfile counts, in its V2X mode"""
    await reach(Booted, pf_ground)
    await default(pf_station, period(setpoint=pf_parameters.setpoint_w))
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "NoChargingProfile"})
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.settling_s)


@usecase("PF_K19_03_CS", sut="pair", protocol="ocpp2.1", requires=V2X,
         requirements=["K18.FR.21", "K19.FR.11", "K19.FR.14", "K07"], uses_rules=RULES,
         parameters={"setpoint_w": -3_000})  # fmt: skip
async def test_needs_that_come_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Plugged in offline: the TxDefaultProfile counts, needs and events are told later, with the time when they were"""
    await reach(Booted, pf_ground)
    await default(pf_station, period(setpoint=pf_parameters.setpoint_w))
    written = await pf_station.set_variable("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    expect(written["attributeStatus"], equals="Accepted", of="station", named="writing OfflineTxForUnknownIdEnabled")
    await pf_station.keep_out()
    await pf_ground.bench.clock.sleep(1)
    step("the vehicle is plugged in while the station is offline")
    pf_station.forget()
    await pf_ground.bench.plug_in()
    await pf_session.settles(pf_parameters.setpoint_w, within_s=pf_limits.session_s)
    pf_station.let_in()
    started = await pf_station.expect("TransactionEvent", {"eventType": "Started"}, within_s=pf_limits.session_s)
    expect(started.payload.get("offline"), equals=True, of="station", named="offline")
    needs = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    expect("timestamp" in needs.payload, equals=True, of="station", named="timestamp of the needs")
    await pf_station.set_variable("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "false")


@usecase("PF_Q02_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q02.FR.06", "Q02.FR.07"],
         uses_rules=RULES)  # fmt: skip
async def test_a_new_permission_brings_new_needs(pf_ground, pf_station, pf_limits):
    """NotifyAllowedEnergyTransfer: the service is negotiated again, and the vehicle's needs are told anew"""
    await reach(EnergyTransferStarted, pf_ground)
    pf_station.forget()
    request = {"transactionId": pf_station.transaction_id, "allowedEnergyTransfer": ["DC", "DC_BPT"]}
    answer = await pf_station.call("NotifyAllowedEnergyTransfer", request)
    expect(answer["status"], equals="Accepted", of="station", named="status of NotifyAllowedEnergyTransfer")
    needs = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    transfer = needs.payload["chargingNeeds"]["requestedEnergyTransfer"]
    expect(transfer, equals="DC_BPT", of="station", named="requestedEnergyTransfer")


@usecase("PF_Q03_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q03.FR.01", "K06.FR.01"],
         uses_rules=RULES, parameters={"first_w": 4_000, "second_w": -4_000, "step_s": 60})  # fmt: skip
async def test_a_schedule_goes_on_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """The next period of a schedule begins at its time while the station is offline"""
    await reach(EnergyTransferStarted, pf_ground)
    later = period(setpoint=pf_parameters.second_w, start_s=pf_parameters.step_s)
    await install(
        pf_station, period(setpoint=pf_parameters.first_w), later,
        kind="Absolute", start_schedule=to_text(utc_s(pf_ground.bench.clock)),
    )  # fmt: skip
    await pf_session.settles(pf_parameters.first_w, within_s=pf_limits.settling_s)
    await pf_station.keep_out()
    await pf_session.wait(pf_parameters.step_s)
    await pf_session.settles(pf_parameters.second_w, within_s=pf_limits.settling_s)
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)


@usecase("PF_Q04_06_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["V2X.03", "V2X.04", "V2X.05"],
         uses_rules=RULES, parameters={"edge_w": 3_000})  # fmt: skip
async def test_setpoints_at_the_edge_of_their_limits(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """A setpoint that equals a limit is accepted and followed; with both limits at zero no power flows"""
    await reach(EnergyTransferStarted, pf_ground)
    edge_w = pf_parameters.edge_w
    for setpoint_w, most_w in ((edge_w, edge_w), (-edge_w, edge_w), (0, 0)):
        step(f"setpoint {setpoint_w:+g} W within {-most_w:g} to {most_w:g} W")
        await install(pf_station, period(setpoint=setpoint_w, limit=most_w, dischargeLimit=-most_w))
        await pf_session.settles(setpoint_w, within_s=pf_limits.settling_s)


@usecase("PF_Q07_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q07.FR.04", "K28.FR.13"],
         uses_rules=RULES, parameters={"power_w": -3_000, "baseline_w": 2_000, "duration_s": 60})  # fmt: skip
async def test_central_frequency_falls_back_to_local(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Without updates a CentralFrequency profile gives way to a LocalFrequency one below it"""
    await reach(EnergyTransferStarted, pf_ground)
    local = period("LocalFrequency", v2xBaseline=pf_parameters.baseline_w, v2xFreqWattCurve=CURVE)
    await install(pf_station, local, profile_id=301, stack_level=0)
    central = period("CentralFrequency", setpoint=pf_parameters.power_w)
    await install(pf_station, central, stack_level=2, duration_s=pf_parameters.duration_s)
    await pf_session.settles(pf_parameters.power_w, within_s=pf_limits.settling_s)
    await pf_session.wait(pf_parameters.duration_s)
    await pf_session.settles(pf_parameters.baseline_w, within_s=pf_limits.settling_s)


@usecase("PF_Q10_03_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"pause"},
         requirements=["Q10.FR.03", "Q10.FR.04"], uses_rules=RULES)  # fmt: skip
async def test_a_sleeping_evse_says_so(pf_ground, pf_session, pf_station, pf_limits):
    """Idle with evseSleep: the station tells evseSleep while it sleeps"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(3_000)
    pf_station.forget()
    await install(pf_station, period("Idle", evseSleep=True), profile_id=323, kind="Relative", stack_level=9)
    await pf_station.expect("TransactionEvent", {"evseSleep": True}, within_s=pf_limits.session_s)


@usecase("PF_Q11_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K01.FR.101"], uses_rules=RULES,
         parameters={"discharge_w": -5_000, "max_offline_s": 60, "late_s": 60})  # fmt: skip
async def test_offline_without_another_profile(pf_ground, pf_session, pf_station, pf_power, pf_limits, pf_parameters):
    """Offline for longer than maxOfflineDuration and with no other profile the station charges only"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=pf_parameters.discharge_w),
                  maxOfflineDuration=pf_parameters.max_offline_s)  # fmt: skip
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)
    await pf_station.keep_out()
    await pf_session.wait(pf_parameters.max_offline_s + pf_parameters.late_s)
    reading = await pf_power.now()
    expect(reading.active_w, at_least=0, of="station", named="power without any profile")
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)


@usecase("PF_Q12_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K01.FR.101"], uses_rules=RULES,
         parameters={"discharge_w": -5_000, "allowed_s": 120, "away_s": 60})  # fmt: skip
async def test_back_in_time_nothing_changes(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Offline for less than maxOfflineDuration the profile counts all the time, and afterwards"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(
        pf_station, period(setpoint=pf_parameters.discharge_w), maxOfflineDuration=pf_parameters.allowed_s,
        invalidAfterOfflineDuration=True,
    )  # fmt: skip
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)
    await pf_station.keep_out()
    await pf_session.holds(pf_parameters.discharge_w, for_s=pf_parameters.away_s)
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)


@usecase("PF_E06_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["E06"], uses_rules=RULES)
async def test_a_pulled_cable_ends_the_transaction(pf_ground, pf_bench, pf_station, pf_limits):
    """The cable is pulled in the energy transfer: the transaction ends, once, and a next one has another id"""
    await reach(EnergyTransferStarted, pf_ground)
    transaction = pf_station.transaction_id
    await pf_bench.unplug()
    await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
    await pf_ground.bench.clock.sleep(2)
    await reach(Authorized, pf_ground)
    expect(pf_station.transaction_id != transaction, equals=True, of="station", named="another transaction id")


@usecase("PF_E06_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["E06", "F03"], uses_rules=RULES)
async def test_a_remote_stop_ends_the_transaction(pf_ground, pf_station, pf_limits):
    """RequestStopTransaction ends the running transaction with reason Remote, and is rejected for another one"""
    await reach(EnergyTransferStarted, pf_ground)
    answer = await pf_station.request_stop("no-such-transaction")
    expect(answer["status"], equals="Rejected", of="station", named="status for an unknown transaction")
    answer = await pf_station.request_stop()
    expect(answer["status"], equals="Accepted", of="station", named="status of RequestStopTransaction")
    ended = await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
    expect(ended.payload["transactionInfo"].get("stoppedReason"), equals="Remote", of="station", named="stoppedReason")


@usecase("PF_E14_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["E14"], uses_rules=RULES)
async def test_the_state_of_a_transaction_is_told(pf_ground, pf_station):
    """GetTransactionStatus: the running transaction is ongoing, an unknown one is not"""
    await reach(NeedsTold, pf_ground)
    for transaction, wanted in ((pf_station.transaction_id, True), ("no-such-transaction", False)):
        answer = await pf_station.call("GetTransactionStatus", {"transactionId": transaction})
        expect(answer.get("ongoingIndicator"), equals=wanted, of="station", named=f"ongoingIndicator of {transaction}")


@usecase("PF_J02_03_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["J02"], uses_rules=RULES,
         parameters={"every_s": 5, "quiet_s": 30})  # fmt: skip
async def test_the_interval_of_meter_values(pf_ground, pf_session, pf_station, pf_parameters):
    """Meter values come at TxUpdatedInterval, and none at all with an interval of 0"""
    await reach(Booted, pf_ground)
    periodic = {"triggerReason": "MeterValuePeriodic"}
    await pf_station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", str(pf_parameters.every_s))
    await reach(EnergyTransferStarted, pf_ground)
    for _ in range(3):
        await pf_station.expect("TransactionEvent", periodic, within_s=pf_parameters.every_s + 2)
    await pf_station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", "0")
    await pf_session.wait(pf_parameters.every_s + 2)
    since_s = utc_s(pf_ground.bench.clock)
    await pf_session.wait(pf_parameters.quiet_s)
    values = [one for one in pf_station.received if one.at_s > since_s and one.action == "TransactionEvent"
              and one.payload["triggerReason"] == "MeterValuePeriodic"]  # fmt: skip
    expect(len(values), equals=0, of="station", named="periodic meter values with an interval of 0")
