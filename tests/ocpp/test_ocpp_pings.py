"""Websocket pings: as WebSocketPingInterval wants them, answered, recorded, and missed; in memory, on wires, through a proxy."""

from __future__ import annotations

import asyncio

import pytest
from table_top import Bench

from drivers.emulators.station import EmulatedStation, over_websocket
from harness.clock import Clock
from harness.link import memory_channels
from harness.ocpp.charge_point_16 import ChargePoint16
from harness.ocpp.charging_station import StationSettings
from harness.ocpp.csms import Csms
from harness.ocpp.proxy import Proxy
from harness.ocpp.pulse import Pulse, one_interval_s
from harness.ocpp.shell import Backoff
from harness.plant.local import LocalPlant
from harness.transcript.ocpp import OcppRecorder
from harness.transcript.recorder import Recorder

INTERVAL = ("OCPPCommCtrlr", "WebSocketPingInterval")


def gaps(station):
    moments = [at_s for at_s, _ in station.pings]
    return [round(later - earlier, 1) for earlier, later in zip(moments[:-1], moments[1:], strict=True)]


def kinds(events):
    return [
        (event.kind, event.source, event.data["hex"]) for event in events if event.kind in ("ocpp.ping", "ocpp.pong")
    ]


def test_a_pulse_beats_in_its_interval_and_none_means_never():
    interval_s = 10.0
    pulse = Pulse(lambda: interval_s, lambda: 4.0, 0.0)
    assert (pulse.deadline_s(), pulse.tick(9.9)) == (10.0, None)
    assert pulse.tick(10.0) == b"1"
    interval_s = 3.0
    assert pulse.tick(13.0) == b"2"
    interval_s = 0.0
    assert pulse.tick(99.0) is None


def test_a_pong_answers_all_pings_before_its_own():
    pulse = Pulse(lambda: 4.0, lambda: 4.0, 0.0)
    for at_s in (4.0, 8.0, 12.0):
        pulse.tick(at_s)
    pulse.heard(b"not one of these")
    assert pulse.gone(8.0) and not pulse.gone(7.9)
    pulse.heard(b"2")
    assert pulse.gone(16.0) and not pulse.gone(15.9)
    pulse.heard(b"3")
    assert not pulse.gone(1e6)


@pytest.mark.parametrize(("interval_s", "patience_s"), [(0.5, 2.0), (7.0, 7.0), (300.0, 20.0)])
def test_a_pong_is_waited_for_an_interval_within_bounds(interval_s, patience_s):
    assert one_interval_s(interval_s) == patience_s


def test_the_station_pings_as_its_device_model_says_from_the_moment_it_is_written(virtual):
    async def story():
        async with Bench() as bench:
            await bench.clock.sleep(50)
            assert gaps(bench.station) == [20.0]
            assert (await bench.station.set_variable(*INTERVAL, "5"))["attributeStatus"] == "Accepted"
            bench.station.pings.clear()
            await bench.clock.sleep(21)
            assert gaps(bench.station)[-3:] == [5.0, 5.0, 5.0]
            assert (await bench.station.set_variable(*INTERVAL, "-1"))["attributeStatus"] == "Rejected"
            await bench.station.set_variable(*INTERVAL, "0")
            bench.station.pings.clear()
            await bench.clock.sleep(100)
            assert not bench.station.pings

    virtual(story)


def test_pings_and_pongs_are_in_the_transcript_with_both_clocks(virtual):
    async def story():
        async with Bench() as bench:
            await bench.clock.sleep(21)
            assert kinds(bench.recorder.events) == [("ocpp.ping", "charger", "31"), ("ocpp.pong", "csms", "31")]
            ping = next(event for event in bench.recorder.events if event.kind == "ocpp.ping")
            assert ping.at_s == pytest.approx(20.0, abs=0.1)
            assert ping.utc_us == pytest.approx(bench.clock.epoch_utc_us + 1e6 * ping.at_s, abs=1)

    virtual(story)


@pytest.mark.parametrize("pong", [lambda _: None, lambda _: b"another"], ids=["silence", "a pong of nobody"])
def test_a_csms_without_pongs_is_left_and_reconnected_to(virtual, pong):
    async def story():
        async with Bench() as bench:
            await bench.station.set_variable(*INTERVAL, "5")
            bench.station.pong = pong
            await bench.clock.sleep(11)
            assert not bench.station.online
            bench.station.pong = bytes
            await bench.station.connected(30)
            await bench.clock.sleep(60)
            assert [event.data["what"] for event in bench.recorder.events if event.kind == "ocpp.link"] == [
                "connected", "closed", "connected",
            ]  # fmt: skip

    virtual(story)


async def test_a_ping_in_memory_is_not_answered_where_nobody_wants_that():
    near, far = memory_channels()
    heard = []
    near.on_control = lambda control, received: heard.append((control.what, control.payload, received))
    far.pong = lambda _: None
    await near.ping(b"x")
    await far.send("a text")
    reading = asyncio.ensure_future(far.receive())
    await near.send("another")
    assert await near.receive() == "a text"
    assert await reading == "another"
    assert heard == [("ping", b"x", False)]


def test_the_older_station_has_the_same_key():
    point = ChargePoint16(None)
    assert point.ping_interval_s() == 20.0
    change = point._change_configuration
    assert change({"key": "WebSocketPingInterval", "value": "7"}, 0.0) == {"status": "Accepted"}
    assert point.ping_interval_s() == 7.0
    assert change({"key": "WebSocketPingInterval", "value": "-7"}, 0.0) == {"status": "Rejected"}


class OnWires:
    """A CSMS, a proxy if there is to be one, and a station that pings each half second."""

    def __init__(self, *, between=False):
        self.between = between

    async def __aenter__(self):
        clock = self.clock = Clock()
        self.near, self.far = Recorder(clock), Recorder(clock)
        self.csms = Csms(clock, OcppRecorder(self.far.record))
        url = await self.csms.listen()
        self.proxy = None
        if self.between:
            self.proxy = Proxy(clock, url, towards_station=OcppRecorder(self.near.record))
            url = await self.proxy.listen()
        settings = StationSettings("CS-1")
        self.emulated = EmulatedStation(
            LocalPlant(clock).port("station"), clock, over_websocket(url, "CS-1"), settings=settings,
            backoff=Backoff(0.05),
        )  # fmt: skip
        self.emulated.core.pong_patience_s = lambda: 0.3
        self.emulated.core.ping_interval_s = lambda: 0.2
        self.emulated.start()
        self.station = await self.csms.station("CS-1", within_s=5)
        return self

    async def __aexit__(self, *_):
        await self.emulated.stop()
        if self.proxy:
            await self.proxy.close()
        await self.csms.close()

    async def until(self, reached):
        async with asyncio.timeout(10):
            while not reached():
                await asyncio.sleep(0.02)


async def test_pings_on_a_wire_are_answered_and_recorded_until_the_csms_falls_silent():
    async with OnWires() as wires:
        await wires.until(lambda: len(wires.station.pings) >= 2)
        assert kinds(wires.far.events)[:3] == [
            ("ocpp.ping", "charger", "31"), ("ocpp.pong", "csms", "31"), ("ocpp.ping", "charger", "32"),
        ]  # fmt: skip
        wires.station.pong = lambda _: None
        links = [event for event in wires.far.events if event.kind == "ocpp.link"]
        assert len(links) == 1
        await wires.until(lambda: len([event for event in wires.far.events if event.kind == "ocpp.link"]) >= 3)
        wires.station.pong = bytes
        await wires.station.connected(5)


async def test_through_the_proxy_pings_go_from_point_to_point():
    async with OnWires(between=True) as wires:
        wires.proxy.ping_interval_s = 0.0
        await wires.until(lambda: len(kinds(wires.near.events)) >= 4)
        assert {source for kind, source, _ in kinds(wires.near.events) if kind == "ocpp.pong"} == {"csms"}
        assert not wires.station.pings, "the CSMS beyond the proxy is not pinged by the station"


async def test_the_proxy_leaves_a_csms_without_pongs_and_lets_the_station_go():
    async with OnWires(between=True) as wires:
        wires.station.pong = lambda _: None
        wires.proxy.ping_interval_s = 0.1
        wires.proxy._wakes["CS-1"].set()
        await wires.until(lambda: any(event.data.get("what") == "closed" for event in wires.near.events))
