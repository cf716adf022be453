"""Rules for ISO 15118-2 and DIN SPEC 70121 sessions: a modest set (order, session ids, choices, response codes, timing, ends).

Importing this package registers them all.
"""

from harness.rules.iso15118_2 import answers, choices, closing, order, power, session_id, timing

__all__ = ["answers", "choices", "closing", "order", "power", "session_id", "timing"]
