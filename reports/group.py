"""Which charts of quantities a campaign's records can carry, and the numbers that go into them.

A chart appears only where there is something to see: at least `_FEWEST` values.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar
from zlib import crc32

from harness.campaign.statistics import Tally, Times
from harness.verdict import Verdict
from reports import charts
from reports.document import AttemptRow, Document
from reports.findings import share_row
from reports.text import number
from reports.timeline import Timeline

_FEWEST = 5
_NAMES = 4
"""Quantities that get a distribution of their own, the most frequent first (our default)."""
_SAMPLE = 60
"""Transcripts that are read for one kind of chart (our default)."""
_POINTS = 1500
"""Dots in one chart (our default): more cannot be told apart."""
_STEP_S = 20.0
_FLOWING_W = 300.0
"""Power above which energy counts as flowing (our default: above the standby of a converter)."""
_OFFER = re.compile(r" at an offer of ([\d.]+) A$")
"""What the smart-charging protocol calls a current that was measured against an offer."""
_NUMBERED = re.compile(r" \d+$")

T = TypeVar("T")
Reader = Callable[[str], Timeline]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart of the whole group."""

    name: str
    caption: str
    svg: str


def group_figures(document: Document, read: Reader) -> Iterator[Figure]:
    """The charts that this campaign's records can carry."""
    counted = [one for cell in document.cells for one in cell.attempts if one.id == cell.counted]
    if document.comparison and any(row.before.tested and row.after.tested for row in document.comparison.rows):
        yield Figure(
            "before-after",
            "Pass shares on the common cases: hollow before, filled now.",
            charts.before_after(document.comparison.rows),
        )
    yield from _distributions(counted)
    yield from _ladder(document)
    yield from _tracking(counted)
    sample = [(one, read(one.id)) for one in _drawn([one for one in counted if one.evidence], lambda one: one.id)]
    yield from _steps(sample)
    yield from _funnel(document, read)
    yield from _efficiency(sample)


def _drawn(values: Sequence[T], name: Callable[[T], str]) -> list[T]:
    """At most `_SAMPLE` of them, in their order: drawn by the checksum of the name, so no unit and no case is preferred."""
    chosen = sorted(range(len(values)), key=lambda place: crc32(name(values[place]).encode()))[:_SAMPLE]
    return [values[place] for place in sorted(chosen)]


def _distributions(attempts: Sequence[AttemptRow]) -> Iterator[Figure]:
    observed: dict[str, list[float]] = defaultdict(list)
    censored: dict[str, list[float]] = defaultdict(list)
    limits: dict[str, set[float]] = defaultdict(set)
    for attempt in attempts:
        for one in attempt.measurements:
            if one.unit != "s" or one.high is None:
                continue
            name = _NUMBERED.sub("", one.name)
            limits[name].add(one.high)
            if one.value is None:
                censored[name].append(one.high)
            else:
                observed[name].append(one.value)
    counts = Counter({name: len(observed[name]) + len(censored[name]) for name in limits})
    for place, (name, count) in enumerate(counts.most_common(_NAMES)):
        if count < _FEWEST or not observed[name]:
            continue
        times = Times.of(observed[name], censored[name])
        limit_s = next(iter(limits[name])) if len(limits[name]) == 1 else None
        quantiles = zip(_QUANTILES, times.quantiles(_QUANTILES.values()), strict=True)
        told = ", ".join(f"{word} {'never' if value is None else number(value, 4) + ' s'}" for word, value in quantiles)
        caption = f"{name}: {told}; {len(times.censored_s)} of {len(times)} never within the time observed."
        yield Figure(f"distribution-{place}", caption, charts.distribution(times, name, limit_s))


_QUANTILES = {"lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75, "95th percentile": 0.95}


def _ladder(document: Document) -> Iterator[Figure]:
    """Pass share by the length of the pause, over the cases that have that parameter."""
    verdicts: dict[float, list[Verdict]] = defaultdict(list)
    for cell in document.cells:
        for attempt in cell.attempts:
            if attempt.id == cell.counted and (pause_s := _float(attempt.parameters.get("pause_s", ""))) is not None:
                verdicts[pause_s].append(Verdict(cell.verdict))
    rows = [(pause_s, share_row(Tally.of(found).share)) for pause_s, found in sorted(verdicts.items())]
    rows = [row for row in rows if row[1].tested]
    if len(rows) > 1:
        caption = "Pass share by the length of the pause, with 95 % Wilson intervals."
        yield Figure("ladder", caption, charts.ladder(rows, "length of the pause"))


def _float(text: str) -> float | None:
    try:
        return float(text.replace("\u202f", "").replace("−", "-"))
    except ValueError:
        return None


def _tracking(attempts: Sequence[AttemptRow]) -> Iterator[Figure]:
    points: dict[str, list[charts.Point]] = defaultdict(list)
    for attempt in attempts:
        for one in attempt.measurements:
            if one.unit not in ("W", "A") or one.value is None:
                continue
            passed = one.verdict == Verdict.PASS
            if offer := _OFFER.search(one.name):
                wanted = float(offer[1])
                low, high = one.low or 0.0, wanted if one.high is None else one.high
                points["offer"].append(charts.Point(wanted, one.value, low, high, passed))
            elif one.low is not None and one.high is not None:
                points[one.unit].append(charts.Point((one.low + one.high) / 2, one.value, one.low, one.high, passed))
    for unit, found in sorted(points.items()):
        if len(found) < _FEWEST:
            continue
        shown = found[:: len(found) // _POINTS + 1]
        if unit == "offer":
            caption = "Current that was offered and current that was drawn, per phase; the band is what was allowed."
            yield Figure("tracking-offer", caption, charts.tracking(shown, "A", ("offered", "drawn")))
        else:
            caption = "What was asked for and what was measured; the band is the tolerance as applied."
            yield Figure(f"tracking-{unit.lower()}", caption, charts.tracking(shown, unit))


def _curve(timeline: Timeline, name: str) -> Points:
    return next((curve.points for curve in timeline.curves if curve.name == name), ())


def _steps(sample: Sequence[tuple[AttemptRow, Timeline]]) -> Iterator[Figure]:
    """Traces, each moved so that its first setpoint, or the first change of what is offered, stands at zero."""
    powers, currents = [], []
    for attempt, timeline in sample:
        passed = attempt.verdict == Verdict.PASS
        if setpoints := _curve(timeline, "setpoint_w"):
            powers.append((passed, _around(_curve(timeline, "active_w"), setpoints[0][0])))
        elif (changed_s := _first_change(_curve(timeline, "offered_a"))) is not None:
            currents.append((passed, _around(_curve(timeline, "current_a"), changed_s)))
    for name, curves, unit, word in (("steps", powers, "W", "setpoint"), ("steps-offer", currents, "A", "offer")):
        curves = [one for one in curves if len(one[1]) > 2]
        if len(curves) >= _FEWEST:
            caption = f"Step responses of {len(curves)} attempts, aligned at the first change of the {word}."
            yield Figure(name, caption, charts.step_responses(curves, _STEP_S, unit, word))


def _around(points: Points, start_s: float) -> Points:
    return [(at - start_s, value) for at, value in points if -2 <= at - start_s <= _STEP_S]


def _first_change(offers: Points) -> float | None:
    """When a vehicle that is offered current is offered another one, or none."""
    return next((at for (_, was), (at, now) in pairwise(offers) if was > 0 and now != was), None)


def _funnel(document: Document, read: Reader) -> Iterator[Figure]:
    """From the plug to energy after a pause, over the counted attempts of the cases that pause."""
    cases = {case.id for case in document.cases if "pause" in (case.id + case.title).lower()}
    attempts = [cell.counted for cell in document.cells if cell.case in cases and cell.counted]
    sample = _drawn(attempts, str)
    reached = Counter(stage for attempt in sample for stage in _stages(read(attempt)))
    if len(sample) >= _FEWEST and reached:
        stages = [(stage, reached[stage]) for stage in ("plugged", "ready", *_ENERGY)]
        drawn = "" if len(sample) == len(attempts) else f", in a sample of {len(sample)} of {len(attempts)} attempts"
        caption = f"How far sessions of the {len(cases)} case(s) with a pause came{drawn}."
        yield Figure("funnel", caption, charts.funnel(stages, len(sample)))


def _stages(timeline: Timeline) -> Iterator[str]:
    """A stage counts once, and only after the one before it."""
    flowing = [abs(value) > _FLOWING_W for _, value in _curve(timeline, "active_w")]
    if any(entry.lane in (*_PILOT, "v2g") for entry in timeline.entries):
        yield "plugged"
    # State C or D at the pilot; who takes energy was ready for it, whether or not somebody looked at the pilot.
    if any(flowing) or any(entry.lane in _PILOT and entry.title[:1] in ("C", "D") for entry in timeline.entries):
        yield "ready"
    changes = [now for was, now in zip([False, *flowing], flowing, strict=False) if was != now]
    for stage, _ in zip(_ENERGY, changes, strict=False):
        yield stage


_PILOT = ("pilot", "control_pilot")
_ENERGY = ("energy flows", "paused", "energy again")


def _efficiency(sample: Sequence[tuple[AttemptRow, Timeline]]) -> Iterator[Figure]:
    """DC over AC power when charging, AC over DC power when discharging, from readings of one analyser."""
    points = []
    for _, timeline in sample:
        roles = {curve.role for curve in timeline.curves}
        for role in sorted(roles):
            mine = {curve.name: curve.points for curve in timeline.curves if curve.role == role}
            points += list(_ratios(mine.get("active_w", ()), mine.get("dc_power_w", ())))
    if len(points) >= _FEWEST:
        shown = points[:: len(points) // _POINTS + 1]
        caption = "Efficiency of the conversion, from simultaneous readings of AC and DC power."
        yield Figure("efficiency", caption, charts.efficiency(shown))


def _ratios(ac: Points, dc: Points) -> Iterator[tuple[float, float]]:
    times = [at for at, _ in dc]
    for at, power in ac:
        place = bisect_left(times, at)
        if abs(power) < _FLOWING_W or place == len(times) or times[place] != at:
            continue
        other = dc[place][1]
        if abs(other) < _FLOWING_W:  # only noise: nothing is converted on this side of the analyser
            continue
        ratio = other / power if power > 0 else power / other
        if 0 < ratio <= 1:
            yield power, ratio
