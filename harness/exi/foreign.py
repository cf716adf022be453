"""Elements that no schema here declares, where the schema has a wildcard (xs:any) or a peer puts one anyway.

EXI reads and writes them by the built-in element grammar (EXI 1.0, 8.4.3), which begins knowing nothing and gives
every event that it meets a short code from then on; and their names by string tables (7.1.7 and 7.3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.exi.bits import BitReader, BitWriter
from harness.exi.errors import ExiError
from harness.exi.schema import QName, Schema

_BRIEF = 80  # characters
DEEPEST = 32  # our limit for elements within each other

_XML = "http://www.w3.org/XML/1998/namespace"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XSD = "http://www.w3.org/2001/XMLSchema"
_KNOWN_URIS = ("", _XML, _XSI, _XSD)
_XML_NAMES, _XSI_NAMES = ("base", "id", "lang", "space"), ("nil", "type")

Code = tuple[str, QName | None]  # EE, AT, SE or CH; the name, where one was met before
_END, _TEXT = ("EE", None), ("CH", None)


@dataclass(frozen=True)
class Foreign:
    """What a foreign element holds: attributes in the order of the stream, then texts and elements as they come."""

    attributes: tuple[tuple[QName, str], ...] = ()
    content: tuple[str | tuple[QName, Foreign], ...] = ()


def spelled(qname: QName) -> str:
    """A name with its namespace, as `{urn:example}Name`."""
    return f"{{{qname.ns}}}{qname.name}"


def brief(qname: QName) -> str:
    """The same for a person to read: a peer can make a name as long as a stream, and say it a thousand times."""
    return spelled(QName(qname.name[:_BRIEF], qname.ns[:_BRIEF]))


def parsed(text: str) -> QName:
    """The reverse of `spelled`."""
    ns, _, name = text.removeprefix("{").rpartition("}")
    return QName(name, ns)


class Names:
    """The tables of namespaces and local names of one stream.

    Of the schema's own namespaces EXI's tables hold the names of types too, which the model does not have; names of
    these namespaces are therefore refused.
    """

    def __init__(self, schema: Schema) -> None:
        self._uris = [*_KNOWN_URIS, *sorted(schema.namespaces)]
        self._names = {"": list(_unqualified(schema)), _XML: list(_XML_NAMES), _XSI: list(_XSI_NAMES)}
        self._incomplete = {_XSD, *schema.namespaces}

    def read(self, stream: BitReader) -> QName:
        """A qualified name."""
        index = stream.bits(len(self._uris).bit_length())
        if index > len(self._uris):
            raise ExiError(f"namespace {index} of {len(self._uris)}", stream.position)
        if index:
            uri = self._uris[index - 1]
        else:
            uri = stream.characters(stream.unsigned())
            self._uris.append(uri)
        if uri in self._incomplete:
            raise ExiError(f"a name of {uri} through a wildcard, which is not supported", stream.position)
        length = stream.unsigned()
        names = self._names.setdefault(uri, [])
        if length:
            names.append(stream.characters(length - 1))
            return QName(names[-1], uri)
        place = stream.bits((len(names) - 1).bit_length() if names else 0)
        if place >= len(names):
            raise ExiError(f"name {place} of {len(names)} in {uri or 'no namespace'}", stream.position)
        return QName(names[place], uri)

    def write(self, qname: QName, stream: BitWriter) -> None:
        """A qualified name."""
        if qname.ns in self._incomplete:
            raise ExiError(f"{spelled(qname)} through a wildcard: its namespace is the schema's own, not supported")
        width = len(self._uris).bit_length()
        if qname.ns in self._uris:
            stream.bits(self._uris.index(qname.ns) + 1, width)
        else:
            stream.bits(0, width)
            _characters(stream, qname.ns, 0)
            self._uris.append(qname.ns)
        names = self._names.setdefault(qname.ns, [])
        if qname.name in names:
            stream.unsigned(0)
            stream.bits(names.index(qname.name), (len(names) - 1).bit_length())
        else:
            _characters(stream, qname.name, 1)
            names.append(qname.name)


@cache
def _unqualified(schema: Schema) -> tuple[str, ...]:
    """The names in no namespace that a schema knows beforehand."""
    return tuple(sorted({qname.name for qname, _ in (*schema.attributes, *schema.elements) if not qname.ns}))


def _characters(stream: BitWriter, text: str, more: int) -> None:
    stream.unsigned(len(text) + more)
    for character in text:
        stream.unsigned(ord(character))


class _State:
    """One state of a built-in grammar: what has a code of one part, newest last, and what has one of two."""

    def __init__(self, met: list[Code], second: tuple[str, ...]) -> None:
        self._met = met
        self._place = {code: place for place, code in enumerate(met)}
        self.second = second

    @property
    def width(self) -> int:
        """Bits of a code's first part."""
        return len(self._met).bit_length()

    @property
    def size(self) -> int:
        """How many events have a code of one part; this number itself begins the others."""
        return len(self._met)

    def code(self, number: int) -> Code:
        """The event with a code of one part: the newest has 0."""
        return self._met[-1 - number]

    def number(self, code: Code) -> int | None:
        """The reverse; None where the event has a code of two parts."""
        place = self._place.get(code)
        return None if place is None else len(self._met) - 1 - place

    def learn(self, code: Code) -> None:
        """What was met; an end and characters are learned once (EXI 1.0, 8.4.3)."""
        if code[1] or code not in self._place:
            self._place[code] = len(self._met)
            self._met.append(code)


class BuiltIn:
    """The built-in grammars of one stream, and its names."""

    def __init__(self, schema: Schema) -> None:
        self.names = Names(schema)
        self._states: dict[QName, tuple[_State, _State]] = {}

    def _of(self, qname: QName) -> tuple[_State, _State]:
        start, content = _State([], ("EE", "AT", "SE", "CH")), _State([_END], ("SE", "CH"))
        return self._states.setdefault(qname, (start, content))

    def read(self, stream: BitReader, qname: QName, text: Callable[[QName], str], event: Callable[..., Any]) -> Foreign:
        """The content of an element; `text` reads a value, `event` is told of (bit, depth, label, value)."""
        return self._read(stream, qname, text, event, 1)

    def _read(self, stream: BitReader, qname: QName, text: Any, event: Any, depth: int) -> Foreign:
        if depth > DEEPEST:
            raise ExiError(f"foreign elements within each other, more than {DEEPEST} deep", stream.position)
        attributes: list[tuple[QName, str]] = []
        content: list[str | tuple[QName, Foreign]] = []
        start, later = self._of(qname)
        state = start
        while True:
            bit = stream.position
            kind, name = self._read_code(state, stream)
            if kind == "EE":
                event(bit, depth - 1, "EE", "")
                return Foreign(tuple(attributes), tuple(content))
            if kind == "CH":
                content.append(text(qname))
                event(bit, depth, "CH", content[-1])
                state = later
                continue
            assert name is not None
            if kind == "AT":
                if name.ns == _XSI:
                    raise ExiError(f"xsi:{name.name} within a foreign element, which is not supported", bit)
                attributes.append((name, text(name)))
                event(bit, depth, f"AT({brief(name)})", attributes[-1][1])
            else:
                event(bit, depth, f"SE({brief(name)})", "")
                content.append((name, self._read(stream, name, text, event, depth + 1)))
                state = later

    def _read_code(self, state: _State, stream: BitReader) -> Code:
        number = stream.bits(state.width)
        if number < state.size:
            return state.code(number)
        if number > state.size:
            raise ExiError(f"no event of a foreign element has the code {number}", stream.position)
        kind = state.second[stream.bits((len(state.second) - 1).bit_length())]
        code = kind, self.names.read(stream) if kind in ("AT", "SE") else None
        state.learn(code)
        return code

    def write(self, stream: BitWriter, qname: QName, held: Foreign, text: Callable[[str], None]) -> None:
        """The content of an element; `text` writes a value."""
        start, later = self._of(qname)
        for name, value in held.attributes:
            self._write_code(start, ("AT", name), stream)
            text(value)
        state = start
        for each in held.content:
            if isinstance(each, str):
                self._write_code(state, _TEXT, stream)
                text(each)
            else:
                self._write_code(state, ("SE", each[0]), stream)
                self.write(stream, *each, text)
            state = later
        self._write_code(state, _END, stream)

    def _write_code(self, state: _State, code: Code, stream: BitWriter) -> None:
        number = state.number(code)
        stream.bits(state.size if number is None else number, state.width)
        if number is not None:
            return
        stream.bits(state.second.index(code[0]), (len(state.second) - 1).bit_length())
        if code[1]:
            self.names.write(code[1], stream)
        state.learn(code)
