"""OCPP-J frames: five kinds of JSON list, told apart by their first number.

| number | kind            | list                                       | since |
|--------|-----------------|--------------------------------------------|-------|
| 2      | CALL            | [2, id, action, payload]                   | 1.6   |
| 3      | CALLRESULT      | [3, id, payload]                           | 1.6   |
| 4      | CALLERROR       | [4, id, code, description, details]        | 1.6   |
| 5      | CALLRESULTERROR | [5, id, code, description, details]        | 2.1   |
| 6      | SEND            | [6, id, action, payload], never answered   | 2.1   |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from harness.ocpp.version import ErrorCode, Version

Payload = dict[str, Any]

UNREADABLE_ID = "-1"
"""Message id of the CALLERROR that answers a frame whose own id could not be read (OCPP 2.0.1 and 2.1 part 4)."""
LONGEST_ID = 36
"""Characters of a message id (OCPP 1.6-J section 4.1.4, 2.x part 4)."""
LONGEST_DESCRIPTION = 255
"""Characters of an error description (OCPP 2.x part 4)."""


@dataclass(frozen=True, slots=True)
class Call:
    id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallResult:
    id: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallError:
    """The request `id` was not executed. `code` is the text as on the wire."""

    id: str
    code: str
    description: str = ""
    details: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallResultError:
    """The response `id` was bad, says its receiver (2.1)."""

    id: str
    code: str
    description: str = ""
    details: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """A message that wants no answer (2.1)."""

    id: str
    action: str
    payload: Payload


Frame = Call | CallResult | CallError | CallResultError | Send


class FrameError(ValueError):
    """A text that is no frame of this version.

    `code` is None where the standard asks to ignore the text: an unknown message type, or a broken frame that is
    itself an answer. Else it is what a CALLERROR to `id` should say.
    """

    def __init__(self, text: str, code: ErrorCode | None, id: str = UNREADABLE_ID) -> None:  # noqa: A002
        super().__init__(text)
        self.code = code
        self.id = id


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def render(frame: Frame) -> str:
    """The frame as text, keys in the order in which the payload has them."""
    match frame:
        case Call(id, action, payload):
            parts: list[Any] = [2, id, action, payload]
        case CallResult(id, payload):
            parts = [3, id, payload]
        case CallError(id, code, description, details):
            parts = [4, id, code, description[:LONGEST_DESCRIPTION], details]
        case CallResultError(id, code, description, details):
            parts = [5, id, code, description[:LONGEST_DESCRIPTION], details]
        case Send(id, action, payload):
            parts = [6, id, action, payload]
    return _encoder.encode(parts).decode()


def parse(text: str | bytes, version: Version) -> Frame:
    """The frame in `text`; raises FrameError with the answer that this version asks for.

    Whether the payload fits its schema is not looked at here.
    """
    try:
        parts = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
        raise FrameError(f"no JSON: {problem}", ErrorCode.RPC_FRAMEWORK_ERROR) from problem
    if not isinstance(parts, list) or not parts:
        raise FrameError("no list with a message type in front", ErrorCode.RPC_FRAMEWORK_ERROR)
    number = parts[0]
    if type(number) is not int or number not in _READERS or (number > 4 and version is not Version.V21):
        raise FrameError(f"message type {number!r:.20} is not known in OCPP {version}", None)
    wanted, read = _READERS[number]
    answerable = ErrorCode.RPC_FRAMEWORK_ERROR if number == 2 else None
    if len(parts) < 2 or not isinstance(parts[1], str) or not 0 < len(parts[1]) <= LONGEST_ID:
        raise FrameError("the message id is no text of 1 to 36 characters", answerable)
    if len(parts) != wanted:
        code = ErrorCode.FORMAT_VIOLATION if number == 2 else None
        raise FrameError(f"message type {number} has {wanted} elements, got {len(parts)}", code, parts[1])
    try:
        frame: Frame = read(parts)
    except TypeError as problem:
        code = ErrorCode.FORMAT_VIOLATION if number == 2 else None
        raise FrameError(str(problem), code, parts[1]) from problem
    return frame


def _text(parts: list[Any], place: int, name: str) -> str:
    if not isinstance(parts[place], str):
        raise TypeError(f"the {name} is no text")
    return str(parts[place])


def _object(parts: list[Any], place: int, name: str) -> Payload:
    if not isinstance(parts[place], dict):
        raise TypeError(f"the {name} is no JSON object")
    payload: Payload = parts[place]
    return payload


_READERS: Mapping[int, tuple[int, Any]] = {
    2: (4, lambda p: Call(p[1], _text(p, 2, "action"), _object(p, 3, "payload"))),
    3: (3, lambda p: CallResult(p[1], _object(p, 2, "payload"))),
    4: (5, lambda p: CallError(p[1], _text(p, 2, "code"), _text(p, 3, "description"), _object(p, 4, "details"))),
    5: (5, lambda p: CallResultError(p[1], _text(p, 2, "code"), _text(p, 3, "description"), _object(p, 4, "details"))),
    6: (4, lambda p: Send(p[1], _text(p, 2, "action"), _object(p, 3, "payload"))),
}
