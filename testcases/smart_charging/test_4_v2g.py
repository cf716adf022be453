"""V2G-01 on: the same questions to a pair that speaks ISO 15118-20, with power of either sign."""

from __future__ import annotations

from harness.case import current_case, expect, step
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from harness.verdict import Limit, Side
from testcases.smart_charging.steps import V2G, numbers

RULES = ("iso15118-20", "ocpp2.1")
SCHEDULE_ID = 9110


@usecase(
    "V2G-01",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["Q03.FR.01", "V2X.02"],
    uses_rules=RULES,
    parameters={"setpoints_kw": "5, 10, 2.5, -2.5, -5, -10, 0, 4", "hold_s": 30, "limit_s": 900},
)
async def test_setpoints_of_either_sign(pf_session, pf_parameters):
    """Setpoints of either sign are followed and held"""
    await pf_session.energy_transfer()
    for wanted_kw in numbers(pf_parameters.setpoints_kw):
        step(f"the CSMS asks for {wanted_kw:+g} kW")
        await pf_session.follows(wanted_kw * 1000.0)
        await pf_session.holds(wanted_kw * 1000.0, for_s=pf_parameters.hold_s)


@usecase(
    "V2G-02",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["our default"],
    uses_rules=RULES,
    parameters={"floor_w": 1_000, "hold_s": 120, "after_w": 8_000, "limit_s": 600},
)
async def test_floor(pf_session, pf_parameters):
    """Floor: a small power is held in both directions, and a larger one after it"""
    await pf_session.energy_transfer()
    for wanted_w in (pf_parameters.floor_w, -pf_parameters.floor_w, pf_parameters.after_w):
        step(f"the CSMS asks for {wanted_w / 1000:+g} kW")
        await pf_session.follows(wanted_w)
        await pf_session.holds(wanted_w, for_s=pf_parameters.hold_s)


@usecase(
    "V2G-03",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["our default"],
    uses_rules=RULES,
    parameters={"most_w": 20_000, "hold_s": 60},
)
async def test_ceiling(pf_session, pf_power, pf_limits, pf_parameters):
    """Ceiling: the power stays within the limits that both sides stated, however much is asked for"""
    await pf_session.energy_transfer()
    for wanted_w in (pf_parameters.most_w, -pf_parameters.most_w):
        step(f"the CSMS asks for {wanted_w / 1000:+g} kW")
        await pf_session.command(wanted_w)
        await pf_session.wait(pf_parameters.hold_s)
        reading = await pf_power.now()
        allowed_w = pf_session.allowed_w(wanted_w)
        largest_w = allowed_w + max(allowed_w * pf_limits.tracking.percent / 100, pf_limits.tracking.floor)
        named = f"power at a setpoint of {wanted_w:+g} W"
        expect(abs(reading.active_w), at_most=largest_w, of="station", named=named)
        expect(abs(reading.active_w), at_least=0.5 * min(allowed_w, pf_parameters.most_w), of="station", named=named)


@usecase(
    "V2G-04",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["our default"],
    uses_rules=RULES,
    parameters={"low_w": 2_000, "high_w": 10_000, "hold_s": 30},
)
async def test_reaction_and_settling(pf_session, pf_power, pf_limits, pf_parameters):
    """Reaction and settling: a step of the setpoint is begun and ended in time, up and down"""
    await pf_session.energy_transfer()
    low_w, high_w = float(pf_parameters.low_w), float(pf_parameters.high_w)
    await pf_session.follows(low_w)
    for before_w, after_w in ((low_w, high_w), (high_w, low_w), (low_w, -high_w)):
        await pf_session.wait(pf_parameters.hold_s)
        step(f"from {before_w / 1000:+g} kW to {after_w / 1000:+g} kW")
        await pf_session.command(after_w)
        await pf_power.leaves(before_w, pf_limits.tracking, within_s=pf_limits.reaction_s, of="station")
        await pf_session.settles(after_w, within_s=pf_limits.settling_s)


@usecase(
    "V2G-05",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["K28.FR.06", "V2X.02"],
    uses_rules=RULES,
    parameters={"power_w": 5_000, "reversals": 10, "hold_s": 10, "limit_s": 600},
)
async def test_reversals(pf_session, pf_parameters):
    """Reversal: the sign of the power changes again and again, and nothing ends"""
    await pf_session.energy_transfer()
    wanted_w = float(pf_parameters.power_w)
    for number in range(1, int(pf_parameters.reversals) + 1):
        step(f"reversal {number}: {wanted_w / 1000:+g} kW")
        await pf_session.follows(wanted_w)
        await pf_session.wait(pf_parameters.hold_s)
        wanted_w = -wanted_w


@usecase(
    "V2G-06",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"pause"},
    requirements=["V2G20-2545", "V2G20-1032", "Q10.FR.01"],
    uses_rules=RULES,
    parameters={"pauses": 6, "short_pause_s": 60, "charge_w": 6_000, "limit_s": 1_800},
)
async def test_repeated_pauses(pf_session, pf_parameters):
    """Repeated pauses: the session resumes after each pause of one plugging in"""
    await pf_session.energy_transfer()
    await pf_session.follows(pf_parameters.charge_w)
    for number in range(1, int(pf_parameters.pauses) + 1):
        step(f"pause {number}")
        await pf_session.pauses(pf_parameters.short_pause_s)
        await pf_session.resumes(pf_parameters.charge_w)


@usecase(
    "V2G-07",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"pause"},
    requirements=["V2G20-2545", "V2G20-1032", "Q10.FR.01"],
    uses_rules=RULES,
    parameters={"charge_w": 6_000, "pause_s": 1_200},
)
async def test_pause_of_20_minutes(pf_session, pf_parameters):
    """Pause of 20 minutes: power comes back without a hand on the vehicle"""
    await _paused(pf_session, pf_parameters.charge_w, pf_parameters.pause_s)
    await pf_session.resumes(pf_parameters.charge_w)


@usecase(
    "V2G-08",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"pause"},
    requirements=["V2G20-2545", "V2G20-1032", "Q10.FR.01"],
    uses_rules=RULES,
    parameters={"charge_w": 6_000, "long_pause_s": 21_600},
)
async def test_pause_of_6_hours(pf_session, pf_parameters):
    """Pause of 6 hours: power comes back without a hand on the vehicle"""
    await _paused(pf_session, pf_parameters.charge_w, pf_parameters.long_pause_s)
    await pf_session.resumes(pf_parameters.charge_w)


@usecase(
    "V2G-09",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"pause"},
    requirements=["field: wake-up by the station"],
    parameters={"charge_w": 6_000, "pause_s": 1_200, "wake_ups": 3, "limit_s": 900},
    only_after=("V2G-07", "V2G-08"),
)
async def test_wake_up_by_the_station(pf_session, pf_parameters):
    """Wake-up by the station: the session resumes once the pilot has been interrupted"""
    await _paused(pf_session, pf_parameters.charge_w, pf_parameters.pause_s)
    await pf_session.end_idle()
    if await pf_session.flows():
        return
    for number in range(1, int(pf_parameters.wake_ups) + 1):
        step(f"the pilot is interrupted, wake-up {number}")
        await pf_session.interrupt_pilot()
        if await pf_session.flows():
            current_case().help(f"resumed after {number} wake-up(s) by the station", Side.VEHICLE)
            return
    current_case().miss("no power after the wake-ups by the station", Side.VEHICLE)


@usecase(
    "V2G-10",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"pause"},
    requirements=["our default"],
    parameters={"charge_w": 6_000, "pause_s": 1_200, "limit_s": 600},
    only_after=("V2G-09",),
    tries_again=("V2G-07", "V2G-08"),
)
async def test_wake_up_by_the_user(pf_session, pf_bench, pf_parameters):
    """Wake-up by the user: the connector is plugged in anew; a recovery, never a pass"""
    await _paused(pf_session, pf_parameters.charge_w, pf_parameters.pause_s)
    await pf_session.end_idle()
    if await pf_session.flows():
        return
    step("the user plugs in anew")
    await pf_bench.unplug()
    await pf_session.wait(10.0)
    await pf_session.energy_transfer()
    await pf_session.follows(pf_parameters.charge_w)
    current_case().help("recovered by the user, who plugged in anew", Side.VEHICLE)


@usecase(
    "V2G-11",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G,
    requirements=["published: late authorisation"],
    parameters={"late": "10, 25", "charge_w": 6_000, "limit_s": 400},
)
async def test_late_authorisation(pf_session, pf_station, pf_bench, pf_parameters):
    """Late authorisation: the backend answers late, and the vehicle still starts"""
    for late_s in numbers(pf_parameters.late):
        step(f"the CSMS takes {late_s:g} s to authorise")
        pf_station.answers.delay("Authorize", late_s)
        try:
            await pf_session.starts()
        finally:
            pf_station.answers.as_usual("Authorize")
        await pf_session.follows(pf_parameters.charge_w)
        await pf_bench.unplug()
        await pf_session.wait(10.0)


@usecase(
    "V2G-12",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    uses_rules=("iso15118-20",),
    parameters={"first_w": 6_000, "second_w": -4_000, "step_s": 120, "offline_s": 300},
)
async def test_the_profile_survives_offline(pf_session, pf_station, pf_bench, pf_limits, pf_parameters):
    """Offline: the profile's next step, of the other sign, comes without a link to the CSMS"""
    await pf_session.energy_transfer()
    first_w, second_w = float(pf_parameters.first_w), float(pf_parameters.second_w)
    step(f"a schedule: {first_w / 1000:+g} kW, and {second_w / 1000:+g} kW after {pf_parameters.step_s:g} s")
    draft = profile(
        SCHEDULE_ID,
        [period(setpoint=first_w), period(start_s=int(pf_parameters.step_s), setpoint=second_w)],
        kind="Absolute",
        stack_level=5,
        transaction_id=pf_station.transaction_id,
        start_schedule=to_text(utc_s(pf_bench.clock)),
    )
    answer = await pf_station.set_charging_profile(draft)
    expect(answer.get("status"), equals="Accepted", of="station", named="status of SetChargingProfile")
    await pf_session.settles(first_w, within_s=pf_limits.settling_s)
    step("the CSMS lets the station in no more")
    await pf_station.keep_out()
    try:
        await pf_session.wait(pf_parameters.step_s / 2)
        await pf_session.settles(first_w, within_s=pf_limits.settling_s)
        await pf_session.wait(pf_parameters.offline_s - pf_parameters.step_s / 2)
        await pf_session.settles(second_w, within_s=pf_limits.settling_s)
    finally:
        pf_station.let_in()
    step("the link comes back")
    await pf_station.connected(pf_limits.session_s)
    await pf_session.settles(second_w, within_s=pf_limits.settling_s)


@usecase(
    "V2G-13",
    sut="pair",
    protocol="iso15118-20",
    requires=V2G | {"pause"},
    requirements=["our default"],
    uses_rules=RULES,
    parameters={"discharge_w": -5_000, "pause_s": 60},
)
async def test_unplug(pf_bench, pf_session, pf_power, pf_limits, pf_parameters):
    """Unplug: while discharging and in a pause, the power is gone and the next session works"""
    await pf_session.energy_transfer()
    await pf_session.follows(pf_parameters.discharge_w)
    step("the connector is pulled while discharging")
    await pf_bench.unplug()
    await _is_gone(pf_power, pf_limits)
    await pf_session.wait(10.0)
    await _paused(pf_session, -pf_parameters.discharge_w, pf_parameters.pause_s)
    step("the connector is pulled in a pause")
    await pf_bench.unplug()
    await _is_gone(pf_power, pf_limits)
    await pf_session.wait(10.0)
    await pf_session.energy_transfer()


async def _is_gone(power, limits):
    reading = await power.below(limits.unplug_w, within_s=limits.unplug_s)
    named = f"power {limits.unplug_s:g} s after unplugging"
    expect(abs(reading.active_w), at_most=limits.unplug_w, of="station", named=named, source=Limit())


async def _paused(session, charge_w, pause_s):
    """Charging, and a pause that the CSMS asked for."""
    await session.energy_transfer()
    await session.follows(charge_w)
    await session.pauses(pause_s)
