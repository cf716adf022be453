"""V2G messages as a reader wants them: by name, with their content in the schema's own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.exi.errors import ExiError
from harness.iso15118.messages import to_json
from harness.transcript.decoding import sessions
from harness.transcript.event import Event
from harness.transcript.v2g import Message

Told = tuple[str, Any]
"""A message's name (with its response code, if it has one) and content."""


def decode(events: Iterable[Event]) -> dict[int, Told]:
    """Every readable V2G message of a transcript by the number of its event."""
    frames = [event for event in events if event.kind.startswith("v2g.")]
    try:
        return {one.event: _told(one) for session in sessions(frames) for one in session.messages if one.event}
    except (ValueError, KeyError) as problem:  # a transcript that somebody damaged must not stop the report
        return {event.number: ("undecoded", {"because": str(problem)}) for event in frames}


def _told(message: Message) -> Told:
    octets = message.raw.hex()
    if message.error or message.content is None:
        return "message that cannot be decoded", {"because": message.error, "exi": octets}
    name = f"{message.name}: {message.code}" if message.code else message.name
    try:
        content: Any = to_json(message.content, message.name)
    except (ExiError, ValueError, TypeError, AttributeError) as problem:
        content = f"content that cannot be shown: {problem}"
    told = {"message": content, "exi": octets}
    return name, {**told, "deviations": list(message.deviations)} if message.deviations else told
