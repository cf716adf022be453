"""SIGKILL and a full disk at any moment lose at most the attempt that was running."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from harness.campaign.evidence import attempt_folder, collect, verify, write_manifest
from harness.campaign.records import Campaign, Pair, Planned, Step
from harness.campaign.store import Store
from harness.verdict import Finding, Severity, Side, Verdict

CELLS = [Planned(f"C{case}", Pair(f"v{vehicle}", "s")) for case in range(20) for vehicle in range(20)]
KILLS = 200


def work(run: Path) -> None:
    """A campaign that goes on where it was interrupted, as `plugfest run --resume` does."""
    with Store.open(run / "store.sqlite") as store:
        store.close_interrupted(at_utc_us=5)
        done = store.finished()
        for cell in CELLS:
            if cell in done:
                continue
            attempt = store.begin(cell.case, cell.pair, {"of": cell.case}, at_utc_us=1)
            (attempt_folder(run, attempt) / "transcript.jsonl").write_text(f"{cell.case} {cell.pair.vehicle}\n")
            failed = hash_of(cell) % 7 == 0
            store.finish(
                attempt,
                Verdict.FAIL if failed else Verdict.PASS,
                at_utc_us=2,
                side=Side.VEHICLE if failed else None,
                findings=[Finding("r", "q", Severity.FAIL, Side.VEHICLE, cell.case)] if failed else [],
                steps=[Step(0.0, cell.case)],
                evidence=collect(run, attempt),
            )


def hash_of(cell: Planned) -> int:
    return sum(map(ord, cell.case + cell.pair.vehicle))


def campaign(run: Path) -> Path:
    with Store.create(run / "store.sqlite", Campaign("c", "Killed", origin="b")) as store:
        store.plan(CELLS)
    return run


def told(run: Path) -> list:
    """What came of each cell, apart from ids, times and the attempts that were interrupted."""
    with Store.open(run / "store.sqlite") as store:
        return [
            (
                result.planned,
                [
                    (one.verdict, one.side, one.parameters, one.findings, one.steps, [f.sha256 for f in one.evidence])
                    for one in result.attempts
                    if one.exit_reason != "interrupted"
                ],
            )
            for result in store.results()
        ]


def test_two_hundred_kills_lose_nothing_that_was_finished(tmp_path):
    undisturbed = campaign(tmp_path / "undisturbed")
    work(undisturbed)
    run = campaign(tmp_path / "killed")
    chance, context, finished, landed = random.Random(7), multiprocessing.get_context("fork"), set(), 0
    for _ in range(KILLS):
        worker = context.Process(target=work, args=(run,))
        worker.start()
        time.sleep(chance.uniform(0.002, 0.03))
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        landed += worker.exitcode == -signal.SIGKILL
        with Store.open(run / "store.sqlite") as store:
            now = store.finished()
            assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert finished <= now
        finished = now
    assert landed > KILLS / 4, "the campaign was over before most of the kills"
    work(run)
    assert told(run) == told(undisturbed)
    with Store.open(run / "store.sqlite") as store:
        interrupted = [one for result in store.results() for one in result.attempts if one.exit_reason == "interrupted"]
        assert all(one.verdict is Verdict.ABORTED for one in interrupted)
        assert len(interrupted) <= KILLS
        store.seal()
    write_manifest(run)
    assert verify(run) == []


def test_a_full_disk_is_told_and_leaves_the_store_as_it_was(tmp_path):
    run = campaign(tmp_path / "full")
    with Store.open(run / "store.sqlite") as store:
        attempt = store.begin(*CELLS[0], {}, at_utc_us=1)
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            store.finish(attempt, Verdict.PASS, at_utc_us=2, steps=[Step(at, "x" * 5000) for at in range(100)])
        store._db.execute(f"PRAGMA max_page_count = {pages + 10_000}")
        (left,) = next(one for one in store.results() if one.planned == CELLS[0]).attempts
        assert left.verdict is None
        assert left.steps == ()
        store.finish(attempt, Verdict.PASS, at_utc_us=3)
        assert CELLS[0] in store.finished()
