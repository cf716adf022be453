"""Both agents joined in memory, on virtual time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.clock import Clock, TimeMode, new_loop
from harness.iso15118.evcc import EvccConfig, EvccSession, StoredSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealStation, IdealVehicle
from harness.iso15118.observer import Notes
from harness.iso15118.secc import SeccConfig, SeccSession, SessionMemory
from harness.iso15118.secc_shell import Secc
from harness.iso15118.station import SessionEvent
from harness.link import memory_streams

EPOCH_US = 1_800_000_000_000_000


@pytest.fixture
def virtually() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine on a loop whose time jumps."""

    def run(story: Coroutine[Any, Any, Any]) -> Any:
        loop = new_loop(TimeMode.VIRTUAL)
        try:
            return loop.run_until_complete(story)
        finally:
            loop.close()

    return run


class Pair:
    """An `Evcc` and a `Secc` on one memory link; `ev` and `se` are their shells."""

    def __init__(
        self,
        evcc: EvccConfig | None = None,
        secc: SeccConfig | None = None,
        *,
        vehicle: IdealVehicle | None = None,
        station: IdealStation | None = None,
        memory: SessionMemory | None = None,
        stored: StoredSession | None = None,
    ) -> None:
        self.clock = Clock(epoch_utc_us=EPOCH_US)
        self.notes = Notes()
        self.events: list[SessionEvent] = []
        self.vehicle = vehicle or IdealVehicle()
        self.station = station or IdealStation()
        left, right = memory_streams()
        now_s = self.clock.now_s()
        self.ev = Evcc(
            left,
            EvccSession(evcc or EvccConfig(), self.vehicle, epoch_utc_us=EPOCH_US, stored=stored),
            self.clock,
            self.notes,
        )
        self.se = Secc(
            right,
            SeccSession(secc or SeccConfig(), self.station, now_s=now_s, epoch_utc_us=EPOCH_US, memory=memory),
            self.clock,
            on_event=self.events.append,
        )

    def whats(self) -> list[str]:
        """Kinds of the station's events, repeats of the loop left out."""
        kinds = [str(event.what) for event in self.events]
        return [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]
