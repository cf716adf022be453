"""`plugfest report` and `plugfest verify`: what is told of finished runs, and whether anything was changed since."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from harness.campaign.evidence import MANIFEST, SIGNATURE
from harness.campaign.evidence import verify as verify_evidence
from harness.campaign.signature import SignatureProblem, self_made, sign_manifest, signer, signing_certificate
from harness.campaign.store import StoreError
from reports.anonymise import Level
from reports.check import check_report
from reports.load import ReportError
from reports.make import make_report
from reports.sheet import make_sheets

USAGE = 4
IDENTITY = ".signing"
"""Folder beside the runs where a self-made key and certificate are kept: never in a run or report."""
ALL = "all"


def report(
    runs: Annotated[list[Path], typer.Argument(help="run folders of one campaign")],
    out: Annotated[
        Path | None, typer.Option("--out", help="where the report goes (default: into the first run)")
    ] = None,
    anonymise: Annotated[
        Level | None,
        typer.Option("--anonymise", help="how much of identities is shown (default: as the campaign says)"),
    ] = None,
    pseudonyms: Annotated[
        Path | None,
        typer.Option("--pseudonyms", help="the pseudonym key file (default: in .pseudonyms beside the runs)"),
    ] = None,
    baseline: Annotated[Path | None, typer.Option("--baseline", help="an earlier campaign to compare with")] = None,
    sheet: Annotated[
        list[str] | None, typer.Option("--sheet", help="a private sheet for this device, or `all` (repeatable)")
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help="sign the manifests and a copy of the PDF")] = False,
    key: Annotated[Path | None, typer.Option("--key", help="the laboratory's private key, PEM")] = None,
    certificate: Annotated[Path | None, typer.Option("--certificate", help="the laboratory's certificate, PEM")] = None,
    overview: Annotated[
        bool, typer.Option("--overview", help="only counts, made without loading the campaign; for millions of results")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="run the reviewer's eleven checks on the written report")
    ] = False,
) -> None:
    """Make the report again from store and evidence; the same runs give the same octets."""
    folder = out or runs[0] / "report"
    complaints = []
    try:
        if (key is None) != (certificate is None):
            raise ReportError("--key and --certificate belong together: give both, or none for a self-made pair")
        if (key or certificate) and not sign:
            raise ReportError("--key and --certificate are for --sign: add it")
        if overview:
            from reports.overview import make_overview_of  # so that other commands start without DuckDB

            paths = make_overview_of(runs, folder)
        else:
            paths = make_report(runs, folder, anonymise=anonymise, baseline=baseline, key=pseudonyms)
            complaints = check_report(runs, folder, baseline=baseline, key=pseudonyms) if check else []
        if sheet:
            only = None if ALL in sheet else sheet
            paths += make_sheets(runs, folder.with_name(f"{folder.name}-sheets"), key=pseudonyms, only=only)
        if sign:
            paths += _sign(runs, folder / "report.pdf", key, certificate)
    except (ReportError, StoreError, SignatureProblem) as refused:
        _refuse(str(refused))
    for path in paths:
        typer.echo(path)
    for complaint in complaints:
        typer.echo(f"check {complaint.check}: {complaint.text}", err=True)
    raise typer.Exit(1 if complaints else 0)


def _sign(runs: list[Path], pdf: Path, key: Path | None, certificate: Path | None) -> list[Path]:
    """The manifest of each run, then a copy of the PDF."""
    from reports.sign import sign_pdf  # so that other commands start without a library for signatures

    unfinished = [run for run in runs if not (run / MANIFEST).is_file()]
    if unfinished:
        raise ReportError(f"{unfinished[0]} has no manifest: go on with it (plugfest run --resume) before it is signed")
    if key is None or certificate is None:
        home = runs[0].resolve().parent / IDENTITY
        key, certificate = self_made(home, "Plugfest laboratory (self-made)", dt.datetime.now(dt.UTC))
    signed = [sign_manifest(run, key, certificate) for run in runs]
    if pdf.is_file():
        signed.append(sign_pdf(pdf, pdf.with_name("report-signed.pdf"), key, certificate))
    return signed


def verify(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="a finished run's folder")],
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", help="whose signature it must be, PEM; then a missing one is a fault"),
    ] = None,
) -> None:
    """Compare every evidence file with the manifest, and the manifest with its signature; names what differs."""
    try:
        faults = [f"{one.path}: {one.what}" for one in verify_evidence(run_folder)]
    except FileNotFoundError as missing:
        _refuse(f"{missing.filename}: is not there; only a finished run has a manifest")
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError) as unreadable:
        faults = [f"{MANIFEST}: cannot be read: {unreadable}"]
    signed, more = _signatures(run_folder, certificate)
    faults += more
    for one in faults:
        typer.echo(one)
    if not faults:
        typer.echo("every file is as the manifest says" + (f", signed by {signed}" if signed else "; it is not signed"))
    else:
        typer.echo(f"{len(faults)} faults")
    raise typer.Exit(1 if faults else 0)


def _signatures(run: Path, certificate: Path | None) -> tuple[str, list[str]]:
    """Who signed, and what is wrong with it."""
    if not (run / SIGNATURE).is_file() and certificate is None:
        return "", []
    try:
        name = signer(run, certificate)
    except SignatureProblem as problem:
        return "", [str(problem)]
    pdf = run / "report" / "report-signed.pdf"
    from reports.sign import verify_pdf

    if pdf.is_file() and not verify_pdf(pdf, signing_certificate(run)):
        return name, [f"report/{pdf.name}: was changed after it was signed, or by another key than the manifest"]
    return name, []


def _refuse(text: str) -> NoReturn:
    for line in text.splitlines():
        typer.echo(line, err=True)
    raise typer.Exit(USAGE)
