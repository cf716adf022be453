"""The OCPP half of the emulated charger: the station agent on the plant's meter, connected to a CSMS.

The V2G half tells it what the vehicle does and asks it what power to aim at; see `EmulatedStation`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from cryptography import x509

from drivers.emulators.station_defects import quirks_of
from harness.clock import Clock
from harness.link import TextChannel
from harness.ocpp.certificates import chain_hashes
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.charging_station import ChargingStation, StationSettings
from harness.ocpp.energy_manager import EmsOrder
from harness.ocpp.foresight import Slots
from harness.ocpp.meter_values import Meter, Readings
from harness.ocpp.network_profiles import CsmsAddress
from harness.ocpp.observer import Observer, Unobserved
from harness.ocpp.orders import Order
from harness.ocpp.outbox import Letter
from harness.ocpp.schedule_dialogue import ScheduleState
from harness.ocpp.security import Security
from harness.ocpp.shell import Backoff, Connect, StationShell, utc_s
from harness.ocpp.transactions import IdToken
from harness.ocpp.version import Version
from harness.ocpp.wire import connect
from harness.plant.port import PlantPort, PlantState

_FOR_EVER_S = 1e7


BACKOFF = Backoff(1.0, 1)
"""It is never longer than two seconds away once it is let in again: a bench does not wait for nothing (our default)."""


class PlantMeter:
    """The station's meters in the plant, as OCPP readings; `building_w` is what else the site draws. `ac`: its outlet is one
    of AC, and has the grid's voltage."""

    def __init__(self, plant: PlantPort, building_w: Callable[[], float | None], *, ac: bool = False) -> None:
        self.plant = plant
        self.ac = ac
        self.building_w = building_w

    def readings(self) -> Readings:
        state: PlantState = self.plant.state
        building_w = self.building_w()
        return Readings(
            power_w=state.grid_power_w,
            imported_wh=state.grid_imported_wh,
            exported_wh=state.grid_exported_wh,
            voltage_v=state.grid_voltage_v if self.ac else state.station_voltage_v,
            current_a=state.grid_phase_current_a[0] if self.ac else state.station_current_a,
            frequency_hz=state.grid_frequency_hz,
            grid_voltage_v=state.grid_voltage_v,
            phase_power_w=state.grid_phase_power_w,
            soc_percent=100.0 * state.soc if state.plugged else None,
            building_load_w=None if building_w is None else building_w + state.grid_power_w,
        )


def over_websocket(
    url: str, identity: str, versions: tuple[Version, ...] = (Version.V21,), security: Security | None = None
) -> Connect:
    """How the station reaches a CSMS on a wire."""

    async def reach() -> tuple[TextChannel, Version]:
        return await connect(url, identity, versions, security)

    return reach


class EmulatedStation:
    """The station with its clock and shell: what the V2G half calls, without times.

    `plug`, `identify`, `authorise`, `need`, `start_transfer`, `pause`, `resume`, `stop_transfer` and `unplug` follow
    the vehicle; `authorised`, `allowed_energy_transfer`, `schedule_state` and `power_target_w()` are to be read, and
    `take_orders()` gives what the CSMS wants done (stop, renegotiate, reboot).
    """

    def __init__(
        self,
        plant: PlantPort,
        clock: Clock,
        csms: Connect | CsmsAddress,
        *,
        settings: StationSettings | None = None,
        defects: Collection[str] = (),
        observer: Observer | None = None,
        backoff: Backoff | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.clock = clock
        self.building_w: float | None = None
        """What the site draws besides this charger, W; None: there is no site meter."""
        settings = settings or StationSettings()
        meter = meter or PlantMeter(plant, lambda: self.building_w, ac=settings.ac)
        self.core = ChargingStation(settings, meter, quirks=quirks_of(defects))
        self.evse = self.core.evse
        if self.core.quirks.stays_away:
            backoff = Backoff(wait_minimum_s=_FOR_EVER_S)
        elif self.core.quirks.hammers:
            backoff = Backoff(wait_minimum_s=0.05, repeat_times=0)
        if isinstance(csms, CsmsAddress):
            csms = partial(self.core.networks.connect, csms, settings.identity, (Version.V21,))
        self.shell = StationShell(
            self.core, settings.identity, csms, clock, observer or Unobserved(), backoff or BACKOFF
        )
        self.core.networks.hang_up = self._hang_up
        self._task: asyncio.Task[None] | None = None
        self._new_link: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and stay connected."""
        self._task = asyncio.ensure_future(self.shell.run())

    async def stop(self) -> None:
        for task in (self._new_link, self._task):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def _hang_up(self) -> None:
        self._new_link = asyncio.ensure_future(self.shell.reconnect())

    # what the vehicle does ---------------------------------------------------------------------------------------

    def plug(self) -> None:
        self.evse.plug(self.now_s())
        self.shell.poke()

    def identify(self, evccid: str, protocol: str = "urn:iso:std:iso:15118:-20:DC") -> None:
        self.evse.identify(evccid, self.now_s(), protocol=protocol)
        self.shell.poke()

    def authorise(self, token: str, token_type: str = "Local", contract: Sequence[x509.Certificate] = ()) -> None:
        """`contract`: its chain with the root, for the CSMS to validate."""
        self.evse.authorise(IdToken(token, token_type), self.now_s(), chain_hashes(contract))
        self.shell.poke()

    def say(self, letter: Letter) -> None:
        """Something to the CSMS that is no part of a transaction."""
        self.core.post(letter)
        self.shell.poke()

    def need(self, needs: ChargingNeeds) -> None:
        if self.evse.schedule.needs and self.core.quirks.forgets_new_needs:
            return
        self.evse.need(needs, self.now_s())
        self.shell.poke()

    def start_transfer(self) -> None:
        self.evse.start_transfer(self.now_s())
        self.shell.poke()

    def pause(self, *, by_vehicle: bool = True) -> None:
        self.evse.pause(self.now_s(), by_vehicle=by_vehicle)
        self.shell.poke()

    def resume(self) -> None:
        self.evse.resume(self.now_s())
        self.shell.poke()

    def stop_transfer(self, reason: str = "Local", trigger: str = "StopAuthorized") -> None:
        """`reason` as in ReasonEnumType: Local, StoppedByEV, Remote, EmergencyStop, ..."""
        self.evse.stop_transfer(self.now_s(), reason=reason, trigger=trigger)
        self.shell.poke()

    def unplug(self) -> None:
        self.evse.unplug(self.now_s())
        self.shell.poke()

    def follow_ems(self, order: EmsOrder) -> None:
        """What the energy manager on site asks for now."""
        ems = self.evse.ems
        if self.core.quirks.keeps_ems_orders:
            order = replace(order, duration_s=None)
        deaf = self.core.quirks.deaf_to_ems_offline and not self.core.online
        if order == ems.order or deaf:
            return
        before_w = self.power_target_w()
        if order == EmsOrder():
            ems.release()
        else:
            ems.obey(order, self.now_s())
        if self.power_target_w() != before_w:
            self.evse.rate_changed(self.now_s())
        self.evse.control.look_again(self.now_s())
        self.shell.poke()

    def prioritise(self, activate: bool) -> None:
        """The button for priority charging (K22)."""
        if self.evse.transaction:
            self.evse.smart.switch_priority(self.evse.transaction.id, activate=activate)
            self.evse.control.look_again(self.now_s())
            self.shell.poke()

    # what the V2G half reads -------------------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        return self.core.online

    @property
    def authorised(self) -> bool | None:
        """None: nobody has decided yet."""
        return self.evse.admission.granted

    @property
    def allowed_energy_transfer(self) -> tuple[str, ...] | None:
        """As in EnergyTransferModeEnumType (DC, DC_BPT, ...); None: the CSMS has not said."""
        return self.evse.admission.allowed

    @property
    def schedule_state(self) -> ScheduleState:
        return self.evse.schedule.state

    @property
    def in_transaction(self) -> bool:
        return self.evse.transaction is not None

    def power_target_w(self) -> float:
        """Positive into the vehicle; 0 outside an energy transfer."""
        return self.evse.power_target_w(self.now_s())

    def reactive_target_var(self) -> float:
        """Positive drawn from the grid; 0 outside an energy transfer."""
        return self.evse.reactive_target_var(self.now_s())

    def schedules(self, until_s: int) -> tuple[Slots, ...] | None:
        """What a vehicle in scheduled control may choose from; None as long as that is to come."""
        return self.evse.schedules(until_s, self.now_s())

    def choose(self, number: int, powers: Sequence[tuple[int, float]]) -> None:
        """The vehicle's choice, counted from 1, and its own profile: (begin s, W)."""
        self.evse.schedule.choose(number, powers)

    def take_orders(self) -> list[Order]:
        return self.evse.take_orders()

    def now_s(self) -> float:
        return utc_s(self.clock)
