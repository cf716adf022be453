"""`plugfest exi`: EXI in and out as JSON lines, an event by event reading, and how fast the codec is here."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from time import perf_counter_ns
from typing import Annotated, Any

import typer

from harness.exi_listing import listing, octets_of
from harness.iso15118 import messages
from harness.iso15118.messages import ContentError, ExiError

exi_app = typer.Typer(
    add_completion=False,
    help="EXI streams of ISO 15118 and DIN SPEC 70121, with or without V2GTP header.",
    no_args_is_help=True,
)

Answer = dict[str, Any]


@exi_app.command()
def decode(
    tolerant: Annotated[bool, typer.Option(help="Go on after deviations and list them.")] = False,
) -> None:
    """JSON lines with `schema`, `kind` and `exi` in; the same with `message` and `json` out."""
    _answer_lines(lambda line: _decoded(line, tolerant))


@exi_app.command()
def encode(
    unchecked: Annotated[bool, typer.Option(help="Write what the schema does not allow, where EXI can.")] = False,
) -> None:
    """JSON lines with `schema`, `kind` and `json` in; the same with `exi` out."""
    _answer_lines(lambda line: _encoded(line, unchecked))


@exi_app.command()
def explain(
    stream: Annotated[
        str,
        typer.Argument(metavar="HEX", help="The stream in hex, with or without V2GTP header; - reads standard input."),
    ],
    schema: Annotated[str, typer.Option(help="Message set; without it, the ones that read the stream best.")] = "",
    kind: Annotated[str, typer.Option(help="document or fragment")] = "document",
) -> None:
    """The stream event by event: bit, octet and bit within it, the bits, event and value; what is wrong where it is.

    Exits 1 where no message set reads the stream to its end; shown is then the set that gets furthest.
    """
    try:
        data, payload_type = octets_of(sys.stdin.read() if stream == "-" else stream)
        wanted = _kind({"kind": kind})
        candidates = [_schema({"schema": schema})] if schema else _candidates(payload_type, kind)
    except ContentError as wrong:
        raise typer.BadParameter(wrong.reason) from None
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    found = [(each, messages.explain(data, each, wanted)) for each in candidates]
    best = max(_rank(explanation) for _, explanation in found)
    for message_set, explanation in found:
        if _rank(explanation) == best:
            print("\n".join(listing(data, message_set, kind, explanation)))
    if best[0] == 0:
        raise typer.Exit(1)


@exi_app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="A list of message, direction, median_us.")] = False,
    rounds: Annotated[int, typer.Option(help="Repetitions of each.")] = 2000,
) -> None:
    """Median times of decoding and encoding, in this process, messages already built and octets already there."""
    results = measure(rounds)
    if as_json:
        print(json.dumps(results))
        return
    for result in results:
        print(f"{result['message']:36} {result['direction']:7} {result['median_us']:10.1f} µs")


def measure(rounds: int) -> list[Answer]:
    """Median microseconds per message and direction. Long messages are repeated less often."""
    from harness.iso15118.messages.samples import all_samples

    results: list[Answer] = []
    for name, (schema, message) in all_samples().items():
        data = messages.encode(message, schema)
        repeat = max(rounds * 200 // max(len(data), 200), 5)
        actions: dict[str, Callable[[], object]] = {
            "decode": lambda data=data, schema=schema: messages.decode(data, schema),  # type: ignore[misc]
            "encode": lambda message=message, schema=schema: messages.encode(message, schema),  # type: ignore[misc]
        }
        for direction, action in actions.items():
            results.append({"message": name, "direction": direction, "median_us": _median_us(action, repeat)})
    return results


def _median_us(action: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = perf_counter_ns()
        action()
        times.append(perf_counter_ns() - start)
    return round(statistics.median(times) / 1000, 2)


def _answer_lines(answer: Callable[[Answer], Answer]) -> None:
    """One answer a line, in order; what was in the line stays in the answer. A bad line is answered and passed."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for text in sys.stdin:
        if not text.strip():
            continue
        line: Answer = {}
        try:
            parsed = json.loads(text)
            if not isinstance(parsed, dict):
                raise ContentError("line", "expected a JSON object")
            line = parsed
            result = {**line, **answer(line)}
        except ExiError as wrong:
            result = {**line, "error": wrong.reason, "bit": wrong.bit, "path": wrong.path}
        except ContentError as wrong:
            result = {**line, "error": wrong.reason, "bit": 0, "path": wrong.path}
        except (ValueError, TypeError, AttributeError, RecursionError) as wrong:
            result = {**line, "error": str(wrong), "bit": 0, "path": ""}
        print(json.dumps(result), flush=True)


def _decoded(line: Answer, tolerant: bool) -> Answer:
    schema, kind, stream = _schema(line), _kind(line), _value(line, "exi", str)
    try:
        data, _ = octets_of(stream)
    except ValueError as wrong:
        raise ContentError("exi", str(wrong)) from None
    decoded = messages.decode(data, schema, kind, "tolerant" if tolerant else "strict")
    content = messages.to_json(decoded.message, decoded.name)
    answer: Answer = {"message": _message_name(content), "json": content}
    if tolerant:
        answer["deviations"] = [vars(deviation) for deviation in decoded.deviations]
    return answer


def _encoded(line: Answer, unchecked: bool) -> Answer:
    schema, kind, content = _schema(line), _kind(line), _value(line, "json", dict)
    message = messages.from_json(content, schema, kind, checked=not unchecked)
    return {"exi": messages.encode(message, schema, kind, next(iter(content))).hex()}


def _value(line: Answer, key: str, kind: type) -> Any:
    if key not in line:
        raise ContentError(key, f"the line has no {key!r}")
    if not isinstance(line[key], kind):
        raise ContentError(key, f"expected {'hex' if kind is str else 'an object'}, got {line[key]!r}")
    return line[key]


def _schema(line: Answer) -> messages.MessageSet:
    name = line.get("schema")
    everything = _message_sets()
    for message_set in everything:
        if message_set.name == name:
            return message_set
    known = ", ".join(each.name for each in everything)
    raise ContentError("schema", f"no message set {name!r}; there are {known}")


def _kind(line: Answer) -> Any:
    kind = line.get("kind", "document")
    if kind not in ("document", "fragment"):
        raise ContentError("kind", f"expected document or fragment, got {kind!r}")
    return kind


def _message_name(content: Answer) -> str:
    """The root element, or what stands in the body of a V2G_Message; an empty one is named so."""
    ((name, inner),) = content.items()
    if name == "V2G_Message":
        return str(next(iter(inner.get("Body") or {}), "V2G_Message(empty Body)"))
    return name


def _message_sets() -> Sequence[messages.MessageSet]:
    """Every set, those of amendments included."""
    from harness.iso15118.messages import der_iec  # noqa: F401  # adds itself

    return messages.schemas()


def _candidates(payload_type: int | None, kind: str) -> Sequence[messages.MessageSet]:
    """The sets that a V2GTP payload type allows; all where there is none, or where it is nobody's."""
    everything = _message_sets()
    allowed = [each for each in everything if each.payload_type == payload_type]
    return allowed if allowed and payload_type is not None and kind == "document" else everything


def _rank(explanation: messages.Explanation) -> tuple[int, int]:
    """Orders readings: those to the end with the fewest deviations are best, others by how far they get."""
    if explanation.decoded is not None:
        return 1, -len(explanation.decoded.deviations)
    return 0, explanation.error.bit if explanation.error else 0
