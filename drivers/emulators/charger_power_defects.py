"""Seeded defects of the emulated charger in charge parameters, loop and power."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drivers.emulators.charger_misconduct import LOOPS, RULE, change, defect, delayed, mishear, twist
from harness.exi.declare import Record
from harness.iso15118.messages import dc
from harness.iso15118.messages.common_types import Processing
from harness.iso15118.order import State, name_of
from harness.iso15118.quantities import changed, rational
from harness.iso15118.secc_shell import Secc
from harness.iso15118.station import Grant
from harness.iso15118.v2gtp import PayloadType, frame
from harness.iso15118.wire import to_frame

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger

# parameters, loop, power


@defect("scheduled-answer-to-dynamic-loop", seen_in="F42", found_by=RULE + "dc-loop-is-answered-in-its-control-mode")
def scheduled_answer(charger: Charger) -> None:
    """A dynamic charge-loop request gets the scheduled variant."""
    change(charger, "DC_ChargeLoopReq", control_mode=dc.BPTScheduledDCCLResControlMode())


@defect("ignores-setpoint-sign", seen_in="F43", found_by="PF_PRG_06")
def ignores_sign(charger: Charger) -> None:
    """A negative set point charges with the same magnitude."""
    outlet, deliver = charger.outlet, charger.outlet.deliver

    def unsigned(demand: Any) -> Grant:
        outlet.target_power_w = abs(outlet.target_power_w)
        return deliver(demand)

    outlet.deliver = unsigned  # type: ignore[method-assign]


@defect("mixes-discharge-signs", seen_in="F43", found_by=RULE + "station-discharge-limits-have-one-sign")
def mixed_signs(charger: Charger) -> None:
    """Discharge limits are positive in the charge parameters and negative in the loop."""

    def negated(_se: Secc, _request: Any, response: Any) -> Any:
        mode = response.control_mode
        names = [name for name in mode.__dict__ if "maximum_discharge" in name]
        return changed(response, control_mode=changed(mode, **{name: _minus(mode.__dict__[name]) for name in names}))

    twist(charger, "DC_ChargeLoopReq", negated)


def _minus(number: Any) -> Any:
    return None if number is None else rational(-float(number))


@defect("fails-on-zero-discharge-limit", seen_in="F45", found_by="TC_SECC_DC_VTB_ChargeLoop_100")
def zero_discharge(charger: Charger) -> None:
    """A vehicle that cannot give power just now is refused instead of idled."""

    def refuse(se: Secc, request: Any, response: Any) -> Any:
        limit = getattr(request.control_mode, "ev_maximum_discharge_power", None)
        if limit is None or float(limit) != 0.0:
            return changed(response)
        return se.session.refuse(request, "FAILED", se.clock.now_s(), "no discharge power")

    twist(charger, "DC_ChargeLoopReq", refuse)


@defect("cable-check-without-end", seen_in="F47", found_by="PF_PRG_04")
def endless_cable_check(charger: Charger) -> None:
    """The cable check is ongoing for ever."""
    charger.outlet.cable_check = lambda: None  # type: ignore[method-assign]


@defect("cable-check-without-test", seen_in="F47", found_by=RULE + "cable-check-takes-time")
def untested_cable(charger: Charger) -> None:
    """The cable check is finished at once; nothing was tested."""
    charger.outlet.cable_check = lambda: True  # type: ignore[method-assign]


@defect("power-before-pre-charge", seen_in="F48", found_by=RULE + "wrong-order-is-refused")
def power_before_pre_charge(charger: Charger) -> None:
    """PowerDelivery(Start) is accepted while the vehicle still calls pre-charge ongoing."""

    def forgive(se: Secc, request: Any) -> Any:
        if name_of(request) == "PowerDeliveryReq" and se.session.state is State.PRE_CHARGE_ONGOING:
            se.session.state = State.PRE_CHARGED
        return changed(request)

    mishear(charger, forgive)


@defect("pre-charge-shows-no-voltage", seen_in="F49", found_by=RULE + "voltage-rises-in-pre-charge")
def no_voltage(charger: Charger) -> None:
    """EVSEPresentVoltage stays 0 in pre-charge."""
    change(charger, "DC_PreChargeReq", evse_present_voltage=rational(0))


@defect("pre-charge-echoes-target", seen_in="F49", found_by="TC_SECC_DC_VTB_PreCharge_063")
def echoed_voltage(charger: Charger) -> None:
    """EVSEPresentVoltage in pre-charge is the vehicle's target at once, not a measurement."""
    twist(
        charger,
        "DC_PreChargeReq",
        lambda _se, request, response: changed(response, evse_present_voltage=request.__dict__["ev_target_voltage"]),
    )


@defect("contactor-never-closes", seen_in="F50", found_by=RULE + "voltages-agree")
def open_contactor(charger: Charger) -> None:
    """An open contactor is taken for a closed one: power is on, by the words, and none flows."""
    deliver = charger.outlet.deliver

    def without(demand: Any) -> Grant:
        grant = deliver(demand)
        charger.plant.command(contactor=False)
        return grant

    charger.outlet.deliver = without  # type: ignore[method-assign]


@defect("power-delivery-late", seen_in="F51", found_by=RULE + "prompt-answer-power-delivery")
def late_power_delivery(charger: Charger) -> None:
    """The answer to PowerDelivery takes 1.8 s: late by the performance time, but inside the vehicle's patience."""
    twist(charger, "PowerDeliveryReq", delayed(1.8))


@defect("power-delivery-too-late", seen_in="F51", found_by="PF_PRG_04")
def too_late_power_delivery(charger: Charger) -> None:
    """The answer to PowerDelivery waits 3 s for the contactor, as -2 allowed; the vehicle waits 2 s and is gone."""
    twist(charger, "PowerDeliveryReq", delayed(3.0))


@defect("loop-too-slow", seen_in="F52", found_by=RULE + "prompt-answer-charge-loop")
def slow_loop(charger: Charger) -> None:
    """Every charge-loop answer takes 0.4 s: late by the performance time, but inside the vehicle's patience."""
    for request in LOOPS:
        twist(charger, request, delayed(0.4))


@defect("holds-contactor-for-the-silent", seen_in="F53", found_by="TC_SECC_DC_VTB_ChargeLoop_041")
def holds_contactor(charger: Charger) -> None:
    """A vehicle that falls silent in the loop keeps its power for 60 s."""
    charger.config = replace(charger.config, profile=replace(charger.config.profile, loop_sequence_timeout_s=60.0))


@defect("exceeds-stated-limit", seen_in="F54", found_by=RULE + "delivered-power-is-within-the-stations-limit")
def exceeds_limit(charger: Charger) -> None:
    """The loop states a maximum of 2 kW, and more is delivered."""
    twist(
        charger,
        "DC_ChargeLoopReq",
        lambda _se, _request, response: changed(response, control_mode__evse_maximum_charge_power=rational(2_000)),
    )


@defect("no-meter-information", seen_in="F56", found_by=RULE + "requested-meter-information-is-sent")
def no_meter(charger: Charger) -> None:
    """MeterInfoRequested is ignored."""
    charger.config = replace(charger.config, meter=False)


@defect("inoperative-after-renegotiation", seen_in="F59", found_by="TC_SECC_CMN_VTB_ScheduleExchange_081")
def inoperative(charger: Charger) -> None:
    """After a schedule renegotiation the next cable check fails, and so do those of all later sessions."""
    check = charger.outlet.cable_check
    renegotiated: list[bool] = []

    def prepare(se: Secc) -> None:
        def note(_se: Secc, request: Any, response: Any) -> Any:
            if request.charge_progress == "ScheduleRenegotiation":
                renegotiated.append(True)
            return changed(response)

        se.twists["PowerDeliveryReq"] = note

    charger.before_session.append(prepare)
    charger.outlet.cable_check = lambda: False if renegotiated else check()  # type: ignore[method-assign]


@defect("stop-refused-before-power", seen_in="F62", found_by=RULE + "right-order-is-not-refused")
def stop_refused(charger: Charger) -> None:
    """SessionStop during cable check or pre-charge is answered with a sequence error."""
    early = (State.CABLE_CHECK_ONGOING, State.CABLE_CHECKED, State.PRE_CHARGE_ONGOING, State.PRE_CHARGED)

    def prepare(se: Secc) -> None:
        was: list[State] = []

        def remember(heard: Secc, request: Record) -> Record:
            was[:] = [heard.session.state]
            return request

        def refuse(asked: Secc, request: Record, response: Record) -> Record:
            if was and was[0] in early:
                return asked.session.refuse(request, "FAILED_SequenceError", asked.clock.now_s(), "not now")
            return response

        se.hears.append(remember)
        se.twists["SessionStopReq"] = refuse

    charger.before_session.append(prepare)


@defect("checks-first-slot-only", seen_in="F64", found_by=RULE + "excessive-profile-is-refused")
def first_slot_only(charger: Charger) -> None:
    """A power profile is compared with the schedule in its first entry only."""

    def shorten(_: Secc, request: Any) -> Any:
        profile = request.__dict__.get("ev_power_profile")
        if profile is None:
            return changed(request)
        first = profile.ev_power_profile_entries.ev_power_profile_entry[:1]
        instant = tuple(changed(one, duration=1) for one in first)
        return changed(request, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=instant)

    mishear(charger, shorten)


@defect("stale-octets-behind-messages", seen_in="F66", found_by=RULE + "station-content-is-of-the-schema")
def stale_octets(charger: Charger) -> None:
    """Three octets of an earlier message follow each ServiceDetailRes inside its frame."""

    def padded(_se: Secc, _request: Record, response: Record) -> bytes:
        octets = to_frame(response)
        return frame(PayloadType.COMMON, octets[8:] + b"\x80\x5c\x01")

    twist(charger, "ServiceDetailReq", padded)


@defect("answers-power-delivery-twice", seen_in="F68", found_by=RULE + "nothing-is-sent-unasked")
def answers_twice(charger: Charger) -> None:
    """The contactor's timer fires after PowerDelivery was answered and sends a second, failed answer."""

    def twice(_se: Secc, _request: Record, response: Record) -> bytes:
        second = changed(response, response_code="FAILED_ContactorError")
        return to_frame(response) + to_frame(second)

    twist(charger, "PowerDeliveryReq", twice)


@defect("authorization-ongoing-with-refusal", seen_in="F31", found_by=RULE + "refused-authorization-is-finished")
def refusal_with_ongoing(charger: Charger) -> None:
    """A refused identification is answered with the warning, but still called ongoing."""

    def ongoing(_se: Secc, _request: Any, response: Any) -> Any:
        refused = str(response.response_code).startswith("WARNING")
        return changed(response, evse_processing=Processing.Ongoing) if refused else changed(response)

    twist(charger, "AuthorizationReq", ongoing)


@defect("plain-ok-to-session-setup", seen_in="F25", found_by=RULE + "setup-says-new-or-joined")
def plain_ok(charger: Charger) -> None:
    """SessionSetup is answered with plain OK, so that nobody knows whether the session is new."""
    change(charger, "SessionSetupReq", response_code="OK")
