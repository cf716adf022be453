"""What README and documents say is true: their commands run, their examples load, their links lead somewhere."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from drivers.registry import known_drivers
from harness.cli import app
from harness.iso15118 import order
from harness.lab import ROLES, Calibration, Device, Emulator, Identification, Lab, load_lab
from harness.limits import Limits
from tests.docs.documents import DOCUMENTS, README, ROOT, Block, anchors, blocks, commands, links

LAB = "lab-configs/emulated-dc-v2g.yaml"
COMMAND_LINE = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
SET_UP = (ROOT / "docs/set-up-a-lab.md").read_text(encoding="utf-8")
PLUGFEST = [line for line in commands() if line.startswith("plugfest ")]
OTHERS = {"make", ".", "RUN=$(ls"}
"""First words of the README's other command lines: `make` targets have a test of their own."""


def plugfest(*arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@dataclass(frozen=True)
class Shown:
    """The run that the README shows, cut down to one case on one pairing."""

    folder: Path
    exit_code: int
    output: str


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    line = next(line for line in commands(README) if line.startswith("plugfest run") and "--defect" in line)
    out = tmp_path_factory.mktemp("runs")
    ended = plugfest(*shlex.split(line)[1:], "--case", "PF_PRG_06", "-k", "S-01", "--out", str(out))
    (folder,) = out.iterdir()
    return Shown(folder, ended.returncode, ended.stdout + ended.stderr)


def test_the_readmes_defect_is_found_and_charged_to_the_station(shown: Shown) -> None:
    assert shown.exit_code == 1, shown.output
    assert "fail  station: active power at -10000 W" in " ".join(shown.output.split("\n"))


def test_the_report_that_the_readme_shows_is_written(shown: Shown) -> None:
    named = [f"report.{end}" for end in ("html", "pdf", "json", "junit.xml")]
    assert [(shown.folder / "report" / name).is_file() for name in named] == [True] * 4
    assert all(name in shown.output for name in named)
    assert all(name in README.read_text(encoding="utf-8") for name in named)


@pytest.mark.parametrize("line", [line for line in commands(README) if "$RUN" in line])
def test_what_the_readme_does_with_a_finished_run_works(line: str, shown: Shown) -> None:
    ended = CliRunner().invoke(app, shlex.split(line.replace("$RUN", str(shown.folder)))[1:])
    assert ended.exit_code == 0, ended.output
    assert ended.output.strip()


def test_a_changed_octet_of_evidence_is_found_as_the_readme_promises(shown: Shown) -> None:
    transcript = next(shown.folder.rglob("transcript.jsonl"))
    before = transcript.read_bytes()
    transcript.write_bytes(before.replace(b"0", b"1", 1))
    try:
        ended = CliRunner().invoke(app, ["verify", str(shown.folder)])
    finally:
        transcript.write_bytes(before)
    assert ended.exit_code == 1
    assert "transcript.jsonl: changed" in ended.output


@pytest.fixture
def emulated_analyser() -> Iterator[str]:
    """The far end that the README starts, on a free port; its resource string."""
    line = next(line for line in commands(README) if line.startswith("plugfest emulate"))
    arguments = shlex.split(line.replace(":5025", ":0"))[1:]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())["resource"]
    finally:
        process.terminate()
        process.wait(10)


def test_the_readmes_first_analyser_answers_plugfest_check(emulated_analyser: str, tmp_path: Path) -> None:
    (block,) = blocks("yaml", README)
    assert "TCPIP::127.0.0.1::5025::SOCKET" in block.text
    lab = tmp_path / "my-lab.yaml"
    lab.write_text(block.text.replace("TCPIP::127.0.0.1::5025::SOCKET", emulated_analyser), encoding="utf-8")
    ended = plugfest("check", "--lab", str(lab))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "YOKOGAWA WT1804E" in ended.stdout


@pytest.mark.parametrize("name", ["cases", "rules", "defects", "coverage"])
def test_each_list_is_told_as_json_with_the_keys_that_the_documents_name(name: str) -> None:
    ended = CliRunner().invoke(app, [name, "--json"])
    assert ended.exit_code == 0
    row = next(line for line in COMMAND_LINE.splitlines() if line.startswith(f"| `{name}` |"))
    assert set(json.loads(ended.output)[0]) == set(row.split("|")[2].replace("`", "").replace(" ", "").split(","))


@pytest.mark.parametrize("line", PLUGFEST)
def test_every_plugfest_command_in_the_documents_has_options_that_exist(line: str) -> None:
    group = typer.main.get_command(app)
    context = group.make_context("plugfest", shlex.split(line)[1:])
    assert context is not None
    name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    assert command.make_context(name, list(rest), parent=context)


def test_the_readmes_shell_blocks_hold_no_other_commands() -> None:
    assert {line.split()[0] for line in commands(README) if line not in PLUGFEST} <= OTHERS


def test_every_make_target_in_the_documents_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    said = {line.split()[1] for line in commands() if line.startswith("make ")} | {"campaign", "test", "lint", "setup"}
    assert {target for target in said if f"\n{target}:" not in makefile} == set()


def test_every_option_of_every_command_is_documented() -> None:
    missing = [
        f"{name} {option}"
        for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
        for parameter in command.params
        for option in parameter.opts[:1]
        if option.startswith("--") and option != "--help" and option not in COMMAND_LINE
    ]
    assert missing == []


@pytest.mark.parametrize("model", [Lab, Device, Emulator, Calibration, Identification])
def test_every_key_of_a_lab_file_is_documented(model: type[Lab]) -> None:
    assert [key for key in model.model_fields if key != "path" and f"`{key}`" not in SET_UP] == []


def test_every_limit_is_documented_with_its_default() -> None:
    rows = {line.split("|")[1].strip(" `"): line.split("|")[2].strip() for line in SET_UP.splitlines() if "|" in line}
    for name in Limits.__dataclass_fields__:
        value = getattr(Limits(), name)
        told = f"{value.percent:g} %, at least {value.floor:g} W" if hasattr(value, "percent") else f"{value:g}"
        assert rows.get(name) == told


def test_every_role_and_driver_is_documented() -> None:
    assert [role for role in ROLES if f"`{role}`" not in SET_UP] == []
    products = [name.partition(".")[2] for role in ROLES for name in known_drivers(role)]
    assert [product for product in products if f"`{product}`" not in SET_UP] == []


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if "roles:" in b.text and "suites:" in b.text], ids=str)
def test_every_lab_file_in_the_documents_loads(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(block.text, encoding="utf-8")
    assert load_lab(path).roles


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_every_yaml_example_is_yaml(block: Block) -> None:
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_every_json_example_is_json(block: Block) -> None:
    assert json.loads(block.text)


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_python_example_compiles(block: Block) -> None:
    assert compile(block.text, str(block.document), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def run_example(number: int, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """A test case of the documents, as it stands there, by the pytest command that stands below it."""
    document = ROOT / "docs/write-a-test-case.md"
    line = [line for line in commands(document) if line.startswith("pytest")][number]
    *arguments, name = shlex.split(line)[1:]
    case = folder / Path(name).name
    case.write_text(blocks("python", document)[number].text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(case), "-k", "S-01", "--pf-out", str(folder), "-q", *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("number", [0, 1])
def test_each_example_of_a_test_case_runs_and_passes(number: int, tmp_path: Path) -> None:
    ended = run_example(number, tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout


def test_the_example_against_a_charger_finds_the_defect_that_is_named_beside_it(tmp_path: Path) -> None:
    text = (ROOT / "docs/write-a-test-case.md").read_text(encoding="utf-8")
    assert "--pf-defect takes-foreign-session-ids" in text
    ended = run_example(1, tmp_path, "--pf-defect", "takes-foreign-session-ids")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "fail (station): response code is" in ended.stdout


@pytest.mark.parametrize(
    ("document", "target"), [pytest.param(*link, id=f"{link[0].name}:{link[1]}") for link in sorted(set(links()))]
)
def test_every_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    found = (document.parent / path).resolve() if path else document
    assert found.exists(), f"{document.name} links to {target}"
    assert not anchor or anchor in anchors(found), (
        f"{document.name} links to {target}, {found.name} has no such heading"
    )


def test_the_diagram_of_the_message_order_is_the_one_that_agents_and_rules_use() -> None:
    (block,) = blocks("mermaid", ROOT / "docs/message-order.md")
    assert block.text.strip() == order.mermaid().strip()


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/pictures").glob("*")), ids=lambda path: path.name)
def test_every_picture_is_a_small_png_that_a_document_shows(picture: Path) -> None:
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 300_000
    assert any(picture.name in document.read_text(encoding="utf-8") for document in DOCUMENTS)


def test_no_document_names_a_place_on_somebodys_machine() -> None:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert [place for place in ("/home/", "/root/", "/work/", "/Users/") if place in text] == []
