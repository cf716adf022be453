"""Every seeded defect that any emulator can be given, by its id."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache

import drivers.emulators
from drivers.emulators.defects import Defect
from drivers.errors import ConfigError


@cache
def all_defects() -> Mapping[str, Defect]:
    """From each emulator module what it calls `DEFECTS`, or `<ROLE>_DEFECTS`."""
    found: dict[str, Defect] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(drivers.emulators.__path__)):
        module = importlib.import_module(f"{drivers.emulators.__name__}.{name}")
        for attribute, value in vars(module).items():
            if attribute.endswith("DEFECTS") and not attribute.startswith("_"):
                found |= {defect.id: defect for defect in _listed(value)}
    return dict(sorted(found.items()))


def defect_of(identifier: str) -> Defect:
    """The defect of that id; raises ConfigError naming the nearest known one."""
    known = all_defects()
    if identifier not in known:
        near = difflib.get_close_matches(identifier, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`plugfest defects` lists them"
        raise ConfigError(f"unknown defect {identifier!r}; {hint}")
    return known[identifier]


def _listed(value: object) -> Iterable[Defect]:
    many = value.values() if isinstance(value, Mapping) else value
    return [one for one in many if isinstance(one, Defect)] if isinstance(many, Iterable) else []
