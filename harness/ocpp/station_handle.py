"""One charging station as our CSMS sees it: its link, and what a test asks of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from harness.clock import Clock
from harness.link import TextChannel, echo
from harness.ocpp import profile_drafts
from harness.ocpp.answering import Answering
from harness.ocpp.frames import CallResult, Payload, parse, render
from harness.ocpp.inbox import KEPT_MESSAGES, Inbox, Received
from harness.ocpp.observer import Observer
from harness.ocpp.outstanding_calls import OutstandingCalls
from harness.ocpp.quirks import Wording
from harness.ocpp.security import Door
from harness.ocpp.session import AnswerRejected, Garbled, Notified, Requested, Session, SessionEvent, message_ids
from harness.ocpp.shell import Shell, utc_s
from harness.ocpp.station_errors import NotConnected, NotSeen
from harness.ocpp.version import ErrorCode, Version


class StationHandle:
    """One charging station as the CSMS sees it; lives on while the station comes and goes."""

    def __init__(self, identity: str, clock: Clock) -> None:
        self.identity = identity
        self.clock = clock
        self.ready = asyncio.Event()
        """It believes itself accepted: its BootNotification was, or it says what only an accepted station says."""
        self.inbox = Inbox(identity, clock)
        self.received = self.inbox.received
        self.expect, self.expect_any, self.forget = self.inbox.expect, self.inbox.expect_any, self.inbox.forget
        self.answering = Answering(clock, poke=self._poke, accepted=self.ready.set, started=self._started)
        self.answers = self.answering.answers
        self.garbled: deque[Garbled] = deque(maxlen=KEPT_MESSAGES)
        """Frames of the station that could not be used."""
        self.rejected_answers: deque[AnswerRejected] = deque(maxlen=KEPT_MESSAGES)
        """Our results that the station called bad, by CALLRESULTERROR."""
        self.transaction_id: str | None = None
        """Of the running transaction, as its events tell."""
        self.version = Version.V21
        self.admitted = True
        self.knocked_at_s: list[float] = []
        """When it tried to come in since it is kept out (the bench's clock)."""
        self.door: Door | None = None
        """Where it came in the last time."""
        self.pings: deque[tuple[float, bytes]] = deque(maxlen=KEPT_MESSAGES)
        """When each ping of the station came (UTC seconds), and its payload."""
        self.pong: Callable[[bytes], bytes | None] = echo
        """What its pings are answered with, from their payload; None: with nothing."""
        self.found: dict[tuple[str, str, str | None, int | None], str | None] = {}
        """By component, variable, instance and EVSE: what was there before we wrote it; None where it cannot be read."""
        self.tolerant = False
        """Answer an action that does not exist with an empty result: a deliberate fault."""
        self.wording = Wording()
        self.profile_id: int | None = None
        """The Dynamic profile that `update_setpoint` moves."""
        self._profile_transaction: str | None = None
        self._ids = message_ids()
        self._session: Session | None = None
        self._shell: Shell | None = None
        self._connected = asyncio.Event()
        self._calls = OutstandingCalls(identity)
        self._next_profile_id = 100

    # what a test does --------------------------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        return self._session is not None

    async def connected(self, within_s: float) -> None:
        """Until the station's link is up; raises NotSeen."""
        try:
            await self.clock.wait(self._connected.wait(), within_s)
        except TimeoutError as late:
            raise NotSeen(f"{self.identity} did not connect within {within_s:g} s") from late

    async def booted(self, within_s: float) -> None:
        """Until it is connected and believes itself accepted; raises NotSeen, with what it said instead."""
        await self.connected(within_s)
        try:
            await self.clock.wait(self.ready.wait(), within_s)
        except TimeoutError as late:
            said = "".join(f"; of no use was {one.text:.60} ...: {one.reason}" for one in list(self.garbled)[-1:])
            raise NotSeen(f"{self.identity} connected and did not boot within {within_s:g} s{said}") from late

    async def call(self, action: str, payload: Payload, *, within_s: float = 30.0, checked: bool = True) -> Payload:
        """Send a CALL and give back its answer's payload. `checked=False` sends even what breaks the schema.

        Raises CallRefused, AnswerInvalid, NoAnswer or NotConnected; LocalProtocolError if we are wrong ourselves.
        """
        session = self._live_session()
        message_id = session.call(action, payload, utc_s(self.clock), timeout_s=within_s, checked=checked)
        answer = self._calls.expect(message_id)
        self._poke()
        return await answer

    def put_raw(self, text: str) -> None:
        """Send any text as it is; what comes back shows in `garbled`, `received` or the transcript only."""
        self._live_session().put_raw(text)
        self._poke()

    def reset(self) -> None:
        """Another station (or the same, restarted from nothing) stands behind this identity: its story begins anew."""
        self.forget()
        self.found.clear()
        self.transaction_id = None
        self.profile_id = self._profile_transaction = None
        self.ready.clear()

    async def disconnect(self) -> None:
        """Close the link from our side; the station may come back at once."""
        if self._shell:
            await self._shell.channel.close()

    async def keep_out(self) -> None:
        """Close the link and let the station in no more until `let_in`: offline, as the station sees it."""
        self.admitted = False
        self.knocked_at_s.clear()
        await self.disconnect()

    def admits(self) -> bool:
        """Whether a station that knocks now is let in."""
        if not self.admitted:
            self.knocked_at_s.append(self.clock.now_s())
        return self.admitted

    def let_in(self) -> None:
        self.admitted = True

    # use cases, in the station's own terms -----------------------------------------------------------------------

    async def set_charging_profile(
        self, profile: Payload, *, evse_id: int = 1, within_s: float = 30.0, checked: bool = True
    ) -> Payload:
        request = {"evseId": evse_id, "chargingProfile": profile}
        if self.version is Version.V16:
            request = {"connectorId": evse_id, "csChargingProfiles": profile}
        return await self.call("SetChargingProfile", request, within_s=within_s, checked=checked)

    async def update_dynamic_schedule(
        self, profile_id: int, *, within_s: float = 30.0, checked: bool = True, **update: float
    ) -> Payload:
        """`update`: setpoint, limit, dischargeLimit, ... in the profile's unit, discharge negative."""
        request = {"chargingProfileId": profile_id, "scheduleUpdate": update}
        return await self.call("UpdateDynamicSchedule", request, within_s=within_s, checked=checked)

    async def update_setpoint(self, setpoint_w: float, *, evse_id: int = 1, within_s: float = 30.0) -> Payload:
        """Q04: move the setpoint of the running transaction; negative discharges. Gives back the last answer.

        Where no Dynamic profile of ours is installed for this transaction one is, with a setpoint of 0 W, so that
        what moves the power is the update. Raises NotConnected if no transaction is running.
        """
        if self.transaction_id is None:
            raise NotConnected(f"{self.identity} has told of no running transaction")
        if self.profile_id is None or self._profile_transaction != self.transaction_id:
            self._next_profile_id += 1
            draft = profile_drafts.dynamic_setpoint(self._next_profile_id, self.transaction_id, 0.0)
            answer = await self.set_charging_profile(draft, evse_id=evse_id, within_s=within_s)
            if answer["status"] != "Accepted":
                return answer
            self.profile_id, self._profile_transaction = self._next_profile_id, self.transaction_id
        return await self.update_dynamic_schedule(self.profile_id, within_s=within_s, setpoint=setpoint_w)

    async def clear_charging_profiles(self, **criteria: Any) -> Payload:
        """By chargingProfileId, or by evseId, chargingProfilePurpose and stackLevel (1.6: by its own names)."""
        self.profile_id = None
        if self.version is Version.V16:
            return await self.call("ClearChargingProfile", criteria)
        if "chargingProfileId" in criteria:
            return await self.call("ClearChargingProfile", criteria)
        return await self.call("ClearChargingProfile", {"chargingProfileCriteria": criteria} if criteria else {})

    async def get_composite_schedule(self, duration_s: int, *, evse_id: int = 1, unit: str = "W") -> Payload:
        return await self.call(
            "GetCompositeSchedule", {"duration": duration_s, "evseId": evse_id, "chargingRateUnit": unit}
        )

    async def get_variable(self, component: str, variable: str, **address: Any) -> Payload:
        """One getVariableResult; `address`: instance, evse."""
        request = {"getVariableData": [_variable(component, variable, **address)]}
        answer = await self.call("GetVariables", request)
        result: Payload = answer["getVariableResult"][0]
        return result

    async def set_variable(self, component: str, variable: str, value: str, **address: Any) -> Payload:
        """One setVariableResult; `address`: instance, evse. What was there before the first write is kept in `found`."""
        where = (component, variable, address.get("instance"), address.get("evse"))
        if where not in self.found:
            read = await self.get_variable(component, variable, **address)
            self.found[where] = read.get("attributeValue", "") if read["attributeStatus"] == "Accepted" else None
        data = {**_variable(component, variable, **address), "attributeValue": value}
        answer = await self.call("SetVariables", {"setVariableData": [data]})
        result: Payload = answer["setVariableResult"][0]
        return result

    async def restore_variables(self) -> None:
        """What `set_variable` has written is as it was found, as far as the station lets it be read."""
        for (component, variable, instance, evse), before in list(self.found.items()):
            address = {"instance": instance, "evse": evse}
            if before is not None and variable not in _MOVES:
                now = await self.get_variable(component, variable, **address)
                if now.get("attributeValue", "") != before:
                    await self.set_variable(component, variable, before, **address)
        self.found.clear()

    async def request_start(self, token: str, *, evse_id: int = 1, remote_start_id: int = 1, **more: Any) -> Payload:
        """RequestStartTransaction; in 1.6 RemoteStartTransaction, which knows no id of the start."""
        if self.version is Version.V16:
            return await self.call("RemoteStartTransaction", {"connectorId": evse_id, "idTag": token, **more})
        request = {
            "idToken": {"idToken": token, "type": "Central"},
            "evseId": evse_id,
            "remoteStartId": remote_start_id,
            **more,
        }
        return await self.call("RequestStartTransaction", request)

    async def request_stop(self, transaction_id: str | None = None) -> Payload:
        """RequestStopTransaction; in 1.6 RemoteStopTransaction."""
        wanted = transaction_id or self.transaction_id
        if self.version is Version.V16:
            return await self.call("RemoteStopTransaction", {"transactionId": int(wanted or 0)})
        return await self.call("RequestStopTransaction", {"transactionId": wanted})

    # what the shell does -----------------------------------------------------------------------------------------

    async def serve(self, channel: TextChannel, version: Version, observer: Observer) -> None:
        """Live on this channel until it ends. A second link of the same station replaces the first."""
        if self._shell:
            await self._shell.channel.close()
        self.version = version
        channel.pong = self._pinged
        session = self._session = Session(version, self._ids)
        shell = self._shell = Shell(self, channel, self.clock, observer, self.identity, "csms", "charger")
        self._connected.set()
        observer.link(self.identity, "connected", version=str(version))
        try:
            await shell.run()
        finally:
            observer.link(self.identity, "closed")
            self._calls.conclude(session.lost())
            if self._session is session:
                self._session = self._shell = None
                self._connected.clear()
            await channel.close()

    def receive(self, text: str, now_s: float) -> None:
        if self._session:
            if retort := self.wording.retorts(text):
                self._session.put_raw(retort)
            for event in self._session.receive(text, now_s):
                self._handle(event, now_s)

    def tick(self, now_s: float) -> None:
        if self._session:
            self._calls.conclude(self._session.tick(now_s))

    def deadline_s(self) -> float | None:
        return self._session.deadline_s() if self._session else None

    def take_texts(self) -> list[str]:
        return list(map(self.wording.says, self._session.take_texts())) if self._session else []

    # inside ------------------------------------------------------------------------------------------------------

    def _live_session(self) -> Session:
        if self._session is None:
            raise NotConnected(f"{self.identity} is not connected")
        return self._session

    def _pinged(self, payload: bytes) -> bytes | None:
        self.pings.append((utc_s(self.clock), payload))
        return self.pong(payload)

    def _poke(self) -> None:
        if self._shell:
            self._shell.poke()

    def _handle(self, event: SessionEvent, now_s: float) -> None:
        match event:
            case Requested():
                self._take(Received(now_s, event.action, event.payload, event.id))
                if self._session:
                    self.answering.respond(self._session, event, now_s)
            case Notified():
                self._take(Received(now_s, event.action, event.payload, event.id))
            case AnswerRejected():
                self.rejected_answers.append(event)
            case Garbled():
                self.garbled.append(event)
                if self.tolerant and event.code == ErrorCode.NOT_IMPLEMENTED and self._session:
                    self._session.take_texts()
                    self._session.put_raw(render(CallResult(parse(event.text, self.version).id, {})))
            case _:
                self._calls.conclude([event])

    def _take(self, message: Received) -> None:
        self._follow(message)
        self.inbox.put(message)

    def _started(self, transaction_id: str) -> None:
        self.transaction_id = transaction_id

    def _follow(self, message: Received) -> None:
        """Keep track of the running transaction, and of a station that comes back without booting."""
        if message.action not in ("BootNotification", "SecurityEventNotification"):
            self.ready.set()
        if message.action == "StopTransaction":
            self.transaction_id = None
        if message.action == "TransactionEvent":
            ended = message.payload["eventType"] == "Ended"
            self.transaction_id = None if ended else message.payload["transactionInfo"]["transactionId"]


_MOVES = frozenset({"NetworkConfigurationPriority"})
"""What sends a station elsewhere is taken back by who sent it there."""


def _variable(component: str, variable: str, *, instance: str | None = None, evse: int | None = None) -> Payload:
    raw: Payload = {"component": {"name": component}, "variable": {"name": variable}}
    if evse is not None:
        raw["component"]["evse"] = {"id": evse}
    if instance is not None:
        raw["variable"]["instance"] = instance
    return raw
