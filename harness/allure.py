"""An attempt as Allure shows it: title, labels, steps, and the evidence as attachments."""

from __future__ import annotations

from pathlib import Path

import allure

from harness.case import Case

_TYPES = {
    ".jsonl": (allure.attachment_type.TEXT, "jsonl"),
    ".csv": (allure.attachment_type.CSV, "csv"),
    ".pcapng": (allure.attachment_type.PCAP, "pcapng"),
}


def tell_allure(case: Case, evidence: Path) -> None:
    """Write the finished attempt into the Allure result of the running test."""
    usecase = case.usecase
    allure.dynamic.title(f"{usecase.id} {usecase.title}")
    allure.dynamic.feature(usecase.protocol or "bench")
    allure.dynamic.story(f"{usecase.sut}: {case.subject.name}")
    allure.dynamic.tag(*usecase.requirements, str(case.verdict))
    for at_s, text in case.steps:
        with allure.step(f"{at_s:.1f} s  {text}"):
            pass  # the step is over: only its place in the story is told
    for measurement in case.measurements:
        with allure.step(f"{measurement.name} = {measurement.value} {measurement.unit}: {measurement.verdict}"):
            pass
    for finding in case.findings:
        with allure.step(f"{finding.severity} ({finding.side}): {finding.reason}"):
            pass
    for path in sorted(evidence.iterdir()):
        kind, extension = _TYPES.get(path.suffix, (allure.attachment_type.TEXT, path.suffix.lstrip(".")))
        allure.attach.file(str(path), name=path.name, attachment_type=kind, extension=extension)
