"""Transactions, and the needs of a vehicle, that the emulated charger's OCPP half tells wrongly or not at all."""

from __future__ import annotations

from drivers.emulators.station_quirks import FIELD, OURS, Seed, changed, drop, each_of, says
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import Quirks
from harness.ocpp.timestamps import to_seconds, to_text


def _another_evccid(payload: Payload) -> Payload:
    for one in payload.get("idToken", {}).get("additionalInfo", ()):
        one["additionalIdToken"] = "ANOTHERVEHICLE001"
    return payload


def _no_evccid(payload: Payload) -> Payload:
    payload.get("idToken", {}).pop("additionalInfo", None)
    return payload


def _two_hours_later(needs: Payload) -> None:
    if "departureTime" in needs:
        needs["departureTime"] = to_text(to_seconds(needs["departureTime"]) + 7_200.0)


def _halved(parameters: Payload) -> None:
    if "maxChargePower" in parameters:
        parameters["maxChargePower"] /= 2


def _only_charging(info: Payload) -> None:
    if "operationMode" in info:
        info["operationMode"] = "ChargingOnly"


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
