"""Charging profiles to send: the shapes that V2X use cases need, as plain payloads that a test may change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.ocpp.frames import Payload


def profile(
    profile_id: int,
    periods: Sequence[Payload],
    *,
    purpose: str = "TxProfile",
    kind: str = "Dynamic",
    stack_level: int = 1,
    transaction_id: str | None = None,
    unit: str = "W",
    duration_s: int | None = None,
    start_schedule: str | None = None,
    **more: Any,
) -> Payload:
    """A ChargingProfileType with one schedule; `more` goes into the profile (maxOfflineDuration, validTo, ...)."""
    schedule: Payload = {"id": profile_id, "chargingRateUnit": unit, "chargingSchedulePeriod": list(periods)}
    if duration_s is not None:
        schedule["duration"] = duration_s
    if start_schedule is not None:
        schedule["startSchedule"] = start_schedule
    draft: Payload = {
        "id": profile_id,
        "stackLevel": stack_level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
        **more,
    }
    if transaction_id is not None:
        draft["transactionId"] = transaction_id
    return draft


def period(mode: str = "CentralSetpoint", *, start_s: int = 0, **numbers: Any) -> Payload:
    """A ChargingSchedulePeriodType; `numbers` are its own fields: setpoint, limit, dischargeLimit, ..."""
    return {"startPeriod": start_s, "operationMode": mode, **numbers}


def dynamic_setpoint(profile_id: int, transaction_id: str, setpoint_w: float, **more: Any) -> Payload:
    """Q04: one Dynamic CentralSetpoint TxProfile whose setpoint is moved by UpdateDynamicSchedule."""
    return profile(profile_id, [period(setpoint=setpoint_w)], transaction_id=transaction_id, **more)
