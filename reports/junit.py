"""The verdicts as JUnit XML, for whatever else in a laboratory reads that: one suite a case, one test a pairing."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree

from harness.verdict import Verdict
from reports.document import CellRow, Document

_CHILD = {
    Verdict.FAIL: "failure",
    Verdict.INCONCLUSIVE: "failure",
    Verdict.ERROR: "error",
    Verdict.ABORTED: "error",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.NOT_RUN: "skipped",
}
"""JUnit knows three ways not to pass; the verdict itself stands in `type`. An inconclusive result is no success."""


def render(document: Document) -> bytes:
    """The whole campaign; conditional passes are passes here, with the verdict as a property."""
    root = ElementTree.Element("testsuites", name=document.identification.title)
    for case, group in groupby(document.cells, key=lambda cell: cell.case):
        cells = list(group)
        suite = ElementTree.SubElement(root, "testsuite", {"name": case, **_counts(cells)})
        for cell in cells:
            suite.append(_test(case, cell))
    ElementTree.indent(root)
    octets: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return octets + b"\n"


def _counts(cells: list[CellRow]) -> dict[str, str]:
    kinds = [_CHILD.get(Verdict(cell.verdict), "") for cell in cells]
    return {
        "tests": str(len(cells)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
    }


def _test(case: str, cell: CellRow) -> ElementTree.Element:
    counted = next((one for one in cell.attempts if one.id == cell.counted), None)
    seconds = counted.duration_s if counted and counted.duration_s is not None else 0.0
    name = f"{cell.vehicle} with {cell.charger}"
    test = ElementTree.Element("testcase", classname=case, name=name, time=f"{seconds:.3f}")
    properties = ElementTree.SubElement(test, "properties")
    for key, value in (("verdict", cell.verdict), ("side", cell.side), ("attempts", str(len(cell.attempts)))):
        ElementTree.SubElement(properties, "property", name=key, value=value)
    child = _CHILD.get(Verdict(cell.verdict))
    if child:
        ElementTree.SubElement(test, child, type=cell.verdict, message=f"{cell.side}: {cell.reason}".strip(": "))
    return test
