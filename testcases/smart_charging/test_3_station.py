"""AC-18 to AC-24: phases, the pilot's story, and what the station owes."""

from __future__ import annotations

from fixtures.ac import FIRM_A
from harness.case import current_case, expect, step
from harness.ocpp.profile_drafts import period
from harness.usecase import usecase
from harness.verdict import Side
from testcases.smart_charging.steps import AC, FLOOR_A, numbers


@usecase(
    "AC-18",
    sut="pair",
    protocol="iec61851",
    requires=AC | {"charger:phase_switch"},
    requirements=["our default"],
    parameters={"hold_s": 300},
)
async def test_single_phase(pf_ac, pf_parameters):
    """Single phase on a three-phase station: the vehicle charges on L1 alone"""
    await pf_ac.charging(limit=16.0, numberPhases=1)
    await pf_ac.hold(pf_parameters.hold_s)
    pf_ac.keeps_charging()
    drawn = await pf_ac.now()
    expect(max(drawn.currents_a[1:]), at_most=FIRM_A, of="station", named="current on L2 and L3", unit="A")


@usecase(
    "AC-19",
    sut="pair",
    protocol="iec61851",
    requires=AC | {"three_phase", "charger:phase_switch"},
    requirements=["field: drop-out after a phase switch"],
    parameters={"each_s": 600, "limit_s": 1_800},
)
async def test_phase_switch(pf_ac, pf_limits, pf_parameters):
    """Phase switch 3-1-3: the vehicle charges after each switch, and still ten minutes later"""
    await pf_ac.charging()
    for phases in (1, 3):
        step(f"the station changes to {phases} phase(s)")
        await pf_ac.offer(pf_ac.full_a, numberPhases=phases)
        found = await pf_ac.until(
            lambda drawn, wanted=phases: drawn.phases == wanted, pf_limits.resume_s + pf_limits.offer_s
        )
        if found is None:
            current_case().miss(
                f"no charging on {phases} phase(s) {pf_limits.resume_s:g} s after the switch", Side.VEHICLE
            )
        pf_ac.offered_s = found.at_s
        await pf_ac.hold(pf_parameters.each_s)
        pf_ac.keeps_charging()


@usecase(
    "AC-20",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["field: pilot states"],
    parameters={"pause_s": 60, "charge_s": 60},
)
async def test_pilot_states(pf_ac, pf_bench, pf_limits, pf_parameters):
    """Pilot states: C while charging, B without a duty cycle in a pause, C again, A unplugged"""
    expect((await pf_ac.pilot()).state, equals="A", of="pair", named="pilot state before plugging in")
    await pf_ac.charging()
    await pf_ac.hold(pf_parameters.charge_s)
    expect((await pf_ac.pilot()).state, one_of=("C", "D"), of="vehicle", named="pilot state while charging")
    step("nothing is offered")
    await pf_ac.pause(pf_parameters.pause_s)
    reading = await pf_ac.pilot()
    expect(reading.duty_percent, equals=None, of="station", named="duty cycle in the pause")
    expect(reading.state, equals="B", of="vehicle", named="pilot state in the pause")
    step("the station offers all it can")
    await pf_ac.full()
    await pf_ac.returns()
    expect((await pf_ac.pilot()).state, one_of=("C", "D"), of="vehicle", named="pilot state after the pause")
    await pf_bench.unplug()
    await pf_bench.clock.sleep(1.0)
    expect((await pf_ac.pilot()).state, equals="A", of="pair", named="pilot state after unplugging")


@usecase(
    "AC-21",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["our default"],
    parameters={"default_a": 13, "offers_a": "10, 6, 12", "each_s": 60, "lasts_s": 120, "limit_s": 1_200},
)
async def test_the_station_sets_the_offer(pf_ac, pf_station, pf_limits, pf_parameters):
    """Profiles: the pilot follows limit, default, 0 A, expiry and reconnection; 0 A is a pause and no end"""
    await pf_ac.charging(limit=pf_parameters.default_a)
    await pf_ac.pilot_shows(min(pf_parameters.default_a, pf_ac.full_a))
    for offer_a in numbers(pf_parameters.offers_a):
        step(f"the CSMS sets {offer_a:g} A")
        await pf_ac.offer(offer_a)
        await pf_ac.hold(pf_parameters.each_s)
    step("the CSMS sets 0 A: a pause, and the transaction goes on")
    await pf_ac.pause(pf_parameters.each_s)
    step(f"a limit of {FLOOR_A:g} A ends after {pf_parameters.lasts_s:g} s: the default is in force again")
    await pf_ac.schedule([period("ChargingOnly", limit=FLOOR_A)], duration_s=int(pf_parameters.lasts_s))
    await pf_ac.pilot_shows(FLOOR_A)
    await pf_ac.hold(pf_parameters.lasts_s)
    await pf_ac.pilot_shows(min(pf_parameters.default_a, pf_ac.full_a))
    step("the link is cut and comes back: the limit stays")
    await pf_ac.offer(10.0)
    await pf_station.disconnect()
    await pf_ac.hold(pf_parameters.each_s)
    await pf_station.connected(pf_limits.session_s)
    await pf_ac.pilot_shows(10.0)


@usecase(
    "AC-22",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["our default"],
    parameters={"step_s": 120, "offline_s": 300},
)
async def test_the_profile_survives_offline(pf_ac, pf_station, pf_limits, pf_parameters):
    """Offline: the profile's next step comes without a link to the CSMS"""
    await pf_ac.charging()
    step(f"a schedule: 10 A, and {FLOOR_A:g} A after {pf_parameters.step_s:g} s")
    steps = [
        period("ChargingOnly", limit=10.0),
        period("ChargingOnly", start_s=int(pf_parameters.step_s), limit=FLOOR_A),
    ]
    await pf_ac.schedule(steps)
    await pf_ac.pilot_shows(10.0)
    step("the CSMS lets the station in no more")
    await pf_station.keep_out()
    try:
        await pf_ac.hold(pf_parameters.step_s / 2)
        await pf_ac.pilot_shows(10.0)
        await pf_ac.hold(pf_parameters.offline_s - pf_parameters.step_s / 2)
        await pf_ac.pilot_shows(FLOOR_A)
    finally:
        pf_station.let_in()
    step("the link comes back")
    await pf_station.connected(pf_limits.session_s)
    await pf_ac.hold(pf_limits.ac_window_s)
    await pf_ac.pilot_shows(FLOOR_A)


@usecase(
    "AC-23",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: late authorisation"],
    parameters={"delays": "50, 70, 150", "limit_s": 600},
)
async def test_late_authorisation(pf_ac, pf_bench, pf_parameters):
    """Late authorisation: the vehicle starts although the driver was slow"""
    for delay_s in numbers(pf_parameters.delays):
        step(f"the vehicle is plugged in and authorised {delay_s:g} s later")
        await pf_ac.plug_in_unauthorised(delay_s)
        await pf_ac.returns(f"time to start after {delay_s:g} s")
        await pf_bench.unplug()
        await pf_ac.gone()


@usecase(
    "AC-24",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["our default"],
    parameters={"charge_s": 60},
)
async def test_connector_and_lock(pf_ac, pf_bench, pf_limits, pf_parameters):
    """Connector and lock: no current when it is released, in a pause and after the end"""
    await pf_ac.charging()
    await pf_ac.hold(pf_parameters.charge_s)
    step("unplugged in a pause")
    await pf_ac.pause(pf_parameters.charge_s)
    await pf_bench.unplug()
    await pf_ac.gone()
    await pf_ac.charging()
    step("the CSMS ends the transaction")
    await pf_ac.end()
    drawn = await pf_ac.until(lambda one: one.most_a < FIRM_A, pf_limits.ac_down_s)
    expect(drawn is not None, equals=True, of="station", named="current gone before the connector is released")
    await pf_ac.lock_is_free()
