"""Test cases run in this process, in virtual time, on the emulated lab: what each says of a device with a defect."""

from __future__ import annotations

import inspect
from pathlib import Path

from fixtures.evcc import EvccOnBench
from fixtures.liveness import Liveness
from fixtures.parameters import Parameters
from fixtures.secc import SeccOnBench
from fixtures.v2g import V2gWatch
from harness.bench import Bench
from harness.campaign.attempt import AttemptRunner
from harness.campaign.catalogue import load_cases
from harness.campaign.run import Run
from harness.clock import TimeMode, new_loop
from harness.lab import Security, load_lab
from harness.subjects import applicability, parameters_for, subjects_for
from harness.usecase import CASES

ROOT = Path(__file__).parents[2]
LAB = ROOT / "lab-configs" / "emulated-iso15118-20.yaml"


class Rig:
    """A bench with the lab's devices, some defects seeded, for as long as the run of a few cases."""

    def __init__(self, folder: Path, defects: tuple[str, ...] = (), environment: str = "none") -> None:
        self.lab = load_lab(LAB).model_copy(update={"security": Security(environment=environment)})
        self.cases = {case.id: case for case in load_cases(self.lab.suites)}
        self.folder = folder
        self.defects = defects

    def run(self, *identifiers: str):
        """The attempts, in order."""
        loop = new_loop(TimeMode.VIRTUAL)
        try:
            return loop.run_until_complete(self._run(identifiers))
        finally:
            loop.close()

    async def _run(self, identifiers):
        bench = Bench(self.lab, TimeMode.VIRTUAL, self.defects)
        run = Run.create(self.folder, self.lab, self.cases.values(), TimeMode.VIRTUAL)
        run.plan((CASES[one], subject) for one in identifiers for subject in subjects_for(CASES[one], self.lab))
        runner = AttemptRunner(run, bench)
        await bench.begin()
        try:
            return [await self._attempt(runner, bench, CASES[one]) for one in identifiers]
        finally:
            await runner.end()
            run.store.close()

    async def _attempt(self, runner, bench, case):
        subject = next(one for one in subjects_for(case, self.lab) if not applicability(case, one, self.lab))
        function = self._function(case)

        async def body():
            evcc, secc = EvccOnBench(bench), SeccOnBench(bench)
            known = {
                "pf_bench": bench,
                "pf_evcc": evcc,
                "pf_secc": secc,
                "pf_liveness": Liveness(evcc, secc),
                "pf_v2g": V2gWatch(bench),
                "pf_parameters": Parameters(),
                "pf_station": bench.csms.station(subject) if subject.charger else None,
            }
            await function(**{name: known[name] for name in inspect.signature(function).parameters})

        return await runner.attempt(case, subject, parameters_for(case, self.lab), body)

    @staticmethod
    def _function(case):
        module = inspect.sys.modules[case.module]
        return next(one for one in vars(module).values() if getattr(one, "pf_usecase", None) is case)
