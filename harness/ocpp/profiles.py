"""Charging profiles: which of them count at a moment, and what they add up to. Pure functions of values and times.

Powers are W, positive into the vehicle; a profile in A is turned into W with the voltage and phases of its EVSE.
Requirement ids in comments are those of OCPP 2.1 edition 1 part 2 with the 2025-09 errata ("err").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise

from harness.ocpp.frames import Payload
from harness.ocpp.timestamps import to_seconds, to_text


class Mode(StrEnum):
    """OperationModeEnumType: who gives the number that the EVSE follows."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"


class Purpose(StrEnum):
    EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class Kind(StrEnum):
    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"


_RECURRENCE_S = {"Daily": 86_400.0, "Weekly": 604_800.0}

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Period:
    """One ChargingSchedulePeriod; powers in W."""

    start_s: float = 0.0
    mode: Mode = Mode.CHARGING_ONLY
    limit_w: float | None = None
    discharge_limit_w: float | None = None
    setpoint_w: float | None = None
    setpoint_reactive_var: float | None = None
    baseline_w: float | None = None
    freq_watt: Curve = ()
    """(Hz, W) by rising frequency."""
    signal_watt: Curve = ()
    """(signal, W) by rising signal."""
    evse_sleep: bool = False
    phases: int | None = None
    """numberPhases: on how many phases an AC vehicle may charge."""


@dataclass(frozen=True, slots=True)
class Schedule:
    id: int
    start_s: float | None
    duration_s: float | None
    periods: tuple[Period, ...]
    limit_at_soc: tuple[float, float] | None = None
    """(percent, W): from this state of charge on no more than that (K01.FR.100)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One installed charging profile. `raw` is what was received, kept current, for reports."""

    id: int
    evse_id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedules: tuple[Schedule, ...]
    raw: Payload = field(compare=False)
    installed_s: float = 0.0
    transaction_id: str | None = None
    valid_from_s: float | None = None
    valid_to_s: float | None = None
    recurrence_s: float | None = None
    max_offline_s: float | None = None
    invalid_after_offline: bool = False
    update_interval_s: float | None = None
    updated_s: float | None = None
    """dynUpdateTime: when a Dynamic profile was last given a number."""
    outlived_offline: bool = False
    """It ran out of maxOfflineDuration and must not come back (K01.FR.102)."""
    chosen: int = 0
    """Which of its schedules counts: the vehicle's choice of up to three (K15, K18)."""
    source: str = "CSO"
    """ChargingLimitSource: CSO, or EMS for a local energy manager."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a profile's meaning depends on, apart from itself."""

    now_s: float
    evse_id: int
    transaction_id: str | None = None
    transfer_started_s: float | None = None
    """When energy transfer began: second zero of a Relative profile."""
    offline_since_s: float | None = None
    priority_charging: bool = False
    soc_percent: float | None = None
    """Of the vehicle, where it is told."""
    frequency_hz: float = 50.0
    power_w: float = 0.0
    """Present power of the EVSE."""
    building_load_w: float | None = None
    """Import of the site at its meter, EVSE included."""
    afrr_signal: int | None = None
    ems_setpoint_w: float | None = None
    ems_limit_w: float | None = None
    ems_discharge_limit_w: float | None = None
    setpoint_priority: str = "ExternalControl"
    """SmartChargingCtrlr.SetpointPriority: ExternalControl or CSMS (Q06.FR.20 to 22)."""
    load_balancing: LoadBalancing | None = None


@dataclass(frozen=True, slots=True)
class LoadBalancing:
    """V2XChargingCtrlr.LocalLoadBalancing[...], in W."""

    upper_threshold_w: float
    lower_threshold_w: float
    upper_offset_w: float
    lower_offset_w: float

    def delta_w(self, load_w: float) -> float:
        """By how much the setpoint has to move (Q09.FR.03, Q09.FR.04)."""
        if load_w > self.upper_threshold_w:
            return self.upper_threshold_w + self.upper_offset_w - load_w
        if load_w < self.lower_threshold_w:
            return self.lower_threshold_w + self.lower_offset_w - load_w
        return 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """What all profiles add up to at a moment. None: no bound."""

    mode: Mode = Mode.CHARGING_ONLY
    limit_w: float | None = None
    discharge_limit_w: float | None = None
    setpoint_w: float | None = None
    setpoint_reactive_var: float | None = None
    evse_sleep: bool = False
    phases: int | None = None
    """On how many phases an AC vehicle may charge; None: all that there are."""
    profile_id: int | None = None
    """The profile that gives the operation mode."""

    def power_w(self, maximum_charge_w: float, maximum_discharge_w: float) -> float:
        """The power to aim at, within what EVSE and EV can do (both positive numbers)."""
        high_w = maximum_charge_w if self.limit_w is None else min(maximum_charge_w, max(self.limit_w, 0.0))
        if self.mode is Mode.IDLE:
            return 0.0
        if self.mode is Mode.CHARGING_ONLY:
            return high_w
        low_w = -maximum_discharge_w
        if self.discharge_limit_w is not None:
            low_w = max(low_w, min(self.discharge_limit_w, 0.0))
        if self.setpoint_w is None:  # limits alone: the vehicle may take what it is allowed to
            return high_w
        return min(max(self.setpoint_w, low_w), high_w)


# reading -----------------------------------------------------------------------------------------------------------


def read_profile(evse_id: int, raw: Payload, now_s: float, *, watts_per_ampere: float, source: str = "CSO") -> Profile:
    """The profile in a schema-valid ChargingProfileType. `watts_per_ampere`: phase voltage times phases."""
    valid_from, valid_to = raw.get("validFrom"), raw.get("validTo")
    updated = raw.get("dynUpdateTime")
    kind = Kind(raw["chargingProfileKind"])
    return Profile(
        id=raw["id"],
        evse_id=evse_id,
        stack_level=raw["stackLevel"],
        purpose=Purpose(raw["chargingProfilePurpose"]),
        kind=kind,
        schedules=tuple(_read_schedule(one, watts_per_ampere) for one in raw["chargingSchedule"]),
        raw=raw,
        installed_s=now_s,
        transaction_id=raw.get("transactionId"),
        valid_from_s=to_seconds(valid_from) if valid_from else None,
        valid_to_s=to_seconds(valid_to) if valid_to else None,
        recurrence_s=_RECURRENCE_S.get(raw.get("recurrencyKind", "")),
        max_offline_s=raw.get("maxOfflineDuration"),
        invalid_after_offline=raw.get("invalidAfterOfflineDuration", False),
        update_interval_s=raw.get("dynUpdateInterval"),
        updated_s=to_seconds(updated) if updated else now_s if kind is Kind.DYNAMIC else None,
        source=source,
    )


def _read_schedule(raw: Payload, watts_per_ampere: float) -> Schedule:
    factor = watts_per_ampere if raw["chargingRateUnit"] == "A" else 1.0
    start, at_soc = raw.get("startSchedule"), raw.get("limitAtSoC")
    return Schedule(
        id=raw["id"],
        start_s=to_seconds(start) if start else None,
        duration_s=raw.get("duration"),
        periods=tuple(_read_period(period, factor) for period in raw["chargingSchedulePeriod"]),
        limit_at_soc=(at_soc["soc"], at_soc["limit"] * factor) if at_soc else None,
    )


def _read_period(raw: Payload, factor: float) -> Period:
    # In A every phase carries the plain number; in W the plain field is phase L1 once L2 and L3 are given.
    numbers = {name: _sum_of_phases(raw, key, factor) for name, key in _POWER_FIELDS.items()}
    return Period(
        start_s=raw["startPeriod"],
        mode=Mode(raw.get("operationMode", Mode.CHARGING_ONLY)),
        baseline_w=raw.get("v2xBaseline"),
        freq_watt=tuple(sorted((p["frequency"], p["power"]) for p in raw.get("v2xFreqWattCurve", ()))),
        signal_watt=tuple(sorted((p["signal"], p["power"]) for p in raw.get("v2xSignalWattCurve", ()))),
        evse_sleep=raw.get("evseSleep", False),
        phases=raw.get("numberPhases"),
        **numbers,
    )


_POWER_FIELDS = {
    "limit_w": "limit",
    "discharge_limit_w": "dischargeLimit",
    "setpoint_w": "setpoint",
    "setpoint_reactive_var": "setpointReactive",
}


def _sum_of_phases(raw: Payload, key: str, factor: float) -> float | None:
    if key not in raw:
        return None
    others: list[float] = [raw[f"{key}_{phase}"] for phase in ("L2", "L3") if f"{key}_{phase}" in raw]
    if not others:
        return float(raw[key]) * factor
    return (float(raw[key]) + sum(others)) * (factor / 3.0 if factor != 1.0 else 1.0)


def with_update(profile: Profile, update: Payload, now_s: float, watts_per_ampere: float) -> Profile:
    """A Dynamic profile after UpdateDynamicSchedule or an answer to a pull: fields given replace those of its one
    period, dynUpdateTime is now (K28.FR.05, K28.FR.08)."""
    schedule = profile.raw["chargingSchedule"][0]
    period = {**schedule["chargingSchedulePeriod"][0], **update}
    raw = {
        **profile.raw,
        "dynUpdateTime": to_text(now_s),
        "chargingSchedule": [{**schedule, "chargingSchedulePeriod": [period]}],
    }
    fresh = read_profile(profile.evse_id, raw, now_s, watts_per_ampere=watts_per_ampere, source=profile.source)
    return replace(fresh, installed_s=profile.installed_s, updated_s=now_s, outlived_offline=profile.outlived_offline)


# deciding ----------------------------------------------------------------------------------------------------------


def period_at(profile: Profile, around: Surroundings) -> Period | None:
    """The period that this profile gives for the moment; None where the profile does not count."""
    period, at_soc = _period_by_time(profile, around), profile.schedules[0].limit_at_soc
    if period and at_soc and around.soc_percent is not None and around.soc_percent >= at_soc[0]:
        return replace(period, limit_w=_lowest([period.limit_w, at_soc[1]]))
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
    start_s = _schedule_start_s(profile, schedule, around)
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
    start_s = _schedule_start_s(profile, schedule, around)
    return 0.0 if start_s is None else max(0.0, around.now_s - start_s)


def _schedule_start_s(profile: Profile, schedule: Schedule, around: Surroundings) -> float | None:
    if profile.kind is Kind.RELATIVE:
        return around.transfer_started_s
    return profile.installed_s if schedule.start_s is None else schedule.start_s


def leading(profiles: Iterable[Profile], purpose: Purpose, around: Surroundings) -> tuple[Profile, Period] | None:
    """Of one purpose, the profile with the highest stack level that gives a period now; the EVSE's own beats 0."""
    candidates = [
        (profile, period)
        for profile in profiles
        if profile.purpose is purpose and (period := period_at(profile, around)) is not None
    ]
    return max(candidates, key=lambda pair: (pair[0].stack_level, pair[0].evse_id), default=None)


def target_at(profiles: Sequence[Profile], around: Surroundings) -> Target:
    """What the profiles add up to (SC.01, SC.04, K08.FR.04, K08.FR.08, Q06.FR.20 to 22)."""
    transaction = None
    if around.priority_charging:
        transaction = leading(profiles, Purpose.PRIORITY, around)
    transaction = transaction or leading(profiles, Purpose.TX, around) or leading(profiles, Purpose.TX_DEFAULT, around)
    ceiling = leading(profiles, Purpose.STATION_MAX, around)
    external = leading(profiles, Purpose.EXTERNAL_CONSTRAINTS, around)
    generation = leading(profiles, Purpose.LOCAL_GENERATION, around)

    own = _worked_out(transaction[1], around) if transaction else Period()
    others = [pair[1] for pair in (ceiling, external) if pair]
    limit_w = _lowest([own.limit_w, *(period.limit_w for period in others)])
    discharge_w = _nearest_zero([own.discharge_limit_w, *(period.discharge_limit_w for period in others)])
    if generation and limit_w is not None:
        limit_w += generation[1].limit_w or 0.0

    mode, setpoint_w = own.mode, own.setpoint_w
    if external and external[1].setpoint_w is not None:
        wins = around.setpoint_priority == "ExternalControl" or setpoint_w is None
        mode, setpoint_w = (external[1].mode, external[1].setpoint_w) if wins else (mode, setpoint_w)
    return Target(
        mode=mode,
        limit_w=limit_w,
        discharge_limit_w=discharge_w,
        setpoint_w=_capped(setpoint_w, limit_w, discharge_w),
        setpoint_reactive_var=own.setpoint_reactive_var,
        evse_sleep=own.evse_sleep,
        phases=own.phases,
        profile_id=transaction[0].id if transaction else None,
    )


def _worked_out(period: Period, around: Surroundings) -> Period:
    """The period with the numbers filled in that its mode takes from elsewhere."""
    match period.mode:
        case Mode.EXTERNAL_SETPOINT:  # Q05.FR.01, Q05.FR.03
            return replace(period, setpoint_w=_first(around.ems_setpoint_w, period.setpoint_w, 0.0))
        case Mode.EXTERNAL_LIMITS:  # Q05.FR.02, Q05.FR.04
            return replace(
                period,
                limit_w=_first(around.ems_limit_w, period.limit_w),
                discharge_limit_w=_first(around.ems_discharge_limit_w, period.discharge_limit_w),
            )
        case Mode.LOCAL_FREQUENCY:  # Q08.FR.06, Q08.FR.10
            power_w = (period.baseline_w or 0.0) + interpolate(period.freq_watt, around.frequency_hz)
            if around.afrr_signal is not None and period.signal_watt:
                power_w += interpolate(period.signal_watt, float(around.afrr_signal))
            return replace(period, setpoint_w=power_w)
        case Mode.LOCAL_LOAD_BALANCING:  # Q09.FR.03 to 05
            delta_w = 0.0
            if around.load_balancing and around.building_load_w is not None:
                delta_w = around.load_balancing.delta_w(around.building_load_w)
            return replace(period, setpoint_w=around.power_w + delta_w)
        case _:
            return period


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


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _lowest(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _nearest_zero(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _capped(setpoint_w: float | None, limit_w: float | None, discharge_w: float | None) -> float | None:
    if setpoint_w is None:
        return None
    if limit_w is not None:
        setpoint_w = min(setpoint_w, limit_w)
    return setpoint_w if discharge_w is None else max(setpoint_w, discharge_w)


# foreseeing --------------------------------------------------------------------------------------------------------


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
        start_s = _schedule_start_s(profile, schedule, around)
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
