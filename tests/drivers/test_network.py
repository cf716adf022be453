"""Bad links: each profile does what it says, the same seed does it again, and a mended link is a good one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.errors import ConfigError
from drivers.impairment import GOOD, Impairment, Profile, load_profiles, pick
from drivers.network.stream_relay import StreamRelay
from drivers.roles import NetworkLink
from drivers.wire import Connection
from harness.link import LinkClosed, TcpStream, memory_streams
from tests.drivers.rig import Rig, run

PROFILES = Path(__file__).parents[2] / "lab-configs/impairments.yaml"


def profile(**values: Any) -> Profile:
    return Profile(source="our default", **values)


def relay(rig: Rig, **options: Any) -> StreamRelay:
    return StreamRelay(Connection("network", rig.clock, options={"profiles": str(PROFILES), **options}))


def test_a_good_link_changes_nothing():
    assert Impairment(GOOD, 1).deliver(b"hello", 5.0) == [(5.0, b"hello")]


def test_delay_and_rate_add_up_and_pieces_stay_in_order():
    link = Impairment(profile(delay_s=0.1, jitter_s=0.2, rate_bit_s=8000), 1)
    arrivals = [at_s for n in range(50) for at_s, _ in link.deliver(bytes(100), n * 0.01)]
    assert arrivals == sorted(arrivals)
    assert arrivals[0] >= 0.1
    assert arrivals[-1] >= 5.0  # 5000 octets at 1000 octets a second


def test_loss_is_a_stall_and_as_frequent_as_it_says():
    link = Impairment(profile(loss_percent=10, retransmit_s=1.0), 3)
    stalled = sum(link.deliver(b"x", n * 100.0)[0][0] - n * 100.0 >= 1.0 for n in range(2000))
    assert 150 < stalled < 250


def test_the_same_seed_gives_the_same_course_and_another_does_not():
    def course(seed: int) -> list[Any]:
        link = Impairment(load_profiles(PROFILES)["lte-poor"], seed)
        return [link.deliver(bytes(2000), n * 0.5) for n in range(100)]

    assert course(1) == course(1)
    assert course(1) != course(2)


def test_an_outage_keeps_what_was_sent_until_its_end():
    link = Impairment(profile(outage_every_s=3600, outage_s=900), 1)
    assert link.deliver(b"a", 100.0)[0][0] == 100.0
    assert link.deliver(b"b", 2800.0)[0][0] == pytest.approx(3600.0)
    assert link.deliver(b"c", 3700.0)[0][0] == 3700.0


def test_corruption_changes_one_octet_and_half_open_swallows_all():
    sent = bytes(range(100))
    [(_, received)] = Impairment(profile(corrupt_percent=100), 1).deliver(sent, 0.0)
    assert sum(a != b for a, b in zip(sent, received, strict=True)) == 1
    assert Impairment(profile(half_open=True), 1).deliver(sent, 0.0) == []


def test_a_drip_comes_in_small_pieces():
    pieces = Impairment(profile(drip_octets=7, drip_s=0.01), 1).deliver(bytes(20), 0.0)
    assert [len(data) for _, data in pieces] == [7, 7, 6]
    assert pieces[-1][0] == pytest.approx(0.02)


def test_an_unknown_profile_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="plc-noisy"):
        pick(load_profiles(PROFILES), "plc-noise")


def test_a_link_held_by_the_harness_is_impaired_in_both_directions():
    async def body(rig: Rig) -> None:
        near, far = memory_streams()
        network = relay(rig)
        assert isinstance(network, NetworkLink)
        await network.open()
        end = network.through(far, "ocpp")
        await network.impair("satellite")
        await near.write(b"ping")
        assert await end.read() == b"ping"
        assert rig.clock.now_s() > 0.15
        await end.write(b"pong")
        await near.read()
        assert rig.clock.now_s() > 0.3
        await network.make_safe()
        begun_s = rig.clock.now_s()
        await near.write(b"again")
        assert await end.read() == b"again"
        assert rig.clock.now_s() - begun_s < 0.01
        await near.close()
        with pytest.raises(LinkClosed):
            await end.read()
        await network.close()

    run(False, body)


def test_a_partition_holds_everything_back_for_its_time():
    async def body(rig: Rig) -> None:
        near, far = memory_streams()
        network = relay(rig)
        end = network.through(far)
        await network.partition(900.0)
        await near.write(b"late")
        assert await end.read() == b"late"
        assert rig.clock.now_s() == pytest.approx(900.0, abs=0.1)
        await network.close()

    run(False, body)


def test_a_partition_holds_for_a_connection_that_is_made_in_it():
    async def body(rig: Rig) -> None:
        network = relay(rig)
        await network.partition(60.0, "ocpp")
        with pytest.raises(TimeoutError):
            await network.admit("ocpp")
        near, far = memory_streams()
        end = network.through(far, "ocpp")
        await near.write(b"late")
        assert await end.read() == b"late"
        assert rig.clock.now_s() == pytest.approx(60.0, abs=0.1)
        await network.admit("ocpp")
        await network.close()

    run(False, body)


def test_a_cut_ends_what_is_connected_and_lets_nothing_in_for_its_time():
    async def body(rig: Rig) -> None:
        near, far = memory_streams()
        network = relay(rig)
        end = network.through(far, "ocpp")
        await network.cut("ocpp", 10.0)
        with pytest.raises(LinkClosed):
            await end.read()
        with pytest.raises(LinkClosed):
            await near.read()
        with pytest.raises(ConnectionRefusedError):
            await network.admit("ocpp")
        await rig.clock.sleep(10.0)
        await network.admit("ocpp")
        await network.close()

    run(False, body)


def test_real_sockets_go_through_it_and_a_dead_target_ends_the_connection():
    async def body(rig: Rig) -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(100):
                writer.write(data)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        network = relay(rig, routes={"ocpp": f"127.0.0.1:{port}"})
        await network.open()
        host, _, mine = network.addresses["ocpp"].rpartition(":")
        await network.impair("lte-good")
        stream = TcpStream(*await asyncio.open_connection(host, int(mine)))
        begun_s = rig.clock.now_s()
        await stream.write(b"hello")
        assert await stream.read() == b"hello"
        assert 0.03 < rig.clock.now_s() - begun_s < 2.0
        server.close()
        await network.close()
        with pytest.raises(LinkClosed):
            await stream.read()
        await stream.close()

    run(True, body)
