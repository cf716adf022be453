"""An emulated back office: what a charging station under our control finds at the far end of its websocket.

It accepts stations, allows bidirectional transfer, answers a vehicle's needs with a Dynamic profile of a fixed
setpoint, answers pulls with the same, and refuses what was not allowed. Its defects are departures from that.

`python -m drivers.emulators.csms --listen 127.0.0.1:0 --option setpoint_w=-5000` prints its ready line with the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Coroutine
from dataclasses import replace
from typing import Any

from drivers.emulators.csms_contracts import Contracts
from drivers.emulators.csms_defects import CLOSED, DEFECTS, FAULTS, REFUSED, WORDINGS
from drivers.emulators.csms_schedules import Scheduler
from drivers.emulators.process import Request, arguments, die_with_parent, options_of, ready, until_terminated
from harness.clock import Clock
from harness.ocpp.authority import EXPIRED, Authority
from harness.ocpp.csms import Csms
from harness.ocpp.frames import Payload
from harness.ocpp.memory_network import MemoryNetwork
from harness.ocpp.security import OURS, Door, Security
from harness.ocpp.shell import utc_s
from harness.ocpp.station_errors import StationError
from harness.ocpp.station_handle import StationHandle
from harness.ocpp.version import Version

OWNER = "grid"
"""It owns nothing in the plant; emulators are built with a port all the same."""
SETPOINT_W = -5_000.0
"""What it asks of every bidirectional vehicle (our default)."""
PASSWORD = "emulated-csms-0001"
PROFILES = (0, 1, 2, 3)
OWN = "ChargingStationCertificate"
SOON_S = 0.2
"""From its answer to a vehicle's needs to the profile (our default)."""


def _negative(needs: Payload) -> bool:
    return bool(needs["chargingNeeds"].get("v2xChargingParameters", {}).get("maxDischargePower", 0) < 0)


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
        self.contracts = Contracts(clock, self.defects)
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
        self.ways["contracts"] = self.contracts.bad()
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
        answers.answer(
            "Authorize", lambda asked: self.contracts.authorise(scheduler.allowed(asked["idToken"]["idToken"]), asked)
        )
        answers.answer("Get15118EVCertificate", self.contracts.install)
        answers.answer("GetCertificateChainStatus", self.contracts.chain_status)
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

    def _repeated(self, event: Payload) -> bool:
        number = (event["transactionInfo"]["transactionId"], event["seqNo"])
        known = number in self._events
        self._events.add(number)
        return known

    def _stop_pause(self, station: StationHandle, event: Payload) -> Payload:
        if event["transactionInfo"].get("chargingState") == "SuspendedEV":
            self._later(station.request_stop())
        return {"idTokenInfo": {"status": "Accepted"}} if "idToken" in event else {}

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
