# ruff: noqa: A002 - id and type are the words of OCPP
"""Every OCPP rule is tripped by a conversation made for it, and by no conversation that is as it should be."""

from __future__ import annotations

import json
import re

import pytest
from talk import EPOCH_S, Talk

from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.timestamps import to_text
from harness.rules.judge import judge_transcript, load_rules
from harness.verdict import Severity

RULES = {name: one for name, one in load_rules().items() if one.protocol == "ocpp2.1"}
CURVE = [{"frequency": 49.8, "power": -1000}, {"frequency": 50.2, "power": 1000}]
LOCAL = period("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE)
SIGNALS = [{"signal": -1, "power": -10}, {"signal": 1, "power": 10}]
NOW = to_text(EPOCH_S)
LATER = to_text(EPOCH_S + 600)
SMART = "SmartChargingCtrlr"


def after(power_w, *samples, first=0):
    """Charging, one Dynamic profile, an accepted setpoint, then samples of what is metered every ten seconds."""

    def tell(t):
        t.charging().profile(period(setpoint=first)).event(
            trigger="OperationModeChanged", operationMode="CentralSetpoint"
        ).setpoint(power_w)
        for sample in samples:
            t.wait(10).metered(sample[0], **sample[1])

    return tell


def der(t):
    return t.boot()


def schedule(t, **changes):
    whole = {"evseId": 1, "duration": 600, "scheduleStart": t.now(), "chargingRateUnit": "W",
             "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1000}], **changes}  # fmt: skip
    asked = {"duration": 600, "evseId": 1, "chargingRateUnit": "W"}
    return t.csms("GetCompositeSchedule", asked, {"status": "Accepted", "schedule": whole})


def profiles_reported(t, *raws, source="CSO"):
    return t.cs("ReportChargingProfiles", {"requestId": 1, "chargingLimitSource": source, "evseId": 1,
                                           "chargingProfile": list(raws)})  # fmt: skip


def raw(id, *periods, purpose="TxProfile"):
    return {"id": id, "stackLevel": 1, "chargingProfilePurpose": purpose, "chargingProfileKind": "Dynamic",
            "chargingSchedule": [{"id": 1, "chargingRateUnit": "W",
                                  "chargingSchedulePeriod": list(periods) or [{"startPeriod": 0}]}]}  # fmt: skip


def ev_schedule(t, id=1, status="Accepted", starts=(0,)):
    schedule = {"id": id, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": s} for s in starts]}
    return t.cs("NotifyEVChargingSchedule", {"timeBase": t.now(), "evseId": 1, "selectedChargingScheduleId": id,
                                             "chargingSchedule": schedule}, {"status": status})  # fmt: skip


def pull(t, id=1, **answer):
    return t.cs("PullDynamicScheduleUpdate", {"chargingProfileId": id}, {"status": "Accepted", **answer})


def two_schedules(kind="Absolute"):
    one = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1}], "startSchedule": NOW}
    if kind == "Dynamic":
        one.pop("startSchedule")
    return {"kind": kind, "chargingSchedule": [{"id": 1, **one}, {"id": 2, **one}]}


def one_schedule(**more):
    one = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1}], **more}
    return {"kind": "Relative", "chargingSchedule": [one]}


def alarm(t, kind="VoltWatt", fault="OverVoltage", ended=None):
    payload = {"controlType": kind, "timestamp": t.now()}
    if fault:
        payload["gridEventFault"] = fault
    if ended is not None:
        payload["alarmEnded"] = ended
    return t.cs("NotifyDERAlarm", payload)


def contract(t, certificate, token, kind="eMAID"):
    answer = {"idTokenInfo": {"status": token}, **({"certificateStatus": certificate} if certificate else {})}
    asked = {
        "idToken": {"idToken": "DEPFT", "type": kind},
        "iso15118CertificateHashData": [{**HASHES, "responderURL": "x"}],
    }
    return t.cs("Authorize", asked, answer)


def install_contract(t, **more):
    asked = {
        "iso15118SchemaVersion": "urn:iso:std:iso:15118:-20:CommonMessages",
        "action": "Install",
        "exiRequest": "AA==",
    }
    return t.cs("Get15118EVCertificate", {**asked, **more}, {"status": "Accepted", "exiResponse": "AA=="})


def chain_status(source, **more):
    return {"certificateHashData": HASHES, "source": source, **more}


def threshold(t, kind):
    item = {"component": {"name": "V2XChargingCtrlr"}, "variable": {"name": "LocalFrequencyUpdateThreshold"},
            "variableAttribute": [{"value": "true"}],
            "variableCharacteristics": {"dataType": kind, "supportsMonitoring": False}}  # fmt: skip
    return t.cs("NotifyReport", {"requestId": 1, "generatedAt": NOW, "seqNo": 0, "reportData": [item]})


def rejected_for(t, reason):
    return t.charging().profile(answer={"status": "Rejected", "statusInfo": {"reasonCode": reason}})


def priority(t, *, activate=True, tx="tx-1", status="Accepted"):
    return t.csms("UsePriorityCharging", {"transactionId": tx, "activate": activate}, {"status": status})


def afrr(t, status="Accepted"):
    return t.csms("AFRRSignal", {"timestamp": t.now(), "signal": 1}, {"status": status})


def limit_told(t, source="EMS"):
    return t.cs("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": source}})


HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "42"}
STREAM = json.dumps([6, "s-1", "NotifyPeriodicEventStream", {"id": 1, "pending": 0, "basetime": NOW,
                                                             "data": [{"t": 0, "v": "1"}]}])  # fmt: skip
FAST = {"purpose": "PriorityCharging", "kind": "Relative", "transaction_id": None}
MAXIMUM = {"purpose": "ChargingStationMaxProfile", "kind": "Absolute", "start_schedule": NOW, "transaction_id": None}
CHARGE = period("ChargingOnly", limit=1000)
PHASES = {"setpoint": 0, "setpoint_L2": 0}

BREACHES = {
    # profiles that a station has to reject
    "V2X.05": lambda t: t.charging().profile(period(setpoint=5, limit=1)),
    "V2X.06": lambda t: t.charging().profile(period(setpoint=0, setpoint_L2=-5, dischargeLimit_L2=-1)),
    "V2X.07": lambda t: t.charging().profile(period(setpoint=0, limit_L2=5)),
    "V2X.08": lambda t: t.charging().profile(period(**PHASES)),
    "K01.FR.09": lambda t: t.boot().event("Started").event("Ended").profile(),
    "K01.FR.39": lambda t: t.charging().profile(transaction_id="tx-2"),
    "K01.FR.33": lambda t: t.charging().profile(transaction_id=None),
    "K01.FR.16": lambda t: t.charging().profile(evse=0),
    "K01.FR.06": lambda t: t.charging().profile(id=1).profile(id=2),
    "K01.FR.26": lambda t: t.charging().report((SMART, "RateUnit", "W")).profile(unit="A"),
    "K01.FR.31": lambda t: t.charging().profile(period(setpoint=0, start_s=5), kind="Relative"),
    "K01.FR.35": lambda t: t.charging().profile(
        CHARGE, period("ChargingOnly", limit=1, start_s=9), period("ChargingOnly", limit=1, start_s=5), kind="Relative"
    ),
    "K01.FR.38": lambda t: t.boot().profile(CHARGE, evse=0, **{**MAXIMUM, "kind": "Relative", "start_schedule": None}),
    "K01.FR.40": lambda t: t.charging().profile(CHARGE, kind="Absolute"),
    "K01.FR.41": lambda t: t.charging().profile(CHARGE, kind="Relative", start_schedule=NOW),
    "K01.FR.44": lambda t: t.charging().profile({**CHARGE, "numberPhases": 3}, kind="Relative"),
    "K01.FR.70": lambda t: t.boot().profile(CHARGE, evse=0, duration_s=5, **FAST),
    "K01.FR.71": lambda t: t.boot().profile(period(setpoint=1), evse=0, **FAST),
    "K01.FR.111": lambda t: t.boot().profile(period(setpoint=1), evse=0, **MAXIMUM),
    "K01.FR.80": lambda t: t.charging().report((SMART, "MaxExternalConstraintsId", "10")).profile(id=5),
    "K01.FR.115": lambda t: t.charging().report(("V2XChargingCtrlr", "SupportedOperationModes", "Idle")).profile(),
    "K01.FR.120": lambda t: t.boot().report((SMART, "SupportedAdditionalPurposes", "LocalGeneration")).profile(
        CHARGE, evse=0, **FAST
    ),
    "K01.FR.121": lambda t: t.charging().report((SMART, "SupportsDynamicProfiles", "false")).profile(),
    "K01.FR.126": lambda t: t.charging().report((SMART, "SupportsEvseSleep", "false")).profile(
        period(setpoint=0, evseSleep=True)
    ),
    "K18.FR.07": lambda t: t.charging().report((SMART, "PeriodsPerSchedule", "1")).profile(
        CHARGE, {**CHARGE, "startPeriod": 9}, kind="Relative"
    ),
    "K01.FR.90..95": lambda t: t.boot().report((SMART, "SupportsUseLocalTime", "false")).profile(
        CHARGE, purpose="TxDefaultProfile", transaction_id=None, **one_schedule(useLocalTime=True)
    ),
    "K01.FR.122..125": lambda t: t.charging().report((SMART, "SupportsMaxOfflineDuration", "false")).profile(
        maxOfflineDuration=5
    ),
    "K28.FR.01": lambda t: t.charging().profile(CHARGE, **two_schedules("Dynamic")),
    "K28.FR.02": lambda t: t.charging().profile(period(setpoint=0), period(setpoint=0, start_s=5)),
    "K28.FR.03": lambda t: t.charging().profile(period(setpoint=0, start_s=5)),
    "K28.FR.04": lambda t: t.charging().profile(CHARGE, kind="Relative", dynUpdateInterval=5),
    "Q08.FR.01": lambda t: t.charging().profile({**LOCAL, "limit": 5}),
    "Q08.FR.04": lambda t: t.charging().profile({**LOCAL, "setpoint": 5}),
    "Q08.FR.02": lambda t: t.charging().profile(period("LocalFrequency", v2xFreqWattCurve=CURVE)),
    "Q08.FR.03": lambda t: t.charging().profile(period("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE[:1])),
    "Q08.FR.05": lambda t: t.charging().profile(LOCAL, unit="A"),
    "Q09.FR.01": lambda t: t.charging().report(("V2XChargingCtrlr", "SupportedOperationModes", "Idle")).profile(
        period("LocalLoadBalancing")
    ),
    "Q09.FR.02": lambda t: t.charging().report(("V2XChargingCtrlr", "LocalLoadBalancing", "")).profile(
        period("LocalLoadBalancing")
    ),
    "Q10.FR.01": lambda t: t.charging().profile(period("Idle", limit=0)),
    "Q10.FR.02": lambda t: t.charging().profile(period("Idle", setpoint=0)),
    "same-id-replaces": lambda t: profiles_reported(t.boot(), raw(1), raw(1)),
    "no-profile-before-the-needs": lambda t: t.boot().authorise("DC_BPT").event("Started").profile(),
    # what a CSMS must not send
    "csms-K01.FR.22": lambda t: t.boot().profile(
        CHARGE, evse=0, purpose="ChargingStationExternalConstraints", kind="Absolute", start_schedule=NOW,
        transaction_id=None, status="Rejected",
    ),
    "csms-K01.FR.03": lambda t: t.charging().profile(transaction_id=None, status="Rejected"),
    "csms-K01.FR.34": lambda t: t.boot().profile(
        CHARGE, purpose="TxDefaultProfile", transaction_id=None, **two_schedules()
    ),
    "csms-Q03.FR.02": lambda t: t.charging().profile(period(setpoint=0, limit=5)),
    "csms-Q07.FR.02": lambda t: t.charging().profile(period("CentralFrequency", setpoint=0), kind="Relative"),
    "csms-Q07.FR.03": lambda t: t.charging().profile(period("CentralFrequency", setpoint=0, limit=5)),
    "csms-Q07.FR.04": lambda t: t.charging().profile(period("CentralFrequency", setpoint=0)),
    "csms-V2X.08": lambda t: t.charging().profile(period(**PHASES), status="Rejected"),
    "csms-V2X.09": lambda t: t.charging().profile(
        period(**PHASES), purpose="TxDefaultProfile", transaction_id=None, status="Rejected"
    ),
    "periods-fit-the-vehicle": lambda t: t.charging().needs(top={"maxScheduleTuples": 1}).profile(
        CHARGE, {**CHARGE, "startPeriod": 9}, kind="Relative"
    ),
    "sound-profiles-are-sent": lambda t: t.charging().profile(period("Idle", limit=0), status="Rejected"),
    "permission-names-the-transaction": lambda t: t.charging().csms(
        "NotifyAllowedEnergyTransfer", {"transactionId": "tx-9", "allowedEnergyTransfer": ["DC"]}, {"status": "Rejected"}
    ),
    "csms-K18.FR.18": lambda t: t.charging().profile(CHARGE, **two_schedules()),
    "charging-only-before-permission": lambda t: t.boot().authorise("DC").event("Started").needs(
        requestedEnergyTransfer="DC"
    ).profile(),
    "no-setpoint-in-charging-only": lambda t: t.charging().profile(period("ChargingOnly", limit=5, setpoint=1)),
    "a-profile-follows-accepted-needs": lambda t: t.boot().event("Started").needs("Accepted").wait(70).metered(0),
    "a-profile-follows-processing": lambda t: t.boot().event("Started").needs("Processing").wait(700).metered(0),
    "one-schedule-in-dynamic-control": lambda t: t.charging().profile(CHARGE, **two_schedules()),
    "needs-for-a-forbidden-transfer-are-rejected": lambda t: t.boot().authorise("DC").event("Started").needs(),
    "pulls-of-unknown-profiles-are-rejected": lambda t: pull(
        t.charging().profile(CHARGE, kind="Relative"), scheduleUpdate={"limit": 5}
    ),
    "accepted-pull-has-numbers": lambda t: pull(t.charging().profile()),
    "rejected-schedule-is-followed-by-a-profile": lambda t: ev_schedule(
        t.charging(), status="Rejected"
    ).wait(70).metered(0),
    # authorisation and needs
    "evccid-in-the-first-event": lambda t: t.boot().authorise("DC_BPT").event("Started", evccid=False).needs(),
    "bidirectional-needs-are-complete": lambda t: t.boot().needs(availableEnergyTransfer=None),
    "requested-is-available": lambda t: t.boot().needs(availableEnergyTransfer=["DC"]),
    "v2x-parameters-are-positive": lambda t: t.boot().needs(powers={"maxDischargePower": -5}),
    "v2x-parameters-alone": lambda t: t.boot().needs(dcChargingParameters={"evMaxCurrent": 1, "evMaxVoltage": 1}),
    "offline-needs-have-a-time": lambda t: t.boot().event("Started", top={"offline": True}).needs(),
    "plain-transfer-without-a-list": lambda t: t.boot().authorise().event("Started").needs(),
    "allowed-transfers-are-accepted": lambda t: t.charging().csms(
        "NotifyAllowedEnergyTransfer", {"transactionId": "tx-1", "allowedEnergyTransfer": ["DC"]}, {"status": "Rejected"}
    ),
    "refusal-has-a-consequence": lambda t: t.boot().event("Started").needs("Rejected").wait(70).metered(0),
    "refused-transfer-reason": lambda t: t.boot().event("Started").needs("Rejected").event(
        "Ended", "AbnormalCondition", stoppedReason="Other"
    ),
    "needs-after-permission": lambda t: t.charging().csms(
        "NotifyAllowedEnergyTransfer", {"transactionId": "tx-1", "allowedEnergyTransfer": ["DC"]}
    ).wait(70).metered(0),
    "reported-schedule-is-the-csmss": lambda t: ev_schedule(t.charging().profile(id=4), id=9),
    "reported-schedule-is-ordered": lambda t: ev_schedule(t.charging(), starts=(0, 9, 5)),
    "needs-are-not-repeated": lambda t: t.charging().profile().needs(),
    "basic-modes-are-reported": lambda t: t.boot().report(("V2XChargingCtrlr", "SupportedOperationModes", "Idle")),
    "v2x-abilities-are-reported": lambda t: t.boot().report(("V2XChargingCtrlr", "Enabled", "true")),
    "connected-ev-is-reported": lambda t: t.boot().report(
        ("V2XChargingCtrlr", "Enabled", "true"), tbc=True
    ).report(("EVSE", "Power", "1"), number=1),
    # contracts and certificates
    "refused-contracts-do-not-charge": lambda t: contract(t.boot(), "ContractCancelled", "Invalid").event(
        "Started", "Authorized", top={"idToken": {"idToken": "DEPFT", "type": "eMAID"}}
    ),
    "certificate-status-pairs": lambda t: contract(t.boot(), "CertificateExpired", "Invalid"),
    "contract-certificates-are-judged": lambda t: contract(t.boot(), None, "Accepted"),
    "only-contracts-show-certificates": lambda t: contract(t.boot(), "Accepted", "Accepted", kind="Local"),
    "transaction-has-the-authorised-token": lambda t: t.boot().authorise("DC").event(
        "Started", "Authorized", top={"idToken": {"idToken": "2", "type": "Local"}}
    ),
    "installation-chains": lambda t: install_contract(t.boot()),
    "updates-only-in-the-older-edition": lambda t: install_contract(
        t.boot(), action="Update", maximumContractCertificateChains=1
    ),
    "chain-statuses-are-complete": lambda t: t.boot().cs(
        "GetCertificateChainStatus",
        {"certificateStatusRequests": [chain_status("OCSP", urls=["http://o"]), chain_status("CRL", urls=["http://o"])]},
        {"certificateStatus": [chain_status("OCSP", status="Good", nextUpdate=LATER)]},
    ),
    "certificate-kinds": lambda t: t.boot().cs(
        "SignCertificate", {"csr": "x", "certificateType": "V2G20Certificate"}, {"status": "Accepted"}
    ).csms("CertificateSigned", {"certificateChain": "x", "certificateType": "V2GCertificate"}),
    # modes and power
    "mode-changes-are-told": lambda t: t.charging().profile().wait(20).metered(0),
    "mode-is-named": lambda t: t.charging().event(trigger="OperationModeChanged"),
    "accepted-setpoints-are-followed": after(-10_000, (0, {}), (0, {}), (0, {})),
    "sign-of-power": after(-10_000, (10_000, {}), (10_000, {})),
    "told-setpoint-is-the-accepted-one": after(
        -10_000, (-10_000, {"Power__Active__Setpoint": 0}), (-10_000, {"Power__Active__Setpoint": 0})
    ),
    "updates-of-other-profiles-are-rejected": lambda t: t.charging().profile(CHARGE, kind="Relative").setpoint(5),
    "update-outside-limits": lambda t: t.charging().profile(period(setpoint=0, dischargeLimit=-10)).setpoint(-50),
    "due-profiles-are-pulled": lambda t: t.charging().profile(dynUpdateInterval=20).wait(40).metered(0),
    "pull-names-a-dynamic-profile": lambda t: pull(t.charging().profile(CHARGE, kind="Relative"), status="Rejected"),
    "afrr-without-a-curve-is-rejected": lambda t: afrr(t.charging()),
    "afrr-with-a-curve-is-accepted": lambda t: afrr(
        t.charging().profile({**LOCAL, "v2xSignalWattCurve": SIGNALS}).event(
            trigger="OperationModeChanged", operationMode="LocalFrequency"
        ), "Rejected",
    ),
    "local-frequency-is-reported": lambda t: t.charging().report(
        ("V2XChargingCtrlr", "SupportedOperationModes", "Idle")
    ).event(operationMode="LocalFrequency"),
    "sleep-only-where-supported": lambda t: t.charging().report((SMART, "SupportsEvseSleep", "false")).event(
        top={"evseSleep": True}
    ),
    "sleep-ends-with-idle": lambda t: t.charging().event(operationMode="CentralSetpoint", top={"evseSleep": True}),
    "idle-takes-no-power": lambda t: t.charging().event(
        trigger="OperationModeChanged", operationMode="Idle"
    ).wait(20).metered(5_000),
    "stale-profiles-step-back": lambda t: t.charging().profile(period(setpoint=-5_000), duration_s=60).wait(90).metered(
        -5_000, Power__Active__Setpoint=-5_000
    ),
    "update-time-is-kept": lambda t: profiles_reported(t.charging().profile().setpoint(5), raw(1)),
    # priority charging
    "no-profile-is-said": lambda t: priority(t.charging()),
    "unknown-transaction-is-rejected": lambda t: priority(t.charging(), tx="tx-9"),
    "activation-is-told": lambda t: priority(t.charging()).wait(20).metered(0),
    "deactivation-is-told": lambda t: priority(t.charging(), activate=False).wait(20).metered(0),
    "notice-names-the-transaction": lambda t: t.charging().cs(
        "NotifyPriorityCharging", {"transactionId": "tx-9", "activated": True}
    ),
    # reports
    "start-profiles-are-checked": lambda t: t.boot().csms("RequestStartTransaction", {
        "idToken": {"idToken": "1", "type": "Local"}, "remoteStartId": 1, "chargingProfile": raw(1, purpose="TxDefaultProfile"),
    }),
    "composite-schedule-fits-the-question": lambda t: schedule(t.boot(), evseId=2),
    "schedule-is-there": lambda t: t.boot().csms("GetCompositeSchedule", {"duration": 5, "evseId": 1}),
    "composite-schedule-is-ordered": lambda t: schedule(t.boot(), scheduleStart=LATER),
    "composite-schedule-keeps-the-maximum": lambda t: schedule(
        t.boot().profile(CHARGE, evse=0, **MAXIMUM), chargingSchedulePeriod=[{"startPeriod": 0, "limit": 2000}]
    ),
    "composite-setpoints-are-capped": lambda t: schedule(
        t.boot(), chargingSchedulePeriod=[{"startPeriod": 0, "limit": 5, "setpoint": 90}]
    ),
    "promised-profiles-are-reported": lambda t: t.charging().csms(
        "GetChargingProfiles", {"requestId": 1, "chargingProfile": {}}
    ).wait(40).metered(0),
    "clearing-nothing-is-unknown": lambda t: t.charging().profile(status="Rejected").csms(
        "ClearChargingProfile", {"chargingProfileId": 1}
    ),
    "external-profiles-are-not-cleared": lambda t: t.boot().csms(
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"chargingProfilePurpose": "ChargingStationExternalConstraints"}},
    ),
    "external-limits-are-not-the-csos": lambda t: limit_told(t.boot(), "CSO"),
    "external-limits-have-their-mode": lambda t: profiles_reported(
        t.boot(), raw(1, period("Idle", limit=5), purpose="ChargingStationExternalConstraints"), source="EMS"
    ),
    "external-setpoints-have-their-mode": lambda t: profiles_reported(
        t.boot(), raw(1, period(setpoint=5), purpose="ChargingStationExternalConstraints"), source="EMS"
    ),
    "external-updates-have-a-time": lambda t: profiles_reported(
        t.boot(), raw(1, period("ExternalLimits", limit=5), purpose="ChargingStationExternalConstraints"), source="EMS"
    ),
    "persistent-profiles-survive": lambda t: t.boot().profile(
        CHARGE, purpose="TxDefaultProfile", transaction_id=None, kind="Relative"
    ).wait(5).boot().csms(
        "GetChargingProfiles", {"requestId": 1, "chargingProfile": {"chargingProfileId": [1]}}, {"status": "NoProfiles"}
    ),
    "external-constraints-only-where-allowed": lambda t: profiles_reported(
        t.boot().report((SMART, "ExternalConstraintsProfileDisallowed", "true")),
        raw(1, period("ExternalLimits", limit=5), purpose="ChargingStationExternalConstraints"), source="EMS",
    ),
    "limits-show-their-schedules": lambda t: limit_told(
        t.boot().report((SMART, "NotifyChargingLimitWithSchedules", "true"))
    ),
    "reported-profiles-are-installed": lambda t: profiles_reported(t.charging().profile(status="Rejected"), raw(1)),
    # DER control
    "R04.FR.12": lambda t: der(t).der("a", startTime=NOW),
    "R04.FR.13": lambda t: der(t).der("a", duration=5),
    "R04.FR.14": lambda t: der(t).csms("SetDERControl", {
        "isDefault": False, "controlId": "a", "controlType": "EnterService",
        "enterService": {"priority": 0, "highVoltage": 1, "lowVoltage": 1, "highFreq": 1, "lowFreq": 1},
    }),
    "R04.FR.15": lambda t: der(t).der("a", type="Gradients", default=False, gradient=1, softGradient=1),
    "R04.FR.16": lambda t: der(t).der("a", type="FixedVar"),
    "R04.FR.17": lambda t: der(t).der("a", more={"gradient": {"priority": 0, "gradient": 1, "softGradient": 1}}),
    "unsupported-types-are-not-set": lambda t: der(t).report(("DCDERCtrlr", "ModesSupported", "FreqDroop")).der("a"),
    "unsupported-types-are-not-reported": lambda t: der(t).report(("DCDERCtrlr", "ModesSupported", "FreqDroop")).csms(
        "GetDERControl", {"requestId": 1, "controlType": "VoltVar"}, {"status": "NotFound"}
    ),
    "unsupported-types-are-not-cleared": lambda t: der(t).report(("DCDERCtrlr", "ModesSupported", "FreqDroop")).csms(
        "ClearDERControl", {"isDefault": True, "controlType": "VoltVar"}, {"status": "NotFound"}
    ),
    "weaker-defaults-are-superseded": lambda t: der(t).der("a", priority=5).der("b", priority=1),
    "losers-name-themselves": lambda t: der(t).der("a", priority=1).der("b", priority=5),
    "defaults-leave-scheduled-ones-alone": lambda t: der(t).der("a", default=False, priority=5, startTime=LATER).der(
        "b", priority=1, answer={"status": "Accepted", "supersededIds": ["a"]}
    ),
    "weaker-scheduled-ones-are-superseded": lambda t: der(t).der(
        "a", default=False, priority=5, startTime=LATER
    ).der("b", default=False, priority=1, startTime=LATER),
    "starts-are-told": lambda t: alarm(der(t).der("a", default=False, startTime=NOW, duration=60).wait(30)),
    "ends-are-told": lambda t: alarm(
        der(t).der("a", default=False, startTime=NOW, duration=60).started_stopped("a").wait(90)
    ),
    "nothing-found-is-said": lambda t: der(t).der("a").csms("ClearDERControl", {"isDefault": True, "controlId": "a"}).csms(
        "GetDERControl", {"requestId": 1, "controlId": "a"}
    ),
    "nothing-to-clear-is-said": lambda t: der(t).der("a").csms(
        "ClearDERControl", {"isDefault": True, "controlId": "a"}
    ).csms("ClearDERControl", {"isDefault": True, "controlId": "a"}),
    "promised-controls-are-reported": lambda t: alarm(der(t).csms("GetDERControl", {"requestId": 1}).wait(20)),
    "last-report-is-marked": lambda t: der(t).der_report("a").der_report("b"),
    "reports-keep-to-the-question": lambda t: der(t).csms(
        "GetDERControl", {"requestId": 3, "controlId": "a"}
    ).der_report("b"),
    "cleared-controls-are-gone": lambda t: der(t).der("a").csms(
        "ClearDERControl", {"isDefault": True, "controlId": "a"}
    ).der_report("a"),
    "ended-controls-are-gone": lambda t: der(t).der("a", default=False, startTime=NOW).started_stopped(
        "a"
    ).started_stopped("a", False).der_report("a"),
    "superseded-controls-do-not-start": lambda t: der(t).der(
        "a", answer={"status": "Accepted", "supersededIds": ["a"]}
    ).started_stopped("a"),
    "no-early-start": lambda t: der(t).der("a", default=False, startTime=LATER).started_stopped("a"),
    "alarms-name-their-fault": lambda t: alarm(t, fault=None),
    "one-alarm-per-event": lambda t: alarm(alarm(t)),
    "csms-sends-acceptable-controls": lambda t: der(t).der("a", startTime=NOW, answer={"status": "Rejected"}),
    "csms-schedules-have-a-start": lambda t: der(t).der("a", default=False),
    "takeover-is-no-end": lambda t: alarm(alarm(alarm(t.boot()), ended=True), kind="HVMustTrip"),
    "running-controls-go-on": lambda t: alarm(
        der(t).der("a", default=False, startTime=NOW, duration=600).started_stopped("a").wait(60).started_stopped(
            "a", False
        ).wait(20)
    ),
    "ended-alarms-were-told": lambda t: alarm(t.boot(), ended=True),
    "der-nameplate-is-told": lambda t: t.boot().needs(
        requestedEnergyTransfer="AC_BPT_DER", availableEnergyTransfer=["AC_BPT_DER"]
    ),
    "der-nameplate-is-reported": lambda t: t.boot().report(("DCDERCtrlr", "ModesSupported", "FreqDroop")),
    "controls-survive-a-reboot": lambda t: t.boot().der("a").boot().csms(
        "GetDERControl", {"requestId": 1, "controlId": "a"}, {"status": "NotFound"}
    ),
    # frames
    "pings-are-answered": lambda t: t.boot().ping().wait(3).pong(payload="32").wait(9).cs("Heartbeat", {}, {"currentTime": NOW}),
    "silent-links-are-left": lambda t: t.boot().ping().wait(3).ping(payload="32").wait(3).ping(payload="33"),
    "texts-are-frames": lambda t: t.text("charger", "[2,"),
    "payloads-fit-their-schema": lambda t: t.cs("Heartbeat", {"x": 1}, {"currentTime": NOW}),
    "names-of-the-prose": lambda t: t.charging().profile(dynUpdateTimeInterval=5),
    "threshold-is-a-number": lambda t: threshold(t.boot(), "boolean"),
    "reason-codes-of-the-prose": lambda t: t.charging().profile(
        answer={"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEVSE"}}
    ),
    "message-ids-are-unique": lambda t: t.cs("Heartbeat", {}, {"currentTime": NOW}, id="x").csms(
        "ClearCache", {}, id="y"
    ).csms("GetDERControl", {"requestId": 1}, {"status": "NotFound"}, id="y"),
    "one-call-at-a-time": lambda t: t.cs("Heartbeat", {}, silent=True).cs("Heartbeat", {}, {"currentTime": NOW}),
    "station-answers": lambda t: t.csms("ClearCache", {}, silent=True).wait(90).csms("ClearCache", {}),
    "csms-answers": lambda t: t.cs("Heartbeat", {}, silent=True).wait(90).csms("ClearCache", {}),
    "error-codes": lambda t: t.csms("ClearCache", {}, error="Nonsense"),
    "not-implemented": lambda t: t.csms("ClearCache", {}, error="NotImplemented"),
    "answers-have-requests": lambda t: t.boot().text("charger", '[3,"nobody",{}]'),
    "result-errors-name-results": lambda t: t.boot().text("charger", '[5,"nobody","FormatViolation","",{}]'),
    "sends-are-not-answered": lambda t: t.text("charger", STREAM).text("csms", '[3,"s-1",{}]'),
    "streams-are-sent": lambda t: t.text("csms", '[6,"s-2","ClearCache",{}]'),
    "error-descriptions": lambda t: t.boot().text("csms", '[2,"d-1","ClearCache",{}]').text(
        "charger", json.dumps([4, "d-1", "InternalError", "x" * 256, {}])
    ),
    "unknown-types": lambda t: t.text("csms", '[7,"u-1"]').text("charger", '[4,"u-1","MessageTypeNotSupported","",{}]'),
    # transactions and meter values
    "sequence-numbers": lambda t: t.boot().event("Started", seq=0).event(seq=2),
    "started-is-first": lambda t: t.boot().event("Started", seq=5).event(seq=4),
    "ended-is-last": lambda t: t.boot().event("Started", seq=0).event("Ended", seq=1).event(seq=2),
    "stopped-reason": lambda t: t.boot().cs("TransactionEvent", {
        "eventType": "Ended", "timestamp": NOW, "triggerReason": "EVDeparted", "seqNo": 1,
        "transactionInfo": {"transactionId": "x"},
    }),
    "registers-never-fall": lambda t: t.charging().metered(
        0, Energy__Active__Import__Register=500
    ).wait(10).metered(0, Energy__Active__Import__Register=100),
    "registers-and-power": lambda t: t.charging().metered(
        -10_000, Energy__Active__Import__Register=0, Energy__Active__Export__Register=0
    ).wait(360).metered(-10_000, Energy__Active__Import__Register=1000, Energy__Active__Export__Register=0),
    "one-direction": lambda t: t.charging().event(meter={"Power.Active.Import": -500}),
    "time-stamps-are-past": lambda t: t.boot().event("Started", top={"timestamp": LATER}),
    "csms-answers-events": lambda t: t.boot().cs("TransactionEvent", {
        "eventType": "Started", "timestamp": NOW, "triggerReason": "Authorized", "seqNo": 0,
        "transactionInfo": {"transactionId": "x"},
    }, silent=True).wait(40).csms("ClearCache", {}),
    "transaction-ids": lambda t: t.boot().event("Started", seq=0).event("Ended", seq=1).event("Started", "CablePluggedIn", seq=2),
}  # fmt: skip
"""One conversation a rule, by the rule's id behind `ocpp2.1/`."""
OF_THE_WEBSOCKET = ("pings-are-answered", "silent-links-are-left")
"""Rules that point at no frame of OCPP."""


WARNED = {
    "dynUpdateTimeInterval": lambda t: t.charging().profile(dynUpdateTimeInterval=60),
    "dischargingLimit": lambda t: t.charging().profile({**period(setpoint=0), "dischargingLimit": -5}),
    "supersededId": lambda t: der(t).der("a", answer={"status": "Accepted", "supersededId": "b"}),
    "LimitDischargePower": lambda t: der(t).der("a", type="LimitDischargePower"),
    "AC_BPTDER": lambda t: t.boot().needs(requestedEnergyTransfer="AC_BPTDER", availableEnergyTransfer=["AC_BPTDER"]),
    "preconditioning": lambda t: t.charging().profile({**period(setpoint=0), "preconditioning": True}),
    "signatureValue": lambda t: t.charging().profile(signatureValue="x"),
    "derChargeParameters": lambda t: t.boot().needs(
        requestedEnergyTransfer="AC_BPT_DER", availableEnergyTransfer=["AC_BPT_DER"], derChargeParameters={}
    ),
    "isDynamic": lambda t: t.boot().cs(
        "NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "EMS", "isDynamic": True}}
    ),
    "flat UpdateDynamicSchedule": lambda t: t.charging().profile().csms(
        "UpdateDynamicSchedule", {"chargingProfileId": 1, "setpoint": -500}
    ),
    "InvalidMessageSequence": lambda t: rejected_for(t, "InvalidMessageSequence"),
    "UnknownEVSE": lambda t: rejected_for(t, "UnknownEVSE"),
    "LocalFrequencyUpdateThreshold": lambda t: threshold(t.boot(), "boolean"),
    "V2XSupportedOperationModes": lambda t: t.boot().report(("V2XChargingCtrlr", "V2XSupportedOperationModes", "Idle")),
    "V2XLocalLoadBalancing": lambda t: t.boot().report(("V2XChargingCtrlr", "V2XLocalLoadBalancing", "1")),
}  # fmt: skip
"""Where prose and schema, or prose and appendix, disagree: what follows the prose."""
TAKEN = {
    "InvalidOperationMode": lambda t: rejected_for(t, "InvalidOperationMode"),
    "PhaseConflict": lambda t: rejected_for(t, "PhaseConflict"),
    "InvalidMessageSeq": lambda t: rejected_for(t, "InvalidMessageSeq"),
    "threshold in mHz": lambda t: threshold(t.boot(), "integer"),
    "pull at dynUpdateTime + dynUpdateInterval": lambda t: pull(
        t.charging().profile(dynUpdateInterval=20).event(
            trigger="OperationModeChanged", operationMode="CentralSetpoint"
        ).wait(20), scheduleUpdate={"setpoint": 0},
    ),
}  # fmt: skip
"""Of such conflicts, what both readings allow."""


@pytest.mark.parametrize("conflict", WARNED)
def test_what_follows_the_prose_against_the_schema_is_warned_of_and_never_failed(conflict):
    found = told(WARNED[conflict])
    assert [one.rule for one in found if one.severity is Severity.FAIL] == []
    assert [one.rule for one in found if one.severity is Severity.WARN and one.confidence == "X"] != []


@pytest.mark.parametrize("conflict", TAKEN)
def test_what_both_readings_of_a_conflict_allow_is_taken(conflict):
    assert [one.rule for one in told(TAKEN[conflict]) if one.severity is Severity.FAIL] == []


def told(story):
    talk = Talk()
    story(talk)
    return judge_transcript(talk.events, ["ocpp2.1"])


def test_every_rule_has_a_breach():
    assert {name.partition("/")[2] for name in RULES} == set(BREACHES)


@pytest.mark.parametrize("name", list(BREACHES))
def test_a_breach_trips_its_rule(name):
    found = {finding.rule: finding for finding in told(BREACHES[name])}
    assert f"ocpp2.1/{name}" in found, sorted(found)
    finding = found[f"ocpp2.1/{name}"]
    assert finding.message or name in OF_THE_WEBSOCKET
    assert finding.events
    assert finding.reason


@pytest.mark.parametrize(
    "story",
    [
        lambda t: t.charging().wait(30).metered(11_000).event("Ended"),
        lambda t: t.boot().ping("csms").wait(30).link("closed").link("connected").cs("Heartbeat", {}, {"currentTime": NOW}),
        lambda t: t.boot().ping("csms").wait(30).pong("charger").cs("Heartbeat", {}, {"currentTime": NOW}),
        after(-10_000, (-9_900, {"Power__Active__Setpoint": -10_000}), (-9_900, {"Power__Active__Setpoint": -10_000})),
        lambda t: t.charging().profile(period(setpoint=5, limit=1), status="Rejected"),
        lambda t: der(t).der("a", priority=5).der("b", priority=1, answer={"status": "Accepted", "supersededIds": ["a"]}),
        lambda t: alarm(alarm(t), ended=True),
        lambda t: schedule(t.boot()),
        lambda t: t.csms("Nonsense", {}, error="NotImplemented"),
        lambda t: t.boot().ping().wait(1).ping(payload="32").pong(payload="32").wait(9).boot(),
        lambda t: t.boot().ping("csms").pong("charger").wait(20).boot(),
        # a start that is told after an offline time does not make the control's time longer, nor does a start in the past
        lambda t: der(t).der("a", default=False, startTime=NOW, duration=600).wait(300).started_stopped(
            "a", offset_s=-299
        ).wait(301).started_stopped("a", False).wait(20),
        lambda t: der(t).wait(300).der("a", default=False, startTime=NOW, duration=600).started_stopped("a").wait(
            301
        ).started_stopped("a", False).wait(20),
        lambda t: t.charging().event("Started", "Authorized", tx="tx-2", top={"evse": {"id": 2}}).profile(),
        lambda t: t.charging().event("Started", "Authorized", tx="tx-2", top={"evse": {"id": 2}}).profile(CHARGE, **FAST).csms(
            "UsePriorityCharging", {"transactionId": "tx-1", "activate": True}
        ).cs("NotifyPriorityCharging", {"transactionId": "tx-1", "activated": True}),
        lambda t: refused(t.boot()).event("Started", "Authorized", top={"idToken": {"idToken": "2", "type": "Local"}}),
        lambda t: t.boot().profile(
            CHARGE, purpose="TxDefaultProfile", transaction_id=None, kind="Relative", validTo=LATER
        ).wait(900).boot().csms(
            "GetChargingProfiles", {"requestId": 1, "chargingProfile": {"chargingProfileId": [1]}}, {"status": "NoProfiles"}
        ),
    ],
)  # fmt: skip
def test_a_conversation_as_it_should_be_trips_no_station_rule(story):
    assert [finding for finding in told(story) if finding.side == "station"] == []


def refused(t):
    return t.cs("Authorize", {"idToken": {"idToken": "1", "type": "Local"}}, {"idTokenInfo": {"status": "Invalid"}})


def sign(t, kind):
    return t.cs("SignCertificate", {"csr": "x", "certificateType": kind}, {"status": "Accepted"})


def signed(t, **kind):
    return t.csms("CertificateSigned", {"certificateChain": "x", **kind})


def permitted(t, transaction):
    asked = {"transactionId": transaction, "allowedEnergyTransfer": ["DC"]}
    return t.csms("NotifyAllowedEnergyTransfer", asked, {"status": "Rejected"})


@pytest.mark.parametrize(
    "story",
    [
        lambda t: signed(signed(sign(sign(t.boot(), "ChargingStationCertificate"), "V2GCertificate"),
                                certificateType="ChargingStationCertificate"), certificateType="V2GCertificate"),
        lambda t: signed(sign(t.boot(), "V2GCertificate")),
        lambda t: permitted(t.charging().event("Ended"), "tx-1"),
        lambda t: permitted(t.charging().event("Started", "Authorized", tx="tx-2"), "tx-1"),
        # another vehicle, at another EVSE
        lambda t: t.charging().needs(top={"evseId": 2, "maxScheduleTuples": 1}).profile(
            CHARGE, {**CHARGE, "startPeriod": 9}, kind="Relative"
        ),
    ],
)  # fmt: skip
def test_a_conversation_as_it_should_be_trips_no_csms_rule(story):
    assert [finding for finding in told(story) if finding.side == "csms"] == []


def test_a_permission_for_a_transaction_that_is_long_over_is_the_csmss_fault():
    found = told(lambda t: permitted(t.charging().event("Ended").wait(20), "tx-1"))
    assert "ocpp2.1/permission-names-the-transaction" in {one.rule for one in found}


def test_a_mode_may_be_told_before_the_profile_is_answered():
    def tell(t):
        draft = profile(1, [period(setpoint=0)], transaction_id="tx-1")
        t.charging().csms("SetChargingProfile", {"evseId": 1, "chargingProfile": draft}, id="early", silent=True)
        t.event(trigger="OperationModeChanged", operationMode="CentralSetpoint")
        return t.text("charger", '[3, "early", {"status": "Accepted"}]').wait(20).metered(0)

    assert "ocpp2.1/mode-changes-are-told" not in {one.rule for one in told(tell)}


def test_a_transcript_that_begins_in_the_middle_is_not_held_against_anybody():
    talk = Talk()
    talk.charging().profile().event(trigger="OperationModeChanged", operationMode="CentralSetpoint")
    cut = len(talk.events)
    talk.setpoint(-5_000).wait(20).metered(-5_000).event("Ended", "EVDeparted", stoppedReason="EVDisconnected")
    failed = [one for one in judge_transcript(talk.events[cut:], ["ocpp2.1"]) if one.severity is Severity.FAIL]
    assert failed == []


def test_at_least_120_requirements_of_the_v2x_blocks_are_covered():
    named = {part.strip() for one in RULES.values() for part in one.requirement.split(",")}
    assert len([one for one in named if re.fullmatch(r"(K\d\d|Q\d\d|R\d\d)\.FR\.\d+|V2X\.\d+", one)]) >= 120


def test_a_2_0_1_conversation_is_not_judged_by_2_1_rules():
    talk = Talk()
    talk.events.clear()
    talk.link("connected", version="2.0.1")
    assert judge_transcript(talk.text("charger", "[2,").events, ["ocpp2.1"]) == []
