"""The PyPI package iso15118 on the other end of a wire: whole sessions in both directions, as a driver and as a lab.

Skipped, with the reason, where root, Java or the package's environment (`make josev`) is missing.
"""

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.foreign.josev import missing, write_certificates
from harness.iso15118 import pki

ROOT = Path(__file__).parents[2]
needs_josev = pytest.mark.skipif(bool(missing()), reason=f"iso15118 from PyPI: {missing()}")
TABLES = [("secc",), ("secc", "tls"), ("evcc",), ("evcc", "tls")]
SLOW = ("performance time", "message timeout", "answers before", "comes in time", "within its")
"""What a busy machine makes of a stack with a Java codec; rules on timing are tried elsewhere."""


@needs_josev
@pytest.mark.parametrize("table", TABLES, ids="-".join)
def test_whole_sessions_end_in_order_and_trip_no_rule(table):
    done = subprocess.run(
        [sys.executable, "-m", "tests.foreign.sessions", *table], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == (2 if "tls" in table else 4), done.stderr
    for one in told:
        assert (one["error"], one["last"]) == ("", "SessionStopRes"), one
        assert [why for why in one["fails"] if not any(word in why for word in SLOW)] == [], one
        assert one["tls"] is ("tls" in table)


@needs_josev
@pytest.mark.parametrize(
    ("lab", "case"),
    [("josev-secc", "TC_SECC_DC_VTB_WeldingDetection_001"), ("josev-evcc", "TC_EVCC_DC_VTB_WeldingDetection_001")],
)
def test_a_case_of_the_suite_runs_against_the_package(tmp_path, lab, case):
    done = subprocess.run(
        [*PLUGFEST, "run", "--lab", f"lab-configs/{lab}.yaml", "--case", case, "--out", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    report = json.loads(next(tmp_path.rglob("report.json")).read_text())
    assert "JOSEV" in json.dumps(report), done.stdout
    assert done.returncode == 0, done.stdout


PLUGFEST = [sys.executable, "-m", "harness.cli"]


@pytest.mark.parametrize(
    ("options", "reason"), [((), "make josev"), (("--time", "virtual"), "real time")], ids=["not-installed", "virtual"]
)
def test_a_run_that_cannot_be_is_refused_with_the_way_out(tmp_path, options, reason):
    done = subprocess.run(
        [*PLUGFEST, "run", "--lab", "lab-configs/josev-evcc.yaml", "--out", str(tmp_path), *options],
        cwd=ROOT, capture_output=True, text=True, timeout=60, env={**os.environ, "PLUGFEST_JOSEV": str(tmp_path)},
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == 4
    assert any(word in told for word in (reason, "needs root", "needs Java")), told


def test_the_package_finds_its_certificates_where_it_looks(tmp_path):
    write_certificates(pki.create(pki.KeyKind.P256, now=datetime.datetime.now(datetime.UTC)), tmp_path)
    certificates, keys = tmp_path / "iso15118_2" / "certs", tmp_path / "iso15118_2" / "private_keys"
    assert len(list(certificates.glob("*.der"))) == 15
    assert (certificates / "cpoCertChain.pem").read_text().count("BEGIN CERTIFICATE") == 3
    assert {one.stat().st_mode & 0o077 for one in keys.glob("*.key")} == {0}
    assert (keys / "oemLeafPassword.txt").read_text() == ""
