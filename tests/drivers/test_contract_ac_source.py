"""Grid emulators: voltage and frequency, courses, and an output that is off when it says so."""

from __future__ import annotations

import asyncio
from types import ModuleType

import pytest

from drivers.emulators import chroma_61845, pacific
from drivers.errors import InstrumentError, InstrumentTimeout, SafetyError
from drivers.roles import AcSource
from tests.drivers.rig import Rig, run

SOURCES = [("ac_source.chroma_61845", chroma_61845), ("ac_source.pacific", pacific)]
every_source = pytest.mark.parametrize(("name", "emulator"), SOURCES)
every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])


@every_way
@every_source
def test_the_plant_sees_the_voltage_and_frequency_that_were_set(name: str, emulator: ModuleType, wired: bool):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        assert isinstance(source, AcSource)
        await source.set_grid(voltage_v=207.0, frequency_hz=49.5)
        assert rig.plant.state.grid_voltage_v == pytest.approx(230.0, abs=0.1)  # output is still off: bypass
        await source.output(True)
        assert rig.plant.state.grid_voltage_v == pytest.approx(207.0, abs=0.1)
        assert rig.plant.state.grid_frequency_hz == pytest.approx(49.5)
        await source.make_safe()
        await source.make_safe()
        assert rig.plant.state.grid_frequency_hz == 50.0

    run(wired, body)


@every_source
def test_a_dip_is_as_deep_and_as_long_as_it_was_asked_for(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        await source.output(True)
        course: list[tuple[float, float]] = []

        async def watch() -> None:
            for _ in range(60):
                course.append((rig.clock.now_s(), rig.plant.state.grid_voltage_v))
                await rig.clock.sleep(0.02)

        watching = asyncio.create_task(watch())
        await source.play([(0.4, 230.0, 50.0), (0.3, 46.0, 50.0), (0.3, 230.0, 50.0)])
        await watching
        dipped = [at_s for at_s, volts in course if volts < 60.0]
        assert dipped[0] == pytest.approx(0.4, abs=0.03)
        assert dipped[-1] - dipped[0] == pytest.approx(0.3, abs=0.05)

    run(False, body)


@every_source
def test_an_output_that_stays_on_is_a_safety_error(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        await source.output(True)
        short = emulator.DEFECTS[0].id.partition("-")[0]
        rig.far_end.active = frozenset({f"{short}-stays-on"})
        with pytest.raises(SafetyError, match="ac_source"):
            await source.make_safe()

    run(False, body)


@every_source
def test_a_voltage_beyond_the_limit_is_an_error_and_a_silent_source_a_time_out(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        with pytest.raises(InstrumentError, match="222"):
            await source.set_grid(voltage_v=400.0, frequency_hz=50.0)
        short = emulator.DEFECTS[0].id.partition("-")[0]
        rig.far_end.active = frozenset({f"{short}-silent"})
        with pytest.raises(InstrumentTimeout):
            await source.set_grid(voltage_v=230.0, frequency_hz=50.0)

    run(False, body)


@every_source
def test_a_ramp_of_frequency_is_a_straight_line_and_stays_at_its_end(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        await source.set_grid(voltage_v=230.0, frequency_hz=50.0)
        await source.output(True)
        ramping = asyncio.create_task(source.ramp(2.0, volts=(230.0, 230.0), hertz=(50.0, 51.0)))
        await rig.clock.sleep(1.0)
        assert rig.plant.state.grid_frequency_hz == pytest.approx(50.5, abs=0.06)
        await ramping
        await rig.clock.sleep(1.0)
        assert rig.plant.state.grid_frequency_hz == pytest.approx(51.0)

    run(False, body)
