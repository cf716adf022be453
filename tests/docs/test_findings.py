"""The findings page about the foreign stack is whole, and the check that compares it with runs can fail."""

import json

import pytest

from harness.campaign.catalogue import load_cases
from tests.foreign import explained


@pytest.fixture
def page():
    return explained.PAGE.read_text()


def test_each_listed_case_exists_and_rests_on_a_finding_of_the_page(page):
    listed = explained.listed(page)
    assert len(listed) > 50
    assert {case for case, _ in listed} <= {one.id for one in load_cases(["iso15118_20"])}
    findings = explained.FINDING.findall(page)
    assert len(findings) == len(set(findings))
    assert {number for numbers in listed.values() for number in numbers} <= set(map(int, findings))


def ran(folder, *cells):
    (folder / "report").mkdir(parents=True)
    told = [{"case": case, "vehicle": "harness", "charger": device, "verdict": verdict} for case, device, verdict in cells]
    (folder / "report" / "report.json").write_text(json.dumps({"cells": told}))
    return str(folder)


def test_a_run_whose_fails_are_listed_is_explained_and_any_other_is_not(tmp_path, page, capsys):
    case, device = next(iter(explained.listed(page)))
    known = ran(tmp_path / "known", (case, device, "fail"), ("TC_SECC_X", device, "pass"))
    assert explained.main([known]) == 0
    other = ran(tmp_path / "other", ("TC_SECC_X", device, "fail"))
    assert explained.main([known, other]) == 1
    assert "not explained: TC_SECC_X" in capsys.readouterr().out
    late = ran(tmp_path / "late", (case, device, "error"))
    assert explained.main([late]) == 1
    again = ran(tmp_path / "again", (case, device, "pass"))
    assert explained.main([late, again]) == 0
    assert f"passed though it is listed: {case}" in capsys.readouterr().out
