"""A charging station with one V2G-capable EVSE, OCPP 2.1 and 2.0.1, sans-I/O.

The link acts on it by `connected`, `receive`, `tick` and `disconnected`; the vehicle's side by its `evse` (evse.py).
Whoever calls from the vehicle's side pokes the shell afterwards, so that new texts go out at once.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.ocpp.certificates import CHARGING_STATION, Certificates
from harness.ocpp.device_management import DeviceManagement
from harness.ocpp.device_model import DeviceModel, Key
from harness.ocpp.dialect import spoken
from harness.ocpp.evse import EVSE_ID, Evse
from harness.ocpp.evse_requests import EvseRequests
from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Meter
from harness.ocpp.network_profiles import NetworkProfiles
from harness.ocpp.outbox import Letter, Outbox
from harness.ocpp.pulse import one_interval_s
from harness.ocpp.quirks import HONEST, Quirks
from harness.ocpp.session import (
    Answered,
    AnswerRejected,
    Garbled,
    Refused,
    Requested,
    Session,
    SessionEvent,
    Unanswered,
    message_ids,
)
from harness.ocpp.station_variables import station_variables
from harness.ocpp.version import ErrorCode, Version

BOOT_RETRY_S = 10.0
"""Pause after a BootNotification that was not accepted and named no interval. Our default."""
KEPT = 200
"""What went wrong with frames, to look back at (our default: a bound on memory)."""


@dataclass(frozen=True, slots=True)
class StationSettings:
    """Who the station is and what its converter can do (both powers positive)."""

    identity: str = "CS-0001"
    vendor: str = "Plugfest"
    model: str = "Emulated V2G charger"
    serial: str = "0001"
    firmware: str = "1.0"
    maximum_charge_w: float = 22_000.0
    maximum_discharge_w: float = 22_000.0
    ac: bool = False
    """It charges by AC, and knows vehicles with DER control of their own."""
    variables: dict[str, str] = field(default_factory=dict)
    """Device model values by "Component.Variable", over the defaults."""


class ChargingStation:
    """See the module's text. `ids` gives message ids; they go on over reconnects and reboots."""

    def __init__(
        self, settings: StationSettings, meter: Meter, *, quirks: Quirks = HONEST, ids: Iterator[str] | None = None
    ) -> None:
        self.settings = settings
        self.quirks = quirks
        self.model: DeviceModel = station_variables(
            (EVSE_ID,), {**settings.variables, **quirks.variables}, ac=settings.ac
        )
        self.model.put(Key("SecurityCtrlr", "Identity"), settings.identity)
        self.evse = Evse(
            self.model,
            meter,
            quirks,
            self.post,
            maximum_charge_w=settings.maximum_charge_w,
            maximum_discharge_w=settings.maximum_discharge_w,
            transaction_prefix=f"{settings.identity[:24]}-tx",
        )
        self.evse.smart.is_dc = not settings.ac
        self.accepted = False
        """The CSMS has accepted our BootNotification."""
        self.reboot_when_idle = False
        self.heard_ids: deque[str] = deque(maxlen=KEPT)
        """Of the CSMS's CALLs."""
        self.troubles: deque[Garbled | AnswerRejected] = deque(maxlen=KEPT)
        """Texts of the CSMS that could not be used, and results of ours that it called bad."""
        self.ids = itertools.cycle(("1", "2")) if quirks.reuses_ids else ids or message_ids()
        self._version = Version.V21
        self._session: Session | None = None
        self._links = 0
        self._numbering = ""
        self._deaf = False
        self._outbox = Outbox(1) if quirks.gives_up_at_once else Outbox()
        self._outbox.restamped = quirks.restamps
        self._boot_due_s: float | None = None
        self._boot_reason = "PowerUp"
        self._heartbeat_due_s: float | None = None
        self.certificates = Certificates(settings.identity, self._organisation, self.post)
        self.certificates.keeps_first = quirks.keeps_first_certificate
        self.networks = NetworkProfiles(self.model, self.certificates, self.post)
        self.networks.faults, self.networks.unproved = quirks.security_faults, quirks.unproved
        self.handlers = {
            **self.networks.handlers(),
            **EvseRequests(self.evse).handlers(),
            **DeviceManagement(self).handlers(),
            **self.certificates.handlers(),
        }
        """What answers a CALL, by action; a test may listen in."""

    @property
    def online(self) -> bool:
        return self._session is not None and self.accepted

    @property
    def version(self) -> Version:
        """As negotiated with the CSMS, now or the last time."""
        return self._version

    @property
    def messages_waiting(self) -> int:
        return len(self._outbox)

    # the link ----------------------------------------------------------------------------------------------------

    def connected(self, version: Version, now_s: float) -> None:
        """The websocket is up. A first connection boots; a later one only says how the connector stands."""
        self._version = version
        self._links += 1
        timeout_s = self.model.number("OCPPCommCtrlr", "MessageTimeout", "Default") or 30.0
        self._session = Session(version, self.ids, call_timeout_s=timeout_s)
        self.evse.connected(now_s)
        if self.accepted:
            self.evse.online = True
            self.post(self.evse.status_letter(now_s))
            self.networks.booted(now_s)
        else:
            self._boot_due_s = now_s

    def disconnected(self, now_s: float) -> None:
        if self._session:
            self._dispatch(self._session.lost(), now_s)
        self._session = None
        self._outbox.link_lost()
        self.evse.disconnected(now_s)

    def receive(self, text: str, now_s: float) -> None:
        self._deaf |= self.quirks.dies_of_garbage and not text.startswith("[")
        if self._session and not self._deaf:
            if retort := self.quirks.wording.retorts(text):
                self._session.put_raw(retort)
            self._dispatch(self._session.receive(text, now_s), now_s)

    def take_texts(self) -> list[str]:
        texts = self._session.take_texts() if self._session else []
        return list(map(self.quirks.wording.says, texts))

    def deadline_s(self) -> float | None:
        session_s = self._session.deadline_s() if self._session else None
        dues = (session_s, self._boot_due_s, self._heartbeat_due_s, self.evse.due_s(), self.certificates.due_s())
        return min((due_s for due_s in dues if due_s is not None), default=None)

    def ping_interval_s(self) -> float:
        if self.quirks.pings_first_link_only and self._links > 1:
            return 0.0
        return self.model.number("OCPPCommCtrlr", "WebSocketPingInterval") or 0.0

    def pong_patience_s(self) -> float:
        return math.inf if self.quirks.ignores_missing_pongs else one_interval_s(self.ping_interval_s())

    def tick(self, now_s: float) -> None:
        """Do what is due, then hand the next message to the session."""
        if self._session:
            self._dispatch(self._session.tick(now_s), now_s)
        if self._session and self._boot_due_s is not None and now_s >= self._boot_due_s:
            self._boot_due_s = None
            self.post(self.boot_letter())
        if self._heartbeat_due_s is not None and now_s >= self._heartbeat_due_s:
            self._heartbeat_due_s = now_s + self._heartbeat_interval_s()
            self.post(Letter("Heartbeat", {}))
        self.evse.tick(now_s)
        self.certificates.tick(now_s)
        if self.reboot_when_idle and self.evse.transaction is None:
            self.reboot_when_idle = False
            self.reboot(now_s, "ScheduledReset")
        if self._session:
            self._outbox.pump(self._session, now_s, accepted=self.accepted)

    def put_raw(self, text: str) -> None:
        """Send any text as it is: for deliberate faults. Lost while there is no link."""
        if self._session:
            self._session.put_raw(text)

    def send(self, action: str, payload: Payload) -> None:
        """Tell something by SEND (2.1). Lost while there is no link."""
        if self._session:
            self._session.send(action, payload)

    def post(self, letter: Letter) -> None:
        """Say something to the CSMS; what is not durable is dropped while offline."""
        booting = letter.action == "BootNotification"
        forgotten = self.quirks.forgets_offline or letter.action in self.quirks.drops_offline
        durable = letter.durable and not forgotten
        if not (self.online or durable or booting):
            return
        said = spoken(self._version, letter.action, letter.payload)
        payload = None if said is None else self.quirks.outgoing(letter.action, said)
        if payload is not None:
            letter.payload = payload
            self._outbox.put(letter, first=booting)

    # inside ------------------------------------------------------------------------------------------------------

    def _dispatch(self, events: list[SessionEvent], now_s: float) -> None:
        for event in events:
            match event:
                case Requested():
                    self._requested(event, now_s)
                case Answered() | Refused() | Unanswered():
                    self._outbox.concluded(event, now_s)
                case Garbled() | AnswerRejected():  # what is due has been answered by the session
                    self.troubles.append(event)
                case _:
                    pass

    def _requested(self, request: Requested, now_s: float) -> None:
        assert self._session is not None
        self.heard_ids.append(request.id)
        payload = self.quirks.incoming(request.action, request.payload)
        if payload is None or self._unheard(request):
            return
        handler = self.handlers.get(request.action)
        if handler is None:
            self._session.refuse(request, ErrorCode.NOT_SUPPORTED, f"{request.action} is not supported here")
            return
        answer = self.quirks.answer(request.action, request.payload, handler(payload, now_s))
        if answer is not None:
            self._session.answer(request, answer, checked=False)
        self.evse.control.look_again(now_s)  # a new profile, update or signal counts at once (K28.FR.06, FR.08)

    def _unheard(self, request: Requested) -> bool:
        """For a defect: a CALL that it does not hear where it is, or from whoever numbers it."""
        numbering = request.id.rpartition("-")[0]
        self._numbering = self._numbering or numbering
        elsewhere = self.networks.slot != 1 and request.action in self.quirks.deaf_elsewhere
        return elsewhere or (self.quirks.one_numbering and numbering != self._numbering)

    def reboot(self, now_s: float, reason: str = "RemoteReset") -> None:
        """As after a power cycle, but the link stays up. `reason` as in BootReasonEnumType."""
        self.evse.rebooted(now_s)
        self.accepted = False
        self.evse.online = False
        self._boot_reason = reason
        self._boot_due_s = None if self.networks.rebooted() else now_s

    def boot_letter(self) -> Letter:
        settings = self.settings
        station = {
            "vendorName": settings.vendor,
            "model": settings.model,
            "serialNumber": settings.serial,
            "firmwareVersion": settings.firmware,
        }
        request = {"reason": self._boot_reason, "chargingStation": station}
        return Letter("BootNotification", request, self._booted)

    def _booted(self, event: SessionEvent, now_s: float) -> None:
        payload = event.payload if isinstance(event, Answered) else {}
        interval_s = float(payload.get("interval") or BOOT_RETRY_S)
        if payload.get("status") != "Accepted" and not self.quirks.ignores_boot_refusal:  # B02, B03
            self._boot_due_s = now_s + interval_s
            return
        self.accepted = True
        self.evse.online = True
        self.model.put(Key("OCPPCommCtrlr", "HeartbeatInterval"), str(round(interval_s)))
        self._heartbeat_due_s = now_s + interval_s
        self.post(self.evse.status_letter(now_s))
        self.networks.booted(now_s)

    def _organisation(self, certificate_type: str) -> str:
        """Who stands in a signing request: the operator towards the CSMS, or towards vehicles."""
        controller = "SecurityCtrlr" if certificate_type == CHARGING_STATION else "ISO15118Ctrlr"
        return self.model.text(controller, "OrganizationName", None, EVSE_ID) or ""

    def _heartbeat_interval_s(self) -> float:
        return self.model.number("OCPPCommCtrlr", "HeartbeatInterval") or 300.0
