"""The dialogue on a vehicle's needs: told to the CSMS, answered, followed by a schedule, and that one reported back.

K15 (ISO 15118-2), K18 and K19 (ISO 15118-20), K16, K17, K20, and where the CSMS refuses the transfer, Q01.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.device_model import DeviceModel
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.session import Answered, SessionEvent
from harness.ocpp.smart_charging import SmartCharging
from harness.ocpp.timestamps import to_text

RENEGOTIATION_S = 30.0
"""How long a vehicle may take to negotiate another service after a refusal. Our default."""

Slots = tuple[tuple[int, float], ...]
"""(duration s, W), one after the other."""


class ScheduleState(StrEnum):
    """Where the EVSE stands with the schedule that it needs for the vehicle (K18, K19, Q01)."""

    NONE = "none"
    ASKED = "asked"
    COMING = "coming"
    GIVEN = "given"
    NOT_COMING = "not_coming"
    """The CSMS has none: a TxDefaultProfile, or nothing, applies."""
    TRANSFER_REFUSED = "transfer_refused"
    """The CSMS does not allow the service: renegotiate it or end."""


class ScheduleDialogue:
    """Of one EVSE. `transaction_id` tells the running transaction; `refused` is called where the CSMS does not allow the
    transfer, and tells whether the vehicle gets time to choose another one."""

    def __init__(
        self,
        model: DeviceModel,
        evse_id: int,
        smart: SmartCharging,
        post: Callable[[Letter], None],
        transaction_id: Callable[[], str | None],
        refused: Callable[[float], bool],
    ) -> None:
        self.model = model
        self.evse_id = evse_id
        self.smart = smart
        self.needs: ChargingNeeds | None = None
        self.state = ScheduleState.NONE
        self.patience_due_s: float | None = None
        """Until then a vehicle whose transfer was refused may negotiate another one."""
        self.overlooks_refusal = False
        """How an emulated station goes on with a transfer that the CSMS has refused."""
        self._post = post
        self._transaction_id = transaction_id
        self._refused = refused

    def forget(self) -> None:
        """The vehicle is gone."""
        self.needs = None
        self.state = ScheduleState.NONE

    def need(self, needs: ChargingNeeds, now_s: float, *, online: bool) -> None:
        """The vehicle has told what it needs, for the first time or anew (Q01, K18, K19, K20)."""
        self.needs = needs
        self.patience_due_s = None
        request: Payload = {"evseId": self.evse_id, "chargingNeeds": needs.to_json()}
        if not needs.dynamic_control:
            request["maxScheduleTuples"] = int(
                self.model.number("ISO15118Ctrlr", "MaxScheduleEntries", None, self.evse_id) or 1
            )
        if online:
            self.state = ScheduleState.ASKED
        else:
            request["timestamp"] = to_text(now_s)  # K18.FR.21, K19.FR.14
            self.state = ScheduleState.NOT_COMING
        self._post(Letter("NotifyEVChargingNeeds", request, self._answered, durable=True))

    def given(self) -> None:
        """A TxProfile has come."""
        self.state = ScheduleState.GIVEN

    def slots(self, until_s: int, most_w: float) -> Slots | None:
        """The CSMS's schedule for a vehicle in scheduled control that leaves in `until_s`; none where it has none, None as
        long as it is to come (K18)."""
        if self.state in (ScheduleState.ASKED, ScheduleState.COMING):
            return None
        transaction_id = self._transaction_id()
        profile = self.smart.transaction_profile(transaction_id) if transaction_id else None
        if profile is None or self.state is not ScheduleState.GIVEN:
            return ()
        return _slots(profile.raw["chargingSchedule"][0], until_s, most_w)

    def report(self, now_s: float) -> None:
        """K19.FR.10: in dynamic control mode the CSMS's own schedule is reported back; a scheduled-mode vehicle's
        own profile equals it here, since the emulated vehicle takes what it is offered (K18.FR.10)."""
        transaction_id = self._transaction_id()
        profile = self.smart.transaction_profile(transaction_id) if transaction_id else None
        if profile is None:
            return
        schedule = profile.raw["chargingSchedule"][0]
        report: Payload = {
            "timeBase": to_text(now_s),
            "chargingSchedule": schedule,
            "evseId": self.evse_id,
            "selectedChargingScheduleId": schedule["id"],
        }
        self._post(Letter("NotifyEVChargingSchedule", report))

    def _answered(self, event: SessionEvent, now_s: float) -> None:
        if not isinstance(event, Answered) or self._transaction_id() is None:
            self.state = ScheduleState.NOT_COMING
            return
        match event.payload.get("status"):
            case "Accepted" | "Processing":
                if self.state is not ScheduleState.GIVEN:
                    self.state = ScheduleState.COMING
            case "Rejected":
                self._transfer_refused(now_s)
            case _:
                self.state = ScheduleState.NOT_COMING

    def _transfer_refused(self, now_s: float) -> None:
        """Q01.FR.05 and FR.06 (err)."""
        if self.overlooks_refusal:
            return
        self.state = ScheduleState.TRANSFER_REFUSED
        if self._refused(now_s):
            self.patience_due_s = now_s + RENEGOTIATION_S


def _slots(schedule: Payload, until_s: int, most_w: float) -> Slots:
    periods = schedule["chargingSchedulePeriod"]
    ends = [*(one["startPeriod"] for one in periods[1:]), max(until_s, periods[-1]["startPeriod"] + 1)]
    return tuple(
        (end - one["startPeriod"], float(one.get("limit", most_w))) for one, end in zip(periods, ends, strict=True)
    )
