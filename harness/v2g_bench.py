"""The V2G side of a bench: emulated vehicle and charger brought up, and the harness between or opposite them.

Three set-ups. A pairing: the vehicle finds us, we find the charger, and a relay records both. A charger alone: our EVCC
agent is the vehicle. A vehicle alone: our SECC agent is the charger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from drivers.errors import BenchError, ConfigError
from drivers.foreign.place import Place
from drivers.registry import make_driver
from drivers.wire import Connection
from harness.case import Subject
from harness.clock import TimeMode, end_task
from harness.iso15118 import net, sdp
from harness.iso15118.errors import LinkLost, NoAnswer
from harness.iso15118.observer import Observer
from harness.iso15118.profile import profile_from
from harness.iso15118.relay import Relay
from harness.iso15118.tls import Tls
from harness.lab import Device
from harness.link import ByteStream, memory_streams
from harness.ocpp_bench import identity_of
from harness.v2g_security import Handshake, V2gSecurity, both, keylog_beside

if TYPE_CHECKING:
    from harness.bench import Bench

CONNECT_S = 5.0
BOOT_S = 5.0
"""How long we wait for an emulated station to be known to our CSMS before a vehicle comes (our default)."""


class _Transcribed:
    """A V2G observer that writes into the running attempt's transcript, and numbers the connections."""

    def __init__(self, bench: Bench, only: str = "") -> None:
        self._bench = bench
        self._only = only
        """In a relay our own half of the discovery is nobody's conduct: only this side's datagrams are kept."""
        self.session = 0

    def frame(self, source: str, target: str, octets: bytes) -> None:
        self._bench.record("v2g", "v2g.frame", source, target, hex=octets.hex(), session=self.session)

    def datagram(self, source: str, target: str, octets: bytes) -> None:
        if self._only in ("", source):
            self._bench.record("v2g", "v2g.sdp", source, target, hex=octets.hex())

    def secret(self, source: str, target: str, octets: bytes) -> None:
        """Octets of a TLS connection, as they are on the wire."""
        self._bench.record("v2g", "v2g.tls", source, target, hex=octets.hex(), session=self.session)

    def link(self, what: str, **details: Any) -> None:
        source = str(details.get("by", ""))
        self._bench.record("v2g", "v2g.link", source, "", what=what, session=self.session, **details)


class Closeable(Protocol):
    """Anything on a V2G link that an attempt may leave open: a relay, an agent of ours."""

    async def close(self) -> None: ...


class V2gOnBench:
    """Lives with the bench; `connect` for a subject, `close` after an attempt, `disconnect` before another subject."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.security = V2gSecurity(bench.lab)
        try:
            self.profile = profile_from(bench.lab.switches)
        except ValueError as problem:
            raise ConfigError(f"{bench.lab.path}: switches.{problem}") from None
        self._sessions = 0
        self._charger_port = sdp.PORT
        self._found: net.Endpoint | None = None
        self._charger_object: Any = None
        self._servers: list[Any] = []
        self._programs: dict[str, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: list[Closeable] = []
        self.denies_security = False
        """Whether a vehicle that looks for a charger with TLS is told that there is none."""
        self.arrived: asyncio.Queue[ByteStream] = asyncio.Queue()
        """Connections of a vehicle that wait for our SECC agent."""

    # Bringing devices up

    async def connect(self, subject: Subject) -> None:
        """Start the subject's emulated devices and listen where a vehicle looks for its charger."""
        if subject.charger:
            await self._start_charger(subject)
        if subject.vehicle:
            await self._start_vehicle(subject, subject.vehicle)

    async def _start_charger(self, subject: Subject) -> None:
        bench, device = self._bench, subject.charger
        assert device
        if device.hosted:
            await self._start_program("charger", device)
        if not device.emulator:
            return
        identity = identity_of(subject)
        own = {key: value for key, value in device.emulator.options.items() if key != "plant"}
        options: dict[str, Any] = {**own, "ocpp_id": identity, **self.security.options()}
        if bench.mode is TimeMode.VIRTUAL:
            options |= {"clock": bench.clock, "csms_address": bench.csms.address}
        else:
            options |= {"csms": bench.csms.url}
            options |= {"interface": bench.network.station} if bench.network else {}
        assert bench.emulation
        end = await bench.emulation.start(
            device.emulator.kind, defects=bench.defects_of("charger", device), options=options
        )
        await bench.csms.booted(subject, BOOT_S)
        self._charger_object = end.object
        self._charger_port = int(end.resource) if end.resource and not bench.network else sdp.PORT

    async def _start_vehicle(self, subject: Subject, device: Device) -> None:
        bench = self._bench
        relayed = subject.charger is not None
        if device.hosted:  # first: it lays the cable on which we listen
            await self._start_program("vehicle", device)
        options: dict[str, Any]
        if bench.mode is TimeMode.VIRTUAL:
            options = {"clock": bench.clock, "connect": self._attach_relay}
            if not relayed:
                options |= {"connect": self._attach_queue, "ask": self._found_in_memory}
        else:
            port = await self._listen_for_vehicle(device, relayed)
            options = {"interface": bench.network.vehicle} if bench.network else {"sdp_port": port}
        if device.emulator:
            assert bench.emulation
            own = {key: value for key, value in device.emulator.options.items() if key != "plant"}
            await bench.emulation.start(
                device.emulator.kind,
                defects=bench.defects_of("vehicle", device),
                options={**own, **options, **self.security.options()},
            )

    async def _start_program(self, role: str, device: Device) -> None:
        """Have its driver start a stack of others at the far end of a cable of its own; raises BenchError."""
        bench = self._bench
        if bench.network is None or bench.emulation is None:
            raise ConfigError(f"{device.id} needs a network of the run's own: {bench.network_note}")
        owner, near, far = {
            "charger": ("station", bench.network.to_station, bench.network.station),
            "vehicle": ("vehicle", bench.network.to_vehicle, bench.network.vehicle),
        }[role]
        certificates = self.security.environment.hierarchy if self.security.on else None
        place = Place(near, far, bench.emulation.plant_port(owner), certificates, bench.was_late)
        driver = make_driver(device.driver, Connection(role, bench.clock, options=device.options, far_end=place))
        bench.drivers[role] = driver
        await driver.open()
        self._programs[device.id] = driver

    def dead(self) -> list[str]:
        """Names of the programs that have ended by themselves."""
        return [name for name, driver in self._programs.items() if not driver.program.running]

    async def _listen_for_vehicle(self, device: Device, relayed: bool) -> int:
        interface = self._bench.network.to_vehicle if self._bench.network else device.interface
        server, endpoint = await net.serve(self._relay if relayed else self._queue, interface=interface)
        discovery = await net.DiscoveryServer.start(
            partial(self._answer, endpoint.address, endpoint.port),
            _Transcribed(self._bench, "vehicle" if relayed else ""),
            interface=interface,
            port=sdp.PORT if interface else 0,
        )
        self._servers += [server, discovery]
        return discovery.port

    def _answer(self, address: str, port: int, datagram: bytes) -> bytes | None:
        """Discovery's answer to a vehicle."""
        secure = self.security.on and not self.denies_security
        found = sdp.Responder(address, port, port if secure else None, secure).answer(datagram)
        return found.encode() if found else None

    def _found_in_memory(self, datagram: bytes) -> bytes | None:
        """The same in virtual time, where the vehicle's datagrams come by no wire."""
        observer = _Transcribed(self._bench)
        observer.datagram("vehicle", "charger", datagram)
        answer = self._answer(net.LOOPBACK, sdp.PORT, datagram)
        if answer:
            observer.datagram("charger", "vehicle", answer)
        return answer

    async def disconnect(self) -> None:
        """Stop listening; the emulated devices themselves end with the bench's emulation."""
        await self.close()
        for server in self._servers:
            server.close()
        self._servers.clear()
        self._programs.clear()  # their drivers end them
        self._charger_object = None

    async def close(self) -> None:
        """End what an attempt has left open."""
        for one in reversed(self._open):
            await one.close()
        self._open.clear()
        self.denies_security = False
        for task in list(self._tasks):
            await end_task(task)
        while not self.arrived.empty():
            await self.arrived.get_nowait().close()

    # Links

    def observer(self) -> _Transcribed:
        """An observer for a new connection: it gets the next number."""
        self._sessions += 1
        found = _Transcribed(self._bench)
        found.session = self._sessions
        return found

    async def to_charger(self, observer: Observer | None = None, *, again: bool = False) -> ByteStream:
        """Find the charger under test and open a connection to it over the bench's network; raises NoAnswer or OSError.

        `again`: where it was found last, since in a session a charger need not answer discovery ([V2G2-714] to [V2G2-716]).
        """
        return self._bench.links.ours(await self._reach_charger(observer, again), "charger")

    async def _reach_charger(self, observer: Observer | None = None, again: bool = False) -> ByteStream:
        bench = self._bench
        if bench.mode is TimeMode.VIRTUAL:
            if self._charger_object is None:
                raise BenchError("no charger is on this bench: the case's subject has none")
            stream: ByteStream = self._charger_object.attach(secured=self.security.on)
            return stream
        interface = self._to_station
        watching = observer or _Transcribed(bench, "charger")
        wanted = sdp.Security.TLS if self.security.on else sdp.Security.NONE
        if self._found is None or not again:
            self._found = await net.discover(
                bench.clock, watching, interface=interface, port=self._charger_port, security=wanted
            )
        return await net.connect(self._found, bench.clock, within_s=CONNECT_S)

    async def secured(
        self, stream: ByteStream, observer: _Transcribed, *, we: str, tls: Tls | None = None
    ) -> ByteStream:
        """The connection inside TLS, if the lab has it; `tls` in place of what is right. Raises LinkLost."""
        if not self.security.on:
            return stream
        try:
            inside, details = await self._shake(stream, observer.secret, we, tls)
        except LinkLost as refused:
            observer.link("refused", reason=str(refused))
            raise
        observer.link("tls", by="vehicle", **details)
        return inside

    def own_tls(self, we: str, **changes: Any) -> Tls:
        """Our side's TLS, its key log in the running attempt's evidence; `changes` as in `Environment`."""
        return self.security.own(we, self._keylog, **changes)

    @property
    def _keylog(self) -> Path:
        recorder = self._bench.recorder
        return keylog_beside(recorder.path if recorder else None)

    async def _shake(
        self, stream: ByteStream, keep: Callable[[str, str, bytes], None], we: str, tls: Tls | None = None
    ) -> tuple[ByteStream, dict[str, Any]]:
        handshake = Handshake(self._bench.clock, self._keylog, keep, we=we)
        inside = await handshake.run(stream, tls or self.own_tls(we))
        return inside, handshake.details()

    async def ask_charger(self, datagram: bytes, within_s: float) -> bytes | None:
        """Send one discovery datagram, sound or not, to the charger under test; its first answer, or None in time."""
        bench, observer = self._bench, _Transcribed(self._bench)
        observer.datagram("vehicle", "charger", datagram)
        answer: bytes | None
        if bench.mode is TimeMode.VIRTUAL:
            answer = next(iter(self._charger_object.discover(datagram)), None)
            await bench.clock.sleep(0.0 if answer else within_s)
        else:
            answer = await net.ask(
                datagram, bench.clock, within_s=within_s, interface=self._to_station, port=self._charger_port
            )
        if answer is not None:
            observer.datagram("charger", "vehicle", answer)
        return answer

    @property
    def _to_station(self) -> str | None:
        """The interface behind which the charger under test is; None for unicast over loopback."""
        bench = self._bench
        device = bench.subject.charger if bench.subject else None
        return bench.network.to_station if bench.network else (device.interface if device else None)

    def close_later(self, one: Closeable) -> None:
        """Have something closed at the end of the attempt."""
        self._open.append(one)

    async def _relay(self, vehicle: ByteStream) -> None:
        observer = self.observer()
        observer.link("connected", by="vehicle")
        vehicle = self._bench.links.relayed(vehicle, "vehicle")
        near: dict[str, Any] = {}
        try:
            if self.security.on:
                vehicle, near = await self._shake(vehicle, observer.secret, "charger")
        except LinkLost as refused:
            observer.link("refused", by="vehicle", reason=str(refused))
            return
        try:
            charger = self._bench.links.relayed(await self._reach_charger(), "charger")
            if self.security.on:
                charger, far = await self._shake(charger, _unheard, "vehicle")
                observer.link("tls", by="vehicle", **both(near, far))
        except (NoAnswer, OSError, TimeoutError) as refused:
            observer.link("refused", by="charger", reason=str(refused))
            await vehicle.close()
            return
        relay = Relay(vehicle, charger, observer)
        self.close_later(relay)
        await relay.run()

    async def _queue(self, vehicle: ByteStream) -> None:
        self.arrived.put_nowait(self._bench.links.ours(vehicle, "vehicle"))

    async def _attach_relay(self) -> ByteStream:
        near, far = memory_streams()
        self._spawn(self._relay(far))
        return near

    async def _attach_queue(self) -> ByteStream:
        near, far = memory_streams()
        await self._queue(far)
        return near

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _unheard(_source: str, _target: str, _octets: bytes) -> None:
    """A capture shows one connection: of a relayed session the vehicle's."""
