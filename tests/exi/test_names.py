"""Elements by name: of fragments, where a name can stand in several namespaces and for several types, and in JSON."""

import pytest

from harness.exi.declare import Child, ContentError
from harness.exi.errors import ExiError
from harness.exi.writer import Writer
from harness.iso15118 import messages
from harness.iso15118.messages import core, der_iec, dsig  # noqa: F401  # der_iec adds its set
from harness.iso15118.messages.iso2 import types as iso2


def test_of_a_fragment_s_name_in_several_namespaces_the_first_is_written_that_can_hold_the_value():
    limit = iso2.PhysicalValue(multiplier=0, unit="W", value=3)
    schema = messages.schema("iso2")
    first = next(code for code, (qname, _) in enumerate(schema.elements) if qname.name == "EVMaximumPowerLimit")
    data = messages.encode(limit, "iso2", "fragment", "EVMaximumPowerLimit")
    assert data == Writer(schema).fragment("EVMaximumPowerLimit", limit)
    assert int.from_bytes(data[1:3], "big") >> 8 == first
    assert schema.elements[first][0].ns == core.ISO2_BODY


@pytest.mark.parametrize("value", [5, b"\x05"])
def test_a_name_that_means_different_types_in_different_namespaces_is_told_by_its_value(value):
    data = messages.encode(value, "dc", "fragment", "Exponent")  # of RationalNumber, and of an RSA key
    assert messages.decode(data, "dc", "fragment").message == value


@pytest.mark.parametrize("value", [0, 65535, 65536, 2**32 - 1])
def test_a_number_that_is_declared_with_two_types_is_text_in_a_fragment(value):
    data = messages.encode(value, "ac_der_iec", "fragment", "IntentionalDelayPowerControl")
    told = messages.explain(data, "ac_der_iec", "fragment")
    assert [event.value for event in told.events if event.value] == [f'"{value}"']
    assert messages.decode(data, "ac_der_iec", "fragment").message == value


def test_an_element_that_a_set_does_not_have_is_refused():
    limit = iso2.PhysicalValue(multiplier=0, unit="W", value=3)
    with pytest.raises(ExiError, match="Nothing is no element of iso2"):
        messages.encode(limit, "iso2", "fragment", "Nothing")
    with pytest.raises(ExiError, match="PhysicalValue is no global element of iso2"):
        messages.encode(limit, "iso2")


def test_children_in_any_order_keep_it_in_json_too():
    children = (Child("X509SubjectName", "a"), Child("X509SKI", b"\x01"), Child("X509SubjectName", "b"))
    for held in (dsig.X509Data(children=children), dsig.X509Data(children=children[:2])):
        told = messages.to_json(held)
        assert messages.from_json(told, "dsig") == held
    assert told == {"X509Data": {"X509SubjectName": "a", "X509SKI": "AQ=="}}
    with pytest.raises(ContentError, match="a list of objects of one name each"):
        messages.from_json({"X509Data": {"children": ["a"]}}, "dsig")
