"""The compiled readers and the event-wise one are two readings of one grammar: they must say the same."""

import pickle
import random
import struct
from copy import deepcopy
from itertools import product

import pytest

from harness.exi import codec
from harness.exi.declare import Record, element, message
from harness.exi.errors import ExiError
from harness.exi.form import forms
from harness.exi.plan import plan
from harness.exi.reader import Reader
from harness.exi.schema import complex_type
from harness.exi.source import Uncommon
from harness.iso15118 import messages
from harness.iso15118.messages.iso2 import types as iso2
from tests.fuzz import exi_fuzz

NUMBERS = (0, 1, 127, 128, 255, 256, 16383, 16384, 2**21 - 1, 2**21, 2**28, 2**32 - 1)


def compiled(data, schema, kind):
    """Name and content, or None where the compiled readers leave it to the event-wise one."""
    try:
        decoded, end = codec._compiled(messages.schema(schema), kind).decode(data)
    except (Uncommon, ExiError, IndexError, struct.error):
        return None
    return None if list(codec.trailer(data, end)) else (decoded.name, decoded.message)


def event_wise(data, schema, kind):
    try:
        return Reader(messages.schema(schema), data, tolerant=False).run(kind)
    except ExiError:
        return None


def test_what_the_compiled_readers_take_for_right_is_right_and_reads_the_same():
    rng = random.Random(3)
    taken = 0
    for _ in range(1000):
        schema, kind, data = rng.choice(exi_fuzz.seeds())
        stream = exi_fuzz.mutated(data, rng) if rng.random() < 0.8 else data
        found = compiled(stream, schema, kind)
        if found is not None:
            taken += 1
            assert found == event_wise(stream, schema, kind), stream.hex()
    assert taken > 250


@pytest.mark.parametrize("multiplier", [None, -3, 0, 3])
def test_a_small_record_is_the_same_in_each_of_its_forms(multiplier):
    for _ in range(2):  # read, and found among those that were read before
        for first, kind in product(NUMBERS, iso2.CostKind):
            costs = tuple(
                iso2.Cost(cost_kind=kind, amount=amount, amount_multiplier=multiplier) for amount in (first, 1, 300)
            )
            start = iso2.PhysicalValue(multiplier=0, unit="W", value=first % 2**15 - 2**14)
            held = iso2.ConsumptionCost(start_value=start, cost=costs)
            data = messages.encode(held, "iso2", "fragment")
            assert compiled(data, "iso2", "fragment") == ("ConsumptionCost", held)
            assert event_wise(data, "iso2", "fragment") == ("ConsumptionCost", held)


def test_the_forms_of_a_small_record_are_with_and_without_what_is_optional_in_one_octet_and_in_two():
    made = plan(messages.schema("iso2"), iso2.Cost)
    assert [each.width for each in forms(made, often=True)] == [18, 24, 26, 32]
    assert [each.width for each in forms(made, often=False)] == [18]
    assert forms(plan(messages.schema("iso2"), iso2.ConsumptionCost), often=True) == []


def test_an_abstract_element_is_nothing_that_a_compiled_reader_takes():
    stream = bytes.fromhex("804c61191b206200")  # MeteringReceiptRes with the abstract EVSEStatus itself
    assert compiled(stream, "iso2", "document") is None
    with pytest.raises(ExiError, match="EVSEStatus is abstract"):
        messages.decode(stream, "iso2")


def test_a_record_has_slots_and_behaves_like_an_object_with_fields():
    schema, kind, data = next(each for each in exi_fuzz.seeds() if each[:2] == ("dc", "document"))
    held = messages.decode(data, schema, kind).message
    assert list(vars(held)) == [each.name for each in complex_type(type(held)).fields]
    assert pickle.loads(pickle.dumps(held)) == deepcopy(held) == held
    assert hash(deepcopy(held)) == hash(held)
    with pytest.raises(AttributeError):
        held.header = None
    assert type(held).__dictoffset__ == 0


def test_a_base_without_slots_would_give_every_record_a_dictionary_and_is_refused():
    class Loose(Record):
        pass

    with pytest.raises(TypeError, match="no __slots__"):

        @message(ns="urn:loose")
        class Held(Loose):
            number: int = element("Number")
