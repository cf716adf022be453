"""Defects that only a provocation shows: each beside the clean device that does it right."""

from __future__ import annotations

import asyncio
import contextlib
import datetime

import pytest

from drivers.emulators.charger_defects import CHARGER_DEFECTS
from drivers.emulators.secc import Charger
from drivers.emulators.vehicle import ElectricVehicle, Mood, wire
from drivers.emulators.vehicle_defects import VEHICLE_DEFECTS
from harness.clock import Clock
from harness.iso15118 import net, pki, sdp
from harness.iso15118.errors import LinkLost, NoAnswer, ProtocolError
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import DC_CAR, IdealVehicle
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.messages.sap import AppProtocol
from harness.iso15118.observer import Notes
from harness.iso15118.quantities import Limits, changed
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import Service
from harness.iso15118.signature import sign
from harness.iso15118.tls import Tls
from harness.iso15118.v2gtp import frame
from harness.iso15118.wire import to_frame
from harness.plant.local import LocalPlant
from tests.iso15118.conftest import EPOCH_US
from tests.iso15118.test_emulators import Bench

NOW = datetime.datetime.fromtimestamp(EPOCH_US / 1e6, datetime.UTC)


@contextlib.asynccontextmanager
async def charger_with(*defects, config=None, **evcc):
    """An emulated charger with a plugged, ready plant; `meet(...)` makes a scripted vehicle on it."""
    clock = Clock(epoch_utc_us=EPOCH_US)
    plant = LocalPlant(clock)
    plant.port("pilot").command(plugged=True)
    plant.port("vehicle").command(pilot_state="C", contactor=True)
    charger = Charger(plant.port("station"), clock, config=config, defects=defects)
    await charger.start()

    def meet(config=EvccConfig(), stored=None, limits=DC_CAR):
        car = IdealVehicle(limits=limits, battery_voltage_v=398.0)
        session = EvccSession(config, car, epoch_utc_us=EPOCH_US, stored=stored)
        return Evcc(charger.attach(), session, clock)

    try:
        yield charger, meet, clock
    finally:
        await charger.close()


def both(virtually, story, defect, **options):
    """The story's result on a clean charger and on the defective one."""

    async def whole(*defects):
        async with charger_with(*defects, **options) as (charger, meet, clock):
            return await story(charger, meet, clock)

    assert defect in CHARGER_DEFECTS
    return virtually(whole()), virtually(whole(defect))


def test_needs_whole_segments(virtually):
    async def story(charger, meet, clock):
        ev = meet()
        await ev.advance_to("ServiceDiscovery")
        request = ev.next_request()
        octets = to_frame(request)
        for piece in (octets[:5], octets[5:]):
            await ev.send_raw(piece)
            await clock.sleep(0.05)
        ev.last_request = request
        ev.session.sent(request, clock.now_s())
        try:
            return str((await ev.answer()).response_code)
        except (NoAnswer, LinkLost):
            return "nothing"

    assert both(virtually, story, "needs-whole-segments") == ("OK", "nothing")


def test_closes_on_vendor_payload(virtually):
    async def story(charger, meet, clock):
        ev = meet()
        await ev.advance_to("ServiceDiscovery")
        await ev.send_raw(frame(0xA000, b"\x01\x02"))
        return await ev.link.closed(8.0)

    assert both(virtually, story, "closes-on-vendor-payload") == (False, True)


@pytest.mark.parametrize(
    ("defect", "energies", "right", "wrong"),
    [
        ("ignores-priority", (("AC", 9), ("DC", 5)), 1, 0),
        ("negotiates-what-it-lacks", (("AC", 1),), None, 0),
    ],
)
def test_negotiation(virtually, defect, energies, right, wrong):
    from harness.iso15118.services import EnergyOffer

    both_sets = {Service.DC: (EnergyOffer(1),), Service.AC: (EnergyOffer(1),)}
    config = SeccConfig(offers=both_sets) if len(energies) > 1 else None
    offered = tuple(
        AppProtocol(
            protocol_namespace=f"urn:iso:std:iso:15118:-20:{energy}", version_number_major=1, version_number_minor=0,
            schema_id=index, priority=priority,
        )
        for index, (energy, priority) in enumerate(energies)
    )  # fmt: skip

    async def story(charger, meet, clock):
        return (await meet().exchange(app_protocol=offered)).schema_id

    assert both(virtually, story, defect, config=config) == (right, wrong)


def test_resumes_for_anybody(virtually):
    async def story(charger, meet, clock):
        ev = meet()
        await ev.charge_loop(1.0)
        stored = await ev.pause()
        thief = meet(EvccConfig(evcc_id="DETHIEF0000000001"), stored)
        await thief.advance_to("SessionSetup")
        return str((await thief.exchange()).response_code)

    found = both(virtually, story, "resumes-for-anybody")
    assert found == ("OK_NewSessionEstablished", "OK_OldSessionJoined")


def test_refused_card_stays_ongoing(virtually):
    async def story(charger, meet, clock):
        charger.authorize(False)
        ev = meet()
        await ev.advance_to("Authorization")
        answer = await ev.exchange()
        return str(answer.response_code), str(answer.evse_processing)

    found = both(virtually, story, "refused-card-stays-ongoing")
    assert found == (("WARNING_EIMAuthorizationFailure", "Finished"), ("OK", "Ongoing"))


def test_challenge_not_compared(virtually):
    lab = pki.create(pki.KeyKind.P256, now=NOW)
    contract = lab.leaves["contract"]

    async def story(charger, meet, clock):
        ev = meet(EvccConfig(contract=contract))
        await ev.advance_to("Authorization")
        mode = changed(ev.next_request().authorization_mode, gen_challenge=b"yesterday's word")
        request = ev.draft("AuthorizationReq", authorization_mode=mode, header__signature=sign([mode], contract.key))
        return str((await ev.exchange(request)).response_code)

    config = SeccConfig(pnc=True, mo_roots=lab.roots())
    found = both(virtually, story, "challenge-not-compared", config=config)
    assert found == ("WARNING_ChallengeInvalid", "OK")


def test_fails_on_zero_discharge_limit(virtually):
    async def story(charger, meet, clock):
        ev = meet()
        await ev.charge_loop(1.0)
        ev.session.vehicle.limits = Limits(80_000.0, 0.0, 200.0, 0.0, 450.0, 250.0)
        return str((await ev.exchange()).response_code)

    assert both(virtually, story, "fails-on-zero-discharge-limit") == ("OK", "FAILED")


def test_holds_contactor_for_the_silent(virtually):
    async def story(charger, meet, clock):
        ev = meet()
        await ev.charge_loop(1.0)
        await ev.silence(3.0)
        return charger.plant.state.station_contactor_closed

    assert both(virtually, story, "holds-contactor-for-the-silent") == (False, True)


def test_inoperative_after_renegotiation(virtually):
    async def story(charger, meet, clock):
        ev = meet()
        await ev.charge_loop(1.0)
        await ev.renegotiate_schedule()
        await ev.stop()
        await clock.sleep(1.0)
        later = meet()
        try:
            await later.charge_loop(1.0)
        except ProtocolError:
            return str(later.last_response.response_code)
        return "OK"

    assert both(virtually, story, "inoperative-after-renegotiation") == ("OK", "FAILED")


# discovery and TLS, over real sockets


def discovered(defect, story, **options):
    async def whole(*defects):
        clock = Clock()
        charger = Charger(LocalPlant(clock).port("station"), clock, defects=defects)
        _, port = await charger.listen(sdp_port=0, **options)
        try:
            return await story(clock, port)
        except NoAnswer as none:
            return str(none)
        finally:
            await charger.close()

    return asyncio.run(whole()), asyncio.run(whole(defect))


def test_foreign_discovery_address():
    async def story(clock, port):
        return (await net.discover(clock, port=port, attempts=2)).address

    right, wrong = discovered("foreign-discovery-address", story)
    assert right == "::1"
    assert "2001:db8::1 is not a link-local address" in wrong


def test_answers_discovery_twice():
    charger_notes = Notes()

    async def whole(*defects):
        clock = Clock()
        charger = Charger(LocalPlant(clock).port("station"), clock, observer=charger_notes, defects=defects)
        _, port = await charger.listen(sdp_port=0)
        await net.discover(clock, port=port, attempts=2)
        await charger.close()
        answers = [octets for source, _, octets in charger_notes.datagrams if source == "charger"]
        charger_notes.datagrams.clear()
        return len(answers), len(set(answers))

    assert asyncio.run(whole()) == (1, 1)
    assert asyncio.run(whole("answers-discovery-twice")) == (2, 2)


def test_slow_to_answer_discovery():
    async def story(clock, port):
        return (await net.discover(clock, port=port, attempts=3)).address

    right, wrong = discovered("slow-to-answer-discovery", story)
    assert right == "::1"
    assert "3 attempts" in wrong


def test_dies_on_malformed_discovery():
    async def story(clock, port):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("::1", port))
        transport.sendto(b"\x01\xfe\x90\x00\x00\x00")
        await asyncio.sleep(0.1)
        transport.close()
        return (await net.discover(clock, port=port, attempts=2)).address

    right, wrong = discovered("dies-on-malformed-discovery", story)
    assert right == "::1"
    assert "2 attempts" in wrong


@pytest.fixture(scope="module")
def today():
    return pki.create(pki.KeyKind.P256, now=datetime.datetime.now(datetime.UTC))


def test_answers_tls_with_plain(today, tmp_path):
    server = Tls((today.root("oem_root"),), tmp_path / "keys", today.leaves["secc"]).server()

    async def story(clock, port):
        return str((await net.discover(clock, port=port, security=sdp.Security.TLS, attempts=2)).tls)

    right, wrong = discovered("answers-tls-with-plain", story, tls=server)
    assert right == "True"
    assert "TLS was asked for" in wrong


def test_asks_no_client_certificate(today, tmp_path):
    server = Tls((today.root("oem_root"),), tmp_path / "keys", today.leaves["secc"]).server()
    client = Tls((today.root("v2g_root"),), tmp_path / "keys").client()

    async def story(clock, port):
        endpoint = await net.discover(clock, port=port, security=sdp.Security.TLS, attempts=2)
        try:
            stream = await net.connect(endpoint, clock, tls=client, within_s=3.0)
            ev = Evcc(stream, EvccSession(EvccConfig(), IdealVehicle(), epoch_utc_us=clock.epoch_utc_us), clock)
            return str((await ev.exchange()).response_code)
        except (OSError, ProtocolError):
            return "refused"

    found = discovered("asks-no-client-certificate", story, tls=server)
    assert found == ("refused", "OK_SuccessfulNegotiation")


def test_a_resume_over_tls_needs_the_same_vehicle_certificate(today, tmp_path):
    """Two cars of one maker: the second one knows the first one's session id and EVCCID."""
    thief = pki.create(pki.KeyKind.P256, now=datetime.datetime.now(datetime.UTC))
    roots = (today.root("oem_root"), thief.root("oem_root"))
    server = Tls(roots, tmp_path / "keys", today.leaves["secc"]).server()

    async def whole():
        clock = Clock()
        plant = LocalPlant(clock)
        plant.port("pilot").command(plugged=True)
        charger = Charger(plant.port("station"), clock)
        await charger.start()
        endpoint, _ = await charger.listen(sdp_port=0, tls=server)

        async def setup(hierarchy, stored=None):
            tls = Tls((today.root("v2g_root"),), tmp_path / "keys", hierarchy.leaves["vehicle"]).client()
            stream = await net.connect(endpoint, clock, tls=tls)
            ev = Evcc(
                stream,
                EvccSession(EvccConfig(), IdealVehicle(), epoch_utc_us=clock.epoch_utc_us, stored=stored),
                clock,
            )
            await ev.advance_to("DC_CableCheck")
            return ev

        first = await setup(today)
        stored = await first.pause()
        joined = []
        for hierarchy in (thief, today):
            for _ in range(100):
                if not charger.in_session:
                    break
                await asyncio.sleep(0.02)
            ev = await setup(hierarchy, stored)
            joined.append(ev.session.resumed)
            await ev.stop()
            stored = first.session.store()
        await charger.close()
        return joined

    assert asyncio.run(whole()) == [False, True]


# vehicles


def moods(virtually, defect, *, seconds=30.0, charger=None, prepare=lambda bench: None, during=lambda bench: None):
    async def whole(*defects):
        bench = Bench((), defects, secc=charger)
        prepare(bench)
        async with bench:
            bench.plug()
            await bench.clock.sleep(seconds / 2)
            during(bench)
            await bench.clock.sleep(seconds / 2)
            bench.mood = bench.vehicle.mood
            return bench

    assert defect in VEHICLE_DEFECTS
    return virtually(whole()), virtually(whole(defect))


def test_takes_any_session_setup(virtually):
    def zero(bench):
        def plain(se, _, response):
            return changed(response, response_code="OK")

        bench.charger.before_session.append(lambda se: se.twists.update(SessionSetupReq=plain))

    clean, careless = moods(virtually, "takes-any-session-setup", prepare=zero)
    assert clean.mood is not Mood.IN_SESSION
    assert careless.mood is Mood.IN_SESSION


def test_aborts_on_a_contract_offer(virtually):
    clean, defective = moods(virtually, "aborts-on-a-contract-offer", charger=SeccConfig(pnc=True))
    assert clean.mood is Mood.IN_SESSION
    assert defective.whats()[-1] == "stopped"


def test_stops_after_authorization(virtually):
    clean, defective = moods(virtually, "stops-after-authorization")
    assert clean.mood is Mood.IN_SESSION
    assert defective.whats() == ["session", "identification", "authorization", "stopped"]


def test_falls_silent_in_the_loop(virtually):
    clean, defective = moods(virtually, "falls-silent-in-the-loop")
    assert clean.mood is Mood.IN_SESSION
    assert any("sequence timeout" in event.data.get("reason", "") for event in defective.events)


def test_ends_on_zero_discharge_limit(virtually):
    def no_more(bench):
        limits = bench.charger.outlet.limits
        bench.charger.outlet.limits = Limits(
            limits.maximum_charge_power_w, 0.0, limits.maximum_charge_current_a, 0.0,
            limits.maximum_voltage_v, limits.minimum_voltage_v,
        )  # fmt: skip

    clean, defective = moods(virtually, "ends-on-zero-discharge-limit", during=no_more)
    assert clean.mood is Mood.IN_SESSION
    assert defective.whats()[-1] == "stopped"


def test_forgets_the_session_in_a_pause(virtually):
    def nap(bench):
        bench.charger.pause(0)
        asyncio.get_running_loop().call_later(5.0, bench.charger.wake)

    clean, defective = moods(virtually, "forgets-the-session-in-a-pause", seconds=50.0, during=nap)
    joined = [[e.data["resumed"] for e in bench.events if e.what == "session"] for bench in (clean, defective)]
    assert joined == [[False, True], [False, False]]


def test_signs_in_der(virtually):
    lab = pki.create(pki.KeyKind.P256, now=NOW)

    async def whole(*defects):
        bench = Bench((), defects, secc=SeccConfig(pnc=True, mo_roots=lab.roots()))
        bench.vehicle.config = EvccConfig(contract=lab.leaves["contract"])
        async with bench:
            bench.plug()
            await bench.clock.sleep(20.0)
            return bench.charger.current.session.signature.encoding

    assert [virtually(whole()), virtually(whole("signs-in-der"))] == ["raw", "der"]


def test_a_vehicle_over_tls_finds_its_charger_and_charges(today, tmp_path):
    server = Tls((today.root("oem_root"),), tmp_path / "charger", today.leaves["secc"]).server()
    client = Tls((today.root("v2g_root"),), tmp_path / "vehicle", today.leaves["vehicle"]).client()

    async def whole():
        clock = Clock()
        plant = LocalPlant(clock)
        charger = Charger(plant.port("station"), clock)
        await charger.start()
        _, port = await charger.listen(sdp_port=0, tls=server)
        vehicle = ElectricVehicle(plant.port("vehicle"), clock, wire(clock, sdp_port=port, tls=client))
        await vehicle.start()
        plant.port("pilot").command(plugged=True)
        for _ in range(150):
            await asyncio.sleep(0.1)
            if charger.current and charger.current.session.state == "charge loop":
                break
        state = charger.current.session.state if charger.current else "none"
        charger._notify(EvseNotification.Terminate, 0)
        await asyncio.sleep(1.0)
        await vehicle.close()
        await charger.close()
        return state

    assert asyncio.run(whole()) == "charge loop"
    assert "SECRET" in (tmp_path / "vehicle").read_text()
