"""What every power analyser's driver must do, in memory and over a socket, and what it must not swallow."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from drivers.emulators import chroma_66204, lmg600, yokogawa_wt
from drivers.errors import InstrumentError, InstrumentGarbage, InstrumentLost, InstrumentTimeout
from drivers.roles import PowerAnalyser
from tests.drivers.rig import Rig, run

ANALYSERS = [
    ("power_analyser.yokogawa_wt", yokogawa_wt),
    ("power_analyser.lmg600", lmg600),
    ("power_analyser.chroma_66204", chroma_66204),
]
every_analyser = pytest.mark.parametrize(("name", "emulator"), ANALYSERS)
every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])


def load(rig: Rig, power_w: float) -> None:
    """A station that moves `power_w` at its DC terminals into a battery."""
    rig.plant.port("pilot").command(plugged=True)
    rig.plant.port("vehicle").command(contactor=True, pilot_state="C")
    rig.plant.port("station").command(mode="power", contactor=True, target_voltage_v=450.0, target_power_w=power_w)


@every_way
@every_analyser
def test_it_says_who_it_is(name: str, emulator: ModuleType, wired: bool):
    async def body(rig: Rig) -> None:
        analyser = await rig.driver(name, emulator, emulator_options={"serial": "SN-1"})
        assert isinstance(analyser, PowerAnalyser)
        identity = await analyser.identity()
        assert identity.serial == "SN-1"
        assert identity.maker
        assert ("*IDN?" in [command for command, _ in rig.exchanges]) == (not hasattr(emulator, "QUIET"))

    run(wired, body)


@every_way
@every_analyser
@pytest.mark.parametrize("power_w", [9000.0, -9000.0])
def test_a_snapshot_agrees_with_the_plant_within_its_uncertainty(
    name: str, emulator: ModuleType, wired: bool, power_w: float
):
    async def body(rig: Rig) -> None:
        analyser = await rig.driver(name, emulator)
        load(rig, power_w)
        await rig.clock.sleep(2.5)
        reading, true = await analyser.snapshot(), rig.plant.state
        assert reading.active_w == pytest.approx(true.grid_power_w, abs=reading.uncertainty["active_w"] + 5)
        assert reading.voltage_v == pytest.approx(true.grid_voltage_v, abs=reading.uncertainty["voltage_v"])
        assert reading.current_a == pytest.approx(true.grid_phase_current_a[0], abs=reading.uncertainty["current_a"])
        assert reading.frequency_hz == pytest.approx(50.0, abs=0.01)
        assert reading.dc_power_w == pytest.approx(power_w, abs=reading.uncertainty["dc_power_w"] + 5)
        assert reading.uncertainty["active_w"] < 150
        assert len(reading.phases) == 3
        assert abs(reading.power_factor or 0) == pytest.approx(1.0, abs=0.01)

    run(wired, body)


@every_analyser
def test_energies_of_both_directions_are_counted_apart_and_positive(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        analyser = await rig.driver(name, emulator)
        load(rig, 10_000.0)
        await rig.clock.sleep(60)
        before = rig.plant.state
        await analyser.start_integration()
        await rig.clock.sleep(900)
        load(rig, -5000.0)
        await rig.clock.sleep(900)
        energy, after = await analyser.stop_integration(), rig.plant.state
        assert energy.imported_wh == pytest.approx(after.grid_imported_wh - before.grid_imported_wh, rel=5e-3)
        assert energy.exported_wh == pytest.approx(after.grid_exported_wh - before.grid_exported_wh, rel=5e-3)
        assert energy.exported_wh > 1000

    run(False, body)


@every_analyser
def test_a_second_integration_starts_at_zero_even_if_the_first_was_never_stopped(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        analyser = await rig.driver(name, emulator)
        load(rig, 10_000.0)
        await analyser.start_integration()
        await rig.clock.sleep(600)
        await analyser.start_integration()
        await rig.clock.sleep(36)
        energy = await analyser.stop_integration()
        assert 90 < energy.imported_wh < 110

    run(False, body)


@every_analyser
def test_ranges_can_be_set_and_a_range_that_does_not_exist_is_an_error(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        analyser = await rig.driver(name, emulator)
        await analyser.configure(voltage_range_v=300.0, current_range_a=20.0)
        await analyser.configure(voltage_range_v=None, current_range_a=None)
        with pytest.raises(InstrumentError):
            await analyser.configure(voltage_range_v=9999.0, current_range_a=None)
        assert (await analyser.snapshot()).voltage_v

    run(False, body)


@every_way
@every_analyser
@pytest.mark.parametrize(
    ("defect", "kind"),
    [
        ("silent", InstrumentTimeout),
        ("garbage", InstrumentGarbage),
        ("truncated", InstrumentGarbage),
        ("hangs-up", InstrumentLost),
        ("slow", InstrumentTimeout),
    ],
)
def test_a_broken_wire_is_an_error_of_the_instrument_by_its_kind(
    name: str, emulator: ModuleType, wired: bool, defect: str, kind: type[InstrumentError]
):
    async def body(rig: Rig) -> None:
        short = emulator.DEFECTS[0].id.partition("-")[0]
        analyser: Any = await rig.driver(name, emulator, opened=False)
        type(analyser).timeout_s = 0.3
        await analyser.open()
        rig.far_end.active = frozenset({f"{short}-{defect}"})
        begun_s = rig.clock.now_s()
        with pytest.raises(InstrumentError) as caught:
            await analyser.snapshot()
        assert isinstance(caught.value, kind) or (defect == "truncated" and type(caught.value) is InstrumentError)
        assert caught.value.role == "power_analyser"
        assert rig.clock.now_s() - begun_s < 3.0

    run(wired, body)


@every_analyser
@pytest.mark.parametrize("defect", ["no-value", "overrange"])
def test_what_the_instrument_cannot_measure_is_none_and_not_a_number(name: str, emulator: ModuleType, defect: str):
    async def body(rig: Rig) -> None:
        short = emulator.DEFECTS[0].id.partition("-")[0]
        analyser = await rig.driver(name, emulator, {f"{short}-{defect}"})
        reading = await analyser.snapshot()
        assert reading.active_w is None
        assert "active_w" not in reading.uncertainty

    run(False, body)


@every_analyser
@pytest.mark.parametrize("defect", ["sign", "gain", "stale", "other-serial"])
def test_a_seeded_measuring_fault_shows_in_what_is_read(name: str, emulator: ModuleType, defect: str):
    async def body(rig: Rig) -> None:
        short = emulator.DEFECTS[0].id.partition("-")[0]
        analyser = await rig.driver(name, emulator, {f"{short}-{defect}"}, emulator_options={"serial": "SN-1"})
        await analyser.snapshot()
        load(rig, 9000.0)
        await rig.clock.sleep(5.0)
        reading = await analyser.snapshot()
        if defect == "other-serial":
            assert (await analyser.identity()).serial != "SN-1"
        else:
            assert abs(reading.active_w - rig.plant.state.grid_power_w) > 500.0

    run(False, body)


@every_analyser
def test_an_entry_in_the_error_queue_is_raised_after_the_transaction_that_made_it(name: str, emulator: ModuleType):
    async def body(rig: Rig) -> None:
        short = emulator.DEFECTS[0].id.partition("-")[0]
        if f"{short}-error-queue" not in [defect.id for defect in emulator.DEFECTS]:
            pytest.skip("this instrument has no error queue")
        analyser = await rig.driver(name, emulator, {f"{short}-error-queue"})
        with pytest.raises(InstrumentError, match="power_analyser"):
            await analyser.snapshot()

    run(False, body)


def test_a_wt_repeats_its_numbers_within_an_update_period_and_renews_them_after():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt)
        first, second = await analyser.snapshot(), await analyser.snapshot()
        assert first.active_w == second.active_w
        await rig.clock.sleep(0.6)
        assert (await analyser.snapshot()).active_w != first.active_w

    run(False, body)


def test_a_wt_refuses_new_ranges_while_it_integrates():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt)
        await analyser.start_integration()
        with pytest.raises(InstrumentError, match="813"):
            await analyser.configure(voltage_range_v=300.0, current_range_a=20.0)
        await analyser.make_safe()
        await analyser.configure(voltage_range_v=300.0, current_range_a=20.0)

    run(False, body)


def test_a_wt_gives_harmonics_by_order():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt)
        load(rig, 10_000.0)
        await rig.clock.sleep(5)
        orders = await analyser.harmonics("I", 1, 13)
        assert len(orders) == 15
        thd_percent = rig.plant.state.grid_current_thd_percent
        assert orders[6] == pytest.approx(0.8 * thd_percent / 100 * orders[2], rel=0.01)

    run(False, body)


def test_a_late_answer_is_never_taken_for_the_next_ones():
    async def body(rig: Rig) -> None:
        analyser: Any = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt)
        type(analyser).timeout_s = 0.3
        rig.far_end.active = frozenset({"analyser-slow"})
        with pytest.raises(InstrumentTimeout):
            await analyser.query(":RATE?")
        rig.far_end.active = frozenset()
        assert (await analyser.identity()).model == "WT1804E"

    run(False, body)


def test_an_unknown_option_is_refused_with_the_known_ones():
    async def body(rig: Rig) -> None:
        with pytest.raises(Exception, match="update_s"):
            await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt, options={"update_rate": 1})

    run(False, body)


def test_an_lmg_that_still_streams_is_understood_all_the_same():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.lmg600", lmg600, {"lmg-keeps-streaming"})
        load(rig, 9000.0)
        for _ in range(5):
            await rig.clock.sleep(1.7)
            reading = await analyser.snapshot()
        assert reading.active_w == pytest.approx(rig.plant.state.grid_power_w, abs=120)

    run(False, body)


def test_a_failing_read_during_integration_is_raised_by_its_stop():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.chroma_66204", chroma_66204)
        await analyser.start_integration()
        rig.far_end.active = frozenset({"meter-silent"})
        await rig.clock.sleep(10)
        with pytest.raises(InstrumentTimeout):
            await analyser.stop_integration()

    run(False, body)


def test_a_wt_takes_its_wiring_and_proves_it():
    async def body(rig: Rig) -> None:
        options = {"wiring": "P3W4", "crest_factor": 3, "command_set": "WT300", "lock_keys": True}
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt, options=options)
        assert rig.far_end.wiring == "P3W4"
        await analyser.close()

    run(False, body)

    async def stuck(rig: Rig) -> None:
        with pytest.raises(InstrumentGarbage, match="P1W2"):
            await rig.driver(
                "power_analyser.yokogawa_wt", yokogawa_wt, defects=["analyser-wiring"], options={"wiring": "P3W4"}
            )

    run(False, stuck)


def test_a_wt_that_gives_few_items_at_once_is_read_in_parts_of_one_update():
    async def body(rig: Rig) -> None:
        options = {"items_at_once": 10, "ranges_for_all": False}
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt, options=options)
        load(rig, 10_000.0)
        await rig.clock.sleep(5)
        reading = await analyser.snapshot()
        assert reading.active_w == pytest.approx(rig.plant.state.grid_power_w, abs=reading.uncertainty["active_w"] + 5)
        assert reading.dc_power_w == pytest.approx(10_000.0, abs=60)
        assert reading.active_w == pytest.approx(sum(power_w for _, _, power_w in reading.phases), abs=0.5)
        await analyser.configure(voltage_range_v=300.0, current_range_a=20.0)

    run(False, body)


def test_a_wt_tells_which_element_is_out_of_its_range():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt)
        load(rig, 10_000.0)
        await rig.clock.sleep(5)
        assert await analyser.overranges() == []
        await analyser.configure(voltage_range_v=100.0, current_range_a=20.0)
        assert await analyser.overranges() == [1, 2, 3]

    run(False, body)


def test_an_lmg_tells_its_measuring_window_by_its_own_clock():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.lmg600", lmg600, options={"current_scale": 2.0})
        await rig.clock.sleep(5)
        window = await analyser.window()
        assert window.duration_s == pytest.approx(0.5001)
        assert window.ended.tzinfo is not None

    run(False, body)


@pytest.mark.parametrize("name", ["yokogawa_wt", "lmg600", "chroma_66204"])
def test_distortion_is_read_with_every_snapshot(name: str):
    modules = {"yokogawa_wt": yokogawa_wt, "lmg600": lmg600, "chroma_66204": chroma_66204}

    async def body(rig: Rig) -> None:
        analyser = await rig.driver(f"power_analyser.{name}", modules[name])
        load(rig, 10_000.0)
        await rig.clock.sleep(5)
        reading, true = await analyser.snapshot(), rig.plant.state
        assert reading.current_thd_percent == pytest.approx(true.grid_current_thd_percent, rel=1e-3)
        assert reading.voltage_thd_percent == pytest.approx(true.grid_voltage_thd_percent, rel=1e-3)

    run(False, body)


@every_way
def test_a_wt_that_waits_for_its_update_shows_nothing_older_than_the_question(wired: bool):
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt, options={"wait_for_update": True})
        for _ in range(3):
            before_s = rig.clock.now_s()
            reading = await analyser.snapshot()
            assert before_s < reading.at_s <= before_s + 1.0
            assert rig.far_end.core._state.at_s >= before_s - 0.03  # a state on the plant's wire is at most 20 ms old
            await rig.clock.sleep(0.13)

    run(wired, body)


def test_a_wt_that_waits_at_an_update_in_virtual_time_answers_right_behind_it():
    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.yokogawa_wt", yokogawa_wt, options={"wait_for_update": True})
        await rig.clock.sleep(0.3)
        assert (await analyser.snapshot()).at_s == pytest.approx(0.5)
        commands = [command for command, _ in rig.exchanges]
        place = commands.index(":COMMunicate:WAIT 1")
        assert commands[place - 2 : place + 2 : 3] == [":STATus:EESR?", ":NUMeric:NORMal:VALue?"]

    run(False, body)


@every_way
@every_analyser
def test_a_question_that_is_called_off_leaves_no_answer_for_the_next_one(name: str, emulator: ModuleType, wired: bool):
    async def body(rig: Rig) -> None:
        analyser = await rig.driver(name, emulator, emulator_options={"serial": "SN-1"})
        for number in range(60 if wired else 20):
            asking = asyncio.ensure_future(analyser.snapshot())
            for _ in range(number // 2):
                await asyncio.sleep(0.0 if number % 2 or not wired else 0.0003)
            asking.cancel()
            await asyncio.wait({asking})
            assert (await analyser.identity()).serial == "SN-1"

    run(wired, body)
