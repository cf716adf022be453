"""The far ends of an emulated bench: processes on real wires, or objects in this process for virtual time.

Either way one plant is shared by all of them, and either way a driver gets what it needs to reach its far end.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import sys
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from drivers.emulators.plant_server import parameters_from
from drivers.emulators.process import Request
from drivers.errors import BenchError, ConfigError
from harness.clock import Clock
from harness.plant.local import LocalPlant
from harness.plant.port import PlantPort
from harness.plant.wire import PlantClient

START_S = 20.0
"""How long an emulator may take to come up on a busy machine (our default)."""
STOP_S = 2.0
QUIET_PART = 0.5
RARE_S = 300.0
"""Distance of readings in virtual time while nothing happens (our default)."""


@dataclass(frozen=True, slots=True)
class FarEnd:
    """How to reach an emulator: a resource on a wire, or the object itself."""

    resource: str = ""
    object: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else an emulator on a wire has said of itself when it was ready."""


class Emulation(Protocol):
    """Starts and stops far ends around one plant."""

    async def start_plant(self, options: Mapping[str, Any]) -> None: ...

    async def start(
        self, kind: str, *, defects: Collection[str] = (), options: Mapping[str, Any] | None = None, listen: str = ""
    ) -> FarEnd:
        """Start one emulator; raises ConfigError for an unknown kind, option or defect."""
        ...

    def plant_port(self, owner: str) -> PlantPort:
        """Our own hand on the plant, for an owner that no emulator of this bench is; `close` it after use."""
        ...

    async def at_rest(self, after_s: float) -> None:
        """Return when the next reading is worth its time, at least `after_s` from now.

        A plant in this process follows its own course while no owner changes an input, so in virtual time a look is
        worth less the longer all is quiet: it comes after half of the quiet time, at most after `RARE_S`.
        """
        ...

    def dead(self) -> list[str]:
        """Kinds of emulators that have ended by themselves."""
        ...

    async def stop(self) -> None:
        """Stop everything, the plant last."""
        ...


OnLate = Callable[[str, float, float], None]


class WireEmulation:
    """Every emulator a process of its own. `on_late(kind, due, late)` hears of each beat that one misses, in loop time."""

    def __init__(self, on_late: OnLate = lambda *_: None) -> None:
        self._on_late = on_late
        self._plant = ""
        self._processes: list[tuple[str, asyncio.subprocess.Process]] = []
        self._readers: set[asyncio.Task[None]] = set()

    async def start_plant(self, options: Mapping[str, Any]) -> None:
        self._plant = (await self._spawn("plant_server", [], options))["address"]

    async def start(
        self, kind: str, *, defects: Collection[str] = (), options: Mapping[str, Any] | None = None, listen: str = ""
    ) -> FarEnd:
        arguments = ["--plant", self._plant]
        arguments += ["--listen", listen] if listen else []
        arguments += [part for defect in defects for part in ("--defect", defect)]
        facts = await self._spawn(kind, arguments, options or {})
        return FarEnd(facts["resource"], facts=facts)

    async def _spawn(self, kind: str, arguments: list[str], options: Mapping[str, Any]) -> dict[str, Any]:
        pairs = [part for name, value in options.items() for part in ("--option", f"{name}={json.dumps(value)}")]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"drivers.emulators.{kind}",
            *arguments,
            *pairs,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C at the terminal is for the harness: sources are made safe while they answer
        )
        assert process.stdout
        assert process.stderr
        self._processes.append((kind, process))
        complaints: deque[bytes] = deque(maxlen=20)
        self._keep_reading(process.stderr, complaints.append)
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_S)
            found = json.loads(line)
        except (TimeoutError, json.JSONDecodeError):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            text = complaints[-1].decode(errors="replace").strip() if complaints else "no ready line"
            raise BenchError(f"emulator {kind} did not come up: {text}") from None
        self._keep_reading(process.stdout, partial(self._told, kind))
        assert isinstance(found, dict)
        return found

    def _keep_reading(self, stream: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
        async def read() -> None:
            while line := await stream.readline():
                take(line)

        task = asyncio.create_task(read())
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)

    def _told(self, kind: str, line: bytes) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # whatever else a process prints is not for us
            late = json.loads(line)["late"]
            self._on_late(kind, float(late["due_s"]), float(late["late_s"]))

    def plant_port(self, owner: str) -> PlantPort:
        return PlantClient(self._plant, owner)

    async def at_rest(self, after_s: float) -> None:
        await asyncio.sleep(after_s)

    def dead(self) -> list[str]:
        return [kind for kind, process in self._processes if process.returncode is not None]

    @property
    def plant_address(self) -> str:
        """Where the plant listens, for an observer."""
        return self._plant

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the emulators by kind."""
        return {name: process.pid for name, process in self._processes}

    async def stop(self) -> None:
        for _, process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for _, process in self._processes:
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):  # it may just have ended by itself
                    process.kill()
                await process.wait()
        for task in list(self._readers):
            await asyncio.wait_for(task, STOP_S)
        self._processes.clear()


class VirtualEmulation:
    """Every emulator an object beside a plant in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._plant: LocalPlant | None = None
        self._stoppable: list[Any] = []

    async def start_plant(self, options: Mapping[str, Any]) -> None:
        self._plant = LocalPlant(self._clock, parameters_from(options))

    async def start(
        self, kind: str, *, defects: Collection[str] = (), options: Mapping[str, Any] | None = None, listen: str = ""
    ) -> FarEnd:
        assert self._plant
        try:
            module = importlib.import_module(f"drivers.emulators.{kind}")
        except ModuleNotFoundError:
            raise ConfigError(f"there is no emulator {kind!r} under drivers/emulators/") from None
        try:
            found = module.build(Request(self._plant.port(module.OWNER), frozenset(defects), options))
        except ValueError as refused:
            raise ConfigError(f"emulator {kind}: {refused}") from None
        if hasattr(found, "start"):
            await found.start()
            self._stoppable.append(found)
        return FarEnd(object=found)

    def plant_port(self, owner: str) -> PlantPort:
        assert self._plant
        return self._plant.port(owner)

    async def at_rest(self, after_s: float) -> None:
        await self._clock.sleep(after_s)
        plant = self._plant
        if plant:
            longest_s = min((self._clock.now_s() - plant.changed_s) * QUIET_PART, RARE_S) - after_s
            if longest_s > 0.0:
                await asyncio.wait({plant.changed()}, timeout=longest_s)
                await self._clock.sleep(0.0 if plant.changed_s < self._clock.now_s() else after_s)

    def dead(self) -> list[str]:
        return []

    async def stop(self) -> None:
        for one in reversed(self._stoppable):
            await one.close()
        self._stoppable.clear()
        self._plant = None
