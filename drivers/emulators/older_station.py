"""An emulated charger without V2G: OCPP 1.6 or 2.0.1, for the cases that such a station has to pass.

It follows the plug in the plant: plugged in it authorises and starts a transaction, unplugged it ends it.
`python -m drivers.emulators.older_station --plant ADDRESS --option csms=URL --option version=1.6 --option ocpp_id=CP-1`
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from functools import partial

from drivers.emulators.older_defects import older_quirks
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from drivers.emulators.reader import Reader
from drivers.emulators.station import PlantMeter
from harness.clock import Clock
from harness.ocpp.charge_point_16 import ChargePoint16
from harness.ocpp.charging_station import ChargingStation, StationSettings
from harness.ocpp.network_profiles import CsmsAddress
from harness.ocpp.observer import Unobserved
from harness.ocpp.orders import StopWanted
from harness.ocpp.shell import Connect, StationShell, utc_s
from harness.ocpp.transactions import IdToken
from harness.ocpp.version import Version
from harness.ocpp.wire import connect
from harness.plant.port import PlantPort
from harness.plant.wire import PlantClient

OWNER = "station"
TOKEN = "PLUGFEST-DRIVER"
WATCH_S = 0.2
"""How often the plug is looked at (our default)."""
NO_V2G = {"ISO15118Ctrlr.Enabled": "false", "V2XChargingCtrlr.Enabled": "false"}


class OlderStation:
    """One station core of either version, its shell, and the plug that drives it."""

    def __init__(
        self, plant: PlantPort, clock: Clock, csms: CsmsAddress, identity: str, version: Version,
        defects: Collection[str] = (), starts: str = "itself",
    ) -> None:  # fmt: skip
        """`starts`: as in reader.py."""
        self.plant = plant
        self._reader = Reader(plant, starts)
        self.clock = clock
        quirks = older_quirks(defects, version)
        meter = PlantMeter(plant, lambda: None)
        self.point: ChargePoint16 | None = None
        self.modern: ChargingStation | None = None
        core: ChargePoint16 | ChargingStation
        reach: Connect
        if version is Version.V16:
            core = self.point = ChargePoint16(meter, quirks=quirks)
            reach = partial(csms.reach, csms.url, identity, (version,))
        else:
            core = self.modern = ChargingStation(StationSettings(identity, variables=NO_V2G), meter, quirks=quirks)
            core.networks.hang_up = self._hang_up
            reach = partial(core.networks.connect, csms, identity, (version,))
        self.shell = StationShell(core, identity, reach, clock, Unobserved())
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.ensure_future(self.shell.run()), asyncio.ensure_future(self._follow_the_plug())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _hang_up(self) -> None:
        self._tasks.append(asyncio.ensure_future(self.shell.reconnect()))

    async def _follow_the_plug(self) -> None:
        plugged = False
        while True:
            await self.clock.sleep(WATCH_S)
            now_s = utc_s(self.clock)
            if self.plant.state.plugged != plugged:
                plugged = not plugged
                self._plug(now_s) if plugged else self._unplug(now_s)
                self.shell.poke()
            if token := self._reader.token(TOKEN):
                self._authorise(token, now_s)
                self.shell.poke()
            self._obey(now_s)

    def _plug(self, now_s: float) -> None:
        self._reader.plugged()
        if self.point:
            self.point.plug(now_s)
        if self.modern:
            self.modern.evse.plug(now_s)

    def _authorise(self, token: str, now_s: float) -> None:
        if self.point:
            self.point.authorise(token, now_s)
        if self.modern:
            self.modern.evse.authorise(IdToken(token), now_s)

    def _unplug(self, now_s: float) -> None:
        self._reader.unplugged()
        if self.point:
            self.point.unplug(now_s)
        if self.modern:
            self.modern.evse.unplug(now_s)

    def _obey(self, now_s: float) -> None:
        if self.point and self.point.stop_wanted:
            self.point.stop(now_s, "Remote")
            self.shell.poke()
        if self.modern:
            evse = self.modern.evse
            if evse.transaction and evse.transaction.transfer_started_s is None:
                evse.start_transfer(now_s)
                self.shell.poke()
            if any(isinstance(order, StopWanted) for order in evse.take_orders()):
                evse.stop_transfer(now_s, reason="Remote", trigger="RemoteStop")
                self.shell.poke()


def build(request: Request) -> OlderStation:
    """In memory: `csms_address` and `clock` come as objects in the options."""
    version, identity = Version(str(request.option("version", Version.V16))), request.option("ocpp_id", "CP-1")
    csms = request.option("csms_address", None)
    return OlderStation(request.plant, request.option("clock", None), csms, identity, version, request.defects,
                        request.option("starts", "itself"))  # fmt: skip


async def _main() -> None:
    chosen = arguments("older_station")
    options = options_of(chosen)
    identity, version = str(options.get("ocpp_id", "CP-1")), Version(str(options.get("version", Version.V16)))
    station = OlderStation(
        PlantClient(chosen.plant, OWNER), Clock(), CsmsAddress(str(options["csms"]), connect), identity, version,
        chosen.defect, options.get("starts", "itself"),
    )  # fmt: skip
    await station.start()
    ready("older_station", address=identity, resource="0")
    await until_terminated()
    await station.close()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(_main())
