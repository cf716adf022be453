"""The one open question, and everybody through whom it may be answered: a page, a terminal, an emulated person."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Protocol

from drivers.roles import Answer, Prompt
from harness.transcript.event import Event


class View(Protocol):
    """Shows a person what is going on. Called on the bench's thread; must not block."""

    def asked(self, number: int, prompt: Prompt) -> None: ...

    def settled(self, number: int) -> None:
        """The question needs no answer any more."""
        ...

    def noticed(self, text: str) -> None: ...

    def happened(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class _Open:
    number: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Answer]


class Desk:
    """Questions are numbered; the first answer to the open one counts, from whatever thread it comes."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self._lock = threading.Lock()
        self._count = 0
        self._open: _Open | None = None

    async def ask(self, prompt: Prompt) -> Answer:
        """Show the question everywhere and wait for the first answer."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._count += 1
            asked = self._open = _Open(self._count, loop, loop.create_future())
        try:
            for view in list(self.views):
                view.asked(asked.number, prompt)
            return await asked.future
        finally:
            with self._lock:
                self._open = None
            for view in list(self.views):
                view.settled(asked.number)

    def answer(self, number: int, answer: Answer) -> bool:
        """Answer a question; False if it is not open any more."""
        with self._lock:
            asked = self._open
            if asked is None or asked.number != number:
                return False
            asked.loop.call_soon_threadsafe(_settle, asked.future, answer)
            return True

    def notice(self, text: str) -> None:
        for view in list(self.views):
            view.noticed(text)

    def happened(self, event: Event) -> None:
        """A listener for recorders: what the person sees of a running attempt."""
        for view in list(self.views):
            view.happened(event)


def _settle(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
