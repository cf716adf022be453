"""Both agents talking in virtual time: the main job's story."""

from __future__ import annotations

import asyncio

import pytest
from table_top import Bench

from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.meter_values import sampled
from harness.ocpp.profile_drafts import dynamic_setpoint, period, profile
from harness.ocpp.quirks import Quirks
from harness.ocpp.shell import utc_s
from harness.ocpp.station_errors import CallRefused, NoAnswer, NotSeen
from harness.ocpp.timestamps import to_text
from harness.ocpp.version import ErrorCode


def test_a_station_boots_and_reports_its_connector(virtual):
    async def story():
        async with Bench() as bench:
            boot = await bench.station.expect("BootNotification", within_s=1)
            assert boot.payload["chargingStation"]["vendorName"] == "Plugfest"
            status = await bench.station.expect("StatusNotification", within_s=1)
            assert status.payload["connectorStatus"] == "Available"

    virtual(story)


def test_the_station_discharges_when_the_csms_moves_the_setpoint(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            started = await bench.station.expect("TransactionEvent", {"eventType": "Started"}, within_s=1)
            assert started.payload["idToken"]["additionalInfo"][0]["type"] == "EVCCID"
            assert bench.plant.power_w == 11_000
            answer = await bench.station.update_setpoint(-10_000)
            assert answer["status"] == "Accepted"
            await bench.station.expect("TransactionEvent", {"triggerReason": "OperationModeChanged"}, within_s=3)
            await bench.clock.sleep(60)
            assert bench.plant.power_w == -10_000
            await bench.station.update_setpoint(4_000)
            await bench.clock.sleep(60)
            assert bench.plant.power_w == 4_000
            last = [m for m in bench.station.received if m.payload.get("triggerReason") == "MeterValuePeriodic"][-1]
            assert sampled(last.payload["meterValue"], "Power.Active.Import") == 4_000
            assert sampled(last.payload["meterValue"], "Energy.Active.Export.Register") == pytest.approx(
                166.7, rel=0.05
            )

    virtual(story)


def test_a_setpoint_beyond_what_the_vehicle_can_is_cut_to_it(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge(maximum_discharge_w=6_000)
            await bench.station.update_setpoint(-10_000)
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -6_000

    virtual(story)


def test_a_vehicle_in_charge_only_service_is_never_discharged(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge(requested="DC")
            await bench.station.update_setpoint(-10_000)
            await bench.clock.sleep(2)
            assert bench.plant.power_w == 0

    virtual(story)


def test_a_pause_of_twenty_minutes_keeps_the_transaction(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            transaction = bench.station.transaction_id
            bench.evse.pause(utc_s(bench.clock))
            bench.shell.poke()
            await bench.clock.sleep(1200)
            assert bench.plant.power_w == 0
            bench.evse.resume(utc_s(bench.clock))
            bench.shell.poke()
            await bench.clock.sleep(5)
            assert bench.station.transaction_id == transaction
            assert bench.plant.power_w == 11_000

    virtual(story)


def test_unplugging_ends_the_transaction_and_forgets_its_profiles(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await bench.station.update_setpoint(-3_000)
            bench.evse.unplug(utc_s(bench.clock))
            bench.shell.poke()
            ended = await bench.station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=5)
            assert ended.payload["transactionInfo"]["stoppedReason"] == "EVDisconnected"
            assert bench.evse.smart.profiles == []
            assert bench.station.transaction_id is None

    virtual(story)


def test_offline_events_are_kept_in_order_and_marked(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            await bench.shell.go_offline()
            bench.station.forget()
            await bench.clock.sleep(30)
            bench.evse.unplug(utc_s(bench.clock))
            await bench.clock.sleep(5)
            bench.shell.go_online()
            await bench.station.connected(10)
            ended = await bench.station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=10)
            assert ended.payload["offline"] is True
            events = [m.payload for m in bench.station.received if m.action == "TransactionEvent"]
            assert [event["seqNo"] for event in events] == list(range(len(events)))

    virtual(story)


def test_a_dynamic_profile_without_updates_steps_back_after_its_duration(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            draft = dynamic_setpoint(7, bench.station.transaction_id, -5_000, duration_s=60)
            assert (await bench.station.set_charging_profile(draft))["status"] == "Accepted"
            await bench.clock.sleep(30)
            assert bench.plant.power_w == -5_000
            await bench.clock.sleep(40)
            assert bench.plant.power_w == 11_000
            await bench.station.update_dynamic_schedule(7, setpoint=-2_000)
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -2_000

    virtual(story)


def test_a_dynamic_profile_is_pulled_when_it_asks_for_it(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            bench.station.answers.answer(
                "PullDynamicScheduleUpdate", {"status": "Accepted", "scheduleUpdate": {"setpoint": -1_500}}
            )
            draft = dynamic_setpoint(7, bench.station.transaction_id, 0, dynUpdateInterval=20)
            await bench.station.set_charging_profile(draft)
            pull = await bench.station.expect("PullDynamicScheduleUpdate", within_s=25)
            assert pull.payload == {"chargingProfileId": 7}
            await bench.clock.sleep(2)
            assert bench.plant.power_w == -1_500

    virtual(story)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"transaction_id": "nobody"}, "TxNotFound"),
        ({"periods": [period(setpoint=1), period(setpoint=2, start_s=5)]}, "InvalidSchedule"),
        ({"periods": [period(setpoint=-500, dischargeLimit=-100)]}, "InvalidSchedule"),
        ({"periods": [period("LocalFrequency")]}, "NoFreqWattCurve"),
        ({"periods": [period("Idle", limit=0)]}, "InvalidSchedule"),
        ({"periods": [period(setpoint=-1, setpoint_L2=-1)]}, "PhaseConflict"),
        ({"purpose": "PriorityCharging", "transaction_id": None}, "InvalidOperationMode"),
        ({"stack_level": 99}, "InvalidStackLevel"),
    ],
)
def test_a_profile_that_breaks_a_rule_is_rejected_with_its_reason(virtual, change, reason):
    async def story():
        async with Bench() as bench:
            await bench.charge()
            arguments = {"periods": [period(setpoint=0)], "transaction_id": bench.station.transaction_id, **change}
            answer = await bench.station.set_charging_profile(profile(1, **arguments))
            assert answer["status"] == "Rejected"
            assert answer["statusInfo"]["reasonCode"] == reason

    virtual(story)


def test_a_profile_before_the_vehicles_needs_is_rejected(virtual):
    async def story():
        async with Bench() as bench:
            await bench.authorise()
            answer = await bench.station.update_setpoint(-1_000)
            assert answer["statusInfo"]["reasonCode"] == "InvalidMessageSeq"

    virtual(story)


def test_a_transfer_that_the_csms_refuses_ends_the_transaction_without_renegotiation(virtual):
    async def story():
        async with Bench(variables={"ISO15118Ctrlr.ServiceRenegotiationSupport": "false"}) as bench:
            bench.station.answers.answer("NotifyEVChargingNeeds", {"status": "Rejected"})
            await bench.authorise()
            bench.evse.need(ChargingNeeds(), utc_s(bench.clock))
            bench.shell.poke()
            ended = await bench.station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=5)
            assert ended.payload["transactionInfo"]["stoppedReason"] == "ReqEnergyTransferRejected"

    virtual(story)


def test_a_refused_token_starts_no_transaction(virtual):
    async def story():
        async with Bench() as bench:
            bench.station.answers.answer("Authorize", {"idTokenInfo": {"status": "Blocked"}})
            await bench.authorise()
            assert bench.evse.admission.granted is False
            with pytest.raises(NotSeen):
                await bench.station.expect("TransactionEvent", within_s=5)

    virtual(story)


def test_an_unsupported_action_is_refused_and_a_silent_csms_is_retried(virtual):
    async def story():
        async with Bench() as bench:
            with pytest.raises(CallRefused) as refusal:
                await bench.station.call("SendLocalList", {"versionNumber": 1, "updateType": "Full"})
            assert refusal.value.code == "NotSupported"
            bench.station.answers.stay_silent("TransactionEvent", times=1)
            await bench.charge()
            await bench.clock.sleep(40)
            started = [m for m in bench.station.received if m.payload.get("eventType") == "Started"]
            assert len(started) == 2
            assert started[0].payload["seqNo"] == started[1].payload["seqNo"] == 0

    virtual(story)


def test_a_late_answer_counts_and_an_error_reaches_the_caller(virtual):
    async def story():
        async with Bench() as bench:
            bench.station.answers.delay("Authorize", 5.0, times=1)
            await bench.authorise()
            assert bench.evse.admission.granted is None
            await bench.clock.sleep(6)
            assert bench.evse.admission.granted is True
            bench.station.answers.refuse("Heartbeat", ErrorCode.INTERNAL_ERROR)
            await bench.station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
            await bench.station.expect("Heartbeat", within_s=5)

    virtual(story)


def test_a_wrong_answer_of_the_test_itself_is_kept_and_the_link_lives_on(virtual):
    async def story():
        async with Bench() as bench:
            bench.station.answers.answer("Heartbeat", lambda _: {"currentTime": "garbage"}, times=1)
            for _ in range(2):
                await bench.station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
                await bench.station.expect("Heartbeat", within_s=5)
            assert len(bench.station.answering.faults) == 1
            assert "date-time" in bench.station.answering.faults[0]

    virtual(story)


def test_a_lost_link_fails_the_open_call_at_once(virtual):
    async def story():
        async with Bench(quirks=Quirks(incoming=lambda *_: None)) as bench:
            waiting = asyncio.ensure_future(bench.station.call("DataTransfer", {"vendorId": "x"}))
            await bench.clock.sleep(1)
            await bench.shell.go_offline()
            with pytest.raises(NoAnswer):
                await waiting

    virtual(story)


def test_the_device_model_tells_of_the_vehicle_that_is_connected(virtual):
    async def story():
        async with Bench() as bench:
            await bench.charge(target_energy_wh=20_000.0, departure_s=utc_s(bench.clock) + 3_600)
            told = {}
            for name in ("Available", "VehicleID", "DischargePower", "EnergyImport", "DepartureTime"):
                told[name] = (await bench.station.get_variable("ConnectedEV", name, evse=1))["attributeValue"]
            assert told.pop("DepartureTime") > to_text(utc_s(bench.clock))
            assert told == {"Available": "true", "VehicleID": "WMIV1234567890ABCDEX", "DischargePower": "11000",
                            "EnergyImport": "20000"}  # fmt: skip

    virtual(story)


def test_what_was_written_is_put_back_as_it_was_found(virtual):
    async def story():
        async with Bench() as bench:
            station = bench.station
            name, of_a_mode = ("SampledDataCtrlr", "TxUpdatedInterval"), ("V2XChargingCtrlr", "TxUpdatedMeasurands")
            found = (await station.get_variable(*name))["attributeValue"]
            for value in ("7", "9"):
                await station.set_variable(*name, value)
            await station.set_variable(*of_a_mode, "Frequency", instance="ChargingOnly", evse=1)
            await station.restore_variables()
            assert (await station.get_variable(*name))["attributeValue"] == found not in ("7", "9")
            restored = await station.get_variable(*of_a_mode, instance="ChargingOnly", evse=1)
            assert restored["attributeValue"] == ""
            assert station.found == {}

    virtual(story)


def test_meter_values_come_in_the_interval_of_their_operation_mode(virtual):
    async def story():
        async with Bench() as bench:
            await bench.station.set_variable(
                "V2XChargingCtrlr", "TxUpdatedInterval", "3", instance="ChargingOnly", evse=1
            )
            await bench.charge()
            await bench.clock.sleep(20)  # the first by the station's own interval
            bench.station.forget()
            await bench.clock.sleep(30)
            sampled = [
                one for one in bench.station.received if one.payload.get("triggerReason") == "MeterValuePeriodic"
            ]
            assert len(sampled) >= 12

    virtual(story)
