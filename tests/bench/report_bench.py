"""What a report on a large campaign costs: 142 vehicles, 10 chargers, 60 cases, 85,200 attempts with evidence.

python tests/bench/report_bench.py [--cases 60] [--keep DIR] [--million]

A synthetic store is built (transcripts are links to a few templates), then a process of its own makes all four files of the
report; its time and its largest resident memory are printed. `--million` counts 1,000,000 results by the overview as well.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

import duckdb
import synthetic

from harness.campaign.evidence import describe, write_manifest
from harness.campaign.records import Campaign, CaseInfo, EvidenceFile, Pair, Planned, Step, Unit
from harness.campaign.store import Store
from harness.verdict import Finding, Kind, Limit, Measurement, Severity, Side, Source, Verdict

ROOT = Path(__file__).parents[2]
VEHICLES, CHARGERS, CASES = 142, 10, 60
TEMPLATES = 12
_PAUSES = (20.0, 300.0, 1200.0, 21600.0)


def build(run: Path, cases: int = CASES) -> Path:
    """The campaign's run folder; the same every time."""
    chance = random.Random(142)
    store = Store.create(run / "store.sqlite", _campaign())
    store._db.execute("PRAGMA synchronous = OFF")  # nothing is lost that cannot be built again
    units = [Unit(f"car-{n:03d}", "vehicle", True, {"vin": f"WVWZZZE1ZMP{n:06d}"}, _traits(n)) for n in range(VEHICLES)]
    stations = [Unit(f"cs-{n:02d}", "charger", True, {"serial": f"LK-0099-{n:04d}"}) for n in range(CHARGERS)]
    infos = [CaseInfo(f"AC-{n:02d}", f"Smart charging, case {n}", "vehicle", "IEC 61851-1") for n in range(cases)]
    store.describe(units=[*units, *stations], instruments=synthetic.INSTRUMENTS, cases=infos)
    pairs = [Pair(vehicle.key, station.key) for vehicle in units for station in stations]
    store.plan(Planned(case.id, pair) for case in infos for pair in pairs)
    templates = _templates(run, chance)
    at_utc_us = synthetic.START_UTC_US
    for number, case in enumerate(infos):
        for pair in pairs:
            at_utc_us += 41_500_000
            failed = hash_of(number, pair) % 23 == 0
            _attempt(store, run, case.id, number, pair, failed, at_utc_us, chance, templates[failed])
    store.seal()
    store.close()
    write_manifest(run)
    return run


def hash_of(case: int, pair: Pair) -> int:
    """A vehicle's fault shows with every charger, a few only in pairs."""
    vehicle, charger = int(pair.vehicle[-3:]), int(pair.charger[-2:])
    return case * 31 + vehicle * 17 + (charger if (case + vehicle) % 19 == 0 else 0)


def _campaign() -> Campaign:
    return Campaign(
        "2026-11-23T080000Z", "142 vehicles and 10 chargers", origin="bench", laboratory="Interoperability laboratory",
        protocol_version="synthetic", plan_hash="5b" * 32, software="plugfest", started_utc_us=synthetic.START_UTC_US,
    )  # fmt: skip


def _traits(number: int) -> dict[str, str]:
    return {"propulsion": "PHEV" if number % 5 == 0 else "BEV", "phases": str(1 + 2 * (number % 3 > 0))}


def _templates(run: Path, chance: random.Random) -> dict[bool, list[tuple[Path, EvidenceFile]]]:
    folder = run / "evidence" / "templates"
    folder.mkdir(parents=True)
    found: dict[bool, list[tuple[Path, EvidenceFile]]] = {True: [], False: []}
    for number in range(TEMPLATES):
        failed = number % 3 == 0
        path = folder / f"{number}.jsonl"
        verdict = Verdict.FAIL if failed else Verdict.PASS
        synthetic._transcript(path, Pair("car-000", "cs-00"), verdict, synthetic.START_UTC_US, chance, "")
        found[failed].append((path, describe(run, path)))
    return found


def _attempt(store, run, case, number, pair, failed, at_utc_us, chance, templates) -> None:
    attempt = store.begin(case, pair, {"pause_s": _PAUSES[number % 4]}, at_utc_us=at_utc_us, time_mode="virtual")
    template, told = templates[chance.randrange(len(templates))]
    folder = run / "evidence" / attempt
    folder.mkdir()
    os.link(template, folder / "transcript.jsonl")
    reason = f"current stays above the offer for more than 5 s in {case}"
    finding = Finding(f"rule/{case.lower()}", "our default", Severity.FAIL, Side.VEHICLE, reason, Kind.CONFORMANCE)
    wanted = (6.0, 10.0, 16.0)[number % 3]
    drawn = wanted + (1.4 if failed else chance.uniform(-0.4, 0.2))
    store.finish(
        attempt,
        Verdict.FAIL if failed else Verdict.PASS,
        at_utc_us=at_utc_us + 38_000_000,
        side=Side.VEHICLE if failed else None,
        kind=Kind.CONFORMANCE if failed else None,
        reason=reason if failed else "",
        findings=[finding] if failed else [],
        measurements=[
            Measurement("current", drawn, "A", Limit(wanted - 1, wanted + 0.5, Source.OURS), 0.05, Side.VEHICLE),
            Measurement(
                "reaction time", 9.0 if failed else chance.uniform(0.5, 4.5), "s", Limit(None, 5.0, Source.OURS)
            ),
        ],
        steps=[Step(1.0, "plug in"), Step(4.0, f"the station offers {wanted:g} A"), Step(9.0, "a pause")],
        evidence=[EvidenceFile(f"evidence/{attempt}/transcript.jsonl", told.sha256, told.media_type, told.bytes)],
    )


def measured(code: str) -> str:
    """Seconds, seconds of processor time and MiB of a Python process that runs `code`."""
    begun = time.monotonic()
    code += (
        "; import resource; u = resource.getrusage(resource.RUSAGE_SELF); print(u.ru_utime + u.ru_stime, u.ru_maxrss)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True).stdout
    cpu_s, kib = told.split()[-2:]
    return f"{time.monotonic() - begun:.1f} s, {float(cpu_s):.1f} s of processor time, {int(kib) / 1024:.0f} MiB"


def million(folder: Path) -> None:
    duckdb.sql(
        f"""COPY (SELECT 'big' AS campaign, 'AC-' || (i % 50) AS case_id, 'v' || (i // 50 % 1000) AS vehicle,
        's' || (i // 50000) AS charger, 'b-' || i AS attempt, 1 AS number,
        CASE WHEN i % 17 = 0 THEN 'fail' ELSE 'pass' END AS verdict,
        CASE WHEN i % 17 = 0 THEN 'vehicle' ELSE '' END AS side, CASE WHEN i % 17 = 0 THEN 'late' ELSE '' END AS reason,
        '' AS exit_reason
        FROM range(1000000) t(i)) TO '{folder}/results.parquet' (FORMAT parquet)"""
    )
    told = measured(
        f"from pathlib import Path; from reports.overview import make_overview; "
        f"make_overview(['{folder}/results.parquet'], Path('{folder}/out'), title='A million')"
    )
    print(f"overview of 1,000,000 results: {told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--keep", type=Path, help="build the run folder here and leave it")
    parser.add_argument("--million", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if chosen.million:
            million(Path(temporary))
        run = (chosen.keep or Path(temporary)) / "run"
        if not run.is_dir():
            begun = time.monotonic()
            build(run, chosen.cases)
            print(f"built in {time.monotonic() - begun:.0f} s")
        out = run.parent / "report"
        told = measured(
            f"from pathlib import Path; from reports import make_report; make_report([Path('{run}')], Path('{out}'))"
        )
        results = VEHICLES * CHARGERS * chosen.cases
        sizes = ", ".join(f"{path.name} {path.stat().st_size / 2**20:.1f} MiB" for path in sorted(out.iterdir()))
        print(f"report on {results} results: {told}; {sizes}")


if __name__ == "__main__":
    main()
