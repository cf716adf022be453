"""Block K without a vehicle: reports, clearing, composite schedules, priority, and the device model of V2X."""

from __future__ import annotations

from typing import Any

from harness.case import expect
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, reach

CHARGE = period("ChargingOnly", limit=4_000)
RULES = ["ocpp2.1"]
SHORTEST_PAUSE_S = 0.5
"""Between two attempts to connect where the station tells no minimum (our default)."""


async def default_profile(station, profile_id, *periods, **how):
    how = {"purpose": "TxDefaultProfile", "kind": "Relative", **how}
    answer = await station.set_charging_profile(profile(profile_id, list(periods) or [CHARGE], **how))
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")


@usecase("PF_B07_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "dc_bpt"},
         requirements=["Q01.FR.30", "Q01.FR.31", "Q01.FR.32", "Q01.FR.36"], uses_rules=RULES)  # fmt: skip
async def test_the_device_model_tells_what_v2x_the_station_can(pf_ground, pf_station):
    """A full report has the V2X controllers, with the modes that every V2X station has"""
    await reach(Booted, pf_ground)
    pf_station.forget()
    answer = await pf_station.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    expect(answer["status"], equals="Accepted", of="station", named="status of GetBaseReport")
    last = await pf_station.expect("NotifyReport", lambda page: not page.get("tbc"), within_s=60)
    expect(last.payload["requestId"], equals=1, of="station", named="requestId")
    modes = await pf_station.get_variable("V2XChargingCtrlr", "SupportedOperationModes", evse=1)
    expect(modes["attributeStatus"], equals="Accepted", of="station", named="SupportedOperationModes")
    for mode in ("ChargingOnly", "CentralSetpoint", "CentralFrequency"):
        expect(mode in modes["attributeValue"].split(","), equals=True, of="station", named=f"{mode} supported")


_BOOL, _LIST, _NUMBER = {"boolean"}, {"MemberList", "SequenceList"}, {"integer", "decimal"}
REQUIRED = {
    "SmartChargingCtrlr": {
        "LimitChangeSignificance": _NUMBER, "PeriodsPerSchedule": _NUMBER, "ProfileStackLevel": _NUMBER,
        "RateUnit": _LIST, "Entries": _NUMBER},
    "ISO15118Ctrlr": {"ContractValidationOffline": _BOOL},
    "V2XChargingCtrlr": {"Enabled": _BOOL, "SupportedEnergyTransferModes": _LIST, "SupportedOperationModes": _LIST},
}  # fmt: skip
"""Variables that a station with these components has to have, and of which types they may be."""
OPTIONAL = {
    "SmartChargingCtrlr": {
        "Enabled": _BOOL, "Available": _BOOL, "ExternalControlSignalsEnabled": _BOOL,
        "NotifyChargingLimitWithSchedules": _BOOL, "ExternalConstraintsProfileDisallowed": _BOOL,
        "SupportsDynamicProfiles": _BOOL, "SupportsMaxOfflineDuration": _BOOL, "SupportsUseLocalTime": _BOOL,
        "SupportsRandomizedDelay": _BOOL, "SupportsLimitAtSoC": _BOOL, "SupportsEvseSleep": _BOOL,
        "SupportedAdditionalPurposes": _LIST, "MaxExternalConstraintsId": _NUMBER},
    "ISO15118Ctrlr": {"Enabled": _BOOL, "PnCEnabled": _BOOL, "CentralContractValidationAllowed": _BOOL,
                      "ServiceRenegotiationSupport": _BOOL, "MaxScheduleEntries": _NUMBER},
    "V2XChargingCtrlr": {"LocalFrequencyUpdateThreshold": _NUMBER | _BOOL, "LocalLoadBalancing": _NUMBER},
    "ConnectedEV": {"Available": _BOOL},
}  # fmt: skip
"""Others, where a station has them. LocalFrequencyUpdateThreshold: the prose has mHz, the table boolean."""
UNREAD = "WriteOnly"


@usecase("PF_B07_02_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "dc_bpt"}, requirements=["B07"],
         uses_rules=RULES)  # fmt: skip
async def test_the_required_variables_are_there(pf_ground, pf_station):
    """Smart charging, ISO 15118 and V2X: what is required is in the full report, readable, and of its type"""
    await reach(Booted, pf_ground)
    pf_station.forget()
    answer = await pf_station.call("GetBaseReport", {"requestId": 2, "reportBase": "FullInventory"})
    expect(answer["status"], equals="Accepted", of="station", named="status of GetBaseReport")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    last = False
    while not last:
        page = (await pf_station.expect("NotifyReport", {"requestId": 2}, within_s=60)).payload
        found |= {(one["component"]["name"], one["variable"]["name"]): one for one in page.get("reportData", ())}
        last = not page.get("tbc")
    for table, required in ((REQUIRED, True), (OPTIONAL, False)):
        for component, variables in table.items():
            for name, types in variables.items():
                one = found.get((component, name))
                if one is None:
                    expect(required, equals=False, of="station", named=f"{component}.{name} is missing")
                    continue
                kind = one.get("variableCharacteristics", {}).get("dataType")
                if kind is not None:
                    expect(kind, one_of=sorted(types), of="station", named=f"type of {component}.{name}")
                ways = [each.get("mutability", "ReadWrite") for each in one["variableAttribute"]]
                expect(UNREAD in ways, equals=False, of="station", named=f"{component}.{name} cannot be read")


@usecase("PF_B05_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["B05", "B06"],
         uses_rules=RULES)  # fmt: skip
async def test_variables_are_written_and_read_back(pf_ground, pf_station):
    """A writable variable takes a value, an unknown one and an impossible value are refused"""
    await reach(Booted, pf_ground)
    written = await pf_station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", "7")
    expect(written["attributeStatus"], equals="Accepted", of="station", named="writing 7")
    read = await pf_station.get_variable("SampledDataCtrlr", "TxUpdatedInterval")
    expect(read["attributeValue"], equals="7", of="station", named="value read back")
    wrong = await pf_station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", "often")
    expect(wrong["attributeStatus"], equals="Rejected", of="station", named="writing a word")
    unknown = await pf_station.get_variable("SampledDataCtrlr", "NoSuchVariable")
    expect(unknown["attributeStatus"], equals="UnknownVariable", of="station", named="an unknown variable")


@usecase("PF_K08_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"},
         requirements=["K08.FR.04", "K08.FR.06", "K08.FR.08"], uses_rules=RULES)  # fmt: skip
async def test_the_composite_schedule_adds_profiles_up(pf_ground, pf_station):
    """GetCompositeSchedule: the lowest of station maximum and default profile, in the right order"""
    await reach(Booted, pf_ground)
    start = to_text(utc_s(pf_ground.bench.clock))
    later = {**period("ChargingOnly", limit=9_000), "startPeriod": 600}
    await default_profile(pf_station, 500, CHARGE, later, kind="Absolute", start_schedule=start)
    ceiling = [period("ChargingOnly", limit=6_000)]
    draft = profile(501, ceiling, purpose="ChargingStationMaxProfile", kind="Absolute", start_schedule=start)
    answer = await pf_station.set_charging_profile(draft, evse_id=0)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    answer = await pf_station.get_composite_schedule(1_200)
    expect(answer["status"], equals="Accepted", of="station", named="status of GetCompositeSchedule")
    limits = [one.get("limit") for one in answer["schedule"]["chargingSchedulePeriod"]]
    expect(limits, equals=[4_000, 6_000], of="station", named="limits of the composite schedule")


@usecase(
    "PF_K08_02_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K08"], uses_rules=RULES
)
async def test_no_composite_schedule_of_an_unknown_evse(pf_ground, pf_station):
    """GetCompositeSchedule for an EVSE that is not there is rejected"""
    await reach(Booted, pf_ground)
    answer = await pf_station.get_composite_schedule(600, evse_id=99)
    expect(answer["status"], equals="Rejected", of="station", named="status of GetCompositeSchedule")


@usecase("PF_K09_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K09", "K01.FR.05"],
         uses_rules=RULES)  # fmt: skip
async def test_installed_profiles_are_reported(pf_ground, pf_station):
    """GetChargingProfiles reports what is installed, and nothing where nothing fits"""
    await reach(Booted, pf_ground)
    await default_profile(pf_station, 510)
    request = {"requestId": 77, "chargingProfile": {"chargingProfileId": [510]}}
    answer = await pf_station.call("GetChargingProfiles", request)
    expect(answer["status"], equals="Accepted", of="station", named="status of GetChargingProfiles")
    report = await pf_station.expect("ReportChargingProfiles", {"requestId": 77}, within_s=30)
    ids = [one["id"] for one in report.payload["chargingProfile"]]
    expect(ids, equals=[510], of="station", named="profiles reported")
    request = {"requestId": 78, "chargingProfile": {"chargingProfileId": [999_999]}}
    answer = await pf_station.call("GetChargingProfiles", request)
    expect(answer["status"], equals="NoProfiles", of="station", named="status for an unknown profile")


@usecase("PF_K10_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K10.FR.01"],
         uses_rules=RULES)  # fmt: skip
async def test_a_profile_is_cleared_once(pf_ground, pf_station):
    """ClearChargingProfile clears, and says Unknown for what is gone"""
    await reach(Booted, pf_ground)
    await default_profile(pf_station, 520)
    for wanted in ("Accepted", "Unknown"):
        answer = await pf_station.clear_charging_profiles(chargingProfileId=520)
        expect(answer["status"], equals=wanted, of="station", named="status of ClearChargingProfile")


@usecase("PF_K21_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K21.FR.02"],
         uses_rules=RULES)  # fmt: skip
async def test_no_priority_for_an_unknown_transaction(pf_ground, pf_station):
    """UsePriorityCharging for an unknown transaction is not accepted"""
    await reach(Booted, pf_ground)
    answer = await pf_station.call("UsePriorityCharging", {"transactionId": "no-such-transaction", "activate": True})
    expect(answer["status"], one_of=("Rejected", "NoProfile"), of="station", named="status of UsePriorityCharging")


@usecase("PF_K05_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K05.FR.05"],
         uses_rules=RULES)  # fmt: skip
async def test_a_start_with_a_wrong_profile_is_rejected(pf_ground, pf_station):
    """RequestStartTransaction with a profile that is no TxProfile is rejected"""
    await reach(Booted, pf_ground)
    draft = profile(530, [CHARGE], purpose="TxDefaultProfile", kind="Relative")
    answer = await pf_station.request_start("04A1B2C3", chargingProfile=draft)
    expect(answer["status"], equals="Rejected", of="station", named="status of RequestStartTransaction")


@usecase("PF_P4_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"],
         uses_rules=RULES)  # fmt: skip
async def test_broken_frames_do_not_kill_the_station(pf_ground, pf_station):
    """Text that is no frame is answered with a CALLERROR or not at all, and the station lives on"""
    await reach(Booted, pf_ground)
    for text in ("no json", "{}", "[]", '[9,"1"]', '[2,"only an id"]', '[3,"nobody",{}]', '[2,"x","NoSuchAction",{}]'):
        pf_station.put_raw(text)
    await pf_ground.bench.clock.sleep(2)
    alive = await pf_station.get_variable("SmartChargingCtrlr", "RateUnit")
    expect(alive["attributeStatus"], equals="Accepted", of="station", named="GetVariables")


@usecase("PF_P4_02_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["part 4"],
         uses_rules=RULES, parameters={"away_s": 60})  # fmt: skip
async def test_a_station_comes_back_with_pauses(pf_ground, pf_station, pf_limits, pf_parameters):
    """Kept out, the station tries again, with pauses of RetryBackOffWaitMinimum at the least; let in, it is there again"""
    await reach(Booted, pf_ground)
    told = await pf_station.get_variable("OCPPCommCtrlr", "RetryBackOffWaitMinimum")
    least_s = max(float(told.get("attributeValue") or 0), SHORTEST_PAUSE_S)
    await pf_station.keep_out()
    await pf_ground.bench.clock.sleep(float(pf_parameters.away_s))
    knocks = pf_station.knocked_at_s
    gaps = [later - earlier for earlier, later in zip(knocks[:-1], knocks[1:], strict=True)]
    expect(min(gaps, default=least_s), at_least=0.9 * least_s, of="station", named="shortest pause", unit="s")
    pf_station.let_in()
    await pf_station.connected(pf_limits.session_s)
    expect(pf_station.online, equals=True, of="station", named="connected again")
