"""The usual forms of a small record, in which each bit has its place: which optional elements are there, how long numbers are.

One comparison of all bits that are fixed in a form tells whether a stream holds it; the values are then taken from where
they must be.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.exi.datatypes import Boolean, Enumerated, Integer
from harness.exi.plan import Plan, is_small
from harness.exi.schema import Type

_OCTET = tuple(range(256))
_COMPLEMENTS = tuple(~value for value in _OCTET)


@dataclass(frozen=True)
class Place:
    """Where a value is: `below` bits follow its own within the form. Without a table it is a number in two octets."""

    width: int
    below: int
    table: tuple[object, ...] | None


@dataclass(frozen=True)
class Form:
    """A form's bits: how many, which are fixed (`mask`) and to what, and the place of each field that has a value."""

    width: int
    mask: int
    fixed: int
    places: dict[str, Place]

    @property
    def free(self) -> int:
        """Bits that are not fixed."""
        return self.width - self.mask.bit_count()


def forms(plan: Plan, *, often: bool) -> list[Form]:
    """The usual forms of a type, none if it is not small: without what is optional and with numbers of one octet.

    Of a type that stands in a list, `often`, also those with all that is optional and with numbers of two octets.
    """
    if not is_small(plan):
        return []
    choices = [(False, False), (False, True), (True, False), (True, True)] if often else [(False, False)]
    found = [_form(plan, long=long, whole=whole) for long, whole in choices]
    return list({(each.mask, each.fixed): each for each in found if each}.values())


def _form(plan: Plan, *, long: bool, whole: bool) -> Form | None:
    """One form: with numbers of two octets, with all that is optional; None if a number is not to be had so."""
    mask = fixed = width = state = 0
    ends: dict[str, tuple[int, int, tuple[object, ...] | None]] = {}

    def take(bits: int, value: int, known: int) -> None:
        nonlocal mask, fixed, width
        mask, fixed, width = mask << bits | known, fixed << bits | value, width + bits

    def code(number: int) -> None:
        bits = plan.width(state)
        take(bits, number - plan.first(state), (1 << bits) - 1)

    table: tuple[object, ...] | None
    for index, step in enumerate(plan.steps):
        if not step.low and not whole:
            continue
        datatype = step.alternatives[0].type
        code(step.first)
        take(1, 0, 1)  # characters
        if isinstance(datatype, Integer) and datatype.width is None:
            if not _has_room(datatype, 14 if long else 7) or (long and datatype.signed):
                return None
            table = None if long else _OCTET + _COMPLEMENTS * datatype.signed
            bits = 16 if long else 8 + datatype.signed
            take(bits, 0x8000 if long else 0, 0x8080 if long else 0x80)  # which octet is the last
        else:
            bits, table = _table(datatype)
            take(bits, 0, 0)
        ends[step.field.name] = bits, width, table
        take(1, 0, 1)  # the element's end
        state = index + 1
    assert plan.end is not None
    code(plan.end)
    return Form(
        width, mask, fixed, {name: Place(bits, width - end, table) for name, (bits, end, table) in ends.items()}
    )


def _has_room(datatype: Integer, bits: int) -> bool:
    """Whether all numbers of so many bits, of either sign if it has one, are in range."""
    low, high = datatype.lowest, datatype.highest
    return (low is None or low == 0 or low < -(1 << bits)) and (high is None or high >> bits > 0)


def _table(datatype: Type) -> tuple[int, tuple[object, ...]]:
    """Bits of a value, and the values by their bits; too few for bits that are no value: then an IndexError."""
    match datatype:
        case Boolean():
            return 1, (False, True)
        case Enumerated():
            return datatype.width, datatype.values
        case Integer(int(low), int(high)):
            return (high - low).bit_length(), tuple(range(low, high + 1))
    raise AssertionError(datatype)
