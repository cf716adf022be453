"""A station's certificates: renewed in session, refused when they do not fit, listed and deleted."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.ocsp import OCSPRequestBuilder
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from table_top import Bench

from harness.ocpp.authority import Authority
from harness.ocpp.certificates import RESPONDER, Certificates, hash_data
from harness.ocpp.plug_and_charge import where_to_ask

NOW_S = 1_767_225_600.0
KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])


def certificate(subject, public_key, days=30):
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(ROOT).public_key(public_key).serial_number(77)
        .not_valid_before(now - datetime.timedelta(days=60)).not_valid_after(now + datetime.timedelta(days=days))
        .sign(KEY, hashes.SHA256())
    )  # fmt: skip
    return signed.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("own_key", "days", "status"), [(True, 30, "Accepted"), (False, 30, "Rejected"), (True, -1, "Rejected")]
)
def test_a_certificate_is_taken_only_for_our_key_and_in_its_time(virtual, own_key, days, status):
    async def story():
        async with Bench() as bench:
            asked = {"requestedMessage": "SignChargingStationCertificate"}
            assert (await bench.station.call("TriggerMessage", asked))["status"] == "Accepted"
            request = (await bench.station.expect("SignCertificate", within_s=5)).payload
            csr = x509.load_pem_x509_csr(request["csr"].encode())
            assert csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "CS-0042"
            chain = certificate(csr.subject, csr.public_key() if own_key else KEY.public_key(), days)
            answer = await bench.station.call(
                "CertificateSigned", {"certificateChain": chain, "certificateType": "ChargingStationCertificate"}
            )
            assert answer["status"] == status
            assert (bench.core.certificates.own != {}) is (status == "Accepted")

    virtual(story)


def test_roots_are_installed_listed_and_deleted(virtual):
    async def story():
        async with Bench() as bench:
            call = bench.station.call
            assert (await call("GetInstalledCertificateIds", {}))["status"] == "NotFound"
            root = {"certificateType": "V2GRootCertificate", "certificate": certificate(ROOT, KEY.public_key())}
            assert (await call("InstallCertificate", root))["status"] == "Accepted"
            assert (await call("InstallCertificate", {**root, "certificate": "no PEM"}))["status"] == "Rejected"
            listed = await call("GetInstalledCertificateIds", {"certificateType": ["V2GRootCertificate"]})
            data = listed["certificateHashDataChain"][0]["certificateHashData"]
            assert data["serialNumber"] == "4d"
            assert (await call("DeleteCertificate", {"certificateHashData": data}))["status"] == "Accepted"
            assert (await call("DeleteCertificate", {"certificateHashData": data}))["status"] == "NotFound"

    virtual(story)


@pytest.mark.parametrize("issuer_key", [KEY, rsa.generate_private_key(65537, 2048)], ids=["ec", "rsa"])
def test_a_certificate_is_named_as_an_ocsp_request_names_it(issuer_key):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sub-CA")])
    issuer = x509.load_pem_x509_certificate(certificate(ROOT, issuer_key.public_key()).encode())
    one = x509.load_pem_x509_certificate(
        certificate(subject, ec.generate_private_key(ec.SECP256R1()).public_key()).encode()
    )
    right = OCSPRequestBuilder().add_certificate(one, issuer, hashes.SHA256()).build()
    told = hash_data(one, issuer)
    assert told["issuerNameHash"] == right.issuer_name_hash.hex()
    assert told["issuerKeyHash"] == right.issuer_key_hash.hex()
    assert int(told["serialNumber"], 16) == right.serial_number


def test_the_status_of_the_v2g_chain_is_asked_for_each_week():
    letters = []
    held = Certificates("CS-1", lambda _: "Plugfest", letters.append)
    authority = Authority("V2G root", NOW_S)
    chain = authority.subordinate("CPO").sign(held.signing_request("V2GCertificate").payload["csr"])
    handlers = held.handlers()
    root = {"certificateType": "V2GRootCertificate", "certificate": authority.root}
    handlers["InstallCertificate"](root, NOW_S)
    handlers["CertificateSigned"]({"certificateChain": chain, "certificateType": "V2GCertificate"}, NOW_S)
    assert [one.action for one in letters] == ["GetCertificateStatus"]
    for day in range(15):
        held.tick(NOW_S + 86_400.0 * day)
    assert [one.action for one in letters] == ["GetCertificateStatus"] * 3


@pytest.mark.parametrize(
    ("responders", "lists", "wanted"),
    [
        (["http://o"], ["http://l"], {"source": "OCSP", "urls": ["http://o"]}),
        ([], ["http://l"], {"source": "CRL", "urls": ["http://l"]}),
        ([], [], {"source": "OCSP", "urls": [RESPONDER]}),
    ],
)
def test_a_vehicles_certificate_says_where_its_status_is(responders, lists, wanted):
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(ROOT).issuer_name(ROOT).public_key(KEY.public_key()).serial_number(7)
        .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    )  # fmt: skip
    if responders:
        access = [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(one))
                  for one in responders]  # fmt: skip
        builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
    if lists:
        names = [x509.UniformResourceIdentifier(one) for one in lists]
        points = x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
        builder = builder.add_extension(points, critical=False)
    assert where_to_ask(builder.sign(KEY, hashes.SHA256())) == wanted
