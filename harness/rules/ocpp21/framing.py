"""Frames and schemas: OCPP-J itself (part 4), and where prose and schema of 2.1 disagree."""

from __future__ import annotations

import json
from collections.abc import Iterator

from harness.ocpp.frames import LONGEST_DESCRIPTION, LONGEST_ID
from harness.ocpp.schema import SEND_ONLY, actions, problem
from harness.ocpp.version import ErrorCode
from harness.rules.ocpp21.terms import Session, broken, csms, station
from harness.rules.rule import Broken, rule
from harness.transcript.event import Event
from harness.transcript.ocpp import OcppMessage
from harness.verdict import Side

ANSWER_S = 60.0
"""After this an answer is taken as missing (our default: twice the usual message time-out)."""

_MISSPELT = {
    "dynUpdateTimeInterval": "dynUpdateInterval",
    "dischargingLimit": "dischargeLimit",
    "supersededId": "supersededIds",
    "preconditioning": "preconditioningRequest",
    "signatureValue": "priceScheduleSignature",
    "derChargeParameters": "derChargingParameters",
    "isDynamic": "nothing: the schema has no such field",
    "LimitDischargePower": "LimitMaxDischarge",
    "AC_BPTDER": "AC_BPT_DER",
    "V2XSupportedOperationModes": "SupportedOperationModes of V2XChargingCtrlr",
    "V2XLocalLoadBalancing": "LocalLoadBalancing of V2XChargingCtrlr",
}
"""Names and values that the prose has and schema or appendix spell otherwise."""
_REASONS = {"InvalidMessageSequence": "InvalidMessageSeq", "UnknownEVSE": "UnknownEvse"}
"""The same of reason codes; the first is longer than the schema allows."""
_FLAT = frozenset({"setpoint", "limit", "dischargeLimit", "setpointReactive"})
"""What the prose has in UpdateDynamicSchedule itself, and the schema in its scheduleUpdate."""


def _side(message: OcppMessage) -> Side:
    return Side.CSMS if message.source == "csms" else Side.STATION


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="every text is a frame of OCPP-J", confidence="S")
def texts_are_frames(session: Session) -> Iterator[Broken]:
    for one in session.messages:
        if one.kind == "garbage":
            yield broken(one, f"{one.text[:60]!r} is none", side=_side(one))


@rule("part 3 schemas", protocol="ocpp2.1", side="unknown", reason="payloads fit their schema")
def payloads_fit_their_schema(session: Session) -> Iterator[Broken]:
    for one in session.messages:
        if one.kind not in ("call", "send", "result") or not one.action or one.action not in actions(session.version):
            continue
        wrong = problem(session.version, one.action, one.payload, response=one.kind == "result")
        if wrong and not _misspelt(one) and _reason(one) not in _REASONS:
            yield broken(one, f"{one}: {wrong}", side=_side(one))


@rule(
    "prose and schema", protocol="ocpp2.1", side="unknown", confidence="X", severity="warn",
    reason="prose and schema of 2.1 name some fields differently; the schema counts",
)  # fmt: skip
def names_of_the_prose(session: Session) -> Iterator[Broken]:
    for one in session.messages:
        for wrong, right in _misspelt(one):
            yield broken(one, f"{one} says {wrong}, the schema {right}", side=_side(one))


@rule(
    "reason codes", protocol="ocpp2.1", side="unknown", confidence="X", severity="warn",
    reason="prose and appendix spell some reason codes differently; the appendix counts",
)  # fmt: skip
def reason_codes_of_the_prose(session: Session) -> Iterator[Broken]:
    for one in session.messages:
        if right := _REASONS.get(said := _reason(one)):
            yield broken(one, f"{one} says {said}, the appendix {right}", side=_side(one))


def _reason(message: OcppMessage) -> str:
    info = message.payload.get("statusInfo")
    return str(info.get("reasonCode", "")) if isinstance(info, dict) else ""


def _misspelt(message: OcppMessage) -> list[tuple[str, str]]:
    found = [(wrong, right) for wrong, right in _MISSPELT.items() if f'"{wrong}"' in message.text]
    if message.action in ("UpdateDynamicSchedule", "PullDynamicScheduleUpdate"):
        found += [(name, f"scheduleUpdate.{name}") for name in sorted(_FLAT & message.payload.keys())]
    return found


@rule(
    "LocalFrequencyUpdateThreshold", protocol="ocpp2.1", side="station", confidence="X", severity="warn",
    reason="LocalFrequencyUpdateThreshold is a number of mHz in the prose, and a boolean in the table of variables",
)  # fmt: skip
def threshold_is_a_number(session: Session) -> Iterator[Broken]:
    for one in session.of("NotifyReport"):
        for item in one.asked.get("reportData", ()):
            kind = item.get("variableCharacteristics", {}).get("dataType")
            if item["variable"]["name"] == "LocalFrequencyUpdateThreshold" and kind == "boolean":
                yield broken(one.request, "it is reported as boolean")


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="a message id is used once by its sender", confidence="S",
      id="ocpp2.1/message-ids-are-unique")  # fmt: skip
def message_ids_are_unique(session: Session) -> Iterator[Broken]:
    seen: dict[tuple[str, str], OcppMessage] = {}
    for one in session.messages:
        if one.kind not in ("call", "send"):
            continue
        earlier = seen.setdefault((one.source, one.id), one)
        if earlier is not one and earlier.text != one.text:
            yield broken(one, f"{one.id} was used in {earlier}", earlier, side=_side(one))


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="one CALL at a time without an answer", confidence="S",
      id="ocpp2.1/one-call-at-a-time")  # fmt: skip
def one_call_at_a_time(session: Session) -> Iterator[Broken]:
    waiting: dict[str, OcppMessage] = {}
    for one in session.messages:
        if one.request is not None:
            waiting.pop(one.request.source, None)
        if one.kind != "call":
            continue
        earlier = waiting.get(one.source)
        links = [link for link in session.links if earlier and earlier.event < link.number < one.event]
        if earlier and not links and one.at_s - earlier.at_s < 1.0:
            yield broken(one, f"{earlier} has no answer yet", earlier, side=_side(one))
        waiting[one.source] = one


@station("part 4", "every CALL of the CSMS is answered", id="ocpp2.1/station-answers")
def station_answers(session: Session) -> Iterator[Broken]:
    for one in session.of(source="csms"):
        valid = not problem(session.version, one.request.action, one.request.payload, response=False)
        if one.answer is None and valid and session.covers(one.request, ANSWER_S):
            yield broken(one.request, f"{one.request} got no answer")


@csms("part 4", "every CALL of the station is answered", id="ocpp2.1/csms-answers")
def csms_answers(session: Session) -> Iterator[Broken]:
    for one in session.of(source="charger"):
        valid = not problem(session.version, one.request.action, one.request.payload, response=False)
        if one.answer is None and valid and session.covers(one.request, ANSWER_S):
            yield broken(one.request, f"{one.request} got no answer")


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="error codes are those of the version", confidence="S",
      id="ocpp2.1/error-codes")  # fmt: skip
def error_codes_are_known(session: Session) -> Iterator[Broken]:
    known = {code.spelt(session.version) for code in ErrorCode}
    for one in session.messages:
        if one.kind in ("error", "result error") and one.payload["code"] not in known:
            yield broken(one, f"{one.payload['code']!r} is none", side=_side(one))


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="an unknown action is NotImplemented, a known one NotSupported",
      confidence="S", severity="warn", id="ocpp2.1/not-implemented")  # fmt: skip
def unknown_actions_are_not_implemented(session: Session) -> Iterator[Broken]:
    for one in session.exchanges:
        if one.answer is None or one.answer.kind != "error":
            continue
        known, code = one.request.action in actions(session.version), one.answer.payload["code"]
        if (known and code == "NotImplemented") or (not known and code == "NotSupported"):
            yield broken(one.answer, f"{one.request.action} is {'known' if known else 'unknown'}, the answer {code}",
                         one.request, side=_side(one.answer))  # fmt: skip


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="an answer answers something", confidence="S", severity="warn",
      id="ocpp2.1/answers-have-requests")  # fmt: skip
def answers_have_requests(session: Session) -> Iterator[Broken]:
    unread = " ".join(one.text for one in session.messages if one.kind == "garbage")
    for one in session.messages:
        if one.kind not in ("result", "error") or one.request is not None or one.ordinal == 1:
            continue
        if one.id != "-1" and one.id not in unread:
            yield broken(one, f"{one.id[:LONGEST_ID]} was not asked", side=_side(one))


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="a CALLRESULTERROR names the CALLRESULT that was bad", confidence="S",
      id="ocpp2.1/result-errors-name-results")  # fmt: skip
def result_errors_name_results(session: Session) -> Iterator[Broken]:
    results: dict[str, set[str]] = {}
    for one in session.messages:
        if one.kind == "result":
            results.setdefault(one.source, set()).add(one.id)
        elif one.kind == "result error":
            known = set().union(*(ids for source, ids in results.items() if source != one.source))
            if known and one.id not in known:
                yield broken(one, f"{one.id[:LONGEST_ID]} is no CALLRESULT's id", side=_side(one))


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="a SEND is not answered", confidence="S",
      id="ocpp2.1/sends-are-not-answered")  # fmt: skip
def sends_are_not_answered(session: Session) -> Iterator[Broken]:
    sent: dict[str, OcppMessage] = {}
    for one in session.messages:
        if one.kind == "send":
            sent[one.id] = one
        elif one.kind in ("result", "error", "result error") and one.request is None and one.id in sent:
            if sent[one.id].source != one.source:
                yield broken(one, f"{sent[one.id]} wants no answer", sent[one.id], side=_side(one))


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="event streams are told by SEND, and nothing else is", confidence="S",
      id="ocpp2.1/streams-are-sent")  # fmt: skip
def streams_are_sent(session: Session) -> Iterator[Broken]:
    for one in session.messages:
        if one.kind in ("call", "send") and (one.kind == "send") != (one.action in SEND_ONLY):
            yield broken(one, f"{one.action} is told by {one.kind.upper()}", side=_side(one))


@rule("part 4", protocol="ocpp2.1", side="unknown", reason="an error's description has 255 characters at the most",
      confidence="S", id="ocpp2.1/error-descriptions")  # fmt: skip
def error_descriptions_fit(session: Session) -> Iterator[Broken]:
    for one in session.messages:
        if one.kind in ("error", "result error") and len(json.loads(one.text)[3]) > LONGEST_DESCRIPTION:
            yield broken(one, f"its description has {len(json.loads(one.text)[3])} characters", side=_side(one))


@rule("part 4", protocol="ocpp2.1", side="unknown", severity="warn", confidence="X", id="ocpp2.1/unknown-types",
      reason="a message of an unknown type is ignored; that there is an error code for it contradicts it")  # fmt: skip
def unknown_types_are_ignored(session: Session) -> Iterator[Broken]:
    strange: dict[str, OcppMessage] = {}
    for one in session.messages:
        if one.kind == "garbage" and (name := _of_unknown_type(one.text)):
            strange[name] = one
        elif one.kind == "error" and one.request is None and one.id in strange:
            yield broken(one, f"{strange[one.id].text[:40]!r} is answered", strange[one.id], side=_side(one))


def _of_unknown_type(text: str) -> str:
    """The message id of a frame whose type OCPP 2.1 does not know; empty for other texts."""
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(parts, list) or len(parts) < 2 or type(parts[0]) is not int or 2 <= parts[0] <= 6:
        return ""
    return str(parts[1])


PONG_S = 10.0
"""Who says something else this long after a ping, and no pong before it, answers it no more (our default). A far end that
says nothing at all may be cut off."""
UNANSWERED = 3
"""So many pings without a pong, over at least UNANSWERED_S, and a station should have left (our default)."""
UNANSWERED_S = 6.0


@rule("RFC 6455, 5.5.2", protocol="ocpp2.1", side="unknown", reason="a ping is answered with a pong of its payload",
      confidence="S")  # fmt: skip
def pings_are_answered(session: Session) -> Iterator[Broken]:
    for ping in session.pulses:
        word = _word_after(session, ping) if ping.kind == "ocpp.ping" else None
        if word and not _answered(session, ping, word):
            side = Side.CSMS if ping.target == "csms" else Side.STATION
            because = (
                f"a ping of the {ping.source} got no pong, and {PONG_S:g} s later other words of the {ping.target}"
            )
            yield Broken(None, because, (ping.number, word), side)


@station("part 4", "a station leaves a link whose far end answers no ping", confidence="I", severity="warn")
def silent_links_are_left(session: Session) -> Iterator[Broken]:
    silent: list[Event] = []
    for pulse in sorted((*session.pulses, *session.links), key=lambda event: event.number):
        if pulse.kind == "ocpp.ping" and pulse.source == "charger":
            silent.append(pulse)
        elif pulse.kind == "ocpp.link" or (pulse.kind == "ocpp.pong" and pulse.source == "csms"):
            silent.clear()
        if len(silent) >= UNANSWERED and silent[-1].at_s - silent[0].at_s >= UNANSWERED_S:
            yield Broken(None, f"{len(silent)} pings without a pong, and it stays", tuple(one.number for one in silent))
            return


def _word_after(session: Session, ping: Event) -> int | None:
    """The event by which the far end of a ping speaks on the same link when a pong is long due."""
    spoken = [(one.event, one.at_s, one.source) for one in session.messages]
    spoken += [(one.number, one.at_s, one.source) for one in session.pulses]
    words = [number for number, at_s, source in spoken if source == ping.target and at_s > ping.at_s + PONG_S]
    ends = [one.number for one in session.links if one.number > ping.number]
    word = min(words, default=None)
    return None if word is None or any(end < word for end in ends) else word


def _answered(session: Session, ping: Event, word: int) -> bool:
    """By its own pong, or by that of a later ping, which answers it as well (RFC 6455, 5.5.3)."""
    later = [one for one in session.pulses if ping.number <= one.number <= word]
    payloads = {one.data["hex"] for one in later if one.kind == "ocpp.ping" and one.source == ping.source}
    return any(one.kind == "ocpp.pong" and one.source == ping.target and one.data["hex"] in payloads for one in later)
