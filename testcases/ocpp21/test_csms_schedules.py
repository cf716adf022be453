"""A CSMS under test and the schedules that it sends: by operation mode, with a permission that comes later, and what a vehicle
makes of them (Q02, Q03, Q07, Q08, Q10, K18)."""

from __future__ import annotations

from harness.case import expect, step
from harness.ocpp.device_model import Key
from harness.ocpp.evse import EVSE_ID
from harness.ocpp.schedule_dialogue import ScheduleState
from harness.ocpp.session import Answered, Refused
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.test_csms import PROFILE_S
from testcases.ocpp21.test_csms_vehicle import RULES, V2X, profile_given, result
from testcases.ocpp21.under_test import asked

TOKENS = {
    "late": "04C0FFEE00",
    "CentralFrequency": "04C0FFEE01",
    "LocalFrequency": "04C0FFEE02",
    "Idle": "04C0FFEE03",
}
"""Which contract the CSMS treats in which way, where the lab file gives no other `tokens` (our default)."""
WITHOUT_LIMITS = {"limit", "limit_L2", "limit_L3", "dischargeLimit", "dischargeLimit_L2", "dischargeLimit_L3"}
SETPOINTS = {"setpoint", "setpoint_L2", "setpoint_L3", "setpointReactive"}
MODES: tuple[tuple[str, str, set[str], list[str], set[str], set[str]], ...] = (
    ("PF_Q03_01_CSMS", "CentralSetpoint", V2X, ["Q03.FR.01", "Q03.FR.02", "V2X.01"], {"setpoint"}, WITHOUT_LIMITS),
    ("PF_Q07_01_CSMS", "CentralFrequency", V2X | {"central_frequency"}, ["Q07.FR.02", "Q07.FR.03", "Q07.FR.04"],
     {"setpoint"}, WITHOUT_LIMITS),
    ("PF_Q08_01_CSMS", "LocalFrequency", V2X | {"local_frequency"},
     ["Q08.FR.01", "Q08.FR.02", "Q08.FR.03", "Q08.FR.04", "Q08.FR.05"],
     {"v2xBaseline", "v2xFreqWattCurve"}, WITHOUT_LIMITS | SETPOINTS),
    ("PF_Q10_01_CSMS", "Idle", V2X | {"idle"}, ["Q10.FR.01", "Q10.FR.02"], set(), WITHOUT_LIMITS | SETPOINTS),
)  # fmt: skip
"""Id, operation mode, capabilities, requirements, and which fields its periods must have and must not have."""


def token_of(station, purpose):
    return dict(station.device.options.get("tokens", {})).get(purpose, TOKENS.get(purpose))


def _mode_case(mode, needed, forbidden):
    async def test(pf_test_station):
        station = pf_test_station
        await station.boot()
        await station.authorise(token_of(station, mode))
        received = station.listen("SetChargingProfile")
        await station.tell_needs()
        await station.until(lambda: received, "the CSMS sent no profile", PROFILE_S)
        profile = received[0]["chargingProfile"]
        periods = [one for schedule in profile["chargingSchedule"] for one in schedule["chargingSchedulePeriod"]]
        expect({one.get("operationMode") for one in periods}, equals={mode}, of="csms", named="operation modes")
        for one in periods:
            expect(sorted(needed - one.keys()), equals=[], of="csms", named=f"fields missing in a {mode} period")
            expect(sorted(forbidden & one.keys()), equals=[], of="csms", named=f"fields too many in a {mode} period")
        if mode == "CentralFrequency":
            expect(
                (profile["chargingProfileKind"], len(periods)), equals=("Dynamic", 1), of="csms", named="kind, periods"
            )
        if mode == "LocalFrequency":
            points = len(periods[0]["v2xFreqWattCurve"])
            expect(points, at_least=2, of="csms", named="points of the curve", unit="")
            unit = profile["chargingSchedule"][0]["chargingRateUnit"]
            expect(unit, equals="W", of="csms", named="chargingRateUnit")
        await station.unplug()

    test.__doc__ = f"A vehicle that the CSMS steers by {mode} gets periods with what they need, and nothing else"
    test.__name__ = test.__qualname__ = f"test_{mode.lower()}_is_sent"
    return test


for _id, _mode, _requires, _requirements, _needed, _forbidden in MODES:
    globals()[f"test_{_mode.lower()}_is_sent"] = usecase(
        _id, sut="csms", protocol="ocpp2.1", requires=_requires, requirements=_requirements, uses_rules=RULES
    )(_mode_case(_mode, _needed, _forbidden))


@usecase("PF_Q02_03_CSMS", sut="csms", protocol="ocpp2.1", requires=V2X | {"late_permission"},
         requirements=["Q01.FR.08", "Q02.FR.01", "Q02.FR.02", "Q02.FR.03", "Q02.FR.05"], uses_rules=RULES,
         parameters={"allowed_s": 60})  # fmt: skip
async def test_a_permission_that_comes_later(pf_test_station, pf_parameters):
    """No list at first, charging only; then the permission for the running transaction, and a profile for the new needs"""
    station = pf_test_station
    await station.boot()
    await station.authorise(token_of(station, "late"))
    allowed = station.evse.admission.allowed
    expect(any("BPT" in one for one in allowed or ()), equals=False, of="csms", named="discharging allowed at once")
    profiles, permissions = station.listen("SetChargingProfile"), station.listen("NotifyAllowedEnergyTransfer")
    await station.tell_needs("DC")
    await station.until(lambda: profiles, "the CSMS sent no profile", PROFILE_S)
    modes = [one.get("operationMode", "ChargingOnly") for one in _periods(profiles[0])]
    expect(set(modes), equals={"ChargingOnly"}, of="csms", named="modes before the permission")
    await station.until(lambda: permissions, "the CSMS gave no permission", float(pf_parameters.allowed_s))
    told = permissions[0]
    expect(told["transactionId"], equals=station.evse.transaction.id, of="csms", named="transaction of the permission")
    expect("DC_BPT" in told["allowedEnergyTransfer"], equals=True, of="csms", named="discharging allowed now")
    profiles.clear()
    state = await station.tell_needs("DC_BPT")
    expect(state is ScheduleState.TRANSFER_REFUSED, equals=False, of="csms", named="the permitted transfer refused")
    await station.until(lambda: profiles, "the CSMS sent no profile for the new needs", PROFILE_S)
    await station.unplug()


@usecase("PF_K18_07_CSMS", sut="csms", protocol="ocpp2.1", requires=V2X, requirements=["K18.FR.07"], uses_rules=RULES,
         parameters={"most_periods": 2})  # fmt: skip
async def test_a_vehicle_that_takes_few_periods(pf_test_station, pf_parameters):
    """No schedule has more periods than maxScheduleTuples of the vehicle's needs"""
    station = pf_test_station
    station.core.model.put(Key("ISO15118Ctrlr", "MaxScheduleEntries", None, EVSE_ID), str(pf_parameters.most_periods))
    await station.boot()
    await station.authorise()
    received = station.listen("SetChargingProfile")
    await station.tell_needs(dynamic=False)
    await station.until(lambda: received, "the CSMS sent no profile", PROFILE_S)
    for schedule in received[0]["chargingProfile"]["chargingSchedule"]:
        periods = len(schedule["chargingSchedulePeriod"])
        expect(periods, at_least=1, at_most=pf_parameters.most_periods, of="csms", named="periods", unit="")
    await station.unplug()


@usecase("PF_K18_13_CSMS", sut="csms", protocol="ocpp2.1", requires=V2X,
         requirements=["K18.FR.11", "K18.FR.12", "K18.FR.13"], uses_rules=RULES, parameters={"excess_w": 100_000})  # fmt: skip
async def test_a_vehicle_that_wants_more_than_its_schedule(pf_test_station, pf_parameters):
    """A vehicle's schedule far above the one that it was offered is answered; a rejection is followed by a new profile"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    await station.tell_needs(dynamic=False)
    first = await profile_given(station)
    schedule = {**first.raw["chargingSchedule"][0], "chargingSchedulePeriod": [
        {"startPeriod": 0, "limit": pf_parameters.excess_w}]}  # fmt: skip
    schedule = {
        key: value for key, value in schedule.items() if key in ("id", "chargingRateUnit", "chargingSchedulePeriod")
    }
    received = station.listen("SetChargingProfile")
    choice = {"timeBase": to_text(station.now_s()), "chargingSchedule": schedule, "evseId": 1,
              "selectedChargingScheduleId": schedule["id"]}  # fmt: skip
    answer = await result(station, "NotifyEVChargingSchedule", choice)
    expect(answer["status"], one_of=("Accepted", "Rejected"), of="csms", named="status of NotifyEVChargingSchedule")
    if answer["status"] == "Rejected":
        await station.until(lambda: received, "the CSMS sent no other profile", PROFILE_S)
    await station.unplug()


@usecase("PF_Q01_R3_CSMS", sut="csms", protocol="ocpp2.1", requires=V2X, requirements=["Q01.FR.03"], uses_rules=RULES)
async def test_a_discharge_power_of_the_wrong_sign(pf_test_station):
    """Needs with a negative maxDischargePower, which their schema allows, are answered, and the CSMS lives on"""
    station = pf_test_station
    await station.boot()
    await station.authorise()
    step("the needs have a negative maxDischargePower")
    powers = {"minChargePower": 0, "maxChargePower": 11_000, "minDischargePower": 0, "maxDischargePower": -11_000}
    needs = {"requestedEnergyTransfer": "DC_BPT", "availableEnergyTransfer": ["DC", "DC_BPT"],
             "controlMode": "DynamicControl", "v2xChargingParameters": powers}  # fmt: skip
    answer = await asked(station, "NotifyEVChargingNeeds", {"evseId": EVSE_ID, "chargingNeeds": needs})
    expect(isinstance(answer, Answered | Refused), equals=True, of="csms", named="needs of the wrong sign answered")
    answer = await asked(station, "Heartbeat", {})
    expect(isinstance(answer, Answered), equals=True, of="csms", named="Heartbeat answered afterwards")
    await station.unplug()


def _periods(request):
    return [
        one for schedule in request["chargingProfile"]["chargingSchedule"] for one in schedule["chargingSchedulePeriod"]
    ]
