"""What charging profiles allow a vehicle that begins to charge now, as slots that it can plan by (K15, K18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.ocpp.composite_schedule import composite_schedule
from harness.ocpp.profile_periods import elapsed_s
from harness.ocpp.profiles import Profile, Purpose
from harness.ocpp.surroundings import Surroundings

Slots = tuple[tuple[int, float], ...]
"""(duration s, W), one after the other."""


def alternatives(
    profiles: Sequence[Profile], around: Surroundings, profile: Profile, until_s: int, most_w: float, *, alone: bool
) -> tuple[Slots, ...]:
    """What a vehicle in scheduled control may choose from until `until_s`: the schedules of its profile, each joined with
    those of the same number in other stack levels (K18.FR.24) unless `alone`, within what all other profiles allow."""
    ends = [one.periods[-1].start_s - elapsed_s(profile, one, around) + 1 for one in profile.schedules]
    most_s = max(until_s, round(max(ends)))
    only = profile.id if alone else None
    numbers = range(len(profile.schedules))
    return tuple(foreseen(profiles, around, most_s, most_w, number, only) for number in numbers)


def foreseen(
    profiles: Sequence[Profile],
    around: Surroundings,
    until_s: int,
    most_w: float,
    number: int | None = None,
    only: int | None = None,
) -> Slots:
    """What all profiles together allow; `number`: if the vehicle chooses that schedule; `only`: with no other TxProfile than
    that."""
    begun = replace(around, transfer_started_s=around.transfer_started_s or around.now_s)
    joined = [one for one in profiles if one.id == only or one.purpose is not Purpose.TX or only is None]
    chosen = [one if number is None or number >= len(one.schedules) else replace(one, chosen=number) for one in joined]
    steps = [(round(at_s), target.power_w(most_w, 0.0)) for at_s, target in composite_schedule(chosen, begun, until_s)]
    ends = [*(at_s for at_s, _ in steps[1:]), until_s]
    return tuple((end_s - at_s, power_w) for (at_s, power_w), end_s in zip(steps, ends, strict=True))
