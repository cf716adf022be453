"""The built-in representations, against octets worked out by hand from EXI 1.0, chapter 7.1."""

import pytest

from harness.exi.bits import MAX_INTEGER_BITS, NO_CHARACTER, BitReader, BitWriter, characters
from harness.exi.errors import ExiError


@pytest.mark.parametrize(
    ("value", "octets"),
    [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (16384, "808001"), (2**64 - 1, "ff" * 9 + "01")],
)
def test_an_unsigned_integer_is_seven_bits_an_octet_lowest_first(value, octets):
    out = BitWriter()
    out.unsigned(value)
    assert out.getvalue().hex() == octets
    assert BitReader(bytes.fromhex(octets)).unsigned() == value


@pytest.mark.parametrize(
    ("value", "octets"), [(0, "0000"), (-1, "8000"), (1, "0080"), (-128, "bf80"), (-129, "c00080")]
)
def test_a_signed_integer_is_a_sign_bit_and_the_complement_of_a_negative_value(value, octets):
    out = BitWriter()
    out.signed(value)
    assert out.getvalue().hex() == octets
    assert BitReader(bytes.fromhex(octets)).signed() == value


def test_bits_need_no_octet_boundary():
    out = BitWriter()
    out.bits(0b101, 3)
    out.octets(b"\xff\x00")
    assert out.getvalue().hex() == "bfe000"
    data = BitReader(bytes.fromhex("bfe000"))
    assert (data.bits(3), data.octets(2), data.position) == (0b101, b"\xff\x00", 19)


def test_reading_past_the_end_is_refused_with_the_place():
    data = BitReader(b"\x80")
    data.bits(6)
    with pytest.raises(ExiError) as refused:
        data.bits(3)
    assert refused.value.bit == 8


def test_a_length_that_promises_more_than_there_is_is_refused_before_anything_is_read():
    with pytest.raises(ExiError, match="1000000 octets announced"):
        BitReader(b"\x00" * 10).octets(1_000_000)


def test_an_endless_integer_is_refused():
    with pytest.raises(ExiError, match=str(MAX_INTEGER_BITS)):
        BitReader(b"\xff" * 1000).unsigned()


def test_characters_beyond_ascii_take_more_octets():
    assert characters(b"ab", 2) == ("ab", 2)
    assert characters(bytes.fromhex("61e401"), 2) == ("aä", 3)


def test_what_is_no_character_is_marked_and_a_cut_string_is_refused():
    surrogate = bytes.fromhex("80b003")
    assert characters(surrogate, 1) == (NO_CHARACTER, 3)
    with pytest.raises(ExiError, match="within a string"):
        characters(b"\x80", 1)
