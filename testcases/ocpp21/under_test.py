"""Our charging station as a test agent against a CSMS under test: the vehicle is played, the power is computed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from drivers.errors import ConfigError
from harness.bench import Bench
from harness.case import current_case, step
from harness.clock import TimeMode
from harness.lab import Device
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.charging_station import ChargingStation, StationSettings
from harness.ocpp.device_model import Key
from harness.ocpp.evse import Evse
from harness.ocpp.frames import Payload
from harness.ocpp.memory_network import Reach
from harness.ocpp.meter_values import Readings
from harness.ocpp.outbox import Letter
from harness.ocpp.schedule_dialogue import ScheduleState
from harness.ocpp.security import ConnectionRefused, Security, StrangeSubprotocol
from harness.ocpp.session import SessionEvent
from harness.ocpp.shell import StationShell, utc_s
from harness.ocpp.transactions import IdToken
from harness.ocpp.version import Version
from harness.ocpp.wire import connect
from harness.transcript.ocpp import NEAR, OcppRecorder
from harness.verdict import Side

IDENTITY = "CS-TEST-1"
"""By which our station is known where the lab file gives no other `identity` (our default)."""
TOKEN = "04A1B2C3"
REFUSAL_S = 0.5
"""How long a CSMS may leave a link open that it does not want (our default)."""
EVCCID = "WMIV1234567890ABCDEX"
BOOT_S = 30.0
ANSWER_S = 40.0
"""Until a CALL of our station has to be concluded: its own time for it, and some (our default)."""


class NoPower:
    """A meter that shows what the station aims at; set once the station is there."""

    def __init__(self) -> None:
        self.evse: Evse | None = None
        self.power_w = 0.0

    def readings(self) -> Readings:
        return Readings(power_w=self.power_w, voltage_v=400.0, current_a=self.power_w / 400.0, soc_percent=50.0)


@dataclass(frozen=True, slots=True)
class Way:
    """One way into the CSMS under test."""

    reach: Reach
    url: str
    security: Security


class TestStation:
    """Connects when a case asks for it; every frame goes into the transcript."""

    __test__ = False

    def __init__(self, bench: Bench, device: Device) -> None:
        self.bench = bench
        self.meter = NoPower()
        self.device = device
        self.identity = str(self.device.options.get("identity", IDENTITY))
        self.token = str(self.device.options.get("token", TOKEN))
        self.core = ChargingStation(StationSettings(identity=self.identity), self.meter)
        self._ways: tuple[Reach, Mapping[str, Mapping[str, Any]]] | None = None
        self._shell: StationShell | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def evse(self) -> Evse:
        return self.core.evse

    def now_s(self) -> float:
        return utc_s(self.bench.clock)

    async def boot(self, profile: int = 0) -> None:
        """Connect to the CSMS under test in a security profile; it has to accept the boot within 30 s (our default)."""
        with current_case().preamble():
            await self.boots(profile)

    async def boots(self, profile: int) -> None:
        """The same where that is what is tested: a CSMS that does not let the station in has failed."""
        step(f"our station connects in security profile {profile} and boots")
        await self.boot_through(await self.way(profile), tested=True)

    async def boot_through(self, way: Way, kind: str = NEAR, *, tested: bool = False) -> None:
        """Connect and boot by this way; `kind` is that of the frames in the transcript."""
        with contextlib.nullcontext() if tested else current_case().preamble():
            connect = partial(way.reach, way.url, self.identity, [self.core.version], way.security)
            self._shell = StationShell(
                self.core, self.identity, connect, self.bench.clock, OcppRecorder(self.bench.record, kind)
            )
            self._task = asyncio.ensure_future(self._shell.run())
            await self.until(lambda: self.core.online, "the CSMS did not accept BootNotification", BOOT_S)

    async def knock(self, way: Way, versions: Sequence[Version | str] = (Version.V21,)) -> str:
        """Try to come in and leave again: why the CSMS refused, or an empty text if it let us in."""
        try:
            channel, _ = await way.reach(way.url, self.identity, versions, way.security)
        except StrangeSubprotocol:
            return ""
        except ConnectionRefused as refused:
            return str(refused)
        closed = asyncio.ensure_future(channel.receive())
        await self.bench.clock.sleep(REFUSAL_S)
        gone = closed.done() and closed.exception() is not None
        closed.cancel()
        await channel.close()
        return "it closed the link at once" if gone else ""

    async def way(self, number: int, certificate: str = "certificate", **changes: Any) -> Way:
        """How to come in, as the lab file or the emulated CSMS says; `changes` are made to our half of the security.

        `certificate`: which of the ways' own certificates is shown in profile 3.
        """
        reach, ways = await self._reach()
        told = ways.get(f"security_{number}")
        if told is None:
            raise ConfigError(f"roles.csms.options.security_{number} is missing: {{resource: ..., ...}}")
        own: dict[str, Any] = {"password": told.get("password", ""), "trusted": told.get("trusted")}
        if number == 3:
            key = certificate.replace("certificate", "key")
            own |= {"own_certificate": told[certificate], "own_key": told[key]}
        return Way(reach, told["resource"], Security(**{"profile": number, **own, **changes}))

    async def contract(self, kind: str) -> str:
        """A contract certificate in PEM that the CSMS has to refuse: `expired` or `revoked`."""
        _, ways = await self._reach()
        told = ways.get("contracts", {}).get(kind)
        if told is None:
            raise ConfigError(f"roles.csms.options.contracts.{kind} is missing: the file of a contract that is {kind}")
        return told.read_text() if isinstance(told, Path) else str(told)

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

    async def authorise(self, token: str | None = None) -> None:
        """With the token that the CSMS accepts, or another one that it knows."""
        step("a vehicle is plugged in and authorised")
        with current_case().preamble():
            self.evse.plug(self.now_s())
            self.evse.identify(EVCCID, self.now_s())
            self.evse.authorise(IdToken(token or self.token), self.now_s())
            self.poke()
            await self.until(
                lambda: self.evse.admission.granted is not None, "the CSMS did not answer Authorize", BOOT_S
            )

    async def tell_needs(self, transfer: str = "DC_BPT", *, dynamic: bool = True, **more: Any) -> ScheduleState:
        """Tell the vehicle's needs; where the CSMS stands with the schedule once it has answered."""
        step(f"the vehicle needs {transfer}")
        available = tuple({"DC", "DC_BPT", transfer})
        needs = ChargingNeeds(
            requested=transfer, available=available, maximum_discharge_w=11_000.0, dynamic_control=dynamic, **more
        )
        self.evse.need(needs, self.now_s())
        self.poke()
        await self.until(
            lambda: self.evse.schedule.state is not ScheduleState.ASKED, "the CSMS did not answer the needs", BOOT_S
        )
        return self.evse.schedule.state

    async def charge(self, for_s: float) -> None:
        self.evse.start_transfer(self.now_s())
        for _ in range(round(for_s)):
            self.meter.power_w = self.evse.power_target_w(self.now_s())
            self.poke()
            await self.bench.clock.sleep(1.0)

    def samples_every(self, interval_s: int) -> None:
        """From the next transfer on our station tells meter values in this interval."""
        self.core.model.put(Key("SampledDataCtrlr", "TxUpdatedInterval"), str(interval_s))

    def waits_for_answers(self, timeout_s: int) -> None:
        """From the next link on our station takes a CALL as unanswered after this time."""
        self.core.model.put(Key("OCPPCommCtrlr", "MessageTimeout", "Default"), str(timeout_s))

    def listen(self, action: str) -> list[Payload]:
        """From now on, the payloads of this action that the CSMS sends, as they come."""
        heard: list[Payload] = []
        known = self.core.handlers[action]

        def note(payload: Payload, now_s: float) -> Payload:
            heard.append(payload)
            return known(payload, now_s)

        self.core.handlers[action] = note
        return heard

    async def ping(self, payload: bytes) -> None:
        """A ping of the websocket; its pong is in the transcript."""
        assert self._shell
        await self._shell.ping(payload)

    async def go_offline(self, for_s: float) -> None:
        """Cut the link for some time; the vehicle goes on charging."""
        step(f"our station is offline for {for_s:g} s")
        assert self._shell
        await self._shell.go_offline()
        for _ in range(round(for_s)):
            await self.bench.clock.sleep(1.0)
            self.core.tick(self.now_s())
        self._shell.go_online()

    async def unplug(self) -> None:
        self.evse.unplug(self.now_s())
        self.poke()
        await self.bench.clock.sleep(1.0)

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _reach(self) -> tuple[Reach, Mapping[str, Mapping[str, Any]]]:
        """How to reach the CSMS under test, and its ways in by security profile."""
        if self._ways is None:
            self._ways = await self._find_ways()
        return self._ways

    async def _find_ways(self) -> tuple[Reach, Mapping[str, Mapping[str, Any]]]:
        device = self.device
        if not device.emulator:
            folder = self.bench.lab.path.parent
            given = {
                name: way for name, way in device.options.items() if name.startswith("security_") or name == "contracts"
            }
            ways = {name: {key: _path(folder, key, value) for key, value in way.items()} for name, way in given.items()}
            return connect, {"security_0": {"resource": device.resource or ""}, **ways}
        virtual = self.bench.mode is TimeMode.VIRTUAL
        options = {"clock": self.bench.clock, "network": self.bench.csms.network} if virtual else {}
        end = await self.bench.other_end(**options)
        if end.object:
            return self.bench.csms.network.connect, end.object.ways
        return connect, end.facts["ways"]


def _path(folder: Path, key: str, value: str) -> Path | str:
    """PEM files are meant from the lab file's own folder."""
    return value if key in ("resource", "password") else folder / value


async def asked(station: TestStation, action: str, payload: Payload) -> SessionEvent:
    """Send a CALL as our station does, and give back how it was concluded."""
    concluded: list[SessionEvent] = []
    station.core.post(Letter(action, payload, lambda event, _: concluded.append(event)))
    station.poke()
    await station.until(lambda: concluded, f"the CSMS did not answer {action}", ANSWER_S)
    return concluded[0]
