"""From the lab config's `driver:` to the class that does it."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from typing import Any

import drivers
from drivers.errors import ConfigError
from drivers.roles import Device
from drivers.wire import Connection


def known_drivers(role: str) -> list[str]:
    """Names of the drivers that a role has, as a lab file writes them: modules that define `Driver`."""
    try:
        package = importlib.import_module(f"{drivers.__name__}.{role}")
    except ModuleNotFoundError:
        return []
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [
        f"{role}.{name}" for name in names if hasattr(importlib.import_module(f"{package.__name__}.{name}"), "Driver")
    ]


def make_driver(name: str, connection: Connection) -> Device:
    """A driver of `<role>.<product>`. Raises ConfigError naming the nearest known."""
    device: Device = driver_class(name)(connection)
    return device


def driver_class(name: str) -> Any:
    """What the module of `<role>.<product>` calls `Driver`. Raises ConfigError naming the nearest known."""
    role, _, product = name.partition(".")
    try:
        return importlib.import_module(f"{drivers.__name__}.{role}.{product}").Driver
    except (ModuleNotFoundError, AttributeError):
        known = known_drivers(role)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"
        raise ConfigError(f"driver {name!r} is not known; {hint}") from None
