"""The switches: points on which public sources disagree, or on which labs and the field differ from the standard.

Nothing here fails a device by itself. Each switch has one default, which is what our agents do; a lab sets another
where its devices need it, and the report prints what was set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_type_hints


@dataclass(frozen=True, slots=True)
class Profile:
    """How our agents decide where the sources don't."""

    discharge_limits: Literal["positive", "negative"] = "positive"
    """Sign of the discharge limit elements that we send. Received ones are compared by magnitude."""
    time_stamp_unit: Literal["us", "s"] = "us"
    """Unit of the header's time stamp that we send; microseconds by rule, seconds in older stacks."""
    without_tls: bool = True
    """Whether our charger speaks -20 on a connection without TLS: labs do, the standard forbids it ([V2G20-2356])."""
    loop_sequence_timeout_s: float = 0.5
    """The charger's patience between charge-loop requests: 0.5 by rule, 60 in common stacks."""
    pre_charge_timeout_s: float = 10.0
    """The vehicle's patience in pre-charge: 10 in one -20 stack, 7 in -2 and DIN."""
    authorization_ongoing_s: float = 180.0
    """The vehicle's patience while authorization is ongoing: 180 in practice, 60 by the general table."""
    contactor_s: float = 1.4
    """The charger's patience for its contactor inside PowerDelivery; must fit the 1.5 s answer (3 in -2)."""
    pause_delay_s: int = 60
    """NotificationMaxDelay that we send with Pause."""
    welding_detection_on_pause: bool = True
    """Whether our vehicle asks for welding detection before it pauses; some cars skip it."""
    renegotiation_repeats_cable_check: bool = False
    """Whether our vehicle repeats cable check and pre-charge after a schedule renegotiation (-2 does by rule)."""
    pilot_limit_s: float = 0.25
    """How long the vehicle may take to state C after PowerDelivery(Start); stacks relax it to a warning."""
    signed_info_grammar: Literal["dsig", "common"] = "dsig"
    """Schemas under which we sign SignedInfo: the XML signature schema alone, or the message set's. Both are read."""


def profile_from(switches: Mapping[str, Any]) -> Profile:
    """The profile with some switches set, by name; raises ValueError naming the nearest one or the known values."""
    kinds = get_type_hints(Profile)
    for name, value in switches.items():
        if name not in kinds:
            near = get_close_matches(str(name), [one.name for one in fields(Profile)], 1, 0.0)
            raise ValueError(f"{name}: unknown switch; did you mean {near[0]!r}?")
        known = get_args(kinds[name])
        right = value in known if known else _fits(value, kinds[name])
        if not right:
            wanted = " or ".join(map(repr, known)) or kinds[name].__name__
            raise ValueError(f"{name}: expected {wanted}, found {value!r}")
    return Profile(**switches)


def _fits(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return type(value) is kind
