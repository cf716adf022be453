"""The vehicle under test: the patterns that recur over all messages, seen from a charger that answers or misbehaves."""

from __future__ import annotations

from fixtures.secc import AC_ONLY, BenchSecc, SeccOnBench
from harness.case import good_case, step
from harness.iso15118.messages import common
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.timing import message_timeout_s
from harness.iso15118.v2gtp import PayloadType, frame
from harness.verdict import Side
from testcases.iso15118_20.groups import AC_GROUPS, GROUPS, IN_SESSION
from testcases.iso15118_20.table import for_each, row
from testcases.iso15118_20.vehicle import expect_end, expect_given_up

ENDS = ("DC_WeldingDetection", "SessionStop")
REFUSAL = {"supportedAppProtocol": "Failed_NoNegotiation"}


def _stranger(message: str) -> str:
    """An answer that does not belong to this request."""
    return "PowerDelivery" if message == "ServiceSelection" else "ServiceSelection"


async def reach(secc: SeccOnBench, message: str, mode: str = "") -> BenchSecc:
    """Preamble: a good session up to a request, which waits unanswered. To get to its end our charger asks for it."""
    if message not in ENDS:
        return await secc.asked(message, **({"offers": AC_ONLY} if mode == "AC" else {}))
    se = await secc.charging()
    with good_case(Side.VEHICLE):
        se.session.notify(EvseNotification.Terminate)
        await se.expect(f"{message}Req")
    return se


@for_each(
    [row(each.case("EVCC", 1), message=each.message, mode=each.mode) for each in (*GROUPS, *AC_GROUPS)],
    into=globals(),
    sut="vehicle",
)
async def is_asked(secc: SeccOnBench, *, message: str, mode: str) -> None:
    """{message}Req in its place: asked as it must be, and the session goes on to its end"""
    se = await reach(secc, message, mode)
    step(f"{message}Res")
    await se.respond()
    if message not in ENDS:
        with good_case(Side.VEHICLE):
            await se.expect("ChargeLoopReq")
        await se.respond()
        se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each(
    [
        row(each.case("EVCC", 11), message=each.message, mode=each.mode)
        for each in (*GROUPS, *AC_GROUPS)
        if each.name != "SessionStop"
    ],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def a_failure_ends_the_session(secc: SeccOnBench, *, message: str, mode: str) -> None:
    """{message}Res with a FAILED code: the vehicle ends the session and closes the connection"""
    se = await reach(secc, message, mode)
    code = REFUSAL.get(message, "FAILED")
    step(f"{message}Res with {code}")
    await se.reply(response_code=code)
    await expect_given_up(se)


STRANGERS = {"PowerDelivery": common.PowerDeliveryRes, "ServiceSelection": common.ServiceSelectionRes}


@for_each(
    [row(each.case("EVCC", 21), message=each.message, other=_stranger(each.message)) for each in GROUPS[1:]],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def another_answer_ends_the_session(secc: SeccOnBench, *, message: str, other: str) -> None:
    """{other}Res in answer to {message}Req: the vehicle does not take it, and closes the connection"""
    se = await reach(secc, message)
    step(f"{other}Res in answer to {message}Req")
    await se.reply(STRANGERS[other](header=se.session.header(se.clock.now_s()), response_code="OK"))
    await expect_given_up(se, after_s=message_timeout_s(f"{message}Req"))


@for_each(
    [
        row(each.case("EVCC", 31), "V2G20-460", message=each.message, mode=each.mode)
        for each in (*IN_SESSION, *AC_GROUPS)
    ],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def another_session_id_ends_the_session(secc: SeccOnBench, *, message: str, mode: str) -> None:
    """{message}Res with another session id: the vehicle ends the session and closes the connection"""
    se = await reach(secc, message, mode)
    right = se.session.session_id
    step(f"{message}Res with a session id that is one bit different")
    await se.reply(header__session_id=right[:-1] + bytes([right[-1] ^ 1]))
    await expect_given_up(se)


@for_each(
    [row(each.case("EVCC", 41), message=each.message, mode=each.mode) for each in (*GROUPS, *AC_GROUPS)],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def no_answer_ends_the_session(secc: SeccOnBench, *, message: str, mode: str) -> None:
    """No answer to {message}Req: the vehicle gives up after its message timeout and closes the connection"""
    se = await reach(secc, message, mode)
    step("no answer")
    await expect_given_up(se, after_s=message_timeout_s(f"{message}Req"))


@for_each(
    [row(each.case("EVCC", 51), message=each.message) for each in GROUPS],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def octets_that_are_no_message_end_the_session(secc: SeccOnBench, *, message: str) -> None:
    """A frame whose content is no message in answer to {message}Req: the vehicle gives up and closes the connection"""
    se = await reach(secc, message)
    step("a frame of 0xFF")
    await se.reply(frame(PayloadType.COMMON, b"\xff" * 24))
    await expect_given_up(se, after_s=message_timeout_s(f"{message}Req"))
