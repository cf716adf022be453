"""The harness on both buses: cyclic sending, receiving, protection, faults; in memory and through slcan sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.can.e2e import Check, Receiver, protect
from drivers.can.mapping import decode, load_mapping
from drivers.can.ports import Frame, error_words
from drivers.emulators import can_gateway, relay_box
from drivers.emulators.can_controller import CanController
from drivers.errors import ConfigError, InstrumentLost, InstrumentTimeout
from drivers.registry import make_driver
from drivers.roles import CanGateway
from drivers.wire import Connection
from tests.drivers.rig import Rig, run

every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])
TABLE = Path(__file__).parents[2] / "lab-configs/can/gateway_a_b.yaml"
OPTIONS = {"mapping": str(TABLE), "shorts": {"a": 7, "b": 8}}
FAR_END = {**OPTIONS, "adapters": {"a": "slcan", "b": "socketcand"}}


async def gateway(rig: Rig, *defects: str) -> Any:
    return await rig.driver("can_gateway.two_bus", can_gateway, defects, OPTIONS, FAR_END)


@every_way
def test_a_discharge_request_crosses_with_unit_and_sign_of_the_other_platform(wired: bool):
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        assert isinstance(bench, CanGateway)
        await bench.send("a", "VCU_ChargeRequest", {"Enable": 1, "RequestedPower": -10_000, "TargetVoltage": 401.3})
        signals = await bench.receive("b", "ChgCommand", 2.0)
        assert signals["PwrReq"] == pytest.approx(10.0)
        assert signals["UReq"] == pytest.approx(401.3)
        assert signals["Activate"] == 1.0

    run(wired, body)


@every_way
def test_a_changed_signal_is_sent_from_the_next_cycle_on(wired: bool):
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        await bench.send("b", "ChgUnitState", {"State": 3, "UOut": 400, "IOut": -25})
        assert (await bench.receive("a", "CHG_Status", 2.0))["OutputCurrent"] == pytest.approx(25.0)
        await bench.send("b", "ChgUnitState", {"State": 4, "UOut": 400, "IOut": 30})
        await rig.clock.sleep(0.15)
        signals = await bench.receive("a", "CHG_Status", 2.0)
        assert (signals["UnitState"], signals["OutputCurrent"]) == (4.0, pytest.approx(-30.0))

    run(wired, body)


@every_way
def test_a_silent_source_becomes_its_substitutes_in_time(wired: bool):
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        await bench.send("a", "BMS_Limits", {"MaxChargeCurrent": 80, "MaxDischargeCurrent": 60, "MaxVoltage": 450})
        assert (await bench.receive("b", "BattLimits", 2.0))["ILimDischarge"] == 60.0
        await bench.stop_sending("a", "BMS_Limits")
        await rig.clock.sleep(0.8)
        assert (await bench.receive("b", "BattLimits", 2.0))["ILimDischarge"] == 0.0

    run(wired, body)


@every_way
def test_what_never_comes_is_a_time_out_that_names_the_message(wired: bool):
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        with pytest.raises(TimeoutError, match="ChgCommand on bus b"):
            await bench.receive("b", "ChgCommand", 0.2)

    run(wired, body)


def test_everything_sent_by_the_gateway_is_protected_with_a_running_counter():
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        await bench.send("a", "BMS_Status", {"SoC": 50, "PackVoltage": 400, "PackCurrent": -20})
        await rig.clock.sleep(5.0)
        receiver = Receiver(bench.mapping.data_id("b", "BattInfo"))
        checks = [receiver.check(heard.frame.data) for heard in bench.since("b", 0.0, "BattInfo")]
        assert len(checks) > 40
        assert set(checks[1:]) == {Check.GOOD}

    run(False, body)


@pytest.mark.parametrize("fault", ["crc", "stuck-counter", "wrong-id", "short"])
def test_a_spoilt_source_is_not_believed(fault: str):
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        await bench.send("a", "BMS_Limits", {"MaxDischargeCurrent": 60})
        await rig.clock.sleep(0.5)
        bench.spoil("a", "BMS_Limits", fault)
        await rig.clock.sleep(1.0)
        assert (await bench.receive("b", "BattLimits", 1.0))["ILimDischarge"] == 0.0
        bench.spoil("a", "BMS_Limits", None)
        await rig.clock.sleep(0.5)
        assert (await bench.receive("b", "BattLimits", 1.0))["ILimDischarge"] == 60.0

    run(False, body)


def test_safe_is_silence_on_both_buses():
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        await bench.send("a", "BMS_Status", {"SoC": 50})
        await bench.make_safe()
        sent = len(bench.sending["a", "BMS_Status"].sent_s)
        await rig.clock.sleep(1.0)
        assert len(bench.sending["a", "BMS_Status"].sent_s) == sent

    run(False, body)


@every_way
def test_a_shorted_bus_brings_error_frames_where_the_interface_tells_them_and_then_works_again(wired: bool):
    async def body(rig: Rig) -> None:
        relay = await rig.driver("relay.relay_box", relay_box)
        bench = await gateway(rig)
        await bench.send("a", "VCU_ChargeRequest", {"Enable": 1, "RequestedPower": 10_000})
        await bench.receive("b", "ChgCommand", 2.0)
        assert [bench.ports[bus].tells_errors for bus in ("a", "b")] == [not wired, True]
        await relay.close_contact(8)
        await rig.clock.sleep(0.2)
        with pytest.raises(InstrumentTimeout):
            await bench.receive("b", "ChgCommand", 0.3)
        errors = bench.errors_since("b", 0.0)
        assert [error_words(one.frame) for one in errors] == [["bus error"]], "bus-off after its first try"
        await relay.open_contact(8)
        await bench.receive("b", "ChgCommand", 2.0)

    run(wired, body)


def test_a_short_that_a_case_has_made_loses_frames_and_any_other_loss_is_told():
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)

        async def fails(_frame: Frame) -> None:
            raise InstrumentLost("can_gateway", "no room for a frame")

        bench.ports["b"].send = fails
        with pytest.raises(InstrumentLost):
            await bench.send_raw("b", Frame(1))
        bench.shorted.add("b")
        await bench.send_raw("b", Frame(1))

    run(False, body)


def test_a_controller_is_off_after_32_failed_tries_and_comes_back_some_time_after_the_bus_is_free():
    controller = CanController(restart_s=0.1)
    assert controller.transmit(False, 0.0)
    assert not controller.transmit(True, 1.0)
    assert (controller.is_off, controller.errors) == (True, 256)
    controller.note(True, 1.5)
    controller.note(False, 1.55)
    assert not controller.transmit(False, 1.55)
    controller.note(False, 1.7)
    assert controller.transmit(False, 1.7)
    assert controller.errors == 0


@pytest.mark.parametrize("place", ["can0", "can0@192.0.2.9", "can0@192.0.2.9:port"])
def test_a_socketcand_without_its_host_and_port_is_refused(place: str):
    async def body(rig: Rig) -> None:
        connection = Connection("can_gateway", rig.clock, f"a=socketcand:{place};b=slcan:x", OPTIONS)
        with pytest.raises(ConfigError, match="NAME@HOST:PORT"):
            make_driver("can_gateway.two_bus", connection)

    run(False, body)


def test_a_message_of_another_platform_is_refused_with_the_nearest():
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        with pytest.raises(ConfigError, match="BMS_Status"):
            await bench.send("a", "BMS_Statos", {})

    run(False, body)


def test_a_lost_adapter_is_said_so():
    async def body(rig: Rig) -> None:
        bench = await gateway(rig)
        await bench.send("a", "BMS_Status", {"SoC": 50})
        await rig.shells[0].stop()
        await rig.clock.sleep(0.5)
        with pytest.raises(InstrumentLost):
            await bench.receive("b", "ChgCommand", 1.0)

    run(True, body)


def test_counters_are_judged_by_what_a_receiver_may_believe():
    frames = [protect(bytes(8), 0x120, counter) for counter in range(15)]
    receiver = Receiver(0x120)
    numbers = (0, 1, 1, 2, 4, 10, 11)
    found = [receiver.check(frames[number]) for number in numbers]
    expected = [Check.FIRST, Check.GOOD, Check.REPEATED, Check.GOOD, Check.LOST_SOME, Check.WRONG_SEQUENCE, Check.GOOD]
    assert found == expected
    assert Receiver(0x121).check(frames[0]) is Check.WRONG_CRC
    assert Receiver(0x120).check(b"\x01") is Check.WRONG_CRC
    assert receiver.check(frames[14]).fresh is True
    assert receiver.check(frames[0]) is Check.GOOD


def test_a_mapping_with_a_wrong_signal_is_refused_with_the_nearest(tmp_path: Path):
    for name in ("platform_a.dbc", "platform_b.dbc"):
        (tmp_path / name).write_text((TABLE.parent / name).read_text())
    table = tmp_path / "table.yaml"
    table.write_text(TABLE.read_text().replace("from: PackVoltage", "from: PackVoltige"))
    with pytest.raises(ConfigError, match="PackVoltage"):
        load_mapping(table)


def test_decoding_gives_numbers_for_choices():
    mapping = load_mapping(TABLE)
    message = mapping.message("a", "CHG_Status")
    assert (
        decode(
            message,
            message.encode(
                {"CRC": 0, "Counter": 0, "UnitState": "discharging", "OutputVoltage": 1.0, "OutputCurrent": 0.0}
            ),
        )["UnitState"]
        == 4.0
    )
