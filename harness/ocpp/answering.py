"""How a CSMS answers the requests of a charging station: as the test wants, late, wrongly, or by default."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.clock import Clock
from harness.ocpp.csms_answers import Answers, Behaviour, default_answer
from harness.ocpp.frames import Payload
from harness.ocpp.session import Requested, Session
from harness.ocpp.shell import utc_s
from harness.ocpp.version import ErrorCode


class Answering:
    """Of one station. `poke` has a late answer sent; `accepted` hears of an accepted boot, `started` of the id that a
    transaction of 1.6 has got."""

    def __init__(
        self,
        clock: Clock,
        *,
        poke: Callable[[], None],
        accepted: Callable[[], None],
        started: Callable[[str], None],
    ) -> None:
        self.clock = clock
        self.answers = Answers()
        self.faults: list[str] = []
        """Answers of the test's own that could not be given; the station got an InternalError instead."""
        self._poke = poke
        self._accepted = accepted
        self._started = started
        self._late: set[asyncio.Task[None]] = set()
        self._transactions_16 = 0

    def respond(self, session: Session, request: Requested, now_s: float) -> None:
        """Now, late or never, as the behaviour has it."""
        behaviour = self.answers.take(request.action, request.payload)
        if behaviour.silent:
            return
        if behaviour.delay_s > 0:
            task = asyncio.ensure_future(self._respond_late(session, request, behaviour))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        else:
            self._answer(session, request, behaviour, now_s)

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
            self._accepted()

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
            self._started(str(self._transactions_16))
        session.answer(request, answer, checked=behaviour.checked)
        return answer

    def cancel(self) -> None:
        """Drop answers that are still to come late."""
        for task in self._late:
            task.cancel()
