"""The emulated charger and the emulated vehicle on one plant, in virtual time."""

from __future__ import annotations

import pytest

from drivers.emulators.car import AC_LIMITS, MobilityNeed
from drivers.emulators.secc import Charger
from drivers.emulators.vehicle import ElectricVehicle, Mood
from harness.clock import Clock
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.messages.common import ContractCertificateChain, PnCAReqAuthorizationMode, SubCertificates
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import Control, EnergyOffer, Service
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

    def last_loop(self):
        return [event.data for event in self.events if event.what == "loop"][-1]

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


def test_a_station_that_asks_for_the_end_before_power_flows_gets_it_whatever_it_asks_for_afterwards(virtually):
    async def story():
        async with Bench() as bench:
            bench.plug()
            while "limits" not in bench.whats():
                await bench.clock.sleep(0.05)
            bench.charger.terminate()
            bench.charger.confirm_metering()
            await bench.clock.sleep(15.0)
            return bench.whats()

    whats = virtually(story())
    assert whats[-1] == "stopped"


def test_the_cable_pulled_under_load_ends_everything_and_the_next_session_works(virtually):
    async def story():
        async with Bench() as bench:
            bench.charger.target_power_w = -8_000.0
            bench.plug()
            await bench.clock.sleep(20.0)
            before_w = bench.power_w
            bench.plug(False)
            await bench.clock.sleep(0.5)
            after_w, state = bench.power_w, bench.local.state
            await bench.clock.sleep(2.0)
            bench.plug()
            await bench.clock.sleep(20.0)
            return before_w, after_w, state, bench

    before_w, after_w, state, bench = virtually(story())
    assert before_w < -7_900.0
    assert after_w == 0.0
    assert not state.station_contactor_closed
    assert not state.vehicle_contactor_closed
    assert abs(bench.last_loop()["power_w"] + 8_000.0) < 50.0
    assert [event.data["resumed"] for event in bench.events if event.what == "session"] == [False, False]


def test_the_vehicle_pauses_by_itself_and_wakes_the_station_with_a_toggle(virtually):
    async def story():
        async with Bench() as bench:
            bench.plug()
            await bench.clock.sleep(15.0)
            bench.vehicle.pause()
            await bench.clock.sleep(600.0)
            asleep = bench.local.state.pilot_duty_percent
            await bench.vehicle.wake_station()
            await bench.clock.sleep(15.0)
            return asleep, bench

    asleep, bench = virtually(story())
    assert asleep is None
    assert [event.data["resumed"] for event in bench.events if event.what == "session"] == [False, True]
    assert abs(bench.last_loop()["power_w"] - 22_000.0) < 200.0


@pytest.mark.parametrize(
    ("charger", "vehicle"), [(["never-wakes-after-pause"], []), ([], ["vehicle-never-resumes-after-pause"])]
)
def test_a_side_that_never_wakes_leaves_the_session_paused(virtually, charger, vehicle):
    async def story():
        async with Bench(charger, vehicle) as bench:
            bench.plug()
            await bench.clock.sleep(15.0)
            bench.charger.pause(0)
            await bench.clock.sleep(60.0)
            bench.charger.wake()
            await bench.clock.sleep(120.0)
            return bench

    bench = virtually(story())
    assert bench.vehicle.mood is Mood.PAUSED
    assert bench.whats()[-1] == "paused"


def test_a_charger_that_forgets_paused_sessions_opens_a_new_one(virtually):
    async def story():
        async with Bench(["never-resumes-after-pause"]) as bench:
            bench.plug()
            await bench.clock.sleep(15.0)
            bench.charger.pause(0)
            await bench.clock.sleep(30.0)
            bench.charger.wake()
            await bench.clock.sleep(20.0)
            return bench

    sessions = [event.data for event in virtually(story()).events if event.what == "session"]
    assert [each["resumed"] for each in sessions] == [False, False]
    assert sessions[0]["session_id"] != sessions[1]["session_id"]


def test_a_charger_that_ignores_the_sign_charges_when_told_to_discharge(virtually):
    async def story():
        async with Bench(["ignores-setpoint-sign"]) as bench:
            bench.charger.target_power_w = -8_000.0
            bench.plug()
            await bench.clock.sleep(20.0)
            return bench.power_w

    assert abs(virtually(story()) - 8_000.0) < 50.0


def test_a_vehicle_that_refuses_to_discharge_is_idled(virtually):
    async def story():
        async with Bench((), ["refuses-to-discharge"]) as bench:
            bench.charger.target_power_w = -8_000.0
            bench.plug()
            await bench.clock.sleep(20.0)
            return bench.power_w, bench.vehicle.mood

    power_w, mood = virtually(story())
    assert power_w == 0.0
    assert mood is Mood.IN_SESSION


def test_contactors_close_at_matched_voltages_and_skipping_pre_charge_shows(virtually):
    async def story(*defects):
        async with Bench((), defects) as bench:
            bench.plug()
            await bench.clock.sleep(15.0)
            return bench.local.state.closing_difference_v

    assert virtually(story()) < 20.0
    assert virtually(story("skips-pre-charge")) > 20.0


def test_charging_tapers_and_never_trips_the_battery(virtually):
    async def story():
        bench = Bench()
        bench.local.plant.charge_to(0.97)
        async with bench:
            bench.plug()
            await bench.clock.sleep(1_200.0)
            return bench.local.state, bench.vehicle.mood

    state, mood = virtually(story())
    assert state.battery_trip == ""
    assert state.soc > 0.99
    assert abs(state.station_current_a) < 20.0
    assert mood is Mood.IN_SESSION


@pytest.mark.parametrize("service", [Service.AC_BPT, Service.AC])
def test_an_on_board_charger_follows_the_stations_target(virtually, service):
    async def story():
        offers = {service: (EnergyOffer(1, connector=3), EnergyOffer(2, Control.SCHEDULED, connector=3))}
        bench = Bench(secc=SeccConfig(offers=offers), evcc=EvccConfig(services=(service,)))
        bench.vehicle.car.most = AC_LIMITS
        bench.charger.target_power_w = 9_000.0
        async with bench:
            bench.plug()
            await bench.clock.sleep(20.0)
            forth_w = bench.local.state.grid_power_w
            bench.charger.target_power_w = -5_000.0
            await bench.clock.sleep(5.0)
            return forth_w, bench.local.state.grid_power_w

    forth_w, back_w = virtually(story())
    assert abs(forth_w - 9_000.0) < 200.0
    assert abs(back_w - (-5_000.0 if service.bidirectional else 0.0)) < 200.0


@pytest.mark.parametrize("defect", ["dies-on-a-malformed-certificate", "dies-without-service-filter"])
def test_a_charger_that_has_crashed_serves_nobody_any_more(virtually, defect):
    def rubbish(ev, right):
        return right if defect != "dies-on-a-malformed-certificate" else with_rubbish(ev)

    def with_rubbish(ev):
        chain = ContractCertificateChain(
            certificate=b"rubbish", sub_certificates=SubCertificates(certificate=(b"rubbish",))
        )
        mode = PnCAReqAuthorizationMode(id="id1", gen_challenge=bytes(16), contract_certificate_chain=chain)
        return ev.draft("AuthorizationReq", selected_authorization_service="PnC", authorization_mode=mode)

    async def story():
        bench = Bench([defect], secc=SeccConfig(pnc=True))
        bench.vehicle.before_session.append(lambda ev: ev.twists.update(AuthorizationReq=rubbish))
        async with bench:
            bench.plug()
            await bench.clock.sleep(20.0)
            first = len(bench.events)
            bench.plug(False)
            await bench.clock.sleep(5.0)
            bench.vehicle.before_session.pop()
            bench.plug()
            await bench.clock.sleep(20.0)
            return bench, first

    bench, first = virtually(story())
    assert bench.charger.dead
    assert len(bench.events) == first


def test_a_vehicle_that_is_slow_to_close_does_not_keep_the_next_one_out(virtually):
    async def story():
        async with Bench() as bench:
            slow, quick = (
                Evcc(
                    bench.charger.attach(),
                    EvccSession(EvccConfig(), bench.vehicle.car, epoch_utc_us=EPOCH_US),
                    bench.clock,
                )
                for _ in range(2)
            )
            await slow.advance_to("ServiceDiscovery")
            await slow.exchange(slow.draft("SessionSetupReq"))
            third = Evcc(
                bench.charger.attach(),
                EvccSession(EvccConfig(), bench.vehicle.car, epoch_utc_us=EPOCH_US),
                bench.clock,
            )
            await third.advance_to("ServiceDiscovery")
            return await quick.link.closed(0.5), slow.link.closed_at_s is not None or await slow.link.closed(0.5)

    assert virtually(story()) == (True, True)


def test_a_driver_who_leaves_ends_the_session_in_order(virtually):
    async def story():
        async with Bench() as bench:
            bench.vehicle.car.need = MobilityNeed(target_soc=0.9, departure_s=60.0)
            await bench.clock.sleep(1_000.0)
            bench.plug()
            await bench.clock.sleep(80.0)
            return bench, bench.vehicle.mood

    bench, mood = virtually(story())
    needs = next(event.data for event in bench.events if event.what == "needs")
    assert 50 <= needs["departure_s"] <= 60
    assert needs["target_soc_percent"] == 90
    assert bench.whats()[-1] == "stopped"
    assert mood is Mood.WAITING
