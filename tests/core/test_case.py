"""What a test case records, and whom it blames."""

import asyncio

import pytest

from harness.campaign.attempt import blame
from harness.case import Case, ExpectationMissed, PreambleMissed, Subject, eventually, expect, running, step
from harness.clock import Clock
from harness.iso15118.errors import RemoteProtocolError
from harness.lab import Device
from harness.limits import Limits, Setting, Tolerance, limits_from
from harness.ocpp.station_errors import NotSeen
from harness.transcript.recorder import Recorder
from harness.usecase import UseCase
from harness.verdict import DecisionRule, Finding, Kind, Measurement, Severity, Side, Source, Verdict

USECASE = UseCase("PF_X", "a case", "pair", "", frozenset(), ("Q03.FR.01",), ())
PAIR = Subject(Device(driver="vehicle.x", id="V"), Device(driver="charger.x", id="S"))


@pytest.fixture
async def case():
    with running(Case(USECASE, PAIR, Recorder(Clock()))) as one:
        yield one


async def test_a_case_in_which_nothing_went_wrong_passes(case):
    step("something happens")
    expect(3, equals=3, of="charger")
    assert (case.verdict, case.side, case.reason) == (Verdict.PASS, None, "")
    assert [text for _, text in case.steps] == ["something happens"]


async def test_a_missed_expectation_ends_the_case_and_names_the_side(case):
    with pytest.raises(ExpectationMissed):
        expect("Rejected", equals="Accepted", of="charger", named="status")
    assert (case.verdict, case.side) == (Verdict.FAIL, Side.STATION)
    assert case.reason == "status is 'Rejected', expected 'Accepted'"
    assert case.findings[0].requirement == "Q03.FR.01"


async def test_a_miss_in_the_preamble_says_nothing_about_the_case(case):
    with pytest.raises(PreambleMissed), case.preamble():
        expect(1, equals=2, of="vehicle")
    case.stopped = (Verdict.INCONCLUSIVE, Side.VEHICLE, "preamble")
    assert case.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("problem", [NotSeen("did not boot"), RemoteProtocolError("not EXI"), TimeoutError()])
async def test_what_a_device_does_wrong_in_the_preamble_is_inconclusive_and_after_it_a_fail(case, problem):
    with case.preamble():
        pass
    assert blame(problem, case)[0] is Verdict.FAIL
    with pytest.raises(type(problem)), case.preamble():
        raise problem
    verdict, side, reason = blame(problem, case)
    assert verdict is Verdict.INCONCLUSIVE
    assert side in (Side.STATION, Side.PAIR)
    assert reason.startswith("preamble: ")


async def test_a_case_decides_by_its_campaigns_rule():
    strict = Case(USECASE, PAIR, Recorder(Clock()), rule=DecisionRule.GUARDED_ACCEPTANCE)
    with running(strict) as case, pytest.raises(ExpectationMissed):
        expect(0.9, at_most=1.0, of="vehicle", unit="A", named="current", uncertainty=0.2)
    assert (case.verdict, case.side) == (Verdict.FAIL, Side.VEHICLE)
    assert (
        case.reason == "current is 0.9 A, allowed at most 1 A (our default), kept by more than its uncertainty of 0.2 A"
    )


async def test_power_outside_its_band_fails_and_near_its_edge_is_inconclusive(case):
    band = Tolerance(5.0, 100.0)
    expect(-10_200, near=-10_000, tolerance=band, of="charger", uncertainty=50)
    assert case.verdict is Verdict.PASS
    expect(-10_480, near=-10_000, tolerance=band, of="charger", uncertainty=50)
    assert case.verdict is Verdict.INCONCLUSIVE
    with pytest.raises(ExpectationMissed, match="allowed -10500 to -9500"):
        expect(10_000, near=-10_000, tolerance=band, of="charger", uncertainty=50)
    assert (case.verdict, case.side) == (Verdict.FAIL, Side.STATION)


async def test_findings_against_both_devices_are_charged_to_the_pair(case):
    for side in (Side.VEHICLE, Side.STATION):
        case.find(Finding("r", "V2G20-459", Severity.FAIL, side, "why"))
    assert case.side is Side.PAIR


async def test_what_the_bench_gets_wrong_is_an_error_and_no_fail(case):
    with pytest.raises(ExpectationMissed):
        expect(0, at_least=1, of="bench", named="power samples", unit="")
    assert (case.verdict, case.side) == (Verdict.ERROR, Side.BENCH)


async def test_a_warning_does_not_fail_a_case(case):
    case.find(Finding("r", "field", Severity.WARN, Side.VEHICLE, "seconds instead of microseconds"))
    assert case.verdict is Verdict.PASS


async def test_only_compatibility_findings_make_a_compatibility_verdict(case):
    case.find(
        Finding("r", "field", Severity.FAIL, Side.PAIR, "legal, but together they do not charge", Kind.COMPATIBILITY)
    )
    assert case.kind is Kind.COMPATIBILITY


async def test_an_allowed_help_makes_a_conditional_pass(case):
    case.help("the station toggled the pilot once")
    assert (case.verdict, case.reason) == (Verdict.CONDITIONAL_PASS, "the station toggled the pilot once")


async def test_what_never_happens_is_missed_after_its_time(case):
    with pytest.raises(ExpectationMissed, match="resumed: not within"):
        await eventually(lambda: False, within_s=0.02, every_s=0.01, of="vehicle", what="resumed")
    assert case.side is Side.VEHICLE


def test_step_outside_of_a_case_is_a_clear_error():
    with pytest.raises(LookupError, match="no test case is running"):
        step("alone")


def test_limits_know_their_source_and_refuse_unknown_names():
    limits = limits_from({"settling_s": {"value": 7, "source": "field", "reference": "campaign 2025"}, "unplug_w": 60})
    assert limits.settling_s == 7
    assert limits.settling_s.source is Source.FIELD
    assert limits.unplug_w.source is Source.OURS
    assert isinstance(Limits().settling_s, Setting)
    with pytest.raises(ValueError, match="did you mean 'settling_s'"):
        limits_from({"setling_s": 3})


async def test_measurements_reach_the_transcript_with_their_verdict(case):
    case.measure(Measurement("p", 1.0, "W", Tolerance(0, 1).around(1.0)))
    (event,) = [event for event in case.recorder.events if event.kind == "measurement"]
    assert event.data["verdict"] == "pass"
    assert event.data["limit"]["source"] == "our default"
    await asyncio.sleep(0)
