"""What each role on a bench can do. A test case asks for these; a driver does them for one product.

Signs: positive power and current flow from the grid into the vehicle. A driver whose product counts otherwise converts.
Every method that talks to a device may raise a `BenchError` (drivers/errors.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a device says it is; empty where the device does not tell."""

    maker: str
    model: str
    serial: str
    firmware: str


@dataclass(frozen=True, slots=True)
class PowerReading:
    """One synchronised snapshot; None where the instrument has no value. `at_s`: run clock at the read.

    `uncertainty` holds the expanded uncertainty (k = 2) of fields by their name, from the data-sheet formula.
    """

    at_s: float
    active_w: float | None
    voltage_v: float | None = None
    current_a: float | None = None
    reactive_var: float | None = None
    apparent_va: float | None = None
    power_factor: float | None = None
    frequency_hz: float | None = None
    voltage_thd_percent: float | None = None
    """Of the first phase, in percent of its fundamental, as the instrument computes it."""
    current_thd_percent: float | None = None
    dc_voltage_v: float | None = None
    dc_current_a: float | None = None
    dc_power_w: float | None = None
    phases: Sequence[tuple[float | None, float | None, float | None]] = ()
    """Per phase: voltage_v, current_a, active_w."""
    uncertainty: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Energies since the integration's start, both counted positive."""

    at_s: float
    imported_wh: float | None
    exported_wh: float | None


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What a source measures at its terminals; positive current flows out of the source."""

    at_s: float
    voltage_v: float
    current_a: float
    power_w: float
    output_on: bool


@dataclass(frozen=True, slots=True)
class PilotReading:
    """Control pilot as the box sees it; `state` is A to F, duty and frequency None when the pilot is steady."""

    at_s: float
    state: str
    duty_percent: float | None
    plugged: bool
    frequency_hz: float | None = None
    high_v: float | None = None
    low_v: float | None = None
    proximity_ohm: float | None = None
    """Resistance at the proximity contact; None: open, or the box does not tell."""


@runtime_checkable
class Device(Protocol):
    """Common to all roles."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def identity(self) -> Identity: ...

    async def make_safe(self) -> None:
        """Bring the device to its safe state and prove it by reading back; idempotent."""
        ...


@runtime_checkable
class PowerAnalyser(Device, Protocol):
    async def configure(self, *, voltage_range_v: float | None, current_range_a: float | None) -> None:
        """Set measuring ranges; None means automatic."""
        ...

    async def snapshot(self) -> PowerReading: ...

    async def start_integration(self) -> None: ...

    async def stop_integration(self) -> EnergyReading: ...


@runtime_checkable
class DcSource(Device, Protocol):
    """A bidirectional DC source or battery emulator. Limits of both directions are positive numbers."""

    async def set_voltage(self, voltage_v: float) -> None: ...

    async def ramp(self, over_s: float, *, volts: tuple[float, float]) -> None:
        """Terminal voltage in a straight line from a start to an end, and stay there; returns at the end."""
        ...

    async def set_limits(self, *, source_a: float, sink_a: float, source_w: float, sink_w: float) -> None: ...

    async def output(self, on: bool) -> None: ...

    async def measure(self) -> SourceReading: ...


@runtime_checkable
class AcSource(Device, Protocol):
    """A grid emulator."""

    async def set_grid(self, *, voltage_v: float, frequency_hz: float) -> None: ...

    async def play(self, steps: Sequence[tuple[float, float, float]]) -> None:
        """Play (duration_s, voltage_v, frequency_hz) steps: dips and swells."""
        ...

    async def ramp(self, over_s: float, *, volts: tuple[float, float], hertz: tuple[float, float]) -> None:
        """Voltage and frequency in a straight line from a start to an end, and stay there; returns at the end."""
        ...

    async def output(self, on: bool) -> None: ...


@runtime_checkable
class EnergyMeter(Device, Protocol):
    async def power_w(self) -> float: ...

    async def registers(self) -> EnergyReading: ...


@runtime_checkable
class ControlPilot(Device, Protocol):
    """The box in the control pilot line: the vehicle's half of IEC 61851-1, or a tap in it."""

    async def plug(self) -> None: ...

    async def unplug(self) -> None: ...

    async def set_state(self, state: str) -> None: ...

    async def read(self) -> PilotReading: ...

    async def toggle_bcb(self, count: int = 1) -> None:
        """Wake the station up: B-C-B toggles, each state 200 to 400 ms."""
        ...


@runtime_checkable
class CanGateway(Device, Protocol):
    """A gateway between two vehicle platforms, with the harness on both of its buses."""

    async def send(self, bus: str, message: str, signals: dict[str, float]) -> None:
        """Start or change the cyclic sending of a database message on a bus."""
        ...

    async def stop_sending(self, bus: str, message: str) -> None: ...

    async def receive(self, bus: str, message: str, within_s: float) -> dict[str, float]:
        """The next message of that name, decoded; raises TimeoutError."""
        ...


@runtime_checkable
class NetworkLink(Device, Protocol):
    """A relay in a link that can be made worse on purpose."""

    async def impair(self, profile: str) -> None: ...

    async def partition(self, duration_s: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a person at the bench is asked. `kind`: confirm (done or not possible), choice, text or photo."""

    text: str
    kind: str = "confirm"
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person said. `done` is False if it could not be done; then `text` says why."""

    done: bool
    text: str = ""
    by: str = ""
    """Who, or at which place, as far as it is known."""
    photo: bytes = b""
    """The picture's octets, JPEG or PNG, as the camera made them."""


@runtime_checkable
class Operator(Device, Protocol):
    """A person at the bench, reached by a web page or a terminal."""

    async def ask(self, prompt: Prompt) -> Answer:
        """Put a question and wait for the answer; one at a time."""
        ...

    def notice(self, text: str) -> None:
        """Tell something that needs no answer."""
        ...
