"""OCPP 2.0.1: transactions, device model and smart charging of a station that a V2G project still has to live with."""

from __future__ import annotations

from harness.case import expect
from harness.ocpp.profile_drafts import profile
from harness.ocpp.shell import utc_s
from harness.usecase import usecase
from testcases.ocpp21.states import permitted
from testcases.ocpp21.test_b_boot import asks_again_and_waits
from testcases.ocpp21.test_pings import in_the_interval, told_to_ping
from testcases.ocpp_older.malformed import refuses_malformed

PLAIN = {"startPeriod": 0, "limit": 6_000.0}


async def booted(bench, station, limits):
    await station.booted(limits.session_s)
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


@usecase("PF_201_K02_CS", requirements=["K02"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_a_limit_counts_in_the_transaction(pf_bench, pf_station, pf_limits):
    """A TxProfile that the CSMS sends counts in the composite schedule, and one of the same id takes its place"""
    await charging(pf_bench, pf_station, pf_limits)
    await pf_bench.clock.sleep(1)
    for limit_w in (6_000.0, 3_000.0):
        draft = profile(
            3, [{"startPeriod": 0, "limit": limit_w}], kind="Relative", transaction_id=pf_station.transaction_id
        )
        answer = await pf_station.set_charging_profile(draft)
        expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
        periods = (await pf_station.get_composite_schedule(60))["schedule"]["chargingSchedulePeriod"]
        expect(periods[0]["limit"], equals=limit_w, of="station", named="limit of the composite schedule")


@usecase("PF_201_K05_CS", requirements=["K05"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_a_remote_start_checks_its_profile(pf_bench, pf_station, pf_limits):
    """RequestStartTransaction with a profile that is no TxProfile is rejected"""
    await booted(pf_bench, pf_station, pf_limits)
    draft = profile(4, [PLAIN], purpose="TxDefaultProfile", kind="Relative")
    answer = await pf_station.request_start("04A1B2C3", chargingProfile=draft)
    expect(answer["status"], equals="Rejected", of="station", named="status of RequestStartTransaction")


@usecase(
    "PF_201_K09_CS", requirements=["K09", "K10.FR.01"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"}
)
async def test_installed_profiles_are_reported(pf_bench, pf_station, pf_limits):
    """GetChargingProfiles reports what is installed; what was cleared is not there any more"""
    await booted(pf_bench, pf_station, pf_limits)
    draft = profile(5, [PLAIN], purpose="TxDefaultProfile", kind="Relative")
    await pf_station.set_charging_profile(draft)
    request = {"requestId": 5, "chargingProfile": {"chargingProfileId": [5]}}
    answer = await pf_station.call("GetChargingProfiles", request)
    expect(answer["status"], equals="Accepted", of="station", named="status of GetChargingProfiles")
    report = await pf_station.expect("ReportChargingProfiles", {"requestId": 5}, within_s=30)
    expect(
        [one["id"] for one in report.payload["chargingProfile"]], equals=[5], of="station", named="profiles reported"
    )
    await pf_station.clear_charging_profiles(chargingProfileId=5)
    answer = await pf_station.call("GetChargingProfiles", request)
    expect(answer["status"], equals="NoProfiles", of="station", named="status once it was cleared")


@usecase("PF_201_E06_CS", requirements=["E06", "F03"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_a_remote_stop_ends_the_transaction(pf_bench, pf_station, pf_limits):
    """RequestStopTransaction ends the running transaction, and is rejected for another one"""
    await charging(pf_bench, pf_station, pf_limits)
    for asked, wanted in (("no-such-transaction", "Rejected"), (pf_station.transaction_id, "Accepted")):
        answer = await pf_station.request_stop(asked)
        expect(answer["status"], equals=wanted, of="station", named=f"status for {asked}")
    ended = await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
    expect(ended.payload["transactionInfo"].get("stoppedReason"), equals="Remote", of="station", named="stoppedReason")


@usecase("PF_201_E04_CS", requirements=["E04"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"},
         parameters={"offline_s": 60})  # fmt: skip
async def test_what_happened_offline_is_told_later(pf_bench, pf_station, pf_limits, pf_parameters):
    """The cable is pulled while offline: the end of the transaction is told later, marked as offline"""
    await charging(pf_bench, pf_station, pf_limits)
    await pf_station.keep_out()
    await pf_bench.clock.sleep(pf_parameters.seconds("offline_s"))
    await pf_bench.unplug()
    await pf_bench.clock.sleep(2)
    pf_station.let_in()
    ended = await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
    expect(ended.payload.get("offline"), equals=True, of="station", named="offline")


SECURE = {"ocpp2.0.1", "network_profiles"}


@usecase("PF_201_A05_01_CS", requirements=["A00", "A05"], sut="charger", protocol="ocpp2.0.1", requires=SECURE)
async def test_security_profile_1(pf_bench, pf_station, pf_doors, pf_limits):
    """The station connects in security profile 1 when it is told to"""
    await booted(pf_bench, pf_station, pf_limits)
    door = await pf_doors.open(1)
    await pf_doors.send_to(door)
    await pf_doors.arrived(door)


@usecase("PF_201_A05_02_CS", requirements=["A00", "A05"], sut="charger", protocol="ocpp2.0.1", requires=SECURE)
async def test_security_profile_2(pf_bench, pf_station, pf_doors, pf_limits):
    """The station connects in security profile 2, and does not where the server certificate has expired"""
    await booted(pf_bench, pf_station, pf_limits)
    await pf_doors.trust()
    expired = await pf_doors.open(2, certificate="expired")
    await pf_doors.send_to(expired)
    await pf_doors.came_back(expired)
    door = await pf_doors.open(2)
    await pf_doors.send_to(door)
    await pf_doors.arrived(door)


@usecase("PF_201_A02_CS", requirements=["A02"], sut="charger", protocol="ocpp2.0.1", requires=SECURE)
async def test_a_certificate_is_renewed(pf_bench, pf_station, pf_doors, pf_limits):
    """A certificate for the station's key is accepted, one for another key is rejected"""
    await booted(pf_bench, pf_station, pf_limits)
    await pf_doors.certify()
    asked = await pf_doors.asked_to_sign()
    status = await pf_doors.signed(asked, pf_doors.authority.issue("another key")[0])
    expect(status, equals="Rejected", of="station", named="status for a certificate of another key")


@usecase("PF_201_P4_01_CS", requirements=["part 4"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"},
         parameters={"ping_s": 3})  # fmt: skip
async def test_the_station_pings_in_its_interval(pf_bench, pf_station, pf_limits, pf_parameters):
    """A new WebSocketPingInterval counts at once: pings come in it"""
    await booted(pf_bench, pf_station, pf_limits)
    await told_to_ping(pf_station, pf_parameters.ping_s)
    await in_the_interval(pf_station, pf_parameters.ping_s)


@usecase("PF_201_B03_CS", requirements=["B02", "B03"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"},
         parameters={"interval_s": 3})  # fmt: skip
async def test_a_refused_boot(pf_bench, pf_station, pf_limits, pf_parameters):
    """A station whose boot is refused says nothing else, and asks again after the interval that it was given"""
    await booted(pf_bench, pf_station, pf_limits)
    await asks_again_and_waits(pf_bench, pf_station, pf_limits.session_s, pf_parameters.interval_s)


@usecase("PF_201_C01_CS", requirements=["C01"], sut="charger", protocol="ocpp2.0.1",
         requires={"ocpp2.0.1", "local_start"},
         parameters={"refused_s": 5})  # fmt: skip
async def test_a_refused_token_does_not_charge(pf_bench, pf_station, pf_limits, pf_parameters):
    """A token that the CSMS does not accept: no charging begins"""
    await booted(pf_bench, pf_station, pf_limits)
    pf_station.answers.answer("Authorize", {"idTokenInfo": {"status": "Invalid"}})
    try:
        since_s = utc_s(pf_bench.clock)
        await pf_bench.plug_in()
        await pf_station.expect("Authorize", within_s=pf_limits.session_s)
        await pf_bench.clock.sleep(pf_parameters.seconds("refused_s"))
    finally:
        pf_station.answers.as_usual("Authorize")
    expect(len(permitted(pf_station, since_s)), equals=0, of="station", named="permitted transactions and transfers")


@usecase("PF_201_K02_R_CS", requirements=["K01.FR.39"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_a_profile_for_another_transaction(pf_bench, pf_station, pf_limits):
    """A TxProfile for another transaction than the running one is rejected"""
    await charging(pf_bench, pf_station, pf_limits)
    answer = await pf_station.set_charging_profile(profile(7, [PLAIN], kind="Relative", transaction_id="another"))
    expect(answer["status"], equals="Rejected", of="station", named="status of SetChargingProfile")


@usecase("PF_201_K05_02_CS", requirements=["K05", "F02"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_a_remote_start_brings_its_profile(pf_bench, pf_station, pf_limits):
    """RequestStartTransaction with a TxProfile is accepted; plugged in, the transaction names it and the limit counts"""
    await booted(pf_bench, pf_station, pf_limits)
    draft = profile(8, [PLAIN], kind="Relative")
    answer = await pf_station.request_start("04A1B2C3", remote_start_id=77, chargingProfile=draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of RequestStartTransaction")
    await pf_bench.plug_in(identified=True)
    wanted = {"transactionInfo.remoteStartId": 77}
    await pf_station.expect("TransactionEvent", wanted, within_s=pf_limits.session_s)
    periods = (await pf_station.get_composite_schedule(60))["schedule"]["chargingSchedulePeriod"]
    expect(periods[0]["limit"], equals=6_000.0, of="station", named="limit of the composite schedule")


@usecase("PF_201_K08_R_CS", requirements=["K08"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_a_composite_schedule_of_no_evse(pf_bench, pf_station, pf_limits):
    """A composite schedule for an EVSE that is not there is rejected"""
    await booted(pf_bench, pf_station, pf_limits)
    answer = await pf_station.get_composite_schedule(60, evse_id=99)
    expect(answer["status"], equals="Rejected", of="station", named="status of GetCompositeSchedule")


@usecase("PF_201_J02_R_CS", requirements=["J02"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"},
         parameters={"quiet_s": 8})  # fmt: skip
async def test_no_meter_values_without_an_interval(pf_bench, pf_station, pf_limits, pf_parameters):
    """With an interval of 0 no periodic meter values come"""
    await booted(pf_bench, pf_station, pf_limits)
    name = ("SampledDataCtrlr", "TxUpdatedInterval")
    before = (await pf_station.get_variable(*name))["attributeValue"]
    written = await pf_station.set_variable(*name, "0")
    expect(written["attributeStatus"], equals="Accepted", of="station", named="writing an interval of 0")
    try:
        await charging(pf_bench, pf_station, pf_limits)
        since_s = utc_s(pf_bench.clock) + 1
        await pf_bench.clock.sleep(pf_parameters.seconds("quiet_s"))
        late = [one for one in pf_station.received
                if one.at_s > since_s and one.payload.get("triggerReason") == "MeterValuePeriodic"]  # fmt: skip
        expect(len(late), equals=0, of="station", named="periodic values with an interval of 0")
    finally:
        await pf_station.set_variable(*name, before)


@usecase("PF_201_P4_CS", requirements=["part 4"], sut="charger", protocol="ocpp2.0.1", requires={"ocpp2.0.1"})
async def test_malformed_requests(pf_bench, pf_station, pf_limits):
    """Requests that break their schema bring an error of 2.0.1 or silence; a message type of 2.1 is ignored"""
    await booted(pf_bench, pf_station, pf_limits)
    await refuses_malformed(pf_station, (("Reset", {}), ("Reset", {"type": "Perhaps"}), ("Reset", {"type": 5})))
    alive = await pf_station.get_variable("SmartChargingCtrlr", "RateUnit")
    expect(alive["attributeStatus"], equals="Accepted", of="station", named="GetVariables afterwards")
