"""The live view of a run in a terminal: what is running, what it is doing, what is measured, what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.lab import Lab
from harness.transcript.event import Event
from harness.verdict import Verdict

STYLE = {
    Verdict.PASS: ("✓", "green"),
    Verdict.CONDITIONAL_PASS: ("◐", "yellow"),
    Verdict.FAIL: ("✗", "red"),
    Verdict.INCONCLUSIVE: ("?", "yellow"),
    Verdict.ERROR: ("!", "magenta"),
    Verdict.ABORTED: ("⏹", "magenta"),
    Verdict.NOT_APPLICABLE: ("–", "dim"),
    Verdict.NOT_RUN: (" ", "dim"),
}


def bench_table(lab: Lab) -> Table:
    """Roles, devices and drivers of a lab."""
    table = Table(title=f"{lab.lab.name}, bench {lab.lab.bench}", title_justify="left")
    for heading in ("role", "device", "driver", "far end"):
        table.add_column(heading)
    for role, devices in lab.roles.items():
        for device in devices:
            defects = (
                f" with {', '.join(device.emulator.defects)}" if device.emulator and device.emulator.defects else ""
            )
            far_end = f"emulated{defects}" if device.emulator else str(device.resource or "real")
            table.add_row(role, device.id, device.driver, far_end)
    return table


@dataclass
class _Now:
    case: str = ""
    step: str = ""
    power_w: float | None = None
    done: int = 0
    planned: int = 0
    outcomes: list[dict[str, str]] = field(default_factory=list)


class LiveView:
    """A pytest plugin that replaces the terminal reporter for `plugfest run`."""

    def __init__(self, lab: Lab, console: Console) -> None:
        self.lab = lab
        self.console = console
        self.now = _Now()
        self.live = Live(console=console, refresh_per_second=4, transient=True, auto_refresh=console.is_terminal)

    def pytest_sessionstart(self) -> None:
        self.console.print(bench_table(self.lab))
        self.live.start()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.now.planned = len(session.items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.now.case, self.now.step = nodeid.rpartition("::")[2], ""
        self._draw()

    def event(self, event: Event) -> None:
        """Listens to the running attempt's recorder."""
        if event.kind == "case" and event.data.get("what") == "begin":
            self.now.case = f"{event.data['id']} on {event.data['subject']}"
        elif event.kind == "step":
            self.now.step = str(event.data["text"])
            if not self.console.is_terminal:
                self.console.print(f"    {self.now.step}", style="dim", highlight=False)
        elif event.kind == "reading" and event.channel == "power_analyser":
            self.now.power_w = event.data.get("active_w")
        self._draw()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        broken_outside = report.when != "call" and report.failed
        if broken_outside:
            text = Text(f"! {report.nodeid.rpartition('::')[2]}: {report.when} failed\n{report.longreprtext}")
            self.console.print(text, style="magenta")
        if report.when != "call" and not report.skipped:
            return
        for key, outcome in report.user_properties:
            if key == "plugfest":
                self._tell(outcome)

    def _tell(self, outcome: Any) -> None:
        self.now.outcomes.append(outcome)
        self.now.done += 1
        mark, style = STYLE[Verdict(outcome["verdict"])]
        line = Text(f"{mark} {outcome['case']:<16} {outcome['subject']:<16} {outcome['verdict']}", style=style)
        if outcome["reason"]:
            line.append(f"  {outcome['side']}: {outcome['reason']}" if outcome["side"] else f"  {outcome['reason']}")
        self.console.print(line)

    def _draw(self) -> None:
        power = "" if self.now.power_w is None else f"   {self.now.power_w / 1000:+8.2f} kW"
        first = Text(f"▶ {self.now.done}/{self.now.planned}  {self.now.case}{power}", style="bold")
        self.live.update(Group(first, Text(f"  {self.now.step}", style="cyan")))

    def pytest_sessionfinish(self) -> None:
        self.live.stop()

    def finish(self, paths: list[Path]) -> None:
        """The verdict table and where the report lies."""
        counts = dict.fromkeys(Verdict, 0)
        for outcome in self.now.outcomes:
            counts[Verdict(outcome["verdict"])] += 1
        table = Table(title="verdicts", title_justify="left")
        for verdict, count in counts.items():
            if count:
                table.add_column(str(verdict), style=STYLE[verdict][1], justify="right")
        table.add_row(*(str(count) for count in counts.values() if count))
        self.console.print(table)
        for path in paths:
            self.console.print(f"{path}", highlight=False, soft_wrap=True)
