"""Our charging station as a test agent against a CSMS under test: the vehicle is played, the power is computed."""

from __future__ import annotations

import asyncio
import contextlib

from harness.bench import Bench
from harness.case import current_case, step
from harness.clock import TimeMode
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.charging_station import ChargingStation, StationSettings
from harness.ocpp.evse import Evse, ScheduleState
from harness.ocpp.meter_values import Readings
from harness.ocpp.shell import Connect, StationShell, utc_s
from harness.ocpp.transactions import IdToken
from harness.ocpp.wire import connect
from harness.transcript.ocpp import OcppRecorder
from harness.verdict import Side

IDENTITY = "CS-TEST-1"
EVCCID = "WMIV1234567890ABCDEX"
BOOT_S = 30.0


class NoPower:
    """A meter that shows what the station aims at; set once the station is there."""

    def __init__(self) -> None:
        self.evse: Evse | None = None
        self.power_w = 0.0

    def readings(self) -> Readings:
        return Readings(power_w=self.power_w, voltage_v=400.0, current_a=self.power_w / 400.0, soc_percent=50.0)


class TestStation:
    """Connects when a case asks for it; every frame goes into the transcript."""

    __test__ = False

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.meter = NoPower()
        self.core = ChargingStation(StationSettings(identity=IDENTITY), self.meter)
        self._shell: StationShell | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def evse(self) -> Evse:
        return self.core.evse

    def now_s(self) -> float:
        return utc_s(self.bench.clock)

    async def boot(self) -> None:
        """Connect to the CSMS under test; it has to accept the boot within 30 s (our default)."""
        step("our station connects and boots")
        with current_case().preamble():
            self._shell = StationShell(
                self.core, IDENTITY, await self._reach(), self.bench.clock, OcppRecorder(self.bench.record)
            )
            self._task = asyncio.ensure_future(self._shell.run())
            await self.until(lambda: self.core.online, "the CSMS did not accept BootNotification", BOOT_S)

    async def until(self, reached: object, complaint: str, within_s: float) -> None:
        """Wait for a condition of the station; a miss is charged to the CSMS."""
        assert callable(reached)
        end_s = self.bench.clock.now_s() + within_s
        while not reached():
            if self.bench.clock.now_s() > end_s:
                current_case().miss(f"{complaint} within {within_s:g} s", Side.CSMS)
            await self.bench.clock.sleep(0.1)
            self.poke()

    def poke(self) -> None:
        if self._shell:
            self._shell.poke()

    async def authorise(self) -> None:
        step("a vehicle is plugged in and authorised")
        with current_case().preamble():
            self.evse.plug(self.now_s())
            self.evse.identify(EVCCID, self.now_s())
            self.evse.authorise(IdToken("04A1B2C3"), self.now_s())
            self.poke()
            await self.until(lambda: self.evse.authorised is not None, "the CSMS did not answer Authorize", BOOT_S)

    async def tell_needs(self, transfer: str = "DC_BPT") -> ScheduleState:
        """Tell the vehicle's needs; where the CSMS stands with the schedule once it has answered."""
        step(f"the vehicle needs {transfer}")
        available = tuple({"DC", "DC_BPT", transfer})
        needs = ChargingNeeds(requested=transfer, available=available, maximum_discharge_w=11_000.0)
        self.evse.need(needs, self.now_s())
        self.poke()
        await self.until(
            lambda: self.evse.schedule_state is not ScheduleState.ASKED, "the CSMS did not answer the needs", BOOT_S
        )
        return self.evse.schedule_state

    async def charge(self, for_s: float) -> None:
        self.evse.start_transfer(self.now_s())
        for _ in range(round(for_s)):
            self.meter.power_w = self.evse.power_target_w(self.now_s())
            self.poke()
            await self.bench.clock.sleep(1.0)

    async def unplug(self) -> None:
        self.evse.unplug(self.now_s())
        self.poke()
        await self.bench.clock.sleep(1.0)

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _reach(self) -> Connect:
        subject = self.bench.subject
        assert subject
        device = subject.other
        assert device
        address = device.resource or ""
        if device.emulator:
            assert self.bench.emulation
            options = dict(device.emulator.options)
            if self.bench.mode is TimeMode.VIRTUAL:
                options["clock"] = self.bench.clock
            end = await self.bench.emulation.start(
                device.emulator.kind, defects=self.bench.defects_of("csms", device), options=options
            )
            if end.object:
                link: Connect = end.object.memory_link(IDENTITY)
                return link
            address = end.resource
        return lambda: connect(address, IDENTITY, [self.core.version])
