"""The charger under test: the patterns that recur over all messages."""

from __future__ import annotations

from fixtures.evcc import EvccOnBench
from harness.case import current_case, expect, step
from harness.iso15118.timing import answer_within_s, message_timeout_s, timer
from harness.verdict import Limit, Source
from testcases.iso15118_20.charger import end, expect_closed, expect_code, expect_refused, reach
from testcases.iso15118_20.groups import AC_GROUPS, GROUPS, IN_SESSION
from testcases.iso15118_20.table import for_each, row

FINE = {
    "supportedAppProtocol": ("OK_SuccessfulNegotiation",),
    "SessionSetup": ("OK_NewSessionEstablished",),
}
_PERFORMANCE = Limit(source=Source.PUBLISHED, reference="published reading of the standard's timing tables")


@for_each(
    [row(each.case("SECC", 1), message=each.message) for each in (*GROUPS, *AC_GROUPS)],
    into=globals(),
    sut="charger",
)
async def is_answered(evcc: EvccOnBench, *, message: str) -> None:
    """{message}Req in its place: a good answer within its time, and the session goes on to its end"""
    ev = await reach(evcc, message)
    step(f"{message}Req")
    answer = await ev.exchange()
    expect_code(answer, FINE.get(message, ("OK",)))
    request = f"{message}Req"
    limit_s = answer_within_s(request) or message_timeout_s(request)
    expect(ev.answered_after_s, at_most=limit_s, of="station", named="answered after", unit="s", source=_PERFORMANCE)
    await end(ev)


@for_each(
    [
        row(each.case("SECC", 21), "V2G20-459", message=each.message, other=each.other)
        for each in (*GROUPS, *AC_GROUPS)
        if each.other
    ]
    + [
        row(each.case("SECC", 22), "V2G20-459", message=each.message, other="SessionSetup")
        for each in IN_SESSION
        if each.name not in ("AuthorizationSetup",)
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def another_request_is_refused(evcc: EvccOnBench, *, message: str, other: str) -> None:
    """{other}Req where {message}Req is expected: FAILED_SequenceError in a {other}Res, and the connection closed"""
    ev = await reach(evcc, message)
    step(f"{other}Req instead of {message}Req")
    answer = await ev.exchange(ev.draft(f"{other}Req"))
    await expect_refused(ev, answer, ["FAILED_SequenceError"])


@for_each(
    [
        row(each.case("SECC", number), "V2G20-460", message=each.message, kind=kind, flip=flip)
        for number, kind, flip in ((31, "one bit different", True), (32, "zero", False))
        for each in (*IN_SESSION, *AC_GROUPS)
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def another_session_id_is_refused(evcc: EvccOnBench, *, message: str, kind: str, flip: bool) -> None:
    """{message}Req with a session id that is {kind}: FAILED_UnknownSession, and the connection closed"""
    ev = await reach(evcc, message)
    right = ev.session.session_id
    wrong = right[:-1] + bytes([right[-1] ^ 1]) if flip else bytes(8)
    step(f"{message}Req with session id {wrong.hex().upper()}")
    answer = await ev.exchange(header__session_id=wrong)
    await expect_refused(ev, answer, ["FAILED_UnknownSession"])


SEQUENCE_S = timer("V2G_SECC_Sequence_Timeout").value_s
LOOP_SEQUENCE_S = timer("V2G_SECC_Sequence_Timeout_ChargeLoop").value_s


@for_each(
    [
        row(each.case("SECC", 41), "V2G20-443", message=each.message, parameters={"sequence_s": SEQUENCE_S})
        for each in GROUPS[1:]
        if each.message != "DC_ChargeLoop"
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def silence_ends_the_session(evcc: EvccOnBench, *, message: str) -> None:
    """Silence where {message}Req is expected: the charger closes the connection after its sequence timeout"""
    ev = await reach(evcc, message)
    sequence_s = float(current_case().parameters["sequence_s"])
    step(f"silence instead of {message}Req")
    await expect_closed(ev, after_s=sequence_s, earliest_s=sequence_s - 1.0)


@for_each(
    [
        row(
            f"TC_SECC_{mode}_VTB_ChargeLoop_041",
            "V2G20-1502",
            mode=mode,
            parameters={"loop_sequence_s": LOOP_SEQUENCE_S},
        )
        for mode in ("DC", "AC")
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def silence_in_the_loop_ends_the_session(evcc: EvccOnBench, *, mode: str) -> None:
    """Silence in the {mode} charge loop: power off at once, and the charger closes the connection"""
    ev = await evcc.charging()
    step(f"silence instead of {mode}_ChargeLoopReq")
    await expect_closed(ev, after_s=float(current_case().parameters["loop_sequence_s"]))


@for_each(
    [row(each.case("SECC", 10), "V2G20-2645", message=each.message) for each in (*IN_SESSION[:-3], *AC_GROUPS[:2])],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_stop_is_granted(evcc: EvccOnBench, *, message: str) -> None:
    """SessionStopReq where {message}Req is expected: granted, and the next session works"""
    ev = await reach(evcc, message)
    step(f"SessionStopReq instead of {message}Req")
    answer = await ev.exchange(ev.draft("SessionStopReq", charging_session="Terminate"))
    expect_code(answer, ["OK"])
    await ev.close()
