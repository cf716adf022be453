"""Every seeded defect of gateway and instruments is found by the case that it names, and charged to the right side.

The cases' bodies run on a virtual bench of their own, with the fixtures that a campaign would give them.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.emulators.catalogue import all_defects
from fixtures.afrr_watch import AfrrWatch
from fixtures.gateway import GatewayWatch
from fixtures.grid import GridWatch
from fixtures.instruments import InstrumentWatch
from fixtures.parameters import Parameters
from fixtures.pool import PoolWatch
from fixtures.power import PowerWatch
from fixtures.session import PairSession
from fixtures.v2g import V2gWatch
from harness.bench import Bench
from harness.campaign.attempt import blame
from harness.campaign.catalogue import load_cases
from harness.case import Case, CaseStop, Subject, running
from harness.clock import TimeMode, new_loop
from harness.lab import load_lab
from harness.rules.judge import judge_transcript
from harness.subjects import parameters_for, subjects_for
from harness.transcript.recorder import Recorder
from harness.usecase import declared
from harness.verdict import Side, Verdict

LAB = Path(__file__).parents[2] / "lab-configs/emulated-bench.yaml"
SHORT = {"hold_s": 5, "each_way_s": 100, "frames_per_s": 1500, "load_s": 3, "changes": 20}
SIDES = {
    "can_gateway": Side.GATEWAY,
    "charger": Side.STATION,
    "power_analyser": Side.BENCH,
    "energy_meter": Side.BENCH,
    "ac_source": Side.BENCH,
    "pool": Side.CSMS,
}
OF_ITS_PARTS = {"pool-deaf-unit": Side.STATION}
"""Where a part of the device is at fault, and not its controller."""
ON_THIS_BENCH = ("gateway", "analyser", "counter", "grid", "pool")
"""First words of the ids of this bench's own devices; and whatever names one of its cases."""
OF_THIS_BENCH = {case.id for case in load_cases(("bench",))}
SEEDED = [
    (defect.id, defect.found_by.partition(",")[0], OF_ITS_PARTS.get(defect.id, SIDES[defect.role]))
    for defect in all_defects().values()
    if (defect.id.partition("-")[0] in ON_THIS_BENCH or defect.role == "charger")
    and defect.found_by.partition(",")[0] in OF_THIS_BENCH
]


def body_of(case_id: str, module: str) -> Callable[..., Any]:
    for found in vars(importlib.import_module(module)).values():
        case = declared(found)
        if case and case.id == case_id:
            return found
    raise LookupError(case_id)


def fixtures_for(bench: Bench, subject: Subject) -> dict[str, Any]:
    found: dict[str, Any] = {
        "pf_bench": bench,
        "pf_limits": bench.limits,
        "pf_parameters": Parameters(),
        "pf_can_gateway": GatewayWatch(bench),
        "pf_pool": PoolWatch(bench),
        "pf_afrr": AfrrWatch(bench),
    }
    if subject.charger:
        station, power, v2g = bench.csms.station(subject), PowerWatch(bench), V2gWatch(bench)
        found |= {"pf_power": power, "pf_station": station}
        found["pf_grid"] = GridWatch(bench, power)
        found["pf_session"] = PairSession(bench, station, power, v2g)
        found["pf_instruments"] = InstrumentWatch(bench, station, v2g)
    return found


def attempt(case_id: str, *defects: str, judged: bool = False) -> Case:
    """One attempt in virtual time, with its verdict; `judged`: ended in order, and by the case's rules too."""
    lab = load_lab(LAB)
    usecase = next(case for case in load_cases(lab.suites) if case.id == case_id)
    subject = subjects_for(usecase, lab)[0]
    parameters = {name: SHORT.get(name, value) for name, value in parameters_for(usecase, lab).items()}
    body = body_of(case_id, usecase.module)

    async def whole() -> Case:
        bench = Bench(lab, TimeMode.VIRTUAL, defects)
        await bench.begin()
        case = Case(usecase, subject, Recorder(bench.clock), parameters)
        try:
            with running(case):
                await bench.prepare(subject, case.recorder)
                given = fixtures_for(bench, subject)
                await body(**{name: given[name] for name in inspect.signature(body).parameters})
                if judged:
                    await bench.settle()
        except CaseStop:
            pass
        except Exception as problem:
            case.stopped = blame(problem, case)
        finally:
            await bench.down()
        for finding in judge_transcript(case.recorder.events, usecase.uses_rules) if judged else ():
            if finding.side in subject.sides:
                case.find(finding)
        return case

    loop = new_loop(TimeMode.VIRTUAL)
    try:
        return loop.run_until_complete(whole())
    finally:
        loop.close()


def test_there_are_enough_of_them():
    assert len(SEEDED) >= 25


@pytest.mark.parametrize(("defect", "case_id", "side"), SEEDED, ids=[defect for defect, _, _ in SEEDED])
def test_a_seeded_defect_is_found_and_charged_to_its_side(defect: str, case_id: str, side: Side):
    case = attempt(case_id, defect)
    assert case.verdict in (Verdict.FAIL, Verdict.ERROR), case.reason
    assert case.side is side, case.reason


@pytest.mark.parametrize("case_id", sorted({case_id for _, case_id, _ in SEEDED}))
def test_a_clean_bench_trips_nothing(case_id: str):
    case = attempt(case_id, judged=True)
    assert case.verdict is Verdict.PASS, case.reason
