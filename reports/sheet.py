"""A private sheet for each device: its own identity, verdicts and traces, and where it stands in the anonymous group.

A supplier gets the sheets of its own devices only. Counterparts carry pseudonyms, and their identities are masked in
messages as well.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.campaign.records import Unit
from harness.campaign.statistics import Share, Tally
from reports import html
from reports.anonymise import Level, Names, names_for
from reports.drawings import draw
from reports.drilldown import pack
from reports.group import Figure
from reports.load import Loaded, ReportError, load
from reports.make import default_key, timelines_of, transcript_sizes
from reports.svg import Drawing
from reports.tell import tell


def make_sheets(
    runs: Sequence[Path], out: Path, *, key: Path | None = None, only: Collection[str] | None = None
) -> list[Path]:
    """Write one HTML page a device into `out`; returns their paths. The file's name is the pseudonym.

    `only` are the keys of those devices that get one. Raises ReportError for a device that was not under test.
    """
    loaded = load(runs)
    if unknown := sorted(set(only or ()) - {unit.key for unit in loaded.units}):
        near = difflib.get_close_matches(unknown[0], [unit.key for unit in loaded.units], n=1)
        hint = f"did you mean {near[0]!r}?" if near else "its name is the key that the lab file gives it"
        raise ReportError(f"no device {unknown[0]!r} was under test; {hint}")
    key = key or default_key(runs[0], loaded)
    pseudonyms = names_for(loaded.units, Level.GROUP, key)
    shares = {unit.key: _share(unit, loaded) for unit in loaded.units}
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for unit in (one for one in loaded.units if only is None or one.key in only):
        path = out / f"{pseudonyms.unit(unit.key)}.html"
        path.write_text(_sheet(unit, loaded, pseudonyms, key, shares), encoding="utf-8")
        paths.append(path)
    return paths


def _share(unit: Unit, loaded: Loaded) -> Share:
    rule = loaded.campaign.attempt_rule
    return Tally.of(one.verdict(rule) for one in loaded.results if unit.key in one.planned.pair).share


def _sheet(unit: Unit, loaded: Loaded, pseudonyms: Names, key: Path, shares: dict[str, Share]) -> str:
    others = [one for one in loaded.units if one.key != unit.key]
    hidden = names_for(others, Level.GROUP, key)
    # As a client reads his own device, and as the public reads everybody else's.
    shown = {one.key: pseudonyms.unit(one.key) for one in others}
    names = Names(Level.CLIENT, shown, hidden.secrets, hidden.pattern)
    own = tuple(one for one in loaded.results if unit.key in one.planned.pair)
    asked = {one.planned.case for one in own}
    mine = replace(
        loaded,
        units=(unit,),
        results=own,
        cases=tuple(case for case in loaded.cases if case.id in asked),
        deviations=(),
        campaign=replace(loaded.campaign, title=f"{loaded.campaign.title}: private sheet of {unit.key}"),
    )
    document = tell(mine, names)
    read = timelines_of(mine, names)
    here = Figure(
        "here",
        f"You are here: {unit.key} among the {unit.kind}s of this campaign, by share of passed results.",
        _place_in_group(unit, loaded.units, shares),
    )
    drawings = draw(document, read)
    drawings = replace(drawings, group=(here, *drawings.group))
    return html.render(document, drawings, pack(document, read, transcript_sizes(mine), names))


def _place_in_group(unit: Unit, units: Iterable[Unit], shares: dict[str, Share]) -> str:
    """A dot a device of the same kind, nameless, and a triangle for one's own."""
    drawing = Drawing(720, 110, "Place in the group")
    left, full = 40.0, 640.0
    for mark in range(0, 101, 25):
        x = left + full * mark / 100
        drawing.line(x, 26, x, 84, "#d5dade")
        drawing.text(x, 100, f"{mark} %", 9.5, text_anchor="middle", fill="#5b6670")
    stacked: dict[int, int] = {}
    for one in units:
        share = shares[one.key]
        if one.kind != unit.kind or share.value is None:
            continue
        x = left + full * share.value
        if one.key == unit.key:
            drawing.add("path", d=f"M{x:.1f} 20L{x - 7:.1f} 8L{x + 7:.1f} 8Z", fill="#b3261e")
            drawing.text(x, 40, f"you: {share.passed}/{share.tested}", 10, text_anchor="middle")
            continue
        place = stacked[round(x / 6)] = stacked.get(round(x / 6), -1) + 1
        drawing.add("circle", cx=x, cy=80.0 - 6 * min(place, 5), r=2.8, fill="#0b5394", fill_opacity=0.6)
    return drawing.render()
