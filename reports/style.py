"""How a verdict looks: colour, glyph and hatching, the same in every format. No two share a glyph."""

from __future__ import annotations

from dataclasses import dataclass

from harness.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Look:
    """White text on `colour` has a contrast of at least 4.5 to 1; `marks` is a path in a tile of 8 by 8."""

    label: str
    glyph: str
    colour: str
    marks: str


LOOKS = {
    Verdict.PASS: Look("pass", "✓", "#1f7a43", ""),
    Verdict.CONDITIONAL_PASS: Look("conditional pass", "◐", "#4d6b15", "M0 4H8"),
    Verdict.FAIL: Look("fail", "✗", "#b3261e", "M0 0L8 8M0 8L8 0"),
    Verdict.INCONCLUSIVE: Look("inconclusive", "?", "#86600a", "M0 8L8 0"),
    Verdict.ERROR: Look("error", "!", "#6a3fa0", "M0 0L8 8"),
    Verdict.ABORTED: Look("aborted", "‖", "#4a5764", "M2 0V8M6 0V8"),
    Verdict.NOT_APPLICABLE: Look("not applicable", "–", "#6b7680", "M4 3.5V4.5"),
    Verdict.NOT_RUN: Look("not run", "○", "#737b83", "M2 2H3M6 6H7"),
}
"""In the order in which bars are stacked and legends are read."""
