"""Values as a reader of a report wants them: harmless text, numbers, times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from harness.transcript.visible import LONGEST, visible


def tree(value: Any, longest: int = LONGEST, depth: int = 12) -> Any:
    """A JSON value with every string in it, keys included, made visible; deeper than `depth` is cut."""
    if isinstance(value, str):
        return visible(value, longest)
    if depth == 0 and isinstance(value, dict | list | tuple):
        return "…"
    if isinstance(value, dict):
        return {visible(key, 80): tree(item, longest, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tree(item, longest, depth - 1) for item in value]
    return value


def number(value: float | None, digits: int = 5) -> str:
    """A number for reading: significant digits, thousands apart by a thin space, a real minus sign."""
    if value is None or value != value:
        return "no value"
    if value in (float("inf"), float("-inf")):
        return "overrange"
    text = f"{value:.{digits}g}"
    if "e" in text:
        exponent = f"{value:,.0f}" if abs(value) >= 1 else f"{value:.3e}"
        text = exponent
    else:
        whole, dot, rest = text.partition(".")
        text = f"{int(whole):,}{dot}{rest}" if whole.lstrip("-") != "0" else text
    return text.replace(",", "\u202f").replace("-", "−")


def moment(utc_us: int | None, *, seconds: bool = True) -> str:
    """A time in UTC, or a dash where there is none."""
    if not utc_us:
        return "–"
    return datetime.fromtimestamp(utc_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d")


def duration(seconds: float) -> str:
    """A duration for reading: 12.3 s, 20 min 0 s, 6 h 0 min."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
