"""What all charging profiles add up to at a moment. Pure functions of values and times; powers in W, positive into the
vehicle.

Requirement ids in comments are those of OCPP 2.1 edition 1 part 2 with the 2025-09 errata ("err").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.ocpp.curves import interpolate
from harness.ocpp.profile_periods import period_at
from harness.ocpp.profiles import Mode, Period, Profile, Purpose
from harness.ocpp.surroundings import Surroundings


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
