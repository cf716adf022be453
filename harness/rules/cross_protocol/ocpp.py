"""What a station says over OCPP, against what the V2G link says and the power analyser measures.

Only what was said while a V2G session ran is held against it. Powers are in W, positive from grid to vehicle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.iso15118.services import Service
from harness.rules.cross_protocol.power import CROSS, SIGNIFICANT_W, Sample, readings
from harness.rules.ocpp21.modes import lone_setpoints
from harness.rules.rule import Broken, rule
from harness.transcript.ocpp import Exchange, OcppSession
from harness.transcript.v2g import Message, V2GSession

EXECUTED_S = 20.0
"""From the acceptance of a setpoint over OCPP until the analyser has to show it (our default)."""
EXECUTED_SHARE = 0.5
"""A setpoint of which less than this share is ever measured was not executed (our default); how exactly it is followed
is for the cases to judge."""
HELD_S = 3.0
"""How long a setpoint must stay in force after that to be looked at (our default)."""
NEEDS_SHARE, NEEDS_W = 0.05, 100.0
"""How far needs told over OCPP may be from the vehicle's own words: 5 % plus 100 W, for rounding (our default)."""
TRANSFERS = {
    Service.DC: ("DC",),
    Service.DC_BPT: ("DC_BPT",),
    Service.AC: ("AC_single_phase", "AC_two_phase", "AC_three_phase"),
    Service.AC_BPT: ("AC_BPT", "AC_BPT_DER"),
}
"""Energy transfers of OCPP by the service that vehicle and station have selected."""


def during(session: V2GSession, *actions: str) -> Iterator[Exchange]:
    """What the station said over OCPP while this V2G session ran."""
    if not session.messages:
        return
    begin_s, end_s = session.messages[0].at_s, session.messages[-1].at_s
    for station in session.ocpp:
        for one in station.of(*actions, source="charger"):
            if begin_s <= one.request.at_s <= end_s:
                yield one


def disagrees(exchange: Exchange, message: Message, because: str) -> Broken:
    return Broken(message.ordinal, because, (exchange.request.event, message.event))


@rule(
    "Q01.FR.02", protocol=CROSS, side="station", confidence="S",
    reason="the EVCCID that the station tells over OCPP is the one that the vehicle told",
)  # fmt: skip
def evccid_is_the_vehicles(session: V2GSession) -> Iterator[Broken]:
    setups = session.requests("SessionSetupReq")
    for one in during(session, "TransactionEvent"):
        for more in one.asked.get("idToken", {}).get("additionalInfo", ()):
            told = more["additionalIdToken"] if setups and more.get("type") == "EVCCID" else ""
            own = setups[-1].evcc_id if setups else ""
            if told and not same_evccid(told, own):
                was = own.hex().upper() if isinstance(own, bytes) else own
                yield disagrees(one, setups[-1], f"{told} is told, {was} it was")
                return


def same_evccid(told: str, own: object) -> bool:
    """A text in ISO 15118-20; the octets of an address in ISO 15118-2, which OCPP may spell in several ways."""
    if isinstance(own, bytes):
        return re.sub("[-:]", "", told).upper() == own.hex().upper()
    return told == str(own)


@rule(
    "Q01.FR.03", protocol=CROSS, side="station", confidence="S",
    reason="the energy transfer that the station requests over OCPP is the one that the vehicle has selected",
)  # fmt: skip
def requested_transfer_is_the_selected_one(session: V2GSession) -> Iterator[Broken]:
    for one in during(session, "NotifyEVChargingNeeds"):
        chosen = [each for each in session.requests("ServiceSelectionReq") if each.at_s <= one.request.at_s]
        if not chosen:
            continue
        service = int(chosen[-1].selected_energy_transfer_service.service_id)
        wanted = TRANSFERS.get(Service(service)) if service in set(Service) else None
        told = one.asked.get("chargingNeeds", {}).get("requestedEnergyTransfer")
        if wanted and told not in wanted:
            yield disagrees(one, chosen[-1], f"{told} is requested, service {service} was selected")
            return


@rule(
    "Q01.FR.03", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="the powers in the needs that the station tells over OCPP are those that the vehicle told",
)  # fmt: skip
def needs_are_the_vehicles(session: V2GSession) -> Iterator[Broken]:
    for one in during(session, "NotifyEVChargingNeeds"):
        told = one.asked.get("chargingNeeds", {}).get("v2xChargingParameters", {})
        asked = [each for each in session.requests("DC_ChargeParameterDiscoveryReq") if each.at_s <= one.request.at_s]
        for key, name in (("maxChargePower", "ev_maximum_charge_power"),
                          ("maxDischargePower", "ev_maximum_discharge_power")):  # fmt: skip
            limit = getattr(asked[-1].energy_transfer_mode, name, None) if asked else None
            if limit is None or key not in told:
                continue
            own_w, said_w = abs(float(limit)), float(told[key])
            if abs(said_w - own_w) > NEEDS_SHARE * own_w + NEEDS_W:
                yield disagrees(one, asked[-1], f"{key} is told as {said_w:.0f} W, the vehicle said {own_w:.0f} W")
                return


@rule(
    "field", protocol=CROSS, side="station", confidence="S",
    reason="a setpoint that the station accepts over OCPP is executed, says the analyser",
)  # fmt: skip
def accepted_setpoints_are_executed(session: V2GSession) -> Iterator[Broken]:
    measured = readings(session, "active_w")
    for station in session.ocpp:
        for one, _, setpoint_w in lone_setpoints(station):
            shown = _while_in_force(session, station, one, measured)
            wanted_w = _within_the_vehicle(session, one, setpoint_w)
            if abs(wanted_w) < SIGNIFICANT_W or not shown or shown[-1].at_s - shown[0].at_s < HELD_S:
                continue
            most = max(shown, key=lambda sample: sample.power_w * wanted_w)
            if most.power_w * wanted_w < EXECUTED_SHARE * wanted_w**2:
                because = f"{setpoint_w:+.0f} W was accepted, no more than {most.power_w:+.0f} W was measured"
                yield Broken(None, because, (one.request.event, most.event))
                return


def _while_in_force(
    session: V2GSession, station: OcppSession, exchange: Exchange, measured: list[Sample]
) -> list[Sample]:
    """Readings while a setpoint is in force."""
    window = in_force(session, station, exchange)
    return [] if window is None else [one for one in measured if window[0] <= one.at_s <= window[1]]


def in_force(session: V2GSession, station: OcppSession, exchange: Exchange) -> tuple[float, float] | None:
    """From when a setpoint has to be there until anything else bears on the power, or the loop ends."""
    loops = [one.at_s for one in session.responses("DC_ChargeLoopRes", "AC_ChargeLoopRes")]
    if not loops or exchange.answer is None or not loops[0] <= exchange.answer.at_s <= loops[-1]:
        return None
    later = [one for one in station.after(exchange.answer) if one.request.source == "csms"]
    later += station.after(exchange.answer, "NotifyChargingLimit", "NotifyDERAlarm")
    changes = [one.request.at_s for one in later if not one.request.action.startswith("Get")]
    end_s = min([loops[-1], *changes])
    return exchange.answer.at_s + EXECUTED_S, end_s


def _within_the_vehicle(session: V2GSession, exchange: Exchange, setpoint_w: float) -> float:
    """The setpoint within the limits that the vehicle gave in the loop before; whoever holds it back is not the station."""
    assert exchange.answer
    loops = [one for one in session.requests("DC_ChargeLoopReq") if one.at_s <= exchange.answer.at_s + EXECUTED_S]
    mode = loops[-1].control_mode if loops else None
    name = "ev_maximum_charge_power" if setpoint_w >= 0 else "ev_maximum_discharge_power"
    limit = getattr(mode, name, None)
    if limit is None:
        return setpoint_w
    return max(min(setpoint_w, abs(float(limit))), -abs(float(limit)))
