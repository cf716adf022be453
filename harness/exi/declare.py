"""A schema as frozen dataclasses: the declaration language.

    @message(ns=DC, name="DC_PreChargeRes", root=True)
    class DCPreChargeRes(V2GResponse):
        evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")

One class is one complex type. Field order is schema order; a subclass is an extension and appends its fields.
`tuple[T, ...]` with `occurs=(low, high)` is a list, `default=None` an optional element. Constructing an object checks
every facet and raises `ContentError`; `Record.unchecked` checks nothing and exists for negative tests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar, Self, TypeVar, cast, dataclass_transform

T = TypeVar("T", bound="type[Record]")
MISSING: Any = dataclasses.MISSING
UNBOUNDED: int | None = None


class ContentError(ValueError):
    """A value that the schema does not allow; `path` names the type and the element."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Slot:
    """What a field is in the schema: one or more alternative names, and how often it may occur."""

    kind: str  # element, attribute, choice, substitution, value, children
    names: tuple[str, ...]
    ns: str | None = None
    occurs: tuple[int, int | None] = (1, 1)
    group: str = ""  # fields of the same group exclude each other
    model: str = ""  # of children: the content model
    types: tuple[tuple[str, Any], ...] = ()  # of children: name to type
    mixed: bool = False


@dataclass(frozen=True)
class Declaration:
    """What `message` was told about a class."""

    ns: str
    name: str
    root: bool
    abstract: bool
    substitutes: str | None


def element(
    name: str,
    *,
    ns: str | None = None,
    occurs: tuple[int, int | None] = (1, 1),
    choice: str = "",
    default: Any = MISSING,
) -> Any:
    """An element; `ns` only where it differs from the class's. Fields of the same `choice` exclude each other."""
    return _field(Slot("element", (name,), ns, occurs, choice), default)


def choice(*names: str, default: Any = MISSING) -> Any:
    """One element of several, told apart by its class: the field's annotation is the union, in the names' order."""
    return _field(Slot("choice", names), default)


def substitution(
    head: str, *, ns: str | None = None, occurs: tuple[int, int | None] = (1, 1), default: Any = MISSING
) -> Any:
    """Any member of the substitution group of the global element `head`."""
    return _field(Slot("substitution", (head,), ns, occurs), default)


def attribute(name: str, *, ns: str | None = None, default: Any = MISSING) -> Any:
    """An attribute. `ns=""` where the schema leaves attributes unqualified."""
    return _field(Slot("attribute", (name,), ns), default)


def value() -> Any:
    """The character content of a type with simple content."""
    return _field(Slot("value", ()), MISSING)


def children(model: str, *, mixed: bool = False, **types: Any) -> Any:
    """Irregular content in document order: `model` reads like a DTD, `##any` and `##other` are wildcards."""
    return _field(Slot("children", (), model=model, types=tuple(types.items()), mixed=mixed), ())


def _field(slot: Slot, default: Any) -> Any:
    return dataclasses.field(default=default, metadata={"slot": slot})


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(element, choice, substitution, attribute, value, children),
)
def message(
    *, ns: str, name: str = "", root: bool = False, abstract: bool = False, substitutes: str | None = None
) -> Callable[[T], T]:
    """Declare a complex type in a namespace.

    `name` is the schema's name where it differs from the class's; `root` also declares a global element of that
    name; `substitutes` is the head of the substitution group that this element belongs to.
    """

    def declare(cls: T) -> T:
        made: Any = dataclass(kw_only=True, init=False, repr=False, eq=False, slots=True)(cls)
        if made.__dictoffset__:
            raise TypeError(f"a base of {cls.__name__} has no __slots__")
        made.declaration = Declaration(ns, name or cls.__name__, root, abstract, substitutes)
        names = tuple(made.__dataclass_fields__)
        made._names = names
        made._content = attrgetter(*names) if len(names) > 1 else lambda record: tuple(record.__dict__.values())
        _declared.setdefault(ns, []).append(made)
        return cast(T, made)

    return declare


_declared: dict[str, list[type[Record]]] = {}


def declared(ns: str) -> Iterator[type[Record]]:
    """Every class declared in a namespace so far."""
    yield from _declared.get(ns, ())


_store = object.__setattr__
_checks: dict[type[Record], Callable[[dict[str, Any]], dict[str, Any]]] = {}


def _check_of(cls: type[Record]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What checks a type's values. Annotations are resolved with the first object, when all modules are there."""
    from harness.exi.schema import complex_type

    return _checks.setdefault(cls, complex_type(cls).checked)


class Record:
    """Base of every declared type: immutable, compared by content, checked on construction.

    Records have slots: a message is many small objects, and those with a dictionary each take twice the time to make.
    """

    __slots__ = ()
    declaration: ClassVar[Declaration]
    _names: ClassVar[tuple[str, ...]]  # of the fields
    _content: ClassVar[Callable[[Record], tuple[Any, ...]]]  # the values of all fields
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init__(self, **values: Any) -> None:
        check = _checks.get(type(self)) or _check_of(type(self))
        self._fill(check(values))

    @classmethod
    def unchecked(cls, **values: Any) -> Self:
        """Build without any check; what is not given takes its default, or None."""
        content: dict[str, Any] = {}
        for each in cls.__dataclass_fields__.values():
            default = None if each.default is MISSING else each.default
            content[each.name] = values.pop(each.name, default)
        if values:
            raise TypeError(f"{cls.__name__} has no field {', '.join(values)}")
        made = object.__new__(cls)
        made._fill(content)
        return made

    def _fill(self, content: dict[str, Any]) -> None:
        for name, value in content.items():
            _store(self, name, value)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """The fields by name, as any object has them: `vars(record)`."""
        return {name: getattr(self, name) for name in self._names}

    def __setattr__(self, name: str, _: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        kind = type(self)
        return kind._content(self) == kind._content(other) if type(other) is kind else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), type(self)._content(self)))

    def __repr__(self) -> str:
        given = (f"{name}={value!r}" for name, value in self.__dict__.items() if value is not None and value != ())
        return f"{type(self).__name__}({', '.join(given)})"

    def __reduce__(self) -> tuple[Callable[..., Record], tuple[type[Record], dict[str, Any]]]:
        return _again, (type(self), self.__dict__)


def _again(cls: type[Record], content: dict[str, Any]) -> Record:
    """A copied or unpickled record."""
    return cls.unchecked(**content)


def unfrozen(cls: type[Record]) -> type:
    """A class whose objects take values by plain assignment, and then are made the record's by `__class__`."""
    plain = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    return type(cls.__name__, cls.__bases__, {"__slots__": cls.__slots__, **plain})


@dataclass(frozen=True)
class Child:
    """One child of irregular content: an element by name, or text under the name `#text`."""

    name: str
    value: Any
