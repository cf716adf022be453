"""Charging profiles as they are installed, read from ChargingProfileType.

Powers are W, positive into the vehicle; a profile in A is turned into W with the voltage and phases of its EVSE.
Requirement ids in comments are those of OCPP 2.1 edition 1 part 2 with the 2025-09 errata ("err").
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from harness.ocpp.curves import Curve
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
