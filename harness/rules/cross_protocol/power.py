"""Power: what the V2G loop and OCPP's meter values say, against what the power analyser measured at that moment.

A comparison is made only where power was steady around it: both before and after, within `NEAR_S`. Powers are in W,
positive from grid to vehicle, everywhere.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.ocpp.timestamps import to_seconds
from harness.rules.rule import Broken, rule
from harness.transcript.event import Event
from harness.transcript.v2g import Message, V2GSession

CROSS = "cross-protocol"
NEAR_S = 1.5
STEADY = 0.1
RELATIVE, SLACK_W = 0.1, 300.0
"""Agreement: 10 % plus 300 W, for losses between the two points of measurement (our default)."""
LOSSY = 0.25
"""Agreement across the converter, where only the other side of it was measured (our default)."""
SIGNIFICANT_W = 1000.0
MEASURANDS = {"Power.Active.Import": 1.0, "Power.Active.Export": -1.0}


@dataclass(frozen=True, slots=True)
class Sample:
    """One power that somebody told or measured."""

    at_s: float
    power_w: float
    event: int = 0


def readings(session: V2GSession, quantity: str) -> list[Sample]:
    """What the analyser measured; `uncertainty` is small beside the agreement asked for here."""
    return [
        Sample(one.at_s, float(one.data[quantity]), one.number)
        for one in session.events
        if one.kind == "reading" and one.channel == "power_analyser" and one.data.get(quantity) is not None
    ]


def steady(samples: Sequence[Sample], at_s: float) -> Sample | None:
    """The reading nearest to a moment, if those around it agree with it and surround it."""
    near = [one for one in samples if abs(one.at_s - at_s) <= NEAR_S]
    if len(near) < 2 or not (near[0].at_s <= at_s <= near[-1].at_s):
        return None
    powers = [one.power_w for one in near]
    if max(powers) - min(powers) > STEADY * max(abs(one) for one in powers) + SLACK_W:
        return None
    return min(near, key=lambda one: abs(one.at_s - at_s))


def _dc_power(message: Message) -> float | None:
    voltage, current = message.evse_present_voltage, message.evse_present_current
    return None if voltage is None or current is None else float(voltage) * float(current)


def _told_dc(session: V2GSession) -> Iterator[tuple[Message, float]]:
    told = [(one, power) for one in session.responses("DC_ChargeLoopRes") if (power := _dc_power(one)) is not None]
    yield from _calm(told)


def _told_ac(session: V2GSession) -> Iterator[tuple[Message, float]]:
    told = []
    for message in session.requests("AC_ChargeLoopReq"):
        mode = message.control_mode
        phases = [getattr(mode, f"ev_present_active_power{phase}", None) for phase in ("", "_l2", "_l3")]
        known = [float(one) for one in phases if one is not None]
        if known:
            told.append((message, sum(known)))
    yield from _calm(told)


def _calm(told: Sequence[tuple[Message, float]]) -> Iterator[tuple[Message, float]]:
    """Powers that are like the ones told before and after."""
    for before, (message, power), after in zip(told, told[1:], told[2:], strict=False):
        spread = max(before[1], power, after[1]) - min(before[1], power, after[1])
        if spread <= STEADY * abs(power) + SLACK_W:
            yield message, power


def _apart(told_w: float, measured_w: float, relative: float) -> bool:
    return abs(told_w - measured_w) > relative * max(abs(told_w), abs(measured_w)) + SLACK_W


@rule(
    "our default", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="the DC power that the station tells in the loop is the DC power that was measured",
)  # fmt: skip
def station_tells_the_measured_power(session: V2GSession) -> Iterator[Broken]:
    measured = readings(session, "dc_power_w")
    for message, told_w in _told_dc(session):
        found = steady(measured, message.at_s)
        if found and _apart(told_w, found.power_w, RELATIVE):
            because = f"{message} tells {told_w:.0f} W, measured were {found.power_w:.0f} W"
            yield Broken(message.ordinal, because, (message.event, found.event))
            return


@rule(
    "our default", protocol=CROSS, side="vehicle", severity="warn", confidence="I",
    reason="the AC power that the vehicle tells in the loop is the AC power that was measured",
)  # fmt: skip
def vehicle_tells_the_measured_power(session: V2GSession) -> Iterator[Broken]:
    measured = readings(session, "active_w")
    for message, told_w in _told_ac(session):
        found = steady(measured, message.at_s)
        if found and _apart(told_w, found.power_w, RELATIVE):
            because = f"{message} tells {told_w:.0f} W, measured were {found.power_w:.0f} W"
            yield Broken(message.ordinal, because, (message.event, found.event))
            return


@rule(
    "field", protocol=CROSS, side="station", severity="fail", confidence="S",
    reason="the direction of power that the loop tells is the direction in which power flows",
)  # fmt: skip
def power_flows_as_told(session: V2GSession) -> Iterator[Broken]:
    measured = readings(session, "dc_power_w") or readings(session, "active_w")
    for message, told_w in _told_dc(session):
        found = steady(measured, message.at_s)
        against = found is not None and told_w * found.power_w < 0
        if found and against and min(abs(told_w), abs(found.power_w)) > SIGNIFICANT_W:
            because = f"{message} tells {told_w:.0f} W, measured were {found.power_w:.0f} W"
            yield Broken(message.ordinal, because, (message.event, found.event))
            return


@rule(
    "our default", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="the power in OCPP's meter values is the power that was measured on the grid side",
)  # fmt: skip
def meter_values_are_measured(session: V2GSession) -> Iterator[Broken]:
    measured = readings(session, "active_w")
    for told in meter_values(session.events):
        found = steady(measured, told.at_s)
        if found and _apart(told.power_w, found.power_w, RELATIVE):
            because = f"meter values tell {told.power_w:.0f} W, measured were {found.power_w:.0f} W"
            yield Broken(None, because, (told.event, found.event))
            return


@rule(
    "our default", protocol=CROSS, side="station", severity="warn", confidence="I",
    reason="OCPP's meter values and the V2G loop tell about the same power, losses of the converter apart",
)  # fmt: skip
def protocols_tell_the_same_power(session: V2GSession) -> Iterator[Broken]:
    told = [Sample(message.at_s, power, message.event) for message, power in _told_dc(session)]
    for metered in meter_values(session.events):
        found = steady(told, metered.at_s)
        if found and _apart(metered.power_w, found.power_w, LOSSY):
            because = f"meter values tell {metered.power_w:.0f} W, the loop tells {found.power_w:.0f} W"
            yield Broken(None, because, (metered.event, found.event))
            return


def meter_values(events: Sequence[Event]) -> Iterator[Sample]:
    """Active power in TransactionEvent and MeterValues calls, import and export summed up with their signs.

    A value belongs to when it was metered, which may be long before it is told. The station's clock may be another one:
    what comes quickest after its time stamp shows by how much.
    """
    told = []
    for event in events:
        if event.kind != "ocpp.frame":
            continue
        for metered_s, values in _sampled(event.data.get("text", "")):
            powers = [
                MEASURANDS[one["measurand"]] * _scaled(one) for one in values if one.get("measurand") in MEASURANDS
            ]
            if powers:
                told.append((event.utc_us / 1e6 - metered_s, event, sum(powers)))
    quickest_s = min((late_s for late_s, _, _ in told), default=0.0)
    for late_s, event, power_w in told:
        yield Sample(event.at_s - (late_s - quickest_s), power_w, event.number)


def _sampled(text: str) -> Iterator[tuple[float, list[dict[str, Any]]]]:
    """When it was metered (UTC seconds of the station's clock), and the values of all phases together."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(frame, list) or len(frame) < 4 or frame[2] not in ("TransactionEvent", "MeterValues"):
        return
    for one in frame[3].get("meterValue") or () if isinstance(frame[3], dict) else ():
        with contextlib.suppress(KeyError, ValueError):
            metered_s = to_seconds(one["timestamp"])
            yield metered_s, [sample for sample in one.get("sampledValue") or () if not sample.get("phase")]


def _scaled(sample: dict[str, Any]) -> float:
    unit = sample.get("unitOfMeasure") or {}
    factor = 1000.0 if unit.get("unit") == "kW" else 1.0
    return float(sample.get("value", 0)) * factor * 10.0 ** int(unit.get("multiplier", 0))
