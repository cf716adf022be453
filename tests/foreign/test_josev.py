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
TABLES = [("secc",), ("secc", "tls"), ("secc", "older"), ("evcc",), ("evcc", "tls"), ("evcc", "older")]
SLOW = ("performance time", "message timeout", "answers before", "comes in time", "within its")
"""What a busy machine makes of a stack with a Java codec; rules on timing are tried elsewhere."""


def _at_once(commands):
    """Run commands beside each other, since they mostly wait; what each said."""
    started = [
        subprocess.Popen(one, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for one in commands
    ]
    return [one.communicate(timeout=200) for one in started]


def _unwanted(told):
    """What is not as it should be about one session."""
    found = [why for why in told["fails"] if not any(word in why for word in SLOW)]
    return found + [told["error"]] * bool(told["error"]) + [told["last"]] * (told["last"] != "SessionStopRes")


@pytest.fixture(scope="module")
def told():
    """Each table's sessions; a table that had trouble gets a second chance, alone, on what may have been a busy machine."""
    command = [sys.executable, "-m", "tests.foreign.sessions"]
    said = _at_once([[*command, *table] for table in TABLES])
    found = {
        table: [json.loads(line) for line in out.splitlines()] for table, (out, _) in zip(TABLES, said, strict=True)
    }
    for table, sessions in found.items():
        if len(sessions) != _count(table) or any(map(_unwanted, sessions)):
            out, _ = _at_once([[*command, *table]])[0]
            found[table] = [json.loads(line) for line in out.splitlines()]
    return found


def _count(table):
    return 4 if len(table) == 1 else 2


@needs_josev
@pytest.mark.parametrize("table", TABLES, ids="-".join)
def test_whole_sessions_end_in_order_and_trip_no_rule(told, table):
    assert [(one["service"], _unwanted(one)) for one in told[table] if _unwanted(one)] == []
    assert len(told[table]) == _count(table)
    assert {one["tls"] for one in told[table]} == {"tls" in table}
    assert {one["protocol"] for one in told[table]} == {"iso15118-2" if "older" in table else "iso15118-20"}


@needs_josev
def test_a_case_of_the_suite_runs_against_the_package_each_way(tmp_path):
    cases = {"josev-secc": "TC_SECC_CMN_VTB_Authorization_001", "josev-evcc": "TC_EVCC_CMN_VTB_Authorization_001"}
    commands = {
        lab: [*PLUGFEST, "run", "--lab", f"lab-configs/{lab}.yaml", "--case", case, "--out", str(tmp_path / lab)]
        for lab, case in cases.items()
    }
    for lab, (out, complaints) in zip(cases, _at_once(commands.values()), strict=True):
        if f"✓ {cases[lab]}" not in out:  # real timers, on a machine that may have been busy
            [(out, complaints)] = _at_once([commands[lab]])
        assert f"✓ {cases[lab]}" in out, out + complaints


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
