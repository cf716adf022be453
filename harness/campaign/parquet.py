"""A store as Parquet, for campaigns larger than a report should hold in memory, and for other people's tools.

`results.parquet`, a row an attempt, and a row without attempt for a planned cell that has none:

| column | type | |
|---|---|---|
| campaign, case_id, vehicle, charger | VARCHAR | vehicle or charger empty: the harness takes that side |
| attempt | VARCHAR | empty: planned, no attempt |
| number | INTEGER | 1 for the first attempt of the cell |
| started_utc_us, ended_utc_us | BIGINT | microseconds since 1970 UTC |
| time_mode, verdict, side, kind, reason, exit_reason | VARCHAR | verdict not_run or not_applicable where there is no attempt |

`measurements.parquet`, a row a measurement: attempt, name, value, unit, low, high, source, reference, uncertainty, verdict, side.

Files of several stores lie side by side and are read together: `read_parquet('*/results.parquet')`.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from harness.campaign.store import Store

_RESULTS = """
    SELECT (SELECT id FROM campaign), p.case_id, p.vehicle, p.charger, coalesce(a.id, ''), coalesce(a.number, 0),
           a.started_utc_us, a.ended_utc_us, coalesce(a.time_mode, ''),
           coalesce(a.verdict, CASE WHEN p.not_applicable IS NULL THEN 'not_run' ELSE 'not_applicable' END),
           coalesce(a.side, ''), coalesce(a.kind, ''), coalesce(a.reason, p.not_applicable, ''),
           coalesce(a.exit_reason, '')
    FROM planned p LEFT JOIN attempt a USING (case_id, vehicle, charger)
"""
_RESULT_COLUMNS = {
    "campaign": "VARCHAR",
    "case_id": "VARCHAR",
    "vehicle": "VARCHAR",
    "charger": "VARCHAR",
    "attempt": "VARCHAR",
    "number": "INTEGER",
    "started_utc_us": "BIGINT",
    "ended_utc_us": "BIGINT",
    "time_mode": "VARCHAR",
    "verdict": "VARCHAR",
    "side": "VARCHAR",
    "kind": "VARCHAR",
    "reason": "VARCHAR",
    "exit_reason": "VARCHAR",
}
_MEASUREMENTS = """
    SELECT attempt, name, value, unit, low, high, source, reference, uncertainty, verdict, side FROM measurement
"""
_MEASUREMENT_COLUMNS = {
    "attempt": "VARCHAR",
    "name": "VARCHAR",
    "value": "DOUBLE",
    "unit": "VARCHAR",
    "low": "DOUBLE",
    "high": "DOUBLE",
    "source": "VARCHAR",
    "reference": "VARCHAR",
    "uncertainty": "DOUBLE",
    "verdict": "VARCHAR",
    "side": "VARCHAR",
}


def export(store: Store, folder: Path) -> tuple[Path, Path]:
    """Write results.parquet and measurements.parquet into `folder`; rows are streamed, never all in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    results, measurements = folder / "results.parquet", folder / "measurements.parquet"
    _write(store.rows(_RESULTS), _RESULT_COLUMNS, results)
    _write(store.rows(_MEASUREMENTS), _MEASUREMENT_COLUMNS, measurements)
    return results, measurements


def _write(rows: Iterable[tuple[Any, ...]], columns: dict[str, str], path: Path) -> None:
    """Through a CSV file: the one format that both sides stream. NULL stands as \\N, apart from an empty text."""
    with tempfile.TemporaryDirectory() as folder, closing(duckdb.connect()) as db:
        spool = Path(folder) / "rows.csv"
        with spool.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerows([r"\N" if field is None else field for field in row] for row in rows)
        told = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        source = (
            f"read_csv({_quoted(spool)}, header = false, columns = {{{told}}}, nullstr = '\\N', "
            "quote = '\"', escape = '\"', max_line_size = 33554432)"
        )
        db.execute(f"COPY (SELECT * FROM {source}) TO {_quoted(path)} (FORMAT parquet)")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
