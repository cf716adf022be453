"""The control pilot box: states, plug, toggles, and what a drifted or stuck box is taken for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from drivers.emulators import pilot_box
from drivers.errors import InstrumentError, InstrumentGarbage, InstrumentLost, InstrumentTimeout, SafetyError
from drivers.roles import ControlPilot
from tests.drivers.rig import Rig, run

every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])
BOX = "control_pilot.pilot_box"


@every_way
def test_plug_states_and_duty_are_those_of_the_plant(wired: bool):
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box)
        assert isinstance(box, ControlPilot)
        assert (await box.identity()).maker == "PILOTBOX"
        assert (await box.read()).state == "A"
        await box.plug()
        rig.plant.port("station").command(pilot_duty_percent=5.0)
        for state in ("B", "C", "D"):
            await box.set_state(state)
            reading = await box.read()
            assert (reading.state, reading.duty_percent, reading.plugged) == (state, 5.0, True)
        rig.plant.port("station").command(pilot_duty_percent=None)
        assert (await box.read()).duty_percent is None
        await box.unplug()
        assert not (await box.read()).plugged

    run(wired, body)


@every_way
def test_levels_frequency_and_proximity_are_read_too(wired: bool):
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box)
        await box.plug()
        rig.plant.port("station").command(pilot_duty_percent=5.0)
        await box.set_state("C")
        await box.set_proximity(220.0)
        reading = await box.read()
        assert (reading.frequency_hz, reading.high_v, reading.low_v) == (1000.0, 6.0, -12.0)
        assert reading.proximity_ohm == 220.0
        rig.plant.port("station").command(pilot_duty_percent=None)
        reading = await box.read()
        assert (reading.frequency_hz, reading.high_v, reading.low_v) == (None, 6.0, 6.0)
        await box.set_proximity(None)
        await box.set_proximity(680.0)
        await box.make_safe()
        assert (await box.read()).proximity_ohm is None

    run(wired, body)


def test_a_resistor_that_is_not_switched_is_noticed():
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box, {"pilot-dead-proximity"})
        with pytest.raises(InstrumentError, match=r"None ohm after 220"):
            await box.set_proximity(220.0)

    run(False, body)


@every_way
def test_toggles_last_as_long_as_the_window_allows(wired: bool):
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box)
        await box.plug()
        await box.set_state("B")
        await box.edges()
        await box.toggle_bcb(2)
        await rig.clock.sleep(0.1)
        edges = await box.edges()
        assert [state for _, state in edges] == ["C", "B", "C", "B", "B"]
        spans = [later - earlier for (earlier, _), (later, _) in zip(edges[:-1], edges[1:-1], strict=False)]
        assert all(0.2 <= span <= 0.4 for span in spans)

    run(wired, body)


@every_way
def test_a_station_sees_the_toggles_while_they_happen(wired: bool):
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box)
        await box.plug()
        await box.set_state("B")
        toggling = asyncio.create_task(box.toggle_bcb(1))
        await rig.clock.sleep(0.15)
        assert rig.plant.state.pilot_state == "C"
        await rig.clock.sleep(0.3)
        assert rig.plant.state.pilot_state == "B"
        await toggling

    run(wired, body)


@every_way
def test_safe_is_unplugged(wired: bool):
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box)
        await box.plug()
        await box.set_state("C")
        await box.make_safe()
        assert (await box.read()).state == "A"

    run(wired, body)


def test_contacts_that_stay_closed_are_a_safety_error():
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box, {"pilot-stuck-plug"})
        await box.plug()
        with pytest.raises(SafetyError, match="pull the plug"):
            await box.make_safe()

    run(False, body)


def test_a_drifted_resistor_shows_another_state_than_was_set():
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box, {"pilot-wrong-state"})
        await box.plug()
        await box.set_state("C")
        assert (await box.read()).state == "B"

    run(False, body)


def test_a_duty_that_is_measured_high_and_toggles_that_last_too_long_are_seen():
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box, {"pilot-duty-offset", "pilot-slow-toggle"})
        await box.plug()
        rig.plant.port("station").command(pilot_duty_percent=5.0)
        assert (await box.read()).duty_percent == 8.0
        await box.set_state("B")
        await box.edges()
        await box.toggle_bcb()
        await rig.clock.sleep(1.0)
        await box.read()
        edges = await box.edges()
        assert edges[1][0] - edges[0][0] > 0.4

    run(False, body)


def test_an_unknown_state_is_refused_before_it_travels():
    async def body(rig: Rig) -> None:
        box = await rig.driver(BOX, pilot_box)
        with pytest.raises(ValueError, match="THRU"):
            await box.set_state("X")
        with pytest.raises(InstrumentError, match="1 to 10"):
            await box.toggle_bcb(99)

    run(False, body)


@every_way
@pytest.mark.parametrize(
    ("defect", "kind"),
    [
        ("silent", InstrumentTimeout),
        ("garbage", InstrumentGarbage),
        ("truncated", InstrumentGarbage),
        ("hangs-up", InstrumentLost),
    ],
)
def test_a_broken_line_is_an_error_of_the_box_by_its_kind(wired: bool, defect: str, kind: type[InstrumentError]):
    async def body(rig: Rig) -> None:
        box: Any = await rig.driver(BOX, pilot_box, options={"answer_s": 0.3})
        rig.far_end.active = frozenset({f"pilot-{defect}"})
        with pytest.raises(kind):
            await box.read()

    run(wired, body)
