"""What every session of a vehicle has in common, whatever the protocol: its intent, the request that waits, and its end."""

from __future__ import annotations

from typing import Any, NoReturn

from harness.exi.declare import Record
from harness.iso15118.errors import Unexpected
from harness.iso15118.intent import Intent
from harness.iso15118.order import ENDS, State, name_of
from harness.iso15118.vehicle import Vehicle


class Calling:
    """One communication session from the vehicle's side. Times are seconds of one clock, starting anywhere."""

    message_set = "sap"
    """What payload type 0x8001 carries here."""
    loop = ""
    """The charge loop's message, without Req."""

    def __init__(self, vehicle: Vehicle) -> None:
        self.vehicle = vehicle
        self.state = State.CONNECTED
        self.intent = Intent.CHARGE
        self.session_id = bytes(8)
        self.reason = ""
        """Why the session ended or is going to, in plain words; empty for a normal end."""
        self._ongoing_since_s: float | None = None
        self._sent_at_s = float("-inf")
        self._awaiting: Record | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDS

    @property
    def next_name(self) -> str | None:
        """Schema name of the next valid request, or None when the session has ended."""
        raise NotImplementedError

    def next_request(self, now_s: float) -> Record | None:
        """The next valid request, complete with header, or None when the session has ended."""
        name = self.next_name
        return self.draft(name, now_s) if name else None

    def draft(self, name: str, now_s: float, **changes: Any) -> Record:
        """A well-formed request of any name, whether it is allowed now or not. `changes` as in `changed`."""
        raise NotImplementedError

    @property
    def next_at_s(self) -> float:
        """The earliest moment for the next request: loops and polls are paced, everything else goes at once."""
        raise NotImplementedError

    def answer_timeout_s(self, request: Record) -> float:
        """How long to wait for the answer to this request."""
        raise NotImplementedError

    def sent(self, request: Record, now_s: float) -> None:
        """A request has left."""
        self._awaiting = request
        self._sent_at_s = now_s

    def received(self, response: Record, now_s: float) -> None:
        """Take the answer to the request that was sent last.

        Raises Unexpected for an answer that belongs to another request or another session; the state is then FAILED.
        """
        raise NotImplementedError

    def stop_for(self, reason: str) -> None:
        """End the session in order, and say why."""
        self.reason = self.reason or reason
        self.intent = Intent.STOP

    def _awaited(self, response: Record) -> Record:
        """The request that an answer is for."""
        request, self._awaiting = self._awaiting, None
        if request is None:
            self._fail(f"{name_of(response)} without a request")
        expected = name_of(request).removesuffix("Req") + "Res"
        if name_of(response) != expected:
            self._fail(f"{name_of(response)} in answer to {name_of(request)}")
        return request

    def _check_session(self, request: Record, response: Record) -> None:
        header = response.__dict__.get("header")
        if header is None or name_of(request) == "SessionSetupReq":
            return
        if header.session_id != self.session_id:
            self._fail(
                f"{name_of(response)} carries session {header.session_id.hex()} instead of {self.session_id.hex()}"
            )

    def _fail(self, text: str) -> NoReturn:
        self.state = State.FAILED
        self.reason = self.reason or text
        raise Unexpected(text)
