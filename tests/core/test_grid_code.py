"""Grid-code files: what they say of power, and the refusal of a number that hides where it is from."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.grid_code import GridCode, load_grid_code, mark_of
from harness.verdict import Source

FILES = sorted((Path(__file__).parents[2] / "lab-configs/grid-codes").glob("*.yaml"))
CODE = load_grid_code(FILES[-1])
RATED_W = 10_000.0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_grid_code_in_the_box_loads_and_marks_its_numbers(path: Path):
    code = load_grid_code(path)
    assert code.over_frequency
    assert code.over_frequency.start_hz.source is Source.PUBLISHED
    assert mark_of(code.over_frequency.start_hz).reference
    assert code.reconnection
    assert code.reconnection.wait_s.source is Source.OURS


@pytest.mark.parametrize(
    ("setpoint_w", "frequency_hz", "power_w"),
    [
        (-8_000.0, 50.0, -8_000.0),
        (-8_000.0, 50.2, -8_000.0),
        (-8_000.0, 50.7, -6_000.0),  # half a hertz of 2.5 Hz droop: a fifth of the rated power
        (-1_000.0, 50.7, 1_000.0),  # a storage goes on through zero
        (9_500.0, 51.2, 10_000.0),
        (8_000.0, 49.3, 6_000.0),
        (-9_000.0, 48.8, -10_000.0),
    ],
)
def test_active_power_moves_by_the_droop_and_stays_within_the_rating(setpoint_w, frequency_hz, power_w):
    assert CODE.active_w(setpoint_w, frequency_hz, RATED_W) == pytest.approx(power_w)


@pytest.mark.parametrize(
    ("percent", "active_w", "reactive_var"),
    [(100, -3_000, 0), (106, 3_000, 1_500), (112, 0, 3_000), (94, 0, -1_500), (100, -10_000, 4_843.2), (100, 9_000, 0)],
)
def test_reactive_power_follows_voltage_and_else_the_power_that_is_fed_in(percent, active_w, reactive_var):
    assert CODE.reactive_var(active_w, 2.3 * percent, RATED_W) == pytest.approx(reactive_var, abs=0.1)


@pytest.mark.parametrize(
    ("percent", "power_w", "allowed_w"),
    [(100, -9_000, -9_000), (109, -9_000, -7_000), (115, -9_000, -4_000), (109, 9_000, 9_000), (91, 9_000, 7_000)],
)
def test_voltage_limits_what_is_fed_in_when_high_and_what_is_drawn_when_low(percent, power_w, allowed_w):
    assert CODE.limited_w(power_w, 2.3 * percent, RATED_W) == pytest.approx(allowed_w)


def test_dips_and_swells_are_told_apart():
    assert [point.voltage_percent for point in CODE.dips] == [80, 50, 40]
    assert [point.for_s for point in CODE.swells] == [0.5]


def test_windows_are_told_apart_and_a_return_asks_for_more_than_being_inside():
    assert CODE.outside(230.0, 50.0) == []
    assert [window.quantity for window in CODE.outside(180.0, 52.0)] == ["voltage_percent", "frequency_hz"]
    assert not CODE.outside(230.0, 50.3)
    assert not CODE.may_reconnect(230.0, 50.3)
    assert CODE.may_reconnect(230.0, 50.0)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name: x\nsource: y\nnominal_hertz: 50", "nominal_hertz"),
        ("name: x\nsource: y\nresponse_s: {value: 3, source: standard}", "must name its reference"),
        ("name: x\nsource: y\nresponse_s: soon", "expected a number"),
        ("name: x\nsource: y\nresponse_s: {value: 3, source: heard}", "heard"),
        ("name: [", "grid code"),
        (
            "name: x\nsource: y\nwindows: [{quantity: voltage_percent, below: 85, ride_s: 1, trip_s: 2}]\n"
            "ride_through: [{voltage_percent: 70, for_s: 1.5}]",
            "70 % for 1.5 s contradicts windows",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(tmp_path: Path, text: str, named: str):
    path = tmp_path / "code.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=named):
        load_grid_code(path)


def test_a_device_without_functions_just_follows_its_setpoint():
    bare = GridCode(name="none", source="our default")
    assert bare.active_w(-5_000.0, 52.0, RATED_W) == -5_000.0
    assert bare.reactive_var(-5_000.0, 260.0, RATED_W) == 0.0
    assert bare.limited_w(-5_000.0, 260.0, RATED_W) == -5_000.0
