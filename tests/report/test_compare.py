"""Before and after: regressions first, counts that add up, refusal where nothing is common."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import synthetic

from harness.campaign.records import Campaign
from harness.verdict import Verdict
from reports import ReportError, make_report


@pytest.fixture
def earlier(tmp_path, monkeypatch):
    """The same campaign before an update: the pause failed with both, what fails at cs-43 today still passed."""
    truth = synthetic.truth

    def older(case, pair):
        if case == "PF_Q04_01":
            return Verdict.PASS
        return Verdict.FAIL if case == "PF_PAUSE_20" else truth(case, pair)

    monkeypatch.setattr(synthetic, "truth", older)
    return synthetic.build(tmp_path / "earlier", campaign=Campaign("2025-11-01", "Earlier", origin="b3"))


def test_regressions_are_named_and_mcnemar_counts_them(run, earlier, tmp_path):
    make_report([run], tmp_path / "out", baseline=earlier)
    told = json.loads((tmp_path / "out" / "report.json").read_text())["comparison"]
    rows = {row["case"]: row for row in told["rows"]}
    assert told["baseline"] == "2025-11-01"
    assert (rows["PF_Q04_01"]["worsened"], rows["PF_Q04_01"]["improved"]) == (3, 0)
    assert rows["PF_Q04_01"]["probability"] == pytest.approx(0.25)
    assert (rows["PF_PAUSE_20"]["worsened"], rows["PF_PAUSE_20"]["improved"]) == (0, 4)
    assert told["overall"]["worsened"] == len(told["regressions"]) == 3
    assert all("cs-43" in line for line in told["regressions"])
    assert told["rows"][0]["case"] == "PF_Q04_01"
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.index("Regressions:") < page.index("Vehicles and chargers")
    assert "3 worse, 4 better" in page


def test_campaigns_without_a_common_cell_are_not_compared(run, tmp_path):
    other = synthetic.build(tmp_path / "other", cases=[replace(synthetic.CASES[0], id="ANOTHER")])
    with pytest.raises(ReportError, match="nothing can be compared"):
        make_report([run], tmp_path / "out", baseline=other)


def test_junit_counts_what_the_report_counts(made):
    counts = json.loads((made / "report.json").read_text())["total"]["counts"]
    suites = ElementTree.parse(made / "report.junit.xml").getroot()
    assert sum(int(suite.get("tests")) for suite in suites) == sum(counts.values())
    assert sum(int(suite.get("failures")) for suite in suites) == counts["fail"] + counts["inconclusive"]
    assert sum(int(suite.get("skipped")) for suite in suites) == counts["not_applicable"]
    failure = suites.find(".//testcase[@classname='PF_Q04_01']/failure")
    assert failure.get("message") == "station: the discharge setpoint was accepted and not followed"
