"""A campaign file: who is tested, with which cases, in which pairs, in which order, how often, and by which rules.

    campaign: {id: winter-2026, title: Smart charging of 142 vehicles, client: Ministry, protocol_version: "3"}
    lab: ../lab-configs/hall2.yaml
    population:
      - {key: car-17, kind: vehicle, identity: {maker: ..., vin: ...}, traits: {propulsion: BEV, phases: "3"}}
      - {key: cs-42, kind: charger, reference: true, traits: {place: public}}
    cases:
      - {id: AC-12, parameters: {pause_s: 1200}, repeats: 3}
      - {id: AC-13, pairing: reference}
    limits: {resume_s: {value: 60, source: our default}}
    pairing: covering            # all | reference | covering | a list of [vehicle, charger]
    order: by_pair               # by_pair | by_case | shuffled
    retest: {verdicts: [fail, error], times: 1}
    attempt_rule: last

`population: {fleet: {seed: 4711, vehicles: 142, chargers: 10}}` is an emulated one (harness/campaign/fleet.py).
Complaints name file, line, key and what would be right; all of a file come at once.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from harness.campaign.fleet import Fleet
from harness.campaign.records import Campaign, Pair, Planned, Result, Unit
from harness.lab import Device, Emulator, Lab
from harness.limits import limits_from
from harness.marked_yaml import MarkedYaml, YamlProblem
from harness.retest import Retest
from harness.subjects import GOOD_LINKS, base_of, id_under
from harness.usecase import UseCase
from harness.verdict import DecisionRule, Verdict

ROLES = {"vehicle": "vehicle", "charger": "charger", "csms": "csms", "gateway": "can_gateway"}
"""A unit's kind and the lab's role for it."""
_USUAL_DRIVER = {"vehicle": "vehicle.v2g_vehicle", "charger": "charger.v2g_station"}
Pairing = Literal["all", "reference", "covering"] | tuple[tuple[str, str], ...]


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
    """A unit of the population. Changed software is a new `revision`, not a new unit.

    Where the lab file has a device with this key as id, that is the one; else `driver`, `emulator`, `interface`,
    `ocpp_id`, `serial` and `options` say how it is reached, as in a lab file.
    """

    key: str
    kind: Literal["vehicle", "charger", "csms", "gateway"]
    emulated: bool = False
    reference: bool = False
    revision: str = ""
    identity: dict[str, str] = Field(default_factory=dict)
    traits: dict[str, str] = Field(default_factory=dict)
    pics: dict[str, Any] = Field(default_factory=dict)
    driver: str = ""
    emulator: Emulator | None = None
    interface: str | None = None
    ocpp_id: str | None = None
    serial: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    def unit(self) -> Unit:
        identity = {**self.identity, "revision": self.revision} if self.revision else dict(self.identity)
        emulated = self.emulated or self.emulator is not None
        return Unit(self.key, self.kind, emulated, identity, dict(self.traits), dict(self.pics))

    def device(self, lab: Lab) -> Device:
        """How it is reached on the bench of a lab."""
        known = next((one for one in lab.devices(ROLES[self.kind]) if one.id == self.key), None)
        if known:
            told = {"reference": self.reference, "identity": self.identity, "pics": self.pics}
            return known.model_copy(update={name: value for name, value in told.items() if value})
        return Device(
            driver=self.driver or _USUAL_DRIVER.get(self.kind, f"{ROLES[self.kind]}.under_test"),
            id=self.key,
            serial=self.serial,
            emulator=self.emulator,
            reference=self.reference,
            interface=self.interface,
            ocpp_id=self.ocpp_id or (self.key if self.kind == "charger" else None),
            pics=self.pics,
            identity=self.identity,
            options=self.options,
        )


class FleetOrder(_Model):
    """An emulated population to be made; the same numbers make the same one."""

    seed: int
    vehicles: Annotated[int, Field(ge=1)] = 142
    chargers: Annotated[int, Field(ge=1)] = 10


def _population(value: object) -> object:
    """A list as it stands, or the members of a fleet."""
    if not isinstance(value, dict):
        return value
    unknown = [key for key in value if key != "fleet"]
    if unknown or "fleet" not in value:
        raise ValueError("expected a list of units, or the one key fleet with seed, vehicles and chargers")
    try:
        order = FleetOrder.model_validate(value["fleet"])
    except ValidationError as problem:
        told = (f"fleet.{'.'.join(map(str, one['loc']))}: {_explain(one, FleetOrder)}" for one in problem.errors())
        raise ValueError("; ".join(told)) from None
    fleet = Fleet.seeded(order.seed, vehicles=order.vehicles, chargers=order.chargers)
    return tuple(_emulated(one) for one in fleet.members())


def _emulated(told: Mapping[str, Any]) -> Member:
    return Member.model_validate(told)


class PlannedCase(_Model):
    """A case of the protocol with the values that differ from its defaults."""

    id: str
    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)
    repeats: Annotated[int, Field(ge=1)] = 1
    pairing: Pairing | None = None
    """Other pairs than the campaign's, for this case alone."""


class Plan(_Model):
    """A whole campaign file."""

    campaign: Heading
    lab: Path
    population: Annotated[tuple[Member, ...], BeforeValidator(_population)]
    cases: tuple[PlannedCase, ...]
    impairments: Annotated[tuple[str, ...], Field(min_length=1)] = (GOOD_LINKS,)
    """Every case is planned once under each of these kinds of bad links, as in a lab file."""
    limits: dict[str, Any] = Field(default_factory=dict)
    """Limits of the protocol with their source mark, as in a lab file; they go before the lab's."""
    pairing: Pairing = "all"
    order: Literal["by_pair", "by_case", "shuffled"] = "by_pair"
    seed: int = 0
    """Of the shuffled order."""
    retest: Retest = Retest()
    attempt_rule: Literal["first", "last", "best", "worst"] = "last"
    decision_rule: DecisionRule = DecisionRule.GUARD_BAND
    anonymisation: Literal["internal", "client", "group", "public"] = "internal"

    @model_validator(mode="after")
    def _names_fit(self) -> Plan:
        problems = [f"population: {key} is named twice" for key in _twice(one.key for one in self.population)]
        problems += [f"cases: {name} is named twice; give it repeats" for name in _twice(one.id for one in self.cases)]
        problems += [f"impairments: {name} is named twice" for name in _twice(self.impairments)]
        vehicles, chargers = set(self._keys("vehicle")), set(self._keys("charger"))
        for where, pairing in [("", self.pairing), *((f"cases.{one.id}.", one.pairing) for one in self.cases)]:
            problems += [f"{where}{text}" for text in self._pairing_problems(pairing, vehicles, chargers)]
        if not vehicles or not chargers:
            problems.append("population: at least one vehicle and one charger are needed")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _pairing_problems(self, pairing: Pairing | None, vehicles: set[str], chargers: set[str]) -> Iterator[str]:
        if isinstance(pairing, tuple):
            yield from (f"pairing: {key} is no vehicle of the population" for key, _ in pairing if key not in vehicles)
            yield from (f"pairing: {key} is no charger of the population" for _, key in pairing if key not in chargers)
        if pairing == "reference" and not any(one.reference for one in self.population):
            yield "pairing: reference needs a unit with `reference: true`"

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
            anonymisation=self.anonymisation,
            retest_rule=str(self.retest),
        )

    def units(self) -> list[Unit]:
        """The population as the store describes it."""
        return [one.unit() for one in self.population]

    def hash(self) -> str:
        """SHA-256 of what decides on the results: cases with parameters, pairs, rules."""
        told = self.model_dump(mode="json", exclude={"campaign", "lab", "anonymisation"})
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def on(self, lab: Lab, known: Mapping[str, UseCase]) -> Lab:
        """The lab with this population, protocol and pairing; `known` are all cases that there are. Raises PlanError."""
        problems = [_unknown_case(one.id, known) for one in self.cases if one.id not in known]
        for one in self.cases:
            own = known[one.id].parameters if one.id in known else one.parameters
            problems += [
                f"cases.{one.id}.parameters: unknown {name}; known are {', '.join(own) or 'none'}"
                for name in one.parameters
                if name not in own
            ]
        if lab.impairments not in ((GOOD_LINKS,), self.impairments):
            problems.append(f"impairments: {lab.path} has its own; name them here, in the campaign file")
        if problems:
            raise PlanError("\n".join(problems))
        roles = {role: devices for role, devices in lab.roles.items() if role not in ("vehicle", "charger")}
        for kind, role in ROLES.items():
            members = tuple(one.device(lab) for one in self.population if one.kind == kind)
            roles |= {role: members} if members else {}
        parameters: dict[str, Any] = dict(lab.parameters)
        for one in self.cases:
            parameters[one.id] = {**parameters.get(one.id, {}), **one.parameters}
        everybody = sorted({pair for one in self.cases for pair in self.pairs(one.id)}, key=self._place.__getitem__)
        return lab.model_copy(
            update={
                "roles": roles,
                "suites": tuple(dict.fromkeys(known[one.id].module.split(".")[1] for one in self.cases)),
                "pairings": tuple(tuple(pair) for pair in everybody),
                "parameters": parameters,
                "limits": {**lab.limits, **self.limits},
                "impairments": self.impairments,
                "retest": self.retest,
            }
        )

    @cached_property
    def _place(self) -> dict[Pair, int]:
        """Each possible pair's place in the order of the population."""
        everybody = product(self._keys("vehicle"), self._keys("charger"))
        return {Pair(*pair): place for place, pair in enumerate(everybody)}

    def pairs(self, case: str = "") -> list[Pair]:
        """Who meets whom, in the campaign or in one case of it; in the order of the population."""
        own = next((one.pairing for one in self.cases if one.id == base_of(case)), None)
        return list(self._paired(own or self.pairing))

    def _paired(self, pairing: Pairing) -> tuple[Pair, ...]:
        if pairing not in self._pairs_by_rule:
            self._pairs_by_rule[pairing] = tuple(self._make_pairs(pairing))
        return self._pairs_by_rule[pairing]

    @cached_property
    def _pairs_by_rule(self) -> dict[Pairing, tuple[Pair, ...]]:
        return {}

    def _make_pairs(self, pairing: Pairing) -> Iterable[Pair]:
        vehicles = [one for one in self.population if one.kind == "vehicle"]
        chargers = [one for one in self.population if one.kind == "charger"]
        if pairing == "all":
            return [Pair(vehicle.key, charger.key) for vehicle, charger in product(vehicles, chargers)]
        if pairing == "reference":
            both = product(vehicles, chargers)
            return [Pair(one.key, other.key) for one, other in both if one.reference or other.reference]
        if pairing == "covering":
            return covering(vehicles, chargers)
        return [Pair(vehicle, charger) for vehicle, charger in pairing]

    def cells(self) -> list[Planned]:
        """Every planned cell of a pair, in the order in which they are run."""
        cells = [Planned(name, pair) for name in self.names for pair in self.pairs(name)]
        return sorted(cells, key=self.position())

    @property
    def names(self) -> list[str]:
        """The planned cases' ids, each under each kind of links."""
        return [id_under(case.id, links) for case in self.cases for links in self.impairments]

    def position(self, known: Mapping[str, UseCase] | None = None) -> Any:
        """A sort key for cells: the order of the run. What is only asked after another case comes after it."""
        names = {name: place for place, name in enumerate(self.names)}
        if self.order == "by_case":
            return lambda cell: (names[cell.case], self._place.get(cell.pair, -1))
        if self.order == "by_pair":
            return lambda cell: (self._place.get(cell.pair, -1), names[cell.case])
        late = {name for name in names if known and known[name].only_after}
        return lambda cell: (cell.case in late, self._drawn(cell) if cell.case not in late else names[cell.case])

    def _drawn(self, cell: Planned) -> float:
        """The cell's lot in a shuffled order: the same for every worker."""
        return random.Random(f"{self.seed} {cell.case} {cell.pair.vehicle} {cell.pair.charger}").random()

    def again(self, case: str, verdicts: Sequence[Verdict]) -> bool:
        """Whether a cell wants a further attempt after those verdicts: repeats not reached, or a re-test open."""
        repeats = next(one.repeats for one in self.cases if one.id == base_of(case))
        return self.retest.again(verdicts, repeats)

    def due(self, results: Iterable[Result]) -> Iterator[Planned]:
        """Cells that still want an attempt: repeats not reached, or a re-test open. In the order of the plan."""
        attempts = {result.planned: result.attempts for result in results if not result.not_applicable}
        for cell in self.cells():
            if cell in attempts and self.again(cell.case, [one.verdict for one in attempts[cell] if one.verdict]):
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


def _unknown_case(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`plugfest cases` lists them all"
    return f"cases: unknown test case {name!r}; {hint}"


def load_plan(path: Path) -> Plan:
    """Read a campaign file; raises PlanError with every problem and the way out."""
    try:
        file = MarkedYaml.load(path, "--campaign", "campaign, lab, population and cases")
    except YamlProblem as problem:
        raise PlanError(str(problem)) from None
    try:
        plan = Plan.model_validate(file.content)
        limits_from(plan.limits)
    except ValidationError as problem:
        lines = [file.complaint(_in_file(tuple(one["loc"])), _explain(one)) for one in problem.errors()]
        raise PlanError("\n".join(dict.fromkeys(lines))) from None
    except ValueError as problem:
        raise PlanError(file.complaint(("limits",), str(problem))) from None
    return plan.model_copy(update={"lab": (path.parent / plan.lab).resolve()})


def _in_file(where: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Without what pydantic adds for the members of a choice."""
    return tuple(part for part in where if not (isinstance(part, str) and part.startswith(("literal[", "tuple["))))


def _explain(error: Any, top: type[BaseModel] | None = None) -> str:
    if error["type"] == "extra_forbidden":
        known = _keys_at(error["loc"][:-1], top or Plan)
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        return f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; known are {', '.join(known)}"
    if error["type"] == "missing":
        return "is missing; add it here"
    return str(error["msg"]).removeprefix("Value error, ")


_MODELS: dict[str, type[BaseModel]] = {
    "campaign": Heading, "population": Member, "cases": PlannedCase, "retest": Retest,
    "emulator": Emulator,
}  # fmt: skip


def _keys_at(where: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    for part in where:
        model = _MODELS.get(str(part), model)
    return list(model.model_fields)
