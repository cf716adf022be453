"""Verdicts only get worse, and a value too near its limit is no clean pass."""

import itertools

import pytest

from harness.verdict import Limit, Measurement, Side, Source, Verdict, worst


def test_the_order_of_verdicts_is_that_of_ttcn3():
    chain = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.ERROR]
    assert sorted(chain, key=lambda one: one.rank) == chain


@pytest.mark.parametrize(("first", "second"), list(itertools.product(Verdict, Verdict)))
def test_a_verdict_never_gets_better(first, second):
    assert worst([first, second]).rank >= first.rank


def test_no_verdicts_means_not_run():
    assert worst([]) is Verdict.NOT_RUN


@pytest.mark.parametrize(
    ("value", "uncertainty", "verdict"),
    [
        (10.0, 0.5, Verdict.PASS),
        (10.5, 0.5, Verdict.PASS),
        (10.8, 0.5, Verdict.INCONCLUSIVE),
        (11.2, 0.5, Verdict.INCONCLUSIVE),
        (11.6, 0.5, Verdict.FAIL),
        (8.4, 0.5, Verdict.FAIL),
        (None, 0.5, Verdict.INCONCLUSIVE),
        (float("nan"), 0.5, Verdict.INCONCLUSIVE),
        (11.0, 0.0, Verdict.PASS),
        (11.1, 0.0, Verdict.FAIL),
    ],
)
def test_the_guard_band_decides(value, uncertainty, verdict):
    measured = Measurement("power", value, "kW", Limit(9.0, 11.0), uncertainty)
    assert measured.verdict is verdict


def test_a_limit_called_the_standards_must_name_its_clause():
    with pytest.raises(ValueError, match="must name the standard"):
        Limit(high=1.0, source=Source.STANDARD)


def test_the_side_of_a_charger_is_its_station():
    assert Side("charger") is Side.STATION
    with pytest.raises(ValueError):
        Side("nobody")
