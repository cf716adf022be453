"""Limits, signs, schedules, the charge loop, notifications and physics."""

from __future__ import annotations

from typing import Any

from harness.iso15118.messages import common
from tests.rules.case import Case
from tests.rules.cases_order import confirmation
from tests.rules.cases_services import failed, level_price, price, priced
from tests.rules.cases_session import both, element, waits
from tests.rules.stories import (
    EPOCH_US,
    LOOPS,
    SESSION,
    Story,
    ac_bpt_dynamic,
    ac_scheduled,
    changed,
    dc_bpt_dynamic,
    dc_bpt_scheduled,
    dc_scheduled,
    make,
    meter,
    power_schedule,
    rational,
    standby,
    status,
)

CPD_REQ, CPD_RES = "DC_ChargeParameterDiscoveryReq", "DC_ChargeParameterDiscoveryRes"
LOOP_REQ, LOOP_RES = "DC_ChargeLoopReq", "DC_ChargeLoopRes"
AC_REQ, AC_RES = "AC_ChargeLoopReq", "AC_ChargeLoopRes"


def of(name: str, path: str, number: float, nth: int | None = 0, exponent: int = 0):
    return element(name, path, rational(number, exponent), nth)


def several(name: str, path: str, number: float, first: int, count: int):
    """Set an element in some loops in a row."""
    return both(*(of(name, path, number, nth) for nth in range(first, first + count)))


def loop_limit(slug: str, name: str, value: float, story: Any = dc_bpt_dynamic, also: tuple[str, ...] = ()) -> Case:
    return Case(f"loop-{slug}-stays-inside", story, of(LOOP_RES, f"control_mode.evse_{name}", value, 4), also)


def lowered(name: str, value: float, current: float, story_current: float = 0):
    """The station lowers a limit from the fifth loop on and shows a current above it."""

    def wrong(story: Story) -> None:
        of(LOOP_RES, "evse_present_current", story_current or current, None)(story)
        several(LOOP_RES, f"control_mode.evse_{name}", value, 4, LOOPS - 4)(story)

    return wrong


NARROW = "within-the-stations-limit"
LIMITS = [
    Case("vehicle-limits-are-ordered", dc_bpt_dynamic, of(CPD_REQ, "energy_transfer_mode.ev_minimum_voltage", 600)),
    Case(
        "station-limits-are-ordered",
        dc_bpt_dynamic,
        of(CPD_RES, "energy_transfer_mode.evse_minimum_charge_current", 200),
    ),
    Case(
        "vehicle-charge-limits-are-not-negative",
        dc_bpt_dynamic,
        of(CPD_REQ, "energy_transfer_mode.ev_maximum_charge_power", -50_000),
    ),
    Case(
        "station-charge-limits-are-not-negative",
        dc_bpt_dynamic,
        of(CPD_RES, "energy_transfer_mode.evse_maximum_charge_power", -50_000),
    ),
    Case(
        "vehicle-exponents-are-usual",
        dc_bpt_dynamic,
        element(CPD_REQ, "energy_transfer_mode.ev_minimum_charge_power.exponent", -5),
        (),
    ),
    Case(
        "station-exponents-are-usual",
        dc_bpt_dynamic,
        both(
            element(CPD_RES, "energy_transfer_mode.evse_minimum_charge_power.exponent", -4),
            element(CPD_RES, "energy_transfer_mode.evse_minimum_charge_power.value", 0),
        ),
    ),
    loop_limit("maximum-charge-power", "maximum_charge_power", 60_000),
    loop_limit("maximum-charge-current", "maximum_charge_current", 150),
    loop_limit("maximum-voltage", "maximum_voltage", 700),
    loop_limit("maximum-discharge-power", "maximum_discharge_power", 40_000),
    loop_limit("maximum-discharge-current", "maximum_discharge_current", 90),
    loop_limit("minimum-voltage", "minimum_voltage", 100),
    loop_limit("minimum-charge-power", "minimum_charge_power", 10),
    Case(
        f"delivered-current-is-{NARROW}",
        dc_bpt_dynamic,
        of(LOOP_RES, "evse_present_current", 140, 4),
        ("current-is-within-the-vehicles-limit", f"delivered-power-is-{NARROW}"),
    ),
    Case(
        f"delivered-power-is-{NARROW}",
        dc_bpt_dynamic,
        both(
            of(LOOP_RES, "control_mode.evse_maximum_charge_power", 5_000, 3),
            of(LOOP_RES, "control_mode.evse_maximum_charge_power", 5_000, 4),
        ),
    ),
    Case(
        f"fed-back-current-is-{NARROW}",
        dc_bpt_dynamic,
        both(of(LOOP_RES, "evse_present_current", -90, 4), of(LOOP_RES, "evse_present_voltage", 200, 4)),
        ("fed-back-current-is-within-the-vehicles-limit",),
    ),
    Case(
        f"fed-back-power-is-{NARROW}",
        dc_bpt_dynamic,
        both(of(LOOP_RES, "evse_present_current", -70, 4), of(LOOP_RES, "evse_present_voltage", 480, 4)),
    ),
    Case(
        "lowered-maximum-charge-current-is-kept",
        dc_bpt_dynamic,
        lowered("maximum_charge_current", 20, 50),
        (f"delivered-current-is-{NARROW}", "delivery-keeps-to-target-or-limits"),
    ),
    Case(
        "delivery-keeps-to-target-or-limits",
        dc_bpt_dynamic,
        several(LOOP_RES, "evse_present_current", 140, 4, 3),
        (f"delivered-current-is-{NARROW}", f"delivered-power-is-{NARROW}", "current-is-within-the-vehicles-limit"),
    ),
    Case(
        "current-comes-down-to-the-target",
        dc_scheduled,
        several(LOOP_REQ, "control_mode.ev_target_current", 10, 2, LOOPS - 2),
        ("current-follows-the-target",),
    ),
    Case(
        "lowered-maximum-discharge-current-is-kept",
        dc_bpt_dynamic,
        lowered("maximum_discharge_current", 20, -50),
        (f"fed-back-current-is-{NARROW}",),
    ),
    Case("voltage-is-within-the-vehicles-limit", dc_bpt_dynamic, of(LOOP_RES, "evse_present_voltage", 560, 4)),
    Case(
        "current-is-within-the-vehicles-limit",
        dc_bpt_dynamic,
        both(
            of(LOOP_REQ, "control_mode.ev_maximum_charge_current", 30, 3),
            of(LOOP_REQ, "control_mode.ev_maximum_charge_current", 30, 4),
        ),
    ),
    Case(
        "fed-back-current-is-within-the-vehicles-limit",
        dc_bpt_dynamic,
        both(
            of(LOOP_REQ, "control_mode.ev_maximum_discharge_current", 30, 3),
            of(LOOP_REQ, "control_mode.ev_maximum_discharge_current", 30, 4),
            of(LOOP_RES, "evse_present_current", -50, 4),
        ),
    ),
    Case("current-follows-the-target", dc_scheduled, of(LOOP_RES, "evse_present_current", 80, 4)),
    Case(
        "target-voltage-is-within-the-own-limit", dc_scheduled, of(LOOP_REQ, "control_mode.ev_target_voltage", 600, 4)
    ),
    Case(
        "target-current-is-within-the-own-limit", dc_scheduled, of(LOOP_REQ, "control_mode.ev_target_current", 200, 4)
    ),
    Case(
        "voltages-overlap",
        dc_bpt_dynamic,
        both(
            of(CPD_REQ, "energy_transfer_mode.ev_maximum_voltage", 150),
            of(CPD_REQ, "energy_transfer_mode.ev_minimum_voltage", 100),
            lambda story: story.end_after(CPD_RES),
        ),
    ),
    Case(
        "target-power-is-within-the-stations-limits",
        ac_bpt_dynamic,
        of(AC_RES, "control_mode.evse_target_active_power", 60_000, 4),
        ("target-power-is-within-the-vehicles-limits",),
    ),
    Case(
        "target-power-is-within-the-vehicles-limits",
        ac_bpt_dynamic,
        both(of(AC_REQ, "control_mode.ev_maximum_charge_power", 5_000, None)),
    ),
    Case(
        "frequency-is-of-a-grid",
        ac_scheduled,
        of("AC_ChargeParameterDiscoveryRes", "energy_transfer_mode.evse_nominal_frequency", 10),
    ),
]


def negative_limits(story: Story) -> None:
    for name in ("power", "current"):
        for which in ("maximum", "minimum"):
            path = f"evse_{which}_discharge_{name}"
            for message, mode in ((CPD_RES, "energy_transfer_mode"), (LOOP_RES, "control_mode")):
                if hasattr(getattr(story.at(message).content, mode), path):
                    value = float(getattr(getattr(story.at(message).content, mode), path))
                    of(message, f"{mode}.{path}", -value, None)(story)


SIGNS = [
    Case(
        "vehicle-discharge-limits-have-one-sign",
        dc_bpt_dynamic,
        of(LOOP_REQ, "control_mode.ev_maximum_discharge_power", -30_000, 4),
    ),
    Case(
        "station-discharge-limits-have-one-sign",
        dc_bpt_dynamic,
        of(LOOP_RES, "control_mode.evse_maximum_discharge_power", -30_000, 4),
    ),
    Case("both-sides-sign-alike", dc_bpt_dynamic, negative_limits),
    Case("no-current-is-fed-back-one-way", dc_scheduled, of(LOOP_RES, "evse_present_current", -50, 4)),
    Case(
        "no-current-is-asked-back-one-way",
        dc_scheduled,
        both(of(LOOP_REQ, "control_mode.ev_target_current", -50, 4), of(LOOP_RES, "evse_present_current", 0, 4)),
    ),
    Case("no-power-is-asked-back-one-way", ac_scheduled, of(AC_RES, "control_mode.evse_target_active_power", -7000, 4)),
    Case("no-power-is-fed-back-one-way", ac_scheduled, of(AC_REQ, "control_mode.ev_present_active_power", -7000, 4)),
    Case("power-has-the-asked-sign", ac_bpt_dynamic, of(AC_REQ, "control_mode.ev_present_active_power", -7000, None)),
    Case(
        "current-has-the-asked-sign",
        dc_bpt_scheduled,
        both(of(LOOP_REQ, "control_mode.ev_target_current", -50, None), of(LOOP_RES, "evse_present_current", 50, None)),
        ("current-follows-the-target", "current-comes-down-to-the-target"),
    ),
    Case(
        "meter-counts-the-direction",
        dc_bpt_dynamic,
        both(of(LOOP_RES, "evse_present_current", -50, None), element(LOOP_RES, "meter_info", meter(140), 8)),
    ),
]


def profile_power(number: float):
    return of("PowerDeliveryReq", "ev_power_profile.ev_power_profile_entries.ev_power_profile_entry.0.power", number)


def offered(path: str, value: Any):
    return element("ScheduleExchangeRes", f"control_mode.{path}", value)


TUPLE = "schedule_tuple.0"
SCHEDULE = f"{TUPLE}.charging_schedule.power_schedule"
ENTRY = f"{SCHEDULE}.power_schedule_entries.power_schedule_entry"
CHOSEN = "ev_power_profile.control_mode.selected_schedule_tuple_id"


def two_tuples(story: Story) -> None:
    one = story.at("ScheduleExchangeRes").content.control_mode.schedule_tuple[0]
    offered("schedule_tuple", (one, one))(story)


def many_entries(story: Story) -> None:
    entry = power_schedule().power_schedule_entries.power_schedule_entry[0]
    offered(ENTRY, (entry,) * 20)(story)
    element("ScheduleExchangeReq", "maximum_supporting_points", 12)(story)


def absolute_price(**changes: Any) -> Any:
    rule = make(common.PriceRule, energy_fee=rational(30, -2), power_range_start=rational(0))
    stack = make(common.PriceRuleStack, duration=86_400, price_rule=(rule,))
    values: dict[str, Any] = {
        "currency": "EUR",
        "language": "eng",
        "price_algorithm": "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
        "price_rule_stacks": make(common.PriceRuleStackList, price_rule_stack=(stack,)),
    }
    return price(common.AbsolutePriceSchedule, **(values | changes))


def taxes(*ids: int) -> Any:
    return make(common.TaxRuleList, tax_rule=tuple(make(common.TaxRule, tax_rule_id=one) for one in ids))


def rules_from(start: float) -> Any:
    rule = make(common.PriceRule, energy_fee=rational(30, -2), power_range_start=rational(start))
    stack = make(common.PriceRuleStack, duration=86_400, price_rule=(rule,))
    return make(common.PriceRuleStackList, price_rule_stack=(stack,))


SCHEDULES = [
    Case("tuple-ids-are-unique", dc_scheduled, two_tuples),
    Case(
        "entries-have-a-duration", dc_scheduled, offered(f"{ENTRY}.0.duration", 0), ("schedule-lasts-until-departure",)
    ),
    Case("schedule-lasts-until-departure", dc_scheduled, offered(f"{ENTRY}.0.duration", 3600)),
    Case("schedule-is-not-longer-than-supported", dc_scheduled, many_entries),
    Case("schedule-is-within-the-limits", dc_scheduled, offered(f"{ENTRY}.0.power", rational(60_000))),
    Case(
        "discharging-is-scheduled-both-ways",
        dc_scheduled,
        offered(f"{TUPLE}.discharging_schedule", make(common.ChargingSchedule, power_schedule=power_schedule(30_000))),
    ),
    Case("anchors-are-in-microseconds", dc_scheduled, offered(f"{SCHEDULE}.time_anchor", EPOCH_US // 10**6)),
    Case(
        "profile-anchor-is-in-microseconds",
        dc_scheduled,
        element("PowerDeliveryReq", "ev_power_profile.time_anchor", EPOCH_US // 10**6),
    ),
    Case("schedule-begins-about-now", dc_scheduled, offered(f"{SCHEDULE}.time_anchor", EPOCH_US - 10 * 86_400 * 10**6)),
    Case(
        "profile-begins-about-now",
        dc_scheduled,
        element("PowerDeliveryReq", "ev_power_profile.time_anchor", EPOCH_US + 10 * 86_400 * 10**6),
    ),
    Case(
        "selected-tuple-was-offered",
        dc_scheduled,
        both(element("PowerDeliveryReq", CHOSEN, 9), failed("PowerDeliveryRes", "FAILED_ScheduleSelectionInvalid")),
    ),
    Case(
        "unoffered-tuple-is-refused",
        dc_scheduled,
        element("PowerDeliveryReq", CHOSEN, 9),
        ("selected-tuple-was-offered",),
    ),
    Case("offered-tuple-is-accepted", dc_scheduled, failed("PowerDeliveryRes", "FAILED_ScheduleSelectionInvalid")),
    Case(
        "profile-is-within-the-schedule",
        dc_scheduled,
        both(profile_power(60_000), failed("PowerDeliveryRes", "FAILED_EVPowerProfileInvalid")),
    ),
    Case("excessive-profile-is-refused", dc_scheduled, profile_power(60_000), ("profile-is-within-the-schedule",)),
    Case("fitting-profile-is-accepted", dc_scheduled, failed("PowerDeliveryRes", "FAILED_EVPowerProfileInvalid")),
    Case("price-algorithm-is-known", dc_bpt_dynamic, priced(absolute_price(price_algorithm="cheap"))),
    Case("currency-is-a-code", dc_bpt_dynamic, priced(absolute_price(currency="eu"))),
    Case("price-levels-are-in-range", dc_bpt_dynamic, priced(level_price(9))),
    Case("price-rules-rise", dc_bpt_dynamic, priced(absolute_price(price_rule_stacks=rules_from(1000)))),
    Case("tax-rule-ids-are-unique", dc_bpt_dynamic, priced(absolute_price(tax_rules=taxes(1, 1)))),
    Case(
        "costs-are-ordered", dc_bpt_dynamic, priced(absolute_price(minimum_cost=rational(9), maximum_cost=rational(3)))
    ),
    Case("go-to-pause-is-followed", dc_scheduled, element("ScheduleExchangeRes", "go_to_pause", True)),
]


def second_reading(charged: int, discharged: int = 0):
    return element(LOOP_RES, "meter_info", meter(charged, discharged), 8)


def slow_loops(story: Story) -> None:
    for line in story.all(LOOP_REQ):
        line.wait_s = 0.24
    for line in story.all(LOOP_RES):
        line.wait_s = 0.24


def idle_for_long(story: Story) -> None:
    slow_loops(story)
    place = story.lines.index(story.at(LOOP_REQ, 5))
    of(LOOP_RES, "evse_present_current", 0, None)(story)
    more = Story().say(*(story.again("DC_ChargeLoop", 5) * 20), wait_s=0.24).lines
    story.lines[place:place] = more


LOOP = [
    Case("requested-meter-information-is-sent", dc_scheduled, element(LOOP_REQ, "meter_info_requested", True, 4)),
    Case(
        "first-loop-has-a-reading",
        dc_scheduled,
        both(element(LOOP_RES, "meter_info", meter(100), 4), element(LOOP_RES, "meter_info", None)),
    ),
    Case("charged-energy-never-falls", dc_scheduled, second_reading(90)),
    Case(
        "discharged-energy-never-falls",
        dc_bpt_dynamic,
        both(element(LOOP_RES, "meter_info", meter(100, 50)), second_reading(100, 40)),
    ),
    Case(
        "meter-stays-the-same",
        dc_scheduled,
        both(second_reading(100), element(LOOP_RES, "meter_info.meter_id", "M2", 8)),
    ),
    Case(
        "discharged-energy-is-metered",
        dc_bpt_dynamic,
        element(LOOP_RES, "meter_info.bpt_discharged_energy_reading_wh", None),
    ),
    Case("metered-energy-is-plausible", dc_scheduled, second_reading(900)),
    Case("station-voltage-is-measured", dc_scheduled, of(LOOP_RES, "evse_present_voltage", 0, 4)),
    Case("vehicle-voltage-is-measured", dc_scheduled, of(LOOP_REQ, "ev_present_voltage", 0, None)),
    Case("vehicle-power-is-measured", ac_scheduled, of(AC_REQ, "control_mode.ev_present_active_power", 0, None)),
    Case(
        "phases-are-measured-apart",
        ac_scheduled,
        both(
            of(AC_REQ, "control_mode.ev_present_active_power_l2", 7000, None),
            of(AC_REQ, "control_mode.ev_present_active_power_l3", 7000, None),
        ),
    ),
    Case("voltages-agree", dc_scheduled, of(LOOP_REQ, "ev_present_voltage", 300, None)),
    Case("current-begins-to-flow", dc_scheduled, idle_for_long),
    Case("achieved-limits-are-near", dc_scheduled, element(LOOP_RES, "evse_current_limit_achieved", True, 4)),
    Case("state-of-charge-does-not-fall", dc_scheduled, element(LOOP_REQ, "display_parameters.present_soc", 30, 4)),
    Case(
        "needed-energy-does-not-grow", dc_bpt_dynamic, of(LOOP_REQ, "control_mode.ev_target_energy_request", 30_000, 4)
    ),
]


def told(kind: str, delay: int = 0, first: int = 2):
    """From one loop on the station says a notification; the vehicle goes on as if nothing had been said."""

    def wrong(story: Story) -> None:
        for nth in range(first, LOOPS):
            story.set(LOOP_RES, "evse_status", status(kind, delay), nth)
        slow_loops(story)

    return wrong


def told_once(kind: str):
    """A notification that is followed at once."""
    return element(LOOP_RES, "evse_status", status(kind), LOOPS - 1)


def confirmed(data: Any):
    def wrong(story: Story) -> None:
        element(LOOP_RES, "evse_status", status("MeteringConfirmation"), 4)(story)
        element(LOOP_RES, "meter_info", meter(100), 4)(story)
        story.after(LOOP_RES, *confirmation(), nth=4)
        element("MeteringConfirmationReq", "signed_metering_data", data)(story)

    return wrong


def metering_data(reading: int = 100, mode: Any = None) -> Any:
    control = mode or make(common.ScheduledSMDTControlMode, selected_schedule_tuple_id=7)
    return make(
        common.SignedMeteringData, id="id1", session_id=SESSION, meter_info=meter(reading), control_mode=control
    )


def exit_in_standby(story: Story) -> None:
    """Loops go on in standby; the station wants it to end, the vehicle stays."""
    loops = Story().say(*(story.again("DC_ChargeLoop", 5) * 12), wait_s=0.24).lines
    for line in loops:
        if line.name == LOOP_RES:
            line.content = changed(line.content, "evse_status", status("ExitStandby"))
            line.content = changed(line.content, "evse_present_current", rational(0))
    place = story.lines.index(story.at("PowerDeliveryRes", 1)) + 1
    story.lines[place:place] = loops


def current_in_standby(story: Story) -> None:
    loops = Story().say(*story.again("DC_ChargeLoop", 5)).lines
    place = story.lines.index(story.at("PowerDeliveryRes", 1)) + 1
    story.lines[place:place] = loops


NOTIFICATIONS = [
    Case("terminate-is-followed", dc_scheduled, told("Terminate")),
    Case("pause-is-followed", dc_scheduled, told("Pause")),
    Case("exit-standby-is-followed", standby, exit_in_standby),
    Case("schedule-renegotiation-is-followed", dc_scheduled, told("ScheduleRenegotiation")),
    Case("service-renegotiation-is-followed", dc_scheduled, told("ServiceRenegotiation")),
    Case(
        "metering-confirmation-is-followed",
        dc_scheduled,
        both(element(LOOP_RES, "meter_info", meter(100), None), told("MeteringConfirmation")),
    ),
    Case("metering-confirmation-has-a-reading", dc_scheduled, told_once("MeteringConfirmation")),
    Case(
        "service-renegotiation-notice-is-supported",
        dc_scheduled,
        both(
            told_once("ServiceRenegotiation"), element("ServiceDiscoveryRes", "service_renegotiation_supported", False)
        ),
    ),
    Case("standby-is-left-in-standby", dc_scheduled, told_once("ExitStandby")),
    Case(
        "metering-confirmation-was-asked-for", dc_scheduled, lambda story: story.after(LOOP_RES, *confirmation(), nth=4)
    ),
    Case("confirmed-reading-was-sent", dc_scheduled, confirmed(metering_data(900))),
    Case(
        "confirmed-tuple-was-selected", dc_scheduled, confirmed(metering_data(mode=make(common.DynamicSMDTControlMode)))
    ),
    Case(
        "service-renegotiation-is-carried-out",
        dc_scheduled,
        both(told_once("ServiceRenegotiation"), element("SessionStopReq", "charging_session", "Pause")),
    ),
    Case(
        "terminate-is-carried-out",
        dc_scheduled,
        both(told_once("Terminate"), element("SessionStopReq", "charging_session", "Pause")),
    ),
]

PRE_REQ, PRE_RES = "DC_PreChargeReq", "DC_PreChargeRes"


def echoed(story: Story) -> None:
    for nth, voltage in enumerate((300, 350, 400)):
        of(PRE_REQ, "ev_target_voltage", voltage, nth)(story)
        of(PRE_RES, "evse_present_voltage", voltage, nth)(story)


def dead_supply(story: Story) -> None:
    place = story.lines.index(story.at(PRE_REQ))
    story.lines[place:place] = Story().say(*(story.again("DC_PreCharge") * 4), wait_s=0.5).lines
    story.set(PRE_RES, "evse_present_voltage", rational(0), None)


PHYSICS = [
    Case("voltages-match-before-power", dc_scheduled, of(PRE_RES, "evse_present_voltage", 300, 2)),
    Case(
        "voltage-rises-in-pre-charge",
        dc_scheduled,
        dead_supply,
        ("voltages-match-before-power", "pre-charge-is-finished-when-matched"),
    ),
    Case("voltage-is-measured-in-pre-charge", dc_scheduled, echoed, ("pre-charge-is-finished-when-matched",)),
    Case("pre-charge-is-finished-when-matched", dc_scheduled, of(PRE_RES, "evse_present_voltage", 300, 1)),
    Case(
        "pre-charge-target-is-reachable",
        dc_scheduled,
        both(of(CPD_RES, "energy_transfer_mode.evse_minimum_voltage", 450)),
    ),
    Case("voltage-falls-after-the-stop", dc_scheduled, of("DC_WeldingDetectionRes", "evse_present_voltage", 380, 1)),
    Case("no-current-without-power", standby, current_in_standby),
    Case(
        "cable-check-takes-time",
        dc_scheduled,
        both(lambda story: story.drop("DC_CableCheckReq", "DC_CableCheckRes", nth=0), waits("DC_CableCheckRes", 0.005)),
    ),
    Case(
        "vehicle-voltage-in-pre-charge",
        dc_scheduled,
        of(PRE_REQ, "ev_target_voltage", 0, 2),
        ("voltages-match-before-power", "pre-charge-is-finished-when-matched", "pre-charge-target-is-reachable"),
    ),
    Case(
        "departure-is-sensible",
        dc_bpt_dynamic,
        element("ScheduleExchangeReq", "control_mode.departure_time", 1_760_007_200),
    ),
]

CASES = LIMITS + SIGNS + SCHEDULES + LOOP + NOTIFICATIONS + PHYSICS
