"""The overview of a campaign too large for one page of every verdict: counted by DuckDB in Parquet files.

    make_overview(["parts/*/results.parquet"], out, title="...")     # overview.html, overview.json

A million results are never in memory; the numbers are the same as in a report, because shares and tallies come from the
same classes. It shows units by their own keys: level internal.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.campaign.evidence import STORE, sha256
from harness.campaign.parquet import export
from harness.campaign.statistics import Tally
from harness.campaign.store import Store
from harness.transcript.visible import visible
from harness.verdict import Verdict
from reports import figures
from reports.document import ShareRow, TallyRow
from reports.findings import share_row
from reports.load import ReportError
from reports.style import LOOKS

_TEMPLATES = Path(__file__).with_name("templates")
_WORST = 40
"""Units and reasons that are listed, the worst first (our default)."""
_CASES = 32
_MEMORY_MB = 256
"""What DuckDB may keep in memory (our default); the rest of a larger campaign lies in a temporary file."""

_ORDER = {
    "first": "number",
    "last": "-number",
    "best": "rank, -number",
    "worst": "-rank, -number",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """A case, unit or reason with its tally."""

    name: str
    tally: TallyRow


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the overview tells."""

    title: str
    campaigns: tuple[str, ...]
    attempt_rule: str
    data_hash: str
    attempts: int
    pairs: int
    total: TallyRow
    cases: tuple[Counted, ...]
    vehicles: tuple[Counted, ...]
    chargers: tuple[Counted, ...]
    reasons: tuple[tuple[str, str, str, int], ...]
    """Case, side, reason, number of cells: the most frequent first."""


def make_overview(parts: Sequence[str], out: Path, *, title: str, attempt_rule: str = "last") -> list[Path]:
    """Write overview.html and overview.json into `out`. `parts`: paths or patterns of results.parquet files.

    Raises ReportError if nothing is there, or the rule is none.
    """
    overview = count(parts, title=title, attempt_rule=attempt_rule)
    out.mkdir(parents=True, exist_ok=True)
    page, data = out / "overview.html", out / "overview.json"
    page.write_text(_page(overview), encoding="utf-8")
    data.write_bytes(msgspec.json.encode(overview, order="deterministic") + b"\n")
    return [page, data]


def make_overview_of(runs: Sequence[Path], out: Path) -> list[Path]:
    """The overview of run folders; each store is exported to `out/parquet/<run>` first, row by row.

    Raises ReportError if a run folder has no store.
    """
    written: list[Path] = []
    for run in runs:
        if not (run / STORE).is_file():
            raise ReportError(f"{run} holds no {STORE}: give a run folder as `plugfest run` prints it")
        with Store.open(run / STORE, readonly=True) as store:
            title, rule = store.campaign().title, store.campaign().attempt_rule
            written += export(store, out / "parquet" / run.resolve().name)
    parts = [str(path) for path in written if path.name == "results.parquet"]
    return [*make_overview(parts, out, title=title, attempt_rule=rule), *written]


def count(parts: Sequence[str], *, title: str, attempt_rule: str = "last") -> Overview:
    """All numbers, from one pass a table over the files."""
    if attempt_rule not in _ORDER:
        raise ReportError(f"attempt rule {attempt_rule!r} is not one of {', '.join(_ORDER)}")
    with _database() as db:
        files = [Path(row[0]) for part in parts for row in db.execute("SELECT file FROM glob(?)", [part]).fetchall()]
        if not files:
            raise ReportError(f"no results.parquet in {', '.join(parts) or 'nothing'}: export the stores first")
        ranks = " ".join(f"WHEN '{verdict}' THEN {verdict.rank}" for verdict in Verdict)
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in sorted(files))
        db.execute(f"CREATE VIEW told AS SELECT * FROM read_parquet([{listed}])")
        db.execute(
            f"""CREATE TABLE cell AS
            SELECT case_id, vehicle, charger, told.verdict, told.side, told.reason FROM (
                SELECT case_id, vehicle, charger, arg_min(
                    {{'verdict': verdict, 'side': side, 'reason': reason}},
                    (verdict = 'not_run', exit_reason = 'interrupted', {_ORDER[attempt_rule]})
                ) AS told
                FROM (SELECT *, CASE verdict {ranks} END AS rank FROM told) GROUP BY case_id, vehicle, charger)"""
        )
        attempts, campaigns = _one(
            db, "SELECT count(*) FILTER (attempt <> ''), list_sort(list(DISTINCT campaign)) FROM told"
        )
        return Overview(
            title=visible(title),
            campaigns=tuple(visible(one) for one in campaigns),
            attempt_rule=attempt_rule,
            data_hash=hashlib.sha256("".join(sha256(file) for file in sorted(files)).encode()).hexdigest(),
            attempts=attempts,
            pairs=_one(db, "SELECT count(DISTINCT (vehicle, charger)) FROM cell")[0],
            total=_tally(db.execute("SELECT verdict, count(*) FROM cell GROUP BY ALL").fetchall()),
            cases=_by(db, "case_id"),
            vehicles=_worst(_by(db, "vehicle")),
            chargers=_worst(_by(db, "charger")),
            reasons=tuple(
                (visible(case), side, visible(reason), number)
                for case, side, reason, number in db.execute(
                    "SELECT case_id, side, reason, count(*) AS n FROM cell WHERE verdict NOT IN "
                    "('pass', 'not_applicable', 'not_run') GROUP BY ALL ORDER BY n DESC, case_id, side, reason LIMIT ?",
                    [_WORST],
                ).fetchall()
            ),
        )


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in a file of its own for as long as it is needed: what does not fit into its memory goes to disk."""
    with tempfile.TemporaryDirectory() as folder, closing(duckdb.connect(Path(folder) / "overview.duckdb")) as db:
        db.execute(f"SET memory_limit = '{_MEMORY_MB}MB'")
        db.execute("SET preserve_insertion_order = false")
        db.execute("SET threads = 2")
        yield db


def _one(db: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = db.execute(query).fetchone()
    if row is None:
        raise ReportError("the files hold no rows: export the stores again")
    return row


def _tally(counts: Sequence[tuple[str, int]]) -> TallyRow:
    tally = Tally({verdict: number for verdict in Verdict for name, number in counts if name == verdict})
    share: ShareRow = share_row(tally.share)
    return TallyRow(tally.planned, {str(verdict): number for verdict, number in tally.counts.items()}, share)


def _by(db: duckdb.DuckDBPyConnection, column: str) -> tuple[Counted, ...]:
    rows: dict[str, list[tuple[str, int]]] = {}
    query = f"SELECT {column}, verdict, count(*) FROM cell WHERE {column} <> '' GROUP BY ALL ORDER BY ALL"
    for name, verdict, number in db.execute(query).fetchall():
        rows.setdefault(name, []).append((verdict, number))
    return tuple(Counted(visible(name, 60), _tally(counts)) for name, counts in rows.items())


def _worst(rows: Sequence[Counted]) -> tuple[Counted, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.tally.counts.get("fail", 0), row.name))[:_WORST])


def _page(overview: Overview) -> str:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    cases = [(row.name, row.tally) for row in overview.cases]
    pages = range(0, len(cases), _CASES)
    shares = [*((row.name, row.tally.share) for row in overview.cases), ("all cases", overview.total.share)]
    return environment.get_template("overview.html").render(
        o=overview,
        looks=LOOKS,
        counted=[name for name in LOOKS if overview.total.counts.get(name)],
        css=Markup(environment.get_template("report.css").render(looks=LOOKS)),
        bars=[Markup(figures.verdicts_by_case(cases[start : start + _CASES], f"bars-{start}")) for start in pages],
        shares=[Markup(figures.shares(shares[start : start + _CASES])) for start in range(0, len(shares), _CASES)],
    )
