"""Private keys go with the process that made them, also with one that was killed."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.private_folder import PrivateFolder

LEAVES_A_KEY = """
import os, signal
from harness.private_folder import PrivateFolder
folder = PrivateFolder("plugfest-try-")
(folder.path / "secc.key").write_text("PRIVATE KEY")
print(folder.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    tempfile.tempdir = None


def test_the_next_one_removes_what_a_killed_process_left_and_nothing_that_is_in_use():
    mine = PrivateFolder("plugfest-try-")
    other_kind = PrivateFolder("plugfest-other-")
    told = subprocess.run(
        [sys.executable, "-c", LEAVES_A_KEY], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    left = Path(told.stdout.strip())
    assert (left / "secc.key").is_file()
    next_one = PrivateFolder("plugfest-try-")
    assert not left.exists()
    assert mine.path.is_dir()
    assert other_kind.path.is_dir()
    for folder in (mine, other_kind, next_one):
        folder.close()
        folder.close()
        assert not folder.path.exists()


def test_nobody_else_can_read_it():
    folder = PrivateFolder("plugfest-try-")
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.close()
