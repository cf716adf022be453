"""A campaign's plan on one bench: which cases on which subjects, what of it is ours to run, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from harness.campaign.plan import Plan, PlanError
from harness.campaign.records import Campaign, Pair, Planned
from harness.case import Subject
from harness.lab import Lab
from harness.subjects import applicability, base_of, subjects_for, under
from harness.usecase import UseCase
from harness.verdict import Side, Verdict

Outcomes = Mapping[str, Sequence[tuple[Verdict, Side | None]]]
"""Verdicts and sides of the attempts so far on one pair, by case."""
_BY_THE_VEHICLE = (Side.VEHICLE, Side.PAIR)


@dataclass(frozen=True, slots=True)
class Part:
    """Which share of the pairs this bench runs: `1/2` is the first of two. Every bench plans the whole."""

    number: int = 1
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Part:
        """From "1/2"; raises PlanError."""
        number, _, of = text.partition("/")
        if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
            raise PlanError(f"--part {text}: expected a share such as 1/2 or 2/2")
        return cls(int(number), int(of))


@dataclass
class Programme:
    """What `plugfest run --campaign` runs; `lab` is the bench's with the plan's population on it."""

    plan: Plan
    lab: Lab
    cases: Sequence[UseCase]
    text: str
    """The campaign file, whole: private, as the lab file is."""
    part: Part = Part()

    @cached_property
    def known(self) -> dict[str, UseCase]:
        """Every case by its id, also by that under each kind of links of the plan."""
        everything = [under(case, links) for case in self.cases for links in self.plan.impairments]
        return {case.id: case for case in (*self.cases, *everything)}

    @cached_property
    def _subjects(self) -> dict[str, list[Subject]]:
        """The subjects of each case of the plan."""
        found: dict[str, list[Subject]] = {}
        for name in self.plan.names:
            case = self.known[name]
            subjects = subjects_for(case, self.lab)
            if case.sut == "pair":
                wanted = set(self.plan.pairs(case.id))
                subjects = [subject for subject in subjects if pair_of(subject) in wanted]
            found[case.id] = subjects
        return found

    @cached_property
    def cells(self) -> list[Planned]:
        """The whole plan, in the order of the run."""
        cells = [Planned(case, pair_of(subject)) for case, subjects in self._subjects.items() for subject in subjects]
        return sorted(cells, key=self.plan.position(self.known))

    @cached_property
    def place(self) -> dict[Planned, int]:
        return {cell: number for number, cell in enumerate(self.cells)}

    @cached_property
    def ruled_out(self) -> dict[Planned, str]:
        """Cells that cannot apply by what the units declare, and why."""
        reasons = {
            Planned(case, pair_of(subject)): applicability(self.known[case], subject, self.lab)
            for case, subjects in self._subjects.items()
            for subject in subjects
        }
        return {cell: why for cell, why in reasons.items() if why}

    @cached_property
    def ours(self) -> set[Planned]:
        """The cells of our part: pairs are dealt in turn."""
        pairs = {pair: number for number, pair in enumerate(dict.fromkeys(cell.pair for cell in self.cells))}
        return {cell for cell in self.cells if pairs[cell.pair] % self.part.of == self.part.number - 1}

    def subjects(self, case: UseCase) -> list[Subject]:
        """What a case of the plan is run on; nothing for one that is not of the plan."""
        return self._subjects.get(case.id, [])

    def finished(self, outcomes: Mapping[Planned, Sequence[Verdict]]) -> set[Planned]:
        """Cells that need no further attempt: ruled out, or repeated and re-tested as the plan wants."""
        return self._done(outcomes) | self.ruled_out.keys()

    def _done(self, outcomes: Mapping[Planned, Sequence[Verdict]]) -> set[Planned]:
        return {cell for cell in self.cells if cell in outcomes and not self.plan.again(cell.case, outcomes[cell])}

    def heads(self, campaign: Campaign) -> Campaign:
        """The campaign's record of this bench: the plan's heading over what the bench says of itself."""
        plan, told = self.plan, self.plan.campaign.model_dump()
        own = {name: value for name, value in told.items() if value}
        part = f"-p{self.part.number}" if self.part.of > 1 else ""
        return replace(
            campaign,
            **own,
            origin=f"{campaign.origin}{part}",
            plan_hash=plan.hash(),
            lab_config=f"{campaign.lab_config}\n---\n{self.text}",
            attempt_rule=plan.attempt_rule,
            decision_rule=plan.decision_rule,
            anonymisation=plan.anonymisation,
        )


def missed_by_the_vehicle(case: UseCase, outcomes: Outcomes) -> tuple[str, str]:
    """For a case that is only asked after another: (why it is not applicable, the first missed case that it tries again).

    Where none of those cases has been run, it is asked as its parameters say.
    """
    if not any(name in outcomes for name in (*case.only_after, *case.tries_again)):
        return "", ""
    if not any(_failed(outcomes.get(name, ())) for name in case.only_after):
        return f"the vehicle failed none of {', '.join(case.only_after)}", ""
    return "", base_of(next((name for name in case.tries_again if _failed(outcomes.get(name, ()))), ""))


def _failed(attempts: Sequence[tuple[Verdict, Side | None]]) -> bool:
    return bool(attempts) and attempts[-1][0] is Verdict.FAIL and attempts[-1][1] in _BY_THE_VEHICLE


def pair_of(subject: Subject) -> Pair:
    """The cell's key. A device that is neither vehicle nor charger stands on the charger's axis."""
    second = subject.charger or subject.other
    return Pair(subject.vehicle.id if subject.vehicle else "", second.id if second else "")
