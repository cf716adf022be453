"""Answers as real devices gave them (recorded in open drivers' logs, tests and manuals), read by our drivers.

The far end is a table of commands and answers; a command that is not in it was never recorded and fails the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from drivers.emulators.line import Answer
from drivers.errors import InstrumentError, InstrumentGarbage
from drivers.registry import make_driver
from drivers.wire import Connection
from tests.drivers.rig import Rig, run


class Recorded:
    """Plays back; settings (no question mark) are taken in silence."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers

    def receive(self, line: str, now_s: float) -> list[Any]:
        if "?" not in line:
            return []
        return [Answer(self.answers[line])]

    def due_s(self) -> float | None:
        return None

    def tick(self, now_s: float) -> list[Any]:
        return []

    def disconnected(self, now_s: float) -> None:
        pass


def driver(rig: Rig, name: str, answers: Mapping[str, str]) -> Any:
    return make_driver(name, Connection(name.partition(".")[0], rig.clock, far_end=Recorded(answers)))


@pytest.mark.parametrize(
    ("answer", "amperes"), [("-20.00A", -20.0), ("5.00 A", 5.0), ("48.00V", 48.0), ("0.000A", 0.0)]
)
def test_an_ea_source_puts_units_behind_its_values_with_and_without_a_space(answer: str, amperes: float):
    async def body(rig: Rig) -> None:
        source = driver(rig, "dc_source.ea_psb", {"MEAS:CURR?": answer, "SYST:ERR?": '0,"No error"'})
        await source.wire.open()
        assert await source.query_float("MEAS:CURR?") == amperes

    run(False, body)


@pytest.mark.parametrize(
    ("answer", "value"),
    [("2.316219E+02", 231.6219), ("0.000000E+00", 0.0), ("9.910000E+37", None), ("0.500101824", 0.500101824)],
)
def test_an_lmg_writes_numbers_so_and_no_value_as_a_huge_one(answer: str, value: float | None):
    async def body(rig: Rig) -> None:
        analyser = driver(rig, "power_analyser.lmg600", {})
        assert analyser.parse(answer, "utrms1?") == value

    run(False, body)


@pytest.mark.parametrize(
    ("answer", "value"),
    [("103.58E+00", 103.58), ("500.0E-03", 0.5), ("NAN", None), ("INF", None), ("9.91E+37", None), ("9.9E+37", None)],
)
def test_a_wt_writes_numbers_so_and_no_data_and_overrange_as_words(answer: str, value: float | None):
    async def body(rig: Rig) -> None:
        analyser = driver(rig, "power_analyser.yokogawa_wt", {})
        assert analyser.parse(answer, ":NUMeric:NORMal:VALue?") == (pytest.approx(value) if value else value)

    run(False, body)


def test_a_wt_counts_its_errors_without_a_sign():
    async def body(rig: Rig) -> None:
        answers = {":RATE?": "500.0E-03", ":STATus:ERRor?": '113,"Undefined header"'}
        analyser = driver(rig, "power_analyser.yokogawa_wt", answers)
        await analyser.wire.open()
        with pytest.raises(InstrumentError, match="113"):
            await analyser.query(":RATE?")

    run(False, body)


def test_a_chroma_grid_simulator_names_itself_in_five_fields():
    async def body(rig: Rig) -> None:
        answers = {"*IDN?": "Chroma ATE 61600,123456,1.00,1.01,1.02", "SYSTem:ERRor?": '0,"No error"'}
        source = driver(rig, "ac_source.chroma_61845", answers)
        await source.wire.open()
        identity = await source.identity()
        assert "Chroma ATE 61600" in identity.maker

    run(False, body)


def test_an_lmg_stamps_its_windows_with_nanoseconds_and_windows_are_not_just_the_cycle():
    async def body(rig: Rig) -> None:
        answers = {"TSNORM?;DURNORM?": "2015:01:21D17:20:55.437817000+0000;0.500101824"}
        analyser = driver(rig, "power_analyser.lmg600", answers)
        await analyser.wire.open()
        window = await analyser.window()
        assert window.ended.isoformat() == "2015-01-21T17:20:55.437817+00:00"
        assert window.duration_s == 0.500101824

    run(False, body)


def test_a_wt_that_still_writes_headers_is_not_read_as_a_number():
    async def body(rig: Rig) -> None:
        answers = {":RATE?": ":RATE 500.0E-03", ":STATus:ERRor?": '0,"No error"'}
        analyser = driver(rig, "power_analyser.yokogawa_wt", answers)
        await analyser.wire.open()
        with pytest.raises(InstrumentGarbage, match="not a number"):
            await analyser.query_float(":RATE?")

    run(False, body)
