"""A vehicle on an IEC 61851-1 outlet as a machine of its own: what it senses and a time in, what it does out.

Its habits are a table: a car that is as the field would like it, and each behaviour that was seen otherwise. All times
and currents of habits are our default, chosen so that each behaviour meets exactly the cases that are about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

FIRM_A = 1.0
"""From this current on a phase counts as carrying (our default)."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a car charges. Currents are RMS per phase."""

    phases: int = 3
    maximum_a: float = 16.0
    stops_below_a: float = 6.0
    reaction_s: float = 1.0
    """From a changed offer to the changed current."""
    down_s: float = 1.0
    """The same for an offer that was lowered or taken away."""
    start_s: float = 3.0
    """From an offer after none to state C."""
    one_phase_below_a: float = 0.0
    overshoot_a: float = 0.0
    overshoot_step_a: float = 8.0
    overshoot_s: float = 20.0
    sleeps_in_pause_s: float = inf
    """Falls asleep when a pause lasts longer."""
    sleeps_before_start_s: float = inf
    """The same before the first charging after plugging in."""
    pauses_until_sleep: int | None = None
    long_pause_s: float = 120.0
    """A pause of this length is one that counts."""
    wakes_by_pilot: bool = True
    """An interrupted pilot wakes it."""
    toggles_until_fault: int | None = None
    toggle_s: float = 90.0
    """Offers that go away in a shorter distance than this are toggling."""
    drops_after_switch_s: float | None = None


_BEHAVIOURS: dict[str, dict[str, float | int | bool]] = {
    "sleeps_after_pauses": {"pauses_until_sleep": 5},
    "sleeps_until_woken": {"sleeps_in_pause_s": 900.0},
    "never_wakes": {"sleeps_in_pause_s": 900.0, "sleeps_before_start_s": 900.0, "wakes_by_pilot": False},
    "long_sleep": {"sleeps_in_pause_s": 7200.0, "sleeps_before_start_s": 7200.0},
    "no_slow_charging": {"stops_below_a": 8.0},
    "drops_phase": {"one_phase_below_a": 8.0},
    "saturates_at_10_a": {"maximum_a": 10.0},
    "overshoots": {"overshoot_a": 1.0},
    "slow_down": {"down_s": 8.0},
    "latches_fault": {"toggles_until_fault": 8},
    "drops_out_after_switch": {"drops_after_switch_s": 90.0},
    "impatient": {"sleeps_before_start_s": 60.0},
}
BEHAVIOURS = tuple(_BEHAVIOURS)


def with_behaviours(habits: Habits, names: Iterable[str]) -> Habits:
    """The habits with behaviours added. Raises ValueError for a name that is not known."""
    for name in names:
        if name not in _BEHAVIOURS:
            raise ValueError(f"a car has no behaviour {name!r}; known are {', '.join(BEHAVIOURS)}")
        changed = _BEHAVIOURS[name]
        if "maximum_a" in changed:
            changed = {"maximum_a": min(habits.maximum_a, changed["maximum_a"])}
        habits = replace(habits, **changed)  # type: ignore[arg-type]
    return habits


@dataclass(frozen=True, slots=True)
class Seen:
    """What a car senses at its inlet."""

    plugged: bool
    offer_a: float = 0.0
    """By the pilot's duty cycle; 0 without one."""
    pilot_lost: bool = False
    """0 V on the pilot: state E."""
    live_phases: int = 0


@dataclass(frozen=True, slots=True)
class Deed:
    """What a car does: the pilot state of its resistors, and the current that it draws on so many phases."""

    state: str = "B"
    current_a: float = 0.0
    phases: int = 3


class AcCar:
    """Call `step` when something has changed or `due_s` has come."""

    def __init__(self, habits: Habits) -> None:
        self.habits = habits
        self._forget()

    def _forget(self) -> None:
        self._plugged_s: float | None = None
        self._offer_a = 0.0
        self._offer_s = 0.0
        """Since when it is the present one."""
        self._aim_a = 0.0
        """The offer that it follows already."""
        self._follow_s: float | None = None
        self._over_s = -inf
        self._has_charged = False
        self._asleep = False
        self._woken = False
        self._faulty = False
        self._pauses = 0
        self._toggles = 0
        self._lost_s = -inf
        self._live = 0
        self._drop_s: float | None = None

    def step(self, now_s: float, seen: Seen) -> Deed:
        """What it does now."""
        if not seen.plugged:
            self._forget()
            return Deed(phases=self.habits.phases)
        if self._plugged_s is None:
            self._plugged_s = self._offer_s = now_s
        self._feel_pilot(now_s, seen)
        self._feel_phases(now_s, seen.live_phases)
        self._tire(now_s)
        if self._follow_s is not None and now_s >= self._follow_s - 1e-6:
            self._take(now_s)
        return self._deed(now_s, seen)

    def due_s(self, now_s: float) -> float | None:
        """When it will do something by itself, at the earliest after now."""
        times = [self._follow_s, self._drop_s, self._over_s]
        if self._offer_a == 0.0 and not self._asleep:
            times.append(self._offer_s + self._patience_s)
        later = [one for one in times if one is not None and now_s < one < inf]
        return min(later, default=None)

    # sensing

    def _feel_pilot(self, now_s: float, seen: Seen) -> None:
        if seen.pilot_lost:
            if self._asleep and self.habits.wakes_by_pilot:
                self._asleep, self._woken = False, True
            return
        if seen.offer_a == self._offer_a:
            return
        before_a, self._offer_a = self._offer_a, seen.offer_a
        if before_a == 0.0:
            self._end_of_pause(now_s)
        elif seen.offer_a == 0.0:
            self._woken = False
            self._count_toggle(now_s)
        self._offer_s = now_s
        delay_s = self.habits.reaction_s
        if seen.offer_a < before_a:
            delay_s = self.habits.down_s
        elif before_a == 0.0:
            delay_s = self.habits.start_s
        self._follow_s = now_s + delay_s

    def _end_of_pause(self, now_s: float) -> None:
        self._tire(now_s)
        if self._has_charged and now_s - self._offer_s >= self.habits.long_pause_s:
            self._pauses += 1
            if self._pauses == self.habits.pauses_until_sleep:
                self._asleep = True

    def _count_toggle(self, now_s: float) -> None:
        self._toggles = self._toggles + 1 if now_s - self._lost_s < self.habits.toggle_s else 1
        self._lost_s = now_s
        if self.habits.toggles_until_fault is not None and self._toggles >= self.habits.toggles_until_fault:
            self._faulty = True

    def _feel_phases(self, now_s: float, live: int) -> None:
        if live and self._live and live != self._live and self.habits.drops_after_switch_s is not None:
            self._drop_s = now_s + self.habits.drops_after_switch_s
        self._live = live or self._live
        if self._drop_s is not None and now_s >= self._drop_s - 1e-6:
            self._faulty = True

    @property
    def _patience_s(self) -> float:
        return self.habits.sleeps_in_pause_s if self._has_charged else self.habits.sleeps_before_start_s

    def _tire(self, now_s: float) -> None:
        if self._offer_a == 0.0 and not self._woken and now_s - self._offer_s >= self._patience_s - 1e-6:
            self._asleep = True

    # doing

    def _take(self, now_s: float) -> None:
        """Follow the present offer from now on."""
        if self._aim_a - self._offer_a >= self.habits.overshoot_step_a and self._offer_a:
            self._over_s = now_s + self.habits.overshoot_s
        self._aim_a, self._follow_s = self._offer_a, None

    def _deed(self, now_s: float, seen: Seen) -> Deed:
        habits = self.habits
        wants = self._aim_a >= habits.stops_below_a and not self._asleep and not self._faulty and not seen.pilot_lost
        if not wants:
            return Deed("B", 0.0, habits.phases)
        phases = 1 if self._aim_a < habits.one_phase_below_a else min(habits.phases, seen.live_phases or habits.phases)
        if not seen.live_phases:
            return Deed("C", 0.0, phases)
        self._has_charged = True
        over_a = habits.overshoot_a if now_s < self._over_s - 1e-6 else 0.0
        return Deed("C", min(self._aim_a + over_a, habits.maximum_a), phases)
