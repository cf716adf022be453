"""Departures from OCPP-J itself that the emulated station and the emulated CSMS can both be made to show."""

from __future__ import annotations

import json
from typing import Any

from harness.ocpp.quirks import Wording

ONE_TOO_MANY = 256
"""Characters of an error description."""


def _parts(text: str) -> list[Any]:
    try:
        parts = json.loads(text)
    except ValueError:
        return []
    return parts if isinstance(parts, list) and len(parts) > 1 else []


def _misaddressed(text: str) -> str:
    parts = _parts(text)
    return json.dumps([5, "nobody", *parts[2:]]) if parts[:1] == [5] else text


def _wordy(text: str) -> str:
    parts = _parts(text)
    return json.dumps([*parts[:3], "x" * ONE_TOO_MANY, *parts[4:]]) if parts and parts[0] in (4, 5) else text


def _agreeable(text: str) -> str:
    parts = _parts(text)
    return json.dumps([3, parts[1], {"status": "Accepted"}]) if parts[:1] == [4] else text


def _inventive(text: str) -> str:
    parts = _parts(text)
    return json.dumps([4, parts[1], "InvalidRequest", *parts[3:]]) if parts[:1] == [4] else text


def _to_a_send(text: str) -> str | None:
    parts = _parts(text)
    return json.dumps([3, parts[1], {}]) if parts[:1] == [6] else None


def _to_an_unknown_type(text: str) -> str | None:
    parts = _parts(text)
    unknown = parts and isinstance(parts[0], int) and not 2 <= parts[0] <= 6
    return json.dumps([4, str(parts[1]), "MessageTypeNotSupported", "", {}]) if unknown else None


RESULT_ERROR_TO_NOBODY = Wording(_misaddressed)
LONG_DESCRIPTIONS = Wording(_wordy)
ACCEPTS_THE_MALFORMED = Wording(_agreeable)
"""Each of its CALLERRORs is a CALLRESULT that accepts."""
OWN_CODES = Wording(_inventive)
ANSWERS_SENDS = Wording(retorts=_to_a_send)
ANSWERS_UNKNOWN_TYPES = Wording(retorts=_to_an_unknown_type)
