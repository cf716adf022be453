"""What a hostile peer says instead of a right V2G message."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from harness.exi.declare import ContentError, Record
from harness.exi.errors import ExiError
from harness.iso15118.quantities import changed
from harness.iso15118.wire import to_frame

ODD: tuple[Any, ...] = (None, 0, -1, 2**63, "", "x" * 300, b"", bytes(8), b"\xff" * 2000, True, (), 1.5)
ENDLESS = b"\x01\xfe\x80\x02\xff\xff\xff\xff"
"""The header of a frame of 4 GiB."""


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
