"""Readers generated for one type each, for streams that are as the schema says.

A reader takes the octets and a bit position and returns the value and the position behind it. Bits whose places are
known beforehand are read together: one look at a 64-bit window checks several event codes and takes several values.
Whatever is not plainly right raises `Uncommon` (or runs out of a table or the stream: IndexError, struct.error), and
the event-wise reader finds out what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from struct import Struct
from typing import Any

from harness.exi.bits import LONGEST_CHARACTER, NO_CHARACTER, characters
from harness.exi.datatypes import Binary, Boolean, Datatype, Enumerated, Integer, Text
from harness.exi.declare import MISSING, Record, unfrozen
from harness.exi.errors import ExiError
from harness.exi.form import Form, forms
from harness.exi.plan import Alternative, Plan, Step, is_flat, is_small, plan
from harness.exi.reader import Reader
from harness.exi.schema import Element, QName, Schema, complex_type
from harness.exi.source import Source, Uncommon

ReadType = Callable[[bytes, int], tuple[Any, int]]

_window = Struct(">Q").unpack_from
PADDING = bytes(8)  # what a stream needs behind it so that every window is there
EMPTY_WIDTH = 3  # bits of the second-level event that ends an element of simple type; its code is 0
_WIDEST = 57  # bits of a 64-bit window that are there at any bit position
# Our limit for lists that the schema leaves unbounded; longer ones are the event-wise reader's
_LONGEST_LIST = 64
_SHORT_LIST = 8
_FEW_FREE = 12  # bits that are not fixed in a record's usual form: so few values are made once and kept
_FEW = 3  # readers told apart by comparing; more are looked up
_CHANCES = 64  # items of a long list that are looked up among the earlier ones without success
# Our limit for irregular content inside a stream that is otherwise read here: a KeyInfo with a few certificates
_MOST_IRREGULAR_EVENTS = 1000


class ReaderCompiler:
    """Compiles the readers of one schema, each when it is first used."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names: dict[str, Any] = {
            "Uncommon": Uncommon,
            "window": _window,
            "long_list": _long_list,
            "more": _more,
            "text": _text,
            "octets": _octets,
        }
        self._by_type: dict[type[Record], str] = {}
        self._tables: dict[tuple[Any, ...], str] = {}
        self.events_left = 0

    def allow_irregular(self) -> None:
        """To be called before each stream: irregular content may have so many events in it."""
        self.events_left = _MOST_IRREGULAR_EVENTS

    def by_events(self, cls: type[Record], data: bytes, position: int) -> tuple[Any, int]:
        """Read one element event by event; Uncommon when there is too much of it, or something wrong with it."""
        stream = data[: -len(PADDING)]
        reader = Reader(self._schema, stream, tolerant=False, most_events=self.events_left)
        try:
            return reader.element_at(Element(QName(cls.declaration.name, cls.declaration.ns), cls), position)
        except ExiError:
            raise Uncommon from None
        finally:
            self.events_left -= reader.count

    def reader(self, cls: type[Record]) -> ReadType:
        """The reader of a type."""
        name = self.name(cls)

        def read(data: bytes, position: int) -> tuple[Any, int]:
            made: tuple[Any, int] = self._names[name](data, position)
            return made

        return read

    def name(self, cls: type[Record]) -> str:
        """The global name of a type's reader; at first it stands for a function that compiles it."""
        name = self._by_type.get(cls)
        if name is None:
            name = self._by_type[cls] = f"read_{cls.__name__}_{len(self._by_type)}"

            def compile_first(data: bytes, position: int) -> tuple[Any, int]:
                if self._names[name] is compile_first:  # a list's reader holds on to this function
                    self._compile(cls, name)
                made: tuple[Any, int] = self._names[name](data, position)
                return made

            self._names[name] = compile_first
        return name

    def _compile(self, cls: type[Record], name: str) -> None:
        made = self.plan(cls)
        if made.end is None or cls.declaration.abstract:
            # there must be children, and their order is the event-wise reader's business; or it is a deviation
            self._names[name] = partial(self.by_events, cls)
        else:
            _Function(self, cls, made).define(name, self._names)

    def plan(self, cls: type[Record]) -> Plan:
        """The plan of a type."""
        return plan(self._schema, cls)

    def constant(self, prefix: str, value: Any) -> str:
        """A global name for a table or a class."""
        name = f"{prefix}_{len(self._names)}"
        self._names[name] = value
        return name

    def table(self, values: tuple[Any, ...]) -> str:
        """The global name of a table of values."""
        if values not in self._tables:
            self._tables[values] = self.constant("values", values)
        return self._tables[values]

    def call(self, cls: type[Record]) -> str:
        """Source of a call that reads a type."""
        return f"{self.name(cls)}(d, p)"


class _Function:
    """Generates one reader. In its source `d` is the stream, `p` the position, `c` the number of the next event."""

    def __init__(self, compiler: ReaderCompiler, cls: type[Record], plan: Plan) -> None:
        self._compiler = compiler
        self._cls = cls
        self._plan = plan
        self._irregular = any(field.slot.kind == "children" for field in complex_type(cls).fields)
        self._prefix = "v"  # of the names that the fields are read into
        self._out = Source()
        self._pending: list[tuple[int, str]] = []  # widths and the names they go to, "" where zeros must be
        self._afterwards: list[str] = []  # what is to do with the names, once they are there
        self._below = self._valid = 0  # bits of `w` not taken yet, and how many of these are sure to be the stream's

    def define(self, name: str, names: dict[str, Any]) -> Any:
        with self._out.block(f"def {name}(d, p):"):
            self._body()
        return self._out.function(name, names)

    def _body(self) -> None:
        if self._irregular:
            self._out.line("start = p")
        if is_small(self._plan):
            self._inline(self._cls, "o")
        else:
            self._content()
            self._make(self._cls, "o", self._locals(self._cls))
        self._out.line("return o, p")

    def _inline(self, cls: type[Record], target: str, *, often: bool = False) -> None:
        """Read a small record here instead of in a function of its own: a usual form at once, another bit by bit."""
        if self._afterwards or any(name for _, name in self._pending):
            self._flush()
        before, lead = list(self._pending), sum(width for width, _ in self._pending)  # zeros
        made = [each for each in forms(self._compiler.plan(cls), often=often) if lead + each.width <= _WIDEST]
        if not made:
            self._in_full(cls, target)
            return
        self._pending.clear()
        self._look(max(lead + each.width for each in made))
        below, valid = self._below, self._valid
        shortest = min(lead + each.width for each in made)
        for place, each in enumerate(made):
            width = lead + each.width
            mask = (1 << lead) - 1 << each.width | each.mask
            held, fixed = f"w & {mask << below - width:#x}", each.fixed << below - width
            with self._out.block(f"{'el' if place else ''}if {f'{held} == {fixed:#x}' if fixed else f'not {held}'}:"):
                self._out.line(f"p += {width}")
                self._in_place(cls, target, each, below - width)
                if width > shortest:
                    self._out.line(f"w <<= {width - shortest}")
        with self._out.block("else:"):
            self._pending = before
            self._in_full(cls, target)
            self._flush()
            self._join(below - shortest, valid - max(lead + each.width for each in made))

    def _in_place(self, cls: type[Record], target: str, form: Form, rest: int) -> None:
        """Make a record of a usual form, with so many bits of `w` behind it."""
        values = dict.fromkeys(self._locals(cls), "None")
        for name, place in form.places.items():
            below = rest + place.below
            if place.table is None:
                values[name] = f"w >> {below + 8} & 0x7f | w >> {below - 7} & 0x3f80"
            else:
                values[name] = f"{self._compiler.table(place.table)}[w >> {below} & {(1 << place.width) - 1:#x}]"
        if form.free > _FEW_FREE:
            self._make(cls, target, values)
            return
        known = self._compiler.constant("known", {})
        self._out.line(f"k = w >> {rest} & {(1 << form.width) - 1:#x}")
        self._out.line(f"{target} = {known}.get(k)")
        with self._out.block(f"if {target} is None:"):
            self._make(cls, target, values)
            self._out.line(f"{known}[k] = {target}")

    def _in_full(self, cls: type[Record], target: str) -> None:
        outer = self._cls, self._plan, self._prefix
        self._cls, self._plan, self._prefix = cls, self._compiler.plan(cls), target
        self._content()
        self._make(cls, target, self._locals(cls))
        self._cls, self._plan, self._prefix = outer

    def _content(self) -> None:
        self._defaults()
        known = False  # whether c holds the number of the next event
        for index, step in enumerate(self._plan.steps):
            if not known and not self._plan.certain(index):
                self._next_code(index)
                known = True
            elif not known:
                self._take(1)
            known = self._step(index, step, known)
        self._end(known)

    def _make(self, cls: type[Record], target: str, values: dict[str, str]) -> None:
        """Build a record from its fields' values, without its checks: reading has made them.

        It is filled as an object of a class that is not frozen, where Python stores an attribute in no time.
        """
        stores = [f"{target}.{name} = {value}" for name, value in values.items()]
        stores.append(f"{target}.__class__ = {self._compiler.constant('type', cls)}")
        self._out.line("; ".join([f"{target} = {self._compiler.constant('unfrozen', unfrozen(cls))}()", *stores]))

    def _defaults(self) -> None:
        for field in complex_type(self._cls).fields:
            if field.slot.kind == "children" or field.default is not MISSING:
                self._out.line(f"{self._local(field.name)} = {'()' if field.default == () else None}")

    def _step(self, index: int, step: Step, known: bool) -> bool:
        """One step; returns whether c is known behind it."""
        if step.low == 0:
            below, valid = self._below, self._valid
            with self._out.block(f"if c < {step.after}:"):
                self._one_or_many(index, step)
                if not step.listed:
                    self._next_code(index + 1)
                self._join(below, valid)
            return True
        if known and len(step.alternatives) == 1:
            self._out.line(f"if c != {step.first}: raise Uncommon")
        self._one_or_many(index, step)
        return step.listed

    def _one_or_many(self, index: int, step: Step) -> None:
        if not step.listed:
            self._value(step, {each.field.name: self._local(each.field.name) for each in step.alternatives})
            return
        self._flush()
        items = self._local(step.field.name)
        limit = step.field.slot.occurs[1] or _LONGEST_LIST
        in_place = self._small(step) and step.field.slot.occurs[1] is None  # DIN's costs: few in a list, many lists
        if limit > _SHORT_LIST and step.low <= 1 and self._calls(step) and not in_place:
            cls: Any = step.alternatives[0].type
            width, first = self._plan.width(index, inside=True), self._plan.first(index)
            self._out.line(f"{items}, p, c = long_list({self._compiler.name(cls)}, d, p, {width}, {limit})")
            self._valid = 0
            if first:
                self._out.line(f"c += {first}")
            with self._branch(f"if len({items}) == {limit}:"):
                self._after_last(index, step)
        else:
            self._short_list(index, step, items, limit)
        self._out.line(f"{items} = tuple({items})")

    def _short_list(self, index: int, step: Step, items: str, limit: int) -> None:
        self._out.line(f"{items} = []")
        self._valid = 0
        if step.low <= 1 and self._small(step):
            # each turn ends with a new look, of which it takes the next event's code
            width = self._plan.width(index, inside=True)
            self._out.line(f"w = window(d, p >> 3)[0] >> {64 - _WIDEST + width} - (p & 7)")
            self._below = self._valid = _WIDEST - width
        with self._branch("while True:"):
            self._value(step, {step.field.name: "x"}, often=True)
            self._flush()
            self._out.line(f"{items}.append(x)")
            if step.low > 1:
                with self._branch(f"if len({items}) < {step.low}:"):
                    self._take(1)
                    self._flush()
                    self._out.line("continue")
            with self._branch(f"if len({items}) == {limit}:"):
                self._after_last(index, step)
                self._out.line("break")
            self._next_code(index, inside=True)
            self._out.line(f"if c >= {step.after}: break")

    def _after_last(self, index: int, step: Step) -> None:
        """The event after the last item that may be."""
        if step.high is not None:
            self._next_code(index + 1)
        else:
            self._next_code(index, inside=True)
            self._out.line(f"if c < {step.after}: raise Uncommon")

    def _calls(self, step: Step) -> bool:
        """Whether a list's items are of one type with a reader of its own."""
        item = step.alternatives[0].type
        return len(step.alternatives) == 1 and not isinstance(item, Datatype) and not is_flat(self._compiler.plan(item))

    def _small(self, step: Step) -> bool:
        """Whether a list's items are read in place."""
        item = step.alternatives[0].type
        return len(step.alternatives) == 1 and not isinstance(item, Datatype) and is_small(self._compiler.plan(item))

    def _local(self, field: str) -> str:
        return f"{self._prefix}_{field}"

    def _locals(self, cls: type[Record]) -> dict[str, str]:
        return {field.name: self._local(field.name) for field in complex_type(cls).fields}

    def _has_simple(self, step: Step) -> bool:
        return any(isinstance(each.type, Datatype) for each in step.alternatives)

    def _end(self, known: bool) -> None:
        otherwise = "raise Uncommon"
        if self._irregular:  # there are children: from the start again
            again = self._compiler.constant("irregular", partial(self._compiler.by_events, self._cls))
            otherwise = f"return {again}(d, start)"
        if not known and self._plan.certain(len(self._plan.steps)):
            self._take(1)
        else:
            if not known:
                self._next_code(len(self._plan.steps))
            self._out.line(f"if c != {self._plan.end}: {otherwise}")
        self._flush()

    def _next_code(self, index: int, *, inside: bool = False) -> None:
        """Read the code of the next event and make it the number of an alternative."""
        first = self._plan.first(index)
        self._take(self._plan.width(index, inside=inside), "c")
        if first:
            self._afterwards.append(f"c += {first}")
        self._flush()

    # values

    def _value(self, step: Step, targets: dict[str, str], *, often: bool = False) -> None:
        if len(step.alternatives) == 1:
            self._alternative(step.alternatives[0], targets[step.field.name], often=often)
            return
        self._flush()
        if len(step.alternatives) > _FEW and not step.grouped and not self._has_simple(step):
            readers = tuple(self._compiler.reader(each.type) for each in step.alternatives)  # type: ignore[arg-type]
            table = self._compiler.constant("readers", readers)
            self._out.line(f"{targets[step.field.name]}, p = {table}[c - {step.first}](d, p)")
            self._valid = 0
            return
        below, valid = self._below, self._valid
        for offset, alternative in enumerate(step.alternatives):
            self._below, self._valid = below, valid
            with self._branch(f"{'el' if offset else ''}if c == {step.first + offset}:"):
                self._alternative(alternative, targets[alternative.field.name])
                self._flush()
        self._out.line("else: raise Uncommon")

    def _alternative(self, alternative: Alternative, target: str, *, often: bool = False) -> None:
        if isinstance(alternative.type, Datatype):
            if alternative.bare:
                self._simple(alternative.type, target)
            else:
                self._simple_element(alternative.type, target)
        elif alternative.type.declaration.abstract:
            self._out.line("raise Uncommon")
        elif is_small(self._compiler.plan(alternative.type)):
            self._inline(alternative.type, target, often=often)
        else:
            self._flush()
            self._out.line(f"{target}, p = {self._compiler.call(alternative.type)}")
            self._valid = 0

    def _simple_element(self, datatype: Datatype, target: str) -> None:
        if isinstance(datatype, Text | Binary) and not datatype.shortest:
            self._take(1, "e")
            self._flush()
            below, valid = self._below, self._valid
            with self._branch("if e:"):  # no characters, the end as a second-level event
                self._take(EMPTY_WIDTH)
                self._flush()
                self._out.line(f"{target} = {'' if isinstance(datatype, Text) else b''!r}")
            self._below, self._valid = below, valid
            with self._branch("else:"):
                self._simple(datatype, target)
                self._take(1)
                self._flush()
            return
        self._take(1)
        self._simple(datatype, target)
        self._take(1)

    def _simple(self, datatype: Datatype, target: str) -> None:
        match datatype:
            case Boolean():
                self._take(1, target)
                self._afterwards.append(f"{target} = {target} == 1")
            case Enumerated():
                self._take(datatype.width, target)
                self._afterwards.append(f"{target} = {self._compiler.table(datatype.values)}[{target}]")
            case Integer():
                self._integer(datatype, target)
            case Binary():
                self._sized(datatype, target, "octets")
            case Text():
                self._sized(datatype, target, "text")

    def _integer(self, datatype: Integer, target: str) -> None:
        low, high = datatype.lowest, datatype.highest
        if datatype.width is not None:
            assert low is not None
            assert high is not None
            self._take(datatype.width, target)
            if high - low + 1 < 1 << datatype.width:
                self._afterwards.append(f"if {target} > {high - low}: raise Uncommon")
            if low:
                self._afterwards.append(f"{target} += {low}")
            return
        if datatype.signed:
            self._take(1, "s")
        self._take(8, target)
        self._flush(ahead=16)
        below = self._below
        even = (low in (None, 0) or (high is not None and low == ~high)) and (high is None or high > 127)
        with self._out.block(f"if {target} > 127:"):  # two octets or three, seldom more
            second = f"{target} & 0x7f | w >> {below - 15} & 0x3f80"
            self._out.line(f"if not w & {1 << below - 1:#x}: {target} = {second}; p += 8; w <<= 8")
            self._out.line(f"elif not w & {1 << below - 9:#x}:")
            self._out.line(f"    {target} = {second} | (w >> {below - 16} & 0x7f) << 14; p += 16; w <<= 16")
            self._out.line("else:")
            self._out.line(
                f"    {target}, p = more(d, p, {target}); w = window(d, p >> 3)[0] >> {64 - below} - (p & 7)"
            )
            if even and high is not None:  # what one octet holds is in range, of either sign
                self._out.line(f"if {target} > {high}: raise Uncommon")
        self._valid -= 16
        if datatype.signed:
            self._out.line(f"if s: {target} = ~{target}")
        if low and not even:
            self._out.line(f"if {target} < {low}: raise Uncommon")
        if high is not None and not even:
            self._out.line(f"if {target} > {high}: raise Uncommon")

    def _sized(self, datatype: Text | Binary, target: str, helper: str) -> None:
        self._take(8, "n")
        self._flush()
        self._out.line(f"{target}, p = {helper}(d, p, n)")
        self._valid = 0
        if datatype.shortest:
            self._out.line(f"if len({target}) < {datatype.shortest}: raise Uncommon")
        if datatype.longest is not None:
            self._out.line(f"if len({target}) > {datatype.longest}: raise Uncommon")

    # bits

    def _take(self, width: int, name: str = "") -> None:
        """Read bits: into a name, or expect zeros."""
        if sum(each for each, _ in self._pending) + width > _WIDEST:
            self._flush()
        self._pending.append((width, name))

    @contextmanager
    def _branch(self, head: str) -> Iterator[None]:
        """Lines that are not always run: behind them nothing is known of `w`."""
        with self._out.block(head):
            yield
        self._valid = 0

    def _join(self, below: int, valid: int) -> None:
        """At a branch's end: make `w` hold what comes next at the place where it is if the branch is not taken."""
        self._valid = min(self._valid, valid)
        if self._valid and below != self._below:
            self._out.line(f"w <<= {below - self._below}" if below > self._below else f"w >>= {self._below - below}")
        self._below = below

    def _look(self, width: int) -> None:
        """Make sure that so many bits are in `w`."""
        if width > self._valid:
            self._out.line(f"w = window(d, p >> 3)[0] >> {64 - _WIDEST} - (p & 7)")
            self._below = self._valid = _WIDEST

    def _flush(self, ahead: int = 0) -> None:
        """Take all bits that wait out of `w`, with a new look at the stream if they, and those `ahead`, are not in it."""
        total = sum(width for width, _ in self._pending)
        if total and total + ahead > _WIDEST:
            # the last place, which the caller looks behind, gets a window of its own
            last = self._pending.pop()
            self._flush()
            self._pending.append(last)
            total = last[0]
        if total:
            self._look(total + ahead)
            self._out.line(f"p += {total}")
            self._valid -= total
            zeros, names = 0, []
            for width, name in self._pending:
                self._below -= width
                mask = (1 << width) - 1
                if name:
                    names.append(f"{name} = w >> {self._below} & {mask:#x}")
                else:
                    zeros |= mask << self._below
            if zeros:
                self._out.line(f"if w & {zeros:#x}: raise Uncommon")
            for line in names:
                self._out.line(line)
        for line in self._afterwards:
            self._out.line(line)
        self._pending.clear()
        self._afterwards.clear()


def _long_list(read: ReadType, data: bytes, position: int, width: int, limit: int) -> tuple[list[Any], int, int]:
    """Items of one type until the event after one, in so many bits, is not another item (0), or the limit is reached.

    Returns the items, the position, and the event's code. Long lists repeat themselves: what has been read before from
    the same bits is not read again, unless too few items are of that kind.
    """
    items: list[Any] = []
    known: dict[int, Any] = {}
    span, mask, chances = 0, 0, _CHANCES
    while True:
        start = position
        if chances:
            position += span
            bits = int.from_bytes(data[start >> 3 : position + 7 >> 3], "big") >> (-position & 7) & mask
            item = known.get(bits)
            if item is not None:
                items.append(item)
                if len(items) < limit:
                    continue
                return items, position - width, 0
        item, position = read(data, start)
        items.append(item)
        if len(items) == limit:
            return items, position, 0
        code = _window(data, position >> 3)[0] >> 64 - width - (position & 7) & ((1 << width) - 1)
        position += width
        if code:
            return items, position, code
        if chances:
            chances -= 1
            if position - start != span:
                span, known = position - start, {}
                mask = (1 << span) - 1
            known[int.from_bytes(data[start >> 3 : position + 7 >> 3], "big") >> (-position & 7) & mask] = item


def _more(data: bytes, position: int, value: int) -> tuple[int, int]:
    """The octets after the first of an integer; `value` is the first, with its continuation bit."""
    value &= 0x7F
    shift = 7
    while shift < 70:  # 64 bits need ten octets
        octet = _window(data, position >> 3)[0] >> 56 - (position & 7) & 0xFF
        position += 8
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value, position
        shift += 7
    raise Uncommon


def _octets(data: bytes, position: int, count: int) -> tuple[bytes, int]:
    """Binary content; `count` is the first octet of its length."""
    if count > 127:
        count, position = _more(data, position, count)
    return _aligned(data, position, count), position + 8 * count


def _text(data: bytes, position: int, length: int) -> tuple[str, int]:
    """A string literal; `length` is the first octet of its length, two more than its characters."""
    if length > 127:
        length, position = _more(data, position, length)
    if length < 2:  # a hit in a string table
        raise Uncommon
    octets = _aligned(data, position, length - 2)
    if octets.isascii():
        return octets.decode("ascii"), position + 8 * (length - 2)
    return _other_text(data, position, length - 2)


def _aligned(data: bytes, position: int, count: int) -> bytes:
    """Octets from any bit position."""
    first, skew = position >> 3, position & 7
    if first + count + len(PADDING) > len(data):
        raise Uncommon
    if not skew:
        return data[first : first + count]
    window = int.from_bytes(data[first : first + count + 1], "big") >> 8 - skew
    return (window & ((1 << 8 * count) - 1)).to_bytes(count, "big")


def _other_text(data: bytes, position: int, count: int) -> tuple[str, int]:
    """Characters beyond ASCII: two octets and more each."""
    left = len(data) - len(PADDING) - (position >> 3)
    found, used = characters(_aligned(data, position, min(left, LONGEST_CHARACTER * count)), count)
    if NO_CHARACTER in found:
        raise Uncommon
    return found, position + 8 * used
