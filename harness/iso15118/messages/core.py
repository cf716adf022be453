"""What every message set is written in: the declaration language, namespaces, XML Schema's numbers, scaled decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite
from typing import Annotated

from harness.exi.datatypes import Binary, Enumeration, Integer, Text
from harness.exi.declare import (
    UNBOUNDED,
    Child,
    Record,
    attribute,
    children,
    choice,
    element,
    message,
    substitution,
    value,
)

__all__ = [
    "UNBOUNDED",
    "Binary",
    "Child",
    "Enumeration",
    "Integer",
    "Record",
    "Text",
    "attribute",
    "children",
    "choice",
    "element",
    "message",
    "substitution",
    "value",
]

SAP = "urn:iso:15118:2:2010:AppProtocol"
TYPES = "urn:iso:std:iso:15118:-20:CommonTypes"
COMMON = "urn:iso:std:iso:15118:-20:CommonMessages"
DC = "urn:iso:std:iso:15118:-20:DC"
AC = "urn:iso:std:iso:15118:-20:AC"
WPT = "urn:iso:std:iso:15118:-20:WPT"
ACDP = "urn:iso:std:iso:15118:-20:ACDP"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
ISO2 = "urn:iso:15118:2:2013:MsgDef"
ISO2_HEADER = "urn:iso:15118:2:2013:MsgHeader"
ISO2_BODY = "urn:iso:15118:2:2013:MsgBody"
ISO2_TYPES = "urn:iso:15118:2:2013:MsgDataTypes"
DIN = "urn:din:70121:2012:MsgDef"
DIN_HEADER = "urn:din:70121:2012:MsgHeader"
DIN_BODY = "urn:din:70121:2012:MsgBody"
DIN_TYPES = "urn:din:70121:2012:MsgDataTypes"

Byte = Annotated[int, Integer(-(2**7), 2**7 - 1)]
Short = Annotated[int, Integer(-(2**15), 2**15 - 1)]
Int = Annotated[int, Integer(-(2**31), 2**31 - 1)]
Long = Annotated[int, Integer(-(2**63), 2**63 - 1)]
UnsignedByte = Annotated[int, Integer(0, 2**8 - 1)]
UnsignedShort = Annotated[int, Integer(0, 2**16 - 1)]
UnsignedInt = Annotated[int, Integer(0, 2**32 - 1)]
UnsignedLong = Annotated[int, Integer(0, 2**64 - 1)]
URI = Annotated[str, Text(form="anyURI")]
ID = Annotated[str, Text(form="ID")]
IDREF = Annotated[str, Text(form="IDREF")]
Base64 = Annotated[bytes, Binary()]

_SHORT = range(-(2**15), 2**15)
_COMMON_POWERS = (0, -1, -2)


class Scaled(Record):
    """A decimal number: a 16-bit integer times a power of ten. `float(x)` is its value."""

    __slots__ = ()
    value: Short

    @property
    def power(self) -> int:
        """The power of ten."""
        raise NotImplementedError

    def __float__(self) -> float:
        return float(Decimal(self.value).scaleb(self.power))


def scaled(number: float, powers: range) -> tuple[int, int]:
    """Mantissa and power of ten nearest to a number, exact where 16 bits allow it, the power as near to 0 as possible.

    Raises OverflowError where no power in the range is large enough, and for NaN and infinities.
    """
    if not isfinite(number):
        raise OverflowError(f"{number} has no decimal form")
    for power in _COMMON_POWERS:  # what nearly all numbers are
        product = number * 10**-power
        nearest = round(product)
        if nearest in _SHORT and power in powers and abs(product - nearest) <= 1e-12 * abs(product):
            return nearest, power
    # repr is the shortest decimal that is this float: 0.1 means one tenth, not its binary neighbour
    exact = Decimal(repr(float(number))) if isinstance(number, float) else Decimal(number)
    last_digit = exact.normalize().as_tuple().exponent
    for power in range(max(min(int(last_digit), 0), powers[0]), powers[-1] + 1):
        mantissa = int(exact.scaleb(-power).to_integral_value(ROUND_HALF_EVEN))
        if mantissa in _SHORT:
            return mantissa, power
    raise OverflowError(f"{number} is too large for 16 bits times ten to the {powers[-1]}")
