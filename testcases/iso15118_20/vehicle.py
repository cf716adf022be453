"""What the cases against a vehicle share: how it ends a session that our charger has spoilt."""

from __future__ import annotations

from fixtures.secc import BenchSecc
from harness.case import current_case, expect, step
from harness.iso15118.errors import Undecodable
from harness.iso15118.order import name_of
from harness.iso15118.v2gtp import Frame
from harness.iso15118.wire import from_frame
from harness.verdict import Limit, Side, Source
from testcases.iso15118_20.charger import BUSY_S, CLOSES_S, TRANSMISSION_S

_CLOSING = Limit(source=Source.PUBLISHED, reference="timers of a published ISO 15118-4 test suite")


async def expect_given_up(se: BenchSecc, *, after_s: float = 0.0) -> None:
    """The vehicle closes the connection, and asks for nothing more than, at most, the end of the session."""
    step("the vehicle gives the session up")
    latest_s = after_s + CLOSES_S + TRANSMISSION_S + BUSY_S
    heard = await se.silence(latest_s + 1.0)
    for frame in heard.frames:
        name = _name(frame) if isinstance(frame, Frame) else "a malformed frame"
        if name != "SessionStopReq":
            current_case().miss(f"the vehicle goes on with {name} instead of ending the session", Side.VEHICLE)
    closed_s = heard.closed_after_s
    stops = [frame for frame in heard.frames if isinstance(frame, Frame)]
    if closed_s is None and stops:
        return  # it has asked for the end and waits for the answer
    expect(closed_s is not None, equals=True, of="vehicle", named=f"connection closed within {latest_s:g} s")
    expect(closed_s, at_most=latest_s, of="vehicle", named="closed after", unit="s", source=_CLOSING)


def _name(frame: Frame) -> str:
    try:
        return name_of(from_frame(frame))
    except Undecodable:
        return "something undecodable"


async def expect_end(se: BenchSecc, within_s: float = 60.0) -> None:
    """Postamble: the vehicle ends the session in order."""
    step("the vehicle ends the session in order")
    await se.ended(within_s)
    expect(se.session.state.value, one_of=["terminated", "paused"], of="vehicle", named="session")
