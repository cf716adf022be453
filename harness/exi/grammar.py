"""Grammars: in every state, which events may come, in the order of their codes (EXI 1.0, chapter 8.5.4).

A grammar here is the content model itself: a state is what is still to come, and the next states are worked out when
they are first asked for. Nothing of the 2,048 states of a long list exists before somebody sends such a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from harness.exi.datatypes import Datatype
from harness.exi.schema import ComplexType, Element, Field, Lists, QName, Schema, Type, complex_type


@dataclass(frozen=True, eq=False)
class Term:
    """One thing that can occur. `order` groups the productions of a state as EXI 1.0 (8.5.4.1.6) sorts them."""

    order: int
    label: str
    qname: QName | None = None
    type: Type | None = None
    field: Field | None = None


ATTRIBUTE, ELEMENT, WILDCARD, END, CHARACTERS = range(5)
END_ELEMENT = Term(END, "EE")
NIL = Term(ATTRIBUTE, "AT(xsi:nil)")


@dataclass(frozen=True)
class Sequence:
    """All of these, in order."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of these."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """This, `low` to `high` times."""

    part: Node
    low: int
    high: int | None


Node = Term | Sequence | Choice | Repeat


@dataclass(frozen=True)
class Production:
    """An event and the state that follows it."""

    term: Term
    next: State


class State:
    """A state: what is still to come. `start` is true until the element's first child, `first` before anything."""

    def __init__(
        self, grammar: Grammar, rest: tuple[Node, ...], start: bool, first: bool, *, text: bool = True
    ) -> None:
        self._grammar = grammar
        self._rest = rest
        self.start = start
        self.first = first
        self._text = text

    @cached_property
    def productions(self) -> tuple[Production, ...]:
        """The declared productions; an event's code is its index."""
        found = [
            Production(term, self._grammar.state(rest, start=term.order == ATTRIBUTE, text=self._text))
            for term, rest in _starts(self._rest)
        ]
        if _can_end(self._rest):
            found.append(Production(END_ELEMENT, self))
        text = self._grammar.text if self._text else None
        if text and not any(_is_attribute(part) and not _nullable(part) for part in self._rest):
            content = tuple(part for part in self._rest if not _is_attribute(part))
            found.append(Production(text, self._grammar.state(content, start=False)))
        return tuple(sorted(found, key=lambda production: production.term.order))

    @cached_property
    def width(self) -> int:
        """Bits of the first part of an event code: one value more than there are productions."""
        return len(self.productions).bit_length()

    @cached_property
    def emptied(self) -> State:
        """The state after xsi:nil is true: attributes, and no content."""
        return self._grammar.state(tuple(node for node in self._rest if _is_attribute(node)), start=True, text=False)

    @cached_property
    def undeclared(self) -> tuple[str, ...]:
        """The second-level events of a non-strict grammar, in the order of their codes (EXI 1.0, 8.5.4.4.1)."""
        ends = any(production.term is END_ELEMENT for production in self.productions)
        events = [] if ends else ["EE"]
        if self.first:
            events += ["AT(xsi:type)", "AT(xsi:nil)"]
        if self.start:
            events += ["AT(*)", "AT(untyped)"]
        return (*events, "SE(*)", "CH(untyped)")


class Grammar:
    """Where a type or a loosely declared element begins, and the states found so far."""

    def __init__(self, rest: tuple[Node, ...], *, mixed: bool) -> None:
        self.text = Term(CHARACTERS, "CH") if mixed else None  # the character event of mixed content
        self._states: dict[tuple[tuple[Node, ...], bool, bool], State] = {}
        self.initial = State(self, rest, start=True, first=True)

    def state(self, rest: tuple[Node, ...], start: bool, *, text: bool = True) -> State:
        """The state with this still to come; `text` where mixed content may still have some."""
        key = rest, start, text
        found = self._states.get(key)
        if found is None:
            found = self._states[key] = State(self, rest, start, first=False, text=text)
        return found


_grammars: dict[tuple[Schema, Type, Lists], Grammar] = {}


def grammar(schema: Schema, type_: Type, lists: Lists) -> Grammar:
    """The grammar of a type; `lists` is the schema's, unless a peer with another habit is read."""
    key = schema, type_, lists
    found = _grammars.get(key)
    if found is None:
        found = _grammars[key] = _type_grammar(schema, type_, lists)
    return found


_beginnings: dict[tuple[Schema, Lists], dict[Term, State]] = {}


def beginnings(schema: Schema, lists: Lists) -> dict[Term, State]:
    """Where the content of each element begins that has been read so far, by its place in the grammar."""
    return _beginnings.setdefault((schema, lists), {})


def _type_grammar(schema: Schema, type_: Type, lists: Lists) -> Grammar:
    if isinstance(type_, Datatype):
        return Grammar((Term(CHARACTERS, "CH", type=type_),), mixed=False)
    kind = complex_type(type_)
    particles = [node for field in attributes_first(kind) for node in _particles(schema, kind, field, lists)]
    return Grammar(tuple(particles), mixed=any(field.slot.mixed for field in kind.fields))


@cache
def loose_grammar(schema: Schema) -> Grammar:
    """The grammar of an element in a fragment whose name is declared with several types (EXI 1.0, 8.5.3).

    Any attribute and any element of the schema, and text. Only attributes and text are used by ISO 15118 (eMAID of
    -2), so the elements here have no type.
    """
    names = [Term(ATTRIBUTE, f"AT({qname.name})", qname, type_) for qname, type_ in schema.attributes]
    elements = [Term(ELEMENT, f"SE({qname.name})", qname) for qname, _ in schema.elements]
    attributes = Choice((*names, Term(ATTRIBUTE, "AT(*)")))
    content = Choice((*elements, Term(WILDCARD, "SE(*)"), Term(CHARACTERS, "CH")))
    return Grammar((Repeat(attributes, 0, None), Repeat(content, 0, None)), mixed=False)


def attributes_first(kind: ComplexType) -> list[Field]:
    """The fields in the order of the stream: attributes sorted by name, then content in schema order."""
    attributes = [field for field in kind.fields if field.slot.kind == "attribute"]
    attributes.sort(key=lambda field: QName(field.slot.names[0], field.ns))
    return attributes + [field for field in kind.fields if field.slot.kind != "attribute"]


def alternatives(schema: Schema, field: Field) -> tuple[Element, ...]:
    """The elements that may stand in a field's place, in the order of their event codes."""
    if field.slot.kind == "substitution":
        return schema.substitutes(QName(field.slot.names[0], field.ns))
    return tuple(Element(QName(n, field.ns), t) for n, t in zip(field.slot.names, field.types, strict=True))


def bounds(field: Field, lists: Lists) -> tuple[int, int | None]:
    """How often the grammar lets a field occur."""
    if not field.listed:
        return int(field.required), 1
    low, high = field.slot.occurs
    return low, None if lists.endless(field.slot.names[0], high) else high


def _particles(schema: Schema, kind: ComplexType, field: Field, lists: Lists) -> Iterator[Node]:
    slot = field.slot
    if slot.kind == "value":
        yield Term(CHARACTERS, "CH", type=field.types[0], field=field)
    elif slot.kind == "attribute":
        qname = QName(slot.names[0], field.ns)
        yield Repeat(Term(ATTRIBUTE, f"AT({qname.name})", qname, field.types[0], field), int(field.required), 1)
    elif slot.kind == "children":
        yield _parse(slot.model, kind, field)
    elif not slot.group:
        yield Repeat(_one(schema, field), *bounds(field, lists))
    else:
        members = [each for each in kind.fields if each.slot.group == slot.group]
        if members[0] is field:
            low = 0 if slot.group.startswith("?") else 1
            yield Repeat(Choice(tuple(_one(schema, each) for each in members)), low, 1)


def _one(schema: Schema, field: Field) -> Node:
    terms = [_start_element(element, field) for element in alternatives(schema, field)]
    return terms[0] if len(terms) == 1 else Choice(tuple(terms))


def _start_element(element: Element, field: Field) -> Term:
    return Term(ELEMENT, f"SE({element.qname.name})", element.qname, element.type, field)


def _parse(model: str, kind: ComplexType, field: Field) -> Node:
    """A content model written like a DTD's."""
    tokens = re.findall(r"[\w#]+|[(),|?*+]", model)
    position = 0

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ""

    def take() -> str:
        nonlocal position
        position += 1
        return str(tokens[position - 1])

    def group() -> Node:
        parts = [repeated()]
        separator = peek()
        while peek() in (",", "|"):
            take()
            parts.append(repeated())
        if len(parts) == 1:
            return parts[0]
        return Choice(tuple(parts)) if separator == "|" else Sequence(tuple(parts))

    def repeated() -> Node:
        node = one()
        occurs = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(peek())
        if occurs is None:
            return node
        take()
        return Repeat(node, *occurs)

    def one() -> Node:
        token = take()
        if token == "(":
            node = group()
            take()
            return node
        if token.startswith("##"):
            return Term(WILDCARD, f"SE({token})", field=field)
        return _start_element(Element(QName(token, kind.cls.declaration.ns), kind.child_types[token]), field)

    return group()


def _starts(rest: tuple[Node, ...]) -> Iterator[tuple[Term, tuple[Node, ...]]]:
    """Every term that may come first, with what is to come after it."""
    for index, node in enumerate(rest):
        yield from _starts_of(node, rest[index + 1 :])
        if not _nullable(node):
            return


def _starts_of(node: Node, after: tuple[Node, ...]) -> Iterator[tuple[Term, tuple[Node, ...]]]:
    match node:
        case Term():
            yield node, after
        case Sequence(parts):
            yield from _starts((*parts, *after)) if not _nullable(node) else _starts_within(parts, after)
        case Choice(parts):
            for part in parts:
                yield from _starts_of(part, after)
        case Repeat(part, low, high):
            left = Repeat(part, max(low - 1, 0), None if high is None else high - 1)
            yield from _starts_of(part, after if left.high == 0 else (left, *after))


def _starts_within(parts: tuple[Node, ...], after: tuple[Node, ...]) -> Iterator[tuple[Term, tuple[Node, ...]]]:
    for index, part in enumerate(parts):
        yield from _starts_of(part, (*parts[index + 1 :], *after))


def _nullable(node: Node) -> bool:
    match node:
        case Term():
            return False
        case Sequence(parts):
            return all(map(_nullable, parts))
        case Choice(parts):
            return any(map(_nullable, parts))
        case Repeat(part, low, _):
            return low == 0 or _nullable(part)


def _can_end(rest: tuple[Node, ...]) -> bool:
    return all(map(_nullable, rest))


def _is_attribute(node: Node) -> bool:
    return isinstance(node, Repeat) and isinstance(node.part, Term) and node.part.order == ATTRIBUTE
