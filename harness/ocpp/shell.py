"""The shell around a sans-I/O agent: moves its texts over a channel and calls it when a deadline has come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from harness.clock import Clock
from harness.link import Control, LinkClosed, TextChannel
from harness.ocpp.observer import Observer
from harness.ocpp.pulse import Pulse
from harness.ocpp.version import Version


def utc_s(clock: Clock) -> float:
    """The agents' time: seconds since 1970-01-01 UTC."""
    return clock.utc_us() / 1e6


class Agent(Protocol):
    """What the shell moves. Times are UTC seconds."""

    def receive(self, text: str, now_s: float) -> None: ...

    def tick(self, now_s: float) -> None: ...

    def deadline_s(self) -> float | None: ...

    def take_texts(self) -> list[str]: ...


class StationAgent(Agent, Protocol):
    """An agent that lives on while its link comes and goes."""

    def connected(self, version: Version, now_s: float) -> None: ...

    def disconnected(self, now_s: float) -> None: ...

    def ping_interval_s(self) -> float:
        """Between two pings of the websocket; 0: none."""
        ...

    def pong_patience_s(self) -> float:
        """How long a pong is waited for."""
        ...


class Shell:
    """Runs one agent over one channel until the link ends. `own` and `peer` are roles, for the observer.

    With a pulse the far end is pinged, and left when it is silent to that.
    """

    def __init__(
        self, agent: Agent, channel: TextChannel, clock: Clock, observer: Observer, station: str, own: str, peer: str,
        pulse: Pulse | None = None,
    ) -> None:  # fmt: skip
        self.agent = agent
        self.channel = channel
        self.clock = clock
        self.observer = observer
        self.station = station
        self.own = own
        self.peer = peer
        self.pulse = pulse
        channel.on_control = self._controlled
        self._wake = asyncio.Event()

    def poke(self) -> None:
        """The agent has new texts or deadlines that did not come from this shell."""
        self._wake.set()

    async def run(self) -> None:
        """Returns when the link is closed by either side."""
        writer = asyncio.ensure_future(self._write())
        try:
            await self._read()
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, LinkClosed):
                await writer

    async def _read(self) -> None:
        with contextlib.suppress(LinkClosed):
            while True:
                text = await self.channel.receive()
                self.observer.frame(self.station, self.peer, self.own, text)
                self.agent.receive(text, utc_s(self.clock))
                self._wake.set()

    async def _write(self) -> None:
        while True:
            self._wake.clear()
            now_s = utc_s(self.clock)
            self.agent.tick(now_s)
            for text in self.agent.take_texts():
                self.observer.frame(self.station, self.own, self.peer, text)
                await self.channel.send(text)
            await self._beat(now_s)
            deadline_s = self._deadline_s()
            within_s = None if deadline_s is None else max(deadline_s - utc_s(self.clock), 0.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._wake.wait()

    async def _beat(self, now_s: float) -> None:
        if self.pulse is None:
            return
        if self.pulse.gone(now_s):
            self.observer.link(self.station, "lost", reason="no pong in time")
            await self.channel.abort()
        elif (payload := self.pulse.tick(now_s)) is not None:
            await self.channel.ping(payload)

    def _deadline_s(self) -> float | None:
        dues = (self.agent.deadline_s(), self.pulse.deadline_s() if self.pulse else None)
        return min((due_s for due_s in dues if due_s is not None), default=None)

    def _controlled(self, control: Control, received: bool) -> None:
        source, target = (self.peer, self.own) if received else (self.own, self.peer)
        self.observer.control(self.station, source, target, control)
        if self.pulse and received and control.what == "pong":
            self.pulse.heard(control.payload)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting times between attempts to connect: doubled each time, up to `repeat_times` doublings.

    Named after OCPPCommCtrlr.RetryBackOffWaitMinimum and RetryBackOffRepeatTimes (OCPP 2.x part 2); the random part
    is left out so that a run can be repeated. The values are our defaults for a bench.
    """

    wait_minimum_s: float = 1.0
    repeat_times: int = 4

    def wait_s(self, attempt: int) -> float:
        """How long to wait after the attempt of that number (0 is the first) has failed."""
        return self.wait_minimum_s * float(2 ** min(attempt, self.repeat_times))


LAST_WORD_S = 0.2
"""How long a link stays open for the answer to what ends it. Our default."""

Connect = Callable[[], Awaitable[tuple[TextChannel, Version]]]


class StationShell:
    """Keeps a charging station connected: connects, runs, and comes back with growing pauses when the link is lost."""

    def __init__(
        self, agent: StationAgent, identity: str, connect: Connect, clock: Clock, observer: Observer,
        backoff: Backoff | None = None,
    ) -> None:  # fmt: skip
        self.agent = agent
        self.identity = identity
        self.connect = connect
        self.clock = clock
        self.observer = observer
        self.backoff = backoff or Backoff()
        self._shell: Shell | None = None
        self._allowed = asyncio.Event()
        self._allowed.set()

    @property
    def online(self) -> bool:
        return self._shell is not None

    def poke(self) -> None:
        """The station has been told something from its own side: let it speak."""
        if self._shell:
            self._shell.poke()

    async def ping(self, payload: bytes) -> None:
        """Ping the far end beside the pings of the interval; raises LinkClosed."""
        if self._shell is None:
            raise LinkClosed("there is no link")
        await self._shell.channel.ping(payload)

    async def go_offline(self) -> None:
        """Cut the link and stay away until `go_online`."""
        self._allowed.clear()
        if self._shell:
            await self._shell.channel.close()

    async def reconnect(self) -> None:
        """Say what is still to be said, then close the link and connect anew."""
        await self.clock.sleep(LAST_WORD_S)
        if self._shell:
            await self._shell.channel.close()

    def go_online(self) -> None:
        self._allowed.set()

    async def run(self) -> None:
        """Runs until cancelled."""
        attempt = 0
        while True:
            await self._allowed.wait()
            try:
                channel, version = await self.connect()
            except OSError as problem:
                self.observer.link(self.identity, "refused", reason=str(problem))
                await self._pause(self.backoff.wait_s(attempt))
                attempt += 1
                continue
            attempt = 0
            await self._serve(channel, version)
            if self._allowed.is_set():
                await self._pause(self.backoff.wait_s(0))

    async def _serve(self, channel: TextChannel, version: Version) -> None:
        pulse = Pulse(self.agent.ping_interval_s, self.agent.pong_patience_s, utc_s(self.clock))
        self._shell = Shell(self.agent, channel, self.clock, self.observer, self.identity, "charger", "csms", pulse)
        self.agent.connected(version, utc_s(self.clock))
        self.observer.link(self.identity, "connected", version=str(version))
        try:
            await self._shell.run()
        finally:
            self._shell = None
            self.agent.disconnected(utc_s(self.clock))
            self.observer.link(self.identity, "closed")
            await channel.close()

    async def _pause(self, pause_s: float) -> None:
        """Wait, but let an offline station's own clock go on (its transaction and meter values do not stop)."""
        end_s = utc_s(self.clock) + pause_s
        while (left_s := end_s - utc_s(self.clock)) > 0:
            await self.clock.sleep(min(left_s, 1.0))
            self.agent.tick(utc_s(self.clock))
