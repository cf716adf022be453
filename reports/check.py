"""The reviewer's checks: a report is not finished before these pass.

They read the written files again and hold them against the store, not against what made them.
"""

from __future__ import annotations

import re
import tempfile
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.campaign.evidence import MANIFEST, verify
from harness.campaign.records import Attempt
from harness.verdict import Source, Verdict
from reports.anonymise import Level, identities
from reports.document import CellRow, Document, TallyRow
from reports.limit_table import limit_lines
from reports.load import Loaded, load
from reports.make import make_report

_DECIDED = (Verdict.PASS, Verdict.CONDITIONAL_PASS, Verdict.FAIL)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a reviewer would send the report back for; `check` is the number of the rule, 1 to 11."""

    check: int
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """A written report and the records that it was made from."""

    runs: tuple[Path, ...]
    out: Path
    baseline: Path | None
    key: Path | None
    document: Document
    page: str
    loaded: Loaded

    @property
    def attempts(self) -> list[Attempt]:
        return [attempt for result in self.loaded.results for attempt in result.attempts]


def check_report(
    runs: Sequence[Path], out: Path, *, baseline: Path | None = None, key: Path | None = None
) -> list[Complaint]:
    """All eleven checks on the report in `out`; empty if it may be sent out."""
    review = Review(
        tuple(runs),
        out,
        baseline,
        key,
        msgspec.json.decode((out / "report.json").read_bytes(), type=Document),
        (out / "report.html").read_text(encoding="utf-8"),
        load(runs),
    )
    return [Complaint(number, text) for number, check in CHECKS.items() for text in check(review)]


def sums_are_right(review: Review) -> Iterator[str]:
    """Planned is the sum of all verdicts: in total, for each case and each unit."""
    document = review.document
    rows: list[tuple[str, TallyRow, list[CellRow]]] = [("all", document.total, list(document.cells))]
    rows += [(case.id, case.tally, [one for one in document.cells if one.case == case.id]) for case in document.cases]
    rows += [
        (unit.name, unit.tally, [one for one in document.cells if unit.name in (one.vehicle, one.charger)])
        for unit in document.units
    ]
    for name, tally, cells in rows:
        listed = Counter(cell.verdict for cell in cells)
        if tally.planned != sum(tally.counts.values()) or tally.counts != listed:
            yield f"{name}: planned {tally.planned}, told {dict(tally.counts)}, listed {dict(listed)}"


def shares_rest_on_listed_results(review: Review) -> Iterator[str]:
    """Each share's n equals the results listed in the annex."""
    document = review.document
    for case in document.cases:
        decided = [cell for cell in document.cells if cell.case == case.id and cell.verdict in _DECIDED]
        passed = sum(cell.verdict == Verdict.PASS for cell in decided)
        if (case.tally.share.passed, case.tally.share.tested) != (passed, len(decided)):
            yield f"{case.id}: the share is {case.tally.share.text}, the annex lists {passed} of {len(decided)}"


def verdicts_have_evidence(review: Review) -> Iterator[str]:
    """No verdict without the hash of its evidence, and the evidence is what was hashed."""
    for attempt in review.attempts:
        if attempt.verdict is not None and not attempt.evidence and attempt.exit_reason != "interrupted":
            yield f"attempt {attempt.id} ({attempt.verdict}) has no evidence"
    for run in review.runs:
        if (run / MANIFEST).is_file():
            yield from (f"{run.name}/{one.path}: {one.what}" for one in verify(run) if one.path.startswith("evidence/"))


def instruments_were_in_calibration(review: Review) -> Iterator[str]:
    """No run outside calibration."""
    for one in review.document.instruments:
        if one.overdue_attempts:
            yield f"{one.role} {one.serial} was due on {one.due}: {one.overdue_attempts} attempts are later"


def deviations_are_told(review: Review) -> Iterator[str]:
    """Deviations listed are the deviations recorded."""
    told, recorded = len(review.document.deviations), len(review.loaded.deviations)
    if told != recorded:
        yield f"{recorded} deviations were recorded, {told} are listed"


def limits_are_marked(review: Review) -> Iterator[str]:
    """No limit of our own without its mark, in data and page; none under another source than it was recorded with."""
    recorded = {
        (measurement.name, measurement.limit.low, measurement.limit.high, str(measurement.limit.source))
        for attempt in review.attempts
        for measurement in attempt.measurements
    }
    limits = [limit for case in review.document.cases for limit in case.limits]
    told = [(limit.name, limit.low, limit.high, limit.source) for limit in limits]
    for name, low, high, source in told:
        if (name, low, high, source) not in recorded and any(one[:3] == (name, low, high) for one in recorded):
            yield f"limit of {name} is told as {source!r}, recorded otherwise"
    ours = sum(line.source == Source.OURS for line in limit_lines(review.document.cases))
    if review.page.count('class="source s-our-default"') < ours:
        yield f"the page marks fewer than the {ours} limits that are our own"


def all_attempts_are_listed(review: Review) -> Iterator[str]:
    """A retry never erases: every attempt of the store stands in the report."""
    listed = {attempt.id for cell in review.document.cells for attempt in cell.attempts}
    for attempt in review.attempts:
        if attempt.id not in listed:
            yield f"attempt {attempt.id} is not listed"


def identities_are_absent(review: Review) -> Iterator[str]:
    """Where units carry pseudonyms, no identity string stands in any file, packed or plain, nor in a file's name."""
    if not Level(review.document.identification.level).pseudonymous:
        return
    secrets = identities(review.loaded.units)
    for path in sorted(review.out.rglob("*")):
        text = path.name.lower() + "\n" + (readable(path).lower() if path.is_file() else "")
        yield from (f"{path.name} holds an identity ({where})" for where in found(secrets, text))


def found(secrets: dict[str, str], text: str) -> list[str]:
    """What of `secrets` (string to description) occurs in the lower-case text."""
    return [where for secret, where in secrets.items() if secret.lower() in text]


def readable(path: Path) -> str:
    """A file's text with everything that is packed in it unpacked."""
    octets = path.read_bytes()
    packed = re.findall(rb'id="chunk-\d+">([^<]*)<', octets)
    parts = [octets, *(zlib.decompress(b64decode(chunk)) for chunk in packed)]
    if path.suffix == ".pdf":
        streams = re.findall(rb"stream\r?\n(.*?)endstream", octets, re.S)
        parts += [inflated for stream in streams if (inflated := _inflated(stream))]
        parts.append(_printed(path).encode())
    return b"\n".join(parts).decode("utf-8", "replace")


def _printed(path: Path) -> str:
    """What a PDF shows: in its streams letters are numbers of glyphs."""
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(path).pages).replace("\u200b", "")


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream)
    except zlib.error:  # not packed, and searched as it is
        return b""


def made_again_it_is_the_same(review: Review) -> Iterator[str]:
    """A second run of the generator gives the same octets."""
    with tempfile.TemporaryDirectory() as folder:
        level = Level(review.document.identification.level)
        again = make_report(review.runs, Path(folder), anonymise=level, baseline=review.baseline, key=review.key)
        for path in again:
            if path.read_bytes() != (review.out / path.name).read_bytes():
                yield f"{path.name} differs from one made again"


def stopping_early_is_told(review: Review) -> Iterator[str]:
    """A short list of results is shown as stopped early."""
    missing = review.document.total.counts.get("not_run", 0)
    sealed = all((run / MANIFEST).is_file() for run in review.runs)
    if (missing or not sealed) and (review.document.identification.complete or "stopped early" not in review.page):
        yield f"{missing} planned results are missing and the report does not say that it was stopped early"


def something_was_run(review: Review) -> Iterator[str]:
    """A plan in which everything was skipped is an error, not a success."""
    if not any(attempt.verdict is not None for attempt in review.attempts):
        yield "nothing was executed"


CHECKS: dict[int, Callable[[Review], Iterator[str]]] = {
    1: sums_are_right,
    2: shares_rest_on_listed_results,
    3: verdicts_have_evidence,
    4: instruments_were_in_calibration,
    5: deviations_are_told,
    6: limits_are_marked,
    7: all_attempts_are_listed,
    8: identities_are_absent,
    9: made_again_it_is_the_same,
    10: stopping_early_is_told,
    11: something_was_run,
}
