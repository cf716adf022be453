"""Every OCPP defect that a test case has to find, against its case and against unrelated ones: one line each."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ocpp")]

from suite import NAMING_A_CASE, Suite, expected  # noqa: E402


def main() -> int:
    suite, wrong = Suite(), 0
    for defect in NAMING_A_CASE:
        wanted = expected(defect)
        with tempfile.TemporaryDirectory() as folder:
            found = suite.findings(Path(folder) / "run", (defect.id,), list(wanted))
        if found != wanted:
            wrong += 1
            print(f"WRONG {defect.id}: {found}, expected {wanted}", flush=True)
        else:
            print(f"found {defect.id} by {defect.found_by}", flush=True)
    print(f"{len(NAMING_A_CASE)} defects, {wrong} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
