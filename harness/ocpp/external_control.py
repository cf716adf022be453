"""How a station follows its local energy manager and tells the CSMS of it (Q05, Q06, K11 to K14, K29)."""

from __future__ import annotations

from dataclasses import replace

from harness.ocpp.energy_manager import EmsOrder, open_to_ems
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.profiles import read_profile
from harness.ocpp.smart_charging import SmartCharging


class ExternalControl:
    """Of the EVSE whose profiles `smart` holds."""

    def __init__(self, smart: SmartCharging) -> None:
        self.smart = smart
        self.order = EmsOrder()
        """What the energy manager asks for now."""
        self._told = EmsOrder()
        """The order that the CSMS was told of last."""

    def obey(self, order: EmsOrder, now_s: float) -> None:
        """A new order of the EMS: inside the CSMS's profile where that is open to it (Q05, K29.FR.03), else as an
        own ChargingStationExternalConstraints profile (Q06, K29.FR.04 to 06), of which the CSMS is told."""
        smart, model = self.smart, self.smart.model
        if not model.flag("SmartChargingCtrlr", "ExternalControlSignalsEnabled"):
            self.order = EmsOrder()
            return
        self.order = order
        if any(map(open_to_ems, smart.profiles)):  # Q05.FR.05, FR.06; FR.08 (err): one that was out comes back
            smart.profiles = [replace(one, updated_s=now_s) if open_to_ems(one) else one for one in smart.profiles]
            return
        if model.flag("SmartChargingCtrlr", "ExternalConstraintsProfileDisallowed"):
            return  # Q06.FR.08
        raw = order.profile(now_s)
        evse_id = order.evse(smart.evse_id)
        smart.store(read_profile(evse_id, raw, now_s, watts_per_ampere=1.0, source="EMS"))
        if not order.differs_from(self._told, model.number("SmartChargingCtrlr", "LimitChangeSignificance") or 0.0):
            return
        self._told = order
        note: Payload = {"chargingLimit": {"chargingLimitSource": "EMS"}, "evseId": evse_id}
        if order.scheduled or model.flag("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules"):  # Q06.FR.10
            note["chargingSchedule"] = raw["chargingSchedule"]
        smart.post(Letter("NotifyChargingLimit", note, durable=True))

    def release(self) -> None:
        """The EMS asks for nothing any more (K13)."""
        smart = self.smart
        had, evse_id = len(smart.profiles), self.order.evse(smart.evse_id)
        self.order = self._told = EmsOrder()
        smart.profiles = [one for one in smart.profiles if one.source != "EMS"]
        if len(smart.profiles) < had:
            smart.post(Letter("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": evse_id}, durable=True))
