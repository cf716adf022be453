"""A campaign file: who is tested, with which cases, in which pairs, in which order, how often, and by which rules.

    campaign: {id: winter-2026, title: Smart charging of 142 vehicles, client: Ministry, protocol_version: "3"}
    lab: ../lab-configs/hall2.yaml
    population:
      - {key: car-17, kind: vehicle, identity: {maker: ..., vin: ...}, traits: {propulsion: BEV, phases: "3"}}
      - {key: cs-42, kind: charger, reference: true, traits: {place: public}}
    cases:
      - {id: AC-12, parameters: {pause_s: 1200}, repeats: 3}
    pairing: covering            # all | reference | covering | a list of [vehicle, charger]
    order: by_pair               # by_pair | by_case | shuffled
    retest: {verdicts: [fail, error], times: 1}
    attempt_rule: last

Complaints name file, key and what would be right; all of a file come at once.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.campaign.records import Campaign, Pair, Planned, Result, Unit
from harness.verdict import Verdict


class PlanError(ValueError):
    """The campaign file is wrong; one line a problem."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Heading(_Model):
    """What the title page and the scope chapter say."""

    id: str
    title: str
    protocol_version: str
    client: str = ""
    laboratory: str = ""
    address: str = ""
    place: str = ""
    authorised_by: str = ""
    purpose: str = ""
    not_covered: tuple[str, ...] = ()
    selection: str = ""


class Member(_Model):
    """A unit of the population. Changed software is a new `revision`, not a new unit."""

    key: str
    kind: Literal["vehicle", "charger", "csms", "gateway"]
    emulated: bool = False
    reference: bool = False
    revision: str = ""
    identity: dict[str, str] = Field(default_factory=dict)
    traits: dict[str, str] = Field(default_factory=dict)
    pics: dict[str, Any] = Field(default_factory=dict)

    def unit(self) -> Unit:
        identity = {**self.identity, "revision": self.revision} if self.revision else dict(self.identity)
        return Unit(self.key, self.kind, self.emulated, identity, dict(self.traits), dict(self.pics))


class PlannedCase(_Model):
    """A case of the protocol with the values that differ from its defaults."""

    id: str
    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)
    repeats: Annotated[int, Field(ge=1)] = 1


class Retest(_Model):
    """Which verdicts are tried again, and how often."""

    verdicts: tuple[Verdict, ...] = (Verdict.ERROR, Verdict.ABORTED)
    times: Annotated[int, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _never_a_pass(self) -> Retest:
        if Verdict.PASS in self.verdicts:
            raise ValueError("a pass is not tried again: use repeats")
        return self

    def __str__(self) -> str:
        if not self.times or not self.verdicts:
            return "nothing is tried again"
        return f"{', '.join(self.verdicts)}: tried again, at most {self.times} time(s); all attempts are kept"


class Plan(_Model):
    """A whole campaign file."""

    campaign: Heading
    lab: Path
    population: tuple[Member, ...]
    cases: tuple[PlannedCase, ...]
    pairing: Literal["all", "reference", "covering"] | tuple[tuple[str, str], ...] = "all"
    order: Literal["by_pair", "by_case", "shuffled"] = "by_pair"
    seed: int = 0
    """Of the shuffled order."""
    retest: Retest = Retest()
    attempt_rule: Literal["first", "last", "best", "worst"] = "last"
    decision_rule: str = "guard band = expanded uncertainty (k = 2)"
    anonymisation: Literal["internal", "client", "group", "public"] = "group"

    @model_validator(mode="after")
    def _names_fit(self) -> Plan:
        problems = [f"population: {key} is named twice" for key in _twice(one.key for one in self.population)]
        problems += [f"cases: {name} is named twice; give it repeats" for name in _twice(one.id for one in self.cases)]
        vehicles, chargers = set(self._keys("vehicle")), set(self._keys("charger"))
        if not isinstance(self.pairing, str):
            problems += [
                f"pairing: {key} is no vehicle of the population" for key, _ in self.pairing if key not in vehicles
            ]
            problems += [
                f"pairing: {key} is no charger of the population" for _, key in self.pairing if key not in chargers
            ]
        if self.pairing == "reference" and not any(one.reference for one in self.population):
            problems.append("pairing: reference needs a unit with `reference: true`")
        if not vehicles or not chargers:
            problems.append("population: at least one vehicle and one charger are needed")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _keys(self, kind: str) -> list[str]:
        return [one.key for one in self.population if one.kind == kind]

    def record(self, origin: str, software: str) -> Campaign:
        """What the store of a bench that takes part says about the whole. Every bench's has the same plan hash."""
        told = self.campaign.model_dump()
        return Campaign(
            **told,
            origin=origin,
            software=software,
            plan_hash=self.hash(),
            attempt_rule=self.attempt_rule,
            decision_rule=self.decision_rule,
            retest_rule=str(self.retest),
        )

    def hash(self) -> str:
        """SHA-256 of what decides on the results: cases with parameters, pairs, rules."""
        told = self.model_dump(mode="json", exclude={"campaign", "lab", "anonymisation"})
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def pairs(self) -> list[Pair]:
        """Who meets whom, in the order of the population."""
        vehicles = [one for one in self.population if one.kind == "vehicle"]
        chargers = [one for one in self.population if one.kind == "charger"]
        if self.pairing == "all":
            return [Pair(vehicle.key, charger.key) for vehicle, charger in product(vehicles, chargers)]
        if self.pairing == "reference":
            both = product(vehicles, chargers)
            return [Pair(one.key, other.key) for one, other in both if one.reference or other.reference]
        if self.pairing == "covering":
            return covering(vehicles, chargers)
        return [Pair(vehicle, charger) for vehicle, charger in self.pairing]

    def cells(self) -> list[Planned]:
        """Every planned cell, in the order in which they are run."""
        pairs, names = self.pairs(), [case.id for case in self.cases]
        if self.order == "by_case":
            return [Planned(name, pair) for name in names for pair in pairs]
        cells = [Planned(name, pair) for pair in pairs for name in names]
        if self.order == "shuffled":
            random.Random(self.seed).shuffle(cells)
        return cells

    def due(self, results: Iterable[Result]) -> Iterator[Planned]:
        """Cells that still want an attempt: repeats not reached, or a re-test open. In the order of the plan."""
        attempts = {result.planned: result.attempts for result in results if not result.not_applicable}
        repeats = {case.id: case.repeats for case in self.cases}
        for cell in self.cells():
            if cell not in attempts:
                continue
            verdicts = [one.verdict for one in attempts[cell] if one.verdict is not None]
            again = sum(verdict in self.retest.verdicts for verdict in verdicts)
            valid = len(verdicts) - min(again, self.retest.times)
            if valid < repeats[cell.case]:
                yield cell


def covering(vehicles: Sequence[Member], chargers: Sequence[Member]) -> list[Pair]:
    """Few pairs in which every trait of a vehicle meets every trait of a charger, and everybody meets somebody.

    Greedy: always the pair that covers most of what is left; the first of equals, so the same population gives the same pairs.
    """
    wanted = {
        pair: frozenset(product(_marks(vehicle), _marks(charger)))
        for vehicle, charger in product(vehicles, chargers)
        for pair in [Pair(vehicle.key, charger.key)]
    }
    missing = set().union(*wanted.values())
    alone = {one.key for one in (*vehicles, *chargers)}
    chosen: list[Pair] = []
    while missing or alone:
        best = max(wanted, key=lambda pair: (len(wanted[pair] & missing), len(alone & set(pair))))
        missing -= wanted.pop(best)
        alone -= set(best)
        chosen.append(best)
    return sorted(chosen)


def _marks(member: Member) -> list[tuple[str, str]]:
    return sorted(member.traits.items())


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def load_plan(path: Path) -> Plan:
    """Read a campaign file; raises PlanError with every problem and the way out."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as problem:
        raise PlanError(f"{path}: {problem}") from problem
    try:
        plan = Plan.model_validate(content)
    except ValidationError as problem:
        lines = [f"{path}: {'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in problem.errors()]
        raise PlanError("\n".join(lines)) from problem
    return plan.model_copy(update={"lab": (path.parent / plan.lab).resolve()})
