"""Bad links: every case that makes one finds the device that does not bear it, and nobody is charged with what we did."""

from pathlib import Path

import pytest

from harness.campaign.excuse import excuse
from harness.case import Case, Subject, running
from harness.clock import Clock
from harness.lab import Device
from harness.rules.judge import load_rules
from harness.transcript.recorder import Recorder
from harness.usecase import UseCase
from harness.verdict import Finding, Limit, Measurement, Severity, Side, Verdict
from tests.cases.rig import Rig

ROOT = Path(__file__).parents[2]
LAB = ROOT / "lab-configs" / "emulated-bench.yaml"
SHORT = {"outage_s": 90.0, "meter_s": 10, "dead_s": 60, "spoilt_s": 40}
TWINS = {
    "PF_NET_01": "offline-events-lost",
    "PF_NET_02": "never-reconnects",
    "PF_NET_03": "never-reconnects",
    "PF_NET_11": "needs-whole-segments",
    "PF_NET_12": "dies-on-an-undecodable-message",
    "PF_NET_13": "holds-contactor-for-the-silent",
}
USECASE = UseCase("PF_X", "a case", "pair", "", frozenset(), (), ())
PAIR = Subject(Device(driver="vehicle.x", id="V"), Device(driver="charger.x", id="S"))
IN_TIME = "iso15118-20/answer-in-time-charge-loop"
SIGN = "iso15118-20/station-discharge-limits-have-one-sign"


def verdicts(tmp_path, *cases, defects=(), impairment="none"):
    rig = Rig(tmp_path / "run", defects, lab=LAB, parameters=SHORT)
    return [(one.verdict, one.side, one.reason) for one in rig.run(*cases, impairment=impairment)]


def test_clean_devices_bear_every_bad_link(tmp_path):
    for verdict, _, reason in verdicts(tmp_path, *TWINS):
        assert verdict is Verdict.PASS, reason


@pytest.mark.parametrize(("case", "defect"), TWINS.items())
def test_a_device_that_does_not_bear_it_fails(tmp_path, case, defect):
    ((verdict, side, reason),) = verdicts(tmp_path, case, defects=(defect,))
    assert (verdict, side) == (Verdict.FAIL, Side.STATION), reason


def test_any_case_is_run_on_bad_links_and_a_real_fault_is_still_found_on_them(tmp_path):
    ((verdict, side, _),) = verdicts(tmp_path, "PF_NET_13", impairment="lte-poor")
    assert (verdict, side) == (Verdict.PASS, None)
    ((verdict, side, _),) = verdicts(
        tmp_path / "again", "PF_NET_13", impairment="lte-poor", defects=("holds-contactor-for-the-silent",)
    )
    assert (verdict, side) == (Verdict.FAIL, Side.STATION)


def test_what_no_device_can_bear_is_inconclusive_and_says_what_we_did(tmp_path):
    ((verdict, side, reason),) = verdicts(tmp_path, "PF_NET_13", impairment="half-open")
    assert (verdict, side) == (Verdict.INCONCLUSIVE, Side.BENCH)
    assert "we impaired the V2G link ourselves (swallowed" in reason


@pytest.fixture
async def case():
    load_rules()
    with running(Case(USECASE, PAIR, Recorder(Clock()))) as one:
        yield one


def judged(case, effect, rule, **details):
    case.recorder.record("network", "network", "vehicle", "charger", what=effect, **details)
    event = case.recorder.record("v2g", "v2g.frame", "charger", "vehicle")
    case.find(Finding(rule, "V2G20-443", Severity.FAIL, Side.STATION, "why", events=(event.number,)))
    excuse(case)
    return case.verdict, case.side


@pytest.mark.parametrize(
    ("effect", "rule", "link", "verdict"),
    [
        ("held", IN_TIME, "v2g", Verdict.PASS),
        ("held", IN_TIME, "ocpp", Verdict.FAIL),
        ("held", SIGN, "v2g", Verdict.FAIL),
        ("spoilt", SIGN, "v2g", Verdict.PASS),
        ("profile", IN_TIME, "v2g", Verdict.FAIL),
    ],
)
async def test_only_what_was_done_to_the_same_link_and_could_break_it_excuses(case, effect, rule, link, verdict):
    assert judged(case, effect, rule, link=link, for_s=0.4)[0] is verdict


async def test_a_case_on_bad_links_that_decides_nothing_else_is_inconclusive(case):
    case.parameters = {"impairment": "plc-noisy"}
    assert judged(case, "held", IN_TIME, link="v2g", for_s=0.4) == (Verdict.INCONCLUSIVE, Side.BENCH)
    assert "we impaired the V2G link ourselves (held for 0.4 s" in case.reason


async def test_a_measurement_missed_on_bad_links_decides_nothing_either(case):
    case.parameters = {"impairment": "plc-noisy"}
    case.recorder.record("network", "network", "vehicle", "charger", what="held", link="v2g", for_s=0.4)
    now_s = case.recorder.clock.now_s()
    case.find(Finding("PF_X", "our default", Severity.FAIL, Side.STATION, "settling is 9 s", events=(1,)))
    case.measurements.append(Measurement("settling", 9.0, "s", Limit(high=5.0), side=Side.STATION, at_s=now_s))
    excuse(case)
    assert (case.verdict, case.side) == (Verdict.INCONCLUSIVE, Side.BENCH)
    assert "settling is 9 s" in case.reason
