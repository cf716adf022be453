"""The bench knows when it was late itself, and charges nobody with what that breaks."""

import asyncio
import time

import pytest

from harness.campaign.excuse import excuse
from harness.case import Case, ExpectationMissed, Subject, running
from harness.clock import Clock, TimeMode, end_task, new_loop
from harness.lab import Device
from harness.lag import BOUND_S, CALM_S, CALM_WITHIN_S, REACH_S, Calm, beat, late_beats
from harness.rules.judge import load_rules
from harness.transcript.recorder import Recorder
from harness.usecase import UseCase
from harness.verdict import Finding, Limit, Measurement, Severity, Side, Verdict

USECASE = UseCase("PF_X", "a case", "pair", "", frozenset(), (), ())
PAIR = Subject(Device(driver="vehicle.x", id="V"), Device(driver="charger.x", id="S"))
TIMED = "iso15118-20/answer-in-time-charge-loop"
BY_CONTENT = "iso15118-20/station-discharge-limits-have-one-sign"


@pytest.fixture
async def case():
    load_rules()
    with running(Case(USECASE, PAIR, Recorder(Clock()))) as one:
        yield one


def late(case, by_s=0.4, at_s=None):
    due_s = case.recorder.clock.now_s() if at_s is None else at_s
    case.recorder.record("bench", "bench", what="late", process="charger_unit", due_s=due_s, late_s=by_s)


def settled_s(case):
    return case.recorder.clock.now_s() + 0.5


def found(case, rule):
    event = case.recorder.record("v2g", "v2g.frame", "charger", "vehicle")
    case.find(Finding(rule, "V2G20-443", Severity.FAIL, Side.STATION, "too late", events=(event.number,)))


async def test_a_loop_that_is_blocked_tells_how_late_it_was():
    told = []
    beating = asyncio.create_task(beat(lambda due_s, late_s: told.append(late_s)))
    await asyncio.sleep(0.12)
    time.sleep(0.3)
    await asyncio.sleep(0.05)
    beating.cancel()
    assert any(late_s > BOUND_S and late_s > 0.2 for late_s in told)


def resting(story):
    async def whole():
        return await story(Clock(), Calm())

    loop = new_loop(TimeMode.VIRTUAL)
    try:
        return loop.run_until_complete(whole())
    finally:
        loop.close()


def test_a_first_attempt_waits_until_a_busy_computer_has_come_to_rest():
    async def story(clock, calm):
        async def others():
            for _ in range(10):
                calm.disturbed(clock.now_s())
                await clock.sleep(0.6)

        starting = asyncio.ensure_future(others())
        await clock.sleep(0.1)
        await calm.wait(clock)
        await starting
        return clock.now_s()

    assert resting(story) == pytest.approx(9 * 0.6 + CALM_S)


def test_a_computer_at_rest_is_not_waited_for_and_one_that_never_rests_not_for_ever():
    async def story(clock, calm):
        await calm.wait(clock)
        at_rest_s = clock.now_s()

        async def for_ever():
            while True:
                calm.disturbed(clock.now_s())
                await clock.sleep(0.5)

        busy = asyncio.ensure_future(for_ever())
        await clock.sleep(0.1)
        await calm.wait(clock)
        await end_task(busy)
        return at_rest_s, clock.now_s()

    at_rest_s, busy_s = resting(story)
    assert at_rest_s == 0.0
    assert busy_s == pytest.approx(0.1 + CALM_WITHIN_S)


async def test_a_timing_missed_near_a_late_beat_is_the_benchs_error_with_the_figure(case):
    late(case)
    found(case, TIMED)
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.ERROR, Side.BENCH)
    assert "charger_unit ran 0.40 s late" in case.reason
    assert "allowed 0.1 s" in case.reason


async def test_what_a_message_says_stays_its_senders_however_late_the_bench_was(case):
    late(case)
    found(case, BY_CONTENT)
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.FAIL, Side.STATION)


async def test_a_timing_missed_long_after_a_late_beat_stays_the_devices(case):
    late(case, at_s=-REACH_S - 1.0)
    found(case, TIMED)
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.FAIL, Side.STATION)


async def test_measurements_and_torn_sessions_are_excused_alike(case):
    late(case)
    now_s = case.recorder.clock.now_s()
    case.measurements.append(Measurement("settling", 9.0, "s", Limit(high=5.0), side=Side.STATION, at_s=now_s))
    case.stopped = (Verdict.FAIL, Side.STATION, "the link was closed")
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.ERROR, Side.BENCH)
    assert case.measurements[0].side is Side.BENCH


async def test_a_beat_that_is_late_by_little_beside_the_wait_excuses_nothing(case):
    case.steps.append((case.recorder.clock.now_s() - 10.0, "the CSMS asks for -5 kW"))
    late(case, by_s=0.4)
    with pytest.raises(ExpectationMissed):
        case.measure(Measurement("power", 5000.0, "W", Limit(high=0.0), side=Side.STATION, at_s=settled_s(case)))
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.FAIL, Side.STATION)


async def test_a_connection_lost_after_a_late_beat_is_the_benchs_however_long_the_wait_was(case):
    case.steps.append((case.recorder.clock.now_s() - 10.0, "the CSMS asks for -5 kW"))
    late(case, by_s=0.4)
    case.recorder.record("v2g", "v2g.link", "charger", "", what="closed", session=1)
    with pytest.raises(ExpectationMissed):
        case.measure(Measurement("power", 0.0, "W", Limit(high=-4500.0), side=Side.STATION, at_s=settled_s(case)))
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.ERROR, Side.BENCH)


async def test_a_punctual_bench_changes_nothing(case):
    found(case, TIMED)
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.FAIL, Side.STATION)
    assert late_beats(case.recorder.events) == []
