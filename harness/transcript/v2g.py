"""One V2G session as the rules see it: messages by ordinal, decoded, with times, sides and what deviated.

Made from transcript events (our own recording, or a capture file read by `harness.transcript.capture.reader`): one
session per TCP connection that carried V2GTP.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.transcript.event import Event
from harness.transcript.ocpp import OcppSession
from harness.transcript.ocpp import sessions as ocpp_sessions

VEHICLE, CHARGER = "vehicle", "charger"
REQUEST, RESPONSE = "Req", "Res"
SIDE_STREAMS = frozenset({0x8101, 0x8102, 0x8103, 0x8104})
"""Payload types that may run beside the main stream of requests and responses."""


@dataclass(frozen=True, slots=True)
class Message:
    """One V2G message. Elements of the decoded message are read as attributes; what it does not have is None."""

    ordinal: int
    at_s: float
    """When its last octet arrived."""
    side: str
    """Who sent it: vehicle or charger."""
    payload_type: int
    name: str
    """As in the schema, `DC_ChargeLoopReq`; empty if it could not be decoded."""
    content: Any = None
    """The decoded request or response; None if it could not be decoded."""
    header: Any = None
    error: str = ""
    """Why it could not be decoded."""
    deviations: tuple[str, ...] = ()
    """Where the stream is not as the schema says, each led by its kind (`facet: ...`, `trailing: ...`)."""
    event: int = 0
    utc_us: int = 0
    after_gap: bool = False
    """Messages before it may be missing from the record."""
    raw: bytes = b""
    """The EXI stream."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.content, name, None)

    def __str__(self) -> str:
        return f"{self.name or 'undecoded message'} (message {self.ordinal})"

    @property
    def is_request(self) -> bool:
        return self.name.endswith(REQUEST) if self.name else self.side == VEHICLE

    @property
    def base(self) -> str:
        """The name without Req or Res."""
        return self.name[: -len(REQUEST)] if self.name else ""

    @property
    def code(self) -> str:
        """The response code as text; empty for requests and undecoded messages."""
        return str(getattr(self.content, "response_code", "") or "")

    @property
    def failed(self) -> bool:
        return self.code.upper().startswith("FAILED")

    @property
    def ok(self) -> bool:
        """A response that grants what was asked."""
        return self.code.startswith("OK")

    def matches(self, **elements: Any) -> bool:
        """Whether these elements have these values; enumerations compare as their literals."""
        return all(getattr(self, name) == value for name, value in elements.items())


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, if one came."""

    request: Message
    response: Message | None


@dataclass(frozen=True, eq=False)
class V2GSession:
    """Everything that one TCP connection told, in order."""

    number: int
    protocol: str
    """iso15118-20, iso15118-2, din70121, or unknown."""
    messages: tuple[Message, ...]
    links: tuple[Event, ...] = ()
    """Connected, tls, alert, gap, unframed, closed: what happened below the messages."""
    discovery: tuple[Event, ...] = ()
    """The SDP datagrams before the connection (after the connection before)."""
    namespace: str = ""
    """The schema namespace that was negotiated."""
    earlier: tuple[V2GSession, ...] = field(default=(), repr=False)
    """Sessions before this one in the same record, for what must hold across a pause."""
    events: tuple[Event, ...] = field(default=(), repr=False)
    """The events of every other channel of the record, for what the instruments say."""

    @cached_property
    def ocpp(self) -> tuple[OcppSession, ...]:
        """What stations and their CSMS said in the same record."""
        return tuple(ocpp_sessions(self.events))

    @cached_property
    def _by_name(self) -> dict[str, list[Message]]:
        found: dict[str, list[Message]] = defaultdict(list)
        for one in self.messages:
            found[one.name].append(one)
        return found

    def _named(self, names: tuple[str, ...]) -> Iterable[Message]:
        """Messages of these names (all without) in their order."""
        if len(names) == 1:
            return self._by_name.get(names[0], ())
        return (one for one in self.messages if _fits(one, names))

    def requests(self, *names: str, **elements: Any) -> list[Message]:
        """Requests of these names (all without) whose elements have these values."""
        return [one for one in self._named(names) if one.is_request and one.matches(**elements)]

    def responses(self, *names: str, **elements: Any) -> list[Message]:
        """Responses of these names (all without) whose elements have these values."""
        return [one for one in self._named(names) if not one.is_request and one.matches(**elements)]

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every request with its answer, in the order of the requests.

        An answer belongs to the open request of its own name, or, if there is none, to the latest open one: a wrong
        answer is still an answer.
        """
        answers: dict[int, Message] = {}
        waiting: list[Message] = []
        for one in self.messages:
            if one.is_request:
                waiting.append(one)
            elif waiting:
                same = [request for request in waiting if request.base == one.base]
                request = (same or waiting)[-1]
                waiting.remove(request)
                answers[request.ordinal] = one
        return tuple(Exchange(one, answers.get(one.ordinal)) for one in self.messages if one.is_request)

    @cached_property
    def _answers(self) -> dict[int, Message]:
        return {one.request.ordinal: one.response for one in self.exchanges if one.response}

    @cached_property
    def _questions(self) -> dict[int, Message]:
        return {one.response.ordinal: one.request for one in self.exchanges if one.response}

    def answer_to(self, request: Message) -> Message | None:
        return self._answers.get(request.ordinal)

    def request_of(self, response: Message) -> Message | None:
        """The request that a response answers; None for an answer that nobody asked for."""
        return self._questions.get(response.ordinal)

    def pairs(self, base: str, **elements: Any) -> Iterator[tuple[Message, Message]]:
        """Answered requests called `base` + Req, each with its answer of whatever name."""
        for request in self._by_name.get(f"{base}{REQUEST}", ()):
            answer = self.answer_to(request)
            if answer and request.matches(**elements):
                yield request, answer

    def latest_before(self, message: Message, *names: str, **elements: Any) -> Message | None:
        """The last message of these names before `message`."""
        return self._first(range(message.ordinal - 2, -1, -1), names, elements)

    def first_after(self, message: Message, *names: str, **elements: Any) -> Message | None:
        """The first message of these names after `message`."""
        return self._first(range(message.ordinal, len(self.messages)), names, elements)

    def _first(self, places: range, names: tuple[str, ...], elements: dict[str, Any]) -> Message | None:
        if names and not any(name in self._by_name for name in names):
            return None
        found = (self.messages[place] for place in places)
        return next((one for one in found if _fits(one, names) and one.matches(**elements)), None)

    def next_request(self, message: Message) -> Message | None:
        """The first request after `message`."""
        later = (self.messages[place] for place in range(message.ordinal, len(self.messages)))
        return next((one for one in later if one.is_request), None)

    @cached_property
    def loops(self) -> tuple[Exchange, ...]:
        """The charge loop's exchanges, of whatever energy transfer service."""
        return tuple(one for one in self.exchanges if one.request.base.endswith("ChargeLoop"))

    def link(self, what: str) -> Event | None:
        """The first thing of this kind that happened below the messages."""
        return next((one for one in self.links if one.data.get("what") == what), None)

    @property
    def tls(self) -> dict[str, Any]:
        """What is known of the TLS connection; empty for plain TCP. The version reads `TLS 1.3`, whoever recorded it."""
        found = self.link("tls")
        if found is None:
            return {}
        return {**found.data, "version": str(found.data.get("version", "")).replace("TLSv", "TLS ")}

    @property
    def complete(self) -> bool:
        """Whether the record begins with the connection and has no hole that we know of."""
        connected = self.link("connected")
        begun = connected is None or connected.data.get("handshake_seen", True)
        return bool(begun) and self.link("gap") is None


def _fits(message: Message, names: tuple[str, ...]) -> bool:
    return not names or message.name in names


def group(events: Iterable[Event]) -> Iterator[tuple[int, list[Event], list[Event], list[Event]]]:
    """Sessions of a transcript in order of their first event: number, links, frames, discovery before it."""
    links: dict[int, list[Event]] = defaultdict(list)
    frames: dict[int, list[Event]] = defaultdict(list)
    discovery: dict[int, list[Event]] = {}
    pending: list[Event] = []
    for event in events:
        if event.kind == "v2g.sdp":
            pending.append(event)
        if event.kind not in ("v2g.link", "v2g.frame"):
            continue
        number = int(event.data.get("session", 0))
        if number not in discovery:
            discovery[number], pending = pending, []
        (links if event.kind == "v2g.link" else frames)[number].append(event)
    for number, before in discovery.items():
        yield number, links[number], frames[number], before
