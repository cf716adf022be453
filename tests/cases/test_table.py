"""The suite as declared: names, titles, both roles, and what the table refuses."""

from __future__ import annotations

import re

import pytest

from harness.campaign.catalogue import load_cases
from testcases.iso15118_20.table import for_each, row

CASES = load_cases(["iso15118_20"])


def test_there_are_at_least_160_cases_and_at_least_60_of_each_side():
    sides = [case.sut for case in CASES]
    assert len(sides) >= 160
    assert min(sides.count("charger"), sides.count("vehicle")) >= 60


def test_every_case_is_named_after_the_side_under_test_its_mode_and_its_message():
    side = {"charger": "SECC", "vehicle": "EVCC"}
    wrong = [
        one.id
        for one in CASES
        if not re.fullmatch(rf"TC_{side[one.sut]}_(CMN|(AC|DC|MCS)(_BPT)?)_VTB_[A-Z0-9][A-Za-z0-9]+_\d{{3}}", one.id)
    ]
    assert wrong == []


def test_no_two_cases_of_a_side_and_mode_have_the_same_title_and_none_has_a_brace_left():
    titles = [(case.id.partition("_VTB_")[0], case.title) for case in CASES]
    assert sorted({one for one in titles if titles.count(one) > 1}) == []
    assert [title for _, title in titles if "{" in title] == []


def test_the_mode_in_a_name_is_a_capability_that_the_case_requires():
    modes = {case.id: case.id.partition("_VTB_")[0].split("_", 2)[2].lower() for case in CASES}
    assert [case.id for case in CASES if modes[case.id] not in {"cmn", *case.requires}] == []


def test_two_rows_of_one_name_are_refused():
    async def story(evcc, *, what):
        """A case about {what}"""

    twice = [row(CASES[0].id, what="something else")]
    with pytest.raises(ValueError, match="two test cases are called"):
        for_each(twice, into={}, sut="charger")(story)
