"""Seeded defects of the emulated vehicle: what each one is, and how it is done."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drivers.emulators.defects import Defect
from harness.iso15118.evcc_shell import Evcc

if TYPE_CHECKING:
    from drivers.emulators.vehicle import ElectricVehicle

Install = Callable[["ElectricVehicle"], None]

VEHICLE_DEFECTS: dict[str, Defect] = {}
"""By id; `plugfest defects` prints them."""

_INSTALL: dict[str, Install] = {}


def defect(id_: str, *, seen_in: str, found_by: str) -> Callable[[Install], Install]:
    """Register a defect; the installer's docstring is its description."""

    def register(installer: Install) -> Install:
        text = " ".join((installer.__doc__ or "").split())
        VEHICLE_DEFECTS[id_] = Defect(id_, "vehicle", "iso15118-20", seen_in, text, found_by)
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


def _twist(vehicle: ElectricVehicle, request: str, change: Callable[[Evcc, Any], Any]) -> None:
    """Apply a twist to every session of the vehicle."""

    def prepare(ev: Evcc) -> None:
        ev.twists[request] = change

    vehicle.before_session.append(prepare)


@defect("never-resumes-after-pause", seen_in="F30", found_by="pause-and-resume")
def never_resumes(vehicle: ElectricVehicle) -> None:
    """After a pause the vehicle sleeps until it is unplugged."""
    vehicle.wakes_after_pause = False


@defect("loop-too-slow", seen_in="F52", found_by="dc-loop-request-in-time")
def slow_loop(vehicle: ElectricVehicle) -> None:
    """A charge-loop request every 0.45 s: late by the performance time, but inside the charger's patience."""
    vehicle.config = replace(vehicle.config, loop_period_s=0.45)


@defect("ignores-pause-request", seen_in="field", found_by="notification-obeyed")
def ignores_pause(vehicle: ElectricVehicle) -> None:
    """The vehicle goes on charging when the station asks for a pause."""
    vehicle.before_session.append(lambda ev: ev.session.reacts_to.discard("Pause"))


@defect("refuses-to-discharge", seen_in="F45", found_by="remote-discharge")
def refuses_discharge(vehicle: ElectricVehicle) -> None:
    """The vehicle offers bidirectional service, but its discharge limits are always zero."""
    vehicle.car.most = replace(vehicle.car.most, maximum_discharge_power_w=0.0, maximum_discharge_current_a=0.0)
