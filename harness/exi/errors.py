"""The one error of this package, and what tolerant reading collects in its stead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """Something in a stream that the schema or the format does not allow, or a known wrong habit of some encoder."""

    bit: int  # offset from the first bit of the header octet
    path: str
    kind: str  # facet, missing, unexpected, untyped, empty, padding, trailing, habit
    reason: str

    def __str__(self) -> str:
        return f"bit {self.bit}, {self.path or 'document'}: {self.reason}"


class ExiError(ValueError):
    """A stream that cannot be read, or content that cannot be written. `bit` and `path` say where."""

    def __init__(self, reason: str, bit: int = 0, path: str = "") -> None:
        super().__init__(f"bit {bit}, {path or 'document'}: {reason}")
        self.reason = reason
        self.bit = bit
        self.path = path
