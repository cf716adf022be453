"""AC-09 to AC-17: the current goes away, and comes back."""

from __future__ import annotations

from fixtures.ac import FIRM_A
from harness.case import current_case, step
from harness.usecase import usecase
from harness.verdict import Limit, Side
from testcases.smart_charging.steps import AC, FAR_FROM_HOME, FLOOR_A, after_a_delay, after_a_pause, again


@usecase(
    "AC-09",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: intermittent charging"],
    parameters={"cycles": 10, "off_s": 60, "on_s": 60, "limit_s": 2_400},
)
async def test_intermittent_charging(pf_ac, pf_parameters):
    """Intermittent charging: short pauses, and the current returns every time"""
    await pf_ac.charging()
    for number in range(1, int(pf_parameters.cycles) + 1):
        step(f"pause {number}")
        await pf_ac.pause(pf_parameters.off_s)
        await pf_ac.full()
        await pf_ac.returns()
        await pf_ac.hold(pf_parameters.on_s)


@usecase(
    "AC-10",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["field: latched faults"],
    parameters={"toggles": 20, "each_s": 30, "limit_s": 2_400},
)
async def test_rapid_toggling(pf_ac, pf_parameters):
    """Rapid toggling: the offer crosses 6 A again and again, and no fault stays"""
    await pf_ac.charging()
    toggles_borne = 0
    for number in range(1, int(pf_parameters.toggles) + 1):
        step(f"toggle {number}")
        await pf_ac.offer(0.0)
        await pf_ac.hold(pf_parameters.each_s)
        await pf_ac.offer(FLOOR_A)
        await pf_ac.hold(pf_parameters.each_s)
        if (await pf_ac.now()).most_a >= FIRM_A:
            toggles_borne = number
    pf_ac.record("last toggle after which it charged at 6 A", toggles_borne, "", Limit())
    step("the station offers all it can")
    await pf_ac.full()
    await pf_ac.returns()


@usecase(
    "AC-11",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["field: sleeps after some pauses"],
    parameters={"pauses": 6, "pause_s": 300, "charge_s": 120, "limit_s": 6_000},
)
async def test_repeated_pauses(pf_ac, pf_parameters):
    """Repeated pauses: the vehicle resumes after each pause of one session"""
    await pf_ac.charging()
    for number in range(1, int(pf_parameters.pauses) + 1):
        step(f"pause {number}")
        await pf_ac.pause(pf_parameters.pause_s)
        await pf_ac.full()
        await pf_ac.returns(f"time to resume after pause {number}")
        await pf_ac.hold(pf_parameters.charge_s)


@usecase(
    "AC-12",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: pause 20 min"],
    parameters={"pause_s": 1_200, "charge_s": 600},
)
async def test_pause_of_20_minutes(pf_ac, pf_parameters):
    """Pause of 20 minutes: charging goes on without anybody touching the vehicle"""
    await after_a_pause(pf_ac, pf_parameters.charge_s, pf_parameters.pause_s)
    await pf_ac.returns()


@usecase(
    "AC-13",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: pause 6 h"],
    parameters={"pause_s": 21_600, "charge_s": 600},
)
async def test_pause_of_6_hours(pf_ac, pf_parameters):
    """Pause of 6 hours: charging goes on without anybody touching the vehicle"""
    await after_a_pause(pf_ac, pf_parameters.charge_s, pf_parameters.pause_s)
    await pf_ac.returns()


@usecase(
    "AC-14",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: delayed start 20 min"],
    parameters={"delay_s": 1_200},
)
async def test_delayed_start_of_20_minutes(pf_ac, pf_parameters):
    """Delayed start by 20 minutes: the vehicle starts when it is offered current"""
    await after_a_delay(pf_ac, pf_parameters.delay_s)
    await pf_ac.returns("time to start")


@usecase(
    "AC-15",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: delayed start 6 h"],
    parameters={"delay_s": 21_600},
)
async def test_delayed_start_of_6_hours(pf_ac, pf_parameters):
    """Delayed start by 6 hours: the vehicle starts when it is offered current"""
    await after_a_delay(pf_ac, pf_parameters.delay_s)
    await pf_ac.returns("time to start")


@usecase(
    "AC-16",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["field: wake-up by the station"],
    parameters={"missed": "AC-12", "charge_s": 600, "wake_ups": 3, "between_s": 30, "limit_s": 30_000},
    only_after=FAR_FROM_HOME,
    tries_again=FAR_FROM_HOME,
)
async def test_wake_up_by_the_station(pf_ac, pf_limits, pf_parameters):
    """Wake-up by the station: what was missed before works once the pilot has been interrupted"""
    await again(pf_ac, pf_parameters.missed, pf_parameters.charge_s)
    if await pf_ac.until(lambda drawn: drawn.most_a >= FIRM_A, pf_limits.resume_s):
        return
    for number in range(1, int(pf_parameters.wake_ups) + 1):
        step(f"the pilot is interrupted, wake-up {number}")
        await pf_ac.wake()
        if await pf_ac.until(lambda drawn: drawn.most_a >= FIRM_A, pf_parameters.between_s):
            current_case().help(f"resumed after {number} wake-up(s) by the station", Side.VEHICLE)
            return
    await pf_ac.returns()


@usecase(
    "AC-17",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["our default"],
    parameters={"missed": "AC-12", "charge_s": 600, "limit_s": 30_000},
    only_after=("AC-16",),
    tries_again=FAR_FROM_HOME,
)
async def test_wake_up_by_the_user(pf_ac, pf_limits, pf_parameters):
    """Wake-up by the user: the connector is plugged in anew; a recovery, never a pass"""
    await again(pf_ac, pf_parameters.missed, pf_parameters.charge_s)
    if await pf_ac.until(lambda drawn: drawn.most_a >= FIRM_A, pf_limits.resume_s):
        return
    if await pf_ac.woken_by_hand():
        current_case().help("recovered by the user, who woke the vehicle", Side.VEHICLE)
        return
    step("the user plugs in anew")
    await pf_ac.plug_in_anew()
    await pf_ac.returns("time until the user's help worked")
    current_case().help("recovered by the user, who plugged in anew", Side.VEHICLE)
