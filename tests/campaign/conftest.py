"""A small emulated lab of the tests' own, and a way to run campaigns on it in a subprocess."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.campaign.evidence import STORE
from harness.campaign.store import Store

ROOT = Path(__file__).parents[2]
LAB = (ROOT / "lab-configs" / "emulated-dc-v2g.yaml").read_text()


@dataclass
class LabOnDisk:
    """Runs `plugfest run` on a copy of the emulated lab with one pairing."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "lab.yaml"

    def command(self, *arguments: str) -> list[str]:
        runs = str(self.folder / "runs")
        return [sys.executable, "-m", "harness.cli", "run", "--lab", str(self.file), "--out", runs, *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=110)
        return process.returncode, output

    @property
    def runs(self) -> list[Path]:
        return sorted(path for path in (self.folder / "runs").glob("2*") if path.is_dir())

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """Verdict and side of every planned case of the only run, by its last attempt."""
        (run,) = self.runs
        with Store.open(run / STORE, readonly=True) as store:
            found = {}
            for result in store.results():
                counted = result.counted("last")
                found[result.planned.case] = (
                    str(result.verdict("last")),
                    str(counted.side or "") if counted else "",
                )
            return found


@pytest.fixture
def lab(tmp_path: Path) -> LabOnDisk:
    text = LAB.replace("suites: [programme]", "suites: [programme]\npairings: [[V-01, S-01]]")
    (tmp_path / "can").symlink_to(ROOT / "lab-configs" / "can")
    on_disk = LabOnDisk(tmp_path)
    on_disk.file.write_text(text)
    return on_disk
