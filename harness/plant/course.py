"""Courses over time from a profile file: grid voltage and frequency, household load, photovoltaics.

    name: a short dip
    source: our default
    courses:
      voltage_v: [[0, 230], [10, 230], [10, 160], [10.25, 160], [10.25, 230]]

Points are [seconds since the profile began, value]; linear in between, and two points at one time are a step. After the
last point its value stays.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Any

import yaml

GRID_COURSES = ("voltage_v", "frequency_hz")
SITE_COURSES = ("household_w", "pv_w")


class Course:
    """One quantity over time, piecewise linear."""

    def __init__(self, points: tuple[tuple[float, float], ...]) -> None:
        self.points = points
        self._times = [at_s for at_s, _ in points]

    def at(self, at_s: float) -> float:
        """The value at a time; at a step the one after it."""
        right = bisect_right(self._times, at_s)
        if right == 0:
            return self.points[0][1]
        if right == len(self.points):
            return self.points[-1][1]
        (left_s, left), (right_s, value) = self.points[right - 1], self.points[right]
        return left + (value - left) * (at_s - left_s) / (right_s - left_s)

    def steady_s(self, at_s: float) -> float:
        """Until the next point."""
        right = bisect_right(self._times, at_s + 1e-9)
        return self._times[right] - at_s if right < len(self._times) else inf

    def mean(self, at_s: float, for_s: float) -> float:
        """Mean value over a time within which no point lies."""
        return self.at(at_s + for_s / 2)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of courses, and where its numbers come from."""

    name: str
    source: str
    courses: Mapping[str, Course]

    @property
    def ends_s(self) -> float:
        return max(course.points[-1][0] for course in self.courses.values())


@lru_cache(maxsize=32)
def load_profile(path: str, known: tuple[str, ...]) -> Profile:
    """Read a profile file; raises ValueError that names the file, the key, and what would be right."""
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as problem:
        raise ValueError(f"profile {path}: {problem}") from None
    if not isinstance(raw, dict) or set(raw) != {"name", "source", "courses"} or not isinstance(raw["courses"], dict):
        raise ValueError(f"profile {path}: expected the keys name, source and courses")
    courses = {name: _course(path, name, points, known) for name, points in raw["courses"].items()}
    if not courses:
        raise ValueError(f"profile {path}: no course; there may be {', '.join(known)}")
    return Profile(str(raw["name"]), str(raw["source"]), courses)


def _course(path: str, name: str, points: Any, known: tuple[str, ...]) -> Course:
    if name not in known:
        near = get_close_matches(str(name), known, 1, 0.0)
        raise ValueError(f"profile {path}: unknown course {name!r}; nearest is {near[0]!r}")
    try:
        pairs = tuple((float(at_s), float(value)) for at_s, value in points)
    except (TypeError, ValueError):
        raise ValueError(f"profile {path}: {name}: expected a list of [seconds, value]") from None
    if not pairs or any(later[0] < earlier[0] for earlier, later in zip(pairs, pairs[1:], strict=False)):
        raise ValueError(f"profile {path}: {name}: times must not go back, and there must be a point")
    return Course(pairs)
