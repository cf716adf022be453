"""`plugfest exi`: EXI in and out as JSON lines, an event by event reading, and how fast the codec is here."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from time import perf_counter_ns
from typing import Annotated, Any

import typer

from harness.iso15118 import messages
from harness.iso15118.messages import ContentError, ExiError

exi_app = typer.Typer(help="EXI streams of ISO 15118 and DIN SPEC 70121, without V2GTP header.", no_args_is_help=True)

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
    stream: Annotated[str, typer.Argument(metavar="HEX", help="The stream in hex, blanks allowed.")],
    schema: Annotated[str, typer.Option(help="Message set; without it, the ones that can read the stream.")] = "",
    kind: Annotated[str, typer.Option(help="document or fragment")] = "document",
) -> None:
    """The stream event by event: bit offset, event code, event and value."""
    try:
        data = bytes.fromhex(stream)
        sets = [messages.schema(schema)] if schema else _sets_that_read(data, kind)
    except (ValueError, KeyError) as wrong:
        raise typer.BadParameter(str(wrong)) from None
    for message_set in sets:
        _print_explanation(data, message_set, kind)


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
        except KeyError as missing:
            result = {**line, "error": f"no such key or schema: {missing.args[0]}", "bit": 0, "path": ""}
        except (ValueError, TypeError, AttributeError, RecursionError) as wrong:
            result = {**line, "error": str(wrong), "bit": 0, "path": ""}
        print(json.dumps(result), flush=True)


def _decoded(line: Answer, tolerant: bool) -> Answer:
    data = bytes.fromhex(line["exi"])
    decoded = messages.decode(data, line["schema"], _kind(line), "tolerant" if tolerant else "strict")
    content = messages.to_json(decoded.message, decoded.name)
    answer: Answer = {"message": _message_name(content), "json": content}
    if tolerant:
        answer["deviations"] = [vars(deviation) for deviation in decoded.deviations]
    return answer


def _encoded(line: Answer, unchecked: bool) -> Answer:
    message = messages.from_json(line["json"], line["schema"], _kind(line), checked=not unchecked)
    name = next(iter(line["json"]))
    return {"exi": messages.encode(message, line["schema"], _kind(line), name).hex()}


def _kind(line: Answer) -> Any:
    kind = line.get("kind", "document")
    if kind not in ("document", "fragment"):
        raise ContentError("kind", f"expected document or fragment, got {kind!r}")
    return kind


def _message_name(content: Answer) -> str:
    """The root element, or what stands in the body of a V2G_Message."""
    ((name, inner),) = content.items()
    if name == "V2G_Message" and inner.get("Body"):
        return str(next(iter(inner["Body"])))
    return name


def _sets_that_read(data: bytes, kind: Any) -> list[messages.MessageSet]:
    """Every message set that reads the stream without an error, those with the fewest deviations."""
    found: list[tuple[int, messages.MessageSet]] = []
    for message_set in messages.schemas():
        explanation = messages.explain(data, message_set, kind)
        if explanation.decoded is not None:
            found.append((len(explanation.decoded.deviations), message_set))
    if not found:
        raise ValueError("no message set reads this stream; --schema shows how far one gets")
    fewest = min(count for count, _ in found)
    return [message_set for count, message_set in found if count == fewest]


def _print_explanation(data: bytes, message_set: messages.MessageSet, kind: Any) -> None:
    explanation = messages.explain(data, message_set, kind)
    print(f"# {message_set.name} {kind}, {len(data)} octets")
    for event in explanation.events:
        value = f" {event.value}" if event.value else ""
        print(f"{event.bit:6}  {event.code:>10}  {'  ' * event.depth}{event.label}{value}")
    for deviation in explanation.decoded.deviations if explanation.decoded else ():
        print(f"! {deviation.kind}: {deviation}")
    if explanation.error:
        print(f"! error: {explanation.error}")
