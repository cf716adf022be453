"""The last step of a safe bench: sources are off, contactors open, and what is left at their terminals has gone."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from drivers.errors import SafetyError
from drivers.roles import DcSource
from drivers.wire import Options
from harness.clock import Clock

_LOOK_S = 0.05


class DischargeOptions(Options):
    discharged_v: float | None = 60.0
    """Highest voltage at the terminals of a bench that is safe (our default); None where something is always live there."""
    discharge_s: float = 0.8
    """How long the terminals may take (our default)."""


@runtime_checkable
class Discharges(Protocol):
    """A source that can prove that nothing is left at its terminals."""

    async def prove_discharged(self) -> None:
        """Wait for it; raises SafetyError."""
        ...


async def wait_discharged(source: DcSource, role: str, clock: Clock, options: DischargeOptions) -> None:
    """Raises SafetyError if the voltage at the source's terminals stays, with what to do by hand."""
    if options.discharged_v is None:
        return
    until_s = clock.now_s() + options.discharge_s
    while abs(volts := (await source.measure()).voltage_v) > options.discharged_v:
        if clock.now_s() >= until_s:
            raise SafetyError(
                f"{role}: its output is off and {volts:.0f} V stay at its terminals (safe is {options.discharged_v:g} V): "
                "do not touch them; find what feeds them, or set options.discharged_v"
            )
        await clock.sleep(_LOOK_S)
