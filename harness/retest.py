"""Which attempts are tried again, and how often: a key of campaign files and of lab files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.verdict import Verdict


class Retest(BaseModel):
    """Which verdicts are tried again, and how often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdicts: tuple[Verdict, ...] = (Verdict.ERROR, Verdict.ABORTED)
    times: Annotated[int, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _never_a_pass(self) -> Retest:
        if Verdict.PASS in self.verdicts:
            raise ValueError("a pass is not tried again: use a campaign file's repeats")
        return self

    def again(self, verdicts: Sequence[Verdict], repeats: int = 1) -> bool:
        """Whether a cell wants a further attempt after those verdicts: repeats not reached, or a re-test open."""
        answers = [verdict for verdict in verdicts if verdict is not Verdict.ABORTED]  # it never was an answer
        return len(answers) - min(self._missed(answers), self.times) < repeats

    def replaces(self, verdicts: Sequence[Verdict]) -> bool:
        """Whether the attempt after those stands in for the last of them, and is no further repeat."""
        return verdicts[-1] in self.verdicts and self._missed(verdicts) <= self.times

    def _missed(self, verdicts: Sequence[Verdict]) -> int:
        return sum(verdict in self.verdicts for verdict in verdicts)

    def __str__(self) -> str:
        if not self.times or not self.verdicts:
            return "nothing is tried again"
        return f"{', '.join(self.verdicts)}: tried again, at most {self.times} time(s); all attempts are kept"
