"""A real campaign that is killed at random moments and resumed, beside one that is left alone."""

from __future__ import annotations

import json
import math
import os
import random
import re
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
        calm = self._start("calm")
        self._wait_for_store("calm", calm)
        began_s = time.monotonic()
        calm.wait()
        self._tests_s = time.monotonic() - began_s
        """How long the undisturbed run went on once it had its store: kills are dealt over that time."""

    @property
    def run(self) -> Path | None:
        """The disturbed run's folder, once it has a store."""
        return self._stored("killed")

    def kill(self, kills: int) -> int:
        """Start or resume, and kill at a random moment, until that many kills met a run that had its store; how many did.

        A run that was finished before is begun anew in another folder. Gives up where three of four came too late.
        """
        landed = 0
        for number in range(4 * kills):
            process = self._start("killed")
            self._wait_for_store("killed", process)
            time.sleep(self._chance.uniform(0.0, self._tests_s))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            met = process.wait() == -signal.SIGKILL
            self._sound()
            landed += met and self.run is not None
            if landed == kills:
                break
            if not met and self.run:
                (self.folder / "killed").rename(self.folder / f"finished-{number}")
        return landed

    def compare(self) -> list[str]:
        """Finish what was killed; every difference of the final report from that of the undisturbed run."""
        self._start("killed").wait()
        (calm,) = (self.folder / "calm").glob("2*")
        assert self.run
        problems = [f"{one.path}: {one.what}" for one in verify(self.run)]
        return problems + [*differences(reported(calm), reported(self.run))]

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

    def _stored(self, name: str) -> Path | None:
        return next((path.parent for path in (self.folder / name).glob(f"2*/{STORE}")), None)

    def _wait_for_store(self, name: str, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None and not self._stored(name):
            time.sleep(0.01)

    def _sound(self) -> None:
        if self.run:
            with closing(sqlite3.connect(self.run / STORE)) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


_TIMES = {"issued", "period_from", "period_to", "started", "duration_s", "at_s"}
_HASHES = {"data_hash", "sha256", "bytes"}
"""Of evidence, which holds times."""
_FRACTION = re.compile(r"\d+\.\d+")
_NOISE = 0.02
"""Of a value or of its unit: our default, far above what the emulated analyser's noise makes of a current in A."""


def reported(run: Path) -> Any:
    """The report as data, without times; attempts are told by their cell, and those that were interrupted left out."""
    document = json.loads((run / "report/report.json").read_text(encoding="utf-8"))
    names: dict[str, str] = {}
    for cell in document["cells"]:
        cell["attempts"] = [one for one in cell["attempts"] if one["exit_reason"] != "interrupted"]
        for number, one in enumerate(cell["attempts"], 1):
            names[one["id"]] = f"{cell['case']} {cell['vehicle']} {cell['charger']} {number}"
            one["number"] = number
    text = json.dumps(document)
    for name, told in names.items():
        text = text.replace(name, told)
    return json.loads(text)


def differences(expected: Any, found: Any, where: str = "report") -> Iterator[str]:
    """Every place at which two reports differ; times, and what is within the noise of the emulated analyser, do not."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted((expected.keys() | found.keys()) - _TIMES - _HASHES):
            yield from differences(expected.get(key), found.get(key), f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, pair in enumerate(zip(expected, found, strict=True)):
            yield from differences(*pair, f"{where}[{place}]")
    elif not _alike(expected, found):
        yield f"{where}: {found!r}, undisturbed {expected!r}"


def _alike(expected: Any, found: Any) -> bool:
    """Words and whole numbers are equal; fractions, also in a text, are near: a resumed run draws its noise anew."""
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=_NOISE, abs_tol=_NOISE)
    if isinstance(expected, str) and isinstance(found, str):
        here, there = _FRACTION.findall(expected), _FRACTION.findall(found)
        near = len(here) == len(there) and all(_alike(float(a), float(b)) for a, b in zip(here, there, strict=True))
        return near and _FRACTION.sub("#", expected) == _FRACTION.sub("#", found)
    return bool(expected == found)
