"""Octets of another encoder: decoded to the same content, encoded to the same octets, every global element covered."""

import json
from pathlib import Path

import pytest

from harness.exi import codec
from harness.exi.grammar import alternatives
from harness.exi.reader import Reader
from harness.exi.schema import complex_type
from harness.exi.writer import Writer
from harness.iso15118 import messages

LINES = Path(__file__).with_name("vectors.jsonl").read_text(encoding="utf-8").splitlines()
VECTORS = [json.loads(line) for line in LINES[1:]]
SETS = ("sap", "common", "dc", "ac", "acdp", "wpt", "iso2", "din", "dsig")
SHORT = 32  # items; lists that may have as many are met full


@pytest.mark.parametrize("name", SETS)
def test_every_vector_is_decoded_and_encoded_alike(name):
    found = [vector for vector in VECTORS if vector["schema"] == name]
    assert found
    for vector in found:
        data = bytes.fromhex(vector["exi"])
        decoded = messages.decode(data, name, vector["kind"])
        assert messages.to_json(decoded.message, decoded.name) == vector["json"], vector["message"]
        built = messages.from_json(vector["json"], name, vector["kind"])
        assert built == decoded.message
        assert messages.encode(built, name, vector["kind"], decoded.name).hex() == vector["exi"], vector["message"]


@pytest.mark.parametrize("name", SETS)
def test_event_by_event_comes_out_as_compiled(name):
    for vector in [vector for vector in VECTORS if vector["schema"] == name]:
        schema = messages.schema(name)
        data = bytes.fromhex(vector["exi"])
        root, message = Reader(schema, data, tolerant=False).run(vector["kind"])
        assert codec.Decoded(root, message) == messages.decode(data, name, vector["kind"])
        writer = Writer(schema)
        written = writer.document(root, message) if vector["kind"] == "document" else writer.fragment(root, message)
        assert written == data, vector["message"]


@pytest.mark.parametrize("name", SETS)
def test_every_global_element_has_a_vector(name):
    roots = {root.qname.name for root in messages.schema(name).roots if isinstance(root.type, type)}
    abstract = {cls.declaration.name for cls in messages.schema(name).classes if cls.declaration.abstract}
    covered = {vector["message"] for vector in VECTORS if vector["schema"] == name} | {"V2G_Message"}
    assert roots - abstract <= covered


def records_of(name):
    """Every record in every vector of a set."""

    def within(value):
        if isinstance(value, messages.Record):
            yield value
            for held in vars(value).values():
                for each in held if isinstance(held, tuple) else (held,):
                    yield from within(each.value if isinstance(each, messages.Child) else each)

    for vector in VECTORS:
        if vector["schema"] == name:
            yield from within(messages.from_json(vector["json"], name, vector["kind"]))


def parts(name, schema):
    """What is to be met in a set: (type, field, what) of each option, alternative, child and short list."""
    for cls in schema.classes:
        kind = complex_type(cls)
        if cls.declaration.abstract or cls not in in_documents(schema):
            continue
        for field in kind.fields:
            here = cls.__name__, field.name
            if field.slot.kind == "children":
                yield from ((*here, child) for child in kind.child_types)
                continue
            if not field.required:
                yield from ((*here, there) for there in (True, False))
            if field.slot.kind in ("choice", "substitution"):
                types = [element.type for element in alternatives(schema, field)]
                yield from ((*here, one.__name__) for one in types if not one.declaration.abstract)
            if field.listed and (field.slot.occurs[1] or SHORT + 1) <= SHORT:
                yield (*here, "full")


def in_documents(schema):
    """The types that some message of the set can hold."""
    found, todo = set(), [root.type for root in schema.roots if isinstance(root.type, type)]
    while todo:
        cls = todo.pop()
        if cls in found:
            continue
        found.add(cls)
        for field in complex_type(cls).fields:
            if field.slot.kind == "children":
                todo += [type_ for type_ in complex_type(cls).child_types.values() if isinstance(type_, type)]
            elif field.slot.names:
                todo += [each.type for each in alternatives(schema, field) if isinstance(each.type, type)]
    return found


@pytest.mark.parametrize("name", SETS)
def test_every_option_is_there_once_and_missing_once_and_every_choice_is_taken(name):
    met = set()
    for record in records_of(name):
        for field in complex_type(type(record)).fields:
            here, held = (type(record).__name__, field.name), getattr(record, field.name)
            if field.slot.kind == "children":
                met |= {(*here, child.name) for child in held}
                continue
            met.add((*here, held is not None and held != ()))
            for each in held if isinstance(held, tuple) else (held,):
                met.add((*here, type(each).__name__))
            if field.listed and len(held) == field.slot.occurs[1]:
                met.add((*here, "full"))
    assert [part for part in parts(name, messages.schema(name)) if part not in met] == []


def test_the_file_says_how_it_was_made():
    assert "EXIficient" in json.loads(LINES[0])["made"]
