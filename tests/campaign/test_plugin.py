"""The plugin behaves as a pytest user expects."""

import json
import re
import subprocess
import sys

from harness.campaign.evidence import STORE
from harness.campaign.store import Store
from harness.verdict import Verdict
from tests.campaign.conftest import ROOT


def pytest_run(lab, *arguments):
    """A plain pytest run on the small lab; returns its exit code and output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(ROOT / "testcases" / "programme"), "--lab", str(lab.file),
         "--pf-out", str(lab.folder / "runs"), "-p", "no:cacheprovider", "--rootdir", str(ROOT), *arguments],
        capture_output=True, text=True, timeout=110, cwd=ROOT,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_collect_only_lists_cases_and_leaves_no_run(lab):
    code, output = pytest_run(lab, "--collect-only", "-q")
    assert code == 0
    assert "test_the_vehicle_charges[V-01+S-01]" in output
    assert not (lab.folder / "runs").exists()


def test_a_keyword_selects_and_stop_on_first_stops(lab):
    code, output = pytest_run(
        lab, "-k", "charges or activated", "-x", "--pf-time", "virtual", "--pf-defect", "analyser-silent"
    )
    assert code == 1
    assert "1 failed" in output
    assert "passed" not in output


def test_a_run_in_which_nothing_was_executed_fails(lab):
    code, output = pytest_run(lab, "-k", "reference_charger", "--pf-time", "virtual")
    assert "1 skipped" in output
    assert code == 5


def test_a_second_worker_on_a_real_bench_is_refused_politely(lab):
    real = lab.file.read_text().replace("emulator: {kind: ea_psb}", "resource: TCPIP::127.0.0.1::5025::SOCKET")
    lab.file.write_text(real)
    code, output = pytest_run(lab, "-n", "2", "-k", "charges")
    assert code == 4
    assert "one real bench takes one worker; leave -n 2 out" in output
    assert not (lab.folder / "runs").exists()


def test_two_workers_have_a_bench_each_and_share_one_run(lab):
    code, output = pytest_run(lab, "-n", "2", "-k", "charges or activated or PF_PRG_03", "--pf-time", "virtual")
    assert code == 0, output
    assert lab.verdicts()["PF_PRG_05"] == lab.verdicts()["PF_PRG_03"] == ("pass", "")
    assert "2 workers" in output


def test_a_lab_may_try_again_what_the_bench_itself_got_wrong(lab):
    lab.file.write_text(lab.file.read_text() + "retest: {verdicts: [error], times: 1}\n")
    code, output = lab.run("--time", "virtual", "--case", "PF_PRG_05", "--defect", "analyser-silent")
    assert code == 1, output
    (run,) = lab.runs
    with Store.open(run / STORE, readonly=True) as store:
        attempts = [one.verdict for result in store.results() for one in result.attempts]
        assert store.campaign().retest_rule.startswith("error: tried again, at most 1")
    assert attempts == [Verdict.ERROR, Verdict.ERROR]


def test_allure_and_junit_tell_steps_and_verdicts(lab):
    results, junit = lab.folder / "allure", lab.folder / "junit.xml"
    code, output = pytest_run(
        lab, "-k", "vehicle_charges", "--pf-time", "virtual", "--alluredir", str(results), f"--junitxml={junit}"
    )
    assert code == 0, output
    told = "".join(path.read_text() for path in results.glob("*-result.json"))
    assert "the CSMS asks for +10 kW" in told
    assert "transcript.jsonl" in told
    assert 'name="verdict" value="pass"' in junit.read_text()


def test_allure_sorts_a_defect_by_side_and_shows_where_it_broke(lab):
    results = lab.folder / "allure"
    code, output = pytest_run(
        lab, "-k", "no_remote_command", "--pf-time", "virtual", "--alluredir", str(results),
        "--pf-defect", "discharge-as-charge",
    )  # fmt: skip
    assert code == 1, output
    (told,) = (json.loads(path.read_text()) for path in results.glob("*-result.json"))
    labels = {one["name"]: one["value"] for one in told["labels"]}
    assert (labels["verdict"], labels["side"]) == ("fail", "station")
    failed = [one["name"] for one in told["steps"] if one["status"] == "failed"]
    assert any("active power at -5000 W" in name for name in failed)
    assert {one["name"] for one in told["parameters"]} >= {"first_w", "second_w"}
    (messages,) = (one["source"] for one in told["attachments"] if one["name"] == "messages in order")
    assert "DC_ChargeLoopRes: OK" in (results / messages).read_text()
    (category,) = (
        one["name"]
        for one in json.loads((results / "categories.json").read_text())
        if re.fullmatch(one["messageRegex"], told["statusDetails"]["message"])
    )
    assert category == "Charged to the station"
    assert "bench=" in (results / "environment.properties").read_text()


def test_without_a_lab_the_plugin_keeps_out_of_the_way(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert True\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path), "-p", "no:cacheprovider"],
        capture_output=True, text=True, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert "1 passed" in done.stdout
    assert not (tmp_path / "runs").exists()
