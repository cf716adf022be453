"""What a station tells of its charging profiles when it is asked: those installed (K09), and what they add up to (K08)."""

from __future__ import annotations

from harness.ocpp.composite_schedule import composite_schedule
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.profiles import Mode, Profile
from harness.ocpp.smart_charging import PHASE_VOLTAGE_V, PHASES, SmartCharging
from harness.ocpp.statuses import accepted, rejected
from harness.ocpp.timestamps import to_text


class ProfileReports:
    """Answers for the profiles of `smart`."""

    def __init__(self, smart: SmartCharging) -> None:
        self.smart = smart

    def get_charging_profiles(self, request: Payload, _now_s: float) -> Payload:
        """K09: answer, then one ReportChargingProfiles per source, `tbc` on all but the last."""
        wanted = request["chargingProfile"]

        def fits(one: Profile) -> bool:
            return bool(
                request.get("evseId", one.evse_id) == one.evse_id
                and wanted.get("chargingProfilePurpose", one.purpose) == one.purpose
                and wanted.get("stackLevel", one.stack_level) == one.stack_level
                and one.id in wanted.get("chargingProfileId", [one.id])
                and one.source in wanted.get("chargingLimitSource", [one.source])
            )

        groups: dict[tuple[str, int], list[Payload]] = {}
        for one in filter(fits, self.smart.profiles):
            groups.setdefault((one.source, one.evse_id), []).append(one.raw)
        if not groups:
            return {"status": "NoProfiles"}
        for number, ((source, evse_id), raws) in enumerate(groups.items(), 1):
            report: Payload = {
                "requestId": request["requestId"],
                "chargingLimitSource": source,
                "evseId": evse_id,
                "chargingProfile": raws,
            }
            if number < len(groups):
                report["tbc"] = True
            self.smart.post(Letter("ReportChargingProfiles", report))
        return accepted()

    def get_composite_schedule(self, request: Payload, now_s: float) -> Payload:
        """K08: what this station foresees."""
        if request["evseId"] not in (0, self.smart.evse_id):
            return rejected("UnknownEvse")
        unit = request.get("chargingRateUnit", "W")
        if unit not in self.smart.model.items("SmartChargingCtrlr", "RateUnit"):
            return rejected("UnsupportedRateUnit")
        scale = 1.0 if unit == "W" else PHASE_VOLTAGE_V * PHASES
        periods = []
        for offset_s, target in composite_schedule(self.smart.profiles, self.smart.around(now_s), request["duration"]):
            period: Payload = {"startPeriod": round(offset_s)}
            if target.mode is not Mode.CHARGING_ONLY:
                period["operationMode"] = str(target.mode)
            numbers = {
                "limit": target.limit_w,
                "dischargeLimit": target.discharge_limit_w,
                "setpoint": target.setpoint_w,
            }
            period |= {key: round(value / scale, 1) for key, value in numbers.items() if value is not None}
            if target.mode is Mode.CHARGING_ONLY and target.limit_w is None:
                maximum_w = self.smart.model.number("EVSE", "Power", None, self.smart.evse_id) or 0.0
                period["limit"] = round(maximum_w / scale, 1)
            periods.append(period)
        schedule = {
            "evseId": request["evseId"],
            "duration": request["duration"],
            "scheduleStart": to_text(now_s),
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": periods,
        }
        return {**accepted(), "schedule": schedule}
