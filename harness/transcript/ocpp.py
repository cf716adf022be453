"""OCPP in the transcript: the observer that writes it, and the session view that rules read.

One session per charging station and transcript, over all its connections. A transcript may begin in the middle of a
station's life: what is not in it is unknown, and a rule must not hold that against anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.link import Control
from harness.ocpp.frames import Call, CallError, CallResult, CallResultError, FrameError, Payload, Send, parse
from harness.ocpp.version import Version
from harness.transcript.event import Event

NEAR, FAR = "ocpp.frame", "ocpp.far"
"""Frames on the wire of the device under test, which are judged, and those beyond a proxy, which are evidence only."""


class OcppRecorder:
    """An observer of OCPP agents (harness/ocpp/observer.py) that hands everything to `Recorder.record` or its like."""

    def __init__(self, record: Callable[..., Any], kind: str = NEAR) -> None:
        self.record = record
        self.kind = kind

    def frame(self, station: str, source: str, target: str, text: str) -> None:
        self.record("ocpp", self.kind, source, target, text=text, station=station)

    def control(self, station: str, source: str, target: str, control: Control) -> None:
        kind = f"ocpp.{control.what}" if self.kind == NEAR else f"ocpp.far.{control.what}"
        self.record("ocpp", kind, source, target, hex=control.payload.hex(), station=station)

    def link(self, station: str, what: str, **details: Any) -> None:
        if self.kind == NEAR:
            self.record("ocpp", "ocpp.link", "charger", "csms", what=what, station=station, **details)


@dataclass(frozen=True, slots=True)
class OcppMessage:
    """One frame. `ordinal` counts the station's frames from 1; `action` of an answer is that of its request.

    `kind`: call, result, error, result error, send, or garbage (text that is no frame of the version).
    """

    ordinal: int
    event: int
    at_s: float
    utc_s: float
    source: str
    kind: str
    text: str
    id: str = ""
    action: str = ""
    payload: Payload = field(default_factory=dict)
    request: OcppMessage | None = None
    """Of an answer: what it answers."""

    def __str__(self) -> str:
        name = self.action or self.kind
        return f"{name}{'' if self.kind in ('call', 'send') else ' ' + self.kind} (frame {self.ordinal})"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A CALL with its answer; None while there is none."""

    request: OcppMessage
    answer: OcppMessage | None

    @property
    def asked(self) -> Payload:
        return self.request.payload

    @property
    def said(self) -> Payload:
        """The answer's payload; empty without a CALLRESULT."""
        return self.answer.payload if self.answer and self.answer.kind == "result" else {}

    @property
    def status(self) -> str:
        """The answer's status; empty where there is none."""
        return str(self.said.get("status", ""))


class OcppSession:
    """Everything between one station and its CSMS, in order."""

    def __init__(self, station: str, version: Version, events: Sequence[Event]) -> None:
        self.station = station
        self.version = version
        self.pulses = [event for event in events if event.kind in ("ocpp.ping", "ocpp.pong")]
        """Pings and pongs of the websocket, in order."""
        self.links = [event for event in events if event.kind == "ocpp.link"]
        self.messages = list(_messages(version, [event for event in events if event.kind == "ocpp.frame"]))

    @cached_property
    def exchanges(self) -> list[Exchange]:
        """All CALLs with their answers, by the order of the CALLs."""
        answers = {id(one.request): one for one in self.messages if one.request is not None}
        return [Exchange(one, answers.get(id(one))) for one in self.messages if one.kind == "call"]

    def of(self, *actions: str, source: str = "") -> Iterator[Exchange]:
        """The exchanges of these actions, all if none is named."""
        for one in self.exchanges:
            if (not actions or one.request.action in actions) and source in ("", one.request.source):
                yield one

    def latest_before(self, message: OcppMessage, *actions: str) -> Exchange | None:
        """The last exchange of these actions whose request came before a message."""
        earlier = [one for one in self.of(*actions) if one.request.ordinal < message.ordinal]
        return earlier[-1] if earlier else None

    def after(self, message: OcppMessage, *actions: str, within_s: float | None = None) -> Iterator[Exchange]:
        """Exchanges whose request came after a message, and not later than `within_s` after it."""
        for one in self.of(*actions):
            late = within_s is not None and one.request.at_s - message.at_s > within_s
            if one.request.ordinal > message.ordinal and not late:
                yield one

    def covers(self, message: OcppMessage, duration_s: float) -> bool:
        """Whether the transcript goes on for that long after a message, with the link up."""
        return self.up_after(message.at_s, duration_s)

    def up_after(self, at_s: float, duration_s: float) -> bool:
        """The same from any moment on."""
        end_s = at_s + duration_s
        cut = any(link.data.get("what") in ("closed", "lost") and at_s <= link.at_s <= end_s for link in self.links)
        return not cut and bool(self.messages) and self.messages[-1].at_s >= end_s

    def transaction_at(self, message: OcppMessage, evse_id: int) -> str | None:
        """The transaction that runs just before a message at an EVSE (0: at any); "" if there is none, None if that is
        not known."""
        told = [(str(one.asked["transactionInfo"]["transactionId"]), one.asked) for one in self.of("TransactionEvent")
                if one.request.ordinal < message.ordinal]  # fmt: skip
        places = {name: asked["evse"]["id"] for name, asked in told if "evse" in asked}
        here = [(name, asked) for name, asked in told if evse_id in (0, places.get(name, evse_id))]
        if not here:
            return None
        name, asked = here[-1]
        return "" if asked["eventType"] == "Ended" else name

    def transactions_at(self, message: OcppMessage) -> set[str] | None:
        """All that run just before a message, at whatever EVSE; None if that is not known."""
        told = {str(one.asked["transactionInfo"]["transactionId"]): one.asked["eventType"]
                for one in self.of("TransactionEvent") if one.request.ordinal < message.ordinal}  # fmt: skip
        return {name for name, kind in told.items() if kind != "Ended"} if told else None

    def variable(self, component: str, name: str) -> str | None:
        """A variable's value as the station reported it anywhere in this transcript; None if it did not."""
        return self._variables.get((component, name))

    @cached_property
    def _variables(self) -> dict[tuple[str, str], str]:
        told: dict[tuple[str, str], str] = {}
        for one in self.of("NotifyReport", "GetVariables"):
            for item in (*one.asked.get("reportData", ()), *one.said.get("getVariableResult", ())):
                values = [item, *item.get("variableAttribute", ())]
                found = [value.get("value", value.get("attributeValue")) for value in values]
                for value in found:
                    if value is not None:
                        told[item["component"]["name"], item["variable"]["name"]] = value
        return told


def sessions(events: Iterable[Event]) -> list[OcppSession]:
    """The OCPP 2.1 sessions in a transcript, one per station. A version that is not told is taken as 2.1."""
    by_station: dict[str, list[Event]] = {}
    for event in events:
        if event.kind in ("ocpp.frame", "ocpp.link", "ocpp.ping", "ocpp.pong"):
            by_station.setdefault(str(event.data.get("station", "")), []).append(event)
    found = [OcppSession(station, _version(own), own) for station, own in by_station.items()]
    return [session for session in found if session.version is Version.V21 and session.messages]


def _version(events: Sequence[Event]) -> Version:
    told = [event.data["version"] for event in events if event.kind == "ocpp.link" and "version" in event.data]
    return Version(told[-1]) if told else Version.V21


def _messages(version: Version, events: Sequence[Event]) -> Iterator[OcppMessage]:
    asked: dict[tuple[str, str], OcppMessage] = {}
    for ordinal, event in enumerate(events, 1):
        text = str(event.data["text"])
        common = (ordinal, event.number, event.at_s, event.utc_us / 1e6, event.source)
        try:
            frame = parse(text, version)
        except FrameError:
            yield OcppMessage(*common, "garbage", text)
            continue
        other = event.target
        match frame:
            case Call(id, action, payload):
                call = OcppMessage(*common, "call", text, id, action, payload)
                asked[event.source, id] = call
                yield call
            case Send(id, action, payload):
                yield OcppMessage(*common, "send", text, id, action, payload)
            case CallResult(id, payload):
                request = asked.pop((other, id), None)
                yield OcppMessage(*common, "result", text, id, request.action if request else "", payload, request)
            case CallError(id, code):
                request = asked.pop((other, id), None)
                yield OcppMessage(
                    *common, "error", text, id, request.action if request else "", {"code": code}, request
                )
            case CallResultError(id, code):
                yield OcppMessage(*common, "result error", text, id, "", {"code": code})
