"""How late the bench itself is: a heartbeat in the harness and in every emulator process.

Over wires the protocols' timers are real, and a computer that is busy with other work lets emulated devices, and us, miss
them. A beat that comes late tells by how much. What is late beyond `BOUND_S` is written into the transcript, and a timing
that was missed near it is nobody's fault but the bench's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.clock import Clock
from harness.transcript.event import Event

BEAT_S = 0.05
BOUND_S = 0.1
"""Lateness that the bench answers for. Our default: the tightest timer, a charge loop's answer, is 0.25 s."""
REACH_S = 20.0
"""How long after a late beat, or after an impairment that we injected, something missed may still be its consequence: a
session that a timer ended has to be found missing first (our default)."""

CALM_S = 1.0
"""How long every process has been on time before a first attempt begins on fresh devices (our default)."""
CALM_WITHIN_S = 60.0
"""How long that is waited for; then the attempt begins all the same, and lateness in it is told (our default)."""

OnLate = Callable[[float, float], None]


async def beat(on_late: OnLate, bound_s: float = BOUND_S) -> None:
    """Beat on the running loop until cancelled; `on_late(due, late)` in loop time and seconds for each beat beyond it."""
    loop = asyncio.get_running_loop()
    due_s = loop.time() + BEAT_S
    while True:
        await asyncio.sleep(due_s - loop.time())
        late_s = loop.time() - due_s
        if late_s > bound_s:
            on_late(due_s, late_s)
        due_s = max(due_s + BEAT_S, loop.time())


class Calm:
    """Whether the computer has come to rest: workers that start beside each other make each other's first case late."""

    def __init__(self) -> None:
        self._late_at_s = -CALM_S

    def disturbed(self, now_s: float) -> None:
        """A beat came late."""
        self._late_at_s = now_s

    async def wait(self, clock: Clock) -> None:
        """Return when no beat was late for CALM_S, at once if none ever was, or after CALM_WITHIN_S."""
        patience_s = clock.now_s() + CALM_WITHIN_S
        while (rest_s := min(self._late_at_s + CALM_S, patience_s) - clock.now_s()) > 0:
            await clock.sleep(rest_s)


@dataclass(frozen=True, slots=True)
class Late:
    """One late beat: who, when it was due on the run clock, and by how much it was late."""

    process: str
    due_s: float
    late_s: float

    def __str__(self) -> str:
        return f"{self.process} ran {self.late_s:.2f} s late at {self.due_s:.1f} s"


def late_beats(events: Iterable[Event]) -> list[Late]:
    """The late beats that a transcript tells."""
    return [
        Late(str(event.data["process"]), float(event.data["due_s"]), float(event.data["late_s"]))
        for event in events
        if event.kind == "bench" and event.data.get("what") == "late"
    ]
