"""How a charging station is told that a vehicle may charge, where it does not find out by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.errors import ConfigError
from drivers.roles import Prompt
from harness.case import current_case, step
from harness.lab import Device, Start
from harness.verdict import Side

if TYPE_CHECKING:
    from harness.bench import Bench


NOTICED_S = 10.0
"""How long a station may refuse a remote start: it has to notice the plug, and that the last one is out (our default)."""
AGAIN_S = 1.0
"""Between two tries (our default)."""


class Identification:
    """Of one bench; who is identified, and how, is in the charger's options `start` and `token`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._remote_starts = 0

    async def give(self, charger: Device) -> None:
        """Right after the vehicle was plugged in. Raises ConfigError where it cannot be done, StationError where the
        station does not answer."""
        await {Start.ITSELF: self._nothing, Start.CARD: self._card, Start.REMOTE: self._remote}[charger.start](charger)

    async def _nothing(self, _charger: Device) -> None:
        """It starts by itself, as for free or by contract."""

    async def _card(self, charger: Device) -> None:
        step(f"card {charger.token} is held before the reader of {charger.id}")
        if "rfid" in self._bench.drivers:
            await self._bench.role("rfid").present(charger.token)
        else:
            await self._bench.operator.ask(Prompt(f"Hold card {charger.token} before the reader of {charger.id}."))

    async def _remote(self, charger: Device) -> None:
        assert self._bench.subject
        station = self._bench.csms.station(self._bench.subject)
        if not station.online:
            raise ConfigError(
                f"{self._bench.lab.path}: roles.charger.{charger.id}.options.start: {Start.REMOTE} needs the station's link, "
                f"which is down in this case; take {Start.CARD}, with an rfid role or an operator"
            )
        self._remote_starts += 1
        step(f"our CSMS starts a transaction of {charger.token} at {charger.id}")
        end_s = self._bench.clock.now_s() + NOTICED_S
        while (await station.request_start(charger.token, remote_start_id=self._remote_starts))["status"] != "Accepted":
            if self._bench.clock.now_s() > end_s:
                current_case().miss(f"{charger.id} rejected the remote start for {NOTICED_S:g} s", Side.STATION)
            await self._bench.clock.sleep(AGAIN_S)
