"""Mutation fuzzing of the EXI codec: whatever comes in, a message or the codec's own error goes out, in bounded time.

python tests/fuzz/exi_fuzz.py --count 2000000 --seed 1
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.iso15118 import messages

VECTORS = Path(__file__).parents[1] / "exi" / "vectors.jsonl"
LONGEST = 64 * 1024
LIMIT_S = 0.050

Seed = tuple[str, str, bytes]


def seeds() -> list[Seed]:
    """Message set, kind and stream of every vector."""
    lines = VECTORS.read_text(encoding="utf-8").splitlines()[1:]
    return [(line["schema"], line["kind"], bytes.fromhex(line["exi"])) for line in map(json.loads, lines)]


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


def hostile(rng: random.Random) -> bytes:
    """64 KiB that promise much: one pattern over and over, or noise, behind some message's beginning."""
    start = rng.choice(seeds())[2][: rng.randrange(1, 60)]
    pattern = rng.choice((b"\x00", b"\xff", b"\x80", b"\x7f", b"\xaa", rng.randbytes(3), rng.randbytes(16)))
    return (start + pattern * LONGEST)[:LONGEST]


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    corpus = seeds()
    for schema, kind, data in corpus:  # compiles what is compiled at first use
        decode_both_ways(schema, kind, data)
    gc.collect()
    gc.freeze()  # the corpus is not the codec's: collecting it again and again would be measured with the codec
    slowest = (0.0, "", b"")
    begun = time.monotonic()
    for number in range(arguments.count):
        schema, kind, data = rng.choice(corpus)
        stream = hostile(rng) if number % 1000 == 999 else mutated(data, rng)
        took = decode_both_ways(schema, kind, stream)
        if took > LIMIT_S:  # other work on the machine, or the codec?
            took = min(decode_both_ways(schema, kind, stream) for _ in range(5))
        if took > slowest[0]:
            slowest = took, schema, stream
        if took > LIMIT_S:
            print(f"too slow: {took * 1000:.1f} ms, {schema} {kind} {stream[:40].hex()}... {len(stream)} octets")
            sys.exit(1)
        if number % 100_000 == 99_999:
            print(
                f"{number + 1:9} streams, {time.monotonic() - begun:6.0f} s, slowest {slowest[0] * 1000:.1f} ms",
                flush=True,
            )
    print(
        f"{arguments.count} streams, no foreign error; slowest {slowest[0] * 1000:.1f} ms with {len(slowest[2])} octets"
    )


if __name__ == "__main__":
    main()
