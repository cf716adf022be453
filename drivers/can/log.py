"""Frames as evidence that other tools open: Vector's ASC (text) and BLF, through python-can's writers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import can

from drivers.can.ports import Frame
from harness.clock import Clock


class FrameLog:
    """Writes what `TwoBusGateway.on_frame` tells into one file; the suffix, .asc or .blf, says the format.

    Times are UTC of the run's clock. Raises ValueError for another suffix or an unknown bus.
    """

    def __init__(self, path: Path, buses: Sequence[str], clock: Clock) -> None:
        if path.suffix not in (".asc", ".blf"):
            raise ValueError(f"{path}: a frame log ends in .asc or .blf")
        self._channels = {bus: number for number, bus in enumerate(buses)}
        self._clock = clock
        self._writer = can.ASCWriter(path) if path.suffix == ".asc" else can.BLFWriter(path)

    def __call__(self, bus: str, frame: Frame, name: str, sent: bool) -> None:
        """One frame, from now; `name` is what the database calls it and is not part of these formats."""
        if bus not in self._channels:
            raise ValueError(f"{name or frame.id}: no bus {bus!r} in this log")
        self._writer.on_message_received(
            can.Message(
                timestamp=self._clock.utc_us() / 1e6,
                arbitration_id=frame.id,
                data=frame.data,
                is_extended_id=frame.extended,
                is_error_frame=frame.error,
                is_rx=not sent,
                channel=self._channels[bus],
            )
        )

    def close(self) -> None:
        self._writer.stop()

    def __enter__(self) -> FrameLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
