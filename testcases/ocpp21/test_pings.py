"""Pings of the websocket (OCPP 2.x part 4; RFC 6455, 5.5.2 and 5.5.3), both sides."""

from __future__ import annotations

from harness.case import current_case, expect, step
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, reach

RULES = ["ocpp2.1"]
NEEDS = {"ocpp2.1"}
INTERVAL = ("OCPPCommCtrlr", "WebSocketPingInterval")
SLACK_S = 1.0
"""How far a ping may be from its moment (our default)."""
PONG_S = 5.0
"""How long a pong may take (our default)."""
PAYLOADS = (b"", b"plugfest", bytes(range(125)))
"""None, some, and the most that a ping may carry (RFC 6455, 5.5)."""


async def pings_every(station, interval_s):
    """The station's answer to a new interval."""
    step(f"the station is to ping every {interval_s} s" if interval_s else "the station is to send no pings")
    return (await station.set_variable(*INTERVAL, str(interval_s)))["attributeStatus"]


async def told_to_ping(station, interval_s):
    expect(await pings_every(station, interval_s), equals="Accepted", of="station", named="writing the interval")
    station.pings.clear()


async def in_the_interval(station, every_s):
    """From now on pings come in this interval."""
    station.pings.clear()
    await station.clock.sleep(3 * every_s + SLACK_S)
    moments = [at_s for at_s, _ in station.pings]
    expect(len(moments), at_least=3, at_most=4, of="station", named="pings in three intervals", unit="")
    for earlier, later in zip(moments[:-1], moments[1:], strict=True):
        expect(later - earlier, at_least=every_s - SLACK_S, at_most=every_s + SLACK_S, of="station",
               named="between two pings", unit="s")  # fmt: skip


@usecase("PF_P4_10_CS", sut="charger", protocol="ocpp2.1", requires=NEEDS, requirements=["part 4"], uses_rules=RULES,
         parameters={"ping_s": 3})  # fmt: skip
async def test_the_station_pings_in_its_interval(pf_ground, pf_station, pf_parameters):
    """A new WebSocketPingInterval counts at once: pings come in it; a negative one is rejected"""
    await reach(Booted, pf_ground)
    expect(await pings_every(pf_station, -1), equals="Rejected", of="station", named="writing a negative interval")
    every_s = pf_parameters.ping_s
    await told_to_ping(pf_station, every_s)
    await in_the_interval(pf_station, every_s)


@usecase("PF_P4_11_CS", sut="charger", protocol="ocpp2.1", requires=NEEDS, requirements=["part 4"], uses_rules=RULES,
         parameters={"unpinged_s": 60})  # fmt: skip
async def test_an_interval_of_zero_means_no_pings(pf_ground, pf_station, pf_parameters):
    """With a WebSocketPingInterval of 0 the station sends no ping, and keeps its link"""
    await reach(Booted, pf_ground)
    await told_to_ping(pf_station, 0)
    await pf_ground.bench.clock.sleep(pf_parameters.unpinged_s)
    expect(len(pf_station.pings), equals=0, of="station", named="pings with an interval of 0")
    expect(pf_station.online, equals=True, of="station", named="still connected")


@usecase("PF_P4_12_CS", sut="charger", protocol="ocpp2.1", requires=NEEDS, requirements=["part 4"], uses_rules=RULES,
         parameters={"ping_s": 3})  # fmt: skip
async def test_a_csms_without_pongs(pf_ground, pf_station, pf_limits, pf_parameters):
    """Its pings are not answered: a station that leaves comes back and pings again; one that stays is warned of"""
    await reach(Booted, pf_ground)
    clock, every_s = pf_ground.bench.clock, pf_parameters.ping_s
    await told_to_ping(pf_station, every_s)
    step("the CSMS answers no ping")
    pf_station.pong = lambda _: None
    end_s = clock.now_s() + 6 * every_s
    while pf_station.online and clock.now_s() < end_s:
        await clock.sleep(0.2)
    step("the station has stayed" if pf_station.online else "the station has left; pings are answered again")
    pf_station.pong = bytes
    await pf_station.connected(pf_limits.session_s)
    pf_station.pings.clear()
    await clock.sleep(every_s + SLACK_S)
    expect(len(pf_station.pings), at_least=1, of="station", named="pings afterwards", unit="")


@usecase("PF_P4_10_CSMS", sut="csms", protocol="ocpp2.1", requires=NEEDS, requirements=["part 4"], uses_rules=RULES)
async def test_the_csms_answers_pings(pf_test_station):
    """Each ping of a station is answered with a pong of the same payload"""
    station = pf_test_station
    await station.boot()
    for payload in PAYLOADS:
        step(f"a ping with {len(payload)} octets")
        await station.ping(payload)
        await station.until(
            lambda payload=payload: payload in pongs(), "the CSMS gave no pong of the same payload", PONG_S
        )


def pongs():
    return [
        bytes.fromhex(event.data["hex"])
        for event in current_case().recorder.events
        if event.kind == "ocpp.pong" and event.source == "csms"
    ]
