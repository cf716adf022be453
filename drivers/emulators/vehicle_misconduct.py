"""How defects of the emulated vehicle are registered, and the ways in which it can misbehave."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drivers.emulators.defects import Defect
from harness.iso15118.evcc_shell import Twist
from harness.iso15118.quantities import changed

if TYPE_CHECKING:
    from drivers.emulators.vehicle import ElectricVehicle

Install = Callable[["ElectricVehicle"], None]

REGISTERED: dict[str, Defect] = {}
"""All of them by id."""

_INSTALL: dict[str, Install] = {}
RULE = "iso15118-20/"


def defect(id_: str, *, seen_in: str, found_by: str) -> Callable[[Install], Install]:
    """Register a defect; the installer's docstring is its description."""

    def register(installer: Install) -> Install:
        text = " ".join((installer.__doc__ or "").split())
        REGISTERED[id_] = Defect(id_, "vehicle", "iso15118-20", seen_in, text, found_by)
        _INSTALL[id_] = installer
        return installer

    return register


def install(vehicle: ElectricVehicle, ids: Collection[str]) -> None:
    """Switch defects on; raises ValueError for an unknown id, naming the nearest."""
    for each in ids:
        if each not in _INSTALL:
            near = get_close_matches(each, _INSTALL, 1, 0.0)
            raise ValueError(f"the vehicle has no defect {each!r}; nearest is {near[0]!r}")
        _INSTALL[each](vehicle)


def twist(vehicle: ElectricVehicle, request: str, other: Twist) -> None:
    """Send something else than the right request, in every session."""
    vehicle.before_session.append(lambda ev: ev.twists.update({request: other}))


def change(vehicle: ElectricVehicle, request: str, **values: Any) -> None:
    """Send the right request with other content."""
    twist(vehicle, request, lambda _, right: changed(right, **values))


def instead(vehicle: ElectricVehicle, request: str, other: str, **values: Any) -> None:
    """Send another request in the place of the right one."""
    twist(vehicle, request, lambda ev, _: ev.draft(other, **values))


def deaf_to(vehicle: ElectricVehicle, notification: str) -> None:
    vehicle.before_session.append(lambda ev: ev.session.reacts_to.discard(notification))
