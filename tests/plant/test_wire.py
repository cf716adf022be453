"""The plant over a socket: same port as in one process, owners that die, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.clock import Clock
from harness.plant.wire import PlantClient, PlantLost, PlantServer


@asynccontextmanager
async def server(listen: str = "127.0.0.1:0") -> AsyncIterator[str]:
    plant = PlantServer(Clock())
    address = await plant.start(listen)
    try:
        yield address
    finally:
        await plant.stop()


async def connect(address: str, owner: str) -> PlantClient:
    return await asyncio.to_thread(PlantClient, address, owner)


async def until(condition: object, within_s: float = 2.0) -> None:
    for _ in range(int(within_s / 0.01)):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not come about")


@pytest.mark.parametrize("kind", ["tcp", "unix"])
async def test_a_command_of_one_owner_is_seen_by_another(kind: str, tmp_path: Path):
    async with server(str(tmp_path / "plant") if kind == "unix" else "127.0.0.1:0") as address:
        pilot, watcher = await connect(address, "pilot"), await connect(address, "observer")
        pilot.command(plugged=True, pilot_state="C")
        await until(lambda: watcher.state.plugged)
        assert watcher.state.pilot_state == "C"
        pilot.close()
        watcher.close()


async def test_states_arrive_fifty_times_a_second():
    async with server() as address:
        watcher = await connect(address, "observer")
        seen = set()
        for _ in range(100):
            seen.add(watcher.state.at_s)
            await asyncio.sleep(0.005)
        assert len(seen) >= 10  # 25 on a quiet machine
        watcher.close()


async def test_inputs_of_a_dead_owner_fall_back_to_safe_defaults():
    async with server() as address:
        station, watcher = await connect(address, "station"), await connect(address, "observer")
        station.command(contactor=True, mode="precharge", target_voltage_v=400.0)
        await until(lambda: watcher.state.station_voltage_v > 100.0)
        station.close()
        await until(lambda: not watcher.state.station_contactor_closed)
        watcher.close()


async def test_a_second_owner_of_the_same_inputs_is_refused():
    async with server() as address:
        first = await connect(address, "vehicle")
        with pytest.raises(PlantLost, match="already connected"):
            await connect(address, "vehicle")
        first.close()
        await until(lambda: True)


async def test_a_wrong_name_is_refused_before_it_travels():
    async with server() as address:
        station = await connect(address, "station")
        with pytest.raises(ValueError, match="target_power_w"):
            station.command(target_pover_w=1.0)
        assert station.state.grid_voltage_v > 200.0
        station.close()


async def test_a_plant_that_is_gone_is_said_so():
    async with server() as address:
        station = await connect(address, "station")
    await asyncio.sleep(0.1)
    with pytest.raises(PlantLost):
        station.command(mode="off")
    with pytest.raises(PlantLost, match="no plant"):
        await connect("127.0.0.1:9", "station")
