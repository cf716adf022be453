"""A typing mistake that only the rest of the house can see is told with its line too, before anything is opened."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from drivers.roles import Identity
from harness.bench_cli import advice_on
from harness.campaign.lab_check import checked_lab
from harness.cli import app
from harness.lab import LabError

GOOD = """\
lab: {name: My lab, place: Hall 3, bench: bench-1}
suites: [programme]
parameters: {pause_s: 20, loops: 15}
limits: {settling_s: 12}
roles:
  charger: {id: S-01, driver: charger.v2g_station, pics: {capabilities: [dc_bpt, a_maker's_own]}}
  power_analyser:
    driver: power_analyser.yokogawa_wt
    resource: TCPIP::127.0.0.1::5025::SOCKET
    serial: 91K225903
    calibration: {certificate: C-2026-0173, due: 2036-06-30}
    options: {ac_elements: [1, 2, 3], dc_element: 4, voltage_range_v: 600, current_range_a: 50}
  dc_source:
    driver: dc_source.ea_psb
    emulator: {kind: ea_psb, defects: [source-silent]}
"""
LABS = Path(__file__).parents[2] / "lab-configs"
MISTAKES = [
    ("yokogawa_wt\n", "yokogawa_wtt\n", ":8:5: roles.power_analyser.driver", "mean 'power_analyser.yokogawa_wt'"),
    ("dc_element", "dc_elment", ":12:39: roles.power_analyser.options.dc_elment", "did you mean 'dc_element'?"),
    ("600,", "600 V,", ":12:54: roles.power_analyser.options.voltage_range_v", "without a unit; found '600 V'"),
    ("91K225903", "91225903", ":10:5: roles.power_analyser.serial", "write it in quotes; found 91225903"),
    ("2036-06-30", "30.06.2036", ":11:45: roles.power_analyser.calibration.due", "a date as 2027-03-31"),
    ("{certificate: C-2026-0173, due: 2036-06-30}", "C-1", ":11:5: roles.power_analyser.calibration", "{key: value}"),
    ("[programme]", "[program]", ":2:10: suites.0", "did you mean 'programme'?"),
    ("[programme]", "programme", ":2:1: suites", "a list, in brackets"),
    ("pause_s", "pause", ":3:14: parameters.pause", "did you mean 'pause_s'?"),
    ("loops: 15", "loops: many", ":3:27: parameters.loops", "expected a number as 15, found 'many'"),
    ("settling_s", "settling", ":4:10: limits.settling", "did you mean 'settling_s'?"),
    ("settling_s: 12", "settling_s: soon", ":4:10: limits.settling_s", "'soon'"),
    ("kind: ea_psb", "kind: ea_pbs", ":15:16: roles.dc_source.emulator.kind", "did you mean 'ea_psb'?"),
    ("source-silent", "source-silnet", ":15:40: roles.dc_source.emulator.defects.0", "did you mean 'source-silent'?"),
    ("dc_bpt", "dc_btp", ":6:74: roles.charger.pics.capabilities.0", "did you mean 'dc_bpt'?"),
    ("  power_analyser:\n", "  vehicle:\n  power_analyser:\n", ":7:3: roles.vehicle", "has no value"),
    ("    serial", "\tserial", ":10:1: not YAML", "indent with blanks"),
    ("serial: ", "serial ", ":10:5: not YAML", "a colon and a blank"),
    ("    driver: power", "     driver: power", ":9:5: not YAML", "begin in one column"),
]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my-lab.yaml"
    path.write_text(text)
    return path


def test_a_good_file_passes_with_a_capability_that_no_case_asks_for(tmp_path):
    assert checked_lab(write(tmp_path, GOOD)).lab.name == "My lab"


@pytest.mark.parametrize(("old", "new", "where", "hint"), MISTAKES)
def test_each_mistake_is_named_with_its_place_and_the_way_out(tmp_path, old, new, where, hint):
    assert old in GOOD
    with pytest.raises(LabError) as refused:
        checked_lab(write(tmp_path, GOOD.replace(old, new)))
    (problem,) = refused.value.problems
    assert where in problem
    assert hint in problem


@pytest.mark.parametrize("command", ["check", "run"])
def test_both_commands_refuse_with_the_same_text_and_exit_code_4(tmp_path, command):
    path = write(tmp_path, GOOD.replace("settling_s", "settling"))
    result = CliRunner().invoke(app, [command, "--lab", str(path)])
    assert result.exit_code == 4
    assert f"{path}:4:10: limits.settling: unknown limit; did you mean 'settling_s'?" in result.output


@pytest.mark.parametrize("path", sorted(LABS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_lab_files_that_come_with_plugfest_are_right(path):
    if "roles:" not in path.read_text(encoding="utf-8"):
        pytest.skip("no lab file")
    assert checked_lab(path).suites


def test_another_instrument_than_the_files_is_told_with_the_line_of_its_serial_number(tmp_path):
    lab = checked_lab(write(tmp_path, GOOD))
    told = advice_on(lab, "power_analyser", Identity("YOKOGAWA", "WT1804E", "91K225307", "F3.11"))
    assert ":10:5: roles.power_analyser.serial: expected '91K225903', the instrument says '91K225307'" in told
    assert advice_on(lab, "power_analyser", Identity("YOKOGAWA", "WT1804E", "91K225903", "F3.11")) == "nothing"
