"""Energy meters on Modbus: each product's table, RTU and TCP, silence of a wrong unit, and what a swap looks like."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.emulators import modbus_meter
from drivers.emulators.modbus_device import ModbusTcpShell
from drivers.errors import ConfigError, InstrumentError, InstrumentGarbage, InstrumentTimeout
from drivers.meter_registers import ABB_B, EM340, SDM630
from drivers.modbus import from_words, to_words
from drivers.roles import EnergyMeter
from tests.drivers.rig import Rig, run

PRODUCTS = ["sdm630", "sdm72", "em340", "abb_b"]
every_product = pytest.mark.parametrize("product", PRODUCTS)
every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "rtu"])


async def meter(rig: Rig, product: str, *defects: str, **options: Any) -> Any:
    return await rig.driver(
        f"energy_meter.{product}", modbus_meter, defects, {"timeout_s": 0.3, **options}, {"model": product}
    )


def load(rig: Rig, power_w: float) -> None:
    rig.plant.port("pilot").command(plugged=True)
    rig.plant.port("vehicle").command(contactor=True)
    rig.plant.port("station").command(mode="power", contactor=True, target_voltage_v=450.0, target_power_w=power_w)


@every_way
@every_product
def test_power_is_signed_and_energy_is_not(product: str, wired: bool):
    async def body(rig: Rig) -> None:
        device = await meter(rig, product)
        assert isinstance(device, EnergyMeter)
        load(rig, -9000.0)
        await rig.clock.sleep(2.0 if wired else 3600.0)
        true = rig.plant.state
        assert await device.power_w() == pytest.approx(true.grid_power_w, rel=0.01)
        energy = await device.registers()
        assert energy.exported_wh == pytest.approx(rig.plant.state.grid_exported_wh, abs=101.0)
        assert energy.imported_wh >= 0.0
        assert (await device.identity()).model

    run(wired, body)


@every_product
def test_words_the_other_way_round_are_noticed_at_identification(product: str):
    async def body(rig: Rig) -> None:
        device = await meter(rig, product, "counter-word-swap")
        if product in ("em340", "abb_b"):
            assert abs(await device.quantity("voltage_v_1") - 230.0) > 1000.0
        else:
            with pytest.raises(InstrumentGarbage, match="another order"):
                await device.identity()

    run(False, body)


@every_way
@pytest.mark.parametrize(
    ("defect", "kind"),
    [("counter-silent", InstrumentTimeout), ("counter-refuses", InstrumentError), ("counter-crc", InstrumentTimeout)],
)
def test_a_broken_line_is_an_error_of_the_meter_by_its_kind(wired: bool, defect: str, kind: type[InstrumentError]):
    async def body(rig: Rig) -> None:
        device = await meter(rig, "sdm630")
        rig.far_end.active = frozenset({defect})
        if defect == "counter-crc" and not wired:
            pytest.skip("there is no CRC in memory")
        with pytest.raises(kind):
            await device.power_w()

    run(wired, body)


def test_a_wrong_unit_is_met_with_silence():
    async def body(rig: Rig) -> None:
        device = await meter(rig, "sdm630", unit=7)
        with pytest.raises(InstrumentTimeout):
            await device.power_w()

    run(True, body)


def test_the_same_meter_answers_over_tcp(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(modbus_meter, "LISTEN", "127.0.0.1:0")

    async def body(rig: Rig) -> None:
        device = await meter(rig, "em340")
        assert isinstance(rig.shells[0], ModbusTcpShell)
        assert await device.power_w() == pytest.approx(35.0, rel=0.02)

    run(True, body)


def test_registers_of_the_makers_lists_are_where_the_tables_say():
    """Octets put together by hand from the lists: they do not come from our own encoder."""
    assert SDM630.registers["imported_wh"].address == 0x48
    eastron = ("voltage_v_1", "current_a_3", "power_w_1", "power_w", "apparent_va", "power_factor", "frequency_hz")
    assert [SDM630.registers[name].address for name in eastron] == [0x00, 0x0A, 0x0C, 0x34, 0x38, 0x3E, 0x46]
    gavazzi = ("voltage_v_3", "current_a_1", "power_w_1", "power_factor", "frequency_hz", "imported_wh", "exported_wh")
    assert [EM340.registers[name].address for name in gavazzi] == [0x04, 0x0C, 0x12, 0x31, 0x33, 0x34, 0x4E]
    abb = ("voltage_v_2", "current_a_1", "power_w", "power_w_1", "frequency_hz", "power_factor", "imported_wh")
    assert [ABB_B.registers[name].address for name in abb] == [0x5B02, 0x5B0C, 0x5B14, 0x5B16, 0x5B2C, 0x5B3A, 0x5000]
    assert from_words([0x461C, 0x4000], "f32") == 10_000.0
    assert EM340.registers["power_w"].address == 0x28
    assert from_words([0xD8F0, 0xFFFF], "i32", low_word_first=True) == -10_000
    assert ABB_B.registers["exported_wh"].address == 0x5004
    assert from_words([0, 0, 0x0001, 0x86A0], "u64") == 100_000
    assert to_words(-10_000, "i32", low_word_first=True) == [0xD8F0, 0xFFFF]


def test_not_available_is_no_value_on_an_abb_meter():
    async def body(rig: Rig) -> None:
        device = await meter(rig, "abb_b")
        rig.far_end.words = lambda space, now_s: {0x5B14: 0x7FFF, 0x5B15: 0xFFFF}
        with pytest.raises(InstrumentGarbage, match="no value"):
            await device.power_w()

    run(False, body)


def test_a_value_that_looks_like_another_kinds_absence_is_a_value_on_an_abb_meter():
    """65,535 counts of a 32-bit power and of a 64-bit register are 655.35 W and 655.35 kWh."""

    async def body(rig: Rig) -> None:
        device = await meter(rig, "abb_b")
        rig.far_end.words = lambda space, now_s: (
            {0x5B14: 0, 0x5B15: 0xFFFF}
            | dict(zip(range(0x5000, 0x5004), (0, 0, 0, 0xFFFF), strict=True))
            | dict.fromkeys(range(0x5004, 0x5008), 0xFFFF)
        )
        assert await device.power_w() == pytest.approx(655.35)
        energy = await device.registers()
        assert (energy.imported_wh, energy.exported_wh) == (pytest.approx(655_350.0), None)

    run(False, body)


@every_product
def test_apparent_power_factor_and_distortion_are_read_where_the_product_has_them(product: str):
    async def body(rig: Rig) -> None:
        device = await meter(rig, product)
        load(rig, -9000.0)
        await rig.clock.sleep(3.0)
        assert await device.quantity("power_factor") == pytest.approx(-1.0, abs=0.01)
        if product.startswith("sdm"):
            assert await device.quantity("apparent_va") == pytest.approx(abs(rig.plant.state.grid_power_w), rel=0.02)
        if product == "sdm630":
            assert await device.quantity("voltage_thd_percent_1") == pytest.approx(1.2, abs=0.01)

    run(False, body)


def test_a_resource_of_another_form_is_refused_with_the_right_ones():
    async def body(rig: Rig) -> None:
        device = await meter(rig, "sdm630")
        await device.close()
        object.__setattr__(device.connection, "far_end", None)
        object.__setattr__(device.connection, "resource", "COM3")
        with pytest.raises(ConfigError, match="tcp://HOST:PORT"):
            await device.open()

    run(False, body)
