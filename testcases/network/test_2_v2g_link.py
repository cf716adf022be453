"""The link between vehicle and charger drips, spoils octets, or goes dead in the middle of a charge loop."""

from __future__ import annotations

import asyncio

from harness.case import current_case, expect, step
from harness.iso15118.errors import RemoteProtocolError
from harness.usecase import usecase

DC = {"iso15118-20", "dc_bpt", "dynamic"}


@usecase(
    "PF_NET_11",
    sut="charger",
    protocol="iso15118-20",
    requires=DC,
    requirements=["our default"],
    uses_rules=["iso15118-20"],
    parameters={"loops": 20},
)
async def test_a_dripping_link_carries_a_session(pf_network, pf_evcc, pf_parameters):
    """Octets come in small pieces, some milliseconds apart: messages are put together, and the session works"""
    step("from now on the V2G link hands on 7 octets at a time")
    await pf_network.impair("slow-drip", "v2g")

    step("our vehicle opens a session and charges")
    try:
        ev = await pf_evcc.session()
        await ev.charge_loop(count=int(pf_parameters.loops))
        await ev.stop()
    except RemoteProtocolError as problem:
        expect(str(problem), equals="a whole session", of="charger", named="over a dripping link we got")
    expect(str(ev.last_response.response_code), equals="OK", of="charger", named="SessionStopRes")


@usecase(
    "PF_NET_12",
    sut="charger",
    protocol="iso15118-20",
    requires=DC,
    requirements=["our default"],
    parameters={"spoilt_s": 60},
)
async def test_spoilt_octets_do_not_cost_the_next_session(pf_bench, pf_network, pf_evcc, pf_parameters, pf_liveness):
    """Octets are changed on their way, session after session: however those end, the next clean one works"""
    step(f"octets of both directions are spoilt for {pf_parameters.spoilt_s:g} s")
    await pf_network.impair("corrupting", "v2g")
    clock = pf_bench.clock
    until_s = clock.now_s() + pf_parameters.spoilt_s
    while clock.now_s() < until_s:
        try:
            ev = await pf_evcc.session()
            while clock.now_s() < until_s:
                await ev.charge_loop(count=1)
        except RemoteProtocolError as ended:
            step(f"a session ends: {ended}")
        await pf_evcc.replug()
    await pf_network.impair("none", "v2g")
    await pf_liveness()


@usecase(
    "PF_NET_13",
    sut="charger",
    protocol="iso15118-20",
    requires=DC | {"ocpp2.1"},
    requirements=["V2G20-1502"],
    parameters={"charge_w": 6_000, "off_s": 5.0},
)
async def test_a_dead_link_ends_the_power(
    pf_bench, pf_network, pf_evcc, pf_station, pf_power, pf_limits, pf_parameters, pf_liveness
):
    """The V2G link goes dead under power: the charger takes the power off by itself, and the next session works"""
    ev = await pf_evcc.charging()
    current_case().in_preamble = True
    await asyncio.gather(pf_station.update_setpoint(pf_parameters.charge_w), ev.charge_loop(count=20))
    reading = await charged(ev, pf_power, pf_parameters.charge_w / 2)
    expect(reading.active_w, at_least=pf_parameters.charge_w / 2, of="charger", named="power before")
    current_case().in_preamble = False

    step("the link goes dead in both directions, with no close")
    await pf_network.impair("half-open", "v2g")
    reading = await pf_power.below(pf_limits.unplug_w, within_s=pf_parameters.off_s)
    expect(
        abs(reading.active_w),
        at_most=pf_limits.unplug_w,
        of="charger",
        named=f"power {pf_parameters.off_s:g} s after the link went dead",
    )
    await pf_network.impair("none", "v2g")
    await pf_liveness()


async def charged(ev, power, at_least_w):
    """Loop on until that power flows, at most a hundred times; the last reading."""
    for _ in range(100):
        await ev.charge_loop(count=1)
        reading = await power.now()
        if reading.active_w >= at_least_w:
            break
    return reading
