"""The emulated charger and the emulated vehicle on one plant, in virtual time."""

from __future__ import annotations

from drivers.emulators.secc import Charger
from drivers.emulators.vehicle import ElectricVehicle, Mood
from harness.clock import Clock
from harness.plant.local import LocalPlant
from tests.iso15118.conftest import EPOCH_US


class Bench:
    """Charger, vehicle and plant; `plug()` puts the cable in."""

    def __init__(self, charger_defects=(), vehicle_defects=(), **options):
        self.clock = Clock(epoch_utc_us=EPOCH_US)
        self.local = LocalPlant(self.clock)
        self.pilot = self.local.port("pilot")
        self.events, self.moods = [], []
        self.charger = Charger(
            self.local.port("station"),
            self.clock,
            config=options.get("secc"),
            on_event=self.events.append,
            defects=charger_defects,
        )
        self.vehicle = ElectricVehicle(
            self.local.port("vehicle"),
            self.clock,
            self.connect,
            config=options.get("evcc"),
            car=options.get("car"),
            on_event=self.moods.append,
            defects=vehicle_defects,
        )

    async def connect(self):
        return self.charger.attach()

    async def __aenter__(self):
        await self.charger.start()
        await self.vehicle.start()
        return self

    async def __aexit__(self, *_):
        await self.vehicle.close()
        await self.charger.close()

    def plug(self, plugged=True):
        self.pilot.command(plugged=plugged)

    def whats(self):
        kinds = [str(event.what) for event in self.events]
        return [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]

    @property
    def power_w(self):
        state = self.local.state
        return state.station_voltage_v * state.station_current_a


def test_the_vehicle_charges_then_discharges_as_the_controller_says(virtually):
    async def story():
        async with Bench() as bench:
            bench.charger.target_power_w = 11_000.0
            bench.plug()
            await bench.clock.sleep(30.0)
            forth_w = bench.power_w
            bench.charger.target_power_w = -10_000.0
            await bench.clock.sleep(30.0)
            return bench, forth_w, bench.power_w, bench.vehicle.mood

    _, forth_w, back_w, mood = virtually(story())
    assert abs(forth_w - 11_000.0) < 50.0
    assert abs(back_w + 10_000.0) < 50.0
    assert mood is Mood.IN_SESSION


def test_a_pause_of_twenty_minutes_ends_with_the_same_session(virtually):
    async def story():
        async with Bench() as bench:
            bench.plug()
            await bench.clock.sleep(30.0)
            bench.charger.pause()
            await bench.clock.sleep(20 * 60.0)
            asleep = bench.vehicle.mood
            bench.charger.wake()
            await bench.clock.sleep(30.0)
            return bench, asleep

    bench, asleep = virtually(story())
    sessions = [event.data for event in bench.events if event.what == "session"]
    assert asleep is Mood.PAUSED
    assert [each["resumed"] for each in sessions] == [False, True]
    assert sessions[0]["session_id"] == sessions[1]["session_id"]
