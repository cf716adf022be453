"""One attempt on one time axis: what was said on every channel, beside what was measured.

Read from the attempt's transcript (and `series.csv`, if there is one) when a report is made; nothing here is judged.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.plant.pilot import DIGITAL_DUTY_PERCENT, offered_a
from harness.transcript.event import Event
from harness.transcript.recorder import read_events
from harness.transcript.titles import told
from harness.transcript.visible import visible
from reports.text import tree

Decode = Callable[[Iterable[Event]], dict[int, tuple[str, Any]]]
"""A transcript's events to the V2G messages in it: number of the event to name and content."""

_FIRST, _LAST = 1200, 400
"""Events of one attempt that a report shows from its beginning and its end; the whole is in the evidence."""
_POINTS = 600
"""Points of one measured curve that a report keeps: more than a screen can show."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    number: int
    at_s: float
    lane: str
    source: str
    target: str
    title: str
    detail: Any = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity over time; `name` ends in its SI unit."""

    role: str
    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    entries: tuple[Entry, ...] = ()
    curves: tuple[Curve, ...] = ()
    left_out: int = 0


def read(folder: Path, decode: Decode, clean: Callable[[Any], Any] = lambda value: value) -> Timeline:
    """The timeline of one attempt's evidence folder, its first event at zero; empty if nothing was recorded.

    `clean` takes from a JSON value what the report must not show. It comes before clipping: half an identity is one too.
    """
    path = folder / "transcript.jsonl"
    events = list(_readable(path)) if path.is_file() else []
    zero_s = events[0].at_s if events else 0.0
    curves: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        _follow(event, curves, clean)
    measured = {name for _, name in curves}
    for column, points in _series(folder / "series.csv"):
        name = visible(clean(column), 40)
        if name not in measured:
            curves["series", name] = points
    said = [event for event in events if event.kind != "reading"]
    left_out = max(0, len(said) - _FIRST - _LAST)
    shown = said[:_FIRST] + said[-_LAST:] if left_out else said
    messages = decode(events)
    return Timeline(
        entries=tuple(_entry(event, messages, zero_s, clean) for event in shown),
        curves=tuple(
            Curve(role, name, tuple((round(at - zero_s, 4), value) for at, value in thinned(points)))
            for (role, name), points in sorted(curves.items())
        ),
        left_out=left_out,
    )


def _readable(path: Path) -> Iterator[Event]:
    """Events up to the first line that is none: a transcript that somebody damaged must not stop the report."""
    try:
        yield from read_events(path)
    except msgspec.MsgspecError as problem:
        yield Event(0, 0.0, 0, "bench", "bench", data={"what": f"the transcript cannot be read further: {problem}"})


def _follow(
    event: Event, curves: dict[tuple[str, str], list[tuple[float, float]]], clean: Callable[[Any], Any]
) -> None:
    if event.kind == "reading":
        for name, value in event.data.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and "_" in name and name != "at_s":
                curves[visible(clean(event.source or event.channel), 40), visible(clean(name), 40)].append(
                    (event.at_s, float(value))
                )
    elif event.kind == "pilot" and (offer_a := _offer(event.data.get("duty_percent"))) is not None:
        curves["control_pilot", "offered_a"].append((event.at_s, offer_a))
    elif event.kind == "ocpp.frame" and (setpoint := _setpoint(str(event.data.get("text", "")))) is not None:
        curves["csms", "setpoint_w"].append((event.at_s, setpoint))


def _offer(duty_percent: float | None) -> float | None:
    """Current per phase in A that the pilot offers; None where the current is told by digital communication."""
    least, most = DIGITAL_DUTY_PERCENT
    return None if duty_percent is not None and least <= duty_percent <= most else offered_a(duty_percent)


def _setpoint(text: str) -> float | None:
    """The power that the CSMS asks for by UpdateDynamicSchedule (OCPP 2.1, use case K28); W, negative to the grid."""
    if '"UpdateDynamicSchedule"' not in text:
        return None
    try:
        return float(json.loads(text)[3]["scheduleUpdate"]["setpoint"])
    except (ValueError, LookupError, TypeError):
        return None


def _series(path: Path) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    if not path.is_file():
        return
    columns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            at_s = _float(row.get("at_s"))
            for name, text in row.items():
                value = _float(text)
                if name and name != "at_s" and at_s is not None and value is not None:
                    columns[name].append((at_s, value))
    yield from columns.items()


def _float(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def thinned(points: list[tuple[float, float]], wanted: int = _POINTS) -> Iterable[tuple[float, float]]:
    """The lowest and the highest point of each stretch, so that no peak is lost."""
    if len(points) <= wanted:
        return points
    kept = []
    stretch = -(-len(points) * 2 // wanted)
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        low, high = min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])
        kept += sorted({low, high})
    return kept


def _entry(event: Event, messages: dict[int, tuple[str, Any]], zero_s: float, clean: Callable[[Any], Any]) -> Entry:
    title, detail = messages.get(event.number) or told(event)
    return Entry(
        number=event.number,
        at_s=round(event.at_s - zero_s, 6),
        lane=visible(clean(event.channel), 40),
        source=visible(clean(event.source), 40),
        target=visible(clean(event.target), 40),
        title=visible(clean(title), 160),
        detail=tree(clean(detail)),
    )
