"""The charger under test: contracts that it must take, refuse and install."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fixtures.evcc import BenchEvcc, EvccOnBench
from harness.case import expect, step
from harness.iso15118.credential import Credential
from harness.iso15118.pki import Faults
from harness.iso15118.quantities import changed
from harness.iso15118.signature import sign
from testcases.iso15118_20.charger import code_of, end, expect_code, expect_refused
from testcases.iso15118_20.table import for_each, row

PNC = ("pnc", "tls")
INSTALLS = ("certificate_installation", "tls", "strict-20")
CONTRACT, PROVISIONING = "contract", "oem_provisioning"
REFUSED = ("WARNING_CertificateValidationError", "WARNING_GeneralPnCAuthorizationError", "WARNING_eMSPUnknown")
EXPIRED = ("WARNING_CertificateExpired", *REFUSED)
Spoil = Callable[[EvccOnBench, Any], Any]


async def _with_contract(evcc: EvccOnBench, contract: Credential) -> BenchEvcc:
    return await evcc.before("Authorization", contract=contract)


@for_each([row("TC_SECC_CMN_VTB_Authorization_101", requires=PNC)], into=globals(), sut="charger")
async def a_contract_is_taken(evcc: EvccOnBench) -> None:
    """Plug & Charge with a good contract: authorized, and the session goes on to its end"""
    ev = await _with_contract(evcc, evcc.hierarchy().leaves[CONTRACT])
    step("AuthorizationReq with contract, challenge and signature")
    answer: Any = await ev.exchange()
    while str(answer.evse_processing) == "Ongoing":
        answer = await ev.exchange()
    expect(ev.session.authorization, equals="PnC", of="station", named="authorization that is offered")
    expect_code(answer, ["OK"])
    await ev.charge_loop(count=3)
    await end(ev)


def _body_changed(_: EvccOnBench, request: Any) -> Any:
    return changed(request, authorization_mode__id="id2")


def _unsigned(_: EvccOnBench, request: Any) -> Any:
    return changed(request, header__signature=None)


def _signed_by_the_car(evcc: EvccOnBench, request: Any) -> Any:
    key = evcc.hierarchy().leaves["vehicle"].key
    return changed(request, header__signature=sign([request.authorization_mode], key))


def _yesterdays(evcc: EvccOnBench, request: Any) -> Any:
    mode = changed(request.authorization_mode, gen_challenge=b"yesterday's word")
    key = evcc.hierarchy().leaves[CONTRACT].key
    return changed(request, authorization_mode=mode, header__signature=sign([mode], key))


SPOILT = {
    "a body that was changed after signing": (_body_changed, ("FAILED_SignatureError",)),
    "no signature": (_unsigned, ("FAILED_SignatureError",)),
    "the signature of another key": (_signed_by_the_car, ("FAILED_SignatureError",)),
}


@for_each(
    [
        row(f"TC_SECC_CMN_VTB_Authorization_{number}", requires=PNC, what=what, spoil=spoil, codes=codes)
        for number, (what, (spoil, codes)) in enumerate(SPOILT.items(), 102)
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def a_signature_is_checked(evcc: EvccOnBench, *, what: str, spoil: Spoil, codes: tuple[str, ...]) -> None:
    """AuthorizationReq with {what}: FAILED_SignatureError, and the connection closed"""
    ev = await _with_contract(evcc, evcc.hierarchy().leaves[CONTRACT])
    step(f"AuthorizationReq with {what}")
    await expect_refused(ev, await ev.exchange(spoil(evcc, ev.next_request())), codes)


@for_each(
    [row("TC_SECC_CMN_VTB_Authorization_105", "V2G20-2565", requires=PNC)], into=globals(), sut="charger", liveness=True
)
async def a_challenge_is_compared(evcc: EvccOnBench) -> None:
    """AuthorizationReq signed over another challenge: WARNING_ChallengeInvalid, not authorized"""
    ev = await _with_contract(evcc, evcc.hierarchy().leaves[CONTRACT])
    step("yesterday's challenge, well signed")
    expect_code(await ev.exchange(_yesterdays(evcc, ev.next_request())), ["WARNING_ChallengeInvalid"])
    await ev.stop()


@for_each(
    [
        row("TC_SECC_CMN_VTB_Authorization_106", requires=[*PNC, "issuing"], what="an expired contract", codes=EXPIRED,
            contract=lambda evcc: evcc.hierarchy(Faults(expired=frozenset({CONTRACT}))).leaves[CONTRACT]),
        row("TC_SECC_CMN_VTB_Authorization_107", requires=PNC, what="a contract of a foreign root", codes=REFUSED,
            contract=lambda evcc: evcc.foreign().leaves[CONTRACT]),
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)  # fmt: skip
async def a_contract_is_refused(
    evcc: EvccOnBench, *, what: str, contract: Callable[[EvccOnBench], Credential], codes: tuple[str, ...]
) -> None:
    """Plug & Charge with {what}: a warning, not authorized"""
    ev = await _with_contract(evcc, contract(evcc))
    step(f"AuthorizationReq with {what}")
    expect_code(await ev.exchange(), codes)
    await ev.stop()


async def _asking(evcc: EvccOnBench, provisioning: Credential) -> BenchEvcc:
    roots = (evcc.hierarchy().root("v2g_root"),)
    ev = await evcc.before("AuthorizationSetup", provisioning=provisioning, trusted_roots=roots)
    expect_code(await ev.exchange(), ["OK"])
    wanted = ev.session.next_name == "CertificateInstallationReq"
    expect(wanted, equals=True, of="station", named="certificate installation offered")
    return ev


@for_each([row("TC_SECC_CMN_VTB_CertificateInstallation_101", requires=INSTALLS)], into=globals(), sut="charger")
async def a_contract_is_installed(evcc: EvccOnBench) -> None:
    """A vehicle without a contract: one is installed that opens with its key, and pays for the session"""
    ev = await _asking(evcc, evcc.hierarchy().leaves[PROVISIONING])
    step("CertificateInstallationReq")
    answer: Any = await ev.exchange()
    while str(answer.evse_processing) == "Ongoing":
        answer = await ev.exchange()
    expect_code(answer, ["OK"])
    expect(ev.session.installed is not None, equals=True, of="station", named="contract that opens and fits its key")
    step("the session is paid by the new contract")
    await ev.charge_loop(count=3)
    expect(ev.session.authorization, equals="PnC", of="station", named="authorization")
    await end(ev)


@for_each(
    [row("TC_SECC_CMN_VTB_CertificateInstallation_102", requires=INSTALLS)],
    into=globals(),
    sut="charger",
    liveness=True,
)
async def an_installation_is_signed(evcc: EvccOnBench) -> None:
    """CertificateInstallationReq that was changed after signing: FAILED_SignatureError, and the connection closed"""
    ev = await _asking(evcc, evcc.hierarchy().leaves[PROVISIONING])
    step("CertificateInstallationReq, changed after signing")
    request: Any = ev.next_request()
    spoilt = changed(request, oem_provisioning_certificate_chain__id="id2")
    await expect_refused(ev, await ev.exchange(spoilt), ["FAILED_SignatureError"])


@for_each(
    [
        row("TC_SECC_CMN_VTB_CertificateInstallation_103", requires=[*INSTALLS, "issuing"],
            what="an expired provisioning certificate",
            provisioning=lambda evcc: evcc.hierarchy(Faults(expired=frozenset({PROVISIONING}))).leaves[PROVISIONING]),
        row("TC_SECC_CMN_VTB_CertificateInstallation_104", requires=INSTALLS,
            what="a provisioning certificate of a foreign root",
            provisioning=lambda evcc: evcc.foreign().leaves[PROVISIONING]),
    ],
    into=globals(),
    sut="charger",
    liveness=True,
)  # fmt: skip
async def nothing_is_installed(
    evcc: EvccOnBench, *, what: str, provisioning: Callable[[EvccOnBench], Credential]
) -> None:
    """CertificateInstallationReq with {what}: no contract is given"""
    ev = await _asking(evcc, provisioning(evcc))
    step(f"CertificateInstallationReq with {what}")
    code = code_of(await ev.exchange())
    expect(code.startswith("OK"), equals=False, of="station", named=f"{code} grants a contract")
    await ev.stop()
