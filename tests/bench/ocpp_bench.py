"""OCPP measured in one run: agent and validation beside `ocpp.charge_point`, 500 stations on one CSMS, proxy latency.

python tests/bench/ocpp_bench.py [STATIONS]
"""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from ocpp.routing import on  # noqa: E402
from ocpp.v21 import ChargePoint, call_result  # noqa: E402

from harness.clock import Clock  # noqa: E402
from harness.link import memory_channels  # noqa: E402
from harness.ocpp.csms import Csms  # noqa: E402
from harness.ocpp.frames import Call, parse, render  # noqa: E402
from harness.ocpp.observer import Unobserved  # noqa: E402
from harness.ocpp.proxy import Proxy  # noqa: E402
from harness.ocpp.session import Session, message_ids  # noqa: E402
from harness.ocpp.shell import Shell  # noqa: E402
from harness.ocpp.timestamps import to_text  # noqa: E402
from harness.ocpp.version import Version  # noqa: E402
from harness.ocpp.wire import connect  # noqa: E402

MESSAGES = 400
PACE_S = 2.0
"""Distance of a station's events where the CSMS is not to be driven to its limit; a charging one sends every 10 s."""
SAMPLES = [
    {"value": 1.5, "measurand": "Power.Active.Import", "context": "Sample.Periodic", "location": "Inlet",
     "unitOfMeasure": {"unit": "W"}}
] * 5  # fmt: skip
EVENT = {
    "eventType": "Updated",
    "timestamp": "2026-01-01T00:00:00Z",
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 1,
    "transactionInfo": {"transactionId": "tx-1", "chargingState": "Charging"},
    "meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": SAMPLES}],
}


class Peer:
    """An agent that sends one CALL after the other and notes how long each answer took."""

    def __init__(self, number: int, every_s: float = 0.0, first_in_s: float = 0.0) -> None:
        self.session = Session(Version.V21, message_ids())
        self.left = number
        self.every_s = every_s
        self.took_s: list[float] = []
        self.done = asyncio.Event()
        self._sent_s = 0.0
        self._due_s: float | None = time.time() + first_in_s if every_s else None
        if not every_s:
            self._next(0.0)

    def _next(self, now_s: float) -> None:
        self._due_s = None
        if self.left:
            self.left -= 1
            self._sent_s = time.perf_counter()
            self.session.call("TransactionEvent", EVENT, now_s)
        else:
            self.done.set()

    def receive(self, text: str, now_s: float) -> None:
        self.session.receive(text, now_s)
        self.took_s.append(time.perf_counter() - self._sent_s)
        if self.every_s and self.left:
            self._due_s = now_s + self.every_s
        else:
            self._next(now_s)

    def tick(self, now_s: float) -> None:
        self.session.tick(now_s)
        if self._due_s is not None and now_s >= self._due_s:
            self._next(now_s)

    def deadline_s(self) -> float | None:
        return self._due_s or self.session.deadline_s()

    def take_texts(self) -> list[str]:
        return self.session.take_texts()


class Library(ChargePoint):
    """The `ocpp` package's CSMS side."""

    @on("TransactionEvent")
    def event(self, **_: object) -> call_result.TransactionEvent:
        return call_result.TransactionEvent()


class Pipe:
    """The connection that `ocpp.charge_point` wants, over the same memory channel as ours."""

    def __init__(self, channel: object) -> None:
        self.channel = channel

    async def recv(self) -> str:
        return await self.channel.receive()  # type: ignore[attr-defined]

    async def send(self, text: str) -> None:
        await self.channel.send(text)  # type: ignore[attr-defined]


async def ours() -> float:
    """Messages per second: validated when sent, received, answered and taken."""
    clock = Clock()
    csms = Csms(clock)
    near, far = memory_channels()
    serving = asyncio.ensure_future(csms.handle("CS-1").serve(far, Version.V21, Unobserved()))
    peer = Peer(MESSAGES)
    shell = Shell(peer, near, clock, Unobserved(), "CS-1", "charger", "csms")
    running = asyncio.ensure_future(shell.run())
    began_s = time.perf_counter()
    await peer.done.wait()
    seconds = time.perf_counter() - began_s
    await near.close()
    await asyncio.gather(running, serving, return_exceptions=True)
    return MESSAGES / seconds


async def library() -> float:
    """The same exchange with the library on both ends (its default: validation in an executor)."""
    from ocpp.v21 import call, datatypes

    near, far = memory_channels()
    csms, station = Library("CS-1", Pipe(far)), Library("CS-1", Pipe(near))
    tasks = [asyncio.ensure_future(one.start()) for one in (csms, station)]
    sampled = [
        datatypes.SampledValueType(
            value=1.5, measurand="Power.Active.Import", context="Sample.Periodic", location="Inlet",
            unit_of_measure=datatypes.UnitOfMeasureType(unit="W"),
        )
        for _ in range(5)
    ]  # fmt: skip
    event = call.TransactionEvent(
        event_type="Updated", timestamp="2026-01-01T00:00:00Z", trigger_reason="MeterValuePeriodic", seq_no=1,
        transaction_info=datatypes.TransactionType(transaction_id="tx-1", charging_state="Charging"),
        meter_value=[datatypes.MeterValueType(timestamp="2026-01-01T00:00:00Z", sampled_value=sampled)],
    )  # fmt: skip
    began_s = time.perf_counter()
    for _ in range(MESSAGES):
        await station.call(event)
    seconds = time.perf_counter() - began_s
    for task in tasks:
        task.cancel()
    return MESSAGES / seconds


async def many(number: int, every_s: float = 0.0) -> tuple[float, float, float]:
    """(messages per second, p99 of the answer time in ms, MB per 100 stations) with many stations at once.

    `every_s` 0: each sends as fast as it is answered; else one event in that time, evenly spread over all.
    """
    clock = Clock()
    csms = Csms(clock)
    gc.collect()
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peers, tasks, ends = [], [], []
    began_s = time.perf_counter()
    for index in range(number):
        near, far = memory_channels()
        tasks.append(asyncio.ensure_future(csms.handle(f"CS-{index}").serve(far, Version.V21, Unobserved())))
        peer = Peer(5 if every_s else 20, every_s, every_s * index / number)
        tasks.append(
            asyncio.ensure_future(Shell(peer, near, clock, Unobserved(), f"CS-{index}", "charger", "csms").run())
        )
        peers.append(peer)
        ends.append(near)
    await asyncio.gather(*(peer.done.wait() for peer in peers))
    seconds = time.perf_counter() - began_s
    for end in ends:
        await end.close()
    await asyncio.gather(*tasks, return_exceptions=True)
    took = sorted(value for peer in peers for value in peer.took_s)
    grown_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mb
    return len(took) / seconds, took[int(len(took) * 0.99)] * 1e3, grown_mb / number * 100


async def latency(through_proxy: bool) -> list[float]:
    """Round trips in ms over real websockets on loopback, with or without the proxy between."""
    clock = Clock()
    csms = Csms(clock)
    url = await csms.listen()
    proxy = Proxy(clock, url)
    channel, _ = await connect(await proxy.listen() if through_proxy else url, "CS-1", [Version.V21])
    took = []
    for number in range(600):
        text = render(Call(str(number), "TransactionEvent", {**EVENT, "timestamp": to_text(1.8e9 + number)}))
        began_s = time.perf_counter()
        await channel.send(text)
        answer = await channel.receive()
        took.append((time.perf_counter() - began_s) * 1e3)
        assert parse(answer, Version.V21).id == str(number)
    await channel.close()
    await proxy.close()
    await csms.close()
    return sorted(took[100:])


async def main(stations: int) -> None:
    logging.getLogger("ocpp").setLevel(logging.CRITICAL)
    await ours()  # schemas compile once
    mine, theirs = await ours(), await library()
    print(
        f"ocpp agent, 5 samples each: {mine:8.0f} messages/s   ocpp.charge_point: {theirs:8.0f}   x{mine / theirs:.1f}"
    )
    rate, p99_ms, mb = await many(stations)
    print(
        f"ocpp CSMS, {stations} stations, no pause: {rate:.0f} messages/s, answer p99 {p99_ms:.1f} ms, {mb:.1f} MB per 100"
    )
    rate, p99_ms, _ = await many(stations, PACE_S)
    print(
        f"ocpp CSMS, {stations} stations, one event in {PACE_S:g} s: {rate:.0f} messages/s, answer p99 {p99_ms:.1f} ms"
    )
    direct, between = await latency(False), await latency(True)
    for name, at in (("p50", 0.5), ("p99", 0.99)):
        index = int(len(direct) * at)
        added_ms = between[index] - direct[index]
        print(
            f"ocpp proxy {name}: direct {direct[index]:.2f} ms, through {between[index]:.2f} ms, added {added_ms:.2f} ms"
        )
    print(f"ocpp proxy mean: direct {statistics.mean(direct):.2f} ms, through {statistics.mean(between):.2f} ms")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
