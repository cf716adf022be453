"""Whole sessions of both agents, in memory and virtual time."""

from __future__ import annotations

import asyncio

from tests.iso15118.conftest import Pair


def test_a_dynamic_bidirectional_session_runs_from_first_word_to_last(virtually):
    async def story():
        pair = Pair()
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.charge_loop(60.0)
        pair.station.target_power_w = -5_000.0
        back = await pair.ev.charge_loop(60.0)
        await pair.ev.stop()
        await charger
        return pair, back

    pair, back = virtually(story())
    assert float(back.evse_present_current) < 0
    assert pair.ev.session.state == pair.se.session.state == "terminated"
    assert pair.whats() == [
        "session", "identification", "authorization", "service", "limits", "needs", "power on", "loop", "power off", "stopped",
    ]  # fmt: skip
