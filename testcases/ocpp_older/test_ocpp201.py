"""OCPP 2.0.1: transactions, device model and smart charging of a station that a V2G project still has to live with."""

from __future__ import annotations

from harness.case import expect
from harness.ocpp.profile_drafts import profile
from harness.usecase import usecase

PLAIN = {"startPeriod": 0, "limit": 6_000.0}


async def booted(bench, station, limits):
    await station.connected(limits.session_s)
    await bench.clock.wait(station.ready.wait(), limits.session_s)
    station.forget()


async def charging(bench, station, limits):
    await booted(bench, station, limits)
    await bench.plug_in()
    await station.expect("TransactionEvent", {"eventType": "Started"}, within_s=limits.session_s)


@usecase("PF_201_E01_CS", requirements=["E01", "E06"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_a_station_transacts(pf_bench, pf_station, pf_limits):
    """A transaction starts with seqNo 0 and ends when the cable is unplugged"""
    await charging(pf_bench, pf_station, pf_limits)
    await pf_bench.unplug()
    ended = await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
    reason = ended.payload["transactionInfo"].get("stoppedReason")
    expect(reason, equals="EVDisconnected", of="station", named="stoppedReason")


@usecase("PF_201_J02_CS", requirements=["J02"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_meter_values_come_in_the_transaction(pf_bench, pf_station, pf_limits):
    """Periodic meter values come in TransactionEvents"""
    await charging(pf_bench, pf_station, pf_limits)
    wanted = {"triggerReason": "MeterValuePeriodic"}
    event = await pf_station.expect("TransactionEvent", wanted, within_s=pf_limits.session_s)
    expect(bool(event.payload.get("meterValue")), equals=True, of="station", named="meterValue given")


@usecase(
    "PF_201_K01_CS",
    requirements=["K01.FR.09", "K01.FR.03"],
    sut="charger",
    protocol="ocpp2.0.1",
    requires={"ocpp2.0.1"},
)
async def test_a_profile_needs_a_transaction(pf_bench, pf_station, pf_limits):
    """A TxProfile is rejected without a transaction and accepted with one"""
    await booted(pf_bench, pf_station, pf_limits)
    answer = await pf_station.set_charging_profile(profile(1, [PLAIN], kind="Relative", transaction_id="none"))
    expect(answer["status"], equals="Rejected", of="station", named="status without a transaction")
    await charging(pf_bench, pf_station, pf_limits)
    draft = profile(1, [PLAIN], kind="Relative", transaction_id=pf_station.transaction_id)
    answer = await pf_station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status with a transaction")


@usecase(
    "PF_201_K08_CS", requirements=["K08", "K10.FR.01"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"}
)
async def test_a_profile_shows_in_the_composite_schedule(pf_bench, pf_station, pf_limits):
    """A default profile shows in the composite schedule, and can be cleared once"""
    await booted(pf_bench, pf_station, pf_limits)
    draft = profile(2, [PLAIN], purpose="TxDefaultProfile", kind="Absolute", start_schedule="2026-01-01T00:00:00Z")
    await pf_station.set_charging_profile(draft)
    answer = await pf_station.get_composite_schedule(60)
    periods = answer["schedule"]["chargingSchedulePeriod"]
    expect(periods[0]["limit"], equals=6_000.0, of="station", named="limit of the composite schedule")
    for wanted in ("Accepted", "Unknown"):
        answer = await pf_station.clear_charging_profiles(chargingProfileId=2)
        expect(answer["status"], equals=wanted, of="station", named="status of ClearChargingProfile")


@usecase("PF_201_B05_CS", requirements=["B05", "B06"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_variables_are_written_and_read_back(pf_bench, pf_station, pf_limits):
    """A writable variable takes a value, a read-only one does not"""
    await booted(pf_bench, pf_station, pf_limits)
    written = await pf_station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", "9")
    expect(written["attributeStatus"], equals="Accepted", of="station", named="writing an interval")
    read = await pf_station.get_variable("SampledDataCtrlr", "TxUpdatedInterval")
    expect(read["attributeValue"], equals="9", of="station", named="value read back")
    refused = await pf_station.set_variable("SmartChargingCtrlr", "RateUnit", "W")
    expect(refused["attributeStatus"], equals="Rejected", of="station", named="writing a read-only variable")
