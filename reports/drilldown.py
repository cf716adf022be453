"""What can be drilled down to: every attempt with its steps, measurements and messages, packed for a page.

An index of short columns is read when the page opens; details lie beside it as compressed chunks of some hundred cells,
unpacked one at a time when somebody looks. Transcripts are packed from the least good attempts on until a budget is
spent; the page says where the others lie.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from harness.verdict import Verdict
from reports.anonymise import Level, Names
from reports.document import AttemptRow, CellRow, Document
from reports.style import LOOKS
from reports.text import duration
from reports.timeline import Timeline

_CHUNK_OCTETS = 1 << 18
_BUDGET_OCTETS = 16 << 20
"""Transcripts that a page takes in, before packing (our default: a page of some megabytes)."""

Reader = Callable[[str], Timeline]
"""An attempt's id to its timeline."""


@dataclass(frozen=True, slots=True)
class Drilldown:
    """`index` is JSON, each chunk base64 of a deflated JSON list; both are safe inside a script element."""

    index: str
    chunks: tuple[str, ...]


def pack(document: Document, read: Reader, sizes: dict[str, int], names: Names) -> Drilldown:
    """`sizes`: octets of each attempt's transcript."""
    with_timeline = _chosen(document.cells, sizes, names.level)
    starts, chunks, waiting, octets = [0], [], [], 0
    for place, cell in enumerate(document.cells):
        packed = msgspec.json.encode(
            [_details(one, read if one.id in with_timeline else None, names) for one in cell.attempts]
        )
        waiting.append(packed)
        octets += len(packed)
        if octets > _CHUNK_OCTETS:
            chunks.append(_squeezed(waiting))
            starts.append(place + 1)
            waiting, octets = [], 0
    chunks.append(_squeezed(waiting))
    return Drilldown(in_script(_index(document, starts)), tuple(chunks))


def _squeezed(parts: list[bytes]) -> str:
    return base64.b64encode(zlib.compress(b"[" + b",".join(parts) + b"]", 9)).decode()


def in_script(value: object) -> str:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _chosen(cells: Iterable[CellRow], sizes: dict[str, int], level: Level) -> set[str]:
    """The attempts whose transcript goes into the page, the least good first."""
    if level is Level.PUBLIC:
        return set()
    attempts = [(not Verdict(cell.verdict).good, one) for cell in cells for one in cell.attempts if sizes.get(one.id)]
    spent, chosen = 0, set()
    for _, attempt in sorted(attempts, key=lambda entry: not entry[0]):
        spent += sizes[attempt.id]
        if spent > _BUDGET_OCTETS:
            break
        chosen.add(attempt.id)
    return chosen


def _details(one: AttemptRow, read: Reader | None, names: Names) -> dict[str, Any]:
    details: dict[str, Any] = msgspec.to_builtins(one)
    details["duration"] = "" if one.duration_s is None else duration(one.duration_s)
    if read:
        timeline = read(one.id)
        if names.level.pseudonymous:  # a group sees order and names of messages
            timeline = replace(timeline, entries=tuple(replace(one, detail=None) for one in timeline.entries))
        details["timeline"] = msgspec.to_builtins(timeline)
    elif names.level is Level.PUBLIC:
        details["without_timeline"] = "Messages are not shown at this level."
    elif one.evidence:
        details["without_timeline"] = f"The transcript lies in the evidence of attempt {one.id}."
    return details


def _index(document: Document, starts: list[int]) -> dict[str, Any]:
    cells = document.cells
    cases = {case.id: place for place, case in enumerate(document.cases)}
    vehicles = _places(cell.vehicle for cell in cells)
    chargers = _places(cell.charger for cell in cells)
    reasons = _places(["", *(cell.reason for cell in cells)])
    sides = _places(["", *(cell.side for cell in cells)])
    order = list(LOOKS)
    linked = {attempt for finding in document.findings for attempt in finding.examples}
    linked |= {attempt for case in document.cases for attempt in (case.good_attempt, case.bad_attempt)}
    return {
        "cases": [[case.id, case.title] for case in document.cases],
        "vehicles": list(vehicles),
        "chargers": list(chargers),
        "reasons": list(reasons),
        "sides": list(sides),
        "looks": [
            {"name": name, "label": look.label, "glyph": look.glyph, "rank": name.rank} for name, look in LOOKS.items()
        ],
        "cells": {
            "case": [cases[cell.case] for cell in cells],
            "vehicle": [vehicles[cell.vehicle] for cell in cells],
            "charger": [chargers[cell.charger] for cell in cells],
            "verdict": "".join(chr(97 + order.index(Verdict(cell.verdict))) for cell in cells),
            "reason": [reasons[cell.reason] for cell in cells],
            "side": [sides[cell.side] for cell in cells],
        },
        "starts": starts,
        "attempts": {one.id: place for place, cell in enumerate(cells) for one in cell.attempts if one.id in linked},
    }


def _places(values: Iterable[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for value in values:
        places.setdefault(value, len(places))
    return places
