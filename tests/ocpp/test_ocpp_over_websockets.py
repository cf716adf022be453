"""Both agents over real websockets on loopback, through all security profiles."""

from __future__ import annotations

import asyncio
import datetime
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from drivers.emulators.station import EmulatedStation, over_websocket
from harness.clock import Clock
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.charging_station import StationSettings
from harness.ocpp.csms import Csms
from harness.ocpp.shell import Backoff
from harness.ocpp.version import Version
from harness.ocpp.wire import ConnectionRefused, Security, connect
from harness.plant.local import LocalPlant
from harness.transcript.ocpp import OcppRecorder
from harness.transcript.recorder import Recorder


class Authority:
    """A root and the certificates that it signs, in a folder."""

    def __init__(self, folder, name):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.root = self._sign(self.name, self.key.public_key(), ca=True)
        self.trusted = folder / f"{name}.pem"
        self.trusted.write_bytes(self.root.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, public_key, *, ca=False, days=(-1, 30)):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            import ipaddress

            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, **how):
        """(certificate file, key file)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), **how)
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    ours, foreign = Authority(folder, "ours"), Authority(folder, "foreign")
    return {
        "ours": ours.trusted,
        "foreign": foreign.trusted,
        "csms": ours.issue("csms"),
        "station": ours.issue("CS-1"),
        "expired": ours.issue("CS-old", days=(-30, -1)),
        "stranger": foreign.issue("CS-stranger"),
        "csms-expired": ours.issue("csms-old", days=(-30, -1)),
    }


def csms_side(profile, pki, certificate="csms"):
    own, key = pki[certificate]
    return Security(profile, "secret-password-16", own, key, pki["ours"])


def station_side(profile, pki, certificate="station", password="secret-password-16", trusted="ours"):
    own, key = pki[certificate] if profile == 3 else (None, None)
    return Security(profile, password, own, key, pki[trusted])


async def story(csms, identity, **how):
    """Connect, boot, charge, discharge on command; returns the transcript."""
    clock = csms.clock
    url = await csms.listen()
    plant = LocalPlant(clock)
    for owner, inputs in (
        ("pilot", {"plugged": True}),
        ("vehicle", {"contactor": True, "pilot_state": "C"}),
        ("station", {"mode": "power", "contactor": True, "target_power_w": 0.0}),
    ):
        plant.port(owner).command(**inputs)
    port = plant.port("station")
    emulated = EmulatedStation(
        port, clock, over_websocket(url, identity, **how), settings=StationSettings(identity), backoff=Backoff(0.05)
    )
    emulated.start()
    try:
        station = await csms.station(identity, within_s=5)
        emulated.plug()
        emulated.identify("WMIV1234567890ABCDEX")
        emulated.authorise("04A1B2C3")
        await station.expect("TransactionEvent", {"eventType": "Started"}, within_s=5)
        emulated.need(ChargingNeeds(maximum_discharge_w=11_000))
        await station.expect("NotifyEVChargingNeeds", within_s=5)
        emulated.start_transfer()
        answer = await station.update_setpoint(-5_000)
        assert answer["status"] == "Accepted"
        await station.expect("TransactionEvent", {"triggerReason": "OperationModeChanged"}, within_s=5)
        assert emulated.power_target_w() == -5_000
        return station
    finally:
        await emulated.stop()
        await csms.close()


@pytest.mark.parametrize("profile", [0, 1, 2, 3])
async def test_a_station_is_steered_through_every_security_profile(profile, pki):
    clock = Clock()
    recorder = Recorder(clock)
    csms = Csms(clock, OcppRecorder(recorder.record), security=csms_side(profile, pki))
    await story(csms, "CS-1", security=station_side(profile, pki))
    texts = [event.data["text"] for event in recorder.events if event.kind == "ocpp.frame"]
    assert any('"UpdateDynamicSchedule"' in text for text in texts)
    assert texts[0].startswith("[2,")


@pytest.mark.parametrize(
    ("profile", "faults", "status"),
    [
        (1, {"password": "wrong"}, 401),
        (2, {"password": "wrong"}, 401),
        (2, {"trusted": "foreign"}, None),
        (3, {"certificate": "expired"}, None),
        (3, {"certificate": "stranger"}, None),
    ],
)
async def test_a_station_that_cannot_prove_itself_is_not_let_in(profile, faults, status, pki):
    csms = Csms(Clock(), security=csms_side(profile, pki))
    url = await csms.listen()
    try:
        with pytest.raises(ConnectionRefused) as refusal:
            await connect(url, "CS-1", [Version.V21], station_side(profile, pki, **faults))
        assert refusal.value.status == status
        assert not csms.stations or not csms.handle("CS-1").online
    finally:
        await csms.close()


async def test_a_csms_with_an_expired_certificate_is_not_trusted(pki):
    csms = Csms(Clock(), security=csms_side(2, pki, "csms-expired"))
    url = await csms.listen()
    try:
        with pytest.raises(ConnectionRefused, match="expired"):
            await connect(url, "CS-1", [Version.V21], station_side(2, pki))
    finally:
        await csms.close()


async def test_no_common_version_is_refused_and_the_best_common_one_is_taken():
    csms = Csms(Clock(), versions=[Version.V21, Version.V201])
    url = await csms.listen()
    try:
        with pytest.raises(ConnectionRefused) as refusal:
            await connect(url, "CS-1", [Version.V16])
        assert refusal.value.status == 400
        channel, version = await connect(url, "CS-1", [Version.V16, Version.V201, Version.V21])
        assert version is Version.V21
        await channel.close()
    finally:
        await csms.close()


async def test_a_cut_link_is_taken_up_again_without_a_new_boot():
    clock = Clock()
    csms = Csms(clock)
    url = await csms.listen()
    station_port = LocalPlant(clock).port("station")
    emulated = EmulatedStation(
        station_port, clock, over_websocket(url, "CS 7/ä"), settings=StationSettings("CS 7/ä"), backoff=Backoff(0.05)
    )
    emulated.start()
    try:
        station = await csms.station("CS 7/ä", within_s=5)
        await station.expect("BootNotification", within_s=1)
        await station.expect("StatusNotification", within_s=5)
        await station._shell.channel.abort()
        await asyncio.sleep(0.3)
        await station.connected(5)
        await station.expect("StatusNotification", within_s=5)
        assert not [message for message in station.inbox.fresh if message.action == "BootNotification"]
    finally:
        await emulated.stop()
        await csms.close()


def test_a_profile_without_what_it_needs_is_refused_at_once():
    with pytest.raises(ValueError, match="password"):
        Security(1)
    with pytest.raises(ValueError, match="certificate"):
        Security(3).client_context()
    assert isinstance(Security(2, "x").client_context(), ssl.SSLContext)
