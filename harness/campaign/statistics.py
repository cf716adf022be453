"""Statistics of a group report: few numbers, each with what is needed not to over-read it.

A share never stands without passed/tested and its Wilson interval. Devices that never reacted are censored at the time
limit, not dropped. Everything here is a pure function of counts and times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import comb, sqrt
from statistics import NormalDist
from typing import TypeVar

from harness.verdict import Verdict

CONFIDENCE = 0.95
SMALL_GROUP = 20
"""Below this, counts come first and subgroups get no percentages (our default, common reporting practice)."""
FEWEST = 5
"""Below this, a report says "fewer than 5" (our default, common reporting practice)."""
MERGED_BELOW = 3
"""Groups with fewer members are merged: a rare combination of attributes identifies a device (our default)."""

Cell = TypeVar("Cell")

_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


@dataclass(frozen=True, slots=True)
class Share:
    """`passed` of `tested`, with the 95 % Wilson score interval (Wilson 1927)."""

    passed: int
    tested: int

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.tested:
            raise ValueError(f"{self.passed} of {self.tested} is no share")

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None if nothing was tested."""
        return self.passed / self.tested if self.tested else None

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound, between 0 and 1; the whole range if nothing was tested."""
        if not self.tested:
            return 0.0, 1.0
        n, p, zz = self.tested, self.passed / self.tested, _Z * _Z
        centre = (p + zz / (2 * n)) / (1 + zz / n)
        half = _Z / (1 + zz / n) * sqrt(p * (1 - p) / n + zz / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        """As every report prints it: `37/52 = 71.2 % (57.7 - 81.7)`; counts only for small groups."""
        if not self.tested:
            return "none tested"
        if self.tested < FEWEST:
            return f"{self.passed}/{self.tested} (fewer than {FEWEST} tested)"
        low, high = self.interval
        percent = f"{100 * self.passed / self.tested:.1f} % ({100 * low:.1f} - {100 * high:.1f})"
        if self.tested < SMALL_GROUP:
            return f"{self.passed}/{self.tested}, that is {percent}"
        return f"{self.passed}/{self.tested} = {percent}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each verdict came out in one row, column or case; its sum is what was planned."""

    counts: Mapping[Verdict, int]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Tally:
        counted = Counter(verdicts)
        return cls({verdict: counted[verdict] for verdict in Verdict if counted[verdict]})

    def __getitem__(self, verdict: Verdict) -> int:
        return self.counts.get(verdict, 0)

    @property
    def planned(self) -> int:
        return sum(self.counts.values())

    @property
    def share(self) -> Share:
        """Passes over passes, conditional passes and fails: nothing else was decided. Conditional is no pass."""
        passed = self[Verdict.PASS]
        return Share(passed, passed + self[Verdict.CONDITIONAL_PASS] + self[Verdict.FAIL])


@dataclass(frozen=True, slots=True)
class Change:
    """The same cells before and after: discordant counts and the exact two-sided McNemar probability."""

    improved: int
    """Failed before, passes now."""
    worsened: int
    """Passed before, fails now."""
    unchanged: int

    @property
    def probability(self) -> float:
        """Of a split at least this uneven, were better and worse equally likely (McNemar 1947, exact binomial)."""
        n, k = self.improved + self.worsened, min(self.improved, self.worsened)
        return min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n) if n else 1.0


def change(before: Mapping[Cell, Verdict], after: Mapping[Cell, Verdict]) -> Change:
    """McNemar's counts over the cells that were decided both times (pass or conditional against fail)."""
    decided = {Verdict.PASS: True, Verdict.CONDITIONAL_PASS: True, Verdict.FAIL: False}
    both = [
        (decided[before[cell]], decided[after[cell]])
        for cell in before
        if before[cell] in decided and after.get(cell) in decided
    ]
    return Change(both.count((False, True)), both.count((True, False)), sum(was == now for was, now in both))


@dataclass(frozen=True, slots=True)
class Times:
    """Times until something happened; `censored` are those where it had not happened when we stopped looking."""

    observed_s: tuple[float, ...]
    censored_s: tuple[float, ...] = ()

    @classmethod
    def of(cls, observed_s: Iterable[float], censored_s: Iterable[float] = ()) -> Times:
        return cls(tuple(sorted(observed_s)), tuple(sorted(censored_s)))

    def __len__(self) -> int:
        return len(self.observed_s) + len(self.censored_s)

    def steps(self) -> list[tuple[float, float]]:
        """The share that has reacted by each time, as steps (product-limit estimate, Kaplan and Meier 1958)."""
        at_risk, surviving, lost = len(self), 1.0, 0
        points = []
        for time, group in groupby(self.observed_s):
            reacted = len(tuple(group))
            gone = bisect_left(self.censored_s, time)  # those lost at this very time were still at risk
            at_risk -= gone - lost
            lost = gone
            surviving *= 1 - reacted / at_risk
            at_risk -= reacted
            points.append((time, 1 - surviving))
        return points

    def quantiles(self, shares: Iterable[float]) -> list[float | None]:
        """When each share had reacted; None if it never did while we looked."""
        steps = self.steps()
        levels = [reached + 1e-9 for _, reached in steps]
        places = [bisect_left(levels, share) for share in shares]
        return [steps[place][0] if place < len(steps) else None for place in places]


def passed_everything(verdicts_of_units: Iterable[Sequence[Verdict]]) -> Share:
    """Units that passed all cases, over the units that ran all of theirs to a decision; not-applicable ones aside."""
    decided = (Verdict.PASS, Verdict.CONDITIONAL_PASS, Verdict.FAIL)
    asked = [[one for one in verdicts if one is not Verdict.NOT_APPLICABLE] for verdicts in verdicts_of_units]
    complete = [verdicts for verdicts in asked if verdicts and all(verdict in decided for verdict in verdicts)]
    return Share(sum(all(one is Verdict.PASS for one in verdicts) for verdicts in complete), len(complete))
