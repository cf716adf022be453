"""The charger under test in the TLS handshake: vehicles that it must refuse, and those that it must not."""

from __future__ import annotations

from collections.abc import Callable
from ssl import TLSVersion
from typing import Any

from fixtures.evcc import EvccOnBench
from harness.case import current_case, expect, good_case, step
from harness.iso15118.errors import LinkLost
from harness.iso15118.pki import Faults
from harness.iso15118.tls import Tls
from harness.verdict import Side
from testcases.iso15118_20.charger import code_of, end, expect_code
from testcases.iso15118_20.table import for_each, row

OLD = (TLSVersion.TLSv1_2, TLSVersion.TLSv1_2)
FOREIGN_SUITE = ("TLS_AES_128_GCM_SHA256",)
Make = Callable[[EvccOnBench], Tls]


def shaken() -> dict[str, Any]:
    """What the last handshake told."""
    told = [one.data for one in current_case().recorder.events if one.data.get("what") == "tls"]
    return told[-1]


def _faulty(**faults: set[str]) -> Make:
    return lambda evcc: evcc.tls(faults=Faults(**{name: frozenset(leaves) for name, leaves in faults.items()}))


@for_each([row("TC_SECC_CMN_VTB_TLS_001", "V2G20-1264", requires=["tls"])], into=globals(), sut="charger")
async def tls_13_on_both_sides(evcc: EvccOnBench) -> None:
    """A good vehicle: TLS 1.3, its certificate asked for, the roots named that the charger trusts"""
    with good_case(Side.STATION):
        ev = await evcc.session()
    told = shaken()
    expect(told["version"], equals="TLS 1.3", of="station", named="version")
    expect(told.get("certificate_requested", False), equals=True, of="station", named="certificate requested")
    named = told.get("request_authorities", 0) > 0
    expect(named, equals=True, of="station", named="trusted roots are named", requirement="V2G20-2401")
    expect_code(await ev.exchange(), ["OK_SuccessfulNegotiation"])
    await end(ev)


@for_each(
    [
        row("TC_SECC_CMN_VTB_TLS_011", "V2G20-2458", requires=["tls", "strict-20"],
            what="offers no suite of the profile", make=lambda evcc: evcc.tls(suites=FOREIGN_SUITE)),
        row("TC_SECC_CMN_VTB_TLS_012", "V2G20-2356", requires=["tls"],
            what="offers TLS 1.2 at most, and ISO 15118-20", make=lambda evcc: evcc.tls(versions=OLD)),
        row("TC_SECC_CMN_VTB_TLS_013", requires=["tls"], what="shows a certificate of a foreign root",
            make=lambda evcc: evcc.tls(credential=evcc.foreign().leaves["vehicle"])),
        row("TC_SECC_CMN_VTB_TLS_014", requires=["tls", "issuing"], what="shows an expired certificate",
            make=_faulty(expired={"vehicle"})),
        row("TC_SECC_CMN_VTB_TLS_015", requires=["tls", "issuing"], what="shows a certificate that is not valid yet",
            make=_faulty(not_yet_valid={"vehicle"})),
        row("TC_SECC_CMN_VTB_TLS_016", "V2G20-2342", requires=["tls", "issuing"],
            what="shows a certificate for servers", make=_faulty(wrong_usage={"vehicle"})),
        row("TC_SECC_CMN_VTB_TLS_017", "V2G2-009", requires=["tls", "issuing"],
            what="shows a chain with one sub-CA too many", make=_faulty(deep={"vehicle"})),
        row("TC_SECC_CMN_VTB_TLS_018", "V2G20-2400", requires=["tls"], what="shows no certificate",
            make=lambda evcc: evcc.tls(credential=None)),
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)  # fmt: skip
async def a_wrong_vehicle_is_not_served(evcc: EvccOnBench, *, what: str, make: Make) -> None:
    """A vehicle that {what}: no session, and the next vehicle is served"""
    step(f"a vehicle that {what}")
    try:
        ev = await evcc.session(tls=make(evcc))
        answer = await ev.exchange()
    except LinkLost:
        return  # refused in the handshake, or right behind it as TLS 1.3 has it
    expect(code_of(answer), one_of=["Failed_NoNegotiation"], of="station", named="response code")


@for_each([row("TC_SECC_CMN_VTB_TLS_019", "V2G20-1006", requires=["tls"])], into=globals(), sut="charger")
async def nameless_authorities_leave_the_choice(evcc: EvccOnBench) -> None:
    """The vehicle names no certificate_authorities: the charger shows a chain of its choice, and serves"""
    step("a ClientHello without authorities")
    ev = await evcc.session(tls=evcc.tls(names_authorities=False))
    expect_code(await ev.exchange(), ["OK_SuccessfulNegotiation"])
    await end(ev)


@for_each([row("TC_SECC_CMN_VTB_TLS_020", requires=["tls"])], into=globals(), sut="charger", liveness=True)
async def an_unknown_pki_kills_nothing(evcc: EvccOnBench) -> None:
    """A vehicle that does not know the charger's PKI breaks the handshake off: the next vehicle is served"""
    step("a vehicle of another PKI")
    try:
        await evcc.session(tls=evcc.tls(trusted=(evcc.foreign().root("v2g_root"),)))
    except LinkLost:
        return
    current_case().miss("the charger shows a chain to a root that no charger of this lab has", Side.STATION)


@for_each([row("TC_SECC_CMN_VTB_TLS_021", "V2G20-2388", requires=["tls", "ocsp"])], into=globals(), sut="charger")
async def a_response_is_stapled(evcc: EvccOnBench) -> None:
    """The vehicle asks for the certificate's status: an OCSP response is stapled"""
    ev = await evcc.session()
    expect(shaken().get("ocsp_stapled", False), equals=True, of="station", named="OCSP response stapled")
    await ev.exchange()
    await end(ev)
