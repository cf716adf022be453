"""Websocket pings as a station's OCPPCommCtrlr.WebSocketPingInterval wants them (OCPP 2.x part 4; 1.6 has the same key).

0: no pings; else the seconds between two. A far end that leaves a ping without a pong is taken as gone. Sans-I/O.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

LEAST_PATIENCE_S = 2.0
MOST_PATIENCE_S = 20.0


def one_interval_s(interval_s: float) -> float:
    """How long a pong is waited for: an interval, within 2 to 20 s (our default; no standard has a number)."""
    return min(max(interval_s, LEAST_PATIENCE_S), MOST_PATIENCE_S)


class Pulse:
    """The pings of one link. Times are UTC seconds; `interval_s` is asked each time, so a new one counts at once, and so is
    `patience_s`, the time that a pong may take."""

    def __init__(self, interval_s: Callable[[], float], patience_s: Callable[[], float], began_s: float) -> None:
        self._interval_s = interval_s
        self._patience_s = patience_s
        self._last_s = began_s
        self._numbers = itertools.count(1)
        self._open: dict[bytes, float] = {}
        """When each ping without a pong was sent."""

    def tick(self, now_s: float) -> bytes | None:
        """The payload of a ping that is due."""
        interval_s = self._interval_s()
        if interval_s <= 0 or now_s < self._last_s + interval_s:
            return None
        self._last_s = now_s
        payload = str(next(self._numbers)).encode()
        self._open[payload] = now_s
        return payload

    def heard(self, payload: bytes) -> None:
        """A pong, which answers all pings up to its own (RFC 6455, 5.5.3)."""
        if payload in self._open:
            sent_s = self._open[payload]
            self._open = {one: at_s for one, at_s in self._open.items() if at_s > sent_s}

    def gone(self, now_s: float) -> bool:
        """Whether the far end has been silent for too long."""
        given_up_s = self._given_up_s()
        return given_up_s is not None and now_s >= given_up_s

    def deadline_s(self) -> float | None:
        """When `tick` and `gone` want to be asked at the latest."""
        interval_s = self._interval_s()
        next_s = self._last_s + interval_s if interval_s > 0 else None
        return min((due_s for due_s in (next_s, self._given_up_s()) if due_s is not None), default=None)

    def _given_up_s(self) -> float | None:
        if not self._open:
            return None
        return min(self._open.values()) + self._patience_s()
