"""Run folders as a report reads them: one or several parts of a campaign, the evidence left on disk until asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from harness.campaign.evidence import MANIFEST, STORE, sha256
from harness.campaign.records import Attempt, Campaign, CaseInfo, Deviation, Instrument, Result, Unit
from harness.campaign.store import Store

Named = TypeVar("Named", Unit, CaseInfo)


class ReportError(Exception):
    """No report can be made; the text says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything the stores hold. `folders` finds an attempt's run folder by the attempt's id."""

    campaign: Campaign
    units: tuple[Unit, ...]
    instruments: tuple[Instrument, ...]
    cases: tuple[CaseInfo, ...]
    results: tuple[Result, ...]
    deviations: tuple[Deviation, ...]
    folders: dict[str, Path]
    data_hash: str
    """SHA-256 over the manifests (or, in a run that was never finished, the stores) that the report rests on."""
    complete: bool
    """False if a run has no manifest: it was stopped early."""


def load(runs: Sequence[Path]) -> Loaded:
    """Read one campaign from one or several run folders.

    Runs of the same campaign are merged; several runs of the same bench get their folder's name before the attempt ids.
    """
    if not runs:
        raise ReportError("no run was named: give at least one run folder")
    for run in runs:
        if not (run / STORE).is_file():
            raise ReportError(f"{run} holds no {STORE}: give a run folder as `plugfest run` prints it")
    parts = [_part(run, len(runs) > 1) for run in runs]
    first = parts[0]
    if len(parts) == 1:
        return first
    order = {case.id: place for place, case in enumerate(_named(part.cases for part in parts))}
    results: dict[object, Result] = {}
    for part in parts:
        for result in part.results:
            known = results.get(result.planned)
            results[result.planned] = _joined(known, result) if known else result
    return Loaded(
        campaign=first.campaign,
        units=_named(part.units for part in parts),
        instruments=tuple(dict.fromkeys(one for part in parts for one in part.instruments)),
        cases=_named(part.cases for part in parts),
        results=tuple(sorted(results.values(), key=lambda one: (order[one.planned.case], one.planned.pair))),
        deviations=tuple(
            replace(one, number=number)
            for number, one in enumerate((one for part in parts for one in part.deviations), start=1)
        ),
        folders={key: folder for part in parts for key, folder in part.folders.items()},
        data_hash=hashlib.sha256("".join(part.data_hash for part in parts).encode()).hexdigest(),
        complete=all(part.complete for part in parts),
    )


def _part(run: Path, prefixed: bool) -> Loaded:
    with Store.open(run / STORE, readonly=True) as store:
        results = tuple(store.results())
        prefix = f"{run.name}/" if prefixed else ""
        if prefix:
            results = tuple(
                replace(one, attempts=tuple(replace(attempt, id=prefix + attempt.id) for attempt in one.attempts))
                for one in results
            )
        complete = (run / MANIFEST).is_file()
        return Loaded(
            campaign=store.campaign(),
            units=tuple(store.units()),
            instruments=tuple(store.instruments()),
            cases=tuple(store.cases()),
            results=results,
            deviations=tuple(
                replace(one, attempts=tuple(prefix + key for key in one.attempts)) for one in store.deviations()
            ),
            folders={attempt.id: run for one in results for attempt in one.attempts},
            data_hash=sha256(run / (MANIFEST if complete else STORE)),
            complete=complete,
        )


def _joined(one: Result, other: Result) -> Result:
    attempts: list[Attempt] = sorted((*one.attempts, *other.attempts), key=lambda each: each.started_utc_us)
    return Result(
        one.planned,
        one.not_applicable or other.not_applicable,
        tuple(replace(attempt, number=number) for number, attempt in enumerate(attempts, start=1)),
    )


def _named(groups: Iterable[tuple[Named, ...]]) -> tuple[Named, ...]:
    """All members once, by the name that the store knows them by; the first description counts."""
    known: dict[str, Named] = {}
    for group in groups:
        for one in group:
            known.setdefault(one.id if isinstance(one, CaseInfo) else one.key, one)
    return tuple(known.values())
