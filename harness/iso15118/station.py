"""The charger behind the charger's agent: what the agent asks of it, and what it tells about a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from harness.iso15118.quantities import Limits


@dataclass(frozen=True, slots=True)
class Outlet:
    """What the charger measures at its outlet; positive power flows into the vehicle."""

    voltage_v: float = 0.0
    current_a: float = 0.0
    active_power_w: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The charger's meter since the session's start."""

    meter_id: str
    charged_wh: float
    discharged_wh: float = 0.0


@dataclass(frozen=True, slots=True)
class Demand:
    """What the vehicle allows, and in scheduled control what it asks for."""

    limits: Limits
    target_current_a: float | None = None
    target_voltage_v: float | None = None
    bidirectional: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What the charger makes of a demand. `power_w`: its target, positive into the vehicle."""

    power_w: float
    power_limited: bool = False
    current_limited: bool = False
    voltage_limited: bool = False


class Station(Protocol):
    """The charger behind the agent. Every method returns at once; None means: not yet, ask again."""

    @property
    def limits(self) -> Limits: ...

    @property
    def vehicle_ready(self) -> bool:
        """Whether the pilot shows state C or D."""
        ...

    def authorized(self) -> bool | None:
        """Whether external identification was granted; None while nobody has decided."""
        ...

    def cable_check(self) -> bool | None:
        """Run the isolation test; whether it was passed."""
        ...

    def pre_charge(self, voltage_v: float) -> None:
        """Bring the outlet to the vehicle's voltage, without current to speak of."""
        ...

    def energise(self, on: bool) -> bool:
        """Close or open the power path; True once it is so."""
        ...

    def emergency_off(self) -> None:
        """Open the power path at once, current or not; may be called any number of times."""
        ...

    def deliver(self, demand: Demand) -> Grant: ...

    def outlet(self) -> Outlet: ...

    def meter(self) -> Reading | None: ...


Slots = tuple[tuple[int, float], ...]
"""A schedule: (duration s, W), one after the other."""
Scheduler = Callable[[int], tuple[Slots, ...] | None]
"""Makes the schedules that a vehicle may choose from: gets the departure (s), gives schedules, none
to leave it to the session, None as long as they are not known."""


class What(StrEnum):
    """Kinds of session events, with the keys of their data."""

    SESSION = "session"
    """evcc_id, session_id, resumed"""
    IDENTIFICATION = "identification"
    """how (EIM or PnC), emaid, contract (its leaf; None without one): somebody has to decide, told once a session"""
    AUTHORIZATION = "authorization"
    """how (EIM or PnC), granted (True, False)"""
    SERVICE = "service"
    """service (ServiceID), name, control, needs_by"""
    NEEDS = "needs"
    """departure_s, target_energy_wh, maximum_energy_wh, minimum_energy_wh, target_soc_percent, minimum_soc_percent"""
    LIMITS = "limits"
    """the vehicle's limits by the names of `Limits`"""
    CHOICE = "choice"
    """number (of the chosen schedule, from 1), profile ((begin s, W) of what the vehicle will take): ISO 15118-2 only"""
    POWER_ON = "power on"
    LOOP = "loop"
    """voltage_v, current_a, power_w, target_power_w, soc_percent"""
    STANDBY = "standby"
    POWER_OFF = "power off"
    RENEGOTIATED = "renegotiated"
    PAUSED = "paused"
    STOPPED = "stopped"
    """reason: the vehicle's own words, if it gave any"""
    FAILED = "failed"
    """code, reason"""


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something that a controller of the station may want to know."""

    what: What
    at_s: float
    data: Mapping[str, Any] = field(default_factory=dict)
