"""The store: one SQLite file per run folder that never forgets an attempt.

    store = Store.create(run / "store.sqlite", Campaign(id="2026-11-23T07", title="...", origin="b3"))
    store.describe(units=[...], instruments=[...], cases=[...])        # may be called again: equal keys are replaced
    store.plan([Planned("PF_Q04", Pair("car-17", "cs-42")), ...])      # what is to be run
    store.rule_out(Planned(...), "declares no discharging")            # planned, but cannot apply: not_applicable

    id = store.begin("PF_Q04", Pair("car-17", "cs-42"), {"pause_s": 20}, at_utc_us=clock.utc_us(), time_mode="wire")
    folder = attempt_folder(run, id)                                   # evidence.py: write transcript.jsonl ... there
    store.finish(id, Verdict.FAIL, at_utc_us=..., side=Side.STATION, kind=Kind.CONFORMANCE, reason="...",
                 findings=[...], measurements=[...], steps=[Step(at_s, "...")], evidence=collect(run, id))

    store.close_interrupted(at_utc_us=...)     # on resume: what was running when the harness died becomes aborted
    store.finished() -> {Planned, ...}         # cells that need no further run (aborted ones do)
    store.results() -> [Result, ...]           # every planned cell with all its attempts, in the plan's order
    store.deviation("...", attempts=[id])      # numbered departures from the method
    store.merge(other)                         # another bench's part of the same campaign
    store.seal()                               # end of the run: one plain file, no write-ahead log beside it

Each of these calls is one transaction: after SIGKILL, power loss or a full disk, what a call has returned from is on
the disk and what it has not is absent. Several processes (pytest-xdist workers) may write at once. Finished attempts
are protected by triggers inside the file itself. Errors: `StoreError` with the way out in its text; sqlite3's own
errors (disk full, I/O) pass through unchanged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.campaign.evidence import collect
from harness.campaign.records import (
    Attempt,
    Campaign,
    CaseInfo,
    Deviation,
    EvidenceFile,
    Instrument,
    Pair,
    Planned,
    Result,
    Step,
    Unit,
)
from harness.campaign.rows import attempts, measurement_row, to_json
from harness.verdict import Finding, Kind, Measurement, Side, Verdict

_SCHEMA = Path(__file__).with_name("schema")
_BUSY_S = 30.0
"""How long a writer waits for another one: our default, far above the milliseconds a transaction takes."""

_REDO = frozenset({Verdict.ABORTED})
T = TypeVar("T")


class StoreError(Exception):
    """The store cannot do what was asked; the text says why and what to do."""


def _migrations() -> list[tuple[int, str]]:
    return [(int(path.name[:4]), path.read_text(encoding="utf-8")) for path in sorted(_SCHEMA.glob("[0-9]*.sql"))]


def _statements(script: str) -> Iterator[str]:
    """The single statements of a migration; a trigger's inner semicolon does not end it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


class Store:
    """One campaign's file. Use `create` or `open`; close it, or use it as a context manager."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        self._origin: str = connection.execute("SELECT origin FROM campaign").fetchone()[0]

    # Opening and closing

    @classmethod
    def create(cls, path: Path, campaign: Campaign) -> Store:
        """A new store; raises StoreError if the file is there already."""
        if path.exists():
            raise StoreError(f"{path} is there already: open it to go on with that run, or choose another folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(path)
        with _transaction(connection):
            for version, script in _migrations():
                _migrate(connection, version, script)
            connection.execute(
                "INSERT INTO campaign VALUES (1, ?, ?, ?, ?)",
                (campaign.id, campaign.title, campaign.origin, to_json(campaign)),
            )
        return cls(path, connection)

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> Store:
        """An existing store, migrated to this version's layout (not if read-only)."""
        if not path.is_file():
            raise StoreError(f"{path} is not there: a run folder holds a file of that name")
        connection = _connect(path, readonly=readonly)
        newest = _migrations()[-1][0]
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as problem:
            connection.close()
            raise StoreError(f"{path} is not a store: {problem}") from problem
        if version > newest or version == 0 or (readonly and version < newest):
            connection.close()
            way_out = "open it for writing once" if 0 < version < newest else "use the version that wrote it"
            raise StoreError(f"{path} has layout {version}, this version knows 1 to {newest}: {way_out}")
        if not readonly:
            with _transaction(connection):
                for number, script in _migrations():
                    if number > version:
                        _migrate(connection, number, script)
        return cls(path, connection)

    def seal(self) -> None:
        """Fold the write-ahead log into the one file, so that its hash can stand in the manifest."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Describing and planning

    def describe(
        self,
        *,
        units: Iterable[Unit] = (),
        instruments: Iterable[Instrument] = (),
        cases: Iterable[CaseInfo] = (),
    ) -> None:
        """Who is tested, with what, by which cases. An equal key replaces what was known before."""
        with _transaction(self._db):
            self._db.executemany(
                "INSERT OR REPLACE INTO unit VALUES (?, ?, ?)", [(one.key, one.kind, to_json(one)) for one in units]
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO instrument VALUES (?, ?, ?, ?)",
                [(one.role, one.serial, one.bench, to_json(one)) for one in instruments],
            )
            count = self._db.execute("SELECT count(*) FROM test_case").fetchone()[0]
            self._db.executemany(
                "INSERT INTO test_case VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET record_json = excluded.record_json",
                [(one.id, count + place, to_json(one)) for place, one in enumerate(cases)],
            )

    def plan(self, cells: Iterable[Planned]) -> None:
        """Add cells to the plan. Cells that are planned already stay as they are; nothing is ever taken away."""
        rows = [(cell.case, cell.pair.vehicle, cell.pair.charger) for cell in cells]
        with _transaction(self._db):
            place = self._db.execute("SELECT count(*) FROM test_case").fetchone()[0]
            known = {row[0] for row in self._db.execute("SELECT id FROM test_case")}
            for case in dict.fromkeys(row[0] for row in rows):
                if case not in known:
                    unknown = to_json(CaseInfo(case, title=case))
                    self._db.execute("INSERT INTO test_case VALUES (?, ?, ?)", (case, place, unknown))
                    place += 1
            self._db.executemany("INSERT OR IGNORE INTO planned VALUES (?, ?, ?, NULL)", rows)

    def rule_out(self, cell: Planned, why: str) -> None:
        """The case cannot apply to the pair (by the declaration form): it counts as not applicable, not as not run."""
        self.rule_out_all({cell: why})

    def rule_out_all(self, reasons: Mapping[Planned, str]) -> None:
        """The same for many cells, in one transaction."""
        with _transaction(self._db):
            for cell, why in reasons.items():
                done = self._db.execute(
                    "UPDATE planned SET not_applicable = ? WHERE case_id = ? AND vehicle = ? AND charger = ?",
                    (why, cell.case, *cell.pair),
                )
                if not done.rowcount:
                    raise StoreError(f"{cell.case} on {cell.pair} is not planned: plan() it first")

    def deviation(self, text: str, attempts: Sequence[str] = ()) -> int:
        """Record a departure from the method; returns its number."""
        with _transaction(self._db):
            cursor = self._db.execute(
                "INSERT INTO deviation (text, attempts_json) VALUES (?, ?)", (text, to_json(list(attempts)))
            )
        return int(cursor.lastrowid or 0)

    # Attempts

    def begin(
        self,
        case: str,
        pair: Pair,
        parameters: Mapping[str, Any],
        *,
        at_utc_us: int,
        time_mode: str = "wire",
    ) -> str:
        """A new attempt of a planned cell; returns its id."""
        with _transaction(self._db):
            planned = self._db.execute(
                "SELECT 1 FROM planned WHERE case_id = ? AND vehicle = ? AND charger = ?", (case, *pair)
            ).fetchone()
            if not planned:
                raise StoreError(f"{case} on {pair} is not planned: plan() it first")
            serial = self._next("SELECT max(serial) FROM attempt WHERE origin = ?", self._origin)
            attempt = f"{self._origin}-{serial:05d}"
            self._insert(attempt, case, pair, at_utc_us, time_mode, parameters)
        return attempt

    def finish(
        self,
        attempt: str,
        verdict: Verdict,
        *,
        at_utc_us: int,
        side: Side | None = None,
        kind: Kind | None = None,
        reason: str = "",
        exit_reason: str = "completed",
        findings: Iterable[Finding] = (),
        measurements: Iterable[Measurement] = (),
        steps: Iterable[Step] = (),
        evidence: Iterable[EvidenceFile] = (),
    ) -> None:
        """Add the result to a running attempt. A second result is refused."""
        if verdict in (Verdict.NOT_RUN, Verdict.NOT_APPLICABLE):
            raise StoreError(f"{attempt}: {verdict} is no result of an attempt: rule_out() it or leave it planned")
        with _transaction(self._db):
            row = self._db.execute("SELECT verdict FROM attempt WHERE id = ?", (attempt,)).fetchone()
            if row is None:
                raise StoreError(f"{attempt} was never begun in {self.path}")
            if row[0] is not None:
                raise StoreError(f"{attempt} is finished with {row[0]}: a re-test is a new attempt, begin() one")
            self._db.executemany(
                "INSERT INTO finding VALUES (?, ?, ?)",
                [(attempt, place, to_json(one)) for place, one in enumerate(findings)],
            )
            self._db.executemany(
                "INSERT INTO measurement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(attempt, place, *measurement_row(one)) for place, one in enumerate(measurements)],
            )
            self._db.executemany(
                "INSERT INTO step VALUES (?, ?, ?, ?, ?)",
                [(attempt, place, one.at_s, one.text, one.answer) for place, one in enumerate(steps)],
            )
            self._db.executemany(
                "INSERT INTO evidence VALUES (?, ?, ?, ?, ?)",
                [(attempt, one.path, one.sha256, one.media_type, one.bytes) for one in evidence],
            )
            self._db.execute(
                "UPDATE attempt SET ended_utc_us = ?, verdict = ?, side = ?, kind = ?, reason = ?, exit_reason = ? "
                "WHERE id = ?",
                (at_utc_us, verdict, side, kind, reason, exit_reason, attempt),
            )

    def close_interrupted(self, *, at_utc_us: int) -> list[str]:
        """Finish what was running when the harness died, as aborted on our side; returns those attempts' ids.

        The evidence up to that moment lies in the run folder and is taken in.
        Only for a run that nobody else is writing to: the caller holds the bench.
        """
        running = [row[0] for row in self._db.execute("SELECT id FROM attempt WHERE verdict IS NULL ORDER BY id")]
        for attempt in running:
            self.finish(
                attempt,
                Verdict.ABORTED,
                at_utc_us=at_utc_us,
                side=Side.BENCH,
                reason="the harness ended while this attempt was running",
                exit_reason="interrupted",
                evidence=collect(self.path.parent, attempt),
            )
        return running

    def _insert(
        self, attempt: str, case: str, pair: Pair, at_utc_us: int, time_mode: str, parameters: Mapping[str, Any]
    ) -> None:
        origin, _, serial = attempt.rpartition("-")
        number = self._next(
            "SELECT max(number) FROM attempt WHERE case_id = ? AND vehicle = ? AND charger = ?", case, *pair
        )
        self._db.execute(
            "INSERT INTO attempt (id, origin, serial, case_id, vehicle, charger, number, started_utc_us, time_mode, "
            "parameters_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (attempt, origin, int(serial), case, *pair, number, at_utc_us, time_mode, to_json(dict(parameters))),
        )

    def _next(self, query: str, *values: object) -> int:
        return int(self._db.execute(query, values).fetchone()[0] or 0) + 1

    # Reading

    def campaign(self) -> Campaign:
        text = self._db.execute("SELECT record_json FROM campaign").fetchone()[0]
        return msgspec.json.decode(text, type=Campaign)

    def units(self) -> list[Unit]:
        return self._records("unit", "key", Unit)

    def instruments(self) -> list[Instrument]:
        return self._records("instrument", "bench, role, serial", Instrument)

    def cases(self) -> list[CaseInfo]:
        return self._records("test_case", "position", CaseInfo)

    def deviations(self) -> list[Deviation]:
        rows = self._db.execute("SELECT number, text, attempts_json FROM deviation ORDER BY number")
        return [Deviation(number, text, tuple(msgspec.json.decode(attempts))) for number, text, attempts in rows]

    def finished(self, redo: frozenset[Verdict] = _REDO) -> set[Planned]:
        """Planned cells that need no further run: the latest attempt has a verdict that is not in `redo`."""
        rows = self._db.execute(
            "SELECT case_id, vehicle, charger, verdict FROM attempt WHERE verdict IS NOT NULL ORDER BY number"
        )
        latest = {Planned(case, Pair(vehicle, charger)): Verdict(verdict) for case, vehicle, charger, verdict in rows}
        ruled_out = self._db.execute("SELECT case_id, vehicle, charger FROM planned WHERE not_applicable IS NOT NULL")
        done = {Planned(case, Pair(vehicle, charger)) for case, vehicle, charger in ruled_out}
        return done | {cell for cell, verdict in latest.items() if verdict not in redo}

    def outcomes(self) -> dict[Planned, list[Verdict]]:
        """The verdicts of every cell that has been tried or ruled out while running, attempt by attempt."""
        found: dict[Planned, list[Verdict]] = {}
        rows = self._db.execute(
            "SELECT case_id, vehicle, charger, verdict FROM attempt WHERE verdict IS NOT NULL "
            "UNION ALL SELECT case_id, vehicle, charger, 'not_applicable' FROM planned WHERE not_applicable IS NOT NULL"
        )
        for case, vehicle, charger, verdict in rows:
            found.setdefault(Planned(case, Pair(vehicle, charger)), []).append(Verdict(verdict))
        return found

    def verdicts(self, pair: Pair) -> dict[str, list[tuple[Verdict, Side | None]]]:
        """What came of each case on a pair, attempt by attempt."""
        found: dict[str, list[tuple[Verdict, Side | None]]] = {}
        rows = self._db.execute(
            "SELECT case_id, verdict, side FROM attempt "
            "WHERE vehicle = ? AND charger = ? AND verdict IS NOT NULL ORDER BY number",
            pair,
        )
        for case, verdict, side in rows:
            found.setdefault(case, []).append((Verdict(verdict), Side(side) if side else None))
        return found

    def results(self) -> list[Result]:
        """Every planned cell with all its attempts, in the order of cases, vehicles, chargers."""
        grouped = groupby(attempts(self._db), key=lambda one: Planned(one.case, one.pair))
        by_cell = {cell: tuple(group) for cell, group in grouped}
        rows = self._db.execute(
            "SELECT p.case_id, p.vehicle, p.charger, p.not_applicable "
            "FROM planned p JOIN test_case c ON c.id = p.case_id ORDER BY c.position, p.vehicle, p.charger"
        )
        return [
            Result(cell := Planned(case, Pair(vehicle, charger)), why or "", by_cell.get(cell, ()))
            for case, vehicle, charger, why in rows
        ]

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT over the tables of schema/*.sql, one by one, for exports."""
        yield from self._db.execute(query)

    def _records(self, table: str, order: str, kind: type[T]) -> list[T]:
        rows = self._db.execute(f"SELECT record_json FROM {table} ORDER BY {order}")
        return [msgspec.json.decode(text, type=kind) for (text,) in rows]

    # Merging

    def agrees_with(self, campaign: Campaign) -> None:
        """Raises StoreError if this store is not a part of that campaign."""
        own = self.campaign()
        for what in ("id", "protocol_version", "plan_hash"):
            here, there = getattr(own, what), getattr(campaign, what)
            if here != there:
                raise StoreError(f"{self.path} cannot be merged: its {what} is {here!r}, elsewhere {there!r}")

    def merge(self, other: Store) -> None:
        """Take over another bench's part of the same campaign: its plan, units, instruments and attempts.

        One transaction: a merge that breaks off leaves this store as it was.
        Attempts that are here already are left as they are, so merging twice changes nothing. Numbers of attempts on
        the same cell are given anew in the order of their start. Evidence folders are copied by `evidence.adopt`.
        """
        ours, theirs = self.campaign(), other.campaign()
        other.agrees_with(ours)
        if ours.origin == theirs.origin and self.path.resolve() != other.path.resolve():
            raise StoreError(f"both stores call themselves {ours.origin!r}: give each bench an origin of its own")
        with _transaction(self._db):
            self._take_over(other)

    def _take_over(self, other: Store) -> None:
        self.describe(units=other.units(), instruments=other.instruments(), cases=other.cases())
        results = other.results()
        self.plan(result.planned for result in results)
        known = {row[0] for row in self._db.execute("SELECT id FROM attempt")}
        for result in results:
            if result.not_applicable:
                self.rule_out(result.planned, result.not_applicable)
            for attempt in result.attempts:
                if attempt.id not in known:
                    self._adopt(attempt)
        for one in other.deviations():
            if all(one.text != mine.text or one.attempts != mine.attempts for mine in self.deviations()):
                self.deviation(one.text, one.attempts)

    def _adopt(self, attempt: Attempt) -> None:
        self._insert(
            attempt.id, attempt.case, attempt.pair, attempt.started_utc_us, attempt.time_mode, attempt.parameters
        )
        if attempt.verdict is not None and attempt.ended_utc_us is not None:
            self.finish(
                attempt.id,
                attempt.verdict,
                at_utc_us=attempt.ended_utc_us,
                side=attempt.side,
                kind=attempt.kind,
                reason=attempt.reason,
                exit_reason=attempt.exit_reason,
                findings=attempt.findings,
                measurements=attempt.measurements,
                steps=attempt.steps,
                evidence=attempt.evidence,
            )


def _connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    mode = "ro" if readonly else "rwc"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    if not readonly:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.DatabaseError as problem:
            connection.close()
            raise StoreError(f"{path} is not a store: {problem}") from problem
        connection.execute("PRAGMA synchronous = FULL")  # a finished attempt survives even a power cut
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; inside another one it is a part of that."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection, version: int, script: str) -> None:
    for statement in _statements(script):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")
