"""Operation modes at work: what the station says when they change, and whether power follows (K01, K28, Q, V2X)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ocpp.meter_values import sampled
from harness.ocpp.profiles import Mode, Profile
from harness.rules.ocpp21.believed import installed_before
from harness.rules.ocpp21.profile_acceptance import offers
from harness.rules.ocpp21.terms import OURS, Session, asked, broken, station
from harness.rules.rule import Broken
from harness.transcript.ocpp import Exchange

MODE_CHANGE_S = 10.0
"""Until a change of mode has to be told (our default: the standard says at the period's start)."""
SETTLING_S = 15.0
"""Until power has to be at a new setpoint (our default)."""
TRACKING = 0.1
TRACKING_W = 500.0
"""How far power may be from the setpoint: the larger of 10 % and 500 W (our default)."""
EMPTY_PERCENT, FULL_PERCENT = 10.0, 95.0
"""States of charge beyond which a vehicle may cut the power by itself (our default)."""
PULL_LATE_S = 10.0
"""How late a pull may be (our default)."""


def _running(session: Session, exchange: Exchange) -> bool:
    """Power flows: the last event before says Charging."""
    last = session.latest_before(exchange.request, "TransactionEvent")
    return last is not None and last.asked["transactionInfo"].get("chargingState") == "Charging"


@station("K01.FR.110", "a new operation mode is told in a TransactionEvent with triggerReason OperationModeChanged")
def mode_changes_are_told(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        modes = [Mode(str(period.get("operationMode", Mode.CHARGING_ONLY))) for period in offer.periods()]
        if one.status != "Accepted" or one.answer is None or len(modes) != 1 or not _running(session, one):
            continue
        told = _last_mode(session, one)
        if told is None or told == modes[0] or not session.covers(one.answer, MODE_CHANGE_S):
            continue
        if _outranked(session, one) or offer.kind not in ("Dynamic", "Relative"):
            continue
        until_s = one.answer.at_s - one.request.at_s + MODE_CHANGE_S  # it may be told before the answer is sent
        events = session.after(one.request, "TransactionEvent", within_s=until_s)
        if not any(event.asked["transactionInfo"].get("operationMode") == modes[0] for event in events):
            yield broken(one.answer, f"{modes[0]} is in force, {told} was told last", one.request)


@station("K01.FR.110", "an event with triggerReason OperationModeChanged names the mode", id="ocpp2.1/mode-is-named")
def mode_is_named(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        if one.asked["triggerReason"] == "OperationModeChanged" and "operationMode" not in one.asked["transactionInfo"]:
            yield broken(one.request, f"{one.request} names none")


def _last_mode(session: Session, exchange: Exchange) -> str | None:
    """The mode last told in this transaction; ChargingOnly after its start; None if the start is not known."""
    mode: str | None = None
    for one in session.of("TransactionEvent"):
        if one.request.ordinal >= exchange.request.ordinal:
            break
        if one.asked.get("eventType") == "Started":
            mode = "ChargingOnly"
        mode = one.asked["transactionInfo"].get("operationMode", mode)
    return mode


def _outranked(session: Session, exchange: Exchange) -> bool:
    """Another profile may be the one that counts."""
    profile = exchange.asked["chargingProfile"]
    level = profile["stackLevel"]
    return profile["chargingProfilePurpose"] not in ("TxProfile", "TxDefaultProfile") or any(
        other.id != profile["id"] and (other.stack_level >= level or other.purpose != profile["chargingProfilePurpose"])
        for other in installed_before(session, exchange.request)
    )


_OTHER_LIMITS = ("SetDERControl", "UsePriorityCharging", "NotifyChargingLimit")
"""After one of these more than the profile bears on the power."""


def lone_setpoints(session: Session) -> Iterator[tuple[Exchange, Profile, float]]:
    """Every accepted setpoint of a Dynamic profile that nothing else bears on: (exchange, profile, W)."""
    for one in asked(session, "UpdateDynamicSchedule", source="csms"):
        if session.latest_before(one.request, *_OTHER_LIMITS):
            return
        held = installed_before(session, one.request)
        mine = next((profile for profile in held if profile.id == one.asked["chargingProfileId"]), None)
        update = one.asked["scheduleUpdate"]
        alone = mine is not None and held == [mine]
        central = mine is not None and mine.schedules[0].periods[0].mode is Mode.CENTRAL_SETPOINT
        watts = mine is not None and mine.raw["chargingSchedule"][0]["chargingRateUnit"] == "W"
        if one.status == "Accepted" and alone and central and watts and update.keys() == {"setpoint"} and mine:
            yield one, mine, float(update["setpoint"])


def _told_after(session: Session, exchange: Exchange, measurand: str) -> Iterator[tuple[Exchange, float]]:
    """Values of a measurand from settling until the next change of anything."""
    assert exchange.answer
    for later in session.after(exchange.answer):
        if later.request.action in (
            "UpdateDynamicSchedule",
            "SetChargingProfile",
            "ClearChargingProfile",
            *_OTHER_LIMITS,
        ):
            return
        info = later.asked.get("transactionInfo", {})
        if later.asked.get("eventType") == "Ended" or info.get("chargingState", "Charging") != "Charging":
            return
        value = sampled(later.asked.get("meterValue", ()), measurand)
        soc = sampled(later.asked.get("meterValue", ()), "SoC")
        if soc is not None and not EMPTY_PERCENT < soc < FULL_PERCENT:
            return
        if value is not None and later.request.at_s - exchange.answer.at_s >= SETTLING_S:
            yield later, value


def _capability_w(session: Session, exchange: Exchange, setpoint_w: float) -> float:
    """The setpoint within what the vehicle said that it can."""
    needs = session.latest_before(exchange.request, "NotifyEVChargingNeeds")
    powers = needs.asked.get("chargingNeeds", {}).get("v2xChargingParameters", {}) if needs else {}
    two_way = needs is None or "BPT" in needs.asked.get("chargingNeeds", {}).get("requestedEnergyTransfer", "BPT")
    high_w = float(powers.get("maxChargePower", 1e9))
    low_w = -float(powers.get("maxDischargePower", 1e9)) if two_way else 0.0
    return min(max(setpoint_w, low_w), high_w)


@station("V2X.02, K28.FR.06", "an accepted setpoint is followed, says the station's own meter")
def accepted_setpoints_are_followed(session: Session) -> Iterator[Broken]:
    for one, _, setpoint_w in lone_setpoints(session):
        wanted_w = _capability_w(session, one, setpoint_w)
        allowed_w = max(abs(wanted_w) * TRACKING, TRACKING_W)
        missed: Exchange | None = None
        for later, imported_w in _told_after(session, one, "Power.Active.Import"):
            metered_w = imported_w - (sampled(later.asked["meterValue"], "Power.Active.Export") or 0.0)
            if abs(metered_w - wanted_w) <= allowed_w:
                missed = None
            elif missed is None:
                missed = later  # one sample may fall into the moment in which the vehicle leaves
            else:
                because = f"{setpoint_w:+g} W was accepted, {metered_w:+g} W are metered"
                yield broken(later.request, because, one.request, missed.request)
                return


@station("V2X.02", "a discharge that was accepted is not metered as charging", id="ocpp2.1/sign-of-power")
def sign_of_power(session: Session) -> Iterator[Broken]:
    for one, _, setpoint_w in lone_setpoints(session):
        for later, imported_w in _told_after(session, one, "Power.Active.Import"):
            if setpoint_w < -TRACKING_W and imported_w > TRACKING_W:
                yield broken(
                    later.request, f"{setpoint_w:+g} W was accepted, import of {imported_w:g} W is told", one.request
                )
                return


@station("K28.FR.08", "the setpoint that the meter values tell is the one that was accepted")
def told_setpoint_is_the_accepted_one(session: Session) -> Iterator[Broken]:
    for one, _, setpoint_w in lone_setpoints(session):
        for later, told_w in _told_after(session, one, "Power.Active.Setpoint"):
            if abs(told_w - setpoint_w) > max(abs(setpoint_w) * TRACKING, TRACKING_W):
                yield broken(later.request, f"{setpoint_w:+g} W was accepted, {told_w:+g} W is told", one.request)
                return


@station("K28.FR.11", "an update of a profile that is unknown or not Dynamic is rejected")
def updates_of_other_profiles_are_rejected(session: Session) -> Iterator[Broken]:
    for one in asked(session, "UpdateDynamicSchedule", source="csms"):
        sent = [
            other
            for other in session.of("SetChargingProfile", source="csms")
            if other.asked.get("chargingProfile", {}).get("id") == one.asked["chargingProfileId"]
        ]
        kinds = {other.asked["chargingProfile"]["chargingProfileKind"] for other in sent}
        never_taken = bool(sent) and all(other.status == "Rejected" for other in sent)
        if one.status == "Accepted" and one.answer and sent and ("Dynamic" not in kinds or never_taken):
            yield broken(
                one.answer, f"profile {one.asked['chargingProfileId']} is no installed Dynamic one", one.request
            )


@station(
    "V2X.05", "an update with a setpoint outside the profile's limits is rejected", id="ocpp2.1/update-outside-limits"
)
def updates_outside_limits_are_rejected(session: Session) -> Iterator[Broken]:
    for one in asked(session, "UpdateDynamicSchedule", source="csms"):
        held = {profile.id: profile for profile in installed_before(session, one.request)}
        profile = held.get(one.asked["chargingProfileId"])
        if profile is None or one.status != "Accepted" or one.answer is None:
            continue
        period = {**profile.raw["chargingSchedule"][0]["chargingSchedulePeriod"][0], **one.asked["scheduleUpdate"]}
        low, high = period.get("dischargeLimit", float("-inf")), period.get("limit", float("inf"))
        if "setpoint" in period and not low <= period["setpoint"] <= high:
            yield broken(one.answer, f"setpoint {period['setpoint']:g} is not within {low:g} to {high:g}", one.request)


@station("K28.FR.10", "a profile with dynUpdateInterval is pulled when it is due")
def due_profiles_are_pulled(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        interval_s = offer.profile.get("dynUpdateInterval")
        if one.status != "Accepted" or one.answer is None or not interval_s:
            continue
        patience_s = float(interval_s) + PULL_LATE_S
        gone = any(
            later.request.action in ("ClearChargingProfile", "SetChargingProfile", "UpdateDynamicSchedule")
            or later.asked.get("eventType") == "Ended"
            for later in session.after(one.answer, within_s=patience_s)
        )
        pulled = any(session.after(one.answer, "PullDynamicScheduleUpdate", within_s=patience_s))
        if not gone and not pulled and session.covers(one.answer, patience_s):
            yield broken(one.answer, f"no PullDynamicScheduleUpdate came within {patience_s:g} s", one.request)


@station("K28.FR.10", "a pull names a profile that is Dynamic", id="ocpp2.1/pull-names-a-dynamic-profile")
def pulls_name_a_dynamic_profile(session: Session) -> Iterator[Broken]:
    for one in asked(session, "PullDynamicScheduleUpdate"):
        sent = [
            other
            for other in session.of("SetChargingProfile", source="csms")
            if other.request.ordinal < one.request.ordinal
            and other.asked.get("chargingProfile", {}).get("id") == one.asked["chargingProfileId"]
        ]
        if sent and sent[-1].asked["chargingProfile"]["chargingProfileKind"] != "Dynamic":
            yield broken(one.request, f"profile {one.asked['chargingProfileId']} is not Dynamic", sent[-1].request)


@station("Q08.FR.11", "an AFRRSignal without a LocalFrequency period is rejected")
def afrr_without_a_curve_is_rejected(session: Session) -> Iterator[Broken]:
    for one in asked(session, "AFRRSignal", source="csms"):
        started = any(
            other.asked.get("eventType") == "Started" and other.request.ordinal < one.request.ordinal
            for other in session.of("TransactionEvent")
        )
        curves = any(
            period.mode is Mode.LOCAL_FREQUENCY and period.signal_watt
            for profile in installed_before(session, one.request)
            for schedule in profile.schedules
            for period in schedule.periods
        )
        if one.status == "Accepted" and started and not curves and one.answer:
            yield broken(one.answer, "no LocalFrequency period with a signal curve is installed", one.request)


@station("Q08.FR.10", "an AFRRSignal is accepted while its period is active")
def afrr_with_a_curve_is_accepted(session: Session) -> Iterator[Broken]:
    for one in asked(session, "AFRRSignal", source="csms"):
        last = session.latest_before(one.request, "TransactionEvent")
        active = last is not None and last.asked["transactionInfo"].get("operationMode") == "LocalFrequency"
        held = installed_before(session, one.request)
        signals = [p for h in held for s in h.schedules for p in s.periods if p.signal_watt]
        if one.status == "Rejected" and active and signals and len(held) == 1 and one.answer:
            yield broken(one.answer, "a LocalFrequency period with a signal curve is active", one.request)


@station("Q08.FR.20", "who executes LocalFrequency reports it as supported")
def local_frequency_is_reported(session: Session) -> Iterator[Broken]:
    modes = session.variable("V2XChargingCtrlr", "SupportedOperationModes")
    for one in asked(session, "TransactionEvent"):
        mode = one.asked["transactionInfo"].get("operationMode")
        if modes is not None and mode == "LocalFrequency" and mode not in modes.split(","):
            yield broken(one.request, "SupportedOperationModes lacks LocalFrequency")


@station("Q10.FR.05, K01.FR.126", "evseSleep is not told by a station that does not support it")
def sleep_only_where_supported(session: Session) -> Iterator[Broken]:
    supported = session.variable("SmartChargingCtrlr", "SupportsEvseSleep")
    for one in asked(session, "TransactionEvent"):
        if supported == "false" and one.asked.get("evseSleep"):
            yield broken(one.request, "SupportsEvseSleep is false")


@station("Q10.FR.04", "a sleeping EVSE says so, and wakes up with its mode")
def sleep_ends_with_idle(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        mode = one.asked["transactionInfo"].get("operationMode")
        if one.asked.get("evseSleep") and mode not in (None, "Idle"):
            yield broken(one.request, f"evseSleep is told in mode {mode}")


@station(OURS, "an Idle station takes no power", "I", "warn")
def idle_takes_no_power(session: Session) -> Iterator[Broken]:
    mode, since_s = None, 0.0
    for one in asked(session, "TransactionEvent"):
        told = one.asked["transactionInfo"].get("operationMode", mode)
        if told != mode:
            mode, since_s = told, one.request.at_s
        power_w = sampled(one.asked.get("meterValue", ()), "Power.Active.Import")
        if mode == "Idle" and power_w and power_w > TRACKING_W and one.request.at_s - since_s > SETTLING_S:
            yield broken(one.request, f"{power_w:g} W while Idle")


@station("K28.FR.13, K28.FR.15", "without an update within its duration a Dynamic profile steps back")
def stale_profiles_step_back(session: Session) -> Iterator[Broken]:
    for one, offer in offers(session):
        duration_s = offer.schedules[0].get("duration")
        if one.status != "Accepted" or one.answer is None or offer.kind != "Dynamic" or duration_s is None:
            continue
        period = offer.schedules[0]["chargingSchedulePeriod"][0]
        setpoint_w = period.get("setpoint")
        if setpoint_w is None or abs(setpoint_w) < TRACKING_W or installed_before(session, one.request):
            continue
        for later in session.after(one.answer):
            if later.request.action in ("UpdateDynamicSchedule", "SetChargingProfile", "ClearChargingProfile"):
                break
            told_w = sampled(later.asked.get("meterValue", ()), "Power.Active.Setpoint")
            overdue_s = later.request.at_s - one.answer.at_s - float(duration_s)
            if told_w is not None and abs(told_w - setpoint_w) < 1.0 and overdue_s > SETTLING_S:
                yield broken(later.request, f"{setpoint_w:+g} W is followed {overdue_s:.0f} s too long", one.request)
                break


@station("K28.FR.05, K28.FR.09", "a Dynamic profile that was updated is reported with its dynUpdateTime", "S", "warn")
def update_time_is_kept(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportChargingProfiles"):
        updated = {
            other.asked["chargingProfileId"]
            for other in session.of("UpdateDynamicSchedule")
            if other.status == "Accepted" and other.request.ordinal < one.request.ordinal
        }
        for profile in one.asked["chargingProfile"]:
            if profile["id"] in updated and "dynUpdateTime" not in profile:
                yield broken(one.request, f"profile {profile['id']} has none")
