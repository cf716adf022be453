"""OCPP's date-time texts and UTC seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(at_s: float) -> str:
    """UTC with milliseconds, as in 2026-01-01T00:00:00.000Z (RFC 3339; OCPP 2.x part 2 allows three decimals)."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_seconds(text: str) -> float:
    """Seconds since 1970; a text without a zone is taken as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
