"""The OCPP cases in this process, in virtual time, on the emulated lab: what they and the rules say of a defect."""

from __future__ import annotations

import inspect
from pathlib import Path

from drivers.emulators import csms_defects, station_defects, station_profile_defects
from drivers.emulators.defects import Defect
from drivers.emulators.vehicle_defects import VEHICLE_DEFECTS
from fixtures.csms_doors import CsmsDoors
from fixtures.driver import DriverOnBench
from fixtures.parameters import Parameters
from fixtures.power import PowerWatch
from fixtures.proxy import ProxyOnBench
from fixtures.session import PairSession
from fixtures.site import SiteOnBench
from fixtures.v2g import V2gWatch
from harness.bench import Bench
from harness.campaign.attempt import AttemptRunner
from harness.campaign.catalogue import load_cases
from harness.campaign.run import Run
from harness.clock import TimeMode, new_loop
from harness.lab import load_lab
from harness.subjects import applicability, parameters_for, subjects_for
from harness.verdict import Severity, Side
from testcases.ocpp21.conftest import leave_as_found
from testcases.ocpp21.states import Ground
from testcases.ocpp21.under_test import TestStation

ROOT = Path(__file__).parents[2]
LAB = ROOT / "lab-configs" / "emulated-ocpp21.yaml"


class Suite:
    """The lab's cases by id; `findings` runs some of them against devices with defects."""

    def __init__(self, lab: Path = LAB, severities: tuple[Severity, ...] = (Severity.FAIL,)) -> None:
        """`severities`: of the rules' findings that are told."""
        self.severities = severities
        self.lab = load_lab(lab)
        self.cases = {case.id: case for case in load_cases(self.lab.suites)}

    def findings(self, folder: Path, defects: tuple[str, ...], identifiers: list[str]) -> dict[str, set[str]]:
        """Of each case, the rules and cases that found a fault of the device under test; empty for a pass."""
        loop = new_loop(TimeMode.VIRTUAL)
        try:
            return loop.run_until_complete(self._run(folder, defects, identifiers))
        finally:
            loop.close()

    async def _run(self, folder, defects, identifiers):
        bench = Bench(self.lab, TimeMode.VIRTUAL, defects)
        run = Run.create(folder, self.lab, self.cases.values(), TimeMode.VIRTUAL)
        planned = [(self.cases[one], self._subject(self.cases[one])) for one in identifiers]
        run.plan(planned)
        runner = AttemptRunner(run, bench)
        await bench.begin()
        try:
            return {case.id: await self._attempt(runner, bench, case, subject) for case, subject in planned}
        finally:
            await runner.end()
            run.store.close()

    def _subject(self, case):
        return next(one for one in subjects_for(case, self.lab) if not applicability(case, one, self.lab))

    async def _attempt(self, runner, bench, case, subject):
        module = inspect.sys.modules[case.module]
        function = next(one for one in vars(module).values() if getattr(one, "pf_usecase", None) is case)
        station = bench.csms.station(subject) if subject.charger else None
        power, v2g = PowerWatch(bench), V2gWatch(bench)
        known = {
            "pf_bench": bench,
            "pf_ground": Ground(bench, station),
            "pf_station": station,
            "pf_limits": bench.limits,
            "pf_parameters": Parameters(),
            "pf_power": power,
            "pf_v2g": v2g,
            "pf_session": PairSession(bench, station, power, v2g),
            "pf_doors": CsmsDoors(bench, station) if station else None,
            "pf_proxy": ProxyOnBench(bench),
            "pf_site": SiteOnBench(bench),
            "pf_driver": DriverOnBench(bench),
            "pf_test_station": TestStation(bench, subject.other) if subject.other else None,
        }
        wanted = {name: known[name] for name in inspect.signature(function).parameters}

        async def body():
            await function(**wanted)

        attempt = await runner.attempt(case, subject, parameters_for(case, self.lab), body)
        for name in reversed(wanted):
            if name in ("pf_doors", "pf_proxy", "pf_site", "pf_driver", "pf_test_station"):
                await wanted[name].close()
        if station and "pf_ground" in wanted:
            await leave_as_found(bench, station)
        return self._found(attempt)

    def _found(self, attempt):
        told = [one for one in attempt.findings if one.severity in self.severities and one.side is not Side.BENCH]
        faults = {one.rule for one in told}
        if attempt.stopped and attempt.stopped[1] is not Side.BENCH:
            faults.add(attempt.usecase.id)
        if attempt.stopped and attempt.stopped[1] is Side.BENCH:
            faults.add(f"bench: {attempt.stopped[2]}")
        faults |= {attempt.usecase.id for one in attempt.measurements if one.verdict.name == "FAIL"}
        return faults


_CASES = {case.id for case in load_cases(load_lab(LAB).suites)}
NAMING_A_CASE = [
    one
    for one in (*station_defects.DEFECTS, *csms_defects.DEFECTS, *VEHICLE_DEFECTS.values())
    if one.found_by in _CASES
]
UNRELATED = {
    "charger": ["PF_B05_01_CS", "PF_K10_01_CS", "PF_R04_01_CS"],
    "vehicle": ["PF_R02_01_CS"],
    "csms": ["PF_A04_01_CSMS", "PF_B01_01_CSMS", "PF_R05_01_CSMS"],
}
"""Short cases of several blocks that touch none of these defects' places."""
ALSO = {
    "der-forgotten-at-reboot": "ocpp2.1/controls-survive-a-reboot",
    "transfer-refusal-ignored": "ocpp2.1/refusal-has-a-consequence",
    "modes-unlisted-accepted": "ocpp2.1/K01.FR.115 ocpp2.1/Q09.FR.01",
    "amperes-unlisted-accepted": "ocpp2.1/K01.FR.26",
    "update-time-untold": "ocpp2.1/update-time-is-kept",
    "rate-change-untold": "ocpp2.1/sequence-numbers",
    "options-unchecked": "ocpp2.1/K01.FR.90..95 ocpp2.1/K01.FR.122..125",
    "any-remote-start": "ocpp2.1/start-profiles-are-checked",
    "priority-for-anybody": "ocpp2.1/no-profile-is-said",
    "composite-of-no-evse": "ocpp2.1/schedule-is-there",
    "every-transfer-assumed": "ocpp2.1/plain-transfer-without-a-list",
    "external-setpoint-taken-for-zero": "ocpp2.1/mode-changes-are-told",
    "external-limit-untold": "ocpp2.1/told-setpoint-is-the-accepted-one",
    "load-not-balanced": "ocpp2.1/mode-changes-are-told",
    "der-alarm-nameless": "ocpp2.1/alarms-name-their-fault",
    "updates-unchecked": "ocpp2.1/update-outside-limits",
    "offline-values-restamped": "ocpp2.1/registers-and-power",
    "der-nameplate-missing": "ocpp2.1/der-nameplate-is-told",
    "csms-silent-on-late-events": "ocpp2.1/csms-answers-events ocpp2.1/csms-answers",
    "csms-silent-on-events": "ocpp2.1/csms-answers-events",
    "csms-allows-everything": "ocpp2.1/needs-for-a-forbidden-transfer-are-rejected",
    "der-takeover-as-an-end": "ocpp2.1/takeover-is-no-end",
    "der-running-cut-short": "ocpp2.1/running-controls-go-on",
    "mode-of-another": "ocpp2.1/mode-changes-are-told",
    "scheduled-called-dynamic": "cross-protocol/control-mode-is-the-selected-one",
    "contract-as-a-card": "ocpp2.1/only-contracts-show-certificates",
    **dict.fromkeys(
        ("any-contract", *(f"{one}-contracts-charge" for one in ("cancelled", "expired", "revoked", "strange"))),
        "ocpp2.1/refused-contracts-do-not-charge",
    ),
    "csms-signs-another-kind": "ocpp2.1/certificate-kinds",
    "csms-forgets-certificate-status": "ocpp2.1/contract-certificates-are-judged",
    "csms-chain-status-short": "ocpp2.1/chain-statuses-are-complete",
    "result-error-to-nobody": "ocpp2.1/result-errors-name-results",
    "answers-sends": "ocpp2.1/sends-are-not-answered",
    "csms-result-error-to-nobody": "ocpp2.1/result-errors-name-results",
    "csms-answers-sends": "ocpp2.1/sends-are-not-answered",
    "csms-accepts-malformed-requests": "ocpp2.1/payloads-fit-their-schema",
    "csms-frequency-with-limit": "ocpp2.1/csms-Q07.FR.03",
    "csms-short-curve": "ocpp2.1/sound-profiles-are-sent",
    "csms-idle-with-limit": "ocpp2.1/sound-profiles-are-sent",
    "csms-permits-another-transaction": "ocpp2.1/permission-names-the-transaction",
    "csms-too-many-periods": "ocpp2.1/periods-fit-the-vehicle",
    "csms-silent-on-negative-powers": "ocpp2.1/csms-answers",
    "csms-too-many-schedules": "ocpp2.1/payloads-fit-their-schema",
}
"""Rules that may see the same fault in the case's transcript."""
ALSO |= {
    f"unchecked-{station_profile_defects.slug(one)}": f"ocpp2.1/{one}" for one in station_profile_defects.UNCHECKED
}
ALSO["unchecked-v2x-06"] = "ocpp2.1/V2X.06 ocpp2.1/V2X.08"
ALSO["unchecked-v2x-09"] = "ocpp2.1/V2X.08"


def asked(defect: Defect, *, all_unrelated: bool = True) -> list[str]:
    """The case that a defect names, and unrelated ones: all of them, or every other one, by the defect's name."""
    unrelated = UNRELATED[defect.role]
    return [defect.found_by, *(unrelated if all_unrelated else unrelated[len(defect.id) % 2 :: 2])]


def surprises(defect: Defect, found: dict[str, set[str]]) -> str:
    """What is not as it should be in the findings of those cases; empty if the named one found it and nothing else did."""
    own = found[defect.found_by]
    if defect.found_by not in own:
        return f"{defect.found_by} does not find it, but {own or 'passes'}"
    others = {name for case, names in found.items() if case != defect.found_by for name in names}
    unrelated = (own | others) - {defect.found_by, *ALSO.get(defect.id, "").split()}
    return f"found by {sorted(unrelated)} too" if unrelated else ""
