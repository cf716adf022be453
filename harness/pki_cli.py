"""`plugfest pki`: a whole certificate hierarchy for a lab, with the faults that a test wants."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from harness.iso15118.environment import FOREIGN
from harness.iso15118.pki import BRANCHES, Faults, KeyKind
from harness.iso15118.pki import create as create_pki

pki_app = typer.Typer(add_completion=False, help=__doc__, no_args_is_help=True)
Leaves = Annotated[list[str] | None, typer.Option(help=f"leaf to get wrong: {', '.join(BRANCHES)} (repeatable)")]


@pki_app.callback()
def _group() -> None:
    """Certificates for a lab."""


@pki_app.command()
def create(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a new folder for certificates and keys")],
    keys: Annotated[
        KeyKind, typer.Option(help="secp521r1 and ed448 as -20 has it, p256 as labs run it")
    ] = KeyKind.SECP521R1,
    days: Annotated[int, typer.Option(help="validity in days from today")] = 365,
    organisation: Annotated[str, typer.Option(help="name in every subject")] = "Plugfest lab",
    evccid: Annotated[str, typer.Option(help="common name of the vehicle certificate")] = "",
    emaid: Annotated[str, typer.Option(help="common name of the contract certificate")] = "",
    foreign: Annotated[
        bool, typer.Option("--foreign", help="a second hierarchy in DIR/foreign, unknown to the first")
    ] = False,
    expired: Leaves = None,
    not_yet_valid: Leaves = None,
    revoked: Leaves = None,
    wrong_usage: Leaves = None,
    deep: Leaves = None,
) -> None:
    """V2G, OEM and MO roots, sub-CAs, and the leaves of station, vehicle, contract and provisioning."""
    if folder.exists() and any(folder.iterdir()):
        typer.echo(f"{folder} is not empty: give a new folder, so that no key is overwritten", err=True)
        raise typer.Exit(4)
    faults = Faults(
        expired=frozenset(expired or ()),
        not_yet_valid=frozenset(not_yet_valid or ()),
        revoked=frozenset(revoked or ()),
        wrong_usage=frozenset(wrong_usage or ()),
        deep=frozenset(deep or ()),
    )
    pki = create_pki(
        keys,
        now=dt.datetime.now(dt.UTC),
        days=days,
        organisation=organisation,
        evccid=evccid,
        emaid=emaid,
        faults=faults,
    )
    pki.write(folder)
    if foreign:
        create_pki(keys, now=dt.datetime.now(dt.UTC), days=days, organisation="Somebody else").write(folder / FOREIGN)
    typer.echo(
        f"{len([one for one in folder.rglob('*') if one.is_file()])} files in {folder}; keys can be read by you alone"
    )
