"""The vehicle's on-board charger for AC: what it draws from the phases that the station has switched on.

It follows either the pilot's duty cycle by itself (`ac_follows_pilot`), or a signed current that the vehicle's
controller sets (`ac_current_a`, as after digital communication). Positive current charges.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OnboardParameters:
    """A three-phase 11 kW charger that can also give back. All numbers are our default."""

    phases: int = 3
    maximum_a: float = 16.0
    """Per phase, either direction."""
    minimum_a: float = 6.0
    """Less is not drawn: below it the charger stops."""
    efficiency: float = 0.93
    """DC over AC while charging, AC over DC while discharging."""
    reaction_s: float = 1.0
    """From a new duty cycle, or from state C, to the first change of current."""
    command_s: float = 0.1
    """The same for a current that the vehicle's controller sets."""
    ramp_a_per_s: float = 20.0
    stop_a_per_s: float = 100.0


class Onboard:
    """The charger's arithmetic; its state is a `Follower` in A per phase."""

    def __init__(self, parameters: OnboardParameters) -> None:
        self.parameters = parameters

    def aim_a(self, wanted_a: float, most_a: float | None) -> float:
        """Signed current per phase for a wish, within the charger's own limits and `most_a`."""
        limit_a = self.parameters.maximum_a if most_a is None else min(most_a, self.parameters.maximum_a)
        aim_a = min(max(wanted_a, -limit_a), limit_a)
        return aim_a if abs(aim_a) >= self.parameters.minimum_a else 0.0

    def dc_w(self, ac_w: float) -> float:
        """Power into the battery for a power from the grid, both signed."""
        return ac_w * self.parameters.efficiency if ac_w >= 0 else ac_w / self.parameters.efficiency
