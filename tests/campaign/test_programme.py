"""The programme of a first integration session: clean devices pass it, and each seeded defect is charged to its side."""

import pytest

CASES = {f"PF_PRG_{number:02}" for number in range(1, 13)}


def test_clean_devices_pass_every_case_that_applies(lab):
    code, output = lab.run("--time", "virtual")
    assert code == 0, output
    verdicts = lab.verdicts()
    assert set(verdicts) == CASES
    assert verdicts.pop("PF_PRG_02") == ("not_applicable", "")
    assert set(verdicts.values()) == {("pass", "")}


def test_virtual_time_runs_the_full_pause_more_than_a_hundred_times_faster(lab):
    text = lab.file.read_text().replace("pause_s: 20", "pause_s: 1200")
    lab.file.write_text(text)
    code, output = lab.run("--time", "virtual", "--case", "PF_PRG_08")
    assert code == 0, output
    (run,) = lab.runs
    lines = (next((run / "evidence").iterdir()) / "transcript.jsonl").read_text().splitlines()
    assert '"at_s":12' in lines[-1]  # more than 1200 virtual seconds, in a test that has 110


@pytest.mark.parametrize(
    ("defect", "case", "side"),
    [
        ("remote-discharge-ignored", "PF_PRG_06", "station"),
        ("remote-discharge-ignored", "PF_PRG_07", "station"),
        ("refuses-to-discharge", "PF_PRG_06", "vehicle"),
        ("never-resumes-after-pause", "PF_PRG_08", "vehicle"),
        ("never-wakes-after-pause", "PF_PRG_08", "station"),
        ("transaction-ends-on-pause", "PF_PRG_08", "station"),
        ("meter-values-wrong-sign", "PF_PRG_05", "station"),
        ("gateway-drops-a-signal", "PF_PRG_10", "gateway"),
        ("analyser-garbage", "PF_PRG_05", "bench"),
        ("analyser-silent", "PF_PRG_05", "bench"),
        ("analyser-other-serial", "PF_PRG_05", "bench"),
        ("analyser-gain", "PF_PRG_05", "bench"),
    ],
)
def test_a_seeded_defect_is_found_and_charged_to_its_side(lab, defect, case, side):
    code, output = lab.run("--time", "virtual", "--case", case, "--defect", defect)
    assert code == 1, output
    verdict = "error" if side == "bench" else "fail"
    assert lab.verdicts()[case] == (verdict, side)
    assert side in output


def test_an_unknown_defect_or_case_is_a_usage_error_that_names_the_nearest(lab):
    code, output = lab.run("--defect", "remote-discharge-ignorred")
    assert code == 4
    assert "did you mean 'remote-discharge-ignored'?" in output
    code, output = lab.run("--case", "PF_PRG_99")
    assert code == 4
    assert "PF_PRG_99" in output


def test_a_wrong_lab_file_is_a_usage_error_with_its_place(lab):
    lab.file.write_text(lab.file.read_text().replace("serial: 91K225903", "seriall: 91K225903"))
    code, output = lab.run()
    assert code == 4
    assert "seriall: unknown key; did you mean 'serial'?" in output


def test_a_case_on_bad_links_is_a_case_of_its_own_and_prints_them(lab):
    arguments = ("--time", "virtual", "--case", "PF_PRG_10", "--impairment", "none", "--impairment", "lte-poor")
    code, output = lab.run(*arguments)
    assert code == 0, output
    assert lab.verdicts() == {"PF_PRG_10": ("pass", ""), "PF_PRG_10@lte-poor": ("pass", "")}
    (run,) = lab.runs
    assert "lte-poor" in (run / "report" / "report.html").read_text()
    frames = [path.name for path in (run / "evidence").glob("*/can.blf")]
    assert len(frames) == 2
    code, output = lab.run("--impairment", "lte-por")
    assert code == 4
    assert "no impairment profile 'lte-por'; nearest is lte-poor" in output
