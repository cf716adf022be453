"""The vehicle under test in the TLS handshake: chargers that it must leave, and those that it must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fixtures.secc import SeccOnBench
from harness.case import current_case, expect, good_case, step
from harness.iso15118.errors import LinkLost, NoAnswer, Undecodable, Unexpected
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.pki import Faults
from harness.iso15118.tls import Tls
from harness.verdict import Side
from testcases.iso15118_20.table import for_each, row
from testcases.iso15118_20.test_secc_5_security import FOREIGN_SUITE, OLD, shaken
from testcases.iso15118_20.vehicle import expect_end

GIVES_UP_S = 5.0
"""How long a vehicle that has left a handshake is watched for a message (our default)."""
Make = Callable[[SeccOnBench], Tls]


def _faulty(**faults: set[str]) -> Make:
    return lambda secc: secc.tls(faults=Faults(**{name: frozenset(leaves) for name, leaves in faults.items()}))


def _stale(secc: SeccOnBench) -> Tls:
    return secc.tls(staple=secc.ocsp(datetime.now(UTC) - timedelta(days=30)))


async def _to_the_end(secc: SeccOnBench, **session: Any) -> None:
    se = await secc.session(**session)
    await se.expect("ChargeLoopReq")
    await se.respond()
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each([row("TC_EVCC_CMN_VTB_SDP_001", "V2G2-628", requires=["tls"])], into=globals(), sut="vehicle", liveness=True)
async def a_downgrade_is_not_followed(secc: SeccOnBench) -> None:
    """Discovery for TLS is answered with no security: nothing is said in the clear, and the next charger is used"""
    step("a charger without security")
    try:
        with secc.without_security():
            se = await secc.session(in_the_clear=True)
        await se.expect("supportedAppProtocolReq", GIVES_UP_S)
    except (LinkLost, NoAnswer, Undecodable, Unexpected):
        with good_case(Side.VEHICLE):
            looked = any(one.kind == "v2g.sdp" and one.source == "vehicle" for one in current_case().recorder.events)
            expect(looked, equals=True, of="vehicle", named="the vehicle looks for a charger")
        return
    current_case().miss("the vehicle asks for a protocol in the clear", Side.VEHICLE)


@for_each([row("TC_EVCC_CMN_VTB_TLS_001", "V2G20-2365", requires=["tls"])], into=globals(), sut="vehicle")
async def tls_13_is_offered(secc: SeccOnBench) -> None:
    """A good charger: the vehicle offers TLS 1.3, shows its certificate, and names the roots that it trusts"""
    with good_case(Side.VEHICLE):
        await _to_the_end(secc)
    told = shaken()
    expect("TLS 1.3" in told["client_versions"], equals=True, of="vehicle", named="TLS 1.3 offered")
    shown = bool(told.get("client_chain"))
    expect(shown, equals=True, of="vehicle", named="its certificate is shown", requirement="V2G20-2339")
    named = told.get("client_authorities", 0) > 0
    expect(named, equals=True, of="vehicle", named="trusted roots are named", requirement="V2G20-1006")


@for_each(
    [
        row("TC_EVCC_CMN_VTB_TLS_011", "V2G20-2459", requires=["tls", "strict-20"],
            what="has no suite of the profile", make=lambda secc: secc.tls(suites=FOREIGN_SUITE)),
        row("TC_EVCC_CMN_VTB_TLS_012", "V2G20-2356", requires=["tls"],
            what="has TLS 1.2 at most", make=lambda secc: secc.tls(versions=OLD)),
        row("TC_EVCC_CMN_VTB_TLS_013", requires=["tls"], what="belongs to a PKI that the vehicle does not know",
            make=lambda secc: secc.tls(credential=secc.foreign().leaves["secc"])),
        row("TC_EVCC_CMN_VTB_TLS_014", requires=["tls", "issuing"], what="shows an expired certificate",
            make=_faulty(expired={"secc"})),
        row("TC_EVCC_CMN_VTB_TLS_015", requires=["tls", "issuing"], what="shows a certificate that is not valid yet",
            make=_faulty(not_yet_valid={"secc"})),
        row("TC_EVCC_CMN_VTB_TLS_016", requires=["tls", "issuing"],
            what="shows a certificate for clients", make=_faulty(wrong_usage={"secc"})),
        row("TC_EVCC_CMN_VTB_TLS_017", "V2G2-009", requires=["tls", "issuing"],
            what="shows a chain with one sub-CA too many", make=_faulty(deep={"secc"})),
        row("TC_EVCC_CMN_VTB_TLS_021", "V2G20-1240", requires=["tls", "issuing"],
            what="staples that its certificate is revoked", make=_faulty(revoked={"secc"})),
        row("TC_EVCC_CMN_VTB_TLS_022", "V2G20-1021", requires=["tls", "issuing"],
            what="staples an OCSP response of last month", make=_stale),
    ],
    into=globals(),
    sut="vehicle",
    liveness=True,
)  # fmt: skip
async def a_wrong_charger_is_left(secc: SeccOnBench, *, what: str, make: Make) -> None:
    """A charger that {what}: the vehicle breaks off, and charges at the next one"""
    tls = make(secc)
    step(f"a charger that {what}")
    try:
        se = await secc.session(tls=tls)
        await se.expect("supportedAppProtocolReq", GIVES_UP_S)
    except (LinkLost, NoAnswer, Unexpected) as left:
        if "no connection" in str(left):
            raise
        return
    current_case().miss(f"the vehicle goes on with a charger that {what}", Side.VEHICLE)


@for_each([row("TC_EVCC_CMN_VTB_TLS_019", "V2G20-2401", requires=["tls"])], into=globals(), sut="vehicle")
async def nameless_authorities_are_no_reason_to_leave(secc: SeccOnBench) -> None:
    """A certificate request without certificate_authorities: the vehicle shows its certificate, and charges"""
    step("a certificate request without authorities")
    await _to_the_end(secc, tls=secc.tls(names_authorities=False))
