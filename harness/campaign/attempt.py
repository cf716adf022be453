"""One attempt from preamble to verdict: whatever happens in between, it ends with a result and a safe bench."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.errors import BenchError, SafetyError
from drivers.safe_off import SafeOff, make_all_safe
from harness.bench import Bench
from harness.campaign.artefacts import write_artefacts
from harness.campaign.excuse import excuse
from harness.campaign.guard import BEAT_S, SILENCE_S, Guard
from harness.campaign.run import Run
from harness.case import Case, CaseStop, PreambleMissed, Subject, running
from harness.iso15118.errors import RemoteProtocolError
from harness.rules.judge import judge_transcript
from harness.subjects import GOOD_LINKS
from harness.transcript.recorder import Listener
from harness.usecase import Parameter, UseCase
from harness.verdict import Severity, Side, Verdict

CASE_S = 120.0
"""Longest time for a case besides the durations in its parameters (our default)."""


class AttemptRunner:
    """Runs attempts of cases on one bench and adds their results to one run."""

    def __init__(self, run: Run, bench: Bench) -> None:
        self.run = run
        self.bench = bench
        self.listeners: list[Listener] = []
        """Told every event of every attempt: the live view, Allure, the operator's page."""
        self.latest = Path()
        """Folder of the latest attempt's evidence."""
        self._described = False
        self._guard: Guard | None = None
        self._guarded: list[SafeOff] = []
        self._live = False
        """Whether an attempt's body has begun that has not been left safe yet."""

    def cut_short(self) -> None:
        """Nobody may wait for the teardown of a second Ctrl-C: what is live is the guard's to switch off."""
        if self._live and self._guard:
            self._guard.take_over()
            self._guard = None

    async def end(self) -> None:
        """After the last attempt: the bench safe and down, the guard dismissed."""
        try:
            await self.bench.make_safe()
        except BenchError:
            if unsafe := await self._unsafe_over_new_connections():
                raise SafetyError(f"bench: switch off by hand: {unsafe}") from None
        finally:
            await self.bench.down()
        if self._guard:
            self._guard.dismiss()
            self._guard = None

    async def attempt(
        self,
        usecase: UseCase,
        subject: Subject,
        parameters: dict[str, Parameter],
        body: Callable[[], Awaitable[None]],
    ) -> Case:
        """Run one attempt and return it with its verdict; only a cancellation (Ctrl-C) passes through."""
        clock = self.bench.clock
        attempt = self.run.begin(usecase, subject, parameters, clock.utc_us())
        self.latest = attempt.folder
        case = Case(usecase, subject, self.run.recorder(attempt, clock), parameters, self.run.rule)
        person = self.bench.operator.person
        for listener in [*self.listeners, *([person.desk.happened] if person else [])]:
            case.recorder.listen(listener)
        case.recorder.record("case", "case", what="begin", id=usecase.id, parameters=parameters, subject=subject.name)
        exit_reason = "completed"
        try:
            with running(case):
                await self._perform(case, body)
        except asyncio.CancelledError:
            by = self.bench.operator.leave()
            case.stopped = (Verdict.ABORTED, Side.BENCH, f"stopped by the operator{f' ({by})' if by else ''}")
            exit_reason = "interrupted"
            raise
        finally:
            await self._leave_safe(case)
            self._judge(case)
            write_artefacts(case.recorder.events, attempt.folder)
            case.recorder.record("case", "case", what="end", id=usecase.id, verdict=case.verdict, side=case.side)
            self.run.finish(attempt, case, exit_reason)
        return case

    async def _perform(self, case: Case, body: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(_longest_s(case.parameters)) as limit:
                self.bench.operator.limit = limit
                await self.bench.prepare(case.subject, case.recorder)
                impairment = str(case.parameters.get("impairment", GOOD_LINKS))
                longer_s = await self.bench.links.impair(impairment, seed=f"{case.usecase.id} {case.subject.name}")
                limit.reschedule((limit.when() or 0.0) + longer_s)
                await self._describe_instruments()
                self._keep_guard()
                self._live = True
                with self._armed():
                    await body()
        except PreambleMissed as missed:
            case.stopped = (Verdict.INCONCLUSIVE, case.findings[-1].side, f"preamble: {missed}")
        except CaseStop:
            pass  # its finding says all
        except Exception as problem:
            case.stopped = blame(problem, case)

    async def _describe_instruments(self) -> None:
        if not self._described:
            self.run.describe_instruments(await self.bench.identities())
            self._described = True

    def _keep_guard(self) -> None:
        """A guard for the sources as they are connected now; instruments may have moved to other addresses."""
        devices = self.bench.safe_offs()
        if devices == self._guarded:
            return
        if self._guard:
            self._guard.dismiss()
        self._guard, self._guarded = (Guard(devices) if devices else None), devices

    @contextmanager
    def _armed(self) -> Iterator[None]:
        """While the body runs, a frozen event loop counts as a dead harness."""
        guard = self._guard
        if guard is None:
            yield
            return
        beating = asyncio.get_running_loop().create_task(_keep_telling(guard))
        guard.arm(True)
        try:
            yield
        finally:
            guard.arm(False)
            beating.cancel()

    async def _leave_safe(self, case: Case) -> None:
        self.bench.operator.limit = None
        told = ""
        try:
            await self.bench.settle()
        except Exception as problem:
            unsafe = await self._unsafe_over_new_connections()
            then = f"switch off by hand: {unsafe}" if unsafe else "what is live was made safe over new connections"
            told = f"the bench could not be made safe: {problem}; {then}"
        if self._guard and self._guard.acted():
            told = (
                f"the guard switched the bench off: the harness was silent for {SILENCE_S:g} s (our default), as a frozen "
                "test or a busy computer is"
            )
        if told:
            case.stopped = (Verdict.ERROR, Side.BENCH, told)
        self._live = False

    async def _unsafe_over_new_connections(self) -> str:
        """The devices that connections made for it alone do not make safe either, in words; empty if there are none."""
        outcomes = await make_all_safe(self.bench.safe_offs())
        return ", ".join(f"{one.role} ({one.text})" for one in outcomes if not one.safe)

    def _judge(self, case: Case) -> None:
        """Let the rules read the transcript. Only sides that are devices of others here can be at fault; what our own
        agents do in their place, wrong on purpose often enough, is nobody's."""
        judged = case.subject.sides
        warned = judged | (set(Side) - OF_DEVICES)
        for finding in judge_transcript(case.recorder.events, case.usecase.uses_rules):
            if finding.side in (warned if finding.severity is Severity.WARN else judged):
                case.find(finding)
        excuse(case)


async def _keep_telling(guard: Guard) -> None:
    while True:
        guard.alive()
        await asyncio.sleep(BEAT_S)  # real time on purpose: the guard only exists on real wires


OF_DEVICES = {Side.VEHICLE, Side.STATION, Side.CSMS, Side.GATEWAY}
"""Each is a device's, or our own agent's where no device is there."""


def blame(problem: Exception, case: Case) -> tuple[Verdict, Side, str]:
    """Whose fault an exception is that ended a case's body."""
    text = f"{problem}" or type(problem).__name__
    if isinstance(problem, BenchError):
        return Verdict.ERROR, Side.BENCH, text
    verdict, where = (Verdict.INCONCLUSIVE, "preamble: ") if case.in_preamble else (Verdict.FAIL, "")
    side = getattr(problem, "side", None)
    if isinstance(side, Side):  # agents and device errors know whose fault they are
        return verdict, side, where + text
    if isinstance(problem, RemoteProtocolError):
        return verdict, _device_side(case), where + text
    if isinstance(problem, TimeoutError):
        return verdict, _device_side(case), f"{where}no end within the time of the case: {text}"
    return Verdict.ERROR, Side.BENCH, f"{type(problem).__name__}: {text}"


def _device_side(case: Case) -> Side:
    sides = case.subject.sides
    for side in (Side.PAIR, Side.STATION, Side.VEHICLE, Side.CSMS, Side.GATEWAY):
        if side in sides:
            return side
    return Side.UNKNOWN


def _longest_s(parameters: dict[str, Parameter] | object) -> float:
    durations = parameters.items() if isinstance(parameters, dict) else ()
    return CASE_S + 2 * sum(float(value) for name, value in durations if name.endswith("_s"))
