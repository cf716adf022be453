"""A bench whose link is relayed into a transcript, and what the rules say of it."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.iso15118.relay import Relay
from harness.link import memory_streams
from harness.rules.judge import load_rules
from harness.rules.rule import judge
from harness.transcript.decoding import sessions
from harness.transcript.recorder import Recorder
from harness.verdict import Finding
from tests.iso15118.test_emulators import Bench


class Listening:
    """Writes into a transcript, connections numbered."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.session = 0

    def frame(self, source: str, target: str, octets: bytes) -> None:
        self.recorder.record("v2g", "v2g.frame", source, target, hex=octets.hex(), session=self.session)

    def datagram(self, source: str, target: str, octets: bytes) -> None:
        self.recorder.record("v2g", "v2g.sdp", source, target, hex=octets.hex())

    def link(self, what: str, **details: Any) -> None:
        by = str(details.get("by", ""))
        self.recorder.record("v2g", "v2g.link", by, "", what=what, session=self.session, **details)


class JudgedBench(Bench):
    """Vehicle, relay, charger; `findings()` judges everything that passed the relay."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.recorder = Recorder(self.clock)
        self.listening = Listening(self.recorder)
        self._relays: set[asyncio.Task[None]] = set()

    async def connect(self):
        self.listening.session += 1
        near, far = memory_streams()
        relay = Relay(far, self.charger.attach(), self.listening)
        self._relays.add(asyncio.ensure_future(relay.run()))
        return near

    def findings(self) -> list[Finding]:
        load_rules()
        return [one for session in sessions(self.recorder.events) for one in judge(session, "iso15118-20")]

    def tripped(self) -> set[str]:
        """Rules that found something, those on working without TLS left out: this bench has none."""
        return {one.rule for one in self.findings() if not one.rule.endswith("-on-tls-only")}
