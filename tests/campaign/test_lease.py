"""Two people cannot run on one bench at once, and death releases it."""

import os
import signal
import subprocess
import sys

import pytest

from harness.campaign.lease import BenchBusy, Lease

HOLDER = """
import sys, time
from pathlib import Path
from harness.campaign.lease import Lease
lease = Lease.take("B3", "endurance run", Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_run_is_refused_with_who_holds_the_bench_and_what_to_do(tmp_path):
    lease = Lease.take("B3", "first run", tmp_path)
    with pytest.raises(BenchBusy, match=rf"process {os.getpid()}, first run\).*Ctrl-C"):
        Lease.take("B3", "second run", tmp_path)
    lease.release()
    Lease.take("B3", "second run", tmp_path).release()


def test_another_bench_is_free(tmp_path):
    first, second = Lease.take("B3", "a", tmp_path), Lease.take("B4", "b", tmp_path)
    assert first.path != second.path
    first.release()
    second.release()


def test_a_killed_holder_leaves_the_bench_free(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(BenchBusy, match="endurance run"):
        Lease.take("B3", "mine", tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    Lease.take("B3", "mine", tmp_path).release()
