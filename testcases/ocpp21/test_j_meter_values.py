"""Meter values of a station: clock-aligned (J01), by phase, by interval, and signed by the meter (J02)."""

from __future__ import annotations

import base64

from drivers.ocmf import OcmfError, faults, parse
from harness.case import current_case, expect, step
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_seconds
from harness.usecase import usecase
from harness.verdict import Side
from testcases.ocpp21.states import Authorized, Booted, EnergyTransferStarted, reach

RULES = ["ocpp2.1"]
V2X = {"charger:ocpp2.1", "dc_bpt", "dynamic"}
PERIODIC = {"triggerReason": "MeterValuePeriodic"}
MEASURANDS = "TxUpdatedMeasurands"
REGISTER = "Energy.Active.Import.Register"
REGISTERS = {"import": REGISTER, "export": "Energy.Active.Export.Register"}
ALIGNED_S = 1.0
"""How far a clock-aligned value may be from its moment; less than half of every interval that is asked for (our default)."""
ROUNDING_WH = 0.01
KEY_PREFIX = b"oca:base16:asn1:"
"""How public stacks mark a key in hex; a key in DER without it is taken too."""


async def write(station, component, variable, value):
    written = await station.set_variable(component, variable, value)
    expect(written["attributeStatus"], equals="Accepted", of="station", named=f"writing {variable}")


def samples(payload):
    return [one for value in payload.get("meterValue", ()) for one in value["sampledValue"]]


def base_unit(sample):
    unit = sample.get("unitOfMeasure", {})
    return (
        float(sample["value"])
        * (1000.0 if unit.get("unit", "Wh").startswith("k") else 1.0)
        * 10.0 ** unit.get("multiplier", 0)
    )


def of_all_phases(payload, measurand):
    """The value over all phases, in the base unit; None where there is none."""
    found = [one for one in samples(payload) if one.get("measurand", REGISTER) == measurand and "phase" not in one]
    return base_unit(found[-1]) if found else None


@usecase("PF_J01_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1"}, requirements=["J01"],
         uses_rules=RULES, parameters={"aligned_s": 5})  # fmt: skip
async def test_clock_aligned_values_without_a_transaction(pf_ground, pf_station, pf_parameters):
    """With AlignedDataCtrlr.Interval MeterValues come at multiples of it; with an interval of 0 none come"""
    await reach(Booted, pf_ground)
    every_s, clock = pf_parameters.aligned_s, pf_ground.bench.clock
    await write(pf_station, "AlignedDataCtrlr", "Interval", str(every_s))
    pf_station.forget()
    for _ in range(2):
        told = await pf_station.expect("MeterValues", within_s=2 * every_s + 2)
        late_s = (to_seconds(told.payload["meterValue"][0]["timestamp"]) + every_s / 2) % every_s - every_s / 2
        expect(late_s, at_least=-ALIGNED_S, at_most=ALIGNED_S, of="station", named="from the aligned moment", unit="s")
        contexts = {one.get("context") for one in samples(told.payload)}
        expect(contexts, equals={"Sample.Clock"}, of="station", named="context")
    await write(pf_station, "AlignedDataCtrlr", "Interval", "0")
    since_s = utc_s(clock) + 1
    await clock.sleep(2 * every_s + 1)
    late = [one for one in pf_station.received if one.at_s > since_s and one.action == "MeterValues"]
    expect(len(late), equals=0, of="station", named="clock-aligned values with an interval of 0")


@usecase("PF_J02_04_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:phase_values"}, requirements=["J02"],
         uses_rules=RULES, parameters={"discharge_w": -6_000, "every_s": 5})  # fmt: skip
async def test_values_by_phase_add_up(pf_ground, pf_session, pf_station, pf_parameters):
    """Power by phase: each phase once, and together they are the value without a phase"""
    await reach(Booted, pf_ground)
    await write(pf_station, "SampledDataCtrlr", "TxUpdatedInterval", str(pf_parameters.every_s))
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.follows(pf_parameters.discharge_w)
    pf_station.forget()
    told = (await pf_station.expect("TransactionEvent", PERIODIC, within_s=pf_parameters.every_s + 10)).payload
    measurand = "Power.Active.Export"
    phases = [one for one in samples(told) if one.get("measurand") == measurand and "phase" in one]
    names = sorted(one["phase"].removesuffix("-N") for one in phases)
    expect(names, equals=["L1", "L2", "L3"], of="station", named=f"phases of {measurand}")
    total_w = of_all_phases(told, measurand)
    if total_w is None:
        current_case().miss(f"no {measurand} without a phase", Side.STATION)
    expect(sum(map(base_unit, phases)), at_least=0.98 * total_w - 50, at_most=1.02 * total_w + 50, of="station",
           named="sum of the phases", unit="W")  # fmt: skip


@usecase("PF_J02_06_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:interval_values"},
         requirements=["J02"], uses_rules=RULES, parameters={"discharge_w": -6_000, "every_s": 5})  # fmt: skip
async def test_energy_of_an_interval(pf_ground, pf_session, pf_station, pf_parameters):
    """Energy by interval is what the register has risen by since the value before, in both directions"""
    await reach(Booted, pf_ground)
    before = (await pf_station.get_variable("SampledDataCtrlr", MEASURANDS))["attributeValue"]
    ways = {"Import": REGISTERS["import"], "Export": REGISTERS["export"]}
    wanted = [*ways.values(), *(f"Energy.Active.{way}.Interval" for way in ways)]
    await write(pf_station, "SampledDataCtrlr", MEASURANDS, ",".join(wanted))
    await write(pf_station, "SampledDataCtrlr", "TxUpdatedInterval", str(pf_parameters.every_s))
    await reach(EnergyTransferStarted, pf_ground)
    await pf_session.command(pf_parameters.discharge_w)
    pf_station.forget()
    told = [
        (await pf_station.expect("TransactionEvent", PERIODIC, within_s=pf_parameters.every_s + 10)).payload
        for _ in range(4)
    ]
    await write(pf_station, "SampledDataCtrlr", MEASURANDS, before)
    for way, register in ways.items():
        first_wh, last_wh = (of_all_phases(one, register) for one in (told[-2], told[-1]))
        said_wh = of_all_phases(told[-1], f"Energy.Active.{way}.Interval")
        if None in (first_wh, last_wh, said_wh):
            current_case().miss(f"{way.lower()}: register or interval is not told", Side.STATION)
        expect(said_wh, at_least=last_wh - first_wh - ROUNDING_WH, at_most=last_wh - first_wh + ROUNDING_WH,
               of="station", named=f"{way.lower()}ed energy of the interval", unit="Wh")  # fmt: skip


@usecase("PF_J02_05_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:signed_values"}, requirements=["J02"],
         uses_rules=RULES, parameters={"discharge_w": -6_000, "every_s": 5})  # fmt: skip
async def test_signed_values_of_a_transaction(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """SignReadings: the records of a transaction verify, begin and end it, and sign what is told; the key comes once"""
    await reach(Booted, pf_ground)
    await write(pf_station, "SampledDataCtrlr", "SignReadings", "true")
    await write(pf_station, "OCPPCommCtrlr", "PublicKeyWithSignedMeterValue", "OncePerTransaction")
    await write(pf_station, "SampledDataCtrlr", "TxUpdatedInterval", str(pf_parameters.every_s))
    await reach(EnergyTransferStarted, pf_ground)
    transaction = pf_station.transaction_id
    await pf_session.command(pf_parameters.discharge_w)
    await pf_session.wait(2 * pf_parameters.every_s)
    await pf_station.request_stop()
    ended = {"eventType": "Ended", "transactionInfo.transactionId": transaction}
    await pf_station.expect("TransactionEvent", ended, within_s=pf_limits.session_s)
    told = [one for call in pf_station.received for one in samples(call.payload) if "signedMeterValue" in one
            and call.payload["transactionInfo"]["transactionId"] == transaction]  # fmt: skip
    expect(len(told), at_least=2, of="station", named="signed values", unit="")
    keys = [one["signedMeterValue"]["publicKey"] for one in told if one["signedMeterValue"].get("publicKey")]
    records = list(dict.fromkeys(one["signedMeterValue"]["signedMeterData"] for one in told))
    first = [one for one in told if one["signedMeterValue"]["signedMeterData"] == records[0]]
    expect(len(keys), at_least=1, at_most=len(first), of="station", named="public keys of a transaction", unit="")
    checked(records, told, keys[0])


def checked(records, told, key):
    """Every record is the meter's, none is missing, and what OCPP tells beside it is what it signs."""
    step("the signed records are verified")
    try:
        read = {one: parse(base64.b64decode(one).decode()) for one in records}
        octets = base64.b64decode(key)
        plain = octets.removeprefix(KEY_PREFIX)
        good = [one.verify(plain if plain is octets else bytes.fromhex(plain.decode())) for one in read.values()]
    except (OcmfError, ValueError) as problem:
        current_case().miss(f"signed values in OCMF: {problem}", Side.STATION)
    expect(all(good), equals=True, of="station", named="signatures fit the public key")
    expect(faults(list(read.values())), equals=[], of="station", named="what is wrong with the records")
    for one in told:
        signed = read[one["signedMeterValue"]["signedMeterData"]]
        for reading in signed.readings:
            if REGISTERS.get(reading.direction) == one.get("measurand"):
                expect(abs(reading.value_wh - base_unit(one)) <= ROUNDING_WH, equals=True, of="station",
                       named=f"{one['measurand']} told is the signed one")  # fmt: skip


@usecase("PF_Q01_33_CS", sut="pair", protocol="ocpp2.1", requires=V2X | {"charger:mode_measurands"},
         requirements=["Q01.FR.33", "Q01.FR.34", "Q01.FR.35"], uses_rules=RULES, parameters={"setpoint_w": 3_000})  # fmt: skip
async def test_the_measurands_of_an_operation_mode(pf_ground, pf_station, pf_session, pf_limits, pf_parameters):
    """What V2XChargingCtrlr names for an operation mode is in the first, the later and the last event of that mode"""
    await reach(Booted, pf_ground)
    wanted = {"Started": "ChargingOnly", "Updated": "CentralSetpoint", "Ended": "CentralSetpoint"}
    with current_case().preamble():
        await modes_tell(pf_station, wanted, "Frequency")
    try:
        await reach(Authorized, pf_ground)
        started = [one for one in pf_station.received if one.payload.get("eventType") == "Started"][-1]
        expect(has(started.payload, "Frequency"), equals=True, of="station", named="Frequency in the first event")
        charging = {"transactionInfo.chargingState": "Charging"}
        await pf_station.expect("TransactionEvent", charging, within_s=pf_limits.session_s)
        await pf_session.follows(pf_parameters.setpoint_w)
        pf_station.forget()
        told = await pf_station.expect("TransactionEvent", PERIODIC, within_s=pf_limits.session_s)
        expect(has(told.payload, "Frequency"), equals=True, of="station", named="Frequency in CentralSetpoint")
        await pf_station.request_stop()
        ended = await pf_station.expect("TransactionEvent", {"eventType": "Ended"}, within_s=pf_limits.session_s)
        expect(has(ended.payload, "Frequency"), equals=True, of="station", named="Frequency in the last event")
    finally:
        await modes_tell(pf_station, wanted, "")


async def modes_tell(station, modes, measurands):
    for when, mode in modes.items():
        written = await station.set_variable(
            "V2XChargingCtrlr", f"Tx{when}Measurands", measurands, instance=mode, evse=1
        )
        expect(written["attributeStatus"], equals="Accepted", of="station", named=f"writing Tx{when}Measurands[{mode}]")


def has(payload, measurand):
    return any(one.get("measurand") == measurand for one in samples(payload))
