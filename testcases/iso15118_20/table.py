"""Test cases from tables: one story, told once for every row.

@for_each(ROWS, into=globals(), sut="charger", liveness=True)
async def another_request_is_refused(evcc, *, at, sends):
    \"""{sends} where {at} is expected: refused, and the connection closed\"""
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.usecase import Parameter, usecase

Story = Callable[..., Awaitable[None]]
Test = Callable[..., Awaitable[None]]
PROTOCOL = "iso15118-20"


@dataclass(frozen=True, slots=True)
class Row:
    """One case: what it is called, what it rests on, and what its story is told with."""

    id: str
    requirement: str
    requires: frozenset[str]
    parameters: Mapping[str, Parameter]
    values: Mapping[str, Any] = field(default_factory=dict)


def row(
    id: str,  # noqa: A002 - the word that stands in every list
    requirement: str = "our default",
    *,
    requires: Iterable[str] = (),
    parameters: Mapping[str, Parameter] | None = None,
    **values: Any,
) -> Row:
    """A row of a table; the mode in its id (`_DC_`, `_AC_BPT_`) is a capability that it requires."""
    mode = "_".join(id.partition("_VTB_")[0].split("_")[2:]).lower()
    modes = {mode} - {"cmn"}
    return Row(id, requirement, frozenset({PROTOCOL, *modes, *requires}), parameters or {}, values)


def for_each(
    rows: Iterable[Row], *, into: dict[str, Any], sut: Literal["charger", "vehicle"], liveness: bool = False
) -> Callable[[Story], Story]:
    """Declare the story as a test case for every row; `into` is the module's globals, where pytest looks.

    The story's docstring is the title, with the row's values in braces. With `liveness` a clean session must follow.
    """

    def tell(story: Story) -> Story:
        for each in rows:
            into[f"test_{each.id}"] = _case(story, each, sut, liveness)
        return story

    return tell


def _case(story: Story, each: Row, sut: Literal["charger", "vehicle"], liveness: bool) -> Test:
    test = _on_charger(story, each, liveness) if sut == "charger" else _on_vehicle(story, each, liveness)
    test.__module__ = story.__module__
    test.__name__ = test.__qualname__ = f"test_{each.id}"
    test.__doc__ = (inspect.getdoc(story) or "").partition("\n")[0].format(**each.values)
    declare = usecase(
        each.id,
        sut=sut,
        protocol=PROTOCOL,
        requires=each.requires,
        requirements=[each.requirement],
        uses_rules=[PROTOCOL],
        parameters=each.parameters,
    )
    return declare(test)


def _on_charger(story: Story, each: Row, liveness: bool) -> Test:
    async def test(pf_evcc: Any, pf_liveness: Any) -> None:
        await story(pf_evcc, **each.values)
        if liveness:
            await pf_liveness()

    return test


def _on_vehicle(story: Story, each: Row, liveness: bool) -> Test:
    async def test(pf_secc: Any, pf_liveness: Any) -> None:
        await story(pf_secc, **each.values)
        if liveness:
            await pf_liveness()

    return test
