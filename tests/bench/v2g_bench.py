"""How fast the ISO 15118-20 agents are: charge loops per second of processor time, and latency on a wire.

python tests/bench/v2g_bench.py [--json]

Virtual: whole DC_BPT sessions through both agents, EXI and framing included, in one process. Wire: the time from a
request's last octet to its answer's last octet over TCP on ::1, both agents in one event loop, beside the 250 ms that
the charge loop allows the station.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.clock import Clock, TimeMode, new_loop
from harness.iso15118 import net
from harness.iso15118.evcc import EvccConfig, EvccSession
from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.ideal import IdealStation, IdealVehicle
from harness.iso15118.secc import SeccConfig, SeccSession
from harness.iso15118.secc_shell import Secc
from harness.link import ByteStream, memory_streams

LOOPS = 3_000
EXCHANGES = 500


def agents(clock: Clock, vehicle: ByteStream, charger: ByteStream, period_s: float) -> tuple[Evcc, Secc]:
    epoch = clock.epoch_utc_us
    ev = Evcc(vehicle, EvccSession(EvccConfig(loop_period_s=period_s), IdealVehicle(), epoch_utc_us=epoch), clock)
    session = SeccSession(SeccConfig(), IdealStation(), now_s=clock.now_s(), epoch_utc_us=epoch)
    return ev, Secc(charger, session, clock)


async def virtual_loops() -> float:
    """Charge loops per second of processor time, set-up and end of the session included."""
    clock = Clock()
    ev, se = agents(clock, *memory_streams(), 0.2)
    charger = asyncio.ensure_future(se.run())
    await ev.charge_loop(count=10)  # the first ones compile what is compiled at first use
    begun = time.process_time()
    await ev.charge_loop(count=LOOPS)
    await ev.stop()
    await charger
    return LOOPS / (time.process_time() - begun)


async def wire_latencies_ms() -> list[float]:
    """Sorted times of charge-loop exchanges over TCP."""
    clock = Clock()
    arrived: asyncio.Queue[ByteStream] = asyncio.Queue()
    server, endpoint = await net.serve(arrived.put)
    ev, se = agents(clock, await net.connect(endpoint, clock), await arrived.get(), 0.01)
    charger = asyncio.ensure_future(se.run())
    await ev.charge_loop(count=10)
    found: list[float] = []
    for _ in range(EXCHANGES):
        await ev.charge_loop(count=1)
        found.append(ev.answered_after_s * 1000.0)
    await ev.stop()
    await charger
    server.close()
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    loop = new_loop(TimeMode.VIRTUAL)
    rate = loop.run_until_complete(virtual_loops())
    loop.close()
    latencies = asyncio.run(wire_latencies_ms())
    figures = {
        "dc_bpt_loops_per_cpu_s": round(rate),
        "exchange_ms_median": round(latencies[len(latencies) // 2], 2),
        "exchange_ms_p99": round(latencies[int(len(latencies) * 0.99)], 2),
    }
    if chosen.json:
        print(json.dumps(figures))
        return
    print(f"DC_BPT charge loops through both agents: {figures['dc_bpt_loops_per_cpu_s']} per second of processor time")
    print(
        f"exchange over TCP on ::1: median {figures['exchange_ms_median']} ms, p99 {figures['exchange_ms_p99']} ms "
        "(the loop allows the station 250 ms)"
    )


if __name__ == "__main__":
    main()
