"""Octets of another encoder: decoded to the same content, encoded to the same octets, every global element covered."""

import json
from pathlib import Path

import pytest

from harness.exi import codec
from harness.exi.reader import Reader
from harness.exi.schema import complex_type
from harness.exi.writer import Writer
from harness.iso15118 import messages

LINES = Path(__file__).with_name("vectors.jsonl").read_text(encoding="utf-8").splitlines()
VECTORS = [json.loads(line) for line in LINES[1:]]
SETS = ("sap", "common", "dc", "ac", "acdp", "wpt", "iso2", "din", "dsig")
# they need an element through a wildcard, which no message of ISO 15118 has
WITHOUT_VECTOR = {"SignatureProperty", "SignatureProperties"}


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
    assert roots - abstract - WITHOUT_VECTOR <= covered


@pytest.mark.parametrize("name", SETS)
def test_every_optional_part_is_there_once_and_missing_once(name):
    seen: set[tuple[str, str, bool]] = set()

    def visit(value):
        if isinstance(value, messages.Record):
            for field in complex_type(type(value)).fields:
                held = getattr(value, field.name)
                seen.add((type(value).__name__, field.name, bool(held) or held is False or held == 0))
                for each in held if isinstance(held, tuple) else (held,):
                    visit(each.value if isinstance(each, messages.Child) else each)

    for vector in [vector for vector in VECTORS if vector["schema"] == name]:
        visit(messages.from_json(vector["json"], name, vector["kind"]))
    types = {type_name for type_name, _, _ in seen}
    missed = [
        (cls.__name__, field.name, there)
        for cls in messages.schema(name).classes
        if cls.__name__ in types and (name == "dsig" or "xmldsig" not in cls.declaration.ns)
        for field in complex_type(cls).fields
        if not field.required and field.slot.kind != "children"
        for there in (True, False)
        if (cls.__name__, field.name, there) not in seen
    ]
    # Object needs nothing to be in it; all else must have been met both ways
    assert [each for each in missed if each[0] not in ("Signature", "Object")] == []


def test_the_file_says_how_it_was_made():
    assert "EXIficient" in json.loads(LINES[0])["made"]
