"""The control pilot's duty cycle: how much current per phase it offers.

Sender's side (current to duty) as in EVerest's open code; the receiver's thresholds are general knowledge that we did not
find in a public source, so no verdict rests on them.
"""

from __future__ import annotations

DIGITAL_DUTY_PERCENT = (3.0, 7.0)
"""Digital communication is asked for; the current is told there."""


def duty_for_current(current_a: float) -> float:
    """Duty cycle in percent that offers 6 A to 80 A; raises ValueError for a current that no duty cycle can offer."""
    if 6.0 <= current_a <= 51.0:
        return current_a / 0.6
    if 52.5 <= current_a <= 80.0:
        return current_a / 2.5 + 64.0
    raise ValueError(f"no duty cycle offers {current_a:g} A; 6 to 51 A and 52.5 to 80 A can be offered")


def offered_a(duty_percent: float | None) -> float:
    """Current per phase in A that a vehicle may draw; 0 where nothing is offered, or only digital communication."""
    if duty_percent is None or not 8.0 <= duty_percent <= 97.0:
        return 0.0
    if duty_percent <= 10.0:
        return 6.0
    if duty_percent <= 85.0:
        return 0.6 * duty_percent
    return min((duty_percent - 64.0) * 2.5, 80.0)
