"""Block R with the vehicle: DER control of its own (R02), and a station that does the rest in its place (R03)."""

from __future__ import annotations

from typing import Any

from harness.case import current_case, expect, step
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Authorized, Booted, EnergyTransferStarted, reach
from testcases.ocpp21.test_r_der_control import RULES, limit, put

PAIR = {"charger:ocpp2.1", "charger:ac_der", "ac_bpt_der"}
STATION = {"ocpp2.1", "ac_der"}
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
