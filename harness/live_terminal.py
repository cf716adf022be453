"""The operator's answers from the keyboard of the bench computer: a line a question; the live view shows the question.

An empty line or `done` means done, a choice is answered by its number or its words, `no REASON` that it is not possible.
"""

from __future__ import annotations

import threading
from typing import TextIO

from drivers.operator.desk import Desk
from drivers.roles import Answer, Prompt
from harness.transcript.event import Event

NAME = "terminal"


class Terminal:
    """A view of a desk that reads lines in a thread of its own. Photos need the page."""

    def __init__(self, keyboard: TextIO) -> None:
        self._keyboard = keyboard
        self._open: tuple[int, Prompt] | None = None
        self._desk: Desk | None = None

    def answer_to(self, desk: Desk) -> None:
        self._desk = desk
        desk.views.append(self)
        threading.Thread(target=self._read, name="operator-terminal", daemon=True).start()

    def asked(self, number: int, prompt: Prompt) -> None:
        self._open = number, prompt

    def settled(self, number: int) -> None:
        self._open = None

    def noticed(self, text: str) -> None:
        """The live view has shown it."""

    def happened(self, event: Event) -> None:
        """The live view shows it."""

    def _read(self) -> None:
        for line in self._keyboard:
            question = self._open
            if question and self._desk and (answer := answer_of(question[1], line.strip())):
                self._desk.answer(question[0], answer)


def answer_of(prompt: Prompt, line: str) -> Answer | None:
    """What a line means as an answer; None if it answers nothing."""
    word, _, rest = line.partition(" ")
    if word.lower() in ("no", "n"):
        return Answer(False, rest, NAME)
    if prompt.kind == "photo":
        return None
    if prompt.kind == "choice":
        by_number = {str(place): text for place, text in enumerate(prompt.choices, start=1)}
        chosen = by_number.get(line, line)
        return Answer(True, chosen, NAME) if chosen in prompt.choices else None
    if prompt.kind == "text":
        return Answer(True, line, NAME) if line else None
    return Answer(True, "", NAME) if line.lower() in ("", "done", "y", "yes", "ok") else None
