"""aFRR activation of one charger, as the balancing platform would audit it from 4-second data."""

from math import pi
from pathlib import Path

from fixtures.afrr import audit, deltas, load_product, on_grid, rebuilt, skew_s
from harness.case import expect, step
from harness.limits import Tolerance
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
        "band_percent": 5,
        "late_cycles": 2,
        "product": "lab-configs/products/afrr.yaml",
    },
)
async def test_a_signal_of_four_seconds_is_followed(pf_session, pf_afrr, pf_parameters):
    """A setpoint every 4 s: measured power follows the request with two cycles of delay at most"""
    product = load_product(Path(pf_parameters.product))
    await pf_session.energy_transfer()
    course = pf_afrr.course(
        int(pf_parameters.course_s / product.cycle_s), pf_parameters.bid_w, largest_step_w=pf_parameters.bid_w / 3
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
async def test_delta_monitoring_can_be_rebuilt(pf_session, pf_station, pf_afrr, pf_parameters):
    """Delta monitoring: of the station's own meter values only changes are kept, rebuilt to 4-second data, and held
    against the analyser"""
    product = load_product(Path(pf_parameters.product))
    await pf_session.energy_transfer()
    await pf_station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", f"{product.cycle_s:g}")
    cycles = int(pf_parameters.course_s / product.cycle_s)
    course = pf_afrr.wave(cycles, pf_parameters.bid_w, waves=1)
    began_s = pf_afrr.now_s()
    step(f"{cycles} setpoints, one every {product.cycle_s:g} s; the station tells its power as often")
    await pf_afrr.plays(course, product.cycle_s, pf_session.command)
    told = pf_afrr.told(began_s)
    expect(len(told), at_least=cycles / 2, of="station", named="meter values told", unit="")
    sent = deltas(told, product.delta_w)
    truth = [sample for sample in on_grid(pf_afrr.samples(began_s), product.cycle_s) if sample[0] >= told[0][0]]
    step(f"changes above {product.delta_w:g} W are {len(sent)} of {len(told)} values; rebuilt to {len(truth)} cycles")
    again = rebuilt(sent, [at_s for at_s, _ in truth])
    expect(
        abs(skew_s(sent, truth, most_s=16.0)), at_most=product.skew_s, of="station", named="age of the values", unit="s"
    )
    values = dict(truth)
    errors_w = sorted(abs(value - values[at_s]) for at_s, value in again)
    expect(
        errors_w[int(0.9 * len(errors_w))],
        at_most=product.delta_w + 2 * pi * pf_parameters.bid_w / cycles * product.skew_s / product.cycle_s,
        of="station",
        named="error of the rebuilt data, 90 of 100 cycles",
    )
    moved_w = sum(abs(values[at_s]) for at_s, _ in again) / len(again)
    expect(
        sum(abs(value) for _, value in again) / len(again),
        near=moved_w,
        tolerance=Tolerance(10.0, product.delta_w),
        of="station",
        named="mean of the rebuilt power, either direction, against the analyser",
    )
