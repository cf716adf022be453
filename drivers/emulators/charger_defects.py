"""Seeded defects of the emulated charger's V2G half: what each one is, and how it is done.

`seen_in` is the number of the public field failure that it is made after, or `field` for one of our own programme.
`found_by` names the rule that trips, or the case that provokes it. The installer's docstring is the description.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.emulators import (  # noqa: F401 - they register theirs
    charger_grid_defects,
    charger_power_defects,
    charger_session_defects,
    service_defects,
    tls_defects,
)
from drivers.emulators.charger_misconduct import REGISTERED, install
from drivers.emulators.defects import Defect

__all__ = ["CHARGER_DEFECTS", "install"]

CHARGER_DEFECTS: Mapping[str, Defect] = REGISTERED
"""By id; `plugfest defects` prints them."""
