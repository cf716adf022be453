"""What the CSMS wants the lower half of a charger to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StopWanted:
    """The transfer must end; `reason` as in ReasonEnumType."""

    reason: str


@dataclass(frozen=True, slots=True)
class RenegotiationWanted:
    """The service must be negotiated again with the vehicle: these transfers are allowed now."""

    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScheduleRenegotiationWanted:
    """The vehicle must be brought to choose again: there is a new schedule (K16)."""


@dataclass(frozen=True, slots=True)
class RebootWanted:
    pass


Order = StopWanted | RenegotiationWanted | ScheduleRenegotiationWanted | RebootWanted
