"""DER control: block R."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.ocpp.der import CONTROL_FIELDS, field_of
from harness.ocpp.frames import Payload
from harness.ocpp.timestamps import to_seconds
from harness.rules.ocpp21.terms import Session, asked, broken, csms, station
from harness.rules.rule import Broken, Check
from harness.transcript.ocpp import Exchange, OcppMessage

SAME_MOMENT_S = 1.0
"""An end and a new alarm that are not further apart are of one moment (our default)."""
NOTICE_S = 10.0
"""Until a start, an end or a report has to be told (our default)."""


def _content(asked_for: Payload) -> Payload:
    content: Payload = asked_for.get(field_of(asked_for["controlType"]), {})
    return content


def _fields(asked_for: Payload) -> set[str]:
    return set(CONTROL_FIELDS & asked_for.keys())


_MUST_REJECT: tuple[tuple[str, str, Callable[[Payload], bool]], ...] = (
    ("R04.FR.12", "a default control has no startTime",
     lambda c: c["isDefault"] and "startTime" in _content(c)),
    ("R04.FR.13", "a default control has no duration", lambda c: c["isDefault"] and "duration" in _content(c)),
    ("R04.FR.14", "EnterService is a default control", lambda c: not c["isDefault"] and c["controlType"] == "EnterService"),
    ("R04.FR.15", "Gradients is a default control", lambda c: not c["isDefault"] and c["controlType"] == "Gradients"),
    ("R04.FR.16", "the field fits the control type", lambda c: field_of(c["controlType"]) not in _fields(c)),
    ("R04.FR.17", "there is no other control field", lambda c: bool(_fields(c) - {field_of(c["controlType"])})),
)  # fmt: skip


def _register(requirement: str, reason: str, breach: Callable[[Payload], bool]) -> None:
    def accepted_all_the_same(session: Session) -> Iterator[Broken]:
        for one in asked(session, "SetDERControl", source="csms"):
            if one.status == "Accepted" and breach(one.asked) and one.answer:
                yield broken(one.answer, f"{one.request} breaks it and is accepted", one.request)

    check: Check = accepted_all_the_same
    station(requirement, reason, id=f"ocpp2.1/{requirement}")(check)


for _row in _MUST_REJECT:
    _register(*_row)


@csms("R04.FR.12, R04.FR.13, R04.FR.14, R04.FR.15, R04.FR.16, R04.FR.17", "no DER control is sent that a station has to reject",
      "I", "warn", id="ocpp2.1/csms-sends-acceptable-controls")  # fmt: skip
def acceptable_controls_are_sent(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetDERControl", source="csms"):
        for requirement, reason, breach in _MUST_REJECT:
            if breach(one.asked):
                yield broken(one.request, f"{requirement}: {reason}")
                break


@csms("R04.FR.20", "a scheduled DER control says when it starts", "I", "warn", id="ocpp2.1/csms-schedules-have-a-start")
def schedules_have_a_start(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetDERControl", source="csms"):
        if not one.asked["isDefault"] and _content(one.asked) and "startTime" not in _content(one.asked):
            yield broken(one.request, f"{one.asked['controlId']} is no default and has no startTime")


def _supported(session: Session) -> list[str] | None:
    told = session.variable("DCDERCtrlr", "ModesSupported")
    return None if told is None else told.split(",")


def _unsupported(session: Session, action: str) -> Iterator[Broken]:
    modes = _supported(session)
    for one in asked(session, action, source="csms"):
        control_type = one.asked.get("controlType")
        if modes is not None and control_type and control_type not in modes and one.status not in ("", "NotSupported"):
            if one.answer:
                yield broken(
                    one.answer, f"{control_type} is not in ModesSupported, the answer is {one.status}", one.request
                )


@station("R04.FR.01", "a control type that is not supported is answered NotSupported")
def unsupported_types_are_not_set(session: Session) -> Iterator[Broken]:
    yield from _unsupported(session, "SetDERControl")


@station("R04.FR.36", "asking for a control type that is not supported is answered NotSupported")
def unsupported_types_are_not_reported(session: Session) -> Iterator[Broken]:
    yield from _unsupported(session, "GetDERControl")


@station("R04.FR.43", "clearing a control type that is not supported is answered NotSupported")
def unsupported_types_are_not_cleared(session: Session) -> Iterator[Broken]:
    yield from _unsupported(session, "ClearDERControl")


def _installed_before(session: Session, message: OcppMessage) -> dict[str, Exchange]:
    """Controls that were accepted and neither cleared nor superseded, by id."""
    held: dict[str, Exchange] = {}
    for one in session.of("SetDERControl", "ClearDERControl", "NotifyDERStartStop"):
        if one.request.ordinal >= message.ordinal:
            break
        if one.request.action == "SetDERControl" and one.status == "Accepted":
            held[one.asked["controlId"]] = one
            for loser in one.said.get("supersededIds", ()):
                held.pop(loser, None)
        elif one.request.action == "ClearDERControl" and one.status == "Accepted":
            held = {name: other for name, other in held.items() if not _matches(other, one.asked)}
        elif one.request.action == "NotifyDERStartStop" and not one.asked.get("started"):
            held.pop(str(one.asked.get("controlId")), None)
    return held


def _matches(control: Exchange, wanted: Payload) -> bool:
    return all(control.asked[key] == wanted[key] for key in ("isDefault", "controlType", "controlId") if key in wanted)


def _rivals(session: Session, one: Exchange) -> Iterator[Exchange]:
    for other in _installed_before(session, one.request).values():
        same = all(other.asked[key] == one.asked[key] for key in ("isDefault", "controlType"))
        if same and other.asked["controlId"] != one.asked["controlId"]:
            yield other


def _priority(one: Exchange) -> int:
    return int(_content(one.asked).get("priority", 0))


@station("R04.FR.02, R04.FR.03", "a new default supersedes an older one of a higher priority number, and names it")
def weaker_defaults_are_superseded(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetDERControl", source="csms"):
        if one.status != "Accepted" or not one.asked["isDefault"] or one.answer is None:
            continue
        for other in _rivals(session, one):
            if _priority(other) > _priority(one) and other.asked["controlId"] not in one.said.get("supersededIds", ()):
                yield broken(
                    one.answer, f"{other.asked['controlId']} is not in supersededIds", one.request, other.request
                )


@station("R04.FR.08", "a new control that loses is accepted and superseded at once: its own id is named")
def losers_name_themselves(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetDERControl", source="csms"):
        if one.status != "Accepted" or not one.asked["isDefault"] or one.answer is None:
            continue
        for other in _rivals(session, one):
            if _priority(other) < _priority(one) and one.asked["controlId"] not in one.said.get("supersededIds", ()):
                yield broken(
                    one.answer, f"{other.asked['controlId']} has the higher priority", one.request, other.request
                )


@station("R04.FR.04", "a default never supersedes a scheduled control")
def defaults_leave_scheduled_ones_alone(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetDERControl", source="csms"):
        held = _installed_before(session, one.request)
        for loser in one.said.get("supersededIds", ()):
            other = held.get(loser)
            if one.asked["isDefault"] and other and not other.asked["isDefault"] and one.answer:
                yield broken(one.answer, f"{loser} is a scheduled control", one.request, other.request)


@station("R04.FR.20, R04.FR.21", "the start of a scheduled control is told")
def starts_are_told(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetDERControl", source="csms"):
        content = _content(one.asked)
        lost = one.asked["controlId"] in one.said.get("supersededIds", ())
        if (
            one.status != "Accepted"
            or one.asked["isDefault"]
            or "startTime" not in content
            or lost
            or one.answer is None
        ):
            continue
        wait_s = max(to_seconds(content["startTime"]) - one.answer.utc_s, 0.0) + NOTICE_S
        notes = [note for note in session.after(one.request, "NotifyDERStartStop") if note.asked.get("started")]
        gone = any(session.after(one.answer, "ClearDERControl", "SetDERControl", within_s=wait_s))
        told = any(note.asked["controlId"] == one.asked["controlId"] for note in notes)
        if not told and not gone and session.covers(one.answer, wait_s):
            yield broken(one.answer, f"no NotifyDERStartStop of {one.asked['controlId']} came", one.request)


@station("R04.FR.22", "the end of a scheduled control is told")
def ends_are_told(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyDERStartStop"):
        if not one.asked["started"]:
            continue
        control = _installed_before(session, one.request).get(one.asked["controlId"])
        duration_s = _content(control.asked).get("duration") if control else None
        if control is None or duration_s is None:
            continue
        wait_s = float(duration_s) + NOTICE_S
        ended = any(
            later.asked.get("controlId") == one.asked["controlId"] and later.asked.get("started") is False
            for later in session.after(one.request, "NotifyDERStartStop", within_s=wait_s)
        )
        if not ended and session.covers(one.request, wait_s):
            yield broken(
                one.request, f"{one.asked['controlId']} should have ended after {duration_s:g} s", control.request
            )


@station("R04.FR.30", "asking for controls that are not there is answered NotFound")
def nothing_found_is_said(session: Session) -> Iterator[Broken]:
    yield from _not_found(session, "GetDERControl")


@station("R04.FR.41, R04.FR.42, R04.FR.46", "clearing a control that is not there is answered NotFound")
def nothing_to_clear_is_said(session: Session) -> Iterator[Broken]:
    yield from _not_found(session, "ClearDERControl")


def _not_found(session: Session, action: str) -> Iterator[Broken]:
    for one in asked(session, action, source="csms"):
        control = one.asked.get("controlId")
        cleared = [
            other
            for other in session.of("ClearDERControl")
            if other.request.ordinal < one.request.ordinal
            and other.asked.get("controlId") == control
            and other.status == "Accepted"
        ]
        again = [
            other
            for other in session.of("SetDERControl")
            if other.asked.get("controlId") == control and other.request.ordinal < one.request.ordinal
            and (not cleared or other.request.ordinal > cleared[-1].request.ordinal)
        ]  # fmt: skip
        if control and cleared and not again and one.status == "Accepted" and one.answer:
            yield broken(one.answer, f"{control} was cleared in {cleared[-1].request}", one.request)


@station("R04.FR.31", "an accepted GetDERControl is followed by reports of its requestId")
def promised_controls_are_reported(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetDERControl", source="csms"):
        if one.status != "Accepted" or one.answer is None or not session.covers(one.answer, NOTICE_S):
            continue
        reports = session.after(one.request, "ReportDERControl", within_s=NOTICE_S)
        if not any(report.asked.get("requestId") == one.asked["requestId"] for report in reports):
            yield broken(one.answer, f"none came within {NOTICE_S:g} s", one.request)


@station("R04.FR.32", "all reports but the last say that more is to come")
def last_report_is_marked(session: Session) -> Iterator[Broken]:
    by_request: dict[int, list[Exchange]] = {}
    for one in asked(session, "ReportDERControl"):
        by_request.setdefault(one.asked["requestId"], []).append(one)
    for reports in by_request.values():
        for number, one in enumerate(reports, 1):
            last = number == len(reports)
            more = bool(one.asked.get("tbc"))
            if not last and not more:
                yield broken(one.request, "another report of the same request follows", reports[number].request)
            elif last and more and session.covers(one.request, NOTICE_S):
                yield broken(one.request, "no further report came")


@station("R04.FR.33, R04.FR.34, R04.FR.35, R04.FR.37", "a report has only what was asked for")
def reports_keep_to_the_question(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportDERControl"):
        question = next(
            (
                other
                for other in reversed(list(session.of("GetDERControl")))
                if other.asked.get("requestId") == one.asked["requestId"]
                and other.request.ordinal < one.request.ordinal
            ),
            None,
        )
        if question is None:
            continue
        for field, items in one.asked.items():
            if field not in CONTROL_FIELDS:
                continue
            for item in items:
                wanted = question.asked
                wrong_id = "controlId" in wanted and item["id"] != wanted["controlId"]
                wrong_default = (
                    "isDefault" in wanted and item.get("isDefault", wanted["isDefault"]) != wanted["isDefault"]
                )
                wrong_type = "controlType" in wanted and field != field_of(wanted["controlType"])
                if wrong_id or wrong_default or wrong_type:
                    yield broken(one.request, f"{item['id']} was not asked for", question.request)


@station("R04.FR.44, R04.FR.45", "a control that was cleared is not reported any more")
def cleared_controls_are_gone(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportDERControl"):
        cleared = {
            name
            for clear in session.of("ClearDERControl")
            if clear.status == "Accepted" and clear.request.ordinal < one.request.ordinal
            for name, control in _installed_before(session, clear.request).items()
            if _matches(control, clear.asked)
        }
        held = _installed_before(session, one.request)
        for field, items in one.asked.items():
            for item in items if field in CONTROL_FIELDS else ():
                if item["id"] in cleared - held.keys():
                    yield broken(one.request, f"{item['id']} was cleared")


@station("R04.FR.09", "a superseded control does not start")
def superseded_controls_do_not_start(session: Session) -> Iterator[Broken]:
    superseded: dict[str, Exchange] = {}
    for one in session.of("SetDERControl", "NotifyDERStartStop"):
        if one.request.action == "SetDERControl" and one.status == "Accepted":
            superseded.pop(one.asked["controlId"], None)
            superseded |= dict.fromkeys(one.said.get("supersededIds", ()), one)
        elif one.asked.get("started") and one.asked["controlId"] in superseded:
            yield broken(one.request, "it was superseded", superseded[one.asked["controlId"]].request)


@station("R04.FR.20", "a control starts at its startTime, not before", id="ocpp2.1/no-early-start")
def controls_wait_for_their_start(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyDERStartStop"):
        control = _installed_before(session, one.request).get(one.asked["controlId"])
        start = _content(control.asked).get("startTime") if control else None
        if one.asked["started"] and control and start and to_seconds(start) - one.request.utc_s > NOTICE_S:
            yield broken(one.request, f"startTime is {start}", control.request)


@station("R05.FR.01", "an alarm names the grid event unless it ends one")
def alarms_name_their_fault(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyDERAlarm"):
        if not one.asked.get("alarmEnded") and "gridEventFault" not in one.asked:
            yield broken(one.request, f"{one.request} names none")


@station("R05.FR.01", "one grid event gives one alarm", id="ocpp2.1/one-alarm-per-event")
def one_alarm_per_event(session: Session) -> Iterator[Broken]:
    open_alarms: dict[tuple[str, str], Exchange] = {}
    for one in asked(session, "NotifyDERAlarm"):
        key = (one.asked["controlType"], one.asked.get("gridEventFault", ""))
        if one.asked.get("alarmEnded"):
            open_alarms.clear()
        elif key in open_alarms:
            yield broken(one.request, "the same alarm is still open", open_alarms[key].request)
        else:
            open_alarms = {key: one}  # another control has taken over (R05.FR.03)


@station("R05.FR.03, R05.FR.04", "where another control takes over there is a new alarm, and no end of the first")
def takeover_is_no_end(session: Session) -> Iterator[Broken]:
    alarms = asked(session, "NotifyDERAlarm")
    for one, other in zip(alarms, alarms[1:], strict=False):
        ended, fresh = sorted((one, other), key=lambda each: not each.asked.get("alarmEnded"))
        if not ended.asked.get("alarmEnded") or fresh.asked.get("alarmEnded"):
            continue
        apart_s = abs(to_seconds(one.asked["timestamp"]) - to_seconds(other.asked["timestamp"]))
        if ended.asked["controlType"] != fresh.asked["controlType"] and apart_s <= SAME_MOMENT_S:
            yield broken(ended.request, f"{fresh.asked['controlType']} takes over at that moment", fresh.request)


@station(
    "R04.FR.07", "a scheduled control that runs is not ended before its time unless it is cleared or another starts"
)
def running_controls_go_on(session: Session) -> Iterator[Broken]:
    """By the times that are told: a start that came late makes a control no longer."""
    notes = asked(session, "NotifyDERStartStop")
    starts = [note for note in notes if note.asked["started"]]
    for one in notes:
        name, ended_s = one.asked["controlId"], to_seconds(one.asked["timestamp"])
        control = _installed_before(session, one.request).get(name)
        duration_s = _content(control.asked).get("duration") if control else None
        begun = [
            note for note in starts if note.asked["controlId"] == name and note.request.ordinal < one.request.ordinal
        ]
        if one.asked["started"] or control is None or duration_s is None or not begun:
            continue
        since = _content(control.asked).get("startTime") or begun[-1].asked["timestamp"]
        due_s = to_seconds(since) + float(duration_s)
        relieved = any(abs(to_seconds(note.asked["timestamp"]) - ended_s) <= NOTICE_S
                       for note in starts if note.asked["controlId"] != name)  # fmt: skip
        asked_again = any(other.request.ordinal > control.request.ordinal and other.asked.get("controlId") == name
                          for other in session.of("SetDERControl"))  # fmt: skip
        if ended_s < due_s - NOTICE_S and not relieved and not asked_again and session.covers(one.request, NOTICE_S):
            yield broken(one.request, f"it was to last {duration_s:g} s", begun[-1].request)


@station("R05.FR.02", "only an alarm that was told is ended")
def ended_alarms_were_told(session: Session) -> Iterator[Broken]:
    told: set[str] = set()
    booted = any(True for _ in session.of("BootNotification"))
    for one in asked(session, "NotifyDERAlarm"):
        if not one.asked.get("alarmEnded"):
            told.add(one.asked["controlType"])
        elif booted and one.asked["controlType"] not in told:
            yield broken(one.request, f"no alarm of {one.asked['controlType']} was told before")


@station("R02.FR.01", "an AC_BPT_DER vehicle's nameplate is in its needs")
def der_nameplate_is_told(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyEVChargingNeeds"):
        needs = one.asked["chargingNeeds"]
        if needs["requestedEnergyTransfer"] == "AC_BPT_DER" and "derChargingParameters" not in needs:
            yield broken(one.request, f"{one.request} has no derChargingParameters")


NAMEPLATE = (
    "MaxW", "MaxVA", "MaxVar", "MaxVarNeg", "MaxChargeRateW", "MaxChargeRateVA", "OverExcitedW", "OverExcitedPF",
    "UnderExcitedW", "UnderExcitedPF", "ReactiveSusceptance", "InverterManufacturer", "InverterModel",
    "InverterSwVersion", "InverterHwVersion",
)  # fmt: skip
"""Required variables of DCDERCtrlr beside ModesSupported."""


@station("R01.FR.01, R01.FR.02", "a station with DER control reports its nameplate", "S", "warn")
def der_nameplate_is_reported(session: Session) -> Iterator[Broken]:
    pages = asked(session, "NotifyReport")
    if not pages or pages[-1].asked.get("tbc") or _supported(session) is None:
        return
    for name in NAMEPLATE:
        if session.variable("DCDERCtrlr", name) is None:
            yield broken(pages[-1].request, f"DCDERCtrlr.{name} is not in the report")


@station("R01.FR.03", "controls survive a reboot")
def controls_survive_a_reboot(session: Session) -> Iterator[Broken]:
    for one in asked(session, "GetDERControl", source="csms"):
        held = _installed_before(session, one.request)
        boots = [boot for boot in session.of("BootNotification") if boot.request.ordinal < one.request.ordinal]
        wanted = one.asked.get("controlId")
        survivor = held.get(wanted) if wanted else None
        if survivor and boots and survivor.asked["isDefault"] and one.status == "NotFound" and one.answer:
            if survivor.request.ordinal < boots[-1].request.ordinal:
                yield broken(one.answer, f"{wanted} was set in {survivor.request}", boots[-1].request)


@station("R04.FR.05, R04.FR.06", "a new scheduled control supersedes a later one of a higher priority number")
def weaker_scheduled_ones_are_superseded(session: Session) -> Iterator[Broken]:
    for one in asked(session, "SetDERControl", source="csms"):
        if one.status != "Accepted" or one.asked["isDefault"] or one.answer is None:
            continue
        for other in _rivals(session, one):
            start = _content(other.asked).get("startTime")
            waiting = start is not None and to_seconds(start) > one.answer.utc_s + NOTICE_S
            named = other.asked["controlId"] in one.said.get("supersededIds", ())
            if waiting and _overlap(one, other) and _priority(other) > _priority(one) and not named:
                yield broken(
                    one.answer, f"{other.asked['controlId']} is not in supersededIds", one.request, other.request
                )


def _overlap(one: Exchange, other: Exchange) -> bool:
    spans: list[tuple[float, float]] = []
    for exchange in (one, other):
        content = _content(exchange.asked)
        start_s = to_seconds(content["startTime"]) if "startTime" in content else exchange.request.utc_s
        spans.append((start_s, start_s + content.get("duration", float("inf"))))
    return spans[0][0] < spans[1][1] and spans[1][0] < spans[0][1]


@station("R04.FR.10", "a control that is over is not reported any more")
def ended_controls_are_gone(session: Session) -> Iterator[Broken]:
    for one in asked(session, "ReportDERControl"):
        ended = {
            note.asked["controlId"]
            for note in session.of("NotifyDERStartStop")
            if note.request.ordinal < one.request.ordinal and note.asked.get("started") is False
        }
        held = _installed_before(session, one.request)
        for field, items in one.asked.items():
            for item in items if field in CONTROL_FIELDS else ():
                if item["id"] in ended - held.keys():
                    yield broken(one.request, f"the end of {item['id']} was told")
