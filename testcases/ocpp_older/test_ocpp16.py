"""OCPP 1.6: boot, authorise, transaction, smart charging, meter values."""

from __future__ import annotations

from harness.case import expect, step
from harness.ocpp.shell import utc_s
from harness.usecase import usecase
from testcases.ocpp21.test_b_boot import asks_again_and_waits
from testcases.ocpp21.test_pings import in_the_interval
from testcases.ocpp_older.malformed import refuses_malformed


def limit(profile_id, watts, purpose):
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}]}
    return {
        "chargingProfileId": profile_id,
        "stackLevel": 1,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    }


async def charging(bench, station, limits):
    await station.booted(limits.session_s)
    station.forget()
    await bench.plug_in()
    return await station.expect("StartTransaction", within_s=limits.session_s)


@usecase(
    "PF_16_01_CS",
    requirements=["1.6 section 4.2", "1.6 section 4.8"],
    sut="charger",
    protocol="ocpp1.6",
    requires={"ocpp1.6"},
)
async def test_a_charge_point_transacts(pf_bench, pf_station, pf_limits):
    """Plugged in it authorises and starts a transaction; unplugged it stops it with the same id"""
    started = await charging(pf_bench, pf_station, pf_limits)
    expect("idTag" in started.payload, equals=True, of="station", named="idTag given")
    transaction = int(pf_station.transaction_id)
    await pf_bench.unplug()
    stopped = await pf_station.expect("StopTransaction", within_s=pf_limits.session_s)
    expect(stopped.payload["transactionId"], equals=transaction, of="station", named="transactionId")


@usecase("PF_16_02_CS", requirements=["1.6 section 4.7"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"})
async def test_meter_values_belong_to_the_transaction(pf_bench, pf_station, pf_limits):
    """MeterValues come while charging, with the transaction's id"""
    await charging(pf_bench, pf_station, pf_limits)
    values = await pf_station.expect("MeterValues", within_s=pf_limits.session_s)
    expect(
        values.payload.get("transactionId"), equals=int(pf_station.transaction_id), of="station", named="transaction"
    )


@usecase("PF_16_03_CS", requirements=["1.6 section 5.16"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"})
async def test_smart_charging_profiles(pf_bench, pf_station, pf_limits):
    """A TxProfile without a transaction is rejected, with one it is accepted and shows in the composite schedule"""
    await pf_station.booted(pf_limits.session_s)
    step("no transaction runs")
    answer = await pf_station.set_charging_profile(limit(1, 6_000.0, "TxProfile"))
    expect(answer["status"], equals="Rejected", of="station", named="status without a transaction")
    await charging(pf_bench, pf_station, pf_limits)
    await pf_bench.clock.sleep(1)
    answer = await pf_station.set_charging_profile(limit(1, 6_000.0, "TxProfile"))
    expect(answer["status"], equals="Accepted", of="station", named="status with a transaction")
    asked = {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"}
    answer = await pf_station.call("GetCompositeSchedule", asked)
    periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
    expect(periods[0]["limit"], equals=6_000.0, of="station", named="limit of the composite schedule")


@usecase("PF_16_04_CS", requirements=["1.6 section 5.12"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"})
async def test_a_remote_stop_ends_the_transaction(pf_bench, pf_station, pf_limits):
    """RemoteStopTransaction ends the running transaction, and is rejected for another one"""
    await charging(pf_bench, pf_station, pf_limits)
    await pf_bench.clock.sleep(1)
    transaction = int(pf_station.transaction_id)
    for asked, wanted in ((transaction + 1, "Rejected"), (transaction, "Accepted")):
        answer = await pf_station.call("RemoteStopTransaction", {"transactionId": asked})
        expect(answer["status"], equals=wanted, of="station", named=f"status for transaction {asked}")
    stopped = await pf_station.expect("StopTransaction", within_s=pf_limits.session_s)
    expect(stopped.payload.get("reason"), equals="Remote", of="station", named="reason")


@usecase("PF_16_05_CS", requirements=["1.6 section 9.1"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"},
         parameters={"ping_s": 3})  # fmt: skip
async def test_the_charge_point_pings_in_its_interval(pf_bench, pf_station, pf_limits, pf_parameters):
    """A new WebSocketPingInterval counts at once: pings come in it; a negative one is rejected"""
    await pf_station.booted(pf_limits.session_s)
    every_s = pf_parameters.ping_s
    for value, wanted in (("-1", "Rejected"), (str(every_s), "Accepted")):
        answer = await pf_station.call("ChangeConfiguration", {"key": "WebSocketPingInterval", "value": value})
        expect(answer["status"], equals=wanted, of="station", named=f"status for an interval of {value}")
    await in_the_interval(pf_station, every_s)


async def ready(bench, station, limits):
    await station.connected(limits.session_s)
    await bench.clock.wait(station.ready.wait(), limits.session_s)
    station.forget()


@usecase("PF_16_06_CS", requirements=["1.6 section 4.2"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"},
         parameters={"interval_s": 3})  # fmt: skip
async def test_a_refused_boot(pf_bench, pf_station, pf_limits, pf_parameters):
    """A charge point whose boot is refused says nothing else, and asks again after the interval that it was given"""
    await ready(pf_bench, pf_station, pf_limits)
    await asks_again_and_waits(pf_bench, pf_station, pf_limits.session_s, pf_parameters.interval_s, "Hard")


@usecase("PF_16_07_CS", requirements=["1.6 section 4.1"], sut="charger", protocol="ocpp1.6",
         requires={"ocpp1.6", "local_start"},
         parameters={"refused_s": 5})  # fmt: skip
async def test_a_refused_tag_does_not_charge(pf_bench, pf_station, pf_limits, pf_parameters):
    """A tag that the central system does not accept: no transaction starts"""
    await ready(pf_bench, pf_station, pf_limits)
    pf_station.answers.answer("Authorize", {"idTagInfo": {"status": "Invalid"}})
    try:
        since_s = utc_s(pf_bench.clock)
        await pf_bench.plug_in()
        await pf_station.expect("Authorize", within_s=pf_limits.session_s)
        await pf_bench.clock.sleep(pf_parameters.seconds("refused_s"))
    finally:
        pf_station.answers.as_usual("Authorize")
    begun = [one for one in pf_station.received if one.at_s > since_s and one.action == "StartTransaction"]
    expect(len(begun), equals=0, of="station", named="transactions started")


@usecase("PF_16_08_CS", requirements=["1.6 section 9.1"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"},
         parameters={"quiet_s": 8})  # fmt: skip
async def test_no_meter_values_without_an_interval(pf_bench, pf_station, pf_limits, pf_parameters):
    """With MeterValueSampleInterval 0 no sampled values come; a value that is no number is rejected"""
    await ready(pf_bench, pf_station, pf_limits)
    key = {"key": "MeterValueSampleInterval"}
    known = (await pf_station.call("GetConfiguration", {"key": [key["key"]]})).get("configurationKey")
    expect(bool(known), equals=True, of="station", named="MeterValueSampleInterval among the configuration keys")
    before = known[0]["value"]
    for value, wanted in (("soon", "Rejected"), ("0", "Accepted")):
        answer = await pf_station.call("ChangeConfiguration", {**key, "value": value})
        expect(answer["status"], equals=wanted, of="station", named=f"status for an interval of {value}")
    try:
        await charging(pf_bench, pf_station, pf_limits)
        since_s = utc_s(pf_bench.clock) + 1
        await pf_bench.clock.sleep(pf_parameters.seconds("quiet_s"))
        late = [one for one in pf_station.received if one.at_s > since_s and one.action == "MeterValues"]
        expect(len(late), equals=0, of="station", named="meter values with an interval of 0")
    finally:
        await pf_station.call("ChangeConfiguration", {**key, "value": before})


@usecase("PF_16_09_CS", requirements=["1.6 section 5.11"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"},
         parameters={"rest_s": 5})  # fmt: skip
async def test_a_remote_start_checks_its_profile(pf_bench, pf_station, pf_limits, pf_parameters):
    """RemoteStartTransaction with a profile that is no TxProfile is rejected; a TxProfile counts in what it starts"""
    await ready(pf_bench, pf_station, pf_limits)
    await pf_bench.clock.sleep(pf_parameters.seconds("rest_s"))  # finishing the last transaction is no reason to reject
    for purpose, wanted in (("TxDefaultProfile", "Rejected"), ("TxProfile", "Accepted")):
        request = {"idTag": "04A1B2C3", "connectorId": 1, "chargingProfile": limit(9, 6_000.0, purpose)}
        answer = await pf_station.call("RemoteStartTransaction", request)
        expect(answer["status"], equals=wanted, of="station", named=f"status with a {purpose}")
    await pf_bench.plug_in(identified=True)
    await pf_station.expect("StartTransaction", within_s=pf_limits.session_s)
    await pf_bench.clock.sleep(1)
    asked = {"connectorId": 1, "duration": 60, "chargingRateUnit": "W"}
    answer = await pf_station.call("GetCompositeSchedule", asked)
    periods = (answer.get("chargingSchedule") or {}).get("chargingSchedulePeriod") or [{}]
    expect(periods[0].get("limit"), equals=6_000.0, of="station", named="limit of the composite schedule")


@usecase("PF_16_10_CS", requirements=["1.6-J section 4"], sut="charger", protocol="ocpp1.6", requires={"ocpp1.6"})
async def test_malformed_requests(pf_bench, pf_station, pf_limits):
    """Requests that break their schema bring an error of 1.6 or silence; a message type of 2.1 is ignored"""
    await ready(pf_bench, pf_station, pf_limits)
    await refuses_malformed(pf_station, (("Reset", {}), ("Reset", {"type": "Perhaps"}), ("Reset", {"type": 5})))
    alive = await pf_station.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
    expect(bool(alive.get("configurationKey")), equals=True, of="station", named="GetConfiguration afterwards")
