"""One session in memory before the first real one: what is made at its first use costs time that a timer would count."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from harness.clock import Clock, TimeMode, new_loop
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealStation, IdealVehicle
from harness.iso15118.secc import SeccConfig, SeccSession
from harness.iso15118.secc_shell import Secc
from harness.link import memory_streams


def warm_up(protocols: Sequence[str] = ("iso15118-20",)) -> None:
    """Both agents, from the first message to the last, in virtual time on a loop of its own (0.1 s of processor time each)."""
    loop = new_loop(TimeMode.VIRTUAL)
    try:
        for protocol in protocols:
            loop.run_until_complete(_session(protocol))
    finally:
        loop.close()


async def _session(protocol: str) -> None:
    clock = Clock()
    near, far = memory_streams()
    ev = Evcc(
        near, EvccSession(EvccConfig(protocols=(protocol,)), IdealVehicle(), epoch_utc_us=clock.epoch_utc_us), clock
    )
    session = SeccSession(
        SeccConfig(protocols=(protocol,)), IdealStation(), now_s=clock.now_s(), epoch_utc_us=clock.epoch_utc_us
    )
    serving = asyncio.ensure_future(Secc(far, session, clock).run())
    await ev.charge_loop(count=1)
    await ev.stop()
    await serving
