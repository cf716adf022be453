"""What a station says over OCPP of a vehicle that speaks ISO 15118-2, against what the vehicle says itself (K15)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.cross_protocol.ocpp import NEEDS_SHARE, NEEDS_W, disagrees, during
from harness.rules.cross_protocol.power import CROSS
from harness.rules.rule import Broken, rule
from harness.transcript.v2g import Message, V2GSession


@rule(
    "K15", protocol=CROSS, side="station", confidence="S",
    reason="the energy transfer that the station requests over OCPP is of the kind that the ISO 15118-2 vehicle asks for",
)  # fmt: skip
def older_transfer_is_the_asked_one(session: V2GSession) -> Iterator[Broken]:
    for one in during(session, "NotifyEVChargingNeeds"):
        asked = _latest(session.requests("ChargeParameterDiscoveryReq"), one.request.at_s)
        told = str(one.asked.get("chargingNeeds", {}).get("requestedEnergyTransfer", ""))
        mode = str(asked.requested_energy_transfer_mode or "") if asked else ""
        if asked and mode and (told[:2] != mode[:2] or "BPT" in told):
            yield disagrees(one, asked, f"{told} is requested, the vehicle asked for {mode}")
            return


@rule(
    "K15", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="the schedule that the station reports over OCPP is the ISO 15118-2 vehicle's own charging profile",
)  # fmt: skip
def older_schedule_is_the_vehicles(session: V2GSession) -> Iterator[Broken]:
    starts = session.requests("PowerDeliveryReq", charge_progress="Start")
    for one in during(session, "NotifyEVChargingSchedule"):
        start = _latest(starts, one.request.at_s)
        entries = start.charging_profile.profile_entry if start and start.charging_profile else ()
        schedule = one.asked["chargingSchedule"]
        if start is None or not entries or schedule["chargingRateUnit"] != "W":
            continue
        told_w = max(float(period.get("limit", 0.0)) for period in schedule["chargingSchedulePeriod"])
        own_w = max(float(entry.charging_profile_entry_max_power) for entry in entries)
        if abs(told_w - own_w) > NEEDS_SHARE * own_w + NEEDS_W:
            yield disagrees(one, start, f"up to {told_w:.0f} W are reported, the vehicle will take up to {own_w:.0f} W")
            return


def _latest(messages: list[Message], at_s: float) -> Message | None:
    return next((one for one in reversed(messages) if one.at_s <= at_s), None)
