"""Fuzzing of both ISO 15118-20 agents, at octet and at message level, in every state.

python tests/fuzz/iso15118_fuzz.py --count 3000 --seed 1

Each case holds a session up to a random point, then the other side says something that no good one would. The agent
under fire must end its session or go on: no foreign exception, no hang (in virtual or in processor time), no growing
buffer. After every attack on the charger a clean session must work on the same outlet.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.clock import Clock, TimeMode, new_loop
from harness.exi.declare import ContentError, Record
from harness.exi.errors import ExiError
from harness.iso15118.errors import ProtocolError
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_requests import REQUESTS
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealStation, IdealVehicle
from harness.iso15118.intent import Intent
from harness.iso15118.quantities import changed
from harness.iso15118.secc import SeccConfig, SeccSession, SessionMemory
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Control, EnergyOffer, Pricing, Service
from harness.iso15118.v2gtp import LONGEST_PAYLOAD
from harness.iso15118.wire import to_frame
from harness.link import memory_streams

EPOCH_US = 1_800_000_000_000_000
VIRTUAL_LIMIT_S = 1_000.0
CPU_LIMIT_S = 5.0
SERVICES = (Service.DC_BPT, Service.DC, Service.AC_BPT, Service.AC, Service.MCS_BPT)
ODD: tuple[Any, ...] = (None, 0, -1, 2**63, "", "x" * 300, b"", bytes(8), b"\xff" * 2000, True, (), 1.5)


class Found(Exception):
    """An agent misbehaved under fire."""


def octets(rng: random.Random, right: bytes) -> bytes:
    """What may come instead of a right frame."""
    choice = rng.randrange(8)
    broken = bytearray(right)
    if choice == 0:
        return rng.randbytes(rng.choice((1, 7, 8, 9, 60, 3000)))
    if choice in (1, 2):
        for _ in range(rng.choice((1, 1, 2, 9))):
            broken[rng.randrange(8 if choice == 2 else 0, len(broken))] ^= 1 << rng.randrange(8)
        return bytes(broken)
    if choice == 3:
        return right[: rng.randrange(1, len(right))]
    if choice == 4:
        return right * rng.choice((2, 3))
    if choice == 5:
        broken[4:8] = rng.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", rng.randbytes(4)))
        return bytes(broken)
    if choice == 6:
        broken[2:4] = rng.choice((b"\x80\x01", b"\x80\x03", b"\x81\x02", b"\xa0\x00", rng.randbytes(2)))
        return bytes(broken)
    return right + rng.randbytes(rng.randrange(1, 12))


def spoiled(rng: random.Random, message: Record) -> bytes | None:
    """The message with one element replaced, wherever that still can be encoded."""
    names = [field.name for field in dataclasses.fields(message)]
    name = rng.choice(names) if names else ""
    value = message.__dict__.get(name)
    try:
        if isinstance(value, Record) and rng.random() < 0.7:
            inner = rng.choice([field.name for field in dataclasses.fields(value)] or [""])
            return to_frame(changed(message, checked=False, **{f"{name}__{inner}": rng.choice(ODD)}))
        return to_frame(changed(message, checked=False, **{name: rng.choice(ODD)}))
    except (ExiError, ContentError, ValueError, TypeError, AttributeError, KeyError, OverflowError):
        return None  # our own encoder has refused: nothing was sent


class Arena:
    """One outlet, and the agents that meet on it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.clock = Clock(epoch_utc_us=EPOCH_US)
        self.memory = SessionMemory()
        self.station = IdealStation()
        service, control = rng.choice(SERVICES), rng.choice(list(Control))
        pricing = rng.choice(list(Pricing))
        offers = {service: (EnergyOffer(1, control, pricing=pricing),)}
        self.secc = SeccConfig(offers=offers, pnc=True, vas=(Service.INTERNET,))
        self.evcc = EvccConfig(services=(service,), control=control, vas=(Service.INTERNET,))

    def meet(self) -> tuple[Evcc, Secc, asyncio.Task[None]]:
        left, right = memory_streams()
        epoch = self.clock.epoch_utc_us
        ev = Evcc(left, EvccSession(self.evcc, IdealVehicle(), epoch_utc_us=epoch), self.clock)
        session = SeccSession(self.secc, self.station, now_s=self.clock.now_s(), epoch_utc_us=epoch, memory=self.memory)
        se = Secc(right, session, self.clock)
        return ev, se, asyncio.ensure_future(se.run())

    async def attack_charger(self) -> str:
        """A vehicle that goes wrong after some good exchanges."""
        ev, se, charger = self.meet()
        rng = self.rng
        try:
            for _ in range(rng.randrange(40)):
                await ev.exchange()
            if rng.random() < 0.3:
                ev.session.intent = rng.choice(list(Intent))
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
        await ev.close()
        await self._clean_session()
        return "charger"

    async def _hostile_request(self, ev: Evcc) -> None:
        rng = self.rng
        names = [name for name in REQUESTS if name not in ("CertificateInstallationReq", "MeteringConfirmationReq")]
        request = ev.next_request() if rng.random() < 0.5 else ev.draft(rng.choice(names))
        if request is None:
            request = ev.draft(rng.choice(names))
        if rng.random() < 0.5:
            await ev.send_raw(octets(rng, to_frame(request)))
        elif (other := spoiled(rng, request)) is not None:
            await ev.send_raw(other)
        else:
            await ev.send(request)

    async def attack_vehicle(self) -> str:
        """A charger that goes wrong at some request."""
        ev, se, charger = self.meet()
        rng = self.rng
        countdown = rng.randrange(40)

        def hostile(_: Secc, __: Record, response: Record) -> Record | bytes | None:
            nonlocal countdown
            countdown -= 1
            if countdown > 0:
                return response
            choice = rng.random()
            if choice < 0.5:
                return octets(rng, to_frame(response))
            return spoiled(rng, response) if choice < 0.95 else None

        se.twists.update(dict.fromkeys([*REQUESTS], hostile))
        self._end_some_time(ev)
        try:
            await self.clock.wait(ev.run(), VIRTUAL_LIMIT_S)
        except ProtocolError:
            pass
        await self.clock.wait(charger, VIRTUAL_LIMIT_S)
        return "vehicle"

    def _end_some_time(self, ev: Evcc) -> None:
        counts = iter(range(30))

        def enough(one: Evcc, request: Record) -> Record:
            if next(counts, None) is None:
                one.session.intent = Intent.STOP
            return request

        ev.twists.update(DC_ChargeLoopReq=enough, AC_ChargeLoopReq=enough)

    async def _clean_session(self) -> None:
        ev, _, charger = self.meet()
        await ev.charge_loop(1.0)
        await ev.stop()
        await charger
        if ev.session.state != "terminated":
            raise Found(f"the next session ended {ev.session.state}")


async def one_case(seed: int) -> str:
    rng = random.Random(seed)
    arena = Arena(rng)
    return await (arena.attack_charger() if rng.random() < 0.5 else arena.attack_vehicle())


def run(count: int, seed: int) -> dict[str, int]:
    """Run cases; raises what an agent should not have raised, with the case's seed in front."""
    done = {"charger": 0, "vehicle": 0}
    for number in range(count):
        case = seed * 1_000_000 + number
        loop = new_loop(TimeMode.VIRTUAL)
        begun = time.process_time()
        try:
            done[loop.run_until_complete(one_case(case))] += 1
        except Exception as problem:
            raise Found(f"case {case}: {type(problem).__name__}: {problem}") from problem
        finally:
            loop.close()
        if time.process_time() - begun > CPU_LIMIT_S:
            raise Found(f"case {case}: more than {CPU_LIMIT_S} s of processor time")
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    begun = time.monotonic()
    done = run(chosen.count, chosen.seed)
    print(f"{chosen.count} cases in {time.monotonic() - begun:.0f} s ({done}): no crash, no hang, nothing kept")


if __name__ == "__main__":
    main()
