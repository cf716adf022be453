"""The man in the middle: stands between a station and its CSMS as an energy management gateway on site does.

To both sides it looks like a direct connection: message ids stay what they are, and a CALL of the proxy's own neither
meets one that has no answer yet nor is met by one. On command it delays, drops or alters messages and injects its own.
A fault of its own making, as a meddling that raises or makes what is no message, forwards the message untouched.

Pings of the websocket go from point to point (OCPP 2.x part 4): it answers each side's by itself, pings the CSMS in an
interval of its own, and closes both links when one is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from websockets.asyncio.server import Server

from harness.clock import Clock
from harness.link import Control, LinkClosed, TextChannel
from harness.ocpp.dialect import spoken
from harness.ocpp.frames import Call, CallError, CallResult, FrameError, Payload, parse, render
from harness.ocpp.memory_network import MemoryNetwork
from harness.ocpp.observer import Observer, Unobserved
from harness.ocpp.pulse import Pulse, one_interval_s
from harness.ocpp.security import ConnectionRefused, Door, Security
from harness.ocpp.session import message_ids
from harness.ocpp.shell import utc_s
from harness.ocpp.version import ErrorCode, Version
from harness.ocpp.wire import PING_INTERVAL_S, connect, serve

Role = Literal["charger", "csms"]
PATIENCE_S = 30.0
"""How long a CALL without an answer keeps others from the line: an injected one all, any other the injected ones. Our
default."""


def other(role: Role) -> Role:
    return "csms" if role == "charger" else "charger"


@dataclass(frozen=True, slots=True)
class Meddling:
    """What to do to CALLs of an action, or to their answers. `alter` gives the payload to send instead, or None to
    drop the message; `times` None means from now on."""

    action: str
    alter: Callable[[Payload], Payload | None] | None = None
    answers: bool = False
    """Meddle with the answers instead of the CALLs."""
    delay_s: float = 0.0
    times: int | None = None


@dataclass(slots=True)
class _Line:
    """The way towards one side: what waits for its turn there, and the CALL that it has not answered yet."""

    waiting: deque[str] = field(default_factory=deque)
    open_call: str | None = None
    own: bool = False
    """The open CALL is one that we injected."""
    since_s: float = 0.0


class ProxySession:
    """One station's conversation, sans-I/O: texts of either side in, texts for either side out."""

    def __init__(self, version: Version, *, upstream: Version | None = None, ids: Iterator[str] | None = None) -> None:
        """`upstream`: the version spoken with the CSMS, if it is not the station's."""
        self.version = version
        self.upstream = upstream or version
        self.meddlings: list[Meddling] = []
        self.faults: list[str] = []
        """What went wrong in our own doing; the messages went through untouched."""
        self.answers: dict[str, CallResult | CallError] = {}
        """Answers to injected CALLs, by message id."""
        self._ids = ids or message_ids()
        self._own: set[str] = set()
        self._actions: dict[tuple[Role, str], str] = {}
        self._lines: dict[Role, _Line] = {"charger": _Line(), "csms": _Line()}
        self._out: list[tuple[Role, str]] = []
        self._late: list[tuple[float, Role, str]] = []

    def meddle(self, meddling: Meddling) -> None:
        self.meddlings.append(meddling)

    def inject(self, target: Role, action: str, payload: Payload, now_s: float) -> str:
        """Send a CALL of our own to one side; returns its id, under which the answer appears in `answers`."""
        message_id = next(self._ids)
        self._own.add(message_id)
        self._deliver(target, render(Call(message_id, action, payload)), now_s)
        return message_id

    def take(self, source: Role, text: str, now_s: float) -> None:
        """One text of one side."""
        before = len(self._out)
        try:
            self._take(source, text, now_s)
        except Exception as fault:  # whatever we do wrong, the conversation goes on
            self.faults.append(f"{type(fault).__name__}: {fault}")
            del self._out[before:]
            self._out.append((other(source), text))

    def _take(self, source: Role, text: str, now_s: float) -> None:
        try:
            frame = parse(text, self.version if source == "charger" else self.upstream)
        except FrameError:
            self._out.append((other(source), text))  # garbage is for the other side to judge
            return
        match frame:
            case Call(id, action, payload):
                self._actions[source, id] = action
                self._called(source, text, frame, now_s)
            case CallResult(id) | CallError(id) if id in self._own:
                self._own.discard(id)
                self.answers[id] = frame
                self._free(source, id, now_s)
            case CallResult(id, payload):
                action = self._actions.pop((other(source), id), "")
                self._pass(
                    source, text, lambda new: CallResult(id, new), self._meddled(action, payload, True), payload, now_s
                )
                self._free(source, id, now_s)
            case CallError(id):
                self._actions.pop((other(source), id), None)
                self._out.append((other(source), text))
                self._free(source, id, now_s)
            case _:
                self._out.append((other(source), text))

    def tick(self, now_s: float) -> None:
        """Let time pass: late messages go out, a CALL without an answer lets go of the line."""
        for due in [one for one in self._late if one[0] <= now_s]:
            self._late.remove(due)
            self._deliver(due[1], due[2], now_s)
        for role, line in self._lines.items():
            if line.open_call is not None and now_s - line.since_s >= PATIENCE_S:
                self._free(role, line.open_call, now_s)

    def deadline_s(self) -> float | None:
        moments = [due_s for due_s, _, _ in self._late]
        moments += [line.since_s + PATIENCE_S for line in self._lines.values() if line.own or line.waiting]
        return min(moments, default=None)

    def take_texts(self) -> list[tuple[Role, str]]:
        """What is to go out now: (to whom, text)."""
        texts, self._out = self._out, []
        return texts

    # inside ------------------------------------------------------------------------------------------------------

    def _called(self, source: Role, text: str, frame: Call, now_s: float) -> None:
        payload = frame.payload
        if source == "charger" and self.upstream is not self.version:
            said = spoken(self.upstream, frame.action, payload)
            if said is None:
                code = ErrorCode.NOT_SUPPORTED.spelt(self.version)
                refusal = CallError(frame.id, code, f"the CSMS speaks OCPP {self.upstream}")
                self._out.append((source, render(refusal)))
                return
            if said != payload:
                text = render(Call(frame.id, frame.action, said))
                payload = said
        meddled = self._meddled(frame.action, payload, False)
        self._pass(source, text, lambda new: Call(frame.id, frame.action, new), meddled, payload, now_s)

    def _meddled(self, action: str, payload: Payload, answers: bool) -> tuple[Payload | None, float]:
        """What becomes of a payload, and by how much it is late."""
        for index, one in enumerate(self.meddlings):
            if one.action != action or one.answers is not answers:
                continue
            if one.times is not None:
                if one.times <= 1:
                    del self.meddlings[index]
                else:
                    self.meddlings[index] = replace(one, times=one.times - 1)
            try:
                return (one.alter(payload) if one.alter else payload), one.delay_s
            except Exception as fault:  # whatever a meddling does wrong, the conversation goes on
                self.faults.append(f"{action}: {type(fault).__name__}: {fault}")
                return payload, 0.0
        return payload, 0.0

    def _pass(
        self, source: Role, text: str, remake: Callable[[Payload], Call | CallResult],
        meddled: tuple[Payload | None, float], payload: Payload, now_s: float,
    ) -> None:  # fmt: skip
        fresh, delay_s = meddled
        if fresh is None:
            return
        text = text if fresh is payload or fresh == payload else render(remake(fresh))
        if delay_s > 0:
            self._late.append((now_s + delay_s, other(source), text))
        else:
            self._deliver(other(source), text, now_s)

    def _deliver(self, target: Role, text: str, now_s: float) -> None:
        """Send, or let a CALL wait for its turn.

        A side that sends a CALL although its last one has no answer is not held up: it would not be without us either.
        """
        frame = parse(text, Version.V21)
        line = self._lines[target]
        if not isinstance(frame, Call):
            self._out.append((target, text))
        elif line.open_call is not None and (line.own or frame.id in self._own):
            line.waiting.append(text)
        else:
            line.open_call, line.own, line.since_s = frame.id, frame.id in self._own, now_s
            self._out.append((target, text))

    def _free(self, side: Role, message_id: str, now_s: float) -> None:
        """A CALL towards this side is over."""
        line = self._lines[side]
        if line.open_call != message_id:
            return
        line.open_call, line.own = None, False
        waiting, line.waiting = line.waiting, deque()
        for text in waiting:
            self._deliver(side, text, now_s)


class Proxy:
    """The proxy among others: listens for stations, connects to their CSMS. Every side has an observer of its own."""

    def __init__(
        self,
        clock: Clock,
        upstream_url: str,
        *,
        door: Door | None = None,
        csms_versions: Sequence[Version] = (),
        csms_security: Security | None = None,
        towards_station: Observer | None = None,
        towards_csms: Observer | None = None,
        network: MemoryNetwork | None = None,
    ) -> None:
        """`door` is what a station meets; `csms_versions` empty: what it speaks is offered to the CSMS.

        With a memory network both sides are inside this process.
        """
        self.clock = clock
        self.upstream_url = upstream_url
        self.door = door or Door()
        self.csms_versions = tuple(csms_versions)
        self.csms_security = csms_security or Security()
        self.observers: dict[Role, Observer] = {
            "charger": towards_station or Unobserved(),
            "csms": towards_csms or Unobserved(),
        }
        self.sessions: dict[str, ProxySession] = {}
        self.network = network
        self.ping_interval_s = PING_INTERVAL_S
        """Between its own pings to the CSMS; 0: none."""
        self._wakes: dict[str, asyncio.Event] = {}
        self._server: Server | None = None

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Accept stations; returns the URL to which a station appends its identity."""
        if self.network:
            self.network.serve(self._bridge, self.door)
        else:
            self._server = await serve(self._bridge, host, port, self.door)
        return self.door.url

    async def close(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def inject(self, station: str, target: Role, action: str, payload: Payload, *, within_s: float = PATIENCE_S) -> (
        CallResult | CallError
    ):  # fmt: skip
        """Send a CALL of our own and wait for its answer; raises TimeoutError, or KeyError for an unknown station."""
        session = self.sessions[station]
        message_id = session.inject(target, action, payload, utc_s(self.clock))
        self._wakes[station].set()
        end_s = self.clock.now_s() + within_s
        while message_id not in session.answers:
            if self.clock.now_s() > end_s:
                raise TimeoutError(f"{target} gave no answer to the injected {action}")
            await self.clock.sleep(0.01)
        return session.answers.pop(message_id)

    async def _bridge(self, identity: str, station: TextChannel, version: Version) -> None:
        offered = self.csms_versions or (version,)
        try:
            reach = self.network.connect if self.network else connect
            csms, upstream = await reach(self.upstream_url, identity, offered, self.csms_security)
        except ConnectionRefused as refused:
            self.observers["csms"].link(identity, "refused", reason=str(refused))
            return
        session = self.sessions[identity] = ProxySession(version, upstream=upstream)
        wake = self._wakes[identity] = asyncio.Event()
        channels: dict[Role, TextChannel] = {"charger": station, "csms": csms}
        pulse = Pulse(lambda: self.ping_interval_s, lambda: one_interval_s(self.ping_interval_s), utc_s(self.clock))
        versions = {"charger": version, "csms": upstream}
        for role, channel in channels.items():
            channel.on_control = partial(self._controlled, identity, role, pulse)
            self.observers[role].link(identity, "connected", version=str(versions[role]))
        tasks = [
            asyncio.ensure_future(self._read(identity, session, "charger", station, wake)),
            asyncio.ensure_future(self._read(identity, session, "csms", csms, wake)),
            asyncio.ensure_future(self._write(identity, session, channels, wake, pulse)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for role, channel in channels.items():
            self.observers[role].link(identity, "closed")
            await channel.close()

    async def _read(
        self, identity: str, session: ProxySession, source: Role, channel: TextChannel, wake: asyncio.Event
    ) -> None:
        with contextlib.suppress(LinkClosed):
            while True:
                text = await channel.receive()
                self.observers[source].frame(identity, source, other(source), text)
                session.take(source, text, utc_s(self.clock))
                wake.set()

    async def _write(
        self, identity: str, session: ProxySession, channels: dict[Role, TextChannel], wake: asyncio.Event, pulse: Pulse
    ) -> None:
        while not pulse.gone(utc_s(self.clock)):
            wake.clear()
            session.tick(utc_s(self.clock))
            if (payload := pulse.tick(utc_s(self.clock))) is not None:
                await channels["csms"].ping(payload)
            for target, text in session.take_texts():
                self.observers[target].frame(identity, other(target), target, text)
                await channels[target].send(text)
            dues = (session.deadline_s(), pulse.deadline_s())
            deadline_s = min((due_s for due_s in dues if due_s is not None), default=None)
            within_s = None if deadline_s is None else max(deadline_s - utc_s(self.clock), 0.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await wake.wait()

    def _controlled(self, identity: str, role: Role, pulse: Pulse, control: Control, received: bool) -> None:
        source, target = (role, other(role)) if received else (other(role), role)
        self.observers[role].control(identity, source, target, control)
        if role == "csms" and received and control.what == "pong":
            pulse.heard(control.payload)
