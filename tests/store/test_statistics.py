"""The numbers of the report, against published ones and against plain counting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign.statistics import Change, Share, Tally, Times, change, passed_everything
from harness.verdict import Verdict

P, C, F, INC, N, X = (
    Verdict.PASS,
    Verdict.CONDITIONAL_PASS,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_RUN,
    Verdict.NOT_APPLICABLE,
)

# Smart charging tests of a public test lab, June 2020 to January 2023 (counts that follow from the published shares and
# numbers tested, Nature Communications 2024), with the interval that a report should print.
PUBLISHED = [
    ("fluctuating charging", 37, 52, "37/52 = 71.2 % (57.7 - 81.7)"),
    ("intermittent charging", 27, 43, "27/43 = 62.8 % (47.9 - 75.6)"),
    ("delayed start 20 min", 35, 42, "35/42 = 83.3 % (69.4 - 91.7)"),
    ("delayed start 6 h", 15, 21, "15/21 = 71.4 % (50.0 - 86.2)"),
    ("pause 20 min", 36, 42, "36/42 = 85.7 % (72.2 - 93.3)"),
    ("pause 6 h", 14, 21, "14/21 = 66.7 % (45.4 - 82.8)"),
]


@pytest.mark.parametrize(("name", "passed", "tested", "printed"), PUBLISHED)
def test_the_published_shares_come_out_to_the_printed_digit(name, passed, tested, printed):
    assert str(Share(passed, tested)) == printed


@pytest.mark.parametrize(
    ("passed", "tested", "printed"),
    [
        (0, 0, "none tested"),
        (3, 4, "3/4 (fewer than 5 tested)"),
        (5, 5, "5/5, that is 100.0 % (56.6 - 100.0)"),
        (19, 19, "19/19, that is 100.0 % (83.2 - 100.0)"),
    ],
)
def test_small_groups_are_told_by_counts_first(passed, tested, printed):
    assert str(Share(passed, tested)) == printed


def test_more_passed_than_tested_is_refused():
    with pytest.raises(ValueError, match="no share"):
        Share(3, 2)


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_interval_holds_the_share_and_stays_between_none_and_all(passed, failed):
    low, high = Share(passed, passed + failed).interval
    assert 0 <= low <= high <= 1
    if passed + failed:
        assert low - 1e-12 <= passed / (passed + failed) <= high + 1e-12


def test_only_decided_verdicts_count_in_a_share_and_conditional_is_no_pass():
    tally = Tally.of([P, P, C, F, INC, N, X, Verdict.ERROR, Verdict.ABORTED])
    assert tally.planned == 9
    assert tally.share == Share(2, 4)
    assert tally[Verdict.ERROR] == 1


def test_mcnemar_counts_only_cells_decided_both_times():
    before = {"a": F, "b": F, "c": P, "d": P, "e": INC, "f": F}
    after = {"a": P, "b": C, "c": F, "d": P, "e": P}
    assert change(before, after) == Change(improved=2, worsened=1, unchanged=1)


@pytest.mark.parametrize(
    ("improved", "worsened", "probability"), [(0, 0, 1.0), (5, 5, 1.0), (10, 0, 2 / 1024), (8, 2, 2 * 56 / 1024)]
)
def test_mcnemar_is_the_exact_binomial(improved, worsened, probability):
    assert Change(improved, worsened, 7).probability == pytest.approx(probability)


def test_those_that_never_resumed_are_censored_and_hold_the_curve_down():
    times = Times.of([1.0, 2.0, 3.0, 4.0], censored_s=[60.0] * 4)
    assert times.steps() == [
        (1.0, pytest.approx(1 / 8)),
        (2.0, pytest.approx(2 / 8)),
        (3.0, pytest.approx(3 / 8)),
        (4.0, pytest.approx(4 / 8)),
    ]
    assert times.quantiles([0.5, 0.75]) == [4.0, None]


def test_a_device_lost_early_takes_its_part_from_those_still_at_risk():
    times = Times.of([2.0, 4.0], censored_s=[1.0, 3.0])
    assert times.steps() == [(2.0, pytest.approx(1 / 3)), (4.0, pytest.approx(1.0))]


def test_quantiles_without_censoring_are_those_of_the_empirical_distribution():
    times = Times.of([5.0, 1.0, 3.0, 2.0, 4.0])
    assert times.quantiles([0.2, 0.25, 0.5, 0.75, 0.95]) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert Times.of([]).quantiles([0.5]) == [None]


def test_passed_all_cases_counts_only_units_that_ran_them_all():
    share = passed_everything([[P, P, X], [P, F], [P, INC], [P, N], [X], [P, C]])
    assert share == Share(1, 3)
