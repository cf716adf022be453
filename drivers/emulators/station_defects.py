"""Misbehaviours of the OCPP half of the emulated charger, each a documented defect and the quirks that make it.

`seen_in` says where such a fault was reported, or that it is ours, made from an error that the use case names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from functools import reduce

from drivers.emulators.defects import Defect
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import HONEST, Quirks, Rewrite, RewriteAnswer
from harness.ocpp.timestamps import to_seconds, to_text

_FIELD = "field: first V2G session of a car maker and a charger maker"
_OURS = "our default"


def changed(wanted: str, change: Callable[[Payload], Payload | None]) -> Rewrite:
    """Change (a copy of) the payload of one action; None drops the message."""

    def rewrite(action: str, payload: Payload) -> Payload | None:
        return change(deepcopy(payload)) if action == wanted else payload

    return rewrite


def answered(wanted: str, change: Callable[[Payload, Payload], Payload | None]) -> RewriteAnswer:
    """Change the answer to one action; the function gets request and answer."""

    def rewrite(action: str, request: Payload, answer: Payload) -> Payload | None:
        return change(request, deepcopy(answer)) if action == wanted else answer

    return rewrite


def without(*keys: str) -> Callable[[Payload], Payload]:
    """Leave top-level keys out."""
    return lambda payload: {key: value for key, value in payload.items() if key not in keys}


def _samples(payload: Payload) -> Iterable[Payload]:
    for value in payload.get("meterValue", ()):
        yield from value["sampledValue"]


def _each_sample(change: Callable[[Payload], None]) -> Callable[[Payload], Payload]:
    def apply(payload: Payload) -> Payload:
        for sample in _samples(payload):
            change(sample)
        return payload

    return apply


def _wrong_sign(sample: Payload) -> None:
    """Discharging is told as import, charging as export."""
    swap = {"Power.Active.Import": "Power.Active.Export", "Power.Active.Export": "Power.Active.Import"}
    sample["measurand"] = swap.get(sample["measurand"], sample["measurand"])


def _registers_swapped(sample: Payload) -> None:
    swap = {
        "Energy.Active.Import.Register": "Energy.Active.Export.Register",
        "Energy.Active.Export.Register": "Energy.Active.Import.Register",
    }
    sample["measurand"] = swap.get(sample["measurand"], sample["measurand"])


def _kilowatts_called_watts(sample: Payload) -> None:
    if sample["measurand"].startswith("Power.Active"):
        sample["value"] = round(sample["value"] / 1000.0, 6)


def _drop(key: str, inner: str = "") -> Callable[[Payload], Payload]:
    def apply(payload: Payload) -> Payload:
        holder = payload.get(inner, {}) if inner else payload
        holder.pop(key, None)
        return payload

    return apply


def _another_evccid(payload: Payload) -> Payload:
    for one in payload.get("idToken", {}).get("additionalInfo", ()):
        one["additionalIdToken"] = "ANOTHERVEHICLE001"
    return payload


def _no_evccid(payload: Payload) -> Payload:
    payload.get("idToken", {}).pop("additionalInfo", None)
    return payload


def _each_of(keys: str, change: Callable[[Payload], None]) -> Callable[[Payload], Payload]:
    """Change the object at a dotted path."""

    def apply(payload: Payload) -> Payload:
        inner = payload
        for key in keys.split("."):
            inner = inner.get(key, {})
        change(inner)
        return payload

    return apply


def _accept_if(wrong: Callable[[Payload], bool], action: str = "SetChargingProfile") -> Quirks:
    """Accept what is wrong in this way, and forget it."""
    return Quirks(answer=answered(action, lambda request, answer: {"status": "Accepted"} if wrong(request) else answer))


def _profile(request: Payload) -> Payload:
    profile: Payload = request["chargingProfile"]
    return profile


def _periods(request: Payload) -> list[Payload]:
    periods: list[Payload] = _profile(request)["chargingSchedule"][0]["chargingSchedulePeriod"]
    return periods


def _mode(request: Payload) -> str:
    return str(_periods(request)[0].get("operationMode", "ChargingOnly"))


def _outside(request: Payload) -> bool:
    return any(
        not p.get("dischargeLimit", p["setpoint"]) <= p["setpoint"] <= p.get("limit", p["setpoint"])
        for p in _periods(request)
        if "setpoint" in p
    )


def _unordered(request: Payload) -> bool:
    starts = [period["startPeriod"] for period in _periods(request)]
    return starts != sorted(starts)


def _without_duration(request: Payload) -> Payload:
    for schedule in _profile(request)["chargingSchedule"]:
        schedule.pop("duration", None)
    return request


def _without_in_profile(*keys: str) -> Callable[[Payload], Payload]:
    def apply(request: Payload) -> Payload:
        for key in keys:
            _profile(request).pop(key, None)
        return request

    return apply


def _silent_about(action: str) -> Quirks:
    return Quirks(outgoing=changed(action, lambda _: None))


def _says(action: str, status: str, instead: str) -> Quirks:
    """Answers one status where another is due."""
    return Quirks(
        answer=answered(action, lambda _, answer: {"status": instead} if answer["status"] == status else answer)
    )


def _accepts_in_spite_of(reason_code: str) -> Quirks:
    """Accepts, and forgets, a profile that it has this reason to reject."""

    def apply(_: Payload, answer: Payload) -> Payload:
        refused = answer.get("statusInfo", {}).get("reasonCode") == reason_code
        return {"status": "Accepted"} if refused else answer

    return Quirks(answer=answered("SetChargingProfile", apply))


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


def _unsigned_setpoint(sample: Payload) -> None:
    if sample["measurand"] == "Power.Active.Setpoint":
        sample["value"] = abs(sample["value"])


def _both_directions(sample: Payload) -> None:
    if sample["measurand"].startswith("Power.Active.") and sample["measurand"].endswith("port"):
        sample["value"] = max(sample["value"], 1_000.0)


def _two_hours_late(payload: Payload) -> Payload:
    return {**payload, "timestamp": to_text(to_seconds(payload["timestamp"]) + 7_200.0)}


_Seed = tuple[str, str, str, str, Quirks]

_POWER_SEEDS: tuple[_Seed, ...] = (
    (
        "remote-discharge-ignored", _FIELD, "ocpp2.1/accepted-setpoints-are-followed",
        "accepts UpdateDynamicSchedule and SetChargingProfile with a negative setpoint and never discharges",
        Quirks(target_w=lambda power_w: max(power_w, 0.0)),
    ),
    (
        "discharge-as-charge", _FIELD, "ocpp2.1/sign-of-power",
        "takes the size of a setpoint and forgets its sign: charges when asked to discharge",
        Quirks(target_w=abs),
    ),
    (
        "half-the-power", _OURS, "ocpp2.1/accepted-setpoints-are-followed",
        "aims at half of what was asked for",
        Quirks(target_w=lambda power_w: power_w / 2.0),
    ),
    (
        "dynamic-update-ignored", _OURS, "ocpp2.1/told-setpoint-is-the-accepted-one",
        "accepts UpdateDynamicSchedule and goes on with the number of the profile",
        Quirks(incoming=changed("UpdateDynamicSchedule", lambda p: {**p, "scheduleUpdate": {}})),
    ),
    (
        "dynamic-duration-ignored", _OURS, "ocpp2.1/stale-profiles-step-back",
        "follows a Dynamic profile for ever, whatever its duration",
        Quirks(incoming=changed("SetChargingProfile", _without_duration)),
    ),
    (
        "offline-time-ignored", _OURS, "PF_Q11_01_CS",
        "keeps a profile beyond its maxOfflineDuration",
        Quirks(incoming=changed("SetChargingProfile", _without_in_profile("maxOfflineDuration"))),
    ),
    (
        "comes-back-although-invalid", _OURS, "PF_Q12_01_CS",
        "follows a profile again after the time offline although invalidAfterOfflineDuration is set",
        Quirks(incoming=changed("SetChargingProfile", _without_in_profile("invalidAfterOfflineDuration"))),
    ),
    (
        "pull-forgotten", _OURS, "ocpp2.1/due-profiles-are-pulled",
        "accepts dynUpdateInterval and never pulls",
        _silent_about("PullDynamicScheduleUpdate"),
    ),
)  # fmt: skip
"""Power that is not what was accepted."""

_METER_SEEDS: tuple[_Seed, ...] = (
    (
        "meter-values-wrong-sign", _FIELD, "ocpp2.1/sign-of-power",
        "tells discharged power as Power.Active.Import",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_wrong_sign))),
    ),
    (
        "meter-registers-swapped", _OURS, "ocpp2.1/registers-and-power",
        "counts discharged energy in the import register and the reverse",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_registers_swapped))),
    ),
    (
        "meter-kilowatts-as-watts", _OURS, "ocpp2.1/accepted-setpoints-are-followed",
        "sends kilowatts with the unit W",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_kilowatts_called_watts))),
    ),
    (
        "meter-both-directions", _OURS, "ocpp2.1/one-direction",
        "tells import and export at the same time",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_both_directions))),
    ),
    (
        "meter-registers-reset", _OURS, "ocpp2.1/registers-never-fall",
        "its energy registers start again at every 50 Wh",
        Quirks(readings=lambda r: replace(r, imported_wh=r.imported_wh % 50.0, exported_wh=r.exported_wh % 50.0)),
    ),
    (
        "meter-values-low", _OURS, "PF_AF_03",
        "its power reads a fifth low",
        Quirks(readings=lambda r: replace(r, power_w=0.8 * r.power_w)),
    ),
    (
        "setpoint-told-unsigned", _OURS, "ocpp2.1/told-setpoint-is-the-accepted-one",
        "tells Power.Active.Setpoint without its sign",
        Quirks(outgoing=changed("TransactionEvent", _each_sample(_unsigned_setpoint))),
    ),
    (
        "clock-two-hours-ahead", _OURS, "ocpp2.1/time-stamps-are-past",
        "sends local time as UTC",
        Quirks(outgoing=changed("TransactionEvent", _two_hours_late)),
    ),
)  # fmt: skip
"""Meter values that are not what flows."""

_TRANSACTION_SEEDS: tuple[_Seed, ...] = (
    (
        "transaction-ends-on-pause", _FIELD, "PF_E02_01_CS",
        "ends the transaction when the vehicle pauses; after the resume there is none",
        Quirks(ends_on_pause=True),
    ),
    (
        "offline-events-lost", "field: public issue reports of station firmware", "PF_E04_01_CS",
        "does not keep transaction events while it is offline",
        Quirks(forgets_offline=True),
    ),
    (
        "never-reconnects", "field: public issue reports of station firmware", "PF_NET_02",
        "does not connect again once its websocket was lost",
        Quirks(stays_away=True),
    ),
    (
        "evccid-of-another", _OURS, "cross-protocol/evccid-is-the-vehicles",
        "tells an EVCCID that is not the vehicle's",
        Quirks(outgoing=changed("TransactionEvent", _another_evccid)),
    ),
    (
        "transfer-of-another", _OURS, "cross-protocol/requested-transfer-is-the-selected-one",
        "requests AC over OCPP while vehicle and station have selected DC",
        Quirks(
            outgoing=changed(
                "NotifyEVChargingNeeds",
                _each_of(
                    "chargingNeeds",
                    lambda p: p.update(requestedEnergyTransfer="AC_BPT", availableEnergyTransfer=["AC_BPT"]),
                ),
            )
        ),
    ),
    (
        "evccid-missing", _OURS, "ocpp2.1/evccid-in-the-first-event",
        "leaves the EVCCID out of the first TransactionEvent",
        Quirks(outgoing=changed("TransactionEvent", _no_evccid)),
    ),
    (
        "mode-change-untold", _OURS, "ocpp2.1/mode-changes-are-told",
        "sends no TransactionEvent when the operation mode changes",
        Quirks(
            outgoing=changed(
                "TransactionEvent", lambda p: None if p["triggerReason"] == "OperationModeChanged" else p
            )
        ),
    ),
    (
        "mode-unnamed", _OURS, "ocpp2.1/mode-is-named",
        "tells that the operation mode has changed, not to which",
        Quirks(outgoing=changed("TransactionEvent", _drop("operationMode", "transactionInfo"))),
    ),
    (
        "sequence-gaps", _OURS, "ocpp2.1/sequence-numbers",
        "counts seqNo in steps of two",
        Quirks(outgoing=changed("TransactionEvent", lambda p: {**p, "seqNo": 2 * p["seqNo"]})),
    ),
    (
        "stopped-reason-missing", "field: public issue reports of station firmware", "ocpp2.1/stopped-reason",
        "does not tell why a transaction ended",
        Quirks(outgoing=changed("TransactionEvent", _drop("stoppedReason", "transactionInfo"))),
    ),
    (
        "discharge-power-negative", _OURS, "ocpp2.1/v2x-parameters-are-positive",
        "tells the vehicle's maxDischargePower as a negative number",
        Quirks(
            outgoing=changed(
                "NotifyEVChargingNeeds",
                _each_of("chargingNeeds.v2xChargingParameters", lambda p: p.update(maxDischargePower=-11_000)),
            )
        ),
    ),
    (
        "v2x-parameters-missing", _OURS, "ocpp2.1/bidirectional-needs-are-complete",
        "tells bidirectional needs without v2xChargingParameters",
        Quirks(outgoing=changed("NotifyEVChargingNeeds", _drop("v2xChargingParameters", "chargingNeeds"))),
    ),
    (
        "transfer-not-available", _OURS, "ocpp2.1/requested-is-available",
        "requests a transfer that it does not list as available",
        Quirks(
            outgoing=changed(
                "NotifyEVChargingNeeds", _each_of("chargingNeeds", lambda p: p.update(availableEnergyTransfer=["DC"]))
            )
        ),
    ),
    (
        "schedule-id-invented", _OURS, "ocpp2.1/reported-schedule-is-the-csmss",
        "reports a schedule id of its own in dynamic control mode",
        Quirks(outgoing=changed("NotifyEVChargingSchedule", lambda p: {**p, "selectedChargingScheduleId": 999})),
    ),
    (
        "allowed-transfer-refused", _OURS, "ocpp2.1/allowed-transfers-are-accepted",
        "refuses NotifyAllowedEnergyTransfer in a running transaction",
        _says("NotifyAllowedEnergyTransfer", "Accepted", "Rejected"),
    ),
)  # fmt: skip
"""Transactions and needs that are told wrongly, or not at all."""

_PROFILE_SEEDS: tuple[_Seed, ...] = (
    ("accepts-setpoint-outside-limits", _OURS, "ocpp2.1/V2X.05", "accepts a setpoint outside its limits",
     _accept_if(_outside)),
    ("accepts-two-dynamic-periods", _OURS, "ocpp2.1/K28.FR.02", "accepts a Dynamic profile with two periods",
     _accept_if(lambda r: _profile(r)["chargingProfileKind"] == "Dynamic" and len(_periods(r)) > 1)),
    ("accepts-profile-without-transaction", _OURS, "ocpp2.1/K01.FR.09",
     "accepts a TxProfile while no transaction runs",
     _accept_if(lambda r: _profile(r).get("transactionId") == "none")),
    ("accepts-short-curve", _OURS, "ocpp2.1/Q08.FR.03", "accepts LocalFrequency with a curve of one point",
     _accept_if(lambda r: _mode(r) == "LocalFrequency" and len(_periods(r)[0].get("v2xFreqWattCurve", ())) < 2)),
    ("accepts-idle-with-limit", _OURS, "ocpp2.1/Q10.FR.01", "accepts limits in an Idle period",
     _accept_if(lambda r: _mode(r) == "Idle" and "limit" in _periods(r)[0])),
    ("accepts-unordered-periods", _OURS, "ocpp2.1/K01.FR.35", "accepts periods out of order", _accept_if(_unordered)),
    ("accepts-absolute-without-start", "field: public issue reports of CSMS software", "ocpp2.1/K01.FR.40",
     "accepts an Absolute profile without startSchedule",
     _accept_if(lambda r: _profile(r)["chargingProfileKind"] == "Absolute"
                and "startSchedule" not in _profile(r)["chargingSchedule"][0])),
    ("accepts-phases-on-dc", _OURS, "ocpp2.1/K01.FR.44", "accepts numberPhases on a DC station",
     _accept_if(lambda r: any("numberPhases" in period for period in _periods(r)))),
    ("accepts-duplicate-stack-level", "field: public issue reports of station firmware", "ocpp2.1/K01.FR.06",
     "accepts a second profile of one purpose, stack level and EVSE", _accepts_in_spite_of("DuplicateProfile")),
    ("accepts-early-profile", _OURS, "ocpp2.1/no-profile-before-the-needs",
     "accepts a TxProfile before the vehicle has told its needs",
     _accepts_in_spite_of("InvalidMessageSeq")),
    ("accepts-update-of-static-profile", _OURS, "ocpp2.1/updates-of-other-profiles-are-rejected",
     "accepts UpdateDynamicSchedule for a profile that is not Dynamic",
     _says("UpdateDynamicSchedule", "Rejected", "Accepted")),
    ("afrr-always-accepted", _OURS, "ocpp2.1/afrr-without-a-curve-is-rejected",
     "accepts AFRRSignal without a curve for it", _says("AFRRSignal", "Rejected", "Accepted")),
    ("clears-what-is-not-there", _OURS, "ocpp2.1/clearing-nothing-is-unknown",
     "answers Accepted when it clears nothing", _says("ClearChargingProfile", "Unknown", "Accepted")),
    ("priority-without-profile", _OURS, "ocpp2.1/no-profile-is-said",
     "accepts UsePriorityCharging without a profile for it", _says("UsePriorityCharging", "NoProfile", "Accepted")),
    ("priority-untold", _OURS, "ocpp2.1/activation-is-told", "switches priority charging and does not tell it",
     _silent_about("NotifyPriorityCharging")),
    ("profiles-unreported", _OURS, "ocpp2.1/promised-profiles-are-reported",
     "accepts GetChargingProfiles and sends no report", _silent_about("ReportChargingProfiles")),
    ("composite-above-maximum", _OURS, "ocpp2.1/composite-schedule-keeps-the-maximum",
     "adds limits up instead of taking the lowest", _in_schedule(_doubled_limits)),
    ("composite-of-another-time", _OURS, "ocpp2.1/composite-schedule-is-ordered",
     "lets a composite schedule start in the past",
     _in_schedule(lambda s: s.update(scheduleStart="2020-01-01T00:00:00Z"))),
    ("composite-of-another-evse", _OURS, "ocpp2.1/composite-schedule-fits-the-question",
     "answers for EVSE 0 whatever was asked", _in_schedule(lambda s: s.update(evseId=0))),
    ("composite-unanswered", _OURS, "ocpp2.1/station-answers", "never answers GetCompositeSchedule",
     Quirks(answer=answered("GetCompositeSchedule", lambda *_: None))),
    ("modes-missing", _OURS, "ocpp2.1/basic-modes-are-reported", "has no CentralFrequency",
     Quirks(variables={"V2XChargingCtrlr.SupportedOperationModes": "ChargingOnly,CentralSetpoint,LocalFrequency,Idle"})),
    ("unknown-field-in-status", _OURS, "ocpp2.1/payloads-fit-their-schema", "sends fields that the schema has not",
     Quirks(outgoing=changed("StatusNotification", lambda p: {**p, "errorCode": "NoError"}))),
)  # fmt: skip
"""Answers about profiles that are not as they should be."""

_DER_SEEDS: tuple[_Seed, ...] = (
    ("der-superseded-untold", _OURS, "ocpp2.1/weaker-defaults-are-superseded",
     "supersedes a DER control and does not name it",
     Quirks(answer=answered("SetDERControl", lambda _, answer: without("supersededIds")(answer)))),
    ("der-default-with-time", _OURS, "ocpp2.1/R04.FR.12", "accepts a default control with a startTime",
     _accept_if(lambda r: r["isDefault"] and any("startTime" in v for v in r.values() if isinstance(v, dict)),
                "SetDERControl")),
    ("der-field-unchecked", _OURS, "ocpp2.1/R04.FR.16", "accepts a control type with the field of another",
     _accept_if(lambda r: r["controlType"] == "FreqDroop" and "freqDroop" not in r, "SetDERControl")),
    ("der-unsupported-rejected", _OURS, "ocpp2.1/unsupported-types-are-not-set",
     "answers Rejected for a type that it does not support", _says("SetDERControl", "NotSupported", "Rejected")),
    ("der-start-untold", _OURS, "ocpp2.1/starts-are-told", "does not tell when a DER control starts",
     _silent_about("NotifyDERStartStop")),
    ("der-report-endless", _OURS, "ocpp2.1/last-report-is-marked", "says tbc in its last report",
     Quirks(outgoing=changed("ReportDERControl", lambda p: {**p, "tbc": True}))),
    ("der-report-everything", _OURS, "ocpp2.1/reports-keep-to-the-question",
     "reports all controls whatever was asked for",
     Quirks(incoming=changed("GetDERControl", without("controlId", "controlType", "isDefault")))),
    ("der-unreported", _OURS, "ocpp2.1/promised-controls-are-reported", "accepts GetDERControl and sends no report",
     _silent_about("ReportDERControl")),
    ("der-clears-nothing", _OURS, "ocpp2.1/nothing-to-clear-is-said", "answers Accepted when it clears nothing",
     _says("ClearDERControl", "NotFound", "Accepted")),
)  # fmt: skip
"""DER control (block R)."""


def _keeps(variable: str, value: str, instead_of: str | None = None) -> Quirks:
    """Accepts every value of a variable, or the one named, and keeps its own."""

    def apply(request: Payload) -> Payload:
        for one in request["setVariableData"]:
            if one["variable"]["name"] == variable and instead_of in (None, one["attributeValue"]):
                one["attributeValue"] = value
        return request

    return Quirks(incoming=changed("SetVariables", apply))


def _in_periods(wanted: Callable[[Payload], bool], change: Callable[[Payload], None]) -> Quirks:
    """Takes the periods of some profiles for others."""

    def apply(request: Payload) -> Payload:
        if wanted(request):
            for period in _periods(request):
                change(period)
        return request

    return Quirks(incoming=changed("SetChargingProfile", apply))


def _default_setpoint(request: Payload) -> bool:
    default = _profile(request)["chargingProfilePurpose"] == "TxDefaultProfile"
    return default and _mode(request) == "CentralSetpoint" and len(_periods(request)) == 1


def _flattened(period: Payload) -> None:
    for point in period.get("v2xFreqWattCurve", ()):
        point["power"] = 0.0


_SITE_SEEDS: tuple[_Seed, ...] = (
    ("external-setpoint-taken-for-zero", _OURS, "PF_Q05_01_CS", "holds 0 W in an ExternalSetpoint period",
     _in_periods(lambda r: _mode(r) == "ExternalSetpoint",
                 lambda p: p.update(operationMode="CentralSetpoint", setpoint=0))),
    ("external-limits-not-kept", _OURS, "PF_Q05_02_CS", "does not keep the energy manager's limits in the CSMS's period",
     _in_periods(lambda r: _mode(r) == "ExternalLimits", lambda p: p.update(operationMode="ChargingOnly"))),
    ("external-control-always-on", _OURS, "PF_Q05_R1_CS", "listens to the energy manager although it is switched off",
     _keeps("ExternalControlSignalsEnabled", "true")),
    ("external-profiles-always-allowed", _OURS, "PF_Q06_R1_CS",
     "makes ExternalConstraints profiles although they are disallowed",
     _keeps("ExternalConstraintsProfileDisallowed", "false")),
    ("external-limit-untold", _OURS, "PF_Q06_01_CS", "keeps a limit of the energy manager and does not tell it",
     _silent_about("NotifyChargingLimit")),
    ("external-release-untold", _OURS, "PF_K13_01_CS", "does not tell that the energy manager's limit is gone",
     _silent_about("ClearedChargingLimit")),
    ("setpoint-priority-fixed", _OURS, "PF_Q06_02_CS", "follows the energy manager whatever SetpointPriority says",
     _keeps("SetpointPriority", "ExternalControl")),
    ("load-not-balanced", _OURS, "PF_Q09_01_CS", "holds 0 W where it should balance the site",
     _in_periods(lambda r: _mode(r) == "LocalLoadBalancing",
                 lambda p: p.update(operationMode="CentralSetpoint", setpoint=0))),
    ("balancing-without-limits", _OURS, "PF_Q09_02_CS", "forgets dischargeLimit while it balances the site",
     _in_periods(lambda r: _mode(r) == "LocalLoadBalancing", lambda p: p.pop("dischargeLimit", None))),
    ("thresholds-unchecked", _OURS, "PF_Q09_R3_CS", "accepts LocalLoadBalancing with thresholds the wrong way round",
     _accept_if(lambda r: _mode(r) == "LocalLoadBalancing")),
    ("frequency-ignored", _OURS, "PF_Q08_03_CS", "holds its baseline whatever the frequency is",
     _in_periods(lambda r: _mode(r) == "LocalFrequency", _flattened)),
    ("generation-not-added", _OURS, "PF_K27_01_CS", "does not add local generation to its limit",
     _in_periods(lambda r: _profile(r)["chargingProfilePurpose"] == "LocalGeneration", lambda p: p.update(limit=0))),
    ("der-alarm-untold", _OURS, "PF_R05_01_CS", "trips on a grid event and tells no alarm", _silent_about("NotifyDERAlarm")),
    ("der-alarm-nameless", _OURS, "PF_R05_01_CS", "does not name the grid event in its alarm",
     Quirks(outgoing=changed("NotifyDERAlarm", without("gridEventFault")))),
    ("permission-unheard", _OURS, "PF_Q02_02_CS", "does not answer a new permission, and tells no needs anew",
     Quirks(incoming=changed("NotifyAllowedEnergyTransfer", lambda _: None),)),
    ("remote-start-nameless", _OURS, "PF_K05_02_CS", "does not say which remote start began a transaction",
     Quirks(outgoing=changed("TransactionEvent", _drop("remoteStartId", "transactionInfo")))),
    ("remote-stop-ignored", _OURS, "PF_E06_02_CS", "accepts RequestStopTransaction and goes on",
     Quirks(incoming=changed("RequestStopTransaction", lambda p: {**p, "transactionId": "another"}),
            answer=answered("RequestStopTransaction", lambda *_: {"status": "Accepted"}))),
    ("default-profile-ignored", _OURS, "PF_K19_02_CS", "accepts a TxDefaultProfile with a setpoint and forgets it",
     Quirks(incoming=changed("SetChargingProfile", lambda r: {**r, "evseId": 99} if _default_setpoint(r) else r),
            answer=answered("SetChargingProfile", lambda r, a: {"status": "Accepted"} if _default_setpoint(r) else a))),
    ("offline-needs-without-time", _OURS, "PF_K19_03_CS", "does not say when needs were that it tells later",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", without("timestamp")))),
    ("offline-profile-dropped", _OURS, "PF_K06_01_CS", "gives a profile up as soon as it is offline",
     Quirks(incoming=changed("SetChargingProfile", lambda r: {**r, "chargingProfile": {
         **_profile(r), "maxOfflineDuration": 0}}))),
    ("sleep-untold", _OURS, "PF_Q10_03_CS", "does not say that it sleeps",
     Quirks(outgoing=changed("TransactionEvent", without("evseSleep")))),
    ("status-of-transactions-wrong", _OURS, "PF_E14_01_CS", "says of every transaction that it is ongoing",
     Quirks(answer=answered("GetTransactionStatus", lambda _, a: {**a, "ongoingIndicator": True}))),
    ("meter-values-for-ever", _OURS, "PF_J02_03_CS", "sends meter values although their interval is 0",
     _keeps("TxUpdatedInterval", "10", instead_of="0")),
)  # fmt: skip
"""What comes from the site, and what a session goes through."""


def _other_password(request: Payload) -> Payload:
    for one in request["setVariableData"]:
        if one["variable"]["name"] == "BasicAuthPassword":
            one["attributeValue"] = one["attributeValue"][:-1]
    return request


_SECURITY_SEEDS: tuple[_Seed, ...] = (
    ("any-server-certificate", _OURS, "PF_A00_R2_CS", "talks to a CSMS whatever certificate that shows",
     Quirks(trusts_everybody=True)),
    ("no-way-back", _OURS, "PF_A00_R1_CS", "tries one network profile for ever",
     Quirks(variables={"OCPPCommCtrlr.NetworkProfileConnectionAttempts": "1000"})),
    ("network-profiles-refused", _OURS, "PF_A05_01_CS", "rejects every network profile",
     _says("SetNetworkProfile", "Accepted", "Rejected")),
    ("password-cut", _OURS, "PF_A01_01_CS", "keeps a new password without its last character",
     Quirks(incoming=changed("SetVariables", _other_password))),
    ("any-own-certificate", _OURS, "PF_A02_R1_CS", "accepts a certificate that is not for its key",
     _says("CertificateSigned", "Rejected", "Accepted")),
    ("security-events-untold", _OURS, "PF_A02_R1_CS", "tells no security event",
     _silent_about("SecurityEventNotification")),
    ("chain-status-unasked", _OURS, "PF_M06_01_CS", "does not ask for the status of its V2G chain",
     _silent_about("GetCertificateStatus")),
    ("deletes-what-is-not-there", _OURS, "PF_M05_01_CS", "answers Accepted when there is no such certificate",
     _says("DeleteCertificate", "NotFound", "Accepted")),
)  # fmt: skip
"""Security (block A) and the store of roots (block M)."""

_SEEDS = (
    *_POWER_SEEDS,
    *_METER_SEEDS,
    *_TRANSACTION_SEEDS,
    *_PROFILE_SEEDS,
    *_DER_SEEDS,
    *_SECURITY_SEEDS,
    *_SITE_SEEDS,
)

DEFECTS: tuple[Defect, ...] = tuple(
    Defect(id=name, role="charger", protocol="ocpp2.1", seen_in=seen_in, description=description, found_by=found_by)
    for name, seen_in, found_by, description, _ in _SEEDS
)

QUIRKS: dict[str, Quirks] = {name: quirks for name, _, _, _, quirks in _SEEDS}


def quirks_of(defects: Iterable[str]) -> Quirks:
    """All named defects at once; names of other halves of the charger are not ours and are left alone."""
    return reduce(lambda one, other: one + other, (QUIRKS[name] for name in defects if name in QUIRKS), HONEST)
