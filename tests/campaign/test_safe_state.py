"""Whatever ends a run, a source that it switched on is off within two seconds."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drivers.safe_off import SafeOff, make_all_safe
from harness.campaign.guard import SILENCE_S
from tests.campaign.conftest import ROOT

SAFE_S = 2.0
LAB = """\
lab: {{name: Safety lab, bench: {bench}}}
suites: []
roles:
  dc_source: {{driver: dc_source.ea_psb, resource: "{resource}"}}
"""
HOLD = '''
import time
from pathlib import Path
from harness.usecase import usecase

@usecase("X_HOLD", sut="bench")
async def test_hold(pf_bench):
    """The source is on and stays on"""
    source = pf_bench.role("dc_source")
    await source.set_voltage(400.0)
    await source.set_limits(source_a=5.0, sink_a=5.0, source_w=1000.0, sink_w=1000.0)
    await source.output(True)
    Path("{flag}").write_text("on")
    {how}
'''


class Source:
    """An emulated source in a process of its own: for the run it is a real instrument."""

    def __init__(self, *options):
        command = [sys.executable, "-m", "drivers.emulators.ea_psb", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout
        self.ready = json.loads(self.process.stdout.readline())
        self.users = []
        """Runs that were started on it; ended with it, so that none keeps the bench from the next test."""

    def output(self):
        """What the source says; like the real one it has one connection, so asking may push another one out."""
        host, _, port = self.ready["address"].rpartition(":")
        try:
            with socket.create_connection((host, int(port)), 2) as link:
                link.sendall(b"OUTP?\n")
                return link.recv(100).decode().strip()
        except OSError:
            return "busy"

    def say(self, *commands):
        """As somebody at its front would; the connection is closed again."""
        host, _, port = self.ready["address"].rpartition(":")
        with socket.create_connection((host, int(port)), 2) as link:
            link.sendall(b"".join(command.encode() + b"\n" for command in commands) + b"*IDN?\n")
            link.recv(200)

    def is_off_within(self, limit_s):
        """Look shortly before the limit, so that nobody is disturbed while making the source safe.

        Who is pushed out of the one connection comes again and may push us out: then the question is asked again.
        """
        time.sleep(limit_s - 0.1)
        heard = []
        for _ in range(10):
            heard.append(self.output())
            if heard[-1] in ("ON", "OFF"):
                break
            time.sleep(0.05)
        self.heard = heard
        return heard[-1] == "OFF"

    def close(self):
        for user in self.users:
            user.kill()
            user.wait()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def source():
    one = Source()
    yield one
    one.close()


def as_from_a_terminal():
    """These tests may run in the background or under nohup, where signals are ignored on purpose; the run does not."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(tmp_path, source, how="await pf_bench.clock.sleep(60)"):
    """A pytest run that holds the source on; returns its process once the output is on."""
    (tmp_path / "lab.yaml").write_text(LAB.format(bench=f"safety-{os.getpid()}", resource=source.ready["resource"]))
    flag = tmp_path / "on"
    (tmp_path / "test_hold.py").write_text(HOLD.format(flag=flag, how=how))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", str(tmp_path / "test_hold.py"), "--lab", str(tmp_path / "lab.yaml"),
         "--pf-out", str(tmp_path / "runs"), "-p", "no:cacheprovider"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
        stdout=(tmp_path / "log").open("w"), stderr=subprocess.STDOUT,
        preexec_fn=as_from_a_terminal,
    )  # fmt: skip
    source.users.append(process)
    deadline_s = time.monotonic() + 60
    while not flag.exists():
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline_s, "the source was never switched on"
        time.sleep(0.05)
    return process


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGINT], [signal.SIGINT, signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP], [signal.SIGKILL]],
    ids=["ctrl-c", "ctrl-c twice", "SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_a_run_that_is_ended_leaves_the_source_off(tmp_path, source, signals):
    process = start(tmp_path, source)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    assert source.is_off_within(SAFE_S), (source.heard, (tmp_path / "log").read_text()[-3000:])
    process.kill()
    process.wait()


def test_a_frozen_test_case_does_not_keep_the_source_on(tmp_path, source):
    process = start(tmp_path, source, how="time.sleep(60)")
    assert source.is_off_within(SILENCE_S + SAFE_S), "a freeze is noticed after a silence, then comes the source's time"
    process.kill()
    process.wait()


def test_what_the_guard_switched_off_is_told_as_that(tmp_path, source):
    process = start(tmp_path, source, how="time.sleep(4)")
    assert process.wait(60) == 1
    log = " ".join((tmp_path / "log").read_text().split())
    assert "error (bench): the guard switched the bench off: the harness was silent for 1.5 s" in log


def test_a_source_whose_connection_was_cut_is_made_safe_over_a_new_one(tmp_path, source):
    process = start(tmp_path, source, how="await pf_bench.clock.sleep(2)")
    source.say("SYST:LOCK ON")
    assert process.wait(60) == 1
    log = " ".join((tmp_path / "log").read_text().split())
    assert "the bench could not be made safe: dc_source:" in log
    assert "what is live was made safe over new connections" in log
    assert source.output() == "OFF"


def test_an_exception_in_the_test_leaves_the_source_off(tmp_path, source):
    process = start(tmp_path, source, how="raise RuntimeError('operator error')")
    assert source.is_off_within(SAFE_S)
    assert process.wait(30) == 1


def test_a_killed_guard_is_replaced(tmp_path, source):
    process = start(tmp_path, source)
    (first,) = guards_of(process.pid)
    os.kill(first, signal.SIGKILL)
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s and guards_of(process.pid) in ([], [first]):
        time.sleep(0.1)
    (second,) = guards_of(process.pid)
    assert second != first
    process.kill()
    process.wait()
    assert source.is_off_within(SAFE_S)


def test_when_harness_and_guard_are_killed_together_the_sources_own_watchdog_ends_it(tmp_path):
    source = Source("--option", "watchdog_s=1.0")
    try:
        process = start(tmp_path, source, how=KEEP_ASKING)
        (guard,) = guards_of(process.pid)
        os.kill(guard, signal.SIGKILL)
        process.kill()
        process.wait()
        assert source.is_off_within(SAFE_S)
    finally:
        source.close()


KEEP_ASKING = "while True: await source.measure()"
"""A source with a watchdog stays on as long as it is spoken to."""


def test_a_source_that_somebody_left_on_is_off_although_the_bench_cannot_be_built(tmp_path, source):
    source.say("SYST:LOCK ON", "VOLT 400", "CURR 5", "OUTP ON")
    assert source.output() == "ON"
    text = LAB.format(bench=f"safety-{os.getpid()}", resource=source.ready["resource"])
    (tmp_path / "lab.yaml").write_text(
        f"{text}  relay: {{driver: relay.relay_box, resource: {tmp_path}/no-such-port}}\n"
    )
    (tmp_path / "test_hold.py").write_text(HOLD.format(flag=tmp_path / "on", how="pass"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(tmp_path / "test_hold.py"), "--lab", str(tmp_path / "lab.yaml"),
         "--pf-out", str(tmp_path / "runs"), "-p", "no:cacheprovider"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no-such-port" in done.stdout
    assert not (tmp_path / "on").exists()
    assert source.output() == "OFF"


async def test_a_hung_source_takes_no_time_from_the_one_beside_it(source):
    source.say("SYST:LOCK ON", "VOLT 400", "CURR 5", "OUTP ON")
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts, and never answers
        hung = SafeOff(0, "dc_source.ea_psb", "hung", f"TCPIP::127.0.0.1::{deaf.getsockname()[1]}::SOCKET")
        sound = SafeOff(0, "dc_source.ea_psb", "sound", source.ready["resource"])
        began_s = time.monotonic()
        outcomes = await make_all_safe([hung, sound])
    assert time.monotonic() - began_s < SAFE_S
    assert [(one.role, one.text) for one in outcomes if one.safe] == [
        ("sound", "safe"),
        ("sound", "nothing left at its terminals"),
    ]
    assert {one.role: one.safe for one in outcomes} == {"hung": False, "sound": True}
    assert source.output() == "OFF"


def guards_of(parent):
    """Process ids of the living guards that a run has started."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                status = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                command = Path(f"/proc/{entry}/cmdline").read_text()
            except OSError:
                continue
            if int(status[1]) == parent and "harness.campaign.guard" in command and status[0] != "Z":
                found.append(int(entry))
    return found
