"""A run as Allure shows it: attempts with steps, parameters, sides and evidence; defects sorted by who is at fault."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import allure

from harness.case import Case
from harness.lab import Lab
from harness.transcript.event import Event
from harness.transcript.titles import RunningTitles
from harness.transcript.visible import visible
from harness.verdict import Severity, Side, Verdict

_TYPES = {
    ".jsonl": (allure.attachment_type.TEXT, "jsonl"),
    ".csv": (allure.attachment_type.CSV, "csv"),
    ".pcapng": (allure.attachment_type.PCAP, "pcapng"),
    ".png": (allure.attachment_type.PNG, "png"),
    ".jpg": (allure.attachment_type.JPG, "jpg"),
}
_QUIET = frozenset({"reading", "scpi", "modbus"})
"""Kinds that come several times a second; they are in the transcript."""


def describe_run(folder: Path, lab: Lab, facts: dict[str, str]) -> None:
    """What Allure shows beside the results: where they were made, and categories by verdict and side."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"laboratory": lab.lab.name, "place": lab.lab.place, "bench": lab.lab.bench, **facts}
    lines = [f"{key}={' '.join(value.split())}" for key, value in told.items() if value]
    (folder / "environment.properties").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "categories.json").write_text(json.dumps(list(_categories()), indent=1) + "\n", encoding="utf-8")


def _categories() -> Iterator[dict[str, object]]:
    statuses = ["failed", "broken"]
    for side in Side:
        if side is not Side.BENCH:
            regex = rf"(?s).*(fail|conditional_pass) \({side}\).*"
            yield {"name": f"Charged to the {side}", "matchedStatuses": statuses, "messageRegex": regex}
    yield {
        "name": "Bench: to be run again",
        "matchedStatuses": statuses,
        "messageRegex": rf"(?s).*({Verdict.ERROR}|{Verdict.ABORTED}) \(.*",
    }
    yield {
        "name": "Inconclusive",
        "matchedStatuses": statuses,
        "messageRegex": rf"(?s).*{Verdict.INCONCLUSIVE} \(.*",
    }


def tell_allure(case: Case, evidence: Path) -> None:
    """Write the finished attempt into the Allure result of the running test."""
    usecase = case.usecase
    allure.dynamic.title(f"{usecase.id} {usecase.title}")
    allure.dynamic.epic(usecase.sut)
    allure.dynamic.feature(usecase.protocol or "bench")
    allure.dynamic.story(case.subject.name)
    allure.dynamic.tag(*usecase.requirements, str(case.verdict))
    allure.dynamic.label("verdict", str(case.verdict))
    if case.side:
        allure.dynamic.label("side", str(case.side))
    charged = f", charged to **{case.side}**" if case.side else ""
    allure.dynamic.description(f"**{case.verdict}**{charged}. {visible(case.reason)}")
    for name, value in sorted(case.parameters.items()):
        allure.dynamic.parameter(name, value)
    for place, (at_s, text) in enumerate(case.steps):
        answer = f": {case.answers[place]}" if place in case.answers else ""
        _step(f"{at_s:.1f} s  {visible(text)}{visible(answer)}")
    for measurement in case.measurements:
        limit = measurement.limit
        bounds = f" (limit {limit.low} to {limit.high} {measurement.unit}, {limit.source})"
        told = f"{visible(measurement.name)} = {measurement.value} {measurement.unit}{bounds}: {measurement.verdict}"
        _step(told, measurement.verdict is Verdict.FAIL)
    for finding in case.findings:
        _step(f"{finding.severity} ({finding.side}): {visible(finding.reason)}", finding.severity is Severity.FAIL)
    allure.attach("\n".join(_story(case.recorder.events)), "messages in order", allure.attachment_type.TEXT)
    for path in sorted(evidence.iterdir()):
        kind, extension = _TYPES.get(path.suffix, (allure.attachment_type.TEXT, path.suffix.lstrip(".")))
        allure.attach.file(str(path), name=path.name, attachment_type=kind, extension=extension)


def _step(title: str, failed: bool = False) -> None:
    """A step that is over: only its place in the story and its outcome are told."""
    with contextlib.suppress(AssertionError), allure.step(title):
        if failed:
            raise AssertionError(title)


def _story(events: Iterable[Event]) -> Iterator[str]:
    """Every message by name, a line each."""
    titles = RunningTitles()
    for event in events:
        title = titles.of(event)
        if event.kind not in _QUIET:
            ends = " → ".join(visible(one, 40) for one in (event.source, event.target) if one)
            yield f"{event.at_s:10.3f} s  {visible(event.channel, 20):<14} {ends:<24} {visible(title, 160)}"
