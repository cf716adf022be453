"""The emulated charger and vehicle in ISO 15118-2 on one plant: power moves, and is gone on every way out."""

from __future__ import annotations

import pytest

from drivers.emulators.configured import evcc_config, secc_config
from drivers.emulators.iso2_needs import of_iso2
from drivers.emulators.vehicle import Mood
from tests.iso15118.test_emulators import Bench

BOTH = {"protocols": ["iso15118-20", "iso15118-2"]}
OLDER = {"protocols": ["iso15118-2"]}


def bench_of(charger=BOTH, vehicle=OLDER):
    return Bench(secc=secc_config(charger, None), evcc=evcc_config(vehicle, None))


def test_direct_current_flows_as_the_controller_allows_and_never_back(virtually):
    async def story():
        async with bench_of() as bench:
            powers_w = []
            bench.plug()
            for target_w in (9_000.0, 4_000.0, -5_000.0):
                bench.charger.target_power_w = target_w
                await bench.clock.sleep(30.0)
                powers_w.append(bench.power_w)
            return powers_w

    assert virtually(story()) == [
        pytest.approx(9_000, abs=100),
        pytest.approx(4_000, abs=100),
        pytest.approx(0, abs=50),
    ]


def test_alternating_current_flows_as_the_controller_allows(virtually):
    async def story():
        ac = {"services": ["ac"]}
        async with bench_of(OLDER | ac, OLDER | ac) as bench:
            bench.charger.target_power_w = 6_000.0
            bench.plug()
            await bench.clock.sleep(30.0)
            flowing_w = bench.local.state.grid_power_w
            bench.charger.terminate()
            await bench.clock.sleep(10.0)
            return flowing_w, bench.local.state.grid_power_w

    flowing_w, after_w = virtually(story())
    assert (flowing_w, after_w) == (pytest.approx(6_000, rel=0.02), pytest.approx(0, abs=50))


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("dc", {"dcChargingParameters": {"evMaxCurrent": 200, "evMaxVoltage": 460, "evMaxPower": 79_600, "energyAmount": 18_000,
                                         "stateOfCharge": 50, "fullSoC": 100, "bulkSoC": 80}}),
        ("ac", {"acChargingParameters": {"energyAmount": 18_000, "evMinCurrent": 6, "evMaxCurrent": 15,
                                         "evMaxVoltage": 398}}),
    ],
)  # fmt: skip
def test_the_needs_that_the_vehicle_tells_are_those_of_ocpp(virtually, service, told):
    async def story():
        async with bench_of(OLDER | {"services": [service]}, OLDER | {"services": [service]}) as bench:
            bench.plug()
            await bench.clock.sleep(10.0)
            return next(event.data for event in bench.events if event.what == "needs")

    needs = of_iso2(virtually(story())["parameters"])
    assert needs.keys() == told.keys()
    ((_, found),), ((_, wanted),) = needs.items(), told.items()
    assert found == pytest.approx(wanted, rel=0.02)


async def _stop(bench):
    bench.charger.terminate()


async def _pull(bench):
    bench.plug(False)


async def _vehicle_dies(bench):
    await bench.vehicle.current.link.close()


async def _charger_breaks_off(bench):
    bench.charger.break_off("a person hit the emergency stop")


async def _vehicle_falls_silent(bench):
    async def nothing(*_):
        await bench.clock.sleep(120.0)

    bench.vehicle.current.twists["CurrentDemandReq"] = nothing


async def _refused(bench):
    bench.vehicle.current.twists["CurrentDemandReq"] = lambda ev, _: ev.draft("CableCheckReq")


@pytest.mark.parametrize("way", [_stop, _pull, _vehicle_dies, _charger_breaks_off, _vehicle_falls_silent, _refused])
def test_no_way_out_leaves_power_or_a_closed_contactor(virtually, way):
    async def story():
        async with bench_of() as bench:
            bench.plug()
            await bench.clock.sleep(30.0)
            assert bench.power_w > 9_000.0
            await way(bench)
            await bench.clock.sleep(70.0)
            return bench.power_w, bench.local.state.station_contactor_closed, bench.whats()[-1]

    power_w, closed, last = virtually(story())
    assert (round(power_w), closed) == (0, False)
    assert last == ("stopped" if way is _stop else "failed")


def test_a_renegotiation_opens_the_vehicle_for_the_cable_check_and_charges_again(virtually):
    async def story():
        async with bench_of() as bench:
            bench.plug()
            await bench.clock.sleep(30.0)
            bench.charger.renegotiate_schedule()
            open_seen = False
            for _ in range(100):
                await bench.clock.sleep(0.1)
                open_seen = open_seen or not bench.local.state.vehicle_contactor_closed
            return open_seen, bench.power_w, bench.whats(), bench.vehicle.mood

    open_seen, power_w, whats, mood = virtually(story())
    assert (open_seen, mood) == (True, Mood.IN_SESSION)
    assert power_w > 9_000.0
    assert "renegotiated" in whats


def test_a_pause_of_the_vehicle_ends_with_the_same_session(virtually):
    async def story():
        async with bench_of() as bench:
            bench.plug()
            await bench.clock.sleep(30.0)
            bench.vehicle.pause()
            await bench.clock.sleep(60.0)
            asleep = bench.vehicle.mood
            bench.charger.wake()
            await bench.clock.sleep(30.0)
            return bench, asleep

    bench, asleep = virtually(story())
    told = [event.data for event in bench.events if event.what == "session"]
    assert asleep is Mood.PAUSED
    assert [one["resumed"] for one in told] == [False, True]
    assert told[0]["session_id"] == told[1]["session_id"]


@pytest.mark.parametrize("wrong", [[], "iso15118-2", ["iso15118-3"], 2], ids=str)
@pytest.mark.parametrize("config", [secc_config, evcc_config])
def test_unknown_protocols_are_refused_by_name(config, wrong):
    with pytest.raises(ValueError, match="protocols: expected a list of iso15118-20 or iso15118-2, found"):
        config({"protocols": wrong}, None)
