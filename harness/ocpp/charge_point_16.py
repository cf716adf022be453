"""A charge point of OCPP 1.6: what a charger speaks that has nothing newer. One connector, sans-I/O.

It boots, authorises, starts and stops transactions, sends meter values, and follows smart-charging profiles of its
three purposes. There is no V2X in 1.6: power never goes below zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.ocpp.configuration_16 import Configuration16
from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Meter
from harness.ocpp.outbox import Letter, Outbox
from harness.ocpp.pulse import one_interval_s
from harness.ocpp.quirks import HONEST, Quirks
from harness.ocpp.session import Answered, Refused, Requested, Session, SessionEvent, Unanswered, message_ids
from harness.ocpp.smart_charging_16 import CONNECTOR, SmartCharging16
from harness.ocpp.surroundings import Surroundings
from harness.ocpp.timestamps import to_text
from harness.ocpp.version import ErrorCode, Version

BOOT_RETRY_S = 10.0


@dataclass(slots=True)
class Charge:
    """A transaction; its id is the CSMS's, None until StartTransaction is answered."""

    id_tag: str
    started_s: float
    transaction_id: int | None = None
    charging: bool = False


class ChargePoint16:
    """See the module's text; driven by the same shell as the 2.1 station."""

    def __init__(
        self,
        meter: Meter,
        *,
        vendor: str = "Plugfest",
        model: str = "Emulated AC charger",
        maximum_w: float = 22_000.0,
        ids: Iterator[str] | None = None,
        quirks: Quirks = HONEST,
    ) -> None:
        self.quirks = quirks
        """Of these what is done to messages and answers, and what it makes of a refused boot or tag."""
        self.meter = meter
        self.vendor = vendor
        self.model = model
        self.configuration = Configuration16()
        self.smart = SmartCharging16(maximum_w, self._around)
        self.charge: Charge | None = None
        self.status = "Available"
        self.accepted = False
        self.stop_wanted = False
        """The CSMS has asked for the end of the transaction: call `stop`."""
        self.ids = ids or message_ids()
        self._session: Session | None = None
        self._outbox = Outbox()
        self.plugged = False
        self._called_for: str | None = None
        """Tag of a remote start that waits for the plug."""
        self._brought: Payload | None = None
        """The profile that a remote start has brought."""
        self._boot_due_s: float | None = None
        self._heartbeat_due_s: float | None = None
        self._sample_due_s: float | None = None
        self._handlers: dict[str, Callable[[Payload, float], Payload]] = {
            "GetConfiguration": self.configuration.get,
            "ChangeConfiguration": self._change_configuration,
            "SetChargingProfile": self.smart.set_profile,
            "ClearChargingProfile": self.smart.clear_profile,
            "GetCompositeSchedule": self.smart.get_composite_schedule,
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "TriggerMessage": self._trigger,
            "ChangeAvailability": lambda *_: {"status": "Accepted"},
            "UnlockConnector": lambda *_: {"status": "Unlocked"},
            "ClearCache": lambda *_: {"status": "Accepted"},
            "DataTransfer": lambda *_: {"status": "UnknownVendorId"},
            "Reset": self._reset,
        }

    # the vehicle's side ------------------------------------------------------------------------------------------

    def plug(self, now_s: float) -> None:
        self.plugged = True
        self._tell_status("Preparing", now_s)
        if self._called_for:
            self.start(self._called_for, now_s)
            self._called_for = None

    def authorise(self, id_tag: str, now_s: float) -> None:
        """Ask the CSMS about a tag; a transaction starts when it is accepted. One that runs, or is called for, goes first."""
        if self.charge:
            return

        def answered(event: SessionEvent, at_s: float) -> None:
            info = event.payload.get("idTagInfo", {}) if isinstance(event, Answered) else {}
            if info.get("status") == "Accepted" or self.quirks.trusts_tokens:
                self.start(id_tag, at_s)

        self._post(Letter("Authorize", {"idTag": id_tag}, answered))

    def start(self, id_tag: str, now_s: float) -> None:
        charge = self.charge = Charge(id_tag, now_s, charging=True)
        request = {
            "connectorId": CONNECTOR,
            "idTag": id_tag,
            "meterStart": round(self.meter.readings().imported_wh),
            "timestamp": to_text(now_s),
        }

        def answered(event: SessionEvent, at_s: float) -> None:
            if isinstance(event, Answered):
                charge.transaction_id = event.payload["transactionId"]
                if self._brought:
                    self.smart.set_profile({"connectorId": CONNECTOR, "csChargingProfiles": self._brought}, at_s)
                self._brought = None
                if event.payload["idTagInfo"]["status"] != "Accepted":
                    self.stop(at_s, "DeAuthorized")

        self._post(Letter("StartTransaction", request, answered, durable=True))
        self._tell_status("Charging", now_s)
        self._sample_due_s = self._next_sample_s(now_s)

    def pause(self, now_s: float) -> None:
        if self.charge:
            self.charge.charging = False
            self._tell_status("SuspendedEV", now_s)

    def resume(self, now_s: float) -> None:
        if self.charge:
            self.charge.charging = True
            self._tell_status("Charging", now_s)

    def stop(self, now_s: float, reason: str = "Local") -> None:
        charge, self.charge = self.charge, None
        self.stop_wanted = False
        self._sample_due_s = None
        if charge is None:
            return
        request = {
            "transactionId": charge.transaction_id if charge.transaction_id is not None else -1,
            "idTag": charge.id_tag,
            "meterStop": round(self.meter.readings().imported_wh),
            "timestamp": to_text(now_s),
            "reason": reason,
        }
        self.smart.transaction_ended()
        self._post(Letter("StopTransaction", request, durable=True))
        self._tell_status("Finishing", now_s)

    def unplug(self, now_s: float) -> None:
        self.plugged = False
        self.stop(now_s, "EVDisconnected")
        self._tell_status("Available", now_s)

    def power_target_w(self, now_s: float) -> float:
        if self.charge is None or not self.charge.charging:
            return 0.0
        return self.smart.power_target_w(now_s)

    # the link ----------------------------------------------------------------------------------------------------

    def connected(self, version: Version, now_s: float) -> None:
        self._session = Session(version, self.ids)
        if not self.accepted:
            self._boot_due_s = now_s

    def disconnected(self, now_s: float) -> None:
        if self._session:
            self._dispatch(self._session.lost(), now_s)
        self._session = None
        self._outbox.link_lost()

    def receive(self, text: str, now_s: float) -> None:
        if self._session:
            if retort := self.quirks.wording.retorts(text):
                self._session.put_raw(retort)
            self._dispatch(self._session.receive(text, now_s), now_s)

    def take_texts(self) -> list[str]:
        return list(map(self.quirks.wording.says, self._session.take_texts())) if self._session else []

    def ping_interval_s(self) -> float:
        return self.configuration.number("WebSocketPingInterval")

    def pong_patience_s(self) -> float:
        return one_interval_s(self.ping_interval_s())

    def deadline_s(self) -> float | None:
        session_s = self._session.deadline_s() if self._session else None
        dues = (session_s, self._boot_due_s, self._heartbeat_due_s, self._sample_due_s)
        return min((due_s for due_s in dues if due_s is not None), default=None)

    def tick(self, now_s: float) -> None:
        if self._session:
            self._dispatch(self._session.tick(now_s), now_s)
        if self._session and self._boot_due_s is not None and now_s >= self._boot_due_s:
            self._boot_due_s = None
            request = {"chargePointVendor": self.vendor, "chargePointModel": self.model}
            self._outbox.put(Letter("BootNotification", request, self._booted), first=True)
        if self._heartbeat_due_s is not None and now_s >= self._heartbeat_due_s:
            self._heartbeat_due_s = now_s + self.configuration.number("HeartbeatInterval")
            self._post(Letter("Heartbeat", {}))
        if self._sample_due_s is not None and now_s >= self._sample_due_s:
            self._sample_due_s = self._next_sample_s(now_s)
            self._post(self._meter_values("Sample.Periodic", now_s))
        if self._session:
            self._outbox.pump(self._session, now_s, accepted=self.accepted)

    def _next_sample_s(self, now_s: float) -> float | None:
        """None with an interval of 0: no sampled values."""
        interval_s = self.configuration.number("MeterValueSampleInterval")
        return now_s + interval_s if interval_s > 0 else None

    # inside ------------------------------------------------------------------------------------------------------

    def _post(self, letter: Letter) -> None:
        payload = self.quirks.outgoing(letter.action, letter.payload)
        if payload is not None and ((self._session and self.accepted) or letter.durable):
            letter.payload = payload
            self._outbox.put(letter)

    def _dispatch(self, events: list[SessionEvent], now_s: float) -> None:
        for event in events:
            match event:
                case Requested():
                    assert self._session
                    handler = self._handlers.get(event.action)
                    heard = self.quirks.incoming(event.action, event.payload)
                    if handler is None:
                        self._session.refuse(event, ErrorCode.NOT_SUPPORTED, f"{event.action} is not supported here")
                    elif heard is not None:
                        answer = self.quirks.answer(event.action, event.payload, handler(heard, now_s))
                        if answer is not None:
                            self._session.answer(event, answer)
                case Answered() | Refused() | Unanswered():
                    self._outbox.concluded(event, now_s)
                case _:  # broken frames have been answered by the session
                    pass

    def _booted(self, event: SessionEvent, now_s: float) -> None:
        payload = event.payload if isinstance(event, Answered) else {}
        interval_s = float(payload.get("interval") or BOOT_RETRY_S)
        if payload.get("status") != "Accepted" and not self.quirks.ignores_boot_refusal:
            self._boot_due_s = now_s + interval_s
            return
        self.accepted = True
        self.configuration.values["HeartbeatInterval"] = str(round(interval_s))
        self._heartbeat_due_s = now_s + interval_s
        self._tell_status(self.status, now_s)

    def _tell_status(self, status: str, now_s: float) -> None:
        self.status = status
        request = {"connectorId": CONNECTOR, "errorCode": "NoError", "status": status, "timestamp": to_text(now_s)}
        self._post(Letter("StatusNotification", request))

    def _around(self, now_s: float) -> Surroundings:
        charge = self.charge
        return Surroundings(
            now_s=now_s,
            evse_id=CONNECTOR,
            transaction_id=str(charge.transaction_id) if charge else None,
            transfer_started_s=charge.started_s if charge else None,
        )

    def _meter_values(self, context: str, now_s: float) -> Letter:
        readings = self.meter.readings()
        values = {
            "Energy.Active.Import.Register": (readings.imported_wh, "Wh"),
            "Power.Active.Import": (max(readings.power_w, 0.0), "W"),
            "SoC": (readings.soc_percent, "Percent"),
        }
        samples = [
            {"value": f"{value:.1f}", "context": context, "measurand": name, "unit": unit}
            for name, (value, unit) in values.items()
            if value is not None and name in self.configuration.values["MeterValuesSampledData"].split(",")
        ]
        request: Payload = {
            "connectorId": CONNECTOR,
            "meterValue": [{"timestamp": to_text(now_s), "sampledValue": samples}],
        }
        if self.charge and self.charge.transaction_id is not None:
            request["transactionId"] = self.charge.transaction_id
        return Letter("MeterValues", request)

    def _change_configuration(self, request: Payload, now_s: float) -> Payload:
        answer = self.configuration.change(request, now_s)
        if answer["status"] == "Accepted" and request["key"] == "MeterValueSampleInterval" and self.charge:
            self._sample_due_s = self._next_sample_s(now_s)
        return answer

    def _remote_start(self, request: Payload, now_s: float) -> Payload:
        if self.charge or request.get("connectorId", CONNECTOR) != CONNECTOR:
            return {"status": "Rejected"}
        brought = request.get("chargingProfile")
        if brought is not None and (brought["chargingProfilePurpose"] != "TxProfile" or "transactionId" in brought):
            return {"status": "Rejected"}  # 1.6 section 5.11: it is for the transaction that begins
        self._brought = brought
        if self.plugged:
            self.start(request["idTag"], now_s)
        else:
            self._called_for = request["idTag"]
        return {"status": "Accepted"}

    def _remote_stop(self, request: Payload, _now_s: float) -> Payload:
        if self.charge is None or self.charge.transaction_id != request["transactionId"]:
            return {"status": "Rejected"}
        self.stop_wanted = True
        return {"status": "Accepted"}

    def _trigger(self, request: Payload, now_s: float) -> Payload:
        match request["requestedMessage"]:
            case "Heartbeat":
                self._post(Letter("Heartbeat", {}))
            case "StatusNotification":
                self._tell_status(self.status, now_s)
            case "MeterValues":
                self._post(self._meter_values("Trigger", now_s))
            case "BootNotification":
                self._boot_due_s = now_s
            case _:
                return {"status": "NotImplemented"}
        return {"status": "Accepted"}

    def _reset(self, request: Payload, now_s: float) -> Payload:
        self.stop(now_s, "HardReset" if request["type"] == "Hard" else "SoftReset")
        self.accepted = False
        self._boot_due_s = now_s
        return {"status": "Accepted"}
