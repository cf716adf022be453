"""The audit of an activation, and delta monitoring, on courses whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.errors import ConfigError
from fixtures.afrr import Product, audit, deltas, energies_wh, energy_wh, load_product, on_grid, rebuilt, skew_s

PRODUCT = load_product(Path(__file__).parents[2] / "lab-configs/products/afrr.yaml")


def ramp(after_s: float, seconds: float, bid_w: float) -> list[tuple[float, float]]:
    return [(float(t), bid_w * min(max((t - after_s) / seconds, 0.0), 1.0)) for t in range(400)]


@pytest.mark.parametrize("bid_w", [8000.0, -8000.0])
def test_a_fast_unit_is_seen_as_fast_in_both_directions(bid_w: float):
    found = audit(ramp(5, 100, bid_w), 0.0, 0.0, bid_w, PRODUCT)
    assert found.reaction_s == 15.0
    assert found.activation_s == 100.0
    assert found.percent_per_min == pytest.approx(60.0)
    assert found.inside_percent > 99.0  # the band's edge itself is a matter of rounding


def test_a_slow_or_dead_unit_is_seen_as_such():
    slow = audit(ramp(60, 300, 8000.0), 0.0, 0.0, 8000.0, PRODUCT)
    assert slow.reaction_s == 90.0
    assert slow.activation_s is not None
    assert slow.activation_s > PRODUCT.activation_s
    dead = audit([(float(t), 0.0) for t in range(100)], 0.0, 0.0, 8000.0, PRODUCT)
    assert dead.reaction_s is None
    assert dead.inside_percent == 0.0


def test_an_unsteady_unit_is_outside_of_the_band_part_of_the_time():
    shaky = [(float(t), 8000.0 * (1.0 if t % 2 else 1.2)) for t in range(100)]
    assert audit(shaky, 0.0, 0.0, 8000.0, PRODUCT).inside_percent == pytest.approx(50.0)


def test_delta_monitoring_is_never_wrong_by_more_than_its_threshold():
    truth = on_grid([(t * 1.0, 3000.0 * ((t * 37) % 11 - 5) / 5) for t in range(400)], 4.0)
    sent = deltas(truth, 500.0)
    again = rebuilt(sent, [at_s for at_s, _ in truth])
    assert len(sent) < len(truth)
    assert max(abs(a - b) for (_, a), (_, b) in zip(again, truth, strict=True)) < 500.0
    assert energy_wh(again) == pytest.approx(energy_wh(truth), abs=500.0 * 400 / 3600)


def test_samples_are_put_on_the_platforms_grid_by_their_means():
    assert on_grid([(0.0, 100.0), (2.0, 200.0), (4.0, 400.0), (12.0, 1.0)], 4.0) == [
        (4.0, 150.0),
        (8.0, 400.0),
        (16.0, 1.0),
    ]
    assert rebuilt([(8.0, 5.0)], [4.0, 8.0, 12.0]) == [(8.0, 5.0), (12.0, 5.0)]


def test_a_product_with_an_unknown_key_is_refused(tmp_path: Path):
    path = tmp_path / "product.yaml"
    path.write_text("name: x\nsource: y\nreaction: 3\n")
    with pytest.raises(ConfigError, match="reaction"):
        load_product(path)
    assert Product.model_fields["cycle_s"].default == 4.0


def test_a_late_clock_is_found_by_the_shift_at_which_both_streams_agree():
    truth = [(float(t), 1000.0 * ((t // 20) % 3)) for t in range(0, 400, 4)]
    for late_s in (-8.0, 0.0, 12.0):
        told = deltas([(at_s + late_s, power_w) for at_s, power_w in truth], 10.0)
        assert skew_s(told, truth, 16.0) == pytest.approx(late_s, abs=4.0)


def test_energies_of_a_quarter_count_what_lies_in_it_by_direction():
    samples = [(0.0, 3600.0), (100.0, -7200.0), (200.0, 0.0)]
    assert energies_wh(samples, 0.0, 300.0) == pytest.approx((100.0, 200.0))
    assert energies_wh(samples, 50.0, 150.0) == pytest.approx((50.0, 100.0))
