"""The charger under test: how it is found, and what must not stop it from being found."""

from __future__ import annotations

from fixtures.evcc import EvccOnBench
from harness.case import current_case, expect, step
from harness.iso15118.sdp import SdpRequest, SdpResponse, Security, Transport, parse
from harness.iso15118.timing import SDP_ATTEMPTS, SDP_WAIT_S
from harness.verdict import Side
from testcases.iso15118_20.table import for_each, row

SOUND = SdpRequest(Security.NONE).encode()
BROKEN = {
    "version 0xFF": b"\xff" + SOUND[1:],
    "inverse version 0xFF": SOUND[:1] + b"\xff" + SOUND[2:],
    "payload type 0x7000": SOUND[:2] + b"\x70\x00" + SOUND[4:],
    "length 0 and no payload": SOUND[:4] + bytes(4),
    "a length beyond its end": SOUND[:7] + b"\x09" + SOUND[8:],
    "seven octets": SOUND[:7],
    "an unknown security": SOUND[:-2] + b"\x55" + SOUND[-1:],
    "UDP asked for": SOUND[:-1] + b"\x10",
}


async def found(evcc: EvccOnBench, datagram: bytes, attempts: int = SDP_ATTEMPTS) -> SdpResponse:
    """The answer to discovery, as a vehicle repeats it; none, or one that is none, is a miss of the charger."""
    for _ in range(attempts):
        answer = await evcc.ask(datagram, SDP_WAIT_S)
        read = parse(answer) if answer else None
        if isinstance(read, SdpResponse):
            return read
    current_case().miss(f"no discovery answer to {attempts} requests", Side.STATION)
    raise AssertionError("not reached")


@for_each(
    [
        row("TC_SECC_CMN_VTB_SDP_001", "V2G2-626", asked="no security", security=Security.NONE),
        row("TC_SECC_CMN_VTB_SDP_002", "V2G2-626", asked="TLS", security=Security.TLS),
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def discovery_is_answered(evcc: EvccOnBench, *, asked: str, security: Security) -> None:
    """Discovery that asks for {asked}: answered within the retry budget, with an address, a port and TCP"""
    step(f"discovery asks for {asked}")
    answer = await found(evcc, SdpRequest(security).encode())
    expect(answer.transport, equals=Transport.TCP, of="station", named="transport")
    expect(answer.port > 0, equals=True, of="station", named="a port is named")
    usable = answer.address.startswith("fe80") or answer.address == "::1"
    expect(usable, equals=True, of="station", named=f"{answer.address} is link-local")
    expect(answer.security in (Security.TLS, Security.NONE), equals=True, of="station", named="security is known")


@for_each(
    [
        row(f"TC_SECC_CMN_VTB_SDP_{number:03}", what=what, datagram=datagram)
        for number, (what, datagram) in enumerate(BROKEN.items(), 11)
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_bad_datagram_is_ignored(evcc: EvccOnBench, *, what: str, datagram: bytes) -> None:
    """A discovery datagram with {what}: no answer to it, and the next sound one is answered"""
    step(f"a datagram with {what}")
    answer = await evcc.ask(datagram, 2 * SDP_WAIT_S)
    expect(answer is None, equals=True, of="station", named="ignored")
    step("a sound one")
    await found(evcc, SOUND)
