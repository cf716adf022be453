"""Evidence made from the transcript when an attempt ends: the measurement series, and the V2G link as a capture."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.transcript.capture.writer import write_capture
from harness.transcript.event import Event


def write_artefacts(events: Sequence[Event], folder: Path) -> None:
    """Write `series.csv` and `v2g.pcapng` where there is something to put into them."""
    _write_series([event for event in events if event.kind == "reading"], folder / "series.csv")
    if any(event.kind.startswith("v2g.") for event in events):
        write_capture(folder / "v2g.pcapng", events)


def _write_series(readings: Iterable[Event], path: Path) -> None:
    rows = [{"at_s": f"{one.at_s:.4f}", "channel": one.channel, **_scalars(one)} for one in readings]
    if not rows:
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _scalars(event: Event) -> dict[str, str]:
    return {name: f"{value}" for name, value in event.data.items() if isinstance(value, int | float)}
