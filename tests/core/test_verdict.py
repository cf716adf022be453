"""Verdicts only get worse, and a value too near its limit is no clean pass."""

import itertools

import pytest

from harness.verdict import DecisionRule, Limit, Measurement, Side, Source, Verdict, worst


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


@pytest.mark.parametrize(
    ("rule", "inside", "beyond"),
    [
        ("guard_band", Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE),
        ("simple_acceptance", Verdict.PASS, Verdict.FAIL),
        ("guarded_acceptance", Verdict.FAIL, Verdict.FAIL),
        ("guarded_rejection", Verdict.PASS, Verdict.PASS),
    ],
)
def test_the_decision_rule_decides_near_a_limit_and_nowhere_else(rule, inside, beyond):
    def verdict(value: float) -> Verdict:
        return Measurement("power", value, "kW", Limit(9.0, 11.0), 0.5, rule=DecisionRule(rule)).verdict

    assert [verdict(10.9), verdict(11.1)] == [inside, beyond]
    assert [verdict(9.1), verdict(8.9)] == [inside, beyond]
    assert [verdict(10.0), verdict(12.0), verdict(8.0)] == [Verdict.PASS, Verdict.FAIL, Verdict.FAIL]


def test_a_limit_called_the_standards_must_name_its_clause():
    with pytest.raises(ValueError, match="must name the standard"):
        Limit(high=1.0, source=Source.STANDARD)


def test_the_side_of_a_charger_is_its_station():
    assert Side("charger") is Side.STATION
    with pytest.raises(ValueError):
        Side("nobody")
