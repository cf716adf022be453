"""Documents of ISO 15118-2, and physical values as they carry them."""

from __future__ import annotations

from typing import Any

from harness.exi.declare import Record
from harness.iso15118.messages.iso2.body import Body, BodyBase
from harness.iso15118.messages.iso2.document import MessageHeader, V2GMessage
from harness.iso15118.messages.iso2.types import PhysicalValue, UnitSymbol
from harness.iso15118.quantities import Limits

LARGEST = 32_767_000.0
"""What a physical value can hold, in units."""
CHARGE_SERVICE = 1
"""ServiceID of charging (public stacks)."""
DAY_S = 86_400
"""What a schedule covers where the vehicle names no departure ([V2G2-304]); also the longest entry that the schema has."""
AC_NOMINAL_V = 230.0
PHASES = 3
"""Of a three-phase station (our default)."""


def document(session_id: bytes, content: BodyBase) -> V2GMessage:
    return V2GMessage(header=MessageHeader(session_id=session_id), body=Body(body_element=content))


def amperes(value: float) -> PhysicalValue:
    return PhysicalValue.of(min(round(value, 2), LARGEST), UnitSymbol.A)


def volts(value: float) -> PhysicalValue:
    return PhysicalValue.of(min(round(value, 1), LARGEST), UnitSymbol.V)


def watts(value: float) -> PhysicalValue:
    return PhysicalValue.of(min(int(value), LARGEST), UnitSymbol.W)


def watt_hours(value: float) -> PhysicalValue:
    return PhysicalValue.of(min(round(value), LARGEST), UnitSymbol.Wh)


def ac_current_a(power_w: float) -> float:
    """Per phase."""
    return power_w / (PHASES * AC_NOMINAL_V)


def dc_limits(content: Any, before: Limits | None = None) -> Limits:
    """A vehicle's limits from its charge parameters or from a request of the loop; what is not told stays as `before`."""
    current_a = _number(content.ev_maximum_current_limit, before.maximum_charge_current_a if before else 0.0)
    voltage_v = _number(content.ev_maximum_voltage_limit, before.maximum_voltage_v if before else 0.0)
    most_w = before.maximum_charge_power_w if before else current_a * voltage_v
    return Limits(
        maximum_charge_power_w=_number(content.ev_maximum_power_limit, most_w),
        maximum_charge_current_a=current_a,
        maximum_voltage_v=voltage_v,
    )


def _number(value: Record | None, otherwise: float) -> float:
    return otherwise if value is None else float(value)  # type: ignore[arg-type]
