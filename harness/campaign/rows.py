"""Attempts as rows of the store's tables, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec

from harness.campaign.records import Attempt, EvidenceFile, Pair, Step
from harness.verdict import DecisionRule, Finding, Kind, Limit, Measurement, Side, Source, Verdict

_ATTEMPT = (
    "id, case_id, vehicle, charger, number, started_utc_us, time_mode, parameters_json, "
    "ended_utc_us, verdict, side, kind, reason, exit_reason"
)
_MEASUREMENT = "name, value, unit, low, high, source, reference, uncertainty, side, at_s"

_encode = msgspec.json.Encoder(order="deterministic").encode


def to_json(value: object) -> str:
    """The one JSON text of a record: equal records give equal text."""
    return _encode(value).decode()


class Children:
    """Rows of a child table, read once and handed out by attempt."""

    def __init__(self, db: sqlite3.Connection, table: str, columns: str, order: str = "position") -> None:
        rows = db.execute(f"SELECT attempt, {columns} FROM {table} ORDER BY attempt, {order}")
        self._by_attempt = {key: [row[1:] for row in group] for key, group in groupby(rows, key=lambda row: row[0])}

    def of(self, attempt: str) -> list[tuple[Any, ...]]:
        return self._by_attempt.get(attempt, [])


def attempts(db: sqlite3.Connection) -> Iterator[Attempt]:
    """All attempts with everything they hold, those of one planned cell together and in order of their number."""
    findings = Children(db, "finding", "record_json")
    measurements = Children(db, "measurement", _MEASUREMENT)
    steps = Children(db, "step", "at_s, text, answer")
    told = db.execute("SELECT json_extract(record_json, '$.decision_rule') FROM campaign").fetchone()[0]
    rule = DecisionRule.recorded(told)
    evidence = Children(db, "evidence", "path, sha256, media_type, bytes", order="path")
    for row in db.execute(f"SELECT {_ATTEMPT} FROM attempt ORDER BY case_id, vehicle, charger, number, id"):
        key, case, vehicle, charger, number, started, mode, parameters, ended, verdict, side, kind, reason, end = row
        yield Attempt(
            id=key,
            case=case,
            pair=Pair(vehicle, charger),
            number=number,
            started_utc_us=started,
            time_mode=mode,
            parameters=msgspec.json.decode(parameters),
            ended_utc_us=ended,
            verdict=Verdict(verdict) if verdict else None,
            side=Side(side) if side else None,
            kind=Kind(kind) if kind else None,
            reason=reason or "",
            exit_reason=end or "",
            findings=tuple(msgspec.json.decode(text, type=Finding) for (text,) in findings.of(key)),
            measurements=tuple(_measurement(row, rule) for row in measurements.of(key)),
            steps=tuple(Step(*row) for row in steps.of(key)),
            evidence=tuple(EvidenceFile(*row) for row in evidence.of(key)),
        )


def measurement_row(one: Measurement) -> tuple[Any, ...]:
    """A measurement in the order of its table's columns, attempt and position left out."""
    limit = one.limit
    bounds = (limit.low, limit.high, limit.source, limit.reference)
    return (one.name, one.value, one.unit, *bounds, one.uncertainty, one.verdict, one.side, one.at_s)


def _measurement(row: tuple[Any, ...], rule: DecisionRule) -> Measurement:
    name, value, unit, low, high, source, reference, uncertainty, side, at_s = row
    limit = Limit(low, high, Source(source), reference)
    return Measurement(name, value, unit, limit, uncertainty, Side(side), at_s, rule)
