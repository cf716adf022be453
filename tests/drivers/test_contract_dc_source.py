"""What every bidirectional source's driver must do; above all that its output is off when it says so."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from drivers.discharge import Discharges
from drivers.emulators import ea_psb, ea_psb_modbus, keysight_rp7900
from drivers.emulators.process import Request
from drivers.errors import (
    BenchError,
    InstrumentError,
    InstrumentGarbage,
    InstrumentLost,
    InstrumentTimeout,
    SafetyError,
)
from drivers.registry import make_driver
from drivers.roles import DcSource
from drivers.wire import Connection
from tests.drivers.rig import Rig, run

SOURCES = [
    ("dc_source.ea_psb", ea_psb),
    ("dc_source.ea_psb_modbus", ea_psb_modbus),
    ("dc_source.keysight_rp7900", keysight_rp7900),
]
every_source = pytest.mark.parametrize(("name", "emulator"), SOURCES)
every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])


async def running(rig: Rig, name: str, emulator: ModuleType, power_w: float, **more: Any) -> Any:
    """A source that stands in for the battery while a station moves power."""
    source = await rig.driver(name, emulator, **more)
    await source.set_voltage(400.0)
    await source.set_limits(source_a=30.0, sink_a=30.0, source_w=12_000.0, sink_w=12_000.0)
    await source.output(True)
    rig.plant.port("pilot").command(plugged=True)
    rig.plant.port("station").command(mode="power", contactor=True, target_voltage_v=450.0, target_power_w=power_w)
    await rig.clock.sleep(2.0)
    return source


@every_way
@every_source
@pytest.mark.parametrize("power_w", [8000.0, -8000.0])
def test_current_is_positive_out_of_the_source(name: str, emulator: ModuleType, wired: bool, power_w: float):
    async def body(rig: Rig) -> None:
        source = await running(rig, name, emulator, power_w)
        assert isinstance(source, DcSource)
        reading = await source.measure()
        assert reading.output_on
        assert reading.voltage_v == pytest.approx(400.0, abs=1.5)
        assert reading.current_a == pytest.approx(-power_w / 400.0, abs=0.3)
        assert reading.power_w == pytest.approx(-power_w, abs=120)

    run(wired, body)


@every_way
@every_source
def test_safe_means_no_output_and_no_current_and_can_be_asked_for_twice(name: str, emulator: ModuleType, wired: bool):
    async def body(rig: Rig) -> None:
        source = await running(rig, name, emulator, 8000.0)
        for _ in range(2):
            await source.make_safe()
        reading = await source.measure()
        assert not reading.output_on
        assert abs(reading.current_a) < 0.5
        assert rig.plant.state.battery_current_a == 0.0

    run(wired, body)


@every_source
def test_both_limits_hold_in_their_own_direction(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await running(rig, name, emulator, 15_000.0)
        if name.endswith("rp7900"):
            pytest.skip("its driver knows one limit for both directions")
        await source.set_limits(source_a=5.0, sink_a=12.0, source_w=12_000.0, sink_w=12_000.0)
        await rig.clock.sleep(2.0)
        assert (await source.measure()).current_a == pytest.approx(-12.0, abs=0.2)
        rig.plant.port("station").command(target_power_w=-15_000.0)
        await rig.clock.sleep(8.0)
        assert (await source.measure()).current_a == pytest.approx(5.0, abs=0.2)

    run(False, body)


@every_source
def test_before_the_output_is_on_it_measures_the_precharge(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        rig.plant.port("pilot").command(plugged=True)
        rig.plant.port("station").command(mode="precharge", target_voltage_v=390.0, contactor=True)
        await rig.clock.sleep(3.0)
        assert (await source.measure()).voltage_v == pytest.approx(390.0, abs=1.5)

    run(False, body)


@every_source
def test_a_setting_beyond_the_rating_is_an_error_and_changes_nothing(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await running(rig, name, emulator, 8000.0)
        with pytest.raises(BenchError):
            await source.set_voltage(5000.0)
        assert (await source.measure()).voltage_v == pytest.approx(400.0, abs=1.5)

    run(False, body)


@every_way
@every_source
@pytest.mark.parametrize(
    ("defect", "kinds"),
    [
        ("silent", (InstrumentTimeout,)),
        ("refuses", (InstrumentError,)),
        ("garbage", (InstrumentGarbage, InstrumentError)),
        ("truncated", (InstrumentGarbage, InstrumentError)),
        ("hangs-up", (InstrumentLost,)),
    ],
)
def test_a_broken_wire_is_an_error_of_the_instrument_by_its_kind(
    name: str, emulator: ModuleType, wired: bool, defect: str, kinds: tuple[type[Exception], ...]
):
    async def body(rig: Rig) -> None:
        short = emulator.DEFECTS[0].id.partition("-")[0]
        source: Any = await rig.driver(name, emulator)
        if f"{short}-{defect}" not in [known.id for known in emulator.DEFECTS]:
            pytest.skip("not a fault of this kind of wire")
        type(source).timeout_s = 0.3
        rig.far_end.active = frozenset({f"{short}-{defect}"})
        with pytest.raises(kinds):
            await source.measure()

    run(wired, body)


@every_source
def test_a_ramp_goes_through_the_middle_and_stays_at_its_end(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        await source.set_limits(source_a=10.0, sink_a=10.0, source_w=5000.0, sink_w=5000.0)
        await source.set_voltage(200.0)
        await source.output(True)
        ramp = asyncio.create_task(source.ramp(10.0, volts=(200.0, 400.0)))
        await rig.clock.sleep(5.05)
        assert (await source.measure()).voltage_v == pytest.approx(300.0, abs=5.0)
        await ramp
        assert (await source.measure()).voltage_v == pytest.approx(400.0, abs=1.5)

    run(False, body)


@every_source
def test_what_is_left_at_the_terminals_of_a_safe_bench_is_a_safety_error(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await rig.driver(name, emulator)
        assert isinstance(source, Discharges)
        await source.make_safe()
        await source.prove_discharged()
        rig.plant.port("pilot").command(plugged=True)
        rig.plant.port("station").command(mode="precharge", target_voltage_v=400.0, contactor=True)
        await rig.clock.sleep(5.0)
        with pytest.raises(SafetyError, match=r"40[0-9] V stay at its terminals"):
            await source.prove_discharged()
        source.options = source.options.model_copy(update={"discharged_v": None})
        await source.prove_discharged()

    run(False, body)


def test_a_source_whose_capacitors_stay_charged_is_a_safety_error():
    async def body(rig: Rig) -> None:
        source = await running(rig, "dc_source.ea_psb", ea_psb, -8000.0)
        rig.far_end.active = frozenset({"source-keeps-charge"})
        await source.make_safe()
        with pytest.raises(SafetyError, match="do not touch"):
            await source.prove_discharged()

    run(False, body)


@pytest.mark.parametrize("defect", ["source-stays-on", "source-lies-off"])
def test_a_source_that_stays_live_after_safe_off_is_a_safety_error(defect: str):
    async def body(rig: Rig) -> None:
        source = await running(rig, "dc_source.ea_psb", ea_psb, -8000.0)
        rig.far_end.active = frozenset({defect})
        with pytest.raises(SafetyError, match="dc_source"):
            await source.make_safe()

    run(False, body)


@pytest.mark.parametrize(
    ("name", "emulator", "defect"),
    [
        ("dc_source.ea_psb", ea_psb, "source-sign"),
        ("dc_source.ea_psb", ea_psb, "source-current-limit"),
        ("dc_source.ea_psb_modbus", ea_psb_modbus, "psbm-no-sink-bit"),
    ],
)
def test_a_source_that_mistakes_its_direction_or_limit_disagrees_with_the_power_that_flows(
    name: str, emulator: ModuleType, defect: str
):
    async def body(rig: Rig) -> None:
        source = await running(rig, name, emulator, 8000.0, defects={defect})
        assert abs((await source.measure()).current_a - -20.0) > 5.0

    run(False, body)


def test_a_source_held_in_local_mode_is_refused_with_what_to_do():
    async def body(rig: Rig) -> None:
        with pytest.raises(SafetyError, match="front panel"):
            await rig.driver("dc_source.ea_psb", ea_psb, {"source-local"})

    run(False, body)


def test_an_error_entry_after_a_setting_is_raised():
    async def body(rig: Rig) -> None:
        source = await rig.driver("dc_source.ea_psb", ea_psb, {"source-error-queue"})
        with pytest.raises(InstrumentError, match="221"):
            await source.set_voltage(400.0)

    run(False, body)


@every_source
def test_a_source_that_stays_on_is_a_safety_error(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        source = await running(rig, name, emulator, -8000.0)
        short = emulator.DEFECTS[0].id.partition("-")[0]
        rig.far_end.active = frozenset({f"{short}-stays-on"})
        with pytest.raises(SafetyError, match="dc_source"):
            await source.make_safe()

    run(False, body)


def test_scpi_and_modbus_tell_the_same_of_the_same_device():
    async def body(rig: Rig) -> None:
        source = await running(rig, "dc_source.ea_psb", ea_psb, 8000.0)
        face = ea_psb_modbus.build(Request(rig.plant.port("battery_emulator")))
        face.core = rig.far_end.core
        other = make_driver("dc_source.ea_psb_modbus", Connection("dc_source", rig.clock, far_end=face))
        await other.open()
        by_scpi, by_modbus = await source.measure(), await other.measure()
        assert by_scpi.current_a < -15.0
        assert by_modbus.current_a == pytest.approx(by_scpi.current_a, abs=0.05)
        assert by_modbus.power_w == pytest.approx(by_scpi.power_w, abs=30)

    run(False, body)


@every_way
def test_an_armed_watchdog_switches_off_when_nobody_talks(wired: bool):
    async def body(rig: Rig) -> None:
        await running(rig, "dc_source.ea_psb", ea_psb, -8000.0, emulator_options={"watchdog_s": 2.5})
        assert rig.plant.state.battery_current_a < -15.0
        await rig.clock.sleep(3.0)
        assert rig.plant.state.battery_current_a == 0.0

    run(wired, body)


def test_an_ea_source_whose_protection_trips_says_which_alarm_it_was():
    async def body(rig: Rig) -> None:
        options = {"ovp_v": 350.0, "ocp_a": 80.0, "opp_w": 20_000.0}
        source = await rig.driver("dc_source.ea_psb", ea_psb, options=options)
        await source.set_voltage(400.0)
        with pytest.raises(SafetyError, match="OVOLTAGE 1"):
            await source.output(True)
        await source.set_voltage(300.0)
        await source.output(True)
        assert (await source.alarms())["SINK:OPOWER"] == 0

    run(False, body)


def test_a_keysight_source_proves_its_current_protection():
    async def body(rig: Rig) -> None:
        options = {"current_protection": True}
        await rig.driver("dc_source.keysight_rp7900", keysight_rp7900, options=options)
        assert rig.far_end.protected
        with pytest.raises(SafetyError, match="over-current protection"):
            await rig.driver("dc_source.keysight_rp7900", keysight_rp7900, {"rp7900-unprotected"}, options)

    run(False, body)
