"""One OCPP-J session, either side, without input or output: texts and a time in; texts, events and deadlines out.

This file does not know which side it plays. It keeps OCPP-J's one rule of order (at most one own CALL without an
answer; further ones wait in a queue), checks every payload against its schema, and answers broken frames with the
code that the version asks for. What a CALL means is the business of whoever reads the events, and may be answered
at any later time, so an agent can call while it is being called.
"""

from __future__ import annotations

import itertools
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    FrameError,
    Payload,
    Send,
    parse,
    render,
)
from harness.ocpp.schema import SEND_ONLY, SchemaProblem, actions, problem
from harness.ocpp.version import ErrorCode, Version

REMEMBERED_IDS = 1000
"""How many of the peer's message ids are kept to notice a reuse. Our default: a bound on memory."""


class LocalProtocolError(ValueError):
    """Our own side was about to send what is not legal; say `checked=False` to do so on purpose."""


@dataclass(frozen=True, slots=True)
class Requested:
    """The peer's CALL. Exactly one `answer` or `refuse` is due, sooner or later."""

    id: str
    action: str
    payload: Payload
    problem: SchemaProblem | None = None
    """Only in a lenient session: what is wrong with the payload."""
    repeated: bool = False
    """The peer has used this message id before."""


@dataclass(frozen=True, slots=True)
class Notified:
    """The peer's SEND: no answer is allowed."""

    id: str
    action: str
    payload: Payload
    problem: SchemaProblem | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The CALLRESULT to our CALL; `problem` says what is wrong with its payload."""

    id: str
    action: str
    payload: Payload
    problem: SchemaProblem | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The CALLERROR to our CALL; `code` as on the wire."""

    id: str
    action: str
    code: str
    description: str
    details: Payload


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Our CALL got no answer: `why` is timeout or lost."""

    id: str
    action: str
    why: str


@dataclass(frozen=True, slots=True)
class AnswerRejected:
    """The peer says by CALLRESULTERROR that our response was bad."""

    id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """A text of the peer that could not be used, and the code it was answered with (None: with silence)."""

    text: str
    reason: str
    code: str | None


SessionEvent = Requested | Notified | Answered | Refused | Unanswered | AnswerRejected | Garbled


@dataclass(slots=True)
class _Waiting:
    frame: Call
    timeout_s: float
    deadline_s: float = field(default=float("inf"))


def message_ids(prefix: str | None = None) -> Iterator[str]:
    """Message ids that no other iterator gives out: a random prefix (or the one given) and a counter."""
    prefix = uuid.uuid4().hex[:12] if prefix is None else prefix
    return (f"{prefix}-{number}" for number in itertools.count(1))


class Session:
    """See the module's text. `ids` goes on over reconnects, since a sender may never use an id twice."""

    def __init__(
        self, version: Version, ids: Iterator[str], *, call_timeout_s: float = 30.0, lenient: bool = False
    ) -> None:
        """`call_timeout_s`: how long a CALL waits for its answer (our default). `lenient`: hand out CALLs that
        break their schema instead of refusing them."""
        self.version = version
        self.ids = ids
        self.call_timeout_s = call_timeout_s
        self.lenient = lenient
        self._texts: list[str] = []
        self._queue: deque[_Waiting] = deque()
        self._outstanding: _Waiting | None = None
        self._seen: dict[str, None] = {}

    # what the own side wants -------------------------------------------------------------------------------------

    def call(
        self, action: str, payload: Payload, now_s: float, *, timeout_s: float | None = None, checked: bool = True
    ) -> str:
        """Send a CALL, or queue it behind the one without an answer. Returns its message id.

        Raises LocalProtocolError when the payload breaks its schema and `checked` is not False.
        """
        if checked:
            self._check(action, payload, response=False)
        waiting = _Waiting(Call(next(self.ids), action, payload), timeout_s or self.call_timeout_s)
        self._queue.append(waiting)
        self._next_call(now_s)
        return waiting.frame.id

    def send(self, action: str, payload: Payload, *, checked: bool = True) -> str:
        """Send a SEND (2.1). Returns its message id."""
        if checked:
            self._check(action, payload, response=False)
        message_id = next(self.ids)
        self._emit(Send(message_id, action, payload))
        return message_id

    def answer(self, request: Requested, payload: Payload, *, checked: bool = True) -> None:
        if checked:
            self._check(request.action, payload, response=True)
        self._emit(CallResult(request.id, payload))

    def refuse(self, request: Requested, code: ErrorCode, description: str = "") -> None:
        self._emit(CallError(request.id, code.spelt(self.version), description))

    def put_raw(self, text: str) -> None:
        """Send any text as it is: for deliberate faults."""
        self._texts.append(text)

    def take_texts(self) -> list[str]:
        """What is to go out now, in order."""
        texts, self._texts = self._texts, []
        return texts

    # what happens to it ------------------------------------------------------------------------------------------

    def receive(self, text: str | bytes, now_s: float) -> list[SessionEvent]:
        """Take one text of the peer."""
        try:
            frame = parse(text, self.version)
        except FrameError as fault:
            return [self._garbled(text, str(fault), fault.code, fault.id)]
        match frame:
            case Call():
                return [self._called(frame, text)]
            case Send(id, action, payload):
                if action not in SEND_ONLY:
                    return [self._garbled(text, f"{action} is no message for SEND", None, id)]
                wrong = problem(self.version, action, payload, response=False)
                if wrong and not self.lenient:
                    return [self._garbled(text, str(wrong), None, id)]
                return [Notified(id, action, payload, wrong)]
            case CallResultError(id, code, description):
                return [AnswerRejected(id, code, description)]
            case CallResult() | CallError():
                return [self._concluded(frame, text, now_s)]

    def deadline_s(self) -> float | None:
        """When `tick` wants to be called at the latest."""
        return self._outstanding.deadline_s if self._outstanding else None

    def tick(self, now_s: float) -> list[SessionEvent]:
        """Let time pass: a CALL that is overdue gives Unanswered, and the next one goes out."""
        overdue = self._outstanding
        if overdue is None or now_s < overdue.deadline_s:
            return []
        self._outstanding = None
        self._next_call(now_s)
        return [Unanswered(overdue.frame.id, overdue.frame.action, "timeout")]

    def lost(self) -> list[SessionEvent]:
        """The link is gone: everything that waited for an answer, or for its turn, will get none."""
        waiting = [self._outstanding, *self._queue] if self._outstanding else list(self._queue)
        self._outstanding = None
        self._queue.clear()
        self._texts.clear()
        return [Unanswered(one.frame.id, one.frame.action, "lost") for one in waiting]

    # inside ------------------------------------------------------------------------------------------------------

    def _called(self, frame: Call, text: str | bytes) -> SessionEvent:
        repeated = frame.id in self._seen
        self._seen[frame.id] = None
        if len(self._seen) > REMEMBERED_IDS:
            del self._seen[next(iter(self._seen))]
        if frame.action in SEND_ONLY:
            reason = f"{frame.action} is told by SEND"
            return self._garbled(text, reason, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, frame.id)
        wrong = problem(self.version, frame.action, frame.payload, response=False)
        if wrong and not (self.lenient and wrong.code is not ErrorCode.NOT_IMPLEMENTED):
            return self._garbled(text, str(wrong), wrong.code, frame.id)
        return Requested(frame.id, frame.action, frame.payload, wrong, repeated)

    def _concluded(self, frame: CallResult | CallError, text: str | bytes, now_s: float) -> SessionEvent:
        waiting = self._outstanding
        if waiting is None or waiting.frame.id != frame.id:
            return self._garbled(text, f"an answer to {frame.id!r}, which is not waited for", None, frame.id)
        self._outstanding = None
        action = waiting.frame.action
        if isinstance(frame, CallError):
            self._next_call(now_s)
            return Refused(frame.id, action, frame.code, frame.description, frame.details)
        known = action in actions(self.version)  # a test may have called what the version does not know
        wrong = problem(self.version, action, frame.payload, response=True) if known else None
        if wrong and self.version is Version.V21:
            self._emit(CallResultError(frame.id, wrong.code.spelt(self.version), str(wrong)))
        self._next_call(now_s)
        return Answered(frame.id, action, frame.payload, wrong)

    def _garbled(self, text: str | bytes, reason: str, code: ErrorCode | None, message_id: str) -> Garbled:
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        # 1.6 has no id for a frame whose own could not be read, so it stays silent there.
        if code is ErrorCode.RPC_FRAMEWORK_ERROR and self.version is Version.V16:
            code = None
        if code is None:
            return Garbled(shown, reason, None)
        self._emit(CallError(message_id, code.spelt(self.version), reason))
        return Garbled(shown, reason, code.spelt(self.version))

    def _next_call(self, now_s: float) -> None:
        if self._outstanding is None and self._queue:
            self._outstanding = self._queue.popleft()
            self._outstanding.deadline_s = now_s + self._outstanding.timeout_s
            self._emit(self._outstanding.frame)

    def _emit(self, frame: Frame) -> None:
        self._texts.append(render(frame))

    def _check(self, action: str, payload: Payload, *, response: bool) -> None:
        wrong = problem(self.version, action, payload, response=response)
        if wrong:
            raise LocalProtocolError(f"{action}{' response' if response else ''}: {wrong}")
