"""Cases of the smart-charging protocol on one pair of an emulated fleet, in virtual time and in this process."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fixtures.ac import AcSession
from fixtures.parameters import Parameters
from fixtures.power import PowerWatch
from harness.bench import Bench
from harness.campaign.attempt import AttemptRunner
from harness.campaign.catalogue import load_cases
from harness.campaign.fleet import CASES, TRAITS, Fleet, Member
from harness.campaign.plan import Plan
from harness.campaign.programme import Programme, missed_by_the_vehicle
from harness.campaign.records import Pair
from harness.campaign.run import Run
from harness.case import Case
from harness.clock import TimeMode, new_loop
from harness.lab import load_lab
from harness.subjects import parameters_for
from harness.usecase import UseCase, declared
from harness.verdict import Side

LAB = Path(__file__).parents[2] / "lab-configs/emulated-fleet.yaml"


def car(key: str, *traits: str, phases: str = "3", maximum_a: str = "16") -> Member:
    attributes = {"phases": phases, "maximum_a": maximum_a, "battery_kwh": "60", "propulsion": "BEV"}
    return Member(key, "vehicle", {"vin": f"XPF{key}"}, attributes, traits)


def station(key: str, *traits: str, phases: str = "3", maximum_a: str = "16", reference: bool = False) -> Member:
    attributes = {"phases": phases, "maximum_a": maximum_a, "place": "public"}
    return Member(key, "charger", {"serial": f"PF-{key}"}, attributes, traits, reference)


def everybody() -> Fleet:
    """Clean units of several kinds, and one unit for each trait; the traits' names are their keys."""
    cars = [car("clean-3"), car("clean-1", phases="1"), car("clean-32", maximum_a="32")]
    cars += [car(trait.name, trait.name) for trait in TRAITS if trait.side is Side.VEHICLE]
    cars += [car("slow-to-fall-asleep", "overshoots", "saturates_at_10_a", "long_sleep", phases="1", maximum_a="32")]
    stations = [station("reference", maximum_a="32", reference=True), station("single", phases="1")]
    stations += [station(trait.name, trait.name) for trait in TRAITS if trait.side is Side.STATION]
    return Fleet(tuple(cars), tuple(stations))


def plan_of(fleet: Fleet, **changed: Any) -> dict[str, Any]:
    """A campaign file's content over a fleet."""
    heading = {"id": "truth", "title": "Seeded traits", "protocol_version": "1"}
    cases = [{"id": case} for case in CASES]
    return {"campaign": heading, "lab": str(LAB), "population": fleet.members(), "cases": cases, **changed}


def run_pair(fleet: Fleet, pair: Pair, names: Iterable[str], folder: Path) -> dict[str, Case | str]:
    """The attempts of some cases on one pair, in order; for a case that does not apply, why not."""
    wanted = [*names]
    plan = Plan.model_validate(plan_of(fleet, cases=[{"id": name} for name in wanted], pairing=[tuple(pair)]))
    lab = plan.on(load_lab(LAB), {case.id: case for case in load_cases()})
    programme = Programme(plan, lab, load_cases(lab.suites), "")
    loop = new_loop(TimeMode.VIRTUAL)
    try:
        return loop.run_until_complete(_run(programme, wanted, folder))
    finally:
        loop.close()


async def _run(programme: Programme, wanted: list[str], folder: Path) -> dict[str, Case | str]:
    cases = [programme.known[name] for name in wanted]
    run = Run.create(folder, programme.lab, cases, TimeMode.VIRTUAL, programme)
    bench = Bench(programme.lab, TimeMode.VIRTUAL)
    runner = AttemptRunner(run, bench)
    told: dict[str, Case | str] = {}
    await bench.begin()
    try:
        for case in cases:
            told[case.id] = await _attempt(programme, run, runner, bench, case)
    finally:
        await runner.end()
        run.store.close()
    return told


async def _attempt(programme: Programme, run: Run, runner: AttemptRunner, bench: Bench, case: UseCase) -> Case | str:
    (subject,) = programme.subjects(case)
    (cell,) = (cell for cell in programme.cells if cell.case == case.id)
    why, missed = missed_by_the_vehicle(case, run.store.verdicts(cell.pair)) if case.only_after else ("", "")
    if why := programme.ruled_out.get(cell) or why:
        return why
    body = _body(case)

    async def perform() -> None:
        power, charging_station = PowerWatch(bench), bench.csms.station(subject)
        known = {
            "pf_ac": AcSession(bench, charging_station, power),
            "pf_bench": bench,
            "pf_limits": bench.limits,
            "pf_parameters": Parameters(),
            "pf_power": power,
            "pf_station": charging_station,
        }
        await body(**{name: known[name] for name in inspect.signature(body).parameters})

    parameters = parameters_for(case, programme.lab) | ({"missed": missed} if missed else {})
    return await runner.attempt(case, subject, parameters, perform)


def _body(case: UseCase) -> Callable[..., Any]:
    return next(one for one in vars(importlib.import_module(case.module)).values() if declared(one) is case)
