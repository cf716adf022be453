"""The charger under test: frames, connections and octets that no vehicle should send, and that must kill nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fixtures.evcc import BenchEvcc, EvccOnBench
from harness.case import expect, step
from harness.exi.declare import Record
from harness.iso15118.v2gtp import HEADER, HEADER_LENGTH, INVERSE_VERSION, VERSION, Frame, PayloadType, frame
from harness.iso15118.wire import to_frame
from testcases.iso15118_20.charger import end, expect_closed, expect_code
from testcases.iso15118_20.table import for_each, row

IGNORED_S = 2.0
"""The vehicle's message timeout: so long an ignored frame is watched."""
PIECE_S = 0.05

HEADERS = {
    "version 0xFF": HEADER.pack(0xFF, INVERSE_VERSION, PayloadType.COMMON, 4),
    "inverse version 0xFF": HEADER.pack(VERSION, 0xFF, PayloadType.COMMON, 4),
    "payload type 0x7000": HEADER.pack(VERSION, INVERSE_VERSION, 0x7000, 4),
    "reserved payload type 0x8200": HEADER.pack(VERSION, INVERSE_VERSION, 0x8200, 4),
    "a manufacturer's payload type": HEADER.pack(VERSION, INVERSE_VERSION, 0xA000, 4),
}
CUTS = {
    "cut inside the header": (5,),
    "cut behind the header": (HEADER_LENGTH,),
    "cut in the message": (HEADER_LENGTH + 3,),
    "octet by octet": tuple(range(1, 200)),
}


async def say(ev: BenchEvcc, request: Record, octets: bytes, cuts: Sequence[int] = ()) -> None:
    """Send a request as these octets, in pieces; its answer is then awaited as usual."""
    begin = 0
    for cut in (*(cut for cut in cuts if cut < len(octets)), len(octets)):
        await ev.send_raw(octets[begin:cut])
        await ev.clock.sleep(PIECE_S)
        begin = cut
    ev.last_request = request
    ev.session.sent(request, ev.clock.now_s())


def the_next(ev: BenchEvcc) -> Record:
    request = ev.next_request()
    assert request is not None
    return request


@for_each(
    [
        row(f"TC_SECC_CMN_VTB_V2GTP_{number:03}", "V2G2-800", what=what, octets=header + bytes(4))
        for number, (what, header) in enumerate(HEADERS.items(), 1)
    ]
    + [row("TC_SECC_CMN_VTB_V2GTP_006", "V2G2-800", what="no payload", octets=frame(PayloadType.COMMON, b""))],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_bad_frame_is_ignored(evcc: EvccOnBench, *, what: str, octets: bytes) -> None:
    """A frame with {what}: ignored without an answer, and the session goes on"""
    ev = await evcc.before("SessionSetup")
    step(f"a frame with {what}")
    await ev.send_raw(octets)
    heard = await ev.silence(IGNORED_S)
    expect(len(heard.frames), equals=0, of="station", named="frames in answer")
    expect(heard.closed_after_s, equals=None, of="station", named="closed after")
    step("the right request")
    expect_code(await ev.exchange(), ["OK_NewSessionEstablished"])
    await end(ev)


@for_each(
    [
        row(f"TC_SECC_CMN_VTB_V2GTP_{number:03}", what=what, cuts=cuts)
        for number, (what, cuts) in enumerate(CUTS.items(), 11)
    ],
    into=globals(),
    sut="charger",
)
async def a_frame_in_pieces_is_whole(evcc: EvccOnBench, *, what: str, cuts: tuple[int, ...]) -> None:
    """ServiceDiscoveryReq {what}: answered as if it had come in one piece"""
    ev = await evcc.before("ServiceDiscovery")
    step(f"ServiceDiscoveryReq {what}")
    request = the_next(ev)
    await say(ev, request, to_frame(request), cuts)
    expect_code(await ev.answer(), ["OK"])
    await end(ev)


@for_each([row("TC_SECC_CMN_VTB_V2GTP_015")], into=globals(), sut="charger")
async def two_frames_in_one_piece(evcc: EvccOnBench) -> None:
    """A manufacturer's frame and a request in one piece: the request is answered"""
    ev = await evcc.before("ServiceDiscovery")
    step("both frames at once")
    request = the_next(ev)
    await say(ev, request, frame(0xA000, b"\x01\x02") + to_frame(request))
    expect_code(await ev.answer(), ["OK"])
    await end(ev)


@for_each([row("TC_SECC_CMN_VTB_V2GTP_021")], into=globals(), sut="charger", liveness=True)
async def an_endless_frame_ends_the_connection(evcc: EvccOnBench) -> None:
    """A frame that announces 4 GiB: the connection is closed, and the next session works"""
    ev = await evcc.before("ServiceDiscovery")
    step("a header with length 0xFFFFFFFF")
    await ev.send_raw(HEADER.pack(VERSION, INVERSE_VERSION, PayloadType.COMMON, 0xFFFFFFFF) + bytes(64))
    await expect_closed(ev, after_s=60.0)


@for_each([row("TC_SECC_CMN_VTB_V2GTP_022")], into=globals(), sut="charger", liveness=True)
async def an_old_payload_type_is_not_taken(evcc: EvccOnBench) -> None:
    """SessionSetupReq of -20 under payload type 0x8001: not answered as if it were right"""
    ev = await evcc.before("SessionSetup")
    step("SessionSetupReq under 0x8001")
    await ev.send_raw(to_frame(the_next(ev), PayloadType.SAP))
    heard = await ev.silence(IGNORED_S)
    taken = [one for one in heard.frames if isinstance(one, Frame) and one.payload_type == PayloadType.COMMON]
    expect(len(taken), equals=0, of="station", named="answers of -20")


# fmt: off
NONSENSE = {
    "of 0xFF": b"\xff" * 40,
    "of zeros": bytes(40),
    "with an unknown root element": b"\x80\xff\xff\xff\xff\xff",
    "cut off in the middle": None,
}
# fmt: on


@for_each(
    [
        row(f"TC_SECC_CMN_VTB_V2GTP_{number:03}", what=what, payload=payload)
        for number, (what, payload) in enumerate(NONSENSE.items(), 31)
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def nonsense_kills_nothing(evcc: EvccOnBench, *, what: str, payload: bytes | None) -> None:
    """A message {what} in a sound frame: no OK for it, and the next session works"""
    ev = await evcc.before("ServiceDiscovery")
    step(f"a message {what}")
    whole = to_frame(the_next(ev))[HEADER_LENGTH:]
    await ev.send_raw(frame(PayloadType.COMMON, whole[: len(whole) // 2] if payload is None else payload))
    heard = await ev.silence(IGNORED_S)
    expect(len(heard.frames) <= 1, equals=True, of="station", named="at most one answer")


@for_each([row("TC_SECC_CMN_VTB_V2GTP_041")], into=globals(), sut="charger", liveness=True)
async def a_second_connection_disturbs_nobody(evcc: EvccOnBench) -> None:
    """A second connection during the charge loop: the first session goes on"""
    ev = await evcc.charging()
    step("a second connection, which says nothing")
    second = await evcc.session(again=True)
    answer: Any = await ev.charge_loop(count=5)
    expect_code(answer, ["OK"])
    await second.close()
    await end(ev)


@for_each([row("TC_SECC_CMN_VTB_V2GTP_042")], into=globals(), sut="charger", liveness=True)
async def ten_connections_one_after_the_other(evcc: EvccOnBench) -> None:
    """Ten connections opened and closed without a word: the next session works"""
    for _ in range(10):
        ev = await evcc.session()
        await ev.close()
        await ev.clock.sleep(0.2)


@for_each([row("TC_SECC_CMN_VTB_V2GTP_043", "V2G20-459")], into=globals(), sut="charger", liveness=True)
async def two_requests_at_once(evcc: EvccOnBench) -> None:
    """Two requests without waiting for an answer: the second is not served as if it were in order"""
    ev = await evcc.before("ServiceDetail")
    step("ServiceDetailReq twice in one piece, then another one out of order")
    request = the_next(ev)
    await ev.send_raw(to_frame(request) + to_frame(ev.draft("PowerDeliveryReq")))
    heard = await ev.silence(IGNORED_S)
    expect(len(heard.frames) <= 2, equals=True, of="station", named="at most one answer a request")


@for_each([row("TC_SECC_CMN_VTB_SessionSetup_101", "V2G20-2621")], into=globals(), sut="charger")
async def session_ids_are_random(evcc: EvccOnBench) -> None:
    """Twelve sessions: twelve ids that share no pattern"""
    given = []
    for _ in range(12):
        ev = await evcc.before("AuthorizationSetup")
        given.append(ev.session.session_id)
        await ev.stop()
        await ev.clock.sleep(0.5)
    expect(len(set(given)), equals=12, of="station", named="different session ids")
    fixed = [place for place in range(8) if len({one[place] for one in given}) == 1]
    expect(fixed, equals=[], of="station", named="octets that are the same in all ids")
    digits = all(chr(octet).isdigit() for one in given for octet in one)
    expect(digits, equals=False, of="station", named="all octets are decimal digits")
