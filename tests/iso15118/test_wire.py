"""Discovery and whole sessions over real sockets on ::1, and over multicast in a network namespace where allowed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys

import pytest

from drivers.emulators.secc import Charger
from drivers.emulators.vehicle import ElectricVehicle, Mood, wire
from harness.clock import Clock
from harness.iso15118 import net, sdp
from harness.iso15118.errors import NoAnswer
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealVehicle
from harness.iso15118.observer import Notes
from harness.plant.local import LocalPlant


def on_the_wire(story):
    return asyncio.run(story)


@contextlib.asynccontextmanager
async def charger_on_loopback(notes=None):
    clock = Clock()
    plant = LocalPlant(clock)
    plant.port("pilot").command(plugged=True)
    plant.port("vehicle").command(pilot_state="C")
    charger = Charger(plant.port("station"), clock, observer=notes)
    await charger.start()
    endpoint, sdp_port = await charger.listen(sdp_port=0)
    try:
        yield charger, endpoint, sdp_port, clock, plant
    finally:
        await charger.close()


def test_a_vehicle_finds_the_charger_and_charges_over_tcp():
    async def story():
        notes = Notes()
        async with charger_on_loopback(notes) as (charger, _, sdp_port, clock, plant):
            vehicle = ElectricVehicle(plant.port("vehicle"), clock, wire(clock, sdp_port=sdp_port))
            await vehicle.start()
            for _ in range(100):
                await asyncio.sleep(0.1)
                if charger.current and charger.current.session.state == "charge loop":
                    break
            mood = vehicle.mood
            vehicle.end_session()
            for _ in range(50):
                await asyncio.sleep(0.1)
                if vehicle.mood is Mood.DONE:
                    break
            await vehicle.close()
            return notes, mood, vehicle.mood

    notes, mood, end = on_the_wire(story())
    assert mood is Mood.IN_SESSION
    assert end is Mood.DONE
    assert len(notes.datagrams) == 2
    assert notes.frames[0][2].hex().startswith("01fe8001")


def test_a_charger_that_nobody_runs_is_not_found_and_the_text_says_how_often_it_was_asked():
    async def story():
        clock = Clock()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
            taken.bind(("::1", 0))
            await net.discover(clock, port=taken.getsockname()[1], attempts=2)

    with pytest.raises(NoAnswer, match="2 attempts"):
        on_the_wire(story())


def test_a_plain_answer_to_a_vehicle_that_asked_for_tls_is_not_used():
    async def story():
        async with charger_on_loopback() as (_, _, sdp_port, clock, _):
            await net.discover(clock, port=sdp_port, security=sdp.Security.TLS, attempts=2)

    with pytest.raises(NoAnswer, match="TLS was asked for"):
        on_the_wire(story())


def test_ten_connections_at_once_leave_the_first_one_alone():
    async def story():
        notes = Notes()
        async with charger_on_loopback(notes) as (charger, endpoint, _, clock, _):
            first = await net.connect(endpoint, clock)
            ev = Evcc(first, EvccSession(EvccConfig(), IdealVehicle(), epoch_utc_us=clock.epoch_utc_us), clock)
            await ev.advance_to("ServiceDiscovery")
            others = [await net.connect(endpoint, clock) for _ in range(10)]
            for other in others:
                with contextlib.suppress(ConnectionError):
                    await asyncio.wait_for(other.read(), 2.0)
            await ev.advance_to("ScheduleExchange")
            await ev.stop()
            return notes, charger

    notes, _ = on_the_wire(story())
    assert sum(what == "refused" for what, _ in notes.links) == 10


IN_A_PRIVATE_NETWORK = """
import asyncio, sys
from harness.private_network import NoPrivateNetwork, enter_private_network
try:
    network = enter_private_network()
except NoPrivateNetwork as refused:
    sys.exit(f"skip: {refused}")
from drivers.emulators.secc import Charger
from harness.clock import Clock
from harness.iso15118 import net
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealVehicle
from harness.plant.local import LocalPlant

async def main():
    clock = Clock()
    charger = Charger(LocalPlant(clock).port("station"), clock)
    await charger.listen(interface=network.station)
    found = await net.discover(clock, interface=network.to_station)
    stream = await net.connect(found, clock)
    ev = Evcc(stream, EvccSession(EvccConfig(), IdealVehicle(), epoch_utc_us=clock.epoch_utc_us), clock)
    await ev.advance_to("DC_CableCheck")
    await ev.stop()
    await charger.close()
    print(found.host, ev.session.state)

asyncio.run(main())
"""


def test_multicast_discovery_finds_a_link_local_address_with_its_scope():
    ran = subprocess.run([sys.executable, "-c", IN_A_PRIVATE_NETWORK], capture_output=True, text=True, timeout=60)
    if "skip:" in ran.stderr:
        pytest.skip(ran.stderr.strip())
    assert ran.returncode == 0, ran.stderr
    host, state = ran.stdout.split()
    assert host.startswith("fe80::")
    assert host.endswith("%evse1")
    assert state == "terminated"
