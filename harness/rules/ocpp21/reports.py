"""What a station answers about its profiles, and what it tells of limits that are not the CSMS's (K05 to K14, Q06)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ocpp.profiles import Purpose
from harness.ocpp.timestamps import to_seconds
from harness.rules.ocpp21.believed import installed_before
from harness.rules.ocpp21.terms import OURS, Session, asked, broken, station
from harness.rules.rule import Broken

SCHEDULE_START_S = 10.0
"""How far the start of a composite schedule may be from now (our default)."""
PERSISTENT = frozenset({Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.PRIORITY})
REPORT_S = 30.0
"""Until a report that was promised has to come (our default)."""


@station("K05.FR.05", "a profile in RequestStartTransaction is a TxProfile without a transaction id, else rejected")
def start_profiles_are_checked(session: Session) -> Iterator[Broken]:
    for one in asked(session, "RequestStartTransaction", source="csms"):
        profile = one.asked.get("chargingProfile")
        wrong = profile and (profile["chargingProfilePurpose"] != "TxProfile" or "transactionId" in profile)
        if wrong and one.status == "Accepted" and one.answer:
            yield broken(one.answer, f"{one.request} has such a profile", one.request)


@station("K08", "a composite schedule is of the EVSE, in the unit and for the time that were asked for")
def composite_schedule_fits_the_question(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetCompositeSchedule", source="csms"):
        schedule = one.said.get("schedule")
        if one.status != "Accepted" or not schedule or one.answer is None:
            continue
        if schedule["evseId"] != one.asked["evseId"]:
            yield broken(one.answer, f"EVSE {schedule['evseId']} instead of {one.asked['evseId']}", one.request)
        unit = one.asked.get("chargingRateUnit", schedule["chargingRateUnit"])
        if schedule["chargingRateUnit"] != unit:
            yield broken(one.answer, f"unit {schedule['chargingRateUnit']} instead of {unit}", one.request)
        if schedule["duration"] > one.asked["duration"]:
            yield broken(one.answer, f"{schedule['duration']} s instead of {one.asked['duration']} s", one.request)


@station(
    "K08.FR.02", "an accepted question for a composite schedule is answered with one", id="ocpp2.1/schedule-is-there"
)
def composite_schedule_is_there(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetCompositeSchedule", source="csms"):
        if one.status == "Accepted" and "schedule" not in one.said and one.answer:
            yield broken(one.answer, "Accepted without a schedule", one.request)


@station("K08", "a composite schedule starts now, its periods start at 0 and go forward", "S")
def composite_schedule_is_ordered(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetCompositeSchedule", source="csms"):
        schedule = one.said.get("schedule")
        if not schedule or one.answer is None:
            continue
        starts = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"]]
        if starts[0] != 0 or starts != sorted(set(starts)):
            yield broken(one.answer, f"its periods start at {starts}", one.request)
        late_s = to_seconds(schedule["scheduleStart"]) - one.answer.utc_s
        if abs(late_s) > SCHEDULE_START_S:
            yield broken(one.answer, f"it starts {late_s:+.0f} s from now", one.request)


@station("K08.FR.04", "no period of a composite schedule is above ChargingStationMaxProfile")
def composite_schedule_keeps_the_maximum(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetCompositeSchedule", source="csms"):
        schedule = one.said.get("schedule")
        if not schedule or schedule["chargingRateUnit"] != "W" or one.answer is None:
            continue
        ceilings = [
            float(period["limit"])
            for profile in installed_before(session, one.request)
            if profile.purpose == "ChargingStationMaxProfile" and len(profile.schedules[0].periods) == 1
            and profile.raw["chargingSchedule"][0]["chargingRateUnit"] == "W"
            and "duration" not in profile.raw["chargingSchedule"][0] and profile.valid_to_s is None
            for period in profile.raw["chargingSchedule"][0]["chargingSchedulePeriod"]
            if "limit" in period
        ]  # fmt: skip
        for period in schedule["chargingSchedulePeriod"]:
            asked_w = max(period.get("limit", 0.0), period.get("setpoint", 0.0))
            if ceilings and asked_w > min(ceilings) + 1.0:
                yield broken(one.answer, f"{asked_w:g} W where {min(ceilings):g} W is the most", one.request)
                break


@station("K08.FR.08, V2X.03, V2X.04", "a setpoint in a composite schedule lies within its limits")
def composite_setpoints_are_capped(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetCompositeSchedule", source="csms"):
        for period in one.said.get("schedule", {}).get("chargingSchedulePeriod", ()):
            low, high = period.get("dischargeLimit", float("-inf")), period.get("limit", float("inf"))
            if "setpoint" in period and not low - 1 <= period["setpoint"] <= high + 1 and one.answer:
                yield broken(
                    one.answer, f"setpoint {period['setpoint']:g} is not within {low:g} to {high:g}", one.request
                )


@station("K09", "an accepted GetChargingProfiles is followed by reports of its requestId")
def promised_profiles_are_reported(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetChargingProfiles", source="csms"):
        if one.status != "Accepted" or one.answer is None or not session.covers(one.answer, REPORT_S):
            continue
        reports = session.after(one.answer, "ReportChargingProfiles", within_s=REPORT_S)
        if not any(report.asked.get("requestId") == one.asked["requestId"] for report in reports):
            yield broken(one.answer, f"none came within {REPORT_S:g} s", one.request)


@station("K01.FR.27", "station maximum, default and priority profiles are still there after a reboot")
def persistent_profiles_survive(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetChargingProfiles", source="csms"):
        boot = session.latest_before(one.request, "BootNotification")
        ids = one.asked["chargingProfile"].get("chargingProfileId", [])
        if one.status != "NoProfiles" or boot is None or one.answer is None or len(one.asked["chargingProfile"]) > 1:
            continue
        lost = [profile.id for profile in installed_before(session, one.request)
                if profile.id in ids and profile.purpose in PERSISTENT and profile.installed_s < boot.request.utc_s
                and (profile.valid_to_s is None or profile.valid_to_s > one.request.utc_s)]  # fmt: skip
        if lost and one.asked.get("evseId") is None:
            yield broken(one.answer, f"profile {lost[0]} was accepted before the reboot", boot.request, one.request)


@station("K10.FR.01", "clearing what is not there is Unknown")
def clearing_nothing_is_unknown(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ClearChargingProfile", source="csms"):
        profile_id = one.asked.get("chargingProfileId")
        sent = [
            other
            for other in session.of("SetChargingProfile", source="csms")
            if other.request.ordinal < one.request.ordinal
            and other.asked.get("chargingProfile", {}).get("id") == profile_id
        ]
        refused = bool(sent) and all(other.status == "Rejected" for other in sent)
        cleared = [
            other
            for other in session.of("ClearChargingProfile", source="csms")
            if other.request.ordinal < one.request.ordinal
            and other.asked == one.asked
            and other.status == "Accepted"
            and not any(again.request.ordinal > other.request.ordinal for again in sent)
        ]
        if profile_id is not None and one.status == "Accepted" and (refused or cleared) and one.answer:
            yield broken(one.answer, f"profile {profile_id} is not installed", one.request)


@station("K10.FR.09", "limits of an EMS and of local generation are not for the CSMS to clear")
def external_profiles_are_not_cleared(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ClearChargingProfile", source="csms"):
        purpose = one.asked.get("chargingProfileCriteria", {}).get("chargingProfilePurpose")
        if purpose == "ChargingStationExternalConstraints" and one.status == "Accepted" and one.answer:
            yield broken(one.answer, f"{purpose} is cleared", one.request)


@station("K11..K14", "the source of an external limit is not CSO")
def external_limits_are_not_the_csos(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyChargingLimit", "ClearedChargingLimit"):
        limit = one.asked.get("chargingLimit", one.asked)
        if limit["chargingLimitSource"] == "CSO":
            yield broken(one.request, f"{one.request} has source CSO")


@station("Q06.FR.01, Q06.FR.02, K29.FR.04", "limits of an EMS are shown as ExternalLimits")
def external_limits_have_their_mode(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportChargingProfiles"):
        for profile in one.asked["chargingProfile"]:
            for period in _external_periods(profile):
                mode = period.get("operationMode", "ChargingOnly")
                if "setpoint" not in period and mode not in ("ExternalLimits", "ChargingOnly"):
                    yield broken(one.request, f"profile {profile['id']} has limits and mode {mode}")


@station("Q06.FR.07, K29.FR.06", "a Dynamic profile of an EMS carries the time of its last change", "S", "warn")
def external_updates_have_a_time(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportChargingProfiles"):
        for profile in one.asked["chargingProfile"]:
            dynamic = profile["chargingProfileKind"] == "Dynamic"
            if dynamic and any(_external_periods(profile)) and "dynUpdateTime" not in profile:
                yield broken(one.request, f"profile {profile['id']} has none")


@station("Q06.FR.03, Q06.FR.04", "setpoints of an EMS are shown as ExternalSetpoint")
def external_setpoints_have_their_mode(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportChargingProfiles"):
        for profile in one.asked["chargingProfile"]:
            for period in _external_periods(profile):
                if "setpoint" in period and period.get("operationMode") != "ExternalSetpoint":
                    yield broken(one.request, f"profile {profile['id']} has a setpoint and no ExternalSetpoint")


def _external_periods(profile: dict[str, object]) -> Iterator[dict[str, object]]:
    schedules = profile["chargingSchedule"]
    if profile["chargingProfilePurpose"] == "ChargingStationExternalConstraints" and isinstance(schedules, list):
        for schedule in schedules:
            yield from schedule["chargingSchedulePeriod"]


@station("Q06.FR.08", "no ExternalConstraints profile where the device model disallows it")
def external_constraints_only_where_allowed(session: Session) -> Iterator[Broken]:
    disallowed = session.variable("SmartChargingCtrlr", "ExternalConstraintsProfileDisallowed") == "true"
    for one in asked(session, "ReportChargingProfiles", "NotifyChargingLimit"):
        profiles = one.asked.get("chargingProfile", [])
        shown = any(profile["chargingProfilePurpose"] == "ChargingStationExternalConstraints" for profile in profiles)
        if disallowed and shown:
            yield broken(one.request, "ExternalConstraintsProfileDisallowed is true")


@station(
    "Q06.FR.10",
    "a limit with schedules shows them when NotifyChargingLimitWithSchedules is true",
    "S",
    "warn",
)
def limits_show_their_schedules(session: Session) -> Iterator[Broken]:
    wanted = session.variable("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules") == "true"
    for one in asked(session, "NotifyChargingLimit"):
        if wanted and "chargingSchedule" not in one.asked:
            yield broken(one.request, f"{one.request} has none")


@station(OURS, "no profile that was cleared or refused is reported", "I", "warn")
def reported_profiles_are_installed(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportChargingProfiles"):
        sent = {other.asked["chargingProfile"]["id"] for other in asked(session, "SetChargingProfile", source="csms")
                if other.request.ordinal < one.request.ordinal}  # fmt: skip
        held = {profile.id for profile in installed_before(session, one.request)}
        for profile in one.asked["chargingProfile"]:
            if one.asked["chargingLimitSource"] == "CSO" and profile["id"] in sent - held:
                yield broken(one.request, f"profile {profile['id']} should be gone")
