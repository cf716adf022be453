"""Writers generated for one type each, for content that is as the schema says.

A writer takes a record and the bits so far, as one integer and their number, and returns them with the record's bits
behind. Bits known beforehand are joined with those that are not, so that most fields cost one shift. Long content is
moved to the octets that are done, because shifting it again and again takes quadratic time.
Whatever is not plainly right raises `Uncommon` (or KeyError, TypeError, AttributeError), and the event-wise writer
writes or refuses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.exi.datatypes import Binary, Boolean, Datatype, Enumerated, Integer, Text
from harness.exi.declare import Record
from harness.exi.plan import Alternative, Plan, Step, is_flat, plan
from harness.exi.schema import Schema, complex_type
from harness.exi.source import Source, Uncommon

WriteType = Callable[[Any, int, int, bytearray], tuple[int, int]]

_SPILL = 512  # bits kept in the integer before they are moved to the octets


class WriterCompiler:
    """Compiles the writers of one schema, each when it is first used."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names: dict[str, Any] = {
            "Uncommon": Uncommon,
            "many": _many,
            "text": _text,
            "octets": _octets,
            "spill": spill,
        }
        self._by_type: dict[type[Record], str] = {}

    def writer(self, cls: type[Record]) -> WriteType:
        """The writer of a type."""
        name = self.name(cls)

        def write(record: Any, bits: int, count: int, done: bytearray) -> tuple[int, int]:
            made: tuple[int, int] = self._names[name](record, bits, count, done)
            return made

        return write

    def name(self, cls: type[Record]) -> str:
        """The global name of a type's writer; at first it stands for a function that compiles it."""
        name = self._by_type.get(cls)
        if name is None:
            name = self._by_type[cls] = f"write_{cls.__name__}_{len(self._by_type)}"

            def compile_first(record: Any, bits: int, count: int, done: bytearray) -> tuple[int, int]:
                made: tuple[int, int] = self._compile(cls, name)(record, bits, count, done)
                return made

            self._names[name] = compile_first
        return name

    def _compile(self, cls: type[Record], name: str) -> WriteType:
        function: WriteType = _Function(self, cls, plan(self._schema, cls)).define(name, self._names)
        return function

    def flat(self, cls: type[Record]) -> bool:
        """Whether a type is a short row of plain numbers and the like, worth writing in its parent's writer."""
        return is_flat(plan(self._schema, cls))

    def constant(self, prefix: str, value: Any) -> str:
        """A global name for a table or a class."""
        name = f"{prefix}_{len(self._names)}"
        self._names[name] = value
        return name


class _Function:
    """Generates one writer.

    In its source `o` is the record, `a` the bits so far, `n` their number, `out` the octets that are done. `base` and
    `wide` are the first number and the code width of the state, where that depends on the content.
    """

    def __init__(self, compiler: WriterCompiler, cls: type[Record], plan: Plan) -> None:
        self._compiler = compiler
        self._cls = cls
        self._plan = plan
        self._out = Source()
        self._pending: list[tuple[int, str | int]] = []  # widths and what to write
        self._state: int | None = 0  # the index of the step that comes next; None where it depends on the content

    def define(self, name: str, names: dict[str, Any]) -> Any:
        with self._out.block(f"def {name}(o, a, n, out):"):
            for field in complex_type(self._cls).fields:
                if field.slot.kind == "children":
                    self._out.line(f"if o.{field.name}: raise Uncommon")
            for index, step in enumerate(self._plan.steps):
                if step.low and not step.listed:
                    self._one(step)
                    self._state = index + 1
                else:
                    self._optional_or_many(index, step)
            self._end()
        return self._out.function(name, names)

    def _optional_or_many(self, index: int, step: Step) -> None:
        if self._state is not None:
            self._flush()
            self._enter(self._state)
        if step.listed:
            self._many(index, step)
        else:
            given = " or ".join(f"o.{name} is not None" for name in dict.fromkeys(_names(step)))
            with self._out.block(f"if {given}:"):
                self._one(step)
                self._flush()
                self._enter(index + 1)
        self._state = None

    def _enter(self, index: int, *, inside: bool = False) -> None:
        width = self._plan.width(index, inside=inside)
        self._out.line(f"base = {self._plan.first(index)}; wide = {width}")
        self._state = None

    def _many(self, index: int, step: Step) -> None:
        items = f"o.{step.field.name}"
        low, high = step.field.slot.occurs
        limits = [f"len({items}) < {low}"] if low else []
        limits += [f"len({items}) > {high}"] if high is not None else []
        if limits:
            self._out.line(f"if {' or '.join(limits)}: raise Uncommon")
        if step.low > 1:
            self._out.line("k = 0")
        with self._out.block(f"for x in {items}:"):
            self._value(step, {step.field.name: "x"})
            self._flush()
            if step.low > 1:
                self._out.line("k += 1")
                self._out.line(f"base = {step.first}")
                self._out.line(f"wide = 1 if k < {step.low} else {self._plan.width(index, inside=True)}")
            else:
                self._enter(index, inside=True)
            self._out.line(f"if n > {_SPILL}: a, n = spill(a, n, out)")
        if step.high is not None:
            with self._out.block(f"if len({items}) == {step.high}:"):
                self._enter(index + 1)

    def _one(self, step: Step) -> None:
        """A step that occurs once, from the state known or not."""
        if step.grouped:
            names = _names(step)
            given = " + ".join(f"(o.{name} is not None)" for name in names)
            self._out.line(f"if {given} != 1: raise Uncommon")
            self._flush()
        self._value(step, {name: f"o.{name}" for name in _names(step)})

    def _code(self, number: int) -> None:
        """The event code of an alternative."""
        if self._state is not None:
            self._bits(self._plan.width(self._state), number - self._plan.first(self._state))
        else:
            self._flush()
            self._out.line(f"a = a << wide | {number} - base; n += wide")

    def _value(self, step: Step, sources: dict[str, str]) -> None:
        if len(step.alternatives) == 1:
            self._code(step.first)
            self._alternative(step.alternatives[0], sources[step.field.name])
        elif step.grouped:
            before = self._state
            for offset, alternative in enumerate(step.alternatives):
                source = sources[alternative.field.name]
                with self._out.block(f"{'el' if offset else ''}if {source} is not None:"):
                    self._state = before
                    self._code(step.first + offset)
                    self._alternative(alternative, source)
                    self._flush()
        else:
            self._dispatch(step, sources[step.field.name])

    def _dispatch(self, step: Step, source: str) -> None:
        """An element of several, told apart by the record's class."""
        table = {
            each.type: (number, self._compiler.writer(each.type))  # type: ignore[arg-type]  # records only
            for number, each in enumerate(step.alternatives, step.first)
        }
        self._flush()
        self._out.line(f"number, write = {self._compiler.constant('writers', table)}[{source}.__class__]")
        if self._state is not None:
            width, first = self._plan.width(self._state), self._plan.first(self._state)
            self._out.line(f"a = a << {width} | number - {first}; n += {width}")
        else:
            self._out.line("a = a << wide | number - base; n += wide")
        self._out.line(f"a, n = write({source}, a, n, out)")

    def _alternative(self, alternative: Alternative, source: str) -> None:
        if isinstance(alternative.type, Datatype):
            if alternative.bare:
                self._simple(alternative.type, source)
            else:
                self._simple_element(alternative.type, source)
        elif self._compiler.flat(alternative.type):
            self._out.line(f"r = {source}")
            for field in complex_type(alternative.type).fields:
                self._bits(1, 0)
                self._simple_element(field.types[0], f"r.{field.name}")  # type: ignore[arg-type]
            self._bits(1, 0)
        else:
            self._flush()
            self._out.line(f"a, n = {self._compiler.name(alternative.type)}({source}, a, n, out)")

    def _simple_element(self, datatype: Datatype, source: str) -> None:
        self._bits(1, 0)
        self._simple(datatype, source)
        self._bits(1, 0)

    def _end(self) -> None:
        if self._plan.end is None:
            self._out.line("raise Uncommon")
        else:
            self._code(self._plan.end)
        self._flush()
        self._out.line("return a, n")

    # values

    def _simple(self, datatype: Datatype, source: str) -> None:
        match datatype:
            case Boolean():
                self._out.line(f"if {source}.__class__ is not bool: raise Uncommon")
                self._bits(1, source)
            case Enumerated():
                numbers = {member: number for number, member in enumerate(datatype.values)}
                self._bits(datatype.width, f"{self._compiler.constant('numbers', numbers)}[{source}]")
            case Integer():
                self._integer(datatype, source)
            case Binary():
                self._flush()
                self._out.line(f"a, n = octets(a, n, {source}, out)")
            case Text():
                self._flush()
                self._out.line(f"a, n = text(a, n, {source}, out)")

    def _integer(self, datatype: Integer, source: str) -> None:
        low, high = datatype.lowest, datatype.highest
        self._out.line(f"i = {source}")
        above = "" if high is None else f" <= {high}"
        below = "" if low is None else f"{low} <= "
        if above or below:
            self._out.line(f"if not {below}i{above}: raise Uncommon")
        if datatype.width is not None:
            self._bits(datatype.width, f"i - {low}" if low else "i")
            self._flush()  # before i is used again
            return
        if datatype.signed:
            self._bits(1, "(i < 0)")
            self._flush()
            self._out.line("if i < 0: i = ~i")
        self._flush()
        self._out.line("if i < 128: a = a << 8 | i; n += 8")
        self._out.line("elif i < 16384: a = a << 16 | (i & 127 | 128) << 8 | i >> 7; n += 16")
        self._out.line("else: a, n = many(a, n, i)")

    # bits

    def _bits(self, width: int, value: str | int) -> None:
        self._pending.append((width, value))

    def _flush(self) -> None:
        """Emit one shift for all bits that wait."""
        total = rest = sum(width for width, _ in self._pending)
        if not total:
            return
        constant, parts = 0, [f"a << {total}"]
        for width, value in self._pending:
            rest -= width
            if isinstance(value, int):
                constant |= value << rest
            else:
                parts.append(f"({value}) << {rest}" if rest else f"({value})")
        if constant:
            parts.append(str(constant))
        self._out.line(f"a = {' | '.join(parts)}; n += {total}")
        self._pending.clear()


def _names(step: Step) -> list[str]:
    return list(dict.fromkeys(alternative.field.name for alternative in step.alternatives))


def spill(bits: int, count: int, done: bytearray) -> tuple[int, int]:
    """Move whole octets to those that are done."""
    spare = count & 7
    done += (bits >> spare).to_bytes(count >> 3, "big")
    return bits & ((1 << spare) - 1), spare


def _many(bits: int, count: int, value: int) -> tuple[int, int]:
    """An integer of more than one octet."""
    while value > 127:
        bits = bits << 8 | value & 0x7F | 0x80
        count += 8
        value >>= 7
    return bits << 8 | value, count + 8


def _octets(bits: int, count: int, value: bytes, done: bytearray) -> tuple[int, int]:
    """Binary content, its length first."""
    length = len(value)
    bits, count = _many(bits, count, length)
    if length > 256:
        bits, count = spill(bits, count, done)
    return bits << 8 * length | int.from_bytes(value, "big"), count + 8 * length


def _text(bits: int, count: int, value: str, done: bytearray) -> tuple[int, int]:
    """A string literal, its length plus two first."""
    length = len(value)
    bits, count = _many(bits, count, length + 2)
    if not value.isascii():
        for character in value:
            bits, count = _many(bits, count, ord(character))
            if count > _SPILL:
                bits, count = spill(bits, count, done)
        return bits, count
    if length > 256:
        bits, count = spill(bits, count, done)
    return bits << 8 * length | int.from_bytes(value.encode("ascii"), "big"), count + 8 * length
