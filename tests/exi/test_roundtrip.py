"""Whatever the model can say comes back as it was said."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.iso15118 import messages
from tests.exi.instances import Instances
from tests.fuzz import exi_fuzz

SETS = ("sap", "common", "dc", "ac", "acdp", "wpt", "iso2", "din", "dsig")


@pytest.mark.parametrize("name", SETS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rng=st.randoms(use_true_random=False))
def test_encoding_and_decoding_any_message_gives_it_back(name, rng):
    schema = messages.schema(name)
    roots = [root.type for root in schema.roots if isinstance(root.type, type)]
    cls = rng.choice([root for root in roots if not root.declaration.abstract])
    message = Instances(schema, rng).record(cls)
    data = messages.encode(message, name)
    decoded = messages.decode(data, name)
    assert decoded.message == message
    assert messages.decode(data, name, mode="tolerant") == decoded
    assert json.loads(json.dumps(messages.to_json(message))).keys() == {cls.declaration.name}


def test_a_slice_of_the_fuzzing_finds_no_foreign_error():
    rng = random.Random(20)
    corpus = exi_fuzz.seeds()
    for _ in range(4000):
        schema, kind, data = rng.choice(corpus)
        exi_fuzz.decode_both_ways(schema, kind, exi_fuzz.mutated(data, rng))
    assert exi_fuzz.decode_both_ways("common", "document", b"") >= 0


def test_64_kib_of_anything_take_bounded_time():
    rng = random.Random(21)
    for schema in ("common", "iso2", "wpt"):
        stream = exi_fuzz.hostile(rng.choice(exi_fuzz.seeds())[2], rng)
        exi_fuzz.decode_both_ways(schema, "document", stream)  # compiles
        fastest = min(exi_fuzz.decode_both_ways(schema, "document", stream) for _ in range(3))
        assert fastest < exi_fuzz.LIMIT_S
