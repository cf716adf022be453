"""Simple types: what an EXI value looks like and which values the schema allows.

A datatype is immutable and knows its facets; how its bits are written lives in `bits`, `reader` and `compiler`.
Values that break a facet raise `ValueError` with the facet in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cached_property

# EXI 1.0, 7.1.9: an integer whose bounds span at most this many values is an n-bit unsigned integer
BOUNDED_RANGE = 4096


class Datatype:
    """A simple type of an element, an attribute, or of character content."""

    def check(self, value: object) -> object:
        """Return the value (an enumeration's literal becomes its member), or raise ValueError naming the facet."""
        raise NotImplementedError


@dataclass(frozen=True)
class Boolean(Datatype):
    """xs:boolean without a pattern facet: one bit."""

    def check(self, value: object) -> object:
        if value is True or value is False:
            return value
        raise ValueError(f"expected a boolean, got {value!r}")


@dataclass(frozen=True)
class Integer(Datatype):
    """xs:integer and what derives from it, with inclusive bounds; `None` means unbounded."""

    lowest: int | None = None
    highest: int | None = None

    @cached_property
    def width(self) -> int | None:
        """Bits of the bounded representation; None when the value is written octet by octet."""
        if self.lowest is None or self.highest is None or self.highest - self.lowest >= BOUNDED_RANGE:
            return None
        return (self.highest - self.lowest).bit_length()

    @property
    def signed(self) -> bool:
        """Whether the unbounded form carries a sign bit (EXI 1.0, 7.1.5 and 7.1.6)."""
        return self.lowest is None or self.lowest < 0

    def check(self, value: object) -> object:
        if not isinstance(value, int) or value is True or value is False:
            raise ValueError(f"expected an integer, got {value!r}")
        if self.lowest is not None and value < self.lowest:
            raise ValueError(f"{value} is below {self.lowest}")
        if self.highest is not None and value > self.highest:
            raise ValueError(f"{value} is above {self.highest}")
        return value


@dataclass(frozen=True)
class Text(Datatype):
    """xs:string and its kin, lengths in characters. `form` keeps the kin apart: string, anyURI, ID."""

    longest: int | None = None
    shortest: int = 0
    form: str = "string"

    def check(self, value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(f"expected a string, got {value!r}")
        _check_length(len(value), self.shortest, self.longest, "characters")
        return value


@dataclass(frozen=True)
class Binary(Datatype):
    """xs:hexBinary and xs:base64Binary (the same bits; `form` says how text shows them), lengths in octets."""

    longest: int | None = None
    shortest: int = 0
    form: str = "base64"

    def check(self, value: object) -> object:
        if not isinstance(value, bytes):
            raise ValueError(f"expected bytes, got {value!r}")
        _check_length(len(value), self.shortest, self.longest, "octets")
        return value


class Enumeration(StrEnum):
    """An enumerated string: members in schema order, values are the schema's literals."""


@dataclass(frozen=True)
class Unknown:
    """The number of an enumeration value that the schema does not have; only tolerant decoding makes one."""

    number: int


@dataclass(frozen=True)
class Enumerated(Datatype):
    """An enumeration: its index in schema order, in as many bits as the members need."""

    members: type[Enum]

    @cached_property
    def values(self) -> tuple[Enum, ...]:
        """The members in schema order."""
        return tuple(self.members)

    @cached_property
    def width(self) -> int:
        """Bits of the index."""
        return (len(self.values) - 1).bit_length()

    def check(self, value: object) -> object:
        if isinstance(value, self.members):
            return value
        try:
            return self.members(value)
        except ValueError:
            raise ValueError(f"{value!r} is not one of {', '.join(str(m.value) for m in self.values)}") from None


def _check_length(length: int, shortest: int, longest: int | None, unit: str) -> None:
    if length < shortest:
        raise ValueError(f"{length} {unit}, at least {shortest} needed")
    if longest is not None and length > longest:
        raise ValueError(f"{length} {unit}, at most {longest} allowed")
