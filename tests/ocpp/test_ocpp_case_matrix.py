"""The defects that a test case has to find: the case named for one finds it, nothing unrelated does.

Cases with a vehicle take a second each; `make soak` runs those (tests/soak/ocpp_defects_soak.py), here stand the others.
"""

from __future__ import annotations

import json

import pytest
from suite import ALSO, LAB, NAMING_A_CASE, UNRELATED, Suite, asked, surprises
from twins import OLDER_TWINS, TWINS

from drivers.emulators import station_defects
from harness.lab import OcppGateway
from harness.ocpp.proxy import ProxySession
from harness.verdict import Severity

SUITE = Suite()
QUICK = [one for one in NAMING_A_CASE if SUITE.cases[one.found_by].sut != "pair"]


WARNED_OF = Suite(severities=(Severity.FAIL, Severity.WARN))
SHOWN_BY = {
    "mode-of-another": "PF_Q03_01_CS",  # power flows back
    "older-transfer-of-another": "PF_K15_01_CS",
    "older-schedule-doubled": "PF_K15_01_CS",
}
"""Where another case than the usual one shows the defect."""
BETWEEN = [one for one in station_defects.DEFECTS if one.found_by.startswith("cross-protocol/")]


@pytest.mark.parametrize("defect", BETWEEN, ids=lambda one: one.id)
def test_a_defect_between_the_protocols_is_found_by_its_rule(tmp_path, defect):
    case = SHOWN_BY.get(defect.id, "PF_Q01_01_CS")
    found = WARNED_OF.findings(tmp_path / "run", (defect.id,), [case])[case]
    assert found - {case, *ALSO.get(defect.id, "").split()} == {defect.found_by}


def test_a_discharge_limit_that_no_vehicle_is_told_of_is_seen_between_the_protocols(tmp_path):
    found = WARNED_OF.findings(tmp_path / "run", ("der-withheld",), ["PF_R02_02_CS"])["PF_R02_02_CS"]
    assert "cross-protocol/discharge-limits-are-handed-on" in found


def test_every_case_has_a_defect_that_it_finds():
    """Named by the defect, or in the table of twins."""
    named = {one.found_by: one.id for one in NAMING_A_CASE}
    assert named.keys() & TWINS.keys() == set()
    assert SUITE.cases.keys() - named.keys() - TWINS.keys() == set()
    assert TWINS.keys() <= SUITE.cases.keys()


TWINS_BY_DEFECT = {
    defect: [case for case, twin in TWINS.items() if twin == defect and SUITE.cases[case].sut != "pair"]
    for defect in sorted(set(TWINS.values()))
}
"""Without those that need a vehicle: `make soak` runs them."""


@pytest.mark.parametrize("defect", [one for one, cases in TWINS_BY_DEFECT.items() if cases])
def test_cases_fail_with_their_twins(tmp_path, defect):
    found = SUITE.findings(tmp_path / "run", (defect,), TWINS_BY_DEFECT[defect])
    assert {case for case, faults in found.items() if case not in faults} == set()


def test_every_defect_names_a_case_of_its_own_role():
    suts = {"charger": ("charger", "pair"), "csms": ("csms",), "vehicle": ("pair",)}
    wrong = {one.id for one in NAMING_A_CASE if SUITE.cases[one.found_by].sut not in suts[one.role]}
    assert wrong == set()


@pytest.mark.parametrize("role", UNRELATED)
def test_a_clean_device_passes(tmp_path, role):
    cases = sorted({*UNRELATED[role], *(one.found_by for one in QUICK if one.role == role)})
    assert {name: found for name, found in SUITE.findings(tmp_path / "run", (), cases).items() if found} == {}


@pytest.mark.parametrize("defect", QUICK, ids=lambda one: one.id)
def test_the_case_named_for_a_defect_finds_it_and_no_unrelated_one_does(tmp_path, defect):
    found = SUITE.findings(tmp_path / "run", (defect.id,), asked(defect, all_unrelated=False))
    assert surprises(defect, found) == ""


def test_a_whole_campaign_runs_behind_a_gateway(tmp_path):
    suite = Suite()
    suite.lab = suite.lab.model_copy(update={"ocpp_gateway": OcppGateway()})
    assert suite.findings(tmp_path / "run", (), ["PF_Q04_01_CS"]) == {"PF_Q04_01_CS": set()}
    (transcript,) = (tmp_path / "run").glob("evidence/*/transcript.jsonl")
    kinds = [line["kind"] for line in map(json.loads, transcript.read_text().splitlines())]
    assert kinds.count("ocpp.frame") == kinds.count("ocpp.far") > 10


def test_a_gateway_that_swallows_what_it_stumbles_over_is_found(tmp_path, monkeypatch):
    """PF_GW_06_CS is about a gateway: here the gateway has the defect."""
    honest = ProxySession._meddled

    def swallowing(session, *what):
        faults = len(session.faults)
        payload, delay_s = honest(session, *what)
        return (payload if len(session.faults) == faults else None), delay_s

    monkeypatch.setattr(ProxySession, "_meddled", swallowing)
    assert SUITE.findings(tmp_path / "run", (), ["PF_GW_06_CS"]) != {"PF_GW_06_CS": set()}


OLDER = Suite(LAB.with_name("emulated-ocpp-older.yaml"))


def test_every_case_for_older_chargers_has_a_twin():
    assert OLDER_TWINS.keys() == {name for name in OLDER.cases if name not in SUITE.cases}


def test_honest_older_chargers_pass_their_cases(tmp_path):
    found = OLDER.findings(tmp_path / "run", (), list(OLDER_TWINS))
    assert {name for name, faults in found.items() if faults} == set()


@pytest.mark.parametrize("case", OLDER_TWINS)
def test_a_case_for_older_chargers_finds_its_twin(tmp_path, case):
    assert case in OLDER.findings(tmp_path / "run", (OLDER_TWINS[case],), [case])[case]
