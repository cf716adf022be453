"""A program in a network of its own, with one cable that leads out.

`python -m drivers.foreign.caged INTERFACE COMMAND...` moves into a fresh network namespace, says so, waits until the
starter has laid the cable, and becomes the command. It ends with its parent. Needs root.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from drivers.emulators.process import die_with_parent, ready
from harness.private_network import leave_for_a_network_of_its_own, link_local_address, take_cable

CABLE_S = 10.0
"""How long the starter may take to lay the cable (our default)."""
_POLL_S = 0.01


def _there(interface: str) -> bool:
    return any(line.strip().startswith(f"{interface}:") for line in Path("/proc/net/dev").read_text().splitlines())


def _addressed(interface: str) -> bool:
    try:
        return bool(link_local_address(interface))
    except OSError:
        return False


def _wait_for(condition: bool, deadline_s: float) -> bool:
    if time.monotonic() > deadline_s:
        raise SystemExit("no cable was laid into this network")
    if not condition:
        time.sleep(_POLL_S)
    return not condition


def main() -> None:
    interface, *command = sys.argv[1:]
    die_with_parent()
    leave_for_a_network_of_its_own()
    ready("caged", pid=os.getpid())
    deadline_s = time.monotonic() + CABLE_S
    while _wait_for(_there(interface), deadline_s):
        pass
    take_cable(interface)
    while _wait_for(_addressed(interface), deadline_s):
        pass
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
