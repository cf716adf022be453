"""`plugfest run`: a lab's programme or a campaign, by pytest, with a live view in place of its reporter."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Annotated, Any, TextIO

import pytest
import typer
from rich.console import Console

from harness.campaign.catalogue import load_cases
from harness.campaign.lab_check import checked_lab
from harness.campaign.plan import PlanError, load_plan
from harness.campaign_plugin import CAMPAIGN
from harness.clock import TimeMode
from harness.lab import Lab, LabError
from harness.live import LiveView
from harness.live_feed import FeedReceiver
from harness.live_terminal import Terminal

USAGE = 4


def run(
    lab: Annotated[
        Path | None, typer.Option("--lab", help="lab config file; with --campaign: in place of its own")
    ] = None,
    campaign: Annotated[
        Path | None, typer.Option("--campaign", help="campaign file: population, protocol, pairs, order, repeats")
    ] = None,
    part: Annotated[str, typer.Option("--part", help="with --campaign: this share of the pairs, as 1/2")] = "1/1",
    expression: Annotated[str, typer.Option("-k", help="only cases whose name matches, as pytest's -k")] = "",
    case: Annotated[list[str] | None, typer.Option("--case", help="only this case id (repeatable)")] = None,
    time: Annotated[TimeMode, typer.Option("--time", help="wire: real time over real wires; virtual")] = TimeMode.WIRE,
    workers: Annotated[
        int | None,
        typer.Option("-n", help="workers, each with an emulated bench of its own; else as the lab file says"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="where run folders are made")] = Path("runs"),
    resume: Annotated[Path | None, typer.Option("--resume", help="go on with this run")] = None,
    impairment: Annotated[
        list[str] | None, typer.Option("--impairment", help="run every case under this kind of bad links (repeatable)")
    ] = None,
    defect: Annotated[
        list[str] | None, typer.Option("--defect", help="seed this defect (see `plugfest defects`)")
    ] = None,
) -> None:
    """Run a lab's programme, or a campaign, and write the report. Exits 0 if every applicable verdict is pass, 1 if not,
    4 on usage."""
    bench, path = _bench(lab, campaign)
    if workers is None:
        whole = time is TimeMode.WIRE and not expression and not case
        workers = bench.workers if whole else 0
    arguments = _pytest_arguments(bench.suites, path, time, out)
    arguments += ["--pf-campaign", str(campaign), "--pf-part", part] if campaign else []
    arguments += ["-k", expression] if expression else []
    arguments += [part for one in case or [] for part in ("--pf-case", one)]
    arguments += [part for one in defect or [] for part in ("--pf-defect", one)]
    arguments += [part for one in impairment or [] for part in ("--pf-impairment", one)]
    arguments += ["--pf-resume", str(resume)] if resume else []
    arguments += ["-n", str(workers)] if workers else []
    _stop_politely()
    console = Console(file=os.fdopen(os.dup(1), "w", encoding="utf-8"))
    keyboard = os.fdopen(os.dup(0), encoding="utf-8", errors="replace") if os.isatty(0) else None
    view = LiveView(bench, console)
    plugin = _Session(view, keyboard)
    code = pytest.main([*arguments, "-p", "no:terminal"], plugins=[view, plugin])
    view.finish(plugin.reports)
    raise typer.Exit(_exit_code(int(code), view))


def _bench(lab: Path | None, campaign: Path | None) -> tuple[Lab, Path]:
    """The lab that is run, and its file."""
    try:
        if campaign is None:
            if lab is None:
                raise LabError(["--lab FILE or --campaign FILE: give one of them"])
            return checked_lab(lab), lab
        plan = load_plan(campaign)
        path = lab or plan.lab
        return plan.on(checked_lab(path), {case.id: case for case in load_cases()}), path
    except (LabError, PlanError) as refused:
        _refuse(str(refused))
    raise AssertionError


def _stop_politely() -> None:
    """Let SIGTERM and SIGHUP end a run as Ctrl-C does: with teardown, safe outputs and complete evidence."""
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # a script's background job; the operator's abort must work there
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


def _pytest_arguments(suites: tuple[str, ...], lab: Path, time: TimeMode, out: Path) -> list[str]:
    root = Path(__file__).parents[1]
    folders = [str(root / "testcases" / suite) for suite in suites]
    return [
        *folders,
        "-o",
        "asyncio_default_fixture_loop_scope=session",
        "--rootdir",
        str(root),
        "--lab",
        str(lab),
        "--pf-time",
        str(time),
        "--pf-out",
        str(out),
    ]


class _Session:
    """Listens to the pytest session from outside: the campaign's recorder for the live view, the reports' paths."""

    def __init__(self, view: LiveView, keyboard: TextIO | None) -> None:
        self.view = view
        self.keyboard = keyboard
        self.reports: list[Path] = []
        self.feed: FeedReceiver | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        campaign = config.stash.get(CAMPAIGN, None)
        if campaign:
            campaign.runner.listeners.append(self.view.event)
            self.view.page = campaign.page
            if self.keyboard:
                campaign.attend(Terminal(self.keyboard))
            if campaign.workers and campaign.folder:
                self.feed = FeedReceiver(campaign.folder, self.view.event)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        campaign = config.stash.get(CAMPAIGN, None)
        if campaign:
            self.reports = campaign.reports

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        if self.feed:
            self.feed.close()


def _exit_code(code: int, view: LiveView) -> int:
    if code == pytest.ExitCode.USAGE_ERROR:
        return USAGE
    if code == pytest.ExitCode.INTERRUPTED:
        return int(pytest.ExitCode.INTERRUPTED)
    bad = [one for one in view.outcomes if one["verdict"] not in ("pass", "not_applicable")]
    return 1 if bad or code else 0


def _refuse(text: str) -> Any:
    for line in text.splitlines():
        typer.echo(line, err=True)
    raise typer.Exit(USAGE)
