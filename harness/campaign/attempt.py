"""One attempt from preamble to verdict: whatever happens in between, it ends with a result and a safe bench."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from drivers.errors import BenchError, DeviceError
from harness.bench import Bench
from harness.campaign.run import Run
from harness.case import Case, CaseStop, PreambleMissed, Subject, running
from harness.iso15118.errors import RemoteProtocolError
from harness.rules.judge import judge_transcript
from harness.usecase import Parameter, UseCase
from harness.verdict import Severity, Side, Verdict

CASE_S = 120.0
"""Longest time for a case besides the durations in its parameters (our default)."""


class AttemptRunner:
    """Runs attempts of cases on one bench and adds their results to one run."""

    def __init__(self, run: Run, bench: Bench) -> None:
        self.run = run
        self.bench = bench

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
        case = Case(usecase, subject, self.run.recorder(attempt, clock), parameters)
        case.recorder.record("case", "case", what="begin", id=usecase.id, parameters=parameters, subject=subject.name)
        exit_reason = "completed"
        try:
            with running(case):
                await self._perform(case, body)
        except asyncio.CancelledError:
            case.stopped = (Verdict.ABORTED, Side.BENCH, "stopped by the operator")
            exit_reason = "interrupted"
            raise
        finally:
            await self._leave_safe(case)
            self._judge(case)
            case.recorder.record("case", "case", what="end", id=usecase.id, verdict=case.verdict, side=case.side)
            self.run.finish(attempt, case, exit_reason)
        return case

    async def _perform(self, case: Case, body: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(_longest_s(case.parameters)):
                await self.bench.prepare(case.subject, case.recorder)
                await body()
        except PreambleMissed as missed:
            case.stopped = (Verdict.INCONCLUSIVE, case.findings[-1].side, f"preamble: {missed}")
        except CaseStop:
            pass  # its finding says all
        except Exception as problem:
            case.stopped = blame(problem, case)

    async def _leave_safe(self, case: Case) -> None:
        try:
            await self.bench.settle()
        except Exception as problem:
            case.stopped = (Verdict.ERROR, Side.BENCH, f"the bench could not be made safe: {problem}")

    def _judge(self, case: Case) -> None:
        """Let the rules read the transcript. Only sides that are devices of others here can be at fault."""
        for finding in judge_transcript(case.recorder.events, case.usecase.uses_rules):
            if finding.side in case.subject.sides or finding.severity is Severity.WARN:
                case.find(finding)


def blame(problem: Exception, case: Case) -> tuple[Verdict, Side, str]:
    """Whose fault an exception is that ended a case's body."""
    text = f"{problem}" or type(problem).__name__
    if isinstance(problem, BenchError):
        return Verdict.ERROR, Side.BENCH, text
    if isinstance(problem, DeviceError):
        return (Verdict.INCONCLUSIVE if case.in_preamble else Verdict.FAIL), problem.side, text
    if isinstance(problem, RemoteProtocolError):
        return Verdict.FAIL, _device_side(case), text
    if isinstance(problem, TimeoutError):
        return Verdict.FAIL, _device_side(case), f"no end within the time of the case: {text}"
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
