"""What a charging station has sent, and who waits for what."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.clock import Clock
from harness.ocpp.frames import Payload
from harness.ocpp.station_errors import NotSeen

KEPT_MESSAGES = 2000
"""Messages of a station that `expect` and `received` can look back at. Our default: a bound on memory."""

Where = Callable[[Payload], bool] | Mapping[str, Any]
"""A predicate on the payload, or values by dotted path: {"transactionInfo.chargingState": "Charging"}."""


@dataclass(frozen=True, slots=True)
class Received:
    """A CALL or SEND of the station. `at_s`: UTC seconds."""

    at_s: float
    action: str
    payload: Payload
    message_id: str


class Inbox:
    """Of one station, whose `identity` is told where something was not seen."""

    def __init__(self, identity: str, clock: Clock) -> None:
        self.identity = identity
        self.clock = clock
        self.received: deque[Received] = deque(maxlen=KEPT_MESSAGES)
        """All messages."""
        self.fresh: deque[Received] = deque(maxlen=KEPT_MESSAGES)
        """Those that nobody has expected yet."""
        self._waiters: list[tuple[Mapping[str, Where | None], asyncio.Future[Received]]] = []

    async def expect(self, action: str, where: Where | None = None, *, within_s: float) -> Received:
        """The first message of this kind that was not expected before, already here or still to come.

        Each message is given out once, so two equal expectations need two messages. Raises NotSeen, with what came
        instead.
        """
        return await self.expect_any({action: where}, within_s=within_s)

    async def expect_any(self, wanted: Mapping[str, Where | None], *, within_s: float) -> Received:
        """As `expect`, for the first of several kinds: conditions by action."""
        for message in self.fresh:
            if _fits(message, wanted):
                self.fresh.remove(message)
                return message
        future: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        waiter = (wanted, future)
        self._waiters.append(waiter)
        try:
            return await self.clock.wait(future, within_s)
        except TimeoutError as late:
            instead = ", ".join(message.action for message in list(self.fresh)[-10:]) or "nothing"
            names = " or ".join(wanted)
            raise NotSeen(f"{self.identity} sent no {names} as expected within {within_s:g} s, but {instead}") from late
        finally:
            self._waiters.remove(waiter)

    def forget(self) -> None:
        """From now on `expect` looks only at what comes."""
        self.fresh.clear()

    def put(self, message: Received) -> None:
        """A message has come: it goes to who waits for it, or is kept for who will."""
        self.received.append(message)
        for wanted, future in self._waiters:
            if not future.done() and _fits(message, wanted):
                future.set_result(message)
                return
        self.fresh.append(message)


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
