"""The three environments of a lab: what secures the link, what is kept as evidence, and what never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.errors import ConfigError
from harness.bench import Bench
from harness.campaign.catalogue import load_cases
from harness.case import Subject
from harness.clock import TimeMode
from harness.judge_cli import judge_capture
from harness.lab import LabError, Security, load_lab
from harness.subjects import applicability
from harness.transcript.decoding import sessions
from harness.transcript.recorder import read_events
from harness.usecase import CASES as CASES_BY_ID
from harness.verdict import Verdict
from tests.cases.rig import LAB, Rig

CASES = ("TC_SECC_DC_VTB_ChargeLoop_001", "TC_EVCC_DC_VTB_ChargeLoop_100")


@pytest.mark.parametrize(("environment", "key"), [("development", "secp256r1"), ("production", "secp521r1")])
def test_both_roles_pass_inside_tls_and_the_capture_opens_with_the_key_log(tmp_path: Path, environment, key):
    attempts = Rig(tmp_path / "run", environment=environment).run(*CASES)
    assert [one.verdict for one in attempts] == [Verdict.PASS, Verdict.PASS], [one.reason for one in attempts]
    for folder in sorted((tmp_path / "run" / "evidence").iterdir()):
        shaken = [one.data for one in read_events(folder / "transcript.jsonl") if one.data.get("what") == "tls"]
        assert {one["version"] for one in shaken} == {"TLS 1.3"}
        assert {one[f"{side}_chain"][0]["key"] for one in shaken for side in ("server", "client")} == {key}
        assert {one["ocsp_stapled"] for one in shaken} == {environment == "production"}
        heard = judge_capture(folder / "transcript.jsonl")["sessions"]
        assert judge_capture(folder / "v2g.pcapng", folder / "keys.log")["sessions"] == heard
        assert {one["verdict"] for one in heard} == {"pass"}
        assert sum(one["messages"] for one in judge_capture(folder / "v2g.pcapng")["sessions"]) == 0


def test_no_private_key_is_in_a_run(tmp_path: Path):
    Rig(tmp_path / "run", environment="development").run(CASES[0])
    files = [one for one in (tmp_path / "run").rglob("*") if one.is_file()]
    assert any(one.name == "keys.log" for one in files)
    assert [one for one in files if b"PRIVATE KEY" in one.read_bytes()] == []


def test_keys_that_were_made_for_a_run_go_with_it():
    bench = Bench(load_lab(LAB).model_copy(update={"security": Security(environment="development")}), TimeMode.VIRTUAL)
    folder = bench.v2g.security.environment.folder
    assert (folder / "secc.key").is_file()
    assert folder.stat().st_mode & 0o077 == 0
    bench.v2g.security.close()
    assert not folder.exists()


def edited(tmp_path: Path, security: str) -> Path:
    path = tmp_path / "lab.yaml"
    lines = [line for line in LAB.read_text().splitlines() if not line.startswith("security:")]
    path.write_text("\n".join([*lines, f"security: {security}", ""]))
    return path


@pytest.mark.parametrize(
    ("security", "complaint"),
    [
        ("{environment: tls}", "'none', 'development' or 'production'"),
        ("{environment: development, profil: lab-20}", "did you mean 'profile'"),
        ("{environment: development, pki: nowhere}", "no folder 'nowhere'"),
    ],
)
def test_a_wrong_environment_is_told_with_its_place(tmp_path: Path, security, complaint):
    with pytest.raises(LabError, match=complaint):
        load_lab(edited(tmp_path, security))


def test_a_folder_without_the_needed_certificates_is_told(tmp_path: Path):
    (tmp_path / "certificates").mkdir()
    lab = load_lab(edited(tmp_path, "{environment: production, pki: certificates}"))
    with pytest.raises(ConfigError, match=r"security\.pki"):
        _ = Bench(lab, TimeMode.VIRTUAL).v2g.security.environment


def test_our_agents_take_the_labs_side_where_sources_disagree(tmp_path: Path):
    rig = Rig(tmp_path / "run")
    rig.lab = rig.lab.model_copy(update={"switches": {"discharge_limits": "negative"}})
    (attempt,) = rig.run("TC_EVCC_DC_BPT_VTB_Session_001")
    assert attempt.verdict is Verdict.PASS, attempt.reason
    (session,) = sessions(attempt.recorder.events)
    stated = [one.content.control_mode.evse_maximum_discharge_power for one in session.responses("DC_ChargeLoopRes")]
    assert {float(one) < 0 for one in stated} == {True}


@pytest.mark.parametrize(
    ("switches", "complaint"),
    [
        ({"discharge_limit": "negative"}, "did you mean 'discharge_limits'"),
        ({"discharge_limits": "up"}, "expected 'positive' or 'negative', found 'up'"),
        ({"contactor_s": -1}, "contactor_s: expected float, found -1"),
    ],
)
def test_a_wrong_switch_is_told(switches, complaint):
    with pytest.raises(ConfigError, match=complaint):
        Bench(load_lab(LAB).model_copy(update={"switches": switches}), TimeMode.VIRTUAL)


def test_a_device_that_our_agents_cannot_speak_to_is_not_applicable():
    lab = load_lab(LAB)
    wireless = lab.device("vehicle").model_copy(update={"pics": {"capabilities": ["iso15118-20", "wpt", "dynamic"]}})
    load_cases(lab.suites)
    case = CASES_BY_ID["TC_EVCC_CMN_VTB_SessionSetup_001"]
    assert "no agent of ours speaks" in applicability(case, Subject(vehicle=wireless), lab)
    assert applicability(case, Subject(vehicle=lab.device("vehicle")), lab) == ""
