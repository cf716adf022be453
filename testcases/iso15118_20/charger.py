"""What the cases against a charger share: how far to go, and what an end looks like."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fixtures.evcc import BenchEvcc, EvccOnBench
from harness.case import expect, good_case, step
from harness.verdict import Limit, Side, Source

CLOSES_S = 5.0
"""Time for closing the connection after a failure, as a published -4 test suite has it."""
TRANSMISSION_S = 0.25
"""Allowance for the way of messages, as a published -4 test suite has it."""
BUSY_S = 0.75
"""Allowance for a busy computer at either end (our default)."""
_CLOSING = Limit(
    source=Source.PUBLISHED,
    reference=f"timers of a published ISO 15118-4 test suite, and {BUSY_S:g} s of ours for a busy computer",
)


async def reach(evcc: EvccOnBench, message: str, **config: Any) -> BenchEvcc:
    """Preamble: a good session up to the moment before a request. Behind the loop the session is brought to its end."""
    if message not in ("DC_WeldingDetection", "SessionStop"):
        return await evcc.before(message, **config)
    ev = await evcc.charging(**config)
    with good_case(Side.STATION):
        await ev.wind_down(message)
    return ev


def code_of(answer: Any) -> str:
    return str(answer.response_code)


def expect_code(answer: Any, codes: Collection[str], requirement: str = "") -> None:
    expect(code_of(answer), one_of=codes, of="station", named="response code", requirement=requirement)


async def expect_closed(ev: BenchEvcc, *, after_s: float = 0.0, earliest_s: float = 0.0) -> None:
    """The charger closes the connection; `after_s` is how long it may wait before it starts to."""
    step("the charger closes the connection")
    latest_s = after_s + CLOSES_S + TRANSMISSION_S + BUSY_S
    heard = await ev.silence(latest_s + 1.0)
    expect(len(heard.frames), equals=0, of="station", named="frames after the end of the session")
    closed_s = heard.closed_after_s
    expect(closed_s is not None, equals=True, of="station", named=f"connection closed within {latest_s:g} s")
    expect(
        closed_s, at_least=earliest_s, at_most=latest_s, of="station", named="closed after", unit="s", source=_CLOSING
    )
    await ev.close()  # a charger over TLS waits for the vehicle's end before it serves the next one


async def expect_refused(ev: BenchEvcc, answer: Any, codes: Collection[str], requirement: str = "") -> None:
    """The answer refuses, and the session is over."""
    expect_code(answer, codes, requirement)
    await expect_closed(ev)


async def end(ev: BenchEvcc) -> None:
    """Postamble: the session is ended in order."""
    step("the session is ended in order")
    await ev.stop()
