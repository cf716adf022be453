"""The OCPP suite as a user runs it: green on honest devices, and red, rightly attributed, on seeded ones.

The matrix of defects and cases is in test_ocpp_case_matrix.py.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = any(entry.name == "plugfest" for entry in importlib.metadata.entry_points(group="pytest11"))

pytestmark = pytest.mark.skipif(not INSTALLED, reason="the package is not installed: no pytest plugin to run")


def run(folder, *arguments, lab="emulated-ocpp21"):
    command = [sys.executable, "-m", "pytest", "--lab", f"lab-configs/{lab}.yaml", "--pf-time", "virtual",
               "--pf-out", str(folder), "-q", "-p", "no:cacheprovider", *arguments]  # fmt: skip
    return subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=240, check=False
    )


def test_honest_devices_pass_all_cases_of_both_sides_and_are_warned_of_nothing(tmp_path):
    done = run(tmp_path, "testcases/ocpp21")
    assert done.returncode == 0, done.stdout[-2000:]
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) >= 260
    (report,) = tmp_path.glob("*/report/report.json")
    assert json.loads(report.read_text())["findings"] == []


def test_a_seeded_defect_fails_its_case_and_names_the_side(tmp_path):
    done = run(tmp_path, "testcases/ocpp21", "--pf-case", "PF_E02_01_CS", "--pf-defect", "transaction-ends-on-pause")
    assert done.returncode == 1, done.stdout[-2000:]
    assert re.search(r"fail \(station\)", done.stdout), done.stdout[-2000:]


def test_older_chargers_pass_their_own_cases_and_the_others_do_not_apply(tmp_path):
    done = run(tmp_path, "testcases/ocpp_older", lab="emulated-ocpp-older")
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.search(r"(\d+) passed, \1 skipped", done.stdout), done.stdout[-2000:]
