"""A station that does not start by itself is told whose charging it is: by our CSMS, or by a card."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from suite import LAB, ROOT, Suite

from harness.lab import LabError, load_lab

OLDER = ROOT / "lab-configs" / "emulated-ocpp-older.yaml"
RFID = {"driver": "rfid.card_presenter", "emulator": {"kind": "card_presenter"}}


def waiting(folder, lab, start, *, given=True):
    """The lab file, its stations waiting for somebody; `given`: the bench knows."""
    content = yaml.safe_load(lab.read_text())
    for station in content["roles"]["charger"]:
        station["emulator"].setdefault("options", {})["starts"] = start
        if given:
            station["options"] = {"start": start}
    content["roles"]["rfid"] = RFID
    path = folder / "lab.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("start", ["remote", "card"])
def test_older_stations_start_when_they_are_told_to(tmp_path, start):
    cases = ["PF_16_01_CS", "PF_16_04_CS", "PF_201_E01_CS", "PF_201_E06_CS"]
    found = Suite(waiting(tmp_path, OLDER, start)).findings(tmp_path, (), cases)
    assert found == {case: set() for case in cases}


@pytest.mark.parametrize("start", ["remote", "card"])
def test_a_v2g_station_starts_when_it_is_told_to(tmp_path, start):
    cases = ["PF_Q04_01_CS", "PF_K05_02_CS"]
    found = Suite(waiting(tmp_path, LAB, start)).findings(tmp_path, (), cases)
    assert found == {case: set() for case in cases}


def test_a_station_that_nobody_tells_starts_nothing(tmp_path):
    found = Suite(waiting(tmp_path, OLDER, "card", given=False)).findings(tmp_path, (), ["PF_16_01_CS"])
    assert found == {"PF_16_01_CS": {"PF_16_01_CS"}}


def test_a_station_that_is_cut_off_cannot_be_started_by_its_csms_which_is_the_benchs_fault(tmp_path):
    found = Suite(waiting(tmp_path, LAB, "remote")).findings(tmp_path, (), ["PF_K19_03_CS"])
    (told,) = found["PF_K19_03_CS"]
    assert "bench:" in told
    assert "options.start: remote needs the station's link" in told


@pytest.mark.parametrize(
    ("start", "hint"), [("crad", "did you mean 'card'?"), ("card", "add roles.rfid or roles.operator")]
)
def test_a_start_that_cannot_be_is_refused_with_its_place(tmp_path, start, hint):
    path = tmp_path / "lab.yaml"
    path.write_text(
        "lab: {name: L}\nsuites: [ocpp21]\nroles:\n"
        f"  charger: {{id: S, driver: charger.v2g_station, options: {{start: {start}}}}}\n"
    )
    with pytest.raises(LabError) as refused:
        load_lab(path, dt.date(2026, 11, 23))
    (problem,) = refused.value.problems
    assert ":4:" in problem
    assert "roles.charger.options.start" in problem
    assert hint in problem
