"""A rule and the one wrong thing that trips it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.rules.stories import Story


@dataclass(frozen=True)
class Case:
    """`also`: other rules that the same wrong thing rightly trips, because it is seen from several places."""

    rule: str
    story: Callable[[], Story]
    wrong: Callable[[Story], object]
    also: tuple[str, ...] = ()

    def told(self) -> Story:
        story = self.story()
        self.wrong(story)
        return story

    def __str__(self) -> str:
        return self.rule
