"""Everybody with everybody: clean units and one unit a trait through the whole smart-charging protocol, held against the truth.

    python tests/soak/fleet_soak.py [WORKERS]

About four minutes of one core. Prints what differs; exits 1 if anything does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from harness.campaign.evidence import STORE, verify  # noqa: E402
from harness.campaign.fleet import Fleet  # noqa: E402
from harness.campaign.store import Store  # noqa: E402
from harness.verdict import Verdict  # noqa: E402
from tests.smart_charging.rig import everybody, plan_of  # noqa: E402


def differences(run: Path, fleet: Fleet) -> tuple[int, list[str]]:
    """Number of cells, and each that is not as the truth has it: verdict, and side where there is one."""
    with Store.open(run / STORE, readonly=True) as store:
        results = store.results()
    wrong = []
    for result in results:
        right, counted = fleet.truth(*result.planned), result.counted("last")
        found = (result.verdict("last"), counted.side if counted else None)
        charged = found[0] in (Verdict.FAIL, Verdict.CONDITIONAL_PASS)
        if found[0] is not right.verdict or (charged and found[1] is not right.side):
            wrong.append(f"{result.planned}: {found}, right is {right}: {counted.reason if counted else ''}")
    return len(results), wrong


def main() -> int:
    fleet, workers = everybody(), sys.argv[1] if len(sys.argv) > 1 else "2"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "campaign.yaml"
        file.write_text(yaml.safe_dump(plan_of(fleet)))
        command = [sys.executable, "-m", "harness.cli", "run", "--campaign", str(file), "--time", "virtual"]
        subprocess.run([*command, "-n", workers, "--out", folder], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        (run,) = Path(folder).glob("2*")
        cells, wrong = differences(run, fleet)
        changed = verify(run)
    print(
        f"{len(fleet.pairs())} pairs, {cells} cells, {len(wrong)} not as the truth has it, {len(changed)} files changed"
    )
    print(*wrong, sep="\n")
    return 1 if wrong or changed or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
