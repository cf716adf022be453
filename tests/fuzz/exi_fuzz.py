"""Mutation fuzzing of the EXI codec: whatever comes in, a message or the codec's own error goes out, in bounded time.

    python tests/fuzz/exi_fuzz.py [--count 2000000] [--seed 1] [--processes 2]

Streams are made in lots of LOT, each from the seed and its own number, so that the same streams are made whatever the
number of processes. Times are processor time of the decoding thread: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.iso15118 import messages

VECTORS = Path(__file__).parents[1] / "exi" / "vectors.jsonl"
LONGEST = 64 * 1024
LIMIT_S = 0.050
MEMORY_LIMIT_KIB = 400 * 1024  # of a process, Python and the vectors included
LOT = 10_000
HOSTILE_EVERY = 500
EXPLAIN_EVERY = 20

Seed = tuple[str, str, bytes]


@cache
def seeds() -> tuple[Seed, ...]:
    """Message set, kind and stream of every vector."""
    lines = VECTORS.read_text(encoding="utf-8").splitlines()[1:]
    return tuple((line["schema"], line["kind"], bytes.fromhex(line["exi"])) for line in map(json.loads, lines))


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The stream with bits flipped, cut off, extended, a part repeated, or all random."""
    choice = rng.random()
    if choice < 0.55:
        octets = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
            octets[rng.randrange(1 if rng.random() < 0.95 else 0, len(octets))] ^= 1 << rng.randrange(8)
        return bytes(octets)
    if choice < 0.7:
        return data[: rng.randrange(len(data) + 1)]
    if choice < 0.8:
        return data + rng.randbytes(rng.choice((1, 1, 2, 30)))
    if choice < 0.95:
        at = rng.randrange(1, len(data))
        length = rng.randrange(len(data) - at + 1)
        return data[:at] + data[at : at + length] * rng.choice((2, 2, 5)) + data[at + length :]
    return b"\x80" + rng.randbytes(rng.choice((3, 20, 200)))


def hostile(data: bytes, rng: random.Random) -> bytes:
    """64 KiB that promise much: one pattern over and over, or noise, behind some message's beginning."""
    start = data[: rng.randrange(1, len(data) + 1 if rng.random() < 0.5 else 60)]
    pattern = rng.choice(
        (
            b"\x00",
            b"\xff",
            b"\x80",
            b"\x7f",
            b"\xaa",
            b"\x40",
            rng.randbytes(3),
            rng.randbytes(16),
            rng.randbytes(LONGEST),
        )
    )
    return (start + pattern * (LONGEST // len(pattern) + 1))[:LONGEST]


def decode_both_ways(schema: str, kind: str, data: bytes) -> float:
    """Decode strictly and tolerantly; returns the longer of the two in processor seconds.

    What decodes strictly must encode again.
    """
    longest = 0.0
    for mode in ("strict", "tolerant"):
        start = time.thread_time()
        try:
            decoded = messages.decode(data, schema, kind, mode)  # type: ignore[arg-type]
        except messages.ExiError:
            decoded = None
        longest = max(longest, time.thread_time() - start)
        if decoded is not None and mode == "strict":
            messages.encode(decoded.message, schema, kind, decoded.name)  # type: ignore[arg-type]
    return longest


class Slowest(NamedTuple):
    """A lot's slowest stream, and how much memory the process that read the lot had at most."""

    seconds: float
    schema: str
    kind: str
    octets: int
    beginning: str
    memory_kib: int


def warm_up() -> None:
    """Compile what is compiled at first use, and keep the garbage collector off what is not the codec's."""
    for schema, kind, data in seeds():
        decode_both_ways(schema, kind, data)
    gc.collect()
    gc.freeze()


def lot(seed: int, number: int, count: int) -> Slowest:
    """Read the streams of one lot; anything but ExiError comes through."""
    rng = random.Random(f"{seed}/{number}")
    slowest = Slowest(0.0, "", "", 0, "", 0)
    for index in range(count):
        schema, kind, data = rng.choice(seeds())
        stream = hostile(data, rng) if index % HOSTILE_EVERY == HOSTILE_EVERY - 1 else mutated(data, rng)
        try:
            took = decode_both_ways(schema, kind, stream)
            if index % EXPLAIN_EVERY == 0:
                messages.explain(stream, schema, kind)  # type: ignore[arg-type]
            if took > LIMIT_S:  # a neighbour in the processor's cache, or the codec?
                took = min(decode_both_ways(schema, kind, stream) for _ in range(5))
        except Exception as foreign:
            raise RuntimeError(f"lot {number}, {schema} {kind} {stream.hex()[:4000]}: {foreign!r}") from foreign
        if took > slowest.seconds:
            slowest = Slowest(took, schema, kind, len(stream), stream[:40].hex(), 0)
    return slowest._replace(memory_kib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    sizes = [min(LOT, arguments.count - begin) for begin in range(0, arguments.count, LOT)]
    begun = time.monotonic()
    done, found = 0, []
    with ProcessPoolExecutor(arguments.processes, initializer=warm_up) as pool:
        lots = {pool.submit(lot, arguments.seed, number, size): size for number, size in enumerate(sizes)}
        for finished in as_completed(lots):
            found.append(finished.result())
            done += lots[finished]
            if len(found) % 10 == 0:
                slow = max(found)
                print(
                    f"{done:9} streams, {time.monotonic() - begun:6.0f} s, slowest {slow.seconds * 1e3:.1f} ms",
                    flush=True,
                )
    slow, memory = max(found), max(each.memory_kib for each in found)
    where = f"{slow.schema} {slow.kind}, {slow.octets} octets, {slow.beginning}..."
    print(f"{done} streams, no foreign error; memory at most {memory // 1024} MiB a process")
    print(f"slowest {slow.seconds * 1e3:.1f} ms of processor time: {where}")
    if slow.seconds > LIMIT_S or memory > MEMORY_LIMIT_KIB:
        sys.exit(f"too much: allowed are {LIMIT_S * 1e3:.0f} ms and {MEMORY_LIMIT_KIB // 1024} MiB")


if __name__ == "__main__":
    main()
