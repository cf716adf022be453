"""Which charts of quantities a campaign's records can carry, and the numbers that go into them.

A chart appears only where there is something to see: at least `_FEWEST` values.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.campaign.statistics import Tally, Times
from harness.verdict import Verdict
from reports import charts
from reports.document import AttemptRow, Document
from reports.findings import share_row
from reports.text import number
from reports.timeline import Timeline

_FEWEST = 5
_NAMES = 3
"""Quantities that get a distribution of their own, the most frequent first (our default)."""
_SAMPLE = 60
"""Transcripts that are read for the charts of a large campaign, spread evenly over it (our default)."""
_POINTS = 1500
"""Dots in one chart (our default): more cannot be told apart."""
_STEP_S = 20.0
_FLOWING_W = 300.0
"""Power above which energy counts as flowing (our default: above the standby of a converter)."""

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
    sample = [(one, read(one.id)) for one in counted[:: max(1, len(counted) // _SAMPLE)] if one.evidence]
    yield from _steps(sample)
    yield from _funnel(document, read)
    yield from _efficiency(sample)


def _distributions(attempts: Sequence[AttemptRow]) -> Iterator[Figure]:
    observed: dict[str, list[float]] = defaultdict(list)
    censored: dict[str, list[float]] = defaultdict(list)
    limits: dict[str, set[float]] = defaultdict(set)
    for attempt in attempts:
        for one in attempt.measurements:
            if one.unit != "s" or one.high is None:
                continue
            limits[one.name].add(one.high)
            if one.value is None:
                censored[one.name].append(one.high)
            else:
                observed[one.name].append(one.value)
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
            if one.unit in ("W", "A") and one.low is not None and one.high is not None and one.value is not None:
                middle = (one.low + one.high) / 2
                passed = one.verdict == Verdict.PASS
                points[one.unit].append(charts.Point(middle, one.value, one.low, one.high, passed))
    for unit, found in sorted(points.items()):
        if len(found) >= _FEWEST:
            shown = found[:: len(found) // _POINTS + 1]
            caption = "What was asked for and what was measured; the band is the tolerance as applied."
            yield Figure(f"tracking-{unit.lower()}", caption, charts.tracking(shown, unit))


def _curve(timeline: Timeline, name: str) -> Points:
    return next((curve.points for curve in timeline.curves if curve.name == name), ())


def _steps(sample: Sequence[tuple[AttemptRow, Timeline]]) -> Iterator[Figure]:
    """Traces of active power, each moved so that its first setpoint stands at zero."""
    curves = []
    for attempt, timeline in sample:
        setpoints, power = _curve(timeline, "setpoint_w"), _curve(timeline, "active_w")
        if not setpoints:
            continue
        start = setpoints[0][0]
        moved = [(at - start, value) for at, value in power if -2 <= at - start <= _STEP_S]
        if len(moved) > 2:
            curves.append((attempt.verdict == Verdict.PASS, moved))
    if len(curves) >= _FEWEST:
        caption = "Step responses, aligned at the setpoint."
        yield Figure("steps", caption, charts.step_responses(curves, _STEP_S))


def _funnel(document: Document, read: Reader) -> Iterator[Figure]:
    """From the plug to energy after a pause, over the counted attempts of the cases that pause."""
    cases = {case.id for case in document.cases if "pause" in (case.id + case.title).lower()}
    attempts = [cell.counted for cell in document.cells if cell.case in cases and cell.counted]
    sample = attempts[:: max(1, len(attempts) // _SAMPLE)]
    reached = Counter(stage for attempt in sample for stage in _stages(read(attempt)))
    if len(sample) >= _FEWEST and reached:
        stages = [(stage, reached[stage]) for stage in ("plugged", "energy flows", "paused", "energy again")]
        caption = f"How far the sessions of {len(cases)} case(s) with a pause came."
        yield Figure("funnel", caption, charts.funnel(stages, len(sample)))


def _stages(timeline: Timeline) -> Iterator[str]:
    """A stage counts once, and only after the one before it."""
    if any(entry.lane in ("pilot", "control_pilot", "v2g") for entry in timeline.entries):
        yield "plugged"
    flowing = [abs(value) > _FLOWING_W for _, value in _curve(timeline, "active_w")]
    changes = [now for was, now in zip([False, *flowing], flowing, strict=False) if was != now]
    for stage, _ in zip(("energy flows", "paused", "energy again"), changes, strict=False):
        yield stage


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
        ratio = (other / power if power > 0 else power / other) if other else 0.0
        if 0 < ratio <= 1:
            yield power, ratio
