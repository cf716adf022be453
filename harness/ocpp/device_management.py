"""What a CSMS may ask of the station as a device: variables, reports, reset, triggers (blocks B, E, F, G)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.ocpp.certificates import V2G, V2G_20
from harness.ocpp.evse import EVSE_ID
from harness.ocpp.frames import Payload
from harness.ocpp.orders import RebootWanted, StopWanted
from harness.ocpp.outbox import Letter
from harness.ocpp.statuses import accepted, rejected
from harness.ocpp.timestamps import to_text

if TYPE_CHECKING:
    from harness.ocpp.charging_station import ChargingStation

REPORT_ITEMS = 50
"""Variables per NotifyReport: DeviceDataCtrlr.ItemsPerMessage of this station."""


class DeviceManagement:
    """Answers for `station`."""

    def __init__(self, station: ChargingStation) -> None:
        self.station = station
        self._triggers: dict[str, Callable[[float], Letter | None]] = {
            "BootNotification": lambda _: station.boot_letter(),
            "Heartbeat": lambda _: Letter("Heartbeat", {}),
            "StatusNotification": station.evse.status_letter,
            "MeterValues": self._meter_values,
            "TransactionEvent": self._transaction_event,
            "SignChargingStationCertificate": lambda _: station.certificates.signing_request(),
            "SignV2GCertificate": lambda _: station.certificates.signing_request(V2G),
            "SignV2G20Certificate": lambda _: station.certificates.signing_request(V2G_20),
        }

    def handlers(self) -> dict[str, Callable[[Payload, float], Payload]]:
        return {
            "GetVariables": lambda request, _: self.station.model.get_variables(request),
            "SetVariables": lambda request, _: self.station.model.set_variables(request),
            "GetBaseReport": self._base_report,
            "GetReport": self._report,
            "Reset": self._reset,
            "TriggerMessage": self._trigger,
            "ChangeAvailability": self._availability,
            "GetTransactionStatus": self._transaction_status,
            "ClearCache": lambda *_: accepted(),
            "DataTransfer": lambda *_: {"status": "UnknownVendorId"},
            "UnlockConnector": lambda *_: {"status": "Unlocked"},
        }

    def _base_report(self, request: Payload, now_s: float) -> Payload:
        """B07."""
        self._send_report(request["requestId"], list(self.station.model.report()), now_s)
        return accepted()

    def _report(self, request: Payload, now_s: float) -> Payload:
        """B08, by components named in componentVariable; criteria are not supported."""
        if "componentCriteria" in request:
            return {"status": "NotSupported"}
        wanted = {one["component"]["name"] for one in request.get("componentVariable", ())}
        items = [one for one in self.station.model.report() if not wanted or one["component"]["name"] in wanted]
        if not items:
            return {"status": "EmptyResultSet"}
        self._send_report(request["requestId"], items, now_s)
        return accepted()

    def _send_report(self, request_id: int, items: list[Payload], now_s: float) -> None:
        pages = [items[start : start + REPORT_ITEMS] for start in range(0, len(items), REPORT_ITEMS)]
        for number, page in enumerate(pages):
            report: Payload = {
                "requestId": request_id,
                "generatedAt": to_text(now_s),
                "seqNo": number,
                "reportData": page,
            }
            if number + 1 < len(pages):
                report["tbc"] = True
            self.station.post(Letter("NotifyReport", report))

    def _reset(self, request: Payload, now_s: float) -> Payload:
        """B11, B12: at once, or when the transaction has ended."""
        if "evseId" in request:
            return rejected("NotEnabled", "this station resets as a whole")
        evse = self.station.evse
        if request["type"] == "OnIdle" and evse.transaction:
            self.station.reboot_when_idle = True
            return {"status": "Scheduled"}
        if evse.transaction:
            evse.order(StopWanted("ImmediateReset"))
        evse.order(RebootWanted())
        self.station.reboot(now_s)
        return accepted()

    def _trigger(self, request: Payload, now_s: float) -> Payload:
        """F06."""
        make = self._triggers.get(request["requestedMessage"])
        if make is None:
            return {"status": "NotImplemented"}
        letter = make(now_s)
        if letter is None:
            return rejected("NoTransaction")
        self.station.post(letter)
        return accepted()

    def _meter_values(self, now_s: float) -> Letter | None:
        value = self.station.evse.meter_value("Trigger", now_s)
        return Letter("MeterValues", {"evseId": EVSE_ID, "meterValue": [value]}) if value else None

    def _transaction_event(self, now_s: float) -> Letter | None:
        evse = self.station.evse
        if evse.transaction is None:
            return None
        event = evse.transaction.event(
            "Updated", "Trigger", now_s, offline=False, meter_value=evse.meter_value("Trigger", now_s), tell_mode=True
        )
        return Letter("TransactionEvent", event, durable=True)

    def _availability(self, request: Payload, now_s: float) -> Payload:
        """G03, G04: a transaction is allowed to end first."""
        evse = self.station.evse
        if request.get("evse", {}).get("id", EVSE_ID) != EVSE_ID:
            return rejected("UnknownEvse")
        evse.operative = request["operationalStatus"] == "Operative"
        if evse.transaction:
            return {"status": "Scheduled"}
        self.station.post(evse.status_letter(now_s))
        return accepted()

    def _transaction_status(self, request: Payload, _now_s: float) -> Payload:
        """E14."""
        answer: Payload = {"messagesInQueue": self.station.messages_waiting > 0}
        if "transactionId" in request:
            transaction = self.station.evse.transaction
            answer["ongoingIndicator"] = transaction is not None and transaction.id == request["transactionId"]
        return answer
