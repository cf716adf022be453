"""Writing event by event: for content that the compiled writers leave alone.

That is irregular content, and content built `unchecked` for negative tests. What the schema does not allow is written
with the second-level events of the non-strict grammar where EXI has one (an element that ends too early), and refused
with ExiError where it has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.exi.bits import BitWriter
from harness.exi.datatypes import Binary, Boolean, Datatype, Enumerated, Integer, Unknown
from harness.exi.declare import Child, Record
from harness.exi.errors import ExiError
from harness.exi.foreign import BuiltIn, Foreign, parsed
from harness.exi.grammar import (
    CHARACTERS,
    END_ELEMENT,
    WILDCARD,
    State,
    alternatives,
    attributes_first,
    grammar,
    loose_grammar,
)
from harness.exi.schema import Element, Field, QName, Schema, complex_type

_Item = tuple[QName | None, Any]  # an attribute or an element, None for characters, and what it holds


class Writer:
    """Writes one stream, once."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._out = BitWriter()
        self._path: list[str] = []
        self._built_in = BuiltIn(schema)

    def document(self, name: str, value: Any) -> bytes:
        """A document with this root element."""
        roots = self.schema.roots
        code = self._code(name, value, "document")
        self._out.bits(0x80, 8)
        self._out.bits(code, len(roots).bit_length())
        self._element(roots[code], value)
        return self._out.getvalue()

    def fragment(self, name: str, value: Any) -> bytes:
        """A fragment of this one element."""
        elements = self.schema.elements
        width = (len(elements) + 1).bit_length()
        code = self._code(name, value, "fragment")
        self._out.bits(0x80, 8)
        self._out.bits(code, width)
        qname, kinds = elements[code]
        if len(kinds) == 1:
            self._element(Element(qname, kinds[0]), value)
        else:
            self._loose_element(value)
        self._out.bits(len(elements) + 1, width)
        return self._out.getvalue()

    def _code(self, name: str, value: Any, kind: str) -> int:
        try:
            return self.schema.code(name, value, kind)
        except KeyError as unknown:
            raise self._refused(str(unknown.args[0])) from None

    def _element(self, element: Element, value: Any) -> None:
        self._path.append(element.qname.name)
        state = grammar(self.schema, element.type, self.schema.lists).initial
        items = [(None, value)] if isinstance(element.type, Datatype) else self._items(value)
        for item in items:
            state = self._event(state, *item)
        self._end(state)
        self._path.pop()

    def _loose_element(self, value: Any) -> None:
        """An element declared with several types; see `loose_grammar`."""
        state = loose_grammar(self.schema).initial
        items = self._items(value) if isinstance(value, Record) else iter([(None, value)])
        for item in items:
            state = self._event(state, *item)
        self._end(state)

    def _items(self, record: Any) -> Iterator[_Item]:
        """What a record holds, in the order of the stream."""
        if not isinstance(record, Record):
            raise self._refused(f"expected a record, got {record!r}")
        kind = complex_type(type(record))
        for field in attributes_first(kind):
            value = getattr(record, field.name)
            if field.slot.kind == "children":
                yield from ((_child_name(child, kind.cls.declaration.ns), child.value) for child in value)
            elif field.slot.kind == "value":
                yield None, value
            elif field.slot.kind == "attribute":
                if value is not None:
                    yield QName(field.slot.names[0], field.ns), value
            elif value is not None:
                for each in value if field.listed else [value]:
                    yield self._qname(field, each), each

    def _qname(self, field: Field, value: Any) -> QName:
        elements = alternatives(self.schema, field)
        return next((each.qname for each in elements if each.type is type(value)), elements[0].qname)

    def _event(self, state: State, qname: QName | None, value: Any) -> State:
        for code, production in enumerate(state.productions):
            term = production.term
            if isinstance(value, Foreign) and qname:
                if term.order != WILDCARD:
                    continue
                self._out.bits(code, state.width)
                self._built_in.names.write(qname, self._out)
                self._built_in.write(self._out, qname, value, self._string)
                return production.next
            if term.qname != qname or (qname is None and term.order != CHARACTERS):
                continue
            self._out.bits(code, state.width)
            if isinstance(term.type, Datatype) and (term.order == CHARACTERS or term.label.startswith("AT")):
                self._value(term.type, value)
            elif term.type is None:
                self._string(str(value))
            else:
                assert term.qname is not None
                self._element(Element(term.qname, term.type), value)
            return production.next
        what = qname.name if qname else "text"
        raise self._refused(f"{what} cannot stand here, {self._expected(state)} can")

    def _end(self, state: State) -> None:
        for code, production in enumerate(state.productions):
            if production.term is END_ELEMENT:
                self._out.bits(code, state.width)
                return
        self._out.bits(len(state.productions), state.width)
        self._out.bits(state.undeclared.index("EE"), (len(state.undeclared) - 1).bit_length())

    def _expected(self, state: State) -> str:
        return " or ".join(production.term.label for production in state.productions)

    def _value(self, datatype: Datatype, value: Any) -> None:
        match datatype, value:
            case Boolean(), bool():
                self._out.bits(int(value), 1)
            case Integer(), int():
                self._integer(datatype, value)
            case Enumerated(), Unknown(number) if number < 1 << datatype.width:
                self._out.bits(number, datatype.width)
            case Enumerated(), _:
                self._out.bits(self._index(datatype, value), datatype.width)
            case Binary(), bytes():
                self._out.unsigned(len(value))
                self._out.octets(value)
            case _, str():
                self._string(value)
            case _:
                raise self._refused(f"{value!r} is no value of {datatype}")

    def _integer(self, datatype: Integer, value: int) -> None:
        if datatype.width is not None:
            offset = value - (datatype.lowest or 0)
            if offset < 0 or offset >= 1 << datatype.width:
                raise self._refused(f"{value} has no room in {datatype.width} bits")
            self._out.bits(offset, datatype.width)
        elif datatype.signed:
            self._out.signed(value)
        elif value < 0:
            raise self._refused(f"{value} is negative, the type is unsigned")
        else:
            self._out.unsigned(value)

    def _index(self, datatype: Enumerated, value: Any) -> int:
        try:
            return datatype.values.index(datatype.check(value))
        except ValueError as wrong:
            raise self._refused(str(wrong)) from None

    def _string(self, value: str) -> None:
        self._out.unsigned(len(value) + 2)
        for character in value:
            self._out.unsigned(ord(character))

    def _refused(self, reason: str) -> ExiError:
        return ExiError(reason, 0, "/".join(self._path))


def _child_name(child: Child, ns: str) -> QName | None:
    """The name of a child of irregular content; None for text."""
    if isinstance(child.value, Foreign):
        return parsed(child.name)
    return None if child.name == "#text" else QName(child.name, ns)
