"""What the emulated charger's OCPP half gets wrong of its site, and of what a session goes through."""

from __future__ import annotations

from drivers.emulators.station_quirks import (
    OURS,
    Seed,
    accept_if,
    answered,
    changed,
    drop,
    each_of,
    forgets,
    in_periods,
    keeps,
    mode_in,
    periods_in,
    profile_in,
    says,
    silent_about,
    without,
)
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import Quirks


def _phases_added(parameters: Payload) -> None:
    if "evMaxCurrent" in parameters:
        parameters["evMaxCurrent"] *= 3


def _as_ac(needs: Payload) -> None:
    if "dcChargingParameters" in needs:
        needs["requestedEnergyTransfer"] = "AC_three_phase"


def _doubled(report: Payload) -> Payload:
    for one in report["chargingSchedule"]["chargingSchedulePeriod"]:
        one["limit"] = 2.0 * one.get("limit", 0.0)
    return report


def _never_late(request: Payload) -> Payload | None:
    late = "timestamp" in request and "dcChargingParameters" in request["chargingNeeds"]
    return None if late else request


def _as_newer(needs: Payload) -> None:
    if told := needs.pop("dcChargingParameters", None):
        needs["v2xChargingParameters"] = {"maxChargePower": told["evMaxPower"]}


def _default_setpoint(request: Payload) -> bool:
    default = profile_in(request)["chargingProfilePurpose"] == "TxDefaultProfile"
    return default and mode_in(request) == "CentralSetpoint" and len(periods_in(request)) == 1


def _flattened(period: Payload) -> None:
    for point in period.get("v2xFreqWattCurve", ()):
        point["power"] = 0.0


def _without_stack_level(report: Payload) -> Payload:
    kept = [one for one in report["reportData"] if one["variable"]["name"] != "ProfileStackLevel"]
    return {**report, "reportData": kept}


def _stopped_locally(info: Payload) -> None:
    if info.get("stoppedReason") == "StoppedByEV":
        info["stoppedReason"] = "Local"


def _unlimited(_: Payload, answer: Payload) -> Payload:
    for period in answer.get("schedule", {}).get("chargingSchedulePeriod", ()):
        if "limit" in period:
            period["limit"] = 22_000
    return answer


def _first_step(note: Payload, key: str) -> Payload:
    for schedule in note.get("chargingSchedule", ()):
        if key in schedule["chargingSchedulePeriod"][0]:
            del schedule["chargingSchedulePeriod"][1:]
    return note


SITE_SEEDS: tuple[Seed, ...] = (
    ("external-setpoint-taken-for-zero", OURS, "PF_Q05_01_CS", "holds 0 W in an ExternalSetpoint period",
     in_periods(lambda r: mode_in(r) == "ExternalSetpoint",
                 lambda p: p.update(operationMode="CentralSetpoint", setpoint=0))),
    ("external-limits-not-kept", OURS, "PF_Q05_02_CS", "does not keep the energy manager's limits in the CSMS's period",
     in_periods(lambda r: mode_in(r) == "ExternalLimits", lambda p: p.update(operationMode="ChargingOnly"))),
    ("external-control-always-on", OURS, "PF_Q05_R1_CS", "listens to the energy manager although it is switched off",
     keeps("ExternalControlSignalsEnabled", "true")),
    ("external-profiles-always-allowed", OURS, "PF_Q06_R1_CS",
     "makes ExternalConstraints profiles although they are disallowed",
     keeps("ExternalConstraintsProfileDisallowed", "false")),
    ("external-limit-untold", OURS, "PF_Q06_01_CS", "keeps a limit of the energy manager and does not tell it",
     silent_about("NotifyChargingLimit")),
    ("rate-change-untold", OURS, "PF_K13_01_CS", "tells no event when the energy manager changes the charging rate",
     Quirks(outgoing=changed("TransactionEvent", lambda p: None if p["triggerReason"] == "ChargingRateChanged" else p))),
    ("external-schedule-untold", OURS, "PF_Q06_05_CS", "tells only the first step of the energy manager's schedule of limits",
     Quirks(outgoing=changed("NotifyChargingLimit", lambda p: _first_step(p, "limit")))),
    ("external-setpoints-untold", OURS, "PF_Q06_06_CS", "tells only the first step of the energy manager's setpoints",
     Quirks(outgoing=changed("NotifyChargingLimit", lambda p: _first_step(p, "setpoint")))),
    ("external-limit-of-one-evse", OURS, "PF_Q06_30_CS", "tells an order for the whole station as if it were for one EVSE",
     Quirks(outgoing=changed("NotifyChargingLimit", lambda p: {**p, "evseId": 1}))),
    ("afrr-signal-at-once", OURS, "PF_Q08_02_CS", "takes a signal at once, whatever its timestamp",
     Quirks(incoming=changed("AFRRSignal", lambda p: {**p, "timestamp": "2000-01-01T00:00:00Z"}))),
    ("external-changes-untold", OURS, "PF_Q06_11_CS", "takes every change of the energy manager's limit for a small one",
     keeps("LimitChangeSignificance", "1000")),
    ("external-limit-for-ever", OURS, "PF_Q06_03_CS", "keeps a limit of the energy manager that has not renewed it",
     Quirks(keeps_ems_orders=True)),
    ("external-limit-unforeseen", OURS, "PF_K14_01_CS", "foresees nothing of a limit that the energy manager has set",
     Quirks(answer=answered("GetCompositeSchedule", _unlimited))),
    ("external-release-untold", OURS, "PF_K13_01_CS", "does not tell that the energy manager's limit is gone",
     silent_about("ClearedChargingLimit")),
    ("setpoint-priority-fixed", OURS, "PF_Q06_02_CS", "follows the energy manager whatever SetpointPriority says",
     keeps("SetpointPriority", "ExternalControl")),
    ("load-not-balanced", OURS, "PF_Q09_01_CS", "holds 0 W where it should balance the site",
     in_periods(lambda r: mode_in(r) == "LocalLoadBalancing",
                 lambda p: p.update(operationMode="CentralSetpoint", setpoint=0))),
    ("balancing-without-limits", OURS, "PF_Q09_02_CS", "forgets dischargeLimit while it balances the site",
     in_periods(lambda r: mode_in(r) == "LocalLoadBalancing", lambda p: p.pop("dischargeLimit", None))),
    ("thresholds-unchecked", OURS, "PF_Q09_R3_CS", "accepts LocalLoadBalancing with thresholds the wrong way round",
     accept_if(lambda r: mode_in(r) == "LocalLoadBalancing")),
    ("frequency-ignored", OURS, "PF_Q08_03_CS", "holds its baseline whatever the frequency is",
     in_periods(lambda r: mode_in(r) == "LocalFrequency", _flattened)),
    ("generation-not-added", OURS, "PF_K27_01_CS", "does not add local generation to its limit",
     in_periods(lambda r: profile_in(r)["chargingProfilePurpose"] == "LocalGeneration", lambda p: p.update(limit=0))),
    ("der-alarm-untold", OURS, "PF_R05_01_CS", "trips on a grid event and tells no alarm", silent_about("NotifyDERAlarm")),
    ("der-alarm-nameless", OURS, "PF_R05_01_CS", "does not name the grid event in its alarm",
     Quirks(outgoing=changed("NotifyDERAlarm", without("gridEventFault")))),
    ("permission-unheard", OURS, "PF_Q02_02_CS", "does not answer a new permission, and tells no needs anew",
     Quirks(incoming=changed("NotifyAllowedEnergyTransfer", lambda _: None),)),
    ("remote-start-nameless", OURS, "PF_K05_02_CS", "does not say which remote start began a transaction",
     Quirks(outgoing=changed("TransactionEvent", drop("remoteStartId", "transactionInfo")))),
    ("remote-stop-ignored", OURS, "PF_E06_02_CS", "accepts RequestStopTransaction and goes on",
     Quirks(incoming=changed("RequestStopTransaction", lambda p: {**p, "transactionId": "another"}),
            answer=answered("RequestStopTransaction", lambda *_: {"status": "Accepted"}))),
    ("default-profile-ignored", OURS, "PF_K19_02_CS", "accepts a TxDefaultProfile with a setpoint and forgets it",
     forgets(_default_setpoint)),
    ("external-limit-unheard-offline", OURS, "PF_K13_02_CS", "does not listen to the energy manager while it is offline",
     Quirks(deaf_to_ems_offline=True)),
    ("older-needs-as-newer", OURS, "PF_K15_01_CS", "tells needs of an ISO 15118-2 vehicle as those of an ISO 15118-20 one",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", each_of("chargingNeeds", _as_newer)))),
    ("older-ac-currents-added", OURS, "PF_K15_03_CS",
     "tells the current of all phases together where an ISO 15118-2 vehicle told that of one",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", each_of("chargingNeeds.acChargingParameters", _phases_added)))),
    ("older-transfer-of-another", OURS, "cross-protocol/older-transfer-is-the-asked-one",
     "requests alternating current where an ISO 15118-2 vehicle asks for direct current",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", each_of("chargingNeeds", _as_ac)))),
    ("older-schedule-doubled", OURS, "cross-protocol/older-schedule-is-the-vehicles",
     "reports twice the power that a vehicle will take", Quirks(outgoing=changed("NotifyEVChargingSchedule", _doubled))),
    ("older-needs-lost-offline", OURS, "PF_K15_02_CS", "forgets needs of an ISO 15118-2 vehicle that it learnt offline",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", _never_late))),
    ("older-refusal-ends-the-transfer", OURS, "PF_K15_R1_CS",
     "ends the transaction where the CSMS has no profile for an ISO 15118-2 vehicle", Quirks(refuses_older_vehicles=True)),
    ("schedule-kept-in-session", OURS, "PF_K16_02_CS", "accepts a new schedule in session, and the vehicle never hears of it",
     Quirks(keeps_schedule_in_session=True)),
    ("needs-told-again", OURS, "PF_K16_01_CS", "tells a vehicle's needs again for every profile of the CSMS",
     Quirks(repeats_needs=True)),
    ("offline-needs-without-time", OURS, "PF_K19_03_CS", "does not say when needs were that it tells later",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", without("timestamp")))),
    ("offline-profile-dropped", OURS, "PF_K06_01_CS", "gives a profile up as soon as it is offline",
     Quirks(incoming=changed("SetChargingProfile", lambda r: {**r, "chargingProfile": {
         **profile_in(r), "maxOfflineDuration": 0}}))),
    ("sleep-untold", OURS, "PF_Q10_03_CS", "does not say that it sleeps",
     Quirks(outgoing=changed("TransactionEvent", without("evseSleep")))),
    ("status-of-transactions-wrong", OURS, "PF_E14_01_CS", "says of every transaction that it is ongoing",
     Quirks(answer=answered("GetTransactionStatus", lambda _, a: {**a, "ongoingIndicator": True}))),
    ("every-transfer-assumed", OURS, "PF_Q01_09_CS", "takes a missing list of allowed transfers for all of them",
     Quirks(assumes_every_transfer=True)),
    ("new-needs-untold", OURS, "PF_K20_01_CS", "tells a vehicle's needs once and never again",
     Quirks(forgets_new_needs=True)),
    ("priority-button-untold", OURS, "PF_K22_01_CS", "does not tell that its driver wants priority charging",
     silent_about("NotifyPriorityCharging")),
    ("stopped-by-the-vehicle-hidden", OURS, "PF_E06_03_CS", "says that it has stopped what the vehicle has ended",
     Quirks(outgoing=changed("TransactionEvent", each_of("transactionInfo", _stopped_locally)))),
    ("scheduled-called-dynamic", OURS, "PF_K18_01_CS", "tells needs in scheduled control as if they were in dynamic control",
     Quirks(outgoing=changed("NotifyEVChargingNeeds",
                             each_of("chargingNeeds", lambda p: p.update(controlMode="DynamicControl"))))),
    ("schedule-of-before", OURS, "PF_K17_01_CS", "offers a vehicle that renegotiates the schedule of before",
     Quirks(keeps_first_schedule=True)),
    ("events-sent-once", OURS, "PF_GW_03_CS", "does not repeat an event that was not answered",
     Quirks(gives_up_at_once=True)),
    ("transfer-refusal-ignored", OURS, "PF_Q01_02_CS", "goes on with a transfer that the CSMS has refused",
     Quirks(ignores_refused_transfer=True)),
    ("end-untold", OURS, "PF_E06_01_CS", "does not tell that a transaction has ended",
     Quirks(outgoing=changed("TransactionEvent", lambda p: None if p["eventType"] == "Ended" else p))),
    ("any-remote-start", OURS, "PF_K05_01_CS", "accepts a remote start with a profile that is none for a transaction",
     says("RequestStartTransaction", "Rejected", "Accepted")),
    ("priority-for-anybody", OURS, "PF_K21_01_CS", "accepts priority charging for a transaction that is not there",
     says("UsePriorityCharging", "Rejected", "Accepted")),
    ("composite-of-no-evse", OURS, "PF_K08_02_CS", "accepts to compose a schedule for an EVSE that is not there",
     says("GetCompositeSchedule", "Rejected", "Accepted")),
    ("killed-by-garbage", OURS, "PF_P4_01_CS", "hears nothing any more after a text that is no frame",
     Quirks(dies_of_garbage=True)),
    ("required-variable-missing", OURS, "PF_B07_02_CS", "leaves ProfileStackLevel out of its full report",
     Quirks(outgoing=changed("NotifyReport", _without_stack_level))),
    ("boot-refusal-ignored", OURS, "PF_B03_01_CS", "goes on although its boot was refused",
     Quirks(ignores_boot_refusal=True)),
    ("any-token", OURS, "PF_C08_R1_CS", "charges for every token, whatever the CSMS says", Quirks(trusts_tokens=True)),
    ("any-value", OURS, "PF_B05_01_CS", "accepts every value of a variable",
     Quirks(answer=answered("SetVariables", lambda _, a: {"setVariableResult": [
         {**one, "attributeStatus": "Accepted"} for one in a["setVariableResult"]]}))),
    ("der-forgotten-at-reboot", OURS, "PF_R01_01_CS", "forgets its DER controls at a reboot", Quirks(forgets_der=True)),
    ("nameplate-incomplete", OURS, "PF_R01_03_CS", "has no value for a variable of its inverter's nameplate",
     Quirks(answer=answered("GetVariables", lambda _, a: {"getVariableResult": [
         without("attributeValue")(one) if one["variable"]["name"] == "InverterModel" else one
         for one in a["getVariableResult"]]}))),
    ("meter-values-for-ever", OURS, "PF_J02_03_CS", "sends meter values although their interval is 0",
     keeps("TxUpdatedInterval", "2", instead_of="0")),
)  # fmt: skip
