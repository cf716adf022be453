"""What a pytest session with a lab does: cases on subjects, one bench, one run folder, and at the end the report.

Verdicts map onto pytest's outcomes: pass passes, not_applicable skips, everything else fails with the verdict, the side
at fault and the reason as its text.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from drivers.errors import ConfigError
from harness.allure import describe_run, tell_allure
from harness.bench import Bench
from harness.campaign.attempt import AttemptRunner
from harness.campaign.catalogue import load_cases
from harness.campaign.lab_check import checked_lab
from harness.campaign.lease import BenchBusy, Lease
from harness.campaign.plan import load_plan
from harness.campaign.programme import Part, Programme, missed_by_the_vehicle
from harness.campaign.records import Pair, Planned
from harness.campaign.run import Run, cell, new_folder
from harness.campaign.store import StoreError
from harness.case import Subject
from harness.clock import TimeMode, new_loop
from harness.lab import Lab, LabError
from harness.live_feed import FeedSender
from harness.live_terminal import Terminal
from harness.repeating import attempts_of
from harness.subjects import (
    GOOD_LINKS,
    applicability,
    base_of,
    parameter_complaints,
    parameters_for,
    subjects_for,
    under,
)
from harness.usecase import CASES, Parameter, UseCase, declared
from harness.verdict import Verdict
from reports.make import make_report

CAMPAIGN = pytest.StashKey["CampaignPlugin"]()


def install(config: pytest.Config) -> None:
    """Put a campaign on this pytest session; a wrong lab file or option is a usage error with the way out."""
    try:
        campaign = CampaignPlugin(config, *_lab_and_programme(config))
    except (LabError, StoreError, BenchBusy, ConfigError, ValueError) as refused:
        raise pytest.UsageError(str(refused)) from None
    config.stash[CAMPAIGN] = campaign
    config.pluginmanager.register(campaign, "plugfest-campaign")
    config.pluginmanager.register(sys.modules[__name__], "plugfest-fixtures")
    config.pluginmanager.import_plugin("fixtures.roles")


def _lab_and_programme(config: pytest.Config) -> tuple[Lab, Programme | None]:
    """The lab file, and what a campaign file makes of it."""
    path = config.getoption("--pf-campaign")
    if not path:
        return checked_lab(Path(config.getoption("--lab"))), None
    plan = load_plan(Path(path))
    lab = plan.on(checked_lab(Path(config.getoption("--lab") or plan.lab)), {case.id: case for case in load_cases()})
    text = Path(path).read_text(encoding="utf-8")
    return lab, Programme(plan, lab, load_cases(lab.suites), text, Part.read(config.getoption("--pf-part")))


class CampaignPlugin:
    """Everything that lives as long as one pytest session with a lab."""

    def __init__(self, config: pytest.Config, lab: Lab, programme: Programme | None = None) -> None:
        self.config = config
        self.lab = lab
        self.programme = programme
        self.mode = TimeMode(config.getoption("--pf-time"))
        self.worker = getattr(config, "workerinput", None)
        self.workers = config.getoption("numprocesses", None) or 0
        self.collect_only = bool(config.getoption("collectonly"))
        self.loops = {str(self.mode): functools.partial(new_loop, self.mode)}
        self.verdicts: list[Verdict] = []
        self.lease: Lease | None = None
        self.folder: Path | None = None
        self.run: Run | None = None
        self.impairments: tuple[str, ...] = tuple(config.getoption("--pf-impairment")) or lab.impairments
        self.impaired = self.impairments != (GOOD_LINKS,)
        if programme and self.impairments != lab.impairments:
            raise LabError(["--impairment: a campaign file plans each cell itself; name them there, as impairments"])
        cases = load_cases(lab.suites)
        lab.refuse(parameter_complaints(cases, lab))
        if unknown := set(config.getoption("--pf-case")) - {case.id for case in cases} - set(CASES):
            raise LabError([f"--case: unknown {', '.join(sorted(unknown))}; `plugfest cases` lists them all"])
        if not lab.emulated and self.workers > 1:
            raise LabError([f"{lab.path}: one real bench takes one worker; leave -n {self.workers} out"])
        if lab.has_person and self.workers > 1:
            raise LabError([f"{lab.path}: roles.operator: one person takes one worker; leave -n {self.workers} out"])
        self.bench = Bench(lab, self.mode, config.getoption("--pf-defect"), impaired=self.impaired)
        self.bench.links.check(self.impairments)
        self.reports: list[Path] = []
        if not self.collect_only:
            if not lab.emulated and self.worker is None:
                self.lease = Lease.take(lab.lab.bench, f"plugfest run --lab {lab.path.name}")
            self.run = self._open_run()
            self.folder = self.run.folder
            self.finished = self._finished_before()
            self.runner = AttemptRunner(self.run, self.bench)
            if self.worker:
                self.runner.listeners.append(FeedSender(self.folder))
            if self.worker or not self.workers:
                self.bench.enter_network()

    def _open_run(self) -> Run:
        if self.worker:
            return Run.open(Path(self.worker["plugfest_folder"]), self.mode)
        if resumed := self.config.getoption("--pf-resume"):
            run = Run.open(Path(resumed), self.mode)
            run.store.close_interrupted(at_utc_us=round(datetime.now(UTC).timestamp() * 1e6))
            return run
        folder = new_folder(Path(self.config.getoption("--pf-out")), datetime.now(UTC))
        cases = load_cases(self.lab.suites)
        if self.programme:
            wanted = {one.id for one in self.programme.plan.cases}
            cases = [case for case in cases if case.id in wanted]
        planned = [under(case, name) for case in cases for name in self.impairments]
        return Run.create(folder, self.lab, planned, self.mode, self.programme)

    def _finished_before(self) -> set[Planned]:
        """What an interrupted run had finished. Workers are told, so that all of them collect the same."""
        assert self.run
        if self.worker:
            return {
                Planned(case, Pair(vehicle, charger)) for case, vehicle, charger in self.worker["plugfest_finished"]
            }
        if self.programme:
            return self.programme.finished(self.run.store.outcomes())
        outcomes = self.run.store.outcomes()
        return {one for one in self.run.store.finished() if not self.lab.retest.again(outcomes[one])}

    # Time and loops

    @pytest.hookimpl(tryfirst=True)
    def pytest_asyncio_loop_factories(self) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
        return self.loops  # the same objects every time: another one would mean another loop, and a bench of its own

    # Collecting: every case on every subject that the lab has for it

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        case = declared(metafunc.function)
        if case:
            subjects = self._subjects(case)
            metafunc.fixturenames.append("pf_subject")
            names = [subject.name for subject in subjects]
            metafunc.parametrize("pf_subject", subjects, indirect=True, ids=names, scope="session")
            if self.impaired:
                metafunc.fixturenames.append("pf_impairment")
                metafunc.parametrize("pf_impairment", self.impairments, scope="session")

    def _subjects(self, case: UseCase) -> list[Subject]:
        """What the case is run on here: all that the lab has for it, or what a campaign leaves to us."""
        if self.programme is None:
            return subjects_for(case, self.lab)
        wanted = self.programme.ours.difference(self.finished if self.run else ())
        links = [under(case, name) for name in self.impairments]
        return [one for one in self.programme.subjects(links[0]) if any(cell(each, one) in wanted for each in links)]

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """`-k` takes a case's id as well as the name of its function."""
        if _has_subject(item):
            item.extra_keyword_matches.add(_case_of(item).id)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        wanted = set(config.getoption("--pf-case"))
        chosen = [item for item in items if _has_subject(item) and (not wanted or _base_of(item) in wanted)]
        if self.programme:
            place, done = self.programme.place, self.finished if self.run else set()
            chosen = [item for item in chosen if cell(_case_of(item), _subject(item)) not in done]
            chosen.sort(key=lambda item: place[cell(_case_of(item), _subject(item))])
            kept_on = set(chosen)
            config.hook.pytest_deselected(items=[item for item in items if item not in kept_on])
            items[:] = chosen
            return
        chosen.sort(key=self._position)
        kept: list[pytest.Item] = []
        if self.run:
            self.run.plan((_case_of(item), _subject(item)) for item in chosen)
            kept = [item for item in chosen if cell(_case_of(item), _subject(item)) in self.finished]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen] + kept)
        items[:] = [item for item in chosen if item not in kept]
        for item in items:
            self._rule_out(item)

    def _position(self, item: pytest.Item) -> tuple[int, int, str, int]:
        """Device under test by device under test, and within one as the files tell their story."""
        case, subject = _case_of(item), _subject(item)
        subjects = [Subject(vehicle, charger) for vehicle, charger in self.lab.pairs()]
        place = subjects.index(subject) if subject in subjects else -1
        suite = case.module.split(".")[1:2]
        order = self.lab.suites.index(suite[0]) if suite and suite[0] in self.lab.suites else len(self.lab.suites)
        return order, place, case.module, case.order

    def _rule_out(self, item: pytest.Item) -> None:
        case, subject = _case_of(item), _subject(item)
        if missing := applicability(case, subject, self.lab):
            if self.run:
                self.run.store.rule_out(cell(case, subject), missing)
            item.user_properties.append(("plugfest", _outcome(Verdict.NOT_APPLICABLE, "", missing, case, subject)))
            item.add_marker(pytest.mark.skip(reason=f"not applicable: {missing}"))

    # Running

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """The attempts of one cell, as a campaign's repeats and the re-test rule want them."""
        once = self.programme is None and not self.lab.retest.times
        if once or self.run is None or _case(item) is None:
            return None
        attempts_of(item, nextitem, functools.partial(self._again, item))
        return True

    def _again(self, item: pytest.Item) -> tuple[bool, bool]:
        """Whether there is another attempt, and whether it stands in for the one before."""
        assert self.run
        case, pair = _case_of(item).id, cell(_case_of(item), _subject(item)).pair
        verdicts = [verdict for verdict, _ in self.run.store.verdicts(pair).get(case, [])]
        if not verdicts or verdicts[-1] is Verdict.ABORTED:
            return False, False
        rule, plan = self.lab.retest, self.programme.plan if self.programme else None
        again = plan.again(case, verdicts) if plan else rule.again(verdicts)
        latest_counts = plan is None or plan.attempt_rule in ("last", "best")
        return again, again and latest_counts and rule.replaces(verdicts)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        case = _case(item)
        if case and isinstance(item, pytest.Function):
            body, subject = item.obj, _subject(item)

            @functools.wraps(body)
            async def attempt(**fixtures: Any) -> None:
                await self._attempt(item, case, subject, functools.partial(body, **fixtures))

            item.obj = attempt
            try:
                return (yield)
            finally:
                item.obj = body
        return (yield)

    async def _attempt(self, item: pytest.Item, case: UseCase, subject: Subject, body: Callable[[], Any]) -> None:
        parameters = parameters_for(case, self.lab)
        if case.only_after:
            parameters |= self._missed_before(item, case, subject)
        result = await self.runner.attempt(case, subject, parameters, body)
        side = str(result.side or "")
        item.user_properties.append(("plugfest", _outcome(result.verdict, side, result.reason, case, subject)))
        item.user_properties.extend([("verdict", str(result.verdict)), ("side", side), ("reason", result.reason)])
        if self.config.getoption("allure_report_dir", None):
            tell_allure(result, self.runner.latest)
        if not result.verdict.good:
            pytest.fail(f"{result.verdict} ({side}): {result.reason}", pytrace=False)

    # The person at the bench

    @property
    def page(self) -> str:
        """Address of the operator's page; empty without one."""
        person = self.bench.operator.person
        return person.url if person else ""

    def attend(self, terminal: Terminal) -> None:
        """Let the operator answer at the terminal too."""
        person = self.bench.operator.person
        if person:
            terminal.answer_to(person.desk)

    def pytest_report_header(self) -> str | None:
        return f"operator's page: {self.page}" if self.page else None

    def _missed_before(self, item: pytest.Item, case: UseCase, subject: Subject) -> dict[str, Parameter]:
        """Which missed case is tried again with help; skips where the vehicle needs none."""
        assert self.run
        why, missed = missed_by_the_vehicle(case, self.run.store.verdicts(cell(case, subject).pair))
        if why:
            self.run.store.rule_out(cell(case, subject), why)
            item.user_properties.append(("plugfest", _outcome(Verdict.NOT_APPLICABLE, "", why, case, subject)))
            pytest.skip(f"not applicable: {why}")
        return {"missed": missed} if missed else {}

    # The end

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.skipped:
            outcomes: list[Any] = [found for key, found in report.user_properties if key == "plugfest"]
            self.verdicts += [Verdict(found["verdict"]) for found in outcomes]

    def pytest_keyboard_interrupt(self) -> None:
        if self.run is not None:
            self.runner.cut_short()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.run is None:
            return
        if self.worker:
            self.run.store.close()
            return
        executed = [verdict for verdict in self.verdicts if verdict is not Verdict.NOT_APPLICABLE]
        if session.exitstatus == pytest.ExitCode.OK and not executed:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
        if results := self.config.getoption("allure_report_dir", None):
            campaign = self.run.store.campaign()
            describe_run(
                Path(results), self.lab, {"software": campaign.software, "run": campaign.id, "time": self.mode}
            )
        self.run.seal()
        self.reports = make_report([self.run.folder], self.run.folder / "report")

    def pytest_unconfigure(self) -> None:
        if self.lease:
            self.lease.release()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """A worker takes cases of one subject at a time; in a campaign all of one pair, or one by one in their order."""
        from harness.subject_scheduler import SHARE, SubjectScheduler  # xdist is only there with -n

        share = SHARE
        if self.programme:
            plan = self.programme.plan
            share = len(plan.cases) if plan.order == "by_pair" else 1
        return SubjectScheduler(config, log, share=share)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["plugfest_folder"] = str(self.folder)
        node.workerinput["plugfest_finished"] = [(one.case, *one.pair) for one in sorted(self.finished)]


@pytest.fixture(scope="session")
def pf_subject(request: pytest.FixtureRequest) -> Subject:
    """The devices that this attempt is run on."""
    subject = request.param
    assert isinstance(subject, Subject)
    return subject


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pf_bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """The bench: its devices come up with the first case that runs; at the end it is made safe and taken down."""
    campaign = request.config.stash[CAMPAIGN]
    await campaign.bench.begin()
    try:
        yield campaign.bench
    finally:
        await campaign.runner.end()


def _case(item: pytest.Item) -> UseCase | None:
    case = declared(item.function) if isinstance(item, pytest.Function) else None
    return under(case, _impairment(item)) if case else None


def _impairment(item: pytest.Item) -> str:
    assert isinstance(item, pytest.Function)
    return str(item.callspec.params.get("pf_impairment", GOOD_LINKS))


def _base_of(item: pytest.Item) -> str:
    """The case's own id, whatever links it is run on."""
    return base_of(_case_of(item).id)


def _has_subject(item: pytest.Item) -> bool:
    """Whether an item is a case and the lab has a device for it; pytest keeps an empty item where it has none."""
    return _case(item) is not None and isinstance(_params(item).get("pf_subject"), Subject)


def _params(item: pytest.Item) -> Mapping[str, Any]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec else {}


def _case_of(item: pytest.Item) -> UseCase:
    case = _case(item)
    assert case
    return case


def _subject(item: pytest.Item) -> Subject:
    subject = _params(item)["pf_subject"]
    assert isinstance(subject, Subject)
    return subject


def _outcome(verdict: Verdict, side: str, reason: str, case: UseCase, subject: Subject) -> dict[str, str]:
    return {"case": case.id, "subject": subject.name, "verdict": str(verdict), "side": side, "reason": reason}
