"""The report says what the records say, the same in every format, and the same every time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zlib
from base64 import b64decode
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import synthetic

from harness.campaign.records import Campaign, Pair
from harness.campaign.statistics import Share
from harness.verdict import Verdict
from reports import ReportError, make_report, make_sheets

RIGHT_TO_LEFT = "\u202e"
HOSTILE = (
    "<script>alert(1)</script>\"'<img src=x onerror=alert(2)></script><!--"
    f'{RIGHT_TO_LEFT}drow#panic("typst")[*b*]$x$\\u{{41}}\x00\x1b]0;title\x07{{{{7*7}}}}\u2066\u200b名前'
)


def document(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())


def text_of_pdf(folder: Path) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    return subprocess.run(["pdftotext", "-layout", folder / "report.pdf", "-"], capture_output=True, text=True).stdout


def chunks_of(page: str) -> list[list]:
    packed = re.findall(r'<script type="text/plain" id="chunk-\d+">([^<]*)</script>', page)
    return [json.loads(zlib.decompress(b64decode(chunk))) for chunk in packed]


def test_every_cell_has_the_verdict_that_is_known_to_be_true(made):
    for cell in document(made)["cells"]:
        truth = synthetic.truth(cell["case"], Pair(cell["vehicle"], cell["charger"]))
        assert cell["verdict"] == truth, cell


def test_planned_is_the_sum_of_all_verdicts_in_total_and_for_each_case_and_unit(made):
    told = document(made)
    for tally in (told["total"], *(row["tally"] for row in (*told["cases"], *told["units"]))):
        assert tally["planned"] == sum(tally["counts"].values())
    assert told["total"]["planned"] == 9 * 6
    assert Counter(cell["verdict"] for cell in told["cells"]) == told["total"]["counts"]


def test_shares_count_decided_results_only_and_stand_with_their_interval(made):
    told = document(made)
    counts = told["total"]["counts"]
    decided = counts["pass"] + counts["conditional_pass"] + counts["fail"]
    share = told["total"]["share"]
    assert (share["passed"], share["tested"]) == (counts["pass"], decided)
    assert share["text"] == str(Share(counts["pass"], decided))


def test_html_pdf_and_json_tell_the_same_numbers(made):
    told = document(made)
    page = (made / "report.html").read_text()
    printed = re.sub(r"\s+", " ", text_of_pdf(made))
    for row in (*told["cases"], {"tally": told["total"]}):
        text = row["tally"]["share"]["text"]
        assert text in page
        assert text.split(" (")[0] in printed
    assert told["identification"]["data_hash"] in page


def test_findings_are_charged_to_the_side_at_fault(made):
    told = {row["rule"]: row for row in document(made)["findings"]}
    assert {rule: row["side"] for rule, row in told.items()} == {
        "rule/pf_pause_20": "vehicle",
        "rule/pf_q04_01": "station",
        "rule/pf_v2g_05": "pair",
        "PF_UNPLUG": "unknown",
        "ocpp/late-meter-values": "station",
    }
    assert told["rule/pf_q04_01"]["units"]["passed"] == 1
    assert told["rule/pf_q04_01"]["units"]["tested"] == 2
    assert told["PF_UNPLUG"]["severity"] == "inconclusive"
    assert told["ocpp/late-meter-values"]["severity"] == "warn"


def test_a_combination_that_fails_although_both_pass_elsewhere_is_a_pair_effect(made):
    (effect,) = document(made)["pair_effects"]
    assert (effect["case"], effect["vehicle"], effect["charger"]) == ("PF_V2G_05", "car-21", "cs-43")


def test_all_attempts_are_listed_and_the_last_one_counts(made):
    cell = next(
        cell
        for cell in document(made)["cells"]
        if (cell["case"], cell["vehicle"], cell["charger"]) == ("PF_PAUSE_20", "car-18", "cs-42")
    )
    assert [attempt["number"] for attempt in cell["attempts"]] == [1, 2]


def test_every_verdict_of_an_attempt_has_evidence_with_a_hash(made):
    for cell in document(made)["cells"]:
        for attempt in cell["attempts"]:
            assert attempt["evidence"]
            assert all(len(file["sha256"]) == 64 for file in attempt["evidence"])


def test_limits_stand_with_their_source_and_ours_are_marked_as_ours(made):
    page = (made / "report.html").read_text()
    assert "our default" in page
    assert "standard</span> <bdi>IEC 61851-1</bdi>" in page


def test_made_again_the_files_have_the_same_octets(run, made, tmp_path):
    for path in make_report([run], tmp_path):
        assert path.read_bytes() == (made / path.name).read_bytes(), path.name


def test_the_page_needs_nothing_from_anywhere(made):
    found: list[tuple[str, str]] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend((tag, value or "") for name, value in attrs if name in ("src", "href", "action", "srcset"))

    page = (made / "report.html").read_text()
    Links().feed(page)
    assert found
    assert all(value.startswith("#") for _, value in found)
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_the_drill_down_holds_steps_messages_and_curves_of_an_attempt(made):
    chunk, *_ = chunks_of((made / "report.html").read_text())
    attempt = chunk[0][0]
    titles = [entry["title"] for entry in attempt["timeline"]["entries"]]
    assert "call BootNotification" in titles
    assert "call UpdateDynamicSchedule" in titles
    assert {curve["name"] for curve in attempt["timeline"]["curves"]} == {"setpoint_w", "active_w", "dc_power_w"}
    assert [one["name"] for one in attempt["measurements"]] == ["settled power", "settling time", "current at release"]


def test_the_pdf_says_that_it_is_pdf_a_and_carries_no_day_of_printing(made):
    octets = (made / "report.pdf").read_bytes()
    assert b"pdfaid:part" in octets
    if shutil.which("pdfinfo"):
        told = subprocess.run(["pdfinfo", made / "report.pdf"], capture_output=True, text=True).stdout
        assert re.search(r"CreationDate:.*Nov 23.*2026", told)


def test_hostile_strings_are_text_in_every_format(tmp_path):
    run = synthetic.build(tmp_path / "run", hostile=HOSTILE)
    make_report([run], tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not set(page) & {RIGHT_TO_LEFT, "\x00", "\x1b", "\x07", "\u2066", "\u200b"}
    assert "⟨U+202E⟩drow" in page
    assert "{{7*7}}" in page
    assert "49" not in re.findall(r"meter values come late[^<]*", page)[0]
    for chunk in chunks_of(page):
        assert RIGHT_TO_LEFT not in json.dumps(chunk, ensure_ascii=False)
    suites = ElementTree.parse(tmp_path / "out" / "report.junit.xml")  # well-formed, whatever a device says
    assert len(suites.findall(".//testcase")) == len(document(tmp_path / "out")["cells"])
    assert RIGHT_TO_LEFT not in (tmp_path / "out" / "report.json").read_text()
    for sheet in make_sheets([run], tmp_path / "sheets", key=tmp_path / "key.json"):
        assert "<script>alert" not in sheet.read_text()
        assert RIGHT_TO_LEFT not in sheet.read_text()
    printed = text_of_pdf(tmp_path / "out")
    assert '#panic("typst")[*b*]$x$' in re.sub(r"\s+|\u200b", "", printed)
    assert RIGHT_TO_LEFT not in printed


def test_ten_megabytes_of_a_device_are_clipped_and_say_how_long_they_were(tmp_path):
    run = synthetic.build(tmp_path / "run", hostile="A" * 10_000_000, cases=synthetic.CASES[:1])
    paths = make_report([run], tmp_path / "out")
    assert max(path.stat().st_size for path in paths) < 3_000_000
    assert "10000000 characters in all" in (tmp_path / "out" / "report.html").read_text()


def test_a_run_that_was_stopped_early_says_so_on_the_first_page(tmp_path):
    run = synthetic.build(tmp_path / "run", finish=False)
    make_report([run], tmp_path / "out")
    assert "stopped early" in (tmp_path / "out" / "report.html").read_text()
    assert "stopped early" in text_of_pdf(tmp_path / "out")


def test_a_run_in_which_nothing_was_executed_says_not_run_everywhere(tmp_path):
    from harness.campaign.records import Planned, Unit
    from harness.campaign.store import Store

    with Store.create(tmp_path / "run" / "store.sqlite", Campaign("c", "Nothing", started_utc_us=1)) as store:
        store.describe(units=[Unit("v", "vehicle"), Unit("s", "charger")])
        store.plan([Planned("A", Pair("v", "s"))])
    make_report([tmp_path / "run"], tmp_path / "out")
    told = document(tmp_path / "out")
    assert told["total"]["counts"] == {"not_run": 1}
    assert told["total"]["share"]["text"] == "none tested"
    assert "1 were not run" in told["statement"]


def test_a_folder_without_store_and_an_empty_list_are_refused(tmp_path):
    with pytest.raises(ReportError, match=r"holds no store\.sqlite"):
        make_report([tmp_path], tmp_path / "out")
    with pytest.raises(ReportError, match="at least one run folder"):
        make_report([], tmp_path / "out")


def test_a_damaged_transcript_is_shown_up_to_the_damage(tmp_path):
    run = synthetic.build(tmp_path / "run", cases=synthetic.CASES[:1])
    path = run / "evidence" / "b3-00001" / "transcript.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"{broken\n", *lines[3:]]))
    make_report([run], tmp_path / "out")
    (chunk,) = chunks_of((tmp_path / "out" / "report.html").read_text())
    assert any("cannot be read further" in entry["title"] for entry in chunk[0][0]["timeline"]["entries"])


def test_two_parts_of_a_campaign_are_told_in_one_report(tmp_path):
    runs = [synthetic.build(tmp_path / name, cases=synthetic.CASES[:2]) for name in ("part-1", "part-2")]
    make_report(runs, tmp_path / "out")
    cell = document(tmp_path / "out")["cells"][0]
    assert [attempt["id"] for attempt in cell["attempts"]] == ["part-1/b3-00001", "part-2/b3-00001"]
    assert cell["verdict"] == Verdict.PASS


def test_cases_that_were_described_but_not_planned_are_not_told(tmp_path):
    from harness.campaign.records import CaseInfo
    from harness.campaign.store import Store

    run = synthetic.build(tmp_path / "run", cases=synthetic.CASES[:2], finish=False)
    with Store.open(run / "store.sqlite") as store:
        store.describe(cases=[CaseInfo("UNCHOSEN", "left out with -k")])
    make_report([run], tmp_path / "out")
    told = document(tmp_path / "out")
    assert [case["id"] for case in told["cases"]] == ["PF_V2G_01", "PF_V2G_02"]
    assert "with 2 cases" in told["statement"]
