"""What a gateway has to do, as a table: which signal of which message goes where, scaled how, replaced by what.

The file is YAML; the databases it names lie beside it. Wrong names are refused with the nearest known one.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import cantools
import pydantic
import yaml
from cantools.database.can import Database, Message

from drivers.errors import ConfigError
from drivers.wire import Options

PROTECTION_SIGNALS = ("CRC", "Counter")


class End(Options):
    bus: str
    message: str


class SignalRoute(Options):
    """`to` = `factor` * `from` + `offset`."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    source: str = pydantic.Field(alias="from")
    target: str = pydantic.Field(alias="to")
    factor: float = 1.0
    offset: float = 0.0
    substitute: float = 0.0


class DataIds(Options):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    source: int = pydantic.Field(alias="from")
    target: int = pydantic.Field(alias="to")


class Route(Options):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    source: End = pydantic.Field(alias="from")
    target: End = pydantic.Field(alias="to")
    timeout_s: float
    e2e: DataIds | None = None
    signals: tuple[SignalRoute, ...]


class _File(Options):
    databases: dict[str, str]
    routes: tuple[Route, ...]


@dataclass(frozen=True)
class Mapping:
    """Routes, and the database of each bus."""

    databases: dict[str, Database]
    routes: tuple[Route, ...]

    def message(self, bus: str, name: str) -> Message:
        """A message by name; raises ConfigError naming the nearest."""
        database = self.databases.get(bus)
        if database is None:
            raise ConfigError(f"no bus {bus!r}; the mapping has {', '.join(self.databases)}")
        names = [message.name for message in database.messages]
        if name not in names:
            near = get_close_matches(name, names, 1, 0.0)
            raise ConfigError(f"no message {name!r} on bus {bus}; nearest is {near[0] if near else 'none'}")
        return database.get_message_by_name(name)

    def data_id(self, bus: str, message: str) -> int | None:
        """The E2E data id of a message, None if it is not protected."""
        for route in self.routes:
            for end, which in ((route.source, "source"), (route.target, "target")):
                if route.e2e and (end.bus, end.message) == (bus, message):
                    return int(getattr(route.e2e, which))
        return None

    def route_from(self, bus: str, message: str) -> Route | None:
        for route in self.routes:
            if (route.source.bus, route.source.message) == (bus, message):
                return route
        return None

    def expected(self, route: Route, signals: dict[str, float]) -> dict[str, float]:
        """Target signals for source signals, before the target's own resolution and range."""
        return {
            signal.target: signal.factor * signals.get(signal.source, 0.0) + signal.offset for signal in route.signals
        }


def load_mapping(path: Path) -> Mapping:
    """Read mapping and databases; raises ConfigError with everything that does not fit."""
    try:
        content = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        databases = {bus: cantools.database.load_file(path.parent / name) for bus, name in content.databases.items()}
    except (OSError, ValueError, yaml.YAMLError, cantools.database.errors.Error) as problem:
        raise ConfigError(f"{path}: {problem}") from None
    mapping = Mapping({bus: _can(database) for bus, database in databases.items()}, content.routes)
    problems = [problem for route in mapping.routes for problem in _problems(mapping, route)]
    if problems:
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in problems))
    return mapping


def _can(database: Any) -> Database:
    if not isinstance(database, Database):
        raise ConfigError("only CAN databases (DBC, KCD, ARXML, SYM) can describe a bus")
    return database


def _problems(mapping: Mapping, route: Route) -> list[str]:
    found = []
    for end, names in (
        (route.source, [signal.source for signal in route.signals]),
        (route.target, [signal.target for signal in route.signals]),
    ):
        known = [signal.name for signal in mapping.message(end.bus, end.message).signals]
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, 1, 0.0)
                found.append(f"{end.message} on bus {end.bus} has no signal {name!r}; nearest is {near[0]!r}")
    return found


def encode(message: Message, signals: dict[str, float]) -> bytes:
    """Encode physical values, held inside each signal's range; signals that are not given are 0."""
    values: dict[str, float] = {}
    for signal in message.signals:
        value = signals.get(signal.name, 0.0)
        low = signal.minimum if signal.minimum is not None else value
        high = signal.maximum if signal.maximum is not None else value
        values[signal.name] = min(max(value, low), high)
    return bytes(message.encode(values, strict=False))


def decode(message: Message, data: bytes) -> dict[str, float]:
    """Physical values by name, choices as their numbers."""
    decoded = message.decode(data, decode_choices=False)
    assert isinstance(decoded, dict)
    return {name: float(value) for name, value in decoded.items() if isinstance(value, int | float)}
