"""Content as JSON values: schema names, schema order, lists where the schema has lists.

hexBinary is upper-case hex, base64Binary base64, an enumeration its literal, an integer a number. Simple content with
attributes is `value` beside the attributes. An unknown enumeration value is `{"unknown": number}`. An element through a
wildcard is `{"attributes": {...}, "content": [...]}` under its name with its namespace, `{urn:example}Name`; its own
elements are objects of one name each. Where XML signature lets children come in any order and equal names do not stand
together, they are a list of objects of one name each, under `children`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from typing import Any

from harness.exi.datatypes import Binary, Datatype, Enumerated, Text, Unknown
from harness.exi.declare import Child, ContentError, Record
from harness.exi.foreign import Foreign, parsed, spelled
from harness.exi.grammar import alternatives
from harness.exi.schema import ComplexType, Field, Schema, Type, complex_type


def to_json(message: Any, name: str | None = None) -> dict[str, Any]:
    """`{name: content}`; `name` is needed only where the element is not named like its type."""
    return {name or message.declaration.name: _plain(_TEXT, message)}


def from_json(schema: Schema, kind: str, name: str, content: Any, *, checked: bool = True) -> Any:
    """The value of an element by name; ContentError where the schema does not allow it, unless unchecked."""
    try:
        types = schema.types_of(name, kind)
    except KeyError as unknown:
        raise ContentError(name, str(unknown.args[0])) from None
    fitting = [type_ for type_ in types if isinstance(type_, Datatype) != isinstance(content, dict)]
    return _Builder(schema, checked).value((fitting or types)[0], content, name)


def _plain(type_: Type, value: Any) -> Any:
    if isinstance(value, bytes):
        hexadecimal = isinstance(type_, Binary) and type_.form == "hex"
        return value.hex().upper() if hexadecimal else base64.b64encode(value).decode()
    if isinstance(value, Unknown):
        return {"unknown": value.number}
    if isinstance(value, Foreign):
        attributes = {spelled(name): text for name, text in value.attributes}
        content = [
            each if isinstance(each, str) else {spelled(each[0]): _plain(_TEXT, each[1])} for each in value.content
        ]
        return {"attributes": attributes, "content": content}
    if not isinstance(value, Record):
        return getattr(value, "value", value)
    plain: dict[str, Any] = {}
    kind = complex_type(type(value))
    for field in sorted(kind.fields, key=lambda field: field.slot.kind != "attribute"):
        found = getattr(value, field.name)
        if field.slot.kind == "children":
            named = [(child.name, _plain(kind.child_types.get(child.name, _TEXT), child.value)) for child in found]
            if len(list(groupby(name for name, _ in named))) == len({name for name, _ in named}):
                for name, inner in named:
                    _add(plain, name, inner)
            else:
                plain[_IN_ORDER] = [{name: inner} for name, inner in named]
        elif field.listed:
            if found:
                plain[_name_of(field, found[0])] = [_plain(field.types[0], each) for each in found]
        elif found is not None:
            plain[_name_of(field, found)] = _plain(field.types[0], found)
    return plain


def _add(plain: dict[str, Any], name: str, value: Any) -> None:
    """Irregular content: a child that comes twice becomes a list."""
    if name not in plain:
        plain[name] = value
    elif isinstance(plain[name], list):
        plain[name].append(value)
    else:
        plain[name] = [plain[name], value]


def _name_of(field: Field, value: Any) -> str:
    if field.slot.kind == "value":
        return "value"
    if field.slot.kind == "substitution":
        return str(value.declaration.name)
    return field.slot.names[field.types.index(type(value)) if field.slot.kind == "choice" else 0]


class _Builder:
    def __init__(self, schema: Schema, checked: bool) -> None:
        self._schema = schema
        self._checked = checked

    def value(self, type_: Type, content: Any, path: str) -> Any:
        """A value of a type from its JSON form."""
        if isinstance(type_, Datatype):
            return _simple(type_, content, path)
        if not isinstance(content, dict):
            raise ContentError(path, f"expected an object, got {content!r}")
        kind = complex_type(type_)
        left = dict(content)
        values: dict[str, Any] = {}
        for field in kind.fields:
            if field.slot.kind == "children":
                values[field.name] = tuple(self._children(kind.child_types, left, path))
                left.clear()
                continue
            for name, alternative in self._names(field):
                if name in left:
                    values[field.name] = self._field(field, alternative, left.pop(name), f"{path}/{name}")
        if left:
            raise ContentError(path, f"has no {', '.join(left)}")
        if not self._checked:
            return type_.unchecked(**values)
        try:
            return type_(**values)
        except ContentError as wrong:
            raise _by_schema_name(kind, path, wrong) from None

    def _names(self, field: Field) -> Iterable[tuple[str, Type]]:
        if field.slot.kind in ("value", "attribute"):
            return [("value" if field.slot.kind == "value" else field.slot.names[0], field.types[0])]
        return [(each.qname.name, each.type) for each in alternatives(self._schema, field)]

    def _field(self, field: Field, type_: Type, content: Any, path: str) -> Any:
        if not field.listed:
            return self.value(type_, content, path)
        if not isinstance(content, list):
            raise ContentError(path, f"expected a list, got {content!r}")
        return tuple(self.value(type_, each, f"{path}[{index}]") for index, each in enumerate(content))

    def _children(self, types: Any, content: dict[str, Any], path: str) -> Iterator[Child]:
        pairs = [(name, value) for name, value in content.items() if name != _IN_ORDER]
        try:
            pairs += [pair for each in content.get(_IN_ORDER, ()) for pair in each.items()]
        except (TypeError, AttributeError):
            raise ContentError(f"{path}/{_IN_ORDER}", "expected a list of objects of one name each") from None
        for name, value in pairs:
            for each in value if isinstance(value, list) else [value]:
                if name == "#text":
                    yield Child(name, each)
                elif name.startswith("{"):
                    yield Child(name, _foreign(each, f"{path}/{name}"))
                elif name in types:
                    yield Child(name, self.value(types[name], each, f"{path}/{name}"))
                else:
                    raise ContentError(path, f"has no {name}")


def _foreign(content: Any, path: str) -> Foreign:
    try:
        attributes = tuple((parsed(name), text) for name, text in content["attributes"].items())
        held = tuple(
            each if isinstance(each, str) else (parsed(name), _foreign(inner, f"{path}/{name}"))
            for each in content["content"]
            for name, inner in ([("", each)] if isinstance(each, str) else each.items())
        )
    except (KeyError, TypeError, AttributeError):
        raise ContentError(path, 'expected {"attributes": {...}, "content": [...]}') from None
    return Foreign(attributes, held)


def _by_schema_name(kind: ComplexType, path: str, wrong: ContentError) -> ContentError:
    """The error of a construction, told in the schema's names, which are those of the content."""
    for field in kind.fields:
        if wrong.path == f"{kind.name}.{field.name}":
            names = " or ".join(field.slot.names) or "value"
            return ContentError(f"{path}/{names}", wrong.reason)
    return ContentError(path, wrong.reason)


def _simple(type_: Datatype, content: Any, path: str) -> Any:
    if isinstance(content, dict) and content.keys() == {"unknown"}:
        return Unknown(content["unknown"])
    decode: Callable[[str], bytes]
    if isinstance(type_, Binary) and isinstance(content, str):
        decode = bytes.fromhex if type_.form == "hex" else _base64
        try:
            return decode(content)
        except ValueError as wrong:
            raise ContentError(path, str(wrong)) from None
    if isinstance(type_, Enumerated):
        with suppress(ValueError):
            return type_.check(content)
    return content


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_TEXT = Text()
_IN_ORDER = "children"  # no element of XML signature, which alone has irregular content, has this name
