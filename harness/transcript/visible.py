"""Strings from devices are hostile: here they become text that shows what it is and does nothing.

Every format escapes in its own way as well (autoescaping in HTML, textContent in scripts, JSON data instead of markup for
typst); this is for what escaping does not cover: marks that reorder or hide what is read, control characters, and ten
megabytes of them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

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
