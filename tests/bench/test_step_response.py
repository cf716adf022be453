"""Reaction, rise, settling and overshoot of steps whose truth is known."""

from __future__ import annotations

import pytest

from fixtures.step_response import step_response


def course(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """Samples ten times a second, linear between points."""
    found = []
    for (left_s, left_w), (right_s, right_w) in zip(points, points[1:], strict=False):
        count = round((right_s - left_s) * 10)
        found += [(left_s + n / 10, left_w + (right_w - left_w) * n / count) for n in range(count)]
    return found


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_clean_reversal_has_its_times_and_no_overshoot(sign: float):
    samples = course((0.0, 8000 * sign), (2.0, 8000 * sign), (4.0, -8000 * sign), (20.0, -8000 * sign))
    found = step_response(samples, 1.0, 8000 * sign, -8000 * sign, 500.0)
    assert found.reaction_s == pytest.approx(1.2, abs=0.11)
    assert found.rise_s == pytest.approx(1.6, abs=0.11)
    assert found.settling_s == pytest.approx(2.95, abs=0.11)
    assert found.overshoot_percent == 0.0


def test_an_overshoot_is_measured_in_parts_of_the_step_and_delays_settling():
    samples = course((0.0, 0.0), (1.0, 12_000.0), (5.0, 12_000.0), (6.0, 10_000.0), (20.0, 10_000.0))
    found = step_response(samples, 0.0, 0.0, 10_000.0, 500.0)
    assert found.overshoot_percent == pytest.approx(20.0)
    assert found.settling_s == pytest.approx(5.8, abs=0.15)


def test_a_step_that_never_came_has_no_times():
    found = step_response(course((0.0, 0.0), (20.0, 0.0)), 0.0, 0.0, 5_000.0, 250.0)
    assert (found.reaction_s, found.rise_s, found.settling_s) == (None, None, None)


def test_power_that_leaves_the_band_again_has_not_settled():
    samples = course((0.0, 0.0), (1.0, 5_000.0), (10.0, 5_000.0), (11.0, 0.0))
    assert step_response(samples, 0.0, 0.0, 5_000.0, 250.0).settling_s is None
