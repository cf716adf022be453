"""A lab file against what there is: drivers and their options, emulators, suites, parameters, limits, capabilities.

`harness.lab` sees to the file alone. Here it meets the rest of the house, before anything is opened, so that a typing
mistake is told with its line and not as a surprise in the lab.
"""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import drivers.emulators
from drivers.emulators.catalogue import all_defects
from drivers.errors import ConfigError
from drivers.registry import driver_class
from drivers.wire import Connection, OptionsError
from harness.bench import INSTRUMENTS
from harness.campaign.catalogue import load_cases, suite_names
from harness.clock import Clock
from harness.complaints import nearest
from harness.lab import Device, Lab, load_lab
from harness.limits import limits_from
from harness.marked_yaml import Where
from harness.subjects import parameter_complaints

_CLOSE = 0.8
"""How near an unknown capability must be to a known one to be taken for a typing mistake (difflib's ratio)."""


def checked_lab(path: Path) -> Lab:
    """Read a lab file and check all of it; raises LabError with every problem found."""
    lab = load_lab(path)
    lab.refuse(_suites(lab))
    lab.refuse(_complaints(lab))
    return lab


def _suites(lab: Lab) -> Iterator[tuple[Where, str]]:
    known = suite_names()
    for index, suite in enumerate(lab.suites):
        if suite not in known:
            yield ("suites", index), f"no suite {suite!r} under testcases/; {nearest(suite, known)}"


def _complaints(lab: Lab) -> Iterator[tuple[Where, str]]:
    cases = load_cases(lab.suites)
    yield from parameter_complaints(cases, lab)
    yield from _limits(lab)
    known = {capability.rpartition(":")[2] for case in load_cases() for capability in case.requires}
    for role, devices in lab.roles.items():
        for index, device in enumerate(devices):
            where = ("roles", role, index)
            for key, why in (*_driver(lab, role, device), *_emulator(device), *_capabilities(device, known)):
                yield (*where, *key), why


def _limits(lab: Lab) -> Iterator[tuple[Where, str]]:
    for name, value in lab.limits.items():
        try:
            limits_from({name: value})
        except (ValueError, TypeError, KeyError) as wrong:
            yield ("limits", name), str(wrong).removeprefix(f"limits.{name}: ")


def _driver(lab: Lab, role: str, device: Device) -> Iterator[tuple[Where, str]]:
    """The driver of an instrument with its options; of a program that its driver starts only whether there is one."""
    if role not in INSTRUMENTS and not device.hosted:
        return
    try:
        driver = driver_class(device.driver)
    except ConfigError as unknown:
        yield ("driver",), str(unknown)
        return
    if device.hosted:  # its driver is made with the run's network
        return
    try:
        driver(Connection(role, Clock(0, 0.0), device.resource or "", lab.located(device.options)))
    except OptionsError as wrong:
        for where, why in wrong.problems:
            yield ("options", *where), why
    except ConfigError as wrong:
        if not device.emulator:  # an emulated one gets its address later
            yield ("options",), str(wrong)


def _emulator(device: Device) -> Iterator[tuple[Where, str]]:
    if not device.emulator:
        return
    known = [module.name for module in pkgutil.iter_modules(drivers.emulators.__path__)]
    if device.emulator.kind not in known:
        yield ("emulator", "kind"), f"no emulator {device.emulator.kind!r}; {nearest(device.emulator.kind, known)}"
    for index, defect in enumerate(device.emulator.defects):
        if defect not in all_defects():
            near = difflib.get_close_matches(defect, all_defects(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`plugfest defects` lists them"
            yield ("emulator", "defects", index), f"no defect {defect!r}; {hint}"


def _capabilities(device: Device, known: set[str]) -> Iterator[tuple[Where, str]]:
    """A declaration may hold what no case asks for; only what looks like a typing mistake is refused."""
    for index, claimed in enumerate(device.pics.get("capabilities", ())):
        if claimed not in known and (near := difflib.get_close_matches(str(claimed), known, n=1, cutoff=_CLOSE)):
            yield ("pics", "capabilities", index), f"no case asks for {claimed!r}; did you mean {near[0]!r}?"
