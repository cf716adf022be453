"""The live view of a run in a terminal: what is running, what it is doing, what is measured, what came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.lab import Lab
from harness.repeating import RERUN
from harness.transcript.event import Event
from harness.transcript.visible import visible
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
            ours = "this bench itself" if role == "network" else "real"
            far_end = f"emulated{defects}" if device.emulator else str(device.resource or ours)
            table.add_row(role, device.id, device.driver, far_end)
    return table


@dataclass
class _Now:
    """What one worker is doing."""

    case: str = ""
    step: str = ""
    power_w: float | None = None


class LiveView:
    """A pytest plugin that replaces the terminal reporter for `plugfest run`."""

    def __init__(self, lab: Lab, console: Console) -> None:
        self.lab = lab
        self.console = console
        self.outcomes: list[dict[str, str]] = []
        self.page = ""
        """Address of the operator's page, token included."""
        self._now: dict[int, _Now] = {}
        self._live = Live(console=console, refresh_per_second=4, transient=True, auto_refresh=console.is_terminal)

    def pytest_sessionstart(self) -> None:
        self.console.print(bench_table(self.lab))
        if self.page:
            self.console.print(f"operator's page: {self.page}", highlight=False, soft_wrap=True)
        self._live.start()

    def event(self, event: Event) -> None:
        """Listens to the running attempts' recorders, in this process or in the workers'.

        Each worker's clock has an epoch of its own: that tells whose event it is.
        """
        epoch_ms = round((event.utc_us / 1e6 - event.at_s) * 1000)
        now = self._now.setdefault(epoch_ms, _Now())
        if event.kind == "case":
            begins = event.data.get("what") == "begin"
            now.case = f"{event.data['id']} on {event.data['subject']}" if begins else ""
            now.step = ""
        elif event.kind == "step":
            now.step = str(event.data["text"])
            if not self.console.is_terminal:
                self.console.print(f"    {now.step}", style="dim", highlight=False)
        elif event.kind == "operator" and event.data.get("what"):
            self.console.print(Text(f"  ☛ {visible(event.data['prompt'])}", style="bold yellow"))
        elif event.kind == "reading" and event.channel == "power_analyser":
            now.power_w = event.data.get("active_w")
        if self.console.is_terminal:
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
                if report.outcome != RERUN:
                    self.outcomes.append(outcome)  # type: ignore[arg-type]

    def _tell(self, outcome: Any) -> None:
        mark, style = STYLE[Verdict(outcome["verdict"])]
        line = Text(f"{mark} {outcome['case']:<16} {outcome['subject']:<16} {outcome['verdict']}", style=style)
        if outcome["reason"]:
            line.append(f"  {outcome['side']}: {outcome['reason']}" if outcome["side"] else f"  {outcome['reason']}")
        self.console.print(line)

    def _draw(self) -> None:
        lines = [Text(f"{len(self.outcomes)} results so far", style="dim")]
        for now in self._now.values():
            power = "" if now.power_w is None else f"{now.power_w / 1000:+8.2f} kW"
            if now.case:
                lines.append(Text(f"▶ {now.case}  {power}  {now.step}", style="cyan"))
        self._live.update(Group(*lines))

    def pytest_sessionfinish(self) -> None:
        self._live.stop()

    def finish(self, paths: list[Path]) -> None:
        """The verdict table and where the report lies."""
        counts = dict.fromkeys(Verdict, 0)
        for outcome in self.outcomes:
            counts[Verdict(outcome["verdict"])] += 1
        table = Table(title="verdicts", title_justify="left")
        for verdict, count in counts.items():
            if count:
                table.add_column(str(verdict), style=STYLE[verdict][1], justify="right")
        table.add_row(*(str(count) for count in counts.values() if count))
        self.console.print(table)
        for path in paths:
            self.console.print(f"{path}", highlight=False, soft_wrap=True)
