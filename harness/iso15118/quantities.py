"""Physical values as messages carry them, and limits as our agents hold them: SI floats inside, rationals outside."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, TypeVar

from harness.exi.declare import Record
from harness.iso15118.messages.common_types import RationalNumber

R = TypeVar("R", bound=Record)

EXPONENTS = range(-2, 4)
"""Exponents that we send: a common stack refuses to encode any outside -3 to 3."""

_LARGEST = 32767


@lru_cache(maxsize=8192)
def rational(value: float) -> RationalNumber:
    """The finest RationalNumber of a value, rounded toward zero so that a limit is never exceeded.

    Raises OverflowError above 32.767 MW (or V, A, Wh).
    """
    if value == int(value) and abs(value) <= _LARGEST:
        return RationalNumber(exponent=0, value=int(value))
    for exponent in EXPONENTS:
        # nine digits take off what binary floats add: 400.1 must not become 400.09
        mantissa = int(round(value / 10**exponent, 9))
        if abs(mantissa) <= _LARGEST:
            return RationalNumber(exponent=exponent, value=mantissa)
    raise OverflowError(f"{value} needs an exponent above {EXPONENTS[-1]}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one side can do. Magnitudes: discharge limits are positive here, whatever sign the wire shows."""

    maximum_charge_power_w: float
    minimum_charge_power_w: float = 0.0
    maximum_charge_current_a: float = 0.0
    minimum_charge_current_a: float = 0.0
    maximum_voltage_v: float = 0.0
    minimum_voltage_v: float = 0.0
    maximum_discharge_power_w: float = 0.0
    minimum_discharge_power_w: float = 0.0
    maximum_discharge_current_a: float = 0.0
    minimum_discharge_current_a: float = 0.0


_UNIT = ("_w", "_a", "_v")


def _element(field: str) -> str:
    """`maximum_charge_power_w` is `maximum_charge_power` in a message, behind the side's prefix."""
    return field[:-2] if field.endswith(_UNIT) else field


_QUANTITIES = {_element(each.name): each.name for each in fields(Limits)}


_slots_of: dict[tuple[str, str], tuple[tuple[str, str, bool], ...]] = {}


def _slots(cls: type[Record], prefix: str) -> tuple[tuple[str, str, bool], ...]:
    """(field of the message, field of Limits, whether it is a discharge limit) for all limits that a type carries."""
    key = (cls.__name__, prefix)
    if key not in _slots_of:
        names = [name for name in cls.__dataclass_fields__ if name.startswith(prefix)]
        wanted = ((name, _QUANTITIES.get(name.removeprefix(prefix))) for name in names)
        _slots_of[key] = tuple((name, quantity, "discharge" in name) for name, quantity in wanted if quantity)
    return _slots_of[key]


def limit_fields(cls: type[Record], prefix: str, limits: Limits, discharge_sign: int = 1) -> dict[str, RationalNumber]:
    """Values for all limit elements of a message type, `prefix` being `ev_` or `evse_`."""
    return {
        name: rational(getattr(limits, quantity) * (discharge_sign if discharge else 1))
        for name, quantity, discharge in _slots(cls, prefix)
    }


def read_limits(content: Record, prefix: str, before: Limits | None = None) -> Limits:
    """Limits from a received message; what it does not carry stays as `before`. Signs are dropped."""
    values: dict[str, Any] = {}
    for name, quantity, _ in _slots(type(content), prefix):
        given = getattr(content, name)
        if given is not None:
            values[quantity] = abs(float(given))
    return changed_limits(before, values)


def changed_limits(before: Limits | None, values: dict[str, Any]) -> Limits:
    kept = {each.name: getattr(before, each.name) for each in fields(Limits)} if before else {}
    return Limits(**({"maximum_charge_power_w": 0.0} | kept | values))


def changed(message: R, *, checked: bool = True, **values: Any) -> R:
    """The message with other content. `header__session_id=...` reaches into nested types.

    `checked=False` allows what the schema forbids, for negative tests; it still has to be encodable.
    """
    nested: dict[str, dict[str, Any]] = {}
    flat: dict[str, Any] = {}
    for name, value in values.items():
        outer, split, inner = name.partition("__")
        if split:
            nested.setdefault(outer, {})[inner] = value
        else:
            flat[name] = value
    for outer, inside in nested.items():
        flat[outer] = changed(getattr(message, outer), checked=checked, **inside)
    content = message.__dict__ | flat
    return type(message)(**content) if checked else type(message).unchecked(**content)
