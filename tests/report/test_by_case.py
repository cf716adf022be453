"""The chapter by case, the charts of a group, and the table of limits, from a few records."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.campaign.records import Attempt, Pair, Planned, Result
from harness.verdict import Finding, Limit, Measurement, Severity, Side, Source, Verdict
from reports.anonymise import Level, Names
from reports.document import AttemptRow, CaseRow, CellRow, LimitRow, MeasurementRow, ShareRow, TallyRow
from reports.exceptions import exceptions
from reports.findings import gather
from reports.group import group_figures
from reports.limit_table import limit_lines
from reports.tell import measured_text
from reports.timeline import Curve, Entry, Timeline

NAMES = Names(Level.INTERNAL)


def result(case: str, vehicle: str, verdict: Verdict, reason: str = "", *findings: Finding) -> Result:
    pair = Pair(vehicle, "S-01")
    attempt = Attempt(f"{case}-{vehicle}", case, pair, 1, 0, "virtual", verdict=verdict, side=Side.VEHICLE,
                      reason=reason, ended_utc_us=1, findings=findings)  # fmt: skip
    return Result(Planned(case, pair), "", (attempt,))


def missed(case: str, reason: str) -> Finding:
    return Finding(case, f"published: {case}", Severity.FAIL, Side.VEHICLE, reason)


def test_results_that_say_the_same_but_for_their_figures_are_one_exception():
    told = exceptions(
        [
            result("AC-03", "V-1", Verdict.FAIL, "7.05 A, at most 6.5 A"),
            result("AC-03", "V-2", Verdict.FAIL, "7.12 A, at most 6.5 A"),
            result("AC-03", "V-3", Verdict.FAIL, "no current"),
            result("AC-03", "V-4", Verdict.PASS),
            Result(Planned("AC-03", Pair("V-5", "S-01")), "it has one phase", ()),
            Result(Planned("AC-03", Pair("V-6", "S-01")), "", ()),
        ],
        NAMES,
        "last",
    )
    assert [(one.verdict, one.results, one.reason) for one in told] == [
        ("fail", 2, "7.05 A, at most 6.5 A (and alike)"),
        ("fail", 1, "no current"),
        ("not_applicable", 1, "it has one phase"),
    ]
    assert told[0].pairs == ("V-1 with S-01", "V-2 with S-01")


def test_exceptions_beyond_the_first_kinds_are_counted():
    kinds = ("a", "b", "c", "d", "e", "f", "g")
    told = exceptions([result("X", f"V-{kind}", Verdict.FAIL, kind * 3) for kind in kinds], NAMES, "last")
    assert sum(one.results for one in told) == 7
    assert (told[-1].verdict, told[-1].results) == ("", 2)


def test_an_expectation_that_several_cases_have_is_one_finding():
    reason = "the station ended the transaction"
    rows = gather(
        [result(case, "V-1", Verdict.FAIL, reason, missed(case, reason)) for case in ("AC-09", "AC-10", "AC-12")]
        + [result("AC-13", "V-1", Verdict.FAIL, "no current", missed("AC-13", "no current"))],
        NAMES,
        "last",
    ).rows
    assert [(row.text, row.cells, row.cases) for row in rows] == [
        (reason, 3, ("AC-09", "AC-10", "AC-12")),
        ("no current", 1, ("AC-13",)),
    ]
    assert rows[0].requirement == "published: AC-09, published: AC-10, published: AC-12"


def test_each_case_has_a_section_with_share_bar_exceptions_and_traces(made):
    page = (made / "report.html").read_text()
    sections = re.findall(r'<article class="case".*?</article>', page, re.S)
    assert len(sections) == 9
    pause = next(one for one in sections if "PF_PAUSE_20" in one)
    assert "3/5" in pause or "fewer than 5" in pause or "of decided" in pause
    assert "no wake-up within 60 s of the end of the pause" in pause
    assert "Verdicts of PF_PAUSE_20" in pause
    assert pause.count('class="trace"') == 2
    assert len(set(re.findall(r'<pattern id="([^"]+)"', page))) == len(re.findall(r'<pattern id="', page))


# Charts


def measurement(name: str, value: float | None, unit: str, low=None, high=None, verdict="pass") -> MeasurementRow:
    return MeasurementRow(name, value, unit, low, high, "our default", "", 0.0, verdict, "vehicle", "")


def row(number: int, *measurements: MeasurementRow, verdict: str = "pass") -> AttemptRow:
    return AttemptRow(f"a-{number}", 1, "", 1.0, "virtual", verdict, "", "", "", "", {}, (), (), measurements, (),
                      (object(),))  # fmt: skip


def document(made_of, attempts, case="AC-12"):
    cells = tuple(CellRow(case, f"V-{n}", "S-01", one.verdict, "", "", "", one.id, (one,)) for n, one in
                  enumerate(attempts))  # fmt: skip
    return replace(made_of, cells=cells, comparison=None)


@pytest.fixture
def empty(run):
    from reports.load import load
    from reports.tell import tell

    return tell(load([run]), NAMES)


def figures(told, read=lambda _: Timeline()):
    return {one.name: one for one in group_figures(told, read)}


def test_vehicles_that_never_resume_are_censored_and_told(empty):
    times = [measurement("time until current flows again", 4.0, "s", None, 60.0) for _ in range(6)]
    never = measurement("time until current flows again", None, "s", None, 60.0, "inconclusive")
    drawn = figures(document(empty, [row(n, one) for n, one in enumerate([*times, never, never])]))
    chart = drawn["distribution-0"]
    assert "2 of 8 never within the time observed" in chart.caption
    assert "95th percentile never" in chart.caption
    assert "6 reacted, 2 had not" in chart.svg


def test_offered_against_drawn_shows_the_band_of_both_limits(empty):
    offers = [
        row(n, measurement(f"largest current at an offer of {offer} A", drawn, "A", None, offer + 0.5, verdict))
        for n, (offer, drawn, verdict) in enumerate([(6, 6, "pass"), (10, 10, "pass"), (16, 16, "pass"),
                                                     (20, 16, "pass"), (6, 7.1, "fail")])
    ]  # fmt: skip
    svg = figures(document(empty, offers))["tracking-offer"].svg
    assert svg.count("<circle") == 4
    assert svg.count('stroke="#b3261e"') == 2, "the one above its offer is a cross"
    assert svg.count('fill="#e3ebf3"') == 4, "a band an offer"


def timeline(powers, *, dc=0.0, state="C") -> Timeline:
    ac = Curve("power_analyser", "active_w", tuple((float(at), power) for at, power in enumerate(powers)))
    other = Curve("power_analyser", "dc_power_w", tuple((float(at), dc * power) for at, power in enumerate(powers)))
    return Timeline((Entry(1, 0.0, "control_pilot", "", "", f"{state}: 53.3"),), (ac, other))


def test_noise_on_the_other_side_of_the_analyser_is_no_efficiency(empty):
    told = document(empty, [row(n) for n in range(8)])
    assert "efficiency" not in figures(told, lambda _: timeline([3_000.0] * 5, dc=0.001))
    assert "efficiency" in figures(told, lambda _: timeline([3_000.0] * 5, dc=0.95))


def test_the_funnel_prefers_no_charger_and_says_that_it_is_a_sample(empty):
    """189 attempts, every third with a charger that ends the session: a sample of every third would show none or all."""
    attempts = [row(n) for n in range(189)]
    resumes, stops = timeline([0, 3_000, 0, 3_000]), timeline([0, 3_000, 0, 0])
    told = document(empty, attempts, next(case.id for case in empty.cases if "PAUSE" in case.id))
    chart = figures(told, lambda attempt: stops if int(attempt[2:]) % 3 == 0 else resumes)["funnel"]
    assert "in a sample of 60 of 189 attempts" in chart.caption
    again = int(re.search(r"energy again: (\d+) of 60", chart.svg)[1])
    assert 30 <= again <= 50
    assert "ready: 60 of 60" in chart.svg


def test_steps_are_aligned_at_the_first_change_of_the_offer(empty):
    offers = Curve("control_pilot", "offered_a", ((0.0, 0.0), (5.0, 16.0), (30.0, 6.0)))
    drawn = Curve("power_analyser", "current_a", tuple((at / 2, 16.0 if at < 64 else 6.0) for at in range(100)))
    chart = figures(document(empty, [row(n) for n in range(6)]), lambda _: Timeline((), (offers, drawn)))["steps-offer"]
    assert "6 attempts" in chart.caption
    assert "current in A" in chart.svg


# Limits


def test_limits_that_differ_only_in_figures_are_one_line():
    limits = tuple(
        LimitRow(f"largest current at an offer of {offer} A", "A", None, offer + 0.5, "published", "a study", 3, 5.0, 6.0 + offer)
        for offer in (6, 10, 16)
    )  # fmt: skip
    other = LimitRow("time to start", "s", None, 60.0, "our default", "", 2, 4.0, 5.0)
    tally = TallyRow(1, {"pass": 1}, ShareRow(1, 1, 0.2, 1.0, "1/1"))
    case = CaseRow("AC-07", "", "", "", "", "", (), False, (), (*limits, other), tally, (), "", "")
    first, second = limit_lines([case])
    assert (first.name, first.high, first.values, first.largest) == (
        "largest current at an offer of … A",
        "6.5 to 16.5",
        "9",
        "22",
    )
    assert (second.name, second.high, second.source) == ("time to start", "60", "our default")


def test_a_measurement_without_a_value_says_so_and_keeps_its_limit():
    never = Measurement("time to start", None, "s", Limit(None, 60.0, Source.OURS), 0.0, Side.VEHICLE)
    assert measured_text(never) == "no value; limit at most 60 s"
