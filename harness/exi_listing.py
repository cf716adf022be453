"""An EXI stream as an engineer reads it beside a capture: every event with its bits, values in words, what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from harness.exi.reader import Event
from harness.iso15118.messages import Deviation, Explanation, MessageSet

_V2GTP = bytes.fromhex("01fe")
_MOST_BITS = 24  # of a value that are shown as bits; longer ones as the octets they hold
_MOST_OCTETS = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 10**14  # a header time stamp from here on counts microseconds (-20), below it seconds (-2, some -20)


def octets_of(text: str) -> tuple[bytes, int | None]:
    """The stream of a text as tools show it (blanks, colons, 0x), and the payload type if a V2GTP header is before it.

    Raises ValueError for what is no hex, and for a V2GTP length that is not what follows.
    """
    data = bytes.fromhex(re.sub(r"0x|[\s:,-]", "", text))
    if not data:
        raise ValueError("no octets")
    if data[:2] != _V2GTP or len(data) < 8:
        return data, None
    length = int.from_bytes(data[4:8], "big")
    if length != len(data) - 8:
        raise ValueError(f"the V2GTP header announces {length} octets, {len(data) - 8} follow")
    return data[8:], int.from_bytes(data[2:4], "big")


def listing(data: bytes, message_set: MessageSet, kind: str, explanation: Explanation) -> Iterator[str]:
    """The lines of a listing."""
    yield _heading(data, message_set, kind, explanation)
    yield f"{'bit':>6} {'octet':>7}  {'bits':<24}event"
    end = explanation.error.bit if explanation.error else 8 * len(data)
    wrong = sorted(explanation.decoded.deviations if explanation.decoded else (), key=lambda each: each.bit)
    remarks = dict(_remarks(explanation.events))
    bits = [event.bit for event in explanation.events]
    for index, (event, following) in enumerate(zip(explanation.events, [*bits[1:], end], strict=True)):
        line = (
            f"{event.bit:6} {event.bit >> 3:5}.{event.bit & 7}  {_bits(data, event, following):<24}{'  ' * event.depth}"
        )
        yield (line + _words(event) + remarks.get(index, "")).rstrip()
        last = index == len(bits) - 1
        while wrong and (last or wrong[0].bit < following or (wrong[0].bit == event.bit)):
            yield _complaint(wrong.pop(0))
    if explanation.error:
        yield f"! cannot be read further: {explanation.error}"
        rest = data[explanation.error.bit >> 3 :][:_MOST_OCTETS]
        yield f"  octets from {explanation.error.bit >> 3}: {rest.hex(' ') or 'none, the stream ends here'}"


def _heading(data: bytes, message_set: MessageSet, kind: str, explanation: Explanation) -> str:
    payload = (
        "" if message_set.payload_type is None or kind == "fragment" else f", V2GTP {message_set.payload_type:04x}"
    )
    if explanation.decoded is None:
        state = "cannot be read to its end"
    else:
        count = len(explanation.decoded.deviations)
        state = f"{count} deviation{'s' * (count > 1)}" if count else "as the schema says"
    return f"# {message_set.name} {kind}{payload}, {len(data)} octets: {state}"


def _bits(data: bytes, event: Event, end: int) -> str:
    if event.code or end <= event.bit:
        return event.code
    width = end - event.bit
    value = int.from_bytes(data[event.bit >> 3 : end + 7 >> 3], "big") >> (-end & 7) & ((1 << width) - 1)
    if width <= _MOST_BITS:
        return f"{value:0{width}b}"
    if width % 8:
        return f"{width} bits"
    octets = value.to_bytes(width >> 3, "big")
    return octets.hex() if len(octets) <= _MOST_OCTETS else f"{octets[:_MOST_OCTETS].hex()}.."


def _words(event: Event) -> str:
    if event.label == "header":
        return "header: EXI 1, no options"
    return event.value if event.label == "value" else event.label


def _complaint(deviation: Deviation) -> str:
    return f"! {deviation.kind}: {deviation}"


def _remarks(events: tuple[Event, ...]) -> Iterator[tuple[int, str]]:
    """What values mean together: the number that mantissa and exponent make, a time stamp as a date."""
    open_elements: list[tuple[str, dict[str, str]]] = []
    for index, event in enumerate(events):
        if event.label.startswith("SE("):
            open_elements.append((event.label[3:-1], {}))
        elif event.label == "value" and open_elements:
            name = open_elements[-1][0]
            if name == "TimeStamp":
                yield index, _date(event.value)
            if len(open_elements) > 1:
                open_elements[-2][1][name] = event.value
        elif event.label == "EE" and open_elements:
            _, parts = open_elements.pop()
            power = parts.get("Exponent", parts.get("Multiplier"))
            if power is not None and "Value" in parts:
                number = Decimal(parts["Value"]).scaleb(int(power))
                yield index, f"  = {number.normalize():f} {parts.get('Unit', '')}" if abs(int(power)) < 10 else ""


def _date(value: str) -> str:
    seconds = int(value) / (10**6 if int(value) >= _MICROSECONDS else 1)
    try:
        return f"  = {(_EPOCH + timedelta(seconds=seconds)).isoformat(sep=' ', timespec='seconds')}"
    except OverflowError:
        return ""
