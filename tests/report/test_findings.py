"""What an attempt shows is told once."""

import pytest

from harness.campaign.records import Attempt, Pair
from harness.verdict import Finding, Severity, Side, Verdict
from reports.findings import observed

LATE = "the bench itself was late, so this is not charged: no answer"


def attempt(verdict, *findings):
    return Attempt("a-1", "PF_X", Pair("V", "S"), 1, 0, "wire", verdict=verdict, side=Side.BENCH, reason=LATE,
                   findings=findings)  # fmt: skip


def fail(reason, side=Side.BENCH):
    return Finding("PF_X", "our default", Severity.FAIL, side, reason)


def test_an_error_that_repeats_a_findings_reason_is_told_once_as_an_error():
    (told,) = observed(attempt(Verdict.ERROR, fail(LATE)))
    assert (told.requirement, told.reason) == ("error", LATE)


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.INCONCLUSIVE])
def test_another_findings_reason_stays_beside_the_verdicts_own(verdict):
    told = observed(attempt(verdict, fail("too late", Side.STATION)))
    assert [one.reason for one in told] == ["too late", LATE]


def test_a_fail_is_explained_by_its_findings():
    assert [one.reason for one in observed(attempt(Verdict.FAIL, fail("too late")))] == ["too late"]
