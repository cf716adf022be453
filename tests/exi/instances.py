"""Random messages of any message set, drawn from the model alone: for round trips, fuzzing, and the vector file."""

from __future__ import annotations

import random
from typing import Any

from harness.exi.datatypes import Binary, Boolean, Datatype, Enumerated, Integer, Text
from harness.exi.declare import Child, Record
from harness.exi.foreign import Foreign, spelled
from harness.exi.grammar import ELEMENT, END, WILDCARD, alternatives, grammar
from harness.exi.schema import Field, QName, Schema, Type, complex_type

_CHARACTERS = "abcXYZ019 -_.:/#*&<>'\"äßЖ漢😀"
_EDGES = (0, 1, -1, 127, 128, -128, -129, 255, 256, 16383, 16384, 32767, -32768, 2**31 - 1, 2**63, 2**64 - 1, -(2**63))


class Instances:
    """Draws values; `longest` bounds lists that the schema leaves long."""

    def __init__(self, schema: Schema, rng: random.Random, *, longest: int = 3) -> None:
        self._schema = schema
        self._rng = rng
        self._longest = longest

    def record(self, cls: type[Record]) -> Record:
        """An object of a type, its optional parts there or not."""
        kind = complex_type(cls)
        values: dict[str, Any] = {}
        for group in kind.groups:
            members = [field for field in kind.fields if field.slot.group == group]
            if not group.startswith("?") or self._rng.random() < 0.5:
                chosen = self._rng.choice(members)
                values[chosen.name] = self._field(chosen)
        for field in kind.fields:
            if field.slot.kind == "children":
                values[field.name] = tuple(self._children(cls))
            elif not field.slot.group and (field.required or self._rng.random() < 0.6):
                values[field.name] = self._field(field)
        return cls(**values)

    def value(self, type_: Type) -> Any:
        """A value of any type."""
        return self.simple(type_) if isinstance(type_, Datatype) else self.record(type_)

    def _field(self, field: Field) -> Any:
        if not field.listed:
            return self.value(self._type(field))
        low, high = field.slot.occurs
        most = min(high or self._longest, max(self._longest, low))
        if high is not None and high <= 8 and self._rng.random() < 0.3:
            most = low = high
        return tuple(self.value(self._type(field)) for _ in range(self._rng.randint(low, max(most, low))))

    def _type(self, field: Field) -> Type:
        if field.slot.kind in ("attribute", "value"):
            return field.types[0]
        types = [element.type for element in alternatives(self._schema, field)]
        return self._rng.choice([t for t in types if isinstance(t, Datatype) or not t.declaration.abstract])

    def _children(self, cls: type[Record]) -> list[Child]:
        """A way through the grammar of irregular content without text, elements of other namespaces included."""
        found: list[Child] = []
        state = grammar(self._schema, cls, self._schema.lists).initial
        while any(production.term.label.startswith("AT") for production in state.productions):
            state = [each for each in state.productions if each.term.label.startswith("AT")][-1].next
        while True:
            ends = any(production.term.order == END for production in state.productions)
            elements = [production for production in state.productions if production.term.order in (ELEMENT, WILDCARD)]
            if not elements or (ends and (len(found) >= self._longest or self._rng.random() < 0.5)):
                return found
            chosen = self._rng.choice(elements)
            if chosen.term.order == WILDCARD:
                found.append(Child(spelled(self._foreign_name()), self.foreign()))
                state = chosen.next
                continue
            assert chosen.term.qname is not None
            assert chosen.term.type is not None
            found.append(Child(chosen.term.qname.name, self.value(chosen.term.type)))
            state = chosen.next

    def _foreign_name(self) -> QName:
        return QName(self._rng.choice("ab"), self._rng.choice(("urn:a", "urn:b")))

    def foreign(self, depth: int = 0) -> Foreign:
        """What an element of no schema holds."""
        rng = self._rng
        names = {QName(rng.choice(("Id", "k")), rng.choice(("", "urn:a"))) for _ in range(rng.randrange(3))}
        content: list[Any] = []
        for _ in range(rng.randrange(3)):
            if depth < 3 and rng.random() < 0.5:
                content.append((self._foreign_name(), self.foreign(depth + 1)))
            elif not content or not isinstance(content[-1], str):
                content.append("x" * rng.randrange(1, 9))
        return Foreign(tuple((name, "v") for name in sorted(names)), tuple(content))

    def simple(self, datatype: Datatype) -> Any:
        """A value of a simple type, often at an edge."""
        rng = self._rng
        match datatype:
            case Boolean():
                return rng.random() < 0.5
            case Enumerated():
                return rng.choice(datatype.values)
            case Integer():
                low = -(2**70) if datatype.lowest is None else datatype.lowest
                high = 2**70 if datatype.highest is None else datatype.highest
                edges = [edge for edge in (*_EDGES, low, high) if low <= edge <= high]
                return rng.choice(edges) if rng.random() < 0.5 else rng.randint(low, high)
            case Binary():
                return rng.randbytes(self._length(datatype.shortest, datatype.longest))
            case Text():
                length = self._length(datatype.shortest, datatype.longest)
                if datatype.form in ("ID", "IDREF"):
                    return f"id{rng.randrange(10**6)}"
                alphabet = _CHARACTERS if rng.random() < 0.2 else _CHARACTERS[:18]
                return (
                    "".join(rng.choice(alphabet) for _ in range(length)).strip().ljust(max(datatype.shortest, 1), "x")
                )
        raise AssertionError(datatype)

    def _length(self, shortest: int, longest: int | None) -> int:
        most = 40 if longest is None else longest
        if self._rng.random() < 0.1:
            return most if most <= 300 else shortest + 200
        return self._rng.randint(max(shortest, 1), max(min(most, 24), shortest, 1))
