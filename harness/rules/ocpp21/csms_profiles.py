"""What a CSMS must not send in charging profiles, and what it must."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ocpp.profile_checks import (
    DISCHARGE_KEYS,
    LIMIT_KEYS,
    REACTIVE_KEYS,
    SETPOINT_KEYS,
    Breach,
    has_phase_power,
)
from harness.ocpp.profiles import Kind, Mode, Purpose
from harness.rules.ocpp21.believed import needs_before
from harness.rules.ocpp21.profile_acceptance import WRONG_ANYWHERE, offers, wrong_anywhere
from harness.rules.ocpp21.terms import Session, asked, broken, csms
from harness.rules.rule import Broken

FIRST_SCHEDULE_S = 60.0
"""A vehicle waits up to 60 s for its schedule while the station says ongoing (Q01, K18.FR.08)."""
CROSSING_S = 10.0
"""A transaction's end may cross what the CSMS has to say of it, for so long (our default)."""


def _only(mode: Mode, *keys: str) -> Breach:
    return lambda o: o.any_key(keys, mode)


_MUST_NOT_SEND: tuple[tuple[str, str, str, Breach], ...] = (
    ("K01.FR.22", "fail", "ChargingStationExternalConstraints is not the CSMS's to set",
     lambda o: o.purpose is Purpose.EXTERNAL_CONSTRAINTS),
    ("K01.FR.03", "fail", "a TxProfile names its transaction",
     lambda o: o.purpose is Purpose.TX and "transactionId" not in o.profile),
    ("K01.FR.34", "fail", "several schedules only for an ISO 15118 session",
     lambda o: len(o.schedules) > 1 and o.purpose is not Purpose.TX),
    ("Q03.FR.02", "fail", "no limit and no dischargeLimit in a CentralSetpoint period",
     _only(Mode.CENTRAL_SETPOINT, *LIMIT_KEYS, *DISCHARGE_KEYS)),
    ("Q07.FR.02", "fail", "CentralFrequency comes in a Dynamic profile of one period",
     lambda o: any(o.periods(Mode.CENTRAL_FREQUENCY)) and (o.kind is not Kind.DYNAMIC or len(list(o.periods())) != 1)),
    ("Q07.FR.03", "fail", "no limit and no dischargeLimit in a CentralFrequency period",
     _only(Mode.CENTRAL_FREQUENCY, *LIMIT_KEYS, *DISCHARGE_KEYS)),
    ("Q07.FR.04", "warn", "a CentralFrequency profile should have a duration",
     lambda o: any(o.periods(Mode.CENTRAL_FREQUENCY)) and any("duration" not in s for s in o.schedules)),
    ("V2X.08, V2X.10, K01.FR.143, K01.FR.144, K01.FR.145, K01.FR.146, K01.FR.147", "fail",
     "no powers by phase for a vehicle that has told none",
     lambda o: o.purpose is Purpose.TX and not o.abilities.per_phase_discharge and any(map(has_phase_power, o.periods()))),
    ("V2X.09, K01.FR.142", "fail", "powers by phase only in a TxProfile",
     lambda o: o.purpose is not Purpose.TX and any(map(has_phase_power, o.periods()))),
)  # fmt: skip


def _register(requirement: str, severity: str, reason: str, breach: Breach) -> None:
    def sent(session: Session) -> Iterator[Broken]:
        for one, offer in offers(session):
            if breach(offer):
                yield broken(one.request, f"{one.request} breaks it")

    csms(requirement, reason, "S", severity, id=f"ocpp2.1/csms-{requirement.partition(',')[0]}")(sent)


for _row in _MUST_NOT_SEND:
    _register(*_row)


@csms("K18.FR.07", "no schedule has more periods than maxScheduleTuples of the needs and PeriodsPerSchedule")
def periods_fit_the_vehicle(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        needs = needs_before(session, one)
        most = min(
            needs.asked.get("maxScheduleTuples") or 1024 if needs else 1024, offer.abilities.periods_per_schedule
        )
        longest = max(len(schedule["chargingSchedulePeriod"]) for schedule in offer.schedules)
        if offer.purpose is Purpose.TX and longest > most:
            yield broken(
                one.request, f"{longest} periods, where {most} are the most", *([needs.request] if needs else [])
            )


@csms(
    ", ".join(WRONG_ANYWHERE),
    "a profile that every station has to reject is not sent",
    id="ocpp2.1/sound-profiles-are-sent",
)
def sound_profiles_are_sent(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        if requirement := wrong_anywhere(offer):
            yield broken(one.request, f"{one.request} breaks {requirement}")


@csms("Q02.FR.05", "new allowed transfers are told for a transaction that runs")
def permission_names_the_transaction(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyAllowedEnergyTransfer", source="csms"):
        told = [each for each in asked(session, "TransactionEvent") if each.request.ordinal < one.request.ordinal]
        latest = {each.asked["transactionInfo"]["transactionId"]: each for each in told}
        last = latest.get(one.asked["transactionId"])
        if last is None and latest:
            yield broken(one.request, f"{one.asked['transactionId']} is told, which never ran")
        elif last and last.asked["eventType"] == "Ended" and one.request.at_s - last.request.at_s > CROSSING_S:
            yield broken(one.request, f"{one.asked['transactionId']} is told, which is over", last.request)


def _permission(session: Session, before: int) -> tuple[str, ...] | None:
    """The transfers that the CSMS had allowed before a frame; None if it had not said."""
    allowed: tuple[str, ...] | None = None
    for one in session.of("Authorize", "NotifyAllowedEnergyTransfer"):
        if one.answer is None or one.answer.ordinal >= before:
            continue
        found = one.said if one.request.action == "Authorize" else one.asked
        if "allowedEnergyTransfer" in found:
            allowed = tuple(found["allowedEnergyTransfer"])
    return allowed


@csms("Q02.FR.01", "only ChargingOnly while no bidirectional transfer is allowed")
def charging_only_before_permission(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        asks_v2x = any(mode is not Mode.CHARGING_ONLY for mode in map(_mode, offer.periods()))
        known = any(True for _ in session.of("Authorize"))
        if known and asks_v2x and offer.purpose is Purpose.TX and _one_way(_permission(session, one.request.ordinal)):
            yield broken(one.request, f"{one.request} has a V2X mode, allowed is no BPT transfer")


@csms("Q02.FR.02", "no dischargeLimit and no setpoint in ChargingOnly periods while that is all that is allowed")
def no_setpoint_in_charging_only(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        if offer.any_key(DISCHARGE_KEYS + SETPOINT_KEYS + REACTIVE_KEYS, Mode.CHARGING_ONLY):
            yield broken(one.request, f"{one.request} has such a field in a ChargingOnly period")


def _mode(period: dict[str, object]) -> Mode:
    return Mode(str(period.get("operationMode", Mode.CHARGING_ONLY)))


def _one_way(allowed: tuple[str, ...] | None) -> bool:
    return allowed is None or not any("BPT" in one for one in allowed)


@csms("K18.FR.18", "one schedule is best", "S", "warn", id="ocpp2.1/csms-K18.FR.18")
def one_schedule_is_best(session: Session) -> Iterator[Broken]:
    """For a vehicle of ISO 15118-20, which tells a control mode; one of ISO 15118-2 chooses from up to three (K15)."""
    for one, offer in offers(session):
        needs = needs_before(session, one)
        older = needs is not None and "controlMode" not in needs.asked.get("chargingNeeds", {})
        if len(offer.schedules) > 1 and not older:
            yield broken(one.request, f"{one.request} has {len(offer.schedules)} schedules")


@csms("Q01.FR.07, K18.FR.03, K18.FR.08, K20.FR.03", "after Accepted to the vehicle's needs a profile comes within 60 s")
def a_profile_follows_accepted_needs(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyEVChargingNeeds"):
        if one.status != "Accepted" or one.answer is None or not session.covers(one.answer, FIRST_SCHEDULE_S):
            continue
        ended = any(
            event.asked.get("eventType") == "Ended"
            for event in session.after(one.answer, "TransactionEvent", within_s=FIRST_SCHEDULE_S)
        )
        if not ended and not any(session.after(one.answer, "SetChargingProfile", within_s=FIRST_SCHEDULE_S)):
            yield broken(one.answer, "no SetChargingProfile came within 60 s", one.request)


@csms("K18.FR.05", "after Processing a profile comes, sooner or later", "S", "warn")
def a_profile_follows_processing(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyEVChargingNeeds"):
        waits = one.status == "Processing" and one.answer and session.covers(one.answer, 10 * FIRST_SCHEDULE_S)
        if waits and one.answer and not any(session.after(one.answer, "SetChargingProfile")):
            yield broken(one.answer, "no SetChargingProfile came in ten minutes", one.request)


@csms("K19", "in dynamic control mode the profile has one schedule", "S", "warn")
def one_schedule_in_dynamic_control(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        needs = session.latest_before(one.request, "NotifyEVChargingNeeds")
        dynamic = needs and needs.asked.get("chargingNeeds", {}).get("controlMode") == "DynamicControl"
        if dynamic and offer.purpose is Purpose.TX and len(offer.schedules) > 1:
            yield broken(one.request, f"{one.request} has {len(offer.schedules)} schedules")


@csms("Q01.FR.04, K18.FR.22, K19.FR.15", "a transfer that was not allowed is rejected in the vehicle's needs")
def needs_for_a_forbidden_transfer_are_rejected(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyEVChargingNeeds"):
        allowed = _permission(session, one.request.ordinal)
        wanted = one.asked["chargingNeeds"]["requestedEnergyTransfer"]
        if allowed is not None and wanted not in allowed and one.status not in ("", "Rejected") and one.answer:
            yield broken(one.answer, f"{wanted} is asked for, allowed were {', '.join(allowed)}", one.request)


@csms("K28.FR.12", "a pull for a profile that is unknown or not Dynamic is rejected")
def pulls_of_unknown_profiles_are_rejected(session: Session) -> Iterator[Broken]:
    sent = {one.asked["chargingProfile"]["id"]: one for one in asked(session, "SetChargingProfile", source="csms")}
    for one in asked(session, "PullDynamicScheduleUpdate"):
        profile = sent.get(one.asked["chargingProfileId"])
        if profile is None or one.status != "Accepted" or one.answer is None:
            continue
        if profile.asked["chargingProfile"]["chargingProfileKind"] != "Dynamic":
            yield broken(one.answer, f"profile {one.asked['chargingProfileId']} is not Dynamic", one.request)


@csms("K28.FR.10", "an accepted pull brings its numbers along", "S", "warn")
def accepted_pull_has_numbers(session: Session) -> Iterator[Broken]:
    for one in asked(session, "PullDynamicScheduleUpdate"):
        if one.status == "Accepted" and not one.said.get("scheduleUpdate") and one.answer:
            yield broken(one.answer, "Accepted without a scheduleUpdate", one.request)


@csms("K18.FR.12, K18.FR.13", "a vehicle's schedule that is rejected is followed by a new profile", "S", "warn")
def rejected_schedule_is_followed_by_a_profile(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyEVChargingSchedule"):
        if one.status == "Rejected" and one.answer and session.covers(one.answer, FIRST_SCHEDULE_S):
            if not any(session.after(one.answer, "SetChargingProfile", within_s=FIRST_SCHEDULE_S)):
                yield broken(one.answer, "no SetChargingProfile came within 60 s", one.request)
