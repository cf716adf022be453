"""Block A: security profiles 0 to 3, what must not be let in or trusted, and certificates that are renewed in session.

The station is moved to doors of our CSMS by OCPP alone. A refusal is proved by what follows it: the station falls back
to the network profile that it had, and lives on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.ocsp import OCSPRequestBuilder

from harness.case import expect, step
from harness.ocpp.authority import EXPIRED
from harness.ocpp.certificates import hash_data
from harness.usecase import usecase
from testcases.ocpp21.states import Booted, reach

NEEDS = {"ocpp2.1", "network_profiles"}
RULES = ["ocpp2.1"]
NEW_PASSWORD = "plugfest-door-0002"


def _moved_to(profile: int) -> Callable[..., Awaitable[None]]:
    async def test(pf_ground: Any, pf_station: Any, pf_doors: Any) -> None:
        await reach(Booted, pf_ground)
        door = await pf_doors.open(profile)
        if profile >= 2:
            await pf_doors.trust()
        if profile == 3:
            await pf_doors.certify()
        await pf_doors.send_to(door)
        await pf_doors.arrived(door)
        told = await pf_station.get_variable("SecurityCtrlr", "SecurityProfile")
        expect(told["attributeValue"], equals=str(profile), of="station", named="SecurityProfile")

    test.__doc__ = f"The station connects in security profile {profile} when it is told to"
    test.__name__ = test.__qualname__ = f"test_security_profile_{profile}"
    return test


for _profile in (0, 1, 2, 3):
    globals()[f"test_security_profile_{_profile}"] = usecase(
        f"PF_A05_0{_profile}_CS",
        sut="charger",
        protocol="ocpp2.1",
        requires=NEEDS | ({f"security_profile_{_profile}"} if _profile else set()),
        requirements=["A00", "A05", "B09", "B10"],
        uses_rules=RULES,
    )(_moved_to(_profile))


@usecase("PF_A00_R1_CS", sut="charger", protocol="ocpp2.1", requires=NEEDS | {"security_profile_1"},
         requirements=["A00", "B10"], uses_rules=RULES)  # fmt: skip
async def test_a_station_that_is_not_let_in_falls_back(pf_ground, pf_doors):
    """With a password that the CSMS does not accept the station goes back to the network profile before"""
    await reach(Booted, pf_ground)
    door = await pf_doors.open(1)
    await pf_doors.send_to(door, password="not-this-password-1")
    await pf_doors.came_back(door)
    expect(len(door.turned_away), at_least=1, of="station", named="attempts at the door", unit="")


def _refused_server(certificate: str) -> Callable[..., Awaitable[None]]:
    async def test(pf_ground: Any, pf_doors: Any) -> None:
        await reach(Booted, pf_ground)
        await pf_doors.trust()
        door = await pf_doors.open(2, certificate=certificate)
        await pf_doors.send_to(door)
        await pf_doors.came_back(door)

    kind = "that has expired" if certificate == "expired" else "of a stranger"
    test.__doc__ = f"The station does not talk to a CSMS whose certificate is one {kind}"
    test.__name__ = test.__qualname__ = f"test_{certificate}_server_certificate"
    return test


for _number, _certificate in ((2, "expired"), (3, "foreign")):
    globals()[f"test_{_certificate}_server_certificate"] = usecase(
        f"PF_A00_R{_number}_CS",
        sut="charger",
        protocol="ocpp2.1",
        requires=NEEDS | {"security_profile_2"},
        requirements=["A00"],
        uses_rules=RULES,
    )(_refused_server(_certificate))


@usecase("PF_A00_R4_CS", sut="charger", protocol="ocpp2.1", requires=NEEDS, requirements=["part 4"], uses_rules=RULES)
async def test_a_csms_that_chooses_no_subprotocol(pf_ground, pf_doors):
    """The station leaves a CSMS that opens the websocket without choosing one of its versions"""
    await reach(Booted, pf_ground)
    door = await pf_doors.open(0, names_no_version=True)
    await pf_doors.send_to(door)
    await pf_doors.came_back(door)


@usecase("PF_A01_01_CS", sut="charger", protocol="ocpp2.1", requires=NEEDS | {"security_profile_1"},
         requirements=["A01"], uses_rules=RULES)  # fmt: skip
async def test_a_new_password_is_used(pf_ground, pf_station, pf_doors, pf_limits):
    """A password that the CSMS writes is used from the next connection on"""
    await reach(Booted, pf_ground)
    door = await pf_doors.open(1)
    await pf_doors.send_to(door)
    await pf_doors.arrived(door)
    step("the CSMS changes the password")
    written = await pf_station.set_variable("SecurityCtrlr", "BasicAuthPassword", NEW_PASSWORD)
    expect(written["attributeStatus"], equals="Accepted", of="station", named="writing BasicAuthPassword")
    door.security = replace(door.security, password=NEW_PASSWORD)
    await pf_ground.bench.clock.sleep(1)
    await pf_station.disconnect()
    await pf_ground.bench.clock.sleep(1)
    await pf_station.connected(pf_limits.session_s)
    expect(pf_station.door is door, equals=True, of="station", named="let in with the new password")


@usecase("PF_A02_01_CS", sut="charger", protocol="ocpp2.1", requires=NEEDS | {"security_profile_3"},
         requirements=["A02"], uses_rules=RULES)  # fmt: skip
async def test_a_renewed_certificate_is_used(pf_ground, pf_station, pf_doors, pf_limits):
    """A certificate that is renewed in session is the one by which the station proves itself at its next connection"""
    await reach(Booted, pf_ground)
    await pf_doors.trust()
    await pf_doors.certify()
    door = await pf_doors.open(3)
    await pf_doors.send_to(door)
    await pf_doors.arrived(door)
    step("the certificate is renewed")
    pf_station.forget()
    renewed = x509.load_pem_x509_certificate((await pf_doors.certify()).encode()).serial_number
    answer = await pf_station.call("Reset", {"type": "Immediate"})
    expect(answer["status"], equals="Accepted", of="station", named="status of Reset")
    await pf_station.expect("BootNotification", within_s=pf_limits.session_s)
    await pf_station.disconnect()
    await pf_ground.bench.clock.sleep(0.5)
    await pf_station.connected(pf_limits.session_s)
    shown = x509.load_der_x509_certificate(door.certificates[-1]).serial_number
    expect(shown == renewed, equals=True, of="station", named="shows the renewed certificate")


@usecase("PF_A02_R1_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"},
         requirements=["A02", "A04"], uses_rules=RULES)  # fmt: skip
async def test_wrong_certificates_are_rejected(pf_ground, pf_station, pf_doors, pf_limits):
    """A certificate that has expired or is for another key is rejected, and told as a security event"""
    await reach(Booted, pf_ground)
    for what in ("expired", "for another key"):
        asked = await pf_doors.asked_to_sign()
        step(f"the station gets a certificate that is {what}")
        own = pf_doors.authority
        chain = own.sign(asked["csr"], EXPIRED) if what == "expired" else own.issue("CS-0001")[0]
        status = await pf_doors.signed(asked, chain)
        expect(status, equals="Rejected", of="station", named=f"status for a certificate that is {what}")
        await pf_station.expect("SecurityEventNotification", within_s=pf_limits.session_s)


@usecase("PF_A03_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"},
         requirements=["A02", "A03"], uses_rules=RULES)  # fmt: skip
async def test_a_csms_that_signs_nothing(pf_ground, pf_station, pf_doors):
    """SignCertificate is rejected by the CSMS: the station lives on with what it has, and asks anew when it is told to"""
    await reach(Booted, pf_ground)
    pf_station.answers.answer("SignCertificate", {"status": "Rejected"}, times=1)
    await pf_doors.asked_to_sign()
    await pf_doors.certify()


@usecase("PF_M05_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"},
         requirements=["M03", "M04", "M05"], uses_rules=RULES)  # fmt: skip
async def test_roots_are_installed_listed_and_deleted(pf_ground, pf_station, pf_doors):
    """A V2G root is installed, listed and deleted once; one that has expired is rejected"""
    await reach(Booted, pf_ground)
    kind = "V2GRootCertificate"
    expired = pf_doors.foreign.issue("V2G root that was", days=EXPIRED)[0]
    for certificate, wanted in ((expired, "Rejected"), (pf_doors.foreign.root, "Accepted")):
        answer = await pf_station.call("InstallCertificate", {"certificateType": kind, "certificate": certificate})
        expect(answer["status"], equals=wanted, of="station", named="status of InstallCertificate")
    listed = await pf_station.call("GetInstalledCertificateIds", {"certificateType": [kind]})
    chain = listed.get("certificateHashDataChain", [])
    expect(len(chain), equals=1, of="station", named="V2G roots listed")
    request = {"certificateHashData": chain[0]["certificateHashData"]}
    for wanted in ("Accepted", "NotFound"):
        answer = await pf_station.call("DeleteCertificate", request)
        expect(answer["status"], equals=wanted, of="station", named="status of DeleteCertificate")


@usecase("PF_M06_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"}, requirements=["M06"],
         uses_rules=RULES)  # fmt: skip
async def test_the_status_of_the_v2g_chain_is_asked_for(pf_ground, pf_station, pf_doors, pf_limits):
    """Given a V2G certificate with its sub-CA, the station asks for the OCSP status of that sub-CA, by its issuer's hashes"""
    await reach(Booted, pf_ground)
    await pf_doors.install("V2GRootCertificate")
    asked = await pf_doors.asked_to_sign("V2GCertificate")
    sub_ca = pf_doors.authority.subordinate("CPO sub-CA")
    chain = sub_ca.sign(str(asked["csr"]))
    pf_station.forget()
    status = await pf_doors.signed(asked, chain, "V2GCertificate")
    expect(status, equals="Accepted", of="station", named="status of CertificateSigned")
    question = await pf_station.expect("GetCertificateStatus", within_s=pf_limits.session_s)
    names_rightly(question.payload["ocspRequestData"], sub_ca.root, pf_doors.authority.root)


def names_rightly(told, certificate, issuer):
    """OCSPRequestDataType names a certificate as an OCSP request of RFC 6960 would."""
    subject, above = (x509.load_pem_x509_certificate(one.encode()) for one in (certificate, issuer))
    algorithm = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}[told["hashAlgorithm"]]
    right = OCSPRequestBuilder().add_certificate(subject, above, algorithm).build()
    expect(int(told["serialNumber"], 16) == right.serial_number, equals=True, of="station",
           named="asks for this certificate, by its serial number")  # fmt: skip
    for name, octets in (("issuerNameHash", right.issuer_name_hash), ("issuerKeyHash", right.issuer_key_hash)):
        expect(told[name].lower(), equals=octets.hex(), of="station", named=name)


KINDS = ("ChargingStationCertificate", "V2GCertificate", "V2G20Certificate")
"""The last is for ISO 15118-20, and new in OCPP 2.1."""


@usecase("PF_A02_02_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"},
         requirements=["A02", "A03"], uses_rules=RULES)  # fmt: skip
async def test_certificates_of_every_kind(pf_ground, pf_station, pf_doors, pf_limits):
    """Each kind of certificate is asked for as that kind; one for another key is rejected, one for its own key accepted"""
    await reach(Booted, pf_ground)
    await pf_doors.install("V2GRootCertificate")
    for kind in KINDS:
        pf_station.forget()
        answer = await pf_station.call("TriggerMessage", {"requestedMessage": f"Sign{kind}"})
        if answer["status"] == "NotImplemented" and kind != KINDS[0]:
            step(f"the station has no {kind}")
            continue
        expect(answer["status"], equals="Accepted", of="station", named=f"status of TriggerMessage Sign{kind}")
        asked = dict((await pf_station.expect("SignCertificate", within_s=pf_limits.session_s)).payload)
        expect(asked.get("certificateType", KINDS[0]), equals=kind, of="station", named="certificateType")
        stranger = pf_doors.authority.issue("another key")[0]
        expect(await pf_doors.signed(asked, stranger, kind), equals="Rejected", of="station",
               named=f"status of a {kind} for another key")  # fmt: skip
        own = pf_doors.authority.sign(str(asked["csr"]))
        expect(await pf_doors.signed(asked, own, kind), equals="Accepted", of="station", named=f"status of a {kind}")


def named(certificate, issuer):
    """CertificateHashDataType of a certificate in PEM."""
    subject, above = (x509.load_pem_x509_certificate(one.encode()) for one in (certificate, issuer))
    return hash_data(subject, above)


@usecase("PF_M03_01_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"}, requirements=["M03"],
         uses_rules=RULES)  # fmt: skip
async def test_the_v2g_chain_is_listed(pf_ground, pf_station, pf_doors):
    """The station's V2G certificate is listed as V2GCertificateChain, with the sub-CA as its child"""
    await reach(Booted, pf_ground)
    await pf_doors.install("V2GRootCertificate")
    asked = await pf_doors.asked_to_sign("V2GCertificate")
    sub_ca = pf_doors.authority.subordinate("CPO sub-CA")
    chain = sub_ca.sign(str(asked["csr"]))
    status = await pf_doors.signed(asked, chain, "V2GCertificate")
    expect(status, equals="Accepted", of="station", named="status of CertificateSigned")
    listed = await pf_station.call("GetInstalledCertificateIds", {"certificateType": ["V2GCertificateChain"]})
    found = listed.get("certificateHashDataChain", [])
    serials = {each["serialNumber"].lower().lstrip("0") for one in found
               for each in (one["certificateHashData"], *one.get("childCertificateHashData", ()))}  # fmt: skip
    children = [each for one in found for each in one.get("childCertificateHashData", ())]
    leaf = chain.replace(sub_ca.chain, "")
    wanted = {named(leaf, sub_ca.root)["serialNumber"], named(sub_ca.root, pf_doors.authority.root)["serialNumber"]}
    expect(wanted <= serials, equals=True, of="station", named="leaf and sub-CA are listed")
    expect(len(children), at_least=1, of="station", named="childCertificateHashData", unit="")


@usecase("PF_M04_R1_CS", sut="charger", protocol="ocpp2.1", requires={"ocpp2.1", "certificates"}, requirements=["M04"],
         uses_rules=RULES)  # fmt: skip
async def test_the_own_certificate_cannot_be_deleted(pf_ground, pf_station, pf_doors):
    """DeleteCertificate for the certificate by which the station proves itself fails"""
    await reach(Booted, pf_ground)
    chain = await pf_doors.certify()
    request = {"certificateHashData": named(chain, pf_doors.authority.root)}
    answer = await pf_station.call("DeleteCertificate", request)
    expect(answer["status"], equals="Failed", of="station", named="status of DeleteCertificate")
