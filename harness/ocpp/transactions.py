"""One charging transaction of OCPP 2.x: its numbering and what its events say."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.ocpp.frames import Payload
from harness.ocpp.timestamps import to_text


@dataclass(frozen=True, slots=True)
class IdToken:
    """Who wants to charge; `type` as in the 2.1 appendix (Local, Central, ISO14443, eMAID, NoAuthorization, ...)."""

    token: str
    type: str = "Local"
    evccid: str | None = None

    def to_json(self) -> Payload:
        """IdTokenType; the vehicle's EVCCID goes along as additionalInfo (Q01.FR.02)."""
        raw: Payload = {"idToken": self.token, "type": self.type}
        if self.evccid:
            raw["additionalInfo"] = [{"additionalIdToken": self.evccid, "type": "EVCCID"}]
        return raw

    @classmethod
    def read(cls, raw: Payload) -> IdToken:
        return cls(raw["idToken"], raw["type"])


@dataclass(slots=True)
class Transaction:
    """A running transaction. `event` numbers and words each TransactionEvent."""

    id: str
    evse_id: int
    started_s: float
    id_token: IdToken | None = None
    remote_start_id: int | None = None
    charging_state: str = "EVConnected"
    operation_mode: str = "ChargingOnly"
    transfer_started_s: float | None = None
    time_charging_s: float = 0.0
    evse_sleep: bool = False
    _sequence: int = field(default=0)

    def event(
        self, event_type: str, trigger: str, now_s: float, *, offline: bool, meter_value: Payload | None = None,
        id_token: IdToken | None = None, stopped_reason: str | None = None, tell_mode: bool = False,
    ) -> Payload:  # fmt: skip
        """TransactionEventRequest. seqNo rises by one with each event (E01 and following)."""
        info: Payload = {"transactionId": self.id, "chargingState": self.charging_state}
        if event_type == "Ended":
            info["timeSpentCharging"] = round(self.time_charging_s)
        if stopped_reason:
            info["stoppedReason"] = stopped_reason
        if self.remote_start_id is not None:
            info["remoteStartId"] = self.remote_start_id
        if tell_mode:
            info["operationMode"] = self.operation_mode
        event: Payload = {
            "eventType": event_type,
            "timestamp": to_text(now_s),
            "triggerReason": trigger,
            "seqNo": self._sequence,
            "transactionInfo": info,
            "evse": {"id": self.evse_id, "connectorId": 1},
        }
        if offline:
            event["offline"] = True
        if meter_value:
            event["meterValue"] = [meter_value]
        if id_token:
            event["idToken"] = id_token.to_json()
        if self.evse_sleep:
            event["evseSleep"] = True
        self._sequence += 1
        return event
