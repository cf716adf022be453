"""What a local energy manager asks of a station, and how that is shown to the CSMS (Q05, Q06, K11 to K14, K29)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.ocpp.frames import Payload
from harness.ocpp.profiles import Kind, Mode, Profile, Purpose
from harness.ocpp.timestamps import to_text

EMS_PROFILE_ID = -1
"""Id of the profile that stands for the EMS's order: negative, so that no CSMS uses it by chance. Our default."""


@dataclass(frozen=True, slots=True)
class EmsOrder:
    """What the local energy manager asks for at the moment; None: nothing of that kind."""

    setpoint_w: float | None = None
    limit_w: float | None = None
    discharge_limit_w: float | None = None
    duration_s: float | None = None
    """Until the next order has to come; after that the order does not count any more."""
    until_s: float | None = None
    """It is a schedule: after so long `then_w` is its setpoint, or its limit."""
    then_w: float | None = None
    whole_station: bool = False
    """It is for all EVSEs together (Q06.FR.30, FR.31), not for one."""

    @property
    def scheduled(self) -> bool:
        return self.until_s is not None

    def evse(self, own: int) -> int:
        return 0 if self.whole_station else own

    def periods(self) -> list[Payload]:
        """As ChargingSchedulePeriodType, in the mode that shows who gives the numbers (Q06.FR.01 to FR.04)."""
        mode = Mode.EXTERNAL_SETPOINT if self.setpoint_w is not None else Mode.EXTERNAL_LIMITS
        numbers = {"limit": self.limit_w, "dischargeLimit": self.discharge_limit_w, "setpoint": self.setpoint_w}
        first: Payload = {"startPeriod": 0, "operationMode": str(mode)}
        first |= {key: value for key, value in numbers.items() if value is not None}
        if self.until_s is None:
            return [first]
        key = "setpoint" if mode is Mode.EXTERNAL_SETPOINT else "limit"
        return [first, {**first, "startPeriod": round(self.until_s), key: self.then_w}]

    def profile(self, now_s: float) -> Payload:
        """The ChargingStationExternalConstraints profile that stands for it: Absolute for a schedule, else Dynamic (Q06.FR.01 to
        FR.04, FR.40, FR.41)."""
        schedule: Payload = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": self.periods()}
        if self.duration_s is not None:
            schedule["duration"] = round(self.duration_s)
        raw: Payload = {
            "id": EMS_PROFILE_ID,
            "stackLevel": 0,
            "chargingProfilePurpose": str(Purpose.EXTERNAL_CONSTRAINTS),
            "chargingProfileKind": str(Kind.ABSOLUTE if self.scheduled else Kind.DYNAMIC),
            "chargingSchedule": [schedule],
        }
        if self.scheduled:
            schedule["startSchedule"] = to_text(now_s)
        else:
            raw["dynUpdateTime"] = to_text(now_s)
        return raw

    def differs_from(self, other: EmsOrder, percent: float) -> bool:
        """By more than this share in one of its numbers, or in which numbers it has (Q06.FR.11, LimitChangeSignificance)."""
        mine = (self.setpoint_w, self.limit_w, self.discharge_limit_w, self.then_w)
        theirs = (other.setpoint_w, other.limit_w, other.discharge_limit_w, other.then_w)
        return any(
            (one is None) != (two is None) or abs((one or 0.0) - (two or 0.0)) > percent / 100.0 * abs(two or 0.0)
            for one, two in zip(mine, theirs, strict=True)
        )


def open_to_ems(profile: Profile) -> bool:
    """A profile of the CSMS that leaves the number to the energy manager."""
    periods = [period for schedule in profile.schedules for period in schedule.periods]
    return profile.purpose in (Purpose.TX, Purpose.TX_DEFAULT) and any(
        period.mode in (Mode.EXTERNAL_SETPOINT, Mode.EXTERNAL_LIMITS) for period in periods
    )
