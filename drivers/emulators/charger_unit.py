"""An emulated charging station as one unit: V2G towards the vehicle, OCPP towards the CSMS, one power path between.

`python -m drivers.emulators.charger_unit --plant ADDRESS --option ocpp_id=CS-01 --option csms=ws://127.0.0.1:9000/ocpp
--option interface=evse0` prints its ready line with the UDP port of its discovery.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from typing import Any

from drivers.emulators.central_contracts import CentralContracts
from drivers.emulators.charger_defects import CHARGER_DEFECTS
from drivers.emulators.configured import protocols, secc_config
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from drivers.emulators.reader import Reader
from drivers.emulators.secc import Charger
from drivers.emulators.session_handover import BY_VEHICLE, TOKEN, SessionHandover
from drivers.emulators.station import EmulatedStation
from drivers.emulators.station_defects import QUIRKS
from harness.clock import Clock
from harness.grid_code import load_grid_code
from harness.iso15118 import sdp
from harness.iso15118.environment import Environment
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import Energy
from harness.iso15118.warm import warm_up
from harness.link import ByteStream
from harness.ocpp.charging_station import StationSettings
from harness.ocpp.energy_manager import EmsOrder
from harness.ocpp.network_profiles import CsmsAddress
from harness.ocpp.orders import RebootWanted, RenegotiationWanted, ScheduleRenegotiationWanted, StopWanted
from harness.ocpp.profiles import Mode
from harness.ocpp.shell import utc_s
from harness.ocpp.wire import connect
from harness.plant.port import PlantPort
from harness.plant.wire import PlantClient

OWNER = "station"
CONTROL_S = 0.1
"""Period in which the two halves look at each other (our default)."""
REST_S = 1.0
"""The same while a session is paused (our default)."""
_CONTRACTS = {"ISO15118Ctrlr.PnCEnabled": "true", "ISO15118Ctrlr.ContractCertificateInstallationEnabled": "true"}


class ChargerUnit:
    """Couples the halves: sessions become transactions, setpoints become power, and stops go both ways.

    `confirms_metering`: a vehicle that pays by contract is asked once to confirm the meter's reading. `central`: the
    CSMS decides on contracts and installs them, so nobody is presented before the vehicle says how it pays. `starts`: as in
    reader.py.
    """

    def __init__(
        self,
        plant: PlantPort,
        clock: Clock,
        csms: CsmsAddress,
        *,
        identity: str = "CS-0001",
        defects: Collection[str] = (),
        config: SeccConfig | None = None,
        security: Environment | None = None,
        grid_code: str = "",
        confirms_metering: bool = False,
        central: bool = False,
        starts: str = "itself",
    ) -> None:
        self.plant = plant
        self.clock = clock
        if unknown := set(defects) - set(CHARGER_DEFECTS) - set(QUIRKS):
            raise ValueError(f"a charger has no defect {', '.join(sorted(unknown))}; `plugfest defects` lists them")
        self.charger = Charger(
            plant,
            clock,
            config=config,
            on_event=lambda event: self._handover.heard(event),
            defects=[one for one in defects if one in CHARGER_DEFECTS],
            grid_code=load_grid_code(grid_code) if grid_code else None,
        )
        self.charger.authorize(None)
        if security:
            self.charger.secure(security.charger())
        self.station = EmulatedStation(
            plant,
            clock,
            csms,
            settings=StationSettings(
                identity=identity,
                ac=all(one.energy is Energy.AC for one in self.charger.config.offers),
                variables=_CONTRACTS if central else {},
            ),
            defects=[one for one in defects if one in QUIRKS],
        )
        self._central: CentralContracts | None = None
        if central and security:
            self._central = CentralContracts(self.charger, self.station, security.hierarchy)
        self._handover = SessionHandover(
            self.charger, self.station, central=self._central, confirms_metering=confirms_metering
        )
        self._reader = Reader(plant, starts)
        self._prioritised = False
        self._plugged = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.charger.start()
        self.station.start()
        self._task = asyncio.ensure_future(self._control())

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.charger.close()
        await self.station.stop()

    def attach(self, *, secured: bool = False) -> ByteStream:
        """A V2G connection in memory; returns the vehicle's end."""
        return self.charger.attach(secured=secured)

    def discover(self, datagram: bytes) -> tuple[bytes, ...]:
        """A discovery datagram in memory; returns its answers."""
        answers = self.charger.respond_to_discovery(datagram)
        return answers if isinstance(answers, tuple) else (answers,) if answers else ()

    # OCPP to V2G

    async def _control(self) -> None:
        while True:
            self._watch_plug()
            self._watch_site()
            self.charger.authorize(self.station.authorised)
            self.charger.target_power_w = self._outlet_target_w()
            self._watch_idle()
            for order in self.station.take_orders():
                self._obey(order)
            await self.clock.sleep(REST_S if self._handover.idle and not self.charger.in_session else CONTROL_S)

    def _outlet_target_w(self) -> float:
        """The DC power that makes the grid side meet the setpoint: a station regulates where it is metered for the grid."""
        support = self.charger.grid_support
        wanted_w = support.shaped_w(self.station.power_target_w(), self.clock.now_s())
        if support.off != self.charger.outlet.off_grid:
            self.charger.outlet.leave_grid(support.off)
        if support.code is None and not self.charger.outlet.ac:
            self.plant.command(reactive_var=self.station.reactive_target_var())
        if self.charger.outlet.ac:
            return wanted_w  # the vehicle regulates, at the very point that is metered
        state = self.plant.state
        losses_w = state.grid_power_w - state.station_voltage_v * state.station_current_a
        return wanted_w - losses_w if wanted_w and state.station_contactor_closed else wanted_w

    def _watch_site(self) -> None:
        """The site's meter, and what the energy manager of the site asks for."""
        state = self.plant.state
        self.station.building_w = state.household_w - state.pv_w + state.house_battery_w
        if state.driver_priority != self._prioritised:
            self._prioritised = state.driver_priority
            self.station.prioritise(self._prioritised)
        self.station.follow_ems(
            EmsOrder(
                state.ems_setpoint_w,
                state.ems_limit_w,
                state.ems_discharge_limit_w,
                state.ems_duration_s,
                state.ems_until_s,
                state.ems_then_w,
                state.ems_whole_station,
            )
        )

    def _watch_plug(self) -> None:
        plugged = self.plant.state.plugged
        if plugged and not self._plugged:
            self._handover.ending = BY_VEHICLE
            self.station.plug()
            self._reader.plugged()
        elif self._plugged and not plugged:
            self._handover.transferring = False
            self._handover.idle = False
            self._reader.unplugged()
            self.station.unplug()
        self._plugged = plugged
        if self._central is None and (token := self._reader.token(TOKEN)):
            self.station.authorise(token)

    def _watch_idle(self) -> None:
        """Idle pauses the V2G session; the end of it wakes the vehicle."""
        idle = self.station.evse.target(utc_s(self.clock)).mode is Mode.IDLE
        if idle and not self._handover.idle:
            self.charger.pause()
        elif self._handover.idle and not idle:
            self.charger.wake()
        self._handover.idle = idle

    def _obey(self, order: object) -> None:
        if isinstance(order, StopWanted | RebootWanted):
            if isinstance(order, StopWanted) and order.reason == "Remote":
                self._handover.ending = ("Remote", "RemoteStop")
                if not self.charger.in_session:  # no vehicle to wait for: it was broken off, or rests
                    self._handover.transferring = False
                    self.station.stop_transfer(*self._handover.ending)
            self.charger.terminate()
        elif isinstance(order, RenegotiationWanted):
            self.charger.renegotiate_service()
        elif isinstance(order, ScheduleRenegotiationWanted):
            self.charger.renegotiate_schedule()


def build(request: Request) -> ChargerUnit:
    """In memory: `csms_address` and `clock` come as objects in the options."""
    options = request.options or {}
    security = _security(options)
    return ChargerUnit(
        request.plant,
        request.option("clock", None),
        request.option("csms_address", None),
        identity=request.option("ocpp_id", "CS-0001"),
        defects=request.defects,
        grid_code=request.option("grid_code", ""),
        config=secc_config(options, security),
        security=security,
        confirms_metering=bool(options.get("pnc")),
        central=options.get("pnc") == "central",
        starts=options.get("starts", "itself"),
    )


def _security(options: Mapping[str, Any]) -> Environment | None:
    return Environment.of(options["security"]) if "security" in options else None


async def _main() -> None:
    chosen = arguments("charger_unit")
    options = options_of(chosen)
    clock = Clock()
    identity = str(options.get("ocpp_id", "CS-0001"))
    security = _security(options)
    unit = ChargerUnit(
        PlantClient(chosen.plant, OWNER),
        clock,
        CsmsAddress(str(options["csms"]), connect),
        identity=identity,
        defects=chosen.defect,
        grid_code=str(options.get("grid_code", "")),
        config=secc_config(options, security),
        security=security,
        confirms_metering=bool(options.get("pnc")),
        central=options.get("pnc") == "central",
        starts=options.get("starts", "itself"),
    )
    interface = options.get("interface")
    tls = unit.charger.tls
    _, port = await unit.charger.listen(
        interface=interface, sdp_port=sdp.PORT if interface else 0, tls=tls, tls_required=tls is not None
    )
    await unit.start()
    ready("charger_unit", address=str(port), resource=str(port))
    await until_terminated()
    await unit.close()


if __name__ == "__main__":
    die_with_parent()
    warm_up(protocols(options_of(arguments("charger_unit"))))
    asyncio.run(_main())
