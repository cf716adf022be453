"""What the compiled readers and writers are made from: a type as a row of steps with event codes worked out.

The alternatives of all steps are numbered through. In the state before step i an event code is the wanted
alternative's number less the first number of step i, so that after optional steps nothing has to be merged: reading
or writing goes down the row once and compares numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.exi.datatypes import Boolean, Enumerated, Integer
from harness.exi.declare import Record
from harness.exi.grammar import (
    ATTRIBUTE,
    END_ELEMENT,
    Production,
    State,
    alternatives,
    attributes_first,
    bounds,
    grammar,
)
from harness.exi.schema import Field, Schema, Type, complex_type


@dataclass(frozen=True)
class Alternative:
    """One element, attribute or value that a step may be, and the field that keeps it."""

    field: Field
    type: Type
    bare: bool  # a value without start and end of an element around it


@dataclass(frozen=True)
class Step:
    """One particle: its alternatives, how often it occurs, and the number of its first alternative."""

    alternatives: tuple[Alternative, ...]
    low: int
    high: int | None
    first: int

    @property
    def after(self) -> int:
        """The number that follows the step's last alternative."""
        return self.first + len(self.alternatives)

    @property
    def field(self) -> Field:
        """The field of a step whose alternatives share one."""
        return self.alternatives[0].field

    @property
    def grouped(self) -> bool:
        """Whether the alternatives have a field each."""
        return bool(self.field.slot.group)

    @property
    def listed(self) -> bool:
        """Whether the field is a list."""
        return self.field.listed


@dataclass(frozen=True)
class Plan:
    """A type's steps, and how it ends: `end` is the number of the end's event, None where children must come first."""

    steps: tuple[Step, ...]
    end: int | None
    size: int  # numbers in all, with those of irregular content

    def first(self, index: int) -> int:
        """The first number of the state before a step; `len(steps)` is the last state."""
        return self.steps[index].first if index < len(self.steps) else self.size - self._tail

    @property
    def _tail(self) -> int:
        return self.size - (self.steps[-1].after if self.steps else 0)

    def width(self, index: int, *, inside: bool = False) -> int:
        """Bits of an event code before a step; `inside` when the step's list has as many items as it must."""
        last = self.size
        for step in self.steps[index:]:
            if step.low and not (inside and step is self.steps[index]):
                last = step.after
                break
        return (last - self.first(index)).bit_length()

    def certain(self, index: int) -> bool:
        """Whether only one event is declared here."""
        return self.width(index) == 1


def plan(schema: Schema, cls: type[Record]) -> Plan:
    """The plan of a complex type within a schema."""
    kind = complex_type(cls)
    steps: list[Step] = []
    first = 0
    for field in attributes_first(kind):
        if field.slot.kind == "children":
            continue
        members = [each for each in kind.fields if each.slot.group and each.slot.group == field.slot.group] or [field]
        if members[0] is not field:
            continue
        found = tuple(each for member in members for each in _alternatives(schema, member))
        low, high = (int(not field.slot.group.startswith("?")), 1) if field.slot.group else bounds(field, schema.lists)
        steps.append(Step(found, low, high, first))
        first += len(found)
    if not any(field.slot.kind == "children" for field in kind.fields):
        return Plan(tuple(steps), first, first + 1)
    events = [production.term for production in _without_attributes(grammar(schema, cls, schema.lists).initial)]
    end = first + events.index(END_ELEMENT) if END_ELEMENT in events else None
    return Plan(tuple(steps), end, first + len(events))


def _without_attributes(state: State) -> list[Production]:
    while any(production.term.order == ATTRIBUTE for production in state.productions):
        state = [production for production in state.productions if production.term.order == ATTRIBUTE][-1].next
    return list(state.productions)


def _alternatives(schema: Schema, field: Field) -> tuple[Alternative, ...]:
    if field.slot.kind in ("attribute", "value"):
        return (Alternative(field, field.types[0], bare=True),)
    return tuple(Alternative(field, element.type, bare=False) for element in alternatives(schema, field))


def is_flat(plan: Plan) -> bool:
    """Whether a type is small and all of its elements are required."""
    return is_small(plan) and all(step.low == 1 for step in plan.steps)


def is_small(plan: Plan) -> bool:
    """Whether a type is nothing but a few elements that are numbers, booleans, or of an enumeration."""
    return (
        0 < len(plan.steps) <= _SMALL
        and plan.end is not None
        and all(
            step.high == 1
            and not step.listed
            and len(step.alternatives) == 1
            and not step.alternatives[0].bare
            and isinstance(step.alternatives[0].type, Boolean | Enumerated | Integer)
            for step in plan.steps
        )
    )


_SMALL = 4  # elements; longer ones are read and written by a function of their own
