"""A lab file that is wrong is refused with file, line, column, key and the way out."""

import datetime as dt
from pathlib import Path

import pytest

from harness.lab import LabError, load_lab

GOOD = """\
lab: {name: V2G lab, place: hall 2, bench: B3}
suites: [programme]
roles:
  charger:
    - {id: S-REF, driver: charger.v2g_station, reference: true}
    - {id: S-01, driver: charger.v2g_station}
  vehicle: {id: V-01, driver: vehicle.operator_assisted}
  power_analyser:
    driver: power_analyser.yokogawa_wt
    resource: "TCPIP::192.0.2.7::INSTR"
    calibration: {certificate: K-2026-118, due: 2027-03-01}
"""
TODAY = dt.date(2026, 11, 23)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hall2.yaml"
    path.write_text(text)
    return path


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(LabError) as refused:
        load_lab(write(tmp_path, text), TODAY)
    return refused.value.problems


def test_a_good_file_gives_devices_and_all_pairings(tmp_path):
    lab = load_lab(write(tmp_path, GOOD), TODAY)
    assert [(vehicle.id, charger.id) for vehicle, charger in lab.pairs()] == [("V-01", "S-REF"), ("V-01", "S-01")]
    assert lab.device("power_analyser").id == "power_analyser"
    assert not lab.emulated


def test_reference_pairings_are_those_with_a_reference_device(tmp_path):
    lab = load_lab(write(tmp_path, GOOD + "pairings: reference\n"), TODAY)
    assert [(vehicle.id, charger.id) for vehicle, charger in lab.pairs()] == [("V-01", "S-REF")]


@pytest.mark.parametrize(
    ("old", "new", "where", "hint"),
    [
        ("reference: true", "referense: true", ":5:48: roles.charger.0.referense", "did you mean 'reference'?"),
        ("  vehicle: {", "  vehicel: {", ":7:3: roles.vehicel", "did you mean 'vehicle'?"),
        ("id: S-01", "id: S-REF", ":6:8: roles.charger.1.id", "ids are unique"),
        ("driver: vehicle.operator_assisted", "driver: charger.x", ":7:23: roles.vehicle.driver", "vehicle.<product>"),
        ("due: 2027-03-01", "due: 2026-11-22", ":11:44: roles.power_analyser.calibration.due", "was due 2026-11-22"),
        ("due: 2027-03-01", "due: soon", ":11:44: roles.power_analyser.calibration.due", "found 'soon'"),
        ('    resource: "TCPIP::192.0.2.7::INSTR"\n', "", ":8:3: roles.power_analyser.resource", "needs its address"),
        ("suites: [programme]\n", "", ": suites", "is missing"),
        ("suites: [programme]\n", "suites: [programme]\nworkers: 2\n", ":3:1: workers", "one real bench"),
        ("suites: [programme]\n", "suites: [programme]\nworkers: -1\n", ":3:1: workers", "greater than or equal to 0"),
        ("bench: B3}", "bench: B3}\nlab: {name: again}", ":2:1: lab", "stands twice"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path, old, new, where, hint):
    assert old in GOOD
    (problem,) = problems(tmp_path, GOOD.replace(old, new))
    assert where in problem
    assert hint in problem


def test_two_devices_on_one_address_are_refused(tmp_path):
    text = GOOD + '  dc_source: {driver: dc_source.ea_psb, resource: "TCPIP::192.0.2.7::INSTR"}\n'
    (problem,) = problems(tmp_path, text)
    assert "also the address of roles.power_analyser" in problem


def test_a_pairing_with_an_unknown_vehicle_is_refused(tmp_path):
    (problem,) = problems(tmp_path, GOOD + "pairings: [[V-99, S-01]]\n")
    assert ":12:13: pairings.0.0: no vehicle 'V-99'; configured are V-01" in problem


def test_several_mistakes_come_at_once(tmp_path):
    text = GOOD.replace("reference: true", "referense: true").replace("place: hall 2", "plaze: hall 2")
    assert len(problems(tmp_path, text)) == 2


def test_a_missing_file_and_broken_yaml_are_told_apart(tmp_path):
    with pytest.raises(LabError, match="cannot be read"):
        load_lab(tmp_path / "nowhere.yaml")
    assert "not YAML" in problems(tmp_path, "lab: [")[0]
