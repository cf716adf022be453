"""Grammars of a small schema that has nothing to do with charging, against bits worked out by hand."""

from __future__ import annotations

from typing import Annotated

import pytest

from harness.exi.codec import decode, encode
from harness.exi.datatypes import Enumeration, Integer, Text
from harness.exi.declare import Child, Record, attribute, children, choice, element, message, substitution
from harness.exi.grammar import grammar
from harness.exi.plan import plan
from harness.exi.schema import Lists, Schema

ZOO = "urn:zoo"
Small = Annotated[int, Integer(0, 3)]


class Diet(Enumeration):
    hay = "hay"
    meat = "meat"
    fish = "fish"


@message(ns=ZOO, root=True, abstract=True)
class Animal(Record):
    age: Small | None = element("Age", default=None)


@message(ns=ZOO, root=True, substitutes="Animal")
class Zebra(Animal):
    stripes: int = element("Stripes")


@message(ns=ZOO, root=True, substitutes="Animal")
class Bear(Animal):
    diet: Diet = element("Diet")


@message(ns=ZOO)
class Gate(Record):
    id: str | None = attribute("Id", default=None)
    open: bool = element("Open")


@message(ns=ZOO)
class Wall(Record):
    height: Small = element("Height")


@message(ns=ZOO, root=True)
class Cage(Record):
    label: Annotated[str, Text(5)] | None = element("Label", default=None)
    animal: tuple[Animal, ...] = substitution("Animal", occurs=(0, 2), default=())
    side: Gate | Wall = choice("Gate", "Wall")


@message(ns=ZOO, root=True)
class Notice(Record):
    children: tuple[Child, ...] = children(
        "(Line | (Picture, Caption?))*", mixed=True, Line=str, Picture=bytes, Caption=str
    )


ZOO_SCHEMA = Schema("zoo", (ZOO,), lambda: None)


def bits(text: str) -> bytes:
    """Octets of bits in text, blanks for the reader."""
    digits = text.replace(" ", "")
    return int(digits.ljust(-(-len(digits) // 8) * 8, "0"), 2).to_bytes(-(-len(digits) // 8), "big")


def test_global_elements_are_sorted_by_local_name():
    assert [root.qname.name for root in ZOO_SCHEMA.roots] == ["Animal", "Bear", "Cage", "Notice", "Zebra"]


def test_a_state_has_one_code_more_than_productions():
    initial = grammar(ZOO_SCHEMA, Cage, Lists()).initial
    labels = [production.term.label for production in initial.productions]
    assert labels == ["SE(Label)", "SE(Animal)", "SE(Bear)", "SE(Zebra)", "SE(Gate)", "SE(Wall)"]
    assert initial.width == 3


def test_the_second_level_of_a_start_tag_offers_what_the_schema_does_not():
    initial = grammar(ZOO_SCHEMA, Wall, Lists()).initial
    assert initial.undeclared == ("EE", "AT(xsi:type)", "AT(xsi:nil)", "AT(*)", "AT(untyped)", "SE(*)", "CH(untyped)")
    assert initial.productions[0].next.undeclared == ("SE(*)", "CH(untyped)")


def test_a_document_has_the_bits_of_the_specification():
    cage = Cage(animal=(Bear(diet=Diet.meat),), side=Wall(height=2))
    by_hand = bits(
        "10000000"  # header
        "010"  # Cage, the third of five and one escape
        "010"  # Bear: Label, Animal, Bear, ...
        " 01  0 01 0  0"  # Age left out; Diet, characters, meat, end; end of Bear
        "100"  # Animal, Bear, Zebra, Gate, Wall and the escape: Wall is 4
        " 0 0 10 0 0"  # Height, characters, 2, end; end of Wall
        "0"  # end of Cage
    )
    assert encode(cage, ZOO_SCHEMA) == by_hand
    assert decode(by_hand, ZOO_SCHEMA).message == cage


def test_after_the_last_allowed_item_the_code_for_one_more_is_gone():
    made = plan(ZOO_SCHEMA, Cage)
    assert made.width(1, inside=True) == 3  # one more Animal, Bear or Zebra, or Gate or Wall
    assert made.width(2) == 2  # Gate or Wall


def test_a_list_that_is_not_unrolled_keeps_the_code_for_one_more():
    endless = Schema("zoo", (ZOO,), lambda: None, lists=Lists(longest_unrolled=1))
    cage = Cage(animal=(Bear(diet=Diet.hay), Bear(diet=Diet.hay)), side=Gate(open=True))
    assert encode(cage, endless) != encode(cage, ZOO_SCHEMA)
    assert decode(encode(cage, endless), endless).message == cage


def test_an_optional_attribute_comes_before_the_content():
    with_id = encode(Cage(side=Gate(id="a", open=True)), ZOO_SCHEMA)
    assert with_id == bits("10000000 010 100  00 00000011 01100001  0 0 1 0  0  0")


def test_irregular_content_keeps_the_order_of_the_document():
    notice = Notice(
        children=(Child("Picture", b"\x01"), Child("Caption", "x"), Child("#text", "between"), Child("Line", "y"))
    )
    assert decode(encode(notice, ZOO_SCHEMA), ZOO_SCHEMA).message == notice


def test_irregular_content_against_its_model_is_refused():
    notice = Notice(children=(Child("Caption", "no picture"),))
    with pytest.raises(ValueError, match="Caption cannot stand here"):
        encode(notice, ZOO_SCHEMA)


def test_an_abstract_element_is_refused_when_built_and_named_when_read():
    with pytest.raises(ValueError, match="Animal: is abstract"):
        Animal()
    document = encode(Animal.unchecked(), ZOO_SCHEMA)
    with pytest.raises(ValueError, match="Animal is abstract"):
        decode(document, ZOO_SCHEMA)
    decoded = decode(document, ZOO_SCHEMA, mode="tolerant")
    assert (decoded.name, [deviation.kind for deviation in decoded.deviations]) == ("Animal", ["facet"])


def test_construction_refuses_what_the_schema_does_not_allow():
    with pytest.raises(ValueError, match=r"Cage.label: 7 characters, at most 5 allowed"):
        Cage(label="toolong", side=Wall(height=1))
    with pytest.raises(ValueError, match=r"Cage.side: expected Gate or Wall"):
        Cage(side=Bear(diet=Diet.hay))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Cage.animal: 3 times, allowed are 0 to 2"):
        Cage(animal=(Zebra(stripes=1),) * 3, side=Wall(height=1))
