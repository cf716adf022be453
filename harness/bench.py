"""The bench: roles of the lab config brought to life, connected to the devices of one attempt, and always safe again.

A bench comes up with its first attempt. For another pairing its emulated devices are exchanged (or the operator is asked
to exchange the real ones); between attempts everything is unplugged and every source proved off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from dataclasses import fields
from functools import partial
from typing import Any

from drivers.can_gateway.two_bus import TwoBusGateway
from drivers.discharge import Discharges
from drivers.emulators.catalogue import defect_of
from drivers.errors import BenchError, ConfigError, IdentityMismatch, InstrumentLost
from drivers.registry import driver_class, make_driver
from drivers.roles import Device as Driver
from drivers.roles import Identity, PowerReading
from drivers.safe_off import ORDER, SafeOff
from drivers.wire import Connection
from harness.can_evidence import CanEvidence
from harness.case import Subject
from harness.clock import Clock, TimeMode, end_task
from harness.emulation import Emulation, FarEnd, VirtualEmulation, WireEmulation
from harness.identification import Identification
from harness.iso15118.warm import warm_up
from harness.lab import Device, Lab
from harness.lag import Calm, beat
from harness.limits import Limits, limits_from
from harness.network_bench import NetworkOnBench
from harness.ocpp_bench import CsmsOnBench
from harness.operator_bench import OperatorOnBench
from harness.private_network import NoPrivateNetwork, PrivateNetwork, enter_private_network
from harness.transcript.recorder import Recorder
from harness.v2g_bench import V2gOnBench

SAMPLE_S = {TimeMode.WIRE: 0.25, TimeMode.VIRTUAL: 1.0}
"""Distance of the power samples that run through every attempt (our default)."""
POLITE_S = 15.0
"""How long a session may take to end when our CSMS asks for it, before the plug is pulled (our default)."""
UNPLUGGED_S = 0.5
"""How long the connector stays out between attempts, so that both devices notice (our default)."""
SOURCES = ("dc_source", "ac_source")
INSTRUMENTS = (
    "power_analyser",
    "dc_source",
    "ac_source",
    "energy_meter",
    "control_pilot",
    "can_gateway",
    "relay",
    "rfid",
    "pool",
)


class Bench:
    """One lab's bench. All methods belong on its event loop."""

    def __init__(self, lab: Lab, mode: TimeMode, defects: Collection[str] = (), *, impaired: bool = False) -> None:
        self.lab = lab
        self.mode = mode
        self.sample_s = SAMPLE_S[mode]
        self.strict = True
        """Refuse instruments whose serial number is not the configured one; `plugfest check` only tells."""
        self.limits: Limits = limits_from(lab.limits)
        self.seeded = [defect_of(one) for one in defects]
        self.network: PrivateNetwork | None = None
        self.network_note = ""
        self.subject: Subject | None = None
        self.drivers: dict[str, Driver] = {}
        self.recorder: Recorder | None = None
        self.emulation: Emulation | None = None
        self._clock: Clock | None = None
        self._sampler: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._calm = Calm()
        self._up = False
        """Whether the subject's devices are there: before that lateness delays nothing that is timed."""
        self._resources: dict[str, str] = {}
        self._frames: CanEvidence | None = None
        self._other: FarEnd | None = None
        self._check_programs()
        self.links = NetworkOnBench(lab, self.record, wanted=impaired, options=self._network_options())
        self.csms = CsmsOnBench(mode, self.record, self.links, lab.csms_listen, lab.ocpp_gateway)
        self.v2g = V2gOnBench(self)
        self.operator = OperatorOnBench(self)
        self.identification = Identification(self)

    def _check_programs(self) -> None:
        """Refuse at once what could not be started later; raises ConfigError."""
        for device in self.lab.hosted:
            reason = driver_class(device.driver).missing()
            if self.mode is TimeMode.VIRTUAL:
                reason = "a program keeps real time: run it with --time wire"
            if reason:
                raise ConfigError(f"{self.lab.path}: {device.id}: {reason}")

    @property
    def clock(self) -> Clock:
        """The run's clock; it starts with the first look at it, on the bench's loop."""
        if self._clock is None:
            self._clock = Clock()
        return self._clock

    def enter_network(self) -> None:
        """Give an emulated bench on wires a network of its own. Call it before threads and loops are made."""
        if self.mode is TimeMode.VIRTUAL or not self.lab.emulated_person:
            self.operator.bind()
        if self.mode is TimeMode.WIRE and self.lab.emulated:
            try:
                self.network = enter_private_network(cut=self.links.wants_packets)
                self.links.use(self.network.cables)
            except NoPrivateNetwork as refused:
                self.network_note = f"SDP as unicast over loopback: {refused}"

    def record(self, channel: str, kind: str, source: str = "", target: str = "", /, **data: Any) -> None:
        """Into the running attempt's transcript; between attempts nothing is worth keeping."""
        if self.recorder:
            self.recorder.record(channel, kind, source, target, **data)

    async def begin(self) -> None:
        """Start what lives as long as the run: the clock, our CSMS and the operator's page."""
        if self.mode is TimeMode.WIRE:
            await asyncio.to_thread(warm_up)
            self._beating = asyncio.create_task(beat(partial(self.was_late, "harness")))
        await self.links.start(self.clock)
        await self.csms.start(self.clock)
        await self.operator.start()

    # An attempt begins and ends

    async def prepare(self, subject: Subject, recorder: Recorder) -> None:
        """Everything up, connected to the subject's devices, unplugged and safe; raises BenchError."""
        self.recorder = recorder
        if self._frames:
            self._frames.begin(recorder)
        self.operator.sources_off = False
        if self.lab.switches:
            self.record("bench", "bench", what="note", text=f"our ISO 15118 agents are set to {self.lab.switches}")
        if self.network_note:
            self.record("bench", "bench", what="note", text=self.network_note)
        dead = [*self.emulation.dead(), *self.v2g.dead()] if self.emulation else []
        if dead:
            self.record("bench", "bench", what="lost", text=f"ended between attempts: {', '.join(dead)}")
        if subject != self.subject or dead or not self._all_answer:
            self._up = False
            await self._connect(subject)
            await self._calm.wait(self.clock)
            self._up = True
        await self.make_safe()
        self._sampler = asyncio.create_task(self._sample())
        self.record("bench", "bench", what="up", subject=subject.name)

    async def settle(self) -> None:
        """Leave an attempt: sources off first, then the session ended in order, the vehicle unplugged; raises SafetyError."""
        if self._sampler:
            await end_task(self._sampler)
            self._sampler = None
        try:
            await self.make_safe(SOURCES)
            self.operator.sources_off = True
        finally:
            await self.links.mend()
            if self.subject and self.subject.charger:
                await self.csms.end_transaction(self.subject, POLITE_S)
            await self._unplug_quietly()
            await self.clock.sleep(UNPLUGGED_S)
            await self.v2g.close()
            self.csms.forget()
            if self._frames:
                self._frames.end()
        await self.make_safe()

    async def down(self) -> None:
        """Take everything down; idempotent."""
        if self._sampler:
            await end_task(self._sampler)
            self._sampler = None
        if self._beating:
            await end_task(self._beating)
            self._beating = None
        await self._disconnect()
        self.v2g.security.close()
        await self.csms.stop()
        await self.operator.stop()
        await self.links.stop()

    def was_late(self, process: str, due_s: float, late_s: float) -> None:
        """A process of this bench (or ourselves) was late: from then on timings near it are not a device's."""
        self._calm.disturbed(self.clock.now_s())
        due_s -= self.clock.origin_s
        if self._up:
            self.record("bench", "bench", what="late", process=process, due_s=round(due_s, 3), late_s=round(late_s, 3))

    async def _disconnect(self) -> None:
        await self.v2g.disconnect()
        self.operator.disconnect()
        for driver in self.drivers.values():
            with contextlib.suppress(BenchError):
                await driver.close()
        self.drivers.clear()
        if self.emulation:
            await self.emulation.stop()
            self.emulation = None
        self.subject = self._other = None

    # Roles

    def role(self, name: str) -> Any:
        """The driver of a role; raises ConfigError if the lab has none."""
        if name == "network":
            return self.links.required()
        if name not in self.drivers:
            instead = " (or an operator, to plug by hand)" if name == "control_pilot" else ""
            raise ConfigError(f"{self.lab.path}: roles.{name}: this case needs a {name}; add one under roles{instead}")
        return self.drivers[name]

    async def other_end(self, **options: Any) -> FarEnd:
        """The far end of a device under test that connects to nothing by itself; started at its first use if emulated."""
        assert self.subject
        assert self.subject.other
        assert self.emulation
        device = self.subject.other
        role = device.driver.partition(".")[0]
        if self._other is None and device.emulator:
            self._other = await self.emulation.start(
                device.emulator.kind,
                defects=self.defects_of(role, device),
                options={**device.emulator.options, **options},
            )
        return self._other or FarEnd(device.resource or "")

    async def identify(self, role: str) -> Identity:
        """Open one instrument alone and ask who it is; raises BenchError with the way out."""
        if self.emulation is None:
            self.emulation = WireEmulation()
            if self.lab.has_emulators:
                await self.emulation.start_plant({})
        device = self.lab.device(role)
        await self._open(role, device, await self._far_end(role, device))
        return await self.drivers[role].identity()

    async def identities(self) -> list[tuple[Device, str, Identity]]:
        """(config, role, identity as the device says) of every instrument that is open."""
        return [
            (self.lab.device(role), role, await driver.identity())
            for role, driver in self.drivers.items()
            if role in INSTRUMENTS
        ]

    async def read_power(self) -> PowerReading:
        """One snapshot of the analyser, into the transcript too."""
        reading: PowerReading = await self.role("power_analyser").snapshot()
        self.record("power_analyser", "reading", "power_analyser", "harness", **_quantities(reading))
        return reading

    # The vehicle's plug

    async def plug_in(self, *, identified: bool = False) -> None:
        """Put the connector into the inlet: the operator by hand, and a box in the control pilot line closes it.

        Then a charger that does not start by itself is told whose charging it is, unless it is `identified` already.
        """
        self.record("bench", "bench", what="plug")
        if self._by_hand:
            await self.operator.plug()
        if not self._by_hand or self._box:
            await self.role("control_pilot").plug()
        if self.subject and self.subject.charger and not identified:
            await self.identification.give(self.subject.charger)

    async def unplug(self) -> None:
        """Pull the connector out."""
        self.record("bench", "bench", what="unplug")
        if not self._by_hand or self._box:
            await self.role("control_pilot").unplug()
        if self._by_hand:
            await self.operator.unplug()

    @property
    def _box(self) -> bool:
        return "control_pilot" in self.drivers

    @property
    def _by_hand(self) -> bool:
        return self.operator.plugs or (self.operator.there and not self._box)

    async def _unplug_quietly(self) -> None:
        if self._box or self.operator.there:
            with contextlib.suppress(BenchError):
                await self.unplug()

    # Safe state

    def safe_offs(self) -> list[SafeOff]:
        """How the guard makes this bench safe without us; empty in virtual time, where nothing is live."""
        if self.mode is TimeMode.VIRTUAL:
            return []
        return [
            SafeOff(
                ORDER[role],
                self.lab.device(role).driver,
                role,
                self._resources[role],
                self.lab.located(self.lab.device(role).options),
            )
            for role in self.drivers
            if role in ORDER
        ]

    async def make_safe(self, roles: Collection[str] = tuple(ORDER)) -> None:
        """Every source to zero and off, contactors open, and when all is open no voltage left; each proved by reading back.

        All are tried; then the first problem is raised.
        """
        ordered = sorted((role for role in self.drivers if role in roles), key=lambda role: ORDER[role])
        actions = [self.drivers[role].make_safe for role in ordered]
        if set(ORDER) <= set(roles):
            drivers = [self.drivers[role] for role in ordered]
            actions += [driver.prove_discharged for driver in drivers if isinstance(driver, Discharges)]
        problems = []
        for act in actions:
            try:
                await act()
            except BenchError as problem:
                problems.append(problem)
                self._all_answer = False
        self.record("bench", "bench", what="safe", problems=[str(problem) for problem in problems])
        if problems:
            raise problems[0]

    _all_answer = True

    def distrust(self) -> None:
        """What a case changed could not be taken back: everything is connected anew before the next attempt."""
        self._all_answer = False

    # Connecting

    async def _connect(self, subject: Subject) -> None:
        await self._disconnect()
        await self.operator.exchange(subject)
        self.csms.reset()
        self._all_answer = True
        self.emulation = VirtualEmulation(self.clock) if self.mode is TimeMode.VIRTUAL else WireEmulation(self.was_late)
        if self.lab.has_emulators:
            await self.emulation.start_plant(_plant_options(subject))
        wanted = [role for role in self.lab.roles if role in INSTRUMENTS]
        ends = await asyncio.gather(*(self._far_end(role, self.lab.device(role)) for role in wanted))
        for role, end in zip(wanted, ends, strict=True):
            await self._open(role, self.lab.device(role), end)
        await self.v2g.connect(subject)
        self.subject = subject
        await self.operator.connect()

    async def _far_end(self, role: str, device: Device) -> FarEnd:
        if not device.emulator:
            return FarEnd(device.resource or "")
        assert self.emulation
        options = {**device.emulator.options, **({"serial": device.serial} if device.serial else {})}
        return await self.emulation.start(
            device.emulator.kind,
            defects=self.defects_of(role, device),
            options=options,
            listen=device.emulator.options.get("listen", ""),
        )

    def defects_of(self, role: str, device: Device) -> list[str]:
        """Defects seeded by the lab file and by the command line."""
        seeded = list(device.emulator.defects) if device.emulator else []
        return seeded + [defect.id for defect in self.seeded if defect.role == role]

    async def _open(self, role: str, device: Device, end: FarEnd) -> None:
        connection = Connection(
            role, self.clock, end.resource, self.lab.located(device.options), partial(self._exchanged, role), end.object
        )
        driver = make_driver(device.driver, connection)
        if isinstance(driver, TwoBusGateway):
            self._frames = CanEvidence(tuple(driver.mapping.databases), driver.options.log, self.record)
            driver.on_frame = self._frames
            if self.recorder:
                self._frames.begin(self.recorder)
        await driver.open()
        self.drivers[role] = driver
        serial = (await driver.identity()).serial
        if self.strict and device.serial not in (None, serial):
            raise IdentityMismatch(
                role,
                f"expected serial {device.serial!r}, the instrument says {serial!r}: another one is connected, or "
                f"{self.lab.path} is of another bench; `plugfest check` shows all",
            )
        self._resources[role] = end.resource

    def _network_options(self) -> dict[str, Any]:
        devices = self.lab.devices("network")
        return self.lab.located(devices[0].options) if devices else {}

    def _exchanged(self, role: str, command: str, reply: str | None) -> None:
        self.record(role, "scpi", "harness", role, command=command, reply=reply)

    async def _sample(self) -> None:
        """Read the analyser through the whole attempt. What it cannot read is said once; the case decides if it matters."""
        if "power_analyser" not in self.drivers:
            return
        complained = False
        while True:
            try:
                await self.read_power()
                complained = False
            except BenchError as problem:
                if not complained:
                    self.record("bench", "bench", what="lost", text=str(problem))
                complained = True
                self._all_answer &= not isinstance(problem, InstrumentLost)
            await (self.emulation.at_rest(self.sample_s) if self.emulation else self.clock.sleep(self.sample_s))


def _plant_options(subject: Subject) -> dict[str, Any]:
    return {
        name: value
        for device in (subject.vehicle, subject.charger)
        if device and device.emulator
        for name, value in device.emulator.options.get("plant", {}).items()
    }


def _quantities(reading: PowerReading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in _QUANTITIES}


_QUANTITIES = tuple(field.name for field in fields(PowerReading) if field.name != "at_s")
