"""How a CAN controller confines its faults: each failed transmission counts 8, at 256 it leaves the bus (bus-off).

A failed frame is repeated at once, so on a short circuit this takes a few milliseconds. Coming back takes 128 times 11
recessive bits on a free bus, which is 3 ms at 500 kbit/s, and what the gateway's software waits before it asks for it.
"""

from __future__ import annotations

FAILED = 8
OFF_AT = 256
RESTART_S = 0.1
"""How long the software leaves the controller off (our default)."""


class CanController:
    """One bus's controller: whether it can send now."""

    def __init__(self, restart_s: float = RESTART_S) -> None:
        self.restart_s = restart_s
        self.errors = 0
        """The transmit error counter."""
        self._off_s: float | None = None

    @property
    def is_off(self) -> bool:
        return self._off_s is not None

    def note(self, shorted: bool, now_s: float) -> None:
        """How the bus is: while it is short-circuited the time until the restart begins anew."""
        if self._off_s is None:
            return
        if shorted:
            self._off_s = now_s
        elif now_s - self._off_s >= self.restart_s:
            self._off_s, self.errors = None, 0

    def transmit(self, shorted: bool, now_s: float) -> bool:
        """Try to send one frame, with all repetitions; True if it went out."""
        if self.is_off:
            return False
        if not shorted:
            self.errors = max(self.errors - 1, 0)
            return True
        while self.errors < OFF_AT:
            self.errors += FAILED
        self._off_s = now_s
        return False
