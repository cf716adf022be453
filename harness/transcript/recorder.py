"""The recorder: appends events to the transcript, keeps them for the rules, tells them to listeners."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from harness.clock import Clock
from harness.transcript.event import Event, from_line, to_line

Listener = Callable[[Event], None]


class Recorder:
    """Appends events to a JSON-lines file (none: memory only) and to `events`.

    Every line is flushed at once: a SIGKILL loses at most the event that was being written.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self.clock = clock
        self.path = path
        self.events: list[Event] = []
        self._listeners: list[Listener] = []
        self._file: BinaryIO | None = path.open("ab", buffering=0) if path else None

    def record(self, channel: str, kind: str, source: str = "", target: str = "", /, **data: Any) -> Event:
        """Append one event with the time of now, and return it."""
        event = Event(
            len(self.events) + 1, self.clock.now_s(), self.clock.utc_us(), channel, kind, source, target, data
        )
        self.events.append(event)
        if self._file:
            self._file.write(to_line(event))
        for listener in self._listeners:
            listener(event)
        return event

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def read_events(path: Path) -> Iterator[Event]:
    """The events of a transcript file. A last line that was cut by a kill is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield from_line(line)
