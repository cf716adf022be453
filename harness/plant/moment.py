"""What moves in the plant, as a value: a step makes a new one and changes none."""

from __future__ import annotations

import msgspec

from harness.plant.battery import Cells


class Books(msgspec.Struct, frozen=True):
    """Energies since the start in J. `grid_j` equals losses plus what was stored, to rounding, and so does the site."""

    grid_j: float = 0.0
    """Into the station from its line, net."""
    imported_j: float = 0.0
    exported_j: float = 0.0
    station_in_j: float = 0.0
    """Through the station's outlet into the vehicle, DC or AC."""
    station_out_j: float = 0.0
    lost_j: float = 0.0
    emulator_j: float = 0.0
    """Into the battery emulator."""
    household_j: float = 0.0
    pv_j: float = 0.0
    house_battery_j: float = 0.0
    """Into the stationary battery's terminals, net."""
    site_in_j: float = 0.0
    site_out_j: float = 0.0


class Moment(msgspec.Struct, frozen=True):
    """The moving state at one time."""

    cells: Cells
    house_soc: float
    reference_w: float = 0.0
    """The power that the converter regulates to at this moment."""
    onboard_a: float = 0.0
    """The same of the on-board charger, per phase."""
    open_v: float = 0.0
    """The converter's output voltage while no current can flow."""
    books: Books = Books()
