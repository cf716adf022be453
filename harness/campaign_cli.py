"""`plugfest merge`: the parts that several benches ran of one campaign become one run."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from harness.campaign.evidence import STORE, adopt, write_manifest
from harness.campaign.store import Store, StoreError
from reports.make import make_report


def merge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="run folders of one campaign")],
    out: Annotated[Path, typer.Option("--out", help="the run folder to be made")],
) -> None:
    """Put several benches' parts of one campaign together, with their evidence, and write the report. Exits 4 where they
    do not belong together."""
    try:
        merge_runs(runs, out)
    except StoreError as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(4) from None
    for path in make_report([out], out / "report"):
        typer.echo(path)


def merge_runs(runs: list[Path], out: Path) -> None:
    """A new run folder that holds what all of them hold; raises StoreError, and then leaves none."""
    with ExitStack() as stack:
        parts = [stack.enter_context(Store.open(run / STORE, readonly=True)) for run in runs]
        first = min((part.campaign() for part in parts), key=lambda one: one.started_utc_us)
        for part in parts:
            part.agrees_with(first)
        origins = [part.campaign().origin for part in parts]
        if len(set(origins)) < len(origins):
            raise StoreError(f"several runs call themselves {', '.join(origins)}: use --part or benches of other names")
        whole = stack.enter_context(Store.create(out / STORE, replace(first, origin="merged")))
        for part in parts:
            whole.merge(part)
        whole.seal()
    for run in runs:
        adopt(out, run)
    write_manifest(out)
