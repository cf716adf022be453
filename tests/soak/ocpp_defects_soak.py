"""Every OCPP defect that a test case has to find, against its case and against unrelated ones: one line each."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ocpp")]

from suite import NAMING_A_CASE, Suite, asked, surprises  # noqa: E402
from twins import TWINS  # noqa: E402


def main() -> int:
    suite, wrong = Suite(), 0
    for defect in NAMING_A_CASE:
        with tempfile.TemporaryDirectory() as folder:
            problem = surprises(defect, suite.findings(Path(folder) / "run", (defect.id,), asked(defect)))
        wrong += bool(problem)
        print(f"{'WRONG' if problem else 'found'} {defect.id} {problem or f'by {defect.found_by}'}", flush=True)
    for case, defect in TWINS.items():
        with tempfile.TemporaryDirectory() as folder:
            missed = case not in suite.findings(Path(folder) / "run", (defect,), [case])[case]
        wrong += missed
        print(f"{'WRONG' if missed else 'found'} {defect} {'not ' if missed else ''}by {case}", flush=True)
    print(f"{len(NAMING_A_CASE)} defects and {len(TWINS)} twins, {wrong} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
