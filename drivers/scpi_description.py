"""The YAML file that stands in a driver's place: what it may hold, and every complaint about one that does not fit."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic

from drivers.errors import ConfigError
from drivers.wire import Options
from harness.complaints import explained, nearest
from harness.marked_yaml import MarkedYaml, Where, YamlProblem


class Quantity(Options):
    query: str
    field: int | None = None
    """Which field of an answer with commas; None: the answer is one value."""
    scale: float = 1.0


class Proof(Options):
    query: str
    expect: tuple[str, ...]
    """Answers (upper case) that prove it."""


class Description(Options):
    maker: str
    model: str = ""
    terminator: str = "\n"
    timeout_s: float = 2.0
    open: tuple[str, ...] = ("*CLS",)
    error_query: str = ""
    no_value: tuple[str, ...] = ()
    quantities: dict[str, Quantity] = pydantic.Field(default_factory=dict)
    commands: dict[str, tuple[str, ...]] = pydantic.Field(default_factory=dict)
    limits: dict[str, tuple[float, float]] = pydantic.Field(default_factory=dict)
    safe: tuple[str, ...] = ()
    proof: tuple[Proof, ...] = ()


Commands = Mapping[str, Collection[str]]
"""Names, and the parameters that each may use."""


class Needs(Options):
    """What a role asks of a description."""

    commands: dict[str, tuple[str, ...]] = pydantic.Field(default_factory=dict)
    optional: dict[str, tuple[str, ...]] = pydantic.Field(default_factory=dict)
    """Commands that an instrument may be without: then nothing is sent."""
    quantities: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    """All quantities that the role knows what to do with."""
    proves: bool = False
    """It has an output: `safe` and `proof` have to be there."""

    @property
    def all_commands(self) -> Commands:
        return {**self.commands, **self.optional}


_KEYS: dict[str, type[pydantic.BaseModel]] = {"quantities": Quantity, "proof": Proof}


def load_description(path: Path, needs: Needs) -> Description:
    """Read a description for a role; raises ConfigError with every complaint at once, each with line and way out."""
    try:
        file = MarkedYaml.load(path, "options.description", "maker, quantities and commands")
        description = Description.model_validate(file.content)
    except YamlProblem as refused:
        raise ConfigError(str(refused)) from None
    except pydantic.ValidationError as refused:
        lines = [_of_pydantic(file, error) for error in refused.errors()]
        raise ConfigError("\n".join(lines)) from None
    if problems := [file.complaint(where, why) for where, why in _complaints(description, needs)]:
        raise ConfigError("\n".join(problems))
    return description


def _of_pydantic(file: MarkedYaml, error: Any) -> str:
    where: Where = tuple(error["loc"])
    model = _KEYS.get(str(where[0]), Description) if len(where) > 1 else Description
    return file.complaint(where, explained(error, model.model_fields))


def _complaints(description: Description, needs: Needs) -> Iterator[tuple[Where, str]]:
    for name in needs.quantities:
        if name not in description.quantities:
            yield ("quantities", name), "is missing; this role reads it"
    for name in description.quantities:
        if name not in needs.readable:
            yield ("quantities", name), f"no quantity of this role; {nearest(name, needs.readable)}"
    for command, parameters in needs.commands.items():
        if not description.commands.get(command):
            using = f", with {' and '.join(f'{{{name}}}' for name in parameters)} where it goes" if parameters else ""
            yield ("commands", command), f"is missing; list what is sent{using}"
    for command, texts in description.commands.items():
        if command not in needs.all_commands:
            yield ("commands", command), f"not used by this role; {nearest(command, needs.all_commands)}"
            continue
        given = needs.all_commands[command]
        for name in sorted({name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}):
            if name not in given:
                yield ("commands", command), f"{{{name}}} is not given here; given are {sorted(given)}"
    settable = {name for given in needs.all_commands.values() for name in given}
    for name in description.limits:
        if name not in settable:
            yield ("limits", name), f"no command of this role has it; {nearest(name, settable)}"
    for key in ("safe", "proof"):
        if needs.proves and not getattr(description, key):
            yield (key,), "is missing; a device with an output has to be made safe, and to prove it"
