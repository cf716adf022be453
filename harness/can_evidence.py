"""CAN frames as evidence: a log of the running attempt that begins with its first frame, and error frames in the transcript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from drivers.can.log import FrameLog
from drivers.can.ports import Frame, error_words
from harness.clock import Clock
from harness.transcript.recorder import Recorder


class CanEvidence:
    """What a gateway's driver tells each frame to. Frames between attempts are not kept."""

    def __init__(self, buses: Sequence[str], suffix: str, record: Callable[..., Any]) -> None:
        self._buses = tuple(buses)
        self._suffix = suffix
        self._record = record
        self._path: Path | None = None
        self._clock: Clock | None = None
        self._log: FrameLog | None = None

    def begin(self, recorder: Recorder) -> None:
        """The attempt of this transcript begins; its log will lie beside it."""
        self._path = recorder.path.with_name(f"can.{self._suffix}") if recorder.path and self._suffix else None
        self._clock = recorder.clock

    def __call__(self, bus: str, frame: Frame, name: str, sent: bool) -> None:
        if frame.error:
            words = " and ".join(error_words(frame))
            self._record(
                f"can.{bus}", "can.frame", bus, "harness", error=True, id=frame.id, hex=frame.data.hex(), means=words
            )
        if self._log is None and self._path and self._clock:
            self._log = FrameLog(self._path, self._buses, self._clock)
        if self._log:
            self._log(bus, frame, name, sent)

    def end(self) -> None:
        """The attempt is over: its log is whole. Idempotent."""
        if self._log:
            self._log.close()
        self._log = self._path = None
