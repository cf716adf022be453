"""Profiles that a station has to reject: one case per requirement, each with one thing wrong.

After each the station is asked for something ordinary: it must still be alive.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from harness.case import expect, step
from harness.ocpp.profile_drafts import period, profile
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, EnergyTransferStarted, reach

CURVE = [{"frequency": 49.8, "power": -6_000}, {"frequency": 50.2, "power": 6_000}]
START = "2026-01-01T00:00:00Z"
CHARGE = period("ChargingOnly", limit=1_000)
LOCAL = period("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE)
SCHEDULE = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period(setpoint=0)]}
DEFAULT = {"purpose": "TxDefaultProfile"}

IDLE: tuple[tuple[str, str, list[Any], dict[str, Any]], ...] = (
    ("K01.FR.09", "a TxProfile without a transaction", [CHARGE], {"transaction_id": "none"}),
    ("K01.FR.16", "a TxProfile for EVSE 0", [CHARGE], {"transaction_id": "none", "evse_id": 0}),
    ("K01.FR.22", "an ExternalConstraints profile of the CSMS", [CHARGE],
     {"purpose": "ChargingStationExternalConstraints", "kind": "Absolute", "start_schedule": START, "evse_id": 0}),
    ("K01.FR.28", "an EVSE that is not there", [period(setpoint=0)], {**DEFAULT, "evse_id": 99}),
    ("K01.FR.31", "a first period that does not start at 0", [{**CHARGE, "startPeriod": 5}],
     {**DEFAULT, "kind": "Relative"}),
    ("K01.FR.35", "periods out of order", [CHARGE, {**CHARGE, "startPeriod": 9}, {**CHARGE, "startPeriod": 5}],
     {**DEFAULT, "kind": "Relative"}),
    ("K01.FR.38", "a Relative ChargingStationMaxProfile", [CHARGE],
     {"purpose": "ChargingStationMaxProfile", "kind": "Relative", "evse_id": 0}),
    ("K01.FR.40", "an Absolute profile without startSchedule", [CHARGE], {**DEFAULT, "kind": "Absolute"}),
    ("K01.FR.41", "a Relative profile with startSchedule", [CHARGE],
     {**DEFAULT, "kind": "Relative", "start_schedule": START}),
    ("K01.FR.44", "phases for a DC station", [{**CHARGE, "numberPhases": 3}], {**DEFAULT, "kind": "Relative"}),
    ("K01.FR.70", "a PriorityCharging profile with a duration", [CHARGE],
     {"purpose": "PriorityCharging", "kind": "Relative", "duration_s": 60}),
    ("K01.FR.71", "a PriorityCharging profile with a setpoint", [period(setpoint=0)],
     {"purpose": "PriorityCharging", "kind": "Relative"}),
    ("K01.FR.111", "a ChargingStationMaxProfile with a setpoint", [period(setpoint=0)],
     {"purpose": "ChargingStationMaxProfile", "kind": "Absolute", "start_schedule": START, "evse_id": 0}),
    ("K01.FR.111b", "a LocalGeneration profile with a setpoint", [period(setpoint=0)],
     {"purpose": "LocalGeneration", "kind": "Absolute", "start_schedule": START}),
    ("K28.FR.01", "a Dynamic profile with two schedules", [period(setpoint=0)],
     {**DEFAULT, "chargingSchedule": [SCHEDULE, {**SCHEDULE, "id": 2}]}),
    ("K28.FR.02", "a Dynamic profile with two periods", [period(setpoint=0), period(setpoint=1, start_s=60)], DEFAULT),
    ("K28.FR.03", "a Dynamic profile whose period does not start at 0", [period(setpoint=0, start_s=60)], DEFAULT),
    ("K28.FR.04", "dynUpdateInterval in a profile that is not Dynamic", [CHARGE],
     {**DEFAULT, "kind": "Relative", "dynUpdateInterval": 60}),
    ("V2X.05", "a setpoint below dischargeLimit", [period(setpoint=-5_000, dischargeLimit=-1_000)], DEFAULT),
    ("V2X.05b", "a setpoint above limit", [period(setpoint=5_000, limit=1_000)], DEFAULT),
    ("V2X.06", "a setpoint of L2 below its dischargeLimit",
     [period(setpoint=0, dischargeLimit=-10, setpoint_L2=-5, dischargeLimit_L2=-1)], DEFAULT),
    ("V2X.07", "an _L2 field without its plain field", [period(setpoint=0, limit_L2=100)], DEFAULT),
    ("V2X.09", "a setpoint of L2 outside a TxProfile", [period(setpoint=0, setpoint_L2=0)], DEFAULT),
    ("Q08.FR.01", "LocalFrequency with a limit", [{**LOCAL, "limit": 1_000}], DEFAULT),
    ("Q08.FR.02", "LocalFrequency without a baseline", [period("LocalFrequency", v2xFreqWattCurve=CURVE)], DEFAULT),
    ("Q08.FR.03", "LocalFrequency with a curve of one point",
     [period("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE[:1])], DEFAULT),
    ("Q08.FR.04", "LocalFrequency with a setpoint", [{**LOCAL, "setpoint": 0}], DEFAULT),
    ("Q08.FR.05", "LocalFrequency in amperes", [LOCAL], {**DEFAULT, "unit": "A"}),
    ("Q09.FR.02", "LocalLoadBalancing without thresholds", [period("LocalLoadBalancing")], DEFAULT),
    ("Q10.FR.01", "Idle with a limit", [period("Idle", limit=0)], DEFAULT),
    ("Q10.FR.02", "Idle with a setpoint", [period("Idle", setpoint=0)], DEFAULT),
)  # fmt: skip
"""Requirement, what is wrong, the periods, and how the profile differs from a Dynamic one. No vehicle is needed."""


TOGETHER = {
    "K01.FR.111": ["K01.FR.111", "K01.FR.112", "K01.FR.113", "K01.FR.114"],
    "V2X.09": ["V2X.09", "V2X.10", "K01.FR.147"],
}
"""Requirements that are known only together."""


def _refusal(requirement: str, what: str, periods: list[Any], how: dict[str, Any]) -> Callable[..., Awaitable[None]]:
    async def test(pf_ground: Any, pf_station: Any) -> None:
        await reach(Booted, pf_ground)
        step(f"the CSMS sends {what}")
        more = dict(how)
        evse_id = more.pop("evse_id", 1)
        more.setdefault("purpose", "TxProfile")
        draft = profile(400, periods, **more)
        answer = await pf_station.set_charging_profile(draft, evse_id=evse_id)
        expect(answer["status"], equals="Rejected", of="station", named="status of SetChargingProfile")
        step("the station is still alive")
        alive = await pf_station.get_variable("SmartChargingCtrlr", "RateUnit")
        expect(alive["attributeStatus"], equals="Accepted", of="station", named="GetVariables")

    test.__doc__ = f"{what[0].upper()}{what[1:]} is rejected"
    test.__name__ = test.__qualname__ = f"test_{requirement.replace('.', '_').lower()}"
    return test


for _requirement, _what, _periods, _how in IDLE:
    _block, _, _number = _requirement.replace("FR.", "").partition(".")
    globals()[f"test_{_requirement.replace('.', '_').lower()}"] = usecase(
        f"PF_{_block}_R{_number}_CS",
        sut="charger",
        protocol="ocpp2.1",
        requires={"ocpp2.1", "dc_bpt"},
        requirements=TOGETHER.get(_requirement.rstrip("b"), [_requirement.rstrip("b")]),
        uses_rules=["ocpp2.1"],
    )(_refusal(_requirement, _what, _periods, _how))


@usecase("PF_K01_R06_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K01.FR.06"],
         uses_rules=["ocpp2.1"])  # fmt: skip
async def test_two_profiles_of_one_stack_level(pf_ground, pf_station):
    """A second profile of the same purpose, stack level and EVSE is rejected; the same id replaces"""
    await reach(Booted, pf_ground)
    for profile_id, wanted in ((410, "Accepted"), (411, "Rejected"), (410, "Accepted")):
        draft = profile(profile_id, [CHARGE], purpose="TxDefaultProfile", kind="Relative")
        answer = await pf_station.set_charging_profile(draft)
        expect(answer["status"], equals=wanted, of="station", named=f"status for profile {profile_id}")


@usecase("PF_K01_R39_CS", sut="pair", protocol="ocpp2.1", requires={"charger:ocpp2.1", "dc_bpt", "dynamic"},
         requirements=["K01.FR.33", "K01.FR.39"], uses_rules=["ocpp2.1"])  # fmt: skip
async def test_a_profile_for_another_transaction(pf_ground, pf_station):
    """A TxProfile for another transaction than the running one, or for none, is rejected"""
    await reach(EnergyTransferStarted, pf_ground)
    for transaction in ("another", None):
        answer = await pf_station.set_charging_profile(profile(420, [period(setpoint=0)], transaction_id=transaction))
        expect(answer["status"], equals="Rejected", of="station", named=f"status for transaction {transaction}")


@usecase("PF_K28_R11_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["K28.FR.11"],
         uses_rules=["ocpp2.1"])  # fmt: skip
async def test_an_update_of_no_dynamic_profile(pf_ground, pf_station):
    """UpdateDynamicSchedule for a profile that is unknown or not Dynamic is rejected"""
    await reach(Booted, pf_ground)
    answer = await pf_station.update_dynamic_schedule(999_999, setpoint=0)
    expect(answer["status"], equals="Rejected", of="station", named="status for an unknown profile")
    await pf_station.set_charging_profile(profile(430, [CHARGE], purpose="TxDefaultProfile", kind="Relative"))
    answer = await pf_station.update_dynamic_schedule(430, limit=500)
    expect(answer["status"], equals="Rejected", of="station", named="status for a Relative profile")


@usecase("PF_V2X_R05U_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "dc_bpt"}, requirements=["V2X.05"],
         uses_rules=["ocpp2.1"])  # fmt: skip
async def test_an_update_outside_the_limits(pf_ground, pf_station):
    """An update with a setpoint outside the profile's limits is rejected"""
    await reach(Booted, pf_ground)
    draft = profile(440, [period(setpoint=0, limit=2_000, dischargeLimit=-2_000)], purpose="TxDefaultProfile")
    answer = await pf_station.set_charging_profile(draft)
    expect(answer["status"], equals="Accepted", of="station", named="status of SetChargingProfile")
    for setpoint_w in (-3_000, 3_000):
        answer = await pf_station.update_dynamic_schedule(440, setpoint=setpoint_w)
        expect(answer["status"], equals="Rejected", of="station", named=f"status for {setpoint_w:+g} W")
