"""The defect matrix of the V2G halves: each defect trips its rule, and clean devices trip none."""

from __future__ import annotations

import pytest

from drivers.emulators.charger_defects import CHARGER_DEFECTS
from drivers.emulators.station_defects import QUIRKS
from drivers.emulators.vehicle_defects import VEHICLE_DEFECTS
from harness.iso15118.evcc import EvccConfig
from harness.iso15118.messages.common import PowerScheduleEntry
from harness.iso15118.quantities import changed, rational
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import Control, EnergyOffer, Service
from harness.rules.judge import load_rules
from harness.rules.rule import RULES
from tests.iso15118.judged import JudgedBench

RULE = "iso15118-20/"


async def a_day(charger=(), vehicle=(), *, granted=True, waits_s=0.0, pause_s=10.0, whole=True, **options):
    """Everything that a good day has: charge, discharge, renegotiation, pause, resume, end; or only its morning."""
    async with JudgedBench(charger, vehicle, **options) as bench:
        bench.charger.authorize(granted)
        bench.charger.target_power_w = 8_000.0
        bench.plug()
        await bench.clock.sleep(9.0 + waits_s)
        bench.charger.target_power_w = -8_000.0
        await bench.clock.sleep(4.0)
        if whole:
            for ask in (bench.charger.renegotiate_schedule, bench.charger.renegotiate_service):
                ask()
                await bench.clock.sleep(9.0)
            bench.charger.pause(0)
            await bench.clock.sleep(pause_s)
            bench.charger.wake()
            await bench.clock.sleep(9.0)
        bench.charger.terminate()
        await bench.clock.sleep(9.0)
        return bench, bench.tripped()


def test_clean_devices_trip_no_rule_on_a_full_day(virtually):
    bench, tripped = virtually(a_day())
    assert tripped == set()
    assert [event.data["resumed"] for event in bench.events if event.what == "session"] == [False, True]


def test_a_refused_card_trips_no_rule(virtually):
    assert virtually(a_day(granted=False))[1] == set()


def finds(virtually, defect, charger=(), vehicle=()):
    """Whether the defect's rule trips, in the morning or else on the whole day."""
    conditions = CONDITIONS.get(defect.id, {})
    mornings = (False, True) if not conditions else (True,)
    return any(
        defect.found_by in virtually(a_day(charger, vehicle, whole=whole, **conditions))[1] for whole in mornings
    )


PROVOKED = {
    "takes-foreign-session-ids", "takes-the-zero-session-id", "challenge-not-compared", "resumes-for-anybody",
    "power-before-pre-charge", "takes-unoffered-parameter-sets", "stop-refused-before-power", "checks-first-slot-only",
    "foreign-discovery-address", "answers-discovery-twice", "answers-tls-with-plain", "asks-no-client-certificate",
}  # fmt: skip
"""Defects of the charger that show only when a vehicle, or discovery, provokes them: see the tests below."""

SEEN = [one for one in CHARGER_DEFECTS.values() if one.found_by.startswith(RULE) and one.id not in PROVOKED]
AC = {Service.AC_BPT: (EnergyOffer(1, connector=3), EnergyOffer(2, Control.SCHEDULED, connector=3))}
CONDITIONS = {
    "copies-power-to-all-phases": {"secc": SeccConfig(offers=AC), "evcc": EvccConfig(services=(Service.AC_BPT,))},
    "authorization-ongoing-with-refusal": {"granted": False},
    "authorization-without-limit": {"granted": None, "waits_s": 190.0},
    "ignores-pause-request": {"pause_s": 70.0},
}


@pytest.mark.parametrize("defect", SEEN, ids=lambda one: one.id)
def test_a_defect_of_the_charger_trips_its_rule(virtually, defect):
    assert finds(virtually, defect, [defect.id])


@pytest.mark.parametrize(
    "defect", [one for one in VEHICLE_DEFECTS.values() if one.found_by.startswith(RULE)], ids=lambda one: one.id
)
def test_a_defect_of_the_vehicle_trips_its_rule(virtually, defect):
    assert finds(virtually, defect, (), [defect.id])


@pytest.mark.parametrize(
    ("charger", "vehicle"),
    [
        ("takes-foreign-session-ids", "loses-its-session-id"),
        ("takes-the-zero-session-id", "loses-its-session-id"),
        ("power-before-pre-charge", "vehicle-power-before-pre-charge"),
        ("takes-unoffered-parameter-sets", "asks-for-what-is-not-offered"),
    ],
)
def test_a_careless_charger_is_found_beside_the_vehicle_that_needs_it(virtually, charger, vehicle):
    tripped = virtually(a_day([charger], [vehicle], whole=False))[1]
    assert {CHARGER_DEFECTS[charger].found_by, VEHICLE_DEFECTS[vehicle].found_by} <= tripped


def test_a_charger_that_checks_the_first_slot_only_is_found_by_a_profile_across_two_slots(virtually):
    offers = {Service.DC_BPT: (EnergyOffer(1, Control.SCHEDULED), EnergyOffer(2, Control.DYNAMIC))}

    def across(_, right):
        if right.ev_power_profile is None:
            return right
        entry = PowerScheduleEntry(duration=1_200, power=rational(11_000))
        return changed(right, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=(entry,))

    async def story():
        config = SeccConfig(offers=offers, schedule=((600, 11_000.0), (600, 7_000.0)))
        bench = JudgedBench(["checks-first-slot-only"], secc=config, evcc=EvccConfig(control=Control.SCHEDULED))
        bench.vehicle.before_session.append(lambda ev: ev.twists.update(PowerDeliveryReq=across))
        async with bench:
            bench.plug()
            await bench.clock.sleep(20.0)
            return bench.tripped()

    assert CHARGER_DEFECTS["checks-first-slot-only"].found_by in virtually(story())


def test_a_stop_that_is_refused_before_power_is_found(virtually):
    async def story():
        bench = JudgedBench(["stop-refused-before-power"])
        bench.vehicle.before_session.append(
            lambda ev: ev.twists.update(DC_PreChargeReq=lambda ev, _: ev.draft("SessionStopReq"))
        )
        async with bench:
            bench.plug()
            await bench.clock.sleep(20.0)
            return bench.tripped()

    assert CHARGER_DEFECTS["stop-refused-before-power"].found_by in virtually(story())


def test_every_rule_that_a_defect_names_exists():
    load_rules()
    named = {one.found_by for one in (*CHARGER_DEFECTS.values(), *VEHICLE_DEFECTS.values())}
    assert {one for one in named if one.startswith(RULE)} <= set(RULES)


def test_no_defect_has_the_name_of_another_roles():
    assert not set(CHARGER_DEFECTS) & (set(VEHICLE_DEFECTS) | set(QUIRKS))
    assert not set(VEHICLE_DEFECTS) & set(QUIRKS)


def test_an_unknown_defect_is_refused_with_the_nearest_name(virtually):
    async def story():
        JudgedBench(["loop-to-slow"])

    with pytest.raises(ValueError, match="loop-too-slow"):
        virtually(story())
