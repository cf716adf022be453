"""The emulated vehicle: plugs in when its plug is in, holds V2G sessions, sleeps, wakes and wakes the station."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from drivers.emulators.car import PlantCar
from drivers.emulators.vehicle_defects import install
from harness.clock import Clock
from harness.iso15118 import net, sdp
from harness.iso15118.errors import NoAnswer, NoSecurity, ProtocolError
from harness.iso15118.evcc import EvccConfig, EvccSession, StoredSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.intent import Intent
from harness.iso15118.observer import Deaf, Observer
from harness.iso15118.order import State
from harness.iso15118.secure import secure
from harness.iso15118.services import Control, Energy
from harness.iso15118.tls import Tls
from harness.link import ByteStream, LinkClosed
from harness.plant.port import PlantPort

PILOT_POLL_S = 0.1
BCB_STATE_S = 0.3
"""Each state of a B-C-B toggle, 200 to 400 ms."""

Connect = Callable[[], Awaitable[ByteStream]]


class Mood(StrEnum):
    """What the vehicle is doing."""

    UNPLUGGED = "unplugged"
    WAITING = "waiting"
    """Plugged in, the station does not ask for digital communication."""
    CONNECTING = "connecting"
    IN_SESSION = "in session"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class VehicleEvent:
    """A change of mood; `reason` says why a session ended if it did not end in order."""

    mood: Mood
    at_s: float
    reason: str = ""


class ElectricVehicle:
    """One car. `connect` opens a connection to whichever charger is there (`wire` for real links).

    `defects` are ids of drivers/emulators/vehicle_defects.py; an unknown one raises ValueError.
    """

    def __init__(
        self,
        plant: PlantPort,
        clock: Clock,
        connect: Connect,
        *,
        config: EvccConfig | None = None,
        car: PlantCar | None = None,
        observer: Observer | None = None,
        on_event: Callable[[VehicleEvent], None] | None = None,
        defects: Collection[str] = (),
    ) -> None:
        self.plant = plant
        self.clock = clock
        self.connect = connect
        self.config = config or EvccConfig()
        self.car = car or PlantCar(plant, clock)
        self.car.in_ac = all(service.energy is Energy.AC for service in self.config.services)
        self.observer: Observer = observer or Deaf()
        self.mood = Mood.UNPLUGGED
        self.current: Evcc | None = None
        self.stored: StoredSession | None = None
        self.before_session: list[Callable[[Evcc], None]] = []
        """Called with every new connection's agent before it starts: where defects are installed."""
        self.tls_twists: list[Callable[[Tls], Tls]] = []
        self.context_twists: list[Callable[[ssl.SSLContext], None]] = []
        """Changes to how TLS is set up: where its defects are installed."""
        self.tls: ssl.SSLContext | None = None
        """How the connection is secured that `connect` opens; None: not here."""
        self.takes_no_security = False
        """Whether a station that answers a discovery for TLS with no security is followed all the same."""
        self.wakes_after_pause = True
        self.remembers = True
        """Whether a paused session is kept for its resume."""
        self._on_event = on_event or (lambda _: None)
        self._runner: asyncio.Task[None] | None = None
        install(self, defects)

    # life

    async def start(self) -> None:
        """Live in the background until `close`."""
        self._runner = asyncio.ensure_future(self.run())

    async def close(self) -> None:
        """Break everything off: connection, contactor, pilot."""
        if self._runner:
            self._runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._runner
        self.car.release()

    async def run(self) -> None:
        """Plugged in and asked for digital communication: connect, hold a session, sleep; again when woken."""
        while True:
            await self._until(lambda: self.plant.state.plugged)
            self.plant.command(pilot_state="B")
            self.car.plugged_at_s = self.clock.now_s()
            while self.plant.state.plugged:
                await self._wait_for_oscillator()
                if self.plant.state.plugged:
                    await self._session()
                    await self._sleep()
            self.stored = None
            self._feel(Mood.UNPLUGGED)

    # a driver's or a bench's wishes

    def secure(self, tls: Tls) -> None:
        """Go through TLS at the beginning of every connection, as far as the defects leave it right."""
        for twist in self.tls_twists:
            tls = twist(tls)
        self.tls = tls.client()
        for spoil in self.context_twists:
            spoil(self.tls)

    def end_session(self) -> None:
        """End the session in order."""
        self._intend(Intent.STOP)

    def pause(self) -> None:
        """Pause the session."""
        self._intend(Intent.PAUSE)

    def standby(self) -> None:
        self._intend(Intent.STANDBY)

    def renegotiate_schedule(self) -> None:
        self._intend(Intent.RENEGOTIATE_SCHEDULE)

    async def wake_station(self) -> None:
        """Toggle B-C-B so that the station turns its oscillator on."""
        for state in ("C", "B"):
            self.plant.command(pilot_state=state)
            await self.clock.sleep(BCB_STATE_S)

    # inside

    def _intend(self, intent: Intent) -> None:
        if self.current is not None:
            self.current.calling.intent = intent

    def _feel(self, mood: Mood, reason: str = "") -> None:
        if mood is not self.mood or reason:
            self.mood = mood
            self._on_event(VehicleEvent(mood, self.clock.now_s(), reason))

    @property
    def _oscillator(self) -> bool:
        duty = self.plant.state.pilot_duty_percent
        return duty is not None and duty < 8.0  # 3 % to 7 % asks for digital communication (IEC 61851-1)

    async def _wait_for_oscillator(self) -> None:
        if not self._oscillator and self.mood is not Mood.PAUSED:
            self._feel(Mood.WAITING)
        await self._until(lambda: self._oscillator or not self.plant.state.plugged)

    async def _sleep(self) -> None:
        """After a session: stay quiet until the oscillator was off, so that its return is a wake-up."""
        await self._until(lambda: not self._oscillator or not self.plant.state.plugged)
        if not self.wakes_after_pause and self.mood is Mood.PAUSED:
            await self._until(lambda: not self.plant.state.plugged)

    async def _session(self) -> None:
        self._feel(Mood.CONNECTING)
        reason = ""
        watch: asyncio.Task[None] | None = None
        try:
            stream = await self._reach()
            session = EvccSession(self.config, self.car, epoch_utc_us=self.clock.epoch_utc_us, stored=self.stored)
            self.current = Evcc(stream, session, self.clock, self.observer)
            for prepare in self.before_session:
                prepare(self.current)
            self._feel(Mood.IN_SESSION)
            watch = asyncio.ensure_future(self._watch_the_driver(self.current))
            await self.current.run()
            reason = self.current.calling.reason
        except (ProtocolError, OSError, LinkClosed) as problem:
            reason = str(problem)
        finally:
            if watch:
                watch.cancel()
            self.car.release()
            self._conclude(reason)

    async def _reach(self) -> ByteStream:
        """The station that was found, inside TLS where we ask for it."""
        try:
            stream = await self.connect()
        except NoSecurity as offered:
            if not self.takes_no_security:
                raise
            return await offered.open()
        return await self.clock.wait(secure(stream, self.tls), net.HANDSHAKE_S) if self.tls else stream

    def _conclude(self, reason: str) -> None:
        paused = self.current is not None and self.current.calling.state == "paused"
        self.stored = self.current.session.store() if paused and self.current and self.remembers else None
        self.current = None
        self._feel(Mood.PAUSED if paused else Mood.DONE, reason)

    async def _watch_the_driver(self, evcc: Evcc) -> None:
        """Departure, or the driver, ends the session in order; the plug pulled ends it at once. In scheduled control a
        changed wish renegotiates the schedule; in dynamic control the charge loop states it."""
        wish = self.car.wish
        while self.plant.state.plugged:
            calling = evcc.calling
            done = not self.car.leaves_in_s or self.plant.state.driver_ends
            if done and calling.intent is Intent.CHARGE:
                calling.intent = Intent.STOP
            elif wish != self.car.wish and calling.intent is Intent.CHARGE and calling.state is State.LOOP:
                wish = self.car.wish
                if evcc.session.older or evcc.session.offer.control is Control.SCHEDULED:
                    calling.intent = Intent.RENEGOTIATE_SCHEDULE
            await self.clock.sleep(PILOT_POLL_S)
        self.car.release()
        await evcc.close()

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Until something holds that only the plant's owners can change."""
        while True:
            moved = self.plant.changed()
            if condition():
                return
            await asyncio.wait({moved})


def in_memory(clock: Clock, ask: Callable[[bytes], bytes | None], attach: Connect, *, secured: bool) -> Connect:
    """As `wire`, at a station in the same process: `ask` answers discovery, `attach` opens a connection."""

    async def connect() -> ByteStream:
        run = sdp.Discovery(sdp.SdpRequest(sdp.Security.TLS if secured else sdp.Security.NONE), loopback=True)
        while not run.answer:
            datagram = run.due(clock.now_s())
            if datagram is None and run.exhausted:
                raise NoSecurity(run.failure(), attach) if run.downgrade else NoAnswer(run.failure())
            if datagram and (answer := ask(datagram)):
                run.receive(answer)
            await clock.sleep(0.0 if run.answer else max(run.next_at_s - clock.now_s(), 0.001))
        return await attach()

    return connect


def wire(
    clock: Clock,
    observer: Observer | None = None,
    *,
    interface: str | None = None,
    sdp_port: int = sdp.PORT,
    tls: ssl.SSLContext | None = None,
    secured: bool = False,
) -> Connect:
    """How a vehicle finds and reaches a charger over real sockets: discovery, then TCP or TLS as agreed.

    With `secured` it asks for a TLS listener, and leaves the handshake to whoever connects.
    """

    async def connect() -> ByteStream:
        security = sdp.Security.TLS if tls or secured else sdp.Security.NONE
        found = await net.discover(clock, observer, interface=interface, port=sdp_port, security=security)
        return await net.connect(found, clock, tls=tls if found.tls else None)

    return connect
