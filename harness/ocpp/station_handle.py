"""One charging station as our CSMS sees it: what a test asks of it, what it said, and how it is answered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.clock import Clock
from harness.link import TextChannel, echo
from harness.ocpp import profile_drafts
from harness.ocpp.csms_answers import Answers, Behaviour, default_answer
from harness.ocpp.frames import CallResult, Payload, parse, render
from harness.ocpp.observer import Observer
from harness.ocpp.quirks import Wording
from harness.ocpp.schema import SchemaProblem
from harness.ocpp.security import Door
from harness.ocpp.session import (
    Answered,
    AnswerRejected,
    Garbled,
    Notified,
    Refused,
    Requested,
    Session,
    SessionEvent,
    Unanswered,
    message_ids,
)
from harness.ocpp.shell import Shell, utc_s
from harness.ocpp.version import ErrorCode, Version
from harness.verdict import Side

KEPT_MESSAGES = 2000
"""Messages of a station that `expect` and `received` can look back at. Our default: a bound on memory."""

Where = Callable[[Payload], bool] | Mapping[str, Any]
"""A predicate on the payload, or values by dotted path: {"transactionInfo.chargingState": "Charging"}."""


class StationError(Exception):
    """The charging station did not answer a CALL as it must."""

    side = Side.STATION


class CallRefused(StationError):
    """It answered with a CALLERROR; `code` as on the wire."""

    def __init__(self, action: str, code: str, description: str) -> None:
        super().__init__(f"the station answered {action} with CALLERROR {code}: {description}")
        self.action = action
        self.code = code


class AnswerInvalid(StationError):
    """Its CALLRESULT breaks the schema."""

    def __init__(self, action: str, problem: SchemaProblem, payload: Payload) -> None:
        super().__init__(f"the station's answer to {action} breaks the schema: {problem}")
        self.problem = problem
        self.payload = payload


class NoAnswer(StationError, TimeoutError):
    """It gave no answer in time, or the link was lost before."""


class NotSeen(StationError, TimeoutError):
    """It did not send what was expected in time."""


class NotConnected(StationError, ConnectionError):
    """There is no link to it."""


@dataclass(frozen=True, slots=True)
class Received:
    """A CALL or SEND of the station. `at_s`: UTC seconds."""

    at_s: float
    action: str
    payload: Payload
    message_id: str


class StationHandle:
    """One charging station as the CSMS sees it; lives on while the station comes and goes."""

    def __init__(self, identity: str, clock: Clock) -> None:
        self.identity = identity
        self.clock = clock
        self.answers = Answers()
        self.received: deque[Received] = deque(maxlen=KEPT_MESSAGES)
        self.garbled: deque[Garbled] = deque(maxlen=KEPT_MESSAGES)
        """Frames of the station that could not be used."""
        self.rejected_answers: deque[AnswerRejected] = deque(maxlen=KEPT_MESSAGES)
        """Our results that the station called bad, by CALLRESULTERROR."""
        self.faults: list[str] = []
        """Answers of the test's own that could not be given; the station got an InternalError instead."""
        self.ready = asyncio.Event()
        """It believes itself accepted: its BootNotification was, or it says what only an accepted station says."""
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
        self._fresh: deque[Received] = deque(maxlen=KEPT_MESSAGES)
        self._pending: dict[str, asyncio.Future[Payload]] = {}
        self._waiters: list[tuple[Mapping[str, Where | None], asyncio.Future[Received]]] = []
        self._late: set[asyncio.Task[None]] = set()
        self._next_profile_id = 100
        self._transactions_16 = 0

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
        future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._pending[message_id] = future
        self._poke()
        try:
            return await future
        finally:
            self._pending.pop(message_id, None)

    def put_raw(self, text: str) -> None:
        """Send any text as it is; what comes back shows in `garbled`, `received` or the transcript only."""
        self._live_session().put_raw(text)
        self._poke()

    async def expect(self, action: str, where: Where | None = None, *, within_s: float) -> Received:
        """The first message of this kind that was not expected before, already here or still to come.

        Each message is given out once, so two equal expectations need two messages. Raises NotSeen, with what came
        instead.
        """
        return await self.expect_any({action: where}, within_s=within_s)

    async def expect_any(self, wanted: Mapping[str, Where | None], *, within_s: float) -> Received:
        """As `expect`, for the first of several kinds: conditions by action."""
        for message in self._fresh:
            if _fits(message, wanted):
                self._fresh.remove(message)
                return message
        future: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        waiter = (wanted, future)
        self._waiters.append(waiter)
        try:
            return await self.clock.wait(future, within_s)
        except TimeoutError as late:
            instead = ", ".join(message.action for message in list(self._fresh)[-10:]) or "nothing"
            names = " or ".join(wanted)
            raise NotSeen(f"{self.identity} sent no {names} as expected within {within_s:g} s, but {instead}") from late
        finally:
            self._waiters.remove(waiter)

    def forget(self) -> None:
        """From now on `expect` looks only at what comes."""
        self._fresh.clear()

    def reset(self) -> None:
        """Another station (or the same, restarted from nothing) stands behind this identity: its story begins anew."""
        self.forget()
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
        """One setVariableResult; `address`: instance, evse."""
        data = {**_variable(component, variable, **address), "attributeValue": value}
        answer = await self.call("SetVariables", {"setVariableData": [data]})
        result: Payload = answer["setVariableResult"][0]
        return result

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
            self._conclude(session.lost())
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
            self._conclude(self._session.tick(now_s))

    def deadline_s(self) -> float | None:
        return self._session.deadline_s() if self._session else None

    def take_texts(self) -> list[str]:
        return list(map(self.wording.says, self._session.take_texts())) if self._session else []

    def cancel(self) -> None:
        """Drop answers that are still to come late."""
        for task in self._late:
            task.cancel()

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
                self._note(Received(now_s, event.action, event.payload, event.id))
                self._respond(event, now_s)
            case Notified():
                self._note(Received(now_s, event.action, event.payload, event.id))
            case AnswerRejected():
                self.rejected_answers.append(event)
            case Garbled():
                self.garbled.append(event)
                if self.tolerant and event.code == ErrorCode.NOT_IMPLEMENTED and self._session:
                    self._session.take_texts()
                    self._session.put_raw(render(CallResult(_id_of(event.text, self.version), {})))
            case _:
                self._conclude([event])

    def _note(self, message: Received) -> None:
        self._follow(message)
        self.received.append(message)
        for wanted, future in self._waiters:
            if not future.done() and _fits(message, wanted):
                future.set_result(message)
                return
        self._fresh.append(message)

    def _follow(self, message: Received) -> None:
        """Keep track of the running transaction, and of a station that comes back without booting."""
        if message.action not in ("BootNotification", "SecurityEventNotification"):
            self.ready.set()
        if message.action == "StopTransaction":
            self.transaction_id = None
        if message.action == "TransactionEvent":
            ended = message.payload["eventType"] == "Ended"
            self.transaction_id = None if ended else message.payload["transactionInfo"]["transactionId"]

    def _respond(self, request: Requested, now_s: float) -> None:
        assert self._session is not None
        behaviour = self.answers.take(request.action, request.payload)
        if behaviour.silent:
            return
        if behaviour.delay_s > 0:
            task = asyncio.ensure_future(self._respond_late(self._session, request, behaviour))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        else:
            self._answer(self._session, request, behaviour, now_s)

    async def _respond_late(self, session: Session, request: Requested, behaviour: Behaviour) -> None:
        await self.clock.sleep(behaviour.delay_s)
        self._answer(session, request, behaviour, utc_s(self.clock))
        self._poke()

    def _answer(self, session: Session, request: Requested, behaviour: Behaviour, now_s: float) -> None:
        if behaviour.error is not None:
            session.refuse(request, behaviour.error, "refused by the test")
            return
        try:
            answer = self._worked_out(session, request, behaviour, now_s)
        except Exception as fault:  # a test's own answer is wrong: the link lives on, and the fault can be seen
            self.faults.append(f"{request.action}: {type(fault).__name__}: {fault}")
            session.refuse(request, ErrorCode.INTERNAL_ERROR, "the test's own answer is wrong")
            return
        if answer is None:
            session.refuse(request, ErrorCode.NOT_SUPPORTED, f"{request.action} is not for a CSMS")
        elif request.action == "BootNotification" and answer.get("status") == "Accepted":
            self.ready.set()

    def _worked_out(self, session: Session, request: Requested, behaviour: Behaviour, now_s: float) -> Payload | None:
        """Give the answer that the test or the default wants; None where there is none."""
        answer = behaviour.answer(request.payload) if callable(behaviour.answer) else behaviour.answer
        if answer is None:
            answer = default_answer(session.version, request.action, request.payload, now_s)
        if answer is None:
            return None
        if request.action == "StartTransaction":  # 1.6: the CSMS gives the id
            self._transactions_16 += 1
            answer = {**answer, "transactionId": self._transactions_16}
            self.transaction_id = str(self._transactions_16)
        session.answer(request, answer, checked=behaviour.checked)
        return answer

    def _conclude(self, events: Sequence[SessionEvent]) -> None:
        for event in events:
            match event:
                case Answered(id, action, payload, problem):
                    if problem:
                        self._fail(id, AnswerInvalid(action, problem, payload))
                    elif (future := self._pending.get(id)) and not future.done():
                        future.set_result(payload)
                case Refused(id, action, code, description):
                    self._fail(id, CallRefused(action, code, description))
                case Unanswered(id, action, why):
                    self._fail(id, NoAnswer(f"{self.identity} gave no answer to {action} ({why})"))
                case _:
                    pass

    def _fail(self, message_id: str, problem: StationError) -> None:
        future = self._pending.get(message_id)
        if future and not future.done():
            future.set_exception(problem)


def _id_of(text: str, version: Version) -> str:
    return parse(text, version).id


def _variable(component: str, variable: str, *, instance: str | None = None, evse: int | None = None) -> Payload:
    raw: Payload = {"component": {"name": component}, "variable": {"name": variable}}
    if evse is not None:
        raw["component"]["evse"] = {"id": evse}
    if instance is not None:
        raw["variable"]["instance"] = instance
    return raw


def _fits(message: Received, wanted: Mapping[str, Where | None]) -> bool:
    if message.action not in wanted:
        return False
    where = wanted[message.action]
    if where is None:
        return True
    if callable(where):
        return where(message.payload)
    return all(_at(message.payload, path) == value for path, value in where.items())


def _at(payload: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(payload, list) and part.isdigit() and int(part) < len(payload):
            payload = payload[int(part)]
        elif isinstance(payload, dict):
            payload = payload.get(part)
        else:
            return None
    return payload
