"""Safe state, whatever dies: a process beside the harness with connections of its own to every source.

The harness sends one octet every half second while a case runs. If they stop for `SILENCE_S` (a frozen harness) or
the pipe closes without a good-bye (a killed one), the guard makes every device safe, in their order, and ends. It runs
in a session of its own, so Ctrl-C at the terminal does not reach it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict

from drivers.safe_off import SafeOff, make_all_safe

BEAT_S = 0.5
SILENCE_S = 1.5
"""Longest silence before the guard acts: leaves the devices time of their own within the promised 2 s (our default)."""
_BEAT, _CALM, _BYE = b".", b"-", b"q"
_ACTING = b"!"
"""What the guard says before it makes the bench safe."""


class Guard:
    """The harness's end: starts the guard process and beats."""

    def __init__(self, devices: Iterable[SafeOff]) -> None:
        self._devices = list(devices)
        self._armed = False
        self._alive_s = time.monotonic()
        self._stop = threading.Event()
        self._acted = False
        self._process = self._start()
        self._thread = threading.Thread(target=self._beat, name="plugfest-guard-beat", daemon=True)
        self._thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness.campaign.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        assert process.stdin
        process.stdin.write(json.dumps([asdict(device) for device in self._devices]).encode() + b"\n")
        return process

    def alive(self) -> None:
        """Called from the event loop: the harness is not frozen."""
        self._alive_s = time.monotonic()

    def arm(self, armed: bool) -> None:
        """Armed while a case runs: then a frozen event loop counts as a dead harness."""
        self.alive()
        self._armed = armed

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_S):
            if self._armed and time.monotonic() - self._alive_s > BEAT_S * 2:
                continue  # the loop is stuck: fall silent and let the guard act
            try:
                assert self._process.stdin
                self._process.stdin.write(_BEAT if self._armed else _CALM)
            except (BrokenPipeError, ValueError):
                if self._stop.is_set():
                    return
                self._hear()
                self._process = self._start()  # the guard has done its work or was killed: a bench is never without one

    def acted(self) -> bool:
        """Whether the guard took the bench over since this was asked last."""
        self._hear()
        acted, self._acted = self._acted, False
        return acted

    def _hear(self) -> None:
        assert self._process.stdout
        if select.select([self._process.stdout], [], [], 0.0)[0]:
            self._acted |= _ACTING in self._process.stdout.read(1)

    @property
    def pid(self) -> int:
        return self._process.pid

    def take_over(self) -> None:
        """Let the guard make the bench safe at once, and wait until it has: for a run that is cut short."""
        self._stop.set()
        self._thread.join(BEAT_S * 4)
        with contextlib.suppress(OSError):
            assert self._process.stdin
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(SILENCE_S * 2)

    def dismiss(self) -> None:
        """The bench is proved safe: the guard may go without doing anything."""
        self._stop.set()
        self._thread.join(BEAT_S * 4)
        with contextlib.suppress(BrokenPipeError, OSError):
            assert self._process.stdin
            self._process.stdin.write(_BYE)
            self._process.stdin.close()
        try:
            self._process.wait(SILENCE_S * 2)
        except subprocess.TimeoutExpired:
            self._process.kill()


def watch(stream: int, silence_s: float = SILENCE_S) -> bool:
    """Follow the beats on a file descriptor until they end; True if the harness said good-bye."""
    while True:
        ready, _, _ = select.select([stream], [], [], silence_s)
        if not ready:
            return False
        beats = os.read(stream, 4096)
        if not beats:
            return False
        if _BYE in beats:
            return True
        silence_s = SILENCE_S if beats.endswith(_BEAT) else 3600.0


def main() -> int:
    """The guard process: devices as one JSON line on standard input, then beats."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    line = bytearray()
    while not line.endswith(b"\n"):
        octet = os.read(0, 1)
        if not octet:
            return 0
        line += octet
    devices = [SafeOff(**entry) for entry in json.loads(line)]
    if watch(0, 3600.0):
        return 0
    with contextlib.suppress(BrokenPipeError):  # of a harness that was killed
        os.write(1, _ACTING)
    outcomes = asyncio.run(make_all_safe(devices))
    for outcome in outcomes:
        print(f"plugfest guard: {outcome.role}: {outcome.text}", file=sys.stderr)
    return 0 if all(outcome.safe for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
