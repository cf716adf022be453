"""The charger's agent on a real or virtual link.

    se = Secc(stream, SeccSession(config, station), clock, observer)
    await se.run()                                              # automatic until the session has ended
or, as a test case writes it:
    request = await se.expect("SessionSetupReq")                # everything before it was answered automatically
    await se.respond(response_code="OK_OldSessionJoined")       # the right answer, changed
    await se.expect("AuthorizationSetupReq")
    await se.respond()                                          # the right answer
    await se.finish()                                           # automatic from here on
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from harness.clock import Clock
from harness.exi.declare import Record
from harness.iso15118.conversation import Conversation, Silence
from harness.iso15118.errors import LinkLost, LocalProtocolError, NoAnswer, RemoteProtocolError, Undecodable, Unexpected
from harness.iso15118.observer import Observer
from harness.iso15118.order import State, name_of
from harness.iso15118.quantities import changed
from harness.iso15118.secc import SeccSession
from harness.iso15118.serving import Serving
from harness.iso15118.station import SessionEvent
from harness.iso15118.timing import timer
from harness.iso15118.v2gtp import PayloadType
from harness.iso15118.wire import from_frame, to_frame
from harness.link import ByteStream

Twist = Callable[["Secc", Record, Record], Record | bytes | Awaitable[Record | bytes | None] | None]
"""Makes of the right answer what is sent instead: another message, raw octets, or nothing at all."""

RETRY_S = 0.02
"""How often a station that is not ready with an answer is asked again (our default)."""

FAILURE_CLOSES_S = 2.0
"""How long the vehicle has to close after a failure before we do; a published -4 test suite gives 5 s to both (our default)."""

SIDE_STREAM = {"MeteringConfirmationRes": PayloadType.METERING_CONFIRMATION}


class Secc:
    """Drives one `SeccSession` over one connection. `on_event` is told what happens in the session."""

    def __init__(
        self,
        stream: ByteStream,
        session: SeccSession,
        clock: Clock,
        observer: Observer | None = None,
        on_event: Callable[[SessionEvent], None] | None = None,
    ) -> None:
        self.session = session
        self.clock = clock
        self.link = Conversation(stream, clock, observer, we="charger", they="vehicle")
        self.twists: dict[str, Twist] = {}
        """By request name; applied to every answer that the agent gives by itself."""
        self.hears: list[Callable[[Secc, Record], Record]] = []
        """Changes to requests before the agent sees them: how an emulated charger fails to notice what was wrong."""
        self.last_request: Record | None = None
        self.last_response: Record | None = None
        self.closes_after_s = timer("Close_After_SessionStop").value_s
        self._silent = False
        self._on_event = on_event or (lambda _: None)
        self._runner: asyncio.Task[None] | None = None
        self._awaited = ""
        self._arrived: asyncio.Future[Record] | None = None
        self._resume = asyncio.Event()

    @property
    def serving(self) -> Serving:
        """The session as it stands: that of ISO 15118-2 once the vehicle has chosen it."""
        return self.session.older or self.session

    # automatic

    async def run(self) -> None:
        """Answer as a good charger until the session has ended, then wait for the vehicle to close.

        Never raises for what the vehicle does: that becomes an event of the session.
        """
        try:
            while not self.serving.ended:
                await self._serve_one()
            with contextlib.suppress(RemoteProtocolError):
                await self.link.closed(self._patience_s)  # the vehicle sends the first FIN ([V2G20-1643])
        except LinkLost as gone:
            self.serving.lose(self.clock.now_s(), str(gone))
        finally:
            self.serving.shut_down()
            self._tell()
            await self.link.close()

    @property
    def _patience_s(self) -> float:
        """How long the vehicle may take to close: after its silence there is nobody to wait for."""
        if self.serving.state is not State.FAILED:
            return self.closes_after_s
        return 0.0 if self._silent else min(self.closes_after_s, FAILURE_CLOSES_S)

    async def _serve_one(self) -> None:
        request = await self._request()
        if request is None:
            return
        if self._awaited and self._awaited in (name_of(request), name_of(request).partition("_")[2]):
            await self._hand_over(request)
        else:
            await self._answer(request)
        self._tell()

    async def _request(self) -> Record | None:
        """The next request, or None when there was none that can be answered."""
        try:
            frame = await self.link.receive(max(self.serving.deadline_s - self.clock.now_s(), 0.0))
            return from_frame(frame, self.serving.message_set)
        except NoAnswer:
            self._silent = True
            self.serving.expire(self.clock.now_s())
        except Undecodable as problem:
            self.link.observer.link("undecodable", by="vehicle", reason=str(problem))
        return None

    async def _answer(self, request: Record) -> None:
        response = await self._right_answer(request)
        if response is None:
            return
        twist = self.twists.get(name_of(request))
        if twist is None:
            await self._send(response)
            return
        twisted = twist(self, request, response)
        instead = await twisted if isawaitable(twisted) else twisted
        if isinstance(instead, Record):
            await self._send(instead)
        elif instead:
            await self.link.send(instead)

    async def _right_answer(self, request: Record) -> Record | None:
        self.last_request = request
        for hear in self.hears:
            request = hear(self, request)
        try:
            response = self.serving.answer(request, self.clock.now_s())
            while response is None:
                await self.clock.sleep(RETRY_S)
                response = self.serving.answer(request, self.clock.now_s())
        except Unexpected as problem:
            self.link.observer.link("unexpected", by="vehicle", reason=str(problem))
            return None
        return response

    async def _send(self, response: Record) -> None:
        self.last_response = response
        await self.link.send(to_frame(response, SIDE_STREAM.get(name_of(response))))

    def _tell(self) -> None:
        for event in self.serving.take_events():
            self._on_event(event)

    # scripted

    async def expect(self, name: str, within_s: float = 60.0) -> Record:
        """Answer automatically until a request of that name arrives; returns it unanswered.

        The energy's prefix may be left out: `ChargeLoopReq` is that of AC or of DC, whichever the vehicle has chosen.
        Raises LocalProtocolError when the session ends before, NoAnswer after `within_s`.
        """
        if self._arrived is not None:
            raise LocalProtocolError(f"{self._awaited} is still to be answered: call respond() first")
        self._awaited = name
        self._arrived = asyncio.get_running_loop().create_future()
        runner = self._start()
        either: set[asyncio.Future[Any]] = {self._arrived, runner}
        try:
            await self.clock.wait(asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED), within_s)
        except TimeoutError:
            self._awaited, self._arrived = "", None
            raise NoAnswer(f"no {name} within {within_s:g} s") from None
        if not self._arrived.done():
            self._awaited, self._arrived = "", None
            raise LocalProtocolError(f"the session ended before {name}: {self.serving.reason or self.serving.state}")
        return self._arrived.result()

    async def respond(self, response: Record | bytes | None = None, **changes: Any) -> None:
        """Answer the expected request: with the right answer, the right one changed, another one, or raw octets."""
        await self.reply(response, **changes)
        self._release()

    async def reply(self, response: Record | bytes | None = None, **changes: Any) -> None:
        """As `respond`, but stay in hand: what comes next waits for `silence`, `respond` or `ignore`."""
        if self._arrived is None or not self._arrived.done():
            raise LocalProtocolError("no request is waiting: call expect() first")
        request = self._arrived.result()
        right = await self._right_answer(request)
        if isinstance(response, bytes):
            await self.link.send(response)
        else:
            chosen = response or right
            if chosen is not None:
                await self._send(changed(chosen, **changes) if changes else chosen)

    async def ignore(self) -> None:
        """Leave the expected request without an answer and go on."""
        self._release()

    async def send_raw(self, octets: bytes) -> None:
        """Send octets that need not be a message, nor a frame."""
        await self.link.send(octets)

    async def silence(self, duration_s: float) -> Silence:
        """While a request is expected and unanswered: say nothing for a while, and note what comes."""
        return await self.link.silence(duration_s)

    async def finish(self, within_s: float = 3600.0) -> None:
        """Automatic until the session has ended and the connection is closed."""
        await self.clock.wait(self._start(), within_s)

    async def close(self) -> None:
        """Break the connection off from our end."""
        if self._runner:
            self._runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._runner
        else:
            self.serving.shut_down()
            await self.link.close()

    def _start(self) -> asyncio.Task[None]:
        self._runner = self._runner or asyncio.ensure_future(self.run())
        return self._runner

    async def _hand_over(self, request: Record) -> None:
        assert self._arrived is not None
        self._resume.clear()
        self._arrived.set_result(request)
        await self._resume.wait()

    def _release(self) -> None:
        self._awaited, self._arrived = "", None
        self._resume.set()
