"""An emulated charging station as one unit: V2G towards the vehicle, OCPP towards the CSMS, one power path between.

`python -m drivers.emulators.charger_unit --plant ADDRESS --option ocpp_id=CS-01 --option csms=ws://127.0.0.1:9000/ocpp
--option interface=evse0` prints its ready line with the UDP port of its discovery.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from drivers.emulators.central_contracts import CentralContracts
from drivers.emulators.charger_defects import CHARGER_DEFECTS
from drivers.emulators.configured import protocols, secc_config
from drivers.emulators.der_handover import DerHandover
from drivers.emulators.iso2_needs import of_iso2
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from drivers.emulators.reader import Reader
from drivers.emulators.secc import Charger
from drivers.emulators.station import EmulatedStation
from drivers.emulators.station_defects import QUIRKS
from harness.clock import Clock
from harness.grid_code import load_grid_code
from harness.iso15118 import sdp
from harness.iso15118.environment import Environment
from harness.iso15118.secc import SeccConfig
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Service
from harness.iso15118.station import SessionEvent, What
from harness.iso15118.warm import warm_up
from harness.link import ByteStream
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.charging_station import StationSettings
from harness.ocpp.energy_manager import EmsOrder
from harness.ocpp.foresight import Slots
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
TOKEN = "PLUGFEST-DRIVER"
"""Identification that the station presents for whoever plugs in (our default)."""
BY_VEHICLE = ("StoppedByEV", "ChargingStateChanged")
_TRANSFERS = {Service.DC: "DC", Service.DC_BPT: "DC_BPT", Service.AC: "AC_three_phase", Service.AC_BPT: "AC_BPT",
              Service.AC_DER_IEC: "AC_BPT_DER"}  # fmt: skip


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
            on_event=self._heard,
            defects=[one for one in defects if one in CHARGER_DEFECTS],
            grid_code=load_grid_code(grid_code) if grid_code else None,
        )
        self.charger.authorize(None)
        self.charger.before_session.append(self._prepare)
        if security:
            self.charger.secure(security.charger())
        self.station = EmulatedStation(
            plant,
            clock,
            csms,
            settings=StationSettings(
                identity=identity,
                ac=Service.AC_DER_IEC in self.charger.config.offers,
                variables=_CONTRACTS if central else {},
            ),
            defects=[one for one in defects if one in QUIRKS],
        )
        self._der = DerHandover(self.charger, self.station)
        self._central: CentralContracts | None = None
        if central and security:
            self._central = CentralContracts(self.charger, self.station, security.hierarchy)
        self._reader = Reader(plant, starts)
        self._prioritised = False
        self._confirms_metering = confirms_metering
        self._by_contract = False
        self._limits: Mapping[str, Any] = {}
        self._service = Service.DC
        self._dynamic = True
        self._offered: tuple[Slots, ...] | None = None
        """The CSMS's schedules as they were offered last in this session."""
        self._plugged = False
        self._idle = False
        self._transferring = False
        self._ending = BY_VEHICLE
        """Reason and trigger of the next regular end."""
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

    # V2G to OCPP

    def _heard(self, event: SessionEvent) -> None:
        handler = _HANDLERS.get(event.what)
        if handler:
            handler(self, event.data)

    def _prepare(self, se: Secc) -> None:
        self._offered = None
        se.session.scheduler = self._schedule
        se.session.plain_only = lambda: self.station.evse.admission.plain_only

    def _schedule(self, until_s: int) -> tuple[Slots, ...] | None:
        if self._offered is None or not self.station.core.quirks.keeps_first_schedule:
            self._offered = self.station.schedules(until_s)
        return self._offered

    def _chosen(self, data: Mapping[str, Any]) -> None:
        self.station.choose(data["number"], data["profile"])

    def _session(self, data: Mapping[str, Any]) -> None:
        session = self.charger.current.session if self.charger.current else None
        self.station.identify(str(data["evcc_id"]), session.chosen_namespace if session else "")
        if self._central:
            self._central.session_begun()

    def _identification(self, data: Mapping[str, Any]) -> None:
        if self._central is None or self.station.in_transaction:
            return
        if data["contract"] is None:
            self.station.authorise(TOKEN)
        else:
            self._central.present(data["emaid"], data["contract"])

    def _authorized(self, data: Mapping[str, Any]) -> None:
        self._by_contract = data["how"] == "PnC" and bool(data["granted"])

    def _service_chosen(self, data: Mapping[str, Any]) -> None:
        self._service = Service(data["service"])
        self._dynamic = data["control"] == "dynamic"
        self._der.chosen(self._service)

    def _limits_told(self, data: Mapping[str, Any]) -> None:
        self._limits = data
        self._der.limited(data)

    def _needs_told(self, data: Mapping[str, Any]) -> None:
        limits = self._limits
        departure_s = data.get("departure_s")
        self.station.need(
            ChargingNeeds(
                requested=_TRANSFERS.get(self._service, "DC"),
                available=tuple(_TRANSFERS[one] for one in self.charger.config.offers if one in _TRANSFERS),
                of_iso2=of_iso2(data["parameters"]) if "parameters" in data else None,
                schedule_entries=data.get("entries"),
                der=self._der.nameplate(data.get("minimum_energy_wh")),
                dynamic_control=self._dynamic,
                departure_s=None if departure_s is None else utc_s(self.clock) + float(departure_s),
                target_soc_percent=data.get("target_soc_percent"),
                maximum_charge_w=abs(limits.get("maximum_charge_power_w") or 0.0),
                minimum_charge_w=abs(limits.get("minimum_charge_power_w") or 0.0),
                maximum_discharge_w=abs(limits.get("maximum_discharge_power_w") or 0.0),
                minimum_discharge_w=abs(limits.get("minimum_discharge_power_w") or 0.0),
                target_energy_wh=data.get("target_energy_wh"),
                minimum_energy_wh=data.get("minimum_energy_wh"),
                maximum_energy_wh=data.get("maximum_energy_wh"),
            )
        )

    def _power_on(self, _: Mapping[str, Any]) -> None:
        if self._transferring:
            self.station.resume()
        self._transferring = True
        self.station.start_transfer()
        if self._confirms_metering and self._by_contract:
            self.charger.confirm_metering()

    def _paused(self, _: Mapping[str, Any]) -> None:
        self.station.pause(by_vehicle=not self._idle)

    def _ended(self, data: Mapping[str, Any]) -> None:
        if self._transferring:
            self._transferring = False
            reason, trigger = ("Other", "AbnormalCondition") if data.get("code") else self._ending
            self.station.stop_transfer(reason, trigger)

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
            await self.clock.sleep(REST_S if self._idle and not self.charger.in_session else CONTROL_S)

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
            self._ending = BY_VEHICLE
            self.station.plug()
            self._reader.plugged()
        elif self._plugged and not plugged:
            self._transferring = False
            self._idle = False
            self._reader.unplugged()
            self.station.unplug()
        self._plugged = plugged
        if self._central is None and (token := self._reader.token(TOKEN)):
            self.station.authorise(token)

    def _watch_idle(self) -> None:
        """Idle pauses the V2G session; the end of it wakes the vehicle."""
        idle = self.station.evse.target(utc_s(self.clock)).mode is Mode.IDLE
        if idle and not self._idle:
            self.charger.pause()
        elif self._idle and not idle:
            self.charger.wake()
        self._idle = idle

    def _obey(self, order: object) -> None:
        if isinstance(order, StopWanted | RebootWanted):
            if isinstance(order, StopWanted) and order.reason == "Remote":
                self._ending = ("Remote", "RemoteStop")
                if not self.charger.in_session:  # no vehicle to wait for: it was broken off, or rests
                    self._transferring = False
                    self.station.stop_transfer(*self._ending)
            self.charger.terminate()
        elif isinstance(order, RenegotiationWanted):
            self.charger.renegotiate_service()
        elif isinstance(order, ScheduleRenegotiationWanted):
            self.charger.renegotiate_schedule()


_HANDLERS: dict[What, Callable[[ChargerUnit, Mapping[str, Any]], None]] = {
    What.SESSION: ChargerUnit._session,
    What.IDENTIFICATION: ChargerUnit._identification,
    What.AUTHORIZATION: ChargerUnit._authorized,
    What.SERVICE: ChargerUnit._service_chosen,
    What.LIMITS: ChargerUnit._limits_told,
    What.NEEDS: ChargerUnit._needs_told,
    What.CHOICE: ChargerUnit._chosen,
    What.POWER_ON: ChargerUnit._power_on,
    What.PAUSED: ChargerUnit._paused,
    What.STOPPED: ChargerUnit._ended,
    What.FAILED: ChargerUnit._ended,
}


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
