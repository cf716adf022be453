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
from harness.exi.codec import Decoded, Explanation, Kind, Mode
from harness.exi.declare import Child, ContentError, Record
from harness.exi.errors import Deviation, ExiError
from harness.exi.foreign import Foreign
from harness.exi.reader import Event
from harness.exi.schema import UNROLLED, Habit, Lists, QName, Schema
from harness.iso15118.messages import core

__all__ = [
    "Child",
    "ContentError",
    "Decoded",
    "Deviation",
    "Event",
    "ExiError",
    "Explanation",
    "Foreign",
    "MessageSet",
    "Record",
    "alias",
    "decode",
    "encode",
    "explain",
    "from_json",
    "register",
    "schema",
    "schema_of",
    "schemas",
    "to_json",
]


class MessageSet(Schema):
    """A schema with its place in the protocol: the namespace that is negotiated and the V2GTP payload type."""

    def __init__(
        self,
        name: str,
        payload_type: int | None,
        namespaces: tuple[str, ...],
        load: Callable[[], object],
        *,
        lists: Lists = UNROLLED,
        habits: tuple[Habit, ...] = (),
    ) -> None:
        signed = core.DSIG in namespaces
        super().__init__(name, namespaces, load, _DSIG_SIMPLE_ROOTS if signed else {}, lists=lists, habits=habits)
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


def schema_of(namespace: str) -> MessageSet:
    """The message set that a namespace in supportedAppProtocol stands for; KeyError when none does."""
    for message_set in _sets.values():
        if message_set.namespace == _aliases.get(namespace, namespace):
            return message_set
    raise KeyError(f"no message set has the namespace {namespace}")


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


def explain(data: bytes, schema: str | MessageSet, kind: Kind = "document") -> Explanation:
    """Read tolerantly, event by event with bit offsets; never raises ExiError."""
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
    made: Record = jsonform.from_json(_schema(schema), kind, name, inner, checked=checked)
    return made


def alias(namespace: str, message_set: MessageSet) -> None:
    """Another namespace for the same messages: a maker's own, or another minor version's."""
    _aliases[namespace] = message_set.namespace


# A car maker's own name for DIN's messages, seen in the field
_aliases = {"urn:tesla:din:2018:MsgDef": core.DIN}

_schema = schema  # the functions above have a parameter of that name

_DSIG_SIMPLE_ROOTS = {
    QName("DigestValue", core.DSIG): core.Base64,
    QName("KeyName", core.DSIG): str,
    QName("MgmtData", core.DSIG): str,
}


def _load(*modules: str) -> None:
    for module in modules:
        import_module(f"{__name__}.{module}")


# What the grammars do that deployed stacks share (EXIficient's generated classes, libcbv2g): the schemas' long lists
# are endless in them. Measured list by list against EXIficient's.
_ISO20_LISTS = Lists(longest_unrolled=128)
_ISO2_LISTS = Lists(longest_unrolled=8)

_UNROLLED = Habit("the encoder unrolls the long lists too, as EXI 1.0 says and deployed grammars do not", UNROLLED)


def _cbv2g(lists: Lists, *names: str) -> Habit:
    """libcbv2g's encoder keeps the code for one more item after the last allowed one of these lists."""
    kept = Lists(lists.longest_unrolled, frozenset(names))
    return Habit(f"libcbv2g: after the last allowed {' or '.join(names)} the code for one more is kept", kept)


_ISO20_HABITS = (
    _cbv2g(_ISO20_LISTS, "Service", "SelectedService", "TaxCosts", "PriceRule", "RootCertificateID", "AlternativeSECC"),
    _UNROLLED,
)
_ISO2_HABITS = (_cbv2g(_ISO2_LISTS, "Service", "Cost"), _UNROLLED)
_ACDP_HABITS = (
    Habit(
        "libcbv2g: global elements sorted by their types' names, so these two have each other's code",
        swapped=("ACDP_ConnectRes", "ACDP_DisconnectReq"),
    ),
)

_sets: dict[str, MessageSet] = {}
_20 = (core.TYPES, core.DSIG)
_2 = (core.ISO2, core.ISO2_HEADER, core.ISO2_BODY, core.ISO2_TYPES, core.DSIG)
_DIN = (core.DIN, core.DIN_HEADER, core.DIN_BODY, core.DIN_TYPES, core.DSIG)


def _add(name: str, payload_type: int | None, namespaces: tuple[str, ...], *modules: str) -> None:
    """Register one of the sets above; payload types as public stacks use them (0x8001 carries all of -2 and DIN)."""
    lists, habits = UNROLLED, tuple[Habit, ...]()
    if core.TYPES in namespaces:
        lists, habits = _ISO20_LISTS, _ISO20_HABITS
    elif core.ISO2 in namespaces:
        lists, habits = _ISO2_LISTS, _ISO2_HABITS
    if core.ACDP in namespaces:
        habits += _ACDP_HABITS
    register(MessageSet(name, payload_type, namespaces, partial(_load, *modules), lists=lists, habits=habits))


_add("sap", 0x8001, (core.SAP,), "sap")
_add("common", 0x8002, (core.COMMON, *_20), "common")
_add("ac", 0x8003, (core.AC, *_20), "ac")
_add("dc", 0x8004, (core.DC, *_20), "dc")
_add("acdp", 0x8005, (core.ACDP, *_20), "acdp")
_add("wpt", 0x8006, (core.WPT, *_20), "wpt")
_add("iso2", 0x8001, _2, "iso2.document")
_add("din", 0x8001, _DIN, "din.document", "din.body")
_add("dsig", None, (core.DSIG,), "dsig")
