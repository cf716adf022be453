"""How defects of the emulated charger are registered, and the ways in which it can misbehave."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drivers.emulators.defects import Defect
from harness.exi.declare import Record
from harness.iso15118.errors import LinkLost
from harness.iso15118.quantities import changed
from harness.iso15118.secc_shell import Secc, Twist

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger

Install = Callable[["Charger"], None]

REGISTERED: dict[str, Defect] = {}
"""All of them by id."""

_INSTALL: dict[str, Install] = {}
RULE = "iso15118-20/"
LOOPS = ("DC_ChargeLoopReq", "AC_ChargeLoopReq")


def defect(id_: str, *, seen_in: str, found_by: str) -> Callable[[Install], Install]:
    """Register a defect; the installer's docstring is its description."""

    def register(installer: Install) -> Install:
        text = " ".join((installer.__doc__ or "").split())
        REGISTERED[id_] = Defect(id_, "charger", "iso15118-20", seen_in, text, found_by)
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


def twist(charger: Charger, request: str, other: Twist) -> None:
    """Give another answer to a request, in every session."""
    charger.before_session.append(lambda se: se.twists.update({request: other}))


def change(charger: Charger, request: str, **values: Any) -> None:
    """Give the right answer with other content."""
    twist(charger, request, lambda _se, _request, response: changed(response, **values))


def mishear(charger: Charger, hear: Callable[[Secc, Any], Record]) -> None:
    """Let the agent see another request than was sent."""
    charger.before_session.append(lambda se: se.hears.append(hear))


def delayed(delay_s: float) -> Twist:
    async def late(se: Secc, _: Record, response: Record) -> Record:
        await se.clock.sleep(delay_s)
        return response

    return late


async def _die(charger: Charger, se: Secc) -> None:
    """An exception that nobody caught: this connection is cut and no later one is served."""
    charger.dead = True
    await se.link.close()
    raise LinkLost("the charger's software has crashed")


def dies_on(charger: Charger, request: str, fatal: Callable[[Any], bool]) -> None:
    async def crash(se: Secc, asked: Record, response: Record) -> Record:
        if fatal(asked):
            await _die(charger, se)
        return response

    twist(charger, request, crash)
