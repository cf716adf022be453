"""Strings from devices are hostile: here they become text that shows what it is and does nothing.

Every format escapes in its own way as well (autoescaping in HTML, JSON data instead of markup for typst); this is for
what escaping does not cover: marks that reorder or hide what is read, control characters, and ten megabytes of them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

LONGEST = 400
"""Characters of one device string that a report shows (our default); the whole is in the evidence."""

_HARMLESS = re.compile(r"[\x20-\x7e]*")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that print nothing or change how their neighbours are read."""


def visible(text: object, longest: int = LONGEST) -> str:
    """The text with every hidden or reordering character spelled out as <U+XXXX>, and clipped with its length."""
    whole = str(text)
    shown = whole[:longest]
    if not _HARMLESS.fullmatch(shown):
        shown = "".join(_spelled(character) for character in shown)
    if len(whole) > longest:
        digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        shown += f" … [{len(whole)} characters in all, SHA-256 {digest}…]"
    return shown


def _spelled(character: str) -> str:
    if character == "\n":
        return " "
    # Letters written from right to left stay; only marks that reorder their neighbours could deceive.
    return f"⟨U+{ord(character):04X}⟩" if unicodedata.category(character) in _HIDDEN else character


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
