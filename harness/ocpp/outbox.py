"""What the station has to say, in order: one CALL at a time, and what must not be lost waits until it is online."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from harness.ocpp.frames import Payload
from harness.ocpp.session import Answered, Refused, Session, SessionEvent, Unanswered
from harness.ocpp.timestamps import to_text

Then = Callable[[SessionEvent, float], None]
"""What to do with the conclusion of a CALL: the event, and the time."""


@dataclass(slots=True)
class Letter:
    """One CALL to be. A durable one survives being offline and is repeated until it is answered."""

    action: str
    payload: Payload
    then: Then | None = None
    durable: bool = False
    attempts: int = 0


class Outbox:
    """First in, first out; until the station is accepted only BootNotification may pass (B01 to B03)."""

    def __init__(self, attempts: int = 3) -> None:
        """`attempts`: how often a durable message is sent when it is refused or not answered; as the default of
        OCPPCommCtrlr.MessageAttempts[TransactionEvent] in the emulated station (our default)."""
        self.attempts = attempts
        self._waiting: deque[Letter] = deque()
        self.restamped: frozenset[str] = frozenset()
        """Actions that get the time of their sending, whatever time they tell of: for a defect."""
        self._under_way: tuple[str, Letter] | None = None

    def put(self, letter: Letter, *, first: bool = False) -> None:
        if first:
            self._waiting.appendleft(letter)
        else:
            self._waiting.append(letter)

    def pump(self, session: Session, now_s: float, *, accepted: bool) -> None:
        """Hand the next letter to the session if none is under way."""
        if self._under_way or not self._waiting:
            return
        if not accepted and self._waiting[0].action != "BootNotification":
            return
        letter = self._waiting.popleft()
        letter.attempts += 1
        if letter.action in self.restamped and letter.attempts == 1:
            letter.payload = _restamped(letter.payload, to_text(now_s))
        # A defect may have made the payload illegal on purpose; honest agents are checked by the tests.
        self._under_way = (session.call(letter.action, letter.payload, now_s, checked=False), letter)

    def concluded(self, event: Answered | Refused | Unanswered, now_s: float) -> None:
        """The session's news about the letter under way."""
        if not self._under_way or self._under_way[0] != event.id:
            return
        _, letter = self._under_way
        self._under_way = None
        lost = isinstance(event, Unanswered) and event.why == "lost"
        if letter.durable and not isinstance(event, Answered) and (lost or letter.attempts < self.attempts):
            self._waiting.appendleft(letter)
        elif letter.then:
            letter.then(event, now_s)

    def link_lost(self) -> None:
        """Forget what makes no sense later."""
        self._waiting = deque(letter for letter in self._waiting if letter.durable)

    def __len__(self) -> int:
        return len(self._waiting) + (self._under_way is not None)


def _restamped(payload: Payload, now: str) -> Payload:
    values = [{**value, "timestamp": now} for value in payload.get("meterValue", ())]
    return {**payload, "timestamp": now, **({"meterValue": values} if values else {})}
