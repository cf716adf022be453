"""The dialogue on a vehicle's needs: told to the CSMS, answered, followed by a schedule, and that one reported back.

K15 (ISO 15118-2), K18 and K19 (ISO 15118-20), K16, K17, K20, and where the CSMS refuses the transfer, Q01.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.device_model import DeviceModel
from harness.ocpp.foresight import Slots, alternatives, foreseen
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.profiles import Profile
from harness.ocpp.session import Answered, SessionEvent
from harness.ocpp.smart_charging import SmartCharging
from harness.ocpp.timestamps import to_text

RENEGOTIATION_S = 30.0
"""How long a vehicle may take to negotiate another service after a refusal. Our default."""

PROFILE_S = 50.0
"""How long a vehicle waits for a schedule that is to come: it would give up after 60 s itself (our default)."""


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
        self.refuses_older = False
        """How an emulated station takes the same answer for a refusal where a vehicle speaks ISO 15118-2."""
        self._asked_at_s = 0.0
        self._vehicle_waits = False
        self._renewing_until_s = float("-inf")
        self._choice: tuple[tuple[int, float], ...] | None = None
        self._post = post
        self._transaction_id = transaction_id
        self._refused = refused

    def forget(self) -> None:
        """The vehicle is gone."""
        self.needs = None
        self.state = ScheduleState.NONE
        self._vehicle_waits = False
        self._renewing_until_s = float("-inf")
        self._choice = None

    def need(self, needs: ChargingNeeds, now_s: float, *, online: bool) -> None:
        """The vehicle has told what it needs, for the first time or anew (Q01, K15, K18, K19, K20).

        In a renegotiation that the CSMS has caused they are not told again (K16.FR.09).
        """
        self.needs = needs
        self.patience_due_s = None
        self._vehicle_waits = True
        if now_s < self._renewing_until_s and "K16.FR.09" not in self.smart.overlooks:
            self._renewing_until_s = now_s
            return
        request: Payload = {"evseId": self.evse_id, "chargingNeeds": needs.to_json()}
        if not needs.dynamic_control:
            request["maxScheduleTuples"] = needs.schedule_entries or int(
                self.model.number("ISO15118Ctrlr", "MaxScheduleEntries", None, self.evse_id) or 1
            )
        if online:
            self.state = ScheduleState.ASKED
        else:
            request["timestamp"] = to_text(now_s)  # K18.FR.21, K19.FR.14
            self.state = ScheduleState.NOT_COMING
        self._asked_at_s = now_s
        self._post(Letter("NotifyEVChargingNeeds", request, self._answered, durable=True))

    def given(self, now_s: float, *, charging: bool) -> bool:
        """A TxProfile has come; whether the vehicle has to renegotiate, since it does not wait for it (K16)."""
        self.state = ScheduleState.GIVEN
        return self.moved(now_s, charging=charging)

    def moved(self, now_s: float, *, charging: bool) -> bool:
        """What the profiles add up to has changed; whether the vehicle has to renegotiate for it (K16.FR.02)."""
        scheduled = self.needs is not None and not self.needs.dynamic_control
        if not (scheduled and charging) or self._vehicle_waits:
            return False
        self._renewing_until_s = now_s + RENEGOTIATION_S
        return True

    def schedules(self, until_s: int, most_w: float, now_s: float) -> tuple[Slots, ...] | None:
        """What a vehicle in scheduled control that leaves in `until_s` may choose from: the CSMS's schedules, else what all
        other profiles allow (K15, K18.FR.15); None as long as the CSMS's are to come."""
        waiting = self.state in (ScheduleState.ASKED, ScheduleState.COMING)
        if waiting and now_s - self._asked_at_s < PROFILE_S:
            return None
        if waiting:
            self.state = ScheduleState.NOT_COMING
        self._vehicle_waits = False
        self._choice = None
        profile, profiles, around = self._profile(), self.smart.profiles, self.smart.around(now_s)
        if profile is None or self.state is not ScheduleState.GIVEN:
            return () if "K18.FR.15" in self.smart.overlooks else (foreseen(profiles, around, until_s, most_w),)
        alone = "K18.FR.24" in self.smart.overlooks
        return alternatives(profiles, around, profile, until_s, most_w, alone=alone)

    def choose(self, number: int, powers: Sequence[tuple[int, float]]) -> None:
        """The vehicle has chosen a schedule, counted from 1, and told its own profile: (begin s, W)."""
        profile = self._profile()
        if profile is not None and self.state is ScheduleState.GIVEN:
            self.smart.choose(profile.id, number - 1)
            self._choice = tuple(powers)

    def report(self, now_s: float) -> None:
        """Tell the CSMS the vehicle's own profile where it has told one (K15). Else the CSMS's schedule: in dynamic control
        mode it is reported back (K19.FR.10), and a vehicle in scheduled control takes here what it is offered (K18.FR.10)."""
        profile = self._profile()
        if profile is None:
            return
        schedule = profile.raw["chargingSchedule"][profile.chosen]
        told = schedule
        if self._choice:
            periods = [{"startPeriod": begin_s, "limit": power_w} for begin_s, power_w in self._choice]
            told = {"id": schedule["id"], "chargingRateUnit": "W", "chargingSchedulePeriod": periods}
        report: Payload = {
            "timeBase": to_text(now_s),
            "chargingSchedule": told,
            "evseId": self.evse_id,
            "selectedChargingScheduleId": schedule["id"],
        }
        self._post(Letter("NotifyEVChargingSchedule", report))

    def _profile(self) -> Profile | None:
        transaction_id = self._transaction_id()
        return self.smart.transaction_profile(transaction_id) if transaction_id else None

    def _answered(self, event: SessionEvent, now_s: float) -> None:
        if not isinstance(event, Answered) or self._transaction_id() is None:
            self.state = ScheduleState.NOT_COMING
            return
        match event.payload.get("status"):
            case "Accepted" | "Processing":
                if self.state is not ScheduleState.GIVEN:
                    self.state = ScheduleState.COMING
            case "Rejected" if not self.of_iso2 or self.refuses_older:
                self._transfer_refused(now_s)
            case _:
                self.state = ScheduleState.NOT_COMING

    @property
    def of_iso2(self) -> bool:
        """Whether the vehicle speaks ISO 15118-2: Rejected then only says that there is no profile (K15), and there is no other
        service to negotiate."""
        return self.needs is not None and self.needs.of_iso2 is not None

    def _transfer_refused(self, now_s: float) -> None:
        """Q01.FR.05 and FR.06 (err)."""
        if self.overlooks_refusal:
            return
        self.state = ScheduleState.TRANSFER_REFUSED
        if self._refused(now_s):
            self.patience_due_s = now_s + RENEGOTIATION_S
