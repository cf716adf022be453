"""aFRR by a pool of chargers behind one controller, audited as a balancing platform would: by its own data against a meter.

What a charger does against the setpoint that it was given is the charger's; what the controller makes of the platform's
setpoints, and what it reports, is the controller's (side csms).
"""

from pathlib import Path

from fixtures.afrr import audit, energies_wh, load_product, on_grid, rebuilt, skew_s
from harness.case import expect, step
from harness.limits import Tolerance
from harness.usecase import usecase

PRODUCT = "lab-configs/products/afrr-pool.yaml"
SAME_TOTAL = Tolerance(2.0, 300.0)
"""Reported total against the meter, W (our default)."""
WAVE_S = 60.0
"""One swing from full bid to full bid and back (our default): a setpoint that is not applied shows within a few cycles."""
SAME_QUARTER = Tolerance(3.0, 40.0)
"""Energies of a quarter-hour by two streams, Wh (our default)."""


@usecase(
    "PF_AP_01",
    sut="pool",
    protocol="afrr",
    requirements=["our default"],
    parameters={"bid_w": 40_000, "activated_s": 120, "product": PRODUCT},
)
async def test_a_pool_is_fully_activated_in_both_directions(pf_pool, pf_parameters):
    """Full activation of the pool up and down; first its chargers against their setpoints, then the whole by the product"""
    product = load_product(Path(pf_parameters.product))
    for bid_w, word in ((-pf_parameters.bid_w, "up: into the grid"), (pf_parameters.bid_w, "down: out of the grid")):
        await pf_pool.holds(0.0, 20, product.cycle_s)
        step(f"aFRR {word}, {pf_parameters.bid_w / 1000:g} kW")
        async with pf_pool.watched():
            requested_s = pf_pool.now_s()
            await pf_pool.holds(bid_w, pf_parameters.activated_s, product.cycle_s)
            await pf_pool.units_follow()
        pf_pool.whole("readings of the connection point", pf_pool.metered)
        found = audit(pf_pool.metered, requested_s, 0.0, bid_w, product)
        expect(
            found.reaction_s,
            at_most=product.reaction_s,
            of="csms",
            named=f"reaction, {word}",
            unit="s",
            never="none",
        )
        expect(
            found.activation_s,
            at_most=product.activation_s,
            of="csms",
            named=f"activation, {word}",
            unit="s",
            never=f"never full within {pf_parameters.activated_s:g} s",
        )
        expect(
            found.percent_per_min,
            at_least=product.least_percent_per_min,
            of="csms",
            named=f"ramp, {word}",
            unit="%/min",
            never="no ramp",
        )
        expect(
            found.inside_percent,
            at_least=product.within_percent_of_time,
            of="csms",
            named=f"time inside the band, {word}",
            unit="%",
        )


@usecase(
    "PF_AP_02",
    sut="pool",
    protocol="afrr",
    requirements=["our default"],
    parameters={"bid_w": 40_000, "course_s": 300, "product": PRODUCT},
)
async def test_a_pool_follows_a_signal_of_four_seconds(pf_pool, pf_afrr, pf_parameters):
    """A setpoint every 4 s: the pool's power at the meter follows within the product's cycles of delay"""
    product = load_product(Path(pf_parameters.product))
    cycles = int(pf_parameters.course_s / product.cycle_s)
    course = pf_afrr.wave(cycles, pf_parameters.bid_w, waves=pf_parameters.course_s / WAVE_S)
    await pf_pool.holds(course[0], 20, product.cycle_s)  # where the pool comes from is not part of the course
    step(f"{cycles} setpoints, one every {product.cycle_s:g} s")
    async with pf_pool.watched():
        asked = await pf_afrr.plays(course, product.cycle_s, pf_pool.command)
    measured = on_grid(pf_pool.metered, product.cycle_s)
    errors = pf_afrr.errors(asked, measured, product.cycle_s, product.late_cycles)
    expect(len(errors), at_least=cycles * 0.8, of="bench", named="cycles with readings", unit="")
    expect(
        100 * pf_afrr.rms(errors) / pf_parameters.bid_w,
        at_most=product.tracking_percent / 2,
        of="csms",
        named="tracking error (RMS of the bid)",
        unit="%",
    )


@usecase(
    "PF_AP_03",
    sut="pool",
    protocol="afrr",
    requirements=["our default"],
    parameters={"bid_w": 30_000, "settle_s": 24, "product": PRODUCT},
)
async def test_the_reported_total_is_the_sum_of_the_delivery_points(pf_pool, pf_parameters):
    """Reported total, sum over the delivery points and the meter at the connection point are one and the same"""
    product = load_product(Path(pf_parameters.product))
    for setpoint_w in (-pf_parameters.bid_w, pf_parameters.bid_w):
        step(f"{setpoint_w / 1000:+g} kW")
        async with pf_pool.watched():
            await pf_pool.holds(setpoint_w, pf_parameters.settle_s, product.cycle_s)
            units = await pf_pool.port.units()
            metered_w = await pf_pool.port.meter_w()
        expect(len(pf_pool.told), at_least=1, of="csms", named="values told by delta monitoring", unit="")
        for value_w, named in (
            (sum(unit.power_w for unit in units), "sum of the delivery points"),
            (pf_pool.told[-1][1], "total told by delta monitoring"),
        ):
            expect(value_w, near=metered_w, tolerance=SAME_TOTAL, of="csms", named=f"{named} against the meter")


@usecase(
    "PF_AP_04",
    sut="pool",
    protocol="afrr",
    requirements=["our default"],
    parameters={"bid_w": 40_000, "quarter_s": 900, "quarters": 3, "product": PRODUCT},
)
async def test_three_streams_of_one_pool_agree(pf_pool, pf_afrr, pf_parameters):
    """Delta monitoring rebuilt to 4-second data, the meter's 1-second data and quarter-hours tell the same"""
    product = load_product(Path(pf_parameters.product))
    cycles = int(pf_parameters.quarter_s * pf_parameters.quarters / product.cycle_s)
    course = pf_afrr.course(cycles, pf_parameters.bid_w, largest_step_w=pf_parameters.bid_w / 5)
    step(f"{cycles} setpoints over {pf_parameters.quarters:g} quarter-hours of {pf_parameters.quarter_s:g} s")
    async with pf_pool.watched():
        await pf_afrr.plays(course, product.cycle_s, pf_pool.command)
    metered, told, quarters = pf_pool.metered, pf_pool.told, pf_pool.quarters
    pf_pool.whole("values told by delta monitoring", told)
    step("the clocks of delta monitoring and meter are compared")
    truth = on_grid(metered, product.cycle_s)
    expect(
        abs(skew_s(told, truth, most_s=16.0)),
        at_most=product.skew_s,
        of="csms",
        named="clock of delta monitoring",
        unit="s",
    )
    step(f"{len(told)} told values are rebuilt to {len(truth)} cycles")
    again = rebuilt(told, [at_s for at_s, _ in truth])
    values = dict(truth)
    worst_w = [abs(value - values[at_s]) for at_s, value in again]
    steepest_w = pf_parameters.bid_w / 5 * product.skew_s / product.cycle_s
    expect(
        sorted(worst_w)[int(0.95 * len(worst_w))],
        at_most=product.delta_w + steepest_w,
        of="csms",
        named="error of the rebuilt data, 95 of 100 cycles",
    )
    step(f"{len(quarters)} quarter-hours against both")
    expect(len(quarters), at_least=1, of="csms", named="quarter-hours told", unit="")
    whole = [one for one in quarters if one[0] - pf_parameters.quarter_s >= metered[0][0] - 1.0]
    for stream, of in ((metered, "meter's"), (told, "rebuilt")):
        for end_s, *counted in whole:
            begin_s = end_s - pf_parameters.quarter_s
            for word, value, energy_wh in zip(
                ("drawn", "given"), counted, energies_wh(stream, begin_s, end_s), strict=True
            ):
                expect(
                    value,
                    near=energy_wh,
                    tolerance=SAME_QUARTER,
                    of="csms",
                    named=f"quarter-hour's {word} energy against the {of} data",
                    unit="Wh",
                )


@usecase(
    "PF_AP_05",
    sut="pool",
    protocol="afrr",
    requirements=["our default"],
    parameters={"bid_w": 30_000, "idle_w": 1_500, "product": PRODUCT},
)
async def test_a_pool_without_setpoints_goes_to_zero(pf_pool, pf_bench, pf_parameters):
    """Lost setpoints: a pool that hears nothing any more gives up its activation in time"""
    product = load_product(Path(pf_parameters.product))
    await pf_pool.holds(-pf_parameters.bid_w, 20, product.cycle_s)
    expect(
        await pf_pool.port.meter_w(),
        at_most=-0.8 * pf_parameters.bid_w,
        of="csms",
        named="power before the silence",
    )
    step(f"no setpoint for {product.lost_s:g} s")
    await pf_bench.clock.sleep(product.lost_s)
    expect(
        abs(await pf_pool.port.meter_w()),
        at_most=pf_parameters.idle_w,
        of="csms",
        named="power without setpoints",
    )
