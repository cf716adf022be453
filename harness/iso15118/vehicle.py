"""The car behind the vehicle's agent: what the agent asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from harness.exi.declare import Record
from harness.iso15118.quantities import Limits


@dataclass(frozen=True, slots=True)
class Needs:
    """Mobility needs. Energies are what the battery still takes (negative: could give), departure counts from now."""

    departure_s: int
    target_energy_wh: float
    maximum_energy_wh: float
    minimum_energy_wh: float
    maximum_v2x_energy_wh: float | None = None
    minimum_v2x_energy_wh: float | None = None
    target_soc_percent: int | None = None
    minimum_soc_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Inlet:
    """What the car measures at its inlet; positive current and power flow into the battery."""

    voltage_v: float = 0.0
    current_a: float = 0.0
    active_power_w: float = 0.0
    reactive_var: float = 0.0
    soc: float = 0.5


class Vehicle(Protocol):
    """The car behind the agent."""

    @property
    def limits(self) -> Limits:
        """What the car can take and give at this moment."""
        ...

    @property
    def battery_voltage_v(self) -> float: ...

    def needs(self) -> Needs: ...

    def inlet(self) -> Inlet: ...

    def target(self) -> tuple[float, float]:
        """Current and voltage that the car asks for in scheduled DC (A, V)."""
        ...

    def sending(self, request: Record) -> None:
        """A request is about to leave: the moment to move pilot state or contactor."""
        ...

    def received(self, request: Record, response: Record) -> None:
        """A request was answered."""
        ...
