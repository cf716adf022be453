"""The vehicle's agent on a real or virtual link: what a test case writes its story with.

ev = Evcc(stream, EvccSession(config, vehicle), clock, observer)
await ev.advance_to("DC_ChargeLoop")
answer = await ev.exchange()                                # the next valid request
answer = await ev.exchange(meter_info_requested=False)      # the same, changed
answer = await ev.exchange(ev.draft("SessionSetupReq"))     # another one
await ev.silence(1.0)                                       # none
await ev.stop()
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from harness.clock import Clock
from harness.exi.declare import Record
from harness.iso15118.calling import Calling
from harness.iso15118.conversation import Conversation, Silence
from harness.iso15118.errors import LocalProtocolError, Unexpected
from harness.iso15118.evcc import EvccSession, StoredSession
from harness.iso15118.intent import Intent
from harness.iso15118.observer import Observer
from harness.iso15118.order import ENDS, State, content_of, name_of
from harness.iso15118.quantities import changed
from harness.iso15118.timing import LOOPS
from harness.iso15118.v2gtp import PayloadType
from harness.iso15118.wire import from_frame, to_frame
from harness.link import ByteStream

Twist = Callable[["Evcc", Record], Record | bytes | Awaitable[Record | bytes | None] | None]
"""Makes of the next valid request what is sent instead: another message, raw octets, or nothing at all."""

SIDE_STREAM = {"MeteringConfirmationReq": PayloadType.METERING_CONFIRMATION}


class Evcc:
    """Drives one `EvccSession` over one connection."""

    def __init__(
        self, stream: ByteStream, session: EvccSession, clock: Clock, observer: Observer | None = None
    ) -> None:
        self.session = session
        self.clock = clock
        self.link = Conversation(stream, clock, observer, we="vehicle", they="charger")
        self.twists: dict[str, Twist] = {}
        """By request name; applied to every request that the agent chooses by itself."""
        self.last_request: Record | None = None
        self.last_response: Record | None = None
        self.answered_after_s = 0.0
        """How long the last answer took."""

    @property
    def calling(self) -> Calling:
        """The session as it stands: that of ISO 15118-2 once the station has chosen it."""
        return self.session.older or self.session

    # one message at a time

    def next_request(self) -> Record | None:
        """The next valid request, or None when the session has ended."""
        return self.calling.next_request(self.clock.now_s())

    def draft(self, name: str, **changes: Any) -> Record:
        """A well-formed request by name, allowed now or not; `header__session_id=...` reaches inside."""
        return self.calling.draft(name, self.clock.now_s(), **changes)

    async def exchange(self, request: Record | None = None, *, within_s: float | None = None, **changes: Any) -> Record:
        """Send a request (default: the next valid one) and return its answer, whatever its code.

        `within_s` defaults to the message's timeout. Raises NoAnswer, LinkLost, Undecodable or Unexpected where the
        charger breaks the protocol, LocalProtocolError when there is nothing left to say.
        """
        if request is None:
            await self._pace()
            request = self.next_request()
        if request is None:
            raise LocalProtocolError(f"the session has ended ({self.calling.state}): there is no next request")
        if changes:
            request = changed(request, **changes)
        await self.send(request)
        return await self.answer(within_s)

    async def send(self, request: Record, *, payload_type: int | None = None) -> None:
        """Send a request without waiting for its answer."""
        self.calling.vehicle.sending(request)
        kind = SIDE_STREAM.get(name_of(request)) if payload_type is None else payload_type
        await self.link.send(to_frame(request, kind))
        self.last_request = request
        self.calling.sent(request, self.clock.now_s())

    async def answer(self, within_s: float | None = None) -> Record:
        """Wait for the answer to the last request and take it into the session."""
        if self.last_request is None:
            raise LocalProtocolError("nothing was asked yet")
        start_s = self.clock.now_s()
        limit_s = self.calling.answer_timeout_s(self.last_request) if within_s is None else within_s
        response = from_frame(await self.link.receive(limit_s), self.calling.message_set)
        now_s = self.clock.now_s()
        self.answered_after_s = now_s - start_s
        self.last_response = response
        if "response_code" not in content_of(response).__dict__:
            raise Unexpected(f"{name_of(response)} is no answer")
        self.calling.received(response, now_s)
        return response

    async def send_raw(self, octets: bytes) -> None:
        """Send octets that need not be a message, nor a frame."""
        await self.link.send(octets)

    async def silence(self, duration_s: float) -> Silence:
        """Say nothing for a while; tells what came and whether the charger closed."""
        return await self.link.silence(duration_s)

    # stories

    async def advance_to(self, name: str, *, processing: str | None = None) -> Record | None:
        """Go on as a good vehicle until `<name>Req` is the next valid request, and stop before sending it.

        With `processing` (Ongoing or Finished): until such a request was answered with that processing, by whichever
        side states it. Returns the last response. Raises LocalProtocolError when the session ends before it gets there,
        or when it is charging and would never get there: what lies behind the loop needs `session.intent` first.
        """
        wanted = name if name.endswith("Req") else f"{name}Req"
        while True:
            if processing is None and self.calling.next_name == wanted:
                return self.last_response
            if self.calling.ended:
                raise LocalProtocolError(
                    f"the session ended before {wanted}: {self.calling.reason or self.calling.state}"
                )
            if self.calling.state is State.LOOP and self.calling.intent is Intent.CHARGE and wanted not in LOOPS:
                raise LocalProtocolError(
                    f"the session is charging: {wanted} {processing or ''} does not come by itself"
                )
            response = await self.step()
            if processing and self.last_request and name_of(self.last_request) == wanted:
                asked, answered = content_of(self.last_request).__dict__, content_of(response).__dict__
                stated = {asked.get("ev_processing"), answered.get("evse_processing")}
                if processing in stated:
                    return response

    async def charge_loop(
        self,
        duration_s: float | None = None,
        *,
        count: int | None = None,
        until: Callable[[Record], bool] | None = None,
    ) -> Record:
        """Stay in the charge loop for a time, a number of exchanges, or until an answer pleases; at least once.

        Ends early when the station's notification or the vehicle's own intent leads out of the loop. Returns the last
        response.
        """
        if self.calling.state is State.CONNECTED:
            await self.step()  # which protocol it will be decides on the name of the loop
        await self.advance_to(self.calling.loop)
        start_s, done = self.clock.now_s(), 0
        while True:
            response = await self.step()
            done += 1
            elapsed = duration_s is not None and self.clock.now_s() - start_s >= duration_s
            left = self.calling.state is not State.LOOP or self.calling.intent is not Intent.CHARGE
            if elapsed or left or (count is not None and done >= count) or (until is not None and until(response)):
                return response

    async def stop(self) -> None:
        """End the session in order: power off, welding detection, SessionStop(Terminate), connection closed."""
        await self._until(Intent.STOP, ENDS)
        await self.close()

    async def pause(self) -> StoredSession:
        """Pause the session; returns what a new `EvccSession` needs to resume it."""
        await self._until(Intent.PAUSE, ENDS)
        await self.close()
        return self.session.store()

    async def standby(self) -> None:
        """Go to standby; the session's intent stays there until it is set to CHARGE again."""
        await self._until(Intent.STANDBY, frozenset({State.STANDBY, State.POWER_ON}))

    async def renegotiate_schedule(self) -> None:
        """Agree on a new schedule and charge again."""
        await self._until(Intent.RENEGOTIATE_SCHEDULE, frozenset({State.RESCHEDULED, State.SCHEDULED}))
        await self.advance_to(self.calling.loop)

    async def renegotiate_service(self) -> None:
        """Go back to service discovery on the same connection."""
        await self._until(Intent.RENEGOTIATE_SERVICE, frozenset({State.SERVICE_RENEGOTIATION}))

    async def run(self) -> None:
        """Behave as a good vehicle until the session has ended, then close the connection."""
        try:
            while not self.calling.ended:
                await self.step()
        finally:
            await self.close()

    async def close(self) -> None:
        """Close our end of the connection."""
        await self.link.close()

    # inside

    async def _until(self, intent: Intent, states: frozenset[State]) -> None:
        self.calling.intent = intent
        while self.calling.state not in states:
            if self.calling.ended:
                raise LocalProtocolError(f"the session ended: {self.calling.reason or self.calling.state}")
            await self.step()

    async def step(self) -> Record:
        """One exchange as the agent itself would have it, twists applied."""
        await self._pace()
        request = self.next_request()
        if request is None:
            raise LocalProtocolError(f"the session has ended ({self.calling.state})")
        twist = self.twists.get(name_of(request))
        if twist is None:
            return await self.exchange(request)
        twisted = twist(self, request)
        instead = await twisted if isawaitable(twisted) else twisted
        if isinstance(instead, Record):
            return await self.exchange(instead)
        self.last_request = request
        self.calling.sent(request, self.clock.now_s())
        if instead:
            await self.link.send(instead)
        return await self.answer()

    async def _pace(self) -> None:
        wait_s = self.calling.next_at_s - self.clock.now_s()
        if wait_s > 0:
            await self.clock.sleep(wait_s)
