"""A table-top bench: one CSMS and one station joined in memory, and a converter without dead time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from harness.clock import Clock, TimeMode, new_loop
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.charging_station import ChargingStation, StationSettings
from harness.ocpp.csms import Csms
from harness.ocpp.meter_values import Readings
from harness.ocpp.observer import Unobserved
from harness.ocpp.quirks import HONEST
from harness.ocpp.shell import StationShell, utc_s
from harness.ocpp.station_handle import StationHandle
from harness.ocpp.transactions import IdToken
from harness.ocpp.version import Version
from harness.rules.judge import judge_transcript
from harness.transcript.ocpp import OcppRecorder
from harness.transcript.recorder import Recorder


@dataclass
class TableTop:
    """A converter without dead time: it does what the station aims at, and counts."""

    clock: Clock
    station: ChargingStation | None = None
    imported_wh: float = 0.0
    exported_wh: float = 0.0
    last_s: float = 0.0
    power_w: float = 0.0
    frequency_hz: float = 50.0
    building_w: float | None = None
    """What the site draws besides the charger."""

    def settle(self) -> None:
        now_s = utc_s(self.clock)
        energy_wh = self.power_w * (now_s - self.last_s) / 3600.0 if self.last_s else 0.0
        self.imported_wh += max(energy_wh, 0.0)
        self.exported_wh += max(-energy_wh, 0.0)
        self.last_s = now_s

    def readings(self) -> Readings:
        self.settle()
        return Readings(
            power_w=self.power_w,
            imported_wh=self.imported_wh,
            exported_wh=self.exported_wh,
            voltage_v=400.0,
            current_a=self.power_w / 400.0,
            frequency_hz=self.frequency_hz,
            soc_percent=50.0,
            building_load_w=None if self.building_w is None else self.building_w + self.power_w,
        )


class Bench:
    """One CSMS and one station, joined in memory."""

    def __init__(self, *, version=Version.V21, quirks=HONEST, **settings) -> None:
        self.clock = Clock()
        self.plant = TableTop(self.clock)
        self.core = ChargingStation(StationSettings(identity="CS-0042", **settings), self.plant, quirks=quirks)
        self.evse = self.core.evse
        self.recorder = Recorder(self.clock)
        self.honest = quirks is HONEST
        self.csms = Csms(self.clock, OcppRecorder(self.recorder.record))
        self.shell = StationShell(
            self.core, "CS-0042", self.csms.memory_link("CS-0042", version), self.clock, Unobserved()
        )
        self._tasks = []

    async def __aenter__(self) -> Bench:
        self._tasks = [asyncio.ensure_future(self.shell.run()), asyncio.ensure_future(self._convert())]
        self.station: StationHandle = await self.csms.station("CS-0042", within_s=10)
        return self

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.csms.close()
        if self.honest and _[0] is None:
            found = [finding for finding in self.findings() if finding.side == "station"]
            assert not found, [(finding.rule, finding.reason) for finding in found]

    def findings(self):
        """What the rules say about this bench's transcript."""
        return judge_transcript(self.recorder.events, ["ocpp2.1"])

    async def _convert(self) -> None:
        while True:
            self.plant.settle()
            self.plant.power_w = self.evse.power_target_w(utc_s(self.clock))
            await self.clock.sleep(0.25)

    async def charge(self, **needs) -> None:
        """Plugged, identified, authorised, needs told, power flowing."""
        await self.authorise()
        await self.go_on_charging(**needs)

    async def go_on_charging(self, **needs) -> None:
        wanted = {"maximum_charge_w": 11_000, "maximum_discharge_w": 11_000, **needs}
        self.evse.need(ChargingNeeds(**wanted), utc_s(self.clock))
        self.shell.poke()
        await self.clock.sleep(0.5)
        self.evse.start_transfer(utc_s(self.clock))
        self.shell.poke()
        await self.clock.sleep(1.5)

    async def authorise(self) -> None:
        now_s = utc_s(self.clock)
        self.evse.plug(now_s)
        self.evse.identify("WMIV1234567890ABCDEX", now_s)
        self.evse.authorise(IdToken("04A1B2C3"), now_s)
        self.shell.poke()
        await self.clock.sleep(0.5)


def in_virtual_time(story):
    """Run a coroutine function on a loop whose time jumps."""
    loop = new_loop(TimeMode.VIRTUAL)
    try:
        return loop.run_until_complete(asyncio.wait_for(story(), 1e6))
    finally:
        loop.close()
