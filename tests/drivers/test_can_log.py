"""Frame logs: every frame of both buses, in order, readable by another reader than the writer."""

from __future__ import annotations

from pathlib import Path

import can
import pytest

from drivers.can.log import FrameLog
from drivers.can.ports import Frame
from drivers.emulators import can_gateway
from harness.can_evidence import CanEvidence
from harness.transcript.recorder import Recorder
from tests.drivers.rig import Rig, run
from tests.drivers.test_contract_can_gateway import OPTIONS


@pytest.mark.parametrize("suffix", [".asc", ".blf"])
def test_everything_said_on_both_buses_is_in_the_log(suffix: str, tmp_path: Path):
    path = tmp_path / f"frames{suffix}"

    async def body(rig: Rig) -> None:
        bench = await rig.driver("can_gateway.two_bus", can_gateway, (), OPTIONS, OPTIONS)
        with FrameLog(path, ["a", "b"], rig.clock) as log:
            bench.on_frame = log
            await bench.send("a", "VCU_ChargeRequest", {"Enable": 1, "RequestedPower": -10_000})
            await rig.clock.sleep(1.0)
            await bench.quiet()
            sent = len(bench.sending["a", "VCU_ChargeRequest"].sent_s)
        messages = list(can.LogReader(path))
        ours = [message for message in messages if message.arbitration_id == 0x130]
        theirs = [message for message in messages if message.arbitration_id == 0x3B0]
        assert len(ours) == sent
        assert len(theirs) == len(bench.since("b", 0.0))
        assert bytes(theirs[0].data) == bench.since("b", 0.0)[0].frame.data
        times = [message.timestamp for message in messages]
        assert times == sorted(times)

    run(False, body)


def test_another_suffix_or_bus_is_refused(tmp_path: Path):
    async def body(rig: Rig) -> None:
        with pytest.raises(ValueError, match=r"\.asc or \.blf"):
            FrameLog(tmp_path / "frames.txt", ["a"], rig.clock)
        with FrameLog(tmp_path / "frames.asc", ["a"], rig.clock) as log, pytest.raises(ValueError, match="no bus 'c'"):
            log("c", Frame(1), "", True)

    run(False, body)


def test_an_attempts_frames_lie_beside_its_transcript_and_an_error_frame_is_told_in_it(tmp_path: Path):
    async def body(rig: Rig) -> None:
        recorder = Recorder(rig.clock, tmp_path / "transcript.jsonl")
        kept = CanEvidence(["a", "b"], "asc", recorder.record)
        kept("a", Frame(0x130, bytes(8)), "between attempts", True)
        kept.begin(recorder)
        kept("a", Frame(0x130, bytes(8)), "VCU_ChargeRequest", True)
        kept("b", Frame(0x20000004, bytes(8), error=True), "", False)
        kept.end()
        kept.end()
        assert [message.is_error_frame for message in can.LogReader(tmp_path / "can.asc")] == [False, True]
        assert [(event.channel, event.kind, event.data["error"], event.data["means"]) for event in recorder.events] == [
            ("can.b", "can.frame", True, "controller problem")
        ]

    run(False, body)
