"""The `plugfest` command. pytest is the engine; this is the convenience around it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from rich.console import Console
from rich.table import Table

from harness.campaign.catalogue import load_cases
from harness.clock import TimeMode
from harness.exi_cli import exi_app
from harness.lab import LabError, load_lab
from harness.live import LiveView
from harness.plugin import CAMPAIGN, stop_politely

USAGE = 4
app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(exi_app, name="exi")
LabOption = Annotated[Path, typer.Option("--lab", help="lab config file")]
JsonOption = Annotated[bool, typer.Option("--json", help="a list of JSON objects instead of a table")]


@app.command()
def run(
    lab: LabOption,
    expression: Annotated[str, typer.Option("-k", help="only cases whose name matches, as pytest's -k")] = "",
    case: Annotated[list[str] | None, typer.Option("--case", help="only this case id (repeatable)")] = None,
    time: Annotated[TimeMode, typer.Option("--time", help="wire: real time over real wires; virtual")] = TimeMode.WIRE,
    workers: Annotated[int, typer.Option("-n", help="workers, each with an emulated bench of its own")] = 0,
    out: Annotated[Path, typer.Option("--out", help="where run folders are made")] = Path("runs"),
    resume: Annotated[Path | None, typer.Option("--resume", help="go on with this run")] = None,
    defect: Annotated[
        list[str] | None, typer.Option("--defect", help="seed this defect (see `plugfest defects`)")
    ] = None,
) -> None:
    """Run a lab's programme and write the report. Exits 0 if every applicable verdict is pass, 1 if not, 4 on usage."""
    try:
        bench = load_lab(lab)
        load_cases(bench.suites)
    except LabError as refused:
        _refuse(str(refused))
    arguments = _pytest_arguments(bench.suites, lab, time, out)
    arguments += ["-k", expression] if expression else []
    arguments += [part for one in case or [] for part in ("--pf-case", one)]
    arguments += [part for one in defect or [] for part in ("--pf-defect", one)]
    arguments += ["--pf-resume", str(resume)] if resume else []
    arguments += ["-n", str(workers)] if workers else []
    stop_politely()
    console = Console(file=os.fdopen(os.dup(1), "w", encoding="utf-8"))
    view = LiveView(bench, console)
    plugin = _Session(view)
    code = pytest.main([*arguments, "-p", "no:terminal"], plugins=[view, plugin])
    if plugin.usage:
        _refuse(plugin.usage)
    view.finish(plugin.reports)
    raise typer.Exit(_exit_code(int(code), view))


def _pytest_arguments(suites: tuple[str, ...], lab: Path, time: TimeMode, out: Path) -> list[str]:
    root = Path(__file__).parents[1]
    settings = {
        "asyncio_mode": "auto",
        "asyncio_default_fixture_loop_scope": "session",
        "asyncio_default_test_loop_scope": "session",
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    folders = [str(root / "testcases" / suite) for suite in suites]
    return [*folders, *options, "--rootdir", str(root), "--lab", str(lab), "--pf-time", str(time), "--pf-out", str(out)]


class _Session:
    """Listens to the pytest session from outside: the campaign's recorder for the live view, the reports' paths."""

    def __init__(self, view: LiveView) -> None:
        self.view = view
        self.reports: list[Path] = []
        self.usage = ""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        campaign = config.stash.get(CAMPAIGN, None)
        if campaign:
            campaign.runner.listeners.append(self.view.event)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        campaign = config.stash.get(CAMPAIGN, None)
        if campaign:
            self.reports = campaign.reports


def _exit_code(code: int, view: LiveView) -> int:
    if code == pytest.ExitCode.USAGE_ERROR:
        return USAGE
    if code == pytest.ExitCode.INTERRUPTED:
        return int(pytest.ExitCode.INTERRUPTED)
    bad = [one for one in view.now.outcomes if one["verdict"] not in ("pass", "not_applicable")]
    return 1 if bad or code else 0


def _refuse(text: str) -> Any:
    for line in text.splitlines():
        typer.echo(line, err=True)
    raise typer.Exit(USAGE)


def _table(title: str, rows: list[dict[str, Any]], columns: list[str]) -> None:
    table = Table(title=f"{len(rows)} {title}", title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_text(row[column]) for column in columns))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _list(rows: list[dict[str, Any]], as_json: bool, title: str, columns: list[str]) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    else:
        _table(title, rows, columns)


@app.command()
def cases(as_json: JsonOption = False) -> None:
    """Every test case."""
    rows = [
        {
            "id": case.id,
            "title": case.title,
            "sut": case.sut,
            "protocol": case.protocol,
            "requires": sorted(case.requires),
            "requirements": list(case.requirements),
            "uses_rules": list(case.uses_rules),
        }
        for case in load_cases()
    ]
    _list(rows, as_json, "test cases", ["id", "sut", "title"])


def main() -> None:
    app()


if __name__ == "__main__":
    main()
