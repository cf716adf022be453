"""What each owner may set. The default of every input is its safe value, taken back when the owner is gone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches

MODES = ("off", "isolation", "precharge", "power")
PILOT_STATES = ("A", "B", "C", "D", "E", "F")

Value = float | bool | str | None


@dataclass(slots=True)
class StationInputs:
    mode: str = "off"
    target_voltage_v: float | None = None
    """Highest output voltage; None is the converter's rating (nothing in isolation and precharge)."""
    minimum_voltage_v: float = 0.0
    """Discharging stops at this output voltage."""
    target_current_a: float | None = None
    """Highest current in either direction; with no `target_power_w` the signed current to follow."""
    target_power_w: float | None = None
    contactor: bool = False
    pilot_duty_percent: float | None = None
    pilot_on: bool = True
    """False: 0 V on the pilot (state E)."""
    reactive_var: float = 0.0


@dataclass(slots=True)
class VehicleInputs:
    contactor: bool = False
    pilot_state: str = "B"
    maximum_charge_a: float | None = None
    """The battery management trips well above this; None is the battery's own limit."""
    maximum_discharge_a: float | None = None
    ac_current_a: float = 0.0
    """RMS current per phase of the on-board charger, positive charges."""


@dataclass(slots=True)
class PilotInputs:
    plugged: bool = False
    pilot_state: str | None = None
    """What the box's own resistors ask for; None passes the vehicle's state through."""


@dataclass(slots=True)
class GridInputs:
    voltage_v: float = 230.0
    frequency_hz: float = 50.0


@dataclass(slots=True)
class BatteryEmulatorInputs:
    """A bidirectional source in the place of the battery; its output relay is the vehicle's contactor."""

    output: bool = False
    voltage_v: float = 0.0
    source_limit_a: float = 0.0
    """Out of the source: discharging as the station sees it."""
    sink_limit_a: float = 0.0


@dataclass(slots=True)
class ObserverInputs:
    """Meters and analysers only look."""


Inputs = StationInputs | VehicleInputs | PilotInputs | GridInputs | BatteryEmulatorInputs | ObserverInputs

OWNERS: dict[str, type[Inputs]] = {
    "station": StationInputs,
    "vehicle": VehicleInputs,
    "pilot": PilotInputs,
    "grid": GridInputs,
    "battery_emulator": BatteryEmulatorInputs,
    "observer": ObserverInputs,
}
_WORDS = {"mode": MODES, "pilot_state": PILOT_STATES}


def check_owner(owner: str) -> type[Inputs]:
    """The owner's inputs; an unknown owner raises ValueError naming the nearest."""
    if owner not in OWNERS:
        raise ValueError(_unknown("owner", owner, list(OWNERS)))
    return OWNERS[owner]


def check_inputs(owner: str, values: dict[str, Value]) -> None:
    """Raises ValueError for a name that this owner does not have, or a word that is not one of the input's."""
    names = [field.name for field in fields(check_owner(owner))]
    for name, value in values.items():
        if name not in names:
            raise ValueError(_unknown(f"input of {owner}", name, names))
        words = _WORDS.get(name)
        if words and value is not None and value not in words:
            raise ValueError(f"{owner}.{name}: {value!r} is not one of {', '.join(words)}")
        if isinstance(value, float) and value != value:
            raise ValueError(f"{owner}.{name}: not a number")


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1, 0.0)
    hint = f"; nearest is {near[0]!r}" if near else f"; {what} has none"
    return f"unknown {what}: {name!r}{hint}"
