"""Answers of the emulated charger's OCPP half about charging profiles and DER controls that are wrong."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.station_quirks import (
    OURS,
    Seed,
    accept_if,
    accepts_in_spite_of,
    answered,
    changed,
    drop,
    each_of,
    forgets,
    in_periods,
    mode_in,
    periods_in,
    profile_in,
    says,
    silent_about,
    without,
)
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import Quirks


def _outside(request: Payload) -> bool:
    return any(
        not p.get("dischargeLimit", p["setpoint"]) <= p["setpoint"] <= p.get("limit", p["setpoint"])
        for p in periods_in(request)
        if "setpoint" in p
    )


def _unordered(request: Payload) -> bool:
    starts = [period["startPeriod"] for period in periods_in(request)]
    return starts != sorted(starts)


def _in_schedule(change: Callable[[Payload], None]) -> Quirks:
    """Change the composite schedule of the answer."""

    def apply(_: Payload, answer: Payload) -> Payload:
        if "schedule" in answer:
            change(answer["schedule"])
        return answer

    return Quirks(answer=answered("GetCompositeSchedule", apply))


def _doubled_limits(schedule: Payload) -> None:
    for period in schedule["chargingSchedulePeriod"]:
        if "limit" in period:
            period["limit"] *= 2


def _first_period(request: Payload) -> Payload:
    if profile_in(request)["chargingProfileKind"] == "Absolute":
        del periods_in(request)[1:]
    return request


def _at_the_edge(request: Payload) -> bool:
    return any(
        "setpoint" in p and p["setpoint"] in (p.get("limit"), p.get("dischargeLimit")) for p in periods_in(request)
    )


def _without_limit_at_soc(request: Payload) -> Payload:
    for schedule in profile_in(request)["chargingSchedule"]:
        schedule.pop("limitAtSoC", None)
    return request


def _without_update_times(report: Payload) -> Payload:
    for one in report["chargingProfile"]:
        one.pop("dynUpdateTime", None)
    return report


def _endless_droop(droop: Payload) -> None:
    droop.update(overDroop=0, underDroop=0)


def _turned_round(control: Payload) -> None:
    if "setpoint" in control:
        control["setpoint"] *= -1


def _unity(request: Payload) -> Payload:
    for field in ("fixedPFAbsorb", "fixedPFInject"):
        if field in request:
            request[field]["displacement"] = 1.0
    return request


def _all_volt_watt(report: Payload) -> Payload:
    for one in report.get("curve", ()):
        one["curveType"] = "VoltWatt"
    return report


PROFILE_SEEDS: tuple[Seed, ...] = (
    ("accepts-setpoint-outside-limits", OURS, "ocpp2.1/V2X.05", "accepts a setpoint outside its limits",
     accept_if(_outside)),
    ("accepts-two-dynamic-periods", OURS, "ocpp2.1/K28.FR.02", "accepts a Dynamic profile with two periods",
     accept_if(lambda r: profile_in(r)["chargingProfileKind"] == "Dynamic" and len(periods_in(r)) > 1)),
    ("accepts-profile-without-transaction", OURS, "ocpp2.1/K01.FR.09",
     "accepts a TxProfile while no transaction runs",
     accept_if(lambda r: profile_in(r).get("transactionId") == "none")),
    ("accepts-short-curve", OURS, "ocpp2.1/Q08.FR.03", "accepts LocalFrequency with a curve of one point",
     accept_if(lambda r: mode_in(r) == "LocalFrequency" and len(periods_in(r)[0].get("v2xFreqWattCurve", ())) < 2)),
    ("accepts-idle-with-limit", OURS, "ocpp2.1/Q10.FR.01", "accepts limits in an Idle period",
     accept_if(lambda r: mode_in(r) == "Idle" and "limit" in periods_in(r)[0])),
    ("accepts-unordered-periods", OURS, "ocpp2.1/K01.FR.35", "accepts periods out of order", accept_if(_unordered)),
    ("accepts-absolute-without-start", "field: public issue reports of CSMS software", "ocpp2.1/K01.FR.40",
     "accepts an Absolute profile without startSchedule",
     accept_if(lambda r: profile_in(r)["chargingProfileKind"] == "Absolute"
                and "startSchedule" not in profile_in(r)["chargingSchedule"][0])),
    ("accepts-phases-on-dc", OURS, "ocpp2.1/K01.FR.44", "accepts numberPhases on a DC station",
     accept_if(lambda r: any("numberPhases" in period for period in periods_in(r)))),
    ("accepts-duplicate-stack-level", "field: public issue reports of station firmware", "ocpp2.1/K01.FR.06",
     "accepts a second profile of one purpose, stack level and EVSE", accepts_in_spite_of("DuplicateProfile")),
    ("accepts-early-profile", OURS, "ocpp2.1/no-profile-before-the-needs",
     "accepts a TxProfile before the vehicle has told its needs",
     accepts_in_spite_of("InvalidMessageSeq")),
    ("accepts-update-of-static-profile", OURS, "ocpp2.1/updates-of-other-profiles-are-rejected",
     "accepts UpdateDynamicSchedule for a profile that is not Dynamic",
     says("UpdateDynamicSchedule", "Rejected", "Accepted")),
    ("afrr-always-accepted", OURS, "ocpp2.1/afrr-without-a-curve-is-rejected",
     "accepts AFRRSignal without a curve for it", says("AFRRSignal", "Rejected", "Accepted")),
    ("clears-what-is-not-there", OURS, "ocpp2.1/clearing-nothing-is-unknown",
     "answers Accepted when it clears nothing", says("ClearChargingProfile", "Unknown", "Accepted")),
    ("priority-without-profile", OURS, "ocpp2.1/no-profile-is-said",
     "accepts UsePriorityCharging without a profile for it", says("UsePriorityCharging", "NoProfile", "Accepted")),
    ("priority-untold", OURS, "ocpp2.1/activation-is-told", "switches priority charging and does not tell it",
     silent_about("NotifyPriorityCharging")),
    ("profiles-unreported", OURS, "ocpp2.1/promised-profiles-are-reported",
     "accepts GetChargingProfiles and sends no report", silent_about("ReportChargingProfiles")),
    ("composite-above-maximum", OURS, "ocpp2.1/composite-schedule-keeps-the-maximum",
     "adds limits up instead of taking the lowest", _in_schedule(_doubled_limits)),
    ("composite-of-another-time", OURS, "ocpp2.1/composite-schedule-is-ordered",
     "lets a composite schedule start in the past",
     _in_schedule(lambda s: s.update(scheduleStart="2020-01-01T00:00:00Z"))),
    ("composite-of-another-evse", OURS, "ocpp2.1/composite-schedule-fits-the-question",
     "answers for EVSE 0 whatever was asked", _in_schedule(lambda s: s.update(evseId=0))),
    ("composite-unanswered", OURS, "ocpp2.1/station-answers", "never answers GetCompositeSchedule",
     Quirks(answer=answered("GetCompositeSchedule", lambda *_: None))),
    ("modes-missing", OURS, "ocpp2.1/basic-modes-are-reported", "has no CentralFrequency",
     Quirks(variables={"V2XChargingCtrlr.SupportedOperationModes": "ChargingOnly,CentralSetpoint,LocalFrequency,Idle"})),
    ("replacement-ignored", OURS, "PF_K02_01_CS", "accepts a profile of an id that it has, and keeps the one of before",
     Quirks(overlooks=frozenset({"K01.FR.05"}))),
    ("first-period-for-ever", OURS, "PF_Q03_01_CS", "follows the first period of a schedule to its end",
     Quirks(incoming=changed("SetChargingProfile", _first_period))),
    ("maximum-ignored", OURS, "PF_Q04_05_CS", "accepts a ChargingStationMaxProfile and does not keep it",
     forgets(lambda r: profile_in(r)["chargingProfilePurpose"] == "ChargingStationMaxProfile")),
    ("edges-rejected", OURS, "PF_Q04_06_CS", "rejects a setpoint that equals its limit",
     Quirks(answer=answered("SetChargingProfile", lambda r, a: {"status": "Rejected"} if _at_the_edge(r) else a))),
    ("central-frequency-ignored", OURS, "PF_Q07_01_CS", "holds 0 W in a CentralFrequency period",
     in_periods(lambda r: mode_in(r) == "CentralFrequency", lambda p: p.update(setpoint=0))),
    ("baseline-forgotten", OURS, "PF_Q08_01_CS", "balances frequency around 0 W whatever its baseline is",
     in_periods(lambda r: mode_in(r) == "LocalFrequency", lambda p: p.update(v2xBaseline=0))),
    ("modes-unlisted-accepted", OURS, "PF_K01_R115_CS", "accepts, and forgets, profiles in modes that it does not list",
     Quirks(variables={"V2XChargingCtrlr.SupportedOperationModes": "ChargingOnly,CentralSetpoint,CentralFrequency"},
            overlooks=frozenset({"K01.FR.115", "Q09.FR.01"}))),
    ("amperes-unlisted-accepted", OURS, "PF_K01_R120_CS", "lists only watts, and accepts, and forgets, amperes",
     Quirks(variables={"SmartChargingCtrlr.RateUnit": "W"}, overlooks=frozenset({"K01.FR.26"}))),
    ("update-time-untold", OURS, "PF_K28_09_CS", "reports Dynamic profiles without the time of their update",
     Quirks(outgoing=changed("ReportChargingProfiles", _without_update_times))),
    ("updates-in-haste-forgotten", OURS, "PF_K01_56_CS",
     "accepts updates that come within a second of the one before, and forgets them",
     Quirks(overlooks=frozenset({"K01.FR.56"}))),
    ("maximum-kept-from-the-vehicle", OURS, "PF_K16_03_CS",
     "lets a vehicle in scheduled control renegotiate for its own profile only", Quirks(overlooks=frozenset({"K16.FR.02"}))),
    ("needs-told-at-renegotiation", OURS, "PF_K18_13_CS", "tells a vehicle's needs again when the CSMS makes it renegotiate",
     Quirks(overlooks=frozenset({"K16.FR.09"}))),
    ("default-kept-from-the-vehicle", OURS, "PF_K18_15_CS", "offers a vehicle everything where only its default limits it",
     Quirks(overlooks=frozenset({"K18.FR.15"}))),
    ("stack-levels-not-joined", OURS, "PF_K18_24_CS", "offers a vehicle the profile of the highest stack level only",
     Quirks(overlooks=frozenset({"K18.FR.24"}))),
    ("permission-without-its-service", OURS, "PF_Q02_03_CS",
     "negotiates the service again once discharging is allowed, and offers charging only",
     Quirks(overlooks=frozenset({"Q02.FR.06"}))),
    ("options-unchecked", OURS, "PF_K01_R90_CS", "accepts, and forgets, a profile with options that it has not",
     Quirks(overlooks=frozenset({"K01.FR.90..95", "K01.FR.122..125"}))),
    ("state-of-charge-ignored", OURS, "PF_K01_100_CS", "accepts limitAtSoC and does not keep it",
     Quirks(incoming=changed("SetChargingProfile", _without_limit_at_soc))),
    ("profiles-forgotten-at-reboot", OURS, "PF_K01_27_CS", "forgets its charging profiles at a reboot",
     Quirks(forgets_profiles=True)),
    ("unknown-field-in-status", OURS, "ocpp2.1/payloads-fit-their-schema", "sends fields that the schema has not",
     Quirks(outgoing=changed("StatusNotification", lambda p: {**p, "errorCode": "NoError"}))),
)  # fmt: skip
"""Answers about profiles that are not as they should be."""


DER_SEEDS: tuple[Seed, ...] = (
    ("der-superseded-untold", OURS, "ocpp2.1/weaker-defaults-are-superseded",
     "supersedes a DER control and does not name it",
     Quirks(answer=answered("SetDERControl", lambda _, answer: without("supersededIds")(answer)))),
    ("der-default-with-time", OURS, "ocpp2.1/R04.FR.12", "accepts a default control with a startTime",
     accept_if(lambda r: r["isDefault"] and any("startTime" in v for v in r.values() if isinstance(v, dict)),
                "SetDERControl")),
    ("discharge-limit-unkept", OURS, "PF_R01_02_CS", "accepts LimitMaxDischarge and does not keep it",
     Quirks(incoming=changed("SetDERControl", each_of("limitMaxDischarge", lambda c: c.update(pctMaxDischargePower=100))))),
    ("der-field-unchecked", OURS, "ocpp2.1/R04.FR.16", "accepts a control type with the field of another",
     accept_if(lambda r: r["controlType"] == "FreqDroop" and "freqDroop" not in r, "SetDERControl")),
    ("der-unsupported-rejected", OURS, "ocpp2.1/unsupported-types-are-not-set",
     "answers Rejected for a type that it does not support", says("SetDERControl", "NotSupported", "Rejected")),
    ("der-start-untold", OURS, "ocpp2.1/starts-are-told", "does not tell when a DER control starts",
     silent_about("NotifyDERStartStop")),
    ("der-report-endless", OURS, "ocpp2.1/last-report-is-marked", "says tbc in its last report",
     Quirks(outgoing=changed("ReportDERControl", lambda p: {**p, "tbc": True}))),
    ("der-report-everything", OURS, "ocpp2.1/reports-keep-to-the-question",
     "reports all controls whatever was asked for",
     Quirks(incoming=changed("GetDERControl", without("controlId", "controlType", "isDefault")))),
    ("der-unreported", OURS, "ocpp2.1/promised-controls-are-reported", "accepts GetDERControl and sends no report",
     silent_about("ReportDERControl")),
    ("der-clears-nothing", OURS, "ocpp2.1/nothing-to-clear-is-said", "answers Accepted when it clears nothing",
     says("ClearDERControl", "NotFound", "Accepted")),
    ("der-nameplate-missing", OURS, "PF_R02_01_CS", "tells no nameplate of a vehicle with DER control",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", drop("derChargingParameters", "chargingNeeds")))),
    ("der-withheld", OURS, "PF_R02_02_CS", "accepts controls and hands none on to the vehicle that executes them",
     Quirks(withholds_der=True)),
    ("der-curve-saved-for-later", OURS, "PF_R02_06_CS",
     "keeps a curve that is set in session for the vehicle's next session", Quirks(saves_curves=True)),
    ("der-reactive-turned-round", OURS, "PF_R02_04_CS", "takes FixedVar for its opposite",
     Quirks(incoming=changed("SetDERControl", each_of("fixedVar", _turned_round)))),
    ("der-power-factor-one", OURS, "PF_R02_05_CS", "hands on a power factor of 1 whatever is set",
     Quirks(incoming=changed("SetDERControl", _unity))),
    ("der-default-forgotten", OURS, "PF_R04_11_CS", "takes a scheduled control for the end of the default",
     Quirks(forgets_defaults=True)),
    ("der-running-cut-short", OURS, "PF_R04_06_CS", "ends a scheduled control as soon as a later one is set",
     Quirks(cuts_running=True)),
    ("der-takeover-as-an-end", OURS, "PF_R05_02_CS", "tells the end of an alarm where another control takes over",
     Quirks(ends_taken_over=True)),
    ("der-curve-type-untold", OURS, "PF_R04_09_CS", "reports every curve as one of VoltWatt",
     Quirks(outgoing=changed("ReportDERControl", _all_volt_watt))),
    ("der-reactive-unheard", OURS, "PF_R01_04_CS", "accepts FixedVar and stays at a power factor of 1",
     Quirks(incoming=changed("SetDERControl", each_of("fixedVar", lambda c: c.update(setpoint=0))))),
    ("der-done-twice", OURS, "PF_R02_02_CS", "executes itself what it has left to the vehicle", Quirks(doubles_der=True)),
    ("der-anything-supported", OURS, "PF_R02_R1_CS", "accepts control types that nobody executes",
     says("SetDERControl", "NotSupported", "Accepted")),
    ("emulated-modes-untold", OURS, "PF_R03_01_CS", "does not tell which modes it emulates",
     Quirks(answer=answered("GetVariables", lambda _, a: {"getVariableResult": [
         {**one, "attributeValue": ""} if one["component"]["name"] == "ACDERCtrlr" else one
         for one in a["getVariableResult"]]}))),
    ("droop-not-emulated", OURS, "PF_R03_02_CS", "accepts a frequency droop for a vehicle that has none, and does nothing",
     Quirks(incoming=changed("SetDERControl", each_of("freqDroop", _endless_droop)))),
)  # fmt: skip
"""DER control (block R)."""


UNCHECKED = {
    "K01.FR.16": "for EVSE 0 and a transaction",
    "K01.FR.22": "that only the station itself may make",
    "K01.FR.28": "for an EVSE that is not there",
    "K01.FR.31": "whose first period starts late",
    "K01.FR.34": "with two schedules and no vehicle to choose from them",
    "K01.FR.38": "that limits the station from a vehicle's start on",
    "K01.FR.39": "for another transaction than the running one",
    "K01.FR.41": "that is Relative and names its start",
    "K01.FR.70": "for priority that ends by itself",
    "K01.FR.111": "that limits the station by a setpoint",
    "K28.FR.01": "that is Dynamic with two schedules",
    "K28.FR.03": "that is Dynamic and starts late",
    "K28.FR.04": "that is not Dynamic and wants to be pulled",
    "V2X.06": "with a phase beyond its limit",
    "V2X.07": "with a phase and no sum",
    "V2X.09": "with a phase and no transaction",
    "Q08.FR.01": "that balances frequency within a limit",
    "Q08.FR.02": "that balances frequency around nothing",
    "Q08.FR.05": "that balances frequency in amperes",
    "Q09.FR.02": "that balances a site without thresholds",
    "Q10.FR.01": "that idles within a limit or at a setpoint",
}
"""By requirement: which profile is wrong."""


def slug(requirement: str) -> str:
    return requirement.replace("FR.", "").replace(".", "-").lower()


def _case(requirement: str) -> str:
    block, _, number = requirement.replace("FR.", "").partition(".")
    return f"PF_{block}_R{number}_CS"


REFUSAL_SEEDS: tuple[Seed, ...] = tuple(
    (f"unchecked-{slug(requirement)}", OURS, _case(requirement),
     f"accepts, and forgets, a profile {what}", Quirks(overlooks=frozenset({requirement})))
    for requirement, what in UNCHECKED.items()
)  # fmt: skip
"""A refusal left out, each for its case."""
