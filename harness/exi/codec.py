"""Decode and encode: the compiled way first, the event-wise way for whatever that leaves alone."""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from harness.exi.compiled_reader import PADDING, ReaderCompiler, ReadType
from harness.exi.compiled_writer import WriterCompiler, WriteType, spill
from harness.exi.datatypes import Datatype
from harness.exi.declare import Record
from harness.exi.errors import Deviation, ExiError
from harness.exi.reader import MAX_EVENTS, Event, Reader, trailer
from harness.exi.schema import Element, Habit, Schema
from harness.exi.source import Uncommon
from harness.exi.writer import Writer

Kind = Literal["document", "fragment"]
Mode = Literal["strict", "tolerant"]

# Our limit: a stream with more events than this is read once, not again for every habit that might explain it
_HABIT_EVENTS = 3_000
_LONG_STREAM = 4 * 1024
_HEADER = 0x80  # distinguishing bits, no options, final version 1


class Decoded(NamedTuple):
    """What a stream holds: the element's name, its content, and what was wrong with the stream."""

    name: str
    message: Any
    deviations: tuple[Deviation, ...] = ()


def decode(data: bytes, schema: Schema, kind: Kind = "document", mode: Mode = "strict") -> Decoded:
    """Read a stream. Strict raises ExiError at the first deviation; tolerant collects them and goes on.

    Both raise ExiError where reading cannot go on.
    """
    if len(data) > _LONG_STREAM:
        with _without_collection():
            return _decode(data, schema, kind, mode)
    return _decode(data, schema, kind, mode)


def encode(message: Any, schema: Schema, kind: Kind = "document", name: str | None = None) -> bytes:
    """Write a message. `name` is needed only for an element that is not named like its type.

    Raises ExiError for content that EXI cannot carry under this schema.
    """
    if name is None:
        if not isinstance(message, Record):
            raise ExiError(f"expected a record, got {message!r}")
        name = message.declaration.name
    try:
        return _compiled(schema, kind).encode(name, message)
    except (Uncommon, KeyError, TypeError, AttributeError, ValueError):
        writer = Writer(schema)
        return writer.document(name, message) if kind == "document" else writer.fragment(name, message)


def _decode(data: bytes, schema: Schema, kind: Kind, mode: Mode) -> Decoded:
    try:
        decoded, end = _compiled(schema, kind).decode(data)
    except (Uncommon, ExiError, IndexError, struct.error):
        return _decode_by_events(data, schema, kind, mode)
    if end + 7 >> 3 == len(data) and not data[-1] & ((1 << (-end & 7)) - 1):
        return decoded
    behind = tuple(trailer(data, end))
    if mode == "strict":
        raise ExiError(behind[0].reason, behind[0].bit)
    return _read_tolerantly(data, schema, kind).decoded or decoded._replace(deviations=behind)


@contextmanager
def _without_collection() -> Iterator[None]:
    """A long stream makes thousands of objects and no garbage: looking for garbage meanwhile doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True)
class Explanation:
    """Every event of a stream with its bit offset; `error` where reading could not go on."""

    events: tuple[Event, ...]
    decoded: Decoded | None
    error: ExiError | None = None


def explain(data: bytes, schema: Schema, kind: Kind = "document") -> Explanation:
    """Read tolerantly and keep every event; never raises ExiError."""
    reading = _read_tolerantly(data, schema, kind, trace=True)
    return Explanation(tuple(reading.reader.events), reading.decoded, reading.error)


def _decode_by_events(data: bytes, schema: Schema, kind: Kind, mode: Mode) -> Decoded:
    if mode == "strict":
        return Decoded(*Reader(schema, data, tolerant=False).run(kind))
    reading = _read_tolerantly(data, schema, kind)
    if reading.decoded is None:
        assert reading.error is not None
        raise reading.error
    return reading.decoded


class _Reading:
    """One event-wise reading of a stream: plain and tolerant, or strict but for one habit."""

    def __init__(
        self,
        data: bytes,
        schema: Schema,
        kind: Kind,
        *,
        trace: bool,
        habit: Habit | None = None,
        most_events: int = MAX_EVENTS,
    ) -> None:
        self.reader = Reader(schema, data, tolerant=habit is None, trace=trace, habit=habit, most_events=most_events)
        self.decoded: Decoded | None = None
        self.error: ExiError | None = None
        try:
            self.decoded = Decoded(*self.reader.run(kind), tuple(self.reader.deviations))
        except ExiError as error:
            self.error = error

    @property
    def clean(self) -> bool:
        """Whether everything could be read and nothing was wrong."""
        return self.decoded is not None and not self.decoded.deviations

    @property
    def first_bit(self) -> int:
        """Where it goes wrong first."""
        return min([deviation.bit for deviation in self.reader.deviations] + ([self.error.bit] if self.error else []))


def _read_tolerantly(data: bytes, schema: Schema, kind: Kind, *, trace: bool = False) -> _Reading:
    """The plain reading; if it goes wrong, a reading with a known habit that explains all of it."""
    plain = _Reading(data, schema, kind, trace=trace)
    if plain.clean or plain.reader.count > _HABIT_EVENTS or plain.reader.exhausted:
        return plain
    left = MAX_EVENTS  # for all habits together
    for habit in schema.habits:
        if not habit.may_explain(plain.reader.root, plain.reader.full_lists):
            continue
        reading = _Reading(data, schema, kind, trace=trace, habit=habit, most_events=left)
        left -= reading.reader.count
        if reading.decoded is not None:
            cause = Deviation(plain.first_bit, reading.decoded.name, "habit", habit.cause)
            reading.decoded = reading.decoded._replace(deviations=(cause,))
            return reading
    return plain


class _Compiled:
    """The compiled readers and writers of a schema's documents or fragments."""

    def __init__(self, schema: Schema, kind: Kind) -> None:
        readers, writers = _compilers(schema)
        self._allow_irregular = readers.allow_irregular
        if kind == "document":
            elements = schema.roots
            self._width, self._end_width, end = len(elements).bit_length(), 0, 0
        else:
            elements = tuple(Element(qname, kinds[0]) for qname, kinds in schema.elements if len(kinds) == 1)
            numbers = {qname: number for number, (qname, _) in enumerate(schema.elements)}
            self._width = self._end_width = (len(numbers) + 1).bit_length()
            end = len(numbers) + 1
        self._end = end
        self._readers: dict[int, tuple[str, ReadType]] = {}
        self._writers: dict[str, tuple[int, type[Record], WriteType]] = {}
        for number, element in enumerate(elements):
            if isinstance(element.type, Datatype):
                continue
            code = number if kind == "document" else numbers[element.qname]
            self._readers[code] = element.qname.name, readers.reader(element.type)
            # of names in several namespaces the first; a value of another's type is the event-wise writer's
            self._writers.setdefault(element.qname.name, (code, element.type, writers.writer(element.type)))

    def decode(self, data: bytes) -> tuple[Decoded, int]:
        """The content, and the bit behind the last event."""
        if data[0] != _HEADER:
            raise Uncommon
        width = self._width
        found = self._readers.get(int.from_bytes(data[1:3], "big") >> 16 - width)
        if found is None:
            raise Uncommon
        name, read = found
        self._allow_irregular()
        message, position = read(data + PADDING, 8 + width)
        if self._end_width:
            end = int.from_bytes((data + PADDING)[position >> 3 : (position >> 3) + 4], "big")
            if end >> 32 - (position & 7) - width & ((1 << width) - 1) != self._end:
                raise Uncommon
            position += width
        if position > 8 * len(data):
            raise Uncommon
        return Decoded(name, message), position

    def encode(self, name: str, message: Any) -> bytes:
        code, cls, write = self._writers[name]
        if message.__class__ is not cls:
            raise Uncommon
        done = bytearray()
        bits, count = write(message, _HEADER << self._width | code, 8 + self._width, done)
        if self._end_width:
            bits, count = bits << self._end_width | self._end, count + self._end_width
        spare = -count & 7
        spill(bits << spare, count + spare, done)
        return bytes(done)


@cache
def _compilers(schema: Schema) -> tuple[ReaderCompiler, WriterCompiler]:
    return ReaderCompiler(schema), WriterCompiler(schema)


@cache
def _compiled(schema: Schema, kind: Kind) -> _Compiled:
    return _Compiled(schema, kind)
