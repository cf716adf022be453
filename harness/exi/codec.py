"""Decode and encode: the compiled way first, the thorough way for whatever that leaves alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from harness.exi.declare import Record
from harness.exi.errors import Deviation
from harness.exi.reader import Event, Reader
from harness.exi.schema import Schema
from harness.exi.writer import Writer

Kind = Literal["document", "fragment"]
Mode = Literal["strict", "tolerant"]


@dataclass(frozen=True)
class Decoded:
    """What a stream holds: the element's name, its content, and what was wrong with the stream."""

    name: str
    message: Any
    deviations: tuple[Deviation, ...] = ()


def decode(data: bytes, schema: Schema, kind: Kind = "document", mode: Mode = "strict") -> Decoded:
    """Read a stream. Strict raises ExiError at the first deviation; tolerant collects them and goes on.

    Both raise ExiError where reading cannot go on.
    """
    reader = Reader(schema, data, tolerant=mode == "tolerant")
    name, message = reader.run(kind)
    return Decoded(name, message, tuple(reader.deviations))


def encode(message: Any, schema: Schema, kind: Kind = "document", name: str | None = None) -> bytes:
    """Write a message. `name` is needed only for a fragment whose element is not named like its type.

    Raises ExiError for content that EXI cannot carry under this schema.
    """
    if name is None:
        name = message.declaration.name if isinstance(message, Record) else ""
    writer = Writer(schema)
    return writer.document(name, message) if kind == "document" else writer.fragment(name, message)


def explain(data: bytes, schema: Schema, kind: Kind = "document") -> tuple[list[Event], Decoded]:
    """Read tolerantly and keep every event with its bit offset."""
    reader = Reader(schema, data, tolerant=True, trace=True)
    name, message = reader.run(kind)
    return reader.events, Decoded(name, message, tuple(reader.deviations))
