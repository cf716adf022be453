"""A test case's declaration: what `plugfest cases` lists and what the plan is made of."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

import pytest

Sut = Literal["charger", "vehicle", "pair", "csms", "gateway", "pool", "bench"]
Parameter = float | int | str | bool
Function = TypeVar("Function", bound=Callable[..., Awaitable[None]])

CASES: dict[str, UseCase] = {}


@dataclass(frozen=True, slots=True)
class UseCase:
    """One test case. `requires`: capabilities that the device under test must claim, else it is not applicable."""

    id: str
    title: str
    sut: Sut
    protocol: str
    requires: frozenset[str]
    requirements: tuple[str, ...]
    uses_rules: tuple[str, ...]
    """Protocols (as in `plugfest rules`) whose rules judge the case's transcript besides its own expectations."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """Names and full-length defaults; a lab config may set others, and the report prints the values that were run."""
    only_after: tuple[str, ...] = ()
    """Cases of which the vehicle must have failed one on this subject before; else this one is not applicable."""
    tries_again: tuple[str, ...] = ()
    """Cases of which it repeats the first that failed, with help; its parameter `missed` is that case's id."""
    module: str = ""
    order: int = 0
    """Position in its file: the order in which the story is told."""


def usecase(
    id: str,  # noqa: A002 - the word that stands in every list
    *,
    sut: Sut,
    protocol: str = "",
    requires: Collection[str] = (),
    requirements: Collection[str] = (),
    uses_rules: Collection[str] = (),
    parameters: Mapping[str, Parameter] | None = None,
    only_after: Collection[str] = (),
    tries_again: Collection[str] = (),
) -> Callable[[Function], Function]:
    """Declare an async test function as a test case; its docstring's first line is the title.

    Raises ValueError for an id used twice, an unknown sut, or a function without a docstring.
    """
    if sut not in get_args(Sut):
        raise ValueError(f"{id}: sut must be one of {', '.join(get_args(Sut))}, not {sut!r}")

    def declare(function: Function) -> Function:
        title = (inspect.getdoc(function) or "").partition("\n")[0]
        if not title:
            raise ValueError(f"{id}: {function.__name__} needs a docstring; its first line is the case's title")
        known = CASES.get(id)
        if known and (known.module, known.title) != (function.__module__, title):
            raise ValueError(f"two test cases are called {id}: in {known.module} and in {function.__module__}")
        case = UseCase(
            id,
            title,
            sut,
            protocol,
            frozenset(requires),
            tuple(requirements),
            tuple(uses_rules),
            dict(parameters or {}),
            tuple(only_after),
            tuple(tries_again),
            function.__module__,
            function.__code__.co_firstlineno,
        )
        CASES[id] = case
        function.__dict__["pf_usecase"] = case
        mark: Function = pytest.mark.asyncio(loop_scope="session")(function)  # all cases of a run share one event loop
        return mark

    return declare


def declared(function: Any) -> UseCase | None:
    """The declaration behind a test function, if it is a test case."""
    found = getattr(function, "pf_usecase", None)
    return found if isinstance(found, UseCase) else None
