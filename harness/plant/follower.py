"""A regulated quantity: a new target counts after a dead time, and is reached by a ramp."""

from __future__ import annotations

from collections import deque
from math import inf


class Follower:
    """`value` and `target` in the unit of the quantity; between two changes of course the value is linear in time."""

    __slots__ = ("_coming", "rate_per_s", "target", "value")

    def __init__(self, rate_per_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.value = 0.0
        self.target = 0.0
        self._coming: deque[tuple[float, float]] = deque()

    @property
    def moving(self) -> bool:
        return self.value != self.target

    @property
    def latest(self) -> float:
        """The target that was asked for last, whether it counts already or not."""
        return self._coming[-1][1] if self._coming else self.target

    def ask(self, target: float, counts_at_s: float) -> None:
        """Take a new target; one that is asked for already changes nothing."""
        if target != self.latest:
            self._coming.append((counts_at_s, target))

    def halt(self) -> None:
        """To zero at once, and no memory of earlier targets."""
        self._coming.clear()
        self.value = self.target = 0.0

    def take_due(self, now_s: float) -> None:
        while self._coming and self._coming[0][0] <= now_s + 1e-9:
            self.target = self._coming.popleft()[1]

    def steady_s(self, now_s: float, runs: bool = True) -> float:
        """How long the present course holds: to the next target, to the end of the ramp, or to the change of sign.
        What does not run stays where it is."""
        until_s = self._coming[0][0] - now_s if self._coming else inf
        if runs and self.value != self.target:
            way = -self.value if self.value * self.target < 0 else self.target - self.value
            until_s = min(until_s, abs(way) / self.rate_per_s)
        return until_s

    def after(self, for_s: float) -> float:
        """The value in `for_s`, which must not pass the end of the course."""
        distance = self.target - self.value
        reach = self.rate_per_s * for_s
        if abs(distance) <= reach * (1 + 1e-9):
            return self.target
        value = self.value + (reach if distance > 0 else -reach)
        return 0.0 if abs(value) <= 1e-9 * reach else value
