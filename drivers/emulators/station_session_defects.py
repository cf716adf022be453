"""Transactions, site and security of the emulated charger's OCPP half, with what they get wrong."""

from __future__ import annotations

from drivers.emulators import frame_quirks
from drivers.emulators.station_quirks import (
    FIELD,
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
from harness.ocpp.security import Fault
from harness.ocpp.timestamps import to_seconds, to_text


def _another_evccid(payload: Payload) -> Payload:
    for one in payload.get("idToken", {}).get("additionalInfo", ()):
        one["additionalIdToken"] = "ANOTHERVEHICLE001"
    return payload


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


def _no_evccid(payload: Payload) -> Payload:
    payload.get("idToken", {}).pop("additionalInfo", None)
    return payload


def _default_setpoint(request: Payload) -> bool:
    default = profile_in(request)["chargingProfilePurpose"] == "TxDefaultProfile"
    return default and mode_in(request) == "CentralSetpoint" and len(periods_in(request)) == 1


def _flattened(period: Payload) -> None:
    for point in period.get("v2xFreqWattCurve", ()):
        point["power"] = 0.0


def _without_stack_level(report: Payload) -> Payload:
    kept = [one for one in report["reportData"] if one["variable"]["name"] != "ProfileStackLevel"]
    return {**report, "reportData": kept}


def _two_hours_later(needs: Payload) -> None:
    if "departureTime" in needs:
        needs["departureTime"] = to_text(to_seconds(needs["departureTime"]) + 7_200.0)


def _halved(parameters: Payload) -> None:
    if "maxChargePower" in parameters:
        parameters["maxChargePower"] /= 2


def _only_charging(info: Payload) -> None:
    if "operationMode" in info:
        info["operationMode"] = "ChargingOnly"


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


def _hash_of_another_key(asked: Payload) -> None:
    asked["issuerKeyHash"] = asked["issuerKeyHash"][::-1]


def _other_password(request: Payload) -> Payload:
    for one in request["setVariableData"]:
        if one["variable"]["name"] == "BasicAuthPassword":
            one["attributeValue"] = one["attributeValue"][:-1]
    return request


TRANSACTION_SEEDS: tuple[Seed, ...] = (
    (
        "transaction-ends-on-pause", FIELD, "PF_E02_01_CS",
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
        "evccid-of-another", OURS, "cross-protocol/evccid-is-the-vehicles",
        "tells an EVCCID that is not the vehicle's",
        Quirks(outgoing=changed("TransactionEvent", _another_evccid)),
    ),
    (
        "transfer-of-another", OURS, "cross-protocol/requested-transfer-is-the-selected-one",
        "requests AC over OCPP while vehicle and station have selected DC",
        Quirks(
            outgoing=changed(
                "NotifyEVChargingNeeds",
                each_of(
                    "chargingNeeds",
                    lambda p: p.update(requestedEnergyTransfer="AC_BPT", availableEnergyTransfer=["AC_BPT"]),
                ),
            )
        ),
    ),
    (
        "departure-of-another", OURS, "cross-protocol/departure-and-energies-are-the-vehicles",
        "tells a departure two hours after the vehicle's",
        Quirks(outgoing=changed("NotifyEVChargingNeeds", each_of("chargingNeeds", _two_hours_later))),
    ),
    (
        "powers-of-another", OURS, "cross-protocol/needs-are-the-vehicles",
        "tells half of what the vehicle can take",
        Quirks(outgoing=changed("NotifyEVChargingNeeds", each_of("chargingNeeds.v2xChargingParameters", _halved))),
    ),
    (
        "mode-of-another", OURS, "cross-protocol/told-mode-allows-the-power",
        "tells ChargingOnly while it follows setpoints both ways",
        Quirks(outgoing=changed("TransactionEvent", each_of("transactionInfo", _only_charging))),
    ),
    (
        "evccid-missing", OURS, "ocpp2.1/evccid-in-the-first-event",
        "leaves the EVCCID out of the first TransactionEvent",
        Quirks(outgoing=changed("TransactionEvent", _no_evccid)),
    ),
    (
        "mode-change-untold", OURS, "ocpp2.1/mode-changes-are-told",
        "sends no TransactionEvent when the operation mode changes",
        Quirks(
            outgoing=changed(
                "TransactionEvent", lambda p: None if p["triggerReason"] == "OperationModeChanged" else p
            )
        ),
    ),
    (
        "mode-unnamed", OURS, "ocpp2.1/mode-is-named",
        "tells that the operation mode has changed, not to which",
        Quirks(outgoing=changed("TransactionEvent", drop("operationMode", "transactionInfo"))),
    ),
    (
        "sequence-gaps", OURS, "ocpp2.1/sequence-numbers",
        "counts seqNo in steps of two",
        Quirks(outgoing=changed("TransactionEvent", lambda p: {**p, "seqNo": 2 * p["seqNo"]})),
    ),
    (
        "stopped-reason-missing", "field: public issue reports of station firmware", "ocpp2.1/stopped-reason",
        "does not tell why a transaction ended",
        Quirks(outgoing=changed("TransactionEvent", drop("stoppedReason", "transactionInfo"))),
    ),
    (
        "discharge-power-negative", OURS, "ocpp2.1/v2x-parameters-are-positive",
        "tells the vehicle's maxDischargePower as a negative number",
        Quirks(
            outgoing=changed(
                "NotifyEVChargingNeeds",
                each_of("chargingNeeds.v2xChargingParameters", lambda p: p.update(maxDischargePower=-11_000)),
            )
        ),
    ),
    (
        "v2x-parameters-missing", OURS, "ocpp2.1/bidirectional-needs-are-complete",
        "tells bidirectional needs without v2xChargingParameters",
        Quirks(outgoing=changed("NotifyEVChargingNeeds", drop("v2xChargingParameters", "chargingNeeds"))),
    ),
    (
        "transfer-not-available", OURS, "ocpp2.1/requested-is-available",
        "requests a transfer that it does not list as available",
        Quirks(
            outgoing=changed(
                "NotifyEVChargingNeeds", each_of("chargingNeeds", lambda p: p.update(availableEnergyTransfer=["DC"]))
            )
        ),
    ),
    (
        "schedule-id-invented", OURS, "ocpp2.1/reported-schedule-is-the-csmss",
        "reports a schedule id of its own in dynamic control mode",
        Quirks(outgoing=changed("NotifyEVChargingSchedule", lambda p: {**p, "selectedChargingScheduleId": 999})),
    ),
    (
        "allowed-transfer-refused", OURS, "ocpp2.1/allowed-transfers-are-accepted",
        "refuses NotifyAllowedEnergyTransfer in a running transaction",
        says("NotifyAllowedEnergyTransfer", "Accepted", "Rejected"),
    ),
)  # fmt: skip
"""Transactions and needs that are told wrongly, or not at all."""


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
"""What comes from the site, and what a session goes through."""


BAD_CONTRACTS = ("ContractCancelled", "CertificateExpired", "CertificateRevoked", "CertChainError")

SECURITY_SEEDS: tuple[Seed, ...] = (
    ("any-server-certificate", OURS, "PF_A00_R3_CS", "talks to a CSMS whatever certificate that shows",
     Quirks(security_faults=frozenset({Fault.TRUSTS_EVERYBODY}))),
    ("expired-server-certificates", OURS, "PF_A00_R2_CS", "does not look at the dates of a CSMS's certificate",
     Quirks(security_faults=frozenset({Fault.IGNORES_EXPIRY}))),
    ("no-subprotocol-needed", OURS, "PF_A00_R4_CS", "stays with a CSMS that chose no version of OCPP",
     Quirks(security_faults=frozenset({Fault.ASSUMES_VERSION}))),
    ("password-left-out-over-tls", OURS, "PF_A05_02_CS", "shows a wrong password in security profile 2",
     Quirks(unproved=frozenset({2}))),
    ("certificate-left-out", OURS, "PF_A05_03_CS", "does not show its certificate in security profile 3",
     Quirks(unproved=frozenset({3}))),
    ("no-way-back", OURS, "PF_A00_R1_CS", "tries one network profile for ever",
     Quirks(variables={"OCPPCommCtrlr.NetworkProfileConnectionAttempts": "1000"})),
    ("network-profiles-refused", OURS, "PF_A05_01_CS", "rejects every network profile",
     says("SetNetworkProfile", "Accepted", "Rejected")),
    ("network-priority-ignored", OURS, "PF_A05_00_CS", "accepts another order of its network profiles and stays where it is",
     keeps("NetworkConfigurationPriority", "1")),
    ("renewed-certificate-unused", OURS, "PF_A02_01_CS", "accepts a renewed certificate and shows the one of before",
     Quirks(keeps_first_certificate=True)),
    ("password-cut", OURS, "PF_A01_01_CS", "keeps a new password without its last character",
     Quirks(incoming=changed("SetVariables", _other_password))),
    ("any-own-certificate", OURS, "PF_A02_R1_CS", "accepts a certificate that is not for its key",
     says("CertificateSigned", "Rejected", "Accepted")),
    ("security-events-untold", OURS, "PF_A02_R1_CS", "tells no security event",
     silent_about("SecurityEventNotification")),
    ("chain-status-unasked", OURS, "PF_M06_01_CS", "does not ask for the status of its V2G chain",
     silent_about("GetCertificateStatus")),
    ("contract-as-a-card", OURS, "PF_C07_01_CS", "tells a contract's eMAID as if it were a local token",
     Quirks(outgoing=changed("Authorize", each_of("idToken", lambda t: t.update(type="Local"))))),
    ("contract-without-certificates", OURS, "PF_C07_01_CS", "shows the CSMS no certificates of a contract",
     Quirks(outgoing=changed("Authorize", without("iso15118CertificateHashData")))),
    ("any-contract", OURS, "PF_C07_R1_CS", "charges for every contract, whatever the CSMS says of it",
     Quirks(trusts_contracts=frozenset(BAD_CONTRACTS))),
    *((f"{what}-contracts-charge", OURS, case, f"charges for a contract of which the CSMS says {status}",
       Quirks(trusts_contracts=frozenset({status})))
      for what, case, status in zip(("cancelled", "expired", "revoked", "strange"),
                                    ("PF_C07_R1_CS", "PF_C07_R2_CS", "PF_C07_R3_CS", "PF_C07_R4_CS"), BAD_CONTRACTS,
                                    strict=True)),
    ("installation-unasked", OURS, "PF_M01_01_CS", "does not pass a vehicle's wish for a contract on",
     silent_about("Get15118EVCertificate")),
    ("contract-priorities-forgotten", OURS, "PF_M01_02_CS", "does not hand on which contracts a vehicle wants first",
     Quirks(forgets_priorities=True)),
    ("second-contract-unasked", OURS, "PF_M01_02_CS", "answers a second installation request with the first contract",
     Quirks(asks_once=True)),
    ("failed-installation-hidden", OURS, "PF_M01_R1_CS", "tells the vehicle OK where the CSMS had no contract for it",
     Quirks(hides_failed_installation=True)),
    ("vehicles-chain-unasked", OURS, "PF_M07_01_CS", "does not ask for the status of a vehicle's chain",
     silent_about("GetCertificateChainStatus")),
    ("vehicles-revocation-ignored", OURS, "PF_M07_R1_CS", "charges a vehicle whose certificate the CSMS calls revoked",
     Quirks(serves_revoked_vehicles=True)),
    ("ocsp-of-another-issuer", OURS, "PF_M06_01_CS", "names a sub-CA by another key than its issuer's",
     Quirks(outgoing=changed("GetCertificateStatus", each_of("ocspRequestData", _hash_of_another_key)))),
    ("certificate-kind-untold", OURS, "PF_A02_02_CS", "asks for each kind of certificate as for its own",
     Quirks(outgoing=changed("SignCertificate", lambda p: {**p, "certificateType": "ChargingStationCertificate"}))),
    ("v2g-chain-unlisted", OURS, "PF_M03_01_CS", "does not list its V2G certificate",
     Quirks(answer=answered("GetInstalledCertificateIds", lambda _, a: {"status": "NotFound"} if any(
         one["certificateType"] == "V2GCertificateChain" for one in a.get("certificateHashDataChain", ())) else a))),
    ("own-certificate-deleted", OURS, "PF_M04_R1_CS", "deletes the certificate by which it proves itself",
     says("DeleteCertificate", "Failed", "Accepted")),
    ("transaction-of-another-token", OURS, "ocpp2.1/transaction-has-the-authorised-token",
     "tells a transaction with another token than was authorised",
     Quirks(outgoing=changed("TransactionEvent", each_of("idToken", lambda t: t.update(idToken="F00D") if t else None)))),
    ("certificate-unasked", OURS, "PF_A03_01_CS", "asks for no certificate of its own when it is told to",
     silent_about("SignCertificate")),
    ("deletes-what-is-not-there", OURS, "PF_M05_01_CS", "answers Accepted when there is no such certificate",
     says("DeleteCertificate", "NotFound", "Accepted")),
)  # fmt: skip
"""Security (block A) and the store of roots (block M)."""


FRAME_SEEDS: tuple[Seed, ...] = (
    ("result-error-to-nobody", OURS, "PF_P4_03_CS", "calls a bad result bad by an id that no result has",
     Quirks(wording=frame_quirks.RESULT_ERROR_TO_NOBODY)),
    ("answers-sends", OURS, "PF_P4_04_CS", "answers a message that wants no answer",
     Quirks(wording=frame_quirks.ANSWERS_SENDS)),
    ("accepts-malformed-requests", "field: public issue reports of station firmware", "PF_P4_05_CS",
     "accepts requests that break their schema", Quirks(wording=frame_quirks.ACCEPTS_THE_MALFORMED)),
    ("answers-unknown-types", OURS, "ocpp2.1/unknown-types", "answers messages of a type that OCPP 2.1 does not know",
     Quirks(wording=frame_quirks.ANSWERS_UNKNOWN_TYPES)),
    ("message-ids-used-again", OURS, "ocpp2.1/message-ids-are-unique", "uses its message ids again and again",
     Quirks(reuses_ids=True)),
    ("error-codes-of-its-own", OURS, "ocpp2.1/error-codes", "answers errors by a code that no version has",
     Quirks(wording=frame_quirks.OWN_CODES)),
    ("long-error-descriptions", OURS, "ocpp2.1/error-descriptions", "describes errors at more than 255 characters",
     Quirks(wording=frame_quirks.LONG_DESCRIPTIONS)),
)  # fmt: skip
"""OCPP-J itself."""
