"""Half an hour of bench on real wires: nothing may grow, no sample may be lost. `python -m tests.soak.bench_soak`.

Starts the emulators as processes, drives analyser, source, meter, pilot box and gateway, and prints one line a minute and
a verdict. `--minutes N` shortens it. Exits 1 if memory, file descriptors or threads grow, a read fails, or a sample is
missing; the drift between the plant's clock and ours is told.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.errors import BenchError
from drivers.registry import make_driver
from drivers.wire import Connection
from harness.clock import Clock
from harness.emulation import WireEmulation
from harness.plant.wire import PlantClient

_PERIOD_S = 0.25
_MAPPING = {"mapping": "lab-configs/can/gateway_a_b.yaml"}
_INSTRUMENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "power_analyser": ("power_analyser.yokogawa_wt", "yokogawa_wt", {}),
    "dc_source": ("dc_source.ea_psb", "ea_psb", {}),
    "energy_meter": ("energy_meter.sdm630", "modbus_meter", {}),
    "control_pilot": ("control_pilot.pilot_box", "pilot_box", {}),
    "can_gateway": ("can_gateway.two_bus", "can_gateway", _MAPPING),
}
_MOST_GROWTH_KB = 6_000
"""Of the harness's memory between the end of the first tenth and the end (our default)."""


@dataclass(frozen=True)
class Usage:
    """What this process holds."""

    memory_kb: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> Usage:
        gc.collect()
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
        return cls(resident, len(os.listdir("/proc/self/fd")), threading.active_count())


@dataclass
class Counts:
    samples: int = 0
    failures: int = 0
    gaps: int = 0
    """Samples that came later than two periods after the one before."""


async def soak(minutes: float) -> bool:
    clock, emulation, counts = Clock(), WireEmulation(), Counts()
    await emulation.start_plant({})
    drivers: dict[str, Any] = {}
    for role, (name, kind, options) in _INSTRUMENTS.items():
        end = await emulation.start(kind, options=options)
        drivers[role] = make_driver(name, Connection(role, clock, end.resource, options))
        await drivers[role].open()
    plant = PlantClient(emulation.plant_address, "observer")
    offset_s = plant.state.at_s - clock.now_s()
    try:
        good = await _run(clock, drivers, counts, minutes * 60)
        drift_ms = (plant.state.at_s - clock.now_s() - offset_s) * 1000
        print(f"{counts}; drift of the plant's clock against ours {drift_ms:+.1f} ms (pushed every 20 ms)")
    finally:
        for driver in drivers.values():
            await driver.make_safe()
            await driver.close()
        plant.close()
        await emulation.stop()
    return good


async def _run(clock: Clock, drivers: dict[str, Any], counts: Counts, for_s: float) -> bool:
    begin_s = clock.now_s()
    await drivers["dc_source"].set_voltage(400.0)
    await drivers["control_pilot"].plug()
    await drivers["can_gateway"].send("a", "VCU_ChargeRequest", {"Enable": 1, "RequestedPower": -5000})
    early, last_s, minute = None, begin_s, 0
    while (now_s := clock.now_s()) < begin_s + for_s:
        counts.gaps += now_s - last_s > 2 * _PERIOD_S
        last_s = now_s
        try:
            await asyncio.gather(
                drivers["power_analyser"].snapshot(),
                drivers["dc_source"].measure(),
                drivers["energy_meter"].power_w(),
                drivers["control_pilot"].read(),
                drivers["can_gateway"].receive("b", "ChgCommand", 1.0),
            )
            counts.samples += 1
        except BenchError as problem:
            counts.failures += 1
            print(f"{now_s:.1f} s: {problem}")
        if early is None and now_s - begin_s > for_s / 10:
            early = Usage.now()
        if (now_s - begin_s) // 60 > minute:
            minute += 1
            print(f"{minute} min: {counts} {Usage.now()}", flush=True)
        await clock.sleep(max(last_s + _PERIOD_S - clock.now_s(), 0.0))
    late = Usage.now()
    print(f"after a tenth: {early}\nat the end:    {late}")
    assert early
    grown = late.memory_kb - early.memory_kb > _MOST_GROWTH_KB
    grown |= late.descriptors > early.descriptors or late.threads > early.threads
    return not grown and not counts.failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=30.0)
    good = asyncio.run(soak(parser.parse_args().minutes))
    print("soak:", "pass" if good else "FAIL")
    sys.exit(not good)


if __name__ == "__main__":
    main()
