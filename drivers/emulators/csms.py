"""An emulated back office: what a charging station under our control finds at the far end of its websocket.

It accepts stations, allows bidirectional transfer, answers a vehicle's needs with a Dynamic profile of a fixed
setpoint, answers pulls with the same, and refuses what was not allowed. Its defects are departures from that.

`python -m drivers.emulators.csms --listen 127.0.0.1:0 --option setpoint_w=-5000` prints its ready line with the URL.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from drivers.emulators import csms_schedules, frame_quirks
from drivers.emulators.csms_schedules import Scheduler
from drivers.emulators.defects import Defect
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from harness.clock import Clock
from harness.ocpp.authority import EXPIRED, Authority
from harness.ocpp.csms import Csms
from harness.ocpp.frames import Payload
from harness.ocpp.memory_network import MemoryNetwork
from harness.ocpp.security import OURS, Door, Fault, Security
from harness.ocpp.shell import utc_s
from harness.ocpp.station_errors import StationError
from harness.ocpp.station_handle import StationHandle
from harness.ocpp.timestamps import to_text
from harness.ocpp.version import Version

OWNER = "grid"
"""It owns nothing in the plant; emulators are built with a port all the same."""
EMAID = "DEPFTC12345678"
"""The contract that it knows (our default)."""
SETPOINT_W = -5_000.0
"""What it asks of every bidirectional vehicle (our default)."""
PASSWORD = "emulated-csms-0001"
PROFILES = (0, 1, 2, 3)
OWN = "ChargingStationCertificate"
SOON_S = 0.2
"""From its answer to a vehicle's needs to the profile (our default)."""

_ROLE, _OURS = "csms", "our default"
DEFECTS = (
    *csms_schedules.DEFECTS,
    Defect("csms-silent-on-events", _ROLE, "ocpp2.1", _OURS, "does not answer TransactionEvent",
           "PF_E01_01_CSMS"),
    Defect("csms-knows-every-action", _ROLE, "ocpp2.1", "field: public issue reports of simulators",
           "answers an action that does not exist with a result", "PF_P4_01_CSMS"),
    Defect("csms-any-contract", _ROLE, "ocpp2.1", _OURS, "accepts every contract", "PF_C07_R1_CSMS"),
    Defect("csms-forgets-certificate-status", _ROLE, "ocpp2.1", _OURS,
           "answers a contract's certificates without certificateStatus", "PF_C07_01_CSMS"),
    Defect("csms-installs-anything", _ROLE, "ocpp2.1", _OURS, "accepts an exiRequest that is none", "PF_M01_R1_CSMS"),
    Defect("csms-ocsp-without-result", _ROLE, "ocpp2.1", _OURS, "accepts GetCertificateStatus and gives no ocspResult",
           "PF_M06_01_CSMS"),
    Defect("csms-chain-status-short", _ROLE, "ocpp2.1", _OURS, "answers for the first certificate of a chain only",
           "PF_M07_01_CSMS"),
    Defect("csms-any-password", _ROLE, "ocpp2.1", _OURS, "lets a station in whatever its password is",
           "PF_A00_R1_CSMS"),
    Defect("csms-certificate-optional", _ROLE, "ocpp2.1", _OURS, "lets a station in that shows no certificate",
           "PF_A00_R2_CSMS"),
    Defect("csms-expired-certificates", _ROLE, "ocpp2.1", _OURS, "does not look at the dates of a station's certificate",
           "PF_A00_R3_CSMS"),
    Defect("csms-any-client-certificate", _ROLE, "ocpp2.1", _OURS, "asks no station for a certificate",
           "PF_A00_R4_CSMS"),
    Defect("csms-any-subprotocol", _ROLE, "ocpp2.1", _OURS, "chooses a version that it does not speak",
           "PF_A00_R5_CSMS"),
    Defect("csms-signs-nothing", _ROLE, "ocpp2.1", _OURS, "accepts SignCertificate and sends no certificate",
           "PF_A03_01_CSMS"),
    Defect("csms-signs-other-keys", _ROLE, "ocpp2.1", _OURS, "sends a certificate for another key than the station's",
           "PF_A03_01_CSMS"),
    Defect("csms-refuses-heartbeats", _ROLE, "ocpp2.1", _OURS, "answers Heartbeat with an error", "PF_B01_01_CSMS"),
    Defect("csms-refuses-security-events", _ROLE, "ocpp2.1", _OURS, "answers SecurityEventNotification with an error",
           "PF_A04_01_CSMS"),
    Defect("csms-refuses-der-alarms", _ROLE, "ocpp2.1", _OURS, "answers NotifyDERAlarm with an error", "PF_R05_01_CSMS"),
    Defect("csms-closed-to-secured-stations", _ROLE, "ocpp2.1", _OURS,
           "lets no station in that proves itself by password or certificate", "PF_A00_01_CSMS"),
    Defect("csms-closed-to-passwords-over-tls", _ROLE, "ocpp2.1", _OURS, "takes no password over TLS", "PF_A00_02_CSMS"),
    Defect("csms-closed-to-certificates", _ROLE, "ocpp2.1", _OURS, "lets no station in that shows a certificate",
           "PF_A00_03_CSMS"),
    Defect("csms-refuses-limits", _ROLE, "ocpp2.1", _OURS, "answers NotifyChargingLimit with an error", "PF_K11_01_CSMS"),
    Defect("csms-refuses-released-limits", _ROLE, "ocpp2.1", _OURS, "answers ClearedChargingLimit with an error",
           "PF_K13_01_CSMS"),
    Defect("csms-refuses-priority", _ROLE, "ocpp2.1", _OURS, "answers NotifyPriorityCharging with an error",
           "PF_K22_01_CSMS"),
    Defect("csms-refuses-meter-values", _ROLE, "ocpp2.1", _OURS, "answers signed meter values with an error",
           "PF_J02_01_CSMS"),
    Defect("csms-refuses-older-vehicles", _ROLE, "ocpp2.1", _OURS,
           "answers needs of a vehicle of ISO 15118-2 with an error", "PF_K15_01_CSMS"),
    Defect("csms-refuses-der-vehicles", _ROLE, "ocpp2.1", _OURS,
           "answers needs with derChargingParameters with an error", "PF_R02_01_CSMS"),
    Defect("csms-silent-on-late-events", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "does not answer events that happened offline", "PF_E04_01_CSMS"),
    Defect("csms-silent-on-repeated-events", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "does not answer an event that it has seen before", "PF_GW_01_CSMS"),
    Defect("csms-stops-pauses", _ROLE, "ocpp2.1", _OURS, "stops the transaction of a vehicle that pauses",
           "PF_E02_01_CSMS"),
    Defect("csms-answers-no-pings", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "answers no ping of a websocket", "PF_P4_10_CSMS"),
    Defect("csms-pongs-of-its-own", _ROLE, "ocpp2.1", _OURS, "answers a ping with a pong of another payload",
           "PF_P4_10_CSMS"),
    Defect("csms-installs-nothing", _ROLE, "ocpp2.1", _OURS, "accepts Get15118EVCertificate and gives no response",
           "PF_M01_01_CSMS"),
    Defect("csms-result-error-to-nobody", _ROLE, "ocpp2.1", _OURS, "calls a bad result bad by an id that no result has",
           "PF_P4_02_CSMS"),
    Defect("csms-answers-sends", _ROLE, "ocpp2.1", _OURS, "answers a message that wants no answer", "PF_P4_03_CSMS"),
    Defect("csms-accepts-malformed-requests", _ROLE, "ocpp2.1", "field: public issue reports of CSMS software",
           "accepts requests that break their schema", "PF_P4_04_CSMS"),
    Defect("csms-any-contract-chain", _ROLE, "ocpp2.1", _OURS, "accepts a contract whoever has signed its certificate",
           "PF_C07_R2_CSMS"),
    Defect("csms-takes-expired-contracts", _ROLE, "ocpp2.1", _OURS, "accepts a contract whose certificate has expired",
           "PF_C07_R3_CSMS"),
    Defect("csms-takes-revoked-contracts", _ROLE, "ocpp2.1", _OURS, "accepts a contract whose certificate is revoked",
           "PF_C07_R4_CSMS"),
    Defect("csms-signs-another-kind", _ROLE, "ocpp2.1", _OURS, "sends a certificate of another kind than was asked for",
           "PF_A03_01_CSMS"),
    Defect("csms-garbage-time", _ROLE, "ocpp2.1", _OURS, "answers Heartbeat with a text that is no time",
           "ocpp2.1/payloads-fit-their-schema"),
)  # fmt: skip


def _any(_: Payload) -> bool:
    return True


def _signed(values: Payload) -> bool:
    return any("signedMeterValue" in one for value in values["meterValue"] for one in value["sampledValue"])


def _negative(needs: Payload) -> bool:
    return bool(needs["chargingNeeds"].get("v2xChargingParameters", {}).get("maxDischargePower", 0) < 0)


def _has(parameters: str) -> Callable[[Payload], bool]:
    return lambda needs: parameters in needs["chargingNeeds"]


WORDINGS = {
    "csms-result-error-to-nobody": frame_quirks.RESULT_ERROR_TO_NOBODY,
    "csms-answers-sends": frame_quirks.ANSWERS_SENDS,
    "csms-accepts-malformed-requests": frame_quirks.ACCEPTS_THE_MALFORMED,
}
REFUSED: dict[str, tuple[str, Callable[[Payload], bool]]] = {
    "csms-refuses-heartbeats": ("Heartbeat", _any),
    "csms-refuses-security-events": ("SecurityEventNotification", _any),
    "csms-refuses-der-alarms": ("NotifyDERAlarm", _any),
    "csms-refuses-limits": ("NotifyChargingLimit", _any),
    "csms-refuses-released-limits": ("ClearedChargingLimit", _any),
    "csms-refuses-priority": ("NotifyPriorityCharging", _any),
    "csms-refuses-meter-values": ("MeterValues", _signed),
    "csms-refuses-older-vehicles": ("NotifyEVChargingNeeds", _has("dcChargingParameters")),
    "csms-refuses-der-vehicles": ("NotifyEVChargingNeeds", _has("derChargingParameters")),
}
"""Which requests get an error."""


FAULTS = {
    "csms-any-client-certificate": Fault.TRUSTS_EVERYBODY,
    "csms-certificate-optional": Fault.ASKS_LOOSELY,
    "csms-expired-certificates": Fault.IGNORES_EXPIRY,
}
CLOSED = {2: "csms-closed-to-passwords-over-tls", 3: "csms-closed-to-certificates"}
"""The security profile whose stations are not let in."""


class EmulatedCsms:
    """`listen` on wires or in memory; then `ways` tells a station how to come in, by security profile."""

    def __init__(
        self, clock: Clock, defects: Collection[str] = (), setpoint_w: float = SETPOINT_W,
        network: MemoryNetwork | None = None,
    ) -> None:  # fmt: skip
        if unknown := set(defects) - {defect.id for defect in DEFECTS}:
            raise ValueError(f"a CSMS has no defect {', '.join(sorted(unknown))}; `plugfest defects` lists them")
        self.clock = clock
        self.defects = frozenset(defects)
        self.setpoint_w = setpoint_w
        self.network = network
        self.csms = Csms(clock, versions=(Version.V21,), prepare=self._prepare, network=network)
        self.authority = Authority("Emulated CSMS root", utc_s(clock))
        self.contracts = Authority("Emulated contract root", utc_s(clock))
        self.revoked = self.contracts.issue(EMAID)[0]
        self.ways: dict[str, dict[str, str]] = {}
        """What a lab file gives under `options` for a CSMS: `security_1` and so on, each a way in."""
        self.doors: list[Door] = []
        self._events: set[tuple[str, int]] = set()
        """Transaction and number of each event that was seen."""
        self._work: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """In memory."""
        for number in PROFILES:
            self.csms.listen_in_memory(self._door(number, OURS))
        self._tell_ways()

    async def listen(self, host: str, port: int) -> str:
        """On wires, the doors with security at free ports; returns the URL of security profile 0."""
        for number in PROFILES:
            await self.csms.listen(host, 0 if number else port, self._door(number, host))
        self._tell_ways()
        return self.doors[0].url

    def _door(self, number: int, host: str) -> Door:
        certificate, key = self.authority.issue("Emulated CSMS", host)
        faults = frozenset(fault for defect, fault in FAULTS.items() if defect in self.defects)
        security = Security(number, PASSWORD if number in (1, 2) else "", certificate, key, self.authority.root, faults)
        if number == 1 and "csms-any-password" in self.defects:
            security = Security()
        if CLOSED.get(number) in self.defects or (number and "csms-closed-to-secured-stations" in self.defects):
            stranger = Authority("a stranger", utc_s(self.clock)).root
            security = replace(security, password="another-password-01" if number < 3 else "", trusted=stranger)
        door = Door((Version.V21,), security, echoes="csms-any-subprotocol" in self.defects)
        self.doors.append(door)
        return door

    def _tell_ways(self) -> None:
        self.ways["contracts"] = {"expired": self.contracts.issue(EMAID, days=EXPIRED)[0], "revoked": self.revoked}
        good, old = self.authority.issue("CS-TEST-1"), self.authority.issue("CS-TEST-1", days=EXPIRED)
        station = {"certificate": good[0], "key": good[1], "expired_certificate": old[0], "expired_key": old[1]}
        for number, door in enumerate(self.doors):
            way = {"resource": door.url, "password": PASSWORD if number in (1, 2) else ""}
            if number >= 2:
                way["trusted"] = self.authority.root
            self.ways[f"security_{number}"] = {**way, **(station if number == 3 else {})}

    async def close(self) -> None:
        for task in self._work:
            task.cancel()
        await self.csms.close()

    def _prepare(self, station: StationHandle) -> None:
        answers = station.answers
        scheduler = Scheduler(station, self.clock, self.defects, self.setpoint_w, self._later)
        answers.answer("Authorize", lambda asked: self._authorise(scheduler, asked))
        answers.answer("Get15118EVCertificate", self._contract)
        answers.answer("GetCertificateChainStatus", self._chain_status)
        if "csms-ocsp-without-result" in self.defects:
            answers.answer("GetCertificateStatus", {"status": "Accepted"})
        answers.answer("NotifyEVChargingNeeds", scheduler.needs)
        answers.answer("NotifyEVChargingSchedule", scheduler.reported)
        answers.answer("PullDynamicScheduleUpdate", scheduler.pulled)
        answers.answer("SignCertificate", lambda asked: self._sign(station, asked))
        for defect, (action, wanted) in REFUSED.items():
            if defect in self.defects:
                answers.refuse(action, when=wanted)
        if "csms-silent-on-events" in self.defects:
            answers.stay_silent("TransactionEvent")
        if "csms-silent-on-late-events" in self.defects:
            answers.stay_silent("TransactionEvent", when=lambda event: bool(event.get("offline")))
        if "csms-silent-on-repeated-events" in self.defects:
            answers.stay_silent("TransactionEvent", when=self._repeated)
        if "csms-silent-on-negative-powers" in self.defects:
            answers.stay_silent("NotifyEVChargingNeeds", when=_negative)
        if "csms-stops-pauses" in self.defects:
            answers.answer("TransactionEvent", lambda event: self._stop_pause(station, event))
        if "csms-garbage-time" in self.defects:
            answers.answer("Heartbeat", {"currentTime": "half past nine"}, checked=False)
        for defect, wording in WORDINGS.items():
            if defect in self.defects:
                station.wording += wording
        if "csms-knows-every-action" in self.defects:
            station.tolerant = True
        if "csms-answers-no-pings" in self.defects:
            station.pong = lambda _: None
        if "csms-pongs-of-its-own" in self.defects:
            station.pong = lambda _: b"pong"

    def _authorise(self, scheduler: Scheduler, asked: Payload) -> Payload:
        """C01, C07: a contract is welcome if it is ours and comes with its certificates."""
        answer: Payload = {"idTokenInfo": {"status": "Accepted"}}
        if allowed := scheduler.allowed(asked["idToken"]["idToken"]):
            answer["allowedEnergyTransfer"] = allowed
        if asked["idToken"]["type"] == "eMAID":
            answer["certificateStatus"] = "Accepted"
            if asked["idToken"]["idToken"] != EMAID and "csms-any-contract" not in self.defects:
                answer = {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "ContractCancelled"}
            if "certificate" in asked and (found := self._judged(asked["certificate"])):
                answer = {"idTokenInfo": {"status": found[1]}, "certificateStatus": found[0]}
        if "csms-forgets-certificate-status" in self.defects:
            answer.pop("certificateStatus", None)
        return answer

    def _judged(self, pem: str) -> tuple[str, str] | None:
        """What is wrong with a contract's certificate, as certificateStatus and the token's status (C07.FR.15 to 17)."""
        leaf, root = (x509.load_pem_x509_certificate(one.encode()) for one in (pem, self.contracts.root))
        try:
            leaf.verify_directly_issued_by(root)
        except (ValueError, InvalidSignature):
            return None if "csms-any-contract-chain" in self.defects else ("CertChainError", "Invalid")
        over = leaf.not_valid_after_utc.timestamp() < utc_s(self.clock)
        if over and "csms-takes-expired-contracts" not in self.defects:
            return "CertificateExpired", "Expired"
        if pem == self.revoked and "csms-takes-revoked-contracts" not in self.defects:
            return "CertificateRevoked", "Invalid"
        return None

    def _repeated(self, event: Payload) -> bool:
        number = (event["transactionInfo"]["transactionId"], event["seqNo"])
        known = number in self._events
        self._events.add(number)
        return known

    def _stop_pause(self, station: StationHandle, event: Payload) -> Payload:
        if event["transactionInfo"].get("chargingState") == "SuspendedEV":
            self._later(station.request_stop())
        return {"idTokenInfo": {"status": "Accepted"}} if "idToken" in event else {}

    def _contract(self, asked: Payload) -> Payload:
        """M01: a response of some octets to a request that is Base64, as its EXI has to be."""
        try:
            octets = base64.b64decode(asked["exiRequest"], validate=True)
        except binascii.Error:
            octets = b""
        if not octets and "csms-installs-anything" not in self.defects:
            return {"status": "Failed", "exiResponse": ""}
        if "csms-installs-nothing" in self.defects:
            return {"status": "Accepted", "exiResponse": ""}
        return {"status": "Accepted", "exiResponse": base64.b64encode(octets[::-1] or b"0").decode()}

    def _chain_status(self, asked: Payload) -> Payload:
        """M07: it knows of no certificate; each is answered."""
        later = to_text(utc_s(self.clock) + 86_400.0)
        found = [
            {"certificateHashData": one["certificateHashData"], "source": one["source"], "status": "Unknown",
             "nextUpdate": later}
            for one in asked["certificateStatusRequests"]
        ]  # fmt: skip
        return {"certificateStatus": found[:1] if "csms-chain-status-short" in self.defects else found}

    def _sign(self, station: StationHandle, asked: Payload) -> Payload:
        """A02, A03: accepted, and the certificate follows."""
        if "csms-signs-nothing" not in self.defects:
            key_of = Authority("a stranger", utc_s(self.clock)) if "csms-signs-other-keys" in self.defects else None
            chain = key_of.issue("CS-TEST-1")[0] if key_of else self.authority.sign(asked["csr"])
            kind = "V2GCertificate" if "csms-signs-another-kind" in self.defects else asked.get("certificateType", OWN)
            request = {"certificateChain": chain, "certificateType": kind}
            self._later(station.call("CertificateSigned", request))
        return {"status": "Accepted"}

    def _later(self, work: Coroutine[Any, Any, Any]) -> None:
        async def soon() -> None:
            await self.clock.sleep(SOON_S)
            with contextlib.suppress(StationError):  # what the station makes of it is told by its own side
                await work

        task = asyncio.ensure_future(soon())
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def build(request: Request) -> EmulatedCsms:
    """In memory: the clock and the network come as objects in the options."""
    return EmulatedCsms(
        request.option("clock", None), request.defects, request.option("setpoint_w", SETPOINT_W),
        request.option("network", None),
    )  # fmt: skip


async def _main() -> None:
    chosen = arguments("csms")
    options: dict[str, Any] = options_of(chosen)
    emulated = EmulatedCsms(Clock(), chosen.defect, float(options.get("setpoint_w", SETPOINT_W)))
    host, _, port = chosen.listen.rpartition(":")
    url = await emulated.listen(host or "127.0.0.1", int(port))
    ready("csms", address=url, resource=url, ways=emulated.ways)
    await until_terminated()
    await emulated.close()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(_main())
