"""Adding an instrument as a stranger does it: what stands in the document, done literally."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from typer.testing import CliRunner

from drivers.errors import InstrumentTimeout
from harness.cli import app
from tests.docs.documents import ROOT
from tests.drivers import test_contract_power_analyser as contract

TEXT = (ROOT / "docs/add-an-instrument.md").read_text(encoding="utf-8")


def indented(language: str) -> list[str]:
    """The blocks of one language inside the numbered list, as a reader copies them."""
    found = TEXT.split(f"   ```{language}\n")[1:]
    return ["\n".join(line[3:] for line in block.partition("   ```")[0].splitlines()) for block in found]


def python(number: int) -> str:
    return TEXT.split("\n```python\n")[number + 1].partition("\n```")[0]


@pytest.fixture
def far_end() -> Iterator[str]:
    (line,) = [part for part in TEXT.split("`") if part.startswith("python -m drivers.emulators.chroma")]
    arguments = line.replace(":5026", ":0").split()[1:]
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())["resource"]
    finally:
        process.terminate()
        process.wait(10)


def test_a_description_and_a_lab_file_are_enough_for_check_to_tell_what_works(far_end: str, tmp_path: Path) -> None:
    description, lab = indented("yaml")
    assert 'resource: "TCPIP::127.0.0.1::5026::SOCKET"' in lab
    (tmp_path / yaml.safe_load(lab)["roles"]["power_analyser"]["options"]["description"]).write_text(description)
    (tmp_path / "my-lab.yaml").write_text(lab.replace("TCPIP::127.0.0.1::5026::SOCKET", far_end))
    ended = CliRunner().invoke(app, ["check", "--lab", str(tmp_path / "my-lab.yaml")], env={"COLUMNS": "140"})
    assert ended.exit_code == 0, ended.output
    for told in ("Chroma 66204", "quantities.active_w │ yes", "quantities.voltage_v │ yes"):
        assert told in " ".join(ended.output.split()), ended.output


def test_the_driver_and_the_far_end_of_the_document_pass_their_roles_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("drivers.power_analyser.acme_9000", "drivers.emulators.acme_9000")
    modules = [ModuleType(name) for name in names]
    for number, module in enumerate(modules):
        exec(compile(python(number), module.__name__, "exec"), module.__dict__)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    name, emulator = "power_analyser.acme_9000", modules[1]
    assert f'("{name}", acme_9000)' in TEXT
    contract.test_it_says_who_it_is(name, emulator, wired=False)
    for power_w in (9000.0, -9000.0):
        contract.test_a_snapshot_agrees_with_the_plant_within_its_uncertainty(name, emulator, False, power_w)
    contract.test_energies_of_both_directions_are_counted_apart_and_positive(name, emulator)
    contract.test_a_second_integration_starts_at_zero_even_if_the_first_was_never_stopped(name, emulator)
    contract.test_ranges_can_be_set_and_a_range_that_does_not_exist_is_an_error(name, emulator)
    contract.test_a_broken_wire_is_an_error_of_the_instrument_by_its_kind(
        name, emulator, False, "silent", InstrumentTimeout
    )
