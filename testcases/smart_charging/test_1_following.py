"""AC-01 to AC-08: the current against the offer."""

from __future__ import annotations

from harness.case import expect, step
from harness.usecase import usecase
from harness.verdict import Limit
from testcases.smart_charging.steps import AC, FLOOR_A, numbers


@usecase(
    "AC-01", sut="pair", protocol="iec61851", requires=AC, requirements=["our default"], parameters={"hold_s": 600}
)
async def test_baseline(pf_ac, pf_power, pf_parameters):
    """Baseline: energy flows at the full offer and stays within it"""
    step("the vehicle is plugged in")
    await pf_ac.plug_in()
    await pf_ac.starts()
    step(f"it charges for {pf_parameters.hold_s:g} s")
    await pf_ac.hold(pf_parameters.hold_s)
    pf_ac.stays_within_the_offer()
    pf_ac.keeps_charging(FLOOR_A * 0.8)
    reading = await pf_power.now()
    pf_ac.record("largest current of the vehicle", pf_ac.most_a, "A", Limit())
    pf_ac.record("phases used", pf_ac.phases, "", Limit())
    pf_ac.record("power factor", reading.power_factor, "", Limit())


@usecase(
    "AC-02",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["IEC 61851-1: duty cycle"],
    parameters={"offers_a": "6, 8, 10, 13, 16, 20, 25, 32", "each_s": 120, "limit_s": 3_600},
)
async def test_offers_up_and_down(pf_ac, pf_limits, pf_parameters):
    """Pilot to current: every offer of the table, up and down, is used and not exceeded"""
    await pf_ac.charging()
    table = [one for one in numbers(pf_parameters.offers_a) if one <= pf_ac.full_a]
    for offer_a in [*table, *reversed(table)]:
        step(f"the station offers {offer_a:g} A")
        await pf_ac.offer(offer_a)
        await pf_ac.hold(pf_parameters.each_s)
        drawn = await pf_ac.now()
        expect(
            drawn.most_a,
            at_most=offer_a + pf_limits.excess_a,
            of="vehicle",
            named=f"current at an offer of {offer_a:g} A",
            unit="A",
            uncertainty=drawn.uncertainty_a,
            source=Limit(source=pf_limits.excess_a.source, reference=pf_limits.excess_a.reference),
        )
        least_a = min(offer_a, pf_ac.most_a) - pf_limits.ac_stuck_a
        expect(drawn.most_a, at_least=least_a, of="vehicle", named="current that follows", unit="A")


@usecase(
    "AC-03",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: 0.5 A"],
    parameters={"rounds": 3, "each_s": 60, "limit_s": 900},
)
async def test_upper_tolerance(pf_ac, pf_parameters):
    """Upper tolerance: no phase is half an ampere above a lowered offer"""
    await pf_ac.charging()
    for _ in range(pf_parameters.rounds):
        for offer_a in (FLOOR_A, pf_ac.full_a):
            step(f"the station offers {offer_a:g} A")
            await pf_ac.offer(offer_a)
            await pf_ac.hold(pf_parameters.each_s)
            pf_ac.stays_within_the_offer()


@usecase(
    "AC-04",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["our default"],
    parameters={"steps_a": "16 6, 32 10", "before_s": 60, "limit_s": 600},
)
async def test_reaction_down(pf_ac, pf_limits, pf_parameters):
    """Reaction time down: a lowered offer is followed in time"""
    await pf_ac.charging()
    for high_a, low_a in _steps(pf_parameters.steps_a, pf_ac.full_a):
        step(f"from {high_a:g} A to {low_a:g} A")
        await pf_ac.offer(high_a)
        await pf_ac.hold(pf_parameters.before_s)
        await pf_ac.offer(low_a)
        within_a = low_a + pf_limits.excess_a
        named = f"reaction from {high_a:g} A to {low_a:g} A"
        await pf_ac.follows(lambda drawn, most_a=within_a: drawn.most_a < most_a, pf_limits.ac_down_s, named)


@usecase(
    "AC-05",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["our default"],
    parameters={"low_a": 6, "before_s": 60, "limit_s": 600},
)
async def test_reaction_up(pf_ac, pf_limits, pf_parameters):
    """Reaction time up: a raised offer is used"""
    await pf_ac.charging()
    await pf_ac.offer(pf_parameters.low_a)
    await pf_ac.hold(pf_parameters.before_s)
    before = await pf_ac.now()
    step("the station offers all it can")
    await pf_ac.full()
    enough_a = pf_ac.most_a - pf_limits.ac_stuck_a
    await pf_ac.follows(lambda drawn: drawn.most_a >= enough_a, pf_limits.ac_up_s, "reaction up")
    after = await pf_ac.now()
    slope = (after.most_a - before.most_a) / max(after.at_s - pf_ac.offered_s, 1.0)
    pf_ac.record("slope at least", slope, "A/s", Limit())


@usecase(
    "AC-06",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: slow charging"],
    parameters={"hold_s": 600, "after_s": 60},
)
async def test_six_ampere_floor(pf_ac, pf_limits, pf_parameters):
    """6 A floor: the vehicle charges slowly on all its phases, and then fast again"""
    await pf_ac.charging()
    step(f"the station offers {FLOOR_A:g} A")
    await pf_ac.offer(FLOOR_A)
    await pf_ac.hold(pf_parameters.hold_s)
    pf_ac.keeps_charging()
    fewest = min(drawn.phases for drawn in pf_ac.steady())
    expect(fewest, at_least=pf_ac.phases, of="vehicle", named="phases used at the floor", unit="")
    step("the station offers all it can")
    await pf_ac.full()
    enough_a = pf_ac.most_a - pf_limits.ac_stuck_a
    await pf_ac.follows(lambda drawn: drawn.most_a >= enough_a, pf_limits.ac_up_s, "reaction up")
    await pf_ac.hold(pf_parameters.after_s)
    pf_ac.keeps_charging()


@usecase(
    "AC-07",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["published: fluctuating charging"],
    parameters={"parts_percent": "100, 40, 70, 0, 90, 10, 50, 0, 100, 30, 60, 0", "each_s": 60, "limit_s": 1_800},
)
async def test_fluctuating_charging(pf_ac, pf_parameters):
    """Fluctuating charging: offers between the least and all, never none, and the vehicle goes on"""
    await pf_ac.charging()
    for part in numbers(pf_parameters.parts_percent):
        offer_a = round(FLOOR_A + (pf_ac.full_a - FLOOR_A) * part / 100, 1)
        step(f"the station offers {offer_a:g} A")
        await pf_ac.offer(offer_a)
        await pf_ac.hold(pf_parameters.each_s)
        pf_ac.keeps_charging()
        pf_ac.stays_within_the_offer()


@usecase(
    "AC-08",
    sut="pair",
    protocol="iec61851",
    requires=AC,
    requirements=["field: aborts at large steps"],
    parameters={"rounds": 10, "each_s": 30, "limit_s": 1_200},
)
async def test_large_steps(pf_ac, pf_parameters):
    """Large step: from all to the least in one step, ten times, without an end"""
    await pf_ac.charging()
    for number in range(1, int(pf_parameters.rounds) + 1):
        step(f"step {number}")
        await pf_ac.full()
        await pf_ac.hold(pf_parameters.each_s)
        pf_ac.keeps_charging()
        await pf_ac.offer(FLOOR_A)
        await pf_ac.hold(pf_parameters.each_s)
        pf_ac.keeps_charging()
        pf_ac.stays_within_the_offer()


def _steps(text: str, full_a: float) -> list[tuple[float, float]]:
    """Pairs of offers that the station can make; at least one, from its own maximum."""
    pairs = [(float(high), float(low)) for high, low in (one.split() for one in text.split(","))]
    return [(high_a, low_a) for high_a, low_a in pairs if high_a <= full_a] or [(full_a, FLOOR_A)]
