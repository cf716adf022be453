"""What charging profiles will add up to from now on (K08). Pure functions of values and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.ocpp.power_target import Target, target_at
from harness.ocpp.profile_periods import schedule_start_s
from harness.ocpp.profiles import Kind, Profile
from harness.ocpp.surroundings import Surroundings


def composite_schedule(
    profiles: Sequence[Profile], around: Surroundings, duration_s: float
) -> list[tuple[float, Target]]:
    """(second from now, target) wherever the target changes within `duration_s`, the first at 0 (K08)."""
    moments = {0.0}
    for profile in profiles:
        moments.update(
            offset_s for at_s in _boundaries_s(profile, around) if 0 < (offset_s := at_s - around.now_s) < duration_s
        )
    steps: list[tuple[float, Target]] = []
    for offset_s in sorted(moments):
        target = target_at(profiles, replace(around, now_s=around.now_s + offset_s))
        if not steps or steps[-1][1] != target:
            steps.append((offset_s, target))
    return steps


def _boundaries_s(profile: Profile, around: Surroundings) -> list[float]:
    edges = [at_s for at_s in (profile.valid_from_s, profile.valid_to_s) if at_s is not None]
    for schedule in profile.schedules[profile.chosen : profile.chosen + 1]:
        start_s = schedule_start_s(profile, schedule, around)
        if profile.kind is Kind.DYNAMIC:
            if schedule.duration_s is not None and profile.updated_s is not None:
                edges.append(profile.updated_s + schedule.duration_s + 1e-3)
            continue
        if start_s is None:
            continue
        if profile.recurrence_s and around.now_s > start_s:
            start_s += (around.now_s - start_s) // profile.recurrence_s * profile.recurrence_s
        for round_s in (start_s, start_s + profile.recurrence_s) if profile.recurrence_s else (start_s,):
            edges.extend(round_s + period.start_s for period in schedule.periods)
            if schedule.duration_s is not None:
                edges.append(round_s + schedule.duration_s)
    return edges
