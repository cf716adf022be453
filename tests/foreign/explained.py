"""Does the findings page explain a run? Each case that did not pass must stand in the page's list, with its finding.

python -m tests.foreign.explained RUN...

Of several runs the later ones go before: what a busy computer spoilt is run again by itself. Exits 1 with the names of
cases that nobody has explained; cases of the list that passed are told, since they may be there without need.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "findings" / "josev-0.31.2.md"
LISTED = re.compile(r"^\| `(TC_\w+)` \| (JOSEV-[\w-]+) \| ([\d, ]+|—) \| .+ \|$", re.MULTILINE)
FINDING = re.compile(r"^\| (\d+) \|", re.MULTILINE)
UNNUMBERED = "—"
"""In place of a finding's number: the line itself says why the case cannot pass here."""

Cell = tuple[str, str]
"""Case and device."""


def listed(page: str) -> dict[Cell, tuple[int, ...]]:
    """The page's list: the findings that explain each case."""
    return {
        (case, device): () if numbers == UNNUMBERED else tuple(int(one) for one in numbers.split(","))
        for case, device, numbers in LISTED.findall(page)
    }


def verdicts(reports: Iterable[Mapping[str, object]]) -> dict[Cell, str]:
    """What counts of each case and device; a later report's verdict goes before an earlier one's."""
    found: dict[Cell, str] = {}
    for report in reports:
        for cell in report["cells"]:  # type: ignore[attr-defined]
            device = cell["charger"] if cell["vehicle"] == "harness" else cell["vehicle"]
            found[cell["case"], device] = cell["verdict"]
    return found


def main(folders: list[str]) -> int:
    files = [Path(one) / "report" / "report.json" for one in folders]
    if absent := [str(one) for one in files if not one.is_file()]:
        print(f"no report yet: {', '.join(absent)}; `plugfest report RUN` makes it", file=sys.stderr)
        return 4
    reports = [json.loads(one.read_text()) for one in files]
    found, known = verdicts(reports), listed(PAGE.read_text())
    unexplained = [
        one for one, verdict in found.items() if verdict not in ("pass", "not_applicable", *_known(one, known))
    ]
    passed = [one for one, verdict in found.items() if verdict == "pass" and one in known]
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(Counter(found.values()).items())))
    for why, cells in (("passed though it is listed", passed), ("not explained", unexplained)):
        for case, device in cells:
            print(f"{why}: {case} {device}: {found[case, device]}")
    return 1 if unexplained else 0


def _known(cell: Cell, known: Mapping[Cell, object]) -> tuple[str, ...]:
    """Verdicts that the list explains; an error is the bench's and explained by nothing."""
    return ("fail", "inconclusive") if cell in known else ()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
