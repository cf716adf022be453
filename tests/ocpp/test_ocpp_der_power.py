"""What each DER control does to the power of an EVSE."""

from __future__ import annotations

import pytest

from harness.ocpp.der import DerControls, field_of
from harness.ocpp.der_power import DerPower
from harness.ocpp.meter_values import Readings
from harness.ocpp.station_variables import station_variables
from testcases.ocpp21.test_r_der_control import TYPES

RATED_W, MAXIMUM_VAR = 20_000.0, 10_000.0


@pytest.fixture
def letters():
    return []


@pytest.fixture
def power(letters):
    return DerPower(DerControls(station_variables((1,)), 1, letters.append))


def put(power, control_type, now_s=0.0, **content):
    request = {"isDefault": True, "controlId": control_type, "controlType": control_type,
               field_of(control_type): {**TYPES[control_type], **content}}  # fmt: skip
    return power.controls.handlers()["SetDERControl"](request, now_s)["status"]


def grid(percent=100.0, frequency_hz=50.0):
    return Readings(frequency_hz=frequency_hz, grid_voltage_v=230.0 * percent / 100)


def aimed(power, wanted_w, readings=None, now_s=0.0):
    return power.shaped_w(wanted_w, RATED_W, RATED_W, readings or grid(), now_s)


def test_all_but_three_of_the_22_control_types_are_executed_and_those_are_refused(power):
    answers = {kind: put(power, kind) for kind in TYPES}
    assert len(answers) == 22
    refused = {kind for kind, status in answers.items() if status != "Accepted"}
    assert refused == {"WattPF", "WattVar", "PowerMonitoringMustTrip"}


def test_harmless_controls_leave_the_power_alone(power):
    for kind in TYPES.keys() - {"LimitMaxDischarge", "Gradients"}:
        put(power, kind)
    assert aimed(power, -19_000.0) == -19_000.0


CURVE = [{"x": 95, "y": 50}, {"x": 105, "y": -50}]


@pytest.mark.parametrize(
    ("kind", "content", "active_w", "percent", "wanted_var"),
    [
        ("FixedVar", {"setpoint": 20}, 0.0, 100.0, -2_000.0),
        ("VoltVar", {"curveData": CURVE}, 0.0, 105.0, 5_000.0),
        ("VoltVar", {"curveData": CURVE}, 0.0, 97.5, -2_500.0),
        ("FixedPFInject", {"displacement": 0.8, "excitation": False}, -8_000.0, 100.0, -6_000.0),
        ("FixedPFInject", {"displacement": 0.8, "excitation": False}, 8_000.0, 100.0, 0.0),
        ("FixedPFAbsorb", {"displacement": 0.8, "excitation": True}, 8_000.0, 100.0, 6_000.0),
    ],
)
def test_reactive_power_of_a_control(power, kind, content, active_w, percent, wanted_var):
    put(power, kind, **content)
    assert power.reactive_var(active_w, MAXIMUM_VAR, grid(percent), 0.0) == pytest.approx(wanted_var)


def test_power_ramps_as_gradients_say(power):
    put(power, "Gradients", gradient=10)
    assert aimed(power, 0.0, now_s=0.0) == 0.0
    assert aimed(power, -20_000.0, now_s=2.0) == -4_000.0


def test_after_a_trip_the_converter_waits_for_a_good_grid(power, letters):
    put(power, "HVMustTrip", curveData=[{"x": 1, "y": 115}])
    put(power, "EnterService", delay=5)
    power.watch(grid(120.0), 0.0)
    assert aimed(power, 5_000.0, grid(120.0)) == 0.0
    power.watch(grid(112.0), 1.0)
    assert aimed(power, 5_000.0, grid(112.0), 1.0) == 0.0
    assert [aimed(power, 5_000.0, grid(), now_s) for now_s in (2.0, 6.0, 7.0)] == [0.0, 0.0, 5_000.0]
    assert [letter.payload.get("alarmEnded", False) for letter in letters] == [False, True]


def test_where_another_control_takes_over_the_first_has_no_end(power, letters):
    put(power, "HVMomCess", curveData=[{"x": 1, "y": 108}])
    put(power, "HVMustTrip", curveData=[{"x": 1, "y": 115}])
    for now_s, percent in enumerate((110.0, 120.0, 100.0)):
        power.watch(grid(percent), float(now_s))
    told = [(one.payload["controlType"], one.payload.get("alarmEnded", False)) for one in letters]
    assert told == [("HVMomCess", False), ("HVMustTrip", False), ("HVMustTrip", True)]
