"""The driver that is a YAML file: same contract as a written one, and complaints that say what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.emulators import chroma_66204, ea_psb
from drivers.errors import ConfigError, IdentityMismatch, InstrumentError, SafetyError
from tests.drivers.rig import Rig, run

FILES = Path(__file__).parents[2] / "lab-configs/instruments"
ANALYSER = {"description": str(FILES / "chroma_66204.yaml")}
SOURCE = {"description": str(FILES / "ea_psb.yaml")}
every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])


@every_way
def test_a_described_analyser_measures_as_the_written_driver_does(wired: bool):
    async def body(rig: Rig) -> None:
        described = await rig.driver("power_analyser.generic_scpi", chroma_66204, options=ANALYSER)
        rig.plant.port("pilot").command(plugged=True)
        rig.plant.port("vehicle").command(contactor=True)
        rig.plant.port("station").command(mode="power", contactor=True, target_voltage_v=450.0, target_power_w=-9000.0)
        await rig.clock.sleep(2.5)
        reading = await described.snapshot()
        assert reading.active_w == pytest.approx(rig.plant.state.grid_power_w, abs=100)
        assert reading.dc_power_w == pytest.approx(-9000.0, abs=50)
        assert reading.uncertainty["active_w"] > 0
        await described.configure(voltage_range_v=300.0, current_range_a=None)

    run(wired, body)


def test_a_described_analyser_counts_energy():
    async def body(rig: Rig) -> None:
        described = await rig.driver("power_analyser.generic_scpi", chroma_66204, options=ANALYSER)
        await described.start_integration()
        await rig.clock.sleep(3600)
        energy = await described.stop_integration()
        assert energy.imported_wh == pytest.approx(35.0, abs=20)

    run(False, body)


@every_way
def test_a_described_source_sets_measures_and_proves_that_it_is_off(wired: bool):
    async def body(rig: Rig) -> None:
        source = await rig.driver("dc_source.generic_scpi", ea_psb, options=SOURCE)
        await source.set_voltage(400.0)
        await source.set_limits(source_a=20.0, sink_a=20.0, source_w=9000.0, sink_w=9000.0)
        await source.output(True)
        reading = await source.measure()
        assert reading.output_on
        assert reading.voltage_v == pytest.approx(400.0, abs=1.5)
        with pytest.raises(ConfigError, match="outside 0 to 920"):
            await source.set_voltage(2000.0)
        await source.make_safe()
        assert not (await source.measure()).output_on

    run(wired, body)


def test_a_proof_that_fails_is_a_safety_error():
    async def body(rig: Rig) -> None:
        source = await rig.driver("dc_source.generic_scpi", ea_psb, options=SOURCE)
        await source.output(True)
        rig.far_end.active = frozenset({"source-stays-on"})
        with pytest.raises(SafetyError, match="by hand"):
            await source.make_safe()

    run(False, body)


def test_another_instrument_than_described_is_refused_before_anything_is_sent_to_it():
    async def body(rig: Rig) -> None:
        with pytest.raises(IdentityMismatch, match="Chroma"):
            await rig.driver("power_analyser.generic_scpi", ea_psb, options=ANALYSER)
        assert [command for command, _ in rig.exchanges] == ["*IDN?"]

    run(False, body)


def test_an_error_entry_is_raised_by_a_described_instrument_too():
    async def body(rig: Rig) -> None:
        described = await rig.driver("power_analyser.generic_scpi", chroma_66204, {"meter-error-queue"}, ANALYSER)
        with pytest.raises(InstrumentError, match="Execution error"):
            await described.snapshot()

    run(False, body)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("output_off", "output_of"), "commands.output_off: is missing; list what is sent"),
        (("output_off", "output_of"), r"12:3: commands.output_of: not used by this role; did you mean 'output_off'\?"),
        (("voltage_v:.3f", "volts:.3f"), r"commands.set_voltage: \{volts\} is not given here"),
        (("  current_a:", "  current:"), "quantities.current_a: is missing; this role reads it"),
        (
            ("  current_a:", "  current:"),
            r"7:3: quantities.current: no quantity of this role; did you mean 'current_a'",
        ),
        (("maker:", "makr:"), r"2:1: makr: unknown key; did you mean 'maker'\?"),
        (('query: "MEAS:CURR?"', 'query: "MEAS:CURR?", feld: 0'), r"7:\d+: quantities.current_a.feld: .*'field'"),
        (("voltage_v: [0", "volts: [0"), r"limits.volts: no command of this role has it; known are"),
        (("proof: [", "no_value: []\n# ["), "proof: is missing; a device with an output"),
        (("[0, 920]", "[0, 920"), "not YAML"),
    ],
)
def test_a_description_that_does_not_fit_says_what_would(tmp_path: Path, change: tuple[str, str], complaint: str):
    path = tmp_path / "instrument.yaml"
    path.write_text((FILES / "ea_psb.yaml").read_text().replace(*change))

    async def body(rig: Rig) -> None:
        with pytest.raises(ConfigError, match=complaint):
            await rig.driver("dc_source.generic_scpi", ea_psb, options={"description": str(path)})

    run(False, body)


def test_one_quantity_is_enough_for_an_analyser(tmp_path: Path):
    path = tmp_path / "instrument.yaml"
    path.write_text('maker: Chroma\nquantities:\n  active_w: {query: "FETC:SIGM:POW:REAL?"}\n')

    async def body(rig: Rig) -> None:
        analyser = await rig.driver("power_analyser.generic_scpi", chroma_66204, options={"description": str(path)})
        await analyser.configure(voltage_range_v=300.0, current_range_a=None)
        reading = await analyser.snapshot()
        assert reading.active_w == pytest.approx(rig.plant.state.grid_power_w, abs=20)
        assert reading.voltage_v is None

    run(False, body)


@every_way
def test_a_trial_tells_line_by_line_what_of_a_description_works(tmp_path: Path, wired: bool):
    text = (FILES / "chroma_66204.yaml").read_text().replace("FETC:FREQ? 0", "FETC:FREQUENZ? 0")
    (tmp_path / "wrong.yaml").write_text(text)

    async def body(rig: Rig) -> None:
        described = await rig.driver(
            "power_analyser.generic_scpi", chroma_66204, options={"description": str(tmp_path / "wrong.yaml")}
        )
        described.description = described.description.model_copy(update={"timeout_s": 0.8})
        tried = {line.what: line for line in await described.trial()}
        assert tried["quantities.voltage_v"].works
        assert float(tried["quantities.voltage_v"].said) == pytest.approx(230, abs=1)
        assert tried["quantities.frequency_hz"].works is False
        assert "-113" in tried["quantities.frequency_hz"].said
        assert tried["quantities.dc_power_w"].works
        assert tried["commands.range_voltage"].works is None
        assert tried["safe"].works

    run(wired, body)


def test_a_trial_makes_a_source_safe_and_says_if_that_was_proved():
    async def body(rig: Rig) -> None:
        sound = await rig.driver("dc_source.generic_scpi", ea_psb, options=SOURCE)
        assert (await sound.trial())[-1].said == "proved"

    run(False, body)

    async def broken(rig: Rig) -> None:
        stuck = await rig.driver("dc_source.generic_scpi", ea_psb, defects=["source-stays-on"], options=SOURCE)
        await stuck.output(True)
        assert (await stuck.trial())[-1].works is False

    run(False, broken)
