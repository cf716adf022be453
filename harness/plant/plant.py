"""The one physical model of a bench: grid, converter, cable, contactors, battery or what stands in for it, and the site.

    grid ~+~ R + jX ~~ [converter] == station contactor == cable == plug == vehicle contactor == battery
          |         \\~~ station contactor ~~ cable ~~ plug ~~ [on-board charger] ============== battery
          |                                                    \\== battery emulator (own output relay)
          +~ household, photovoltaics, stationary battery

One step function, `_after`: from one moment it makes another, and changes nothing. The current is constant within a step
and each part accounts for its energy exactly, so the books close to rounding whatever the step. A step ends where the
course of things changes (a target counts, a ramp ends, a profile has a point, a limit is reached), never because somebody
looked: between two such times a look is a step of its own that is not kept. So what happens does not depend on who asks,
and time that nobody looks at costs nothing. Deterministic: no noise, no clock. Noise, quantisation and delay are the
instruments'.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, sqrt

from harness.plant.battery import Battery, BatteryParameters, Cells
from harness.plant.converter import Converter, ConverterParameters
from harness.plant.follower import Follower
from harness.plant.grid import Grid, GridParameters
from harness.plant.inputs import (
    OWNERS,
    BatteryEmulatorInputs,
    DriverInputs,
    GridInputs,
    Inputs,
    PilotInputs,
    ReaderInputs,
    RelayInputs,
    SiteInputs,
    StationInputs,
    Value,
    VehicleInputs,
    check_inputs,
)
from harness.plant.moment import Books, Moment
from harness.plant.onboard import Onboard, OnboardParameters
from harness.plant.pilot import offered_a
from harness.plant.port import PlantState
from harness.plant.senses import sense
from harness.plant.site import Site, SiteParameters

_RAMP_STEP_S = 0.5
_QUIET_STEP_S = 600.0
_SHORTEST_S = 1e-6
_TRIP_DELAY_S = 2.0
"""How long the battery bears a fault before it opens its contactor (our default)."""


@dataclass(frozen=True, slots=True)
class PlantParameters:
    """What the plant is made of. Numbers are our default."""

    grid: GridParameters = field(default_factory=GridParameters)
    converter: ConverterParameters = field(default_factory=ConverterParameters)
    onboard: OnboardParameters = field(default_factory=OnboardParameters)
    battery: BatteryParameters = field(default_factory=BatteryParameters)
    site: SiteParameters = field(default_factory=SiteParameters)
    cable_ohm: float = 0.02
    """DC cable, both conductors and contacts."""
    emulator_ohm: float = 0.005
    """Inner resistance of a battery emulator's regulation."""
    isolation_ohm: float = 2_000_000.0
    """Of the station and its cable to earth."""


class Plant:
    """The moment, the inputs of all owners, and what they connect."""

    def __init__(self, parameters: PlantParameters | None = None, at_s: float = 0.0) -> None:
        self.parameters = parameters or PlantParameters()
        self.at_s = at_s
        self.grid = Grid(self.parameters.grid)
        self.converter = Converter(self.parameters.converter)
        self.power = Follower(self.parameters.converter.ramp_w_per_s)
        self.onboard = Onboard(self.parameters.onboard)
        self.onboard_current = Follower(self.parameters.onboard.ramp_a_per_s)
        self.battery = Battery(self.parameters.battery)
        self.site = Site(self.parameters.site)
        self.inputs: dict[str, Inputs] = {owner: self._safe_inputs(owner) for owner in OWNERS}
        self.trip = ""
        self.closing_difference_v = 0.0
        self._fault_from_s: float | None = None
        self._kept_s = at_s
        """The time of the moment that is kept; `at_s` may be later, up to the next change of course."""
        self._until_s = at_s
        self._moment = Moment(self.battery.fresh, self.parameters.site.battery_initial_soc)
        self._sensed: PlantState | None = None
        self._bind()
        self.grid.take(self.grid_inputs, at_s, anew=True)
        self.site.take(self.site_inputs, at_s, anew=True)
        self._replan()

    def _safe_inputs(self, owner: str) -> Inputs:
        if owner == "grid":
            return GridInputs(profile=self.parameters.grid.profile or None)
        if owner == "site":
            return SiteInputs(profile=self.parameters.site.profile or None)
        return OWNERS[owner]()

    def _bind(self) -> None:
        """The inputs by their types, and the circuit that they make, so that a step needs no look-up."""
        inputs = self.inputs
        station, vehicle, pilot = inputs["station"], inputs["vehicle"], inputs["pilot"]
        grid, site, emulator = inputs["grid"], inputs["site"], inputs["battery_emulator"]
        driver, relay, reader = inputs["driver"], inputs["relay"], inputs["reader"]
        assert isinstance(station, StationInputs)
        assert isinstance(vehicle, VehicleInputs)
        assert isinstance(pilot, PilotInputs)
        assert isinstance(grid, GridInputs)
        assert isinstance(site, SiteInputs)
        assert isinstance(driver, DriverInputs)
        assert isinstance(emulator, BatteryEmulatorInputs)
        assert isinstance(relay, RelayInputs)
        assert isinstance(reader, ReaderInputs)
        self.station, self.vehicle, self.pilot = station, vehicle, pilot
        self.grid_inputs, self.site_inputs, self.emulator = grid, site, emulator
        self.driver, self.relay, self.reader = driver, relay, reader
        self._wire()

    def _wire(self) -> None:
        """Which contacts are closed: they change with inputs and trips only."""
        vehicle = self.vehicle
        self.reaches_inlet = (self.station.contactor or self.station.welded) and self.pilot.plugged
        self.joined = self.emulator.output or vehicle.welded or (vehicle.contactor and not self.trip)
        """The far side hangs on the vehicle's inlet."""
        self.closed = self.reaches_inlet and self.joined
        self.regulates = self.closed and self.station.mode == "power"
        self.draws_ac = self.reaches_inlet and self.station.mode == "off" and self.pilot_state in ("C", "D")

    # what is kept

    @property
    def moment(self) -> Moment:
        """The moving state now."""
        ahead_s = self.at_s - self._kept_s
        return self._after(ahead_s) if ahead_s > 0 else self._moment

    @property
    def books(self) -> Books:
        return self.moment.books

    @property
    def stored_j(self) -> float:
        """What both batteries hold now."""
        moment = self.moment
        return self.battery.stored_j(moment.cells) + moment.house_soc * self.site.capacity_j()

    @property
    def state(self) -> PlantState:
        """What can be sensed now."""
        if self._sensed is None:
            self._sensed = sense(self, self.moment)
        return self._sensed

    def charge_to(self, soc: float) -> None:
        """Begin with another state of charge, as if another car had come. The books start from here."""
        self._keep()
        cells = Cells(soc, 0.0, self._moment.cells.temperature_c)
        self._moment = Moment(cells, self._moment.house_soc)
        self._replan()

    # inputs

    def command(self, owner: str, values: dict[str, Value]) -> None:
        """Set inputs of one owner, from this moment on. Raises ValueError as `check_inputs` does."""
        check_inputs(owner, values)
        inputs = self.inputs[owner]
        changed = {name: value for name, value in values.items() if getattr(inputs, name) != value}
        if changed:
            self._keep()
            for name, value in changed.items():
                setattr(inputs, name, value)
            self._changed(owner, changed)

    def release(self, owner: str) -> None:
        """The owner is gone: all its inputs go back to their safe defaults."""
        self._keep()
        self.inputs[owner] = self._safe_inputs(owner)
        self._bind()
        self._changed(owner, {})

    def _changed(self, owner: str, values: dict[str, Value]) -> None:
        was_joined, inlet_v = self.joined, self.inlet_v(self._moment, 0.0)
        if (owner == "vehicle" and "contactor" in values) or not self.pilot.plugged:
            self.trip = ""  # a fresh close, or a replug, starts anew
        self._wire()
        if values.get("plugged") and self.vehicle.arrives_soc is not None:
            self._arrive(self.vehicle.arrives_soc)
        if self.joined and not was_joined:
            self.closing_difference_v = abs(inlet_v - self.source_v(self._moment.cells))
        if owner == "grid":
            self.grid.take(self.grid_inputs, self.at_s, anew="profile" in values)
        elif owner == "site":
            self.site.take(self.site_inputs, self.at_s, anew="profile" in values)
        elif owner == "station":
            self._aim()
        self._aim_onboard()
        self._replan()

    def _arrive(self, soc: float) -> None:
        """The car was driven meanwhile: that energy is in nobody's books here."""
        moment = self._moment
        cells = Cells(soc, 0.0, moment.cells.temperature_c)
        self._moment = Moment(
            cells, moment.house_soc, moment.reference_w, moment.onboard_a, moment.open_v, moment.books
        )

    def _aim(self) -> None:
        station = self.station
        if station.mode != "power":
            self.power.halt()
            return
        power_w = station.target_power_w
        if power_w is None:
            power_w = self._power_for_current()
        self.power.ask(self.converter.within_rating(power_w), self.at_s + self.converter.parameters.dead_time_s)

    def _power_for_current(self) -> float:
        current_a = self.station.target_current_a or 0.0
        return current_a * (self.source_v(self._moment.cells) + current_a * self.parameters.battery.ohmic_ohm)

    def _aim_onboard(self) -> None:
        vehicle, parameters = self.vehicle, self.parameters.onboard
        if not self.draws_ac:
            self.onboard_current.halt()
        elif vehicle.ac_follows_pilot:
            offer_a = self.onboard.aim_a(self.offered_a, vehicle.ac_maximum_a)
            aim_a = offer_a if offer_a >= parameters.minimum_a else 0.0
            self.onboard_current.ask(aim_a, self.at_s + parameters.reaction_s)
        else:
            aim_a = self.onboard.aim_a(vehicle.ac_current_a, vehicle.ac_maximum_a)
            self.onboard_current.ask(aim_a, self.at_s + parameters.command_s)

    # time

    def advance(self, to_s: float) -> None:
        """Let time pass; what happens on the way happens at its own times."""
        if to_s <= self.at_s:
            return
        while self._until_s <= to_s:
            self.at_s = self._until_s
            self._keep()
            self._replan()
        self.at_s = to_s
        self._sensed = None

    def _keep(self) -> None:
        """The present moment becomes the one from which the next step begins."""
        for_s = self.at_s - self._kept_s
        if for_s <= 0:
            return
        self._moment = moment = self._after(for_s)
        self.power.value, self.onboard_current.value = moment.reference_w, moment.onboard_a
        self._kept_s = self.at_s

    def _replan(self) -> None:
        """Protection, due targets, and the time until which the course of things is known."""
        now_s = self._kept_s
        self.power.take_due(now_s)
        self.onboard_current.take_due(now_s)
        if self.regulates and self.station.target_power_w is None and not self.power.moving:
            self.power.target = self.power.value = self.converter.within_rating(self._power_for_current())
        moment = Moment(
            self._moment.cells,
            self._moment.house_soc,
            self.power.value,
            self.onboard_current.value,
            self._moment.open_v,
            self._moment.books,
        )
        self._moment, self._sensed = moment, None
        fault = self._fault(moment)
        if not fault:
            self._fault_from_s = None
        elif self._fault_from_s is None:
            self._fault_from_s = now_s
        elif now_s - self._fault_from_s >= _TRIP_DELAY_S - 1e-9:
            self.trip, self._fault_from_s = fault, None
            self._wire()
            self._aim_onboard()
        self._until_s = now_s + max(self._steady_s(moment), _SHORTEST_S)

    def _steady_s(self, moment: Moment) -> float:
        now_s = self._kept_s
        runs = self._runs(self.grid.voltage_v(now_s))
        until_s = min(self.power.steady_s(now_s, runs), self.onboard_current.steady_s(now_s), self.grid.steady_s(now_s))
        battery_a = self.battery_a(moment, self.grid.voltage_v(now_s))
        until_s = min(until_s, self.battery.smooth_s(moment.cells, battery_a), _QUIET_STEP_S)
        if (runs and self.power.moving) or self.onboard_current.moving:
            until_s = min(until_s, _RAMP_STEP_S)
        if self._fault_from_s is not None:
            until_s = min(until_s, self._fault_from_s + _TRIP_DELAY_S - now_s)
        if not self.site.idle:
            others_w = self.state.grid_power_w + self.site.household_w(now_s) - self.site.pv_w(now_s)
            until_s = min(until_s, self.site.steady_s(now_s, others_w, moment.house_soc))
        return until_s

    def _after(self, for_s: float) -> Moment:
        """The moment in `for_s`, on the present course: the step function."""
        now, parameters = self._moment, self.parameters
        cells, books = now.cells, now.books
        grid_v = self.grid.mean_voltage_v(self._kept_s, for_s)
        reference_w = (
            self.power.after(for_s) if self._runs(grid_v) else 0.0
        )  # its ramp begins anew with circuit and grid
        onboard_a = self.onboard_current.after(for_s)
        estimate_a = self.dc_current_a(now, grid_v)
        dc_a = estimate_a
        if estimate_a or reference_w:
            dc_a = self.dc_current_a(now, grid_v, (now.reference_w + reference_w) / 2, estimate_a, for_s)
        onboard_ac_w = self.onboard_w((now.onboard_a + onboard_a) / 2, cells, grid_v)
        battery_a = 0.0 if self.emulator.output else dc_a
        if onboard_ac_w:
            battery_a += self.onboard.dc_w(onboard_ac_w) / self.battery.emf_v(cells, estimate_a, for_s)
        cells, terminal_j, heat_j = self.battery.carry(cells, battery_a, for_s)
        cable_j = dc_a * dc_a * parameters.cable_ohm * for_s
        emulator_j = 0.0
        if self.emulator.output:
            inner_j = dc_a * dc_a * parameters.emulator_ohm * for_s
            emulator_j = dc_a * self.emulator.voltage_v * for_s
            outlet_j = emulator_j + inner_j + cable_j
            heat_j += inner_j
            onboard_dc_j = terminal_j
        else:
            # what reached the battery beside the on-board charger's share came through the cable
            share = dc_a / battery_a if battery_a else 0.0
            outlet_j = terminal_j * share + cable_j
            onboard_dc_j = terminal_j * (1.0 - share)
        onboard_j = onboard_ac_w * for_s
        converter_j = self.station_loss_w(outlet_j / for_s) * for_s
        grid_j, vehicle_j = outlet_j + converter_j + onboard_j, outlet_j + onboard_j
        house_soc, site = now.house_soc, _NO_SITE
        if not self.site.idle:
            house_soc, site = self._site_after(grid_j / for_s, for_s)
        household_j, pv_j, house_j, house_lost_j = site
        site_j = grid_j + household_j - pv_j + house_j
        books = Books(
            books.grid_j + grid_j,
            books.imported_j + max(grid_j, 0.0),
            books.exported_j - min(grid_j, 0.0),
            books.station_in_j + max(vehicle_j, 0.0),
            books.station_out_j - min(vehicle_j, 0.0),
            books.lost_j + converter_j + cable_j + heat_j + (onboard_j - onboard_dc_j) + house_lost_j,
            books.emulator_j + emulator_j,
            books.household_j + household_j,
            books.pv_j + pv_j,
            books.house_battery_j + house_j,
            books.site_in_j + max(site_j, 0.0),
            books.site_out_j - min(site_j, 0.0),
        )
        return Moment(cells, house_soc, reference_w, onboard_a, self._open_v_after(for_s, cells), books)

    def _site_after(self, station_w: float, for_s: float) -> tuple[float, tuple[float, float, float, float]]:
        """The stationary battery's state of charge, and energies: household, PV, into the battery, lost in it."""
        site, middle_s, house_soc = self.site, self._kept_s + for_s / 2, self._moment.house_soc
        household_w, pv_w = site.household_w(middle_s), site.pv_w(middle_s)
        battery_w = site.battery_w(station_w + household_w - pv_w, house_soc)
        cells_w = site.into_cells_w(battery_w)
        energies = (household_w * for_s, pv_w * for_s, battery_w * for_s, (battery_w - cells_w) * for_s)
        return house_soc + cells_w * for_s / site.capacity_j(), energies

    def _open_v_after(self, for_s: float, cells: Cells) -> float:
        if self.closed:
            return self.source_v(cells)
        if self.station.mode == "off":
            return self.converter.decayed_v(self._moment.open_v, for_s)
        return self.converter.risen_v(self._moment.open_v, self.station.target_voltage_v or 0.0, for_s)

    def _fault(self, moment: Moment) -> str:
        """Why the battery management is about to trip."""
        if self.trip or self.emulator.output:
            return ""
        battery_a = self.battery_a(moment, self.grid.voltage_v(self._kept_s))
        if not battery_a:
            return ""
        parameters, vehicle = self.battery.parameters, self.vehicle
        charge_a = min(_or_inf(vehicle.maximum_charge_a), parameters.maximum_charge_a)
        discharge_a = min(_or_inf(vehicle.maximum_discharge_a), parameters.maximum_discharge_a)
        return self.battery.fault(moment.cells, battery_a, charge_a, discharge_a)

    # the circuit

    def _runs(self, grid_v: float) -> bool:
        return self.regulates and grid_v > self.grid.parameters.dead_v

    @property
    def pilot_state(self) -> str:
        if not self.pilot.plugged:
            return "A"
        if not self.station.pilot_on:
            return "E"
        return self.pilot.pilot_state or self.vehicle.pilot_state

    @property
    def offered_a(self) -> float:
        """Current per phase that the pilot offers."""
        shown = self.pilot.plugged and self.station.pilot_on
        return offered_a(self.station.pilot_duty_percent) if shown else 0.0

    def dc_current_a(
        self,
        moment: Moment,
        grid_v: float,
        power_w: float | None = None,
        about_a: float = 0.0,
        ahead_s: float = 0.0,
    ) -> float:
        """Current through the DC cable within every limit: of this instant, or of the middle of a step with a mean
        power and about a current."""
        if not self._runs(grid_v):
            return 0.0
        power_w = moment.reference_w if power_w is None else power_w
        if self.emulator.output:
            emf_v, ohm = self.emulator.voltage_v, self.parameters.emulator_ohm + self.parameters.cable_ohm
        else:
            emf_v = self.battery.emf_v(moment.cells, about_a, ahead_s)
            ohm = self.battery.parameters.ohmic_ohm + self.parameters.cable_ohm
        station, rating = self.station, self.converter.parameters
        divisor = emf_v + sqrt(max(emf_v * emf_v + 4.0 * ohm * power_w, 0.0))
        current_a = 2.0 * power_w / divisor if divisor > 0 else 0.0
        highest_v = rating.maximum_v if station.target_voltage_v is None else station.target_voltage_v
        limit_a = rating.maximum_a
        if station.target_current_a is not None:
            limit_a = min(limit_a, abs(station.target_current_a))
        if current_a > 0:
            high_a = max(0.0, min(limit_a, (highest_v - emf_v) / ohm))
            if self.emulator.output:
                high_a = min(high_a, self.emulator.sink_limit_a)
            return min(current_a, high_a)
        low_a = min(0.0, max(-limit_a, (station.minimum_voltage_v - emf_v) / ohm))
        if self.emulator.output:
            low_a = max(low_a, -self.emulator.source_limit_a)
        return max(current_a, low_a)

    @property
    def onboard_phases(self) -> int:
        phases = min(self.parameters.onboard.phases, self.station.ac_phases)
        return phases if self.vehicle.ac_phases is None else min(phases, self.vehicle.ac_phases)

    def onboard_phase_a(self, wanted_a: float, cells: Cells, grid_v: float) -> float:
        """Current per phase of the on-board charger: as wanted, while the battery takes or gives it."""
        if not wanted_a or grid_v <= self.grid.parameters.dead_v:
            return 0.0
        one_a = self.onboard_phases * grid_v / self.battery.rest_v(cells)
        if wanted_a > 0:
            most_a = self.battery.maximum_charge_a(cells) / (one_a * self.onboard.parameters.efficiency)
            return min(wanted_a, most_a)
        return max(wanted_a, -self.battery.maximum_discharge_a(cells) * self.onboard.parameters.efficiency / one_a)

    def onboard_w(self, wanted_a: float, cells: Cells, grid_v: float) -> float:
        """AC power of the on-board charger, all phases."""
        phase_a = self.onboard_phase_a(wanted_a, cells, grid_v)
        if not phase_a:
            return 0.0
        loss_w = self.station_loss_w(0.0)
        return self.onboard_phases * self.grid.station_v(grid_v, loss_w / 3.0 + grid_v * phase_a, 0.0) * phase_a

    def battery_a(self, moment: Moment, grid_v: float) -> float:
        """Into the battery at this instant, by both ways."""
        battery_a = 0.0 if self.emulator.output else self.dc_current_a(moment, grid_v)
        onboard_w = self.onboard_w(moment.onboard_a, moment.cells, grid_v)
        return battery_a + self.onboard.dc_w(onboard_w) / self.battery.rest_v(moment.cells) if onboard_w else battery_a

    def station_loss_w(self, dc_w: float) -> float:
        """What the station turns into heat at a DC power."""
        return self.converter.loss_w(dc_w, self.station.mode != "off") + self.station.more_loss_w

    def source_v(self, cells: Cells) -> float:
        """Voltage behind the vehicle's contactor, or of the emulator, without current."""
        return self.emulator.voltage_v if self.emulator.output else self.battery.rest_v(cells)

    def far_v(self, moment: Moment, dc_a: float) -> float:
        """At the terminals of the battery or the emulator."""
        if self.emulator.output:
            return self.emulator.voltage_v + dc_a * self.parameters.emulator_ohm
        return self.battery.rest_v(moment.cells) + dc_a * self.battery.parameters.ohmic_ohm

    def inlet_v(self, moment: Moment, dc_a: float) -> float:
        if self.joined:
            return self.far_v(moment, dc_a)
        return moment.open_v if self.reaches_inlet else 0.0

    def outlet_v(self, moment: Moment, dc_a: float) -> float:
        """At the station's DC terminals."""
        if self.closed:
            return self.far_v(moment, dc_a) + dc_a * self.parameters.cable_ohm
        return moment.open_v


_NO_SITE = (0.0, 0.0, 0.0, 0.0)


def _or_inf(limit: float | None) -> float:
    return inf if limit is None else limit
