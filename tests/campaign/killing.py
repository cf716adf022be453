"""A real campaign that is killed at random moments and resumed, beside one that is left alone."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.campaign.evidence import STORE, verify
from harness.campaign.fleet import Fleet
from harness.campaign.store import Store
from tests.smart_charging.rig import car, plan_of, station

ROOT = Path(__file__).parents[2]
CASES = ("AC-03", "AC-06", "AC-08", "AC-09", "AC-10", "AC-12", "AC-16", "AC-20")
CARS = ("overshoots", "drops_phase", "sleeps_until_woken", "latches_fault")


@dataclass
class Disturbed:
    """The same campaign twice in a folder: `calm` is left alone, the other one is killed and resumed."""

    folder: Path
    seed: int
    cases: tuple[str, ...] = CASES
    cars: tuple[str, ...] = CARS

    def __post_init__(self) -> None:
        fleet = Fleet(tuple(car(name, name) for name in self.cars), (station("cs", reference=True),))
        self.file = self.folder / "campaign.yaml"
        self.file.write_text(yaml.safe_dump(plan_of(fleet, cases=[{"id": case} for case in self.cases])))
        self._chance = random.Random(self.seed)

    @property
    def run(self) -> Path | None:
        """The disturbed run's folder, once it has a store."""
        return next((path.parent for path in (self.folder / "killed").glob(f"2*/{STORE}")), None)

    def kill(self, kills: int) -> int:
        """Start or resume, and kill at a random moment; how many kills met a running process. A run that was finished
        before is begun anew in another folder of its own."""
        landed = 0
        for number in range(kills):
            process = self._start("killed")
            time.sleep(self._chance.uniform(1.5, 9.0))
            running = process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            landed += running
            self._sound()
            if not running and number < kills - 1:
                (self.folder / "killed").rename(self.folder / f"finished-{number}")
        return landed

    def compare(self) -> list[str]:
        """Finish what was killed; every difference from the undisturbed run."""
        for name in ("calm", "killed"):
            process = self._start(name)
            process.wait()
        (calm,) = (self.folder / "calm").glob("2*")
        assert self.run
        problems = [f"{one.path}: {one.what}" for one in verify(self.run)]
        expected, found = dict(told(calm)), dict(told(self.run))
        return problems + [
            f"{cell}: {found.get(cell)}, undisturbed {one}" for cell, one in expected.items() if found.get(cell) != one
        ]

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        out = self.folder / name
        arguments = ["--campaign", str(self.file), "--time", "virtual", "--out", str(out)]
        if name == "killed" and self.run:
            arguments += ["--resume", str(self.run)]
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "run", *arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _sound(self) -> None:
        if self.run:
            with closing(sqlite3.connect(self.run / STORE)) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def told(run: Path) -> Iterator[tuple[Any, Any]]:
    """What came of each cell, apart from times, ids, and the attempts that were interrupted."""
    with Store.open(run / STORE, readonly=True) as store:
        for result in store.results():
            finished = [one for one in result.attempts if one.exit_reason != "interrupted"]
            yield (
                result.planned,
                (
                    result.not_applicable,
                    [
                        (one.verdict, one.side, one.kind, one.parameters, [step.text for step in one.steps])
                        for one in finished
                    ],
                ),
            )
