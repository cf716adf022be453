"""Curves of power over something measured: frequency, voltage, a signal."""

from __future__ import annotations

from itertools import pairwise

Curve = tuple[tuple[float, float], ...]
"""(at, value) by rising `at`."""


def interpolate(curve: Curve, at: float) -> float:
    """Linear between the points (Q08.FR.06); the end values are held beyond them (our reading: not said there)."""
    if not curve:
        return 0.0
    if at <= curve[0][0]:
        return curve[0][1]
    for (left, low), (right, high) in pairwise(curve):
        if at <= right:
            return low if right == left else low + (high - low) * (at - left) / (right - left)
    return curve[-1][1]
