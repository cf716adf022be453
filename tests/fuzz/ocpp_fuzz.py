"""Mutated OCPP frames against station, CSMS session and proxy: no crash, no hang, no leak, the right answer each time.

    python tests/fuzz/ocpp_fuzz.py [COUNT] [SEED]

COUNT frames of 2.1, and a quarter as many of 2.0.1 and 1.6 each. A CALL (its type and id readable) must be answered exactly
once, by CALLRESULT or CALLERROR of its own id; a frame whose id cannot be read by a CALLERROR of id "-1", in 1.6 by silence,
as everything else. The frames are made from valid ones of every
message by cutting, doubling, swapping and replacing octets and values; the seed makes a run repeatable.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import time
from functools import reduce
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402

from harness.ocpp.charge_point_16 import ChargePoint16  # noqa: E402
from harness.ocpp.charging_needs import ChargingNeeds  # noqa: E402
from harness.ocpp.charging_station import ChargingStation, StationSettings  # noqa: E402
from harness.ocpp.frames import FrameError, parse  # noqa: E402
from harness.ocpp.meter_values import Readings  # noqa: E402
from harness.ocpp.proxy import ProxySession  # noqa: E402
from harness.ocpp.schema import actions, load_schema, schema_name  # noqa: E402
from harness.ocpp.session import Session, message_ids  # noqa: E402
from harness.ocpp.station_handle import StationHandle  # noqa: E402
from harness.ocpp.transactions import IdToken  # noqa: E402
from harness.ocpp.version import ErrorCode, Version  # noqa: E402

LEAK_MB = 60
"""Growth of the process that a run may show after its first tenth (our default; bounded histories fill up)."""
DEEP: list[object] = reduce(lambda inside, _: [inside], range(300), [])
"""Deeper than a schema validator goes, not deeper than a JSON reader."""
ODDITIES = (
    None,
    True,
    -1,
    0,
    1e308,
    "",
    "x" * 5000,
    [],
    {},
    [[[]]],
    "2026-13-45T99:99:99Z",
    2**70,
    "\u0000",
    "\ud7ff",
    DEEP,
)


class Still:
    def readings(self) -> Readings:
        return Readings()


class Clock:
    """The CSMS handle's clock: as the fuzzer counts it."""

    def __init__(self) -> None:
        self.at_s = 1.8e9

    def utc_us(self) -> int:
        return round(self.at_s * 1e6)


def sample(schema: dict, definitions: dict, dice: random.Random, depth: int = 0) -> object:
    """A valid value of a schema, optional keys left out at random."""
    if "$ref" in schema:
        return sample(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions, dice, depth + 1)
    if "enum" in schema:
        return dice.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                key: sample(part, definitions, dice, depth + 1)
                for key, part in schema.get("properties", {}).items()
                if key in required or (depth < 8 and dice.random() < 0.4)
            }
        case "array":
            return [
                sample(schema["items"], definitions, dice, depth + 1) for _ in range(max(schema.get("minItems", 1), 1))
            ]
        case "string":
            return "2026-01-01T00:00:00Z" if schema.get("format") == "date-time" else "x"
        case "integer":
            return max(schema.get("minimum", 0), min(dice.choice((0, 1, 60)), schema.get("maximum", 60)))
        case "number":
            return min(dice.choice((0.0, 1.5, -5000.0, 1e6)), schema.get("maximum", 1e9))
        case "boolean":
            return dice.random() < 0.5
        case _:
            return {}


def twist(value: object, dice: random.Random) -> object:
    """Replace one value somewhere inside."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        key = dice.choice(list(value))
        return {**value, key: twist(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.8:
        place = dice.randrange(len(value))
        return [*value[:place], twist(value[place], dice), *value[place + 1 :]]
    return dice.choice(ODDITIES)


def mutate(parts: list, dice: random.Random) -> str:
    """A frame's text, hurt in one of several ways, or whole."""
    kind = dice.randrange(8)
    if kind == 0:
        parts = parts[: dice.randrange(len(parts) + 1)]
    elif kind in (1, 2):
        parts = [*parts[:-1], twist(parts[-1], dice)]
    elif kind == 3:
        place = dice.randrange(len(parts))
        parts = [*parts[:place], dice.choice(ODDITIES), *parts[place + 1 :]]
    elif kind == 4:
        parts = [*parts, dice.choice(ODDITIES)]
    text = msgspec.json.encode(parts).decode()
    if kind == 5 and text:
        place = dice.randrange(len(text))
        text = text[:place] + dice.choice('{}[]",:\\0e-\u2028') + text[place + dice.randrange(3) :]
    elif kind == 6:
        text = text[: dice.randrange(len(text) + 1)]
    return text


class Fuzzer:
    """One station in a transaction, one CSMS handle, one proxy, and frames for all of them."""

    def __init__(self, seed: int, version: Version) -> None:
        self.version = version
        self.dice = random.Random(seed)
        self.numbers = count(1)
        self.clock = Clock()
        self.names = sorted(actions(version))
        older = version is Version.V16
        self.station = ChargePoint16(Still()) if older else ChargingStation(StationSettings("CS-1"), Still())
        self.station.connected(version, self.clock.at_s)
        self.handle = StationHandle("CS-1", self.clock)  # type: ignore[arg-type]
        self.handle.version = version
        self.handle._session = Session(version, message_ids())
        self._settle()
        self.proxy = ProxySession(version)

    def _settle(self) -> None:
        """Boot the station against our own CSMS handle and bring it into a transaction."""
        self._exchange()
        if isinstance(self.station, ChargePoint16):
            self.station.plug(self.clock.at_s)
            self.station.authorise("1", self.clock.at_s)
            self._exchange()
            assert self.station.charge
            return
        evse = self.station.evse
        evse.plug(self.clock.at_s)
        evse.identify("WMI", self.clock.at_s)
        evse.authorise(IdToken("1"), self.clock.at_s)
        self._exchange()
        evse.need(ChargingNeeds(maximum_discharge_w=1.0), self.clock.at_s)
        self._exchange()
        evse.start_transfer(self.clock.at_s)
        self._exchange()
        assert evse.transaction

    def _exchange(self) -> None:
        for _ in range(20):
            self.station.tick(self.clock.at_s)
            for text in self.station.take_texts():
                self.handle.receive(text, self.clock.at_s)
            for text in self.handle.take_texts():
                self.station.receive(text, self.clock.at_s)

    def frame(self) -> str:
        action = self.dice.choice(self.names)
        schema = load_schema(self.version, schema_name(self.version, action, response=False))
        payload = sample(schema, schema.get("definitions", {}), self.dice)
        if self.dice.random() < 0.1:
            return mutate([self.dice.choice((3, 4, 5, 6)), f"f-{next(self.numbers)}", payload], self.dice)
        return mutate([2, f"f-{next(self.numbers)}", action, payload], self.dice)

    def one(self) -> None:
        text = self.frame()
        self.clock.at_s += 0.01
        for side in (self.station, self.handle):
            side.receive(text, self.clock.at_s)
            self.check(text, side.take_texts())
        self.station.tick(self.clock.at_s)
        for own in self.station.take_texts():  # its own CALLs: answered by our CSMS as ever
            self.handle.receive(own, self.clock.at_s)
        for answer in self.handle.take_texts():
            self.station.receive(answer, self.clock.at_s)
        self.station.take_texts()
        self._stay_in_a_transaction()
        self.proxy.take(self.dice.choice(("charger", "csms")), text, self.clock.at_s)
        for _, passed in self.proxy.take_texts():
            assert passed == text, (text, passed)
        self.proxy.tick(self.clock.at_s)
        for role in ("charger", "csms"):
            self.proxy._free(role, self.proxy._lines[role].open_call or "", self.clock.at_s)
        self.proxy.take_texts()
        self.proxy._actions.clear()

    def _stay_in_a_transaction(self) -> None:
        """A valid reset or stop may have got through."""
        if isinstance(self.station, ChargePoint16):
            if self.station.charge is None or not self.station.accepted:
                self.station.unplug(self.clock.at_s)
                self._settle()
            return
        evse = self.station.evse
        evse.take_orders()
        if evse.transaction is None or not self.station.online:
            evse.unplug(self.clock.at_s)
            self._settle()

    def check(self, text: str, answers: list[str]) -> None:
        """Exactly the answers that the frame asks for; CALLs of the side's own are not counted."""
        said = [
            frame for frame in (parse(answer, self.version) for answer in answers) if type(frame).__name__ != "Call"
        ]
        try:
            frame = parse(text, self.version)
        except FrameError as fault:
            silent = self.version is Version.V16 and fault.code is ErrorCode.RPC_FRAMEWORK_ERROR
            wanted = [fault.id] if fault.code and not silent else []
        else:
            wanted = [frame.id] if type(frame).__name__ == "Call" else []
        got = [one.id for one in said]
        assert got == wanted, f"{text!r}\n  was answered {answers}, expected ids {wanted}"


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(number: int, seed: int) -> None:
    for version, share in ((Version.V21, 1), (Version.V201, 4), (Version.V16, 4)):
        fuzz(version, number // share, seed)


def fuzz(version: Version, number: int, seed: int) -> None:
    fuzzer = Fuzzer(seed, version)
    began_s, base_mb = time.perf_counter(), 0.0
    for index in range(number):
        fuzzer.one()
        if index == number // 10:
            base_mb = memory_mb()
    grown_mb = memory_mb() - base_mb
    seconds = time.perf_counter() - began_s
    print(
        f"ocpp {version}: {number} frames in {seconds:.1f} s ({number / seconds:.0f}/s), seed {seed}, grown by {grown_mb:.1f} MB"
    )
    assert grown_mb < LEAK_MB, f"grown by {grown_mb:.1f} MB"


if __name__ == "__main__":
    arguments = [int(one) for one in sys.argv[1:]]
    asyncio.run(main(*(arguments + [100_000, 1][len(arguments) :])))
