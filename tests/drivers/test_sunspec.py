"""A DER by SunSpec: signs of model 701 turned, models found by their list, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.emulators import sunspec_der
from drivers.errors import ConfigError, InstrumentError, InstrumentTimeout
from drivers.roles import EnergyMeter
from tests.drivers.rig import Rig, run

every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "tcp"])


async def der(rig: Rig, *defects: str, **more: Any) -> Any:
    return await rig.driver("energy_meter.sunspec", sunspec_der, defects, {"timeout_s": 0.5}, **more)


def load(rig: Rig, power_w: float) -> None:
    rig.plant.port("pilot").command(plugged=True)
    rig.plant.port("vehicle").command(contactor=True)
    rig.plant.port("station").command(mode="power", contactor=True, target_voltage_v=450.0, target_power_w=power_w)


@every_way
def test_generation_is_export_and_power_is_negative(wired: bool):
    async def body(rig: Rig) -> None:
        meter = await der(rig, emulator_options={"serial": "SN-7"})
        assert isinstance(meter, EnergyMeter)
        assert (await meter.identity()).serial == "SN-7"
        load(rig, -9000.0)
        await rig.clock.sleep(2.0 if wired else 3600.0)
        assert await meter.power_w() == pytest.approx(rig.plant.state.grid_power_w, abs=2.0)
        energy = await meter.registers()
        assert energy.exported_wh == pytest.approx(rig.plant.state.grid_exported_wh, abs=1.0)
        assert energy.imported_wh == pytest.approx(rig.plant.state.grid_imported_wh, abs=1.0)

    run(wired, body)


@every_way
def test_every_model_of_the_devices_list_can_be_read(wired: bool):
    async def body(rig: Rig) -> None:
        meter = await der(rig)
        assert meter.models() == [1, 701, 702, 713]
        assert (await meter.model(702))["WMaxRtg"] == 22_000
        assert (await meter.model(713))["SoC"] == pytest.approx(100 * rig.plant.state.soc, abs=0.1)
        with pytest.raises(InstrumentError, match=r"no SunSpec model 704; it has \[1, 701"):
            await meter.model(704)

    run(wired, body)


def test_a_device_that_counts_as_a_load_disagrees_with_the_power_that_flows():
    async def body(rig: Rig) -> None:
        meter = await der(rig, "der-load-sign")
        load(rig, -9000.0)
        await rig.clock.sleep(5.0)
        assert await meter.power_w() > 5000.0 > rig.plant.state.grid_power_w

    run(False, body)


@every_way
def test_a_device_without_the_mark_is_no_sunspec_device(wired: bool):
    async def body(rig: Rig) -> None:
        with pytest.raises(InstrumentError, match="not SunSpec"):
            await der(rig, "der-no-mark")

    run(wired, body)


@every_way
def test_a_device_that_falls_silent_is_a_time_out(wired: bool):
    async def body(rig: Rig) -> None:
        meter = await der(rig)
        rig.far_end.active = frozenset({"der-silent"})
        with pytest.raises(InstrumentTimeout):
            await meter.power_w()

    run(wired, body)


def test_a_resource_of_another_form_is_refused():
    async def body(rig: Rig) -> None:
        meter = await der(rig)
        object.__setattr__(meter.connection, "far_end", None)
        with pytest.raises(ConfigError, match="tcp://HOST:PORT"):
            type(meter)(meter.connection)

    run(False, body)
