"""Block R with the vehicle: DER control of its own (R02), and a station that does the rest in its place (R03)."""

from __future__ import annotations

from math import acos, tan
from typing import Any

from harness.case import current_case, expect, step
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Authorized, Booted, EnergyTransferStarted, reach
from testcases.ocpp21.test_r_der_control import limit, put

PAIR = {"charger:ocpp2.1", "charger:ac_der", "ac_bpt_der"}
STATION = {"ocpp2.1", "ac_der"}
RULES = ["ocpp2.1", "cross-protocol"]
NOMINAL_V = 230.0
"""Phase to neutral (IEC 60038)."""
DROOP = {"priority": 0, "overFreq": 50.2, "underFreq": 49.8, "overDroop": 4, "underDroop": 4, "responseTime": 1}


async def modes(station):
    found = await station.get_variable("ACDERCtrlr", "ModesSupported", evse=1)
    expect(found["attributeStatus"], equals="Accepted", of="station", named="ACDERCtrlr.ModesSupported")
    return [one for one in found.get("attributeValue", "").split(",") if one]


async def own_controls(station, limits):
    """What the vehicle does itself, by the needs that are told of it."""
    needs = (await station.expect("NotifyEVChargingNeeds", within_s=limits.session_s)).payload["chargingNeeds"]
    return needs, (needs.get("derChargingParameters") or {}).get("evSupportedDERControl", [])


def last(v2g, name):
    """The control mode element of the last such message."""
    said = v2g.messages(name)
    if not said:
        current_case().miss(f"no {name} was said", Side.STATION)
    return said[-1].content.control_mode


@usecase("PF_R02_01_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R02.FR.01"], uses_rules=RULES)
async def test_the_vehicles_nameplate_is_told(pf_ground, pf_station, pf_limits):
    """DER control in the vehicle: its needs ask for AC_BPT_DER, and its nameplate is in them"""
    await reach(Authorized, pf_ground)
    needs, own = await own_controls(pf_station, pf_limits)
    expect(needs["requestedEnergyTransfer"], equals="AC_BPT_DER", of="station", named="requestedEnergyTransfer")
    expect(bool(needs.get("derChargingParameters")), equals=True, of="station", named="derChargingParameters given")
    expect(len(own), at_least=1, of="station", named="DER controls of the vehicle", unit="")


@usecase("PF_R02_02_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R02.FR.03", "R03.FR.05"],
         uses_rules=RULES, parameters={"discharge_w": -8_000, "percent": 25})  # fmt: skip
async def test_the_vehicle_keeps_a_discharge_limit(
    pf_ground, pf_session, pf_station, pf_v2g, pf_power, pf_limits, pf_parameters
):
    """LimitMaxDischarge reaches the vehicle, which keeps it; the station does not do it a second time; and back again"""
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.discharge_w)
    await put(pf_station, limit("share", pf_parameters.percent))
    await pf_session.wait(3)
    answer, request = last(pf_v2g, "AC_ChargeLoopRes"), last(pf_v2g, "AC_ChargeLoopReq")
    told: Any = getattr(answer, "dso_maximum_discharge_power", None)
    if told is None:
        current_case().miss("no DSOMaximumDischargePower is told to the vehicle", Side.STATION)
    allowed_w = abs(float(request.ev_maximum_discharge_power)) * pf_parameters.percent / 100
    expect(abs(float(told)), at_least=0.98 * allowed_w, at_most=1.02 * allowed_w, of="station",
           named="DSOMaximumDischargePower", unit="W")  # fmt: skip
    expect(float(answer.evse_target_active_power), at_most=0.9 * pf_parameters.discharge_w, of="station",
           named="target of the station, which leaves the limit to the vehicle", unit="W")  # fmt: skip
    await pf_session.wait(2)
    reading = await pf_power.now()
    expect(reading.active_w, at_least=-1.1 * allowed_w - 200, of="vehicle", named="power with the limit")
    await pf_station.call("ClearDERControl", {"isDefault": True, "controlId": "share"})
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.settling_s)


@usecase("PF_R02_03_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R02.FR.02", "R02.FR.03"],
         uses_rules=RULES, parameters={"start_percent": 104, "stop_percent": 110})  # fmt: skip
async def test_a_kept_curve_reaches_the_next_vehicle(pf_ground, pf_station, pf_v2g, pf_limits, pf_parameters):
    """A default VoltWatt curve survives a reboot and is told to the vehicle that comes then, as voltages"""
    await reach(Booted, pf_ground)
    if "VoltWatt" not in await modes(pf_station):
        step("VoltWatt is not emulated: it is for the vehicle alone")
    start, stop = pf_parameters.start_percent, pf_parameters.stop_percent
    curve = {"priority": 0, "yUnit": "PctMaxW", "curveData": [{"x": start, "y": 100}, {"x": stop, "y": 0}]}
    await put(pf_station, {"isDefault": True, "controlId": "vw", "controlType": "VoltWatt", "curve": curve})
    pf_station.forget()
    answer = await pf_station.call("Reset", {"type": "Immediate"})
    expect(answer["status"], equals="Accepted", of="station", named="status of Reset")
    await pf_station.expect("BootNotification", within_s=pf_limits.session_s)
    after = pf_v2g.mark()
    await reach(Authorized, pf_ground)
    _, own = await own_controls(pf_station, pf_limits)
    expect("VoltWatt" in own, equals=True, of="vehicle", named="VoltWatt is a control of the vehicle")
    said = await pf_v2g.message("AC_ChargeParameterDiscoveryRes", within_s=pf_limits.session_s, after=after)
    control = getattr(said.content.energy_transfer_mode, "der_control", None)
    support = control.active_power_support if control else None
    told: Any = support.volt_watt if support else None
    if told is None:
        current_case().miss("no VoltWatt is told to the vehicle", Side.STATION)
    for named, given, percent in (("UStart", told.u_start, start), ("UStop", told.u_stop, stop)):
        wanted_v = percent * NOMINAL_V / 100
        expect(float(given), at_least=wanted_v - 0.5, at_most=wanted_v + 0.5, of="station", named=named, unit="V")


@usecase("PF_R02_R1_CS", sut="charger", protocol="ocpp2.1", requires=STATION, requirements=["R04.FR.01"],
         uses_rules=RULES)  # fmt: skip
async def test_a_control_that_nobody_does(pf_ground, pf_station):
    """Without a vehicle, a control type that the station does not emulate is NotSupported, set or cleared"""
    await reach(Booted, pf_ground)
    supported = await modes(pf_station)
    kind = next((one for one in ("WattVar", "VoltVar", "WattPF", "HVMomCess") if one not in supported), None)
    if kind is None:
        current_case().miss("the station emulates every curve that this case knows", Side.BENCH)
    curve = {"priority": 0, "yUnit": "PctMaxW", "curveData": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]}
    request = {"isDefault": True, "controlId": "x", "controlType": kind, "curve": curve}
    await put(pf_station, request, "NotSupported")
    answer = await pf_station.call("ClearDERControl", {"isDefault": True, "controlType": kind})
    expect(answer["status"], equals="NotSupported", of="station", named="status of ClearDERControl")


@usecase("PF_R03_01_CS", sut="charger", protocol="ocpp2.1", requires=STATION, requirements=["R03.FR.03"],
         uses_rules=RULES)  # fmt: skip
async def test_emulated_modes_are_reported(pf_ground, pf_station):
    """Hybrid DER control: ACDERCtrlr.ModesSupported tells what the station emulates, and one of it can be set"""
    await reach(Booted, pf_ground)
    supported = await modes(pf_station)
    expect(len(supported), at_least=1, of="station", named="modes that the station emulates", unit="")
    if "LimitMaxDischarge" in supported:
        await put(pf_station, limit("emulated"))
    if "FreqDroop" in supported:
        await put(pf_station, {"isDefault": True, "controlId": "d", "controlType": "FreqDroop", "freqDroop": DROOP})


@usecase("PF_R03_02_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R03.FR.05", "R03.FR.06"],
         uses_rules=RULES, parameters={"charge_w": 6_000, "frequency_hz": 49.3})  # fmt: skip
async def test_the_station_does_what_the_vehicle_cannot(
    pf_ground, pf_session, pf_station, pf_site, pf_v2g, pf_power, pf_limits, pf_parameters
):
    """A frequency droop that the vehicle has not: the station lowers what it asks of the vehicle, and lets go again"""
    await reach(Authorized, pf_ground)
    _, own = await own_controls(pf_station, pf_limits)
    if "FreqDroop" in own or "FreqDroop" not in await modes(pf_station):
        current_case().miss("FreqDroop is not for this station to emulate", Side.BENCH)
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    await put(pf_station, {"isDefault": True, "controlId": "d", "controlType": "FreqDroop", "freqDroop": DROOP})
    await pf_session.follows(pf_parameters.charge_w)
    await pf_site.grid(frequency_hz=pf_parameters.frequency_hz)
    await pf_session.wait(5)
    lowered_w = float(last(pf_v2g, "AC_ChargeLoopRes").evse_target_active_power)
    expect(
        lowered_w, at_most=0.9 * pf_parameters.charge_w, of="station", named="what the vehicle is asked for", unit="W"
    )
    reading = await pf_power.now()
    expect(reading.active_w, at_most=0.9 * pf_parameters.charge_w, of="station", named="power at low frequency")
    await pf_site.grid()
    await pf_session.settles(pf_parameters.charge_w, within_s=pf_limits.settling_s)


async def reactive(session, power, wait_s):
    """What the analyser shows of reactive power after some time; positive is drawn from the grid."""
    await session.wait(wait_s)
    reading = await power.now()
    if reading.reactive_var is None:
        current_case().miss("the power analyser shows no reactive power", Side.BENCH)
    return reading.reactive_var


def own(found, *kinds):
    """Misses where the vehicle does not do one of these itself: then there is nothing to hand on."""
    if not set(kinds) <= set(found):
        current_case().miss(f"the vehicle does not do {' and '.join(kinds)} itself", Side.BENCH)


@usecase("PF_R02_04_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R02.FR.03", "R03.FR.06"],
         uses_rules=RULES, parameters={"charge_w": 6_000, "percent": 60, "settle_s": 3})  # fmt: skip
async def test_the_vehicle_gives_reactive_power(
    pf_ground, pf_session, pf_station, pf_v2g, pf_power, pf_limits, pf_parameters
):
    """FixedVar, set in session, reaches the vehicle as DSOQSetpoint, the analyser shows it; cleared, it ends"""
    await reach(Authorized, pf_ground)
    needs, found = await own_controls(pf_station, pf_limits)
    own(found, "FixedVar")
    most_var = float(needs["derChargingParameters"]["maxDischargeReactivePower"])
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    await pf_session.follows(pf_parameters.charge_w)
    wanted_var = -most_var * pf_parameters.percent / 100
    fixed = {"priority": 0, "setpoint": pf_parameters.percent, "unit": "PctMaxVar"}
    await put(pf_station, {"isDefault": True, "controlId": "q", "controlType": "FixedVar", "fixedVar": fixed})
    seen_var = await reactive(pf_session, pf_power, pf_parameters.seconds("settle_s"))
    told: Any = last(pf_v2g, "AC_ChargeLoopRes").dsoq_setpoint
    if told is None:
        current_case().miss("no DSOQSetpoint is told to the vehicle", Side.STATION)
    band_var = 0.05 * most_var
    expect(float(told.dsoq_setpoint_value), at_least=wanted_var - band_var, at_most=wanted_var + band_var, of="station",
           named="DSOQSetpoint", unit="var")  # fmt: skip
    expect(seen_var, at_least=wanted_var - 2 * band_var, at_most=wanted_var + 2 * band_var, of="vehicle",
           named="reactive power, positive drawn", unit="var")  # fmt: skip
    await pf_station.call("ClearDERControl", {"isDefault": True, "controlId": "q"})
    seen_var = await reactive(pf_session, pf_power, pf_parameters.seconds("settle_s"))
    expect(abs(seen_var), at_most=2 * band_var, of="pair", named="reactive power without the control", unit="var")


@usecase("PF_R02_05_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R02.FR.03", "R03.FR.06"],
         uses_rules=RULES, parameters={"power_w": 6_000, "factor": 0.9, "settle_s": 3})  # fmt: skip
async def test_the_vehicle_keeps_a_power_factor(
    pf_ground, pf_session, pf_station, pf_v2g, pf_power, pf_limits, pf_parameters
):
    """FixedPFAbsorb counts while power is taken, FixedPFInject while it is given back: in session, by DSOCosPhiSetpoint"""
    await reach(Authorized, pf_ground)
    _, found = await own_controls(pf_station, pf_limits)
    own(found, "FixedPFAbsorb", "FixedPFInject")
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    factor = pf_parameters.factor
    for kind, field, excitation in (
        ("FixedPFAbsorb", "fixedPFAbsorb", True),
        ("FixedPFInject", "fixedPFInject", False),
    ):
        fixed = {"priority": 0, "displacement": factor, "excitation": excitation}
        await put(pf_station, {"isDefault": True, "controlId": kind, "controlType": kind, field: fixed})
    for power_w, direction in ((pf_parameters.power_w, "UnderExcited"), (-pf_parameters.power_w, "OverExcited")):
        await pf_session.follows(power_w)
        seen_var = await reactive(pf_session, pf_power, pf_parameters.seconds("settle_s"))
        told: Any = last(pf_v2g, "AC_ChargeLoopRes").dso_cos_phi_setpoint
        if told is None:
            current_case().miss("no DSOCosPhiSetpoint is told to the vehicle", Side.STATION)
        expect(str(told.excitation), equals=direction, of="station", named=f"excitation at {power_w:+g} W")
        expect(float(told.dso_cos_phi_setpoint_value), at_least=factor - 0.005, at_most=factor + 0.005, of="station",
               named=f"DSOCosPhiSetpoint at {power_w:+g} W", unit="")  # fmt: skip
        wanted_var = power_w * tan(acos(factor))
        band_var = 0.15 * abs(wanted_var)
        expect(seen_var, at_least=wanted_var - band_var, at_most=wanted_var + band_var, of="vehicle",
               named=f"reactive power at {power_w:+g} W, positive drawn", unit="var")  # fmt: skip


@usecase("PF_R02_06_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R02.FR.03"], uses_rules=RULES,
         parameters={"start_percent": 104, "stop_percent": 110, "discharge_w": -5_000})  # fmt: skip
async def test_a_curve_reaches_the_vehicle_in_session(
    pf_ground, pf_session, pf_station, pf_v2g, pf_limits, pf_parameters
):
    """VoltWatt, set in session, is in the charge parameters of a new negotiation of the service; the session goes on"""
    await reach(Authorized, pf_ground)
    _, found = await own_controls(pf_station, pf_limits)
    own(found, "VoltWatt")
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    await pf_session.follows(pf_parameters.discharge_w)
    after = pf_v2g.mark()
    points = [{"x": pf_parameters.start_percent, "y": 100}, {"x": pf_parameters.stop_percent, "y": 0}]
    curve = {"priority": 0, "yUnit": "PctMaxW", "curveData": points}
    await put(pf_station, {"isDefault": True, "controlId": "vw", "controlType": "VoltWatt", "curve": curve})
    said = await pf_v2g.message("AC_ChargeParameterDiscoveryRes", within_s=pf_limits.session_s, after=after)
    control = getattr(said.content.energy_transfer_mode, "der_control", None)
    support = control.active_power_support if control else None
    told: Any = support.volt_watt if support else None
    if told is None:
        current_case().miss("no VoltWatt is told to the vehicle", Side.STATION)
    wanted_v = pf_parameters.stop_percent * NOMINAL_V / 100
    expect(float(told.u_stop), at_least=wanted_v - 0.5, at_most=wanted_v + 0.5, of="station", named="UStop", unit="V")
    await pf_session.settles(pf_parameters.discharge_w, within_s=pf_limits.session_s)


@usecase("PF_R02_07_CS", sut="pair", protocol="ocpp2.1", requires=PAIR, requirements=["R02.FR.03"], uses_rules=RULES,
         parameters={"charge_w": 5_000, "voltage_v": 241.5, "settle_s": 4})  # fmt: skip
async def test_the_vehicle_follows_a_curve_of_reactive_power(
    pf_ground, pf_session, pf_station, pf_site, pf_v2g, pf_power, pf_limits, pf_parameters
):
    """VoltVar, set in session, reaches the vehicle by a new negotiation; at high voltage it draws reactive power"""
    await reach(Authorized, pf_ground)
    needs, found = await own_controls(pf_station, pf_limits)
    own(found, "VoltVar")
    most_var = float(needs["derChargingParameters"]["maxDischargeReactivePower"])
    charging = {"transactionInfo.chargingState": "Charging"}
    await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
    await pf_session.follows(pf_parameters.charge_w)
    after = pf_v2g.mark()
    curve = {"priority": 0, "yUnit": "PctMaxVar", "curveData": [{"x": 95, "y": 50}, {"x": 105, "y": -50}]}
    await put(pf_station, {"isDefault": True, "controlId": "vv", "controlType": "VoltVar", "curve": curve})
    said = await pf_v2g.message("AC_ChargeParameterDiscoveryRes", within_s=pf_limits.session_s, after=after)
    control = getattr(said.content.energy_transfer_mode, "der_control", None)
    support = control.reactive_power_support if control else None
    told: Any = support.volt_var if support else None
    if told is None:
        current_case().miss("no VoltVar is told to the vehicle", Side.STATION)
    expect(len(told.curve_data_points.curve_data_point), equals=2, of="station", named="points of VoltVar")
    await pf_session.settles(pf_parameters.charge_w, within_s=pf_limits.session_s)
    await pf_site.grid(voltage_v=pf_parameters.voltage_v)
    seen_var = await reactive(pf_session, pf_power, pf_parameters.seconds("settle_s"))
    await pf_site.grid()
    expect(seen_var, at_least=0.4 * most_var, at_most=0.6 * most_var, of="vehicle",
           named="reactive power at high voltage, positive drawn", unit="var")  # fmt: skip
