"""The switches: points on which public sources disagree, or on which labs and the field differ from the standard.

Nothing here fails a device by itself. Each switch has one default, which is what our agents do; a lab sets another
where its devices need it, and the report prints what was set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
