"""SIGKILL at 200 random moments of a running campaign: the store stays intact, resuming completes it, and the final
report equals that of an undisturbed run apart from times.

    python tests/soak/killed_campaign_soak.py [KILLS]

The campaign is real: emulated vehicles and stations in virtual time, killed as a whole process group.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.campaign.killing import Disturbed  # noqa: E402


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        disturbed = Disturbed(Path(folder), seed=7)
        landed = disturbed.kill(kills)
        problems = disturbed.compare()
    print(
        f"{landed} of {kills} kills met a running campaign; {len(problems)} differences from an undisturbed run's report"
    )
    print(*problems, sep="\n")
    return 1 if problems or landed < kills else 0


if __name__ == "__main__":
    sys.exit(main())
