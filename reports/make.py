"""From run folders to files: the one door of this package."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import msgspec

from reports import html, junit, pdf
from reports.anonymise import Level, Names, names_for
from reports.compare import compare
from reports.decode import decode
from reports.document import Document
from reports.drawings import draw
from reports.drilldown import pack
from reports.load import Loaded, ReportError, load
from reports.tell import tell
from reports.timeline import Timeline, read

_KEYS = ".pseudonyms"


@contextmanager
def _without_collector() -> Iterator[None]:
    """A document is millions of objects and no cycle; looking for cycles took a third of the time (measured)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_without_collector()
def make_report(
    runs: Sequence[Path],
    out: Path,
    *,
    anonymise: Level | str | None = None,
    baseline: Path | None = None,
    key: Path | None = None,
) -> list[Path]:
    """Write report.html, .pdf, .json and .junit.xml into `out`; returns their paths.

    Same runs, same octets. `anonymise` is a level (internal, client, group, public), by default the campaign's own;
    `baseline` the run of an earlier campaign to compare with; `key` the pseudonym key file, by default in a folder beside
    the runs. Raises ReportError with the way out.
    """
    loaded = load(runs)
    level = Level(anonymise or loaded.campaign.anonymisation)
    key = key or default_key(runs[0], loaded)
    if out.resolve() in key.resolve().parents:
        raise ReportError(f"the pseudonym key {key} would lie in the report's own folder: choose another --out")
    names = names_for(loaded.units, level, key)
    document = tell(loaded, names, compare(load([baseline]), loaded, names) if baseline else None)
    timelines, sizes = timelines_of(loaded, names), transcript_sizes(loaded)
    del loaded  # as large as the document, and no more needed
    drawings = draw(document, timelines)
    out.mkdir(parents=True, exist_ok=True)
    writers: dict[str, Callable[[], bytes]] = {
        "report.html": lambda: html.render(document, drawings, pack(document, timelines, sizes, names)).encode(),
        "report.pdf": lambda: pdf.render(document, drawings),
        "report.json": lambda: as_json(document),
        "report.junit.xml": lambda: junit.render(document),
    }
    paths = []
    for name, write in writers.items():  # one after another: each may take as much memory as the campaign
        path = out / name
        path.write_bytes(write())
        paths.append(path)
    return paths


def default_key(run: Path, loaded: Loaded) -> Path:
    """Where a campaign's pseudonym key lies if nobody says otherwise: beside the runs, in no report's folder."""
    return run.resolve().parent / _KEYS / f"{loaded.campaign.id}.json"


def as_json(document: Document) -> bytes:
    """The document as JSON after `report.schema.json`."""
    return msgspec.json.encode(document, order="deterministic") + b"\n"


def timelines_of(loaded: Loaded, names: Names) -> Callable[[str], Timeline]:
    """Reads an attempt's transcript when it is asked for; the last few are kept, charts and drill-down share them."""

    folders = loaded.folders

    @lru_cache(maxsize=32)
    def timeline(attempt: str) -> Timeline:
        own = attempt.rpartition("/")[2]
        return read(folders[attempt] / "evidence" / own, decode, names.cleaned)

    return timeline


def transcript_sizes(loaded: Loaded) -> dict[str, int]:
    """Octets of each attempt's transcript, by what the store says: no file is touched for it."""
    return {
        attempt.id: file.bytes
        for result in loaded.results
        for attempt in result.attempts
        for file in attempt.evidence
        if file.path.endswith("transcript.jsonl")
    }
