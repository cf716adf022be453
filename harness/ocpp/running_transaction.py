"""The transaction that runs at an EVSE: it begins, changes and ends, and the CSMS is told of each (block E)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from harness.ocpp.frames import Payload
from harness.ocpp.metering import SAMPLED
from harness.ocpp.outbox import Letter
from harness.ocpp.transactions import IdToken, Transaction


class MeterValue(Protocol):
    """MeterValueType with the measurands that `controller` has for `when`, as `Evse.meter_value`."""

    def __call__(self, context: str, now_s: float, controller: str, when: str) -> Payload | None: ...


class RunningTransaction:
    """At most one at a time: `now`."""

    def __init__(
        self,
        evse_id: int,
        prefix: str,
        meter_value: MeterValue,
        online: Callable[[], bool],
        post: Callable[[Letter], None],
    ) -> None:
        self.evse_id = evse_id
        self.now: Transaction | None = None
        self._prefix = prefix
        self._made = 0
        self._counted_s = 0.0
        """Until when the time of charging is counted."""
        self._meter_value = meter_value
        self._online = online
        self._post = post

    @property
    def id(self) -> str | None:
        return self.now.id if self.now else None

    @property
    def charging(self) -> bool:
        return self.now is not None and self.now.charging_state == "Charging"

    def begin(self, token: IdToken, remote_start_id: int | None, now_s: float) -> Transaction:
        """A new one, of which the CSMS is not yet told."""
        self._made += 1
        self.now = Transaction(f"{self._prefix}-{self._made}", self.evse_id, now_s, token, remote_start_id)
        return self.now

    def start_transfer(self, now_s: float) -> None:
        """Power may flow from now on."""
        if self.now is None:
            return
        if self.now.transfer_started_s is None:
            self.now.transfer_started_s = now_s
        self.change_state("Charging", now_s)
        self._counted_s = now_s

    def change_state(self, state: str, now_s: float) -> None:
        """To another ChargingStateEnumType."""
        if self.now and self.now.charging_state != state:
            self.count_charging(now_s)
            self.now.charging_state = state
            self.tell("Updated", "ChargingStateChanged", now_s)

    def count_charging(self, now_s: float) -> None:
        """The time of charging, up to now."""
        if self.now and self.charging and self.now.transfer_started_s is not None:
            self.now.time_charging_s += now_s - self._counted_s
        self._counted_s = now_s

    def tell(
        self, event_type: str, trigger: str, now_s: float, *, context: str = "", when: str = "TxUpdated",
        controller: str = SAMPLED, id_token: IdToken | None = None, stopped_reason: str | None = None, tell_mode: bool = False,
    ) -> None:  # fmt: skip
        """TransactionEvent, with a meter value where there is a `context` (ReadingContextEnumType) for one."""
        assert self.now is not None
        event = self.now.event(
            event_type,
            trigger,
            now_s,
            offline=not self._online(),
            meter_value=self._meter_value(context, now_s, controller, when) if context else None,
            id_token=id_token,
            stopped_reason=stopped_reason,
            tell_mode=tell_mode,
        )
        self._post(Letter("TransactionEvent", event, durable=True))
