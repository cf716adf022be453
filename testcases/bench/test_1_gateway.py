"""A gateway between two vehicle platforms: what crosses it, how fast, and what it makes of faults.

The gateway under test is described by its mapping table and both databases (lab config). All times are limits of the
lab or of the table; no public standard sets them for such gateways.
"""

import asyncio

from drivers.can.ports import Frame
from fixtures.gateway import expect_share, quantile
from harness.case import current_case, expect, step
from harness.usecase import usecase


@usecase("PF_GW_01", sut="gateway", protocol="can", requirements=["our default"])
async def test_every_mapped_signal_arrives_with_its_scale(pf_can_gateway, pf_limits):
    """Every mapped signal crosses at both ends, middle and zero of its range, to one step of the coarser side"""
    async with pf_can_gateway.traffic():
        for route in pf_can_gateway.routes:
            step(f"{route.source.message} on bus {route.source.bus} to {route.target.message} on {route.target.bus}")
            for signals in pf_can_gateway.corners(route):
                await pf_can_gateway.send(route, signals)
                wanted = pf_can_gateway.mapping.expected(route, signals)
                await pf_can_gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)


@usecase(
    "PF_GW_02",
    sut="gateway",
    protocol="can",
    requirements=["our default"],
    parameters={"power_w": 10_000, "current_a": 25},
)
async def test_charging_becomes_discharging_on_both_platforms(pf_can_gateway, pf_limits, pf_parameters):
    """The change from charging to discharging and back keeps its sign through every hop"""
    request = pf_can_gateway.route_to("PwrReq")
    report = pf_can_gateway.route_to("OutputCurrent")
    async with pf_can_gateway.traffic():
        for sign, word in ((1, "charging"), (-1, "discharging"), (1, "charging again")):
            step(f"{word}: the vehicle asks, the charging unit reports")
            asked = {"Enable": 1, "RequestedPower": sign * pf_parameters.power_w, "TargetVoltage": 400}
            await pf_can_gateway.send(request, asked)
            wanted = pf_can_gateway.mapping.expected(request, asked)
            await pf_can_gateway.arrives(request, wanted, pf_limits.gateway_timeout_s)
            said = {"State": 3 if sign > 0 else 4, "UOut": 400, "IOut": -sign * pf_parameters.current_a}
            await pf_can_gateway.send(report, said)
            wanted = pf_can_gateway.mapping.expected(report, said)
            await pf_can_gateway.arrives(report, wanted, pf_limits.gateway_timeout_s)


@usecase("PF_GW_03", sut="gateway", protocol="can", requirements=["our default"])
async def test_nothing_crosses_without_a_route(pf_bench, pf_can_gateway):
    """Messages without a route stay on their own platform"""
    began_s = pf_bench.clock.now_s()
    async with pf_can_gateway.traffic():
        step("a message of platform A's own, and one that no database knows, on every bus")
        await pf_can_gateway.driver.send("a", "VCU_Internal", {"DriverSeat": 7})
        for bus in pf_can_gateway.mapping.databases:
            for _ in range(5):
                await pf_can_gateway.driver.send_raw(bus, Frame(0x6F0, bytes(range(8))))
        await pf_bench.clock.sleep(1.0)
    leaked = sorted({f"{frame.id:#05x} on bus {bus}" for bus, frame in pf_can_gateway.foreign_frames(began_s)})
    expect(leaked, equals=[], of="gateway", named="messages without a route")


@usecase("PF_GW_04", sut="gateway", protocol="can", requirements=["our default"], parameters={"changes": 60})
async def test_a_change_crosses_in_time(pf_can_gateway, pf_limits, pf_parameters):
    """Latency of a changed signal, from our frame to the gateway's: median and 99th percentile"""
    route = pf_can_gateway.route_to("PwrReq")
    latencies = []
    async with pf_can_gateway.traffic():
        step(f"{pf_parameters.changes} changes of the requested power")
        for turn in range(int(pf_parameters.changes)):
            asked = {"Enable": 1, "RequestedPower": (turn % 20 + 1) * 500.0, "TargetVoltage": 400}
            latencies.append(await pf_can_gateway.latency_s(route, asked, pf_limits.gateway_timeout_s))
    expect(quantile(latencies, 0.5), at_most=pf_limits.gateway_latency_s, of="gateway", named="latency p50", unit="s")
    expect(quantile(latencies, 0.99), at_most=pf_limits.gateway_latency_s, of="gateway", named="latency p99", unit="s")


@usecase("PF_GW_05", sut="gateway", protocol="can", requirements=["AUTOSAR E2E profile 1"], parameters={"observe_s": 5})
async def test_what_it_sends_is_protected(pf_bench, pf_can_gateway, pf_parameters):
    """Every frame that it sends carries a right CRC and a running alive counter"""
    began_s = pf_bench.clock.now_s()
    async with pf_can_gateway.traffic():
        step(f"{pf_parameters.observe_s:g} s of traffic")
        await pf_bench.clock.sleep(pf_parameters.observe_s)
    for route in pf_can_gateway.routes:
        if route.e2e:
            checks = pf_can_gateway.protection(route, began_s)
            expect(len(checks), at_least=10, of="gateway", named=f"frames of {route.target.message}", unit="")
            wrong = sorted({check.value for check in checks if not check.fresh})
            expect(wrong, equals=[], of="gateway", named=f"faults in the protection of {route.target.message}")


@usecase("PF_GW_06", sut="gateway", protocol="can", requirements=["our default"])
async def test_a_lost_source_becomes_substitutes(pf_bench, pf_can_gateway, pf_limits):
    """A message that is lost turns into its substitute values in time, and back when it returns"""
    for route in pf_can_gateway.routes:
        async with pf_can_gateway.traffic():
            signals = pf_can_gateway.corners(route)[1]
            await pf_can_gateway.send(route, signals)
            wanted = pf_can_gateway.mapping.expected(route, signals)
            await pf_can_gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)
            step(f"{route.source.message} falls silent")
            await pf_can_gateway.silence(route)
            await pf_can_gateway.arrives(route, pf_can_gateway.substitutes(route), pf_limits.gateway_timeout_s)
            step("and comes back")
            await pf_can_gateway.send(route, signals)
            await pf_can_gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)


@usecase("PF_GW_07", sut="gateway", protocol="can", requirements=["AUTOSAR E2E profile 1"])
async def test_a_spoilt_source_is_not_believed(pf_can_gateway, pf_limits):
    """A wrong CRC, another data id and a counter that stands still lead to substitutes, never to old or false data"""
    route = pf_can_gateway.route_to("ILimDischarge")
    signals = {"MaxChargeCurrent": 80, "MaxDischargeCurrent": 60, "MaxVoltage": 440}
    wanted = pf_can_gateway.mapping.expected(route, signals)
    async with pf_can_gateway.traffic():
        for fault in ("crc", "wrong-id", "stuck-counter"):
            pf_can_gateway.spoil(route, None)
            await pf_can_gateway.send(route, signals)
            await pf_can_gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)
            step(f"{route.source.message} with a fault: {fault}")
            pf_can_gateway.spoil(route, fault)
            await pf_can_gateway.arrives(route, pf_can_gateway.substitutes(route), pf_limits.gateway_timeout_s)


@usecase("PF_GW_08", sut="gateway", protocol="can", requirements=["our default"])
async def test_short_frames_are_refused_and_survived(pf_bench, pf_can_gateway, pf_limits):
    """Frames of a wrong length are not passed on as zeros, and the gateway works on afterwards"""
    route = pf_can_gateway.route_to("UBatt")
    signals = {"ContactorState": 2, "SoC": 55, "PackVoltage": 400, "PackCurrent": -20}
    wanted = pf_can_gateway.mapping.expected(route, signals)
    async with pf_can_gateway.traffic():
        await pf_can_gateway.send(route, signals)
        await pf_can_gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)
        step("the frame comes one octet short")
        began_s = pf_bench.clock.now_s()
        pf_can_gateway.spoil(route, "short")
        await pf_bench.clock.sleep(route.timeout_s * 0.8)
        target = pf_can_gateway.mapping.message(route.target.bus, route.target.message)
        volts = {
            target.decode(heard.frame.data, decode_choices=False)["UBatt"]
            for heard in pf_can_gateway.heard(route, began_s)
        }
        expect(volts <= {wanted["UBatt"]}, equals=True, of="gateway", named="only believed values were passed on")
        await pf_can_gateway.arrives(route, pf_can_gateway.substitutes(route), pf_limits.gateway_timeout_s)
        step("and whole again")
        pf_can_gateway.spoil(route, None)
        await pf_can_gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)


@usecase(
    "PF_GW_09",
    sut="gateway",
    protocol="can",
    requirements=["our default"],
    parameters={"frames_per_s": 4_000, "load_s": 5},
)
async def test_nothing_is_lost_under_load(pf_bench, pf_can_gateway, pf_parameters):
    """A full bus loses no value of a mapped message: 4000 frames of 8 octets a second fill 500 kbit/s"""
    route = pf_can_gateway.route_to("UBatt")
    async with pf_can_gateway.traffic():
        await pf_can_gateway.settle()
        began_s = pf_bench.clock.now_s()
        step(f"{pf_parameters.frames_per_s:g} frames a second on bus {route.source.bus}, a new voltage in every frame")
        _, sent = await asyncio.gather(
            pf_can_gateway.floods(route.source.bus, pf_parameters.frames_per_s, pf_parameters.load_s),
            pf_can_gateway.counts_up(route, "PackVoltage", 1.0, pf_parameters.load_s - 0.5),
        )
        await pf_can_gateway.settle()
        seen = pf_can_gateway.seen(route, "UBatt", began_s)
    expect_share(sum(value in seen for value in sent), len(sent), at_least=95.0, named="values that crossed under load")


@usecase(
    "PF_GW_10", sut="gateway", protocol="can", requirements=["our default"], parameters={"asleep_s": 8, "wake_s": 1.0}
)
async def test_it_wakes_after_both_buses_were_silent(pf_bench, pf_can_gateway, pf_parameters):
    """From first traffic, and again after both buses slept, signals cross within the time to wake"""
    route = pf_can_gateway.route_to("UBatt")
    signals = {"ContactorState": 2, "SoC": 55, "PackVoltage": 400, "PackCurrent": -20}
    wanted = pf_can_gateway.mapping.expected(route, signals)
    for turn in ("first traffic", f"traffic after {pf_parameters.asleep_s:g} s of silence"):
        step(turn)
        async with pf_can_gateway.traffic():
            await pf_can_gateway.send(route, signals)
            await pf_can_gateway.arrives(route, wanted, pf_parameters.wake_s)
        await pf_bench.clock.sleep(pf_parameters.asleep_s)


@usecase(
    "PF_GW_11", sut="gateway", protocol="can", requirements=["our default"], parameters={"asleep_s": 8, "wake_s": 1.0}
)
async def test_either_platform_may_start_first(pf_bench, pf_can_gateway, pf_parameters):
    """After both buses slept either may be the first to speak: what it says crosses although the other is silent"""
    for bus in pf_can_gateway.mapping.databases:
        await pf_bench.clock.sleep(pf_parameters.asleep_s)
        step(f"bus {bus} speaks, and no other")
        routes = [route for route in pf_can_gateway.routes if route.source.bus == bus]
        for route in routes:
            signals = pf_can_gateway.corners(route)[1]
            await pf_can_gateway.send(route, signals)
            wanted = pf_can_gateway.mapping.expected(route, signals)
            await pf_can_gateway.arrives(route, wanted, pf_parameters.wake_s)
        for route in routes:
            await pf_can_gateway.silence(route)


@usecase(
    "PF_GW_12",
    sut="gateway",
    protocol="can",
    requires={"bus-shorts"},
    requirements=["our default"],
    parameters={"short_s": 1.5, "recovery_s": 1.0},
)
async def test_one_side_goes_bus_off_and_the_other_lives_on(pf_bench, pf_can_gateway, pf_limits, pf_parameters):
    """Bus-off on one side: the other gets substitutes and lives on; on return both work in time, without old values"""
    gateway, clock = pf_can_gateway, pf_bench.clock
    for bus in gateway.mapping.databases:
        into = [route for route in gateway.routes if route.target.bus == bus]
        out_of = [route for route in gateway.routes if route.source.bus == bus]
        async with gateway.traffic():
            before, after = ({route: gateway.corners(route)[turn] for route in gateway.routes} for turn in (1, 2))
            for route in gateway.routes:
                await gateway.send(route, before[route])
            for route in gateway.routes:
                wanted = gateway.mapping.expected(route, before[route])
                await gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)
            step(f"the two lines of bus {bus} are shorted")
            began_s = clock.now_s()
            async with gateway.shorted(bus):
                for route in out_of:
                    await gateway.arrives(route, gateway.substitutes(route), pf_limits.gateway_timeout_s)
                for route in into:
                    await gateway.send(route, after[route])
                await clock.sleep(pf_parameters.short_s)
            for route in out_of:
                if route.e2e:
                    wrong = sorted({check.value for check in gateway.protection(route, began_s) if not check.fresh})
                    expect(wrong, equals=[], of="gateway", named=f"faults of {route.target.message} meanwhile")
            step(f"bus {bus} is free again")
            free_s = clock.now_s()
            for route, sent in [(route, after) for route in into] + [(route, before) for route in out_of]:
                wanted = gateway.mapping.expected(route, sent[route])
                await gateway.arrives(route, wanted, pf_parameters.recovery_s)
            for route in into:
                strays = gateway.strays(route, gateway.mapping.expected(route, after[route]), free_s)
                expect(strays, equals=[], of="gateway", named=f"old values of {route.target.message} after the return")


@usecase("PF_GW_13", sut="gateway", protocol="can", requirements=["our default"], parameters={"observe_s": 5})
async def test_it_leaves_the_frames_of_others_alone(pf_bench, pf_can_gateway, pf_parameters):
    """In normal traffic no error frame appears on a bus whose interface tells of them"""
    telling = pf_can_gateway.telling
    with current_case().preamble():
        expect(len(telling), at_least=1, of="bench", named="buses whose interface tells of error frames", unit="")
    began_s = pf_bench.clock.now_s()
    async with pf_can_gateway.traffic():
        step(f"{pf_parameters.observe_s:g} s of traffic")
        await pf_bench.clock.sleep(pf_parameters.observe_s)
    for bus in telling:
        errors = pf_can_gateway.errors(bus, began_s)
        expect(len(errors), at_most=0, of="gateway", named=f"error frames on bus {bus}", unit="")


@usecase(
    "PF_GW_14",
    sut="gateway",
    protocol="can",
    requirements=["our default"],
    parameters={"observe_s": 6, "most_cycles": 1.5, "worst_cycles": 2.5},
)
async def test_what_it_sends_keeps_its_cycle(pf_bench, pf_can_gateway, pf_parameters):
    """Mean and 99th percentile of the time between its frames, in cycles of the database; our own jitter stands beside"""
    async with pf_can_gateway.traffic():
        await pf_can_gateway.settle()
        began_s = pf_bench.clock.now_s()
        step(f"{pf_parameters.observe_s:g} s of traffic")
        await pf_bench.clock.sleep(pf_parameters.observe_s)
        jitters = {route: pf_can_gateway.jitter_s(route, began_s) for route in pf_can_gateway.routes}
    for route, jitter in jitters.items():
        source, target, cycle_s = route.source.message, route.target.message, pf_can_gateway.cycle_s(route)
        expect(quantile(jitter, 0.95), at_most=cycle_s, of="bench", named=f"our jitter of {source}, p95", unit="s")
        spacings = [spacing_s / cycle_s for spacing_s in pf_can_gateway.spacings_s(route, began_s)]
        expect(len(spacings), at_least=10, of="gateway", named=f"frames of {target}", unit="")
        mean = sum(spacings) / len(spacings)
        expect(mean, at_most=pf_parameters.most_cycles, of="gateway", named=f"mean cycle of {target}", unit="cycles")
        worst = quantile(spacings, 0.99)
        expect(worst, at_most=pf_parameters.worst_cycles, of="gateway", named=f"cycle of {target}, p99", unit="cycles")
