"""Reading event by event: exact about where and why a stream deviates, and able to go on after it.

The compiled readers are for streams that are as they should be; this one is for all others, and for `explain`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from harness.exi.bits import NO_CHARACTER, BitReader
from harness.exi.datatypes import Binary, Boolean, Datatype, Enumerated, Integer, Text, Unknown
from harness.exi.declare import MISSING, Child, Record
from harness.exi.errors import Deviation, ExiError
from harness.exi.foreign import BuiltIn, brief, parsed, spelled
from harness.exi.grammar import (
    ATTRIBUTE,
    CHARACTERS,
    END,
    END_ELEMENT,
    NIL,
    WILDCARD,
    Production,
    State,
    Term,
    beginnings,
    grammar,
    loose_grammar,
)
from harness.exi.schema import Element, Field, Habit, QName, Schema, Type, complex_type

# Our limits, against streams made to keep a reader busy. Longer messages that are as they should be are read by the
# compiled readers; of a long one that is not, only the beginning is looked at.
MAX_EVENTS = 6_000
_LONG_STREAM, _MAX_EVENTS_OF_LONG = 16 * 1024, 1_500


@dataclass(frozen=True)
class Event:
    """One event as it was read: the bits from `bit` on, `code` as it stands in the stream, the value in words."""

    bit: int
    depth: int
    code: str
    label: str
    value: str = ""


class Reader:
    """Reads one stream, once."""

    def __init__(
        self,
        schema: Schema,
        data: bytes,
        *,
        tolerant: bool,
        trace: bool = False,
        habit: Habit | None = None,
        most_events: int = MAX_EVENTS,
    ) -> None:
        self.schema = schema
        self.deviations: list[Deviation] = []
        self.events: list[Event] = []
        self.count = 0  # events read
        self.root = ""
        self.full_lists: set[str] = set()  # names of lists that had as many items as they may have
        self.exhausted = False  # whether there were more events than are read
        self._in = BitReader(data)
        self._tolerant = tolerant
        self._trace = trace
        self._most_events = most_events if len(data) <= _LONG_STREAM else min(most_events, _MAX_EVENTS_OF_LONG)
        self._lists = (habit and habit.lists) or schema.lists
        self._begin = beginnings(schema, self._lists)
        self._swapped = (habit and habit.swapped) or ()
        self._path: list[str] = []
        self._built_in = BuiltIn(schema)
        self._hits = 0
        self._global_strings: list[str] = []
        self._local_strings: dict[QName, list[str]] = {}

    def document(self) -> tuple[str, Any]:
        """The root element's name and value."""
        self._header()
        bit = self._in.position
        roots = self.schema.roots
        width = len(roots).bit_length()
        code = self._in.bits(width)
        if code >= len(roots):
            raise self._fatal("no global element has this event code", bit)
        root = roots[code]
        self.root = root.qname.name
        if root.qname.name in self._swapped:
            other = next(name for name in self._swapped if name != root.qname.name)
            root = next(element for element in roots if element.qname.name == other)
        self._event(bit, f"{code:0{width}b}", f"SE({root.qname.name})")
        value = self._element(root.qname, root.type)
        self._event(self._in.position, "", "ED")
        self._trailer()
        return root.qname.name, value

    def fragment(self) -> tuple[str, Any]:
        """The fragment's single element, its name and value."""
        self._header()
        bit = self._in.position
        elements = self.schema.elements
        width = (len(elements) + 1).bit_length()
        code = self._in.bits(width)
        if code >= len(elements):
            raise self._fatal("no element has this event code", bit)
        qname, kinds = elements[code]
        self._event(bit, f"{code:0{width}b}", f"SE({qname.name})")
        value = self._element(qname, kinds[0]) if len(kinds) == 1 else self._loose_element(qname, kinds)
        bit = self._in.position
        code = self._in.bits(width)
        if code != len(elements) + 1:
            raise self._fatal("the fragment has more than one element", bit)
        self._event(bit, f"{code:0{width}b}", "ED")
        self._trailer()
        return qname.name, value

    def element_at(self, element: Element, position: int) -> tuple[Any, int]:
        """One element in the middle of a stream, and the position behind it."""
        self._in.position = position
        value = self._element(element.qname, element.type)
        if self._hits:
            raise self._fatal("a string table, which needs the whole stream")
        return value, self._in.position

    def _header(self) -> None:
        if self._in.data[:4] == b"$EXI":
            self._deviate("unexpected", "an EXI cookie, which ISO 15118 does not use", 0)
            self._in.position = 32
        bit = self._in.position
        header = self._in.bits(8)
        if header != 0x80:
            raise self._fatal(f"header octet {header:02x}, expected 80 (final EXI 1, no options)", bit)
        self._event(bit, f"{header:02x}", "header")

    def _trailer(self) -> None:
        for wrong in trailer(self._in.data, self._in.position):
            self._deviate(wrong.kind, wrong.reason, wrong.bit)

    # elements

    def _element(self, qname: QName, type_: Type, term: Term | None = None) -> Any:
        self._path.append(qname.name)
        state = self._begin.get(term) if term else None
        if state is None:
            state = grammar(self.schema, type_, self._lists).initial
            if term:
                self._begin[term] = state
        if isinstance(type_, Datatype):
            value = self._simple_content(state, qname, type_)
        else:
            if type_.declaration.abstract:
                self._deviate("facet", f"{qname.name} is abstract", self._in.position)
            value = self._complex_content(state, qname, type_)
        self._path.pop()
        return value

    def _simple_content(self, state: State, qname: QName, datatype: Datatype) -> Any:
        value: Any = None
        while True:
            production = self._next(state)
            if production is None:
                continue
            if production.term.order == END:
                return _EMPTY.get(type(datatype)) if value is None else value
            if production.term is not NIL:
                value = self._value(qname, datatype)
            state = production.next

    def _complex_content(self, state: State, qname: QName, cls: type[Record]) -> Record:
        kind = complex_type(cls)
        content: dict[str, Any] = {}
        for field in kind.fields:
            content[field.name] = [] if field.listed or field.slot.kind == "children" else field.default
        while True:
            production = self._next(state)
            if production is None:
                continue
            term = production.term
            if term.order == END:
                break
            if term is NIL:
                pass
            elif term.order == WILDCARD:
                content["children"].append(self._foreign())
            elif term.order == ATTRIBUTE:
                assert term.qname is not None
                assert isinstance(term.type, Datatype)
                self._path.append("@" + term.qname.name)
                self._store(content, production, self._value(term.qname, term.type))
                self._path.pop()
            elif term.order == CHARACTERS:
                self._store(content, production, self._text(qname, production))
            else:
                assert term.qname is not None
                assert term.type is not None
                self._store(content, production, self._element(term.qname, term.type, term))
            state = production.next
        return self._build(kind.fields, cls, content)

    def _foreign(self) -> Child:
        """An element through a wildcard."""
        self._hits += 1
        bit = self._in.position
        qname = self._built_in.names.read(self._in)
        self._event(bit, "", brief(qname))
        self._path.append(brief(qname))
        held = self._built_in.read(self._in, qname, self._string, self._foreign_event)
        self._path.pop()
        return Child(spelled(qname), held)

    def _foreign_event(self, bit: int, depth: int, label: str, value: str) -> None:
        self._count()
        self._event(bit, "", label, value=_shown(value) if value else "", up=1 - depth)

    def _loose_element(self, qname: QName, kinds: tuple[Type, ...]) -> Any:
        """An element declared with several types: attributes and text, then the type that has just these."""
        self._path.append(qname.name)
        state = loose_grammar(self.schema).initial
        attributes: dict[str, Any] = {}
        text, bit = "", self._in.position
        while (production := self._next(state)) is None or production.term.order != END:
            if production is None:
                continue
            term = production.term
            if term.order == CHARACTERS:
                bit = self._in.position
                text += self._string(qname)
                self._event(bit, "", "value", value=_shown(text))
            elif term.qname is not None and isinstance(term.type, Datatype):
                attributes[term.qname.name] = self._value(term.qname, term.type)
            else:
                raise self._fatal(f"unexpected event {term.label}")
            state = production.next
        simple_kinds = [kind for kind in kinds if isinstance(kind, Datatype)]
        if simple_kinds and not attributes:
            value = self._simple_of(simple_kinds, text, bit)
            self._path.pop()
            return value
        for kind in kinds:
            if isinstance(kind, Datatype):
                continue
            fields = {field.slot.names[0]: field.name for field in complex_type(kind).fields if field.slot.names}
            simple = next((field.types[0] for field in complex_type(kind).fields if field.slot.kind == "value"), None)
            if fields.keys() == attributes.keys() and isinstance(simple, Datatype):
                self._check(simple, text, bit)
                self._path.pop()
                return kind.unchecked(value=text, **{fields[name]: held for name, held in attributes.items()})
        raise self._fatal(f"no type of {qname.name} has the attributes {', '.join(attributes) or 'none'}")

    def _simple_of(self, kinds: list[Datatype], text: str, bit: int) -> Any:
        """The value that a text means in the first of these types that can hold it."""
        number = isinstance(kinds[0], Integer) and re.fullmatch(r"[+-]?[0-9]{1,40}", text)
        value = int(text) if number else text
        for kind in kinds:
            with suppress(ValueError):
                return kind.check(value)
        self._check(kinds[0], value, bit)
        return value

    def _text(self, qname: QName, production: Production) -> Any:
        if isinstance(production.term.type, Datatype):
            return self._value(qname, production.term.type)
        return self._string(qname)

    def _store(self, content: dict[str, Any], production: Production, value: Any) -> None:
        term = production.term
        if term.field is None:  # text between the children of mixed content
            content["children"].append(Child("#text", value))
        elif term.field.slot.kind == "children":
            assert term.qname is not None
            content["children"].append(Child(term.qname.name, value))
        elif term.field.listed:
            items = content[term.field.name]
            items.append(value)
            if len(items) == term.field.slot.occurs[1]:
                self.full_lists.add(term.field.slot.names[0])
        else:
            content[term.field.name] = value

    def _build(self, fields: tuple[Field, ...], cls: type[Record], content: dict[str, Any]) -> Record:
        for field in fields:
            found = content[field.name]
            if isinstance(found, list):
                content[field.name] = tuple(found)
                if field.listed and not field.allows(len(found)):
                    self._deviate("facet", f"{field.slot.names[0]} {len(found)} times", self._in.position)
            elif found is MISSING:
                simple = field.types[0] if field.slot.kind == "value" else None
                content[field.name] = "" if isinstance(simple, Text) else b"" if isinstance(simple, Binary) else None
        return cls.unchecked(**content)

    def _next(self, state: State) -> Production | None:
        """The next event's production; None for an event that was reported and left out."""
        self._count()
        bit = self._in.position
        productions = state.productions
        code = self._in.bits(state.width)
        if code < len(productions):
            production = productions[code]
            if self._trace:
                up = int(production.term.order == END)
                self._event(bit, f"{code:0{state.width}b}", production.term.label, up=up)
            return production
        if code > len(productions):
            raise self._fatal(f"no event has the code {code:0{state.width}b}", bit)
        return self._undeclared(state, bit, code)

    def _count(self) -> None:
        self.count += 1
        if self.count > self._most_events:
            self.exhausted = True
            raise self._fatal(f"more than {self._most_events} events, and no more of this stream are looked at")

    def _undeclared(self, state: State, bit: int, first: int) -> Production | None:
        events = state.undeclared
        width = (len(events) - 1).bit_length()
        second = self._in.bits(width)
        if second >= len(events):
            raise self._fatal(f"no second-level event has the code {second:0{width}b}", bit)
        label = events[second]
        self._event(bit, f"{first:0{state.width}b}.{second:0{width}b}", label, up=int(label == "EE"))
        if label == "EE":
            self._check_end([production.term for production in state.productions], bit)
            return Production(END_ELEMENT, state)
        if label == "CH(untyped)":
            text = self._string(QName(self._path[-1], ""))
            self._deviate("untyped", f"characters outside the schema: {text[:40]!r}", bit)
            return None
        if label == "SE(*)":
            name = parsed(self._foreign().name)
            self._deviate("untyped", f"an element outside the schema: {brief(name)}", bit)
            return None
        if label == "AT(*)":
            name = self._built_in.names.read(self._in)
            text = self._string(name)
            self._deviate("untyped", f"an attribute outside the schema: {brief(name)}={text[:40]!r}", bit)
            return None
        if label == "AT(xsi:nil)":
            return self._nil(state, bit)
        raise self._fatal(f"unexpected event {label}", bit)

    def _nil(self, state: State, bit: int) -> Production | None:
        """xsi:nil: no element of these schemas may have it; if it is true, nothing but attributes follows."""
        nil = self._in.bits(1)
        self._event(self._in.position - 1, "", "value", value=_shown(bool(nil)))
        self._deviate("untyped", f"xsi:nil={_shown(bool(nil))} on an element that is not nillable", bit)
        return Production(NIL, state.emptied) if nil else None

    def _check_end(self, wanted: list[Term], bit: int) -> None:
        """An end that the schema does not declare: right for an empty string or binary, wrong for all else."""
        datatype = wanted[0].type
        if isinstance(datatype, Text | Binary) and wanted[0].order == CHARACTERS:
            try:
                datatype.check(_EMPTY[type(datatype)])
            except ValueError as wrong:
                self._deviate("facet", str(wrong), bit)
        else:
            names = " or ".join(term.qname.name if term.qname else "a value" for term in wanted)
            self._deviate("missing", f"the element ends, {names} should follow", bit)

    # values

    def _value(self, qname: QName, datatype: Datatype) -> Any:
        bit = self._in.position
        value = self._raw(qname, datatype)
        if isinstance(value, Unknown):
            self._deviate("facet", f"no enumeration value has the number {value.number}", bit)
        else:
            self._check(datatype, value, bit)
        if self._trace:
            self._event(bit, "", "value", value=_shown(value))
        return value

    def _check(self, datatype: Datatype, value: Any, bit: int) -> None:
        try:
            datatype.check(value)
        except ValueError as wrong:
            self._deviate("facet", str(wrong), bit)

    def _raw(self, qname: QName, datatype: Datatype) -> Any:
        match datatype:
            case Boolean():
                return bool(self._in.bits(1))
            case Integer():
                if datatype.width is not None:
                    return (datatype.lowest or 0) + self._in.bits(datatype.width)
                return self._in.signed() if datatype.signed else self._in.unsigned()
            case Enumerated():
                number = self._in.bits(datatype.width)
                return datatype.values[number] if number < len(datatype.values) else Unknown(number)
            case Binary():
                return self._in.octets(self._in.unsigned())
            case _:
                return self._string(qname)

    def _string(self, qname: QName) -> str:
        """A string literal, or a hit in the string tables (EXI 1.0, 7.3)."""
        bit = self._in.position
        length = self._in.unsigned()
        local = self._local_strings.setdefault(qname, [])
        if length < 2:
            self._hits += 1
            table = self._global_strings if length else local
            index = self._in.bits((len(table) - 1).bit_length() if table else 0)
            if index >= len(table):
                raise self._fatal(f"string {index} of {len(table)} in the {('local', 'global')[length]} table", bit)
            return table[index]
        text = self._in.characters(length - 2)
        if NO_CHARACTER in text:
            self._deviate("facet", "a code point that is no character", bit)
        if text:
            local.append(text)
            self._global_strings.append(text)
        return text

    # reporting

    def _event(self, bit: int, code: str, label: str, *, value: str = "", up: int = 0) -> None:
        if self._trace:
            self.events.append(Event(bit, max(len(self._path) - up, 0), code, label, value))

    def _deviate(self, kind: str, reason: str, bit: int) -> None:
        path = "/".join(self._path)
        if not self._tolerant:
            raise ExiError(reason, bit, path)
        self.deviations.append(Deviation(bit, path, kind, reason))

    def _fatal(self, reason: str, bit: int | None = None) -> ExiError:
        return ExiError(reason, self._in.position if bit is None else bit, "/".join(self._path))

    def run(self, kind: str) -> tuple[str, Any]:
        """Read a document or a fragment; ExiError carries the path."""
        try:
            return self.document() if kind == "document" else self.fragment()
        except ExiError as error:
            if error.path or not self._path:
                raise
            raise ExiError(error.reason, error.bit, "/".join(self._path)) from None


def trailer(data: bytes, position: int) -> Iterator[Deviation]:
    """What is wrong with a stream behind its last event."""
    spare = -position % 8
    if data[position >> 3 : (position >> 3) + 1] and data[position >> 3] & ((1 << spare) - 1):
        yield Deviation(position, "", "padding", "the bits after the last event are not all zero")
    extra = data[(position + spare) >> 3 :]
    if extra:
        text = extra[:8].hex(" ") + (" ..." if len(extra) > 8 else "")
        yield Deviation(position + spare, "", "trailing", f"{len(extra)} octets follow the document: {text}")


_SHOWN = 1000  # characters of a text; a string table lets a peer say a long one again and again
_EMPTY: dict[type[Datatype], Any] = {Text: "", Binary: b""}


def _shown(value: Any) -> str:
    match value:
        case bytes():
            return value.hex()
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case str():
            cut = value[:_SHOWN]
            return json.dumps(cut, ensure_ascii=False) + ("..." if cut != value else "")
    return str(value)
