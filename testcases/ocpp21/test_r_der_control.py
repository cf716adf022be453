"""Block R: DER controls are set, superseded, told, reported and cleared."""

from __future__ import annotations

from harness.case import current_case, expect
from harness.ocpp.der import field_of
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Booted, EnergyTransferStarted, reach

DER = {"ocpp2.1", "der"}
RULES = ["ocpp2.1"]
EARLY_S = 1.5
"""Two notices of one moment are not further apart (our default)."""
RAMP_S = 3.0
"""From the first change of the power to its new value (our default)."""
GRADIENT = {"priority": 0, "gradient": 1, "softGradient": 1}


def limit(name, percent=50, priority=0, *, default=True, **content):
    return {
        "isDefault": default,
        "controlId": name,
        "controlType": "LimitMaxDischarge",
        "limitMaxDischarge": {"priority": priority, "pctMaxDischargePower": percent, **content},
    }


def _curve(low, high):
    """Two points, far from where a grid is: nothing happens by them."""
    return {"priority": 0, "yUnit": "PctMaxW", "curveData": [{"x": low, "y": low}, {"x": high, "y": high}]}


def _fixed(**content):
    return {"priority": 0, **content}


TYPES: dict[str, dict[str, object]] = {
    "EnterService": _fixed(highVoltage=110, lowVoltage=90, highFreq=50.1, lowFreq=49.5, delay=1),
    "FreqDroop": _fixed(overFreq=51, underFreq=49, overDroop=5, underDroop=5, responseTime=1),
    "FixedPFAbsorb": _fixed(displacement=0.98, excitation=True),
    "FixedPFInject": _fixed(displacement=0.98, excitation=False),
    "FixedVar": _fixed(setpoint=5, unit="PctMaxVar"),
    "Gradients": _fixed(gradient=1, softGradient=1),
    "LimitMaxDischarge": _fixed(pctMaxDischargePower=90),
    **{one: {"priority": 0, "yUnit": "PctMaxW", "curveData": [{"x": 90, "y": 100}, {"x": 130, "y": 100}]} for one in (
        "FreqWatt", "VoltWatt", "VoltVar", "WattPF", "WattVar", "PowerMonitoringMustTrip")},
    **dict.fromkeys(("HFMustTrip", "HFMayTrip"), _curve(63, 64)),
    "LFMustTrip": _curve(41, 42),
    **dict.fromkeys(("HVMustTrip", "HVMayTrip", "HVMomCess"), _curve(150, 160)),
    **dict.fromkeys(("LVMustTrip", "LVMayTrip", "LVMomCess"), _curve(20, 30)),
}  # fmt: skip
"""A harmless content of each of the 22 control types."""


def default(name, control_type):
    return {"isDefault": True, "controlId": name, "controlType": control_type,
            field_of(control_type): TYPES[control_type]}  # fmt: skip


async def modes(station):
    found = await station.get_variable("DCDERCtrlr", "ModesSupported", evse=1)
    expect(found["attributeStatus"], equals="Accepted", of="station", named="DCDERCtrlr.ModesSupported")
    return [one for one in found.get("attributeValue", "").split(",") if one in TYPES]


async def put(station, request, status="Accepted", superseded=()):
    answer = await station.call("SetDERControl", request)
    expect(answer["status"], equals=status, of="station", named="status of SetDERControl")
    expect(set(answer.get("supersededIds", ())), equals=set(superseded), of="station", named="supersededIds")


@usecase("PF_R04_01_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.02", "R04.FR.03", "R04.FR.08"], uses_rules=RULES)  # fmt: skip
async def test_defaults_supersede_by_priority(pf_ground, pf_station):
    """A default of higher priority supersedes, one of lower priority is superseded at once"""
    await reach(Booted, pf_ground)
    await put(pf_station, limit("weak", priority=5))
    await put(pf_station, limit("strong", priority=1), superseded={"weak"})
    await put(pf_station, limit("weaker", priority=9), superseded={"weaker"})


@usecase("PF_R04_02_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.12", "R04.FR.13", "R04.FR.14", "R04.FR.15", "R04.FR.16", "R04.FR.17"],
         uses_rules=RULES)  # fmt: skip
async def test_wrong_controls_are_rejected(pf_ground, pf_station):
    """A default with a time, a scheduled Gradients, a wrong field, a second field: each is rejected"""
    await reach(Booted, pf_ground)
    now = to_text(utc_s(pf_ground.bench.clock))
    await put(pf_station, limit("a", startTime=now), "Rejected")
    await put(pf_station, limit("a", duration=60), "Rejected")
    gradients = {"isDefault": False, "controlId": "a", "controlType": "Gradients", "gradient": GRADIENT}
    await put(pf_station, gradients, "Rejected")
    await put(pf_station, {**limit("a"), "controlType": "FreqDroop"}, "Rejected")
    await put(pf_station, {**limit("a"), "gradient": GRADIENT}, "Rejected")


@usecase("PF_R04_03_CS", sut="charger", protocol="ocpp2.1", requires=DER, requirements=["R04.FR.01", "R04.FR.43"],
         uses_rules=RULES)  # fmt: skip
async def test_unsupported_controls_are_not_supported(pf_ground, pf_station):
    """A control type that is not in ModesSupported is answered NotSupported"""
    await reach(Booted, pf_ground)
    others = [one for one in TYPES if one not in await modes(pf_station)]
    if not others:
        current_case().miss("the station supports every type", Side.BENCH)
    for control_type in others:
        await put(pf_station, default("x", control_type), "NotSupported")
        for action, question in (("GetDERControl", {"requestId": 5}), ("ClearDERControl", {"isDefault": True})):
            answer = await pf_station.call(action, {**question, "controlType": control_type})
            expect(answer["status"], equals="NotSupported", of="station", named=f"status of {action} {control_type}")


@usecase("PF_R04_09_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.16", "R04.FR.31", "R04.FR.34", "R04.FR.45"], uses_rules=RULES)  # fmt: skip
async def test_every_supported_type_is_set_reported_and_cleared(pf_ground, pf_station):
    """A default of each type in ModesSupported is accepted, reported in its own field as it was set, and cleared"""
    await reach(Booted, pf_ground)
    for number, control_type in enumerate(await modes(pf_station), 100):
        request = default(f"of-{control_type}", control_type)
        await put(pf_station, request)
        question = {"requestId": number, "isDefault": True, "controlType": control_type}
        answer = await pf_station.call("GetDERControl", question)
        expect(answer["status"], equals="Accepted", of="station", named=f"status of GetDERControl {control_type}")
        report = await pf_station.expect("ReportDERControl", {"requestId": number}, within_s=30)
        field = field_of(control_type)
        told = report.payload.get(field) or [{}]
        expect(told[0].get("id"), equals=request["controlId"], of="station", named=f"{control_type} in {field}")
        if field == "curve":
            expect(told[0].get("curveType"), equals=control_type, of="station", named="curveType")
        inner = {"fixedPFAbsorb": "fixedPF", "fixedPFInject": "fixedPF"}.get(field, field)
        same = all((told[0].get(inner) or {}).get(key) == value for key, value in request[field].items())
        expect(same, equals=True, of="station", named=f"{control_type} is reported as it was set")
        answer = await pf_station.call("ClearDERControl", {"isDefault": True, "controlType": control_type})
        expect(answer["status"], equals="Accepted", of="station", named=f"status of ClearDERControl {control_type}")


@usecase("PF_R04_04_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.20", "R04.FR.22", "R04.FR.10"], uses_rules=RULES,
         parameters={"start_s": 20, "duration_s": 30})  # fmt: skip
async def test_a_scheduled_control_starts_and_ends(pf_ground, pf_station, pf_parameters):
    """A scheduled control is told when it starts and when it ends, and is gone afterwards"""
    await reach(Booted, pf_ground)
    start = to_text(utc_s(pf_ground.bench.clock) + pf_parameters.start_s)
    await put(pf_station, limit("later", default=False, startTime=start, duration=pf_parameters.duration_s))
    for started, wait_s in ((True, pf_parameters.start_s), (False, pf_parameters.duration_s)):
        wanted = {"controlId": "later", "started": started}
        await pf_station.expect("NotifyDERStartStop", wanted, within_s=wait_s + 10)
    answer = await pf_station.call("GetDERControl", {"requestId": 1, "controlId": "later"})
    expect(answer["status"], equals="NotFound", of="station", named="status of GetDERControl")


@usecase("PF_R04_05_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.31", "R04.FR.33", "R04.FR.46", "R04.FR.41"], uses_rules=RULES)  # fmt: skip
async def test_controls_are_reported_and_cleared(pf_ground, pf_station):
    """GetDERControl reports the one that was asked for; cleared, it is not found any more"""
    await reach(Booted, pf_ground)
    await put(pf_station, limit("one", priority=3))
    droop = {"priority": 0, "overFreq": 51, "underFreq": 49, "overDroop": 5, "underDroop": 5, "responseTime": 1}
    await put(pf_station, {"isDefault": True, "controlId": "two", "controlType": "FreqDroop", "freqDroop": droop})
    answer = await pf_station.call("GetDERControl", {"requestId": 9, "controlId": "two"})
    expect(answer["status"], equals="Accepted", of="station", named="status of GetDERControl")
    report = await pf_station.expect("ReportDERControl", {"requestId": 9}, within_s=30)
    expect([one["id"] for one in report.payload.get("freqDroop", ())], equals=["two"], of="station", named="reported")
    for wanted in ("Accepted", "NotFound"):
        answer = await pf_station.call("ClearDERControl", {"isDefault": True, "controlId": "two"})
        expect(answer["status"], equals=wanted, of="station", named="status of ClearDERControl")


@usecase("PF_R01_01_CS", sut="charger", protocol="ocpp2.1", requires=DER, requirements=["R01.FR.03"],
         uses_rules=RULES)  # fmt: skip
async def test_controls_survive_a_reboot(pf_ground, pf_station, pf_limits):
    """After a reset a default control is still there"""
    await reach(Booted, pf_ground)
    await put(pf_station, limit("kept"))
    pf_station.forget()
    answer = await pf_station.call("Reset", {"type": "Immediate"})
    expect(answer["status"], equals="Accepted", of="station", named="status of Reset")
    await pf_station.expect("BootNotification", within_s=pf_limits.session_s)
    await pf_station.expect("StatusNotification", within_s=pf_limits.session_s)
    answer = await pf_station.call("GetDERControl", {"requestId": 4, "controlId": "kept"})
    expect(answer["status"], equals="Accepted", of="station", named="status of GetDERControl")


@usecase("PF_R01_02_CS", sut="pair", protocol="ocpp2.1",
         requires={"charger:ocpp2.1", "charger:der", "dc_bpt", "dynamic"}, requirements=["R04.FR.11"],
         uses_rules=RULES, parameters={"discharge_w": -10_000, "percent": 20, "watch_s": 15})  # fmt: skip
async def test_a_discharge_limit_is_executed(pf_ground, pf_session, pf_station, pf_power, pf_parameters, pf_limits):
    """LimitMaxDischarge keeps the discharge below its share, and lets go when it is cleared"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.discharge_w)
    await put(pf_station, limit("share", pf_parameters.percent))
    await pf_session.wait(pf_parameters.watch_s)
    reading = await pf_power.now()
    expect(reading.active_w, at_least=-6_000, of="station", named="power with the limit")
    await pf_station.call("ClearDERControl", {"isDefault": True, "controlId": "share"})
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)


@usecase("PF_R04_06_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.05", "R04.FR.06", "R04.FR.07", "R04.FR.21"], uses_rules=RULES,
         parameters={"start_s": 20})  # fmt: skip
async def test_scheduled_controls_supersede(pf_ground, pf_station, pf_parameters):
    """A scheduled control that has not started is superseded at once; one that runs goes on until the new one starts"""
    await reach(Booted, pf_ground)
    now_s = utc_s(pf_ground.bench.clock)
    running = limit("running", priority=5, default=False, startTime=to_text(now_s), duration=600)
    await put(pf_station, running)
    await pf_station.expect("NotifyDERStartStop", {"controlId": "running", "started": True}, within_s=10)
    start = to_text(now_s + pf_parameters.start_s)
    await put(pf_station, limit("next", priority=5, default=False, startTime=to_text(now_s + 300), duration=60))
    better = limit("better", priority=1, default=False, startTime=start, duration=600)
    await put(pf_station, better, superseded={"next"})
    pf_station.forget()
    since_s = utc_s(pf_ground.bench.clock)
    started = await pf_station.expect(
        "NotifyDERStartStop", {"controlId": "better", "started": True}, within_s=pf_parameters.start_s + 10
    )
    early = [one for one in pf_station.received if since_s - 1 < one.at_s < started.at_s - EARLY_S
             and one.action == "NotifyDERStartStop" and one.payload["controlId"] == "running"
             and not one.payload["started"]]  # fmt: skip
    expect(len(early), equals=0, of="station", named="ends of the control that runs, before the new one starts")
    expect("next" in started.payload.get("supersededIds", ()), equals=True, of="station", named="next in supersededIds")


QUESTIONS: tuple[tuple[dict[str, object], set[str]], ...] = (
    ({}, {"share", "droop", "tomorrow"}),
    ({"controlType": "FreqDroop"}, {"droop"}),
    ({"isDefault": False}, {"tomorrow"}),
    ({"isDefault": True, "controlType": "LimitMaxDischarge"}, {"share"}),
)


@usecase("PF_R04_07_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.32", "R04.FR.33", "R04.FR.34", "R04.FR.35", "R04.FR.37"], uses_rules=RULES)  # fmt: skip
async def test_reports_are_filtered_and_end(pf_ground, pf_station):
    """GetDERControl by type, by kind and for all: only what was asked for, and the last report says that it is the last"""
    await reach(Booted, pf_ground)
    droop = {"priority": 0, "overFreq": 51, "underFreq": 49, "overDroop": 5, "underDroop": 5, "responseTime": 1}
    await put(pf_station, limit("share"))
    await put(pf_station, {"isDefault": True, "controlId": "droop", "controlType": "FreqDroop", "freqDroop": droop})
    start = to_text(utc_s(pf_ground.bench.clock) + 600)
    await put(pf_station, limit("tomorrow", default=False, startTime=start, duration=60))
    for number, (question, wanted) in enumerate(QUESTIONS, 20):
        answer = await pf_station.call("GetDERControl", {"requestId": number, **question})
        expect(answer["status"], equals="Accepted", of="station", named="status of GetDERControl")
        found, last = set(), False
        while not last:
            report = await pf_station.expect("ReportDERControl", {"requestId": number}, within_s=30)
            found |= {one["id"] for field in report.payload.values() if isinstance(field, list) for one in field}
            last = not report.payload.get("tbc")
        expect(found, equals=wanted, of="station", named=f"controls reported for {question or 'all'}")


@usecase("PF_R04_08_CS", sut="charger", protocol="ocpp2.1", requires=DER,
         requirements=["R04.FR.42", "R04.FR.44", "R04.FR.45"], uses_rules=RULES)  # fmt: skip
async def test_controls_are_cleared_by_type_and_all(pf_ground, pf_station):
    """ClearDERControl by type leaves the other types, without a type it leaves none; then there is nothing to clear"""
    await reach(Booted, pf_ground)
    gradient = {"isDefault": True, "controlId": "ramp", "controlType": "Gradients", "gradient": GRADIENT}
    await put(pf_station, limit("share"))
    await put(pf_station, gradient)
    for question, wanted in (({"controlType": "Gradients"}, "Accepted"), ({"controlType": "Gradients"}, "NotFound"),
                             ({}, "Accepted"), ({}, "NotFound")):  # fmt: skip
        answer = await pf_station.call("ClearDERControl", {"isDefault": True, **question})
        expect(answer["status"], equals=wanted, of="station", named=f"status of ClearDERControl {question or 'all'}")


NAMEPLATE = (
    "MaxW", "MaxVA", "MaxVar", "MaxVarNeg", "MaxChargeRateW", "MaxChargeRateVA", "OverExcitedW", "OverExcitedPF",
    "UnderExcitedW", "UnderExcitedPF", "ReactiveSusceptance", "ModesSupported", "InverterManufacturer", "InverterModel",
    "InverterSwVersion", "InverterHwVersion",
)  # fmt: skip


@usecase("PF_R01_03_CS", sut="charger", protocol="ocpp2.1", requires=DER, requirements=["R01.FR.01", "R01.FR.02"],
         uses_rules=RULES)  # fmt: skip
async def test_the_nameplate_is_reported(pf_ground, pf_station):
    """The required variables of DCDERCtrlr have values"""
    await reach(Booted, pf_ground)
    for name in NAMEPLATE:
        found = await pf_station.get_variable("DCDERCtrlr", name, evse=1)
        expect(bool(found.get("attributeValue")), equals=True, of="station", named=f"DCDERCtrlr.{name} has a value")


@usecase("PF_R04_11_CS", sut="pair", protocol="ocpp2.1", requires={"charger:ocpp2.1", "charger:der", "dc_bpt", "dynamic"},
         requirements=["R04.FR.04", "R04.FR.10", "R04.FR.11"], uses_rules=RULES,
         parameters={"discharge_w": -9_000, "percent": 20, "duration_s": 30})  # fmt: skip
async def test_the_default_counts_again(pf_ground, pf_session, pf_station, pf_power, pf_parameters, pf_limits):
    """A scheduled limit counts before the default; once it is over the default counts again"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.discharge_w)
    before = await pf_power.now()
    await put(pf_station, limit("usual", 2 * pf_parameters.percent))
    now = to_text(utc_s(pf_ground.bench.clock))
    await put(
        pf_station,
        limit("now", pf_parameters.percent, default=False, startTime=now, duration=pf_parameters.duration_s),
    )
    await pf_session.wait(0.6 * pf_parameters.duration_s)
    scheduled_w = (await pf_power.now()).active_w
    ended = {"controlId": "now", "started": False}
    await pf_station.expect("NotifyDERStartStop", ended, within_s=pf_parameters.duration_s + 10)
    await pf_power.leaves(scheduled_w, pf_limits.tracking, within_s=pf_limits.settling_s, of="station")
    await pf_session.wait(RAMP_S)
    usual_w = (await pf_power.now()).active_w
    expect(scheduled_w, at_least=0.75 * before.active_w, of="station", named="power with the scheduled limit")
    expect(usual_w, at_least=2 * scheduled_w - 300, at_most=2 * scheduled_w + 300, of="station",
           named="power with the default, which is twice the scheduled limit")  # fmt: skip


@usecase("PF_R01_04_CS", sut="pair", protocol="ocpp2.1", requires={"charger:ocpp2.1", "charger:der", "dc_bpt", "dynamic"},
         requirements=["R01.FR.01", "R04.FR.02"], uses_rules=RULES,
         parameters={"charge_w": 5_000, "percent": 40, "settle_s": 4})  # fmt: skip
async def test_reactive_power_is_executed(pf_ground, pf_session, pf_station, pf_power, pf_parameters):
    """FixedVar of a station with DER control: the analyser shows the reactive power; cleared, it ends"""
    await reach(EnergyTransferStarted, pf_ground)
    if "FixedVar" not in await modes(pf_station):
        current_case().miss("the station does not support FixedVar", Side.BENCH)
    most_var = float((await pf_station.get_variable("DCDERCtrlr", "MaxVar", evse=1))["attributeValue"])
    await pf_session.follows(pf_parameters.charge_w)
    fixed = {"priority": 0, "setpoint": pf_parameters.percent, "unit": "PctMaxVar"}
    await put(pf_station, {"isDefault": True, "controlId": "q", "controlType": "FixedVar", "fixedVar": fixed})
    for wanted_var in (-most_var * pf_parameters.percent / 100, 0.0):
        await pf_session.wait(pf_parameters.seconds("settle_s"))
        reading = await pf_power.now()
        if reading.reactive_var is None:
            current_case().miss("the power analyser shows no reactive power", Side.BENCH)
        expect(reading.reactive_var, at_least=wanted_var - 0.05 * most_var, at_most=wanted_var + 0.05 * most_var,
               of="station", named="reactive power, positive drawn", unit="var")  # fmt: skip
        await pf_station.call("ClearDERControl", {"isDefault": True, "controlId": "q"})
