"""Declarations resolved: what a class means as a complex type, and what a set of namespaces means as a schema."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from harness.exi.datatypes import Binary, Boolean, Datatype, Enumerated, Integer, Text
from harness.exi.declare import MISSING, ContentError, Record, Slot, declared

Type = type[Record] | Datatype


class QName(NamedTuple):
    """A name in a namespace; sorts by local name first, as EXI 1.0 (8.5.1) sorts global elements."""

    name: str
    ns: str


@dataclass(frozen=True)
class Element:
    """An element declaration."""

    qname: QName
    type: Type


@dataclass(frozen=True)
class Field:
    """One field of a record with its annotation resolved."""

    name: str
    slot: Slot
    ns: str
    types: tuple[Type, ...]
    listed: bool
    default: Any

    @property
    def required(self) -> bool:
        """Whether construction needs a value."""
        return self.default is MISSING

    def checked(self, value: Any) -> Any:
        """The value with enumeration literals made members and lists made tuples; ValueError if not allowed."""
        if self.slot.kind == "children":
            return tuple(value)
        if not self.listed:
            return self._checked_one(value)
        values = tuple(self._checked_one(each) for each in value)
        if not self.allows(len(values)):
            low, high = self.slot.occurs
            raise ValueError(f"{len(values)} times, allowed are {low} to {'any number' if high is None else high}")
        return values

    def allows(self, count: int) -> bool:
        """Whether a list may have this many items."""
        low, high = self.slot.occurs
        return count >= low and (high is None or count <= high)

    def _checked_one(self, value: Any) -> Any:
        simple = self.types[0]
        if value.__class__ is simple:
            return value
        if isinstance(simple, Datatype):
            return simple.check(value)
        if self.slot.kind == "substitution":
            if isinstance(value, simple):
                return value
        elif type(value) in self.types:  # the very class: a subclass is another type
            return value
        wanted = " or ".join(each.__name__ for each in self.types)  # type: ignore[union-attr]
        raise ValueError(f"expected {wanted}, got {value!r}")


class ComplexType:
    """A record class as a complex type: its fields, resolved once."""

    def __init__(self, cls: type[Record]) -> None:
        self.cls = cls
        self.name = cls.declaration.name
        hints = get_type_hints(cls, include_extras=True)
        self.fields = tuple(self._field(each, hints[each.name]) for each in dataclasses.fields(cls))
        self.groups = {field.slot.group for field in self.fields if field.slot.group}

    def _field(self, field: dataclasses.Field[Any], hint: Any) -> Field:
        slot: Slot = field.metadata["slot"]
        ns = self._owner(field.name).declaration.ns if slot.ns is None else slot.ns
        listed = slot.kind != "children" and get_origin(hint) is tuple
        kinds = () if slot.kind == "children" else tuple(_types(get_args(hint)[0] if listed else hint))
        return Field(field.name, slot, ns, kinds, listed, field.default)

    def _owner(self, name: str) -> type[Record]:
        """The base that declares a field: its namespace is the field's."""
        bases = (cls for cls in reversed(self.cls.__mro__) if "declaration" in cls.__dict__)
        return next(cls for cls in bases if name in inspect.get_annotations(cls))

    @cached_property
    def child_types(self) -> Mapping[str, Type]:
        """The elements of irregular content, by name."""
        return {name: next(_types(hint)) for field in self.fields for name, hint in field.slot.types}

    @cached_property
    def _checks(self) -> tuple[tuple[str, Any, Callable[[Any], Any]], ...]:
        return tuple((field.name, field.default, field.checked) for field in self.fields)

    def checked(self, values: dict[str, Any]) -> dict[str, Any]:
        """Field values in schema order, each checked; ContentError for what is missing, unknown or not allowed."""
        if self.cls.declaration.abstract:
            raise ContentError(self.name, "is abstract: one of its substitutes is needed")
        made: dict[str, Any] = {}
        for name, default, check in self._checks:
            value = values.pop(name, None)
            if value is None:
                if default is MISSING:
                    raise ContentError(f"{self.name}.{name}", "is required")
                made[name] = default
                continue
            try:
                made[name] = check(value)
            except ValueError as wrong:
                raise ContentError(f"{self.name}.{name}", str(wrong)) from None
        if values:
            raise ContentError(self.name, f"has no field {', '.join(values)}; it has {', '.join(made)}")
        for group in self.groups:
            self._check_group(group, made)
        return made

    def _check_group(self, group: str, made: dict[str, Any]) -> None:
        members = [field.name for field in self.fields if field.slot.group == group]
        given = [name for name in members if made[name] is not None]
        if len(given) > 1 or not (given or group.startswith("?")):
            raise ContentError(self.name, f"exactly one of {', '.join(members)} is needed, got {given or 'none'}")


_complex_types: dict[type[Record], ComplexType] = {}


def complex_type(cls: type[Record]) -> ComplexType:
    """The complex type that a record class declares."""
    found = _complex_types.get(cls)
    if found is None:
        found = _complex_types[cls] = ComplexType(cls)
    return found


_PLAIN: dict[Any, Datatype] = {bool: Boolean(), int: Integer(), str: Text(), bytes: Binary()}


def _types(hint: Any) -> Iterator[Type]:
    """The types in an annotation, `None` left out."""
    if get_origin(hint) is Annotated:
        yield get_args(hint)[1]
    elif get_origin(hint) in (Union, types.UnionType):
        for each in get_args(hint):
            yield from _types(each)
    elif hint in _PLAIN:
        yield _PLAIN[hint]
    elif isinstance(hint, type) and issubclass(hint, Enum):
        yield Enumerated(hint)
    elif isinstance(hint, type) and issubclass(hint, Record):
        yield hint
    elif hint is not type(None):
        raise TypeError(f"{hint!r} is no type of a schema")


@dataclass(frozen=True)
class Lists:
    """Which lists the grammar unrolls: up to which maximum, and which by name not at all.

    EXI 1.0 (8.5.4.1.5) unrolls every bounded list, so that after the last allowed item the code for one more is gone.
    Grammars in the field are generated with the long lists made endless; then that code stays.
    """

    longest_unrolled: int | None = None
    kept_endless: frozenset[str] = frozenset()

    def endless(self, name: str, high: int | None) -> bool:
        """Whether the grammar of this list has no end."""
        too_long = self.longest_unrolled is not None and high is not None and high > self.longest_unrolled
        return too_long or name in self.kept_endless


UNROLLED = Lists()


@dataclass(frozen=True)
class Habit:
    """What some encoder is known to write instead of what the schema says; tolerant reading recognises it."""

    cause: str
    lists: Lists | None = None
    swapped: tuple[str, str] | None = None  # two root elements that stand for each other

    def may_explain(self, root: str, full_lists: set[str]) -> bool:
        """Whether a stream with this root, in which these lists were full, would look another way to this encoder."""
        if self.swapped:
            return root in self.swapped
        names = self.lists.kept_endless if self.lists else None
        return bool(full_lists & names if names else full_lists)


class Schema:
    """Namespaces taken together: global elements, substitution groups, and every element by name.

    `load` imports the modules that declare the namespaces; it runs when the schema is first used.
    """

    def __init__(
        self,
        name: str,
        namespaces: tuple[str, ...],
        load: Callable[[], object],
        simple_roots: Mapping[QName, Any] | None = None,
        *,
        lists: Lists = UNROLLED,
        habits: tuple[Habit, ...] = (),
    ) -> None:
        self.name = name
        self.namespaces = namespaces
        self._load = load
        self._simple_roots = simple_roots or {}
        self.lists = lists
        self.habits = habits
        self._groups: dict[QName, tuple[Element, ...]] = {}

    def __repr__(self) -> str:
        return f"Schema({self.name!r})"

    @cached_property
    def classes(self) -> tuple[type[Record], ...]:
        """Every complex type of the schema."""
        self._load()
        return tuple(cls for ns in self.namespaces for cls in declared(ns))

    @cached_property
    def roots(self) -> tuple[Element, ...]:
        """The global elements in the order of their event codes."""
        complex_roots = [
            Element(QName(cls.declaration.name, cls.declaration.ns), cls)
            for cls in self.classes
            if cls.declaration.root
        ]
        simple = [Element(qname, next(_types(hint))) for qname, hint in self._simple_roots.items()]
        return tuple(sorted(complex_roots + simple, key=lambda element: element.qname))

    @cached_property
    def _by_qname(self) -> dict[QName, Element]:
        return {element.qname: element for element in self.roots}

    def substitutes(self, head: QName) -> tuple[Element, ...]:
        """The head of a substitution group and all that may stand for it, in the order of their event codes."""
        if head not in self._groups:
            self._groups[head] = self._group(head)
        return self._groups[head]

    def _group(self, head: QName) -> tuple[Element, ...]:
        group = [self._by_qname[head]]
        for found in group:  # grows while it is walked: members may be heads themselves
            group += [
                each
                for each in self.roots
                if isinstance(each.type, type) and each.type.declaration.substitutes == found.qname.name
            ]
        return tuple(sorted(group, key=lambda element: element.qname))

    @cached_property
    def elements(self) -> tuple[tuple[QName, tuple[Type, ...]], ...]:
        """Every element name of the schema, global or local, with the types it is declared with; sorted."""
        found: dict[QName, dict[Type, None]] = {element.qname: {element.type: None} for element in self.roots}
        for cls in self.classes:
            for element in self._local_elements(complex_type(cls)):
                found.setdefault(element.qname, {})[element.type] = None
        return tuple((qname, tuple(kinds)) for qname, kinds in sorted(found.items()))

    @cached_property
    def attributes(self) -> tuple[tuple[QName, Datatype], ...]:
        """Every attribute of the schema, sorted."""
        found = {
            QName(field.slot.names[0], field.ns): field.types[0]
            for cls in self.classes
            for field in complex_type(cls).fields
            if field.slot.kind == "attribute"
        }
        return tuple((qname, type_) for qname, type_ in sorted(found.items()) if isinstance(type_, Datatype))

    def _local_elements(self, kind: ComplexType) -> Iterator[Element]:
        for name, type_ in kind.child_types.items():
            yield Element(QName(name, kind.cls.declaration.ns), type_)
        for field in kind.fields:
            if field.slot.kind in ("element", "choice"):
                for name, type_ in zip(field.slot.names, field.types, strict=True):
                    yield Element(QName(name, field.ns), type_)

    def types_of(self, name: str, kind: str = "document") -> tuple[Type, ...]:
        """The types of a global element, or for `fragment` of any element, by local name; KeyError if there is none."""
        if kind == "document":
            found = tuple(element.type for element in self.roots if element.qname.name == name)
        else:
            found = tuple(type_ for qname, kinds in self.elements if qname.name == name for type_ in kinds)
        if not found:
            raise KeyError(f"{name} is no {'global element' if kind == 'document' else 'element'} of {self.name}")
        return found

    def code(self, name: str, value: object, kind: str = "document") -> int:
        """The place of a global element, or for `fragment` of any element, by local name; KeyError if there is none.

        Of one name in several namespaces it is the first whose type can hold the value.
        """
        elements = [(each.qname, (each.type,)) for each in self.roots] if kind == "document" else self.elements
        found = [(code, types) for code, (qname, types) in enumerate(elements) if qname.name == name]
        if not found:
            raise KeyError(f"{name} is no {'global element' if kind == 'document' else 'element'} of {self.name}")
        return next((code for code, types in found if any(_holds(each, value) for each in types)), found[0][0])


def _holds(type_: Type, value: object) -> bool:
    if not isinstance(type_, Datatype):
        return type(value) is type_
    try:
        type_.check(value)
    except ValueError:
        return False
    return True
