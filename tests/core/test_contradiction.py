"""An analyser that contradicts itself is the bench's fault; what it merely measures is not for it to explain."""

import pytest

from drivers.roles import PowerReading
from fixtures.power import contradiction


def reading(**values):
    return PowerReading(at_s=0.0, active_w=10_000.0, **values)


def dc(power_w, voltage_v=400.0, current_a=25.0):
    return reading(dc_voltage_v=voltage_v, dc_current_a=current_a, dc_power_w=power_w)


@pytest.mark.parametrize("power_w", [10_000.0, 10_400.0, 9_600.0, -10_000.0])
def test_power_near_its_own_volts_and_amperes_is_believed(power_w):
    assert contradiction(dc(power_w)) == ""


@pytest.mark.parametrize("power_w", [11_200.0, -11_200.0, 8_800.0])
def test_power_that_is_not_its_own_volts_and_amperes_is_not(power_w):
    assert f"{power_w:.0f} W DC at 400.0 V and 25.00 A, which are 10000 W" in contradiction(dc(power_w))


def test_small_powers_are_left_to_the_uncertainty():
    assert contradiction(dc(300.0, current_a=0.5)) == ""


def test_a_phase_may_show_less_than_its_apparent_power_but_not_more():
    assert contradiction(reading(phases=[(230.0, 16.0, 1_000.0)])) == ""
    assert "phase 2 shows 4122 W of 3680 VA" in contradiction(
        reading(phases=[(230.0, 16.0, 3_600.0), (230.0, 16.0, 4_121.6)])
    )


def test_an_analyser_without_these_values_is_believed():
    assert contradiction(reading(phases=[(None, None, None)])) == ""
