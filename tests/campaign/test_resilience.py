"""Things die in the middle of a run over real wires: the run goes on, and what happened is charged rightly."""

import os
import signal
import time
from pathlib import Path

import pytest

from harness.campaign.evidence import STORE, verify
from harness.campaign.store import Store

STEP_S = 60


def wait_for(lab, text):
    """Until some transcript of the run holds `text`."""
    deadline_s = time.monotonic() + STEP_S
    while time.monotonic() < deadline_s:
        if any(text in path.read_text() for path in lab.folder.glob("runs/2*/evidence/*/transcript.jsonl")):
            return
        time.sleep(0.1)
    pytest.fail(f"no transcript says {text!r} within {STEP_S} s")


def emulator(parent, name):
    """Process id of a run's emulator."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_text()
            except OSError:
                continue
            if int(status[1]) == parent and f"drivers.emulators.{name}" in command:
                return int(entry.name)
    pytest.fail(f"no emulator {name} is running")


def finish(process):
    output, _ = process.communicate(timeout=110)
    return process.returncode, output


@pytest.mark.parametrize(
    ("victim", "verdict", "sides"),
    [
        ("charger_unit", "fail", {"station", "pair"}),
        ("vehicle_unit", "fail", {"vehicle", "pair"}),
        ("yokogawa_wt", "error", {"bench"}),
        ("pilot_box", "error", {"bench"}),
    ],
)
def test_an_emulator_that_is_killed_in_the_loop_costs_one_case(lab, victim, verdict, sides):
    process = lab.start("--case", "PF_PRG_05", "--case", "PF_PRG_06")
    wait_for(lab, "power holds")
    os.kill(emulator(process.pid, victim), signal.SIGKILL)
    code, output = finish(process)
    assert code == 1, output
    found = lab.verdicts()
    assert found["PF_PRG_05"][0] == verdict, (found, output)
    assert found["PF_PRG_05"][1] in sides
    assert found["PF_PRG_06"] == ("pass", "")
    assert verify(lab.runs[0]) == []


def test_ctrl_c_and_resume_give_one_run_with_every_attempt_kept(lab):
    process = lab.start("--case", "PF_PRG_03", "--case", "PF_PRG_05")
    wait_for(lab, "power holds")
    process.send_signal(signal.SIGINT)
    code, _ = finish(process)
    assert code == 2
    assert lab.verdicts()["PF_PRG_03"] == ("pass", "")
    assert lab.verdicts()["PF_PRG_05"][0] == "aborted"
    code, output = lab.run("--case", "PF_PRG_03", "--case", "PF_PRG_05", "--resume", str(lab.runs[0]))
    assert code == 0, output
    assert lab.verdicts()["PF_PRG_05"] == ("pass", "")
    (run,) = lab.runs
    with Store.open(run / STORE, readonly=True) as store:
        attempts = {one.planned.case: [str(a.verdict) for a in one.attempts] for one in store.results()}
    assert attempts["PF_PRG_03"] == ["pass"]
    assert attempts["PF_PRG_05"] == ["aborted", "pass"]
    assert (run / "report" / "report.html").is_file()


def test_a_killed_harness_is_resumed_with_the_running_attempt_marked(lab):
    process = lab.start("--case", "PF_PRG_05")
    wait_for(lab, "power holds")
    process.kill()
    process.communicate()
    code, output = lab.run("--case", "PF_PRG_05", "--resume", str(lab.runs[0]))
    assert code == 0, output
    with Store.open(lab.runs[0] / STORE, readonly=True) as store:
        (result,) = [one for one in store.results() if one.planned.case == "PF_PRG_05"]
    assert [str(one.verdict) for one in result.attempts] == ["aborted", "pass"]
    assert result.attempts[0].exit_reason == "interrupted"
