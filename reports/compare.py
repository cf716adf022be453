"""Two campaigns on the cases and pairs that both ran: regressions first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.campaign.records import Planned
from harness.campaign.statistics import Tally, change
from harness.verdict import Verdict
from reports.anonymise import Names
from reports.document import ChangeRow, Comparison
from reports.findings import share_row
from reports.load import Loaded, ReportError

Verdicts = Mapping[Planned, Verdict]


def compare(before: Loaded, after: Loaded, names: Names) -> Comparison:
    """Shares of both and McNemar's counts over the common cells; raises ReportError if there are none.

    A device that was updated keeps its key: changed software is a new revision, not a new unit.
    """
    was, now = _verdicts(before), _verdicts(after)
    common = [cell for cell in was if cell in now]
    if not common:
        raise ReportError(
            f"{before.campaign.id} and {after.campaign.id} have no case on a common pair: nothing can be compared"
        )
    titles = {case.id: case.title for case in after.cases}
    rows = [
        _row(case, titles.get(case, ""), [cell for cell in common if cell.case == case], was, now, names)
        for case in dict.fromkeys(cell.case for cell in common)
    ]
    regressions = tuple(
        f"{names.text(cell.case)}: {names.unit(cell.pair.vehicle)} with {names.unit(cell.pair.charger)} "
        f"passed before and fails now"
        for cell in common
        if was[cell] in (Verdict.PASS, Verdict.CONDITIONAL_PASS) and now[cell] is Verdict.FAIL
    )
    return Comparison(
        baseline=names.text(before.campaign.id),
        data_hash=before.data_hash,
        rows=tuple(sorted(rows, key=lambda row: (-row.worsened, -row.improved, row.case))),
        overall=_row("all common cases", "", common, was, now, names),
        regressions=regressions,
    )


def _verdicts(loaded: Loaded) -> dict[Planned, Verdict]:
    rule = loaded.campaign.attempt_rule
    return {result.planned: result.verdict(rule) for result in loaded.results}


def _row(case: str, title: str, cells: Iterable[Planned], was: Verdicts, now: Verdicts, names: Names) -> ChangeRow:
    before, after = {cell: was[cell] for cell in cells}, {cell: now[cell] for cell in cells}
    counted = change(before, after)
    return ChangeRow(
        case=names.text(case),
        title=names.text(title),
        before=share_row(Tally.of(before.values()).share),
        after=share_row(Tally.of(after.values()).share),
        improved=counted.improved,
        worsened=counted.worsened,
        unchanged=counted.unchanged,
        probability=round(counted.probability, 6),
    )
