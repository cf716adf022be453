"""What is tried again, and what becomes of the attempt that another one stands in for."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from harness.lab import LabError, load_lab
from harness.live import LiveView
from harness.retest import Retest
from harness.verdict import Verdict

ROOT = Path(__file__).parents[2]
LAB = ROOT / "lab-configs/emulated-dc-v2g.yaml"
ERROR, FAIL, PASS = Verdict.ERROR, Verdict.FAIL, Verdict.PASS
FLAKY = """
from harness.repeating import attempts_of

tries = []

def pytest_runtest_protocol(item, nextitem):
    tries.clear()
    again = lambda: (len(tries) == 1, len(tries) == 1 and item.name == "test_replaced")
    attempts_of(item, nextitem, again)
    return True

def attempt(request):
    tries.append(1)
    request.node.user_properties.append(("attempt", len(tries)))
    assert len(tries) == 2
"""


@pytest.mark.parametrize(
    ("verdicts", "again", "replaced"),
    [
        ([ERROR], True, True),
        ([ERROR, PASS], False, False),
        ([ERROR, ERROR], False, False),
        ([FAIL], False, False),
        ([Verdict.ABORTED], True, False),
    ],
)
def test_what_the_rule_names_is_tried_again_so_often_and_nothing_else(verdicts, again, replaced):
    rule = Retest(verdicts=(ERROR,), times=1)
    assert (rule.again(verdicts), rule.replaces(verdicts)) == (again, replaced)
    assert not Retest(times=0).again([ERROR])


def test_a_lab_file_tries_nothing_again_unless_it_says_so(tmp_path):
    assert str(load_lab(LAB).retest) == "nothing is tried again"
    path = tmp_path / "lab.yaml"
    path.write_text(LAB.read_text() + "retest: {verdicts: [error]}\n")
    assert load_lab(path).retest == Retest(verdicts=(ERROR,), times=1)
    path.write_text(LAB.read_text() + "retest: {verdict: [error]}\n")
    with pytest.raises(LabError, match=r"lab.yaml:\d+:\d+: retest.verdict: .*did you mean 'verdicts'"):
        load_lab(path)


def test_an_attempt_that_another_stands_in_for_fails_no_session_and_a_repeat_does(tmp_path):
    (tmp_path / "conftest.py").write_text(FLAKY)
    body = "from conftest import attempt\ndef test_replaced(request): attempt(request)\n"
    (tmp_path / "test_it.py").write_text(body + "def test_repeated(request): attempt(request)\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    told = {
        name: subprocess.run(
            [*command, "-k", name], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}, check=False,
        )
        for name in ("replaced", "repeated")
    }  # fmt: skip
    assert (told["replaced"].returncode, "1 passed" in told["replaced"].stdout) == (0, True), told["replaced"].stdout
    assert (told["repeated"].returncode, "1 failed" in told["repeated"].stdout) == (1, True), told["repeated"].stdout


def test_the_live_view_tells_a_replaced_attempt_and_does_not_count_it():
    console = Console(file=io.StringIO())
    view = LiveView(load_lab(LAB), console)
    for outcome, verdict in (("rerun", "error"), ("passed", "pass")):
        told = {"case": "PF_X", "subject": "V+S", "verdict": verdict, "side": "", "reason": ""}
        view.pytest_runtest_logreport(
            SimpleNamespace(
                when="call", failed=False, skipped=False, outcome=outcome, user_properties=[("plugfest", told)]
            )
        )
    assert [one["verdict"] for one in view.outcomes] == ["pass"]
    assert "error" in console.file.getvalue()
