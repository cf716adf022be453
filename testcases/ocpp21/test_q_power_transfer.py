"""Block Q with a vehicle: who gives the number, and does power follow it."""

from __future__ import annotations

from harness.case import expect, step
from harness.ocpp.profile_drafts import dynamic_setpoint, period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.states import Authorized, EnergyTransferStarted, EVConnected, OfflineInTransfer, reach

V2X = {"charger:ocpp2.1", "dc_bpt", "dynamic"}
RULES = ["ocpp2.1"]
BOTH = ["ocpp2.1", "cross-protocol"]
CURVE = [{"frequency": 49.8, "power": -6_000}, {"frequency": 50.2, "power": 6_000}]
SIGNALS = [{"signal": -1, "power": -2_000}, {"signal": 1, "power": 2_000}]


async def install(station, *periods, profile_id=300, **how):
    """A TxProfile of the running transaction, which must be accepted."""
    draft = profile(profile_id, periods, transaction_id=station.transaction_id, **how)
    answer = await station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    return answer


async def update(station, power_w, profile_id=300):
    answer = await station.update_dynamic_schedule(profile_id, setpoint=power_w)
    expect(answer["status"], equals="Accepted", of="station", named="status of UpdateDynamicSchedule")


@usecase("PF_Q01_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X,
         requirements=["Q01.FR.02", "Q01.FR.03"], uses_rules=BOTH)  # fmt: skip
async def test_v2x_authorisation(pf_ground, pf_station, pf_limits):
    """The EVCCID is in the first event, the vehicle's bidirectional needs follow"""
    await reach(EVConnected, pf_ground)
    started = await pf_station.expect("TransactionEvent", {"eventType": "Started"}, within_s=pf_limits.session_s)
    more = started.payload.get("idToken", {}).get("additionalInfo", [])
    expect("EVCCID" in [one["type"] for one in more], equals=True, of="station", named="EVCCID given")
    told = await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    expect(told.payload["chargingNeeds"]["requestedEnergyTransfer"], equals="DC_BPT", of="station", named="transfer")


@usecase("PF_Q01_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X,
         requirements=["Q01.FR.05", "Q01.FR.06", "K19.FR.16"], uses_rules=RULES)  # fmt: skip
async def test_a_refused_transfer_has_a_consequence(pf_ground, pf_station, pf_limits):
    """The CSMS rejects the vehicle's needs: the service is negotiated again, or the transaction ends and says why"""
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Rejected"}, times=1)
    await reach(Authorized, pf_ground)
    await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    after = await pf_station.expect_any(
        {"NotifyEVChargingNeeds": None, "TransactionEvent": {"eventType": "Ended"}}, within_s=pf_limits.session_s
    )
    if after.action == "TransactionEvent":
        reason = after.payload["transactionInfo"].get("stoppedReason")
        expect(reason, equals="ReqEnergyTransferRejected", of="station", named="stoppedReason")


@usecase("PF_Q02_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X,
         requirements=["Q02.FR.06"], uses_rules=RULES)  # fmt: skip
async def test_a_change_of_the_allowed_transfers_is_accepted(pf_ground, pf_station):
    """NotifyAllowedEnergyTransfer for the running transaction is accepted, for another one it is not"""
    await reach(EnergyTransferStarted, pf_ground)
    request = {"transactionId": pf_station.transaction_id, "allowedEnergyTransfer": ["DC", "DC_BPT"]}
    answer = await pf_station.call("NotifyAllowedEnergyTransfer", request)
    expect(answer["status"], equals="Accepted", of="station", named="status")
    answer = await pf_station.call("NotifyAllowedEnergyTransfer", {**request, "transactionId": "no-such-transaction"})
    expect(answer["status"], equals="Rejected", of="station", named="status for an unknown transaction")


@usecase("PF_Q03_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q03.FR.01", "V2X.02"],
         uses_rules=BOTH, parameters={"first_w": 6_000, "second_w": -6_000, "step_s": 60})  # fmt: skip
async def test_a_schedule_of_setpoints_is_followed(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Central control by schedule: each period's setpoint is taken at its start"""
    await reach(EnergyTransferStarted, pf_ground)
    later = period(setpoint=pf_parameters.second_w, start_s=pf_parameters.step_s)
    await install(
        pf_station, period(setpoint=pf_parameters.first_w), later,
        kind="Absolute", start_schedule=to_text(utc_s(pf_ground.bench.clock)),
    )  # fmt: skip
    await pf_session.settles(pf_parameters.first_w, within_s=pf_limits.settling_s)
    await pf_session.wait(pf_parameters.step_s)
    await pf_session.settles(pf_parameters.second_w, within_s=pf_limits.settling_s)


@usecase("PF_Q04_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q03.FR.01", "K28.FR.08", "Q04"],
         uses_rules=BOTH, parameters={"discharge_w": -10_000})  # fmt: skip
async def test_discharge_follows_a_remote_setpoint(pf_ground, pf_session, pf_parameters):
    """The station discharges when the CSMS asks for it, without a hand on the charger"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.discharge_w)


@usecase("PF_Q04_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K28.FR.06", "K28.FR.08"],
         uses_rules=BOTH, parameters={"first_w": 3_000, "second_w": -3_000, "third_w": 0})  # fmt: skip
async def test_every_update_counts(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Each UpdateDynamicSchedule moves the power, the profile's own number does not come back"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=8_000))
    for name in ("first_w", "second_w", "third_w"):
        wanted_w = getattr(pf_parameters, name)
        step(f"setpoint {wanted_w:+g} W")
        await update(pf_station, wanted_w)
        await pf_session.settles(wanted_w, within_s=pf_limits.settling_s)


@usecase("PF_Q04_03_CS", sut="pair", protocol="ocpp2.1", requires=V2X,
         requirements=["K28.FR.13", "K28.FR.14"], uses_rules=RULES,
         parameters={"discharge_w": -5_000, "fallback_w": 2_000, "duration_s": 60})  # fmt: skip
async def test_a_profile_without_updates_steps_back(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Without an update within its duration the next lower profile counts; the next update brings it back"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=pf_parameters.fallback_w), profile_id=301, stack_level=0)
    await install(
        pf_station, period(setpoint=pf_parameters.discharge_w), stack_level=2, duration_s=pf_parameters.duration_s
    )
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)
    await pf_session.wait(pf_parameters.duration_s)
    await pf_session.settles(pf_parameters.fallback_w, within_s=pf_limits.settling_s)
    await update(pf_station, pf_parameters.discharge_w)
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)


@usecase("PF_Q04_04_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K28.FR.10"],
         uses_rules=RULES, parameters={"pulled_w": -4_000, "interval_s": 20})  # fmt: skip
async def test_a_profile_is_pulled_when_it_is_due(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """A profile with dynUpdateInterval is pulled, and what the CSMS answers is executed"""
    await reach(EnergyTransferStarted, pf_ground)
    pf_station.answers.answer(
        "PullDynamicScheduleUpdate",
        {"status": "Accepted", "scheduleUpdate": {"setpoint": pf_parameters.pulled_w}},
    )
    await install(pf_station, period(setpoint=0), dynUpdateInterval=pf_parameters.interval_s)
    pulled = await pf_station.expect("PullDynamicScheduleUpdate", within_s=pf_parameters.interval_s + 10)
    expect(pulled.payload["chargingProfileId"], equals=300, of="station", named="chargingProfileId")
    await pf_session.settles(pf_parameters.pulled_w, within_s=pf_limits.settling_s)


@usecase("PF_Q04_07_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K28.FR.10"],
         uses_rules=RULES, parameters={"pulled_w": -4_000, "due_s": 20})  # fmt: skip
async def test_a_pull_that_falls_due_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """A pull that falls due offline is made up for when the link is back: within half an interval (our default)"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=0), dynUpdateInterval=pf_parameters.due_s)
    pf_station.answers.answer(
        "PullDynamicScheduleUpdate",
        {"status": "Accepted", "scheduleUpdate": {"setpoint": pf_parameters.pulled_w}},
    )
    step("the station is kept out until the pull is due")
    pf_station.forget()
    await pf_station.keep_out()
    await pf_session.wait(pf_parameters.due_s + 1)
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)
    pulled = await pf_station.expect("PullDynamicScheduleUpdate", within_s=pf_parameters.due_s / 2)
    expect(pulled.payload["chargingProfileId"], equals=300, of="station", named="chargingProfileId")
    await pf_session.settles(pf_parameters.pulled_w, within_s=pf_limits.settling_s)


@usecase("PF_Q04_05_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["V2X.02", "V2X.03", "V2X.04", "K04"],
         uses_rules=RULES, parameters={"limit_w": 2_000, "discharge_limit_w": -1_500})  # fmt: skip
async def test_limits_cap_the_setpoint(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """A ChargingStationMaxProfile caps what the transaction's setpoint asks for"""
    await reach(EnergyTransferStarted, pf_ground)
    ceiling = profile(
        302, [period("ChargingOnly", limit=pf_parameters.limit_w)], purpose="ChargingStationMaxProfile",
        kind="Absolute", start_schedule=to_text(utc_s(pf_ground.bench.clock)),
    )  # fmt: skip
    answer = await pf_station.set_charging_profile(ceiling, evse_id=0)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    await install(pf_station, period(setpoint=8_000))
    await pf_session.settles(pf_parameters.limit_w, within_s=pf_limits.settling_s)


@usecase("PF_Q07_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q07.FR.01"],
         uses_rules=RULES, parameters={"power_w": -3_000})  # fmt: skip
async def test_central_frequency_support(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """A CentralFrequency setpoint is followed like any other"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period("CentralFrequency", setpoint=pf_parameters.power_w), duration_s=600)
    await pf_session.settles(pf_parameters.power_w, within_s=pf_limits.settling_s)


@usecase("PF_Q08_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q08.FR.06"],
         uses_rules=RULES, parameters={"baseline_w": -3_000})  # fmt: skip
async def test_local_frequency_support(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """At nominal frequency a LocalFrequency period gives its baseline"""
    await reach(EnergyTransferStarted, pf_ground)
    local = period("LocalFrequency", v2xBaseline=pf_parameters.baseline_w, v2xFreqWattCurve=CURVE)
    await install(pf_station, local)
    await pf_session.settles(pf_parameters.baseline_w, within_s=pf_limits.settling_s)


@usecase("PF_Q08_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["Q08.FR.10", "Q08.FR.11"],
         uses_rules=RULES, parameters={"baseline_w": -3_000, "start_s": 10})  # fmt: skip
async def test_the_afrr_signal_is_added(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """An AFRRSignal is rejected without its curve, and added to the baseline with it, from its timestamp on"""
    await reach(EnergyTransferStarted, pf_ground)
    signal = {"timestamp": to_text(utc_s(pf_ground.bench.clock)), "signal": -1}
    answer = await pf_station.call("AFRRSignal", signal)
    expect(answer["status"], equals="Rejected", of="station", named="status of AFRRSignal without a curve")
    local = period(
        "LocalFrequency", v2xBaseline=pf_parameters.baseline_w, v2xFreqWattCurve=CURVE, v2xSignalWattCurve=SIGNALS
    )
    await install(pf_station, local)
    await pf_session.wait(3)
    answer = await pf_station.call("AFRRSignal", signal)
    expect(answer["status"], equals="Accepted", of="station", named="status of AFRRSignal")
    await pf_session.settles(pf_parameters.baseline_w - 2_000, within_s=pf_limits.settling_s)
    step(f"a signal for {pf_parameters.start_s} s later")
    later_s = utc_s(pf_ground.bench.clock) + pf_parameters.start_s
    answer = await pf_station.call("AFRRSignal", {"timestamp": to_text(later_s), "signal": 1})
    expect(answer["status"], equals="Accepted", of="station", named="status of AFRRSignal")
    await pf_session.holds(pf_parameters.baseline_w - 2_000, for_s=pf_parameters.start_s - 1)
    await pf_session.settles(pf_parameters.baseline_w + 2_000, within_s=pf_limits.settling_s)


@usecase("PF_Q11_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K01.FR.101", "K01.FR.102"],
         uses_rules=BOTH,
         parameters={"discharge_w": -5_000, "fallback_w": 2_000, "max_offline_s": 60, "late_s": 60})  # fmt: skip
async def test_a_profile_ends_after_its_time_offline(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Offline for longer than maxOfflineDuration the next profile counts; back online the first does again"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=pf_parameters.fallback_w), profile_id=301, stack_level=0)
    await install(
        pf_station, period(setpoint=pf_parameters.discharge_w), stack_level=2,
        maxOfflineDuration=pf_parameters.max_offline_s, invalidAfterOfflineDuration=False,
    )  # fmt: skip
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)
    step("the link is cut")
    await pf_station.keep_out()
    await pf_session.wait(pf_parameters.max_offline_s + pf_parameters.late_s)
    await pf_session.settles(pf_parameters.fallback_w, within_s=pf_limits.settling_s)
    step("the link is back")
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)


@usecase("PF_Q12_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K01.FR.102"],
         uses_rules=RULES,
         parameters={"discharge_w": -5_000, "fallback_w": 2_000, "max_offline_s": 30, "late_s": 60})  # fmt: skip
async def test_a_profile_that_may_not_come_back_stays_out(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """With invalidAfterOfflineDuration the profile does not count any more after the time offline"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=pf_parameters.fallback_w), profile_id=301, stack_level=0)
    await install(
        pf_station, period(setpoint=pf_parameters.discharge_w), stack_level=2,
        maxOfflineDuration=pf_parameters.max_offline_s, invalidAfterOfflineDuration=True,
    )  # fmt: skip
    await pf_station.keep_out()
    await pf_session.wait(pf_parameters.max_offline_s + pf_parameters.late_s)
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)
    await pf_session.settles(pf_parameters.fallback_w, within_s=pf_limits.settling_s)


@usecase("PF_E04_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["E04", "K06.FR.01"],
         uses_rules=RULES, parameters={"offline_s": 60})  # fmt: skip
async def test_what_happened_offline_is_told_later(
    pf_ground, pf_session, pf_bench, pf_station, pf_limits, pf_parameters
):
    """The cable is pulled while offline: the end of the transaction is told later, marked as offline"""
    await reach(OfflineInTransfer, pf_ground)
    await pf_session.wait(pf_parameters.offline_s)
    await pf_bench.unplug()
    await pf_session.wait(5)
    pf_station.let_in()
    ended = await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
    expect(ended.payload.get("offline"), equals=True, of="station", named="offline")


@usecase("PF_J02_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["J02", "Q01.FR.35"],
         uses_rules=BOTH, parameters={"discharge_w": -8_000, "charge_w": 8_000})  # fmt: skip
async def test_meter_values_have_the_right_sign(pf_ground, pf_session, pf_station, pf_parameters):
    """What the station meters is what the analyser measures, in both directions"""
    await reach(EnergyTransferStarted, pf_ground)
    for wanted_w in (pf_parameters.discharge_w, pf_parameters.charge_w):
        await pf_session.follows(wanted_w)
        await pf_session.reports_agree()


@usecase("PF_J02_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["J02"],
         uses_rules=RULES, parameters={"discharge_w": -8_000, "hold_s": 120})  # fmt: skip
async def test_discharged_energy_goes_to_the_export_register(pf_ground, pf_session, pf_station, pf_parameters):
    """While discharging the export register rises with the energy, the import register does not"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.discharge_w)
    periodic = {"triggerReason": "MeterValuePeriodic"}
    pf_station.forget()
    first = await pf_station.expect("TransactionEvent", periodic, within_s=60)
    await pf_session.wait(pf_parameters.hold_s)
    pf_station.forget()
    last = await pf_station.expect("TransactionEvent", periodic, within_s=60)
    expect(
        last.at_s - first.at_s, at_least=pf_parameters.hold_s, of="bench", named="time between the readings", unit="s"
    )
    hours = (last.at_s - first.at_s) / 3600
    for register, wanted_wh in (("Export", -pf_parameters.discharge_w * hours), ("Import", 0.0)):
        values = [_register(one.payload, f"Energy.Active.{register}.Register") for one in (first, last)]
        expect(
            values[1] - values[0], at_least=wanted_wh * 0.8 - 10, at_most=wanted_wh * 1.2 + 10, of="station",
            named=f"{register.lower()}ed energy", unit="Wh",
        )  # fmt: skip


def _register(event, measurand):
    for value in event["meterValue"]:
        for sample in value["sampledValue"]:
            if sample.get("measurand") == measurand:
                return float(sample["value"])
    return float("nan")


@usecase("PF_K01_110_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K01.FR.110"], uses_rules=RULES)
async def test_a_new_operation_mode_is_told(pf_ground, pf_station):
    """A profile with another operation mode leads to a TransactionEvent that names it"""
    await reach(EnergyTransferStarted, pf_ground)
    await install(pf_station, period(setpoint=-2_000))
    event = await pf_station.expect("TransactionEvent", {"triggerReason": "OperationModeChanged"}, within_s=10)
    mode = event.payload["transactionInfo"].get("operationMode")
    expect(mode, equals="CentralSetpoint", of="station", named="operationMode")


@usecase("PF_K19_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X, requirements=["K19.FR.10"], uses_rules=RULES)
async def test_the_csmss_schedule_is_reported(pf_ground, pf_station, pf_limits):
    """Dynamic control: with a profile in time, NotifyEVChargingSchedule names the CSMS's own schedule"""
    pf_station.answers.answer("NotifyEVChargingNeeds", {"status": "Accepted"})
    await reach(Authorized, pf_ground)
    await pf_station.expect("NotifyEVChargingNeeds", within_s=pf_limits.session_s)
    draft = dynamic_setpoint(305, pf_station.transaction_id, 2_000)
    answer = await pf_station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    told = await pf_station.expect("NotifyEVChargingSchedule", within_s=pf_limits.session_s)
    expect(told.payload.get("selectedChargingScheduleId"), equals=305, of="station", named="schedule id")


@usecase("PF_K21_02_CS", sut="pair", protocol="ocpp2.1", requires=V2X,
         requirements=["K21.FR.01", "K21.FR.03", "K21.FR.04", "K21.FR.05", "K21.FR.06", "K21.FR.07", "K21.FR.08"],
         uses_rules=RULES, parameters={"discharge_w": -4_000, "priority_w": 9_000})  # fmt: skip
async def test_priority_charging_on_and_off(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """Priority charging needs its profile, takes the transaction's place, is told, and gives it back"""
    await reach(EnergyTransferStarted, pf_ground)
    request = {"transactionId": pf_station.transaction_id, "activate": True}
    answer = await pf_station.call("UsePriorityCharging", request)
    expect(answer["status"], equals="NoProfile", of="station", named="status without a PriorityCharging profile")
    await pf_session.follows(pf_parameters.discharge_w)
    fast = profile(306, [period("ChargingOnly", limit=pf_parameters.priority_w)], purpose="PriorityCharging",
                   kind="Relative")  # fmt: skip
    answer = await pf_station.set_charging_profile(fast, evse_id=0)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    for activate, wanted_w in ((True, pf_parameters.priority_w), (False, pf_parameters.discharge_w)):
        request = {"transactionId": pf_station.transaction_id, "activate": activate}
        answer = await pf_station.call("UsePriorityCharging", request)
        expect(answer["status"], equals="Accepted", of="station", named="status of UsePriorityCharging")
        await pf_station.expect("NotifyPriorityCharging", {"activated": activate}, within_s=10)
        await pf_session.settles(wanted_w, within_s=pf_limits.settling_s)


@usecase("PF_E02_01_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"pause"}, requirements=["E02", "Q10.FR.01"],
         uses_rules=BOTH, parameters={"pause_s": 120})  # fmt: skip
async def test_a_pause_keeps_the_transaction(pf_ground, pf_session, pf_station, pf_parameters, pf_limits):
    """The transaction goes on through a pause: same id before and after, and no Ended in between"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(6_000)
    transaction = pf_station.transaction_id
    await pf_session.make_idle()
    await pf_session.wait(pf_parameters.pause_s)
    await pf_session.end_idle()
    await pf_session.settles(6_000, within_s=pf_limits.resume_s)
    expect(pf_station.transaction_id, equals=transaction, of="station", named="transaction after the pause")
