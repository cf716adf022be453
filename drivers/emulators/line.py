"""The far end of a wire on which lines of text travel: no I/O here, only lines and times in, answers out.

A shell (drivers/emulators/process.py) puts such a device on a TCP socket or a pty; drivers/wire.py joins it to a driver
in memory for virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers.emulators.defects import Defect


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device says; `ends` closes the connection after it."""

    text: str = ""
    after_s: float = 0.0
    ends: bool = False


class LineDevice:
    """A device that talks in lines. Subclasses answer in `handle`; `due_s` and `tick` are what they do unasked."""

    terminator = "\n"
    defects: Sequence[Defect] = ()
    """All that this kind of device can be seeded with."""

    def __init__(self, defects: Collection[str] = ()) -> None:
        known = {defect.id for defect in self.defects}
        if unknown := set(defects) - known:
            raise ValueError(
                f"{type(self).__name__} has no defect {', '.join(sorted(unknown))}; known: {sorted(known)}"
            )
        self.active = frozenset(defects)

    def has(self, ending: str) -> bool:
        """True if a defect is switched on whose id ends so; ids begin with the role's short name."""
        return any(name.partition("-")[2] == ending for name in self.active)

    def receive(self, line: str, now_s: float) -> list[Answer]:
        """A line from the driver; the answers in order."""
        if self.has("hangs-up"):
            return [Answer(ends=True)]
        answers = self.handle(line, now_s)
        if self.has("silent"):
            return []
        return [self._spoilt(answer) for answer in answers]

    def handle(self, line: str, now_s: float) -> list[Answer]:
        raise NotImplementedError

    def due_s(self) -> float | None:
        """When `tick` wants to be called next."""
        return None

    def tick(self, now_s: float) -> list[Answer]:
        """What the device does by itself at `now_s`."""
        return []

    def disconnected(self, now_s: float) -> None:
        """The driver's connection has gone."""

    def _spoilt(self, answer: Answer) -> Answer:
        if self.has("garbage"):
            return replace(answer, text="\x15#?" + answer.text[::-1].replace(".", "~").replace("0", "\x7f"))
        if self.has("truncated"):
            return replace(answer, text=answer.text[: len(answer.text) // 3])
        return replace(answer, after_s=answer.after_s + 30.0) if self.has("slow") else answer


BoxCommands = Mapping[str, Callable[[list[str], float], str]]
"""Commands of a box: word to a function of parameters and time that returns what stands behind OK."""


def box_answer(commands: BoxCommands, line: str, now_s: float) -> Answer:
    """The answer of one of the project's own boxes, `OK ...` or `ERR code text`."""
    word, *parameters = line.split() or [""]
    if word not in commands:
        return Answer(f"ERR 1 unknown command {word}")
    try:
        return Answer(f"OK {commands[word](parameters, now_s)}".rstrip())
    except (ValueError, IndexError) as problem:
        return Answer(f"ERR 2 {problem}")


def wire_defects(role: str, short: str, protocol: str, contract: str) -> tuple[Defect, ...]:
    """What can go wrong on the wire of any instrument; each ends in `error`, side bench."""
    texts = {
        "silent": "takes commands and never answers",
        "garbage": "answers with octets that are no number and no text",
        "truncated": "answers with the first third of the answer",
        "hangs-up": "closes the connection at the first command",
        "slow": "answers 30 s late",
    }
    return tuple(
        Defect(f"{short}-{name}", role, protocol, "our default", f"the {role.replace('_', ' ')} {text}", contract)
        for name, text in texts.items()
    )
