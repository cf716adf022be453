"""The defect matrix of the test cases: the case that a defect names finds it, an unrelated one does not, and clean
devices pass. Defects that name a rule are proved in tests/iso15118/test_defects.py, on sessions that trip them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.emulators.catalogue import all_defects
from harness.campaign.catalogue import load_cases
from harness.lab import LAB_CAPABILITIES
from harness.rules.judge import load_rules
from harness.verdict import Side, Verdict
from tests.cases.rig import ROOT, Rig

CASES = {case.id: case for case in load_cases(["iso15118_20"])}
DEVICES = {"charger": Side.STATION, "vehicle": Side.VEHICLE}
V2G = [one for one in all_defects().values() if one.protocol == "iso15118-20" and one.role in DEVICES]
NAMING_A_CASE = [one for one in V2G if one.found_by.startswith("TC_")]
UNRELATED = {
    "charger": "TC_SECC_CMN_VTB_AuthorizationSetup_001",
    "vehicle": "TC_EVCC_CMN_VTB_AuthorizationSetup_001",
}
"""Short good cases that touch none of the defects' places."""

ALSO = {
    "challenge-not-compared": "TC_SECC_CMN_VTB_Authorization_105",
    "takes-foreign-session-ids": "TC_SECC_DC_VTB_PowerDelivery_031",
    "takes-the-zero-session-id": "TC_SECC_DC_VTB_ChargeLoop_032",
    "takes-unoffered-parameter-sets": "TC_SECC_CMN_VTB_ServiceSelection_051",
    "power-before-pre-charge": "TC_SECC_DC_VTB_PreCharge_062",
    "resumes-for-anybody": "TC_SECC_CMN_VTB_SessionSetup_073",
    "never-resumes-after-pause": "TC_SECC_CMN_VTB_SessionSetup_071",
    "never-wakes-after-pause": "TC_SECC_CMN_VTB_SessionSetup_071",
    "authorizes-again-after-resume": "TC_SECC_CMN_VTB_SessionSetup_071",
    "stop-refused-before-power": "TC_SECC_DC_VTB_PreCharge_010",
    "checks-first-slot-only": "TC_SECC_DC_VTB_PowerDelivery_052",
    "cable-check-without-end": "TC_SECC_DC_VTB_CableCheck_061",
    "pre-charge-shows-no-voltage": "TC_SECC_DC_VTB_PreCharge_061",
    "power-delivery-too-late": "TC_SECC_DC_VTB_PowerDelivery_001",
    "loop-too-slow": "TC_SECC_DC_VTB_ChargeLoop_001",
    "plain-ok-to-session-setup": "TC_SECC_CMN_VTB_SessionSetup_001",
    "always-minor-deviation": "TC_SECC_CMN_VTB_SupportedAppProtocol_001",
    "schema-id-is-always-one": "TC_SECC_DC_VTB_SupportedAppProtocol_103",
    "guessable-session-ids": "TC_SECC_CMN_VTB_SessionSetup_101",
    "dies-without-service-filter": "TC_SECC_CMN_VTB_ServiceDiscovery_001",
    "authorization-without-limit": "TC_EVCC_CMN_VTB_Authorization_061",
    "stops-after-authorization": "TC_EVCC_CMN_VTB_ServiceDiscovery_001",
    "vehicle-never-resumes-after-pause": "TC_EVCC_CMN_VTB_SessionSetup_071",
    "forgets-the-session-in-a-pause": "TC_EVCC_CMN_VTB_SessionSetup_071",
    "ignores-terminate": "TC_EVCC_DC_VTB_ChargeLoop_081",
    "ignores-pause-request": "TC_EVCC_DC_VTB_ChargeLoop_082",
    "ignores-schedule-renegotiation": "TC_EVCC_CMN_VTB_ScheduleExchange_081",
    "drops-link-on-service-renegotiation": "TC_EVCC_CMN_VTB_ServiceDiscovery_081",
    "skips-pre-charge": "TC_EVCC_DC_VTB_PreCharge_061",
    "falls-silent-in-the-loop": "TC_EVCC_DC_VTB_ChargeLoop_100",
}
"""Cases that find a defect which names a rule, or a case of the programme."""


def _environment(case: str) -> str:
    """TLS only where a case asks for it: handshakes take their time."""
    return "production" if CASES[case].requires & LAB_CAPABILITIES else "none"


def _of(role: str) -> list[str]:
    """The cases of one role's whole matrix."""
    mine = [one for one in V2G if one.role == role]
    named: set[str] = {one.found_by for one in mine if one in NAMING_A_CASE} | {
        ALSO[one.id] for one in mine if one.id in ALSO
    }
    return [UNRELATED[role], *sorted(named)]


@pytest.mark.parametrize("role", DEVICES)
def test_a_clean_device_passes_every_case_of_the_matrix(tmp_path: Path, role):
    wanted = [one for one in _of(role) if _environment(one) == "none"]
    attempts = Rig(tmp_path / "run").run(*wanted)
    assert {one.usecase.id: one.reason for one in attempts if one.verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize("role", DEVICES)
def test_a_clean_device_passes_every_case_that_needs_tls(tmp_path: Path, role):
    cases = [one.id for one in CASES.values() if one.sut == role and _environment(one.id) != "none"]
    attempts = Rig(tmp_path / "run", environment="production").run(*cases)
    assert len(attempts) > 10
    assert {one.usecase.id: one.reason for one in attempts if one.verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize("defect", NAMING_A_CASE, ids=lambda one: one.id)
def test_the_case_that_a_defect_names_finds_it_and_an_unrelated_one_does_not(tmp_path: Path, defect):
    environment = _environment(defect.found_by)
    rig = Rig(tmp_path / "run", (defect.id,), environment)
    unrelated, found = rig.run(UNRELATED[defect.role], defect.found_by)
    assert (found.verdict, found.side) == (Verdict.FAIL, DEVICES[defect.role]), found.reason
    assert unrelated.verdict is Verdict.PASS, unrelated.reason


@pytest.mark.parametrize(("defect", "case"), ALSO.items(), ids=ALSO)
def test_a_case_finds_a_defect_that_names_a_rule(tmp_path: Path, defect, case):
    (found,) = Rig(tmp_path / "run", (defect,), _environment(case)).run(case)
    assert found.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE), found.reason
    assert found.side is DEVICES[all_defects()[defect].role]


def test_every_v2g_defect_names_a_case_a_rule_or_a_test_that_exists():
    known = {case.id for case in load_cases()} | set(load_rules())
    unknown = {one.id: one.found_by for one in V2G if one.found_by not in known and not (ROOT / one.found_by).is_file()}
    assert unknown == {}
