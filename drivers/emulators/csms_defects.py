"""Misbehaviours of the emulated CSMS, each a documented defect; what it gets wrong of schedules is in csms_schedules.py."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators import csms_schedules, frame_quirks
from drivers.emulators.defects import Defect
from harness.ocpp.frames import Payload
from harness.ocpp.security import Fault

_ROLE, _OURS = "csms", "our default"
DEFECTS = (
    *csms_schedules.DEFECTS,
    Defect("csms-silent-on-events", _ROLE, "ocpp2.1", _OURS, "does not answer TransactionEvent",
           "PF_E01_01_CSMS"),
    Defect("csms-knows-every-action", _ROLE, "ocpp2.1", "field: public issue reports of simulators",
           "answers an action that does not exist with a result", "PF_P4_01_CSMS"),
    Defect("csms-any-contract", _ROLE, "ocpp2.1", _OURS, "accepts every contract", "PF_C07_R1_CSMS"),
    Defect("csms-forgets-certificate-status", _ROLE, "ocpp2.1", _OURS,
           "answers a contract's certificates without certificateStatus", "PF_C07_01_CSMS"),
    Defect("csms-installs-anything", _ROLE, "ocpp2.1", _OURS, "accepts an exiRequest that is none", "PF_M01_R1_CSMS"),
    Defect("csms-ocsp-without-result", _ROLE, "ocpp2.1", _OURS, "accepts GetCertificateStatus and gives no ocspResult",
           "PF_M06_01_CSMS"),
    Defect("csms-chain-status-short", _ROLE, "ocpp2.1", _OURS, "answers for the first certificate of a chain only",
           "PF_M07_01_CSMS"),
    Defect("csms-any-password", _ROLE, "ocpp2.1", _OURS, "lets a station in whatever its password is",
           "PF_A00_R1_CSMS"),
    Defect("csms-certificate-optional", _ROLE, "ocpp2.1", _OURS, "lets a station in that shows no certificate",
           "PF_A00_R2_CSMS"),
    Defect("csms-expired-certificates", _ROLE, "ocpp2.1", _OURS, "does not look at the dates of a station's certificate",
           "PF_A00_R3_CSMS"),
    Defect("csms-any-client-certificate", _ROLE, "ocpp2.1", _OURS, "asks no station for a certificate",
           "PF_A00_R4_CSMS"),
    Defect("csms-any-subprotocol", _ROLE, "ocpp2.1", _OURS, "chooses a version that it does not speak",
           "PF_A00_R5_CSMS"),
    Defect("csms-signs-nothing", _ROLE, "ocpp2.1", _OURS, "accepts SignCertificate and sends no certificate",
           "PF_A03_01_CSMS"),
    Defect("csms-signs-other-keys", _ROLE, "ocpp2.1", _OURS, "sends a certificate for another key than the station's",
           "PF_A03_01_CSMS"),
    Defect("csms-refuses-heartbeats", _ROLE, "ocpp2.1", _OURS, "answers Heartbeat with an error", "PF_B01_01_CSMS"),
    Defect("csms-refuses-security-events", _ROLE, "ocpp2.1", _OURS, "answers SecurityEventNotification with an error",
           "PF_A04_01_CSMS"),
    Defect("csms-refuses-der-alarms", _ROLE, "ocpp2.1", _OURS, "answers NotifyDERAlarm with an error", "PF_R05_01_CSMS"),
    Defect("csms-closed-to-secured-stations", _ROLE, "ocpp2.1", _OURS,
           "lets no station in that proves itself by password or certificate", "PF_A00_01_CSMS"),
    Defect("csms-closed-to-passwords-over-tls", _ROLE, "ocpp2.1", _OURS, "takes no password over TLS", "PF_A00_02_CSMS"),
    Defect("csms-closed-to-certificates", _ROLE, "ocpp2.1", _OURS, "lets no station in that shows a certificate",
           "PF_A00_03_CSMS"),
    Defect("csms-refuses-limits", _ROLE, "ocpp2.1", _OURS, "answers NotifyChargingLimit with an error", "PF_K11_01_CSMS"),
    Defect("csms-refuses-released-limits", _ROLE, "ocpp2.1", _OURS, "answers ClearedChargingLimit with an error",
           "PF_K13_01_CSMS"),
    Defect("csms-refuses-priority", _ROLE, "ocpp2.1", _OURS, "answers NotifyPriorityCharging with an error",
           "PF_K22_01_CSMS"),
    Defect("csms-refuses-meter-values", _ROLE, "ocpp2.1", _OURS, "answers signed meter values with an error",
           "PF_J02_01_CSMS"),
    Defect("csms-refuses-older-vehicles", _ROLE, "ocpp2.1", _OURS,
           "answers needs of a vehicle of ISO 15118-2 with an error", "PF_K15_01_CSMS"),
    Defect("csms-refuses-der-vehicles", _ROLE, "ocpp2.1", _OURS,
           "answers needs with derChargingParameters with an error", "PF_R02_01_CSMS"),
    Defect("csms-silent-on-late-events", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "does not answer events that happened offline", "PF_E04_01_CSMS"),
    Defect("csms-silent-on-repeated-events", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "does not answer an event that it has seen before", "PF_GW_01_CSMS"),
    Defect("csms-stops-pauses", _ROLE, "ocpp2.1", _OURS, "stops the transaction of a vehicle that pauses",
           "PF_E02_01_CSMS"),
    Defect("csms-answers-no-pings", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "answers no ping of a websocket", "PF_P4_10_CSMS"),
    Defect("csms-pongs-of-its-own", _ROLE, "ocpp2.1", _OURS, "answers a ping with a pong of another payload",
           "PF_P4_10_CSMS"),
    Defect("csms-installs-nothing", _ROLE, "ocpp2.1", _OURS, "accepts Get15118EVCertificate and gives no response",
           "PF_M01_01_CSMS"),
    Defect("csms-updates-nothing", _ROLE, "ocpp2.1", _OURS, "accepts the update of a contract and gives no response",
           "PF_M02_01_CSMS"),
    Defect("csms-result-error-to-nobody", _ROLE, "ocpp2.1", _OURS, "calls a bad result bad by an id that no result has",
           "PF_P4_02_CSMS"),
    Defect("csms-answers-sends", _ROLE, "ocpp2.1", _OURS, "answers a message that wants no answer", "PF_P4_03_CSMS"),
    Defect("csms-accepts-malformed-requests", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "accepts requests that break their schema", "PF_P4_04_CSMS"),
    Defect("csms-any-contract-chain", _ROLE, "ocpp2.1", _OURS, "accepts a contract whoever has signed its certificate",
           "PF_C07_R2_CSMS"),
    Defect("csms-takes-expired-contracts", _ROLE, "ocpp2.1", _OURS, "accepts a contract whose certificate has expired",
           "PF_C07_R3_CSMS"),
    Defect("csms-takes-revoked-contracts", _ROLE, "ocpp2.1", _OURS, "accepts a contract whose certificate is revoked",
           "PF_C07_R4_CSMS"),
    Defect("csms-signs-another-kind", _ROLE, "ocpp2.1", _OURS, "sends a certificate of another kind than was asked for",
           "PF_A03_01_CSMS"),
    Defect("csms-garbage-time", _ROLE, "ocpp2.1", _OURS, "answers Heartbeat with a text that is no time",
           "ocpp2.1/payloads-fit-their-schema"),
)  # fmt: skip


def _any(_: Payload) -> bool:
    return True


def _signed(values: Payload) -> bool:
    return any("signedMeterValue" in one for value in values["meterValue"] for one in value["sampledValue"])


def _has(parameters: str) -> Callable[[Payload], bool]:
    return lambda needs: parameters in needs["chargingNeeds"]


WORDINGS = {
    "csms-result-error-to-nobody": frame_quirks.RESULT_ERROR_TO_NOBODY,
    "csms-answers-sends": frame_quirks.ANSWERS_SENDS,
    "csms-accepts-malformed-requests": frame_quirks.ACCEPTS_THE_MALFORMED,
}
REFUSED: dict[str, tuple[str, Callable[[Payload], bool]]] = {
    "csms-refuses-heartbeats": ("Heartbeat", _any),
    "csms-refuses-security-events": ("SecurityEventNotification", _any),
    "csms-refuses-der-alarms": ("NotifyDERAlarm", _any),
    "csms-refuses-limits": ("NotifyChargingLimit", _any),
    "csms-refuses-released-limits": ("ClearedChargingLimit", _any),
    "csms-refuses-priority": ("NotifyPriorityCharging", _any),
    "csms-refuses-meter-values": ("MeterValues", _signed),
    "csms-refuses-older-vehicles": ("NotifyEVChargingNeeds", _has("dcChargingParameters")),
    "csms-refuses-der-vehicles": ("NotifyEVChargingNeeds", _has("derChargingParameters")),
}
"""Which requests get an error."""


FAULTS = {
    "csms-any-client-certificate": Fault.TRUSTS_EVERYBODY,
    "csms-certificate-optional": Fault.ASKS_LOOSELY,
    "csms-expired-certificates": Fault.IGNORES_EXPIRY,
}
CLOSED = {2: "csms-closed-to-passwords-over-tls", 3: "csms-closed-to-certificates"}
"""The security profile whose stations are not let in."""
