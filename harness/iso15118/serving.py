"""What every session of a charger has in common, whatever the protocol: waits, ends, and what it tells a controller."""

from __future__ import annotations

from typing import Any

from harness.exi.declare import Record
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.order import ENDS, State
from harness.iso15118.station import SessionEvent, Station, What


class Serving:
    """One communication session from the charger's side. Times are seconds of one clock, starting anywhere."""

    message_set = "sap"
    """What payload type 0x8001 carries here."""

    def __init__(self, station: Station, now_s: float) -> None:
        self.station = station
        self.state = State.CONNECTED
        self.reason = ""
        self.events: list[SessionEvent] = []
        """Not yet fetched; `take_events` empties it."""
        self._connected_at_s = now_s
        self._answered_at_s: float | None = None
        self._arrived_at_s: float | None = None
        self._ongoing_since_s: float | None = None
        self._asked: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        return self.state in ENDS

    @property
    def deadline_s(self) -> float:
        """When the vehicle's silence ends the session."""
        raise NotImplementedError

    def answer(self, request: Record, now_s: float) -> Record | None:
        """The right response, or None when the station is not ready with it: ask again soon with the same request.

        Raises Unexpected for a message that is no request at all.
        """
        raise NotImplementedError

    def notify(self, notification: EvseNotification, max_delay_s: int = 0) -> None:
        """Ask the vehicle for something with the next answers of the charge loop, until it has followed."""
        raise NotImplementedError

    def waited_s(self, now_s: float) -> float:
        """How long the request in hand has been waiting for its answer."""
        return 0.0 if self._arrived_at_s is None else now_s - self._arrived_at_s

    def ongoing_s(self, now_s: float, *, ongoing: bool) -> float:
        """For how long we have been keeping the vehicle waiting with answers that say Ongoing."""
        if not ongoing:
            self._ongoing_since_s = None
            return 0.0
        if self._ongoing_since_s is None:
            self._ongoing_since_s = now_s
        return now_s - self._ongoing_since_s

    def polled(self, name: str, ongoing: int) -> bool:
        """Count a request and tell whether it must still be answered Ongoing: the first `ongoing` ones are."""
        self._asked[name] = self._asked.get(name, 0) + 1
        if self._asked[name] <= ongoing:
            return True
        self._asked[name] = 0
        return False

    def expire(self, now_s: float) -> None:
        """The vehicle stayed silent past the deadline: power off, session over."""
        self.lose(now_s, f"no request until {self.deadline_s:.3f} s in state {self.state} (sequence timeout)")

    def lose(self, now_s: float, reason: str) -> None:
        """The connection broke or has to be broken off."""
        if not self.ended:
            self.state = State.FAILED
            self.reason = reason
            self.tell(What.FAILED, now_s, code="", reason=reason)
        self.shut_down()

    def shut_down(self) -> None:
        """Power off at once; may be called any number of times."""
        self.station.emergency_off()

    def tell(self, what: What, now_s: float, **data: Any) -> None:
        self.events.append(SessionEvent(what, now_s, data))

    def take_events(self) -> list[SessionEvent]:
        """The events since the last call."""
        taken, self.events = self.events, []
        return taken
