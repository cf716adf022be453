"""Every OCPP defect that a test case has to find, in a campaign of its own: `make soak` prints one line each."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from drivers.emulators import csms, station_defects  # noqa: E402


def main() -> int:
    missed = 0
    for defect in (*station_defects.DEFECTS, *csms.DEFECTS):
        if not defect.found_by.startswith("PF_"):
            continue
        side = "csms" if defect.role == "csms" else "station"
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pytest", "--lab", "lab-configs/emulated-ocpp21.yaml", "--pf-time",
                       "virtual", "--pf-out", folder, "-q", "-p", "no:cacheprovider", "testcases/ocpp21",
                       "--pf-case", defect.found_by, "--pf-defect", defect.id]  # fmt: skip
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        found = done.returncode == 1 and re.search(rf"(fail|inconclusive) \({side}\)", done.stdout)
        missed += not found
        print(f"{'found ' if found else 'MISSED'} {defect.id} by {defect.found_by}", flush=True)
    print(f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
