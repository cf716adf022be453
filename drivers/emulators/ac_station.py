"""An emulated AC charging station as one unit: OCPP towards the CSMS, pilot and contactor towards the vehicle.

`python -m drivers.emulators.ac_station --plant ADDRESS --option ocpp_id=CS-01 --option csms=ws://127.0.0.1:9000/ocpp
--option phases=3 --option maximum_a=16`
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from typing import Any

from drivers.emulators.defects import Defect
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from drivers.emulators.station import EmulatedStation
from harness.clock import Clock
from harness.link import Control
from harness.ocpp.charging_station import StationSettings
from harness.ocpp.composite_schedule import composite_schedule
from harness.ocpp.device_model import Key
from harness.ocpp.evse import EVSE_ID
from harness.ocpp.meter_values import Readings
from harness.ocpp.network_profiles import CsmsAddress
from harness.ocpp.orders import StopWanted
from harness.ocpp.power_target import Target
from harness.ocpp.shell import utc_s
from harness.ocpp.smart_charging import PHASE_VOLTAGE_V, PHASES
from harness.ocpp.wire import connect
from harness.plant.pilot import duty_for_current
from harness.plant.port import PlantPort
from harness.plant.wire import PlantClient

OWNER = "station"
TOKEN = "PLUGFEST-DRIVER"
"""Identification that the station presents for whoever plugs in (our default)."""
LEAST_A = 6.0
"""Less cannot be offered by a duty cycle."""
SWITCH_S = 5.0
"""Without current between two numbers of phases (our default)."""
OPEN_S = 3.0
"""After this a contactor opens although the vehicle has not let go (our default)."""
CLOSE_S = 0.5
SAMPLE_S = 900
"""Interval of meter values (our default)."""
HORIZON_S = 86_400.0
LOCK = Key("ConnectorPlugRetentionLock", "Active", None, EVSE_ID)
"""Where the station tells whether the plug is held (our choice of variable)."""


def _defect(name: str, description: str, found_by: str) -> Defect:
    return Defect(f"ac-{name}", "charger", "iec61851", "field", description, found_by)


DEFECTS = (
    _defect("forgets-profile", "drops its charging profile when the link to the CSMS is lost", "AC-22"),
    _defect("pause-ends-transaction", "ends the transaction when a profile goes to 0 A", "AC-21"),
    _defect("keeps-lock", "keeps the connector locked after the end", "AC-24"),
)


class _AcMeter:
    """The station's meter on its AC outlet."""

    def __init__(self, plant: PlantPort) -> None:
        self.plant = plant

    def readings(self) -> Readings:
        state = self.plant.state
        return Readings(
            power_w=state.grid_power_w,
            imported_wh=state.grid_imported_wh,
            exported_wh=state.grid_exported_wh,
            voltage_v=state.grid_voltage_v,
            current_a=max(state.grid_phase_current_a),
            frequency_hz=state.grid_frequency_hz,
        )


class _Ear:
    """An OCPP observer that only wants to know that something was said."""

    def __init__(self, on_link: Callable[[str], None]) -> None:
        self._on_link = on_link
        self._waiting: asyncio.Future[None] | None = None

    def anything(self) -> asyncio.Future[None]:
        """Done when something is said from now on."""
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def frame(self, station: str, source: str, target: str, text: str) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def control(self, station: str, source: str, target: str, control: Control) -> None:
        """Pings change nothing."""

    def link(self, station: str, what: str, **details: Any) -> None:
        self._on_link(what)
        self.frame(station, "", "", "")


class AcStation:
    """Couples an OCPP station with a pilot and a contactor: profiles become a duty cycle."""

    def __init__(
        self,
        plant: PlantPort,
        clock: Clock,
        csms: CsmsAddress,
        *,
        identity: str = "CS-0001",
        phases: int = 3,
        maximum_a: float = 16.0,
        defects: Collection[str] = (),
    ) -> None:
        known = {defect.id for defect in DEFECTS}
        if unknown := set(defects) - known:
            raise ValueError(f"an AC station has no defect {', '.join(sorted(unknown))}; known are {', '.join(known)}")
        self.plant = plant
        self.clock = clock
        self.phases = phases
        self.maximum_a = maximum_a
        self.defects = frozenset(defects)
        self._ear = _Ear(self._link)
        watts_per_ampere = PHASE_VOLTAGE_V * PHASES
        settings = StationSettings(
            identity=identity,
            model="Emulated AC charger",
            maximum_charge_w=maximum_a * watts_per_ampere,
            maximum_discharge_w=0.0,
            variables={"SampledDataCtrlr.TxUpdatedInterval": str(SAMPLE_S), "ISO15118Ctrlr.Enabled": "false"},
        )
        self.station = EmulatedStation(plant, clock, csms, settings=settings, observer=self._ear, meter=_AcMeter(plant))
        self.evse = self.station.evse
        self.evse.control.interval_s = SAMPLE_S
        self.evse.smart.is_dc = False
        self._ampere_w = watts_per_ampere
        self._plugged = False
        self._transferring = False
        self._commanded: dict[str, Any] = {}
        self._live = phases
        """Phases that its contactor closes on."""
        self._switch_s: float | None = None
        """Until when a change of phases keeps it open."""
        self._asked_s: float | None = None
        """Since when the vehicle asks for a contactor that is open, or holds one that should be."""
        self._lock(False)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._command(ac_phases=self.phases)
        self.station.start()
        self._task = asyncio.ensure_future(self._control())

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.station.stop()

    def _link(self, what: str) -> None:
        if what == "closed" and "ac-forgets-profile" in self.defects:
            self.evse.smart.profiles.clear()

    def _lock(self, on: bool) -> None:
        self.evse.model.put(LOCK, "true" if on else "false")

    # control

    async def _control(self) -> None:
        """Look, do, and wait for the vehicle, the CSMS, or a moment of the schedule."""
        while True:
            moved, heard = self.plant.changed(), self._ear.anything()
            due_s = self._step(self.clock.now_s())
            within_s = None if due_s is None else max(due_s - self.clock.now_s(), 0.0) + 1e-6
            await asyncio.wait({moved, heard}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)

    def _step(self, now_s: float) -> float | None:
        """One look; the time of the next one if nothing happens before."""
        state = self.plant.state
        self._watch_plug(state.plugged)
        for order in self.station.take_orders():
            if isinstance(order, StopWanted):
                self._stop(order.reason, "RemoteStop")
        target = self.evse.target(utc_s(self.clock))
        offer_a = self._offer_a(target)
        dues = [self._next_change_s(now_s, target), self._choose_phases(now_s, target, state.station_contactor_closed)]
        if self._switch_s is not None:
            offer_a = 0.0
        if not offer_a and self._transferring and self._switch_s is None:
            self._rest()
        self._command(pilot_duty_percent=duty_for_current(offer_a) if offer_a else None)
        dues.append(self._switch_contactor(now_s, offer_a, state.pilot_state, state.station_contactor_closed))
        return min((one for one in dues if one is not None), default=None)

    def _watch_plug(self, plugged: bool) -> None:
        if plugged and not self._plugged:
            self._lock(True)
            self.station.plug()
            self.station.authorise(TOKEN)
        elif self._plugged and not plugged:
            self._transferring = False
            self._asked_s = None
            self._command(contactor=False, pilot_duty_percent=None)
            self.station.unplug()
            self._lock(False)
        self._plugged = plugged

    def _offer_a(self, target: Target) -> float:
        """Current per phase to offer; 0 for none."""
        if not self._plugged or self.evse.transaction is None:
            return 0.0
        offer_a = round(target.power_w(self.maximum_a * self._ampere_w, 0.0) / self._ampere_w, 3)
        return min(offer_a, self.maximum_a) if offer_a >= LEAST_A else 0.0

    def _next_change_s(self, now_s: float, target: Target) -> float | None:
        """When the profiles will say something else."""
        smart = self.evse.smart
        steps = composite_schedule(smart.profiles, self.evse.around(utc_s(self.clock)), HORIZON_S)
        return now_s + steps[1][0] + 1e-3 if len(steps) > 1 else None

    def _choose_phases(self, now_s: float, target: Target, closed: bool) -> float | None:
        """Another number of phases is switched without current; the time when that is over."""
        wanted = min(target.phases or self.phases, self.phases)
        if self._switch_s is not None and now_s >= self._switch_s - 1e-6:
            self._switch_s = None
        if wanted != self._live and self._switch_s is None and (closed or self._plugged):
            self._switch_s = now_s + (SWITCH_S if closed else CLOSE_S)
        if self._switch_s is not None and not closed and self._live != wanted:
            self._live = wanted
            self._command(ac_phases=wanted)
        return self._switch_s

    def _switch_contactor(self, now_s: float, offer_a: float, state: str, closed: bool) -> float | None:
        """Close on state C with an offer; open on state B, or when the vehicle does not let go."""
        wanted = bool(offer_a) and state in ("C", "D")
        if wanted == closed:
            self._asked_s = None
            return None
        if self._asked_s is None:
            self._asked_s = now_s
        patience_s = CLOSE_S if wanted else (OPEN_S if state in ("C", "D") else 0.0)
        if now_s - self._asked_s < patience_s - 1e-6:
            return self._asked_s + patience_s
        self._asked_s = None
        self._command(contactor=wanted)
        if wanted:
            self._transfer()
        elif offer_a and self._transferring:
            self._transferring = False
            self.station.pause(by_vehicle=True)
        return now_s

    # transaction

    def _transfer(self) -> None:
        transaction = self.evse.transaction
        if not self._transferring and transaction:
            self._transferring = True
            if transaction.transfer_started_s is None:
                self.station.start_transfer()
            else:
                self.station.resume()

    def _rest(self) -> None:
        """Nothing is offered any more."""
        self._transferring = False
        if "ac-pause-ends-transaction" in self.defects:
            self._stop("Other", "ChargingStateChanged")
        else:
            self.station.pause(by_vehicle=False)

    def _stop(self, reason: str, trigger: str) -> None:
        self._transferring = False
        self.station.stop_transfer(reason, trigger)
        if "ac-keeps-lock" not in self.defects:
            self._lock(False)

    def _command(self, **inputs: Any) -> None:
        """Only what is new: the plant's owners are woken by every command."""
        fresh = {name: value for name, value in inputs.items() if self._commanded.get(name, _UNSET) != value}
        if fresh:
            self._commanded |= fresh
            self.plant.command(**fresh)


_UNSET = object()


def build(request: Request) -> AcStation:
    """In memory: `csms_address` and `clock` come as objects in the options."""
    return AcStation(
        request.plant,
        request.option("clock", None),
        request.option("csms_address", None),
        identity=request.option("ocpp_id", "CS-0001"),
        phases=int(request.option("phases", 3)),
        maximum_a=float(request.option("maximum_a", 16.0)),
        defects=request.defects,
    )


async def _main() -> None:
    chosen = arguments("ac_station")
    options = options_of(chosen)
    identity = str(options.get("ocpp_id", "CS-0001"))
    station = AcStation(
        PlantClient(chosen.plant, OWNER),
        Clock(),
        CsmsAddress(str(options["csms"]), connect),
        identity=identity,
        phases=int(options.get("phases", 3)),
        maximum_a=float(options.get("maximum_a", 16.0)),
        defects=chosen.defect,
    )
    await station.start()
    ready("ac_station", address="", resource="")
    await until_terminated()
    await station.close()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(_main())
