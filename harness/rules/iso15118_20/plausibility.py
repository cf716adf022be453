"""Physics that the messages tell: cable check, pre-charge, welding detection, power on and off."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import FIELD, OURS, Session, broken, number, pair, station, vehicle
from harness.rules.rule import Broken
from harness.transcript.v2g import Message

MATCHED_V = 20.0
"""IEC 61851-23 closes contactors within 20 V; used here as a warning threshold."""
SAFE_V = 60.0
LIVE_V = 50.0


def _pre_charges(session: Session) -> Iterator[tuple[Message, Message]]:
    for request, answer in session.pairs("DC_PreCharge"):
        if answer.name == "DC_PreChargeRes" and request.content and answer.content and not answer.failed:
            yield request, answer


def _last_before(session: Session, message: Message) -> tuple[Message, Message] | None:
    before_it = [pair_ for pair_ in _pre_charges(session) if pair_[1].ordinal < message.ordinal]
    return before_it[-1] if before_it else None


@pair(FIELD, "power is switched on at matched voltages: within 20 V of the vehicle's target", "I")
def voltages_match_before_power(session: Session) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq", charge_progress="Start"):
        last = _last_before(session, request)
        if last and not before(session, request).progress:
            target, shown = number(last[0].ev_target_voltage), number(last[1].evse_present_voltage)
            if target is not None and shown is not None and abs(target - shown) > MATCHED_V:
                yield broken(request, f"{last[1]} shows {shown:g} V, {last[0]} aimed at {target:g} V", last[1])


@station(FIELD, "the station's voltage rises in pre-charge", "S", "warn")
def voltage_rises_in_pre_charge(session: Session) -> Iterator[Broken]:
    shown = [(request, answer) for request, answer in _pre_charges(session)]
    lasted = shown[-1][1].at_s - shown[0][0].at_s if shown else 0
    if len(shown) > 3 and lasted > 2 and all(number(answer.evse_present_voltage) == 0 for _, answer in shown):
        yield broken(shown[-1][1], f"{len(shown)} answers in {lasted:.1f} s, each shows 0 V", shown[0][0])


@station(FIELD, "the station shows its measured voltage in pre-charge, not the target", "I")
def voltage_is_measured_in_pre_charge(session: Session) -> Iterator[Broken]:
    shown = list(_pre_charges(session))
    targets = {number(request.ev_target_voltage) for request, _ in shown}
    same = [number(answer.evse_present_voltage) == number(request.ev_target_voltage) for request, answer in shown]
    if len(targets) > 2 and all(same):
        yield broken(shown[-1][1], f"{len(shown)} answers repeat {len(targets)} different targets exactly")


@vehicle(FIELD, "pre-charge is called finished when the voltages match", "I")
def pre_charge_is_finished_when_matched(session: Session) -> Iterator[Broken]:
    previous: Message | None = None
    for request, answer in _pre_charges(session):
        target = number(request.ev_target_voltage)
        shown = number(previous.evse_present_voltage) if previous else None
        apart = abs(target - shown) if target is not None and shown is not None else 0
        if request.ev_processing == "Finished" and apart > MATCHED_V:
            yield broken(request, f"{request} says Finished, {previous} shows {shown:g} V of {target:g} V", previous)
        previous = answer


@vehicle(OURS, "the vehicle aims at a voltage within the station's range", "I", kind="compatibility")
def pre_charge_target_is_reachable(session: Session) -> Iterator[Broken]:
    for request, _ in _pre_charges(session):
        stated = before(session, request).limits
        mode = stated.energy_transfer_mode if stated else None
        low, high = (number(getattr(mode, f"evse_{which}_voltage", None)) for which in ("minimum", "maximum"))
        target = number(request.ev_target_voltage)
        if target is not None and low is not None and high is not None and not low <= target <= high:
            yield broken(request, f"{request} aims at {target:g} V, {stated} allows {low:g} to {high:g} V", stated)
            return


@station(OURS, "after power is off the station's voltage falls below 60 V, or welding is suspected", "I")
def voltage_falls_after_the_stop(session: Session) -> Iterator[Broken]:
    answers = [one for one in session.responses("DC_WeldingDetectionRes") if one.content and not one.failed]
    last = answers[-1] if answers else None
    shown = number(last.evse_present_voltage) if last else None
    request = session.request_of(last) if last else None
    if last and shown is not None and shown > SAFE_V and request and request.ev_processing == "Finished":
        yield broken(last, f"{last} still shows {shown:g} V", request)


@station(OURS, "no current flows after power has been switched off", "I")
def no_current_without_power(session: Session) -> Iterator[Broken]:
    for answer in session.responses("DC_ChargeLoopRes"):
        current = number(answer.evse_present_current)
        if before(session, answer).progress == "Standby" and current is not None and abs(current) > 1:
            yield broken(answer, f"{answer} shows {current:g} A in standby")
            return


@station(OURS, "a cable check lasts longer than nothing", "I")
def cable_check_takes_time(session: Session) -> Iterator[Broken]:
    checks = [(request, answer) for request, answer in session.pairs("DC_CableCheck") if answer.evse_processing]
    finished = [(request, answer) for request, answer in checks if answer.evse_processing == "Finished" and answer.ok]
    if len(checks) == 1 and finished:
        request, answer = finished[0]
        if answer.at_s - request.at_s < 0.02:
            yield broken(answer, f"{answer} says Finished {1000 * (answer.at_s - request.at_s):.0f} ms after {request}")


@vehicle(OURS, "the vehicle's battery voltage is known when pre-charge is finished", "I")
def vehicle_voltage_in_pre_charge(session: Session) -> Iterator[Broken]:
    for request, _ in _pre_charges(session):
        target, shown = number(request.ev_target_voltage), number(request.ev_present_voltage)
        if request.ev_processing == "Finished" and target == 0 and shown is not None:
            yield broken(request, f"{request} aims at 0 V")


@vehicle(OURS, "departure lies within a week", "I")
def departure_is_sensible(session: Session) -> Iterator[Broken]:
    for request in session.requests("ScheduleExchangeReq"):
        departure = getattr(request.control_mode, "departure_time", None)
        if departure is not None and departure > 7 * 86_400:
            yield broken(request, f"{request} departs in {departure / 86_400:.0f} days: seconds are relative")
            return
