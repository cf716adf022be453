"""What profiles may ask for beyond limits and setpoints (K01): options by device model, state of charge, reboots, haste."""

from __future__ import annotations

from typing import Any

from harness.case import current_case, expect, step
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_seconds, to_text
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Booted, EnergyTransferStarted, reach
from testcases.ocpp21.test_q_power_transfer import RULES, V2X

CHARGE = period("ChargingOnly", limit=4_000)
OPTIONS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("SupportsUseLocalTime", {}, {"useLocalTime": True}),
    ("SupportsRandomizedDelay", {}, {"randomizedDelay": 5}),
    ("SupportsLimitAtSoC", {}, {"limitAtSoC": {"soc": 80, "limit": 1_000}}),
    ("SupportsMaxOfflineDuration", {"maxOfflineDuration": 60}, {}),
    ("SupportsDynamicProfiles", {"kind": "Dynamic"}, {}),
)
"""The variable that tells whether the station has it, and what asks for it in the profile or in its schedule."""


CURVE = [{"frequency": 49.8, "power": -6_000}, {"frequency": 50.2, "power": 6_000}]
MODES: dict[str, dict[str, Any]] = {
    "ChargingOnly": {"limit": 4_000},
    "CentralSetpoint": {"setpoint": 1_000},
    "CentralFrequency": {"setpoint": 1_000},
    "ExternalSetpoint": {},
    "ExternalLimits": {},
    "LocalFrequency": {"v2xBaseline": 0, "v2xFreqWattCurve": CURVE},
    "LocalLoadBalancing": {},
    "Idle": {},
}
"""A period of each operation mode that is as it should be."""


def draft_of(profile_id, in_profile, in_schedule, **how):
    draft = profile(profile_id, [CHARGE], **{"kind": "Relative", **how, **in_profile})
    draft["chargingSchedule"][0].update(in_schedule)
    return draft


@usecase("PF_K01_R90_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"},
         requirements=["K01.FR.90..95", "K01.FR.121", "K01.FR.122..125"], uses_rules=RULES)  # fmt: skip
async def test_options_are_taken_where_they_are_supported(pf_ground, pf_station):
    """Each option of a profile is accepted where the device model has it, and rejected where it has not"""
    await reach(Booted, pf_ground)
    told = {}
    for name, *_ in OPTIONS:
        told[name] = (await pf_station.get_variable("SmartChargingCtrlr", name)).get("attributeValue")
    if not {"true", "false"} & set(told.values()):
        with current_case().preamble():
            current_case().miss("the device model tells of no option whether it is supported", Side.STATION)
    for name, in_profile, in_schedule in OPTIONS:
        if told[name] not in ("true", "false"):
            continue  # what is not told cannot be held against the station
        answer = await pf_station.set_charging_profile(
            draft_of(540, in_profile, in_schedule, purpose="TxDefaultProfile")
        )
        wanted = "Accepted" if told[name] == "true" else "Rejected"
        expect(answer["status"], equals=wanted, of="station", named=f"status with {name} {told[name]}")


@usecase("PF_K01_100_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:limit_at_soc"},
         requirements=["K01.FR.100"], uses_rules=RULES, parameters={"free_w": 6_000, "full_w": 2_000})  # fmt: skip
async def test_a_limit_at_a_state_of_charge(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """limitAtSoC limits a vehicle that has reached that state of charge, and no other"""
    await reach(EnergyTransferStarted, pf_ground)
    for soc, wanted_w in ((100, pf_parameters.free_w), (0, pf_parameters.full_w)):
        step(f"from {soc} % on no more than {pf_parameters.full_w} W")
        draft = draft_of(541, {}, {"limitAtSoC": {"soc": soc, "limit": pf_parameters.full_w}})
        draft["transactionId"] = pf_station.transaction_id
        draft["chargingSchedule"][0]["chargingSchedulePeriod"] = [period("ChargingOnly", limit=pf_parameters.free_w)]
        answer = await pf_station.set_charging_profile(draft)
        expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
        await pf_session.settles(wanted_w, within_s=pf_limits.settling_s)


@usecase("PF_K01_27_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K01.FR.27"],
         uses_rules=RULES)  # fmt: skip
async def test_a_default_profile_survives_a_reboot(pf_ground, pf_station, pf_limits):
    """After a reset a TxDefaultProfile is still there"""
    await reach(Booted, pf_ground)
    answer = await pf_station.set_charging_profile(draft_of(542, {}, {}, purpose="TxDefaultProfile"))
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    pf_station.forget()
    answer = await pf_station.call("Reset", {"type": "Immediate"})
    expect(answer["status"], equals="Accepted", of="station", named="status of Reset")
    await pf_station.expect("BootNotification", within_s=pf_limits.session_s)
    await pf_station.expect("StatusNotification", within_s=pf_limits.session_s)
    answer = await pf_station.call(
        "GetChargingProfiles", {"requestId": 42, "chargingProfile": {"chargingProfileId": [542]}}
    )
    expect(answer["status"], equals="Accepted", of="station", named="status of GetChargingProfiles")


@usecase("PF_K01_56_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "dc_bpt", "dynamic"},
         requirements=["K01.FR.56", "K28.FR.08"], uses_rules=RULES, parameters={"updates": 10})  # fmt: skip
async def test_updates_in_haste(pf_ground, pf_station, pf_parameters):
    """Many updates one upon another: each is taken or rejected, and the last that was accepted is what counts"""
    await reach(Booted, pf_ground)
    draft = profile(543, [period(setpoint=500)], purpose="TxDefaultProfile")
    answer = await pf_station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    counts_w = 500
    for number in range(1, pf_parameters.updates + 1):
        answer = await pf_station.update_dynamic_schedule(543, setpoint=-100 * number)
        expect(answer["status"], one_of=("Accepted", "Rejected"), of="station", named=f"status of update {number}")
        if answer["status"] == "Accepted":
            counts_w = -100 * number
    answer = await pf_station.get_composite_schedule(60)
    told = answer.get("schedule", {}).get("chargingSchedulePeriod", [{}])[0].get("setpoint")
    expect(told, equals=counts_w, of="station", named="setpoint in the composite schedule")


@usecase("PF_K01_R115_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "dc_bpt"},
         requirements=["K01.FR.115", "Q08.FR.20", "Q09.FR.01"], uses_rules=RULES)  # fmt: skip
async def test_operation_modes_are_taken_where_they_are_supported(pf_ground, pf_station):
    """Profiles in a mode of SupportedOperationModes are accepted, in any other mode they are rejected"""
    await reach(Booted, pf_ground)
    told = (await pf_station.get_variable("V2XChargingCtrlr", "SupportedOperationModes", evse=1)).get("attributeValue")
    expect(bool(told), equals=True, of="station", named="SupportedOperationModes told")
    supported = {"ChargingOnly", *(told or "").split(",")}
    heard = await pf_station.get_variable("SmartChargingCtrlr", "ExternalControlSignalsEnabled")
    unsure = {"LocalLoadBalancing"}  # its thresholds are the site's (Q09)
    if heard.get("attributeValue") != "true":
        unsure |= {"ExternalSetpoint", "ExternalLimits"}  # nobody is heard who would give the numbers (Q05)
    for mode, numbers in MODES.items():
        if mode in supported & unsure:
            continue
        draft = profile(545, [period(mode, **numbers)], purpose="TxDefaultProfile", kind="Relative", duration_s=600)
        answer = await pf_station.set_charging_profile(draft)
        wanted = "Accepted" if mode in supported else "Rejected"
        expect(answer["status"], equals=wanted, of="station", named=f"status with {mode}")


@usecase("PF_K01_R120_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"},
         requirements=["K01.FR.26", "K01.FR.80", "K01.FR.82", "K01.FR.120"], uses_rules=RULES)  # fmt: skip
async def test_units_purposes_and_ids_are_taken_where_they_are_supported(pf_ground, pf_station):
    """Rate units, purposes and ids of profiles are accepted as the device model has them, and rejected otherwise"""
    await reach(Booted, pf_ground)
    units, purposes, ceiling = [
        (await pf_station.get_variable("SmartChargingCtrlr", name)).get("attributeValue") or ""
        for name in ("RateUnit", "SupportedAdditionalPurposes", "MaxExternalConstraintsId")
    ]
    expect(bool(units), equals=True, of="station", named="RateUnit told")
    cases: list[tuple[dict[str, Any], bool, str]] = [
        ({"unit": unit, "purpose": "TxDefaultProfile"}, unit in units.split(","), unit) for unit in ("W", "A")
    ]
    cases += [({"purpose": one}, one in purposes.split(","), one) for one in ("PriorityCharging", "LocalGeneration")]
    if ceiling:
        cases += [({"purpose": "TxDefaultProfile", "id": int(ceiling) + above}, bool(above), f"id {int(ceiling) + above}")
                  for above in (0, 1)]  # fmt: skip
    for how, supported, what in cases:
        how = {"unit": units.split(",")[0], "id": 60_000, **how}
        draft = draft_of(how.pop("id"), {}, {}, **how)
        answer = await pf_station.set_charging_profile(draft)
        wanted = "Accepted" if supported else "Rejected"
        expect(answer["status"], equals=wanted, of="station", named=f"status with {what}")


@usecase("PF_K28_09_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "dc_bpt", "dynamic"},
         requirements=["K28.FR.05", "K28.FR.09"], uses_rules=RULES, parameters={"slack_s": 4})  # fmt: skip
async def test_the_time_of_an_update_is_kept(pf_ground, pf_station, pf_parameters):
    """A Dynamic profile is reported with the dynUpdateTime that it came with, and after an update with that one's"""
    await reach(Booted, pf_ground)
    clock = pf_ground.bench.clock
    came_s = utc_s(clock) - 30.0
    draft = profile(546, [period(setpoint=0)], purpose="TxDefaultProfile", dynUpdateTime=to_text(came_s))
    answer = await pf_station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    for number in (43, 44):
        request = {"requestId": number, "chargingProfile": {"chargingProfileId": [546]}}
        await pf_station.call("GetChargingProfiles", request)
        report = await pf_station.expect("ReportChargingProfiles", {"requestId": number}, within_s=30)
        told = report.payload["chargingProfile"][0].get("dynUpdateTime")
        expect(told is not None, equals=True, of="station", named="dynUpdateTime reported")
        wanted_s = came_s if number == 43 else utc_s(clock)
        expect(abs(to_seconds(told) - wanted_s), at_most=float(pf_parameters.slack_s), of="station",
               named="dynUpdateTime away from the update", unit="s")  # fmt: skip
        answer = await pf_station.update_dynamic_schedule(546, setpoint=-500)
        expect(answer["status"], equals="Accepted", of="station", named="status of UpdateDynamicSchedule")


@usecase("PF_K01_R34_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K01.FR.34"],
         uses_rules=RULES)  # fmt: skip
async def test_several_schedules_without_iso_15118(pf_ground, pf_station):
    """With ISO15118Ctrlr.Enabled false a profile with two schedules is rejected, and one with a single schedule is not"""
    await reach(Booted, pf_ground)
    with current_case().preamble():
        await iso15118(pf_station, "false")
    try:
        draft = draft_of(547, {}, {}, purpose="TxDefaultProfile")
        (schedule,) = draft["chargingSchedule"]
        for schedules, wanted in (([schedule, {**schedule, "id": 2}], "Rejected"), ([schedule], "Accepted")):
            answer = await pf_station.set_charging_profile({**draft, "chargingSchedule": schedules})
            expect(answer["status"], equals=wanted, of="station", named=f"status for {len(schedules)} schedules")
    finally:
        await iso15118(pf_station, "true")


async def iso15118(station, enabled):
    written = await station.set_variable("ISO15118Ctrlr", "Enabled", enabled, evse=1)
    expect(written["attributeStatus"], equals="Accepted", of="station", named=f"ISO15118Ctrlr.Enabled {enabled}")
