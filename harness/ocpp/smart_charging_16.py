"""The smart charging of a charge point of OCPP 1.6: it holds profiles of three purposes and answers for them."""

from __future__ import annotations

from collections.abc import Callable

from harness.ocpp.composite_schedule import composite_schedule
from harness.ocpp.frames import Payload
from harness.ocpp.power_target import target_at
from harness.ocpp.profiles import Profile, Purpose, read_profile
from harness.ocpp.surroundings import Surroundings
from harness.ocpp.timestamps import to_text

CONNECTOR = 1
WATTS_PER_AMPERE = 230.0 * 3
"""Three phases of 230 V (IEC 60038), to turn a profile in A into W."""

_PURPOSES = {
    "ChargePointMaxProfile": Purpose.STATION_MAX,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}


class SmartCharging16:
    """`around(now_s)` gives the connector's present surroundings; more than `maximum_w` it can not give."""

    def __init__(self, maximum_w: float, around: Callable[[float], Surroundings]) -> None:
        self.maximum_w = maximum_w
        self.profiles: list[Profile] = []
        self._around = around

    def power_target_w(self, now_s: float) -> float:
        return target_at(self.profiles, self._around(now_s)).power_w(self.maximum_w, 0.0)

    def transaction_ended(self) -> None:
        """TxProfiles go with their transaction."""
        self.profiles = [one for one in self.profiles if one.purpose is not Purpose.TX]

    def set_profile(self, request: Payload, now_s: float) -> Payload:
        raw, connector = request["csChargingProfiles"], request["connectorId"]
        purpose = _PURPOSES[raw["chargingProfilePurpose"]]
        transaction_id = self._around(now_s).transaction_id
        named = str(raw.get("transactionId", transaction_id))
        if connector not in (0, CONNECTOR) or (purpose is Purpose.STATION_MAX and connector != 0):
            return {"status": "Rejected"}
        if purpose is Purpose.TX and (connector == 0 or transaction_id is None or named != transaction_id):
            return {"status": "Rejected"}
        if raw["chargingProfileKind"] != "Relative" and "startSchedule" not in raw["chargingSchedule"]:
            return {"status": "Rejected"}
        modern = {
            **{key: value for key, value in raw.items() if key not in ("chargingProfileId", "transactionId")},
            "id": raw["chargingProfileId"],
            "chargingProfilePurpose": str(purpose),
            "chargingSchedule": [{"id": 1, **raw["chargingSchedule"]}],
        }
        if purpose is Purpose.TX:
            modern["transactionId"] = named
        fresh = read_profile(connector, modern, now_s, watts_per_ampere=WATTS_PER_AMPERE)
        self.profiles = [one for one in self.profiles if not _replaces(fresh, one)] + [fresh]
        return {"status": "Accepted"}

    def clear_profile(self, request: Payload, _now_s: float) -> Payload:
        purpose = _PURPOSES.get(request.get("chargingProfilePurpose", ""))
        kept = [
            one
            for one in self.profiles
            if request.get("id", one.id) != one.id
            or request.get("connectorId", one.evse_id) != one.evse_id
            or (purpose or one.purpose) is not one.purpose
            or request.get("stackLevel", one.stack_level) != one.stack_level
        ]
        cleared = len(kept) < len(self.profiles)
        self.profiles = kept
        return {"status": "Accepted" if cleared else "Unknown"}

    def get_composite_schedule(self, request: Payload, now_s: float) -> Payload:
        if request["connectorId"] not in (0, CONNECTOR):
            return {"status": "Rejected"}
        unit = request.get("chargingRateUnit", "W")
        scale = 1.0 if unit == "W" else WATTS_PER_AMPERE
        steps = composite_schedule(self.profiles, self._around(now_s), request["duration"])
        periods = [
            {
                "startPeriod": round(offset_s),
                "limit": round((self.maximum_w if target.limit_w is None else target.limit_w) / scale, 1),
            }
            for offset_s, target in steps
        ]
        schedule = {"duration": request["duration"], "chargingRateUnit": unit, "chargingSchedulePeriod": periods}
        return {
            "status": "Accepted",
            "connectorId": request["connectorId"],
            "scheduleStart": to_text(now_s),
            "chargingSchedule": schedule,
        }


def _replaces(fresh: Profile, old: Profile) -> bool:
    """In 1.6 the same id, or the same stack level and purpose on a connector, takes the old one's place."""
    same_place = (fresh.stack_level, fresh.purpose, fresh.evse_id) == (old.stack_level, old.purpose, old.evse_id)
    return fresh.id == old.id or same_place
