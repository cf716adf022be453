"""The emulated charger's V2G half: control pilot, discovery, connections, and a controller's wishes.

`Charger` runs an SECC over the plant for whoever connects. It tells a controller (the OCPP half, say) what happens in
a session, and takes its set point, pause, renegotiation and stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace

from drivers.emulators.charger_defects import install
from drivers.emulators.grid_support import GridSupport
from drivers.emulators.outlet import PlantOutlet
from harness.clock import Clock
from harness.grid_code import GridCode
from harness.iso15118 import net, sdp
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.observer import Deaf, Observer
from harness.iso15118.secc import SeccConfig, SeccSession, SessionMemory
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Energy, Service
from harness.iso15118.station import SessionEvent, What
from harness.iso15118.tls import Tls, describe, peer_certificate
from harness.link import ByteStream, memory_streams
from harness.plant.port import PlantPort

DIGITAL_DUTY_PERCENT = 5.0
"""Duty cycle that asks for digital communication (IEC 61851-1)."""
REST_S = 1.0
"""How often the pilot is looked at while no session runs and nobody touches it (our default)."""
PILOT_POLL_S = 0.1
IN_MEMORY = "fe80::1"
"""Address that discovery names where there are no wires."""

Listener = Callable[[SessionEvent], None]


class Charger:
    """One outlet with its pilot, its SECC and a memory of paused sessions.

    `on_event` hears every SessionEvent. `defects` are ids of drivers/emulators/charger_defects.py; an unknown one
    raises ValueError.
    """

    def __init__(
        self,
        plant: PlantPort,
        clock: Clock,
        *,
        config: SeccConfig | None = None,
        outlet: PlantOutlet | None = None,
        observer: Observer | None = None,
        on_event: Listener | None = None,
        defects: Collection[str] = (),
        grid_code: GridCode | None = None,
    ) -> None:
        self.plant = plant
        self.clock = clock
        self.config = config or SeccConfig()
        self.outlet = outlet or PlantOutlet(plant, clock)
        self.grid_support = GridSupport(plant, grid_code)
        self.observer: Observer = observer or Deaf()
        self.memory = SessionMemory()
        self.current: Secc | None = None
        """The connection that is being served."""
        self.paused = False
        self.woken = asyncio.Event()
        self.respond_to_discovery: Callable[[bytes], bytes | tuple[bytes, ...] | None] = lambda _: None
        self.listeners: list[Listener] = [on_event] if on_event else []
        self.before_session: list[Callable[[Secc], None]] = []
        """Called with every new connection's agent before it starts: where defects are installed."""
        self.wakes_after_pause = True
        self.dead = False
        """The V2G half has crashed: it accepts connections and says nothing."""
        self.discovery_twists: list[Callable[[bytes, bytes | None], bytes | None]] = []
        """Changes to discovery answers, each given the request and the answer so far."""
        self.second_answer: Callable[[bytes], bytes] | None = None
        """Makes another discovery answer of the right one, to be sent behind it."""
        self.asks_client_certificate = True
        self.tls_twists: list[Callable[[Tls], Tls]] = []
        self.context_twists: list[Callable[[ssl.SSLContext], None]] = []
        """Changes to how TLS is set up: where its defects are installed."""
        self.tls: ssl.SSLContext | None = None
        """How a vehicle is received that comes with TLS; None: this station has no TLS."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._discovery: net.DiscoveryServer | None = None
        self._respond_as(sdp.Responder(IN_MEMORY, sdp.PORT))
        install(self, defects)

    # wires

    def secure(self, tls: Tls) -> None:
        """Receive vehicles with TLS, as far as the defects leave it right."""
        for twist in self.tls_twists:
            tls = twist(tls)
        self.tls = replace(tls, asks_certificate=self.asks_client_certificate).server()
        for spoil in self.context_twists:
            spoil(self.tls)

    async def start(self) -> None:
        """Watch the pilot; wires come with `listen` or `attach`."""
        self._spawn(self._watch_pilot())

    async def listen(
        self,
        *,
        interface: str | None = None,
        sdp_port: int = sdp.PORT,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        tls_required: bool = False,
    ) -> tuple[net.Endpoint, int]:
        """Answer discovery and accept connections on an interface, or on ::1 without one.

        With a TLS context both a plain and a TLS listener are opened. Returns the endpoint that discovery names to a
        vehicle asking for the best security there is, and the discovery's UDP port.
        """
        plain_server, plain = await net.serve(self.serve, interface=interface, port=port)
        self._servers.append(plain_server)
        secure: net.Endpoint | None = None
        if tls is not None:
            if not self.asks_client_certificate:
                tls.verify_mode = ssl.CERT_NONE
            secure_server, secure = await net.serve(self.serve, interface=interface, tls=tls, observer=self.observer)
            self._servers.append(secure_server)
        self._respond_as(sdp.Responder(plain.address, plain.port, secure.port if secure else None, tls_required))
        self._discovery = await net.DiscoveryServer.start(
            lambda datagram: self.respond_to_discovery(datagram), self.observer, interface=interface, port=sdp_port
        )
        return secure or plain, self._discovery.port

    def _respond_as(self, responder: sdp.Responder) -> None:
        """Answer discovery for these ends, as far as the twists let it."""

        def respond(datagram: bytes) -> bytes | tuple[bytes, ...] | None:
            found = responder.answer(datagram)
            answer = found.encode() if found else None
            for twist in self.discovery_twists:
                answer = twist(datagram, answer)
            if answer and self.second_answer:
                return answer, self.second_answer(answer)
            return answer

        self.respond_to_discovery = respond

    def attach(self, *, secured: bool = False) -> ByteStream:
        """A connection in memory, to the plain or to the TLS listener; returns the vehicle's end."""
        near, far = memory_streams()
        self._spawn(net.received(near, self.serve, self.tls if secured else None, self.observer))
        return far

    async def serve(self, stream: ByteStream) -> None:
        """Serve one connection; one outlet has one vehicle, a second connection is refused."""
        if self.dead:
            return
        if self.in_session:
            self.observer.link("refused", by="charger", reason="another vehicle is being served")
            await stream.close()
            return
        if self.current is not None:  # its session is over, and its vehicle slow to close
            await self.current.close()
        agreed = describe(stream)
        session = SeccSession(
            self.config,
            self.outlet,
            now_s=self.clock.now_s(),
            epoch_utc_us=self.clock.epoch_utc_us,
            memory=self.memory,
            vehicle_leaf=peer_certificate(stream),
            secured=bool(agreed),
        )
        self.current = serving = Secc(stream, session, self.clock, self.observer, self._heard)
        self.outlet.begin_session()
        self.observer.link("connected", by="vehicle")
        if agreed:
            self.observer.link("tls", by="vehicle", **agreed)
        for prepare in self.before_session:
            prepare(serving)
        try:
            await serving.run()
        finally:
            if self.current is serving:
                self.current = None

    async def close(self) -> None:
        """Everything off, every wire closed."""
        if self._discovery:
            self._discovery.close()
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.outlet.emergency_off()

    # a controller's wishes

    @property
    def target_power_w(self) -> float:
        """Power set point in dynamic control, positive into the vehicle; may be set at any time."""
        return self.outlet.target_power_w

    @target_power_w.setter
    def target_power_w(self, power_w: float) -> None:
        self.outlet.target_power_w = power_w

    @property
    def in_session(self) -> bool:
        """Whether a vehicle has a session here that is not paused."""
        return self.current is not None and not self.current.serving.ended

    def authorize(self, granted: bool | None) -> None:
        """Decide on external identification for this and later sessions; None: not decided yet."""
        self.outlet.authorization = granted

    def pause(self, max_delay_s: int | None = None) -> None:
        delay_s = self.config.profile.pause_delay_s if max_delay_s is None else max_delay_s
        self._notify(EvseNotification.Pause, delay_s)

    def terminate(self, max_delay_s: int = 0) -> None:
        self._notify(EvseNotification.Terminate, max_delay_s)

    def renegotiate_schedule(self, max_delay_s: int = 0) -> None:
        self._notify(EvseNotification.ScheduleRenegotiation, max_delay_s)

    def renegotiate_service(self, max_delay_s: int = 0) -> None:
        self._notify(EvseNotification.ServiceRenegotiation, max_delay_s)

    def exit_standby(self, max_delay_s: int = 0) -> None:
        self._notify(EvseNotification.ExitStandby, max_delay_s)

    def confirm_metering(self, max_delay_s: int = 0) -> None:
        self._notify(EvseNotification.MeteringConfirmation, max_delay_s)

    def break_off(self, reason: str) -> None:
        """End the session at once, without a word to the vehicle."""
        self._spawn(self._lose(reason))

    def wake(self) -> None:
        """Wake a paused or sleeping vehicle: the oscillator comes back on (B1 to B2)."""
        self.woken.set()

    def _notify(self, notification: EvseNotification, max_delay_s: int) -> None:
        if self.current is not None:
            self.current.serving.notify(notification, max_delay_s)

    # inside

    def _heard(self, event: SessionEvent) -> None:
        if event.what is What.SESSION:
            self.paused = False
        elif event.what is What.SERVICE:
            self.outlet.ac = Service(event.data["service"]).energy is Energy.AC
        elif event.what is What.PAUSED:
            self.paused = True
        for listener in self.listeners:
            listener(event)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch_pilot(self) -> None:
        """Duty 5 % when a vehicle is plugged in; off after its session; on again when either side wakes the other."""
        before = "A"
        served = False
        while True:
            moved, state = self.plant.changed(), self.plant.state
            if state.plugged and before == "A":
                self._oscillate(True)
            elif not state.plugged and before != "A":
                await self._unplugged()
            toggled = before == "B" and state.pilot_state == "C" and not self.in_session
            may_wake = self.wakes_after_pause or not self.paused
            if state.plugged and may_wake and (self.woken.is_set() or toggled):
                self.woken.clear()
                self._oscillate(True)
            elif served and not self.in_session:
                self._oscillate(False)
            served = self.in_session
            before = state.pilot_state if state.plugged else "A"
            if served:
                await self.clock.sleep(PILOT_POLL_S)
            else:
                await asyncio.wait({moved}, timeout=REST_S)

    def _oscillate(self, on: bool) -> None:
        self.plant.command(pilot_on=True, pilot_duty_percent=DIGITAL_DUTY_PERCENT if on else None)

    async def _unplugged(self) -> None:
        """The cable is out: no power, no session, nothing paused."""
        self.outlet.emergency_off()
        self._oscillate(False)
        self.memory.paused.clear()
        self.memory.older.clear()
        self.paused = False
        self.woken.clear()
        await self._lose("the cable was unplugged")

    async def _lose(self, reason: str) -> None:
        if self.current is not None:
            self.current.serving.lose(self.clock.now_s(), reason)
            await self.current.link.close()
