"""Fuzzing of both ISO 15118-20 agents, at octet and at message level, in every state.

python tests/fuzz/iso15118_fuzz.py --count 3000 --seed 1

Each case holds a session up to a random point, then the other side says something that no good one would: broken
octets, spoilt messages, a frame of 4 GiB, one octet a second, or ten more connections. The agent under fire must end its
session or go on: no foreign exception, no hang (in virtual or in processor time), no growing buffer, no power left, and a
session that failed says why. After every attack on the charger a clean session must work on the same outlet. The run
counts the states in which each agent was attacked; with 2,000 cases or more none may be missing.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import random
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from drivers.emulators.secc import Charger
from harness.clock import Clock, TimeMode, new_loop
from harness.exi.declare import Record
from harness.iso15118 import pki
from harness.iso15118.errors import ProtocolError
from harness.iso15118.evcc import EvccConfig, EvccSession, StoredSession
from harness.iso15118.evcc_requests import REQUESTS
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealStation, IdealVehicle
from harness.iso15118.installation import Provisioning
from harness.iso15118.intent import Intent
from harness.iso15118.order import ENDS, State
from harness.iso15118.quantities import changed
from harness.iso15118.secc import SeccConfig, SeccSession, SessionMemory
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Control, EnergyOffer, Pricing, Service
from harness.iso15118.v2gtp import LONGEST_PAYLOAD
from harness.iso15118.wire import to_frame
from harness.link import LinkClosed, memory_streams
from harness.plant.local import LocalPlant
from tests.fuzz.hostile import ENDLESS, octets, spoiled

EPOCH_US = 1_800_000_000_000_000
VIRTUAL_LIMIT_S = 1_000.0
CPU_LIMIT_S = 5.0
SERVICES = (Service.DC_BPT, Service.DC, Service.AC_BPT, Service.AC, Service.MCS_BPT)
POLLED = ("AuthorizationReq", "CertificateInstallationReq", "ScheduleExchangeReq", "DC_CableCheckReq",
          "DC_PreChargeReq", "DC_WeldingDetectionReq")  # fmt: skip
ONLY_DC = frozenset(
    {State.CABLE_CHECK_ONGOING, State.CABLE_CHECKED, State.PRE_CHARGE_ONGOING, State.PRE_CHARGED}
    | {State.WELDING_ONGOING, State.WELDED}
)
WISHES = {
    State.STANDBY: Intent.STANDBY,
    State.RENEGOTIATING: Intent.RENEGOTIATE_SCHEDULE,
    State.RENEGOTIATION_ONGOING: Intent.RENEGOTIATE_SCHEDULE,
    State.RESCHEDULED: Intent.RENEGOTIATE_SCHEDULE,
    State.SERVICE_RENEGOTIATION: Intent.RENEGOTIATE_SERVICE,
}
DRAWN_OUT = {State.PRE_CHARGE_ONGOING: "DC_PreChargeReq", State.POWER_STARTING: "PowerDeliveryReq"}
"""Where a state is only reached by a vehicle that calls itself not ready."""
LONGEST_STORY = 60
"""Exchanges after which the attack begins wherever the session then is."""
ENOUGH = 2_000
"""Cases from which on every state must have been under fire."""
DRIP_S = 1.0
CROWD = 10


class Found(Exception):
    """An agent misbehaved under fire."""


@cache
def certificates() -> pki.Pki:
    return pki.create(pki.KeyKind.SECP521R1, now=datetime.datetime.fromtimestamp(EPOCH_US / 1e6, datetime.UTC))


class Arena:
    """One outlet, and the agents that meet on it; `fired` counts agent and state of each attack."""

    def __init__(self, rng: random.Random, fired: Counter[tuple[str, State]]) -> None:
        self.rng = rng
        self.fired = fired
        self.goal = rng.choice([state for state in State if state not in ENDS])
        """Where the attack is to begin, if the session comes there."""
        self.clock = Clock(epoch_utc_us=EPOCH_US)
        self.memory = SessionMemory()
        self.station = IdealStation(granted=self.goal is not State.AUTHORIZATION_REFUSED)
        service = Service.DC_BPT if self.goal in ONLY_DC else rng.choice(SERVICES)
        control = rng.choice(list(Control))
        pricing = rng.choice(list(Pricing))
        offers = {service: (EnergyOffer(1, control, pricing=pricing),)}
        known, leaves = certificates(), certificates().leaves
        installs = self.goal is State.CERTIFICATE_INSTALLATION or rng.random() < 0.1
        self.secc = SeccConfig(
            offers=offers,
            pnc=True,
            mo_roots=(known.root("mo_root"),),
            provisioning=Provisioning(leaves["provisioning_service"], leaves["contract"], (known.root("oem_root"),)),
            vas=(Service.INTERNET,),
            ongoing={name: rng.choice((0, 2) if "ongoing" in self.goal else (0, 0, 5)) for name in POLLED},
        )
        self.evcc = EvccConfig(
            services=(service,),
            control=control,
            vas=(Service.INTERNET,),
            contract=leaves["contract"] if not installs and rng.random() < 0.3 else None,
            provisioning=leaves["oem_provisioning"] if installs else None,
        )

    def meet(self, stored: StoredSession | None = None) -> tuple[Evcc, Secc, asyncio.Task[None]]:
        left, right = memory_streams()
        epoch = self.clock.epoch_utc_us
        ev = Evcc(left, EvccSession(self.evcc, IdealVehicle(), epoch_utc_us=epoch, stored=stored), self.clock)
        session = SeccSession(self.secc, self.station, now_s=self.clock.now_s(), epoch_utc_us=epoch, memory=self.memory)
        se = Secc(right, session, self.clock)
        return ev, se, asyncio.ensure_future(se.run())

    async def first_session(self) -> StoredSession | None:
        """There may have been a session before, which was paused."""
        if self.goal is not State.RESUMED:
            return None
        ev, _, charger = self.meet()
        await ev.charge_loop(count=2)
        stored = await ev.pause()
        await charger
        return stored

    def wander(self, ev: Evcc) -> None:
        """A vehicle that wants something else after some loops, and in the end to leave."""
        rng = self.rng
        wishes = iter([WISHES.get(self.goal, rng.choice(list(Intent))), Intent.STOP])

        def wish(one: Evcc, request: Record) -> Record:
            if rng.random() < 0.3:
                one.session.intent = next(wishes, Intent.STOP)
            return request

        ev.twists.update(DC_ChargeLoopReq=wish, AC_ChargeLoopReq=wish)
        if self.goal in DRAWN_OUT:
            ev.twists[DRAWN_OUT[self.goal]] = lambda _, request: changed(request, ev_processing="Ongoing")

    async def attack_charger(self) -> str:
        """A vehicle that goes wrong after some good exchanges."""
        rng = self.rng
        stored = await self.first_session()
        ev, se, charger = self.meet(stored)
        self.wander(ev)
        try:
            for _ in range(LONGEST_STORY):
                if se.session.state is self.goal or ev.session.ended:
                    break
                await ev.step()
            self.fired["charger", se.session.state] += 1
            for _ in range(rng.choice((1, 1, 2, 5))):
                await self._hostile_request(ev)
                await ev.link.silence(rng.choice((0.01, 0.3)))
        except ProtocolError:
            pass
        if rng.random() < 0.5:
            await ev.close()
        await self.clock.wait(charger, VIRTUAL_LIMIT_S)
        if self.station.energised:
            raise Found("power is on after the session")
        if se.link.pending > LONGEST_PAYLOAD + 8:
            raise Found(f"{se.link.pending} octets are kept")
        if se.session.state is State.FAILED and not se.session.reason:
            raise Found("the session failed and does not say why")
        await ev.close()
        self.station.granted = True
        await self._clean_session()
        return "charger"

    async def _hostile_request(self, ev: Evcc) -> None:
        rng = self.rng
        names = [name for name in REQUESTS if name not in ("CertificateInstallationReq", "MeteringConfirmationReq")]
        request = ev.next_request() if rng.random() < 0.5 else ev.draft(rng.choice(names))
        if request is None:
            request = ev.draft(rng.choice(names))
        choice = rng.random()
        if choice < 0.03:
            for one in octets(rng, to_frame(request)):
                await ev.send_raw(bytes([one]))
                await self.clock.sleep(DRIP_S)
        elif choice < 0.06:
            await ev.send_raw(ENDLESS + rng.randbytes(3000))
        elif choice < 0.5:
            await ev.send_raw(octets(rng, to_frame(request)))
        elif (other := spoiled(rng, request)) is not None:
            await ev.send_raw(other)
        else:
            await ev.send(request)

    async def attack_vehicle(self) -> str:
        """A charger that goes wrong at some request."""
        stored = await self.first_session()
        ev, se, charger = self.meet(stored)
        self.wander(ev)
        rng = self.rng
        countdown = LONGEST_STORY

        async def hostile(one: Secc, __: Record, response: Record) -> Record | bytes | None:
            nonlocal countdown
            countdown -= 1
            if countdown > 0 and ev.session.state is not self.goal:
                return response
            countdown = 0
            self.fired["vehicle", ev.session.state] += 1
            choice = rng.random()
            if choice < 0.03:
                for octet in octets(rng, to_frame(response)):
                    await one.send_raw(bytes([octet]))
                    await self.clock.sleep(DRIP_S)
                return None
            if choice < 0.06:
                return ENDLESS + rng.randbytes(3000)
            if choice < 0.5:
                return octets(rng, to_frame(response))
            return spoiled(rng, response) if choice < 0.95 else None

        se.twists.update(dict.fromkeys([*REQUESTS], hostile))
        try:
            await self.clock.wait(ev.run(), VIRTUAL_LIMIT_S)
        except ProtocolError:
            pass
        await self.clock.wait(charger, VIRTUAL_LIMIT_S)
        if ev.link.pending > LONGEST_PAYLOAD + 8:
            raise Found(f"{ev.link.pending} octets are kept")
        return "vehicle"

    async def crowd(self) -> str:
        """Ten more connections, silent or noisy, while a vehicle is served: refused, and the vehicle charges on."""
        rng = self.rng
        charger = Charger(LocalPlant(self.clock).port("station"), self.clock)
        charger.outlet.authorization = True
        session = EvccSession(EvccConfig(), IdealVehicle(), epoch_utc_us=EPOCH_US)
        ev = Evcc(charger.attach(), session, self.clock)
        await ev.advance_to(rng.choice(("SessionSetup", "AuthorizationSetup", "ServiceDiscovery", "ScheduleExchange")))
        strangers = [charger.attach() for _ in range(CROWD)]
        for one in strangers:
            try:
                await one.write(rng.choice((b"", ENDLESS, rng.randbytes(50))))
                await self.clock.wait(one.read(), 2.0)
            except (LinkClosed, TimeoutError) as refused:
                if isinstance(refused, TimeoutError):
                    raise Found("a second connection is neither served nor closed") from refused
        await ev.advance_to("DC_CableCheck")
        await ev.stop()
        await charger.close()
        return "crowd"

    async def _clean_session(self) -> None:
        ev, _, charger = self.meet()
        await ev.charge_loop(1.0)
        await ev.stop()
        await charger
        if ev.session.state != "terminated":
            raise Found(f"the next session ended {ev.session.state}")


async def one_case(seed: int, fired: Counter[tuple[str, State]]) -> str:
    rng = random.Random(seed)
    arena = Arena(rng, fired)
    kind = rng.random()
    if kind < 0.02:
        return await arena.crowd()
    return await (arena.attack_charger() if kind < 0.5 else arena.attack_vehicle())


def run(count: int, seed: int) -> tuple[Counter[str], Counter[tuple[str, State]]]:
    """Run cases; raises what an agent should not have raised, with the case's seed in front."""
    done: Counter[str] = Counter()
    fired: Counter[tuple[str, State]] = Counter()
    for number in range(count):
        case = seed * 1_000_000 + number
        loop = new_loop(TimeMode.VIRTUAL)
        begun = time.process_time()
        try:
            done[loop.run_until_complete(one_case(case, fired))] += 1
        except Exception as problem:
            raise Found(f"case {case}: {type(problem).__name__}: {problem}") from problem
        finally:
            loop.close()
        if time.process_time() - begun > CPU_LIMIT_S:
            raise Found(f"case {case}: more than {CPU_LIMIT_S} s of processor time")
    return done, fired


def unfired(fired: Counter[tuple[str, State]]) -> list[str]:
    """Agents and states in which nothing was fired at them."""
    return [
        f"{agent}: {state}"
        for agent in ("charger", "vehicle")
        for state in State
        if state not in ENDS and not fired[agent, state]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    begun = time.monotonic()
    done, fired = run(chosen.count, chosen.seed)
    missing = unfired(fired)
    if missing and chosen.count >= ENOUGH:
        raise Found(f"never under fire: {', '.join(missing)}")
    print(
        f"{chosen.count} cases in {time.monotonic() - begun:.0f} s ({dict(done)}), "
        f"{len(fired)} pairs of agent and state: no crash, no hang, nothing kept"
    )


if __name__ == "__main__":
    main()
