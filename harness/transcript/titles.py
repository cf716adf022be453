"""Events as a reader wants them: a short title and what lies behind it, for the report and for the operator's page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.transcript.decoding import Reading
from harness.transcript.event import Event

Told = tuple[str, Any]
"""A title and the details, which are plain JSON."""

_PAYLOADS = {
    0x8001: "EXI (handshake)",
    0x8002: "EXI (common)",
    0x8003: "EXI (AC)",
    0x8004: "EXI (DC)",
    0x8005: "EXI (ACDP)",
    0x8006: "EXI (WPT)",
    0x9000: "SDP request",
    0x9001: "SDP response",
    0x9002: "SDP request (wireless)",
    0x9003: "SDP response (wireless)",
}
"""V2GTP payload types as in ISO 15118-20 table of payload types (public: EVerest libiso15118, v2gtp headers)."""

_CALLS = {2: "call", 3: "result", 4: "error", 5: "result error", 6: "send"}
"""OCPP-J message type ids (OCPP 2.1 part 4)."""


def _frame(event: Event) -> Told:
    octets = str(event.data.get("hex", ""))
    try:
        kind = int(octets[4:8], 16)
    except ValueError:
        return "octets that are no frame", event.data
    return f"{_PAYLOADS.get(kind, f'payload type 0x{kind:04X}')}, {len(octets) // 2} octets", event.data


def _ocpp(event: Event) -> Told:
    text = str(event.data.get("text", ""))
    try:
        frame = json.loads(text)
        kind = _CALLS[frame[0]]
        action = f" {frame[2]}" if frame[0] in (2, 6) else f" {frame[2]}" if frame[0] == 4 else ""
    except (ValueError, LookupError, TypeError, RecursionError):
        return "a frame that is no OCPP-J", text
    return f"{kind}{action}", frame


def _told(*keys: str) -> Callable[[Event], Told]:
    def tell(event: Event) -> Told:
        words = [str(event.data[key]) for key in keys if event.data.get(key) not in (None, "")]
        rest = {key: value for key, value in event.data.items() if key not in keys}
        return ": ".join(words) or event.kind, rest or None

    return tell


def _any(event: Event) -> Told:
    return event.kind, event.data or None


def _measured(event: Event) -> Told:
    data = event.data
    value = data.get("value")
    shown = f"{value:.5g} {data.get('unit', '')}" if isinstance(value, int | float) else "no value"
    return f"{data.get('name', '')} = {shown}: {data.get('verdict', '')}", data


_TITLES: dict[str, Callable[[Event], Told]] = {
    "v2g.frame": _frame,
    "v2g.sdp": _frame,
    "v2g.link": _told("what"),
    "ocpp.frame": _ocpp,
    "ocpp.far": _ocpp,
    "ocpp.link": _told("what"),
    "scpi": _told("command", "reply", "error"),
    "modbus": _told("function", "error"),
    "can.frame": _told("means"),
    "pilot": _told("state", "duty_percent"),
    "step": _told("text"),
    "case": _told("what", "id", "verdict"),
    "finding": _told("rule", "reason"),
    "measurement": _measured,
    "bench": _told("what", "note"),
    "operator": _told("prompt", "answer"),
}


def told(event: Event) -> Told:
    """Title and details of one event, without looking at any other."""
    return _TITLES.get(event.kind, _any)(event)


class RunningTitles:
    """Titles of events one by one as they come; V2G messages by name, because what was negotiated is remembered."""

    def __init__(self) -> None:
        self._readings: dict[int, tuple[Reading, int]] = {}

    def of(self, event: Event) -> str:
        if event.kind != "v2g.frame":
            return told(event)[0]
        session = int(event.data.get("session", 0))
        reading, count = self._readings.get(session, (Reading(), 0))
        self._readings = {session: (reading, count + 1)}  # one link at a time: an older one is over
        try:
            message = reading.take(count + 1, event, [])
        except (ValueError, KeyError):
            return told(event)[0]
        if message.error or message.content is None:
            return f"message that cannot be decoded: {message.error}"
        return f"{message.name}: {message.code}" if message.code else message.name
