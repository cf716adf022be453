"""What looks like a device's fault and is not: a timing that was missed while the bench itself was late.

Only what time can break is excused. A wrong value in a message stays a fail, however busy the computer was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from harness.case import Case
from harness.lag import BOUND_S, Late, late_beats
from harness.rules.rule import RULES
from harness.verdict import Finding, Severity, Side, Verdict

_BY_CONTENT = frozenset(
    f"harness.rules.{module}"
    for module in (
        "iso15118_20.authorization", "iso15118_20.control_mode", "iso15118_20.framing", "iso15118_20.limits",
        "iso15118_20.negotiation", "iso15118_20.plausibility", "iso15118_20.response_code", "iso15118_20.schedules",
        "iso15118_20.services", "iso15118_20.session_id", "iso15118_20.signatures", "iso15118_20.signs",
        "iso15118_20.tls", "iso15118_2.answers", "iso15118_2.session_id", "ocpp21.authorisation",
        "ocpp21.csms_profiles", "ocpp21.der", "ocpp21.framing", "ocpp21.priority", "ocpp21.profile_acceptance",
    )
)  # fmt: skip
"""Modules of rules that look at what a message says, and not at when it was said or whether it was."""


def excuse(case: Case) -> None:
    """Take what a late bench explains from the devices: it becomes the bench's error, with the figure."""
    late = late_beats(case.recorder.events)
    if not late:
        return
    case.findings[:] = [_finding(case, one, late) for one in case.findings]
    case.measurements[:] = [
        replace(one, side=Side.BENCH)
        if one.verdict is Verdict.FAIL and one.at_s is not None and _cause(late, one.at_s, one.at_s)
        else one
        for one in case.measurements
    ]
    if case.stopped and case.stopped[0] in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        now_s = case.recorder.clock.now_s()
        if cause := _cause(late, now_s, now_s):
            case.stopped = (Verdict.ERROR, Side.BENCH, _told(cause, case.stopped[2]))


def _finding(case: Case, finding: Finding, late: Sequence[Late]) -> Finding:
    if finding.severity is not Severity.FAIL or finding.side is Side.BENCH or not _depends_on_time(finding.rule):
        return finding
    times = [case.recorder.events[number - 1].at_s for number in finding.events if number]
    cause = _cause(late, min(times, default=0.0), max(times, default=case.recorder.clock.now_s()))
    return replace(finding, side=Side.BENCH, reason=_told(cause, finding.reason)) if cause else finding


def _depends_on_time(rule: str) -> bool:
    """A case's own expectations do, too: each waits for something."""
    known = RULES.get(rule)
    if known is None:
        return True
    check = known.check.args[0] if isinstance(known.check, partial) else known.check  # a check for either side
    return check.__module__ not in _BY_CONTENT


def _cause(late: Iterable[Late], since_s: float, until_s: float) -> Late | None:
    """The latest beat that may explain what was missed then."""
    return max((one for one in late if one.explains(since_s, until_s)), key=lambda one: one.late_s, default=None)


def _told(cause: Late, reason: str) -> str:
    return f"the bench itself was late ({cause}, allowed {BOUND_S:g} s, our default), so this is not charged: {reason}"
