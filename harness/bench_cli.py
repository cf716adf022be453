"""`plugfest check` and `plugfest emulate`: is the bench as its lab file says, and far ends to try a driver on."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from drivers.errors import BenchError, ConfigError
from drivers.generic_scpi import GenericScpi, Tried
from drivers.roles import Identity
from harness.bench import INSTRUMENTS, Bench
from harness.campaign.lab_check import checked_lab
from harness.clock import TimeMode
from harness.lab import Device, Lab, LabError, load_lab

USAGE = 4
KINDS = {
    "charger": "charger_unit",
    "vehicle": "vehicle_unit",
    "power_analyser": "yokogawa_wt",
    "dc_source": "ea_psb",
    "ac_source": "chroma_61845",
    "energy_meter": "modbus_meter",
    "control_pilot": "pilot_box",
    "relay": "relay_box",
    "rfid": "card_presenter",
    "can_gateway": "can_gateway",
    "pool": "pool",
}
"""Which emulator plays a role where no lab file says (our default)."""


def check(lab: Annotated[Path, typer.Option("--lab", help="lab config file")]) -> None:
    """Open every instrument of a lab: reachable, identity as configured, calibration due. Exits 1 if one is not."""
    try:
        found = checked_lab(lab)
    except LabError as refused:
        for line in refused.problems:
            typer.echo(line, err=True)
        raise typer.Exit(USAGE) from None
    rows, tried = asyncio.run(_check(found))
    table = Table(title=f"{found.lab.name}, bench {found.lab.bench}", title_justify="left")
    for heading in ("role", "device", "who answers", "serial", "calibration", "what to do"):
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for role, lines in tried.items():
        console.print(_tried_table(role, lines))
    raise typer.Exit(1 if any(row[-1] != "nothing" for row in rows) else 0)


def _tried_table(role: str, lines: Sequence[Tried]) -> Table:
    table = Table(title=f"{role}: what of its description works", title_justify="left")
    for heading in ("line", "works", "it says"):
        table.add_column(heading)
    for line in lines:
        table.add_row(line.what, {True: "yes", False: "NO", None: "-"}[line.works], line.said)
    return table


async def _check(lab: Lab) -> tuple[list[tuple[str, ...]], dict[str, list[Tried]]]:
    """One row an instrument, whose last column says what to do next or `nothing`; and the trials of described ones."""
    bench = Bench(lab, TimeMode.WIRE)
    bench.strict = False
    rows: list[tuple[str, ...]] = []
    trials: dict[str, list[Tried]] = {}
    try:
        for role in (role for role in lab.roles if role in INSTRUMENTS):
            device = lab.device(role)
            try:
                identity = await bench.identify(role)
                who = f"{identity.maker} {identity.model} {identity.firmware}".strip()
                advice = advice_on(lab, role, identity)
                driver = bench.drivers[role]
                if isinstance(driver, GenericScpi):
                    trials[role] = await driver.trial()
                    if broken := [line.what for line in trials[role] if line.works is False]:
                        advice = f"correct in its description: {', '.join(broken)}"
                rows.append((role, device.id, who, identity.serial, _calibration(device), advice))
            except ConfigError as problem:
                rows.append((role, device.id, "", "", _calibration(device), f"correct the lab file: {problem}"))
            except BenchError as problem:
                rows.append((role, device.id, "no answer", "", _calibration(device), str(problem)))
    finally:
        await bench.down()
    return rows, trials


def _calibration(device: Device) -> str:
    if device.calibration:
        return f"{device.calibration.certificate}, due {device.calibration.due}"
    return "emulated" if device.emulator else "none given"


def advice_on(lab: Lab, role: str, identity: Identity) -> str:
    """What to do about an instrument that answered, or `nothing`."""
    device = lab.device(role)
    if device.serial and device.serial != identity.serial:
        why = f"expected {device.serial!r}, the instrument says {identity.serial!r}: another one is connected, or the file"
        return lab.complaint(("roles", role, 0, "serial"), f"{why} is of another bench")
    return "nothing"


def emulate(
    role: Annotated[str, typer.Argument(help=f"one of {', '.join(KINDS)}")],
    defect: Annotated[list[str] | None, typer.Option("--defect", help="seed this defect (repeatable)")] = None,
    lab: Annotated[Path | None, typer.Option("--lab", help="take kind and options from this lab file")] = None,
    listen: Annotated[str, typer.Option(help="host:port, or pty")] = "",
    option: Annotated[list[str] | None, typer.Option("--option", help="KEY=VALUE of the emulator (repeatable)")] = None,
) -> None:
    """Run one emulator with a plant of its own until Ctrl-C; prints the address that a driver takes."""
    if role not in KINDS:
        typer.echo(f"no emulator plays {role!r}; there are {', '.join(KINDS)}", err=True)
        raise typer.Exit(USAGE)
    kind, options = KINDS[role], [*(option or [])]
    if lab:
        emulator = load_lab(lab).device(role).emulator
        if emulator:
            kind = emulator.kind
            options += [f"{name}={value}" for name, value in emulator.options.items() if name != "listen"]
            listen = listen or str(emulator.options.get("listen", ""))
    arguments = [part for one in defect or [] for part in ("--defect", one)]
    arguments += [part for one in options for part in ("--option", one)]
    arguments += ["--listen", listen] if listen else []
    process = subprocess.Popen([sys.executable, "-m", f"drivers.emulators.{kind}", *arguments])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: process.terminate())
    raise typer.Exit(process.wait())
