"""Seeded defects of the emulated charger's V2G half: what each one is, and how it is done."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drivers.emulators.defects import Defect
from harness.exi.declare import Record
from harness.iso15118.secc_shell import Secc

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger

Install = Callable[["Charger"], None]

CHARGER_DEFECTS: dict[str, Defect] = {}
"""By id; `plugfest defects` prints them."""

_INSTALL: dict[str, Install] = {}


def defect(id_: str, *, seen_in: str, found_by: str) -> Callable[[Install], Install]:
    """Register a defect; the installer's docstring is its description."""

    def register(installer: Install) -> Install:
        text = " ".join((installer.__doc__ or "").split())
        CHARGER_DEFECTS[id_] = Defect(id_, "charger", "iso15118-20", seen_in, text, found_by)
        _INSTALL[id_] = installer
        return installer

    return register


def install(charger: Charger, ids: Collection[str]) -> None:
    """Switch defects on; raises ValueError for an unknown id, naming the nearest."""
    for each in ids:
        if each not in _INSTALL:
            near = get_close_matches(each, _INSTALL, 1, 0.0)
            raise ValueError(f"the charger has no defect {each!r}; nearest is {near[0]!r}")
        _INSTALL[each](charger)


def _twist(charger: Charger, request: str, change: Callable[[Secc, Any, Any], Any]) -> None:
    """Apply a twist to every session of the charger."""

    def prepare(se: Secc) -> None:
        se.twists[request] = change

    charger.before_session.append(prepare)


def _delayed(delay_s: float) -> Callable[[Secc, Record, Record], Any]:
    async def late(se: Secc, _: Record, response: Record) -> Record:
        await se.clock.sleep(delay_s)
        return response

    return late


@defect("never-resumes-after-pause", seen_in="F27", found_by="pause-and-resume")
def never_resumes(charger: Charger) -> None:
    """The charger forgets paused sessions: every resume gets a new session."""
    charger.before_session.append(lambda se: se.session.memory.paused.clear())


@defect("never-wakes-after-pause", seen_in="F30", found_by="pause-and-resume")
def never_wakes(charger: Charger) -> None:
    """After a pause the charger never turns its oscillator on again, whoever asks."""
    charger.wakes_after_pause = False


@defect("ignores-setpoint-sign", seen_in="F43", found_by="remote-discharge")
def ignores_sign(charger: Charger) -> None:
    """A negative set point charges with the same magnitude."""
    outlet, deliver = charger.outlet, charger.outlet.deliver

    def unsigned(demand: Any) -> Any:
        outlet.target_power_w = abs(outlet.target_power_w)
        return deliver(demand)

    outlet.deliver = unsigned  # type: ignore[method-assign]


@defect("loop-too-slow", seen_in="F52", found_by="dc-loop-answer-in-time")
def slow_loop(charger: Charger) -> None:
    """Every charge-loop answer takes 0.4 s: late by the performance time, but inside the vehicle's patience."""
    for request in ("DC_ChargeLoopReq", "AC_ChargeLoopReq"):
        _twist(charger, request, _delayed(0.4))
