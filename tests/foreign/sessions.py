"""Whole sessions between our agents and the package's, judged by our rules; one line of JSON each.

    python -m tests.foreign.sessions secc|evcc [tls|older]

`secc`: the package's charger and our vehicle. `evcc`: the package's vehicle and our charger. `older`: in ISO 15118-2.
Runs in a network of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from drivers.charger import josev as josev_secc
from drivers.foreign.place import Place
from drivers.vehicle import josev as josev_evcc
from drivers.wire import Connection
from harness.clock import Clock
from harness.exi.declare import Record
from harness.iso15118 import net, pki, sdp
from harness.iso15118.environment import NOWHERE
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealStation, IdealVehicle
from harness.iso15118.iso2.evcc import Iso2EvccConfig
from harness.iso15118.messages.iso2.types import EnergyTransferMode
from harness.iso15118.profile import Profile
from harness.iso15118.quantities import Limits
from harness.iso15118.secc import SeccConfig, SeccSession
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Control, Energy, EnergyOffer, Pricing, Service
from harness.iso15118.tls import Tls, describe
from harness.iso15118.vehicle import Needs
from harness.judge_cli import judge_session
from harness.link import ByteStream
from harness.plant.local import LocalPlant
from harness.private_network import PrivateNetwork, enter_private_network
from harness.transcript.decoding import sessions
from harness.transcript.recorder import Recorder
from harness.verdict import Side

SESSION_S = 25.0
PATIENCE_S = 8.0
LOOPS = 4
CAR = Limits(
    maximum_charge_power_w=11_000.0,
    maximum_charge_current_a=30.0,
    maximum_voltage_v=450.0,
    minimum_voltage_v=250.0,
    maximum_discharge_power_w=11_000.0,
    maximum_discharge_current_a=25.0,
)


MODES = {Energy.DC: EnergyTransferMode.DC_extended, Energy.AC: EnergyTransferMode.AC_three_phase_core}
"""What is asked for in ISO 15118-2."""
PATIENT = Profile(loop_sequence_timeout_s=60.0)


@dataclass(frozen=True)
class Wanted:
    service: Service
    control: Control
    pnc: bool = False
    protocol: str = "iso15118-20"

    @property
    def theirs(self) -> str:
        """The package's name of the protocol."""
        return "ISO_15118_2" if self.protocol == "iso15118-2" else f"ISO_15118_20_{self.service.energy}"


# AC before DC: after a DC session the package's charger fails every AC session (finding 6)
PLAIN = (
    Wanted(Service.AC, Control.DYNAMIC),
    Wanted(Service.AC_BPT, Control.SCHEDULED),
    Wanted(Service.DC, Control.SCHEDULED),
    Wanted(Service.DC_BPT, Control.DYNAMIC),
)
OLDER = (
    Wanted(Service.DC, Control.SCHEDULED, protocol="iso15118-2"),
    Wanted(Service.AC, Control.SCHEDULED, protocol="iso15118-2"),
)
SECURE = (Wanted(Service.AC, Control.SCHEDULED, pnc=True), Wanted(Service.DC_BPT, Control.SCHEDULED))


class Observed:
    """An observer that writes a transcript."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.session = 0

    def frame(self, source: str, target: str, octets: bytes) -> None:
        self.recorder.record("v2g", "v2g.frame", source, target, hex=octets.hex(), session=self.session)

    def datagram(self, source: str, target: str, octets: bytes) -> None:
        self.recorder.record("v2g", "v2g.sdp", source, target, hex=octets.hex())

    def link(self, what: str, **details: object) -> None:
        self.recorder.record(
            "v2g", "v2g.link", str(details.get("by", "")), "", what=what, session=self.session, **details
        )


class Table:
    """Clock, plant, certificates and record around one program of the package."""

    def __init__(self, network: PrivateNetwork, judged: Side, *, tls: bool) -> None:
        self.network = network
        self.judged = judged
        self.clock = Clock()
        self.plant = LocalPlant(self.clock)
        self.recorder = Recorder(self.clock)
        self.observer = Observed(self.recorder)
        now = datetime.datetime.now(datetime.UTC)
        self.pki = pki.create(pki.KeyKind.P256, now=now) if tls else None

    def connection(self, role: str, **options: object) -> Connection:
        ends = {
            "charger": ("station", self.network.to_station, self.network.station),
            "vehicle": ("vehicle", self.network.to_vehicle, self.network.vehicle),
        }
        owner, near, far = ends[role]
        return Connection(role, self.clock, options=options, far_end=Place(near, far, self.plant.port(owner), self.pki))

    def secured(self, stream: ByteStream) -> None:
        """Note what TLS agreed on, as the bench does."""
        self.observer.session += 1
        self.observer.link("connected", by="vehicle")
        if agreed := describe(stream):
            self.observer.link("tls", by="vehicle", **agreed)

    def tell(self, wanted: Wanted, error: str, log: str) -> None:
        judged = sessions(self.recorder.events)[-1] if self.observer.session else None
        findings = judge_session(judged) if judged else []
        told = {
            "service": wanted.service.name,
            "protocol": judged.protocol if judged else "",
            "control": wanted.control.name,
            "pnc": wanted.pnc,
            "tls": self.pki is not None,
            "messages": len(judged.messages) if judged else 0,
            "last": judged.messages[-1].name if judged and judged.messages else "",
            "fails": [one.reason for one in findings if one.severity == "fail" and one.side == self.judged],
            "error": error,
            "log": [line for line in log.splitlines() if line.startswith(("ERROR", "WARNING"))][-3:],
        }
        print(json.dumps(told), flush=True)


class Patient(Evcc):
    """Waits for longer than a vehicle would: the package's codec is slow on a busy machine, and that is no news."""

    async def answer(self, within_s: float | None = None) -> Record:
        return await super().answer(within_s or PATIENCE_S)


@contextlib.asynccontextmanager
async def opened(driver: josev_secc.Driver | josev_evcc.Driver) -> AsyncIterator[None]:
    await driver.open()
    try:
        yield
    finally:
        await driver.close()


async def with_their_charger(table: Table, wishes: tuple[Wanted, ...]) -> None:
    """Our vehicle, one session after the other, at the package's charger."""
    auth, protocols = ("EIM", "PNC") if table.pki else ("EIM",), tuple(dict.fromkeys(one.theirs for one in wishes))
    driver = josev_secc.Driver(table.connection("charger", auth=auth, protocols=protocols))
    context = None
    if table.pki:
        context = Tls((table.pki.root("v2g_root"),), NOWHERE, table.pki.leaves["vehicle"]).client()
    interface = table.network.to_station
    table.plant.port("pilot").command(plugged=True, pilot_state="C")
    async with opened(driver):
        for wanted in wishes:
            error = ""
            try:
                security = sdp.Security.TLS if table.pki else sdp.Security.NONE
                found = await net.discover(table.clock, table.observer, interface=interface, security=security)
                stream = await net.connect(found, table.clock, tls=context)
                table.secured(stream)
                contract = table.pki.leaves["contract"] if table.pki and wanted.pnc else None
                config = EvccConfig(
                    services=(wanted.service,),
                    control=wanted.control,
                    contract=contract,
                    protocols=(wanted.protocol,),
                    iso2=Iso2EvccConfig(modes=(MODES[wanted.service.energy],)),
                )
                limits = CAR if wanted.service.energy is Energy.DC else replace(CAR, maximum_voltage_v=0.0)
                car = IdealVehicle(limits, 400.0, Needs(36_000, 20_000.0, 40_000.0, -10_000.0, target_soc_percent=80))
                session = EvccSession(config, car, epoch_utc_us=table.clock.epoch_utc_us)
                ev = Patient(stream, session, table.clock, table.observer)
                try:
                    await table.clock.wait(_charge(ev), SESSION_S)
                finally:
                    await ev.close()
            except Exception as problem:
                error = repr(problem)
            table.tell(wanted, error, driver.program.take_log())


async def _charge(ev: Evcc) -> None:
    await ev.charge_loop(count=LOOPS)
    await ev.stop()


async def with_their_vehicle(table: Table, wishes: tuple[Wanted, ...]) -> None:
    """The package's vehicle, plugged in again and again, at our charger."""
    driver = josev_evcc.Driver(table.connection("vehicle", loops=LOOPS))
    context = None
    if table.pki:
        context = Tls((table.pki.root("oem_root"),), NOWHERE, table.pki.leaves["secc"]).server()
    interface = table.network.to_vehicle
    arrived: asyncio.Queue[ByteStream] = asyncio.Queue()
    async with opened(driver):
        server, end = await net.serve(arrived.put, interface=interface, tls=context)
        responder = sdp.Responder(end.address, end.port, end.port if context else None, context is not None)

        def answer(datagram: bytes) -> bytes | None:
            found = responder.answer(datagram)
            return found.encode() if found else None

        discovery = await net.DiscoveryServer.start(answer, table.observer, interface=interface)
        plug, station = table.plant.port("pilot"), table.plant.port("station")
        station.command(pilot_on=True, pilot_duty_percent=5.0)
        for wanted in wishes:
            error = ""
            driver.choose(
                services=(wanted.service.name,),
                protocols=(wanted.theirs,),
                energy_mode=str(MODES[wanted.service.energy]),
            )
            plug.command(plugged=True)
            try:
                stream = await table.clock.wait(arrived.get(), SESSION_S)
                table.secured(stream)
                await table.clock.wait(_serve(table, stream, wanted).finish(), SESSION_S)
            except Exception as problem:
                error = repr(problem)
            table.tell(wanted, error, driver.program.take_log())
            plug.command(plugged=False)
            await table.clock.sleep(0.5)
        server.close()
        discovery.close()


def _serve(table: Table, stream: ByteStream, wanted: Wanted) -> Secc:
    """Our charger as the package's vehicle can bear it: with prices, and no reading of discharged energy (findings 2, 3)."""
    offers = {wanted.service: (EnergyOffer(1, wanted.control, pricing=Pricing.LEVELS),)}
    roots = (table.pki.root("mo_root"),) if table.pki else ()
    config = SeccConfig(
        offers=offers,
        protocols=(wanted.protocol,),
        pnc=wanted.pnc,
        mo_roots=roots,
        meter=not wanted.service.bidirectional,
        profile=PATIENT,
    )
    session = SeccSession(
        config,
        IdealStation(),
        now_s=table.clock.now_s(),
        epoch_utc_us=table.clock.epoch_utc_us,
        secured=bool(table.pki),
    )
    return Secc(stream, session, table.clock, table.observer)


def main() -> None:
    network = enter_private_network()
    secure = "tls" in sys.argv
    story, judged = {"secc": (with_their_charger, Side.STATION), "evcc": (with_their_vehicle, Side.VEHICLE)}[
        sys.argv[1]
    ]

    async def run() -> None:
        wishes = SECURE if secure else OLDER if "older" in sys.argv else PLAIN
        await story(Table(network, judged, tls=secure), wishes)

    asyncio.run(run())


if __name__ == "__main__":
    main()
