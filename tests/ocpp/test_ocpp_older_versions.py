"""Chargers that speak only 2.0.1 or 1.6: what they can say they say, what they cannot they leave out."""

from __future__ import annotations

import asyncio

import pytest
from table_top import Bench, TableTop

from harness.clock import Clock
from harness.ocpp.charge_point_16 import ChargePoint16
from harness.ocpp.csms import Csms
from harness.ocpp.dialect import spoken
from harness.ocpp.observer import Unobserved
from harness.ocpp.profile_drafts import profile
from harness.ocpp.schema import problem
from harness.ocpp.session import LocalProtocolError
from harness.ocpp.shell import StationShell, utc_s
from harness.ocpp.station_errors import CallRefused
from harness.ocpp.timestamps import to_text
from harness.ocpp.version import Version

PLAIN = {"startPeriod": 0, "limit": 4_000}


def test_a_2_0_1_station_charges_by_profile_and_speaks_only_its_own_schema(virtual):
    async def story():
        async with Bench(version=Version.V201) as bench:
            await bench.charge(requested="DC")
            transaction = bench.station.transaction_id
            assert transaction
            draft = profile(1, [PLAIN], kind="Relative", transaction_id=transaction)
            assert (await bench.station.set_charging_profile(draft))["status"] == "Accepted"
            await bench.clock.sleep(15)
            assert bench.plant.power_w == 4_000
            for message in bench.station.received:
                assert problem(Version.V201, message.action, message.payload, response=False) is None
            assert not bench.station.garbled
            events = [one.payload for one in bench.station.received if one.action == "TransactionEvent"]
            assert any("meterValue" in event for event in events)

    virtual(story)


def test_what_2_0_1_does_not_know_cannot_be_asked_of_it(virtual):
    async def story():
        async with Bench(version=Version.V201) as bench:
            with pytest.raises(LocalProtocolError):
                await bench.station.update_dynamic_schedule(1, setpoint=0)
            with pytest.raises(CallRefused) as refusal:
                await bench.station.update_dynamic_schedule(1, setpoint=0, checked=False)
            assert refusal.value.code == "NotImplemented"

    virtual(story)


def test_a_message_of_2_1_only_is_not_sent_in_2_0_1():
    assert spoken(Version.V201, "NotifyPriorityCharging", {"transactionId": "x", "activated": True}) is None


class Point:
    """A 1.6 charge point and our CSMS, joined in memory."""

    def __init__(self):
        self.clock = Clock()
        self.plant = TableTop(self.clock)
        self.core = ChargePoint16(self.plant)
        self.csms = Csms(self.clock)
        link = self.csms.memory_link("CP-16", Version.V16)
        self.shell = StationShell(self.core, "CP-16", link, self.clock, Unobserved())

    async def __aenter__(self):
        self.task = asyncio.ensure_future(self.shell.run())
        self.station = await self.csms.station("CP-16", within_s=5)
        await self.clock.sleep(0.5)
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.csms.close()

    async def do(self, name, *arguments):
        getattr(self.core, name)(*arguments, utc_s(self.clock))
        self.shell.poke()
        await self.clock.sleep(0.5)
        self.plant.settle()
        self.plant.power_w = self.core.power_target_w(utc_s(self.clock))


def limit_16(profile_id, limit, purpose="TxProfile", **more):
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    return {"chargingProfileId": profile_id, "stackLevel": 1, "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Relative", "chargingSchedule": schedule, **more}  # fmt: skip


def test_a_1_6_charge_point_boots_charges_by_profile_meters_and_stops(virtual):
    async def story():
        async with Point() as point:
            station = point.station
            await point.do("plug")
            await point.do("authorise", "TAG-1")
            started = await station.expect("StartTransaction", within_s=5)
            assert started.payload["idTag"] == "TAG-1"
            assert point.core.charge.transaction_id == int(station.transaction_id)
            assert point.plant.power_w == 22_000
            answer = await station.set_charging_profile(limit_16(1, 6_000.0))
            assert answer["status"] == "Accepted"
            await point.do("resume")
            assert point.plant.power_w == 6_000
            sample = await station.expect("MeterValues", within_s=15)
            assert sample.payload["transactionId"] == int(station.transaction_id)
            asked = {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"}
            composite = await station.call("GetCompositeSchedule", asked)
            assert composite["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6_000.0}]
            transaction = int(station.transaction_id)
            assert (await station.call("RemoteStopTransaction", {"transactionId": transaction}))["status"] == "Accepted"
            assert point.core.stop_wanted
            await point.do("unplug")
            stopped = await station.expect("StopTransaction", within_s=5)
            assert stopped.payload["reason"] == "EVDisconnected"
            assert point.core.smart.profiles == []

    virtual(story)


@pytest.mark.parametrize(
    ("profile_16", "connector", "status"),
    [
        (limit_16(1, 5.0), 1, "Rejected"),
        (limit_16(1, 5.0, "ChargePointMaxProfile"), 1, "Rejected"),
        (limit_16(1, 5.0, "ChargePointMaxProfile"), 0, "Accepted"),
        (limit_16(1, 5.0, "TxDefaultProfile", chargingProfileKind="Absolute"), 1, "Rejected"),
        (limit_16(1, 5.0, "TxDefaultProfile"), 7, "Rejected"),
    ],
)
def test_1_6_profiles_are_judged_by_1_6_rules(virtual, profile_16, connector, status):
    async def story():
        async with Point() as point:
            request = {"connectorId": connector, "csChargingProfiles": profile_16}
            assert (await point.station.call("SetChargingProfile", request))["status"] == status

    virtual(story)


def test_1_6_configuration_triggers_and_refusals(virtual):
    async def story():
        async with Point() as point:
            call = point.station.call
            got = await call("GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]})
            assert got["unknownKey"] == ["Nonsense"]
            assert (await call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}))[
                "status"
            ] == "Accepted"
            assert (await call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "x"}))[
                "status"
            ] == "Rejected"
            assert (await call("ChangeConfiguration", {"key": "NumberOfConnectors", "value": "2"}))[
                "status"
            ] == "Rejected"
            assert (await call("TriggerMessage", {"requestedMessage": "MeterValues"}))["status"] == "Accepted"
            await point.station.expect("MeterValues", within_s=5)
            assert (await call("ClearChargingProfile", {"id": 5}))["status"] == "Unknown"
            with pytest.raises(CallRefused) as refusal:
                await call(
                    "ReserveNow", {"connectorId": 1, "expiryDate": to_text(2e9), "idTag": "x", "reservationId": 1}
                )
            assert refusal.value.code == "NotSupported"

    virtual(story)
