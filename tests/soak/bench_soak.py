"""Half an hour of a whole bench on real wires: nothing may grow, no sample may be lost. `python tests/soak/bench_soak.py`.

Vehicle and charger hold one session whose power our CSMS turns round every minute, a relay listens, and every instrument
is read four times a second. One line a minute, then a verdict. `--minutes N` shortens it.

Exits 1 if memory, file descriptors or threads of any process grow, a read fails, a session breaks, or a sample is missing
while the bench was punctual. What is missing while this computer was late is counted apart. The drift of each channel's
own clock against ours is told.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import sys
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from drivers.errors import BenchError  # noqa: E402
from harness.bench import Bench  # noqa: E402
from harness.case import Subject  # noqa: E402
from harness.clock import TimeMode  # noqa: E402
from harness.emulation import WireEmulation  # noqa: E402
from harness.lab import load_lab  # noqa: E402
from harness.ocpp.station_handle import StationHandle  # noqa: E402
from harness.plant.wire import PlantClient  # noqa: E402
from harness.transcript.event import Event  # noqa: E402
from harness.transcript.recorder import Recorder  # noqa: E402

PERIOD_S = 0.25
TURN_S = 60.0
POWER_W = 5_000.0
METER_S = 5
"""Interval of the station's meter values, whose time stamps tell its clock."""
LOOP_GAP_S = 0.5
"""Longest time between two frames of the charge loop; beyond it one was lost (V2G_SECC_Sequence_Timeout in the loop)."""
MOST_GROWTH_KB = 6_000
"""Of any process's memory between the end of the first fifth and the end (our default)."""


@dataclass(frozen=True)
class Usage:
    """What one process holds."""

    memory_kb: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        process = Path(f"/proc/{pid}")
        pages = int((process / "statm").read_text().split()[1])
        return cls(
            pages * os.sysconf("SC_PAGE_SIZE") // 1024,
            len(os.listdir(process / "fd")),
            len(os.listdir(process / "task")),
        )

    def grown_to(self, later: Usage) -> bool:
        return (
            later.memory_kb - self.memory_kb > MOST_GROWTH_KB
            or later.descriptors > self.descriptors
            or later.threads > self.threads
        )


@dataclass
class Drift:
    """A channel's own clock against ours, each reading delayed by an unknown, never negative, time on its way."""

    early_s: list[float] = field(default_factory=list)
    late_s: deque[float] = field(default_factory=lambda: deque(maxlen=200))

    def add(self, ours_s: float, theirs_s: float) -> None:
        offset_s = ours_s - theirs_s
        if len(self.early_s) < 200:
            self.early_s.append(offset_s)
        self.late_s.append(offset_s)

    @property
    def ms(self) -> float:
        """How far it fell behind; the least delayed readings of both ends are compared."""
        return (min(self.late_s) - min(self.early_s)) * 1000


class Watch(Recorder):
    """In the place of a transcript: counts what an attempt would keep, and keeps nothing."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.clock)
        self.counts: Counter[str] = Counter()
        self.late: list[tuple[float, float, str]] = []
        """From, to, process: this computer was late."""
        self.gaps: list[tuple[float, float]] = []
        """Stretches of the charge loop without a frame."""
        self.drifts: dict[str, Drift] = {}
        self._loop_s: float | None = None

    def record(self, channel: str, kind: str, source: str = "", target: str = "", /, **data: Any) -> Event:
        event = Event(
            self.counts.total() + 1, self.clock.now_s(), self.clock.utc_us(), channel, kind, source, target, data
        )
        self.counts[kind] += 1
        if kind == "bench" and data.get("what") == "late":
            self.late.append((data["due_s"], data["due_s"] + data["late_s"], data["process"]))
        elif kind == "v2g.frame":
            if self._loop_s is not None and event.at_s - self._loop_s > LOOP_GAP_S:
                self.gaps.append((self._loop_s, event.at_s))
            self._loop_s = event.at_s
        elif kind == "v2g.link":
            self._loop_s = None
        elif kind == "ocpp.frame" and source == "charger":
            self._ocpp_clock(event)
        return event

    def _ocpp_clock(self, event: Event) -> None:
        with contextlib.suppress(LookupError, ValueError, TypeError):
            told = datetime.fromisoformat(json.loads(event.data["text"])[3]["timestamp"])
            self.drifts.setdefault("OCPP", Drift()).add(event.utc_us / 1e6, told.timestamp())

    def was_late(self, since_s: float, until_s: float) -> bool:
        return any(begin_s <= until_s + 1.0 and end_s >= since_s - 1.0 for begin_s, end_s, _ in self.late)


class Soak:
    def __init__(self, bench: Bench, minutes: float) -> None:
        self.bench = bench
        self.for_s = minutes * 60
        self.watch = Watch(bench)
        self.readings: Counter[str] = Counter()
        self.problems: list[str] = []
        self.excused: list[str] = []
        self.sessions = 0
        self.first: dict[str, Usage] = {}
        self.last: dict[str, Usage] = {}

    async def run(self) -> bool:
        bench = self.bench
        await bench.begin()
        try:
            vehicle, charger = bench.lab.pairs()[0]
            await bench.prepare(Subject(vehicle, charger), self.watch)
            assert isinstance(bench.emulation, WireEmulation)
            self.plant = PlantClient(bench.emulation.plant_address, "observer")
            await bench.role("dc_source").set_voltage(400.0)
            await bench.role("can_gateway").send("a", "VCU_ChargeRequest", {"Enable": 1, "RequestedPower": -5000})
            await self._everything()
            self.last = self._usage()
            self.plant.close()
            await bench.settle()
        finally:
            await bench.down()
        return self._tell()

    async def _everything(self) -> None:
        role = self.bench.role
        reads: dict[str, Callable[[], Awaitable[Any]]] = {
            "power_analyser": role("power_analyser").snapshot,
            "dc_source": role("dc_source").measure,
            "ac_source": role("ac_source").identity,
            "energy_meter": role("energy_meter").power_w,
            "control_pilot": role("control_pilot").read,
            "can_gateway": lambda: role("can_gateway").receive("b", "ChgCommand", 1.0),
        }
        begin_s = self.bench.clock.now_s()
        async with asyncio.TaskGroup() as group:
            for name, read in reads.items():
                group.create_task(self._sample(name, read, begin_s))
            group.create_task(self._session(begin_s))
            group.create_task(self._minutes(begin_s))

    async def _sample(self, name: str, read: Callable[[], Awaitable[Any]], begin_s: float) -> None:
        """One reading in every slot of PERIOD_S; a slot that is over before its reading is a lost sample."""
        clock, slot = self.bench.clock, 0
        while slot * PERIOD_S < self.for_s:
            await clock.sleep(max(begin_s + slot * PERIOD_S - clock.now_s(), 0.0))
            asked_s = clock.now_s()
            try:
                await read()
                self.readings[name] += 1
            except BenchError as problem:
                self._charge(f"{name}: {problem}", asked_s)
            done = int((clock.now_s() - begin_s) / PERIOD_S)
            for _ in range(slot + 1, done):
                self._charge(f"{name}: a sample was lost", asked_s)
            slot = max(slot + 1, done)

    def _charge(self, text: str, since_s: float) -> None:
        now_s = self.bench.clock.now_s()
        excused = self.watch.was_late(since_s, now_s)
        (self.excused if excused else self.problems).append(f"{now_s:.1f} s: {text}")

    async def _session(self, begin_s: float) -> None:
        """A session in which the power turns round every minute; where it breaks the vehicle is plugged in again."""
        clock, end_s = self.bench.clock, begin_s + self.for_s
        station: StationHandle = self.bench.csms.station(self.bench.subject)  # type: ignore[arg-type]
        await station.connected(30.0)
        sign = 1.0
        while clock.now_s() < end_s:
            if station.transaction_id is None:
                if self.sessions:
                    self._charge("the session broke", clock.now_s() - TURN_S)
                    await self.bench.unplug()
                    await clock.sleep(2.0)
                self.sessions += 1
                await self.bench.plug_in()
                await clock.sleep(15.0)
                await station.set_variable("SampledDataCtrlr", "TxUpdatedInterval", str(METER_S))
                continue
            asked_s = clock.now_s()
            try:
                await station.update_setpoint(sign * POWER_W)
            except Exception as problem:  # whatever the station says is a line of the verdict
                self._charge(f"setpoint: {problem}", asked_s)
            station.forget()
            sign = -sign
            await clock.sleep(max(min(TURN_S, end_s - clock.now_s()), 0.0))

    async def _minutes(self, begin_s: float) -> None:
        clock = self.bench.clock
        minute, seen = 0, Counter[str]()
        while (left_s := begin_s + self.for_s - clock.now_s()) > 0:
            await clock.sleep(min(1.0, left_s))
            self.watch.drifts.setdefault("plant", Drift()).add(clock.now_s(), self.plant.state.at_s)
            if not self.first and clock.now_s() - begin_s >= self.for_s / 5:
                self.first = self._usage()
            if clock.now_s() - begin_s >= (minute + 1) * 60:
                minute += 1
                own = self._usage()["harness"]
                events = self.watch.counts - seen
                seen = Counter(self.watch.counts)
                print(
                    f"{minute:3} min: {self.readings.total()} readings, {events['v2g.frame']} V2G and "
                    f"{events['ocpp.frame']} OCPP frames in this minute, harness {own}, late {len(self.watch.late)} times",
                    flush=True,
                )

    def _usage(self) -> dict[str, Usage]:
        gc.collect()
        assert isinstance(self.bench.emulation, WireEmulation)
        found = {kind: Usage.of(pid) for kind, pid in self.bench.emulation.pids.items()}
        return {"harness": Usage.of(os.getpid()), **found}

    def _tell(self) -> bool:
        for since_s, until_s in self.watch.gaps:
            excused = self.watch.was_late(since_s, until_s)
            (self.excused if excused else self.problems).append(
                f"{until_s:.1f} s: no V2G frame for {until_s - since_s:.2f} s"
            )
        for name, usage in self.last.items():
            before = self.first[name]
            grown = before.grown_to(usage)
            self.problems += [f"{name} grew: {before} to {usage}"] if grown else []
            print(f"{name:16} {usage.memory_kb - before.memory_kb:+6} kB, {usage.descriptors - before.descriptors:+} "
                  f"descriptors, {usage.threads - before.threads:+} threads; at the end {usage}")  # fmt: skip
        for name, drift in self.watch.drifts.items():
            print(f"drift of {name} against our clock: {drift.ms:+.2f} ms, {drift.ms / self.for_s * 1000:+.2f} ppm")
        worst_s = max((until_s - since_s for since_s, until_s, _ in self.watch.late), default=0.0)
        print(f"events {dict(self.watch.counts)}")
        print(f"readings {dict(self.readings)} of {int(self.for_s / PERIOD_S)} each; sessions {self.sessions}")
        print(
            f"this computer was late {len(self.watch.late)} times, at worst {worst_s:.2f} s; {len(self.excused)} excused:"
        )
        print(*self.excused[:20], sep="\n")
        print(f"{len(self.problems)} problems:", *self.problems, sep="\n")
        return not self.problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    os.chdir(ROOT)
    bench = Bench(load_lab(Path("lab-configs/emulated-bench.yaml")), TimeMode.WIRE)
    bench.enter_network()

    async def whole() -> bool:
        return await Soak(bench, minutes).run()

    good = asyncio.run(whole())
    print("soak:", "pass" if good else "FAIL")
    sys.exit(not good)


if __name__ == "__main__":
    main()
