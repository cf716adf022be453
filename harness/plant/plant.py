"""The one physical model of a bench: grid, converter, cable, contactors, battery or what stands in for it.

    grid ~~ R + jX ~~ [converter] == station contactor == cable == plug == vehicle contactor == battery
                                                                       \\== battery emulator (own output relay)

One step function. The current is constant within a step and each part accounts for its energy exactly, so the books
close to rounding whatever the step; how long a step may be depends on what is changing. Deterministic: no noise, no
clock. Noise, quantisation and delay are the instruments'.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, sqrt

from harness.plant.battery import Battery, BatteryParameters
from harness.plant.converter import Converter, ConverterParameters
from harness.plant.inputs import (
    OWNERS,
    BatteryEmulatorInputs,
    GridInputs,
    Inputs,
    PilotInputs,
    StationInputs,
    Value,
    VehicleInputs,
    check_inputs,
)
from harness.plant.port import PlantState

_RAMP_STEP_S = 0.25
_LOAD_STEP_S = 10.0
_QUIET_STEP_S = 600.0
_TRIP_DELAY_S = 2.0
"""How long the battery bears a fault before it opens its contactor (our default)."""
_DEAD_GRID_V = 50.0
"""Below this no converter works (our default; when it has to trip above is the station's matter)."""
_TRIP_MARGIN = 1.10
_TRIP_MARGIN_A = 5.0


@dataclass(frozen=True, slots=True)
class PlantParameters:
    """What the plant is made of. Numbers are our default."""

    converter: ConverterParameters = field(default_factory=ConverterParameters)
    battery: BatteryParameters = field(default_factory=BatteryParameters)
    cable_ohm: float = 0.02
    """DC cable, both conductors and contacts."""
    grid_resistance_ohm: float = 0.08
    grid_reactance_ohm: float = 0.05
    """Per phase, between the grid source and the station."""
    emulator_ohm: float = 0.005
    """Inner resistance of a battery emulator's regulation."""
    isolation_ohm: float = 2_000_000.0
    onboard_efficiency: float = 0.93
    """On-board charger for AC, both directions."""


@dataclass(slots=True)
class Books:
    """Energies since the start in J; `grid_j` equals losses plus what was stored, to rounding."""

    grid_j: float = 0.0
    imported_j: float = 0.0
    exported_j: float = 0.0
    station_in_j: float = 0.0
    station_out_j: float = 0.0
    lost_j: float = 0.0
    emulator_j: float = 0.0
    """Into the battery emulator."""


class Plant:
    """The moving state, and the inputs of all owners."""

    def __init__(self, parameters: PlantParameters | None = None, at_s: float = 0.0) -> None:
        self.parameters = parameters or PlantParameters()
        self.at_s = at_s
        self.battery = Battery(self.parameters.battery)
        self.converter = Converter(self.parameters.converter)
        self.books = Books()
        self.inputs: dict[str, Inputs] = {owner: kind() for owner, kind in OWNERS.items()}
        self._current_a = 0.0
        self._fault_s = 0.0
        self._trip = ""
        self._closing_difference_v = 0.0
        self._bind()

    def _bind(self) -> None:
        """The inputs by their types, so that the step needs no look-up."""
        inputs = self.inputs
        assert isinstance(inputs["station"], StationInputs)
        assert isinstance(inputs["vehicle"], VehicleInputs)
        assert isinstance(inputs["pilot"], PilotInputs)
        assert isinstance(inputs["grid"], GridInputs)
        assert isinstance(inputs["battery_emulator"], BatteryEmulatorInputs)
        self.station = inputs["station"]
        self.vehicle = inputs["vehicle"]
        self.pilot = inputs["pilot"]
        self.grid = inputs["grid"]
        self.emulator = inputs["battery_emulator"]

    # inputs

    def command(self, owner: str, values: dict[str, Value]) -> None:
        """Set inputs of one owner, from this moment on. Raises ValueError as `check_inputs` does."""
        check_inputs(owner, values)
        inputs = self.inputs[owner]
        was_joined, inlet_v = self._joined, self._inlet_v()
        was_vehicle = self.vehicle.contactor
        for name, value in values.items():
            setattr(inputs, name, value)
        if self._joined and not was_joined:
            self._closing_difference_v = abs(inlet_v - self._source_v())
        if self.vehicle.contactor != was_vehicle or not self.pilot.plugged:
            self._trip = ""  # a fresh close, or a replug, starts anew
        if owner == "station":
            self._aim()
        self._refresh()

    def release(self, owner: str) -> None:
        """The owner is gone: all its inputs go back to their safe defaults."""
        self.inputs[owner] = OWNERS[owner]()
        self._bind()
        if owner == "station":
            self._aim()
        self._refresh()

    def _aim(self) -> None:
        station = self.station
        if station.mode != "power":
            self.converter.halt()
            return
        power_w = station.target_power_w
        if power_w is None:
            current_a = station.target_current_a or 0.0
            power_w = current_a * max(self._station_v(), self._source_v())
        self.converter.aim(power_w, self.at_s)

    # the circuit

    @property
    def _joined(self) -> bool:
        """The far side hangs on the vehicle's inlet."""
        return self.emulator.output or (self.vehicle.contactor and not self._trip)

    @property
    def _reaches_inlet(self) -> bool:
        return self.station.contactor and self.pilot.plugged

    @property
    def _closed(self) -> bool:
        return self._reaches_inlet and self._joined

    @property
    def _carries(self) -> bool:
        return self._closed and self.station.mode == "power" and self.grid.voltage_v > _DEAD_GRID_V

    def _far_side(self, ahead_s: float) -> tuple[float, float]:
        """Voltage and resistance that the converter sees, of the middle of the next step."""
        if self.emulator.output:
            return self.emulator.voltage_v, self.parameters.emulator_ohm + self.parameters.cable_ohm
        ohmic_ohm = self.battery.parameters.ohmic_ohm
        return self.battery.emf_v(self._current_a, ahead_s), ohmic_ohm + self.parameters.cable_ohm

    def _current_for(self, power_w: float, emf_v: float, ohm: float) -> float:
        """Current at which the station's terminals carry `power_w`, within every limit."""
        station, rating = self.station, self.converter.parameters
        root = sqrt(max(emf_v * emf_v + 4.0 * ohm * power_w, 0.0))
        current_a = 2.0 * power_w / (emf_v + root) if emf_v + root > 0 else 0.0
        highest_v = rating.maximum_v if station.target_voltage_v is None else station.target_voltage_v
        limit_a = rating.maximum_a
        if station.target_current_a is not None:
            limit_a = min(limit_a, abs(station.target_current_a))
        high_a = max(0.0, min(limit_a, (highest_v - emf_v) / ohm))
        low_a = min(0.0, max(-limit_a, (station.minimum_voltage_v - emf_v) / ohm))
        if self.emulator.output:
            high_a = min(high_a, self.emulator.sink_limit_a)
            low_a = max(low_a, -self.emulator.source_limit_a)
        return min(max(current_a, low_a), high_a)

    # time

    def advance(self, to_s: float) -> None:
        """Step up to a time; steps end where the course of things changes."""
        while to_s - self.at_s > 1e-9:
            step_s = min(to_s - self.at_s, self._longest_step_s())
            self._step(step_s)
            self.at_s += step_s

    def _longest_step_s(self) -> float:
        until_s = self.converter.steady_s(self.at_s)
        if self.converter.ramping:
            return max(min(until_s, _RAMP_STEP_S), 1e-6)
        load = self._current_a != 0.0 or self._onboard_w() != 0.0
        quiet_s = _LOAD_STEP_S if load else _QUIET_STEP_S
        if self._fault():
            quiet_s = max(_TRIP_DELAY_S - self._fault_s, 1e-3)
        return max(min(until_s, quiet_s), 1e-6)

    def _step(self, for_s: float) -> None:
        books, converter, battery = self.books, self.converter, self.battery
        power_w = converter.ramp(for_s)
        current_a = 0.0
        if self._carries:
            emf_v, ohm = self._far_side(for_s)
            current_a = self._current_for(power_w, emf_v, ohm)
        onboard_ac_w, onboard_dc_w = self._onboard_w(), self._onboard_dc_w()
        battery_a = 0.0 if self.emulator.output else current_a
        if onboard_dc_w:
            battery_a += onboard_dc_w / battery.emf_v(self._current_a, for_s)
        terminal_j, heat_j = battery.carry(battery_a, for_s)
        cable_j = current_a * current_a * self.parameters.cable_ohm * for_s
        if self.emulator.output:
            inner_j = current_a * current_a * self.parameters.emulator_ohm * for_s
            emulator_j = current_a * self.emulator.voltage_v * for_s
            station_j = emulator_j + inner_j + cable_j
            heat_j += inner_j
            books.emulator_j += emulator_j
            onboard_dc_j = terminal_j
        else:
            # what reached the battery beside the on-board charger's share came through the cable
            share = current_a / battery_a if battery_a else 0.0
            station_j = terminal_j * share + cable_j
            onboard_dc_j = terminal_j * (1.0 - share)
        onboard_j = onboard_ac_w * for_s
        converter_j = converter.loss_w(station_j / for_s, self.station.mode != "off") * for_s
        grid_j = station_j + converter_j + onboard_j
        books.grid_j += grid_j
        books.lost_j += converter_j + cable_j + heat_j + (onboard_j - onboard_dc_j)
        _count(books, grid_j, station_j)
        self._settle(for_s)

    def _settle(self, for_s: float) -> None:
        """What follows from the step: voltages without current, protection, the values of this instant."""
        station, converter = self.station, self.converter
        if self._carries or self._closed:
            converter.open_v = self._source_v()
        elif station.mode == "off":
            converter.settle_voltage(0.0, for_s, held=False)
        else:
            converter.settle_voltage(station.target_voltage_v or 0.0, for_s, held=True)
        if station.mode == "power" and not self._carries:
            converter.reference_w = 0.0  # the ramp begins anew when the circuit closes
        self._refresh()
        self._fault_s = self._fault_s + for_s if self._fault() else 0.0
        if self._fault_s >= _TRIP_DELAY_S - 1e-9:
            self._trip, self._fault_s = self._fault(), 0.0
            self._refresh()

    def _refresh(self) -> None:
        """The current of this instant, for what is sensed and for the next step's estimate."""
        if self._carries:
            emf_v, ohm = self._far_side(0.0)
            self._current_a = self._current_for(self.converter.reference_w, emf_v, ohm)
        else:
            self._current_a = 0.0

    def _fault(self) -> str:
        """Why the battery management is about to trip."""
        if self._trip or self.emulator.output or self._current_a == 0.0:
            return ""
        current_a, parameters, vehicle = self._current_a, self.battery.parameters, self.vehicle
        charge_a = min(_or_inf(vehicle.maximum_charge_a), parameters.maximum_charge_a)
        discharge_a = min(_or_inf(vehicle.maximum_discharge_a), parameters.maximum_discharge_a)
        if current_a > charge_a * _TRIP_MARGIN + _TRIP_MARGIN_A:
            return "overcurrent"
        if -current_a > discharge_a * _TRIP_MARGIN + _TRIP_MARGIN_A:
            return "overcurrent"
        terminal_v = self.battery.rest_v + current_a * parameters.ohmic_ohm
        if terminal_v > parameters.maximum_v * 1.01:
            return "overvoltage"
        return "undervoltage" if terminal_v < parameters.minimum_v * 0.99 else ""

    # on-board charger

    def _onboard_w(self) -> float:
        """AC power of the on-board charger: it runs behind a closed station contactor and a converter that is off."""
        if not self.vehicle.ac_current_a or self.station.mode != "off" or not self._reaches_inlet:
            return 0.0
        return 3.0 * self.grid.voltage_v * self.vehicle.ac_current_a if self.pilot_state in ("C", "D") else 0.0

    def _onboard_dc_w(self) -> float:
        ac_w = self._onboard_w()
        ratio = self.parameters.onboard_efficiency
        return ac_w * ratio if ac_w >= 0 else ac_w / ratio

    # what is sensed

    @property
    def pilot_state(self) -> str:
        if not self.pilot.plugged:
            return "A"
        if not self.station.pilot_on:
            return "E"
        return self.pilot.pilot_state or self.vehicle.pilot_state

    def _source_v(self) -> float:
        """Voltage behind the vehicle's contactor, or of the emulator, without current."""
        return self.emulator.voltage_v if self.emulator.output else self.battery.rest_v

    def _battery_v(self) -> float:
        if self.emulator.output:
            return self.emulator.voltage_v + self._current_a * self.parameters.emulator_ohm
        return self.battery.rest_v + self._current_a * self.battery.parameters.ohmic_ohm

    def _station_v(self) -> float:
        if self._closed:
            return self._battery_v() + self._current_a * self.parameters.cable_ohm
        return self.converter.open_v

    def _inlet_v(self) -> float:
        if self._joined:
            return self._battery_v()
        return self.converter.open_v if self._reaches_inlet else 0.0

    @property
    def state(self) -> PlantState:
        station, books = self.station, self.books
        station_v = self._station_v()
        onboard_w = self._onboard_w()
        dc_w = station_v * self._current_a
        active_w = dc_w + self.converter.loss_w(dc_w, station.mode != "off") + onboard_w
        limit_var = self.converter.reactive_limit_var(active_w)
        reactive_var = min(max(station.reactive_var, -limit_var), limit_var) if station.mode == "power" else 0.0
        grid_v = self._grid_v(active_w, reactive_var)
        phase_a = sqrt(active_w**2 + reactive_var**2) / (3.0 * grid_v) if grid_v > 1.0 else 0.0
        battery_a = self._current_a
        if onboard_w:
            battery_a += self._onboard_dc_w() / self.battery.rest_v
        return PlantState(
            at_s=self.at_s,
            grid_voltage_v=grid_v,
            grid_frequency_hz=self.grid.frequency_hz,
            grid_power_w=active_w,
            grid_reactive_var=reactive_var,
            grid_phase_current_a=(phase_a, phase_a, phase_a),
            grid_imported_wh=books.imported_j / 3600.0,
            grid_exported_wh=books.exported_j / 3600.0,
            station_voltage_v=station_v,
            station_current_a=self._current_a,
            station_imported_wh=books.station_in_j / 3600.0,
            station_exported_wh=books.station_out_j / 3600.0,
            inlet_voltage_v=self._inlet_v(),
            battery_voltage_v=self._battery_v(),
            battery_current_a=battery_a,
            battery_temperature_c=self.battery.temperature_c,
            soc=self.battery.soc,
            station_contactor_closed=station.contactor,
            vehicle_contactor_closed=self._joined,
            plugged=self.pilot.plugged,
            pilot_state=self.pilot_state,
            pilot_duty_percent=station.pilot_duty_percent if self.pilot.plugged and station.pilot_on else None,
            isolation_ohm=self.parameters.isolation_ohm,
            battery_maximum_charge_a=self.battery.maximum_charge_a(),
            battery_maximum_discharge_a=self.battery.maximum_discharge_a(),
            battery_trip=self._trip,
            closing_difference_v=self._closing_difference_v,
        )

    def _grid_v(self, active_w: float, reactive_var: float) -> float:
        """Phase voltage at the station: the source less the drop along R + jX (first order)."""
        source_v = self.grid.voltage_v
        if source_v < 1.0:
            return source_v
        parameters = self.parameters
        drop = (parameters.grid_resistance_ohm * active_w + parameters.grid_reactance_ohm * reactive_var) / 3.0
        return source_v - drop / source_v


def _count(books: Books, grid_j: float, station_j: float) -> None:
    """Energies by direction, as a meter with two registers counts them."""
    if grid_j >= 0:
        books.imported_j += grid_j
    else:
        books.exported_j -= grid_j
    if station_j >= 0:
        books.station_in_j += station_j
    else:
        books.station_out_j -= station_j


def _or_inf(limit: float | None) -> float:
    return inf if limit is None else limit
