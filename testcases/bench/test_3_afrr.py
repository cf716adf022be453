"""aFRR activation of one charger, as the balancing platform would audit it from 4-second data."""

from pathlib import Path

from fixtures.afrr import audit, deltas, energy_wh, load_product, on_grid, rebuilt
from harness.case import expect, step
from harness.usecase import usecase
from testcases.bench.test_2_bidirectional_power import V2G


@usecase(
    "PF_AF_01",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={"bid_w": 8_000, "hold_s": 60, "product": "lab-configs/products/afrr.yaml"},
)
async def test_an_activation_is_fast_enough_and_steady(pf_session, pf_afrr, pf_parameters):
    """Full activation up and down: reaction time, ramp, full activation time and tracking by the product's definition"""
    product = load_product(Path(pf_parameters.product))
    await pf_session.energy_transfer()
    base_w = 0.0
    await pf_session.follows(base_w)
    for bid_w, word in ((-pf_parameters.bid_w, "up: into the grid"), (pf_parameters.bid_w, "down: into the vehicle")):
        step(f"aFRR {word}, {pf_parameters.bid_w / 1000:g} kW")
        requested_s = pf_afrr.now_s()
        await pf_session.command(base_w + bid_w)
        await pf_session.wait(pf_parameters.hold_s)
        found = audit(pf_afrr.samples(requested_s), requested_s, base_w, bid_w, product)
        expect(
            found.reaction_s,
            at_most=product.reaction_s,
            of="station",
            named=f"reaction, {word}",
            unit="s",
            never="none",
        )
        expect(
            found.activation_s,
            at_most=product.activation_s,
            of="station",
            named=f"activation, {word}",
            unit="s",
            never="never full",
        )
        expect(
            found.percent_per_min,
            at_least=product.least_percent_per_min,
            of="station",
            named=f"ramp, {word}",
            unit="%/min",
            never="no ramp to nine tenths of the bid",
        )
        expect(
            found.inside_percent,
            at_least=product.within_percent_of_time,
            of="station",
            named=f"time inside the band, {word}",
            unit="%",
        )
        await pf_session.follows(base_w)


@usecase(
    "PF_AF_02",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={
        "bid_w": 8_000,
        "course_s": 300,
        "band_percent": 15,
        "late_cycles": 2,
        "product": "lab-configs/products/afrr.yaml",
    },
)
async def test_a_signal_of_four_seconds_is_followed(pf_session, pf_afrr, pf_parameters):
    """A setpoint every 4 s: measured power follows the request with two cycles of delay at most"""
    product = load_product(Path(pf_parameters.product))
    await pf_session.energy_transfer()
    course = pf_afrr.course(
        int(pf_parameters.course_s / product.cycle_s), pf_parameters.bid_w, largest_step_w=pf_parameters.bid_w / 10
    )
    step(f"{len(course)} setpoints, one every {product.cycle_s:g} s")
    began_s = pf_afrr.now_s()
    asked = await pf_afrr.plays(course, product.cycle_s, pf_session.command)
    measured = on_grid(pf_afrr.samples(began_s), product.cycle_s)
    errors = pf_afrr.errors(asked, measured, product.cycle_s, int(pf_parameters.late_cycles))
    expect(len(errors), at_least=len(course) * 0.9, of="bench", named="cycles with samples", unit="")
    expect(
        100 * pf_afrr.rms(errors) / pf_parameters.bid_w,
        at_most=pf_parameters.band_percent,
        of="station",
        named="tracking error (RMS of the bid)",
        unit="%",
    )


@usecase(
    "PF_AF_03",
    sut="pair",
    protocol="ocpp2.1",
    requires=V2G,
    requirements=["our default"],
    parameters={"bid_w": 8_000, "course_s": 160, "product": "lab-configs/products/afrr.yaml"},
)
async def test_delta_monitoring_can_be_rebuilt(pf_session, pf_afrr, pf_parameters):
    """Delta monitoring, where only changes are sent, gives back the 4-second data and the energy of the whole course"""
    product = load_product(Path(pf_parameters.product))
    await pf_session.energy_transfer()
    began_s = pf_afrr.now_s()
    course = pf_afrr.course(
        int(pf_parameters.course_s / product.cycle_s), pf_parameters.bid_w, largest_step_w=pf_parameters.bid_w / 5
    )
    step(f"{len(course)} setpoints, one every {product.cycle_s:g} s; only changes above {product.delta_w:g} W are kept")
    await pf_afrr.plays(course, product.cycle_s, pf_session.command)
    truth = on_grid(pf_afrr.samples(began_s), product.cycle_s)
    sent = deltas(truth, product.delta_w)
    again = rebuilt(sent, [at_s for at_s, _ in truth])
    step(f"{len(sent)} of {len(truth)} values were sent")
    worst_w = max(abs(value - true) for (_, value), (_, true) in zip(again, truth, strict=True))
    expect(worst_w, at_most=product.delta_w, of="bench", named="largest error of the rebuilt data")
    allowed_wh = product.delta_w * (truth[-1][0] - truth[0][0]) / 3600
    difference_wh = abs(energy_wh(again) - energy_wh(truth))
    expect(difference_wh, at_most=allowed_wh, of="bench", named="energy lost by sending changes only", unit="Wh")
