"""What looks like a device's fault and is not: the bench itself was late, or it made the link bad on purpose.

What a late bench explains becomes the bench's error. What an injected impairment explains decides nothing: the case is
inconclusive and says which impairment. Only what time can break is excused; a wrong value in a message stays a fail, unless
we spoilt octets ourselves. A delay too small to matter to a link's timers excuses nothing: devices have to live with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from harness.case import Case
from harness.lag import BOUND_S, REACH_S, late_beats
from harness.rules.rule import RULES
from harness.subjects import GOOD_LINKS
from harness.transcript.event import Event
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
_LINK_OF = {"iso15118-20": "v2g", "iso15118-2": "v2g", "din70121": "v2g", "ocpp2.1": "ocpp"}
_ENDLESS = frozenset({"swallowed", "spoilt"})
"""What no end of an impairment makes good again: octets are gone."""
_WEIGHT = 0.1
"""From which part of a wait on lateness may have decided what was waited for (our default)."""
_LOST = frozenset({"closed", "refused"})
"""What a link event says where a connection is gone."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something of ours that may have made a device miss something."""

    since_s: float
    until_s: float
    text: str
    link: str = ""
    """Of an impairment; empty for a late bench."""
    spoils: bool = False
    """It changes what is said, not only when."""

    def explains(self, since_s: float, until_s: float, link: str, by_content: bool) -> bool:
        """Whether what was waited for since then and missed at `until_s` may come from it."""
        if (self.link and link and self.link != link) or self.since_s > until_s:
            return False
        if by_content:
            return self.spoils and self.since_s + REACH_S >= since_s
        return self.until_s + REACH_S >= since_s


def excuse(case: Case) -> None:
    """Take from the devices what was ours."""
    events = case.recorder.events
    _excuse(case, list(_lateness(events)), Verdict.ERROR)
    _excuse(case, list(_impairments(events)), Verdict.INCONCLUSIVE)


def _knows(case: Case, verdict: Verdict) -> bool:
    """A case that impairs a link itself expects something in spite of it; one that is run on bad links does not."""
    return verdict is Verdict.INCONCLUSIVE and case.parameters.get("impairment", GOOD_LINKS) == GOOD_LINKS


def _lateness(events: Iterable[Event]) -> Iterable[Cause]:
    for one in late_beats(events):
        text = f"the bench itself was late ({one}, allowed {BOUND_S:g} s, our default)"
        yield Cause(one.due_s, one.due_s + one.late_s, text)


def _impairments(events: Iterable[Event]) -> Iterable[Cause]:
    for event in events:
        what = event.data.get("what")
        if event.kind != "network" or what == "profile":
            continue
        link, for_s = str(event.data["link"]), float(event.data.get("for_s", 0.0))
        lasting = f" for {for_s:g} s" if for_s else ""
        text = f"we impaired the {link.upper()} link ourselves ({what}{lasting} at {event.at_s:.1f} s)"
        until_s = float("inf") if what in _ENDLESS else event.at_s + for_s
        yield Cause(event.at_s, until_s, text, link, spoils=what in ("spoilt", "swallowed"))


def _excuse(case: Case, causes: Sequence[Cause], verdict: Verdict) -> None:
    if not causes:
        return
    told = ""
    for place, finding in enumerate(case.findings):
        own = finding.rule == case.usecase.id
        if not (own and _knows(case, verdict)) and (cause := _cause_of(case, finding, causes)):
            told = told or _told(cause, finding.reason)
            case.findings[place] = _excused(finding, cause, verdict)
    if _knows(case, verdict):
        return
    for place, one in enumerate(case.measurements):
        if one.verdict is Verdict.FAIL and one.at_s is not None and _of_a_wait(case, causes, one.at_s):
            case.measurements[place] = replace(one, side=Side.BENCH)
            if verdict is Verdict.INCONCLUSIVE:
                case.excused.append(case.measurements[place])
    if case.stopped and case.stopped[0] in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if cause := _of_a_wait(case, causes, case.recorder.clock.now_s()):
            case.stopped = (verdict, Side.BENCH, _told(cause, case.stopped[2]))
    elif told and verdict is Verdict.INCONCLUSIVE and not case.stopped and not _still_failed(case):
        case.stopped = (verdict, Side.BENCH, told)


def _cause_of(case: Case, finding: Finding, causes: Iterable[Cause]) -> Cause | None:
    if finding.severity is not Severity.FAIL or finding.side is Side.BENCH:
        return None
    times = [case.recorder.events[number - 1].at_s for number in finding.events if number]
    since_s, until_s = min(times, default=0.0), max(times, default=case.recorder.clock.now_s())
    if finding.rule == case.usecase.id:
        return _of_a_wait(case, causes, until_s)
    link = _LINK_OF.get(finding.rule.partition("/")[0], "")
    return _latest(causes, since_s, until_s, link, by_content=_by_content(finding.rule))


def _of_a_wait(case: Case, causes: Iterable[Cause], missed_s: float) -> Cause | None:
    """Why something that the case waited for since its last step may have been missed.

    A tenth of a second beside a wait of ten changes nothing: lateness has to weigh, or to have cost a connection.
    """
    near = [one for one in causes if one.explains(missed_s, missed_s, "", False)]
    cause = _latest(near, missed_s, missed_s)
    if cause is None or cause.link:
        return cause
    waited_from_s = max((at_s for at_s, _ in case.steps if at_s <= missed_s), default=0.0)
    late_s = sum(one.until_s - one.since_s for one in near if one.until_s >= waited_from_s)
    earliest_s = min(one.since_s for one in near)
    lost = any(
        event.kind in ("v2g.link", "ocpp.link") and event.data.get("what") in _LOST
        for event in case.recorder.events
        if earliest_s <= event.at_s <= missed_s
    )
    return cause if lost or late_s >= _WEIGHT * (missed_s - waited_from_s) else None


def _by_content(rule: str) -> bool:
    if rule not in RULES:
        return False
    check = RULES[rule].check
    return (check.args[0] if isinstance(check, partial) else check).__module__ in _BY_CONTENT  # a check for either side


def _latest(
    causes: Iterable[Cause], since_s: float, until_s: float, link: str = "", *, by_content: bool = False
) -> Cause | None:
    found = [one for one in causes if one.explains(since_s, until_s, link, by_content)]
    return max(found, key=lambda one: one.since_s, default=None)


def _excused(finding: Finding, cause: Cause, verdict: Verdict) -> Finding:
    """Charged to the bench where that is an error; where we did it on purpose a warning is left."""
    severity = Severity.FAIL if verdict is Verdict.ERROR else Severity.WARN
    return replace(finding, severity=severity, side=Side.BENCH, reason=_told(cause, finding.reason))


def _told(cause: Cause, reason: str) -> str:
    return f"{cause.text}, so this is not charged: {reason}"


def _still_failed(case: Case) -> bool:
    return any(one.severity is Severity.FAIL for one in case.findings)
