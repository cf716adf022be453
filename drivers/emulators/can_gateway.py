"""An emulated gateway between two platforms, with an adapter on each of its buses.

It does what the mapping table says: forwards on reception after a processing time, repeats at the target's cycle when
its source is slower, and sends substitutes when the source is lost. On a bus that the bench's relay box has shorted it
goes bus-off. Run as a process it serves one adapter a bus on loopback sockets (option `adapters`: slcan, the default, or
socketcand); in memory the driver's ports feed it directly.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Collection
from collections.abc import Mapping as Table
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from drivers.can.e2e import Receiver, protect
from drivers.can.mapping import Mapping, Route, decode, encode, load_mapping
from drivers.can.ports import Frame
from drivers.emulators.can_controller import RESTART_S, CanController
from drivers.emulators.gateway_defects import DEFECTS
from drivers.emulators.process import (
    Request,
    arguments,
    catch_end,
    connect_plant,
    die_with_parent,
    options_of,
    ready,
)
from drivers.emulators.slcan import SlcanAdapter
from drivers.emulators.socketcand import SocketcandServer
from harness.clock import Clock
from harness.plant.port import PlantPort

_PROCESSING_S = 0.001
_FILL = 1.5
"""A target message is repeated when this many of its cycles passed without a new source frame."""
_LOAD_WINDOW_S = 0.1
_LOADED_FRAMES = 120
"""Frames a window above which the seeded gateway calls itself loaded (about 30 % of 500 kbit/s)."""
_SLEEP_S = 5.0
_START_S = 10.0
_DROPPED = "PwrReq"
_LOOK_S = 0.01
"""How often the relay box is looked at: a contact is no faster (our default)."""
_DISTURBED = 40
"""Every so many frames the seeded gateway disturbs its own."""
_BUS_ERROR = Frame(0x080, error=True)


@dataclass
class Passage:
    """One route at work."""

    route: Route
    receiver: Receiver | None
    cycle_s: float
    signals: dict[str, float]
    """Source values as last accepted."""
    heard_s: float | None = None
    sent_s: float = 0.0
    counter: int = 0

    @property
    def lost_s(self) -> float:
        """When the source counts as lost."""
        return (self.heard_s or 0.0) + self.route.timeout_s


class CanGateway:
    """Frames and times in, frames out; all states of the routes."""

    defects = DEFECTS

    def __init__(
        self, mapping: Mapping, defects: Collection[str], plant: PlantPort, shorts: Table[str, int] | None = None
    ) -> None:
        """`shorts`: contact of the relay box that shorts a bus."""
        unknown = set(defects) - {defect.id for defect in DEFECTS}
        if unknown:
            raise ValueError(f"the gateway has no defect {', '.join(sorted(unknown))}")
        self.mapping = mapping
        self.active = frozenset(defect.partition("-")[2] for defect in defects)
        self._passages = {
            (p.route.source.bus, self._id(p.route.source.bus, p.route.source.message)): p
            for p in map(self._passage, mapping.routes)
        }
        self._queue: list[tuple[float, int, str, Frame]] = []
        self._number = 0
        self._plant = plant
        self._shorts = dict(shorts or {})
        self._shorted: frozenset[str] = frozenset()
        self._looked_s = -inf
        restart_s = inf if "stays-bus-off" in self.active else RESTART_S
        self._controllers = {bus: CanController(restart_s) for bus in mapping.databases}
        self._kept: dict[str, list[Frame]] = {bus: [] for bus in mapping.databases}
        self._arrivals: deque[float] = deque()
        self._dead = False
        self._first_s: float | None = None
        self._last_s: float | None = None
        self._a_spoke = False
        self._under_load = False

    def _passage(self, route: Route) -> Passage:
        target = self.mapping.message(route.target.bus, route.target.message)
        receiver = Receiver(route.e2e.source) if route.e2e else None
        slower = 3.0 if "slow-cycle" in self.active else 1.0
        return Passage(route, receiver, slower * (target.cycle_time or 100) / 1000, {})

    def _id(self, bus: str, message: str) -> int:
        return self.mapping.message(bus, message).frame_id

    # frames in, frames out

    def receive(self, bus: str, frame: Frame, now_s: float) -> list[tuple[str, Frame]]:
        self._look(now_s)
        if bus in self._shorted:
            return [(bus, _BUS_ERROR), *self.tick(now_s)]
        if self._controllers[bus].is_off:
            return self.tick(now_s)
        self._note_load(now_s)
        if not self._awake(bus, now_s):
            return self.tick(now_s)
        passage = self._passages.get((bus, frame.id))
        if passage is None:
            self._leak(bus, frame, now_s)
        elif self._accept(passage, frame) and not self._lost_to_load():
            source = self.mapping.message(bus, passage.route.source.message)
            passage.signals = decode(source, frame.data.ljust(source.length, b"\0"))
            passage.heard_s = now_s
            if "slow-cycle" not in self.active or now_s >= passage.sent_s + passage.cycle_s:
                self._emit(passage, now_s)
        return self.tick(now_s)

    def due_s(self) -> float | None:
        if self._dead:
            return None
        times = [self._queue[0][0]] if self._queue else []
        times += [p.sent_s + _FILL * p.cycle_s for p in self._passages.values() if p.heard_s is not None]
        return min(times, default=None)

    def tick(self, now_s: float) -> list[tuple[str, Frame]]:
        if self._dead:
            return []
        for passage in self._passages.values():
            if passage.heard_s is not None and now_s >= passage.sent_s + _FILL * passage.cycle_s - 1e-9:
                self._emit(passage, now_s)
        self._look(now_s)
        frames = []
        while self._queue and self._queue[0][0] <= now_s + 1e-9:
            _, _, bus, frame = heapq.heappop(self._queue)
            frames += [(bus, sent) for sent in self._transmitted(bus, frame, now_s)]
        return frames

    def _look(self, now_s: float) -> None:
        """Which buses the bench has shorted."""
        if not self._shorts or now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s, closed = now_s, self._plant.state.relays_closed
        self._shorted = frozenset(bus for bus, contact in self._shorts.items() if closed[contact - 1 : contact] == "1")
        for bus, controller in self._controllers.items():
            controller.note(bus in self._shorted, now_s)

    def _transmitted(self, bus: str, frame: Frame, now_s: float) -> list[Frame]:
        """What appears on a bus when a frame is to be sent."""
        controller, kept = self._controllers[bus], self._kept[bus]
        if "bus-off-stops-both" in self.active and any(one.is_off for one in self._controllers.values()):
            return []
        was_off = controller.is_off
        if not controller.transmit(bus in self._shorted, now_s):
            if "queues-while-bus-off" in self.active:
                kept.append(frame)
            return [] if was_off else [_BUS_ERROR]
        frames = [*kept, frame]
        kept.clear()
        disturbs = "disturbs-the-bus" in self.active and self._number % _DISTURBED == 0
        return [_BUS_ERROR, *frames] if disturbs else frames

    def _emit(self, passage: Passage, now_s: float) -> None:
        route, target = passage.route, passage.route.target
        lost = now_s >= passage.lost_s - 1e-9 and "no-timeout" not in self.active
        values = (
            {signal.target: signal.substitute for signal in route.signals}
            if lost
            else self._defective(self.mapping.expected(route, passage.signals), route)
        )
        data = encode(self.mapping.message(target.bus, target.message), values)
        if "swapped-octets" in self.active and len(data) == 8:
            data = data[:4] + data[5:3:-1] + data[6:] if target.bus == "b" else data
        if route.e2e:
            data_id = route.e2e.target ^ (0x11 if "wrong-crc" in self.active else 0)
            data = protect(data, data_id, passage.counter)
            if "stale-counter" not in self.active:
                passage.counter += 1
        passage.sent_s = now_s
        delay_s = 0.25 if "slow" in self.active else _PROCESSING_S
        self._push(now_s + delay_s, target.bus, Frame(self._id(target.bus, target.message), data))

    def _push(self, at_s: float, bus: str, frame: Frame) -> None:
        self._number += 1
        heapq.heappush(self._queue, (at_s, self._number, bus, frame))

    # judgement of what comes in

    def _accept(self, passage: Passage, frame: Frame) -> bool:
        length = self.mapping.message(passage.route.source.bus, passage.route.source.message).length
        if len(frame.data) < length:
            if "dies-of-short-frame" in self.active:
                self._dead = True
            return "takes-short-frames" in self.active
        if passage.receiver is None:
            return True
        check = passage.receiver.check(frame.data)
        if check.fresh:
            return True
        ignored = "ignores-crc" if check == "wrong crc" else "ignores-counter"
        return ignored in self.active

    def _awake(self, bus: str, now_s: float) -> bool:
        slept = self._last_s is not None and now_s - self._last_s > _SLEEP_S
        self._last_s = now_s
        if self._first_s is None:
            self._first_s = now_s
        if slept and "never-wakes" in self.active:
            self._dead = True
        self._a_spoke = bus == "a" or (self._a_spoke and not slept)
        starting = "slow-start" in self.active and now_s - self._first_s < _START_S
        waiting = "waits-for-a" in self.active and not self._a_spoke
        return not (self._dead or starting or waiting)

    def _note_load(self, now_s: float) -> None:
        self._arrivals.append(now_s)
        while self._arrivals[0] < now_s - _LOAD_WINDOW_S:
            self._arrivals.popleft()

    def _lost_to_load(self) -> bool:
        if "drops-under-load" not in self.active:
            return False
        self._under_load = not self._under_load
        return len(self._arrivals) > _LOADED_FRAMES and self._under_load

    def _leak(self, bus: str, frame: Frame, now_s: float) -> None:
        if "leaks" in self.active:
            other = next(name for name in self.mapping.databases if name != bus)
            self._push(now_s + _PROCESSING_S, other, frame)

    def _defective(self, values: dict[str, float], route: Route) -> dict[str, float]:
        if "drops-a-signal" in self.active and _DROPPED in values:
            values[_DROPPED] = 0.0
        if "wrong-scale" in self.active and "UBatt" in values:
            values["UBatt"] /= 10.0
        if "wrong-sign" in self.active:
            turned = {signal.target for signal in route.signals if signal.factor < 0}
            values = {name: -value if name in turned else value for name, value in values.items()}
        if "clips-negative" in self.active:
            values = {name: max(value, 0.0) for name, value in values.items()}
        return values


def build(request: Request) -> CanGateway:
    """The gateway of a request; its option `mapping` names the table, `shorts` the contacts that short a bus."""
    mapping = load_mapping(Path(request.option("mapping", "lab-configs/can/gateway_a_b.yaml")))
    return CanGateway(mapping, request.defects, request.plant, request.option("shorts", None))


ADAPTERS: dict[str, type[SlcanAdapter | SocketcandServer]] = {"slcan": SlcanAdapter, "socketcand": SocketcandServer}


class GatewayShell:
    """Runs a gateway behind adapters on loopback sockets; `adapters` names the kind for a bus, slcan where it does not."""

    def __init__(self, gateway: CanGateway, clock: Clock, options: Table[str, Any]) -> None:
        self.gateway, self.clock = gateway, clock
        self.adapters: dict[str, SlcanAdapter | SocketcandServer] = {}
        for bus in gateway.mapping.databases:
            kind = options.get("adapters", {}).get(bus, "slcan")
            if kind not in ADAPTERS:
                raise ValueError(f"no adapter {kind!r}; there are {', '.join(ADAPTERS)}")
            self.adapters[bus] = ADAPTERS[kind](lambda frame, bus=bus: self._frame(bus, frame), clock)  # type: ignore[misc]
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, listen: str) -> tuple[str, str]:
        """Listen on a port for each bus; twice the resource that the driver needs, as address and as resource."""
        host = listen.rpartition(":")[0] or "127.0.0.1"
        places = {bus: await adapter.start(host) for bus, adapter in self.adapters.items()}
        resource = ";".join(f"{bus}={place}" for bus, place in places.items())
        return resource, resource

    async def stop(self) -> None:
        for adapter in self.adapters.values():
            await adapter.stop()

    def _frame(self, bus: str, frame: Frame) -> None:
        self._pass(self.gateway.receive(bus, frame, self.clock.now_s()))

    def _run(self) -> None:
        self._timer = None
        self._pass(self.gateway.tick(self.clock.now_s()))

    def _pass(self, frames: list[tuple[str, Frame]]) -> None:
        for bus, frame in frames:
            self.adapters[bus].send(frame)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        due_s = self.gateway.due_s()
        if due_s is not None:
            delay_s = max(due_s - self.clock.now_s(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._run)


async def _main() -> None:
    chosen = arguments("can_gateway")
    clock = Clock()
    plant = connect_plant(chosen.plant, OWNER, clock)
    request = Request(plant, frozenset(chosen.defect), options_of(chosen), chosen.seed)
    gateway_shell = shell(build(request), clock, options_of(chosen))
    address, resource = await gateway_shell.start(chosen.listen)
    ended = catch_end()
    ready("can_gateway", address=address, resource=resource)
    await ended.wait()
    await gateway_shell.stop()


shell = GatewayShell
OWNER = "observer"

if __name__ == "__main__":
    die_with_parent()
    asyncio.run(_main())
