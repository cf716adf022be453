"""Bits and the built-in representations of EXI 1.0, chapter 7.1, one bit at a time: plain, exact, not fast."""

from __future__ import annotations

from harness.exi.errors import ExiError

# Our limit for xs:integer, which EXI leaves open: ten times a certificate's serial number
MAX_INTEGER_BITS = 2048


class BitReader:
    """Reads from octets, first bit first."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.end = 8 * len(data)
        self.position = 0

    def bits(self, width: int) -> int:
        """An n-bit unsigned integer."""
        start, self.position = self.position, self.position + width
        if self.position > self.end:
            raise ExiError("the stream ends here, more was expected", self.end)
        first, last = start >> 3, (self.position + 7) >> 3
        window = int.from_bytes(self.data[first:last], "big")
        return window >> (8 * last - self.position) & ((1 << width) - 1)

    def unsigned(self) -> int:
        """An unsigned integer: seven bits an octet, least significant first."""
        value = shift = 0
        while True:
            octet = self.bits(8)
            value |= (octet & 0x7F) << shift
            if octet < 0x80:
                return value
            shift += 7
            if shift > MAX_INTEGER_BITS:
                raise ExiError(f"an integer of more than {MAX_INTEGER_BITS} bits", self.position)

    def signed(self) -> int:
        """A sign bit, then the value or, if negative, the value's complement."""
        negative = self.bits(1)
        magnitude = self.unsigned()
        return -magnitude - 1 if negative else magnitude

    def octets(self, count: int) -> bytes:
        """Octets at any bit position."""
        if self.position + 8 * count > self.end:
            raise ExiError(f"{count} octets announced, {(self.end - self.position) // 8} are there", self.position)
        return self.bits(8 * count).to_bytes(count, "big")

    def characters(self, count: int) -> str:
        """Characters, each an unsigned integer; what is no character comes out as U+FFFD."""
        left = (self.end - self.position) // 8
        if count > left:
            raise ExiError(f"{count} characters announced, room for {left}", self.position)
        start = self.position
        text, used = characters(self.octets(min(left, LONGEST_CHARACTER * count)), count)
        self.position = start + 8 * used
        return text


NO_CHARACTER = "\ufffd"
LONGEST_CHARACTER = 4  # octets


def characters(octets: bytes, count: int) -> tuple[str, int]:
    """So many characters, and how many octets they took."""
    if octets[:count].isascii():
        return octets[:count].decode("ascii"), count
    found: list[str] = []
    point = shift = 0
    for used, octet in enumerate(octets, 1):
        point |= (octet & 0x7F) << shift
        if octet & 0x80:
            shift += 7
            if shift > 7 * (LONGEST_CHARACTER - 1):
                raise ExiError(f"a character of more than {LONGEST_CHARACTER} octets")
            continue
        found.append(chr(point) if point < 0xD800 or 0xDFFF < point < 0x110000 else NO_CHARACTER)
        if len(found) == count:
            return "".join(found), used
        point = shift = 0
    raise ExiError("the stream ends within a string")


class BitWriter:
    """Collects bits, first bit first."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._rest = 0
        self._width = 0

    def bits(self, value: int, width: int) -> None:
        """An n-bit unsigned integer."""
        self._rest = self._rest << width | value
        self._width += width
        if self._width >= 512:
            spare = self._width & 7
            self._done += (self._rest >> spare).to_bytes(self._width >> 3, "big")
            self._rest &= (1 << spare) - 1
            self._width = spare

    def unsigned(self, value: int) -> None:
        """An unsigned integer: seven bits an octet, least significant first."""
        while value >= 0x80:
            self.bits(value & 0x7F | 0x80, 8)
            value >>= 7
        self.bits(value, 8)

    def signed(self, value: int) -> None:
        """A sign bit, then the value or, if negative, the value's complement."""
        self.bits(int(value < 0), 1)
        self.unsigned(-value - 1 if value < 0 else value)

    def octets(self, value: bytes) -> None:
        """Octets at any bit position."""
        self.bits(int.from_bytes(value, "big"), 8 * len(value))

    def getvalue(self) -> bytes:
        """All bits so far, the last octet filled with zeros."""
        spare = -self._width % 8
        return bytes(self._done) + (self._rest << spare).to_bytes((self._width + spare) >> 3, "big")
