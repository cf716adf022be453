"""What each owner may set. The default of every input is its safe value, taken back when the owner is gone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches

from harness.plant.course import GRID_COURSES, SITE_COURSES, Profile, load_profile

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
    """Positive is drawn from the grid (inductive)."""
    distortion_percent: float = 0.0
    """Harmonic current beside the converter's own, in percent of the fundamental: a broken filter."""
    more_loss_w: float = 0.0
    """Taken from the grid beside the converter's own losses: a fan, a heater, an aged part."""
    ac_phases: int = 3
    """How many phases an AC station has switched through, 1 to 3; its `contactor` closes them."""
    welded: bool = False
    """The contactor's contacts do not open any more."""


@dataclass(slots=True)
class VehicleInputs:
    contactor: bool = False
    pilot_state: str = "B"
    maximum_charge_a: float | None = None
    """The battery management trips well above this; None is the battery's own limit."""
    maximum_discharge_a: float | None = None
    ac_follows_pilot: bool = False
    """True: the on-board charger draws what the pilot's duty cycle offers while the pilot is in state C or D."""
    ac_current_a: float = 0.0
    """Otherwise: RMS current per phase of the on-board charger, positive charges."""
    ac_reactive_var: float = 0.0
    """What it draws beside it over all phases, positive inductive; nothing while it carries no current."""
    ac_phases: int | None = None
    """Phases that the on-board charger uses; None is all that it has."""
    ac_maximum_a: float | None = None
    """Most current per phase in either direction; None is the on-board charger's own limit."""
    arrives_soc: float | None = None
    """State of charge with which it comes back each time it is plugged in, 0 to 1; None: it has not been driven."""
    isolation_ohm: float | None = None
    """The vehicle's own isolation to earth, parallel to the station's; None: nothing to measure."""
    welded: bool = False


@dataclass(slots=True)
class PilotInputs:
    plugged: bool = False
    pilot_state: str | None = None
    """What the box's own resistors ask for; None passes the vehicle's state through."""


@dataclass(slots=True)
class GridInputs:
    voltage_v: float = 230.0
    frequency_hz: float = 50.0
    profile: str | None = None
    """File of courses that are played from now on, in place of the two values (harness/plant/course.py)."""


@dataclass(slots=True)
class SiteInputs:
    """What else hangs on the connection point."""

    household_w: float = 0.0
    """Household or depot, drawn."""
    pv_w: float = 0.0
    """Photovoltaics, fed in; counted positive."""
    battery_target_w: float | None = 0.0
    """Stationary battery, positive charges; None: it balances the connection point to zero."""
    profile: str | None = None
    ems_limit_w: float | None = None
    """What the site's energy manager tells the charging station; None: nothing of that kind. Charging, at most."""
    ems_discharge_limit_w: float | None = None
    """Not positive."""
    ems_setpoint_w: float | None = None
    """Negative discharges."""
    ems_duration_s: float | None = None
    """Until its next word has to come; None: what it said counts for ever."""
    ems_until_s: float | None = None
    """Its word is a schedule: after so long it changes to `ems_then_w`."""
    ems_then_w: float | None = None
    ems_whole_station: bool = False
    """Its word is for all outlets together."""


@dataclass(slots=True)
class DriverInputs:
    """What the driver has changed since plugging in, at the car or at the station; None: as it was."""

    departure_s: float | None = None
    """After plugging in."""
    target_soc: float | None = None
    ends: bool = False
    """Ends the session at the car."""
    priority: bool = False
    """Has pressed the station's button for priority charging."""


@dataclass(slots=True)
class BatteryEmulatorInputs:
    """A bidirectional source in the place of the battery; its output relay is the vehicle's contactor."""

    output: bool = False
    voltage_v: float = 0.0
    source_limit_a: float = 0.0
    """Out of the source: discharging as the station sees it."""
    sink_limit_a: float = 0.0


@dataclass(slots=True)
class RelayInputs:
    """The bench's relay box: its contacts are wired to what the lab file says."""

    closed: str = ""
    """One digit a contact, contact 1 first, 1 is closed."""


@dataclass(slots=True)
class ReaderInputs:
    """What is held before the station's reader."""

    card: str = ""
    """UID in hex digits; empty: nothing."""


@dataclass(slots=True)
class ObserverInputs:
    """Meters and analysers only look."""


Inputs = (
    StationInputs
    | VehicleInputs
    | PilotInputs
    | GridInputs
    | SiteInputs
    | DriverInputs
    | BatteryEmulatorInputs
    | RelayInputs
    | ReaderInputs
    | ObserverInputs
)

OWNERS: dict[str, type[Inputs]] = {
    "station": StationInputs,
    "vehicle": VehicleInputs,
    "pilot": PilotInputs,
    "grid": GridInputs,
    "site": SiteInputs,
    "driver": DriverInputs,
    "battery_emulator": BatteryEmulatorInputs,
    "relay": RelayInputs,
    "reader": ReaderInputs,
    "observer": ObserverInputs,
}
_WORDS: dict[str, tuple[Value, ...]] = {"mode": MODES, "pilot_state": PILOT_STATES, "ac_phases": (1, 2, 3)}
_COURSES = {"grid": GRID_COURSES, "site": SITE_COURSES}


_NAMES = {owner: tuple(field.name for field in fields(kind)) for owner, kind in OWNERS.items()}


def profile_of(owner: str, path: str | None) -> Profile | None:
    """The profile that an owner's input names; None without one."""
    return load_profile(path, _COURSES[owner]) if path else None


def check_owner(owner: str) -> type[Inputs]:
    """The owner's inputs; an unknown owner raises ValueError naming the nearest."""
    if owner not in OWNERS:
        raise ValueError(_unknown("owner", owner, list(OWNERS)))
    return OWNERS[owner]


def check_inputs(owner: str, values: dict[str, Value]) -> None:
    """Raises ValueError for a name that this owner does not have, a word that is not one of the input's, or a profile
    that cannot be played."""
    check_owner(owner)
    names = _NAMES[owner]
    for name, value in values.items():
        if name not in names:
            raise ValueError(_unknown(f"input of {owner}", name, list(names)))
        words = _WORDS.get(name)
        if words and value is not None and value not in words:
            raise ValueError(f"{owner}.{name}: {value!r} is not one of {', '.join(map(str, words))}")
        if isinstance(value, float) and value != value:
            raise ValueError(f"{owner}.{name}: not a number")
        if name == "profile" and value:
            load_profile(str(value), _COURSES[owner])


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1, 0.0)
    hint = f"; nearest is {near[0]!r}" if near else f"; {what} has none"
    return f"unknown {what}: {name!r}{hint}"
