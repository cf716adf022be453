"""Plug & Charge as the station passes it on: contracts (C07), their installation (M01), the vehicle's chain (M07)."""

from __future__ import annotations

import base64

from drivers.emulators.configured import contract_service
from harness.case import expect, step
from harness.iso15118 import messages
from harness.iso15118.ideal import IdealStation
from harness.iso15118.quantities import changed
from harness.iso15118.secc import SeccConfig, SeccSession
from harness.iso15118.secc_contract import emaid, read_chain
from harness.iso15118.secc_setup import certificate_installation
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, EVConnected, permitted, reach

RULES = ["ocpp2.1"]
PNC = {"charger:ocpp2.1", "pnc", "tls", "strict-20"}
INSTALLS = {"charger:ocpp2.1", "certificate_installation", "tls", "strict-20"}


async def shown(station, within_s):
    """The Authorize with which the contract is shown."""
    return (await station.expect("Authorize", {"idToken.type": "eMAID"}, within_s=within_s)).payload


@usecase("PF_C07_01_CS", sut="pair", protocol="ocpp2.1", requires=PNC, requirements=["C07.FR.06", "C07.FR.14"],
         uses_rules=RULES)  # fmt: skip
async def test_a_contract_is_shown_to_the_csms(pf_bench, pf_ground, pf_station, pf_limits):
    """The vehicle pays by contract: its eMAID and certificates reach the CSMS, and the transaction is that contract's"""
    await reach(Booted, pf_ground)
    welcome = {"idTokenInfo": {"status": "Accepted"}, "certificateStatus": "Accepted",
               "allowedEnergyTransfer": ["DC", "DC_BPT"]}  # fmt: skip
    pf_station.answers.answer("Authorize", welcome)
    await reach(EVConnected, pf_ground)
    asked = await shown(pf_station, pf_limits.session_s)
    leaf = pf_bench.v2g.security.hierarchy().leaves["contract"].leaf
    expect(asked["idToken"]["idToken"], equals=emaid(leaf), of="station", named="eMAID")
    serials = {int(one["serialNumber"], 16) for one in asked.get("iso15118CertificateHashData", [])}
    told = leaf.serial_number in serials or "certificate" in asked
    expect(told, equals=True, of="station", named="the contract's certificates shown")
    started = await pf_station.expect("TransactionEvent", {"eventType": "Started"}, within_s=pf_limits.session_s)
    expect(started.payload["idToken"]["type"], equals="eMAID", of="station", named="type of the transaction's token")


@usecase("PF_C07_R1_CS", sut="pair", protocol="ocpp2.1", requires=PNC, requirements=["C07.FR.13"], uses_rules=RULES,
         parameters={"watch_s": 30})  # fmt: skip
async def test_a_cancelled_contract_does_not_charge(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """The CSMS says that the contract is cancelled: no charging begins"""
    await reach(Booted, pf_ground)
    refused = {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "ContractCancelled",
               "allowedEnergyTransfer": ["DC", "DC_BPT"]}  # fmt: skip
    pf_station.answers.answer("Authorize", refused)
    since_s = utc_s(pf_ground.bench.clock)
    await reach(EVConnected, pf_ground)
    await shown(pf_station, pf_limits.session_s)
    await pf_session.wait(pf_parameters.watch_s)
    expect(len(permitted(pf_station, since_s)), equals=0, of="station", named="permitted transactions and transfers")


REFUSED = (
    ("PF_C07_R2_CS", "C07.FR.15", "CertificateExpired", "Expired", "has expired"),
    ("PF_C07_R3_CS", "C07.FR.16", "CertificateRevoked", "Invalid", "is revoked"),
    ("PF_C07_R4_CS", "C07.FR.17", "CertChainError", "Invalid", "has a broken chain"),
)
"""Case, requirement, certificateStatus, status of the token, and in words."""


def _refused(certificate, token, what):
    async def test(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
        await reach(Booted, pf_ground)
        refused = {"idTokenInfo": {"status": token}, "certificateStatus": certificate}
        pf_station.answers.answer("Authorize", refused)
        since_s = utc_s(pf_ground.bench.clock)
        await reach(EVConnected, pf_ground)
        await shown(pf_station, pf_limits.session_s)
        await pf_session.wait(pf_parameters.watch_s)
        expect(
            len(permitted(pf_station, since_s)), equals=0, of="station", named="permitted transactions and transfers"
        )

    test.__doc__ = f"The CSMS says that the contract's certificate {what}: no charging begins"
    test.__name__ = test.__qualname__ = f"test_a_contract_that_{what.replace(' ', '_')}"
    return test


for _id, _requirement, _certificate, _token, _what in REFUSED:
    globals()[f"test_a_contract_that_{_what.replace(' ', '_')}"] = usecase(
        _id, sut="pair", protocol="ocpp2.1", requires=PNC, requirements=[_requirement], uses_rules=RULES,
        parameters={"watch_s": 10},
    )(_refused(_certificate, _token, _what))  # fmt: skip


def contract_giver(bench, remaining=0):
    """How a CSMS with a provisioning service answers Get15118EVCertificate; `remaining` more contracts come one by one."""
    left = iter(range(remaining, -1, -1))
    service = SeccSession(
        SeccConfig(**contract_service(bench.v2g.security.environment)),
        IdealStation(),
        epoch_utc_us=bench.clock.epoch_utc_us,
    )

    def answer(request):
        asked = messages.decode(base64.b64decode(request["exiRequest"]), "common").message
        given = certificate_installation(service, asked, bench.clock.now_s())
        assert given
        more = next(left, 0)
        given = changed(given, header__session_id=asked.header.session_id, remaining_contract_certificate_chains=more)
        octets = messages.encode(given, "common")
        return {"status": "Accepted", "exiResponse": base64.b64encode(octets).decode(), "remainingContracts": more}

    return answer


@usecase("PF_M01_01_CS", sut="pair", protocol="ocpp2.1", requires=INSTALLS, requirements=["M01", "M01.FR.03"],
         uses_rules=RULES)  # fmt: skip
async def test_a_contract_comes_from_the_csms(pf_bench, pf_ground, pf_session, pf_station, pf_v2g, pf_limits):
    """A vehicle without a contract: its request reaches the CSMS, and the CSMS's response the vehicle, octet for octet"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("Get15118EVCertificate", contract_giver(pf_bench))
    after = pf_v2g.mark()
    await reach(EVConnected, pf_ground)
    asked = (await pf_station.expect("Get15118EVCertificate", within_s=pf_limits.session_s)).payload
    expect(asked["action"], equals="Install", of="station", named="action")
    request = await pf_v2g.message("CertificateInstallationReq", within_s=pf_limits.session_s, after=after)
    most = int(request.content.maximum_contract_certificate_chains)
    expect(asked.get("maximumContractCertificateChains"), equals=most, of="station",
           named="maximumContractCertificateChains")  # fmt: skip
    step("the vehicle gets its contract")
    given = await pf_v2g.message(
        "CertificateInstallationRes", within_s=pf_limits.session_s, after=after, evse_processing="Finished"
    )
    expect(str(given.content.response_code), equals="OK", of="station", named="CertificateInstallationRes")
    leaf = read_chain(given.content.signed_installation_data.contract_certificate_chain)[0]
    ours = pf_bench.v2g.security.hierarchy().leaves["contract"].leaf
    expect(leaf == ours, equals=True, of="station", named="the contract that the CSMS gave")


@usecase("PF_M01_02_CS", sut="pair", protocol="ocpp2.1", requires=INSTALLS | {"vehicle:several_contracts"},
         requirements=["M01.FR.03", "M01.FR.04", "M01.FR.05", "M01.FR.06", "M01.FR.07"], uses_rules=RULES)  # fmt: skip
async def test_a_second_contract_comes_too(pf_bench, pf_ground, pf_station, pf_v2g, pf_limits):
    """The CSMS has one contract more: the vehicle's next request reaches it too; the contracts wanted first are named"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("Get15118EVCertificate", contract_giver(pf_bench, remaining=1))
    after = pf_v2g.mark()
    await reach(EVConnected, pf_ground)
    first = (await pf_station.expect("Get15118EVCertificate", within_s=pf_limits.session_s)).payload
    request = await pf_v2g.message("CertificateInstallationReq", within_s=pf_limits.session_s, after=after)
    wanted = request.content.prioritized_emaids
    listed = None if wanted is None else [str(one) for one in wanted.emaid]
    expect(first.get("prioritizedEMAIDs"), equals=listed, of="station", named="prioritizedEMAIDs")
    second = (await pf_station.expect("Get15118EVCertificate", within_s=pf_limits.session_s)).payload
    expect(second["action"], equals="Install", of="station", named="action for the second contract")
    await pf_station.expect("TransactionEvent", {"eventType": "Started"}, within_s=pf_limits.session_s)


@usecase("PF_M01_R1_CS", sut="pair", protocol="ocpp2.1", requires=INSTALLS, requirements=["M01"], uses_rules=RULES)
async def test_no_contract_from_the_csms(pf_ground, pf_station, pf_v2g, pf_limits):
    """The CSMS has no contract for the vehicle: the station does not tell it OK"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("Get15118EVCertificate", {"status": "Failed", "exiResponse": ""})
    after = pf_v2g.mark()
    await reach(EVConnected, pf_ground)
    await pf_station.expect("Get15118EVCertificate", within_s=pf_limits.session_s)
    given = await pf_v2g.message(
        "CertificateInstallationRes", within_s=pf_limits.session_s, after=after, evse_processing="Finished"
    )
    code = str(given.content.response_code)
    expect(code.startswith("OK"), equals=False, of="station", named=f"{code} grants a contract")


@usecase("PF_M07_01_CS", sut="pair", protocol="ocpp2.1", requires=PNC, requirements=["M07"], uses_rules=RULES)
async def test_the_status_of_the_vehicles_chain_is_asked_for(pf_bench, pf_ground, pf_station, pf_limits):
    """The vehicle shows its certificate in the TLS handshake: the station asks for the status of its chain"""
    await reach(EVConnected, pf_ground)
    asked = (await pf_station.expect("GetCertificateChainStatus", within_s=pf_limits.session_s)).payload
    serials = {int(one["certificateHashData"]["serialNumber"], 16) for one in asked["certificateStatusRequests"]}
    leaf = pf_bench.v2g.security.hierarchy().leaves["vehicle"].leaf
    expect(leaf.serial_number in serials, equals=True, of="station", named="asks for the vehicle's certificate")


@usecase("PF_M07_R1_CS", sut="pair", protocol="ocpp2.1", requires=PNC, requirements=["M07"], uses_rules=RULES,
         parameters={"refused_s": 20})  # fmt: skip
async def test_a_revoked_vehicle_does_not_charge(pf_ground, pf_session, pf_station, pf_limits, pf_parameters):
    """The CSMS finds the vehicle's certificate revoked: no energy transfer begins (our reading of what M07 is for)"""
    await reach(Booted, pf_ground)
    later = to_text(utc_s(pf_ground.bench.clock) + 86_400)

    def revoked(asked):
        return {"certificateStatus": [
            {"certificateHashData": one["certificateHashData"], "source": one["source"], "status": "Revoked",
             "nextUpdate": later}
            for one in asked["certificateStatusRequests"]
        ]}  # fmt: skip

    pf_station.answers.answer("GetCertificateChainStatus", revoked)
    since_s = utc_s(pf_ground.bench.clock)
    await reach(EVConnected, pf_ground)
    await pf_station.expect("GetCertificateChainStatus", within_s=pf_limits.session_s)
    await pf_session.wait(pf_parameters.refused_s)
    charging = [one for one in pf_station.received if one.at_s > since_s
                and one.payload.get("transactionInfo", {}).get("chargingState") == "Charging"]  # fmt: skip
    expect(len(charging), equals=0, of="station", named="energy transfers begun")
