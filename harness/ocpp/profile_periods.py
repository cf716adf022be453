"""Which period a charging profile gives at a moment. Pure functions of values and times.

Requirement ids in comments are those of OCPP 2.1 edition 1 part 2 with the 2025-09 errata ("err").
"""

from __future__ import annotations

from dataclasses import replace

from harness.ocpp.profiles import Kind, Period, Profile, Purpose, Schedule
from harness.ocpp.surroundings import Surroundings


def period_at(profile: Profile, around: Surroundings) -> Period | None:
    """The period that this profile gives for the moment; None where the profile does not count."""
    period, at_soc = _period_by_time(profile, around), profile.schedules[profile.chosen].limit_at_soc
    if period and at_soc and around.soc_percent is not None and around.soc_percent >= at_soc[0]:
        return replace(period, limit_w=at_soc[1] if period.limit_w is None else min(period.limit_w, at_soc[1]))
    return period


def _period_by_time(profile: Profile, around: Surroundings) -> Period | None:
    if not _counts(profile, around):
        return None
    schedule = profile.schedules[profile.chosen]
    if profile.kind is Kind.DYNAMIC:
        assert profile.updated_s is not None
        # K28.FR.13 (err): without an update within `duration` the profile steps back; the next update revives it.
        stale = schedule.duration_s is not None and around.now_s > profile.updated_s + schedule.duration_s
        return None if stale else schedule.periods[0]
    start_s = schedule_start_s(profile, schedule, around)
    if start_s is None or around.now_s < start_s:
        return None
    elapsed_s = around.now_s - start_s
    if profile.kind is Kind.RECURRING and profile.recurrence_s:
        elapsed_s %= profile.recurrence_s
    if schedule.duration_s is not None and elapsed_s >= schedule.duration_s:
        return None
    begun = [period for period in schedule.periods if period.start_s <= elapsed_s]
    return begun[-1] if begun else None


def _counts(profile: Profile, around: Surroundings) -> bool:
    if profile.evse_id not in (0, around.evse_id) or profile.outlived_offline:
        return False
    if profile.purpose is Purpose.TX and profile.transaction_id != around.transaction_id:
        return False
    if profile.valid_from_s is not None and around.now_s < profile.valid_from_s:
        return False
    if profile.valid_to_s is not None and around.now_s >= profile.valid_to_s:
        return False
    return not offline_too_long(profile, around.offline_since_s, around.now_s)


def offline_too_long(profile: Profile, offline_since_s: float | None, now_s: float) -> bool:
    """K01.FR.101: more than maxOfflineDuration offline; K01.FR.103: never without that field."""
    if offline_since_s is None or profile.max_offline_s is None:
        return False
    return now_s - offline_since_s > profile.max_offline_s


def elapsed_s(profile: Profile, schedule: Schedule, around: Surroundings) -> float:
    """How far a schedule has run; 0 for one that has not begun."""
    start_s = schedule_start_s(profile, schedule, around)
    return 0.0 if start_s is None else max(0.0, around.now_s - start_s)


def schedule_start_s(profile: Profile, schedule: Schedule, around: Surroundings) -> float | None:
    """Second zero of a schedule in UTC seconds; None for a relative one without energy transfer."""
    if profile.kind is Kind.RELATIVE:
        return around.transfer_started_s
    return profile.installed_s if schedule.start_s is None else schedule.start_s
