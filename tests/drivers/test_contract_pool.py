"""The pool's port: driver and emulator in memory and over a socket, and what a broken one does."""

from __future__ import annotations

import pytest

from drivers.emulators import pool
from drivers.errors import BenchError, InstrumentError, SafetyError
from tests.drivers.rig import Rig, run

KINDS = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])


@KINDS
def test_a_pool_names_itself_and_its_delivery_points(wired: bool):
    async def body(rig: Rig) -> None:
        port = await rig.driver("pool.platform_port", pool)
        assert (await port.identity()).serial == "POOL-0001"
        units = await port.units()
        assert [unit.id for unit in units] == ["S-01", "S-02", "S-03", "S-04", "S-05"]
        assert 0.0 < await port.meter_w() < 1_000.0
        await port.make_safe()

    run(wired, body)


def test_a_setpoint_is_shared_among_the_chargers_and_metered():
    async def body(rig: Rig) -> None:
        port = await rig.driver("pool.platform_port", pool, emulator_options={"quarter_s": 20})
        for _ in range(8):
            await port.set_power(-40_000)
            await rig.clock.sleep(4)
        assert await port.meter_w() == pytest.approx(-40_000, rel=0.01)
        assert {unit.setpoint_w for unit in await port.units()} == {-8_000.0}
        told = await port.deltas()
        assert told[-1][1] == pytest.approx(-40_000, rel=0.01)
        assert len(told) < 8  # what does not change is not told again
        (at_s, drawn_wh, given_wh) = (await port.quarters())[0]
        assert at_s == pytest.approx(20.0, abs=0.1)
        assert given_wh > 100.0 > drawn_wh
        assert await port.quarters() == []
        await port.make_safe()
        assert abs(await port.meter_w()) < 1_000.0

    run(False, body)


def test_more_than_the_pool_has_is_refused():
    async def body(rig: Rig) -> None:
        port = await rig.driver("pool.platform_port", pool)
        with pytest.raises(InstrumentError, match="55000 W each way"):
            await port.set_power(60_000)

    run(False, body)


def test_a_charger_that_does_not_move_keeps_the_pool_from_being_safe():
    async def body(rig: Rig) -> None:
        port = await rig.driver("pool.platform_port", pool)
        await port.set_power(-40_000)
        await rig.clock.sleep(8)
        rig.far_end.chargers[0].plant.command = lambda *_: None
        with pytest.raises(SafetyError, match="by hand"):
            await port.make_safe()

    run(False, body)


@pytest.mark.parametrize("defect", ["pool-silent", "pool-garbage", "pool-truncated", "pool-hangs-up", "pool-slow"])
def test_a_broken_wire_is_an_error_of_the_bench(defect: str):
    async def body(rig: Rig) -> None:
        with pytest.raises(BenchError):
            await rig.driver("pool.platform_port", pool, defects=[defect])

    run(False, body)
