"""The message sets of ISO 15118-20, ISO 15118-2 and DIN SPEC 70121 as frozen dataclasses, and their way to octets.

    from harness.iso15118 import messages
    from harness.iso15118.messages import common_types, dc

    octets = messages.encode(request, "dc")
    request = messages.decode(octets, "dc").message

A set's module is imported when the set is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from harness.exi import codec, jsonform
from harness.exi.codec import Decoded, Kind, Mode
from harness.exi.declare import Child, ContentError, Record
from harness.exi.errors import Deviation, ExiError
from harness.exi.reader import Event
from harness.exi.schema import QName, Schema
from harness.iso15118.messages import core

__all__ = [
    "Child",
    "ContentError",
    "Decoded",
    "Deviation",
    "Event",
    "ExiError",
    "MessageSet",
    "Record",
    "decode",
    "encode",
    "explain",
    "from_json",
    "register",
    "schema",
    "schemas",
    "to_json",
]


class MessageSet(Schema):
    """A schema with its place in the protocol: the namespace that is negotiated and the V2GTP payload type."""

    def __init__(
        self, name: str, payload_type: int | None, namespaces: tuple[str, ...], load: Callable[[], object]
    ) -> None:
        signed = core.DSIG in namespaces
        super().__init__(name, namespaces, load, _DSIG_SIMPLE_ROOTS if signed else {})
        self.namespace = namespaces[0]
        self.payload_type = payload_type

    def message(self, name: str) -> type[Record]:
        """The class of a message, by its schema name; KeyError when the set has no such message."""
        for cls in self.classes:
            if cls.declaration.name == name and cls.declaration.root:
                return cls
        raise KeyError(f"{self.name} has no message {name}")


def schema(name: str | MessageSet) -> MessageSet:
    """A message set by name; KeyError when it is not registered."""
    return _sets[name] if isinstance(name, str) else name


def schemas() -> tuple[MessageSet, ...]:
    """Every registered message set."""
    return tuple(_sets.values())


def register(message_set: MessageSet) -> MessageSet:
    """Add a message set: a variant or an amendment."""
    _sets[message_set.name] = message_set
    return message_set


def decode(data: bytes, schema: str | MessageSet, kind: Kind = "document", mode: Mode = "strict") -> Decoded:
    """Read an EXI stream (no V2GTP header). Strict raises ExiError at the first deviation, tolerant collects them."""
    return codec.decode(data, _schema(schema), kind, mode)


def encode(message: Record, schema: str | MessageSet, kind: Kind = "document", name: str | None = None) -> bytes:
    """Write an EXI stream; `name` only for a fragment whose element is not named like its type."""
    return codec.encode(message, _schema(schema), kind, name)


def explain(data: bytes, schema: str | MessageSet, kind: Kind = "document") -> tuple[list[Event], Decoded]:
    """Read tolerantly, event by event with bit offsets."""
    return codec.explain(data, _schema(schema), kind)


def to_json(message: Record, name: str | None = None) -> dict[str, Any]:
    """`{"MessageName": {...}}` with the schema's names, in schema order."""
    return jsonform.to_json(message, name)


def from_json(
    content: dict[str, Any], schema: str | MessageSet, kind: Kind = "document", *, checked: bool = True
) -> Record:
    """The message of a `{"MessageName": {...}}`; ContentError where the schema does not allow it."""
    if len(content) != 1:
        raise ContentError("document", f"expected one message, got {', '.join(content) or 'none'}")
    ((name, inner),) = content.items()
    try:
        element = _schema(schema).element(name, kind)
    except KeyError as unknown:
        raise ContentError(name, str(unknown.args[0])) from None
    made: Record = jsonform.from_json(_schema(schema), element, inner, checked=checked)
    return made


_schema = schema  # the functions above have a parameter of that name

_DSIG_SIMPLE_ROOTS = {
    QName("DigestValue", core.DSIG): core.Base64,
    QName("KeyName", core.DSIG): str,
    QName("MgmtData", core.DSIG): str,
}


def _load(*modules: str) -> None:
    for module in modules:
        import_module(f"{__name__}.{module}")


_sets: dict[str, MessageSet] = {}
_ISO20 = (core.TYPES, core.DSIG)
# Payload types: ISO 15118-20 and -2, as public stacks use them (0x8001 carries all of -2 and DIN)
for _name, _payload_type, _namespaces, _modules in (
    ("sap", 0x8001, (core.SAP,), ("sap",)),
    ("common", 0x8002, (core.COMMON, *_ISO20), ("common",)),
    ("ac", 0x8003, (core.AC, *_ISO20), ("ac",)),
    ("dc", 0x8004, (core.DC, *_ISO20), ("dc",)),
    ("acdp", 0x8005, (core.ACDP, *_ISO20), ("acdp",)),
    ("wpt", 0x8006, (core.WPT, *_ISO20), ("wpt",)),
    ("iso2", 0x8001, (core.ISO2, core.ISO2_HEADER, core.ISO2_BODY, core.ISO2_TYPES, core.DSIG), ("iso2.document",)),
    (
        "din",
        0x8001,
        (core.DIN, core.DIN_HEADER, core.DIN_BODY, core.DIN_TYPES, core.DSIG),
        ("din.document", "din.body"),
    ),
    ("dsig", None, (core.DSIG,), ("dsig",)),
):
    register(MessageSet(_name, _payload_type, _namespaces, partial(_load, *_modules)))
