"""Schedules as a vehicle is offered them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby


def levels_w(powers_w: Iterable[float]) -> list[float]:
    """The powers that follow each other; a station may cut a time of one power into several entries."""
    return [power_w for power_w, _ in groupby(powers_w)]
