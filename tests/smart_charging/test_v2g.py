"""The protocol's V2G cases: each question has a seeded defect that the case finds and charges to its side."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from pathlib import Path

import pytest

from fixtures.parameters import Parameters
from fixtures.power import PowerWatch
from fixtures.session import PairSession
from fixtures.v2g import V2gWatch
from harness.bench import Bench
from harness.campaign.attempt import AttemptRunner
from harness.campaign.catalogue import load_cases
from harness.campaign.run import Run
from harness.case import Subject
from harness.clock import TimeMode, new_loop
from harness.lab import load_lab
from harness.subjects import parameters_for
from harness.usecase import declared
from harness.verdict import Side, Verdict

LAB = Path(__file__).parents[2] / "lab-configs/emulated-smart-charging.yaml"
SHORT = {"hold_s": 5, "pause_s": 60, "setpoints_kw": "5, -5", "reversals": 2, "step_s": 60, "offline_s": 90}
SEEDED = [
    ("V2G-01", "ignores-setpoint-sign", Side.STATION),
    ("V2G-05", "discharge-as-charge", Side.STATION),
    ("V2G-07", "never-resumes-after-pause", Side.STATION),
    ("V2G-07", "vehicle-never-resumes-after-pause", Side.VEHICLE),
    ("V2G-12", "offline-profile-dropped", Side.STATION),
]


def attempt(name: str, folder: Path, *defects: str):
    """One attempt of a case on the lab's V2G pair, in virtual time and shortened."""
    lab = load_lab(LAB)
    case = next(one for one in load_cases(lab.suites) if one.id == name)
    body = next(one for one in vars(importlib.import_module(case.module)).values() if declared(one) is case)
    subject = Subject(lab.device("vehicle", "V-V2G"), lab.device("charger", "S-V2G"))

    async def whole():
        bench = Bench(lab, TimeMode.VIRTUAL, defects)
        run = Run.create(folder / "run", lab, [case], TimeMode.VIRTUAL)
        run.plan([(case, subject)])
        runner = AttemptRunner(run, bench)
        await bench.begin()

        async def perform():
            power, v2g, station = PowerWatch(bench), V2gWatch(bench), bench.csms.station(subject)
            known = {
                "pf_bench": bench,
                "pf_limits": bench.limits,
                "pf_parameters": Parameters(),
                "pf_power": power,
                "pf_session": PairSession(bench, station, power, v2g),
                "pf_station": station,
            }
            await body(**{one: known[one] for one in inspect.signature(body).parameters})

        parameters = parameters_for(case, lab)
        parameters |= {one: value for one, value in SHORT.items() if one in parameters}
        try:
            return await runner.attempt(case, subject, parameters, perform)
        finally:
            await runner.end()
            run.store.close()

    loop = new_loop(TimeMode.VIRTUAL)
    asyncio.set_event_loop(None)
    try:
        return loop.run_until_complete(whole())
    finally:
        loop.close()


@pytest.mark.parametrize(("name", "defect", "side"), SEEDED, ids=[f"{name}-{defect}" for name, defect, _ in SEEDED])
def test_a_seeded_defect_is_found_and_charged_to_its_side(name, defect, side, tmp_path):
    found = attempt(name, tmp_path, defect)
    assert found.verdict is Verdict.FAIL, found.reason
    assert found.side is side, found.reason


@pytest.mark.parametrize("name", sorted({name for name, _, _ in SEEDED}))
def test_a_clean_pair_passes(name, tmp_path):
    found = attempt(name, tmp_path)
    assert found.verdict is Verdict.PASS, found.reason
