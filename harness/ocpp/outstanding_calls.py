"""CALLs of our CSMS that a charging station has still to answer, and who waits for the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from harness.ocpp.frames import Payload
from harness.ocpp.session import Answered, Refused, SessionEvent, Unanswered
from harness.ocpp.station_errors import AnswerInvalid, CallRefused, NoAnswer, StationError


class OutstandingCalls:
    """Of one station, whose `identity` is told where it gave no answer."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self._pending: dict[str, asyncio.Future[Payload]] = {}

    def expect(self, message_id: str) -> asyncio.Future[Payload]:
        """What the answer to this CALL, which is about to be sent, will be or raise."""
        future = self._pending[message_id] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._pending.pop(message_id, None))
        return future

    def conclude(self, events: Sequence[SessionEvent]) -> None:
        """Give each call what became of it; other events are none of ours."""
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
