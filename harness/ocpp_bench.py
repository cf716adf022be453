"""The OCPP side of a bench: our CSMS, to which every charging station of the lab connects."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from harness.case import Subject
from harness.clock import Clock, TimeMode
from harness.lab import OcppGateway
from harness.network_bench import NetworkOnBench
from harness.ocpp.csms import Csms
from harness.ocpp.memory_network import MemoryNetwork
from harness.ocpp.network_profiles import CsmsAddress
from harness.ocpp.proxy import Proxy
from harness.ocpp.security import Door
from harness.ocpp.station_errors import StationError
from harness.ocpp.station_handle import StationHandle
from harness.transcript.ocpp import FAR, OcppRecorder

Record = Callable[..., None]


class CsmsOnBench:
    """Listens while the bench is up. Its address goes to emulated stations; real ones are configured with it."""

    def __init__(
        self, mode: TimeMode, record: Record, links: NetworkOnBench, listen: str = "127.0.0.1:0",
        gateway: OcppGateway | None = None,
    ) -> None:  # fmt: skip
        self.mode = mode
        self.gateway = gateway
        self.proxy: Proxy | None = None
        """Between the stations and their CSMS, if the lab wants it."""
        self.links = links
        self.observer = OcppRecorder(record)
        self.listen = listen
        self.url = ""
        self.network = MemoryNetwork()
        """Where everybody meets in virtual time."""
        self.csms: Csms | None = None

    async def start(self, clock: Clock) -> None:
        self.csms = Csms(clock, self.observer, network=self.network)
        self.url = await self.open(self.csms.door)
        if self.gateway:
            self.url = await self._stand_between(clock, self.gateway)

    async def _stand_between(self, clock: Clock, gateway: OcppGateway) -> str:
        """The stations' wire is judged; the one to the CSMS is evidence beside it."""
        near = OcppRecorder(self.observer.record)
        self.observer.kind = FAR
        virtual = self.mode is TimeMode.VIRTUAL
        self.proxy = Proxy(
            clock, gateway.upstream or self.url, towards_station=near, network=self.network if virtual else None
        )
        host, _, port = gateway.listen.rpartition(":")
        return await self.proxy.listen(host, int(port))

    @property
    def first_door(self) -> Door:
        """Where stations come in that nobody has sent elsewhere."""
        assert self.csms
        return self.csms.door

    @property
    def address(self) -> CsmsAddress:
        """For an emulated station in this process."""
        return CsmsAddress(self.url, self.links.reach(self.network.connect))

    async def open(self, door: Door) -> str:
        """Let stations in at a door, the first or another one; returns its URL.

        Where the lab gives a port, doors of the security profiles 1 to 3 are at the ports after it.
        """
        assert self.csms
        if self.mode is TimeMode.VIRTUAL:
            return self.csms.listen_in_memory(door)
        host, _, port = self.listen.rpartition(":")
        number = int(port) + door.security.profile if int(port) else 0
        if self.links.relay is None:
            return await self.csms.listen(host, number, door)
        behind = await self.csms.listen("127.0.0.1", 0, door)  # the relay takes the address that stations know
        door.url = await self.links.to_csms(behind, f"{host}:{number}")
        return door.url

    async def stop(self) -> None:
        if self.proxy:
            await self.proxy.close()
            self.proxy = None
        if self.csms:
            await self.csms.close()
            self.csms = None

    def station(self, subject: Subject) -> StationHandle:
        """The handle on the subject's charger; it exists before the station has connected."""
        assert self.csms
        assert subject.charger
        return self.csms.handle(identity_of(subject))

    async def booted(self, subject: Subject, within_s: float) -> None:
        """Give a station that was just started the time to introduce itself; what it then cannot do, the case will see."""
        station = self.station(subject)
        with contextlib.suppress(TimeoutError):
            await station.clock.wait(station.ready.wait(), within_s)

    async def end_transaction(self, subject: Subject, within_s: float) -> None:
        """Ask the station to stop a transaction that is still running, and wait for its end; never raises for a station."""
        station = self.station(subject)
        if station.transaction_id is None or not station.online:
            return
        with contextlib.suppress(StationError, TimeoutError):
            await station.request_stop()
            async with asyncio.timeout(within_s):
                while station.transaction_id is not None:
                    await station.clock.sleep(0.1)

    def reset(self) -> None:
        """The stations are about to be exchanged or restarted: no transaction of theirs runs any more."""
        if self.csms:
            for handle in self.csms.stations.values():
                handle.reset()

    def forget(self) -> None:
        """What stations said so far no longer answers an expectation."""
        if self.csms:
            for handle in self.csms.stations.values():
                handle.forget()


def identity_of(subject: Subject) -> str:
    """The charging station's identity at the end of its URL."""
    assert subject.charger
    return subject.charger.ocpp_id or subject.charger.id
