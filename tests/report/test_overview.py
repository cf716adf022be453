"""The overview counts what the report counts, without loading it."""

from __future__ import annotations

import json

import duckdb
import pytest

from harness.campaign.parquet import export
from harness.campaign.store import Store
from reports import ReportError
from reports.overview import count, make_overview


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parquet")
    with Store.open(run / "store.sqlite", readonly=True) as store:
        export(store, folder)
    return folder


def test_every_attempt_and_every_cell_without_one_is_a_row(exported):
    rows = duckdb.sql(f"SELECT verdict, count(*) FROM '{exported}/results.parquet' GROUP BY ALL").fetchall()
    assert dict(rows) == {"pass": 44, "fail": 8, "conditional_pass": 1, "inconclusive": 1, "not_applicable": 2}
    (row,) = duckdb.sql(
        f"SELECT value, low, high, source FROM '{exported}/measurements.parquet' WHERE name = 'current at release' LIMIT 1"
    ).fetchall()
    assert row == (0.4, None, 1.0, "standard")


def test_the_overview_tells_the_same_numbers_as_the_report(exported, made):
    told = count([f"{exported}/results.parquet"], title="All")
    report = json.loads((made / "report.json").read_text())
    assert told.total.counts == report["total"]["counts"]
    assert told.total.share.text == report["total"]["share"]["text"]
    assert {row.name: row.tally.counts for row in told.cases} == {
        row["id"]: row["tally"]["counts"] for row in report["cases"]
    }
    assert told.reasons[0] == ("PF_Q04_01", "station", "the discharge setpoint was accepted and not followed", 3)


@pytest.mark.parametrize("rule", ["first", "last", "best", "worst"])
def test_the_attempt_rule_decides_which_attempt_of_a_cell_counts(tmp_path, rule):
    duckdb.sql(
        """COPY (SELECT 'c' AS campaign, 'A' AS case_id, 'v' AS vehicle, 's' AS charger, 'a' || n AS attempt, n AS number,
        v AS verdict, '' AS side, '' AS reason, e AS exit_reason FROM (VALUES (0, 'aborted', 'interrupted'),
        (1, 'inconclusive', ''), (2, 'fail', ''), (3, 'pass', ''), (4, 'aborted', 'interrupted')) t(n, v, e))
        TO '"""
        + str(tmp_path / "results.parquet")
        + "' (FORMAT parquet)"
    )
    (verdict,) = count([f"{tmp_path}/*.parquet"], title="x", attempt_rule=rule).total.counts
    assert verdict == {"first": "inconclusive", "last": "pass", "best": "pass", "worst": "fail"}[rule]


def test_made_again_it_has_the_same_octets_and_hostile_text_stays_text(exported, tmp_path):
    one, two = (make_overview([f"{exported}/results.parquet"], tmp_path / n, title="<b>x</b>\u202e") for n in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    page = one[0].read_text()
    assert "&lt;b&gt;x&lt;/b&gt;⟨U+202E⟩" in page
    assert "\u202e" not in page


def test_nothing_to_count_and_an_unknown_rule_are_refused(tmp_path, exported):
    with pytest.raises(ReportError, match="export the stores first"):
        count([f"{tmp_path}/*.parquet"], title="x")
    with pytest.raises(ReportError, match="is not one of first, last"):
        count([f"{exported}/results.parquet"], title="x", attempt_rule="nicest")


def test_a_million_results_are_told_without_loading_them(tmp_path):
    duckdb.sql(
        f"""COPY (SELECT 'big' AS campaign, 'AC-' || (i % 50) AS case_id, 'v' || (i // 50 % 1000) AS vehicle,
        's' || (i // 50000) AS charger, 'b-' || i AS attempt, 1 AS number,
        CASE WHEN i % 17 = 0 THEN 'fail' ELSE 'pass' END AS verdict,
        CASE WHEN i % 17 = 0 THEN 'vehicle' ELSE '' END AS side,
        CASE WHEN i % 17 = 0 THEN 'late' ELSE '' END AS reason, '' AS exit_reason
        FROM range(1000000) t(i)) TO '{tmp_path}/results.parquet' (FORMAT parquet)"""
    )
    make_overview([f"{tmp_path}/results.parquet"], tmp_path / "out", title="A million")
    told = json.loads((tmp_path / "out" / "overview.json").read_text())
    assert told["total"]["counts"] == {"pass": 941_176, "fail": 58_824}
    assert told["pairs"] == 20_000
    assert (tmp_path / "out" / "overview.html").stat().st_size < 500_000
