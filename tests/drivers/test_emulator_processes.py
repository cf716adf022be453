"""Every emulator as a process: its ready line, its end on SIGTERM, and with its parent, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.plant.wire import PlantClient

KINDS = [
    "plant_server",
    "sunspec_der",
    "yokogawa_wt",
    "ea_psb",
    "chroma_61845",
    "modbus_meter",
    "pilot_box",
    "relay_box",
    "card_presenter",
    "can_gateway",
]


def start(kind: str, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"drivers.emulators.{kind}", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("kind", KINDS)
def test_an_emulator_says_when_it_is_ready_and_ends_on_sigterm(kind: str):
    process, ready = start(kind)
    assert ready["ready"] == kind
    assert ready["address"]
    assert ready["resource"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(5.0) == 0
    assert process.stdout
    process.stdout.close()


def test_an_emulator_dies_with_its_parent():
    script = (
        "import subprocess,sys,time\n"
        "p=subprocess.Popen([sys.executable,'-m','drivers.emulators.pilot_box'],stdout=subprocess.PIPE,text=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the emulator outlived its parent by 5 s")


def test_a_source_that_is_killed_leaves_the_plant_without_it():
    plant, ready = start("plant_server", "--option", "battery.initial_soc=0.3")
    source, _ = start("ea_psb", "--plant", ready["address"])
    watcher = PlantClient(ready["address"], "observer")
    assert watcher.state.soc == 0.3
    source.kill()
    source.wait()
    again, _ = start("ea_psb", "--plant", ready["address"])  # the place is free again
    for process in (again, plant):
        process.terminate()
        process.wait(5.0)
    for process in (again, plant, source):
        assert process.stdout
        process.stdout.close()
    watcher.close()


@pytest.mark.parametrize(
    ("kind", "arguments", "named"),
    [
        ("ea_psb", ["--defect", "source-explodes"], "source-stays-on"),
        ("plant_server", ["--option", "batery.initial_soc=0.3"], "battery"),
    ],
)
def test_an_unknown_defect_or_option_is_refused_with_the_known_ones(kind: str, arguments: list[str], named: str):
    done = subprocess.run(
        [sys.executable, "-m", f"drivers.emulators.{kind}", *arguments], capture_output=True, text=True, timeout=20
    )
    assert done.returncode != 0
    assert named in done.stderr
