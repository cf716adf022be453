"""Bidirectional power of a charger: first that the instruments agree, then setpoints, losses, and energy both ways."""

from fixtures.instruments import REGISTER, SAME_ENERGY
from fixtures.step_response import step_response
from harness.case import expect, step
from harness.usecase import usecase

V2G = {"iso15118-20", "dc_bpt", "dynamic", "charger:ocpp2.1"}
RULES = ["iso15118-20", "ocpp2.1"]


@usecase(
    "PF_BP_01",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={"power_w": 8_000, "hold_s": 20},
)
async def test_the_instruments_agree(pf_session, pf_instruments, pf_limits, pf_parameters):
    """Analyser, meter and physics tell the same of charging and of discharging; else the bench is to be mended first"""
    await pf_session.energy_transfer()
    for power_w in (pf_parameters.power_w, -pf_parameters.power_w):
        step(f"{power_w / 1000:+g} kW, looked at by two instruments")
        await pf_session.command(power_w)
        await pf_session.wait(pf_limits.settling_s)
        pf_instruments.agree(await pf_instruments.means(pf_parameters.hold_s), f"at {power_w:+g} W")


@usecase(
    "PF_BP_02",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["Q03.FR.01"],
    uses_rules=RULES,
    parameters={"power_w": 10_000, "points": 9},
)
async def test_power_follows_a_sweep(pf_session, pf_parameters):
    """A staircase from full discharging to full charging and back: every step settles in time"""
    await pf_session.energy_transfer()
    points = int(pf_parameters.points)
    up = [pf_parameters.power_w * (2 * index / (points - 1) - 1) for index in range(points)]
    for setpoint_w in [*up, *reversed(up[:-1])]:
        step(f"{setpoint_w / 1000:+.2f} kW")
        await pf_session.follows(setpoint_w)


@usecase(
    "PF_BP_03",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={"map_s": 180, "least_percent": 88, "full_w": 10_000},
)
async def test_losses_of_both_directions(pf_session, pf_instruments, pf_parameters):
    """Efficiency map: AC side against DC side at a quarter, a half and full power, charging and discharging"""
    await pf_session.energy_transfer()
    shares = (0.25, 0.5, 1.0, -0.25, -0.5, -1.0)
    for share in shares:
        power_w = share * pf_parameters.full_w
        step(f"{power_w / 1000:+g} kW")
        await pf_session.command(power_w)
        await pf_session.wait(pf_parameters.map_s / len(shares) / 2)
        means = await pf_instruments.means(pf_parameters.map_s / len(shares) / 2)
        expect(
            100 * means.efficiency,
            at_least=pf_parameters.least_percent,
            of="station",
            named=f"efficiency at {power_w:+g} W",
            unit="%",
            uncertainty=0.3,
        )


@usecase(
    "PF_BP_04",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={"power_w": 10_000, "hold_s": 10, "least_factor": 0.95, "standby_w": 100},
)
async def test_power_factor_and_standby(pf_session, pf_bench, pf_instruments, pf_power, pf_limits, pf_parameters):
    """Power factor at full power in both directions, and what the station takes when nobody is there"""
    await pf_session.energy_transfer()
    for power_w in (pf_parameters.power_w, -pf_parameters.power_w):
        step(f"{power_w / 1000:+g} kW")
        await pf_session.command(power_w)
        await pf_session.wait(pf_limits.settling_s)
        means = await pf_instruments.means(pf_parameters.hold_s)
        expect(
            abs(means.power_factor or 0.0),
            at_least=pf_parameters.least_factor,
            of="station",
            named=f"power factor at {power_w:+g} W",
            unit="",
            uncertainty=0.003,
        )
    step("the cable is unplugged: standby")
    await pf_session.stop()
    await pf_bench.unplug()
    reading = await pf_power.below(pf_parameters.standby_w / 2, within_s=pf_limits.settling_s)
    expect(abs(reading.active_w), at_most=pf_parameters.standby_w, of="station", named="standby power")


@usecase(
    "PF_BP_05",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={"power_w": 10_000, "each_way_s": 900},
)
async def test_energy_both_ways_by_every_counter(pf_session, pf_instruments, pf_parameters):
    """A round trip: import and export registers of analyser, meter and station count the same energies"""
    await pf_session.energy_transfer()
    count = await pf_instruments.counting()
    for power_w, word in ((pf_parameters.power_w, "in"), (-pf_parameters.power_w / 2, "out, half of it")):
        step(f"{pf_parameters.each_way_s:g} s {word}: {power_w / 1000:+g} kW")
        await pf_session.command(power_w)
        await pf_instruments.registers_rise(pf_parameters.each_way_s)
    counters = await pf_instruments.counted(count)
    moved_wh = pf_parameters.power_w * pf_parameters.each_way_s / 3600
    for index, word in enumerate(("imported", "exported")):
        expect(
            counters.meter[index],
            near=counters.analyser[index],
            tolerance=SAME_ENERGY,
            of="bench",
            named=f"{word} energy, meter against analyser",
            unit="Wh",
        )
        expect(
            counters.analyser[index],
            at_least=moved_wh * (0.7, 0.35)[index],
            of="bench",
            named=f"{word} energy by the analyser",
            unit="Wh",
        )
        expect(
            counters.station[index],
            near=counters.analyser[index],
            tolerance=REGISTER,
            of="station",
            named=f"{word} energy, station's OCPP register against analyser",
            unit="Wh",
        )
        if counters.v2g:
            expect(
                counters.v2g[index],
                near=counters.v2g_truth[index],
                tolerance=REGISTER,
                of="station",
                named=f"{word} energy, register in the charge loop against the DC side",
                unit="Wh",
            )


@usecase(
    "PF_BP_06",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={"full_w": 10_000, "most_current_percent": 5, "most_voltage_percent": 3},
)
async def test_the_current_has_few_harmonics(pf_session, pf_power, pf_parameters):
    """Total harmonic distortion of the current at half and full power in both directions, on a clean grid voltage"""
    await pf_session.energy_transfer()
    for share in (0.5, 1.0, -0.5, -1.0):
        power_w = share * pf_parameters.full_w
        step(f"{power_w / 1000:+g} kW")
        await pf_session.follows(power_w)
        reading = await pf_power.now()
        expect(
            reading.voltage_thd_percent,
            at_most=pf_parameters.most_voltage_percent,
            of="bench",
            named=f"THD of the voltage at {power_w:+g} W",
            unit="%",
        )
        expect(
            reading.current_thd_percent,
            at_most=pf_parameters.most_current_percent,
            of="station",
            named=f"THD of the current at {power_w:+g} W",
            unit="%",
            uncertainty=0.2,
        )


@usecase(
    "PF_BP_07",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    uses_rules=RULES,
    parameters={"power_w": 8_000, "watch_s": 40, "overshoot_percent": 10},
)
async def test_reversals_are_quick_and_do_not_overshoot(pf_session, pf_bench, pf_power, pf_limits, pf_parameters):
    """Sign reversals at full step: reaction, settling and overshoot of each, from charging to discharging and back"""
    await pf_session.energy_transfer()
    before_w = pf_parameters.power_w
    await pf_session.follows(before_w)
    for after_w in (-before_w, before_w, -before_w):
        step(f"{before_w / 1000:+g} kW becomes {after_w / 1000:+g} kW")
        asked_s = pf_bench.clock.now_s()
        await pf_session.command(after_w)
        samples = await pf_power.course(pf_parameters.watch_s)
        found = step_response(samples, asked_s, before_w, after_w, pf_limits.tracking.floor + 0.05 * abs(after_w))
        word = f"of {before_w / 1000:+g} to {after_w / 1000:+g} kW"
        expect(
            found.reaction_s,
            at_most=pf_limits.reaction_s,
            of="station",
            named=f"reaction {word}",
            unit="s",
            never="none",
        )
        expect(
            found.settling_s,
            at_most=pf_limits.settling_s,
            of="station",
            named=f"settling {word}",
            unit="s",
            never="never within the watch",
        )
        expect(
            found.overshoot_percent,
            at_most=pf_parameters.overshoot_percent,
            of="station",
            named=f"overshoot {word}",
            unit="% of the step",
            uncertainty=1.0,
        )
        before_w = after_w
