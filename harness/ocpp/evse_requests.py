"""What a CSMS may ask of an EVSE: profiles, permissions, remote start and stop (blocks F, K, Q, R)."""

from __future__ import annotations

from collections.abc import Callable

from harness.ocpp.evse import EVSE_ID, Evse
from harness.ocpp.foresight import Slots, foreseen
from harness.ocpp.frames import Payload
from harness.ocpp.orders import RenegotiationWanted, StopWanted
from harness.ocpp.profile_reports import ProfileReports
from harness.ocpp.profiles import Purpose
from harness.ocpp.statuses import accepted, rejected
from harness.ocpp.transactions import IdToken

FORESEEN_S = 86_400
"""How far a change of what profiles add up to is looked for. Our default."""


class EvseRequests:
    """Answers for `evse`."""

    def __init__(self, evse: Evse) -> None:
        self.evse = evse

    def handlers(self) -> dict[str, Callable[[Payload, float], Payload]]:
        """Its answers, by action."""
        smart = self.evse.smart
        reports = ProfileReports(smart)
        return {
            "SetChargingProfile": self._set_charging_profile,
            "UpdateDynamicSchedule": smart.update_dynamic_schedule,
            "ClearChargingProfile": self._clear_charging_profile,
            "GetChargingProfiles": reports.get_charging_profiles,
            "GetCompositeSchedule": reports.get_composite_schedule,
            "UsePriorityCharging": smart.use_priority_charging,
            "AFRRSignal": smart.afrr_signal_received,
            "NotifyAllowedEnergyTransfer": self._allowed_transfer_changed,
            "RequestStartTransaction": self._request_start,
            "RequestStopTransaction": self._request_stop,
            **self.evse.der.handlers(),
        }

    def _set_charging_profile(self, request: Payload, now_s: float) -> Payload:
        profile = request["chargingProfile"]
        if profile["chargingProfilePurpose"] == Purpose.TX and self.evse.transaction and not self._needs_told():
            return rejected("InvalidMessageSeq", "the vehicle has not told its needs")  # K18.FR.17, K19.FR.13
        before = self._foreseen(now_s)
        answer = self.evse.smart.set_charging_profile(request, now_s)
        if answer["status"] != "Accepted":
            return answer
        if profile["chargingProfilePurpose"] == Purpose.TX:
            self.evse.renegotiate(self.evse.schedule.given(now_s, charging=self.evse.charging))
            if self.evse.quirks.repeats_needs and self.evse.schedule.needs and self.evse.transaction:
                self.evse.need(self.evse.schedule.needs, now_s)
        elif self._foreseen(now_s) != before and "K16.FR.02" not in self.evse.quirks.overlooks:
            self.evse.renegotiate(self.evse.schedule.moved(now_s, charging=self.evse.charging))
        return answer

    def _clear_charging_profile(self, request: Payload, now_s: float) -> Payload:
        before = self._foreseen(now_s)
        answer = self.evse.smart.clear_charging_profile(request, now_s)
        if self._foreseen(now_s) != before and "K16.FR.02" not in self.evse.quirks.overlooks:
            self.evse.renegotiate(self.evse.schedule.moved(now_s, charging=self.evse.charging))
        return answer

    def _foreseen(self, now_s: float) -> Slots:
        return foreseen(self.evse.smart.profiles, self.evse.around(now_s), FORESEEN_S, self.evse.maximum_charge_w)

    def _needs_told(self) -> bool:
        """Only a vehicle with an ISO 15118 session tells needs; others take a TxProfile at any time."""
        return self.evse.evccid is None or self.evse.schedule.needs is not None

    def _allowed_transfer_changed(self, request: Payload, _now_s: float) -> Payload:
        """Q02.FR.05, Q02.FR.06."""
        if self.evse.transaction is None or request["transactionId"] != self.evse.transaction.id:
            return rejected("TxNotFound")
        self.evse.admission.allow(request["allowedEnergyTransfer"])
        self.evse.order(RenegotiationWanted(self.evse.admission.allowed or ()))
        return accepted()

    def _request_start(self, request: Payload, now_s: float) -> Payload:
        """F01, F02; K05 with a profile: it is tried on the transaction that is about to begin."""
        if self.evse.transaction is not None:
            return rejected("TxInProgress")
        if request.get("evseId", EVSE_ID) != EVSE_ID:
            return rejected("UnknownEvse")
        profile = request.get("chargingProfile")
        if profile is not None and (profile["chargingProfilePurpose"] != Purpose.TX or "transactionId" in profile):
            return rejected("InvalidProfile")  # K05
        self.evse.start_remotely(IdToken.read(request["idToken"]), request["remoteStartId"], profile, now_s)
        answer = accepted()
        if self.evse.transaction:
            answer["transactionId"] = self.evse.transaction.id
        return answer

    def _request_stop(self, request: Payload, _now_s: float) -> Payload:
        """F03: the lower half ends the V2G session, then calls `stop_transfer`."""
        if self.evse.transaction is None or self.evse.transaction.id != request["transactionId"]:
            return rejected("TxNotFound")
        self.evse.order(StopWanted("Remote"))
        return accepted()
