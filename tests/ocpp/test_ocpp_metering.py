"""What the station's meter tells: by phase, by interval, at the clock's moments, and signed."""

from __future__ import annotations

import base64

from drivers.ocmf import faults, parse
from harness.ocpp.meter_values import Readings, meter_value, sampled
from harness.ocpp.metering import ALIGNED, SAMPLED, Metering
from harness.ocpp.station_variables import station_variables

NOW_S = 1_800_000_003.0
REGISTERS = "Energy.Active.Import.Register,Energy.Active.Export.Register"


def metering(counted, **variables):
    names = {"SampledDataCtrlr.TxUpdatedMeasurands": REGISTERS, "AlignedDataCtrlr.Measurands": REGISTERS, **variables}
    return Metering(station_variables((1,), names), 1, "4711", lambda: next(counted))


def test_power_by_phase_stands_beside_the_total_and_is_not_taken_for_it():
    readings = Readings(power_w=-300.0, phase_power_w=(-100.0, -90.0, -110.0))
    value = meter_value(["Power.Active.Export", "Power.Active.Import"], readings, None, "Trigger", NOW_S)
    by_phase = {one["phase"]: one["value"] for one in value["sampledValue"][:4] if "phase" in one}
    assert by_phase == {"L1": 100.0, "L2": 90.0, "L3": 110.0}
    assert sampled([value], "Power.Active.Export") == 300.0
    assert sampled([value], "Power.Active.Import") == 0.0


def test_clock_aligned_moments_are_multiples_of_the_interval_and_the_first_is_not_told():
    one = metering(iter([]), **{"AlignedDataCtrlr.Interval": "10"})
    assert not one.aligned(NOW_S)
    assert one.aligned_due_s() == 1_800_000_010.0
    assert not one.aligned(NOW_S + 1)
    assert one.aligned(1_800_000_010.2)
    assert one.aligned_due_s() == 1_800_000_020.0


def test_signed_records_of_a_transaction_verify_and_the_key_is_told_once():
    counted = iter([Readings(imported_wh=1_000.0, exported_wh=500.0), Readings(imported_wh=1_000.0, exported_wh=620.5)])
    policy = {"SampledDataCtrlr.SignReadings": "true", "SampledDataCtrlr.TxStartedMeasurands": REGISTERS,
              "SampledDataCtrlr.TxEndedMeasurands": REGISTERS,
              "OCPPCommCtrlr.PublicKeyWithSignedMeterValue": "OncePerTransaction"}  # fmt: skip
    one = metering(counted, **policy)
    values = [
        one.value(context, at_s, None, "t-1", SAMPLED, when)
        for context, at_s, when in (
            ("Transaction.Begin", NOW_S, "TxStarted"),
            ("Transaction.End", NOW_S + 60, "TxEnded"),
        )
    ]
    signed = [value["sampledValue"][0]["signedMeterValue"] for value in values]
    assert ["publicKey" in each for each in signed] == [True, False]
    key = bytes.fromhex(base64.b64decode(signed[0]["publicKey"]).decode().rpartition(":")[2])
    records = [parse(base64.b64decode(each["signedMeterData"]).decode()) for each in signed]
    assert all(record.verify(key) for record in records)
    assert faults(records) == []
    assert records[1].readings[1].value_wh == 620.5


def test_the_energy_of_an_interval_is_what_the_register_rose_by():
    counted = iter([Readings(exported_wh=500.0), Readings(exported_wh=620.5)])
    one = metering(counted, **{"AlignedDataCtrlr.Measurands": "Energy.Active.Export.Interval"})
    assert one.value("Sample.Clock", NOW_S, None, "", ALIGNED, "") is None
    value = one.value("Sample.Clock", NOW_S + 900, None, "", ALIGNED, "")
    assert sampled([value], "Energy.Active.Export.Interval") == 120.5
