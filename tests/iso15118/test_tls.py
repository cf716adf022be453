"""TLS between both sides over real sockets: what must be agreed on, and what must be refused."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl

import pytest

from harness.clock import Clock
from harness.iso15118 import net, pki
from harness.iso15118.errors import LocalProtocolError
from harness.iso15118.openssl import restrict
from harness.iso15118.tls import STRICT_SUITES, Revocation, Tls, TlsProfile, describe, peer_certificate
from harness.link import LinkClosed

NOW = datetime.datetime.now(datetime.UTC)
TLS12 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)


@pytest.fixture(scope="module")
def lab():
    return pki.create(pki.KeyKind.SECP521R1, now=NOW)


@pytest.fixture(scope="module")
def foreign():
    return pki.create(pki.KeyKind.SECP521R1, now=NOW, organisation="Somebody else")


async def talk(server, client):
    """One octet there and back; what each side knows of the handshake. Raises what the client sees."""
    seen = {}

    async def handle(stream):
        seen["server"] = describe(stream)
        seen["leaf"] = peer_certificate(stream)
        await stream.write(await stream.read())
        await stream.close()

    listening, endpoint = await net.serve(handle, tls=server)
    try:
        stream = await net.connect(endpoint, Clock(), tls=client, within_s=5.0)
        seen["client"] = describe(stream)
        await stream.write(b"?")
        await asyncio.wait_for(stream.read(), 5.0)
        await stream.close()
    finally:
        listening.close()
    return seen


def sides(hierarchy, tmp_path, other=None, *, server=None, client=None, vehicle=True, **both):
    """Both contexts of one lab; `other` is the hierarchy of the vehicle."""
    other = other or hierarchy
    return (
        Tls(
            (hierarchy.root("oem_root"),), tmp_path / "charger.keys", hierarchy.leaves["secc"], **(both | (server or {}))
        ).server(),
        Tls(
            (other.root("v2g_root"),),
            tmp_path / "vehicle.keys",
            other.leaves["vehicle"] if vehicle else None,
            **(both | (client or {})),
        ).client(),
    )  # fmt: skip


REFUSED = (ssl.SSLError, LinkClosed, ConnectionError, OSError)


@pytest.mark.parametrize("profile", list(TlsProfile))
@pytest.mark.parametrize("kind", list(pki.KeyKind))
def test_both_sides_know_each_other_after_the_handshake(tmp_path, profile, kind):
    hierarchy = pki.create(kind, now=NOW)
    contexts = sides(hierarchy, tmp_path, profile=profile)
    if profile is TlsProfile.STRICT and kind is pki.KeyKind.P256:
        with pytest.raises(REFUSED):
            asyncio.run(talk(*contexts))
        return
    seen = asyncio.run(talk(*contexts))
    assert seen["client"]["version"] == "TLSv1.3"
    assert seen["client"]["suite"] == "TLS_AES_256_GCM_SHA384"
    assert "CN=DEPLUGFEST0000001" in seen["server"]["peer"]
    assert seen["leaf"]
    for side in ("charger", "vehicle"):
        assert "CLIENT_TRAFFIC_SECRET_0" in (tmp_path / f"{side}.keys").read_text()


@pytest.mark.parametrize(
    "client",
    [
        {"suites": ("TLS_AES_128_GCM_SHA256",)},
        {"versions": TLS12, "profile": TlsProfile.LAB},
    ],
    ids=["a suite outside of the profile", "TLS 1.2"],
)
def test_a_vehicle_that_offers_less_than_the_profile_is_refused(tmp_path, lab, client):
    with pytest.raises(REFUSED):
        asyncio.run(talk(*sides(lab, tmp_path, profile=TlsProfile.STRICT, client=client)))


def test_a_vehicle_without_a_certificate_is_refused(tmp_path, lab):
    with pytest.raises(REFUSED):
        asyncio.run(talk(*sides(lab, tmp_path, vehicle=False)))


def test_a_vehicle_of_a_foreign_hierarchy_is_refused_and_refuses(tmp_path, lab, foreign):
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(talk(*sides(lab, tmp_path, foreign)))


@pytest.mark.parametrize("side", ["secc", "vehicle"])
@pytest.mark.parametrize("fault", ["expired", "not_yet_valid", "wrong_usage", "deep"])
def test_a_faulty_leaf_of_either_side_is_refused_by_the_other(tmp_path, side, fault):
    faulty = pki.create(pki.KeyKind.P256, now=NOW, faults=pki.Faults(**{fault: frozenset({side})}))
    with pytest.raises(REFUSED):
        asyncio.run(talk(*sides(faulty, tmp_path)))


@pytest.mark.parametrize(
    ("staple", "revocation", "refused"),
    [
        ("good", Revocation.REQUIRED, False),
        ("revoked", Revocation.IF_STAPLED, True),
        ("revoked", Revocation.NOT_ASKED, False),
        ("none", Revocation.IF_STAPLED, False),
        ("none", Revocation.REQUIRED, True),
        ("rubbish", Revocation.IF_STAPLED, True),
        ("stale", Revocation.IF_STAPLED, True),
    ],
)
def test_a_vehicle_judges_the_charger_by_its_staple(tmp_path, staple, revocation, refused):
    faults = pki.Faults(revoked=frozenset({"secc"} if staple == "revoked" else ()))
    hierarchy = pki.create(pki.KeyKind.SECP521R1, now=NOW, faults=faults)
    at = NOW - datetime.timedelta(days=30 if staple == "stale" else 0)
    octets = {"none": b"", "rubbish": b"rubbish"}.get(staple, hierarchy.ocsp("secc", at))
    contexts = sides(hierarchy, tmp_path, server={"staple": octets}, client={"revocation": revocation})
    if refused:
        with pytest.raises(REFUSED):
            asyncio.run(talk(*contexts))
    else:
        assert asyncio.run(talk(*contexts))["client"]["version"] == "TLSv1.3"


@pytest.mark.parametrize("named", [True, False])
def test_the_roots_that_are_trusted_are_named_or_not(tmp_path, lab, named):
    contexts = sides(lab, tmp_path, names_authorities=named)
    name = lab.root("v2g_root").subject.public_bytes()

    async def first_octets():
        heard = asyncio.get_running_loop().create_future()

        async def listen(reader, writer):
            heard.set_result(await reader.read(65536))
            writer.close()

        server = await asyncio.start_server(listen, "::1", 0)
        endpoint = net.Endpoint("::1", server.sockets[0].getsockname()[1])
        with contextlib.suppress(*REFUSED):
            await net.connect(endpoint, Clock(), tls=contexts[1], within_s=5.0)
        server.close()
        return await heard

    assert (name in asyncio.run(first_octets())) == named
    assert asyncio.run(talk(*contexts))["leaf"]


def test_settings_that_openssl_does_not_have_are_named(lab):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(LocalProtocolError, match="curve-of-tomorrow"):
        restrict(context, suites=STRICT_SUITES, groups=("curve-of-tomorrow",), signature_algorithms=("ed448",))


def test_an_ocsp_response_says_what_the_faults_say(lab):
    from cryptography.x509 import ocsp

    good = ocsp.load_der_ocsp_response(lab.ocsp("secc", NOW))
    revoked = pki.create(pki.KeyKind.P256, now=NOW, faults=pki.Faults(revoked=frozenset({"secc"})))
    bad = ocsp.load_der_ocsp_response(revoked.ocsp("secc", NOW))
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert bad.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert good.next_update_utc - good.this_update_utc == datetime.timedelta(days=7)


def test_a_written_hierarchy_can_be_loaded_and_its_keys_are_private(tmp_path, lab, foreign):
    lab.write(tmp_path)
    loaded = pki.load_pem(tmp_path / "contract.pem", tmp_path / "contract.key")
    assert loaded.leaf == lab.leaves["contract"].leaf
    assert loaded.subs == lab.leaves["contract"].subs
    assert (tmp_path / "contract.key").stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="does not belong"):
        pki.load_pem(tmp_path / "contract.pem", tmp_path / "secc.key")
    with pytest.raises(ValueError, match=r"contract\.key"):
        pki.load_pem(tmp_path / "contract.key", tmp_path / "contract.pem")


def test_a_folder_from_the_command_line_makes_a_lab_and_its_foreigner(tmp_path):
    from typer.testing import CliRunner

    from harness.iso15118.environment import Environment
    from harness.pki_cli import pki_app

    wrong = ["--keys", "p256", "--foreign", "--not-yet-valid", "secc"]
    made = CliRunner().invoke(pki_app, ["create", str(tmp_path / "lab"), *wrong])
    assert made.exit_code == 0, made.output
    lab = Environment(tmp_path / "lab")
    assert lab.charger().credential.leaf.not_valid_before_utc > NOW
    assert lab.foreign().root("v2g_root").subject != lab.hierarchy.root("v2g_root").subject
    assert CliRunner().invoke(pki_app, ["create", str(tmp_path / "lab")]).exit_code == 4


def test_a_lab_may_bring_its_own_hierarchy_as_pkcs12(tmp_path, lab):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    mine = lab.leaves["vehicle"]
    sealed = serialization.BestAvailableEncryption(b"secret")
    file = tmp_path / "vehicle.p12"
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"v", mine.key, mine.leaf, mine.subs, sealed))
    assert pki.load_pkcs12(file, b"secret").subs == mine.subs
    with pytest.raises(ValueError, match=r"vehicle\.p12"):
        pki.load_pkcs12(file, b"wrong")
