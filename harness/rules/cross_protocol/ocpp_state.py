"""What a station says over OCPP of modes, states and needs, against the V2G link and the power analyser.

Only what was said while a V2G session ran is held against it. Powers are in W, positive from grid to vehicle.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.ocpp.timestamps import to_seconds
from harness.rules.cross_protocol.ocpp import (
    EXECUTED_SHARE,
    NEEDS_SHARE,
    disagrees,
    during,
    in_force,
)
from harness.rules.cross_protocol.power import CROSS, SIGNIFICANT_W, meter_values, readings, steady
from harness.rules.ocpp21.modes import lone_setpoints
from harness.rules.rule import Broken, rule
from harness.transcript.v2g import V2GSession

NEEDS_WH = 100.0
"""Beside its share: how far energies may be from the vehicle's own words, for rounding (our default)."""
DEPARTURE_S = 60.0
"""How far a departure may be from the vehicle's (our default)."""
MODE_S = 10.0
"""From a new operation mode until the power has to go with it (our default)."""
HANDED_ON_S = 2.0
"""From the acceptance of a discharge limit until a vehicle with DER control is told of it (our default)."""
STATE_S = 20.0
"""How far from the charge loop `Charging` may be told (our default)."""
_ENERGIES = {
    "evTargetEnergyRequest": "ev_target_energy_request",
    "evMinEnergyRequest": "ev_minimum_energy_request",
    "evMaxEnergyRequest": "ev_maximum_energy_request",
}
_FORBIDDEN = {
    "ChargingOnly": lambda power_w: power_w < -SIGNIFICANT_W,
    "Idle": lambda power_w: abs(power_w) > SIGNIFICANT_W,
}
"""Powers that do not go with an operation mode."""


@rule(
    "K01.FR.110", protocol=CROSS, side="station", confidence="S",
    reason="the operation mode that the station tells allows the power that the analyser shows",
)  # fmt: skip
def told_mode_allows_the_power(session: V2GSession) -> Iterator[Broken]:
    measured = readings(session, "active_w")
    told = [one for one in during(session, "TransactionEvent")
            if "operationMode" in one.asked.get("transactionInfo", {}) or one.asked.get("eventType") == "Ended"]  # fmt: skip
    for number, one in enumerate(told):
        mode = one.asked["transactionInfo"].get("operationMode")
        if mode not in _FORBIDDEN or one.asked.get("eventType") == "Ended" or one.asked.get("offline"):
            continue  # what is told late says nothing of the power now
        same = [later for later in told[number + 1 :] if later.asked["transactionInfo"].get("operationMode") != mode]
        end_s = same[0].request.at_s if same else session.messages[-1].at_s
        wrong = [each for each in measured
                 if one.request.at_s + MODE_S <= each.at_s < end_s and _FORBIDDEN[mode](each.power_w)]  # fmt: skip
        if wrong:
            because = f"{mode} is told, {wrong[0].power_w:+.0f} W was measured"
            yield Broken(None, because, (one.request.event, wrong[0].event))
            return


@rule(
    "K18, K19", protocol=CROSS, side="station", confidence="S",
    reason="the control mode in the needs that the station tells is the one of the V2G session",
)  # fmt: skip
def control_mode_is_the_selected_one(session: V2GSession) -> Iterator[Broken]:
    for one in during(session, "NotifyEVChargingNeeds"):
        asked = [each for each in session.requests("ScheduleExchangeReq") if each.at_s <= one.request.at_s]
        told = one.asked.get("chargingNeeds", {}).get("controlMode")
        if not asked or told is None:
            continue
        dynamic = "Dynamic" in type(asked[-1].control_mode).__name__
        if (told == "DynamicControl") != dynamic:
            spoken = "dynamic" if dynamic else "scheduled"
            yield disagrees(one, asked[-1], f"{told} is told, the vehicle is in {spoken} control")
            return


@rule(
    "Q01.FR.03, K20.FR.01", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="departure and energies in the needs that the station tells are the vehicle's",
)  # fmt: skip
def departure_and_energies_are_the_vehicles(session: V2GSession) -> Iterator[Broken]:
    for one in during(session, "NotifyEVChargingNeeds"):
        asked = [each for each in session.requests("ScheduleExchangeReq") if each.at_s <= one.request.at_s]
        needs = one.asked.get("chargingNeeds", {})
        if not asked:
            continue
        words = asked[-1].control_mode
        leaves_s = getattr(words, "departure_time", None)
        if "departureTime" in needs and leaves_s is not None:
            own_s = one.request.utc_s - (one.request.at_s - asked[-1].at_s) + float(leaves_s)
            apart_s = to_seconds(needs["departureTime"]) - own_s
            if abs(apart_s) > DEPARTURE_S:
                yield disagrees(one, asked[-1], f"the departure is told {apart_s:+.0f} s from the vehicle's")
                return
        for key, name in _ENERGIES.items():
            own = getattr(words, name, None)
            said_wh = needs.get("v2xChargingParameters", {}).get(key)
            if own is None or said_wh is None:
                continue
            if abs(float(said_wh) - float(own)) > NEEDS_SHARE * abs(float(own)) + NEEDS_WH:
                yield disagrees(one, asked[-1], f"{key} is told as {said_wh:.0f} Wh, the vehicle said {float(own):.0f}")
                return


@rule(
    "field", protocol=CROSS, side="station", confidence="S",
    reason="the direction of power in OCPP's meter values is the direction that the analyser shows",
)  # fmt: skip
def meter_values_have_the_measured_direction(session: V2GSession) -> Iterator[Broken]:
    measured = readings(session, "active_w")
    for told in meter_values(session.events):
        found = steady(measured, told.at_s)
        if found and told.power_w * found.power_w < 0 and min(abs(told.power_w), abs(found.power_w)) > SIGNIFICANT_W:
            because = f"meter values tell {told.power_w:+.0f} W, measured were {found.power_w:+.0f} W"
            yield Broken(None, because, (told.event, found.event))
            return


@rule(
    "E02", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="the station tells Charging while the charge loop runs, not long before or after",
)  # fmt: skip
def charging_is_told_while_the_loop_runs(session: V2GSession) -> Iterator[Broken]:
    loops = [one.at_s for one in session.requests("DC_ChargeLoopReq", "AC_ChargeLoopReq")]
    for one in during(session, "TransactionEvent"):
        at_s, state = one.request.at_s, one.asked.get("transactionInfo", {}).get("chargingState")
        near = any(abs(each - at_s) <= STATE_S for each in loops)
        if state == "Charging" and not near and session.messages[-1].at_s >= at_s + STATE_S:
            yield Broken(None, f"no charge loop within {STATE_S:g} s", (one.request.event,))
            return


@rule(
    "K28.FR.08", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="a setpoint that the station accepts over OCPP is the target that it gives an AC vehicle",
)  # fmt: skip
def setpoints_reach_an_ac_vehicle(session: V2GSession) -> Iterator[Broken]:
    for station in session.ocpp:
        for one, _, setpoint_w in lone_setpoints(station):
            window = in_force(session, station, one)
            if window is None or abs(setpoint_w) < SIGNIFICANT_W:
                continue
            told = [each for each in session.responses("AC_ChargeLoopRes") if window[0] <= each.at_s <= window[1]]
            targets = [float(target) for each in told
                       if (target := getattr(each.control_mode, "evse_target_active_power", None)) is not None]  # fmt: skip
            if targets and all(target * setpoint_w < EXECUTED_SHARE * setpoint_w**2 for target in targets):
                nearest_w = max(targets, key=lambda target: target * setpoint_w)
                yield disagrees(
                    one, told[-1], f"{setpoint_w:+.0f} W was accepted, the target stays at {nearest_w:+.0f} W"
                )
                return


@rule(
    "R02.FR.03", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="a discharge limit of the grid operator that the station accepts is told to a vehicle with DER control",
)  # fmt: skip
def discharge_limits_are_handed_on(session: V2GSession) -> Iterator[Broken]:
    told = [one for one in session.responses("AC_ChargeLoopRes") if type(one.control_mode).__name__.startswith("DER")]
    for station in session.ocpp:
        for one in station.of("SetDERControl", source="csms"):
            content = one.asked.get("limitMaxDischarge", {})
            if one.status != "Accepted" or not one.asked.get("isDefault") or "pctMaxDischargePower" not in content:
                continue
            ends = station.after(one.request, "SetDERControl", "ClearDERControl")
            end_s = min((each.request.at_s for each in ends), default=float("inf"))
            due = [each for each in told if one.request.at_s + HANDED_ON_S <= each.at_s < end_s]
            if due and all(getattr(each.control_mode, "dso_maximum_discharge_power", None) is None for each in due):
                yield disagrees(one, due[-1], "no DSOMaximumDischargePower is in the loop")
                return
