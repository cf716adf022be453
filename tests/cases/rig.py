"""Test cases run in this process, in virtual time, on the emulated lab: what each says of a device with a defect."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

from fixtures.evcc import EvccOnBench
from fixtures.liveness import Liveness
from fixtures.network import NetworkHand
from fixtures.parameters import Parameters
from fixtures.power import PowerWatch
from fixtures.secc import SeccOnBench
from fixtures.session import PairSession
from fixtures.v2g import V2gWatch
from harness.bench import Bench
from harness.campaign.attempt import AttemptRunner
from harness.campaign.catalogue import load_cases
from harness.campaign.run import Run
from harness.clock import TimeMode, new_loop
from harness.lab import Security, load_lab
from harness.subjects import GOOD_LINKS, applicability, parameters_for, subjects_for, under
from harness.usecase import CASES, Parameter

ROOT = Path(__file__).parents[2]
LAB = ROOT / "lab-configs" / "emulated-iso15118-20.yaml"


class Rig:
    """A bench with the lab's devices, some defects seeded, for as long as the run of a few cases."""

    def __init__(
        self, folder: Path, defects: tuple[str, ...] = (), environment: str = "none", lab: Path = LAB,
        parameters: Mapping[str, Parameter] | None = None,
    ) -> None:  # fmt: skip
        self.lab = load_lab(lab).model_copy(update={"security": Security(environment=environment)})
        self.parameters = parameters or {}
        self.cases = {case.id: case for case in load_cases(self.lab.suites)}
        self.folder = folder
        self.defects = defects

    def run(self, *identifiers: str, impairment: str = GOOD_LINKS):
        """The attempts, in order."""
        self.impairment = impairment
        loop = new_loop(TimeMode.VIRTUAL)
        try:
            return loop.run_until_complete(self._run(identifiers))
        finally:
            loop.close()

    async def _run(self, identifiers):
        bench = Bench(self.lab, TimeMode.VIRTUAL, self.defects)
        cases = {one.id: under(one, self.impairment) for one in self.cases.values()}
        run = Run.create(self.folder, self.lab, cases.values(), TimeMode.VIRTUAL)
        run.plan((cases[one], subject) for one in identifiers for subject in subjects_for(CASES[one], self.lab))
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
                "pf_station": (station := bench.csms.station(subject) if subject.charger else None),
                "pf_network": NetworkHand(bench),
                "pf_limits": bench.limits,
                "pf_power": (power := PowerWatch(bench)),
                "pf_session": PairSession(bench, station, power, V2gWatch(bench)),
            }
            await function(**{name: known[name] for name in inspect.signature(function).parameters})

        case = under(case, self.impairment)
        given = parameters_for(case, self.lab)
        given |= {name: value for name, value in self.parameters.items() if name in given}
        return await runner.attempt(case, subject, given, body)

    @staticmethod
    def _function(case):
        module = inspect.sys.modules[case.module]
        return next(one for one in vars(module).values() if getattr(one, "pf_usecase", None) is case)
